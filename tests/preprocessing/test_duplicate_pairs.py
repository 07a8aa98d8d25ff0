"""The filters leave out no pair that is near, and float64 differences decide."""

import tracemalloc

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import cdist
from threadpoolctl import threadpool_limits

from skgenes.preprocessing import _duplicate_pairs
from skgenes.preprocessing._duplicate_pairs import (
    _orthonormal,
    first_near,
    possible_pairs,
    shortened,
)


@pytest.fixture(autouse=True)
def _one_thread():
    """Products of so small matrices cost less than waking up threads."""
    with threadpool_limits(1):
        yield


def slow_first(X, groups, threshold):
    """D-GEX's rule by a double loop within each group."""
    X = X.astype(np.float64)
    first = np.full(len(X), -1)
    for members in groups:
        for later in members:
            for earlier in members:
                near = np.sqrt(((X[earlier] - X[later]) ** 2).sum()) < threshold
                if earlier < later and near and first[later] < 0:
                    first[later] = earlier
    return first


def crowd(n_samples, n_genes, seed=0, spread=0.7):
    """Samples at about `spread` from the first: distances of sqrt(2) `spread`, some below 1."""
    rng = np.random.default_rng(seed)
    scale = rng.uniform(0.5, 1.5, (n_samples, 1)) * spread / np.sqrt(n_genes)
    return 8 + scale * rng.standard_normal((n_samples, n_genes))


@given(
    st.integers(1, 400),
    st.sampled_from([np.float32, np.float64]),
    st.floats(-6, 6),
    st.floats(-150, 150),
    st.integers(0, 2**32 - 1),
)
def test_no_near_pair_is_left_out(n_genes, dtype, offset, scale, seed):
    rng = np.random.default_rng(seed)
    scale = 10.0 ** (scale if dtype == np.float64 else scale / 5)
    X = scale * (10.0**offset + crowd(12, n_genes, seed))
    X[6:] = X[:6] + scale * (1 + 1e-7 * rng.normal(size=(6, 1))) * np.eye(n_genes)[0]
    X = X.astype(dtype)
    wide = X.astype(np.float64)
    threshold = float(scale)
    near = cdist(wide / scale, wide / scale) < 1
    assert possible_pairs(X.copy(), X.copy(), threshold)[near].all()


def test_the_filter_filters():
    X = np.random.default_rng(0).normal(8, 1, size=(200, 20_000)).astype(np.float32)
    X[100] = X[3] + np.float32(0.9 / np.sqrt(20_000))
    near = possible_pairs(X.copy(), X.copy(), 1.0)
    expected = np.eye(200, dtype=bool)
    expected[3, 100] = expected[100, 3] = True
    np.testing.assert_array_equal(near, expected)


@pytest.mark.parametrize("n_genes", [1, 128, 129, 200, 5000])
def test_directions_are_orthonormal(n_genes):
    directions = _orthonormal(n_genes)
    product = directions.T @ directions
    np.testing.assert_allclose(product, np.eye(min(n_genes, 128)), atol=1e-13)


@pytest.mark.parametrize("n_genes", [1, 100, 128, 129, 3000])
@pytest.mark.parametrize("form", [np.asarray, sp.csr_array])
def test_shortened_distances(n_genes, form):
    X = 1000 + np.random.default_rng(0).normal(size=(60, n_genes))
    coordinates, slack = shortened(form(X))
    assert coordinates.shape == (60, min(n_genes, 128))
    assert 0 < slack < 1e-7
    whole, short = cdist(X, X), cdist(coordinates, coordinates)
    assert (short <= whole + slack).all()
    if n_genes <= 128:
        np.testing.assert_allclose(short, whole, atol=1e-9)
    else:
        expected = np.sqrt(128 / n_genes)
        np.testing.assert_allclose(
            np.median(short[whole > 0] / whole[whole > 0]), expected, rtol=0.1
        )


