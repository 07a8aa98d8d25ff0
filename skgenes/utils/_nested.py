"""Estimators inside of estimators: what they are told, and what they are given."""

import numpy as np
import scipy.sparse as sp
from sklearn.base import clone

from skgenes.utils._validation import is_anndata, with_names


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


def check_inner_layer(estimator, X, layer):
    """Make sure that an inner estimator does not expect another layer than it will be given.

    Parameters
    ----------
    estimator : object
        The inner estimator.
    X : object
        What the outer one is given.
    layer : str or None
        Layer that the outer one reads.

    Raises
    ------
    ValueError
        If X is an AnnData and the estimator is set to read another layer of it.

    Examples
    --------
    >>> import anndata as ad
    >>> import numpy as np
    >>> from skgenes.feature_selection import GivenPanelSelector
    >>> from skgenes.utils import check_inner_layer
    >>> check_inner_layer(GivenPanelSelector([0], layer="counts"), ad.AnnData(np.eye(2)), "counts")
    """
    wanted = getattr(estimator, "layer", None)
    if is_anndata(X) and wanted is not None and wanted != layer:
        raise ValueError(
            f"{type(estimator).__name__} is set to read layer {wanted!r}, but here all parts read "
            f"one and the same, which layer={layer!r} names. Pass layer={wanted!r}."
        )


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


def targets_for(regressor, targets):
    """Targets in the form that an inner regressor takes.

    Parameters
    ----------
    regressor : estimator
        One whose ``accepts_sparse_targets`` is True takes them as they are.
    targets : ndarray or csr_array of shape (n_samples, n_targets)
        Expression to infer.

    Returns
    -------
    ndarray or csr_array of shape (n_samples, n_targets)
        Dense, unless the regressor makes parts of them dense by itself.

    Examples
    --------
    >>> import scipy.sparse as sp
    >>> from sklearn.linear_model import Ridge
    >>> from skgenes.utils import targets_for
    >>> targets_for(Ridge(), sp.csr_array([[1.0, 0.0]]))
    array([[1., 0.]])
    """
    sparse_is_fine = getattr(regressor, "accepts_sparse_targets", False)
    return targets.toarray() if sp.issparse(targets) and not sparse_is_fine else targets


def take_columns(X, mask):
    """Take some columns of a validated matrix.

    Parameters
    ----------
    X : ndarray or csr_array of shape (n_samples, n_columns)
        The numbers.
    mask : ndarray of bool of shape (n_columns,)
        Which columns.

    Returns
    -------
    ndarray or csr_array of shape (n_samples, n_taken)
        Row-major whatever the order of X, so that a frame and an array give the same bits.

    Examples
    --------
    >>> import numpy as np
    >>> from skgenes.utils import take_columns
    >>> take_columns(np.array([[1.0, 2.0, 3.0]]), np.array([True, False, True]))
    array([[1., 3.]])
    """
    columns = np.flatnonzero(mask)
    return X[:, columns] if sp.issparse(X) else X.take(columns, axis=1)


def _reads_anndata(estimator):
    """Whether it is one of skgenes, or a subclass of one."""
    ours = any(base.__module__.startswith("skgenes.") for base in type(estimator).__mro__)
    return ours and "layer" in estimator.get_params(deep=False)
