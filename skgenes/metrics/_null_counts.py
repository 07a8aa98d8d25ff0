"""How many null correlations lie above a gene's own: the kernel of the permutation test.

Float32 GEMM decides almost every pair of genes; the few within its rounding are decided again in
float64. No array is genes x genes.
"""

from typing import NamedTuple

import numpy as np

from skgenes.metrics._inputs import blocks, genes_at_once, take_genes

TIE = 1e-12  # correlations closer than this are equal: float64 rounding, not an order
TILE = 2040  # genes a side; a multiple of 255, the most rows which a uint8 can count
_FLOAT32_ROUNDING = 2.0**-24
_ROUNDING_SIGMAS = 8.0
_DENSE_VALUES = 2**20  # float64 values a side of a dense part, 8 MiB: large enough for GEMM
_DENSE_SHARE = 1 / 64  # of a tile's pairs in doubt, where a float64 GEMM beats gathering them


class UnitColumns(NamedTuple):
    """Genes of a table, as centred columns of norm 1 made when asked for.

    Attributes
    ----------
    y : ndarray, DataFrame or CSC of shape (n_samples, n_genes)
        The table.
    index : ndarray of shape (n_columns,), int
        Which of its genes, none of them constant.
    mean, norm : ndarray of shape (n_columns,), float64
        Mean and norm of the deviations of these genes.
    """

    y: object
    index: np.ndarray
    mean: np.ndarray
    norm: np.ndarray

    def take(self, which):
        """Return columns `which` (slice or integers), float64 (n_samples, n_taken)."""
        columns = take_genes(self.y, self.index[which]) - self.mean[which]
        columns /= self.norm[which]
        return columns


def count_above(null, tested, pcc, own):
    """Count, per tested gene, the null correlations strictly above its own.

    Parameters
    ----------
    null : UnitColumns of n_null genes
        Measured genes g_k.
    tested : UnitColumns of n_tested genes
        Predicted genes ghat_j.
    pcc : ndarray of shape (n_tested,), float64
        corr(g_j, ghat_j).
    own : ndarray of shape (n_tested,), int
        Position of g_j among `null`, or -1: that pair is not counted.

    Returns
    -------
    ndarray of shape (n_tested,), int64
        Numbers of k with corr(ghat_j, g_k) > pcc_j + `TIE`.

    Notes
    -----
    An additional row of the GEMM, 1 times -pcc_j, turns "above pcc_j" into "above 0". Extra
    memory: a float32 copy of the null genes, one of a tile of tested genes, and about 60 MB.
    """
    n_null, n_tested = null.index.size, tested.index.size
    above = np.zeros(n_tested, dtype=np.int64)
    if n_tested == 0:
        return above
    window = rounding_window(null.y.shape[0])
    left = _gene_rows(null, slice(0, n_null), np.ones(n_null))
    space = np.empty(TILE * TILE, dtype=np.float32)
    for columns in blocks(0, n_tested, TILE):
        right = _gene_rows(tested, columns, -pcc[columns])
        for rows in blocks(0, n_null, TILE):
            shape = (rows.stop - rows.start, columns.stop - columns.start)
            excess = space[: shape[0] * shape[1]].reshape(shape)
            np.matmul(left[rows], right.T, out=excess)
            _hide_own(excess, own[columns] - rows.start)
            counts, doubtful = _decide(excess, window)
            above[columns] += counts
            if doubtful.size:
                decide_again = _decide_densely if _is_dense(doubtful, shape) else _decide_pairs
                above[columns] += decide_again(null, tested, pcc, rows, columns, doubtful)
    return above


def rounding_window(n_samples):
    """Bound the error of a float32 product of two unit columns less a correlation.

    Notes
    -----
    The sum of the n + 1 absolute products is at most 2, so the error is at most 2 (n + 1) u in the
    worst case and 2 lambda sqrt(n + 1) u but for a chance of about 2 exp(-lambda^2 / 2) (Higham &
    Mary, SIAM J. Sci. Comput. 41 (2019) A2815, for inner products; lambda = 8), plus 4 u for the
    rounding of the operands.
    """
    terms = n_samples + 1
    growth = min(terms, _ROUNDING_SIGMAS * np.sqrt(terms))
    return np.float32((2 * growth + 4) * _FLOAT32_ROUNDING)


def _gene_rows(unit, which, extra):
    """Return float32 rows of unit columns, `extra` appended to each: (n_which, n_samples + 1)."""
    n_samples = unit.y.shape[0]
    rows = np.empty((which.stop - which.start, n_samples + 1), dtype=np.float32)
    for part in blocks(which.start, which.stop, genes_at_once(n_samples)):
        rows[part.start - which.start : part.stop - which.start, :-1] = unit.take(part).T
    rows[:, -1] = extra
    return rows


def _hide_own(excess, own_row):
    inside = np.flatnonzero((own_row >= 0) & (own_row < excess.shape[0]))
    excess[own_row[inside], inside] = -np.inf


def _decide(excess, window):
    """Return counts per column of values above the window, and flat positions of those within."""
    sure = excess > window
    possible = excess >= -window
    np.logical_xor(sure, possible, out=possible)
    return _count_true(sure), np.flatnonzero(possible)


def _count_true(mask):
    # uint8 sums of 255 rows stay in vector registers; a sum of booleans as int64 does not.
    counts = np.zeros(mask.shape[1], dtype=np.int64)
    for start in range(0, mask.shape[0], 255):
        counts += np.add.reduce(mask[start : start + 255].view(np.uint8), axis=0, dtype=np.uint8)
    return counts


def _is_dense(doubtful, shape):
    return doubtful.size > _DENSE_SHARE * shape[0] * shape[1]


def _decide_pairs(null, tested, pcc, rows, columns, doubtful):
    """Decide pairs in float64, gathering both genes of each; counts per column of the tile."""
    n_columns = columns.stop - columns.start
    row, column = np.divmod(doubtful, n_columns)
    counts = np.zeros(n_columns, dtype=np.int64)
    for some in blocks(0, doubtful.size, genes_at_once(null.y.shape[0])):
        k, j = row[some] + rows.start, column[some] + columns.start
        r = np.einsum("ij,ij->j", null.take(k), tested.take(j))
        above = r - pcc[j] > TIE
        counts += np.bincount(j[above] - columns.start, minlength=n_columns)
    return counts


def _decide_densely(null, tested, pcc, rows, columns, doubtful):
    """Decide a tile full of ties by float64 GEMM; counts per column of the tile."""
    shape = (rows.stop - rows.start, columns.stop - columns.start)
    in_doubt = np.zeros(shape, dtype=bool)
    in_doubt.ravel()[doubtful] = True
    counts = np.zeros(shape[1], dtype=np.int64)
    size = min(512, genes_at_once(null.y.shape[0], _DENSE_VALUES))
    for k in blocks(rows.start, rows.stop, size):
        left = null.take(k).T
        for j in blocks(columns.start, columns.stop, size):
            above = left @ tested.take(j) - pcc[j] > TIE
            here = slice(j.start - columns.start, j.stop - columns.start)
            above &= in_doubt[k.start - rows.start : k.stop - rows.start, here]
            counts[here] += np.count_nonzero(above, axis=0)
    return counts
