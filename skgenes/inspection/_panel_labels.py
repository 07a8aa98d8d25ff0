"""Classes, groups and splits of the samples that a panel is judged on."""

import numpy as np
import pandas as pd
from sklearn.model_selection import (
    KFold,
    ShuffleSplit,
    StratifiedKFold,
    StratifiedShuffleSplit,
    check_cv,
)
from sklearn.utils.multiclass import type_of_target

from skgenes.utils import is_anndata
from skgenes.utils._messages import listed

# The permutation test needs three held-out samples.
_MIN_TRAIN, _MIN_TEST = 2, 3


def read_labels(labels, X, n_samples, what, of="X"):
    """One label per sample, from an array or from a column of an AnnData.

    Parameters
    ----------
    labels : array-like of shape (n_samples,), str or None
        The labels, or the name of a column of ``X.obs``.
    X : object
        What expression was read from.
    n_samples : int
        Number of its samples.
    what, of : str
        Names of the parameters, for messages.

    Returns
    -------
    ndarray of shape (n_samples,) or None
        The labels.
    """
    if labels is None:
        return None
    if isinstance(labels, str):
        if not is_anndata(X):
            raise ValueError(
                f"{what}={labels!r} names a column of an AnnData's obs, but {of} is a "
                f"{type(X).__name__}. Pass one label per sample."
            )
        if labels not in X.obs:
            raise ValueError(
                f"{of}.obs has no column {labels!r} for {what}; it has "
                f"{listed(map(str, X.obs.columns)) or 'none'}."
            )
        labels = X.obs[labels]
    _check_order(labels, X, what, of)
    objects = np.asarray(labels, dtype=object)  # text would make NaN a text too
    if objects.shape != (n_samples,):
        raise ValueError(
            f"{what} must have one label for each of the {n_samples} samples of {of}, got shape "
            f"{objects.shape}."
        )
    missing = np.flatnonzero(pd.isna(objects))
    if missing.size:
        raise ValueError(
            f"{what} has {missing.size} missing label(s), in row(s) {listed(missing.tolist())}. "
            "Label these samples or leave them out."
        )
    labels = np.asarray(labels)
    if type_of_target(labels.astype(str) if labels.dtype == object else labels) == "continuous":
        raise ValueError(
            f"{what} must hold labels, got numbers such as {labels[0]}. Bin them first."
        )
    return labels


def _check_order(labels, X, what, of):
    """Refuse labels whose index names the samples of X in another order: they would be mixed up."""
    samples = X.obs_names if is_anndata(X) else getattr(X, "index", None)
    if not isinstance(labels, pd.Series) or samples is None or len(labels) != len(samples):
        return
    if not labels.index.equals(samples) and labels.index.sort_values().equals(
        samples.sort_values()
    ):
        raise ValueError(
            f"The index of {what} has the samples of {of} in another order. Pass "
            f"{what}.loc[{of}.{'obs_names' if is_anndata(X) else 'index'}]."
        )


def encode(labels, test_labels):
    """Number the labels of training and held-out samples alike.

    Parameters
    ----------
    labels, test_labels : ndarray or None
        Labels; `test_labels` may be None where held-out samples are among the others.

    Returns
    -------
    names : ndarray of shape (n_labels,)
        Distinct labels, sorted; of length 0 without labels.
    codes, test_codes : ndarray of int or None
        Their places in `names`.
    """
    if labels is None:
        return np.empty(0), None, None
    together = labels if test_labels is None else np.concatenate([labels, test_labels])
    try:
        names, codes = np.unique(together, return_inverse=True)
    except TypeError:  # labels of several kinds have no order
        codes, names = pd.factorize(together)
    return names, codes[: len(labels)], None if test_labels is None else codes[len(labels) :]


def split_rows(n_samples, codes, names, groups, test_size, cv, random_state):
    """Rows of training and of held-out samples.

    Parameters
    ----------
    n_samples : int
        Number of samples.
    codes : ndarray of int of shape (n_samples,) or None
        Classes; each is to be in both parts.
    names : ndarray of shape (n_classes,)
        Their names.
    groups : ndarray of int of shape (n_samples,) or None
        For splitters that keep groups together.
    test_size : float or int
        Held-out samples of a single split.
    cv : int, splitter, iterable or None
        Splits; None for a single one.
    random_state : int or RandomState
        Draws them.

    Returns
    -------
    list of (ndarray of int, ndarray of int)
        Rows of each split.
    """
    if cv is None or isinstance(cv, int | np.integer):
        if codes is not None:
            _check_class_sizes(codes, names)
        if cv is None:
            kind = ShuffleSplit if codes is None else StratifiedShuffleSplit
            cv = kind(1, test_size=test_size, random_state=random_state)
        else:
            kind = KFold if codes is None else StratifiedKFold
            cv = kind(int(cv), shuffle=True, random_state=random_state)
        groups = None  # these would only warn of them
    rows = list(check_cv(cv).split(np.zeros((n_samples, 1)), codes, groups))
    rows = [(np.asarray(train), np.asarray(test)) for train, test in rows]
    if not rows:
        raise ValueError(f"cv={cv!r} gives no split; pass at least one.")
    return [
        tuple(np.flatnonzero(part) if part.dtype == bool else part for part in both)
        for both in rows
    ]


def check_split(train, test, labels_train, names, n):
    """Raise unless a split can be learned from and judged.

    Parameters
    ----------
    train, test : int
        Numbers of samples.
    labels_train : ndarray of int or None
        Classes of the training samples.
    names : ndarray
        Names of the classes.
    n : int
        Number of the split, for messages.
    """
    if train < _MIN_TRAIN or test < _MIN_TEST:
        raise ValueError(
            f"Split {n} has {train} training and {test} held-out samples, but {_MIN_TRAIN} and "
            f"{_MIN_TEST} are needed at least. Pass more, or change test_size or cv."
        )
    if labels_train is not None and len(np.unique(labels_train)) < 2:
        raise ValueError(
            f"All training samples of split {n} are of class {str(names[labels_train[0]])!r} of y, "
            "so that there is nothing to tell apart. Shuffle the samples, or change cv."
        )


def check_classes(names):
    """Raise unless there are classes to tell apart.

    Parameters
    ----------
    names : ndarray of shape (n_classes,)
        Names of the classes.
    """
    if len(names) < 2:
        raise ValueError(
            f"y has one class only, {str(names[0])!r}: there is nothing to tell apart. Leave out "
            "y, or pass it as groups."
        )


def _check_class_sizes(codes, names):
    sizes = np.bincount(codes, minlength=len(names))
    single = names[sizes < 2]
    if len(single):
        raise ValueError(
            f"{len(single)} class(es) of y have 1 sample: {listed(map(str, single))}. At least 2 "
            "are needed, to learn from one and to hold out another. Leave these samples out, or "
            "merge the classes."
        )
