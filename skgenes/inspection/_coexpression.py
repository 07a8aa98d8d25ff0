"""Do two genes rise and fall together, and is that predicted?"""

import warnings

import numpy as np
import pandas as pd
from scipy.stats import rankdata
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.utils._param_validation import StrOptions, validate_params

from skgenes.utils import check_expression, is_anndata
from skgenes.utils._messages import listed

_MOST_GENES = 25_000  # the table of all pairs takes 5 GB then
_PAIRS_AT_ONCE = 2**14
_DECIMALS = 12  # of correlations that are ranked
_METHOD = {"method": [StrOptions({"pearson", "spearman"})]}


@validate_params(_METHOD, prefer_skip_nested_validation=True)
def coexpression(expression, pairs=None, *, method="pearson"):
    r"""Correlate genes over tissues, samples or other outputs.

    The same for measured expression and for what a model predicts: genes are rows, as in the y of
    models whose samples are genes.

    Parameters
    ----------
    expression : array-like or DataFrame of shape (n_genes, n_outputs)
        Expression of each gene (row) in each output (column), in any unit. A DataFrame names the
        genes in its index; those of anything else have numbers. At least 3 outputs.
    pairs : array-like or DataFrame of shape (n_pairs, 2) or None, default=None
        The two genes of each pair, as the index has them. None takes all pairs.
    method : {"pearson", "spearman"}, default="pearson"
        Which correlation; Spearman's is Pearson's of the ranks within a gene.

    Returns
    -------
    DataFrame of float64 of shape (n_genes, n_genes) or Series of float64 of shape (n_pairs,)
        The correlations in [-1, 1]; NaN with a gene which is constant. For all pairs a symmetric
        table with 1 on its diagonal; for given pairs a Series in their order, whose index has the
        levels gene_a and gene_b.

    Raises
    ------
    ValueError
        If a value is not finite, a gene has two rows, a pair has an unknown gene, there are fewer
        than 3 outputs, or more than 25,000 genes and no pairs are given.
    TypeError
        If an AnnData is passed, whose rows are no genes.

    Warns
    -----
    UndefinedMetricWarning
        Once, naming the constant genes, if there are any among those correlated.

    See Also
    --------
    coexpression_agreement : How well one table of correlations agrees with another.
    mediation_test : Whether regulators account for a correlation.

    Notes
    -----
    For genes a and b with values over outputs t,

    .. math::
        r_{ab} = \frac{\sum_t (y_{at} - \bar y_a)(y_{bt} - \bar y_b)}
                      {\|y_a - \bar y_a\| \, \|y_b - \bar y_b\|}

    A gene is constant if its least and largest value are equal, as in `skgenes.metrics`. All pairs
    of n genes take 8 n² bytes.

    References
    ----------
    Tasaki et al. (2020), Nature Machine Intelligence 2, doi:10.1038/s42256-020-0201-6, predicts
    expression over tissues and looks at co-expressed pairs of genes.

    Examples
    --------
    >>> import pandas as pd
    >>> from skgenes.inspection import coexpression
    >>> y = pd.DataFrame([[1, 2, 4], [2, 4, 8], [3, 1, 0]], index=["LAPTM5", "CD53", "ALB"])
    >>> coexpression(y).round(2).loc["CD53"].to_dict()
    {'LAPTM5': 1.0, 'CD53': 1.0, 'ALB': -0.93}
    >>> coexpression(y, [("LAPTM5", "ALB")], method="spearman").to_dict()
    {('LAPTM5', 'ALB'): -1.0}
    """
    values, genes = _table_of(expression, "expression")
    if pairs is None:
        unit = _unit_rows(values, genes, method)
        return pd.DataFrame(_correlate_all(unit), index=genes, columns=genes)
    rows = _rows_of(pairs, genes)
    index = pd.MultiIndex.from_arrays([genes[rows[0]], genes[rows[1]]], names=["gene_a", "gene_b"])
    used, positions = np.unique(rows, return_inverse=True)
    unit = _unit_rows(values[used], genes[used], method)
    correlations = _correlate(unit, positions.reshape(rows.shape))
    return pd.Series(correlations, index=index, name="correlation")


