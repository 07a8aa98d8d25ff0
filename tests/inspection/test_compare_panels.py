"""Several panels on the same held-out samples and targets."""

import anndata
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from scipy.stats import pearsonr
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import RandomForestRegressor
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.feature_selection import SelectorMixin, VarianceThreshold
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import train_test_split
from sklearn.multioutput import MultiOutputRegressor
from sklearn.neighbors import KNeighborsRegressor
from sklearn.svm import SVR
from sklearn.utils import check_random_state

from skgenes.compose import LandmarkReconstructor
from skgenes.feature_selection import GivenPanelSelector
from skgenes.inspection import compare_panels
from skgenes.metrics import gene_permutation_test, per_gene_mean_absolute_error
from skgenes.neural_network import DGEXRegressor

PANELS = {"a": [2, 5, 11, 17, 23], "b": [0, 2, 9, 14], "c": [29]}
COMMON = np.setdiff1d(np.arange(30), np.concatenate([*PANELS.values()]))
RIDGE = RidgeCV([0.1, 1, 10])


class Leaky(SelectorMixin, BaseEstimator):
    """Keeps what it was shown, and whether it came with a y."""

    shown = []

    def fit(self, X, y=None):
        Leaky.shown.append((np.asarray(X), y))
        self.n_features_in_ = X.shape[1]
        return self

    def _get_support_mask(self):
        return np.arange(self.n_features_in_) < 3


class LastGenes(SelectorMixin, BaseEstimator):
    """Selects among more columns than there are, or among all."""

    def __init__(self, n_more=0):
        self.n_more = n_more

    def fit(self, X, y=None):
        self.n_features_in_ = X.shape[1] + self.n_more
        return self

    def _get_support_mask(self):
        return np.ones(self.n_features_in_, dtype=bool)


class Mean(RegressorMixin, BaseEstimator):
    """Takes several targets and infers their mean."""

    def fit(self, X, y):
        self.mean_ = y.mean()
        return self

    def predict(self, X):
        return np.full(X.shape[0], self.mean_)


@pytest.fixture(scope="module")
def varying(expression):
    """Every gene varies in every split that is used here."""
    noise = np.random.default_rng(1).normal(scale=0.05, size=expression.shape)
    return (expression + noise).astype(np.float32)


@pytest.fixture(scope="module")
def halves(varying):
    return train_test_split(varying, test_size=0.3, random_state=0)


@pytest.fixture(scope="module")
def result(varying):
    return compare_panels(PANELS, varying, RIDGE, random_state=0)


def same(one, other):
    for score in ("mae", "pcc", "null_fraction"):
        np.testing.assert_array_equal(getattr(one, score), getattr(other, score))


def test_it_is_the_reconstructor_and_the_metrics(result, halves):
    train, test = halves
    assert list(result.mae.index) == list(COMMON)
    assert list(result.mae.columns) == list(PANELS)
    assert (result.n_train, result.n_test, result.alpha) == (63, 27, 0.01)
    for name, genes in PANELS.items():
        model = LandmarkReconstructor(GivenPanelSelector(genes), RIDGE).fit(train)
        observed, inferred = model.observed_and_inferred(test)
        judged = np.flatnonzero(np.isin(model.targets_, COMMON))
        observed, inferred = (values.take(judged, axis=1) for values in (observed, inferred))
        permutation = gene_permutation_test(observed, inferred)
        mae = per_gene_mean_absolute_error(observed, inferred)
        np.testing.assert_array_equal(result.mae[name], mae)
        np.testing.assert_array_equal(result.pcc[name], permutation.pcc)
        np.testing.assert_array_equal(result.null_fraction[name], permutation.null_fraction)
        np.testing.assert_array_equal(result.significant[name], permutation.significant)
        np.testing.assert_array_equal(result.panels[name], np.sort(genes))


def test_against_a_slow_loop(result, halves):
    train, test = (half.astype(np.float64) for half in halves)
    for name, genes in PANELS.items():
        others = np.setdiff1d(np.arange(30), genes)
        inferred = RidgeCV([0.1, 1, 10]).fit(train[:, genes], train[:, others])
        inferred = dict(zip(others, inferred.predict(test[:, genes]).T, strict=True))
        for gene in COMMON:
            r = pearsonr(test[:, gene], inferred[gene])[0]
            null = [pearsonr(test[:, k], inferred[gene])[0] for k in COMMON if k != gene]
            assert result.mae.loc[gene, name] == pytest.approx(
                np.mean([abs(a - b) for a, b in zip(test[:, gene], inferred[gene], strict=True)]),
                rel=1e-4,
            )
            assert result.pcc.loc[gene, name] == pytest.approx(r, abs=1e-4)
            fraction = sum(other > r for other in null) / len(null)
            # One of the null may change sides: the regressor above is fitted in float64.
            assert abs(result.null_fraction.loc[gene, name] - fraction) <= 1 / len(null) + 1e-12


