"""Tight clustering: sets of points that stay together when k-means is repeated.

Tseng and Wong (2005), Biometrics 61:10, with the consensus of Subramanian et al. (2017): all
clusterings of a round are pooled, whatever their number of clusters.
"""

import math

import numpy as np
import scipy.sparse as sp

# Squared distances below this share of the largest squared norm are rounding of float32.
_ROUNDING = 1e-6
_CANDIDATES_AT_ONCE = 20_000_000
_PAIRS_AT_ONCE = 200_000
_ELEMENTS_AT_ONCE = 8_000_000
_MAX_ITER = 10


def k_means(points, n_clusters, rng, max_iter=_MAX_ITER):
    """Centres by k-means++ and Lloyd's algorithm.

    Parameters
    ----------
    points : ndarray of float32 of shape (n_points, n_dimensions)
        What to cluster.
    n_clusters : int
        Centres wanted.
    rng : numpy.random.Generator
        Draws the first centres.
    max_iter : int, default=10
        Most passes over the points.

    Returns
    -------
    ndarray of float32 of shape (n_centres, n_dimensions)
        Fewer than `n_clusters` where there are fewer distinct points. A centre that loses all its
        points stays where it was.
    """
    centres = _first_centres(points, n_clusters, rng)
    labels = None
    for _ in range(max_iter):
        before, labels = labels, nearest_centre(points, centres)
        if before is not None and np.array_equal(before, labels):
            break
        counts = np.bincount(labels, minlength=len(centres))
        held = counts > 0
        centres[held] = (_members(labels, len(centres)) @ points)[held] / counts[held, None]
    return centres


