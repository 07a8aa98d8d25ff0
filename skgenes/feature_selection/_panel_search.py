"""Search for the panel that explains a target, on genes x genes sums alone."""

import numpy as np

_TIE = 1e-10  # scores this close, relative to the best, are equal: the first column wins


def greedy_panel(gram, cross, penalty, n_genes, *, own=0.0, first=(), barred=()):
    r"""Add genes one by one, each the one that raises what a ridge regression explains most.

    Parameters
    ----------
    gram : ndarray of float64 of shape (n_features, n_features)
        Products of the candidates, :math:`S = X^\top X / n`.
    cross : ndarray of float64 of shape (n_features, n_targets)
        Their products with the target, :math:`C = X^\top T / n`.
    penalty : float
        Ridge penalty :math:`\lambda`, in the unit of `gram`; not negative.
    n_genes : int
        Genes to add, those of `first` included.
    own : float, default=0.0
        How much it counts that a gene of the panel need not be inferred: share of what is left of
        the gene's own variance that is added to what it explains. Not in `gains`.
    first : sequence of int, default=()
        Genes that are in the panel from the start, in this order.
    barred : sequence of int, default=()
        Genes that are never taken.

    Returns
    -------
    order : ndarray of int of shape (n_genes,)
        The panel, best first. Any leading part of it is the panel of that size.
    gains : ndarray of float64 of shape (n_genes,)
        How much each gene raised the explained sum of squares.
    next_scores : ndarray of float64 of shape (n_features,)
        How much each further gene would raise it, its own share added; those of the panel itself
        mean nothing.

    Notes
    -----
    The panel P explains :math:`\|L^{-1} C_P\|^2` with :math:`L L^\top = S_{PP} + \lambda I`. Adding
    gene j raises it by

    .. math:: \frac{\|c_j - S_{jP} (S_{PP} + \lambda I)^{-1} C_P\|^2}
                   {S_{jj} + \lambda - S_{jP} (S_{PP} + \lambda I)^{-1} S_{Pj}} .

    With `own` :math:`w` the best gene is that of the largest sum of this and :math:`w` times the
    denominator less :math:`\lambda`, the gene's variance that the panel leaves. To a target
    without noise a gene is worth only what it tells of others; but once in the panel, nothing of
    it is left to infer.

    A row of the Cholesky factor of S is added with each gene, and a row of what is left of
    :math:`C C^\top`; numerator and denominator of all candidates follow from the two. So one
    product of `cross` with itself serves all panels, and k genes take :math:`k^2` operations
    for each candidate.

    References
    ----------
    Farahat, Ghodsi and Kamel (2013), Efficient greedy feature selection for unsupervised learning,
    Knowledge and Information Systems 35:285, doi:10.1007/s10115-012-0538-1, for a penalty of 0 and
    the matrix itself as the target.
    """
    n_features = len(gram)
    squares = cross @ cross.T
    factor, shared = np.empty((2, n_genes, n_features))
    order, gains = np.empty(n_genes, dtype=int), np.empty(n_genes)
    unexplained, variances = np.diag(squares).copy(), np.diag(gram) + penalty
    least = np.finfo(np.float64).eps * n_features * variances.max(initial=0)
    free = np.ones(n_features, dtype=bool)
    free[np.asarray(barred, dtype=int)] = False

    def next_gains():
        return np.divide(unexplained, variances, np.zeros(n_features), where=variances > least)

    def scores(gain):
        return gain + own * np.maximum(variances - penalty, 0)

    for i in range(n_genes):
        gain = next_gains()
        j = first[i] if i < len(first) else _first_of_the_best(scores(gain), free)
        order[i], gains[i], free[j] = j, gain[j], False
        root = np.sqrt(variances[j]) if variances[j] > least else np.inf
        rows, left = factor[:i], shared[:i]
        known = rows[:, j]
        factor[i] = (gram[j] - known @ rows) / root
        shared[i] = (squares[j] - (left[:, j] - gains[:i] * known) @ rows - known @ left) / root
        unexplained += factor[i] * (gains[i] * factor[i] - 2 * shared[i])
        np.maximum(unexplained, 0, out=unexplained)
        variances -= factor[i] ** 2
    return order, gains, scores(next_gains())


def _first_of_the_best(scores, free):
    """First column whose score is the highest among the free ones, but for rounding."""
    best = scores[free].max()
    return int(np.flatnonzero(free & (scores >= best * (1 - _TIE)))[0])


def explained(gram, cross, penalty, panel):
    """Sum of squares of the target that a panel explains by ridge regression.

    Parameters
    ----------
    gram, cross : ndarray of float64
        As in `greedy_panel`.
    penalty : float
        Ridge penalty.
    panel : sequence of int
        Genes.

    Returns
    -------
    float
        Never falls when a gene is added.
    """
    inner = gram[np.ix_(panel, panel)] + penalty * np.eye(len(panel))
    return float(np.vdot(cross[panel], np.linalg.solve(inner, cross[panel])))
