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
    if _reads_anndata(estimator):
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
    if sp.issparse(matrix) and not _reads_anndata(estimator):
        return matrix
    return with_names(matrix, names)


def _reads_anndata(estimator):
    """Whether it is one of skgenes, or a subclass of one."""
    ours = any(base.__module__.startswith("skgenes.") for base in type(estimator).__mro__)
    return ours and "layer" in estimator.get_params(deep=False)
