"""Landmarks and random genes on 240 microarrays, as the benchmark has them."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.model_selection import ShuffleSplit
from sklearn.preprocessing import StandardScaler

from skgenes.compose import LandmarkReconstructor
from skgenes.feature_selection import GivenPanelSelector
from skgenes.inspection import compare_panels

pytestmark = pytest.mark.slow


@pytest.fixture
def benchmark(monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parents[2])
    return pytest.importorskip("benchmarks.bulk_landmarks")


def test_ridge_on_microarrays(benchmark, real_data):
    arrays = benchmark.Arrays(real_data)
    splits = ShuffleSplit(1, test_size=benchmark.N_TEST, random_state=0)
    ((train, test),) = splits.split(arrays.ranks)
    expression = arrays.expression(train)
    scaler = StandardScaler().fit(expression[train])
    train, test = (scaler.transform(expression[half]) for half in (train, test))
    rng = np.random.default_rng(0)
    size = arrays.n_landmarks
    panels = {"landmarks": np.arange(size)}
    for name in ("random", "random too"):
        panels[name] = np.sort(rng.choice(arrays.n_genes, size, replace=False))
    ridge = benchmark._regressors("", True, 0, True)["ridge"]
    found = compare_panels(panels, train, ridge, X_test=test)

    common = np.setdiff1d(np.arange(arrays.n_genes), np.concatenate([*panels.values()]))
    summary = found.summary()
    for name, genes in panels.items():
        model = LandmarkReconstructor(GivenPanelSelector(genes), ridge).fit(train)
        scores = benchmark._scores(test[:, common], model.reconstruct(test)[:, common])
        row = summary.loc[name]
        assert row["mae_mean"] == pytest.approx(scores["MAE"], rel=1e-10)
        assert row["pcc_mean"] == pytest.approx(scores["PCC"], rel=1e-10)
        assert row["fraction_significant"] == pytest.approx(scores["pass"], rel=1e-10)
    # Landmarks chosen to infer others do so: for most genes better than as many random ones.
    pairs = found.pairwise().set_index(["score", "first", "second"])
    against_random = pairs.loc[("mae", "landmarks", "random")]
    assert against_random["wins_first"] > 1.2 * against_random["wins_second"]
    assert pairs.loc[("mae", "random", "random too"), "effect_size"] == pytest.approx(0, abs=0.1)
    assert (
        found.overlap().loc["landmarks", "random"] == np.isin(panels["random"], range(size)).sum()
    )
