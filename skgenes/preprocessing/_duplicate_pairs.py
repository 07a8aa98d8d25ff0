"""For every sample the first earlier one that is near: pairs ruled out in float32, others decided.

Two filters come before the exact distance: a few random directions, then all genes. Both may let
a pair through that is far, neither leaves one out that is near: their bounds hold for rounding too.
"""

import math

import numpy as np
import scipy.sparse as sp
from sklearn.utils import gen_batches

N_DIRECTIONS = 128
TILE_ROWS = 1024
BLOCK_BYTES = 2**25
PAIRS_AT_ONCE = 32
FLOAT32_ROUNDING = 2.0**-24
FLOAT64_ROUNDING = 2.0**-53


def first_near(X, groups, threshold):
    """First earlier sample of the same group within a distance, for every sample.

    Parameters
    ----------
    X : ndarray or sparse matrix in CSR format of shape (n_samples, n_genes)
        Samples.
    groups : list of ndarray of int
        Row indices of each group, ascending. Pairs across groups are not looked at.
    threshold : float
        Euclidean distance that pairs must be below.

    Returns
    -------
    ndarray of intp of shape (n_samples,)
        Row index of the earlier sample, -1 where there is none.
    """
    first = np.full(X.shape[0], -1, dtype=np.intp)
    groups = [members for members in groups if len(members) > 1]
    if groups:
        coordinates, slack = shortened(X)
        reach = threshold * (1 + 1e-9) + slack
        for members in groups:
            _search(X, coordinates, members, threshold, reach, first)
    return first


def shortened(X):
    """Coordinates in a few directions: no two samples are further apart in them than in X.

    Parameters
    ----------
    X : ndarray or sparse matrix in CSR format of shape (n_samples, n_genes)
        Samples.

    Returns
    -------
    coordinates : ndarray of shape (n_samples, min(n_genes, 128)), float64
        Projections on orthonormal directions.
    slack : float
        What rounding may add to a distance.
    """
    n_samples, n_genes = X.shape
    directions = _orthonormal(n_genes)
    coordinates = np.empty((n_samples, directions.shape[1]))
    largest = 0.0
    with np.errstate(over="ignore", invalid="ignore"):
        centre = np.asarray(X.mean(axis=0, dtype=np.float64)).ravel()
        for rows in gen_batches(n_samples, _rows_that_fit(n_genes, 8)):
            centred = _dense(X[rows]) - centre
            np.matmul(centred, directions, out=coordinates[rows])
            largest = np.maximum(largest, np.einsum("ij,ij->i", centred, centred).max())
        rounding = (n_genes + 16) * FLOAT64_ROUNDING * np.sqrt(directions.shape[1])
        return coordinates, 2 * rounding * np.sqrt(largest)


def _orthonormal(n_genes):
    if n_genes <= N_DIRECTIONS:
        return np.eye(n_genes)
    # Which directions they are has no influence on the result, so they need no random_state.
    directions = np.random.default_rng(0).standard_normal((n_genes, N_DIRECTIONS))
    for _ in range(2):  # Cholesky QR: much faster than Householder's, as exact the second time
        triangle = np.linalg.cholesky(directions.T @ directions)
        directions = directions @ np.linalg.inv(triangle).T
    return directions


def possible_pairs(left, right, threshold):
    """Pairs of rows that may be nearer than `threshold`: all that are, and few others.

    Parameters
    ----------
    left : ndarray of shape (n_left, n_columns), float64 or float32
        Rows. Overwritten.
    right : ndarray of shape (n_right, n_columns), dtype of `left`
        Rows. Overwritten.
    threshold : float
        A distance.

    Returns
    -------
    ndarray of bool of shape (n_left, n_right)
        Whether the pair may be.

    Notes
    -----
    With x and y centred and divided by the threshold, rounded to float32, and n columns,
    ``(1 - e) (|x|^2 + |y|^2) - 2 x.y > 1`` shows that the distance is above the threshold, for
    ``e = n u / (1 - n u)`` bounds the rounding of ``2 x.y`` relative to ``|x|^2 + |y|^2``, where
    u = 2^-24. A few u more stand for the rounding of x and y.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        centre = right.mean(axis=0)
        for part in (left, right):
            part -= centre
            part *= 1 / threshold
        left, right = left.astype(np.float32, copy=False), right.astype(np.float32, copy=False)
        norms = [np.einsum("ij,ij->i", part, part, dtype=np.float64) for part in (left, right)]
        if not max(norm.max() for norm in norms) < 1e37:
            return np.ones((len(left), len(right)), dtype=bool)
        rounding = (left.shape[1] + 16) * FLOAT32_ROUNDING
        share = 1 - rounding / (1 - rounding)
        far = share * norms[0][:, np.newaxis] + (share * norms[1] - (1 + 1e-6))
        cross = left @ right.T
        cross *= 2
        return cross >= far


def _search(X, coordinates, members, threshold, reach, first):
    """Fill in `first` for the members of one group."""
    for later in gen_batches(len(members), TILE_ROWS):
        for earlier in gen_batches(later.stop, TILE_ROWS):
            rows, columns = members[later], members[earlier]
            rows = rows[first[rows] < 0]
            if not len(rows):
                break
            near = possible_pairs(coordinates[rows], coordinates[columns], reach)
            near &= columns < rows[:, np.newaxis]
            _decide(X, near, rows, columns, threshold, first)


def _decide(X, near, rows, columns, threshold, first):
    """Fill in `first` from the pairs of a tile that may be near."""
    n_involved = near.any(axis=1).sum() + near.any(axis=0).sum()
    if near.sum() > 2 * n_involved:
        _narrow(X, near, rows, columns, threshold)
    for i in np.flatnonzero(near.any(axis=1)):
        first[rows[i]] = _first_within(X, rows[i], columns[near[i]], threshold)


def _narrow(X, near, rows, columns, threshold):
    """Rule out pairs of a tile, in place, by their values of all genes."""
    step = _rows_that_fit(X.shape[1], X.dtype.itemsize)
    some_rows, some_columns = np.flatnonzero(near.any(axis=1)), np.flatnonzero(near.any(axis=0))
    for part in gen_batches(len(some_rows), step):
        for other in gen_batches(len(some_columns), step):
            block = np.ix_(some_rows[part], some_columns[other])
            if near[block].any():
                left, right = _dense(X[rows[block[0][:, 0]]]), _dense(X[columns[block[1][0]]])
                near[block] &= possible_pairs(left, right, threshold)


def _first_within(X, row, candidates, threshold):
    """First of `candidates` whose distance from `row`, in float64, is below the threshold."""
    # A power of two: squares neither overflow nor vanish, and nothing is rounded.
    scale = math.ldexp(1, min(-math.frexp(threshold)[1], 1000))
    sample = _dense(X[[row]]).astype(np.float64)
    for part in gen_batches(len(candidates), PAIRS_AT_ONCE):
        with np.errstate(over="ignore"):
            difference = _dense(X[candidates[part]]) - sample
            difference *= scale
            distance = np.sqrt(np.einsum("ij,ij->i", difference, difference))
        near = np.flatnonzero(distance < threshold * scale)
        if len(near):
            return candidates[part][near[0]]
    return -1


def _dense(rows):
    return rows.toarray() if sp.issparse(rows) else rows


def _rows_that_fit(n_genes, itemsize):
    return max(1, BLOCK_BYTES // (itemsize * n_genes))
