"""The permutation test of Kong et al.: is a gene predicted better than the other genes?"""

from numbers import Integral, Real

import numpy as np
from scipy.stats import beta
from sklearn.utils import Bunch, check_scalar

from skgenes.metrics._inputs import check_pair
from skgenes.metrics._moments import correlation, moments_of
from skgenes.metrics._null_counts import UnitColumns, count_above
from skgenes.metrics._per_gene import warn_constant
from skgenes.utils import seed_sequence


def gene_permutation_test(
    y_true,
    y_pred,
    alpha=0.01,
    *,
    method="exact",
    n_null=1000,
    confidence_level=0.999,
    random_state=None,
):
    r"""Test of each gene's correlation against its prediction's correlations with other genes.

    Parameters
    ----------
    y_true, y_pred : array-like, DataFrame or sparse of shape (n_samples, n_genes)
        Measured and predicted expression, with rows and columns in the same order. Any real dtype;
        the test is made as if in float64. At least 3 samples and 2 genes.
    alpha : float in (0, 1], default=0.01
        A gene is significant when less than this fraction of its null lies above its correlation.
    method : {"exact", "sampled"}, default="exact"
        "exact" takes all other genes as the null. "sampled" takes `n_null` random ones, and all
        where these do not settle it.
    n_null : int, default=1000
        For "sampled": the size of the sample, at least 2, drawn without replacement and the same
        for all genes; a gene in it is left out of its own null. As many as there are, or more, is
        the exact test.
    confidence_level : float in (0, 1), default=0.999
        For "sampled": coverage of each gene's interval.
    random_state : int, RandomState instance or None, default=None
        For "sampled": draws the sample. An int gives the same result on every call.

    Returns
    -------
    Bunch
        With the fields

        pcc : ndarray of shape (n_genes,), float64
            The correlation of each gene; NaN where constant.
        null_fraction : ndarray of shape (n_genes,), float64
            The fraction of the gene's null strictly above `pcc`; over the sample for a gene which
            the sample settled. NaN where undefined.
        null_fraction_low, null_fraction_high : ndarray of shape (n_genes,), float64
            Bounds of the exact fraction; both are `null_fraction` where that is exact.
        significant : ndarray of shape (n_genes,), bool
            Whether the fraction is below `alpha`; False where undefined.
        n_significant : int
            The number of significant genes.
        fraction_significant : float
            `n_significant` over the genes whose fraction is defined; NaN if there are none.
        n_undefined : int
            Genes without a fraction: constant in `y_true` or `y_pred`, or with an empty null.
        n_constant_true, n_constant_pred : int
            Genes constant in each table. Those constant in `y_true` are in no null.
        n_exact : int
            Genes decided by all other genes.
        alpha, method
            As given.

    Raises
    ------
    ValueError
        If shapes or gene names differ, a value is not finite, there are fewer than 3 samples or 2
        genes, or a parameter is out of its range.
    TypeError
        If values are not real numbers, or a parameter is of another type.

    Warns
    -----
    UndefinedMetricWarning
        Once, with the numbers of constant genes, if there are any.

    See Also
    --------
    per_gene_pearson : The correlations alone.

    Notes
    -----
    With :math:`r_j = \mathrm{corr}(g_j, \hat g_j)` the fraction of gene j is

    .. math:: f_j = \frac{\#\{k \ne j : \mathrm{corr}(\hat g_j, g_k) > r_j\}}{\#\{k \ne j\}}

    and the gene is significant when :math:`f_j < \alpha` (Kong et al., *BMC Bioinformatics* 22
    (2021), Methods, doi 10.1186/s12859-021-03972-5). Correlations within 1e-12 are equal, so not
    above. No p-value is corrected for the number of genes: the paper does not.

    Exact: all genes x genes correlations by float32 GEMM in tiles, counted as they come; those
    which float32 rounding could put on either side are computed again in float64. Extra memory:
    a float32 copy of `y_true`, another of 2,040 genes of `y_pred`, and tens of MB; never genes x
    genes.

    Sampled: the Clopper-Pearson interval of f_j at `confidence_level`, which is wider than needed
    for draws without replacement. A gene whose interval lies on one side of `alpha` is settled;
    the others are tested exactly. So each gene is decided as the exact test would, but for a chance
    of at most ``1 - confidence_level``; as the sample is shared, mistakes may come together. Below
    ``log(2 / (1 - confidence_level)) / alpha`` null genes (760 at the defaults) no sample settles a
    significant gene, and "exact" is faster.

    Examples
    --------
    >>> import numpy as np
    >>> from skgenes.metrics import gene_permutation_test
    >>> rng = np.random.default_rng(0)
    >>> measured = rng.normal(size=(50, 200))
    >>> predicted = measured + rng.normal(size=(50, 200))
    >>> predicted[:, :20] = rng.normal(size=(50, 20))
    >>> test = gene_permutation_test(measured, predicted)
    >>> test.significant[:20].any(), test.significant[20:].all()
    (np.False_, np.True_)
    >>> test.fraction_significant
    0.9
    """
    _check_parameters(alpha, method, n_null, confidence_level)
    y_true, y_pred = check_pair(y_true, y_pred, min_samples=3, purpose="The gene permutation test")
    if y_true.shape[1] < 2:
        raise ValueError(
            "The gene permutation test compares a gene with the others, but there is 1 gene; "
            "pass at least 2."
        )
    moments = moments_of(y_true, y_pred)
    pcc, constant = correlation(moments), moments.constant
    warn_constant(constant)
    varying = np.flatnonzero(~constant[0])
    tested = np.flatnonzero(~np.isnan(pcc)) if varying.size > 1 else np.empty(0, dtype=int)

    fraction = np.full((3, pcc.size), np.nan)
    exact = tested
    if method == "sampled" and n_null < varying.size:
        rng = np.random.default_rng(seed_sequence(random_state))
        sample = rng.choice(varying, n_null, replace=False)
        count, size = _count_null(y_true, y_pred, moments, tested, np.sort(sample))
        fraction[:, tested] = _with_interval(count, size, confidence_level)
        low, high = fraction[1:, tested]
        exact = tested[(low <= alpha) & (alpha <= high)]
    count, size = _count_null(y_true, y_pred, moments, exact, varying)
    fraction[:, exact] = count / size
    return _as_bunch(pcc, fraction, constant, alpha, method, exact.size)


