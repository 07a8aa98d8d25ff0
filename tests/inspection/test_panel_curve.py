"""Curves over panel sizes against ridges fitted from scratch, and sizes on planted programmes."""

import anndata
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.base import BaseEstimator
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.feature_selection import SelectKBest, SelectorMixin, f_classif
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skgenes.feature_selection import (
    AutoEncoderDeepLIFTSelector,
    GivenPanelSelector,
    GreedyPanelSelector,
    PeelOffSelector,
)
from skgenes.inspection import PanelSizeCurve, evaluate_panel, panel_size_curve
from skgenes.inspection._panel_curve import _grid
from skgenes.inspection._panel_curve_ridge import infer_by_leading_parts
from skgenes.inspection._panel_regressors import infer_by_ridge, infer_from_all_others
from skgenes.inspection._panel_split import PanelSplit
from skgenes.linear_model import PanelRidge
from skgenes.neural_network import GeneAutoEncoder

SCORES = ["pcc", "mae", "mae_standardised", "r2", "pcc_all", "mae_all", "r2_all"]


def planted(n_programmes, noise, n_samples=200, n_each=10, seed=0):
    rng = np.random.default_rng(seed)
    members = np.repeat(np.eye(n_programmes), n_each, axis=1)
    X = rng.normal(size=(n_samples, n_programmes)) @ members
    return X + noise * rng.normal(size=X.shape)


def columns(size, n_genes):
    return np.arange(n_genes) < size


class LastGenes(SelectorMixin, BaseEstimator):
    """The last genes, the last first; says so in the way it is told."""

    fits = 0

    def __init__(self, k=3, attribute=None, n_missing=0, fail=False):
        self.k = k
        self.attribute = attribute
        self.n_missing = n_missing
        self.fail = fail

    def fit(self, X, y=None):
        if self.fail:
            raise ValueError("nothing to learn here")
        LastGenes.fits += 1
        self.n_features_in_ = n_genes = X.shape[1]
        n_selected = int(self.k * n_genes if isinstance(self.k, float) else self.k)
        order = np.arange(n_genes)[::-1][: n_selected - self.n_missing]
        self.support_ = np.isin(np.arange(n_genes), order)
        if self.attribute == "ranking_":
            self.ranking_ = np.arange(n_genes, 0, -1)
        elif self.attribute == "rfe":
            self.ranking_ = np.where(self.support_, 1, 2)
        elif self.attribute:
            setattr(self, self.attribute, order)
        return self

    def _get_support_mask(self):
        return self.support_


@pytest.fixture(name="X")
def noisy_genes():
    rng = np.random.default_rng(3)
    X = rng.normal(size=(70, 4)) @ rng.normal(size=(4, 30)) + 1.5 * rng.normal(size=(70, 30))
    return X * rng.uniform(0.5, 3, 30) + rng.normal(size=30)


@pytest.mark.parametrize(("n_train", "n_genes"), [(40, 60), (90, 30), (12, 40)])
def test_leading_parts_are_panel_ridges(n_train, n_genes):
    rng = np.random.default_rng(n_train)
    X = rng.normal(size=(n_train + 25, 4)) @ rng.normal(size=(4, n_genes))
    X += 1.5 * rng.normal(size=X.shape)
    X[:, 7] = X[:, 3]  # equal genes
    X[:n_train, 5] = 2.0  # constant in training
    split = PanelSplit(X[:n_train], X[n_train:])
    order = np.concatenate([[3, 7, 5], rng.permutation(np.delete(np.arange(n_genes), [3, 5, 7]))])
    sizes = np.array([1, 2, 3, 5, 8, 20, n_genes - 2])
    found, alphas = set(), set()
    for which, alpha, inferred in infer_by_leading_parts(split, order, sizes):
        support = np.isin(np.arange(n_genes), order[: sizes[which]])
        ridge = PanelRidge().fit(split.train[:, support], split.train[:, ~support])
        assert ridge.alpha_ == alpha
        expected = ridge.predict(split.test[:, support])
        np.testing.assert_allclose(inferred[:, ~support], expected, atol=1e-8)
        np.testing.assert_allclose(
            inferred[:, ~support], infer_by_ridge(split, support)[:, ~support], atol=1e-8
        )
        found.add(which)
        alphas.add(alpha)
    assert found == set(range(len(sizes)))
    assert len(alphas) > 1


