"""Which genes differ between groups: linear models with moderated t-tests."""

import warnings

import numpy as np
import pandas as pd
from scipy.special import stdtr
from scipy.stats import false_discovery_control
from sklearn.utils._param_validation import validate_params

from skgenes.inspection._design_matrix import contrast_of, make_design
from skgenes.inspection._design_rows import samples_of
from skgenes.inspection._linear_models import ols
from skgenes.inspection._moderation import NO_PRIOR, fit_prior, squeeze_variances
from skgenes.utils import check_expression, gene_names, matrix_of


@validate_params(
    {"moderated": ["boolean"], "layer": [str, None]}, prefer_skip_nested_validation=True
)
def differential_expression(
    X, design, *, covariates=None, contrast=None, moderated=True, layer=None
):
    r"""Test every gene for a difference between groups, or another effect of a linear model.

    One linear model per gene, whose variance is drawn towards that of all genes: the moderated
    t-test of limma.

    Parameters
    ----------
    X : ndarray, DataFrame, sparse matrix or AnnData of shape (n_samples, n_genes)
        Expression, as logarithms to base 2.
    design : array-like of shape (n_samples,) or (n_samples, n_coefficients)
        One-dimensional: the group of each sample, labels of any type. Two-dimensional: the design
        matrix, numbers, with a column of ones where there is to be an intercept; so for a
        measurement such as age. A row for each row of X.
    covariates : array-like of shape (n_samples,) or (n_samples, n_covariates) or None, default=None
        What else to account for, such as batch, age or sex. Numbers enter as they are, labels with
        an indicator for each but the first.
    contrast : tuple, str, int, array-like of shape (n_coefficients,) or None, default=None
        What to test. For groups, (group, reference); None takes the second of two groups in sorted
        order (that of categories, if they are categorical) against the first. For a matrix, the
        name of a column, its position where columns have no names, or one weight for each column,
        where those left out at the end are 0.
    moderated : bool, default=True
        Whether to draw variances towards a common one. Without, these are Student's t-tests.
    layer : str or None, default=None
        Layer to read when X is an AnnData; None reads ``X.X``.

    Returns
    -------
    DataFrame
        A row for every gene, that with the least p-value first. Index: the genes, by their names or
        numbers. Columns, all float64:

        log_fold_change
            The effect, in the unit of X: the difference of groups, or the slope.
        average_expression
            Mean over all samples.
        t_statistic
            The effect over its standard error.
        p_value, q_value
            Two-sided, and adjusted for all genes by Benjamini and Hochberg.

        Its ``attrs`` hold residual_df, prior_df and prior_variance (NaN without a prior), for the
        record; pandas may drop them from what is made of the table.

    Raises
    ------
    ValueError
        If rows differ in number or order, values or labels are missing, the design cannot tell
        effects apart or leaves no degrees of freedom, the contrast does not fit, squares of X
        overflow, or more than half of the genes have no residual variance to learn the common one
        from.

    Warns
    -----
    UserWarning
        Once, with the number of genes without residual variance, if there are any: constant ones,
        such as genes never seen, or those which follow the design exactly.

    See Also
    --------
    over_representation : Which gene sets are frequent among the genes found.

    Notes
    -----
    With d residual degrees of freedom, variances :math:`s_g^2`, coefficients
    :math:`\hat\beta_g` and the contrast c,

    .. math::
        \tilde t_g = \frac{c^T \hat\beta_g}{\tilde s_g \sqrt{c^T (D^T D)^{-1} c}}, \qquad
        \tilde s_g^2 = \frac{d_0 s_0^2 + d s_g^2}{d_0 + d}

    has :math:`d_0 + d` degrees of freedom (but no more than the residual ones of all genes
    together) where the gene does not change. The prior, an inverse chi-square of :math:`d_0`
    degrees of freedom and scale :math:`s_0^2`, is estimated from the mean and variance of
    :math:`\log s_g^2` over genes. Where these vary no more than sampling makes them,
    :math:`d_0 = \infty` and all genes have the mean variance.

    Genes without residual variance enter the prior with 1e-5 of the median variance, as in limma;
    many of them widen it, so leave out genes that are never expressed. A constant gene has t 0 and
    p 1. Counts without a logarithm, and zeros of single cells, are not what the model is for.

    References
    ----------
    Smyth (2004), Statistical Applications in Genetics and Molecular Biology 3:3,
    doi:10.2202/1544-6115.1027, sections 3 and 6.2. Ritchie et al. (2015), Nucleic Acids Research
    43:e47, doi:10.1093/nar/gkv007. Benjamini and Hochberg (1995), Journal of the Royal Statistical
    Society B 57, 289-300.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from skgenes.inspection import differential_expression
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame(rng.normal(8, 1, (12, 50)), columns=[f"G{i}" for i in range(50)])
    >>> groups = np.repeat(["control", "case"], 6)
    >>> X.loc[groups == "case", "G7"] += 4
    >>> table = differential_expression(X, groups, contrast=("case", "control"))
    >>> table.index[0], table["log_fold_change"].iloc[0].round(1)
    ('G7', np.float64(3.9))
    >>> int((table["q_value"] < 0.05).sum())
    1

    The slope of age, with sex accounted for:

    >>> age = pd.DataFrame({"intercept": 1, "age": rng.uniform(20, 80, 12)})
    >>> sex = ["f", "m"] * 6
    >>> slopes = differential_expression(X, age, covariates=sex, contrast="age")
    >>> slopes.attrs["residual_df"]
    9
    """
    expression = check_expression(matrix_of(X, layer), gene_names(X), ensure_min_samples=2)
    table, levels = make_design(design, covariates, samples_of(X))
    names = gene_names(X)
    genes = pd.RangeIndex(expression.shape[1]) if names is None else pd.Index(names)
    return moderated_tests(
        expression,
        genes.rename("gene"),
        table.to_numpy(),
        contrast_of(contrast, table, levels),
        moderated=moderated,
        columns=("log_fold_change", "average_expression"),
    )