def _check_parameters(alpha, method, n_null, confidence_level):
    check_scalar(alpha, "alpha", Real, min_val=0, max_val=1, include_boundaries="right")
    check_scalar(n_null, "n_null", Integral, min_val=2)
    check_scalar(
        confidence_level,
        "confidence_level",
        Real,
        min_val=0,
        max_val=1,
        include_boundaries="neither",
    )
    if method not in ("exact", "sampled"):
        raise ValueError(f"method must be 'exact' or 'sampled', got {method!r}.")


def _count_null(y_true, y_pred, moments, genes, null_genes):
    """Return the numbers of null correlations above each of `genes`' own, and of all."""
    null = UnitColumns(y_true, *_statistics(moments, 0, null_genes))
    predicted = UnitColumns(y_pred, *_statistics(moments, 1, genes))
    own = _positions(null_genes, genes, y_true.shape[1])
    above = count_above(null, predicted, correlation(moments)[genes], own)
    return above, null_genes.size - (own >= 0)


def _statistics(moments, side, genes):
    return genes, moments.mean[side, genes], np.sqrt(moments.squares[side, genes])


def _positions(null_genes, genes, n_genes):
    """Return where each of `genes` is in `null_genes`, -1 for nowhere."""
    position = np.full(n_genes, -1)
    position[null_genes] = np.arange(null_genes.size)
    return position[genes]


def _with_interval(count, size, confidence_level):
    """Return fractions, lower and upper Clopper-Pearson bounds, float64 (3, n_genes)."""
    tail = (1 - confidence_level) / 2
    # The beta law is not defined at the ends, where the bound is 0 or 1.
    low = np.where(count > 0, beta.ppf(tail, np.maximum(count, 1), size - count + 1), 0.0)
    high = np.where(count < size, beta.ppf(1 - tail, count + 1, np.maximum(size - count, 1)), 1.0)
    return np.stack([count / size, low, high])


def _as_bunch(pcc, fraction, constant, alpha, method, n_exact):
    null_fraction, low, high = fraction
    significant = null_fraction < alpha
    n_defined = int(np.count_nonzero(~np.isnan(null_fraction)))
    n_significant = int(np.count_nonzero(significant))
    n_constant_true, n_constant_pred = (int(n) for n in constant.sum(axis=1))
    return Bunch(
        pcc=pcc,
        null_fraction=null_fraction,
        null_fraction_low=low,
        null_fraction_high=high,
        significant=significant,
        n_significant=n_significant,
        fraction_significant=n_significant / n_defined if n_defined else float("nan"),
        n_undefined=pcc.size - n_defined,
        n_constant_true=n_constant_true,
        n_constant_pred=n_constant_pred,
        n_exact=n_exact,
        alpha=alpha,
        method=method,
    )
