"""Draw removals at random, and see what they do to the predicted profiles of two genes."""

import numpy as np

from skgenes.inspection._knockout_regression import RemovalRegression

# Numbers in the widest array of a chunk of draws: 4 MiB of float32, which stays in the cache.
_CHUNK_VALUES = 2**20
# Of the spread without removals: what rounding in float32 leaves of a constant profile.
_NO_SPREAD = 1e-6


class LinearHidden:
    """Hidden values of both genes where every removal takes away a fixed part.

    Parameters
    ----------
    full : ndarray of float64 of shape (2, n_hidden)
        Hidden values without removals.
    parts : ndarray of float64 of shape (2, n_units, n_hidden)
        What each unit puts into them.
    """

    def __init__(self, full, parts):
        self._full = full.ravel().astype(np.float32)
        self._changes = -np.hstack(tuple(parts)).astype(np.float32)

    def __call__(self, removed):
        """Hidden values of the first and of the second gene in some draws.

        Parameters
        ----------
        removed : ndarray of float32 of shape (n_draws, n_units)
            1 where a unit is removed, else 0.

        Returns
        -------
        list of ndarray of float32 of shape (n_draws, n_hidden)
            Of the first and of the second gene.
        """
        both = removed @ self._changes
        both += self._full
        return np.split(both, 2, axis=1)


def run_draws(hidden, response, n_units, n_draws, probability, rng):
    """Correlate the two profiles in random draws, and collect the regression on removals.

    Parameters
    ----------
    hidden : callable
        Gives the hidden values of both genes, as `LinearHidden` does.
    response : Response
        From there to outputs centred about their mean, in float32.
    n_units : int
        Number of things that can be removed.
    n_draws : int
        Number of draws.
    probability : float
        Of each being removed.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    correlations : ndarray of float64 of shape (n_draws,)
        NaN where a profile is constant.
    regression : RemovalRegression
        With all draws.
    """
    spreads = _spreads(hidden, response, n_units)
    correlations, regression = np.empty(n_draws), RemovalRegression(n_units)
    widest = max(n_units, 2 * response.kernel.shape[1], response.n_outputs)
    step = max(1, _CHUNK_VALUES // widest)
    for start in range(0, n_draws, step):
        rows = slice(start, min(start + step, n_draws))
        drawn = rng.random((rows.stop - start, n_units), dtype=np.float32)
        removed = (drawn < probability).astype(np.float32)
        first, second = (response.outputs(values) for values in hidden(removed))
        correlations[rows] = centred_correlations(first, second, spreads)
        regression.add(removed, correlations[rows])
    return correlations, regression


def centred_correlations(first, second, spreads):
    """Pearson's correlation of each row with that of the other matrix.

    Parameters
    ----------
    first, second : ndarray of shape (n_rows, n_outputs)
        Rows of mean 0.
    spreads : sequence of float
        For both, the norm of a row that varies.

    Returns
    -------
    ndarray of float64 of shape (n_rows,)
        In [-1, 1]; NaN where a row is constant.
    """
    norms = [
        np.sqrt(np.einsum("ij,ij->i", rows, rows), dtype=np.float64) for rows in (first, second)
    ]
    products = np.einsum("ij,ij->i", first, second).astype(np.float64)
    constant = (norms[0] <= _NO_SPREAD * spreads[0]) | (norms[1] <= _NO_SPREAD * spreads[1])
    scale = np.where(constant, np.nan, norms[0] * norms[1])
    return np.clip(products / scale, -1, 1)


def _spreads(hidden, response, n_units):
    """Norms of both profiles where nothing is removed."""
    profiles = (response.outputs(values) for values in hidden(np.zeros((1, n_units), np.float32)))
    return [float(np.linalg.norm(profile)) for profile in profiles]
