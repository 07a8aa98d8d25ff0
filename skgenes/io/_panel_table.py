"""A fitted panel as a table that says why every gene is in it."""

import numpy as np
import pandas as pd
import scipy.sparse as sp
from sklearn.utils.validation import check_is_fitted

from skgenes.io._errors import shown
from skgenes.utils import (
    check_expression,
    describe_difference,
    gene_names,
    is_anndata,
    matrix_of,
    resolve_genes,
)


def panel_table(selector, X=None, *, layer=None, var=()):
    """List the genes of a fitted panel, with ranks, scores and reasons.

    Parameters
    ----------
    selector : estimator
        A fitted selector: anything with ``get_support``; or a fitted
        `skgenes.compose.LandmarkReconstructor`, whose selector is taken.
    X : AnnData, ndarray, DataFrame, sparse matrix or None, default=None
        Samples with the genes seen during fit, shape (n_samples, n_genes), for their mean
        expression.
    layer : str or None, default=None
        Layer to read when X is an AnnData; None reads the one that the selector reads, or the
        LandmarkReconstructor around it, if it has a `layer`, else ``X.X``.
    var : str or sequence of str, default=()
        Columns of ``X.var`` to add, such as the symbols or Ensembl ids that an order needs.

    Returns
    -------
    DataFrame of shape (n_selected, n_columns)
        Genes from the best to the last, with the columns

        - ``rank``: 1 for the best; by the selector's ``ranking_``, else by its score, else in the
          order of the columns of X;
        - ``gene``: name of the gene, or its column where the selector knows no names;
        - ``gain``: the ``gains_`` of a selector that searches, such as
          `skgenes.feature_selection.GreedyPanelSelector`: what the gene added to those before it;
        - ``score``: of others the ``importances_`` or ``scores_``, if they have them;
        - ``stability``: its ``stability_``, if it has that;
        - ``mean_expression``: mean over the samples of X, if X is given;
        - those of `var`;
        - ``why``: in words, why the gene is in the panel.

    Raises
    ------
    TypeError
        If `selector` cannot select.
    ValueError
        If X has other genes than the selector saw, values that are not finite, or no such
        column.

    Notes
    -----
    A searched panel was not chosen by scores of single genes, whatever else its selector knows of
    them. So ``why`` says which share of all gains a gene has, and how much of them is reached with
    it: where that grows by little, the list can end. Gains are in the order of ``rank``, and are
    those in that order: a gene of `must_include` comes first even if others would add more.

    Before probes are ordered, look at ``mean_expression``: what is hardly expressed in the samples
    to be measured cannot be told from background, however well it ranks.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from skgenes.feature_selection import GivenPanelSelector, GreedyPanelSelector
    >>> from skgenes.io import panel_table
    >>> X = pd.DataFrame([[1.0, 2.0, 3.0], [3.0, 4.0, 9.0]], columns=["TP53", "MYC", "CD4"])
    >>> panel_table(GivenPanelSelector(["CD4", "TP53"]).fit(X), X)
       rank  gene  mean_expression                             why
    0     1  TP53              2.0  selected by GivenPanelSelector
    1     2   CD4              6.0  selected by GivenPanelSelector

    A searched panel, of which two genes tell nearly all:

    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(100, 2)) @ np.repeat(np.eye(2), [5, 3], axis=1)
    >>> X += 0.2 * rng.normal(size=X.shape)
    >>> print(panel_table(GreedyPanelSelector(3).fit(X))[["gene", "why"]].to_string(index=False))
     gene                                                               why
        2                             adds 61.1% of what the panel explains
        5 adds 35.0% of what the panel explains, 96.1% with those before it
        3 adds 3.9% of what the panel explains, 100.0% with those before it
    """
    outer, selector = selector, getattr(selector, "selector_", selector)
    if not hasattr(selector, "get_support"):
        raise TypeError(
            f"selector must have get_support, or be a fitted LandmarkReconstructor; got "
            f"{type(selector).__name__}."
        )
    check_is_fitted(selector)
    support = np.asarray(selector.get_support(), dtype=bool)
    names = _names(outer, selector, X, len(support))
    score, ranking = _score(selector, len(support)), _per_gene(selector, "ranking_", len(support))
    columns = _ordered(np.flatnonzero(support), ranking, score)
    table = {"rank": np.arange(1, len(columns) + 1)}
    table["gene"] = columns if names is None else names[columns]
    gains = _gains(selector, len(columns))
    if gains is not None:
        table["gain"] = gains
    elif score is not None:
        table["score"] = score[columns]
    stability = _per_gene(selector, "stability_", len(support))
    if stability is not None:
        table["stability"] = stability[columns]
    if X is not None:
        layer = getattr(outer, "layer", None) if layer is None else layer
        table["mean_expression"] = _means(X, layer, names, len(support))[columns]
    table.update(_var_columns(X, var, columns, reserved={*table, "why"}))
    table["why"] = _reasons(selector, columns, _places(selector, columns, ranking, score), names)
    return pd.DataFrame(table)