def moderated_tests(values, names, design, contrast, *, moderated, columns):
    """Test a contrast of linear models, one for each column of a table.

    Parameters
    ----------
    values : ndarray or csr_array of shape (n_samples, n_columns)
        What is tested.
    names : Index of shape (n_columns,)
        Its columns, as the result names them. The name of the index is what a column is.
    design : ndarray of float64 of shape (n_samples, n_coefficients)
        As `ols` takes it.
    contrast : ndarray of float64 of shape (n_coefficients,)
        Weights of the coefficients.
    moderated : bool
        Whether to draw variances towards a common one.
    columns : tuple of two str
        What effect and mean are called.

    Returns
    -------
    DataFrame
        As `differential_expression` returns it.
    """
    fit = ols(values, design, contrast)
    prior = _prior_of(fit, moderated, f"{names.name}s")
    t_statistic = _t_statistics(fit, prior)
    df = min(prior.df + fit.df, fit.df * fit.effect.size) if moderated else fit.df
    p_value = np.minimum(2 * stdtr(df, -np.abs(t_statistic)), 1.0)
    result = pd.DataFrame(
        {
            columns[0]: fit.effect,
            columns[1]: fit.mean,
            "t_statistic": t_statistic,
            "p_value": p_value,
            "q_value": false_discovery_control(p_value, method="bh"),
        },
        index=names,
    )
    # Tiny p-values are all 0; the statistics still tell them apart.
    result = result.iloc[np.lexsort((-np.abs(t_statistic), p_value))]
    result.attrs = {"residual_df": fit.df, "prior_df": prior.df, "prior_variance": prior.variance}
    return result


def _prior_of(fit, moderated, what):
    n_columns, n_zero = fit.variance.size, int((fit.variance == 0).sum())
    if moderated and 2 * n_zero > n_columns:
        raise ValueError(
            f"{n_zero} of {n_columns} {what} have no residual variance, so a common one cannot be "
            f"estimated. Leave out constant {what}, or pass moderated=False."
        )
    if n_zero:
        warnings.warn(
            f"{n_zero} of {n_columns} {what} have no residual variance: they are constant, or "
            "follow the design exactly. Leave them out where they are not expressed.",
            UserWarning,
            stacklevel=5,
        )
    return fit_prior(fit.variance, fit.df) if moderated else NO_PRIOR


def _t_statistics(fit, prior):
    errors = fit.unscaled * np.sqrt(squeeze_variances(fit.variance, fit.df, prior))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = fit.effect / errors
    # No effect over no error: without moderation, for constant genes.
    return np.where(fit.effect == 0, 0.0, ratio)
