"""What a selector that is fitted again and again is given, and what it cannot choose."""

import numpy as np
from sklearn.utils.validation import _check_method_params

from skgenes.inspection._panel_labels import read_labels


def read_fit_params(fit_params, X, n_samples):
    """Further arguments of a selector's ``fit``, those of samples as arrays.

    Parameters
    ----------
    fit_params : dict or None
        As the user gave them.
    X : object
        What expression was read from.
    n_samples : int
        Number of its samples.

    Returns
    -------
    dict
        With "groups", if given, as ndarray of shape (n_samples,).
    """
    fit_params = dict(fit_params or {})
    if fit_params.get("groups") is not None:
        fit_params["groups"] = read_labels(fit_params["groups"], X, n_samples, "groups")
    return fit_params


def of_rows(fit_params, X, rows):
    """Take the arguments of some samples.

    Parameters
    ----------
    fit_params : dict
        From `read_fit_params`.
    X : ndarray or csr_array of shape (n_samples, n_genes)
        All samples.
    rows : ndarray of int
        Which of them.

    Returns
    -------
    dict
        Values with an entry for every sample hold those of the rows alone.
    """
    return _check_method_params(X, fit_params, rows)


def strata_of(labels, fit_params):
    """Labels that parts of the samples should have alike.

    Parameters
    ----------
    labels : ndarray of shape (n_samples,) or None
        Classes y.
    fit_params : dict
        From `read_fit_params`.

    Returns
    -------
    ndarray of shape (n_samples,) or None
        The classes, else the groups that a selector weighs, so that none is left with hardly a
        sample.
    """
    return fit_params.get("groups") if labels is None else labels


def panel_limits(selector, X, names):
    """Ask a selector what all its panels hold.

    Parameters
    ----------
    selector : object
        One with ``_panel_limits``, as those of `skgenes.feature_selection` that take wishes, or
        any other.
    X : ndarray or csr_array of shape (n_samples, n_genes)
        Samples to choose from.
    names : ndarray of str of shape (n_genes,) or None
        Gene names.

    Returns
    -------
    included : ndarray of int
        Genes that it does not choose: they are in every panel.
    most : int
        Size of the largest panel.
    """
    if hasattr(selector, "_panel_limits"):
        return selector._panel_limits(X, names)
    return np.empty(0, dtype=int), X.shape[1]