def nearest_centre(points, centres):
    """Index of the nearest centre of every point.

    Parameters
    ----------
    points : ndarray of shape (n_points, n_dimensions)
        Points.
    centres : ndarray of shape (n_centres, n_dimensions)
        Centres.

    Returns
    -------
    ndarray of intp of shape (n_points,)
        The first one where several are equally near.
    """
    half_norms = 0.5 * np.sum(centres**2, axis=1)
    labels = np.empty(len(points), dtype=np.intp)
    step = max(1, _ELEMENTS_AT_ONCE // len(centres))
    for start in range(0, len(points), step):
        # |x|^2 is the same for all centres.
        closeness = points[start : start + step] @ centres.T - half_norms
        labels[start : start + step] = np.argmax(closeness, axis=1)
    return labels


def repeated_clusterings(points, n_clusters, subsample, rng):
    """Labels of all points in k-means of random subsamples.

    Parameters
    ----------
    points : ndarray of float32 of shape (n_points, n_dimensions)
        Points.
    n_clusters : ndarray of int of shape (n_trials,)
        Number of clusters of every trial.
    subsample : float
        Share of the points that finds the centres; the others join the nearest.
    rng : numpy.random.Generator
        Draws subsamples and first centres.

    Returns
    -------
    ndarray of int32 of shape (n_points, n_trials)
        Cluster of every point in every trial.
    """
    labels = np.empty((len(points), len(n_clusters)), dtype=np.int32)
    for trial, k in enumerate(n_clusters):
        size = min(len(points), max(int(k), math.ceil(subsample * len(points))))
        drawn = np.sort(rng.choice(len(points), size, replace=False))
        labels[:, trial] = nearest_centre(points, k_means(points[drawn], int(k), rng))
    return labels


def tight_clusters(labels, agreement, min_size):
    """Sets of points of which every two share a cluster in more than a share of the trials.

    Greedily, the point with the most companions first: it takes them in, the most faithful first,
    as long as they agree with all that are in already.

    Parameters
    ----------
    labels : ndarray of int of shape (n_points, n_trials)
        Cluster of every point in every trial.
    agreement : float
        Pairs share a cluster in more than this share of the trials.
    min_size : int
        Points of the smallest set.

    Returns
    -------
    ndarray of intp of shape (n_points,)
        Index of every point's set, -1 for those in none.
    """
    # Points that never part are one, however many.
    distinct, which, weight = np.unique(labels, axis=0, return_inverse=True, return_counts=True)
    graph = agreeing_pairs(distinct, agreement)
    companions = weight + (graph > 0) @ weight
    sets, free = np.full(len(distinct), -1), np.ones(len(distinct), dtype=bool)
    n_sets = 0
    while True:
        seed = int(np.argmax(np.where(free, companions, 0)))
        if not free[seed] or companions[seed] < min_size:
            return sets[which.ravel()]
        members = _grow(graph, seed, free)
        if weight[members].sum() < min_size:
            companions[seed] = 0
            continue
        sets[members], free[members] = n_sets, False
        n_sets += 1
        for member in members:
            companions[_row(graph, member)[0]] -= weight[member]


def agreeing_pairs(labels, agreement):
    """Pairs of points that share a cluster in more than a share of the trials.

    Parameters
    ----------
    labels : ndarray of int of shape (n_points, n_trials)
        Cluster of every point in every trial.
    agreement : float
        The share.

    Returns
    -------
    csr_array of int of shape (n_points, n_points)
        Number of trials that a pair shares; pairs that share too few, and the diagonal, are not
        stored.

    Notes
    -----
    No matrix of all pairs is made. Of two points that part in at most d trials, one of any d + 1
    disjoint groups of trials must see them together throughout; only such pairs are counted.
    """
    n_points, n_trials = labels.shape
    # The small number: 0.8 * 100 may be just below 80.
    needed = min(math.floor(agreement * n_trials + 1e-9) + 1, n_trials)
    together = _seen_together(labels, n_trials - needed + 1)
    step = max(1, _CANDIDATES_AT_ONCE // n_points)
    found = [
        _agreeing_rows(labels, together, slice(start, start + step), needed)
        for start in range(0, n_points, step)
    ]
    rows, columns, shared = (np.concatenate(part) for part in zip(*found, strict=True))
    both_ways = np.r_[rows, columns], np.r_[columns, rows]
    return sp.csr_array((np.r_[shared, shared], both_ways), shape=(n_points, n_points))


def nearest_to_centroid(points, allowed):
    """Index of the point nearest to the mean of all.

    Parameters
    ----------
    points : ndarray of shape (n_points, n_dimensions)
        The members of a cluster.
    allowed : ndarray of bool of shape (n_points,)
        Points that may be returned; not none. The others count in the mean only.

    Returns
    -------
    int
        Where several are equally near, as the two of a pair always are, the longest of them: the
        components hold more of it. The first of those equally long.
    """
    distances = np.sum((points - points.mean(axis=0)) ** 2, axis=1)
    squares = np.sum(points**2, axis=1)
    # What differs by rounding only is equal: which one is picked must not hang on it.
    rounding = 1e-9 * squares.max()
    near = allowed & (distances <= distances[allowed].min() + rounding)
    return int(np.argmax(near & (squares >= squares[near].max() - rounding)))


def _first_centres(points, n_clusters, rng):
    """k-means++: every centre is drawn with a chance that grows with the squared distance."""
    norms = np.sum(points**2, axis=1)
    chosen = [int(rng.integers(len(points)))]
    squares = np.full(len(points), np.inf, dtype=points.dtype)
    while len(chosen) < n_clusters:
        last = points[chosen[-1]]
        distances = norms - 2 * (points @ last) + norms[chosen[-1]]
        squares = np.minimum(squares, np.where(distances > _ROUNDING * norms.max(), distances, 0))
        chances = np.cumsum(squares, dtype=np.float64)
        if chances[-1] == 0:
            break
        chosen.append(int(np.searchsorted(chances, rng.random() * chances[-1], side="right")))
    return points[chosen]


def _members(labels, n_clusters, dtype=np.float32):
    """Clusters by points, 1 where the point is in the cluster."""
    n_points = len(labels)
    ones = np.ones(n_points, dtype=dtype)
    return sp.csr_array((ones, (labels, np.arange(n_points))), shape=(n_clusters, n_points))


def _seen_together(labels, n_groups):
    """For every group of trials, points by sets of points that the whole group has together."""
    together = []
    for group in range(n_groups):
        # Trials are sorted by their number of clusters: every group gets coarse and fine ones.
        _, same = np.unique(labels[:, group::n_groups], axis=0, return_inverse=True)
        sets = _members(same.ravel(), same.max() + 1, dtype=bool)
        together.append((sets.T.tocsr(), sets))
    return together


def _agreeing_rows(labels, together, rows, needed):
    """Pairs of some points with later ones, and the number of trials that they share."""
    candidates = sum(points[rows] @ sets for points, sets in together)
    first, second = candidates.nonzero()
    first = first + rows.start
    first, second = first[first < second], second[first < second]
    shared = np.empty(len(first), dtype=np.int32)
    for start in range(0, len(first), _PAIRS_AT_ONCE):
        pairs = slice(start, start + _PAIRS_AT_ONCE)
        shared[pairs] = np.sum(labels[first[pairs]] == labels[second[pairs]], axis=1)
    enough = shared >= needed
    return first[enough], second[enough], shared[enough]


def _row(graph, point):
    stored = slice(graph.indptr[point], graph.indptr[point + 1])
    return graph.indices[stored], graph.data[stored]


def _grow(graph, seed, free):
    """Return the seed and its free companions that all agree with each other."""
    companions, shared = _row(graph, seed)
    companions, shared = companions[free[companions]], shared[free[companions]]
    companions = companions[np.argsort(-shared, kind="stable")]
    agree = (graph[companions][:, companions] > 0).toarray()
    np.fill_diagonal(agree, True)
    welcome, members = np.ones(len(companions), dtype=bool), [seed]
    for i, companion in enumerate(companions):
        if welcome[i]:
            members.append(int(companion))
            welcome &= agree[i]
    return np.array(members)
