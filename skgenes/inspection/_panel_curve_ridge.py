"""Ridge from every leading part of an ordered panel, at the cost of a few fits."""

import numpy as np
from scipy.linalg import cholesky, solve_triangular

from skgenes.inspection._panel_regressors import ALPHAS


def infer_by_leading_parts(split, order, sizes):
    r"""Infer all genes by ridge from leading parts of an ordered panel, each with its own penalty.

    Parameters
    ----------
    split : PanelSplit
        Samples to learn from and to infer.
    order : ndarray of int of shape (n_ordered,)
        Genes of the panel, the first to be measured first.
    sizes : ndarray of int of shape (n_sizes,)
        Numbers of leading genes to infer from; increasing.

    Yields
    ------
    which : int
        Place in `sizes`. Sizes come by penalty, not in their order.
    alpha : float
        The penalty with the least leave-one-out error at this size.
    inferred : ndarray of float64 of shape (n_test, n_genes)
        Standardised expression, overwritten by the next; columns of the panel itself mean nothing.

    Notes
    -----
    What `infer_by_ridge` infers from each part alone. With the training panel X, all genes Y and
    :math:`L L^\top = X^\top X + \alpha I`, the factor of a leading part is the leading part of L.
    So the orthogonal parts :math:`A = X L^{-\top}` and :math:`W = L^{-1} X^\top Y` serve all sizes:
    what is inferred at one size is that at the size before plus the products of the new columns
    of the held-out A with the new rows of W.
    """
    order = np.asarray(order)[: sizes[-1]]
    panel = split.train[:, order]
    products = panel.T @ split.train
    gram = products[:, order]
    chosen = ALPHAS[np.argmin(_leave_one_out(split, panel, products, gram, sizes), axis=0)]
    for alpha in np.unique(chosen):
        factor = _factor(gram, alpha)
        rows = solve_triangular(factor, products, lower=True)
        columns = solve_triangular(factor, split.test[:, order].T, lower=True).T
        inferred, done = np.zeros_like(split.test), 0
        for which in np.flatnonzero(chosen == alpha):
            new = slice(done, sizes[which])
            inferred += columns[:, new] @ rows[new]
            done = sizes[which]
            yield int(which), float(alpha), inferred


def _leave_one_out(split, panel, products, gram, sizes):
    r"""Errors of samples left out, over genes outside of each part, (n_alphas, n_sizes).

    The squared residuals of sample i over all genes at size k are, with :math:`K = Y Y^\top`,
    :math:`K_{ii} - 2 \sum_{j \le k} A_{ij} (KA)_{ij} + \sum_{j,l \le k} A_{ij} A_{il} B_{jl}` where
    :math:`B = A^\top K A = W W^\top`. Those of the panel's own genes are
    :math:`\alpha X (X^\top X + \alpha I)^{-1} = \alpha A L^{-1}`, the same form with
    :math:`\alpha^2 L^{-1} L^{-\top}` for B. Sums over leading columns give all sizes at once.
    """
    n_samples, last = len(panel), sizes - 1
    shared = split.train @ products.T
    total = np.einsum("ij,ij->i", split.train, split.train)[:, None]
    errors = np.empty((len(ALPHAS), len(sizes)))
    for a, alpha in enumerate(ALPHAS):
        factor = _factor(gram, alpha)
        A = solve_triangular(factor, panel.T, lower=True).T
        KA = solve_triangular(factor, shared.T, lower=True).T
        inverse = solve_triangular(factor, np.eye(len(factor)), lower=True)
        inner = A.T @ KA - alpha**2 * (inverse @ inverse.T)
        change = A * (2 * (A @ np.triu(inner, 1) - KA) + A * np.diag(inner))
        residual = np.maximum(total + np.cumsum(change, axis=1)[:, last], 0)
        unexplained = 1 - 1 / n_samples - np.cumsum(A**2, axis=1)[:, last]
        errors[a] = (residual / unexplained**2).sum(axis=0)
    return errors


def _factor(gram, alpha):
    return cholesky(gram + alpha * np.eye(len(gram)), lower=True)
