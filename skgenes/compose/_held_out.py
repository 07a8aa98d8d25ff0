"""Which samples are held out, and what they tell of each gene."""

from numbers import Integral

import numpy as np
import pandas as pd
import scipy.sparse as sp

from skgenes.compose._rank_test import rank_test
from skgenes.metrics import PearsonAccumulator

_ELEMENTS_AT_ONCE = 2_000_000


def hold_out(n_samples, calibration, groups, rng):
    """Part samples into those to train on and those to calibrate with.

    Parameters
    ----------
    n_samples : int
        Number of samples.
    calibration : float or int
        Share or number of samples, or groups, to hold out.
    groups : ndarray of int of shape (n_samples,) or None
        Codes of groups that stay together.
    rng : numpy.random.Generator
        Draws them.

    Returns
    -------
    train, held_out : ndarray of int
        Rows in the order of the samples.

    Raises
    ------
    ValueError
        If fewer than two samples would be held out or left.
    """
    n_units = n_samples if groups is None else int(groups.max()) + 1
    number = calibration if isinstance(calibration, Integral) else round(calibration * n_units)
    drawn = np.zeros(n_units, dtype=bool)
    drawn[rng.permutation(n_units)[:number]] = True
    is_held_out = drawn if groups is None else drawn[groups]
    n_out = int(is_held_out.sum())
    if min(n_out, n_samples - n_out) < 2:
        units = "samples" if groups is None else f"groups ({n_samples} samples)"
        raise ValueError(
            f"calibration={calibration!r} holds {min(number, n_units)} of {n_units} {units} out; "
            "two samples or more must be held out, and two or more left to train on. Change "
            "calibration, or pass more samples."
        )
    return np.flatnonzero(~is_held_out), np.flatnonzero(is_held_out)


def group_codes(groups):
    """Turn the groups of samples into codes 0, 1, ...

    Parameters
    ----------
    groups : array-like of shape (n_samples,) or None
        Labels.

    Returns
    -------
    ndarray of int of shape (n_samples,) or None
        The codes, in order of appearance.

    Raises
    ------
    ValueError
        If `groups` has more than one dimension or a label is missing.
    """
    if groups is None:
        return None
    labels = np.asarray(groups)
    if labels.ndim != 1:
        raise ValueError(
            f"groups must have one label for each sample, got an array of shape {labels.shape}."
        )
    codes, _ = pd.factorize(labels)
    if (codes < 0).any():
        raise ValueError(
            f"groups has no label for {int((codes < 0).sum())} of {len(codes)} samples, the first "
            f"of them sample {int(np.argmax(codes < 0))}: label them, or leave them out."
        )
    return codes


def held_out_scores(observed, inferred, groups, rng):
    """What is kept of held-out samples.

    Parameters
    ----------
    observed : ndarray or csr_array of shape (n_samples, n_targets)
        Measured expression.
    inferred : ndarray of float64 of shape (n_samples, n_targets)
        Inferred expression.
    groups : ndarray of int of shape (n_samples,) or None
        Codes of groups.
    rng : numpy.random.Generator
        Breaks ties between equal inferred values.

    Returns
    -------
    dict
        "errors", absolute, float32 of shape (n_samples, n_targets); "groups"; "r2", "pcc", "std"
        and "p_value", float64 of shape (n_targets,).
    """
    n_samples, n_targets = inferred.shape
    tie_order, classes = rng.permutation(n_samples), groups_by_size(groups, n_samples)
    errors = np.empty(inferred.shape, dtype=np.float32)
    scores = {name: np.empty(n_targets) for name in ("r2", "pcc", "std", "p_value")}
    observed = observed.tocsc() if sp.issparse(observed) else observed
    step = max(1, _ELEMENTS_AT_ONCE // n_samples)
    for start in range(0, n_targets, step):
        genes = slice(start, start + step)
        measured = observed[:, genes]
        measured = measured.toarray() if sp.issparse(measured) else measured
        measured = measured.astype(np.float64)
        errors[:, genes] = _rounded_up(np.abs(measured - inferred[:, genes]))
        for name, values in _scores_of(measured, inferred[:, genes]).items():
            scores[name][genes] = values
        scores["p_value"][genes] = rank_test(measured, inferred[:, genes], tie_order, classes)
    return {"errors": errors, "groups": groups, **scores}


def groups_by_size(groups, n_samples):
    """Gather the samples of groups of the same size.

    Parameters
    ----------
    groups : ndarray of int of shape (n_samples,) or None
        Codes of groups; None if each sample is on its own.
    n_samples : int
        Number of samples.

    Returns
    -------
    list of ndarray of int of shape (n_groups, group_size)
        Samples of the groups of one size, for each size.
    """
    if groups is None:
        return [np.arange(n_samples)[:, None]]
    sizes = np.bincount(groups)
    rows = np.argsort(groups, kind="stable")
    return [
        rows[np.isin(groups[rows], np.flatnonzero(sizes == size))].reshape(-1, size)
        for size in np.unique(sizes)
    ]


def _scores_of(measured, inferred):
    pearson = PearsonAccumulator(measured.shape[1])
    pearson.update(measured, inferred)
    varies = np.ptp(measured, axis=0) > 0
    total = np.where(varies, ((measured - measured.mean(axis=0)) ** 2).sum(axis=0), np.nan)
    return {
        "r2": 1 - ((measured - inferred) ** 2).sum(axis=0) / total,
        "pcc": pearson.result(),
        "std": np.sqrt(np.where(varies, total, 0.0) / len(measured)),
    }


def _rounded_up(errors):
    """The next float32 above, so that rounding makes no interval miss what it should hold."""
    rounded = errors.astype(np.float32)
    return np.where(errors > 0, np.nextafter(rounded, np.float32(np.inf)), rounded)
