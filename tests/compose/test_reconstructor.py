"""A selector and a regressor as one estimator."""

import anndata
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from scipy.stats import pearsonr
from sklearn.base import BaseEstimator, clone
from sklearn.feature_selection import (
    SelectFromModel,
    SelectKBest,
    SequentialFeatureSelector,
    VarianceThreshold,
    f_classif,
)
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score, cross_validate
from sklearn.neighbors import KNeighborsRegressor

from skgenes.compose import LandmarkReconstructor
from skgenes.feature_selection import (
    AutoEncoderDeepLIFTSelector,
    GivenPanelSelector,
    GreedyPanelSelector,
)
from skgenes.metrics import (
    neg_per_gene_mae_scorer,
    per_gene_pearson_scorer,
    significant_genes_scorer,
)
from skgenes.neural_network import DGEXRegressor, GeneAutoEncoder

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning"),
]

PANEL = [2, 5, 11, 17, 23]
AUTOENCODER = GeneAutoEncoder((6, 2), max_iter=2, random_state=0)


@pytest.fixture(scope="module")
def model(forms):
    return LandmarkReconstructor(GivenPanelSelector(PANEL), Ridge()).fit(forms["frame"])


@pytest.fixture(scope="module")
def expected(expression):
    """Inferred targets, by Ridge itself."""
    targets = np.setdiff1d(np.arange(30), PANEL)
    X, Y = expression[:, PANEL], expression[:, targets]
    return targets, Ridge().fit(X, Y).predict(X)


def test_it_is_the_regressor_on_the_panel(model, expected, forms, expression, genes):
    targets, inferred = expected
    assert list(model.landmarks_) == list(genes[PANEL])
    assert list(model.targets_) == list(genes[targets])
    np.testing.assert_array_equal(np.flatnonzero(model.support_), PANEL)
    np.testing.assert_allclose(model.predict(forms["frame"]), inferred, rtol=1e-4, atol=1e-5)
    assert model.predict(forms["frame"]).dtype == np.float64
    observed, found = model.observed_and_inferred(forms["frame"])
    np.testing.assert_array_equal(observed, expression[:, targets])
    np.testing.assert_array_equal(found, model.predict(forms["frame"]))


def test_the_score_is_the_mean_correlation(model, expected, forms, expression, monkeypatch):
    targets, inferred = expected
    r = [
        pearsonr(expression[:, j], inferred[:, k])[0]
        for k, j in enumerate(targets)
        if expression[:, j].std() > 0
    ]
    score = model.score(forms["frame"])
    assert score == pytest.approx(np.mean(r), abs=1e-5)
    monkeypatch.setattr("skgenes.compose._landmark_reconstructor._ROWS_AT_ONCE", 7)
    assert model.score(forms["frame"]) == pytest.approx(score, abs=1e-6)
    assert per_gene_pearson_scorer(model, forms["frame"]) == pytest.approx(score, abs=1e-6)


def test_all_genes_or_the_landmarks_alone(model, forms, expression, genes):
    full = model.predict(forms["frame"])
    landmarks = forms["frame"][model.landmarks_]
    reordered_columns = list(model.landmarks_)
    for X in (
        forms["anndata"],
        landmarks,
        forms["anndata"][:, reordered_columns],
        forms["anndata"][:, reordered_columns].copy(),
    ):
        np.testing.assert_allclose(model.predict(X), full, rtol=1e-6, atol=1e-6)
        np.testing.assert_allclose(
            model.reconstruct(X), model.reconstruct(forms["frame"]), rtol=1e-6, atol=1e-6
        )
    assert len(genes) == 30


@pytest.mark.parametrize("form", [np.asarray, sp.csr_array, np.ndarray.tolist, pd.DataFrame])
def test_landmarks_without_names(expression, form):
    model = LandmarkReconstructor(GivenPanelSelector(PANEL), Ridge()).fit(expression)
    np.testing.assert_array_equal(model.landmarks_, PANEL)
    np.testing.assert_allclose(
        model.predict(form(expression[:, PANEL])), model.predict(expression), rtol=1e-6, atol=1e-6
    )
    with pytest.raises(ValueError, match=r"6 features.*expecting 30"):
        model.predict(form(expression[:, :6]))


