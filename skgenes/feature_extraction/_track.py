"""One ragged sparse matrix: the bins of every gene, one below the other."""

from itertools import pairwise
from numbers import Integral

import numpy as np
import scipy.sparse as sp
from sklearn.utils import check_scalar

from skgenes.utils import check_expression
from skgenes.utils._messages import listed

# Sums are added in float64, of genes with about so many bins and values at a time.
_SUMMED_AT_ONCE = 200_000


class Track:
    """Binding of regulators along a region of each gene, such as its promoter or its RNA.

    Parameters
    ----------
    bins : sparse matrix or ndarray of shape (n_bins, n_features)
        The bins of all genes stacked, 5' to 3': bases of each bin bound by each regulator. Column
        0 is the mask: bases of the bin that exist.
    offsets : array-like of int of shape (n_genes + 1,)
        Gene i has the rows ``offsets[i]:offsets[i + 1]``.
    regulators : sequence of str of shape (n_features,)
        Names of the columns, that of the mask ("exon", "promoter") first.
    bin_size : int, default=100
        Bases per bin. The last bin of a gene may be shorter, as its mask says.

    Attributes
    ----------
    bins : csr_array of shape (n_bins, n_features), float32
        The bins, in bases, without explicit zeros.
    offsets : ndarray of shape (n_genes + 1,), int64
        Where each gene begins.
    regulators : ndarray of str of shape (n_features,), dtype object
        Names of the columns.
    bin_size : int
        Bases per bin.

    Raises
    ------
    TypeError
        If names are no text, or `bin_size` no whole number.
    ValueError
        If offsets and bins do not fit, names are empty or not unique, or values are negative, NaN
        or infinite.

    See Also
    --------
    RegulatoryTracks : Promoter and RNA of the same genes.

    Examples
    --------
    >>> from skgenes.feature_extraction import Track
    >>> track = Track([[100, 30], [100, 0], [40, 40]], [0, 2, 3], ["exon", "ELAVL1"])
    >>> len(track), track.lengths
    (2, array([2, 1]))
    >>> track.fold_sums(depth=1)[1].toarray()
    array([[100.,   0.],
           [  0.,   0.]], dtype=float32)
    """

    def __init__(self, bins, offsets, regulators, *, bin_size=100):
        check_scalar(bin_size, "bin_size", Integral, min_val=1)
        self.bins = _checked_bins(bins)
        self.offsets = _checked_offsets(offsets, self.bins.shape[0])
        self.regulators = checked_names(regulators, "regulators")
        self.bin_size = int(bin_size)
        if self.regulators.size != self.bins.shape[1]:
            raise ValueError(
                f"regulators has {self.regulators.size} name(s) for {self.bins.shape[1]} columns "
                "of bins. Pass one for each column, that of the mask first."
            )
        if not self.regulators.size:
            raise ValueError("bins has no columns; column 0 must be the mask.")

    @property
    def lengths(self):
        """Number of bins of each gene.

        Returns
        -------
        ndarray of shape (n_genes,), int64
            The numbers; 0 where a gene has none.
        """
        return np.diff(self.offsets)

    def fold_sums(self, depth):
        r"""Column sums of the bins that remain when the first ones of each gene are left out.

        Parameters
        ----------
        depth : int
            The most bins to leave out, at least 0.

        Returns
        -------
        list of csr_array of shape (n_genes, n_features), float32
            ``depth + 1`` matrices: item d has the sums over bins d, d + 1, ... of each gene, 0
            where a gene has no more than d bins. In bases, summed in float64.

        Raises
        ------
        TypeError
            If depth is no whole number.
        ValueError
            If it is below 0.

        Notes
        -----
        With two linear convolutions of kernels :math:`W_1, W_2` and zeros to the right of each
        gene, the sum of the outputs over all positions is
        :math:`\sum_{i,j} S_{i+j} W_{1,i} W_{2,j}`, where :math:`S_d` is item d: no convolution
        needs to be computed (the network of Tasaki et al., *Nature Machine Intelligence* 2
        (2020), Methods, doi 10.1038/s42256-020-0201-6).
        """
        check_scalar(depth, "depth", Integral, min_val=0)
        size = self.offsets + self.bins.indptr[self.offsets]
        middle = np.searchsorted(size, np.arange(_SUMMED_AT_ONCE, size[-1], _SUMMED_AT_ONCE))
        edges = [0, *np.unique(middle[middle < len(self)]), len(self)]
        blocks = [self._block_sums(start, stop, depth) for start, stop in pairwise(edges)]
        return [sp.vstack(sums, format="csr") for sums in zip(*blocks, strict=True)]

    def __len__(self):
        return self.offsets.size - 1

    def __eq__(self, other):
        if not isinstance(other, Track):
            return NotImplemented
        return (
            self.bin_size == other.bin_size
            and self.bins.shape == other.bins.shape
            and np.array_equal(self.offsets, other.offsets)
            and np.array_equal(self.regulators, other.regulators)
            and np.array_equal(self.bins.indptr, other.bins.indptr)
            and np.array_equal(self.bins.indices, other.bins.indices)
            and np.array_equal(self.bins.data, other.bins.data)
        )

    __hash__ = None

    def __repr__(self):
        return (
            f"Track({len(self):,} genes, {self.bins.shape[0]:,} bins of {self.bin_size} x "
            f"{self.regulators.size:,} features, {self.bins.nnz:,} values)"
        )

    def _like(self, **changes):
        """Copy with some attributes replaced by valid ones."""
        other = object.__new__(Track)
        vars(other).update({**vars(self), **changes})
        return other

    def _block_sums(self, start, stop, depth):
        """Fold sums of consecutive genes."""
        offsets = self.offsets[start : stop + 1]
        bins = self.bins[offsets[0] : offsets[-1]]
        offsets = offsets - offsets[0]
        sums = []
        for n_left_out in range(depth + 1):
            starts = np.minimum(offsets[:-1] + n_left_out, offsets[1:])
            rows, counts = ranges(starts, offsets[1:])
            indptr = np.concatenate([[0], np.cumsum(counts)])
            # Wide indices here would widen those of the bins.
            rows, indptr = rows.astype(bins.indices.dtype), indptr.astype(bins.indptr.dtype)
            adder = sp.csr_array((np.ones(rows.size), rows, indptr), (stop - start, offsets[-1]))
            sums.append((adder @ bins).astype(np.float32))
        return sums

    def _rows(self, genes):
        """Keep genes, given by position, in that order."""
        rows, counts = ranges(self.offsets[genes], self.offsets[1:][genes])
        offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        return self._like(bins=_tidy(self.bins[rows]), offsets=offsets)

    def _columns(self, columns):
        """Keep columns, given by a mask."""
        kept = np.flatnonzero(columns)
        return self._like(bins=_tidy(self.bins[:, kept]), regulators=self.regulators[kept])

    def _divided(self, divisors):
        """Divide each column; by infinity removes what is in it."""
        bins = self.bins.copy()
        bins.data /= np.asarray(divisors, dtype=np.float32)[bins.indices]
        bins.eliminate_zeros()
        return self._like(bins=bins)


