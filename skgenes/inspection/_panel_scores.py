"""Measures of one panel on one split."""

from typing import NamedTuple

import numpy as np
from scipy.cluster.hierarchy import fcluster, ward
from sklearn.base import clone
from sklearn.metrics import adjusted_rand_score, confusion_matrix

from skgenes.metrics._null_counts import UnitColumns, count_above

_BLOCK = 2**17  # values: a block of genes stays in cache
_CONSTANT = 1e-12
_MOST_CLUSTERED = 2000  # samples


class GeneScores(NamedTuple):
    """How well each gene is inferred, in standard deviations; NaN for genes of the panel.

    Attributes
    ----------
    pcc : ndarray of float64 of shape (n_genes,)
        Correlations; NaN where measured or inferred values are constant.
    mae : ndarray of float64 of shape (n_genes,)
        Mean absolute errors.
    errors : ndarray of float64 of shape (n_genes,)
        Sums of squared errors.
    sample_errors : ndarray of float64 of shape (n_test,)
        Squared errors of each sample, summed over genes that are not in the panel.
    mean, norm : ndarray of float64 of shape (n_genes,)
        Means of the inferred values and norms of their deviations.
    """

    pcc: np.ndarray
    mae: np.ndarray
    errors: np.ndarray
    sample_errors: np.ndarray
    mean: np.ndarray
    norm: np.ndarray


