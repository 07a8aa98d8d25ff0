"""Sums over samples that stand for a whole matrix: means and genes x genes products."""

import numpy as np
import scipy.sparse as sp

_ROWS_AT_ONCE = 1024


class GeneSums:
    """Means and genes x genes sums of products, gathered batch by batch.

    What a linear panel search needs to know of any number of samples. Batches are merged by the
    rule of Chan, Golub and LeVeque, so that a large mean costs no digits.

    Parameters
    ----------
    n_genes : int
        Number of genes.

    Attributes
    ----------
    weight : float
        Sum of the weights of the samples seen.
    mean : ndarray of float64 of shape (n_genes,)
        Weighted means.
    products : ndarray of float64 of shape (n_genes, n_genes)
        Weighted sums of products of deviations from the means.
    n_samples : int
        Number of samples seen.
    total, least, most : ndarray of float64 of shape (n_genes,)
        Sums of the values, whatever the weights, the smallest and the largest.
    """

    def __init__(self, n_genes):
        self.weight = 0.0
        self.mean = np.zeros(n_genes)
        self.products = np.zeros((n_genes, n_genes))
        self.n_samples, self.total = 0, np.zeros(n_genes)
        self.least, self.most = np.full(n_genes, np.inf), np.full(n_genes, -np.inf)

    def update(self, X, weights=None):
        """Add samples, of which only a batch is dense at a time.

        Parameters
        ----------
        X : ndarray or csr_array of shape (n_samples, n_genes)
            Samples.
        weights : ndarray of shape (n_samples,) or None, default=None
            Weights of the samples, not negative; None weighs each 1.

        Returns
        -------
        GeneSums
            Itself.
        """
        for batch, some in batches(X, weights):
            if some.sum() > 0:
                self._merge(batch, some)
        return self

    def _merge(self, batch, weights):
        self.n_samples += len(batch)
        self.total += batch.sum(axis=0)
        np.minimum(self.least, batch.min(axis=0), out=self.least)
        np.maximum(self.most, batch.max(axis=0), out=self.most)
        weight = weights.sum()
        mean = weights @ batch / weight
        deviations = (batch - mean) * np.sqrt(weights)[:, None]
        shift, total = mean - self.mean, self.weight + weight
        self.products += deviations.T @ deviations
        if self.weight > 0:
            self.products += np.outer(shift, shift * (self.weight * weight / total))
        self.mean += shift * (weight / total)
        self.weight = total

    def covariance(self):
        """Covariance matrix.

        Returns
        -------
        ndarray of float64 of shape (n_genes, n_genes)
            Products divided by the weight.
        """
        return self.products / self.weight

    def deviations(self):
        """Standard deviations, 0 where a gene is constant but for rounding.

        Returns
        -------
        ndarray of float64 of shape (n_genes,)
            In the unit of the data.
        """
        variances = np.maximum(np.diag(self.products), 0) / self.weight
        noise = np.finfo(np.float64).eps * np.maximum(np.abs(self.mean), np.finfo(float).tiny)
        return np.where(variances > (10 * noise) ** 2, np.sqrt(variances), 0.0)


def batches(X, weights=None):
    """Go through samples, of which only a batch is dense at a time.

    Parameters
    ----------
    X : ndarray or csr_array of shape (n_samples, n_genes)
        Samples.
    weights : ndarray of shape (n_samples,) or None, default=None
        Their weights; None weighs each 1.

    Yields
    ------
    batch : ndarray of float64 of shape (n_rows, n_genes)
        Samples, in one memory order whatever the form of X: sums round differently in another.
    weights : ndarray of float64 of shape (n_rows,)
        Their weights.
    """
    weights = np.ones(X.shape[0]) if weights is None else weights
    for start in range(0, X.shape[0], _ROWS_AT_ONCE):
        rows = slice(start, start + _ROWS_AT_ONCE)
        batch = X[rows].toarray() if sp.issparse(X) else X[rows]
        yield np.ascontiguousarray(batch, dtype=np.float64), weights[rows]


def correlation(sums):
    """Correlation matrix; constant genes correlate with nothing, themselves included.

    Parameters
    ----------
    sums : GeneSums
        Of the samples.

    Returns
    -------
    ndarray of float64 of shape (n_genes, n_genes)
        Symmetric, 1 on the diagonal, or 0 for constant genes.
    """
    deviations = sums.deviations()
    scale = np.divide(1, deviations, out=np.zeros_like(deviations), where=deviations > 0)
    result = sums.products * (scale / sums.weight)[:, None]
    result *= scale
    np.fill_diagonal(result, deviations > 0)
    return result