def ranges(starts, stops):
    """Count from each start to before its stop.

    Parameters
    ----------
    starts, stops : ndarray of int of shape (n_ranges,)
        Bounds; no start is above its stop.

    Returns
    -------
    numbers : ndarray of int64
        All ranges, one behind the other.
    counts : ndarray of int64 of shape (n_ranges,)
        How many numbers each has.
    """
    counts = stops - starts
    before = np.cumsum(counts) - counts
    total = int(counts.sum())
    return np.arange(total, dtype=np.int64) + np.repeat(starts - before, counts), counts


def checked_names(names, what):
    """Make an array of names, all of them different.

    Parameters
    ----------
    names : sequence of str
        The names.
    what : str
        What they are called, for messages.

    Returns
    -------
    ndarray of object of shape (n_names,)
        The names, each a str.

    Raises
    ------
    TypeError
        If one is no text.
    ValueError
        If one is empty or occurs twice.
    """
    if isinstance(names, str):
        raise TypeError(f"{what} must be a sequence of names, got the text {names!r}.")
    names = list(names)
    strange = [name for name in names if not isinstance(name, str)]
    if strange:
        raise TypeError(f"{what} must be names, got {strange[0]!r}.")
    result = np.empty(len(names), dtype=object)
    result[:] = [str(name) for name in names]
    values, counts = np.unique(result, return_counts=True)
    if (counts > 1).any():
        raise ValueError(
            f"{what} has {(counts > 1).sum()} name(s) more than once: "
            f"{listed(values[counts > 1])}. Make them unique."
        )
    if "" in names:
        raise ValueError(f"{what} has an empty name at position {names.index('')}.")
    return result


def _checked_bins(bins):
    bins = check_expression(
        bins, what="bins", ensure_min_samples=0, ensure_min_features=0, copy=False
    )
    bins = sp.csr_array(bins, dtype=np.float32)
    if bins.data.size and bins.data.min() < 0:
        where = int(np.argmax(bins.data < 0))
        row = np.searchsorted(bins.indptr, where, side="right") - 1
        raise ValueError(
            f"bins has {(bins.data < 0).sum()} negative value(s), such as {bins.data[where]:g} in "
            f"row {row}, column {bins.indices[where]}. Bases bound cannot be less than 0."
        )
    if not bins.data.all():
        bins = bins.copy()
        bins.eliminate_zeros()
    return _tidy(bins)


def _tidy(bins):
    """Bring entries into one order, so that equal matrices have equal arrays; narrow indices."""
    index = np.int32 if max(bins.nnz, *bins.shape) < 2**31 else np.int64
    if bins.indices.dtype != index or bins.indptr.dtype != index:
        content = bins.data, bins.indices.astype(index), bins.indptr.astype(index)
        bins = sp.csr_array(content, bins.shape)
    bins.sort_indices()
    return bins


def _checked_offsets(offsets, n_bins):
    result = np.asarray(offsets)
    if result.ndim != 1 or result.dtype.kind not in "iu" or not result.size:
        raise ValueError(
            "offsets must be whole numbers, one more than there are genes, got an array of "
            f"{result.dtype} of shape {result.shape}."
        )
    result = result.astype(np.int64)
    if result[0] != 0 or result[-1] != n_bins:
        raise ValueError(
            f"offsets must go from 0 to {n_bins}, the number of bins, but go from {result[0]} to "
            f"{result[-1]}."
        )
    steps = np.diff(result)
    if (steps < 0).any():
        gene = int(np.argmax(steps < 0))
        raise ValueError(
            f"offsets must not decrease, but those of gene {gene} are {result[gene]} and "
            f"{result[gene + 1]}."
        )
    return result
