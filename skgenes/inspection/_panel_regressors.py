"""Ridge and nearest neighbours from a panel to all genes, quick enough for many panels."""

import numpy as np
import scipy.sparse as sp

# Those of PanelRidge.
ALPHAS = np.logspace(-1, 5, 13)
N_NEIGHBORS = 5
_NEGLIGIBLE = 1e-12  # share of the largest squared singular value
_TUNED_ON = 500  # genes, for the penalty of the ridge from all genes


def infer_by_ridge(split, support):
    r"""Infer all genes from a panel by ridge, its penalty by leave-one-out.

    Parameters
    ----------
    split : PanelSplit
        Samples to learn from and to infer.
    support : ndarray of bool of shape (n_genes,)
        The panel.

    Returns
    -------
    ndarray of float64 of shape (n_test, n_genes)
        Standardised expression; columns of the panel itself mean nothing.

    Notes
    -----
    What `skgenes.linear_model.PanelRidge` predicts for standardised genes. With the training panel
    :math:`U S V^\top`, targets Y, shares :math:`d = s^2 / (s^2 + \alpha)` and leverages h, the
    leave-one-out error summed over targets is, for sample i,

    .. math::
        \frac{\|y_i\|^2 - 2\, u_i^\top D\, U^\top Y y_i + u_i^\top D\, U^\top Y Y^\top U D\, u_i}
             {(1 - h_i)^2} ,

    which needs the targets through :math:`Y Y^\top` alone: samples x samples, computed once for
    all panels.
    """
    vectors, squares, projected, alpha = _tuned_ridge(split, support)
    weights = vectors * (np.sqrt(squares) / (squares + alpha))
    return (split.test[:, support] @ weights) @ projected


def tuned_penalty(split, support):
    """Penalty of `infer_by_ridge`.

    Parameters
    ----------
    split : PanelSplit
        Samples to learn from.
    support : ndarray of bool of shape (n_genes,)
        The panel.

    Returns
    -------
    float
        In the unit of squares summed over training samples.
    """
    return float(_tuned_ridge(split, support)[-1])


def _tuned_ridge(split, support):
    panel = split.train[:, support]
    squares, vectors = _eigen(panel.T @ panel)
    U = panel @ vectors / np.sqrt(squares)
    projected = U.T @ split.train
    return vectors, squares, projected, _tune(U, squares, panel, projected, split)


def _tune(U, squares, panel, projected, split):
    few_samples = len(U) <= split.train.shape[1]
    products = split.kernel @ U if few_samples else split.train @ projected.T
    products = products - panel @ (panel.T @ U)  # over the targets alone
    total = np.einsum("ij,ij->i", split.train, split.train) - np.einsum("ij,ij->i", panel, panel)
    inner = U.T @ products
    errors = np.empty(len(ALPHAS))
    for i, alpha in enumerate(ALPHAS):
        shrunk = U * (squares / (squares + alpha))
        residual = total - 2 * np.einsum("ij,ij->i", shrunk, products)
        residual += np.einsum("ij,ij->i", shrunk @ inner, shrunk)
        unexplained = 1 - 1 / len(U) - np.einsum("ij,ij->i", shrunk, U)
        errors[i] = (residual / unexplained**2).sum()
    return ALPHAS[np.argmin(errors)]