def test_each_size_is_evaluate_panels(X):
    """A selector at every size, judged from scratch on the same folds."""
    sizes, cv = [1, 4, 12], KFold(4, shuffle=True, random_state=1)
    curve = panel_size_curve(GreedyPanelSelector(), X, sizes=sizes, cv=cv)
    table = curve.to_frame()
    for size in sizes:
        result = evaluate_panel(
            GreedyPanelSelector(size), X, cv=cv, regressors={"ridge": "ridge"}, n_random=0
        )
        expected = result.summary.loc["ridge"]
        for score in SCORES:
            np.testing.assert_allclose(table.loc[size, score], expected.loc[score, "value"])
            np.testing.assert_allclose(
                table.loc[size, f"{score}_sd"], expected.loc[score, "split_sd"]
            )
        np.testing.assert_array_equal(
            [sorted(panel[:size]) for panel in curve.panels], result.panel
        )


def test_shared_scores_by_hand(X):
    """Genes of the panel count as far as all others tell of them, in the mean of all genes."""
    train, test = np.arange(50), np.arange(50, 70)
    curve = panel_size_curve([3, 8, 1], X, cv=[(train, test)])
    split = PanelSplit(X[train], X[test])
    ceiling = infer_from_all_others(split)
    for size in (1, 2, 3):
        support = np.isin(np.arange(30), [3, 8, 1][:size])
        inferred = np.where(support, ceiling, infer_by_ridge(split, support))
        r2 = 1 - ((split.test - inferred) ** 2).sum() / (split.test**2).sum()
        pcc = np.mean([np.corrcoef(split.test[:, j], inferred[:, j])[0, 1] for j in range(30)])
        np.testing.assert_allclose(
            curve.folds.loc[(size, 0), ["r2_shared", "pcc_shared"]], [r2, pcc], atol=1e-10
        )
    r2 = 1 - ((split.test - ceiling) ** 2).sum() / (split.test**2).sum()
    np.testing.assert_allclose(curve.ceiling["r2"], [r2])
    np.testing.assert_allclose(
        curve.ceiling["mae_standardised"], [np.abs(split.test - ceiling).mean()]
    )
    np.testing.assert_allclose(
        curve.ceiling["mae"], [(np.abs(split.test - ceiling) * split.scaling.scale).mean()]
    )


@pytest.mark.parametrize("n_programmes", [4, 8, 15])
def test_sizes_find_the_number_of_programmes(n_programmes):
    X = planted(n_programmes, 0.15)
    curve = panel_size_curve(GreedyPanelSelector(), X, sizes=3 * n_programmes, random_state=0)
    assert curve.auto_size() == n_programmes
    assert curve.size_for(0.95) == n_programmes
    share = curve.to_frame()["share_of_ceiling"]
    assert share.loc[n_programmes // 2] < 0.6
    assert share.loc[n_programmes] > 0.95
    assert share.is_monotonic_increasing
    # Averaging the last noise away still helps, and is certain: no limit by standard errors alone.
    assert curve.one_standard_error_size() > n_programmes


def test_more_noise_needs_more_genes():
    sizes = [
        panel_size_curve(
            GreedyPanelSelector(), planted(6, noise), sizes=40, random_state=0
        ).size_for(0.8)
        for noise in (0.2, 0.7, 1.2)
    ]
    assert sizes[0] <= 6 < sizes[1] < sizes[2]


def test_genes_that_tell_nothing_count_for_nothing():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100, 40))
    curve = panel_size_curve(GreedyPanelSelector(), X, sizes=[1, 10, 30], random_state=0)
    table = curve.to_frame()
    assert table["r2_all"].loc[30] > 0.6
    assert (table["r2_shared"] < 0.02).all()
    assert table["share_of_ceiling"].isna().all() or (curve.ceiling["r2"].mean() > 0)
    assert curve.auto_size() == 1


