"""The one door: every expression matrix enters an estimator here.

AnnData must be recognised before scikit-learn looks at it: ``check_array`` on an AnnData recurses
element by element, which takes minutes on a real data set and ends in an obscure error.
"""

import sys

import numpy as np
import pandas as pd
import scipy.sparse as sp
from sklearn.utils import check_array
from sklearn.utils.validation import validate_data

from skgenes.utils._messages import listed


def is_anndata(X):
    """Tell whether X is an AnnData, without importing anndata.

    Parameters
    ----------
    X : object
        Anything.

    Returns
    -------
    bool
        True for AnnData objects and views.

    Examples
    --------
    >>> from skgenes.utils import is_anndata
    >>> is_anndata([[1.0]])
    False
    """
    # An AnnData cannot exist before its package has been imported.
    module = sys.modules.get("anndata")
    return module is not None and isinstance(X, module.AnnData)


def gene_names(X):
    """Gene names carried by X.

    Parameters
    ----------
    X : AnnData, DataFrame or any
        An expression matrix of shape (n_samples, n_genes).

    Returns
    -------
    ndarray of object of shape (n_genes,) or None
        ``var_names`` or string column names; None if X carries no names.

    Examples
    --------
    >>> import pandas as pd
    >>> from skgenes.utils import gene_names
    >>> gene_names(pd.DataFrame([[1.0, 2.0]], columns=["TP53", "MYC"]))
    array(['TP53', 'MYC'], dtype=object)
    """
    names = X.var_names if is_anndata(X) else getattr(X, "columns", None)
    if names is None:
        return None
    names = np.asarray(names, dtype=object)
    return names if len(names) and all(isinstance(name, str) for name in names) else None


def matrix_of(X, layer=None):
    """Numbers of X, without its names.

    Parameters
    ----------
    X : AnnData or any
        An expression matrix of shape (n_samples, n_genes).
    layer : str or None, default=None
        Layer of an AnnData to read; None reads ``X.X``. Not used for anything else.

    Returns
    -------
    array-like or sparse matrix of shape (n_samples, n_genes)
        The layer of an AnnData, else X itself.

    Raises
    ------
    ValueError
        If the AnnData has no such layer, no ``X``, or lives on disk.

    Examples
    --------
    >>> from skgenes.utils import matrix_of
    >>> matrix_of([[1.0, 2.0]])
    [[1.0, 2.0]]
    """
    if not is_anndata(X):
        return X
    if X.isbacked:
        raise ValueError("X is an AnnData that is read from disk; load it first: X.to_memory().")
    if layer is not None and layer not in X.layers:
        # Since anndata 0.13, X itself is a layer, named None.
        known = listed(sorted(name for name in X.layers if name is not None)) or "none"
        raise ValueError(f"AnnData has no layer {layer!r}; its layers are: {known}.")
    matrix = X.X if layer is None else X.layers[layer]
    if matrix is None:
        raise ValueError("AnnData has no X; say which layer to read with layer=...")
    return matrix


def validate_expression(
    estimator, X, *, reset, layer=None, ensure_min_samples=1, ensure_min_features=1
):
    """Validate an expression matrix for an estimator.

    Sets (``reset=True``) or checks (``reset=False``) ``n_features_in_`` and ``feature_names_in_``.

    Parameters
    ----------
    estimator : estimator
        The estimator that X is for.
    X : ndarray, DataFrame, sparse matrix or AnnData of shape (n_samples, n_genes)
        Expression, in any unit.
    reset : bool
        Whether this is a fit.
    layer : str or None, default=None
        Layer of an AnnData to read.
    ensure_min_samples, ensure_min_features : int, default=1
        The least that will do.

    Returns
    -------
    ndarray or csr_array of shape (n_samples, n_genes), float64 or float32
        The numbers. A float matrix is not copied, unless it is sparse and its entries are out of
        order or several at one place.

    Raises
    ------
    ValueError
        If genes are duplicated, missing, renamed or reordered, values are NaN or infinite, or
        there are too few samples or genes. The message names them.
    TypeError
        If X holds something other than numbers.
    """
    names = gene_names(X)
    matrix = matrix_of(X, layer)
    _check_unique(names)
    header = _header(X, names)
    if header is not None:
        _check_names(estimator, header, names, reset)
    matrix = check_expression(
        matrix,
        names,
        estimator=estimator,
        ensure_min_samples=ensure_min_samples,
        ensure_min_features=ensure_min_features,
    )
    if header is None:
        validate_data(estimator, matrix, skip_check_array=True, reset=reset)
    return matrix


