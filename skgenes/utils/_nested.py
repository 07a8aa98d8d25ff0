"""Estimators inside of estimators: what they are told, and what they are given."""

import scipy.sparse as sp
from sklearn.base import clone

from skgenes.utils._validation import with_names


def clone_inner(estimator):
    """Clone an estimator that will be given a validated matrix.

    Parameters
    ----------
    estimator : estimator
        One of skgenes or of another library.

    Returns
    -------
    estimator
        The clone. One of skgenes reads the matrix that it is given, whatever layer of an AnnData
        that came from.

    Examples
    --------
    >>> from skgenes.feature_selection import GivenPanelSelector
    >>> from skgenes.utils import clone_inner
    >>> clone_inner(GivenPanelSelector([0], layer="counts")).layer is None
    True
    """
    estimator = clone(estimator)
    if _is_ours(estimator):
        estimator.set_params(layer=None)
    return estimator


def form_for(estimator, matrix, names):
    """Validated expression in the form that an inner estimator takes.

    Parameters
    ----------
    estimator : estimator
        One of skgenes or of another library.
    matrix : ndarray or csr_array of shape (n_samples, n_genes)
        The numbers.
    names : ndarray of str of shape (n_genes,) or None
        Gene names.

    Returns
    -------
    ndarray, csr_array, DataFrame or AnnData
        As `with_names` gives it; but the bare matrix if only an AnnData could hold the names and
        the estimator is not one of skgenes.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import Ridge
    >>> from skgenes.utils import form_for
    >>> list(form_for(Ridge(), np.zeros((1, 2)), ["TP53", "MYC"]).columns)
    ['TP53', 'MYC']
    """
    return with_names(matrix, names) if _is_ours(estimator) or not sp.issparse(matrix) else matrix


def _is_ours(estimator):
    return type(estimator).__module__.startswith("skgenes.")
