"""Errors and correlations of each gene."""

import warnings

import numpy as np
from sklearn.exceptions import UndefinedMetricWarning

from skgenes.metrics._inputs import blocks, check_finite, check_pair, genes_at_once, take_genes
from skgenes.metrics._moments import correlation, moments_of


def per_gene_mean_absolute_error(y_true, y_pred):
    r"""Mean absolute error of each gene.

    Parameters
    ----------
    y_true, y_pred : array-like, DataFrame or sparse of shape (n_samples, n_genes) or (n_samples,)
        Measured and predicted expression, in the same unit and with rows and columns in the same
        order. Any real dtype. Rows are matched by position.

    Returns
    -------
    ndarray of shape (n_genes,), float64
        The error of each gene, in the unit of `y_true`.

    Raises
    ------
    ValueError
        If shapes or gene names differ, a value is not finite, or there is no sample or gene.
    TypeError
        If values are not real numbers.

    Notes
    -----
    .. math:: \mathrm{MAE}_j = \frac{1}{n} \sum_i |y_{ij} - \hat y_{ij}|

    computed in float64, a block of genes at a time: the extra memory does not grow with the number
    of genes. The per-gene error of Chen et al., *Bioinformatics* 32 (2016), doi
    10.1093/bioinformatics/btw074, Methods.

    Examples
    --------
    >>> from skgenes.metrics import per_gene_mean_absolute_error
    >>> print(per_gene_mean_absolute_error([[1, 5], [3, 5]], [[2, 5], [3, 9]]))
    [0.5 2. ]
    """
    y_true, y_pred = check_pair(y_true, y_pred, min_samples=1, purpose="The mean absolute error")
    n_samples, n_genes = y_true.shape
    errors = np.empty(n_genes)
    for genes in blocks(0, n_genes, genes_at_once(n_samples)):
        observed = _finite_block(y_true, genes, "y_true")
        predicted = _finite_block(y_pred, genes, "y_pred")
        errors[genes] = np.abs(observed - predicted).mean(axis=0)
    return errors


def per_gene_pearson(y_true, y_pred):
    r"""Pearson correlation (PCC) between measured and predicted values of each gene.

    Parameters
    ----------
    y_true, y_pred : array-like, DataFrame or sparse of shape (n_samples, n_genes) or (n_samples,)
        Measured and predicted expression, with rows and columns in the same order. Any real dtype;
        each may have its own unit. Rows are matched by position. At least 2 samples.

    Returns
    -------
    ndarray of shape (n_genes,), float64
        The correlation of each gene, in [-1, 1]; NaN for a gene which is constant in `y_true` or
        `y_pred`.

    Raises
    ------
    ValueError
        If shapes or gene names differ, a value is not finite, or there are fewer than 2 samples.
    TypeError
        If values are not real numbers.

    Warns
    -----
    UndefinedMetricWarning
        Once, with the numbers of constant genes, if there are any.

    Notes
    -----
    .. math::
        r_j = \frac{\sum_i (y_{ij} - \bar y_j)(\hat y_{ij} - \bar{\hat y}_j)}
                   {\|y_j - \bar y_j\| \, \|\hat y_j - \bar{\hat y}_j\|}

    centred and summed in float64, a block of genes at a time. A gene is constant only when its
    smallest and largest value are equal. The PCC of Kong et al., *BMC Bioinformatics* 22 (2021),
    Methods, doi 10.1186/s12859-021-03972-5.

    Examples
    --------
    >>> from skgenes.metrics import per_gene_pearson
    >>> print(per_gene_pearson([[1, 0], [2, 1], [3, 0]], [[2, 1], [4, 0], [6, 1]]))
    [ 1. -1.]
    """
    moments = pair_moments(y_true, y_pred)
    warn_constant(moments.constant)
    return correlation(moments)


def mean_defined(values, what):
    """Mean of the values which are not NaN, saying once how many were.

    Parameters
    ----------
    values : array-like of shape (n_genes,)
        One value per gene, NaN where undefined.
    what : str
        What the values are, for the warning.

    Returns
    -------
    float
        The mean; NaN if every value is.

    Warns
    -----
    UndefinedMetricWarning
        Once, if a value is NaN.

    Examples
    --------
    >>> from skgenes.metrics import mean_defined
    >>> mean_defined([0.5, 1.0], "The correlation")
    0.75
    """
    values = np.asarray(values, dtype=np.float64)
    defined = values[~np.isnan(values)]
    n_undefined = values.size - defined.size
    if n_undefined:
        warnings.warn(
            f"{what} is undefined for {n_undefined} of {values.size} genes; "
            "they are left out of the mean.",
            UndefinedMetricWarning,
            stacklevel=2,
        )
    return float(defined.mean()) if defined.size else float("nan")


def pair_moments(y_true, y_pred):
    """Return the moments of two tables of at least 2 samples, checking them first."""
    return moments_of(*check_pair(y_true, y_pred, min_samples=2, purpose="A correlation"))


def warn_constant(constant, column="gene"):
    """Warn once of columns without a correlation, given bool (2, n_genes), y_true first."""
    in_true, in_pred = constant.sum(axis=1)
    if in_true or in_pred:
        warnings.warn(
            f"{in_true} of {constant.shape[1]} {column}s are constant in y_true, {in_pred} in "
            "y_pred: their correlation is undefined and set to NaN.",
            UndefinedMetricWarning,
            stacklevel=3,
        )


def _finite_block(y, genes, name):
    block = take_genes(y, genes)
    check_finite(block.min(axis=0), block.max(axis=0), block, y, genes, name)
    return block