def check_expression(matrix, names=None, *, what="X", **requirements):
    """Validate numbers, whoever they are for.

    Parameters
    ----------
    matrix : array-like or sparse matrix of shape (n_samples, n_genes)
        Expression, in any unit.
    names : ndarray of str of shape (n_genes,) or None, default=None
        Gene names, for error messages.
    what : str, default="X"
        What the matrix is called, for error messages.
    **requirements : dict
        Further arguments of `sklearn.utils.check_array`.

    Returns
    -------
    ndarray or csr_array of shape (n_samples, n_genes), float64 or float32
        The numbers. A float matrix is not copied, unless it is sparse and its entries are out of
        order or several at one place.

    Raises
    ------
    ValueError
        If values are NaN or infinite; the message names genes and rows.

    Examples
    --------
    >>> from skgenes.utils import check_expression
    >>> check_expression([[1, 2]])
    array([[1., 2.]])
    """
    requirements = {"accept_sparse": "csr", "input_name": what, **requirements}
    dtype = [np.float64, np.float32]
    if isinstance(matrix, pd.DataFrame) and matrix.shape[1] == 0:
        matrix = matrix.to_numpy(dtype=np.float64)  # a frame without columns has no dtype
    matrix = check_array(matrix, dtype=dtype, ensure_all_finite=False, **requirements)
    if sp.issparse(matrix) and not matrix.has_canonical_format:
        matrix = matrix.copy()
        matrix.sum_duplicates()  # entries at the same place are one number
    _check_finite(matrix, names, what)
    return matrix


def with_names(matrix, names):
    """Put gene names back on a validated matrix, for an estimator inside another one.

    Parameters
    ----------
    matrix : ndarray or csr_array of shape (n_samples, n_genes)
        The numbers.
    names : ndarray of str of shape (n_genes,) or None
        Gene names.

    Returns
    -------
    ndarray, csr_array, DataFrame or AnnData
        A frame around a dense matrix, an AnnData around a sparse one, both without a copy; the
        matrix itself if there are no names.

    Examples
    --------
    >>> import numpy as np
    >>> from skgenes.utils import with_names
    >>> list(with_names(np.zeros((1, 2)), ["TP53", "MYC"]).columns)
    ['TP53', 'MYC']
    """
    if names is None:
        return matrix
    if not sp.issparse(matrix):
        return pd.DataFrame(matrix, columns=names, copy=False)
    from anndata import AnnData

    return AnnData(matrix, var=pd.DataFrame(index=pd.Index(names)))


def check_targets(y, n_samples, layer=None):
    """Validate the values to predict, one column per gene.

    Parameters
    ----------
    y : array-like, DataFrame, sparse matrix or AnnData of shape (n_samples[, n_targets])
        Expression of the target genes, in any unit.
    n_samples : int
        Number of rows of X.
    layer : str or None, default=None
        Layer of an AnnData to read.

    Returns
    -------
    ndarray or csr_array of shape (n_samples,) or (n_samples, n_targets), float64 or float32
        The targets.

    Raises
    ------
    ValueError
        If y is None or empty, has another length than X, or has values that are not finite.

    Examples
    --------
    >>> from skgenes.utils import check_targets
    >>> check_targets([1, 2], n_samples=2)
    array([1., 2.])
    """
    if y is None:
        raise ValueError(
            "This estimator requires y to be passed, but the target y is None. Pass the "
            "expression of the genes to infer."
        )
    y = check_expression(matrix_of(y, layer), gene_names(y), what="y", ensure_2d=False)
    if y.shape[0] != n_samples:
        raise ValueError(
            f"X has {n_samples} samples and y has {y.shape[0]}: Found input variables with "
            "inconsistent numbers of samples. Pass one row of y for each row of X."
        )
    return y


