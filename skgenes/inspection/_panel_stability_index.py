"""How alike sets of genes are, corrected for chance, and the genes that stand for all of them."""

import heapq

import numpy as np

_DIGITS = 9  # of what a gene adds: beyond is rounding


def nogueira_stability(chosen):
    r"""Stability of sets of genes and its standard error, for sets of any sizes.

    Parameters
    ----------
    chosen : ndarray of bool of shape (n_sets, n_genes)
        Which genes are in each set; two sets at least.

    Returns
    -------
    stability : float
        1 if all sets are equal, 0 in expectation if they are random; NaN if all hold all genes.
    standard_error : float
        Of it.

    Notes
    -----
    With the frequency :math:`p_f` of gene f among M sets of d genes and the mean size
    :math:`\bar k`,

    .. math:: \Phi = 1 - \frac{\frac{1}{d} \sum_f \frac{M}{M - 1} p_f (1 - p_f)}
                              {\frac{\bar k}{d} \left(1 - \frac{\bar k}{d}\right)} .

    References
    ----------
    Nogueira, Sechidis and Brown (2018), On the stability of feature selection algorithms, Journal
    of Machine Learning Research 18(174):1, definition 4 and theorem 7.
    """
    n_sets, n_genes = chosen.shape
    frequency, sizes = chosen.mean(axis=0), chosen.sum(axis=1) / n_genes
    share = sizes.mean()
    by_chance = share * (1 - share)
    if by_chance == 0:
        return np.nan, np.nan
    variance = n_sets / (n_sets - 1) * np.mean(frequency * (1 - frequency))
    stability = 1 - variance / by_chance
    parts = chosen @ frequency / n_genes - sizes * share
    parts += stability / 2 * (2 * sizes * share - sizes - share + 1)
    parts /= by_chance
    error = 2 / n_sets * np.sqrt(np.sum((parts - parts.mean()) ** 2))
    return float(stability), float(error)


def correlated_stability(chosen, standardised):
    r"""Stability of sets of genes in which correlated genes stand for each other.

    Parameters
    ----------
    chosen : ndarray of bool of shape (n_sets, n_genes)
        Which genes are in each set; two sets at least.
    standardised : ndarray of float64 of shape (n_samples, n_genes)
        Samples, each gene with mean 0 and variance 1, or 0 throughout.

    Returns
    -------
    float
        1 if all sets are equal, 0 in expectation if they are random; NaN if all hold all genes.

    Notes
    -----
    With the covariance matrix S of the indicators of the genes over the sets, that
    :math:`S_0` of random sets of the same sizes, and the squared correlations C of the genes,

    .. math:: \Phi_C = 1 - \frac{\mathrm{tr}(C S)}{\mathrm{tr}(C S_0)} ,

    which is that of Nogueira et al. where genes do not correlate. Only correlations of genes that
    were chosen are computed: others do not vary over the sets.

    References
    ----------
    Sechidis, Papangelou, Nogueira, Weatherall and Brown (2020), On the stability of feature
    selection in the presence of feature correlations, ECML PKDD 2019, LNCS 11906:327,
    doi:10.1007/978-3-030-46150-8_20.
    """
    n_sets, n_genes = chosen.shape
    varying = np.flatnonzero(chosen.any(axis=0) & ~chosen.all(axis=0))
    squares = squared_correlations(standardised[:, varying])
    deviations = chosen[:, varying] - chosen[:, varying].mean(axis=0)
    observed = np.vdot(deviations, deviations @ squares) / (n_sets - 1)
    sizes = chosen.sum(axis=1)
    mean = sizes.mean() / n_genes
    pair = (np.mean(sizes**2) - sizes.mean()) / max(n_genes * (n_genes - 1), 1) - mean**2
    own = float((standardised.any(axis=0)).sum())
    expected = mean * (1 - mean) * own + pair * (_sum_of_squares(standardised) - own)
    return float(1 - observed / expected) if expected > 0 else np.nan


def squared_correlations(standardised):
    """Squared correlations of genes.

    Parameters
    ----------
    standardised : ndarray of float64 of shape (n_samples, n_genes)
        Samples, each gene with mean 0 and variance 1, or 0 throughout.

    Returns
    -------
    ndarray of float64 of shape (n_genes, n_genes)
        From 0 to 1 but for rounding.
    """
    return (standardised.T @ standardised / len(standardised)) ** 2


def standing_for_all(votes, similarity, earlier):
    r"""Order genes so that each leading part stands for all votes as well as it can.

    Parameters
    ----------
    votes : ndarray of shape (n_genes,)
        How often each gene was chosen.
    similarity : ndarray of float64 of shape (n_genes, n_genes)
        How far one gene stands for another, from 0 to 1 for itself.
    earlier : ndarray of shape (n_genes,)
        Of genes that add the same, the one with the least comes first, and then the first.

    Returns
    -------
    ndarray of int of shape (n_genes,)
        The order.

    Notes
    -----
    Each gene is the one that raises :math:`\sum_h v_h \max_{g \in C} s_{gh}` most. What a gene
    adds never grows as others join, so that only those whose last known gain leads are computed
    again (Minoux 1978).
    """
    covered = np.zeros(len(votes))
    queue = [
        (-float(gain), early, g)
        for g, (gain, early) in enumerate(zip(similarity @ votes, earlier, strict=True))
    ]
    heapq.heapify(queue)
    order = []
    while queue:
        _, early, gene = heapq.heappop(queue)
        added = np.maximum(similarity[gene] - covered, 0)
        gain = -round(float(added @ votes), _DIGITS)
        if queue and (gain, early, gene) > queue[0]:
            heapq.heappush(queue, (gain, early, gene))
            continue
        covered += added
        order.append(gene)
    return np.array(order, dtype=np.intp)


def mean_jaccard(chosen):
    """Mean over pairs of sets of what they share among what either has.

    Parameters
    ----------
    chosen : ndarray of bool of shape (n_sets, n_genes)
        Which genes are in each set; two sets at least, none empty.

    Returns
    -------
    float
        From 0 to 1.
    """
    counts = chosen.astype(np.float64)
    shared = counts @ counts.T
    sizes = np.diag(shared)
    first, second = np.triu_indices(len(chosen), 1)
    both = shared[first, second]
    return float(np.mean(both / (sizes[first] + sizes[second] - both)))


def _sum_of_squares(standardised):
    """Sum of all squared correlations, by the smaller products."""
    n_samples, n_genes = standardised.shape
    few = standardised if n_samples <= n_genes else standardised.T
    products = few @ few.T
    return float(np.vdot(products, products)) / n_samples**2
