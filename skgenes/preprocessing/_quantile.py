"""The kernels of quantile normalisation: one sample after the other, in the processor's cache."""

import warnings

import numpy as np
import scipy.sparse as sp
from sklearn.utils import gen_batches

from skgenes.utils._messages import listed

CHUNK_ELEMENTS = 2**19


def mean_of_sorted(chunks):
    """Mean over all rows of their sorted values.

    Parameters
    ----------
    chunks : iterable of ndarray of shape (n_samples, n_genes), float64 or float32
        Samples.

    Returns
    -------
    ndarray of float64 of shape (n_genes,)
        Ascending.
    """
    total, n_samples, constant = None, 0, []
    for chunk in chunks:
        total = np.zeros(chunk.shape[1]) if total is None else total
        for sample in chunk:
            ordered = np.sort(sample)
            total += ordered
            if ordered[0] == ordered[-1]:
                constant.append(n_samples)
            n_samples += 1
    if not n_samples:
        raise ValueError("chunks has no samples; pass at least one matrix with at least one row.")
    warn_constant(constant, "they count in the reference, which they flatten")
    return total / n_samples


def onto_reference(X, reference, ties):
    """Give every value of a sample the reference's value of the same rank.

    Parameters
    ----------
    X : ndarray or csr_array of shape (n_samples, n_genes), float64 or float32
        Samples, at least two genes.
    reference : ndarray of float64 of shape (n_quantiles,)
        Ascending quantiles.
    ties : {"average", "dense"}
        What rank equal values get.

    Returns
    -------
    ndarray of shape (n_samples, n_genes), dtype of X
        The samples on the reference.
    """
    n_genes = X.shape[1]
    values_of = RANKINGS[ties](reference, n_genes, X.dtype)
    columns = np.arange(n_genes)
    out, constant = np.empty(X.shape, dtype=X.dtype), []
    for rows, chunk in dense_chunks(X):
        for row, sample in enumerate(chunk, rows.start):
            order, is_first = sort_sample(sample, columns)
            out[row][order] = values_of(is_first)
            if not is_first[1:].any():
                constant.append(row)
    warn_constant(constant, "all of it becomes the reference's median")
    return out


def dense_chunks(X):
    """Cut a matrix into rows that lie side by side in memory.

    Parameters
    ----------
    X : ndarray or csr_array of shape (n_samples, n_genes)
        The matrix.

    Yields
    ------
    rows : slice
        Which rows.
    chunk : ndarray of shape (n_rows, n_genes)
        Their values, C-contiguous; a view where that is possible.
    """
    for rows in gen_batches(X.shape[0], max(1, CHUNK_ELEMENTS // X.shape[1])):
        chunk = X[rows]
        yield rows, chunk.toarray() if sp.issparse(X) else np.ascontiguousarray(chunk)


def sort_sample(sample, columns):
    """Sort a sample and find its groups of equal values.

    Parameters
    ----------
    sample : ndarray of shape (n_genes,), float64 or float32
        Finite values.
    columns : ndarray of int64 of shape (n_genes,)
        0, 1, ..., n_genes - 1.

    Returns
    -------
    order : ndarray of int64 of shape (n_genes,)
        Columns by ascending value.
    is_first : ndarray of bool of shape (n_genes,)
        Whether the value at this place of the order differs from the one before.
    """
    # Sorting integers is several times faster than argsort. So the column takes the last bits of
    # the value's, read as an integer: all zero in float32, past the 35th bit or so of the
    # mantissa in float64, where the order is checked.
    keys = np.add(sample, 0.0, dtype=np.float64).view(np.int64)  # -0.0 becomes 0.0
    if keys.min() < 0:
        keys ^= (keys >> 63) & 0x7FFF_FFFF_FFFF_FFFF  # integers in the order of the numbers
    column_bits = (1 << (len(columns) - 1).bit_length()) - 1
    keys &= ~column_bits
    keys |= columns
    keys.sort()
    keys &= column_bits
    ordered = sample[keys]
    if (ordered[1:] < ordered[:-1]).any():
        keys = np.argsort(sample)
        ordered = sample[keys]
    is_first = np.ones(len(columns), dtype=bool)
    np.not_equal(ordered[1:], ordered[:-1], out=is_first[1:])
    return keys, is_first


def spread(reference, n_places):
    """Quantiles at places that are evenly spaced from the first to the last of the reference.

    Parameters
    ----------
    reference : ndarray of float64 of shape (n_quantiles,)
        Ascending quantiles.
    n_places : int
        Number of places; a single one is in the middle.

    Returns
    -------
    ndarray of float64 of shape (n_places,)
        The reference, interpolated linearly.
    """
    last = reference.size - 1
    places = np.linspace(0, last, n_places) if n_places > 1 else np.array([last / 2])
    return np.interp(places, np.arange(reference.size), reference)


def warn_constant(rows, consequence):
    """Warn of samples with a single value; all zero is what a failed sample looks like.

    Parameters
    ----------
    rows : list of int
        The samples.
    consequence : str
        What becomes of them.
    """
    if rows:
        warnings.warn(
            f"{len(rows)} sample(s) have one value for all genes (rows {listed(rows)}): "
            f"{consequence}. Drop samples that failed.",
            UserWarning,
            stacklevel=3,
        )


def _average_ranks(reference, n_genes, dtype):
    # A group of ties from place i to place j of n has its average rank at (i + j) / 2.
    at_half_ranks = spread(reference, 2 * n_genes - 1).astype(dtype)
    at_ranks = at_half_ranks[::2].copy()

    def values(is_first):
        if is_first.all():
            return at_ranks
        starts = np.flatnonzero(is_first)
        counts = np.diff(starts, append=n_genes)
        return np.repeat(at_half_ranks[2 * starts + counts - 1], counts)

    return values


def _dense_ranks(reference, n_genes, dtype):
    def values(is_first):
        ranks = np.cumsum(is_first)
        return spread(reference, ranks[-1]).astype(dtype)[ranks - 1]

    return values


RANKINGS = {"average": _average_ranks, "dense": _dense_ranks}