def flat(**columns_of):
    """A curve of given scores, (n_sizes, n_folds), with a ceiling of 1."""
    sizes = columns_of.pop("sizes")
    values = {name: np.asarray(v, dtype=float) for name, v in columns_of.items()}
    n_folds = next(iter(values.values())).shape[1]
    index = pd.MultiIndex.from_product([sizes, range(n_folds)], names=["size", "fold"])
    folds = pd.DataFrame({name: v.ravel() for name, v in values.items()}, index).assign(alpha=1.0)
    ceiling = pd.DataFrame({"pcc": np.ones(n_folds), "r2": np.ones(n_folds)})
    return PanelSizeCurve(folds, ceiling, [], True, "x", 100)


def test_standard_error_by_hand():
    # The best has mean .8 and standard error sqrt(.02) / sqrt(2) = .1.
    curve = flat(sizes=[1, 2, 4, 9], r2_shared=[[0.2, 0.4], [0.71, 0.71], [0.7, 0.9], [0.6, 0.9]])
    assert curve.one_standard_error_size() == 2
    assert curve.auto_size() == 2
    assert curve.auto_size(tolerance=0.7) == 1
    tight = flat(sizes=[1, 2, 4], r2_shared=[[0.7, 0.7], [0.77, 0.77], [0.8, 0.8]])
    assert tight.one_standard_error_size() == 4
    assert tight.auto_size() == 2
    assert tight.auto_size(tolerance=0) == 4
    assert [tight.size_for(share) for share in (0.1, 0.7, 0.8)] == [1, 1, 4]


def test_scores_to_choose_by():
    curve = flat(sizes=[1, 2], r2_shared=[[0.5, 0.5], [0.9, 0.9]], pcc_shared=[[0.9] * 2, [1] * 2])
    assert curve.size_for(0.8, score="pcc_shared") == 1
    assert curve.size_for(0.8) == 2
    with pytest.raises(ValueError, match=r"score='r2_all' does not go from nothing.*'pcc_shared'"):
        curve.size_for(0.8, score="r2_all")
    with pytest.raises(ValueError, match=r"up to 2 genes reaches 0.95 .* best has 0.900 of it"):
        curve.size_for(0.95)
    with pytest.raises(ValueError, match=r"share must be above 0, such as 0.9, got 0"):
        curve.size_for(0)
    with pytest.raises(ValueError, match="tolerance must be at least 0 and below 1, got 1"):
        curve.auto_size(tolerance=1)


def test_nothing_attainable():
    curve = flat(sizes=[1], r2_shared=[[-0.1, -0.1]])
    curve.ceiling["r2"] = -0.2
    assert curve.to_frame()["share_of_ceiling"].isna().all()
    with pytest.raises(ValueError, match=r"reach r2_shared -0.2 on held-out samples"):
        curve.size_for(0.5)


def test_one_fold_has_no_standard_error(X):
    curve = panel_size_curve(
        GreedyPanelSelector(), X, sizes=[2], cv=[(np.arange(50), range(50, 70))]
    )
    assert np.isnan(curve.to_frame()["r2_sd"]).all()
    assert "auto" not in repr(curve)
    with pytest.raises(ValueError, match=r"One fold gives no standard error. Pass at least two"):
        curve.auto_size()


@pytest.mark.parametrize("attribute", ["ranking_", "indices_", "selected_idx_", None, "rfe"])
def test_orders_are_read_or_sizes_fitted(X, attribute):
    LastGenes.fits = 0
    ordered = attribute not in (None, "rfe")
    curve = panel_size_curve(
        LastGenes(attribute=attribute), X, sizes=[1, 4, 6], cv=3, random_state=0
    )
    assert LastGenes.fits == (3 if ordered else 9)
    assert curve.ordered == ordered
    assert curve.panels[0].tolist() == [29, 28, 27, 26, 25, 24][:: 1 if ordered else -1]
    given = panel_size_curve(range(29, 23, -1), X, sizes=[1, 4, 6], cv=3, random_state=0)
    pd.testing.assert_frame_equal(curve.folds, given.folds)
    again = panel_size_curve(
        LastGenes(attribute=attribute), X, sizes=[1, 4, 6], cv=3, refit=True, random_state=0
    )
    pd.testing.assert_frame_equal(curve.folds, again.folds)