@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
def test_arrays_for_a_model_of_named_genes(model, forms, expression):
    full = model.predict(forms["frame"])
    for X in (expression, expression[:, PANEL]):
        np.testing.assert_allclose(model.predict(X), full, rtol=1e-6, atol=1e-6)


def test_measured_genes_stay_as_measured(model, forms, expression, expected):
    targets, inferred = expected
    for X in (forms["frame"], forms["frame"][model.landmarks_], forms["anndata_csr"]):
        whole = model.reconstruct(X)
        np.testing.assert_array_equal(whole[:, PANEL], expression[:, PANEL])
        np.testing.assert_allclose(whole[:, targets], inferred, rtol=1e-4, atol=1e-4)


def landmark_frame(model, forms, names):
    values = forms["frame"][model.landmarks_].to_numpy()
    return pd.DataFrame(values[:, [i % 5 for i in range(len(names))]], columns=names)


@pytest.mark.parametrize("kind", ["frame", "anndata"])
@pytest.mark.filterwarnings("ignore:Variable names are not unique")
def test_wrong_landmarks_are_named(model, forms, kind):
    def make(names):
        frame = landmark_frame(model, forms, names)
        if kind == "frame":
            return frame
        return anndata.AnnData(frame.to_numpy(), var=pd.DataFrame(index=list(names)))

    names = [str(name) for name in model.landmarks_]
    swapped = r"(?s)another order: column 0 is 'GENE5', expected was 'GENE2'.*estimator\.landmarks_"
    cases = [
        ([names[0], "WRONG", *names[2:]], r"(?s)alone: 1 gene\(s\) are new \('WRONG'\).*'GENE5'"),
        (names[:4], r"(?s)landmarks alone: 0 gene\(s\) are new \(none\); 1 .*'GENE23'"),
        ([*names, "EXTRA"], r"(?s)landmarks alone: 1 gene\(s\) are new \('EXTRA'\); 0 "),
        ([names[1], names[0], *names[2:]], swapped),
        ([names[0], names[0], *names[2:]], r"1 gene name\(s\) occur more than once in X: 'GENE2'"),
    ]  # fmt: skip
    for columns, match in cases:
        for method in (model.predict, model.reconstruct):
            with pytest.raises(ValueError, match=match):
                method(make(columns))


def test_landmarks_that_are_not_finite(model, forms):
    X = forms["frame"][model.landmarks_].copy()
    X.iloc[3, 1] = np.nan
    with pytest.raises(ValueError, match=r"NaN.*\('GENE5'\).*\(3\)"):
        model.predict(X)


def test_scoring_needs_all_genes(model, forms):
    for method in (model.score, model.observed_and_inferred):
        with pytest.raises(ValueError, match="missing"):
            method(forms["frame"][model.landmarks_])


# Any selector and any regressor -------------------------------------------------------------------

LABELS = np.arange(90) % 3
SELECTORS = {
    "variance": VarianceThreshold(0.3),
    "k best": SelectKBest(f_classif, k=4),
    "from model": SelectFromModel(LogisticRegression(max_iter=2000), max_features=6),
    "sequential": SequentialFeatureSelector(Ridge(), n_features_to_select=2, cv=2),
    "given": GivenPanelSelector(PANEL),
    "deeplift": AutoEncoderDeepLIFTSelector(5, autoencoder=AUTOENCODER),
}
REGRESSORS = {
    "ridge": Ridge(),
    "neighbours": KNeighborsRegressor(3),
    "linear": LinearRegression(),
    "dgex": DGEXRegressor((5,), max_iter=2, random_state=0),
}


@pytest.mark.filterwarnings("ignore:Features .* are constant", "ignore:invalid value encountered")
@pytest.mark.parametrize("selector", sorted(SELECTORS))
@pytest.mark.parametrize("form", ["array", "frame", "anndata"])
def test_any_selector(forms, expression, selector, form):
    alone = clone(SELECTORS[selector])
    model = LandmarkReconstructor(alone, Ridge()).fit(forms[form], LABELS)
    support = clone(alone).fit(expression, LABELS).get_support()
    np.testing.assert_array_equal(model.support_, support)
    assert not hasattr(alone, "n_features_in_"), "what was passed is left alone"
    X, Y = expression[:, support], expression[:, ~support]
    np.testing.assert_allclose(
        model.predict(forms[form]), Ridge().fit(X, Y).predict(X), rtol=1e-3, atol=1e-4
    )


