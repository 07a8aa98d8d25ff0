"""What a panel explains without each of its genes, and with ever more of them: no refits."""

from typing import NamedTuple

import numpy as np
from scipy.linalg import cholesky, solve_triangular

_LEAST_UNEXPLAINED = 1e-9  # of a sample's leverage: less is rounding


class PanelFit(NamedTuple):
    """Ridge regression of all genes on a panel.

    Parameters
    ----------
    panel : ndarray of int of shape (k,)
        Columns of the panel, in its order.
    penalty : float
        In units of a gene's variance.
    n_samples : int
        Training samples.
    inverse_factor : ndarray of float64 of shape (k, k)
        Inverse of the lower Cholesky factor of :math:`S_{PP} + \\lambda I`. Its leading blocks
        are those of the panel's leading parts.
    scores : ndarray of float64 of shape (k, n_genes)
        That inverse times the panel's rows of S.
    slopes : ndarray of float64 of shape (k, n_genes)
        Of standardised genes on the standardised panel.
    """

    panel: np.ndarray
    penalty: float
    n_samples: int
    inverse_factor: np.ndarray
    scores: np.ndarray
    slopes: np.ndarray

    @property
    def precision(self):
        """Inverse of the panel's penalised correlations, float64 (k, k)."""
        return self.inverse_factor.T @ self.inverse_factor


class Residuals(NamedTuple):
    """What a panel leaves unexplained of some samples.

    Parameters
    ----------
    genes : ndarray of float64 of shape (n_samples, n_genes)
        Residuals; 0 for genes of the panel, which are known.
    own : ndarray of float64 of shape (n_samples, k)
        What the other genes of the panel leave unexplained of each.
    left : ndarray of float64 of shape (n_samples,) or None
        One less the leverage of every sample, of which a residual is to be divided by it; None
        for samples that were not trained on.
    left_without : ndarray of float64 of shape (n_samples, k) or None
        The same without each gene of the panel.
    """

    genes: np.ndarray
    own: np.ndarray
    left: np.ndarray | None
    left_without: np.ndarray | None


def fit_panel(train, panel, penalty):
    """Regress all genes on a panel.

    Parameters
    ----------
    train : ndarray of float64 of shape (n_samples, n_genes)
        Standardised samples.
    panel : ndarray of int of shape (k,)
        Columns, in the panel's order.
    penalty : float
        Above 0, in units of a gene's variance.

    Returns
    -------
    PanelFit
        The regression.
    """
    products = train[:, panel].T @ train / len(train)
    inner = products[:, panel] + penalty * np.eye(len(panel))
    factor = cholesky(inner, lower=True)
    inverse = solve_triangular(factor, np.eye(len(panel)), lower=True)
    scores = inverse @ products
    return PanelFit(panel, penalty, len(train), inverse, scores, inverse.T @ scores)


def residuals(fit, samples, trained_on):
    r"""Residuals of the panel, and of the panel without each of its genes.

    Parameters
    ----------
    fit : PanelFit
        The regression.
    samples : ndarray of float64 of shape (n_samples, n_genes)
        Standardised samples.
    trained_on : bool
        Whether these are the training samples, each of which is then to be left out in turn.

    Returns
    -------
    Residuals
        See Notes.

    Notes
    -----
    With :math:`\Omega = (S_{PP} + \lambda I)^{-1}` and slopes B, the panel without gene g has
    slopes :math:`B - \Omega_{\cdot g} B_{g \cdot} / \Omega_{gg}`: what is left of other genes is
    :math:`E + u_g B_{g \cdot}`, with :math:`u_g = Z_P \Omega_{\cdot g} / \Omega_{gg}` what is
    left of gene g itself. Its leverages are less by :math:`u_g^2 \Omega_{gg} / n`.
    """
    known, precision = samples[:, fit.panel], fit.precision
    own = known @ (precision / np.diag(precision))
    genes = samples - known @ fit.slopes
    genes[:, fit.panel] = 0
    if not trained_on:
        return Residuals(genes, own, None, None)
    left = _unexplained(fit, known)[:, -1]
    gained = own**2 * (np.diag(precision) / fit.n_samples)
    return Residuals(genes, own, left, left[:, None] + gained)


