"""Where training draws its batches from: row indices in, dense float32 out.

Anything with ``shape`` and ``rows`` can be trained on, so that data larger than memory needs a new
source and nothing else.
"""

from typing import Protocol

import numpy as np
import scipy.sparse as sp

from skgenes.networks._dense import CHUNK_ELEMENTS, Scaling, standardized


class RowSource(Protocol):
    """What the training loop asks of its data."""

    @property
    def shape(self) -> tuple[int, int]:
        """Number of samples and of columns."""

    def rows(self, indices: np.ndarray) -> np.ndarray:
        """Dense rows.

        Parameters
        ----------
        indices : ndarray of int of shape (n_rows,)
            Rows wanted.

        Returns
        -------
        ndarray of float32 of shape (n_rows, n_columns)
            The rows, in the order of `indices`.
        """


class MatrixSource:
    """Rows of an array or CSR matrix, standardised on the way out.

    Only the rows asked for are made dense.

    Parameters
    ----------
    matrix : ndarray or csr_array of shape (n_samples, n_columns)
        The data.
    scaling : Scaling or None, default=None
        Applied to every batch.
    """

    def __init__(self, matrix, scaling=None):
        self.matrix = matrix
        self.scaling = scaling
        self.shape = matrix.shape

    def rows(self, indices):
        """Dense float32 rows.

        Parameters
        ----------
        indices : ndarray of int of shape (n_rows,)
            Rows wanted.

        Returns
        -------
        ndarray of float32 of shape (n_rows, n_columns)
            The rows, standardised, in the order of `indices`.
        """
        return standardized(self.matrix[indices], self.scaling)


def standard_scaling(matrix, offset=0.0):
    """Mean and standard deviation of every column, in one pass over chunks of rows.

    Chunks are merged in double precision with the update of Chan, Golub and LeVeque (1983), so
    that large means do not cancel small spreads.

    Parameters
    ----------
    matrix : ndarray or csr_array of shape (n_samples, n_columns)
        Training data.
    offset : float, default=0.0
        Added to the standard deviation. Constant columns get a scale of 1.

    Returns
    -------
    Scaling
        Column means and scales, float64.
    """
    n_samples, n_columns = matrix.shape
    step = max(1, CHUNK_ELEMENTS // n_columns)
    count, mean, squares = 0, np.zeros(n_columns), np.zeros(n_columns)
    for start in range(0, n_samples, step):
        chunk = matrix[start : start + step]
        chunk = chunk.toarray() if sp.issparse(chunk) else chunk
        # One memory order for all forms of X: sums round differently in another.
        chunk = chunk.astype(np.float64, order="C", copy=False)
        chunk_mean = chunk.mean(axis=0)
        shift = chunk_mean - mean
        total = count + len(chunk)
        squares += ((chunk - chunk_mean) ** 2).sum(axis=0) + shift**2 * (count * len(chunk) / total)
        mean += shift * (len(chunk) / total)
        count = total
    scale = np.sqrt(squares / n_samples)
    # Rounding leaves a constant column a spread of some ulps; that is not a scale.
    constant = scale <= 1e-12 * np.abs(mean)
    return Scaling(mean, np.where(constant, 1.0, scale + offset))