def test_default_sizes(X):
    assert _grid(1, 5, True).tolist() == [1, 2, 3, 4, 5]
    fine = _grid(1, 1000, True)
    assert fine[:100].tolist() == list(range(1, 101))
    assert fine[-1] == 1000
    assert (np.diff(fine)[100:-1] <= 0.03 * fine[100:-2] + 1).all()
    assert _grid(1, 60, False).tolist() == [1, 2, 5, 10, 20, 50, 60]
    assert _grid(1, 1, False).tolist() == [1]
    assert _grid(4, 8, True).tolist() == [4, 5, 6, 7, 8]
    assert _grid(6, 60, False).tolist() == [10, 20, 50, 60]
    assert _grid(1, 60, False, 7).tolist() == [1, 2, 5, 7, 10, 20, 50, 60]
    assert (
        _grid(1, 60, False, 70).tolist()
        == _grid(1, 60, False, 50).tolist()
        == _grid(1, 60, False).tolist()
    )
    for selector, largest in [
        (GreedyPanelSelector(7), 7),
        (GreedyPanelSelector(0.2), 6),
        (GreedyPanelSelector(), 15),
        ([4, 3, 1], 3),
    ]:
        curve = panel_size_curve(selector, X, cv=3, random_state=0)
        assert curve.sizes.tolist() == list(range(1, largest + 1))
    assert panel_size_curve(LastGenes(12), X, cv=3).sizes.tolist() == [1, 2, 5, 10, 12]


def test_forms_agree(forms):
    options = {"sizes": [1, 5], "cv": 3, "random_state": 0}
    expected = panel_size_curve(GreedyPanelSelector(), forms["array"], **options)
    for name, form in forms.items():
        layer = "log" if name == "layer" else None
        selector = GreedyPanelSelector(layer=layer)
        found = panel_size_curve(selector, form, layer=layer, **options)
        pd.testing.assert_frame_equal(found.folds, expected.folds)
        assert (found.panels[0].dtype == object) == (name not in ("array", "csr", "csr_matrix"))


def test_same_on_every_call_and_no_global_state(X):
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    first, second = (
        panel_size_curve(PeelOffSelector(random_state=0), X, sizes=[3], cv=3, random_state=5)
        for _ in range(2)
    )
    pd.testing.assert_frame_equal(first.folds, second.folds)
    panel_size_curve(GreedyPanelSelector(), X, sizes=[3], cv=3)
    np.testing.assert_array_equal(before, np.random.get_state()[1])  # noqa: NPY002


@pytest.mark.slow
def test_selector_of_a_network(X):
    selector = AutoEncoderDeepLIFTSelector(
        autoencoder=GeneAutoEncoder((8, 3), max_iter=3), random_state=0
    )
    curve = panel_size_curve(selector, X, sizes=6, cv=2, random_state=0)
    assert curve.ordered
    assert curve.sizes.tolist() == [1, 2, 3, 4, 5, 6]


def test_labels_reach_the_selector():
    rng = np.random.default_rng(0)
    y = np.repeat(["a", "b"], 30)
    X = rng.normal(size=(60, 12))
    X[:, [2, 5]] += 3 * (y == "b")[:, None]
    curve = panel_size_curve(SelectKBest(f_classif), X, y, sizes=[2], cv=3, random_state=0)
    assert [panel.tolist() for panel in curve.panels] == [[2, 5]] * 3
    assert curve.selector == "SelectKBest"