def _check_unique(names):
    if names is None:
        return
    repeated = pd.Index(names).duplicated()
    if repeated.any():
        twice = pd.unique(names[repeated])
        raise ValueError(
            f"{len(twice)} gene name(s) occur more than once in X: {listed(twice)}. Make them "
            "unique (AnnData.var_names_make_unique) or aggregate them first."
        )


def _header(X, names):
    """Give the column names of X as an empty frame: scikit-learn reads names from frames only."""
    if isinstance(X, pd.DataFrame):
        return X.iloc[:0]
    return None if names is None else pd.DataFrame(columns=names)


def _check_names(estimator, header, names, reset):
    """Let scikit-learn keep and compare the names; add how many genes differ."""
    try:
        validate_data(estimator, header, skip_check_array=True, reset=reset)
    except ValueError as error:
        seen = getattr(estimator, "feature_names_in_", None)
        if reset or seen is None or names is None or "feature names" not in str(error).lower():
            raise
        raise ValueError(f"{error}\n{describe_difference(seen, names)}") from None


def describe_difference(expected, names, attribute="feature_names_in_"):
    """Say in words how the genes of new data differ from those expected.

    Parameters
    ----------
    expected, names : ndarray of str
        Genes expected, and genes found; not the same.
    attribute : str, default="feature_names_in_"
        Attribute of the estimator that holds the genes expected.

    Returns
    -------
    str
        The first few of the genes that are new, missing or in another place.

    Examples
    --------
    >>> import numpy as np
    >>> from skgenes.utils import describe_difference
    >>> print(describe_difference(np.array(["MYC", "TP53"]), np.array(["MYC"]))[:53])
    0 gene(s) are new (none); 1 gene(s) missing ('TP53').
    """
    new = sorted(set(names) - set(expected))
    missing = sorted(set(expected) - set(names))
    if not new and not missing:
        first = int(np.argmax(np.asarray(expected) != names))
        return (
            f"All {len(expected)} genes are there in another order: column {first} is "
            f"{names[first]!r}, expected was {expected[first]!r}. Reorder them: "
            f"X[:, estimator.{attribute}] for an AnnData, X[estimator.{attribute}] for a DataFrame."
        )
    return (
        f"{len(new)} gene(s) are new ({listed(new) or 'none'}); {len(missing)} gene(s) missing "
        f"({listed(missing) or 'none'}). Pass the genes of estimator.{attribute}, in that order."
    )


def _check_finite(matrix, names, what):
    values = matrix.data if sp.issparse(matrix) else matrix
    # The sum of finite numbers overflows rarely; only then are the values looked at one by one.
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(values.sum(dtype=np.float64)) or np.isfinite(values).all():
            return
    rows, columns, bad = _first_bad(matrix)
    genes = columns if names is None else names[columns]
    kind = "NaN" if np.isnan(bad).any() else "inf"
    raise ValueError(
        f"{what} contains {kind}: {len(bad)} value(s) that are NaN or infinity (inf), in "
        f"{len(set(columns))} gene(s) ({listed(dict.fromkeys(genes))}) and {len(set(rows))} "
        f"row(s) ({listed(dict.fromkeys(rows.tolist()))}). Drop or impute them first, for example "
        "with sklearn.impute.SimpleImputer."
    )


def _first_bad(matrix):
    """Rows, columns and values of everything that is not finite."""
    if sp.issparse(matrix):
        entries = matrix.tocoo()
        bad = ~np.isfinite(entries.data)
        return entries.row[bad], entries.col[bad], entries.data[bad]
    rows, columns, *_ = np.nonzero(~np.isfinite(np.atleast_2d(matrix.T).T))
    return rows, columns, matrix[~np.isfinite(matrix)]