@pytest.mark.parametrize("regressor", sorted(REGRESSORS))
@pytest.mark.parametrize("form", ["array", "frame", "csr", "anndata_csr", "layer"])
def test_any_regressor(forms, expression, regressor, form):
    layer = "log" if form == "layer" else None
    model = LandmarkReconstructor(GivenPanelSelector(PANEL), REGRESSORS[regressor], layer=layer)
    model.fit(forms[form])
    targets = np.setdiff1d(np.arange(30), PANEL)
    X, Y = expression[:, PANEL], expression[:, targets]
    # Sparse and dense neighbours break ties in their own ways.
    X = sp.csr_array(X) if regressor == "neighbours" and form not in ("array", "frame") else X
    expected = clone(REGRESSORS[regressor]).fit(X, Y).predict(X)
    # Ridge on sparse data iterates to a tolerance of its own.
    np.testing.assert_allclose(model.predict(forms[form]), expected, rtol=2e-3, atol=2e-3)
    assert np.isfinite(model.score(forms[form]))
    assert model.reconstruct(forms[form]).shape == (90, 30)


def test_a_selector_that_names_the_layer_too(forms):
    dense = forms["layer"].copy()
    dense.layers["log"] = dense.layers["log"].toarray()
    model = LandmarkReconstructor(GivenPanelSelector([0, 3], layer="log"), Ridge(), layer="log")
    for X in (dense, forms["layer"]):
        assert model.fit(X).predict(X).shape == (90, 28)


def test_a_single_target(expression):
    model = LandmarkReconstructor(GivenPanelSelector(np.arange(29)), KNeighborsRegressor(2))
    assert model.fit(expression).predict(expression).shape == (90, 1)


class Selecting(BaseEstimator):
    def __init__(self, mask):
        self.mask = mask

    def fit(self, X, y=None):
        self.fitted_ = True
        return self

    def get_support(self):
        return self.mask


@pytest.mark.parametrize(
    ("mask", "match"),
    [
        (np.zeros(30, bool), r"Selecting selects no gene of 30"),
        (np.ones(30, bool), r"Selecting selects all genes of 30"),
        (np.ones(7, bool), r"Selecting selects among 7 columns, but X has 30 genes"),
    ],
)
def test_panels_that_leave_nothing_to_do(expression, mask, match):
    model = LandmarkReconstructor(Selecting(mask), Ridge())
    with pytest.raises(ValueError, match=match):
        model.fit(expression)
    assert not hasattr(model, "selector_")


def test_labels_of_another_length(expression):
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        LandmarkReconstructor(SelectKBest(k=3), Ridge()).fit(expression, LABELS[:80])


def test_what_is_neither_selector_nor_regressor(expression):
    with pytest.raises(ValueError, match="'selector' parameter"):
        LandmarkReconstructor(Ridge(), Ridge()).fit(expression)
    with pytest.raises(ValueError, match="'regressor' parameter"):
        LandmarkReconstructor(VarianceThreshold(), VarianceThreshold()).fit(expression)


def test_a_failing_refit_leaves_the_previous_one(forms, expression):
    model = LandmarkReconstructor(GivenPanelSelector(PANEL), Ridge()).fit(forms["frame"])
    before = {key: value for key, value in vars(model).items() if key.endswith("_")}
    model.set_params(regressor=DGEXRegressor((4,), learning_rate_init=1e6))
    with pytest.raises(ValueError, match="Training diverged"):
        model.fit(expression[:50])
    assert {k: v for k, v in vars(model).items() if k.endswith("_")}.keys() == before.keys()
    assert all(getattr(model, key) is value for key, value in before.items())


