"""How well each output ranks the samples: Spearman's correlation, and AUROC of the top share."""

import warnings
from numbers import Real

import numpy as np
from scipy.stats import rankdata
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.utils import check_scalar

from skgenes.metrics._inputs import blocks, check_finite, check_pair, genes_at_once, take_genes
from skgenes.metrics._moments import correlation, moments_of
from skgenes.metrics._per_gene import warn_constant


def per_output_spearman(y_true, y_pred):
    r"""Spearman's rank correlation between true and predicted values of each output.

    Parameters
    ----------
    y_true, y_pred : array-like, DataFrame or sparse of shape (n_samples, n_outputs) or (n_samples,)
        True and predicted values, with rows and columns in the same order. Any real dtype; only
        the order within a column matters. Where genes are the samples, as in models that predict
        expression from sequence or binding, an output is a tissue. At least 2 samples.

    Returns
    -------
    ndarray of shape (n_outputs,), float64
        The correlation of each output, in [-1, 1]; NaN for an output which is constant in `y_true`
        or `y_pred`.

    Raises
    ------
    ValueError
        If shapes or column names differ, a value is not finite, or there are fewer than 2 samples.
    TypeError
        If values are not real numbers.

    Warns
    -----
    UndefinedMetricWarning
        Once, with the numbers of constant outputs, if there are any.

    See Also
    --------
    per_output_auroc : How well the largest values are told from the others.
    spearman_scorer : The mean over outputs, for ``scoring=``.

    Notes
    -----
    Pearson's correlation of the ranks; equal values share the mean of their ranks:

    .. math:: \rho_j = \mathrm{corr}(\mathrm{rank}(y_{\cdot j}), \mathrm{rank}(\hat y_{\cdot j}))

    References
    ----------
    Spearman (1904), The American Journal of Psychology 15, 72-101. Tasaki et al. (2020), Nature
    Machine Intelligence 2, doi:10.1038/s42256-020-0201-6, judges predictions over test genes by it.

    Examples
    --------
    >>> from skgenes.metrics import per_output_spearman
    >>> print(per_output_spearman([[1, 1], [2, 2], [9, 3]], [[1, 6], [3, 4], [4, 5]]))
    [ 1.  -0.5]
    """
    y_true, y_pred = check_pair(
        y_true, y_pred, min_samples=2, purpose="A rank correlation", column="output"
    )
    rho = np.empty(y_true.shape[1])
    constant = np.empty((2, rho.size), dtype=bool)
    for outputs, true, predicted in _ranked_blocks(y_true, y_pred):
        moments = moments_of(true, predicted)
        rho[outputs], constant[:, outputs] = correlation(moments), moments.constant
    warn_constant(constant, "output")
    return rho


