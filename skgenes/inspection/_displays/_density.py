"""Smooth densities that respect where values can lie."""

import numpy as np

_N_POINTS = 400
_REACH = 3.0  # bandwidths beyond the last value


def bounded_density(values, lower=-np.inf, upper=np.inf):
    """Gaussian kernel density, reflected at the bounds so that nothing leaks out.

    Parameters
    ----------
    values : ndarray of shape (n_values,)
        At least one, all finite and between the bounds.
    lower, upper : float
        Where values can lie.

    Returns
    -------
    grid : ndarray of float64 of shape (400,)
        Points between the bounds.
    density : ndarray of float64 of shape (400,)
        Density there; integrates to 1.
    """
    width = _bandwidth(values)
    low, high = values.min() - _REACH * width, values.max() + _REACH * width
    grid = np.linspace(max(low, lower), min(high, upper), _N_POINTS)
    mirrors = [2 * bound - values for bound in (lower, upper) if np.isfinite(bound)]
    centres = np.concatenate([values, *mirrors])
    # Point by point: the memory of one kernel, not of all.
    sums = [np.exp(-0.5 * ((point - centres) / width) ** 2).sum() for point in grid]
    return grid, np.array(sums) / (values.size * width * np.sqrt(2 * np.pi))


def _bandwidth(values):
    """Silverman's rule, but no narrower than what the grid can show or rounding makes."""
    spread = values.std()
    quartiles = np.subtract(*np.percentile(values, [75, 25])) / 1.34
    if quartiles > 0:
        spread = min(spread, quartiles)
    least = max(np.ptp(values) / 100, 1e-3 * np.abs(values).max(), 1e-9)
    return max(0.9 * spread * values.size**-0.2, least)