def test_three_genes_by_hand():
    """The nearest training sample is inferred: x = 0 has targets 1 and 5, x = 9 has 3 and 1.

    So (1, 3, 1) is inferred for gene 1, of which (2, 3, 1) is measured, and (5, 1, 5) for gene 2,
    of which (5, 2, 6) is measured.
    """
    X = np.array([[0.0, 1.0, 5.0], [9.0, 3.0, 1.0]])
    X_test = np.array([[1.0, 2.0, 5.0], [8.0, 3.0, 2.0], [0.0, 1.0, 6.0]])
    found = compare_panels({"x": [0]}, X, KNeighborsRegressor(1), X_test=X_test)
    assert list(found.mae.index) == [1, 2]
    assert found.mae["x"].tolist() == pytest.approx([1 / 3, 2 / 3])
    # Centred, times 3: inferred (-2, 4, -2) and (4, -8, 4), measured (0, 3, -3) and (2, -7, 5).
    assert found.pcc["x"].tolist() == pytest.approx([18 / (24 * 18) ** 0.5, 84 / (96 * 78) ** 0.5])
    # The null of a gene is the other one, which correlates negatively with its inference.
    assert found.null_fraction["x"].tolist() == [0, 0]
    assert (found.n_train, found.n_test) == (2, 3)


@pytest.mark.parametrize("form", ["frame", "csr", "anndata", "anndata_csr", "layer"])
def test_every_form_of_the_same_expression(form, result, varying, genes):
    frame = pd.DataFrame(varying, columns=genes)
    variables = pd.DataFrame(index=pd.Index(genes))
    layered = anndata.AnnData(np.zeros_like(varying), var=variables)
    layered.layers["log"] = sp.csr_matrix(varying)
    X = {
        "frame": frame,
        "csr": sp.csr_array(varying),
        "anndata": anndata.AnnData(varying, var=variables),
        "anndata_csr": anndata.AnnData(sp.csr_matrix(varying), var=variables),
        "layer": layered,
    }[form]
    layer = "log" if form == "layer" else None
    before = varying.copy()
    found = compare_panels(PANELS, X, RIDGE, random_state=0, layer=layer)
    for score in ("mae", "pcc"):
        np.testing.assert_allclose(getattr(found, score), getattr(result, score), atol=1e-5)
    if form in ("frame", "anndata"):
        same(found, result)
    named = form != "csr"
    assert list(found.mae.index) == list(genes[COMMON] if named else COMMON)
    assert list(found.panels["b"]) == list(genes[PANELS["b"]] if named else PANELS["b"])
    np.testing.assert_array_equal(varying, before)
    assert not hasattr(RIDGE, "coef_")


def test_every_form_of_the_same_panel(result, varying, genes):
    mask = np.isin(np.arange(30), PANELS["b"])
    frame = pd.DataFrame(varying, columns=genes)
    panels = {
        "a": list(genes[PANELS["a"][::-1]]),
        "b": mask,
        "c": GivenPanelSelector([genes[29]], layer="of another object"),
    }
    same(compare_panels(panels, frame, RIDGE, random_state=0), result)


def test_selectors_of_the_house_read_what_the_comparison_reads(varying, genes):
    X = anndata.AnnData(sp.csr_matrix(varying), var=pd.DataFrame(index=pd.Index(genes)))
    X.layers["double"] = X.X * 2
    panels = {"b": GivenPanelSelector(list(genes[PANELS["b"]]), layer="double")}
    found = compare_panels(panels, X, RIDGE, layer="double", random_state=0)
    assert list(found.panels["b"]) == list(genes[PANELS["b"]])
    assert panels["b"].layer == "double"
    with pytest.raises(ValueError, match="is set to read layer 'double'"):
        compare_panels(panels, X, RIDGE, random_state=0)


def test_given_samples_are_held_out(result, halves):
    train, test = halves
    given = compare_panels(PANELS, train, RIDGE, X_test=test)
    same(given, result)
    assert (given.n_train, given.n_test) == (63, 27)


