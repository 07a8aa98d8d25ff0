"""Folds in which everything is tested once, by a model that has not seen it."""

from numbers import Integral

import numpy as np
from sklearn.model_selection import GroupKFold, KFold, check_cv

from skgenes.utils._messages import listed


def folds_of(n_samples, cv, labels, random_state, *, what):
    """Pairs of training and test rows; every row is tested once.

    Parameters
    ----------
    n_samples : int
        Number of rows.
    cv : int, splitter or iterable
        Number of folds, drawn at random or whole groups, or what scikit-learn takes for folds.
    labels : ndarray of shape (n_samples,) or None
        Group of every row.
    random_state : int, RandomState instance or None
        Draws the folds.
    what : str
        What rows are, such as "cells", for messages.

    Returns
    -------
    list of tuple of ndarray of int
        Training and test rows of every fold.
    """
    splitter = cv
    if isinstance(cv, Integral):
        # Without a seed it would draw from NumPy's global state.
        drawn = np.random.RandomState() if random_state is None else random_state
        shuffled = KFold(cv, shuffle=True, random_state=drawn)
        splitter = shuffled if labels is None else GroupKFold(cv)
    folds = list(check_cv(splitter).split(np.empty((n_samples, 1)), groups=labels))
    tested = np.concatenate([np.empty(0, dtype=np.intp), *(test for _, test in folds)])
    times = np.bincount(tested, minlength=n_samples)
    if np.any(times != 1):
        raise ValueError(
            f"cv must test each {what.removesuffix('s')} once, but {shown_cv(cv)} leaves "
            f"{int(np.sum(times == 0))} of {n_samples} {what} out and tests "
            f"{int(np.sum(times > 1))} more than once. Use a splitter such as "
            "sklearn.model_selection.KFold."
        )
    shared = sum(len(np.intersect1d(train, test)) for train, test in folds)
    if shared:
        raise ValueError(
            f"cv must test {what} that were not trained on, but {shown_cv(cv)} does both with "
            f"{shared} of {n_samples} {what}. Use a splitter such as "
            "sklearn.model_selection.KFold."
        )
    return folds


def labels_of(adata, slot, groups, *, what, rows=None, name="adata"):
    """Read the groups of cells or genes, none of them missing.

    Parameters
    ----------
    adata : AnnData
        Where to look.
    slot : {"obs", "var"}
        In which table of it.
    groups : str or None
        Which column.
    what : str
        What rows are, such as "cells", for messages.
    rows : ndarray of bool or None, default=None
        The rows that need a group; None is all of them.
    name : str, default="adata"
        What the AnnData is called, for messages.

    Returns
    -------
    ndarray or None
        A group for each of the rows; None without groups.
    """
    if groups is None:
        return None
    table = getattr(adata, slot)
    if not isinstance(groups, str):
        raise TypeError(
            f"groups must be the name of a column of {name}.{slot}, got a {type(groups).__name__}. "
            f"Put the groups into {name}.{slot}."
        )
    if groups not in table:
        raise ValueError(
            f"groups={groups!r} is not a column of {name}.{slot}; its columns are: "
            f"{listed(table.columns) or 'none'}."
        )
    labels = table[groups] if rows is None else table.loc[rows, groups]
    if labels.isna().any():
        raise ValueError(
            f"{name}.{slot}[{groups!r}] is missing for {int(labels.isna().sum())} of "
            f"{len(labels)} {what}: leave them out first."
        )
    return labels.to_numpy()


def shown_cv(cv):
    """Keep a number or a splitter, but not the indices of a list of folds."""
    return cv if isinstance(cv, Integral) or hasattr(cv, "split") else type(cv).__name__