def score_genes(split, inferred, support):
    """Score inferred genes.

    Parameters
    ----------
    split : PanelSplit
        Holds what was measured.
    inferred : ndarray of float64 of shape (n_test, n_genes)
        Standardised expression.
    support : ndarray of bool of shape (n_genes,)
        The panel, whose genes get no scores.

    Returns
    -------
    GeneScores
        The scores.
    """
    n_test, n_genes = inferred.shape
    pcc, mae, errors, mean, norm = np.full((5, n_genes), np.nan)
    sample_errors = np.zeros(n_test)
    targets = np.flatnonzero(split.varying & ~support)
    true_mean, true_norm = split.moments
    step = max(8, _BLOCK // n_test)
    for start in range(0, targets.size, step):
        genes = targets[start : start + step]
        measured, guessed = split.test[:, genes], inferred[:, genes]
        error = measured - guessed
        mae[genes] = np.abs(error).mean(axis=0)
        error *= error
        errors[genes] = error.sum(axis=0)
        sample_errors += error.sum(axis=1)
        mean[genes] = guessed.mean(axis=0)
        guessed -= mean[genes]
        norm[genes] = np.sqrt(np.einsum("ij,ij->j", guessed, guessed))
        measured -= true_mean[genes]
        pcc[genes] = np.einsum("ij,ij->j", measured, guessed)
    norm[norm <= _CONSTANT * np.sqrt(n_test * (1 + mean**2))] = 0
    scale = true_norm * norm
    defined = scale > 0
    pcc = np.clip(np.divide(pcc, scale, where=defined, out=np.full(n_genes, np.nan)), -1, 1)
    return GeneScores(pcc, mae, errors, sample_errors, mean, norm)


def null_fractions(split, inferred, scores, genes):
    """Share of other genes that correlate higher with what is inferred for a gene than itself.

    Parameters
    ----------
    split : PanelSplit
        Holds what was measured.
    inferred : ndarray of float64 of shape (n_test, n_genes)
        Standardised expression.
    scores : GeneScores
        Its scores.
    genes : ndarray of int of shape (n_tested,)
        Genes to test against each other; those of the panel, or constant in the held-out samples,
        are in no null.

    Returns
    -------
    ndarray of float64 of shape (n_genes,)
        The shares; NaN for other genes, and where `scores.pcc` is.
    """
    mean, norm = split.moments
    null = genes[(norm[genes] > 0) & ~np.isnan(scores.mae[genes])]
    tested = genes[~np.isnan(scores.pcc[genes])]
    position = np.full(len(norm), -1)
    position[null] = np.arange(null.size)
    own = position[tested]
    above = count_above(
        UnitColumns(split.test, null, mean[null], norm[null]),
        UnitColumns(inferred, tested, scores.mean[tested], scores.norm[tested]),
        scores.pcc[tested],
        own,
    )
    size = null.size - (own >= 0)
    fraction = np.full(len(norm), np.nan)
    fraction[tested] = np.divide(above, size, where=size > 0, out=np.full(len(own), np.nan))
    return fraction


def scores_of_unselected(split, scores, genes):
    """Means over genes that are inferred.

    Parameters
    ----------
    split : PanelSplit
        Holds what was measured.
    scores : GeneScores
        Scores of the genes.
    genes : ndarray of bool of shape (n_genes,)
        Which to take, none of them in the panel.

    Returns
    -------
    dict of {str: float}
        By measure.
    """
    mae = scores.mae[genes]
    return {
        "pcc": _mean(scores.pcc[genes]),
        "mae": float(np.mean(mae * split.scaling.scale[genes])),
        "mae_standardised": float(np.mean(mae)),
        "r2": _explained(scores.errors[genes].sum(), split.squares[genes].sum()),
    }


def scores_of_all(split, scores, support):
    """Means over all genes, those of the panel known without error.

    Parameters
    ----------
    split : PanelSplit
        Holds what was measured.
    scores : GeneScores
        Scores of the genes outside of the panel.
    support : ndarray of bool of shape (n_genes,)
        The panel.

    Returns
    -------
    dict of {str: float}
        By measure.
    """
    targets = split.varying & ~support
    known = support & (split.moments[1] > 0)
    return {
        "pcc_all": _mean(np.append(scores.pcc[targets], np.ones(known.sum()))),
        "mae_all": float(scores.mae[targets].sum() / split.varying.sum()),
        "r2_all": _explained(scores.errors[targets].sum(), split.squares.sum()),
    }


def _mean(values):
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if defined.size else np.nan


def _explained(errors, squares):
    return float(1 - errors / squares) if squares > 0 else np.nan


def redundancy(split, support):
    """How much the genes of a panel repeat each other in the training samples.

    Parameters
    ----------
    split : PanelSplit
        Holds the training samples.
    support : ndarray of bool of shape (n_genes,)
        The panel; genes of it that do not vary are left out.

    Returns
    -------
    measures : dict of {str: float}
        ``mean_abs_correlation`` and ``max_abs_correlation`` over pairs, NaN for a single gene;
        ``effective_genes`` is the squared sum of the eigenvalues of the correlation matrix over
        the sum of their squares.
    pair : tuple of int or None
        The two genes of the largest correlation.
    """
    genes = np.flatnonzero(support & split.varying)
    panel = split.train[:, genes]
    correlation = panel.T @ panel / len(panel)
    effective = genes.size**2 / np.sum(correlation**2)
    if genes.size < 2:
        one = {"mean_abs_correlation": np.nan, "max_abs_correlation": np.nan}
        return one | {"effective_genes": float(effective)}, None
    first, second = np.triu_indices(genes.size, 1)
    values = np.abs(correlation[first, second])
    largest = int(np.argmax(values))
    measures = {
        "mean_abs_correlation": float(values.mean()),
        "max_abs_correlation": float(min(values[largest], 1)),
        "effective_genes": float(effective),
    }
    return measures, (genes[first[largest]], genes[second[largest]])


def confusion(split, support, classifier, n_classes):
    """Counts of held-out samples by class and class found, from the standardised panel.

    Parameters
    ----------
    split : PanelSplit
        With labels.
    support : ndarray of bool of shape (n_genes,)
        The panel.
    classifier : classifier
        Is cloned.
    n_classes : int
        Number of classes.

    Returns
    -------
    ndarray of int of shape (n_classes, n_classes)
        Rows are true classes, columns those found.
    """
    model = clone(classifier).fit(split.train[:, support], split.labels_train)
    found = np.asarray(model.predict(split.test[:, support]))
    return confusion_matrix(split.labels_test, found, labels=np.arange(n_classes))


def class_measures(counts):
    """Measures of a table of confusion.

    Parameters
    ----------
    counts : ndarray of int of shape (n_classes, n_classes)
        Rows are true classes, columns those found.

    Returns
    -------
    measures : dict of {str: float}
        Balanced accuracy, macro F1 and the least recall.
    classes : dict of {str: ndarray of float64 of shape (n_classes,)}
        Recall, precision and F1 of each class, NaN where undefined.
    """
    right, true, found = np.diag(counts), counts.sum(axis=1), counts.sum(axis=0)
    with np.errstate(invalid="ignore"):
        classes = {
            "recall": right / true,
            "precision": right / found,
            "f1": 2 * right / (true + found),
        }
    recall = classes["recall"][true > 0]
    measures = {
        "balanced_accuracy": float(recall.mean()),
        "macro_f1": _mean(classes["f1"]),
        "worst_recall": float(recall.min()),
    }
    return measures, classes


def clustering_agreement(split, support):
    """Adjusted Rand index of Ward's clusters of held-out samples with their classes.

    Parameters
    ----------
    split : PanelSplit
        With labels.
    support : ndarray of bool of shape (n_genes,)
        The panel.

    Returns
    -------
    float
        1 for the same groups, about 0 for chance; NaN if all held-out samples are of one class.
    """
    labels = split.labels_test
    rows = np.linspace(0, len(labels) - 1, min(len(labels), _MOST_CLUSTERED)).astype(int)
    labels = labels[rows]
    n_clusters = len(np.unique(labels))
    if n_clusters < 2:
        return np.nan
    clusters = fcluster(ward(split.test[rows][:, support]), n_clusters, "maxclust")
    return float(adjusted_rand_score(labels, clusters))
