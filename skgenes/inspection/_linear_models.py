"""One linear model per gene by least squares."""

from typing import NamedTuple

import numpy as np
import scipy.linalg
import scipy.sparse as sp

_BLOCK_VALUES = 2**18  # 2 MiB of float64: stays in the cache


class ContrastFit(NamedTuple):
    """A contrast of coefficients for every gene; arrays are float64 of shape (n_genes,).

    `effect` is the contrast and `unscaled` its standard error for a residual variance of 1.
    `variance` is the residual variance with `df` degrees of freedom, and `mean` that over samples.
    """

    effect: np.ndarray
    variance: np.ndarray
    mean: np.ndarray
    unscaled: float
    df: int


def ols(X, design, contrast):
    """Fit every gene by least squares.

    Parameters
    ----------
    X : ndarray or csr_array of shape (n_samples, n_genes)
        Expression.
    design : ndarray of float64 of shape (n_samples, n_coefficients)
        Of full column rank, with fewer coefficients than samples.
    contrast : ndarray of float64 of shape (n_coefficients,)
        Weights of the coefficients.

    Returns
    -------
    ContrastFit
        Effects and variances which are nothing but rounding are 0.

    Raises
    ------
    ValueError
        If squares of X overflow.
    """
    n_samples, n_genes = X.shape
    X = X.tocsc() if sp.issparse(X) else X
    q, r = np.linalg.qr(design)
    # The effect of a gene is the product of these weights and its fitted coordinates.
    weights = scipy.linalg.solve_triangular(r, contrast, trans="T")
    unscaled, df = float(np.linalg.norm(weights)), n_samples - design.shape[1]
    effect, variance, mean = (np.empty(n_genes) for _ in range(3))
    size = max(1, _BLOCK_VALUES // n_samples)
    for start in range(0, n_genes, size):
        genes = slice(start, start + size)
        block = _dense(X[:, genes])
        coordinates = q.T @ block
        with np.errstate(over="ignore"):
            rounding = n_samples * np.finfo(np.float64).eps * np.linalg.norm(block, axis=0)
        if np.isinf(rounding).any():
            raise ValueError(
                f"Squares of X, with values up to {np.abs(block).max():g}, are too large for "
                "float64. Take logarithms, or scale X down."
            )
        norms = np.linalg.norm(block - q @ coordinates, axis=0)
        variance[genes] = np.where(norms > rounding, norms**2 / df, 0.0)
        effects = weights @ coordinates
        effect[genes] = np.where(np.abs(effects) > rounding * unscaled, effects, 0.0)
        mean[genes] = block.mean(axis=0)
    return ContrastFit(effect, variance, mean, unscaled, df)


def _dense(block):
    return np.asarray(block.toarray() if sp.issparse(block) else block, dtype=np.float64)