@validate_params(_METHOD, prefer_skip_nested_validation=True)
def coexpression_agreement(y_true, y_pred, pairs=None, *, method="pearson"):
    r"""Tell how well predicted co-expression agrees with measured co-expression.

    Parameters
    ----------
    y_true, y_pred : array-like or DataFrame of shape (n_genes, n_outputs)
        Measured and predicted expression of each gene (row), as for `coexpression`, with the same
        genes in the same order. Outputs may differ.
    pairs : array-like or DataFrame of shape (n_pairs, 2) or None, default=None
        The pairs to compare, at least 3. None takes every pair of two different genes, at most
        25,000 genes.
    method : {"pearson", "spearman"}, default="pearson"
        How genes are correlated.

    Returns
    -------
    float
        Spearman's rank correlation over pairs, in [-1, 1]; NaN if fewer than 3 pairs are defined or
        all of them have the same correlation in one of the tables.

    Raises
    ------
    ValueError
        As for `coexpression`, and if the genes differ or there are fewer than 3 pairs.
    TypeError
        If an AnnData is passed, whose rows are no genes.

    Warns
    -----
    UndefinedMetricWarning
        For each table once, naming the constant genes, if there are any; pairs with them are left
        out. Also if the result is NaN.

    See Also
    --------
    coexpression : The correlations themselves.
    skgenes.metrics.per_output_spearman : How well expression itself is predicted.

    Notes
    -----
    Pairs that share a gene are not independent, so that a p-value for this number would mean
    nothing; permute genes, or compare with another model.

    Examples
    --------
    >>> import numpy as np
    >>> from skgenes.inspection import coexpression_agreement
    >>> rng = np.random.default_rng(0)
    >>> y = rng.normal(size=(50, 2)) @ rng.normal(size=(2, 30))
    >>> noisy = y + rng.normal(size=y.shape)
    >>> print(round(coexpression_agreement(y, noisy), 2))
    0.89
    """
    (true, genes), (predicted, others) = _table_of(y_true, "y_true"), _table_of(y_pred, "y_pred")
    _check_same_genes(genes, others, isinstance(y_true, pd.DataFrame | pd.Series))
    if pairs is None:
        _check_number(genes)
        rows = np.array(np.triu_indices(len(genes), k=1))
    else:
        rows = _rows_of(pairs, genes)
    if rows.shape[1] < 3:
        raise ValueError(f"To rank pairs takes at least 3 of them, got {rows.shape[1]}.")
    measured = _correlate(_unit_rows(true, genes, method), rows)
    both = np.stack([measured, _correlate(_unit_rows(predicted, genes, method), rows)])
    return _rank_correlation(both[:, ~np.isnan(both).any(axis=0)])


def _table_of(expression, what):
    """Float64 values, genes x outputs, and the genes."""
    if is_anndata(expression):
        raise TypeError(
            f"{what} is an AnnData, whose rows are samples; genes are rows here. Pass "
            f"{what}.to_df().T."
        )
    named = isinstance(expression, pd.DataFrame)
    genes = expression.index if named else None
    # The other way round for the check, which takes columns for genes.
    turned = (expression.to_numpy() if named else np.asarray(expression)).T
    if turned.ndim != 2:
        raise ValueError(
            f"{what} must be of shape (n_genes, n_outputs), got the shape {turned.T.shape}."
        )
    labels = None if genes is None else np.asarray(genes, dtype=object)
    values = check_expression(turned, labels, what=what, ensure_min_samples=0).T
    if values.shape[1] < 3:
        raise ValueError(
            f"{what} has {values.shape[1]} outputs (columns), too few to correlate over: of 2 "
            "every correlation is -1 or 1. Pass at least 3; genes are rows here."
        )
    genes = pd.RangeIndex(len(values), name="gene") if genes is None else genes.rename("gene")
    if genes.has_duplicates:
        raise ValueError(
            f"{what} has several rows for the same gene: "
            f"{listed(genes[genes.duplicated()].unique())}. Keep one of each, or their mean."
        )
    return values.astype(np.float64, copy=False), genes