def per_output_auroc(y_true, y_pred, *, top=0.1):
    r"""Area under the ROC curve with which each output finds the samples of largest true value.

    Parameters
    ----------
    y_true, y_pred : array-like, DataFrame or sparse of shape (n_samples, n_outputs) or (n_samples,)
        True and predicted values, with rows and columns in the same order. Any real dtype; only
        the order within a column matters. At least 2 samples.
    top : float in (0, 1), default=0.1
        Share of samples to be found: those of largest true value.

    Returns
    -------
    ndarray of shape (n_outputs,), float64
        The area of each output: the probability that a sample of the top share is predicted higher
        than another one. 1 for a perfect order, 0.5 for predictions which tell nothing. NaN for an
        output which is constant in `y_true`.

    Raises
    ------
    ValueError
        If shapes or column names differ, a value is not finite, there are fewer than 2 samples, or
        `top` is not between 0 and 1.
    TypeError
        If values are not real numbers.

    Warns
    -----
    UndefinedMetricWarning
        Once, with the number of outputs which are constant in `y_true`, if there are any.

    See Also
    --------
    per_output_spearman : The correlation over all samples.

    Notes
    -----
    Of n samples :math:`k = \lfloor n \cdot top + 1/2 \rfloor` are the top, but at least one and not
    all. With the ranks r of the predictions, where equal ones share the mean of their ranks,

    .. math:: \mathrm{AUROC} = \frac{\sum_{i \in top} r_i - k (k + 1) / 2}{k (n - k)}

    so that a pair with equal predictions counts one half. Where more samples are tied at the k-th
    largest true value than fit in, each of them belongs to the top with equal weight; this is the
    mean over all ways to choose among them, and does not depend on the order of samples. Otherwise
    it is `sklearn.metrics.roc_auc_score`.

    References
    ----------
    Hanley and McNeil (1982), Radiology 143, 29-36, doi:10.1148/radiology.143.1.7063747. Tasaki et
    al. (2020), Nature Machine Intelligence 2, doi:10.1038/s42256-020-0201-6, for the top decile.

    Examples
    --------
    >>> from skgenes.metrics import per_output_auroc
    >>> print(per_output_auroc([1, 2, 3, 4], [0.1, 0.7, 0.5, 0.9], top=0.5))
    [0.75]
    """
    check_scalar(top, "top", Real, min_val=0, max_val=1, include_boundaries="neither")
    y_true, y_pred = check_pair(y_true, y_pred, min_samples=2, purpose="AUROC", column="output")
    n_samples, n_outputs = y_true.shape
    n_top = min(max(int(np.floor(n_samples * top + 0.5)), 1), n_samples - 1)
    auroc = np.empty(n_outputs)
    for outputs, true, predicted in _ranked_blocks(y_true, y_pred):
        auroc[outputs] = rank_sum_auroc(true, predicted, n_top)
    _warn_without_top(int(np.isnan(auroc).sum()), n_outputs)
    return auroc


def rank_sum_auroc(true, predicted, n_top):
    """AUROC of each column for its `n_top` largest true values.

    Parameters
    ----------
    true, predicted : ndarray of float64 of shape (n_samples, n_outputs)
        Ranks from 1, the mean of them for equal values.
    n_top : int
        From 1 to n_samples - 1.

    Returns
    -------
    ndarray of float64 of shape (n_outputs,)
        The areas; NaN where true values are all the same.
    """
    n_samples = len(true)
    cut = np.partition(true, n_samples - n_top, axis=0)[n_samples - n_top]
    above, tied = true > cut, true == cut
    n_above, n_tied = above.sum(axis=0), tied.sum(axis=0)
    rank_sum = np.einsum("ij,ij->j", above, predicted)
    rank_sum += (n_top - n_above) / n_tied * np.einsum("ij,ij->j", tied, predicted)
    area = (rank_sum - n_top * (n_top + 1) / 2) / (n_top * (n_samples - n_top))
    # Shares of tied samples may round to a hair beyond the ends.
    return np.where(n_tied == n_samples, np.nan, np.clip(area, 0.0, 1.0))


def _ranked_blocks(y_true, y_pred):
    """Yield slices of outputs with the ranks of both tables, float64 (n_samples, n_block)."""
    n_samples, n_outputs = y_true.shape
    for outputs in blocks(0, n_outputs, genes_at_once(n_samples)):
        yield outputs, _ranks(y_true, outputs, "y_true"), _ranks(y_pred, outputs, "y_pred")


def _ranks(y, outputs, name):
    block = take_genes(y, outputs)
    check_finite(block.min(axis=0), block.max(axis=0), block, y, outputs, name, "output")
    # Sorting is several times faster along memory.
    return rankdata(np.ascontiguousarray(block.T), axis=1).T


def _warn_without_top(n_undefined, n_outputs):
    if n_undefined:
        warnings.warn(
            f"{n_undefined} of {n_outputs} outputs are constant in y_true: they have no top share, "
            "and their AUROC is undefined and set to NaN.",
            UndefinedMetricWarning,
            stacklevel=3,
        )