def test_selectors_see_the_training_samples_alone(varying, halves):
    Leaky.shown.clear()
    panels = {"given": [7], "chosen": Leaky()}
    found = compare_panels(panels, varying, RIDGE, random_state=0)
    ((shown, y),) = Leaky.shown
    np.testing.assert_array_equal(shown, halves[0])
    assert y is None
    assert not hasattr(panels["chosen"], "n_features_in_")
    assert list(found.panels["chosen"]) == [0, 1, 2]


def test_held_out_samples_change_no_panel(halves):
    train, test = halves
    selector = VarianceThreshold(float(np.quantile(train.var(axis=0), 0.8)))
    one = compare_panels({"s": selector}, train, RIDGE, X_test=test)
    other = compare_panels({"s": selector}, train, RIDGE, X_test=test * [[1000.0]])
    np.testing.assert_array_equal(one.panels["s"], other.panels["s"])


def test_the_order_of_panels_changes_nothing_else(result, varying):
    backwards = dict(reversed(PANELS.items()))
    found = compare_panels(backwards, varying, RIDGE, random_state=0)
    assert list(found.mae.columns) == ["c", "b", "a"]
    pd.testing.assert_frame_equal(found.pcc[list("abc")], result.pcc)


def test_identical_panels_tie(varying):
    panels = {"one": [1, 2, 3], "same": [3, 2, 1]}
    found = compare_panels(panels, varying, RIDGE, random_state=0)
    pairs = found.pairwise()
    assert (pairs[["t_p_value", "wilcoxon_p_value"]] == 1).all(axis=None)
    assert (pairs["ties"] == 27).all()


def test_alpha_decides_who_passes(varying, result):
    lenient = compare_panels(PANELS, varying, RIDGE, alpha=0.5, random_state=0)
    same(lenient, result)
    assert lenient.significant.sum().sum() > result.significant.sum().sum()


def test_random_state(varying):
    _, *before = check_random_state(None).get_state()
    drawn = [compare_panels(PANELS, varying, RIDGE) for _ in range(2)]
    _, *after = check_random_state(None).get_state()
    np.testing.assert_equal(after, before)
    assert not np.array_equal(drawn[0].mae, drawn[1].mae)
    ten = compare_panels(PANELS, varying, RIDGE, test_size=10, random_state=3)
    assert (ten.n_train, ten.n_test) == (80, 10)
    same(ten, compare_panels(PANELS, varying, RIDGE, test_size=10, random_state=3))


def test_constant_genes_are_counted_once(varying):
    X = varying.copy()
    X[:, [4, 6]] = 1
    with pytest.warns(UndefinedMetricWarning, match=r"^2 of 21 common targets are constant") as got:
        found = compare_panels(PANELS, X, RIDGE, random_state=0)
    assert len(got) == 1
    assert got[0].filename == __file__
    assert found.mae.notna().all(axis=None)
    undefined = np.isin(COMMON, [4, 6])
    for scores in (found.pcc, found.null_fraction):
        np.testing.assert_array_equal(scores.isna(), np.tile(undefined[:, None], 3))
    summary = found.summary()
    np.testing.assert_allclose(summary["pcc_mean"], found.pcc[~undefined].mean())
    assert (found.pairwise()["n_genes"].tolist()) == [21, 19] * 3


def test_constant_inference_is_counted(varying):
    with pytest.warns(UndefinedMetricWarning, match="constant are 21 from panel 'a', 21 from"):
        found = compare_panels(PANELS, varying, DummyRegressor(), random_state=0)
    assert found.pcc.isna().all(axis=None)
    assert found.summary()["fraction_significant"].isna().all()
    assert (found.pairwise().query("score == 'mae'")["wilcoxon_p_value"] == 1).all()


def test_networks_and_sparse_targets(varying):
    X = sp.csr_array(varying)
    network = DGEXRegressor((5,), max_iter=2, random_state=0)
    found = compare_panels(PANELS, X, network, random_state=0)
    dense = compare_panels(PANELS, varying, network, random_state=0)
    np.testing.assert_allclose(found.mae, dense.mae, rtol=1e-3)


