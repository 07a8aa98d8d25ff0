"""The benchmark of panel selectors: what it computes itself."""

from importlib.metadata import PackageNotFoundError

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression, Ridge

pytest.importorskip("benchmarks.panels", reason="runs from the root of the repository only")

from benchmarks.panels import __main__ as command
from benchmarks.panels import _scores, _sets
from benchmarks.panels._baselines import column_subset
from benchmarks.panels._concrete import distinct_first
from benchmarks.panels._registry import OURS, Training, contestants, find
from benchmarks.panels._run import Panels, compare, plan
from benchmarks.panels._scores import score_ceiling, score_genes, score_panel
from benchmarks.panels._tables import overall, overall_apart, per_size
from skgenes.feature_selection import AutoEncoderDeepLIFTSelector


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


NESTED = ["strategy=reconstruction", "strategy=importance", "GreedyPanelSelector"]


@pytest.mark.parametrize("name", NESTED)
def test_smaller_panels_of_ours_are_the_head_of_larger_ones(name, z):
    data = Training(z[0], np.arange(15).astype(str), np.repeat("", 40))
    about = find(OURS + name)
    assert about.nested
    large = list(about.pick(data, 9, 1))
    assert len(set(large)) == 9
    assert list(about.pick(data, 5, 1)) == large[:5]


def test_panels_of_peel_off_are_picked_for_every_size():
    sizes = [task["size"] for task in plan(f"{OURS}PeelOffSelector", 0, [25, 50])]
    assert sizes == [25, 50]


def test_every_strategy_takes_part():
    options = AutoEncoderDeepLIFTSelector._parameter_constraints["strategy"][0].options
    prefix = f"{OURS}strategy="
    names = {name.removeprefix(prefix) for name in contestants() if name.startswith(prefix)}
    assert names == options
    with pytest.raises(KeyError, match="unheard of"):
        find("unheard of")


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """A package celltypist of three cells, its counts off by what rounding leaves."""
    (tmp_path / "celltypist-1.0.dist-info").mkdir()
    (tmp_path / "celltypist-1.0.dist-info/METADATA").write_text("Name: celltypist\nVersion: 1.0\n")
    folder = tmp_path / "celltypist/data/samples"
    folder.mkdir(parents=True)
    text = ",A,B\nCell_1,1.0000000000001,3\nCell_2,0,5\nCell_3,2,2\n"
    (folder / "sample_cell_by_gene.csv").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)


def test_cells_of_celltypist_are_read_without_importing_it(installed):
    data = _sets.read_celltypist(None)
    expected = np.log1p([[2500, 7500], [0, 10000], [5000, 5000]])
    np.testing.assert_allclose(data.values, expected, rtol=1e-12)
    assert data.genes.tolist() == ["A", "B"]
    assert data.labels is None


