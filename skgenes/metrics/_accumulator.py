"""Correlations of each gene over a stream of samples."""

from skgenes.metrics._inputs import check_pair
from skgenes.metrics._moments import correlation, merge_moments, moments_of


class PearsonAccumulator:
    """Pearson correlation of each gene from chunks of samples, without keeping them.

    Parameters
    ----------
    n_genes : int
        The number of columns of every chunk.

    Attributes
    ----------
    n_samples_seen : int
        Rows taken in so far.

    Raises
    ------
    ValueError
        If `n_genes` is less than 1.

    See Also
    --------
    per_gene_pearson : The same for two tables at hand.

    Notes
    -----
    The state is nine float64 numbers per gene, merged with the pairwise update of Chan, Golub and
    LeVeque, *The American Statistician* 37 (1983) 242-247, which keeps its precision where raw
    sums of squares cancel. How the rows are cut changes the result only in its rounding.

    Examples
    --------
    >>> from skgenes.metrics import PearsonAccumulator
    >>> accumulator = PearsonAccumulator(n_genes=1)
    >>> for chunk in ([[1.0], [2.0]], [[4.0]]):
    ...     accumulator.update(chunk, [[-row[0]] for row in chunk])
    >>> print(accumulator.result())
    [-1.]
    """

    def __init__(self, n_genes):
        if n_genes < 1:
            raise ValueError(f"n_genes must be at least 1, got {n_genes!r}.")
        self.n_genes = n_genes
        self._moments = None

    @property
    def n_samples_seen(self):
        """Rows taken in so far."""
        return 0 if self._moments is None else self._moments.n_samples

    def update(self, y_true, y_pred):
        """Take in a chunk of samples; a chunk which raises leaves the state as it was.

        Parameters
        ----------
        y_true, y_pred : array-like, DataFrame or sparse of shape (n_rows, n_genes)
            Measured and predicted expression of the same samples. Any real dtype.

        Raises
        ------
        ValueError
            If shapes differ, a value is not finite, or the number of genes is another.
        TypeError
            If values are not real numbers.
        """
        y_true, y_pred = check_pair(y_true, y_pred, min_samples=1, purpose="A chunk")
        if y_true.shape[1] != self.n_genes:
            raise ValueError(
                f"This accumulator was made for {self.n_genes} genes, but the chunk has "
                f"{y_true.shape[1]}; pass all genes of a few samples."
            )
        chunk = moments_of(y_true, y_pred)
        self._moments = chunk if self._moments is None else merge_moments(self._moments, chunk)

    def result(self):
        """Return the correlations over all rows so far.

        Returns
        -------
        ndarray of shape (n_genes,), float64
            The correlation of each gene, NaN for a gene which is constant in either table. No
            warning: `mean_defined` gives it.

        Raises
        ------
        ValueError
            If fewer than 2 rows were taken in.
        """
        if self.n_samples_seen < 2:
            raise ValueError(
                f"A correlation needs at least 2 samples, but this accumulator has seen "
                f"{self.n_samples_seen}; call update first."
            )
        return correlation(self._moments)
