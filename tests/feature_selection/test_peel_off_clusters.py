"""Tight clustering against slow loops."""

import itertools

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.spatial.distance import cdist

from skgenes.feature_selection import _peel_off_clusters
from skgenes.feature_selection._peel_off_clusters import (
    agreeing_pairs,
    k_means,
    nearest_centre,
    nearest_to_centroid,
    repeated_clusterings,
    tight_clusters,
)

LABELS = hnp.arrays(
    np.int32,
    st.tuples(st.integers(1, 12), st.integers(1, 11)),
    elements=st.integers(0, 2),
)
AGREEMENT = st.sampled_from([0.5, 0.6, 0.7, 0.8, 0.9, 0.99])


def blobs(rng, n_blobs=5, size=20, spread=0.05, dimensions=6):
    middles = np.eye(n_blobs, dimensions)
    truth = np.repeat(np.arange(n_blobs), size)
    points = middles[truth] + spread * rng.normal(size=(len(truth), dimensions))
    return points.astype(np.float32), truth


def shared_trials(labels):
    """Share of trials that every pair shares, by a loop."""
    return np.array([[np.mean(a == b) for b in labels] for a in labels])


@given(LABELS, AGREEMENT)
def test_pairs_are_those_of_the_consensus_matrix(labels, agreement):
    shared = shared_trials(labels)
    expected = np.where(shared > agreement + 1e-12, shared * labels.shape[1], 0)
    np.fill_diagonal(expected, 0)
    graph = agreeing_pairs(labels, agreement)
    assert sp.issparse(graph)
    np.testing.assert_array_equal(graph.toarray(), expected.round())


@pytest.mark.parametrize(("apart", "joined"), [(19, True), (20, False), (21, False)])
def test_more_than_eighty_of_a_hundred_trials(apart, joined):
    labels = np.zeros((2, 100), dtype=np.int32)
    labels[1, :apart] = 1
    assert (agreeing_pairs(labels, 0.8).nnz == 2) == joined
    assert (tight_clusters(labels, 0.8, 2).max() == 0) == joined


def test_pairs_are_counted_in_blocks(monkeypatch):
    labels = np.random.default_rng(0).integers(0, 2, size=(40, 9))
    whole = agreeing_pairs(labels, 0.6).toarray()
    monkeypatch.setattr(_peel_off_clusters, "_PAIRS_AT_ONCE", 7)
    monkeypatch.setattr(_peel_off_clusters, "_CANDIDATES_AT_ONCE", 150)
    np.testing.assert_array_equal(agreeing_pairs(labels, 0.6).toarray(), whole)


@given(LABELS, AGREEMENT, st.integers(2, 4))
def test_all_pairs_of_a_tight_cluster_agree(labels, agreement, min_size):
    sets = tight_clusters(labels, agreement, min_size)
    shared = shared_trials(labels)
    sizes = np.bincount(sets[sets >= 0])
    assert (sizes >= min_size).all()
    for label in range(len(sizes)):
        for a, b in itertools.combinations(np.flatnonzero(sets == label), 2):
            assert shared[a, b] > agreement
    # Of the points left over no two agree, or they would have been a set.
    if min_size == 2:
        rest = np.flatnonzero(sets < 0)
        assert all(shared[a, b] <= agreement + 1e-12 for a, b in itertools.combinations(rest, 2))


def test_chains_are_no_cluster():
    # Neighbours agree in 9 of 10 trials, the ends in 8.
    labels = np.zeros((3, 10), dtype=int)
    labels[0, 0] = labels[2, 1] = 1
    sets = tight_clusters(labels, 0.8, 2)
    assert sets[1] == 0
    assert sorted(sets) == [-1, 0, 0]


def test_the_most_faithful_companion_is_taken_in_first():
    seed, loose, faithful = np.zeros((3, 10), dtype=int)
    loose[4:8], faithful[:3] = 1, 2
    sets = tight_clusters(np.array([loose, seed, faithful]), 0.5, 2)
    np.testing.assert_array_equal(sets, [-1, 0, 0])


def test_companions_that_are_taken_do_not_count(monkeypatch):
    graph = np.zeros((10, 10), dtype=int)
    graph[:6, :6] = 8
    graph[6, [0, 1, 2, 3, 4, 7]] = 8
    graph[7, [8, 9]] = graph[8, 9] = 9
    graph = np.triu(graph, 1) + np.tril(graph, -1).T
    graph = sp.csr_array(np.where(graph + graph.T > 9, 8, graph + graph.T))
    monkeypatch.setattr(_peel_off_clusters, "agreeing_pairs", lambda *_: graph)
    sets = tight_clusters(np.arange(10)[:, None], 0.8, 2)
    # 6 had as many companions as any, but all but one are gone by then.
    np.testing.assert_array_equal(sets, [0] * 6 + [-1] + [1] * 3)


