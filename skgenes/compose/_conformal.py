"""Half widths of split-conformal intervals, of single samples and of samples in groups."""

from math import ceil

import numpy as np

_ELEMENTS_AT_ONCE = 8_000_000
_ROUNDING = 1e-9  # 0.55 * 20 is above 11


def conformal_half_widths(errors, coverage, groups=None):
    """Conformal quantile of the absolute errors of held-out samples, for each gene.

    Parameters
    ----------
    errors : ndarray of shape (n_samples, n_genes)
        Absolute errors.
    coverage : float in (0, 1)
        What share of new samples the intervals are to hold.
    groups : ndarray of int of shape (n_samples,) or None, default=None
        Codes 0, 1, ... of groups of samples; None if each sample is on its own.

    Returns
    -------
    ndarray of float64 of shape (n_genes,)
        Half widths of the intervals.

    Raises
    ------
    ValueError
        If there are too few samples or groups for this coverage.
    """
    sizes = None if groups is None else np.bincount(groups)
    n_units = len(errors) if groups is None else len(sizes)
    share = coverage * (n_units + 1) * (1 - _ROUNDING)
    if share > n_units:
        unit = "sample" if groups is None else "group"
        raise ValueError(
            f"coverage={coverage!r} needs at least {least_units(coverage)} {unit}s held out for "
            f"calibration, but there are {n_units}: hold more out, or ask for a coverage of at "
            f"most {n_units}/{n_units + 1}."
        )
    widths = np.empty(errors.shape[1])
    step = max(1, _ELEMENTS_AT_ONCE // len(errors))
    for start in range(0, errors.shape[1], step):
        block = np.ascontiguousarray(errors[:, start : start + step].T)
        if groups is None:
            rank = max(ceil(share), 1) - 1
            found = np.partition(block, rank, axis=1)[:, rank]
        else:
            found = _weighted(block, (1 / sizes)[groups], share)
        widths[start : start + step] = found
    return widths


def least_units(coverage):
    """Fewest samples, or groups, that can be calibrated to a coverage.

    Parameters
    ----------
    coverage : float in (0, 1)
        What share of new samples the intervals are to hold.

    Returns
    -------
    int
        The least n with ``coverage * (n + 1) <= n``.
    """
    return max(1, ceil(coverage / (1 - coverage) * (1 - _ROUNDING)))


def _weighted(errors, weights, share):
    """Smallest error at and below which there is this much weight; genes are rows."""
    order = np.argsort(errors, axis=1)
    below = np.cumsum(weights[order], axis=1) < share
    found = np.take_along_axis(order, below.sum(axis=1, keepdims=True), axis=1)
    return np.take_along_axis(errors, found, axis=1)[:, 0]
