"""Float64 moments of paired columns, which two halves of the rows can be merged from."""

from typing import NamedTuple

import numpy as np

from skgenes.metrics._inputs import blocks, check_finite, genes_at_once, take_genes


class Moments(NamedTuple):
    """Moments of paired genes; every array is float64 of shape (2, n_genes), y_true first.

    `squares` are sums of squared deviations from the mean; `products`, of shape (n_genes,), the
    sums of products of both deviations; `low` and `high` the extremes.
    """

    n_samples: int
    mean: np.ndarray
    squares: np.ndarray
    products: np.ndarray
    low: np.ndarray
    high: np.ndarray

    @property
    def constant(self):
        """Genes with one value only, bool of shape (2, n_genes)."""
        # The extremes decide: the squares of a constant 0.1 are rounding, not zero. Squares
        # which underflow to zero leave no direction to correlate either.
        return (self.low == self.high) | (self.squares == 0)


def moments_of(y_true, y_pred):
    """Return the moments of two checked tables, a block of genes at a time."""
    n_samples, n_genes = y_true.shape
    pair_shape = (2, n_genes)
    mean, squares, low, high = (np.empty(pair_shape) for _ in range(4))
    products = np.empty(n_genes)
    for genes in blocks(0, n_genes, genes_at_once(n_samples)):
        centred = []
        for side, (name, y) in enumerate((("y_true", y_true), ("y_pred", y_pred))):
            block = take_genes(y, genes)
            low[side, genes] = block.min(axis=0)
            high[side, genes] = block.max(axis=0)
            check_finite(low[side, genes], high[side, genes], block, y, genes, name)
            mean[side, genes], deviations = _centre(block)
            squares[side, genes] = _column_dots(deviations, deviations)
            centred.append(deviations)
        products[genes] = _column_dots(*centred)
    return Moments(n_samples, mean, squares, products, low, high)


def merge_moments(one, other):
    """Return the moments of the rows of both (Chan, Golub & LeVeque 1983)."""
    n_samples = one.n_samples + other.n_samples
    weight = other.n_samples / n_samples
    delta = other.mean - one.mean
    between = one.n_samples * weight
    return Moments(
        n_samples,
        one.mean + weight * delta,
        one.squares + other.squares + between * delta**2,
        one.products + other.products + between * delta[0] * delta[1],
        np.minimum(one.low, other.low),
        np.maximum(one.high, other.high),
    )


def correlation(moments):
    """Return Pearson's r per gene, float64 of shape (n_genes,), NaN where a side is constant."""
    undefined = moments.constant.any(axis=0)
    norms = np.sqrt(moments.squares)
    scale = np.where(undefined, 1.0, norms[0]) * np.where(undefined, 1.0, norms[1])
    return np.where(undefined, np.nan, np.clip(moments.products / scale, -1.0, 1.0))


def _centre(block):
    mean = block.mean(axis=0)
    deviations = block - mean
    # A second step: the rounding of the first mean is large beside a small spread.
    rest = deviations.mean(axis=0)
    deviations -= rest
    return mean + rest, deviations


def _column_dots(a, b):
    return np.einsum("ij,ij->j", a, b)