def test_identical_points_are_one_whatever_their_number():
    labels = np.repeat(np.arange(3), 20_000)[:, None] * np.ones(10, dtype=int)
    sets = tight_clusters(labels, 0.8, 2)
    np.testing.assert_array_equal(np.bincount(sets), [20_000] * 3)
    assert len(np.unique(sets[:20_000])) == 1


def test_k_means_finds_blobs():
    points, truth = blobs(np.random.default_rng(0))
    centres = k_means(points, 5, np.random.default_rng(1))
    labels = nearest_centre(points, centres)
    assert len(set(zip(labels, truth, strict=True))) == 5
    means = np.array([points[labels == i].mean(axis=0) for i in range(5)])
    np.testing.assert_allclose(centres, means, atol=1e-6)


def test_k_means_never_gains_inertia():
    points = np.random.default_rng(0).normal(size=(200, 4)).astype(np.float32)
    inertia = [
        np.sum(cdist(points, k_means(points, 9, np.random.default_rng(3), i)).min(axis=1) ** 2)
        for i in range(12)
    ]
    assert (np.diff(inertia) <= 1e-4).all()
    assert inertia[-1] < 0.9 * inertia[0]


def test_as_many_centres_as_distinct_points():
    points = np.repeat(np.eye(3, dtype=np.float32), 4, axis=0)
    centres = k_means(points, 10, np.random.default_rng(0))
    assert sorted(map(tuple, centres)) == sorted(map(tuple, np.eye(3)))


def test_nearest_centres_are_found_in_blocks(monkeypatch):
    rng = np.random.default_rng(0)
    points, centres = rng.normal(size=(50, 3)), rng.normal(size=(7, 3))
    expected = cdist(points, centres).argmin(axis=1)
    np.testing.assert_array_equal(nearest_centre(points, centres), expected)
    monkeypatch.setattr(_peel_off_clusters, "_ELEMENTS_AT_ONCE", 20)
    np.testing.assert_array_equal(nearest_centre(points, centres), expected)


def test_repeated_clusterings_label_points_outside_of_the_subsample():
    points, truth = blobs(np.random.default_rng(0))
    numbers = np.array([2, 5, 5, 5, 30])
    labels = repeated_clusterings(points, numbers, 0.5, np.random.default_rng(2))
    assert labels.shape == (100, 5)
    assert (labels.max(axis=0) < numbers).all()
    assert len(np.unique(labels[:, 4])) > 5
    # Blobs are not torn by too few clusters.
    assert all(len(set(labels[truth == blob, 0])) == 1 for blob in range(5))
    again = repeated_clusterings(points, numbers, 0.5, np.random.default_rng(2))
    np.testing.assert_array_equal(labels, again)


def test_subsamples(monkeypatch):
    points, drawn = np.arange(40, dtype=np.float32)[:, None], []

    def spy(sample, n_clusters, rng):
        drawn.append(sample.ravel())
        return sample[:n_clusters]

    monkeypatch.setattr(_peel_off_clusters, "k_means", spy)
    repeated_clusterings(points, np.array([2, 2, 35]), 0.72, np.random.default_rng(0))
    # Never fewer points than clusters.
    assert [len(set(sample)) for sample in drawn] == [29, 29, 35]
    assert set(drawn[0]) != set(drawn[1])


def test_blobs_are_the_tight_clusters():
    points, truth = blobs(np.random.default_rng(0))
    labels = repeated_clusterings(points, np.full(30, 5), 0.75, np.random.default_rng(2))
    sets = tight_clusters(labels, 0.8, 2)
    assert len(set(zip(sets, truth, strict=True))) == 5
    assert sets.min() == 0


def test_nearest_to_centroid_by_hand():
    points = np.array([[0.0], [1.0], [2.0], [7.0]])
    assert nearest_to_centroid(points, np.ones(4, dtype=bool)) == 2
    assert nearest_to_centroid(points, np.array([True, True, False, True])) == 1


@pytest.mark.parametrize("scale", [1.0, 3.0, 1e-5, 1e7])
def test_the_longer_of_a_pair_is_its_centre(scale):
    rng = np.random.default_rng(0)
    for _ in range(20):
        pair = rng.normal(size=(2, 6)) * scale
        longer = int(np.argmax((pair**2).sum(axis=1)))
        assert nearest_to_centroid(pair, np.ones(2, dtype=bool)) == longer
        equal = pair / np.linalg.norm(pair, axis=1, keepdims=True)
        assert nearest_to_centroid(equal, np.ones(2, dtype=bool)) == 0
        assert nearest_to_centroid(equal, np.array([False, True])) == 1