def test_celltypist_is_not_installed(monkeypatch):
    def distribution(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr(_sets, "distribution", distribution)
    with pytest.raises(ModuleNotFoundError, match="pip install --no-deps celltypist"):
        _sets.read_celltypist(None)


def test_lung_ratios_are_clones_measured_in_all_samples(real_data):
    data = _sets.read_lung_ratios(real_data)
    values = data.expression(np.arange(51))
    assert values.shape == (73, 250)
    assert np.isfinite(values).all()
    assert len(set(data.genes)) == 250
    assert np.sum(data.labels == "Adeno") == 39


def test_tissues_without_types_are_given_clusters(real_data):
    split = next(_sets.read_splits("tissues, GTEx", real_data, 1))
    assert split.z_train.shape == (37, 2000)
    assert split.z_test.shape == (16, 2000)
    assert len(split.labels) == 37
    assert len(set(split.labels)) == _sets.N_CLUSTERS


def test_clusters_tell_groups_apart(rng):
    centres = 10 * rng.normal(size=(_sets.N_CLUSTERS, 20))
    groups = np.repeat(np.arange(_sets.N_CLUSTERS), 6)
    found = _sets.clusters(centres[groups] + rng.normal(size=(len(groups), 20)))
    assert len(set(zip(groups, found, strict=True))) == _sets.N_CLUSTERS


@pytest.mark.parametrize(
    ("name", "expected"), [("lung, log ratios", [25, 50]), ("cells, CellTypist", [25, 50, 100])]
)
def test_few_samples_cannot_tell_large_panels_apart(name, expected):
    assert _sets.sizes_for(name, [25, 50, 100]) == expected


def test_a_set_that_is_too_small_for_all_sizes_is_left_out(tmp_path, capsys):
    panels = Panels(tmp_path / "panels.json")
    options = {"n_genes": 2000, "again": False}
    scores, failures = compare(tmp_path, ["tissues, GTEx"], [100], 1, ["random"], panels, **options)
    assert scores.empty
    assert failures.empty
    assert "tissues, GTEx: too few samples for panels of [100]" in capsys.readouterr().out


def test_unseen_sets_by_one_option(monkeypatch):
    monkeypatch.setattr("sys.argv", ["panels", "folder", "--unseen"])
    assert command._parse().sets == _sets.UNSEEN_SETS
    monkeypatch.setattr("sys.argv", ["panels", "folder", "--sets", "pbmc68k", "tissues, GTEx"])
    assert command._parse().sets == ["pbmc68k", "tissues, GTEx"]
    monkeypatch.setattr("sys.argv", ["panels", "folder"])
    assert not set(command._parse().sets) & set(_sets.UNSEEN_SETS)


def test_sets_that_were_not_chosen_on_have_a_table_of_their_own():
    scores = pd.DataFrame(
        [
            {"set": name, "split": 0, "size": 25, "selector": selector, "R2_all": r2, "PCC": r2}
            for name, better in (("pbmc68k", 0.1), ("tissues, GTEx", -0.2))
            for selector, r2 in (("greedy column subset", 0.5), ("random", 0.5 + better))
        ]
    )
    chosen_on, others = overall_apart(scores)
    assert "| random | 1.0 | 1.0 | +0.1000 | +0.1000 | +0.100 | 1 of 1 |" in chosen_on
    assert "| random | 2.0 | 2.0 | -0.2000 | -0.2000 | -0.200 | 1 of 1 |" in others
    assert "not chosen on" in others
    assert len(overall_apart(scores[scores["set"] == "pbmc68k"])) == 1


@pytest.fixture
def unequal_splits():
    """One selector on both splits of a set, of which the second is easier; one on the first."""
    scores = {
        "greedy column subset": (0.3, 0.7),
        "random": (0.2, 0.6),
        "SCMER": (0.4,),
    }
    rest = dict.fromkeys(("R2", "PCC", "MAE", "redundancy", "seconds", "peak_mib"), 0.5)
    return pd.DataFrame(
        [
            {"set": "pbmc68k", "split": i, "size": 25, "selector": name, "n_genes": 25, **rest}
            | {"R2_all": value}
            for name, values in scores.items()
            for i, value in enumerate(values)
        ]
    )


def test_a_selector_on_fewer_splits_is_held_against_the_baseline_on_them(unequal_splits):
    table = overall(unequal_splits)
    assert "| SCMER | 1.0 | 2.0 | +0.1000 | +0.0000 | +0.100 | 1 of 1 |" in table
    assert "| random | 3.0 | 2.0 | -0.1000 | +0.0000 | -0.100 | 1 of 1 |" in table


def test_a_selector_on_fewer_splits_is_marked(unequal_splits):
    table = per_size(unequal_splits)
    assert "### pbmc68k, 25 genes (2 splits); * not on all of them" in table
    assert "| SCMER* | 0.400 |" in table
    assert "| random | 0.400 ± 0.283 |" in table
    equal = unequal_splits[unequal_splits["selector"] != "SCMER"]
    assert "*" not in per_size(equal)
