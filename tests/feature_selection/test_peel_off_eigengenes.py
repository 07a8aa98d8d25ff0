"""Genes in the space of the components, against scikit-learn's PCA."""

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from skgenes.feature_selection import _peel_off_eigengenes
from skgenes.feature_selection._peel_off_eigengenes import eigengenes

SHAPES = [(12, 30), (30, 12), (20, 20)]


def data(shape, density=0.6):
    rng = np.random.default_rng(1)
    X = rng.gamma(2.0, size=(shape[0], 4)) @ rng.gamma(0.6, size=(4, shape[1]))
    return (X + rng.random(shape)) * (rng.random(shape) < density)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("standardize", [True, False])
@pytest.mark.parametrize("n_components", [1, 3, 0.5, 0.9, 1.0, 1000])
def test_inner_products_are_those_of_pca(shape, standardize, n_components):
    X = data(shape)
    Z = StandardScaler(with_std=standardize).fit_transform(X)
    asked = min(n_components, *shape) if isinstance(n_components, int) else n_components
    pca = PCA(None if asked == 1.0 and isinstance(asked, float) else asked, svd_solver="full")
    kept = pca.inverse_transform(pca.fit_transform(Z))
    points = eigengenes(X, n_components, standardize=standardize)
    np.testing.assert_allclose(points @ points.T, kept.T @ kept / shape[0], atol=1e-10)
    rank = np.linalg.matrix_rank(Z)
    assert points.shape == (shape[1], min(pca.n_components_, rank))
    strength = np.sum(points**2, axis=0)
    assert (np.diff(strength) <= 1e-9).all()


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("form", [sp.csr_array, sp.csr_matrix])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sparse_is_dense_to_the_bit(shape, form, dtype):
    X = data(shape).astype(dtype)
    np.testing.assert_array_equal(eigengenes(form(X)), eigengenes(X))
    np.testing.assert_array_equal(eigengenes(np.asfortranarray(X)), eigengenes(X))


@pytest.mark.parametrize("shape", SHAPES)
def test_chunks(shape, monkeypatch):
    X = data(shape)
    whole = eigengenes(X)
    monkeypatch.setattr(_peel_off_eigengenes, "_CHUNK_ELEMENTS", 70)
    for form in (X, sp.csr_array(X)):
        points = eigengenes(form)
        np.testing.assert_allclose(points @ points.T, whole @ whole.T, atol=1e-12)


@pytest.mark.parametrize("shape", SHAPES)
def test_constant_genes_are_at_zero(shape):
    X = data(shape)
    X[:, [1, 5]] = [0.1, 1e9]
    for standardize in (True, False):
        points = eigengenes(X, standardize=standardize)
        assert (np.abs(points[[1, 5]]) < 1e-12).all()
        assert (np.sum(np.delete(points, [1, 5], axis=0) ** 2, axis=1) > 0).all()


def test_a_large_mean_does_not_drown_the_spread():
    X = data((30, 12), density=1.0)
    near, far = eigengenes(X), eigengenes(X + 1e7)
    np.testing.assert_allclose(far @ far.T, near @ near.T, atol=1e-6)


@pytest.mark.parametrize("value", [0.0, 0.1, -3.0, 1e9 / 7])
@pytest.mark.parametrize("n_samples", [2, 7, 41])
def test_nothing_varies(value, n_samples):
    with pytest.raises(ValueError, match="None of the 4 genes of X varies"):
        eigengenes(np.full((n_samples, 4), value))


@pytest.mark.parametrize("standardize", [True, False])
@pytest.mark.parametrize("form", [np.asarray, sp.csr_array])
def test_numbers_too_large(standardize, form):
    X = data((8, 5))
    X[0, 0] = 1e200
    with pytest.raises(ValueError, match=r"too large to be squared: up to 1e\+200"):
        eigengenes(form(X), standardize=standardize)