def test_regressors_of_one_target(varying):
    few = varying[:, :7]
    with pytest.raises(ValueError, match=r"1d array.*\n.*SVR for panel 'x'.*MultiOutputRegressor"):
        compare_panels({"x": [0, 1]}, few, SVR(), random_state=0)
    found = compare_panels({"x": [0, 1]}, few, MultiOutputRegressor(SVR()), random_state=0)
    train, test = train_test_split(few, test_size=0.3, random_state=0)
    alone = SVR().fit(train[:, :2], train[:, 4]).predict(test[:, :2])
    assert found.mae.loc[4, "x"] == pytest.approx(np.abs(test[:, 4] - alone).mean())
    message = r"Mean predicts an array of shape \(27,\) from panel 'x', but it was given 5 targets"
    with pytest.raises(ValueError, match=message):
        compare_panels({"x": [0, 1]}, few, Mean(), random_state=0)
    forest = RandomForestRegressor(3, random_state=0)
    assert compare_panels({"x": [0, 1]}, few, forest, random_state=0).pcc.shape == (5, 1)


@pytest.mark.parametrize(
    ("panels", "error", "message"),
    [
        ({}, ValueError, "panels is empty; give at least one"),
        ([[1, 2]], ValueError, "'panels' parameter of compare_panels must be"),
        ({"p": ["GENE1", "Gene2"]}, ValueError, "panel 'p' has 1 gene.* not among the 30.*'Gene2'"),
        ({"p": [30]}, ValueError, "panel 'p' has 1 gene.* 30"),
        ({"p": [True, False]}, ValueError, "panel 'p' is a mask of length 2"),
        ({"p": None}, TypeError, "Panel 'p' is None; give gene names"),
        ({"p": DummyRegressor()}, TypeError, r"Panel 'p' is DummyRegressor\(\); give"),
        ({"p": [0.5]}, TypeError, "panel 'p' takes gene names or column indices, got 0.5"),
        ({"p": []}, ValueError, "Panel 'p' has none of the 30 genes"),
        ({"p": range(30)}, ValueError, "Panel 'p' has all of the 30 genes"),
        ({"p": LastGenes()}, ValueError, "Panel 'p' has all of the 30 genes"),
        ({"p": LastGenes(2)}, ValueError, "panel 'p' selects among 32 columns, but X has 30"),
        (
            {"p": range(20), "q": range(10, 29)},
            ValueError,
            r"Only 1 of the 30 genes are in no panel \(sizes of the panels: 'p': 20, 'q': 19\)",
        ),
    ],
)
def test_bad_panels(panels, error, message, varying, genes):
    frame = pd.DataFrame(varying, columns=genes)
    with pytest.raises(error, match=message):
        compare_panels(panels, frame, RIDGE, random_state=0)


def test_names_need_names(varying):
    with pytest.raises(ValueError, match=r"panel 'p' names genes .*'MYC'.*without gene names"):
        compare_panels({"p": ["MYC"]}, varying, RIDGE)


def test_other_genes_held_out(varying, genes):
    frame = pd.DataFrame(varying, columns=genes)

    def compare(X, X_test):
        return compare_panels({"p": [0]}, X, RIDGE, X_test=X_test)

    with pytest.raises(ValueError, match="X has 30 genes, but X_test has 29"):
        compare(frame, frame.iloc[:, 1:])
    with pytest.raises(ValueError, match=r"1 of 30 are not in X, and column 4 is 'MYC' where .*4'"):
        compare(frame, frame.rename(columns={"GENE4": "MYC"}))
    with pytest.raises(ValueError, match="0 of 30 are not in X, and column 0 is 'GENE29'"):
        compare(frame, frame.iloc[:, ::-1])
    with pytest.raises(ValueError, match="X has gene names, but X_test has none"):
        compare(frame, varying)
    with pytest.raises(ValueError, match="X_test has gene names, but X has none"):
        compare(varying, frame)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"test_size": 2}, "88 training and 2 held-out samples, but 2 and 3 are needed"),
        ({"test_size": 89}, "1 training and 89 held-out"),
        ({"test_size": 1.5}, "'test_size' parameter"),
        ({"alpha": 0}, "'alpha' parameter"),
        ({"regressor": "ridge"}, "'regressor' parameter"),
        ({"layer": "log"}, None),
        ({"X_test": np.full((3, 30), np.nan)}, "X_test contains NaN: 90 value"),
    ],
)
def test_bad_parameters(parameters, message, varying):
    arguments = {"panels": PANELS, "X": varying, "regressor": RIDGE, "random_state": 0}
    if message is None:  # a layer means nothing without an AnnData
        compare_panels(**arguments | parameters)
        return
    with pytest.raises(ValueError, match=message):
        compare_panels(**arguments | parameters)
