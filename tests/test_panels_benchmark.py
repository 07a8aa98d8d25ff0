"""The benchmark of panel selectors: what it computes itself."""

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, Ridge

pytest.importorskip("benchmarks.panels", reason="runs from the root of the repository only")

from benchmarks.panels import _scores
from benchmarks.panels._baselines import column_subset
from benchmarks.panels._concrete import distinct_first
from benchmarks.panels._registry import Training
from benchmarks.panels._run import Panels
from benchmarks.panels._scores import score_ceiling, score_genes, score_panel


@pytest.fixture
def z(rng):
    values = rng.normal(size=(60, 4)) @ rng.normal(size=(4, 15)) + rng.normal(size=(60, 15))
    train, test = values[:40], values[40:]
    return tuple((part - train.mean(axis=0)) / train.std(axis=0) for part in (train, test))


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_column_subset_is_greedy(z):
    data = Training(z[0], np.arange(15).astype(str), np.repeat("", 40))
    picked = []
    for _ in range(5):
        errors = {}
        for gene in set(range(15)) - set(picked):
            columns = data.z[:, [*picked, gene]]
            fit = LinearRegression(fit_intercept=False).fit(columns, data.z)
            errors[gene] = np.sum((data.z - fit.predict(columns)) ** 2)
        picked.append(min(errors, key=errors.get))
    assert column_subset(data, 5, 0) == picked


def test_column_subset_of_more_genes_than_rank_is_distinct(rng):
    values = np.repeat(rng.normal(size=(20, 3)), 2, axis=1)
    data = Training(values, np.arange(6).astype(str), np.repeat("", 20))
    assert sorted(column_subset(data, 6, 0)) == list(range(6))


@pytest.mark.parametrize("n_train", [40, 10])
def test_ceiling_is_ridge_from_all_other_genes(z, n_train, monkeypatch):
    alphas = (0.1, 1.0, 10.0)
    monkeypatch.setattr(_scores, "ALPHAS", alphas)
    train, test = z[0][:n_train], z[1]
    train = train - train.mean(axis=0)
    errors, inferred = np.zeros(len(alphas)), np.empty((len(alphas), *test.shape))
    for i, alpha in enumerate(alphas):
        for gene in range(15):
            others = np.delete(np.arange(15), gene)
            for left_out in range(n_train):
                kept = np.delete(np.arange(n_train), left_out)
                model = Ridge(alpha).fit(train[kept][:, others], train[kept, gene])
                error = train[left_out, gene] - model.predict(train[[left_out]][:, others])
                errors[i] += float(error[0]) ** 2
            model = Ridge(alpha).fit(train[:, others], train[:, gene])
            inferred[i, :, gene] = model.predict(test[:, others])
    expected = score_genes(test, inferred[errors.argmin()])
    assert score_ceiling(train, test) == pytest.approx(expected, rel=1e-6)


def test_scores_of_a_panel_that_explains_all(rng):
    panel = rng.normal(size=(80, 2))
    values = np.hstack([panel, panel @ rng.normal(size=(2, 5))])
    values = (values - values[:60].mean(axis=0)) / values[:60].std(axis=0)
    scores = score_panel(values[:60], values[60:], np.array([0, 1]))
    assert scores["PCC"] == pytest.approx(1, abs=1e-4)
    assert scores["R2_all"] == pytest.approx(1, abs=1e-3)
    assert scores["MAE"] == pytest.approx(0, abs=0.01)
    expected = abs(np.corrcoef(panel[:60].T)[0, 1])
    assert scores["redundancy"] == pytest.approx(expected)


def test_concrete_units_that_agree():
    probabilities = np.array([[0.1, 0.9, 0.0, 0.0], [0.1, 0.6, 0.3, 0.0], [0.8, 0.0, 0.1, 0.1]])
    assert distinct_first(probabilities) == ([1, 0, 2], 2)


def test_a_failure_never_replaces_a_panel(tmp_path):
    key = {"set": "a", "split": 0, "selector": "random", "size": 2, "draw": 0}
    panels = Panels(tmp_path / "panels.json")
    panels.add({**key, "error": "not installed"})
    panels.add({**key, "genes": ["x", "y"]})
    panels.add({**key, "error": "stopped"})
    again = Panels(tmp_path / "other.json", tmp_path / "panels.json")
    assert again.get(key)["genes"] == ["x", "y"]
    assert len(again.entries()) == 1
