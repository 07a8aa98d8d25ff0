"""Which latent programmes of an autoencoder the genes of a panel belong to."""

import numpy as np
import pandas as pd

from skgenes.inspection._deeplift import deeplift
from skgenes.inspection._panel_values_inputs import check_seen_names
from skgenes.utils import gene_names

_UNITS = 3
_TOP_GENES = 5


def contributions_of(autoencoder, panel, X, n_genes):
    """Mean absolute contributions of genes to the bottleneck, where there are any.

    Parameters
    ----------
    autoencoder : GeneAutoEncoder, selector with ``contributions_`` or None
        Fitted. None takes those of the panel, where it is a selector that has them.
    panel : object
        The panel as given.
    X : ndarray, DataFrame, sparse matrix or AnnData of shape (n_samples, n_genes)
        Samples to explain the network on.
    n_genes : int
        Number of genes.

    Returns
    -------
    ndarray of float64 of shape (n_genes, n_units) or None
        Not negative.
    """
    if autoencoder is None:
        if not hasattr(panel, "contributions_"):
            return None
        autoencoder = panel
    if hasattr(autoencoder, "contributions_"):
        check_seen_names(autoencoder, gene_names(X))
        contributions = np.abs(np.asarray(autoencoder.contributions_, dtype=np.float64))
        if contributions.ndim != 2 or len(contributions) != n_genes:
            raise ValueError(
                f"contributions_ of {type(autoencoder).__name__} has shape {contributions.shape}, "
                f"but X has {n_genes} genes. Fit it to the genes of X."
            )
        return contributions
    if not hasattr(autoencoder, "dense_networks"):
        raise TypeError(
            f"autoencoder is {autoencoder!r}; give a fitted GeneAutoEncoder or a selector with "
            "contributions_."
        )
    # It reads the layer of X that it was fitted to.
    return deeplift(autoencoder, X, aggregation="absolute", after_activation=False).contributions


def programmes_of(contributions, panel, labels):
    """Bottleneck units in which genes of a panel rank highest.

    Parameters
    ----------
    contributions : ndarray of float64 of shape (n_genes, n_units)
        Not negative.
    panel : ndarray of int of shape (k,)
        Columns of the panel.
    labels : ndarray of shape (n_genes,)
        Names of the genes.

    Returns
    -------
    DataFrame
        See `PanelValues`.
    """
    n_genes, n_units = contributions.shape
    order = np.argsort(-contributions, axis=0, kind="stable")
    ranks = np.empty_like(order)
    np.put_along_axis(ranks, order, np.arange(1, n_genes + 1)[:, None], axis=0)
    total = contributions.sum(axis=0)
    shares = np.divide(contributions, total, np.zeros_like(contributions), where=total > 0)
    rows = []
    for column in panel:
        # Of units where it ranks the same, the one that rests on it more.
        best = np.lexsort((-shares[column], ranks[column]))[: min(_UNITS, n_units)]
        for unit in best:
            top = labels[order[: _TOP_GENES + 1, unit]]
            others = [str(gene) for gene in top if gene != labels[column]][:_TOP_GENES]
            share = float(shares[column, unit])
            rows.append((labels[column], unit, ranks[column, unit], share, ", ".join(others)))
    table = pd.DataFrame(rows, columns=["gene", "unit", "rank", "share", "top_genes"])
    return table.set_index(["gene", "unit"])
