"""Means over groups of columns, and the column of a group that varies most."""

import numpy as np
import scipy.sparse as sp
from sklearn.utils import gen_batches

BLOCK_BYTES = 2**24


def group_means(X, groups, n_groups):
    """Mean over the columns of each group.

    Parameters
    ----------
    X : ndarray or sparse matrix in CSR format of shape (n_samples, n_columns)
        The numbers.
    groups : ndarray of int of shape (n_columns,)
        Group of each column, -1 for columns that are left out. No group is empty.
    n_groups : int
        Number of groups.

    Returns
    -------
    ndarray or sparse matrix of shape (n_samples, n_groups), dtype and kind of X
        The means, summed in float64.
    """
    used = np.flatnonzero(groups >= 0)
    sizes = np.bincount(groups[used], minlength=n_groups)
    member = sp.csr_array((np.ones(len(used)), (used, groups[used])), shape=(X.shape[1], n_groups))
    if sp.issparse(X):
        means = type(X)(X @ member)
        means.data /= sizes[means.indices]
        means.sort_indices()
        return means.astype(X.dtype)
    means = np.empty((X.shape[0], n_groups), dtype=X.dtype)
    for rows in blocks(X):
        means[rows] = (X[rows].astype(np.float64) @ member) / sizes
    return means


def column_means(X):
    """Mean of each column, the same for every form of X.

    Parameters
    ----------
    X : ndarray or sparse matrix in CSR format of shape (n_samples, n_columns)
        The numbers.

    Returns
    -------
    ndarray of shape (n_columns,), float64
        The means, summed in float64; the method of a sparse matrix sums in its own type.
    """
    return sum(block.sum(axis=0) for block in _dense_blocks(X)) / X.shape[0]


def column_variances(X):
    """Population variance of each column, in two passes, the same for every form of X.

    Parameters
    ----------
    X : ndarray or sparse matrix in CSR format of shape (n_samples, n_columns)
        The numbers.

    Returns
    -------
    ndarray of shape (n_columns,), float64
        The variances.
    """
    mean = column_means(X)
    return sum(((block - mean) ** 2).sum(axis=0) for block in _dense_blocks(X)) / X.shape[0]


def _dense_blocks(X):
    for rows in blocks(X):
        block = X[rows].toarray() if sp.issparse(X) else X[rows]
        yield np.ascontiguousarray(block, dtype=np.float64)


def most_variable(variances, groups):
    """Column of the highest variance in each group; the first one of equals.

    Parameters
    ----------
    variances : ndarray of shape (n_columns,)
        Variance of each column.
    groups : ndarray of int of shape (n_columns,)
        Group of each column, -1 for columns that are left out. No group is empty.

    Returns
    -------
    ndarray of intp of shape (n_groups,)
        A column for each group.
    """
    used = np.flatnonzero(groups >= 0)
    order = used[np.lexsort((-variances[used], groups[used]))]
    return order[np.unique(groups[order], return_index=True)[1]]


def blocks(X):
    """Slices of rows of X that take little memory when made dense in float64.

    Parameters
    ----------
    X : ndarray or sparse matrix of shape (n_rows, n_columns)
        The numbers.

    Returns
    -------
    iterator of slice
        All rows, in order.
    """
    return gen_batches(X.shape[0], max(1, BLOCK_BYTES // (8 * X.shape[1])))