def test_groups_are_not_parted(X):
    donors = np.repeat(np.arange(7), 10)
    seen = []

    class Watching(LastGenes):
        def fit(self, X, y=None):
            seen.append({int(row) // 10 for row in np.asarray(X)[:, 0]})
            return super().fit(X)

    X[:, 0] = np.arange(70)
    panel_size_curve(Watching(attribute="ranking_"), X, sizes=[2], cv=7, groups=donors)
    assert sorted(map(len, seen)) == [6] * 7
    y = np.tile(["a", "b"], 35)
    panel_size_curve(
        Watching(attribute="ranking_"), X, y, sizes=[2], cv=7, groups=donors, random_state=0
    )
    assert sorted(map(len, seen)) == [6] * 14
    with pytest.raises(ValueError, match="greater than the number of groups"):
        panel_size_curve(LastGenes(), X, cv=8, groups=donors)


@pytest.mark.parametrize("form", [np.asarray, sp.csr_array])
def test_genes_that_do_not_vary(form):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(30, 2)) @ rng.normal(size=(2, 12)) + rng.normal(size=(30, 12))
    X[:, 3] = 0
    X[1:, 4] = 0
    with pytest.warns(UndefinedMetricWarning, match=r"Up to 2 of 12 .* up to 1 gene\(s\) are"):
        curve = panel_size_curve(GreedyPanelSelector(), form(X), sizes=[1, 4], cv=3, random_state=0)
    assert curve.folds.notna().all(axis=None)


def test_readable(X):
    text = repr(panel_size_curve(GreedyPanelSelector(), X, sizes=14, random_state=0)).splitlines()
    assert text[0] == "PanelSizeCurve(GreedyPanelSelector, 14 sizes up to 14 of 30 genes, 5 folds)"
    assert text[2].startswith("      1  0.")
    assert text[-2].startswith("  genes for a share of that: 50%: ")
    assert text[-1].startswith("  auto size ")


def test_bad_input(X):
    greedy = GreedyPanelSelector()
    for sizes in ([0.5], [], [[1]], [True]):
        with pytest.raises(ValueError, match="sizes must be the largest number of genes or a list"):
            panel_size_curve(greedy, X, sizes=sizes)
    for sizes in ([0, 3], [29], 29, 0):
        with pytest.raises(ValueError, match="must be from 1 to 28, since 30 of 30 genes vary"):
            panel_size_curve(greedy, X, sizes=sizes)
    with pytest.raises(ValueError, match="must be from 1 to 28"):
        panel_size_curve(GreedyPanelSelector(29), X)
    with pytest.raises(ValueError, match=r"GivenPanelSelector has none of the parameters 'n_feat"):
        panel_size_curve(GivenPanelSelector([0, 1]), X)
    with pytest.raises(
        ValueError, match=r"LastGenes has no parameter 'size' .* it has 'attribute'"
    ):
        panel_size_curve(LastGenes(), X, param="size")
    with pytest.raises(TypeError, match="selector is 3; give a selector, or genes in the order"):
        panel_size_curve(3, X)
    with pytest.raises(TypeError, match="selector is 'CD3D'; give"):
        panel_size_curve("CD3D", X)
    with pytest.raises(ValueError, match="selector gives 4 more than once"):
        panel_size_curve([4, 1, -26], X)
    with pytest.raises(ValueError, match="selector is an empty list"):
        panel_size_curve([], X)
    with pytest.raises(ValueError, match="of 5 genes are to be judged, but only 3 genes are given"):
        panel_size_curve([4, 1, 2], X, sizes=5)
    with pytest.raises(ValueError, match="chose 3 genes where k=5 were asked for"):
        panel_size_curve(LastGenes(n_missing=2), X, sizes=5)
    with pytest.raises(ValueError, match="nothing to learn here") as caught:
        panel_size_curve(LastGenes(fail=True), X, sizes=5)
    assert caught.value.__notes__ == ["Raised in fold 0, by LastGenes."]
    with pytest.raises(ValueError, match="y has one class only, 'a'"):
        panel_size_curve(greedy, X, ["a"] * 70)
    with pytest.raises(ValueError, match=r"Split 0 has .* held-out samples, but"):
        panel_size_curve(greedy, X, sizes=3, cv=35)
    with pytest.raises(ValueError, match="NaN"):
        panel_size_curve(greedy, np.where(X > 3, np.nan, X))


def test_mask_must_be_of_x(X):
    class Indices(LastGenes):
        def get_support(self, indices=False):
            return super().get_support(indices=True)

    with pytest.raises(ValueError, match=r"get_support\(\) of Indices gives an array of int64"):
        panel_size_curve(Indices(), X, sizes=3)


def test_names_of_genes(X, genes):
    frame = pd.DataFrame(X, columns=genes)
    curve = panel_size_curve(["GENE4", "GENE2"], frame, random_state=0)
    assert curve.panels[0].tolist() == ["GENE4", "GENE2"]
    with pytest.raises(ValueError, match="GENE99"):
        panel_size_curve(["GENE4", "GENE99"], frame)
    with pytest.raises(ValueError, match="selector gives 'GENE4' more than once"):
        panel_size_curve(["GENE4", 4], frame)


def test_parameter_of_an_inner_selector(X):
    pipe = make_pipeline(FunctionTransformer(), LastGenes())
    pipe.__class__ = type(
        "Piped", (type(pipe),), {"get_support": lambda self, **k: self[-1].support_}
    )
    curve = panel_size_curve(pipe, X, sizes=[2, 3], param="lastgenes__k", cv=2)
    assert curve.sizes.tolist() == [2, 3]


def test_noise_is_readable():
    X = np.random.default_rng(0).normal(size=(40, 12))
    curve = panel_size_curve(GreedyPanelSelector(), X, sizes=[1, 3], random_state=0)
    curve.ceiling["r2"] = -0.01
    assert "undefined" in repr(curve)
    assert "90%: not reached" in repr(curve)


@pytest.mark.filterwarnings("ignore:Up to")
def test_real_cells(real_data):
    """Few genes tell most of what all of them tell; as many random ones do not."""
    cells = anndata.read_h5ad(real_data / "singlecell/pbmc68k_reduced_700x765.h5ad")
    chosen = panel_size_curve(GreedyPanelSelector(), cells, sizes=[1, 2, 5, 10, 20], random_state=0)
    rng = np.random.default_rng(0)
    random = panel_size_curve(
        rng.permutation(cells.n_vars)[:20], cells, sizes=[1, 2, 5, 10, 20], random_state=0
    )
    pd.testing.assert_frame_equal(chosen.ceiling, random.ceiling)
    assert chosen.size_for(0.9) <= 10
    assert random.to_frame()["share_of_ceiling"].max() < 0.6
    assert (chosen.folds["r2_shared"] > random.folds["r2_shared"]).all()


def test_sizes_begin_with_the_genes_to_include(X):
    selector = GreedyPanelSelector(must_include=[0, 3, 7])
    curve = panel_size_curve(selector, X, sizes=6, cv=3, random_state=0)
    assert curve.sizes.tolist() == [3, 4, 5, 6]
    assert all({0, 3, 7} <= set(panel[:3]) for panel in curve.panels)
    with pytest.raises(ValueError, match="Panels of 2 genes cannot be chosen: 3 must be included"):
        panel_size_curve(selector, X, sizes=[2, 5], cv=3)
    few = GreedyPanelSelector(exclude=np.arange(5, X.shape[1]))
    assert panel_size_curve(few, X, cv=3, random_state=0).sizes.max() == 5


@pytest.mark.parametrize("by_name", [False, True])
def test_groups_of_a_selector_are_alike_in_all_folds(X, by_name):
    kinds = np.repeat(["common", "rare"], [len(X) - 4, 4])
    cells = anndata.AnnData(X)
    cells.obs["kind"] = kinds
    params = {"groups": "kind" if by_name else kinds}
    for seed in range(4):  # without a rare one in training a fit fails
        curve = panel_size_curve(
            GreedyPanelSelector(), cells, sizes=4, cv=4, fit_params=params, random_state=seed
        )
        assert curve.n_folds == 4
    with pytest.raises(ValueError, match="one label for each of the"):
        panel_size_curve(GreedyPanelSelector(), cells, sizes=4, fit_params={"groups": kinds[:-1]})


def test_one_layer_for_all(X):
    cells = anndata.AnnData(X, layers={"squared": X**2})
    other = GreedyPanelSelector(4, layer="squared")
    with pytest.raises(ValueError, match=r"is set to read layer 'squared'.*Pass layer='squared'"):
        panel_size_curve(other, cells)
    curve = panel_size_curve(other, cells, layer="squared", cv=3, random_state=0)
    expected = panel_size_curve(GreedyPanelSelector(4), X**2, cv=3, random_state=0)
    np.testing.assert_array_equal(curve.folds, expected.folds)


def test_labels_in_another_order_are_refused(X):
    frame = pd.DataFrame(X, index=[f"s{i}" for i in range(len(X))])
    donors = pd.Series(np.resize(["a", "b", "c", "d"], len(X)), index=frame.index)
    panel_size_curve(GreedyPanelSelector(3), frame, cv=2, groups=donors)
    with pytest.raises(ValueError, match="index of groups has the samples of X in another order"):
        panel_size_curve(GreedyPanelSelector(3), frame, cv=2, groups=donors[::-1])


def test_a_set_has_no_order(X):
    with pytest.raises(TypeError, match="give a selector, or genes in the order of adding"):
        panel_size_curve({0, 1, 2}, X)