def _unexplained(fit, known):
    """One less the leverages, intercept included, for all leading parts of the panel."""
    whitened = known @ fit.inverse_factor.T
    left = 1 - (1 + np.cumsum(whitened**2, axis=1)) / fit.n_samples
    if left.min() < _LEAST_UNEXPLAINED:
        raise ValueError(
            f"penalty={fit.penalty:.3g} is too small for {len(fit.panel)} genes and "
            f"{fit.n_samples} samples: each sample is fitted exactly, so that nothing can be "
            "judged. Raise it, or pass more samples."
        )
    return left


def unique_errors(fit, left):
    """Squared errors of every gene, with the whole panel and without each of its genes.

    Parameters
    ----------
    fit : PanelFit
        The regression.
    left : Residuals
        Of the samples to judge on.

    Returns
    -------
    errors : ndarray of float64 of shape (n_genes,)
        Sums over samples; 0 for genes of the panel.
    without : ndarray of float64 of shape (k, n_genes)
        Without each gene of the panel, which is then inferred from the others.
    """
    own, slopes, squares = left.own, fit.slopes, left.genes**2
    if left.left is None:
        errors = squares.sum(axis=0)
        base, weighted, lengths = errors, own, (own**2).sum(axis=0)
    else:
        weights = sample_weights(left.left_without, fit.n_samples)
        errors = sample_weights(left.left, fit.n_samples) @ squares
        base, weighted = weights.T @ squares, weights * own
        lengths = (weighted * own).sum(axis=0)
    without = base + slopes * (2 * (weighted.T @ left.genes) + slopes * lengths[:, None])
    without[:, fit.panel] = np.diag(lengths)
    return errors, without


def sample_losses(fit, left):
    """How much more is unexplained of every sample without each gene of the panel.

    Parameters
    ----------
    fit : PanelFit
        The regression.
    left : Residuals
        Of the samples to judge on.

    Returns
    -------
    ndarray of float64 of shape (n_samples, k)
        Squared errors, summed over all genes; those of `unique_errors` summed the other way.
    """
    outside = fit.slopes.copy()
    outside[:, fit.panel] = 0
    lengths = np.einsum("ij,ij->i", outside, outside) + 1  # 1: the gene itself
    more = left.own * (2 * (left.genes @ outside.T) + left.own * lengths)
    if left.left is None:
        return more
    squares = np.einsum("ij,ij->i", left.genes, left.genes)
    without = sample_weights(left.left_without, fit.n_samples) * (squares[:, None] + more)
    return without - (sample_weights(left.left, fit.n_samples) * squares)[:, None]


def sample_weights(left, n_samples):
    """Weights that turn squared residuals into those of samples left out, beside their mean's.

    Parameters
    ----------
    left : ndarray of float64
        One less the leverage of each sample.
    n_samples : int
        Training samples.

    Returns
    -------
    ndarray of float64
        1 where nothing but the mean is fitted.
    """
    return ((1 - 1 / n_samples) / left) ** 2


def errors_along(fit, samples, trained_on):
    """Squared errors over all genes, for all leading parts of the panel.

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
    ndarray of float64 of shape (k,)
        Sums over samples and over the genes that are outside of the part.

    Notes
    -----
    Cholesky factors of leading parts are leading blocks, so that the squared residual of a sample
    is a quadratic form of which every part takes a leading block.
    """
    known = samples[:, fit.panel]
    whitened = known @ fit.inverse_factor.T
    inner = fit.scores @ fit.scores.T
    # What the penalty leaves unexplained of the part itself is known.
    inner -= fit.penalty**2 * (fit.inverse_factor @ fit.inverse_factor.T)
    terms = whitened * (2 * (whitened @ np.triu(inner, 1)) + whitened * np.diag(inner))
    terms -= 2 * whitened * (samples @ fit.scores.T)
    squares = np.einsum("ij,ij->i", samples, samples)[:, None] + np.cumsum(terms, axis=1)
    if trained_on:
        squares = squares * sample_weights(_unexplained(fit, known), fit.n_samples)
    return squares.sum(axis=0)