def infer_from_all_others(split):
    r"""Infer every gene by ridge from all other genes together: what is attainable.

    Parameters
    ----------
    split : PanelSplit
        Samples to learn from and to infer.

    Returns
    -------
    ndarray of float64 of shape (n_test, n_genes)
        Standardised expression.

    Notes
    -----
    One regression per gene, yet one decomposition for all. With
    :math:`\Omega = (X^\top X + \alpha I)^{-1}` the slopes of gene j on all others are
    :math:`-\Omega_{lj} / \Omega_{jj}`, exactly those of the ridge that leaves gene j out. With
    :math:`X = U S V^\top` and :math:`h_j = \sum_r v_{jr}^2 s_r^2 / (s_r^2 + \alpha)` it infers

    .. math:: \hat z_j = z_j - \frac{z_j - (Z V D V^\top)_j}{1 - h_j} .

    The penalty, one for all genes, has the least leave-one-out error. With
    :math:`G = (X X^\top + \alpha I)^{-1} X`, :math:`q_j = x_j^\top g_j` and
    :math:`a_i` the diagonal of :math:`(X X^\top + \alpha I)^{-1} - 1 1^\top / (\alpha n)`, the
    error of sample i in gene j, with both left out, is
    :math:`g_{ij} / (a_i (1 - q_j) + g_{ij}^2)`. It is taken over 500 genes at most, spread
    evenly.
    """
    genes = np.flatnonzero(split.varying)
    X = split.train[:, genes]
    U, squares, V = _decompose(X, split)
    alpha = _tune_all(U, squares, V, _spread_evenly(genes.size))
    kept = squares / (squares + alpha)
    Z = split.test[:, genes]
    unexplained = 1 - V**2 @ kept
    inferred = np.zeros_like(split.test)
    inferred[:, genes] = Z - (Z - ((Z @ V) * kept) @ V.T) / unexplained
    return inferred


def _tune_all(U, squares, V, genes):
    n_samples = len(U)
    projected = np.sqrt(squares)[:, None] * V[genes].T
    missed = 1 - (U**2).sum(axis=1)
    errors = np.empty(len(ALPHAS))
    for i, alpha in enumerate(ALPHAS):
        shrunk = projected / (squares + alpha)[:, None]
        dual = U @ shrunk
        diagonal = U**2 @ (1 / (squares + alpha)) + (missed - 1 / n_samples) / alpha
        unexplained = 1 - np.einsum("ij,ij->j", projected, shrunk)
        errors[i] = ((dual / (np.outer(diagonal, unexplained) + dual**2)) ** 2).sum()
    return ALPHAS[np.argmin(errors)]


def _decompose(X, split):
    """Left singular vectors, squared singular values and right ones, by the smaller products."""
    if len(X) <= X.shape[1]:
        squares, U = _eigen(split.kernel)  # other genes are 0
        return U, squares, X.T @ U / np.sqrt(squares)
    squares, V = _eigen(X.T @ X)
    return X @ V / np.sqrt(squares), squares, V


def _eigen(products):
    squares, vectors = np.linalg.eigh(products)
    kept = squares > _NEGLIGIBLE * squares[-1]
    return squares[kept], vectors[:, kept]


def _spread_evenly(n_genes):
    return np.unique(np.linspace(0, n_genes - 1, min(n_genes, _TUNED_ON)).astype(int))


def infer_by_neighbors(split, support):
    """Infer all genes as means of the five nearest training samples in the standardised panel.

    Parameters
    ----------
    split : PanelSplit
        Samples to learn from and to infer.
    support : ndarray of bool of shape (n_genes,)
        The panel.

    Returns
    -------
    ndarray of float64 of shape (n_test, n_genes)
        Standardised expression; columns of the panel itself mean nothing.
    """
    train, test = split.train[:, support], split.test[:, support]
    n_neighbors = min(N_NEIGHBORS, len(train))
    nearest = np.empty((len(test), n_neighbors), dtype=np.intp)
    lengths = np.einsum("ij,ij->i", train, train)
    step = max(1, 8_000_000 // len(train))
    for start in range(0, len(test), step):
        rows = slice(start, start + step)
        distances = lengths - 2 * (test[rows] @ train.T)
        nearest[rows] = np.argpartition(distances, n_neighbors - 1, axis=1)[:, :n_neighbors]
    starts = np.arange(0, nearest.size + 1, n_neighbors)
    shares = np.full(nearest.size, 1 / n_neighbors)
    weights = sp.csr_array((shares, nearest.ravel(), starts), shape=(len(test), len(train)))
    return weights @ split.train