def _names(outer, selector, X, n_genes):
    for estimator in (selector, outer):
        names = getattr(estimator, "feature_names_in_", None)
        if names is not None:
            return np.asarray(names, dtype=object)
    names = None if X is None else gene_names(X)
    return names if names is not None and len(names) == n_genes else None


def _per_gene(selector, attribute, n_genes):
    """Values of an attribute, if it has one for every gene."""
    values = getattr(selector, attribute, None)
    return None if values is None or np.shape(values) != (n_genes,) else np.asarray(values)


def _score(selector, n_genes):
    importances = _per_gene(selector, "importances_", n_genes)
    return _per_gene(selector, "scores_", n_genes) if importances is None else importances


def _gains(selector, n_selected):
    """What the genes of a searched panel added, in the order of ranks."""
    gains = getattr(selector, "gains_", None)
    return None if np.shape(gains) != (n_selected,) else np.asarray(gains)


def _ordered(columns, ranking, score):
    """Selected columns from the best to the last; ties stay in the order of columns."""
    keys = [columns]
    if score is not None:
        keys.append(-score[columns])
    if ranking is not None:
        keys.append(ranking[columns])
    return columns[np.lexsort(keys)]


def _means(X, layer, names, n_genes):
    found = gene_names(X)
    if names is not None and found is not None and list(found) != list(names):
        raise ValueError(
            f"X has other genes than the selector saw. {describe_difference(names, found)}"
        )
    matrix = check_expression(matrix_of(X, layer), names)
    if matrix.shape[1] != n_genes:
        raise ValueError(f"X has {matrix.shape[1]} genes; the selector saw {n_genes}.")
    if sp.issparse(matrix):  # whose mean adds up in float32
        return np.ones(matrix.shape[0]) @ matrix / matrix.shape[0]
    return matrix.mean(axis=0, dtype=np.float64)


def _var_columns(X, var, columns, reserved):
    wanted = [var] if isinstance(var, str) else list(var)
    if wanted and not is_anndata(X):
        raise ValueError(f"var={wanted} asks for columns of X.var, but X is no AnnData.")
    for name in wanted:
        if name not in X.var or name in reserved:
            known = shown(", ".join(map(str, X.var.columns)))
            raise ValueError(
                f"var has {name!r}, which is no column of X.var or a name of the table's own "
                f"columns. X.var has {known}."
            )
    return {name: X.var[name].to_numpy()[columns] for name in wanted}


def _reasons(selector, columns, places, names):
    """Say in words, gene by gene, why it is in the panel."""
    wanted = getattr(selector, "must_include", None)
    n_genes = len(selector.get_support())
    included = set(resolve_genes(wanted, names, n_genes, what="must_include").tolist())
    reasons = []
    for column, place in zip(columns.tolist(), places, strict=True):
        reason = ["must_include"] if column in included else []
        reason += [place] if place else []
        reasons.append(", ".join(reason) or f"selected by {type(selector).__name__}")
    return reasons


def _places(selector, columns, ranking, score):
    """Where each gene stands, in words; empty where the selector does not say."""
    gains, n_genes = _gains(selector, len(columns)), len(selector.get_support())
    if gains is not None:
        return _shares(gains)
    if score is not None:
        what = "importance" if hasattr(selector, "importances_") else "score"
        ranks = _ranks(score)
    elif ranking is not None:
        what, ranks = "selector's", ranking
    else:
        return [""] * len(columns)
    return [f"{what} rank {ranks[column]} of {n_genes}" for column in columns]


def _shares(gains):
    shares = gains / gains.sum()
    texts = [f"adds {share:.1%} of what the panel explains" for share in shares]
    so_far = [f", {share:.1%} with those before it" for share in np.cumsum(shares)[1:]]
    return [text + more for text, more in zip(texts, ["", *so_far], strict=True)]


def _ranks(score):
    ranks = np.empty(len(score), dtype=int)
    ranks[np.argsort(-score, kind="stable")] = np.arange(1, len(score) + 1)
    return ranks
