"""The reference distribution of data that do not fit into memory."""

from sklearn.base import BaseEstimator

from skgenes.preprocessing._quantile import dense_chunks, mean_of_sorted
from skgenes.utils import validate_expression


def quantile_reference(chunks):
    r"""Reference distribution of data that come in chunks of samples.

    For data larger than memory: give the result to `QuantileNormalizer` as its `reference`, then
    transform chunk by chunk.

    Parameters
    ----------
    chunks : iterable of ndarray, DataFrame, sparse matrix or AnnData of shape (n_samples, n_genes)
        Samples, with the same genes in every chunk.

    Returns
    -------
    ndarray of float64 of shape (n_genes,)
        Ascending. In the unit of the chunks, and the same to the last bit however the samples are
        cut into chunks.

    Raises
    ------
    TypeError
        If `chunks` is a matrix, not an iterable of them.
    ValueError
        If there are no samples or fewer than two genes, the genes of a chunk differ from those of
        the first, or values are NaN or infinite.

    Warns
    -----
    UserWarning
        If samples have one value for all genes.

    See Also
    --------
    QuantileNormalizer : Learns the same from a matrix in memory, and applies it.

    Notes
    -----
    The k-th value is the mean over samples of their k-th smallest value,

    .. math:: r_k = \frac{1}{n} \sum_{i=1}^{n} x_{i(k)}, \qquad k = 1, \dots, p

    Beside the chunk, memory for three samples is used.

    References
    ----------
    Bolstad et al., *Bioinformatics* 19 (2003), on quantile normalisation,
    doi 10.1093/bioinformatics/19.2.185

    Examples
    --------
    >>> import numpy as np
    >>> from skgenes.preprocessing import quantile_reference
    >>> quantile_reference([np.array([[5.0, 2.0, 3.0]]), np.array([[4.0, 1.0, 6.0]])])
    array([1.5, 3.5, 5.5])
    """
    if hasattr(chunks, "shape"):
        raise TypeError(
            f"chunks must be an iterable of matrices, got one {type(chunks).__name__} of shape "
            f"{chunks.shape}. Pass [X] for a single matrix."
        )
    return mean_of_sorted(_checked(chunks))


class ChunkedSamples(BaseEstimator):
    """What all chunks share: their genes, kept and compared as those of an estimator are."""


def _checked(chunks):
    genes = ChunkedSamples()
    for i, chunk in enumerate(chunks):
        matrix = validate_expression(genes, chunk, reset=i == 0, ensure_min_features=2)
        yield from (dense for _, dense in dense_chunks(matrix))
