"""Tables of a panel's evaluation."""

import numpy as np
import pandas as pd

from skgenes.inspection._panel_evaluation import PanelEvaluation
from skgenes.inspection._panel_judge import (
    explained_in_groups,
    mean_measures,
    measures_of,
    p_values,
    pooled_measures,
)
from skgenes.inspection._panel_regressors import infer_from_all_others
from skgenes.inspection._panel_scores import (
    class_measures,
    null_fractions,
    score_genes,
    scores_of_unselected,
)

LOWER_IS_BETTER = (
    "mae",
    "mae_standardised",
    "mae_all",
    "mean_abs_correlation",
    "max_abs_correlation",
)
_COMPARED_WITH_CEILING = ("pcc", "r2", "significant")


def evaluation_of(splits, verdicts, tools, null, ceiling, genes, classes, group_names):
    """Put all measures into tables.

    Parameters
    ----------
    splits : list of PanelSplit
        Samples.
    verdicts : list of Verdict
        What the panel reaches on them.
    tools : Tools
        What it was judged with.
    null : Null or None
        What random panels reach.
    ceiling : bool
        Whether to compute what all other genes reach.
    genes : ndarray of shape (n_genes,)
        Names or column indices.
    classes, group_names : ndarray
        Names of classes and groups, of length 0 without.

    Returns
    -------
    PanelEvaluation
        The tables.
    """
    first = next(iter(tools.regressors))
    pooled, of_groups = pooled_measures(splits, verdicts, tools.n_groups, first)
    each = [
        measures_of(split, verdict, tools.alpha)
        for split, verdict in zip(splits, verdicts, strict=True)
    ]
    best = (
        [_ceiling(*pair, tools) for pair in zip(splits, verdicts, strict=True)] if ceiling else []
    )
    summary, random = _summary(each, pooled, null, [found for found, _ in best], tools.regressors)
    best_scores = [scores for _, scores in best]
    table, counts = None, None
    if len(classes):
        counts = sum(verdict.counts for verdict in verdicts)
        table = _class_table(splits, counts, classes)
        counts = (
            pd.DataFrame(counts, classes, classes).rename_axis("class").rename_axis("found", axis=1)
        )
    pair = verdicts[0].pair
    return PanelEvaluation(
        summary=summary,
        genes=_gene_table(splits, verdicts, null, best_scores, genes),
        groups=_group_table(splits, verdicts, first, of_groups, null, best_scores, group_names)
        if len(group_names)
        else None,
        classes=table,
        confusion=counts,
        random=random,
        panel=[genes[verdict.support] for verdict in verdicts],
        redundant_pair=() if pair is None else tuple(genes[list(pair)]),
        alpha=tools.alpha,
        n_train=len(splits[0].train),
        n_test=len(splits[0].test),
    )


def _ceiling(split, verdict, tools):
    """Measures and scores of the ridge from all other genes, on the genes outside of the panel."""
    inferred = infer_from_all_others(split)
    scores = score_genes(split, inferred, verdict.support)
    targets = split.varying & ~verdict.support
    fraction = null_fractions(split, inferred, scores, tools.tested[0])[targets]
    measures = scores_of_unselected(split, scores, targets)
    defined = (~np.isnan(fraction)).sum()
    measures["significant"] = (fraction < tools.alpha).sum() / defined if defined else np.nan
    measures["n_significant"] = int((fraction < tools.alpha).sum())
    return measures, scores


def _summary(each, pooled, null, best, regressors):
    value = pd.concat([mean_measures(each), pd.Series(pooled, dtype=np.float64)])
    parts = [*regressors, "redundancy", "classes", "groups"]
    rows = sorted(value.index, key=lambda row: parts.index(row[0]))
    index = pd.MultiIndex.from_tuples(rows, names=["part", "measure"])
    table = pd.DataFrame({"value": value.to_numpy(dtype=np.float64)}, index=value.index)
    table = table.reindex(rows)
    table.index = index
    spread = pd.DataFrame(each).std(ddof=1)
    table["split_sd"] = [spread.get(row, np.nan) for row in rows]
    random = pd.DataFrame(columns=index, dtype=np.float64)
    own = random
    if null is not None:
        random, own = (frame.reindex(columns=rows) for frame in (null.random, null.own))
        # Numbers of genes that pass are on other genes than the panel's; their share is compared.
        uncounted = [row for row in rows if row[1] == "n_significant"]
        random[uncounted] = np.nan
        random.columns = own.columns = index
    lower = index.get_level_values("measure").isin(LOWER_IS_BETTER)
    undefined = random.isna().all().to_numpy()
    table["random_mean"], table["random_sd"] = random.mean(), random.std(ddof=1)
    p = p_values(random, own, lower) if len(random) else np.full(len(index), np.nan)
    table["p_value"] = np.where(undefined, np.nan, p)
    attainable = mean_measures(best) if best else {}
    table["ceiling"] = [
        attainable.get(measure, np.nan) if part in regressors else np.nan for part, measure in rows
    ]
    comparable = index.get_level_values("measure").isin(_COMPARED_WITH_CEILING)
    comparable &= (table[["value", "ceiling"]] > 0).all(axis=1).to_numpy()
    table["share_of_ceiling"] = (table["value"] / table["ceiling"]).where(comparable)
    return table, random


