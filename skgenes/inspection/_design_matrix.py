"""What differs between samples, as the matrix of a linear model, and what of it to test."""

import numpy as np
import pandas as pd
import scipy.linalg

from skgenes.utils._messages import listed


def make_design(design, covariates, rows):
    """Build the design matrix.

    Parameters
    ----------
    design : array-like of shape (n_samples,) or (n_samples, n_coefficients)
        Labels, or numbers.
    covariates : array-like of shape (n_samples,) or (n_samples, n_covariates) or None
        Further numbers or labels.
    rows : DesignRows
        What its rows stand for.

    Returns
    -------
    DataFrame of float64 of shape (n_samples, n_coefficients)
        A column for each group or column of `design`, then those of the covariates.
    levels : list or None
        The groups, if `design` has labels.

    Raises
    ------
    ValueError
        If lengths differ, labels or numbers are missing, columns are linear combinations of others,
        or no degrees of freedom are left.
    """
    table, levels = _of_design(design, rows)
    if covariates is not None:
        parts = [
            _numbers(column, f"covariates column {name!r}")
            if _is_numeric(column)
            else _indicators(column, f"covariates column {name!r}", prefix=name).iloc[:, 1:]
            for name, column in _named(rows.frame_of(covariates, "covariates")).items()
        ]
        table = pd.concat([table, *parts], axis=1)
    _check_rank(table)
    return table, levels


def contrast_of(contrast, design, levels):
    """Turn what a user calls a contrast into weights.

    Parameters
    ----------
    contrast : tuple of two groups, str, int, array-like of shape (n_coefficients,) or None
        What to test.
    design : DataFrame of shape (n_samples, n_coefficients)
        The design.
    levels : list or None
        The groups, if the design was made of labels.

    Returns
    -------
    ndarray of float64 of shape (n_coefficients,)
        The weights.

    Raises
    ------
    ValueError
        If it is not given where it is needed, or does not fit the design.
    """
    if levels is not None:
        return _between_groups(contrast, levels, design.shape[1])
    names = list(design.columns)
    if contrast is None:
        raise ValueError(
            f"design is a matrix of {len(names)} columns ({listed(names)}); say which to test: "
            "contrast=its name or position, or one weight for each column."
        )
    weights = np.zeros(len(names))
    if np.ndim(contrast) == 0:
        if contrast in names:
            weights[names.index(contrast)] = 1.0
            return weights
        raise ValueError(f"contrast {contrast!r} is no column of design: {listed(names)}.")
    given = np.asarray(contrast)
    fits = given.ndim == 1 and 0 < given.size <= len(names) and given.dtype.kind in "iuf"
    if not fits or not np.isfinite(given).all():
        raise ValueError(
            f"contrast must hold one finite number for each column of design ({listed(names)}), "
            f"got {contrast!r}."
        )
    weights[: given.size] = given
    if not weights.any():
        raise ValueError("contrast is 0 for all columns of design: there is nothing to test.")
    return weights


def _between_groups(contrast, levels, n_coefficients):
    if contrast is None:
        if len(levels) != 2:
            raise ValueError(
                f"There are {len(levels)} groups ({listed(levels)}); say which two to compare: "
                "contrast=(group, reference)."
            )
        contrast = levels[::-1]
    given = list(contrast) if np.ndim(contrast) == 1 else [contrast]
    missing = [group for group in given if group not in levels]
    if len(given) != 2 or missing or given[0] == given[1]:
        raise ValueError(
            f"contrast must be (group, reference), two of the groups {listed(levels)}, got "
            f"{contrast!r}."
        )
    weights = np.zeros(n_coefficients)
    weights[[levels.index(group) for group in given]] = 1.0, -1.0
    return weights


def _of_design(design, rows):
    if np.ndim(design) == 1:
        labels = rows.frame_of(design, "design").iloc[:, 0]
        table = _indicators(labels, "design")
        if table.shape[1] < 2:
            raise ValueError(
                f"There is one group only, {table.columns[0]!r}; pass samples of two or more."
            )
        return table, list(table.columns)
    frame = rows.frame_of(design, "design")
    return pd.concat(
        [_numbers(column, f"design column {name!r}") for name, column in frame.items()], axis=1
    ), None


def _named(frame):
    """Tell columns without names from those of a design without names."""
    return frame.rename(columns=lambda name: f"covariate {name}" if type(name) is int else name)


def _is_numeric(column):
    return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)


def _numbers(column, what):
    if not (_is_numeric(column) or pd.api.types.is_bool_dtype(column)):
        raise ValueError(
            f"{what} holds {column.dtype}, not numbers. Pass labels as a vector, or a matrix with "
            "one column of 0 and 1 for each group."
        )
    numbers = column.astype(np.float64)
    if not np.isfinite(numbers).all():
        bad = np.flatnonzero(~np.isfinite(numbers)).tolist()
        raise ValueError(
            f"{what} is missing or infinite in {len(bad)} row(s) ({listed(bad)}); leave these "
            "samples out."
        )
    return numbers


def _indicators(labels, what, prefix=None):
    """Make a column of 0 and 1 for every label that occurs, in their order."""
    codes, found = pd.factorize(labels, sort=True)
    if (codes < 0).any():
        bad = np.flatnonzero(codes < 0).tolist()
        raise ValueError(
            f"{what} has no label in {len(bad)} row(s) ({listed(bad)}); leave these samples out."
        )
    names = list(found) if prefix is None else [f"{prefix}={label}" for label in found]
    return pd.DataFrame(np.eye(len(found))[codes], columns=pd.Index(names, dtype=object))


def _check_rank(table):
    n_samples, n_coefficients = table.shape
    norms = np.linalg.norm(table, axis=0)
    scaled = table.to_numpy() / np.where(norms > 0, norms, 1.0)
    _, r, order = scipy.linalg.qr(scaled, mode="economic", pivoting=True)
    rank = int((np.abs(np.diag(r)) > 1e-10 * n_samples).sum())
    if rank < min(n_coefficients, n_samples):
        spare = [table.columns[at] for at in sorted(order[rank:])]
        raise ValueError(
            f"The design has {n_coefficients} columns but rank {rank}: {listed(spare)} can be "
            "computed from the others, so effects cannot be told apart. Leave out covariates that "
            "follow from the groups, such as a batch that is one of them."
        )
    if n_coefficients >= n_samples:
        raise ValueError(
            f"The design has {n_coefficients} coefficients ({listed(table.columns)}) for "
            f"{n_samples} samples, which leaves none to estimate variances from. Take fewer groups "
            "or covariates; a measurement such as age belongs into a matrix, not into labels."
        )
