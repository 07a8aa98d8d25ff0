"""Ridge regression from a panel is scikit-learn's, in less memory."""

import tracemalloc

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skgenes.compose import LandmarkReconstructor
from skgenes.feature_selection import GivenPanelSelector
from skgenes.linear_model import PanelRidge, _panel_ridge


def problem(n_samples, n_landmarks, n_targets, noise, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(5, 3, size=(n_samples, n_landmarks)) * rng.gamma(1, size=n_landmarks)
    slopes = rng.normal(size=(n_landmarks, n_targets))
    return X, X @ slopes + noise * rng.normal(size=(n_samples, n_targets)) + 7


@pytest.mark.parametrize("shape", [(80, 10, 30), (30, 30, 9), (20, 50, 9), (3, 1, 2), (40, 5, 1)])
@pytest.mark.parametrize("noise", [0.01, 10.0, 300.0])
def test_as_scikit_learn(shape, noise):
    X, y = problem(*shape, noise)
    expected = make_pipeline(StandardScaler(), RidgeCV(PanelRidge().alphas)).fit(X, y)
    found = PanelRidge().fit(X, y)
    assert found.alpha_ == expected[-1].alpha_
    new = problem(*shape, noise, seed=1)[0]
    np.testing.assert_allclose(found.predict(new), expected.predict(new).reshape(-1, shape[2]))


def test_penalties_of_all_sizes_are_chosen():
    chosen = {PanelRidge().fit(*problem(60, 20, 8, noise)).alpha_ for noise in 10.0 ** np.arange(5)}
    assert len(chosen) > 2


def test_errors_are_those_of_cells_left_out():
    X, y = problem(25, 4, 6, 5.0)
    errors = []
    for alpha in PanelRidge().alphas:
        Z = (X - X.mean(axis=0)) / X.std(axis=0)  # the scale is not learnt anew
        total = 0
        for i in range(25):
            rest = np.arange(25) != i
            A, B = Z[rest] - Z[rest].mean(axis=0), y[rest] - y[rest].mean(axis=0)
            slopes = np.linalg.solve(A.T @ A + alpha * np.eye(4), A.T @ B)
            inferred = (Z[i] - Z[rest].mean(axis=0)) @ slopes + y[rest].mean(axis=0)
            total += ((y[i] - inferred) ** 2).sum()
        errors.append(total)
    U, s, _ = np.linalg.svd(Z, full_matrices=False)
    found = _panel_ridge.leave_one_out(U, s**2, y, np.array(PanelRidge().alphas))[0]
    np.testing.assert_allclose(found, np.array(errors) / y.size)
    np.testing.assert_allclose(PanelRidge().fit(X, y).leave_one_out_error_, found)


@pytest.mark.parametrize("form", [sp.csr_array, sp.csr_matrix, np.asfortranarray, np.float32])
def test_blocks_and_forms(monkeypatch, form):
    X, y = (np.round(part) for part in problem(50, 6, 23, 3.0))
    whole = PanelRidge().fit(X, y)
    monkeypatch.setattr(_panel_ridge, "_ELEMENTS_AT_ONCE", 50 * 5)
    found = PanelRidge().fit(form(X), form(y))
    assert found.alpha_ == whole.alpha_
    np.testing.assert_allclose(found.coef_, whole.coef_)
    np.testing.assert_allclose(found.predict(form(X)), whole.predict(X))


def test_constant_landmarks_and_targets():
    X, y = problem(30, 4, 3, 1.0)
    X[:, 1] = 0.1
    y[:, 2] = 0.3
    found = PanelRidge().fit(X, y)
    np.testing.assert_allclose(found.coef_[:, 1], 0, atol=1e-12)
    np.testing.assert_allclose(found.predict(X)[:, 2], 0.3, rtol=1e-12)
    without = PanelRidge().fit(X[:, [0, 2, 3]], y)
    np.testing.assert_allclose(found.predict(X), without.predict(X[:, [0, 2, 3]]))


def test_only_a_block_of_sparse_targets_is_dense(monkeypatch):
    monkeypatch.setattr(_panel_ridge, "_ELEMENTS_AT_ONCE", 2000 * 20)
    X = np.random.default_rng(0).normal(size=(2000, 5))
    y = sp.random(2000, 2000, 0.01, format="csr", random_state=0)
    tracemalloc.start()
    PanelRidge().fit(X, y)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 0.2 * 8 * 2000 * 2000


def test_one_target_without_a_second_dimension():
    X, y = problem(30, 4, 1, 1.0)
    flat, column = PanelRidge().fit(X, y[:, 0]), PanelRidge().fit(X, y)
    assert flat.coef_.shape == (4,)
    assert isinstance(flat.intercept_, float)
    np.testing.assert_array_equal(flat.predict(X), column.predict(X)[:, 0])


@pytest.mark.parametrize("alphas", [[], [0.0, 1.0], [-1.0], [np.nan], [[1.0]], [np.inf]])
def test_penalties_that_are_none(alphas):
    with pytest.raises(ValueError, match="alphas must be one or more numbers above 0, got"):
        PanelRidge(alphas).fit(*problem(10, 2, 2, 1.0))


def test_targets_stay_sparse_in_a_reconstructor(expression, monkeypatch):
    sparse = sp.csr_array(expression)
    seen = []
    fit = PanelRidge.fit
    monkeypatch.setattr(PanelRidge, "fit", lambda self, X, y: seen.append(y) or fit(self, X, y))
    model = LandmarkReconstructor(GivenPanelSelector(range(5)), PanelRidge()).fit(sparse)
    assert sp.issparse(seen[0])
    dense = LandmarkReconstructor(GivenPanelSelector(range(5)), PanelRidge()).fit(expression)
    np.testing.assert_allclose(model.predict(sparse), dense.predict(expression), rtol=1e-9)
