"""From squared errors to tables of what the genes of a panel are worth."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from skgenes.inspection._panel_values_kernels import (
    errors_along,
    residuals,
    sample_losses,
    unique_errors,
)


class Judged(NamedTuple):
    """What a panel explains of some samples.

    Parameters
    ----------
    explained : float
        Of all genes together.
    r2 : ndarray of float64 of shape (n_genes,)
        Of every gene; 1 for those of the panel, NaN where there is no variance.
    losses : ndarray of float64 of shape (k, n_genes)
        What every gene loses without each gene of the panel.
    value, value_se : ndarray of float64 of shape (k,)
        What all genes together lose, and its standard error over samples.
    cumulative : ndarray of float64 of shape (k,)
        Explained by the leading parts of the panel.
    redundancy : ndarray of float64 of shape (k,)
        What the other genes of the panel explain of each.
    """

    explained: float
    r2: np.ndarray
    losses: np.ndarray
    value: np.ndarray
    value_se: np.ndarray
    cumulative: np.ndarray
    redundancy: np.ndarray


def judged(fit, samples, *, trained_on):
    """Judge a panel, with and without each of its genes.

    Parameters
    ----------
    fit : PanelFit
        The regression.
    samples : ndarray of float64 of shape (n_samples, n_genes)
        Standardised samples.
    trained_on : bool
        Whether these are the training samples.

    Returns
    -------
    Judged
        Shares of variance.
    """
    left = residuals(fit, samples, trained_on)
    errors, without = unique_errors(fit, left)
    squares = np.einsum("ij,ij->j", samples, samples)
    scale = np.where(squares > 0, squares, np.nan)
    total = squares.sum()
    more = sample_losses(fit, left)
    own = without[np.arange(len(fit.panel)), fit.panel]
    return Judged(
        explained=float(1 - errors.sum() / total),
        r2=1 - errors / scale,
        losses=(without - errors) / scale,
        value=more.sum(axis=0) / total,
        value_se=_standard_error(more, samples, total),
        cumulative=1 - errors_along(fit, samples, trained_on) / total,
        redundancy=1 - own / scale[fit.panel],
    )


def _standard_error(more, samples, total):
    """Of the ratio of two sums over samples."""
    n_samples = len(samples)
    if n_samples == 1:
        return np.full(more.shape[1], np.nan)
    squares = np.einsum("ij,ij->i", samples, samples)
    scatter = more - squares[:, None] * (more.sum(axis=0) / total)
    return np.sqrt((scatter**2).sum(axis=0) * n_samples / (n_samples - 1)) / total


def tables_of(fit, data, mine, held_out, min_loss):
    """Tables of a `PanelValues`.

    Parameters
    ----------
    fit : PanelFit
        The regression.
    data : PanelData
        What it was fitted to.
    mine, held_out : Judged
        On samples of X left out in turn and on held-out ones; the latter may be None.
    min_loss : float
        Least loss of a gene that is stood for.

    Returns
    -------
    dict of {str: DataFrame}
        ``genes``, ``targets``, ``losses`` and ``slopes``.
    """
    outside = np.setdiff1d(np.arange(len(data.labels)), fit.panel)
    rows = pd.Index(data.labels[fit.panel], name="gene")
    columns = pd.Index(data.labels[outside], name="gene")
    losses = pd.DataFrame(mine.losses[:, outside], rows, columns)
    targets = _targets(losses, min_loss)
    targets.insert(0, "r2", mine.r2[outside])
    genes = _genes(fit, data, mine)
    genes["n_represented"] = [int((targets["representative"] == gene).sum()) for gene in rows]
    if held_out is not None:
        targets["r2_test"] = np.where(data.split.varying, held_out.r2, np.nan)[outside]
        genes["value_test"] = held_out.value
        genes["value_se_test"] = held_out.value_se
        genes["cumulative_test"] = held_out.cumulative
        genes["redundancy_test"] = held_out.redundancy
    slopes = pd.DataFrame(fit.slopes[:, outside], rows, columns)
    return {"genes": genes, "targets": targets, "losses": losses, "slopes": slopes}


def _targets(losses, min_loss):
    values = losses.fillna(-np.inf).to_numpy()
    most = values.argmax(axis=0)  # of equal ones, the first of the panel
    largest = values[most, np.arange(values.shape[1])]
    representative = np.where(largest >= min_loss, losses.index.to_numpy(object)[most], None)
    return pd.DataFrame(
        {
            "representative": pd.Series(representative, losses.columns, dtype=object),
            "loss": pd.Series(np.where(np.isinf(largest), np.nan, largest), losses.columns),
        }
    )


def _genes(fit, data, mine):
    train = data.split.train[:, fit.panel]
    correlations = train.T @ train / len(train)
    np.fill_diagonal(correlations, 0)
    closest = np.abs(correlations).argmax(axis=1)
    labels = data.labels[fit.panel].astype(object)
    alone = len(fit.panel) == 1
    return pd.DataFrame(
        {
            "value": mine.value,
            "value_se": mine.value_se,
            "value_for_others": mine.value - (1 - mine.redundancy) / data.split.varying.sum(),
            "cumulative": mine.cumulative,
            "redundancy": mine.redundancy,
            "closest": pd.Series([None] if alone else labels[closest], labels, dtype=object),
            "closest_correlation": (
                np.nan if alone else correlations[np.arange(len(closest)), closest]
            ),
        },
        index=pd.Index(data.labels[fit.panel], name="gene"),
    )
