"""What a panel explains after one of its genes is replaced: all candidates at once."""

from typing import NamedTuple

import numpy as np

from skgenes.inspection._panel_values_kernels import sample_weights

_BLOCK_VALUES = 2**24  # 128 MiB of float64


class SwapSums(NamedTuple):
    r"""Sums over residuals that serve all swaps.

    With Z the training samples, E the residuals of genes outside of the panel,
    :math:`R = Z^\top E / n` and slopes B:

    Parameters
    ----------
    slopes : ndarray of float64 of shape (k, n_genes)
        B, with 0 for genes of the panel.
    spread : ndarray of float64 of shape (n_samples, n_genes)
        :math:`E R^\top`.
    squares, variances : ndarray of float64 of shape (n_genes,)
        Diagonals of :math:`R R^\top` and of R.
    crossed : ndarray of float64 of shape (k, n_genes)
        :math:`B R^\top`.
    with_slopes : ndarray of float64 of shape (n_samples, k)
        :math:`E B^\top`.
    lengths : ndarray of float64 of shape (n_samples,)
        Squares of E summed over genes.
    """

    slopes: np.ndarray
    spread: np.ndarray
    squares: np.ndarray
    variances: np.ndarray
    crossed: np.ndarray
    with_slopes: np.ndarray
    lengths: np.ndarray


def swap_sums(fit, train, left):
    """Gather the sums over residuals.

    Parameters
    ----------
    fit : PanelFit
        Regression on the panel.
    train : ndarray of float64 of shape (n_samples, n_genes)
        Standardised training samples.
    left : Residuals
        Of these samples.

    Returns
    -------
    SwapSums
        The sums.
    """
    n_samples = len(train)
    slopes = fit.slopes.copy()
    slopes[:, fit.panel] = 0
    spread, with_slopes = _spread(train, left.genes), left.genes @ slopes.T
    return SwapSums(
        slopes,
        spread,
        np.einsum("ij,ij->j", train, spread) / n_samples,
        np.einsum("ij,ij->j", train, left.genes) / n_samples,
        with_slopes.T @ train / n_samples,
        with_slopes,
        _lengths(left.genes),
    )


def _spread(train, residuals):
    n_samples, n_genes = train.shape
    if n_samples <= n_genes:
        return (residuals @ residuals.T / n_samples) @ train
    spread, step = np.empty_like(train), max(1, _BLOCK_VALUES // n_genes)
    for start in range(0, n_genes, step):
        block = slice(start, start + step)
        spread[:, block] = residuals @ (residuals.T @ train[:, block] / n_samples)
    return spread


def swap_scores(fit, sums):
    r"""Rank all swaps by what the panel then explains of training samples.

    Parameters
    ----------
    fit : PanelFit
        Regression on the panel.
    sums : SwapSums
        Of its residuals.

    Returns
    -------
    ndarray of float64 of shape (k, n_genes)
        Explained variance summed over genes, less what the penalty takes, and less that of the
        panel without the gene. The candidate itself counts as far as the panel explained it
        before. Columns of the panel mean nothing.

    Notes
    -----
    Without gene g the penalised covariances of residuals are
    :math:`R + B_{g \cdot}^\top B_{g \cdot} / \Omega_{gg}`, a change of rank one. A candidate c
    then adds :math:`\sum_j R_{cj}^2 / (R_{cc} + \lambda)` over the genes j that are still to be
    inferred, g among them.
    """
    back = sums.slopes / np.diag(fit.precision)[:, None]
    lost = sums.slopes * back
    variances = sums.variances + lost
    squares = sums.squares + back * (2 * sums.crossed + back * _lengths(sums.slopes)[:, None])
    return (squares + back**2 - variances**2) / (variances + fit.penalty) + lost


def swap_errors(fit, left, sums, position, candidates):
    """Squared errors over all genes after swaps, every sample left out in turn.

    Parameters
    ----------
    fit : PanelFit
        Regression on the panel.
    left : Residuals
        Of the training samples.
    sums : SwapSums
        Of the residuals.
    position : int
        Place in the panel of the gene that is taken out.
    candidates : ndarray of int of shape (m,)
        Columns of the genes that replace it, each alone.

    Returns
    -------
    ndarray of float64 of shape (m,)
        Sums over samples and over the genes that are then to be inferred.
    """
    own, slopes = left.own[:, position], sums.slopes[position]
    length, mine = slopes @ slopes, slopes[candidates]
    back = mine / fit.precision[position, position]
    variances = sums.variances[candidates] + mine * back
    scale = variances + fit.penalty
    crossed = sums.crossed[position, candidates]
    # Of the slopes on the candidate, and of their products with those on the gene taken out.
    lengths = sums.squares[candidates] + back * (2 * crossed + back * length)
    lengths = (lengths - variances**2 + back**2) / scale**2
    shared = (crossed + back * length - variances * mine + back) / scale
    known = left.genes[:, candidates]
    with_slopes = sums.with_slopes[:, position]
    inner = sums.spread[:, candidates] + np.outer(with_slopes, back) - known * variances
    inner = inner / scale + np.outer(own, shared)
    new = known + np.outer(own, mine)
    squares = sums.lengths + own * (2 * with_slopes + own * (length + 1))
    errors = squares[:, None] - new**2 + new * (new * lengths - 2 * inner)
    unexplained = left.left_without[:, [position]] - new**2 / (fit.n_samples * scale)
    return (errors * sample_weights(unexplained, fit.n_samples)).sum(axis=0)


def _lengths(rows):
    return np.einsum("ij,ij->i", rows, rows)