@pytest.mark.parametrize("form", [np.asarray, np.asfortranarray, sp.csr_array, sp.csr_matrix])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("tile", [7, 1024])
@pytest.mark.parametrize("n_genes", [3, 300])
def test_equal_to_a_slow_loop(monkeypatch, form, dtype, tile, n_genes):
    """Where most pairs are near the threshold, so that nothing can be ruled out cheaply."""
    monkeypatch.setattr(_duplicate_pairs, "TILE_ROWS", tile)
    monkeypatch.setattr(_duplicate_pairs, "BLOCK_BYTES", 8 * n_genes * 5)
    X = crowd(80, n_genes).astype(dtype)
    before = form(X)
    groups = [np.arange(0, 80, 3), np.arange(1, 80, 3), np.array([2]), np.arange(5, 80, 3)]
    for members in ([np.arange(80)], groups):
        expected = slow_first(X, members, 0.9)
        assert 10 < (expected >= 0).sum() < 78
        np.testing.assert_array_equal(first_near(before, members, 0.9), expected)
    kept = before.toarray() if sp.issparse(before) else before
    np.testing.assert_array_equal(kept, X)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n_genes", [40, 2000])
def test_cancellation_decides_nothing(dtype, n_genes):
    """Distances just below, at and above 1 on an offset whose squares drown them."""
    offset = 2.0**14 if dtype == np.float32 else 2.0**35
    step = np.spacing(dtype(offset)) * 4
    X = offset + np.random.default_rng(0).integers(-40, 40, (400, n_genes)).astype(dtype)
    X[300:] = X[:100]
    X[300:, :3] += 0.5
    X[300:350, 3] += 0.5
    X[350:375, 3] += 0.5 - step
    X[375:, 3] += 0.5 + step
    assert X.dtype == dtype
    expected = np.full(400, -1)
    expected[350:375] = np.arange(50, 75)
    np.testing.assert_array_equal(first_near(X, [np.arange(400)], 1.0), expected)


def test_the_first_of_several_and_chains():
    X = np.array([[0.0], [10.0], [0.6], [1.2], [10.5], [0.1]])
    np.testing.assert_array_equal(
        first_near(X, [np.arange(6)], 1.0),
        [-1, -1, 0, 2, 1, 0],  # 3 is near 2 only, which is a duplicate itself
    )
    np.testing.assert_array_equal(
        first_near(X, [np.array([0, 3, 5]), np.array([1, 2, 4])], 1.0), [-1, -1, -1, -1, 1, 0]
    )


def test_samples_all_alike():
    X = np.full((3000, 300), 7.25, dtype=np.float32)
    first = first_near(X, [np.arange(3000)], 1e-9)
    assert first[0] == -1
    assert (first[1:] == 0).all()


@pytest.mark.parametrize("scale", [1e-300, 1e-150, 1e-30, 1e30, 1e150, 1e300])
def test_very_large_and_very_small_numbers(scale):
    X = np.random.default_rng(0).normal(size=(20, 200))
    X[12] = X[4]
    X[15] = X[4] + 0.01
    expected = np.full(20, -1)
    expected[12] = expected[15] = 4
    np.testing.assert_array_equal(first_near(X * scale, [np.arange(20)], scale), expected)


def test_memory_does_not_grow_with_a_cluster(monkeypatch):
    """One cluster that holds all samples is never made dense as a whole."""
    monkeypatch.setattr(_duplicate_pairs, "BLOCK_BYTES", 2**20)
    monkeypatch.setattr(_duplicate_pairs, "TILE_ROWS", 300)
    n_genes, peaks = 2000, []
    for n_samples in (300, 1200):
        values = np.random.default_rng(0).random((n_samples, n_genes))
        X = sp.csr_array(np.where(values < 0.01, 5 * values, 0))  # all pairs pass the first filter
        tracemalloc.start()
        first_near(X, [np.arange(n_samples)], 0.1)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    growth, dense_growth = peaks[1] - peaks[0], 8 * 900 * n_genes
    assert growth < dense_growth / 5