def _unit_rows(values, genes, method):
    """Centre rows and scale them to length 1; constant ones are NaN, with a warning."""
    values = rankdata(values, axis=1) if method == "spearman" else values
    centred = values - values.mean(axis=1, keepdims=True)
    # A second step: the rounding of the first mean is large beside a small spread.
    centred -= centred.mean(axis=1, keepdims=True)
    # Squares of tiny or huge numbers would be 0 or inf.
    largest = np.abs(centred).max(axis=1, keepdims=True)
    constant = (np.ptp(values, axis=1) == 0) | (largest[:, 0] == 0)
    if constant.any():
        warnings.warn(
            f"{constant.sum()} of {len(genes)} genes are constant ({listed(genes[constant])}): "
            "their correlations are undefined and set to NaN.",
            UndefinedMetricWarning,
            stacklevel=4,
        )
    largest[constant] = np.nan
    centred /= largest
    return centred / np.linalg.norm(centred, axis=1, keepdims=True)


def _correlate_all(unit):
    _check_number(unit)
    correlations = np.clip(unit @ unit.T, -1.0, 1.0)
    diagonal = np.diagonal(correlations)
    np.fill_diagonal(correlations, np.where(np.isnan(diagonal), np.nan, 1.0))
    return correlations


def _correlate(unit, rows):
    """Correlations of pairs of rows, a chunk at a time."""
    result = np.empty(rows.shape[1])
    for start in range(0, len(result), _PAIRS_AT_ONCE):
        chunk = slice(start, start + _PAIRS_AT_ONCE)
        a, b = rows[:, chunk]
        result[chunk] = np.einsum("ij,ij->i", unit[a], unit[b])
    return np.clip(result, -1.0, 1.0)


def _check_number(genes):
    if len(genes) > _MOST_GENES:
        raise ValueError(
            f"All pairs of {len(genes)} genes would take {8e-9 * len(genes) ** 2:.0f} GB. Give the "
            f"pairs that matter, or at most {_MOST_GENES} genes."
        )


def _rows_of(pairs, genes):
    """Rows of both genes of each pair, intp (2, n_pairs)."""
    given = pd.DataFrame(pairs).to_numpy(dtype=object)
    if given.ndim != 2 or given.shape[1] != 2 or len(given) == 0:
        raise ValueError(
            f"pairs must hold two genes each, (n_pairs, 2), got the shape {given.shape}."
        )
    rows = np.stack([genes.get_indexer(pd.Index(side)) for side in given.T])
    if (rows < 0).any():
        unknown = pd.unique(given.T[rows < 0])
        raise ValueError(
            f"pairs has {len(unknown)} gene(s) that are not among the {len(genes)} rows: "
            f"{listed(unknown)}. Check the spelling and the kind of identifier."
        )
    return rows


def _check_same_genes(genes, others, named):
    if len(genes) != len(others):
        raise ValueError(
            f"y_true has {len(genes)} genes (rows) and y_pred has {len(others)}; pass the same."
        )
    differ = np.flatnonzero(np.asarray(genes != others))
    if named and not isinstance(others, pd.RangeIndex) and differ.size:
        at = differ[0]
        raise ValueError(
            f"y_true and y_pred have different genes, or another order: row {at} is {genes[at]!r} "
            f"and {others[at]!r}. Pass y_pred.loc[y_true.index]."
        )


def _rank_correlation(both):
    # Equal correlations, of which Spearman's has many, differ by rounding.
    ranks = rankdata(np.round(both, _DECIMALS), axis=1)
    if ranks.shape[1] < 3 or (np.ptp(ranks, axis=1) == 0).any():
        warnings.warn(
            f"{ranks.shape[1]} pairs are defined and their correlations do not differ enough to be "
            "ranked: the agreement is undefined and set to NaN.",
            UndefinedMetricWarning,
            stacklevel=4,
        )
        return float("nan")
    ranks -= ranks.mean(axis=1, keepdims=True)
    return float(np.clip(ranks[0] @ ranks[1] / np.prod(np.linalg.norm(ranks, axis=1)), -1, 1))
