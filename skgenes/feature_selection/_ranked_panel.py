"""From sums over samples to a ranked panel, all wishes kept."""

import numpy as np

from skgenes.feature_selection._panel_search import greedy_panel


def ranked_panel(gram, cross, penalty, size, included, barred, own=0.0):
    """Search a panel and rank all genes.

    Parameters
    ----------
    gram, cross : ndarray of float64
        See `greedy_panel`.
    penalty : float
        Ridge penalty.
    size : int
        Genes in the panel.
    included : ndarray of int
        Genes that come first.
    barred : ndarray of bool of shape (n_genes,)
        Genes that come last.
    own : float, default=0.0
        See `greedy_panel`.

    Returns
    -------
    ranking : ndarray of int of shape (n_genes,)
        1 for the gene picked first. After the panel come the other genes by what each would add
        to it, then the barred ones.
    gains : ndarray of float64 of shape (size,)
        What each gene of the panel added, in the order of ranks.

    Raises
    ------
    ValueError
        If there is no penalty and the panel is larger than the rank of the samples.
    """
    order, gains, left = greedy_panel(
        gram, cross, penalty, size, own=own, first=included, barred=np.flatnonzero(barred)
    )
    if penalty == 0:
        _check_rank(gains[len(included) :], size)
    tier = np.ones(len(gram), dtype=int)
    tier[barred], tier[order] = 2, 0
    left[order] = -np.arange(size)
    ranking = np.empty(len(gram), dtype=int)
    ranking[np.lexsort((-left, tier))] = np.arange(1, len(gram) + 1)
    return ranking, gains


def _check_rank(gains, size):
    """Raise where genes were chosen that are sums of those chosen before."""
    n_useless = int(np.sum(gains <= 0))
    if n_useless:
        raise ValueError(
            f"A panel of {size} genes is larger than the rank of X: from {size - n_useless} of "
            "them all others follow exactly on these samples, and with penalty=0 nothing tells "
            f"which to add. Ask for at most {size - n_useless}, pass more samples, or leave "
            'penalty="auto".'
        )