# Model selection ----------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["array", "frame", "anndata", "anndata_csr"])
def test_a_search_over_the_size_of_the_panel(forms, form):
    model = LandmarkReconstructor(
        AutoEncoderDeepLIFTSelector(2, autoencoder=AUTOENCODER, random_state=0), LinearRegression()
    )
    sizes = [2, 5, 12]
    search = GridSearchCV(
        model, {"selector__n_features_to_select": sizes}, cv=KFold(3), error_score="raise",
        scoring={"r": per_gene_pearson_scorer, "mae": neg_per_gene_mae_scorer,
                 "significant": significant_genes_scorer},
        refit="r",
    )  # fmt: skip
    search.fit(forms[form])
    assert (
        search.best_estimator_.support_.sum()
        == search.best_params_["selector__n_features_to_select"]
    )
    by_hand = cross_val_score(
        clone(model).set_params(selector__n_features_to_select=5), forms[form], cv=KFold(3)
    )
    np.testing.assert_allclose(search.cv_results_["mean_test_r"][1], by_hand.mean(), atol=1e-6)
    assert np.isfinite(search.cv_results_["mean_test_significant"]).all()
    assert search.predict(forms[form]).shape == (90, 30 - search.best_estimator_.support_.sum())


@pytest.mark.slow
def test_a_search_in_two_processes(forms):
    model = LandmarkReconstructor(
        AutoEncoderDeepLIFTSelector(2, autoencoder=AUTOENCODER, random_state=0),
        DGEXRegressor((4,), max_iter=2, random_state=0),
    )
    grid = {"selector__n_features_to_select": [2, 5]}
    one, two = (
        GridSearchCV(model, grid, cv=2, n_jobs=n_jobs, error_score="raise").fit(
            forms["anndata_csr"]
        )
        for n_jobs in (1, 2)
    )
    np.testing.assert_array_equal(
        one.cv_results_["mean_test_score"], two.cv_results_["mean_test_score"]
    )


def test_only_training_samples_are_seen(expression):
    """Rows left out by cross-validation do not move the fit."""
    spoiled = expression.copy()
    spoiled[60:] = 1e6
    model = LandmarkReconstructor(
        AutoEncoderDeepLIFTSelector(5, autoencoder=AUTOENCODER, random_state=0), Ridge()
    )
    one = clone(model).fit(expression[:60])
    two = clone(model).fit(spoiled[:60])
    np.testing.assert_array_equal(one.support_, two.support_)
    np.testing.assert_array_equal(one.predict(expression), two.predict(expression))


def test_arguments_for_the_parts(expression):
    kinds = np.repeat(["common", "rare"], [70, 20])
    selector = GreedyPanelSelector(5)
    model = LandmarkReconstructor(selector, Ridge()).fit(expression, selector__groups=kinds)
    direct = clone(selector).fit(expression, groups=kinds)
    np.testing.assert_array_equal(model.support_, direct.support_)
    assert not np.array_equal(clone(selector).fit(expression).ranking_, direct.ranking_)
    weights = np.linspace(0.1, 2, 90)
    weighted = LandmarkReconstructor(selector, Ridge()).fit(
        expression, regressor__sample_weight=weights
    )
    on = weighted.support_
    ridge = Ridge().fit(expression[:, on], expression[:, ~on], sample_weight=weights)
    np.testing.assert_allclose(weighted.regressor_.coef_, ridge.coef_, atol=1e-5)
    held_out = LandmarkReconstructor(selector, Ridge(), calibration=0.3, random_state=0)
    assert held_out.fit(expression, selector__groups=kinds).calibration_["errors"].shape[0] == 27
    results = cross_validate(
        LandmarkReconstructor(selector, Ridge()), expression,
        cv=3, params={"selector__groups": kinds}, error_score="raise",
    )  # fmt: skip
    assert np.isfinite(results["test_score"]).all()
    with pytest.raises(TypeError, match=r"unexpected argument .weights.*selector__weights, maybe"):
        held_out.fit(expression, weights=weights)


def test_groups_that_would_do_nothing(expression):
    with pytest.raises(ValueError, match="calibration=None holds no samples out"):
        LandmarkReconstructor(GreedyPanelSelector(5), Ridge()).fit(
            expression, groups=np.resize([0, 1], 90)
        )


def test_one_layer_for_both_parts(forms):
    cells = forms["anndata"].copy()
    cells.layers["squared"] = cells.X**2
    model = LandmarkReconstructor(GreedyPanelSelector(5, layer="squared"), Ridge())
    with pytest.raises(ValueError, match="GreedyPanelSelector is set to read layer 'squared'"):
        model.fit(cells)
    model.set_params(layer="squared").fit(cells)
    direct = GreedyPanelSelector(5, layer="squared").fit(cells)
    np.testing.assert_array_equal(model.support_, direct.support_)