def _gene_table(splits, verdicts, null, best, genes):
    columns = {"selected": np.mean([verdict.support for verdict in verdicts], axis=0)}
    for name in verdicts[0].scores:
        scores = [verdict.scores[name] for verdict in verdicts]
        columns[f"{name}_pcc"] = _mean([score.pcc for score in scores])
        columns[f"{name}_mae"] = _mean(
            [score.mae * split.scaling.scale for split, score in zip(splits, scores, strict=True)]
        )
        columns[f"{name}_r2"] = _mean(_r2(splits, scores))
        columns[f"{name}_null_fraction"] = _mean(
            [verdict.fractions[name][0] for verdict in verdicts]
        )
        if null is not None and name in null.pcc:
            columns[f"{name}_random_pcc"] = null.pcc[name]
    if best:
        columns["ceiling_pcc"] = _mean([score.pcc for score in best])
        columns["ceiling_r2"] = _mean(_r2(splits, best))
    return pd.DataFrame(columns, index=pd.Index(genes, name="gene"))


def _r2(splits, scores):
    return [
        1
        - np.divide(
            score.errors,
            split.squares,
            where=split.squares > 0,
            out=np.full(len(split.squares), np.nan),
        )
        for split, score in zip(splits, scores, strict=True)
    ]


def _mean(each):
    values = np.array(each)
    defined = ~np.isnan(values)
    number = defined.sum(axis=0)
    total = np.where(defined, values, 0).sum(axis=0)
    return np.divide(total, number, where=number > 0, out=np.full(number.shape, np.nan))


def _group_table(splits, verdicts, first, of_groups, null, best, names):
    n_groups = len(names)
    targets = [
        split.varying & ~verdict.support for split, verdict in zip(splits, verdicts, strict=True)
    ]
    errors = [verdict.scores[first].sample_errors for verdict in verdicts]
    columns = {
        "n_train": sum(np.bincount(split.groups_train, minlength=n_groups) for split in splits),
        "n_test": sum(np.bincount(split.groups_test, minlength=n_groups) for split in splits),
        "r2": explained_in_groups(splits, errors, n_groups, targets),
        "r2_all": of_groups,
    }
    table = pd.DataFrame(columns, index=pd.Index(names, name="group"))
    random = np.full((0, n_groups), np.nan) if null is None else null.groups
    random = pd.DataFrame(random, columns=table.index)
    table["random_mean"], table["random_sd"] = random.mean(), random.std(ddof=1)
    p = p_values(random, np.tile(of_groups, (len(random), 1)), np.zeros(n_groups, dtype=bool))
    table["p_value"] = np.where(np.isnan(table["random_mean"]), np.nan, p)
    table["ceiling"] = np.nan
    if best:
        missed = [scores.sample_errors for scores in best]
        table["ceiling"] = explained_in_groups(splits, missed, n_groups, targets)
    return table


def _class_table(splits, counts, names):
    _, measures = class_measures(counts)
    n_classes = len(names)
    n_train = sum(np.bincount(split.labels_train, minlength=n_classes) for split in splits)
    missed = counts * (1 - np.eye(n_classes, dtype=counts.dtype))
    most = missed.argmax(axis=1)
    number = missed[np.arange(n_classes), most]
    n_test = counts.sum(axis=1)
    table = pd.DataFrame(
        {"n_train": n_train, "n_test": n_test, **measures}, index=pd.Index(names, name="class")
    )
    table["confused_with"] = pd.Series(np.asarray(names)[most], index=table.index).where(number > 0)
    table["confused_share"] = (number / np.maximum(n_test, 1)).astype(np.float64)
    return table
