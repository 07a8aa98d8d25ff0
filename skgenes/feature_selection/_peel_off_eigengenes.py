"""Genes as points in the space of principal components."""

from numbers import Integral

import numpy as np
import scipy.sparse as sp
from sklearn.utils.sparsefuncs import min_max_axis

from skgenes.networks import standard_scaling

# Dense doubles made at a time (64 MB).
_CHUNK_ELEMENTS = 8_000_000


def eigengenes(X, n_components=0.9, *, standardize=True):
    """Coordinates of every gene in the space of the leading principal components.

    Parameters
    ----------
    X : ndarray or sparse matrix of shape (n_samples, n_genes)
        Expression, in any unit. Made dense in chunks only.
    n_components : int or float, default=0.9
        How many components, or the share of the variance, in (0, 1], that they shall explain.
        Never more than there are.
    standardize : bool, default=True
        Whether genes are divided by their standard deviation.

    Returns
    -------
    ndarray of float64 of shape (n_genes, n_components)
        Row j is ``U.T @ z_j``, with z_j the centred gene j over the square root of `n_samples` and
        U the leading left singular vectors of all of them; the strongest component first. Inner
        products are covariances of what the components hold of two genes, or correlations if
        standardised.

    Raises
    ------
    ValueError
        If no gene varies, or numbers are too large to be squared.

    Notes
    -----
    U comes from the eigenvectors of the samples' or the genes' products, whichever are fewer: a
    square matrix of that size is held.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        centred = _Centred(X, standardize)
        gram = centred.gram()
    if not (np.isfinite(gram).all() and np.isfinite(centred.scale).all()):
        raise ValueError(
            f"X has numbers that are too large to be squared: up to {abs(X).max():.3g}. Take their "
            "logarithm or another unit first."
        )
    variances, vectors = np.linalg.eigh(gram)
    # eigh sorts upwards.
    variances, vectors = variances[::-1], vectors[:, ::-1]
    kept = _n_kept(variances, n_components)
    if kept == 0:
        raise ValueError(
            f"None of the {X.shape[1]} genes of X varies, so that none can stand for others. Pass "
            "samples that differ."
        )
    if centred.samples_are_fewer:
        return centred.project(vectors[:, :kept])
    return vectors[:, :kept] * np.sqrt(variances[:kept])


class _Centred:
    """Centred genes over the square root of the number of samples, dense a chunk at a time."""

    def __init__(self, X, standardize):
        self.n_samples, self.n_genes = X.shape
        self.samples_are_fewer = self.n_samples <= self.n_genes
        scaling = standard_scaling(X)
        self.mean = scaling.mean
        self.scale = scaling.scale if standardize else np.ones(self.n_genes)
        low, high = min_max_axis(X, axis=0) if sp.issparse(X) else (X.min(axis=0), X.max(axis=0))
        # Their rounding must not look like variance.
        self._varies = low < high
        self._X = X.tocsc() if sp.issparse(X) and self.samples_are_fewer else X

    def gram(self):
        """Products of all pairs of samples or of genes, whichever are fewer."""
        products = np.zeros((min(self.n_samples, self.n_genes),) * 2)
        for _, chunk in self._chunks():
            products += chunk @ chunk.T if self.samples_are_fewer else chunk.T @ chunk
        return products

    def project(self, vectors):
        """Return the coordinates of the genes along vectors of samples."""
        points = np.empty((self.n_genes, vectors.shape[1]))
        for genes, chunk in self._chunks():
            points[genes] = chunk.T @ vectors
        return points

    def _chunks(self):
        """Blocks of genes where the samples are fewer, else of samples."""
        fewer, many = sorted((self.n_samples, self.n_genes))
        step = max(1, _CHUNK_ELEMENTS // fewer)
        for start in range(0, many, step):
            part, everything = slice(start, start + step), slice(None)
            rows, genes = (everything, part) if self.samples_are_fewer else (part, everything)
            chunk = self._X[rows, genes]
            chunk = chunk.toarray() if sp.issparse(chunk) else chunk
            # One memory order for all forms of X: sums round differently in another.
            chunk = chunk.astype(np.float64, order="C", copy=False)
            weight = self._varies[genes] / (self.scale[genes] * np.sqrt(self.n_samples))
            yield part, (chunk - self.mean[genes]) * weight


def _n_kept(variances, n_components):
    """How many of the variances, the largest first, are asked for and above rounding."""
    rounding = len(variances) * np.finfo(float).eps
    # The second term: ratios of subnormal numbers have no meaning.
    there = int(np.sum(variances > max(rounding * variances[0], np.finfo(float).tiny)))
    if isinstance(n_components, Integral):
        return min(int(n_components), there)
    shares = np.cumsum(variances[:there]) / max(variances[:there].sum(), np.finfo(float).tiny)
    return min(int(np.searchsorted(shares, n_components * (1 - rounding))) + 1, there)
