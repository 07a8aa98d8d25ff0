"""From sums over samples to a ranked panel, all wishes kept."""

import numpy as np
import scipy.sparse as sp

from skgenes.feature_selection._panel_search import greedy_panel
from skgenes.utils._messages import listed


def barred_genes(X, wishes, window, size, names):
    """Find the genes that cannot be in a panel, and make sure that enough are left.

    Parameters
    ----------
    X : ndarray or csr_array of shape (n_samples, n_genes)
        Samples.
    wishes : (ndarray of int, ndarray of int)
        Genes that must and must not be in the panel.
    window : (float or None, float or None)
        The least and the most mean expression; genes that must be included may lie outside.
    size : int
        Genes wanted.
    names : ndarray of str or None
        Names of the genes.

    Returns
    -------
    ndarray of int
        Constant genes, genes outside the window and genes excluded.

    Raises
    ------
    ValueError
        If a gene that must be included is constant, the window is empty, or too few genes are
        left.
    """
    included, excluded = wishes
    constant = _dense(X.max(axis=0)) == _dense(X.min(axis=0))
    useless = included[constant[included]]
    if len(useless):
        shown = useless if names is None else np.asarray(names)[useless]
        raise ValueError(
            f"must_include has {len(useless)} gene(s) that do not vary over the samples: "
            f"{listed(shown)}. They tell nothing of the others: take them out."
        )
    outside = _outside(_dense(X.mean(axis=0)), *window)
    barred = constant | outside
    barred[excluded] = True
    barred[included] = False
    n_left = int((~barred).sum())
    if n_left < size:
        raise ValueError(
            f"{size} genes are to be selected, but only {n_left} can be: of {len(constant)}, "
            f"{int(constant.sum())} do not vary, {int((outside & ~constant).sum())} are outside "
            f"min_mean and max_mean, {len(excluded)} are in exclude. Lower n_features_to_select "
            "or allow more."
        )
    return np.flatnonzero(barred)


def _dense(values):
    return np.ravel(values.toarray() if sp.issparse(values) else values)


def _outside(mean, min_mean, max_mean):
    low = -np.inf if min_mean is None else min_mean
    high = np.inf if max_mean is None else max_mean
    if low > high:
        raise ValueError(f"min_mean={min_mean} is above max_mean={max_mean}. Swap the two.")
    return (mean < low) | (mean > high)


def ranked_panel(gram, cross, penalty, size, included, barred):
    """Search a panel and rank all genes.

    Parameters
    ----------
    gram, cross : ndarray of float64
        See `greedy_panel`.
    penalty : float
        Ridge penalty.
    size : int
        Genes in the panel.
    included, barred : ndarray of int
        Genes that come first and last.

    Returns
    -------
    ranking : ndarray of int of shape (n_genes,)
        1 for the gene picked first. After the panel come the other genes by what each would add
        to it, then the barred ones.
    gains : ndarray of float64 of shape (size,)
        What each gene of the panel added, in the order of ranks.
    """
    order, gains, left = greedy_panel(gram, cross, penalty, size, first=included, barred=barred)
    tier = np.ones(len(gram), dtype=int)
    tier[barred], tier[order] = 2, 0
    left[order] = -np.arange(size)
    ranking = np.empty(len(gram), dtype=int)
    ranking[np.lexsort((-left, tier))] = np.arange(1, len(gram) + 1)
    return ranking, gains
