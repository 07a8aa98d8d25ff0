"""Where training draws the parts of genes from."""

import numpy as np

from skgenes.networks._dense import standardized


class FoldSource:
    """Fold sums of genes, a few dense rows at a time.

    Parameters
    ----------
    parts : sequence of ndarray or csr_array of shape (n_genes, (depth + 1) * n_features)
        Of every part the fold sums side by side, S_0 first.
    depths : tuple of int
        The last fold sum of every part.
    """

    def __init__(self, parts, depths):
        self._parts = parts
        self._rows = [depth + 1 for depth in depths]
        self.shape = parts[0].shape[0], sum(part.shape[1] for part in parts)

    def rows(self, indices):
        """Dense rows of every part.

        Parameters
        ----------
        indices : ndarray of int of shape (n_rows,)
            Genes wanted.

        Returns
        -------
        tuple of ndarray of float32 of shape (n_rows, depth + 1, n_features)
            One array for each part.
        """
        return tuple(
            standardized(part[indices], None).reshape(-1, n_rows, part.shape[1] // n_rows)
            for part, n_rows in zip(self._parts, self._rows, strict=True)
        )


class BinSource:
    """Bins of genes, a few dense rows at a time, with empty ones behind the last.

    Parameters
    ----------
    parts : sequence of tuple of csr_array and ndarray
        Of every part the bins of all genes, one gene below the other, and where each gene begins;
        see `skgenes.feature_extraction.Track`.
    depths : tuple of int
        How many empty bins follow at least.
    """

    def __init__(self, parts, depths):
        self._parts, self._depths = parts, depths
        # The size of an average gene: what a stack of batches holds is bounded by it.
        n_genes = len(parts[0][1]) - 1
        n_numbers = sum(bins.shape[0] * bins.shape[1] for bins, _ in parts)
        self.shape = (n_genes, max(1, n_numbers // n_genes))

    def rows(self, indices):
        """Dense rows of every part.

        Parameters
        ----------
        indices : ndarray of int of shape (n_rows,)
            Genes wanted.

        Returns
        -------
        tuple of ndarray of float32 of shape (n_rows, n_positions, n_features)
            One array for each part, as long as the longest gene among these with its empty bins.
        """
        return tuple(
            _padded_bins(bins, offsets, indices, depth)
            for (bins, offsets), depth in zip(self._parts, self._depths, strict=True)
        )


def _padded_bins(bins, offsets, genes, depth):
    lengths = offsets[genes + 1] - offsets[genes]
    n_positions = max(lengths.max(initial=0) + depth, depth + 1)
    result = np.zeros((len(genes), n_positions, bins.shape[1]), dtype=np.float32)
    for block, gene, length in zip(result, genes, lengths, strict=True):
        block[:length] = bins[offsets[gene] : offsets[gene] + length].toarray()
    return result
