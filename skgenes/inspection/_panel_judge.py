"""All measures of a panel over splits, and of random panels on the same questions."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from skgenes.inspection._panel_scores import (
    class_measures,
    clustering_agreement,
    confusion,
    null_fractions,
    redundancy,
    score_genes,
    scores_of_all,
    scores_of_unselected,
)

_TIE = 1e-12


class Tools(NamedTuple):
    """What panels are judged with.

    Attributes
    ----------
    regressors : dict of {str: callable}
        Given (split, support), infer all genes, float64 (n_test, n_genes).
    tested : tuple of ndarray of int
        Sets of genes; the permutation test is made within each.
    alpha : float
        Share of the null below which a gene passes.
    classifier : classifier or None
        For the classes.
    n_classes, n_groups : int
        0 for none.
    """

    regressors: dict
    tested: tuple
    alpha: float
    classifier: object
    n_classes: int
    n_groups: int


class Verdict(NamedTuple):
    """What one panel reaches on one split.

    Attributes
    ----------
    support : ndarray of bool of shape (n_genes,)
        The panel.
    scores : dict of {str: GeneScores}
        By regressor.
    fractions : dict of {str: list of ndarray}
        By regressor, for every set of genes tested.
    whole : dict of {(str, str): float}
        Measures of the panel as a whole.
    pair : tuple of int or None
        Its two genes with the largest correlation.
    counts : ndarray of int of shape (n_classes, n_classes) or None
        Confusion.
    """

    support: np.ndarray
    scores: dict
    fractions: dict
    whole: dict
    pair: tuple
    counts: object


def judge(split, support, tools):
    """Judge a panel on a split.

    Parameters
    ----------
    split : PanelSplit
        Samples.
    support : ndarray of bool of shape (n_genes,)
        The panel.
    tools : Tools
        What to judge with.

    Returns
    -------
    Verdict
        Scores and measures.
    """
    scores, fractions = {}, {}
    for name, infer in tools.regressors.items():
        inferred = infer(split, support)
        scores[name] = score_genes(split, inferred, support)
        fractions[name] = [
            null_fractions(split, inferred, scores[name], genes) for genes in tools.tested
        ]
    measures, pair = redundancy(split, support)
    whole = {("redundancy", measure): value for measure, value in measures.items()}
    counts = None
    if tools.classifier is not None:
        counts = confusion(split, support, tools.classifier, tools.n_classes)
        whole["classes", "clustering_ari"] = clustering_agreement(split, support)
    return Verdict(support, scores, fractions, whole, pair, counts)


def measures_of(split, verdict, alpha, *, genes=None, tested=0):
    """Measures of a panel on a split.

    Parameters
    ----------
    split : PanelSplit
        Samples.
    verdict : Verdict
        What the panel reaches on them.
    alpha : float
        Share of the null below which a gene passes.
    genes : ndarray of bool of shape (n_genes,) or None, default=None
        Genes to take means over, none of them in the panel; None takes all those.
    tested : int, default=0
        Which set of genes the permutation test is made within.

    Returns
    -------
    dict of {(str, str): float}
        By part (regressor, or "redundancy" or "classes") and measure.
    """
    genes = split.varying & ~verdict.support if genes is None else genes
    found = {}
    for name, scores in verdict.scores.items():
        fraction = verdict.fractions[name][tested][genes]
        defined = ~np.isnan(fraction)
        passing = int((fraction < alpha).sum())
        measures = scores_of_unselected(split, scores, genes)
        measures |= scores_of_all(split, scores, verdict.support)
        measures["significant"] = passing / defined.sum() if defined.any() else np.nan
        measures["n_significant"] = passing
        found |= {(name, measure): value for measure, value in measures.items()}
    return found | verdict.whole


def mean_measures(each):
    """Means over splits.

    Parameters
    ----------
    each : list of dict of {(str, str): float}
        Measures of every split.

    Returns
    -------
    Series of float64
        Means of those that are defined.
    """
    return pd.DataFrame(each).mean()


def pooled_measures(splits, verdicts, n_groups, regressor):
    """Measures of classes and groups, of the held-out samples of all splits together.

    Parameters
    ----------
    splits : list of PanelSplit
        Samples.
    verdicts : list of Verdict
        What the panel reaches on them.
    n_groups : int
        Number of groups.
    regressor : str
        Which one infers the groups; without its scores they have none.

    Returns
    -------
    measures : dict of {(str, str): float}
        By part, "classes" or "groups", and measure.
    groups : ndarray of float64 of shape (n_groups,)
        Variance explained in each group, over all genes; NaN without held-out samples.
    """
    measures, groups = {}, np.full(n_groups, np.nan)
    if verdicts[0].counts is not None:
        of_classes, _ = class_measures(sum(verdict.counts for verdict in verdicts))
        measures |= {("classes", measure): value for measure, value in of_classes.items()}
    if n_groups and regressor in verdicts[0].scores:
        errors = [verdict.scores[regressor].sample_errors for verdict in verdicts]
        groups = explained_in_groups(splits, errors, n_groups)
        measures["groups", "worst_r2_all"] = float(np.nanmin(groups))
    return measures, groups


def explained_in_groups(splits, errors, n_groups, targets=None):
    """Variance explained in each group of held-out samples.

    Parameters
    ----------
    splits : list of PanelSplit
        Samples.
    errors : list of ndarray of float64 of shape (n_test,)
        Squared errors of each sample, summed over genes.
    n_groups : int
        Number of groups.
    targets : list of ndarray of bool of shape (n_genes,) or None, default=None
        Genes whose squares errors are compared with; None for all.

    Returns
    -------
    ndarray of float64 of shape (n_groups,)
        1 - sum of squared errors / sum of squares about the training means.
    """
    missed, squares = np.zeros((2, n_groups))
    for i, split in enumerate(splits):
        test = split.test if targets is None else split.test[:, targets[i]]
        of_samples = np.einsum("ij,ij->i", test, test)
        missed += np.bincount(split.groups_test, errors[i], n_groups)
        squares += np.bincount(split.groups_test, of_samples, n_groups)
    return 1 - np.divide(missed, squares, where=squares > 0, out=np.full(n_groups, np.nan))


class Null(NamedTuple):
    """What random panels reach.

    Attributes
    ----------
    random : DataFrame of float64 of shape (n_random, n_measures)
        Measures of random panels.
    own : DataFrame of float64 of shape (n_random, n_measures)
        The panel's own on the genes that neither it nor the random panel has.
    groups : ndarray of float64 of shape (n_random, n_groups)
        Variance explained in each group by random panels.
    pcc : dict of {str: ndarray of float64 of shape (n_genes,)}
        Mean correlation of each gene from random panels that do not have it, by regressor.
    """

    random: pd.DataFrame
    own: pd.DataFrame
    groups: np.ndarray
    pcc: dict


def judge_random_panels(splits, verdicts, tools, regressor, n_random, rng):
    """Judge random panels of the same size on the same splits.

    Parameters
    ----------
    splits : list of PanelSplit
        Samples.
    verdicts : list of Verdict
        What the panel reaches on them.
    tools : Tools
        What to judge with; one set of genes tested.
    regressor : str
        Which one infers the groups.
    n_random : int
        Number of random panels.
    rng : numpy.random.Generator
        Draws them from the genes that vary in all training samples.

    Returns
    -------
    Null
        Their measures, and the panel's on the same genes.
    """
    sizes = [int(verdict.support.sum()) for verdict in verdicts]
    candidates = np.flatnonzero(np.logical_and.reduce([split.varying for split in splits]))
    mine = [_only(verdict, tools.regressors) for verdict in verdicts]
    pooled_own, _ = pooled_measures(splits, mine, tools.n_groups, regressor)
    random, own, groups = [], [], []
    total = {name: np.zeros((2, len(splits[0].varying))) for name in tools.regressors}
    for _ in range(n_random):
        drawn = rng.permutation(candidates)[: max(sizes)]
        theirs = [
            judge(split, _mask(drawn[:size], len(split.varying)), tools)
            for split, size in zip(splits, sizes, strict=True)
        ]
        pooled, of_groups = pooled_measures(splits, theirs, tools.n_groups, regressor)
        random.append({**_on_common_genes(splits, theirs, mine, tools.alpha, 0), **pooled})
        own.append({**_on_common_genes(splits, mine, theirs, tools.alpha, -1), **pooled_own})
        groups.append(of_groups)
        for name, sums in total.items():
            for verdict in theirs:
                pcc = verdict.scores[name].pcc
                sums[0] += np.nan_to_num(pcc)
                sums[1] += ~np.isnan(pcc)
    means = {
        name: np.divide(sums[0], sums[1], where=sums[1] > 0, out=np.full(sums.shape[1], np.nan))
        for name, sums in total.items()
    }
    return Null(pd.DataFrame(random), pd.DataFrame(own), np.array(groups), means)


def _mask(genes, n_genes):
    mask = np.zeros(n_genes, dtype=bool)
    mask[genes] = True
    return mask


def _only(verdict, regressors):
    return verdict._replace(scores={name: verdict.scores[name] for name in regressors})


def _on_common_genes(splits, verdicts, others, alpha, tested):
    each = [
        measures_of(
            split,
            verdict,
            alpha,
            genes=split.varying & ~verdict.support & ~other.support,
            tested=tested,
        )
        for split, verdict, other in zip(splits, verdicts, others, strict=True)
    ]
    return mean_measures(each)


def p_values(random, own, lower_is_better):
    """One-sided permutation p-values.

    Parameters
    ----------
    random, own : DataFrame or ndarray of float64 of shape (n_random, n_measures)
        Measures of random panels, and of the panel on the same genes.
    lower_is_better : ndarray of bool of shape (n_measures,)
        Which measures are the better the lower.

    Returns
    -------
    ndarray of float64 of shape (n_measures,)
        (1 + random panels at least as good) / (1 + random panels); NaN where undefined.
    """
    gain = np.where(lower_is_better, -1, 1) * (np.asarray(own) - np.asarray(random))
    at_least_as_good = (gain <= _TIE).sum(axis=0)
    undefined = np.isnan(own).any(axis=0)
    return np.where(undefined, np.nan, (1 + at_least_as_good) / (1 + len(gain)))
