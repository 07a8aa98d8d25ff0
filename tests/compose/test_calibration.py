"""Reconstructors that hold samples out: intervals, reliability, genes that can be inferred."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from scipy.stats import binom
from sklearn import config_context
from sklearn.base import BaseEstimator, clone
from sklearn.dummy import DummyRegressor
from sklearn.exceptions import NotFittedError
from sklearn.feature_selection import SelectKBest, SelectorMixin, f_classif
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.neighbors import KNeighborsRegressor

import skgenes
from skgenes.compose import LandmarkReconstructor, _calibrated, _held_out
from skgenes.compose._held_out import group_codes, hold_out
from skgenes.feature_selection import GivenPanelSelector
from skgenes.metrics import per_gene_pearson

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")

PANEL = [2, 5, 11, 17, 23]


def calibrated(calibration=0.4, regressor=None, seed=0):
    regressor = Ridge() if regressor is None else regressor
    selector = GivenPanelSelector(PANEL)
    return LandmarkReconstructor(selector, regressor, calibration=calibration, random_state=seed)


@pytest.fixture(scope="module")
def model(forms):
    return calibrated().fit(forms["frame"])


@pytest.fixture(scope="module")
def by_hand(expression):
    """Rows held out, and the model of the others."""
    rng = np.random.default_rng(np.random.SeedSequence(0))
    held_out = np.sort(rng.permutation(90)[:36])
    train = np.setdiff1d(np.arange(90), held_out)
    return held_out, LandmarkReconstructor(GivenPanelSelector(PANEL), Ridge()).fit(
        expression[train]
    )


def test_it_is_a_model_of_some_samples_judged_by_the_others(model, by_hand, expression, forms):
    held_out, alone = by_hand
    np.testing.assert_array_equal(model.predict(forms["frame"]), alone.predict(expression))
    observed, inferred = alone.observed_and_inferred(expression[held_out])
    errors = np.abs(observed.astype(np.float64) - inferred)
    np.testing.assert_allclose(model.calibration_["errors"], errors, rtol=1e-6)
    assert model.calibration_["errors"].dtype == np.float32
    lower, upper = model.predict_interval(forms["frame"], coverage=0.9)
    assert lower.dtype == upper.dtype == np.float64
    widths = np.sort(errors, axis=0)[33]  # the 34th: ceil(37 * 0.9)
    np.testing.assert_allclose((upper + lower) / 2, model.predict(forms["frame"]), atol=1e-12)
    np.testing.assert_allclose((upper - lower) / 2, widths + 0 * upper, rtol=1e-6)


def test_reliability_by_hand(model, by_hand, expression, genes):
    held_out, alone = by_hand
    observed, inferred = alone.observed_and_inferred(expression[held_out])
    observed = observed.astype(np.float64)
    table = model.reliability(coverage=0.8)
    assert list(table.index) == list(model.targets_)
    assert table.index.name == "gene"
    assert (table.dtypes == np.float64).all()
    varies = np.ptp(observed, axis=0) > 0
    r2 = r2_score(observed, inferred, multioutput="raw_values")
    np.testing.assert_allclose(table["r2"][varies], r2[varies], rtol=1e-9)
    np.testing.assert_allclose(table["pcc"], per_gene_pearson(observed, inferred), rtol=1e-9)
    np.testing.assert_allclose(table["std"], observed.std(axis=0), atol=1e-12)
    widths = np.sort(np.abs(observed - inferred), axis=0)[29]  # ceil(37 * 0.8) is 30
    np.testing.assert_allclose(table["half_width"], widths, rtol=1e-6)
    np.testing.assert_allclose(
        table["relative_half_width"][varies], (widths / observed.std(axis=0))[varies], rtol=1e-6
    )
    assert ((table["p_value"] >= 0) & (table["p_value"] <= table["q_value"])).all()


def test_benjamini_hochberg_by_hand(model):
    p = model.calibration_["p_value"]
    m = len(p)
    harmonic = (1 / np.arange(1, m + 1)).sum()
    for method, factor in (("bh", 1), ("by", harmonic)):
        for fdr in (0.01, 0.05, 0.3):
            passing = np.sort(p) * factor <= fdr * np.arange(1, m + 1) / m
            number = passing.nonzero()[0].max(initial=-1) + 1
            found = model.inferable_genes(fdr, min_r2=None, method=method)
            expected = model.targets_[np.isin(p, np.sort(p)[:number])]
            assert list(found) == list(expected)
            by_table = model.reliability(method=method)["q_value"] <= fdr
            assert list(found) == list(by_table[by_table].index)
    assert 0 < len(model.inferable_genes()) <= m


def test_genes_that_explain_too_little_never_count(model):
    r2 = model.reliability()["r2"]
    for least in (0.0, 0.2, 0.5):
        found = model.inferable_genes(0.2, min_r2=least)
        assert (r2[found] >= least).all()
        # They enter as p-values of 1; to strike them afterwards would leave more.
        afterwards = [g for g in model.inferable_genes(0.2, min_r2=None) if r2[g] >= least]
        assert set(found) <= set(afterwards)
    assert len(model.inferable_genes(0.2, min_r2=1.0)) == 0


@pytest.mark.parametrize("form", ["array", "csr", "anndata", "anndata_csr", "layer"])
def test_any_form(model, forms, form):
    other = calibrated().set_params(layer="log" if form == "layer" else None).fit(forms[form])
    for one, two in zip(
        model.predict_interval(forms["frame"]), other.predict_interval(forms[form]), strict=True
    ):
        np.testing.assert_allclose(one, two, rtol=2e-3, atol=2e-3)
    table, found = model.reliability(), other.reliability()
    np.testing.assert_allclose(found[["r2", "std"]], table[["r2", "std"]], rtol=1e-2, atol=1e-2)
    landmarks = (
        forms["frame"][model.landmarks_] if form != "array" else forms["array"][:, model.support_]
    )
    np.testing.assert_allclose(
        other.predict_interval(landmarks)[0], other.predict_interval(forms[form])[0], atol=1e-5
    )


def test_blocks_of_genes_and_chunks_of_samples(model, forms, monkeypatch):
    monkeypatch.setattr(_held_out, "_ELEMENTS_AT_ONCE", 200)
    monkeypatch.setattr(_calibrated, "_ROWS_AT_ONCE", 7)
    for form in ("frame", "anndata_csr"):
        other = calibrated().fit(forms[form])
        tolerance = 1e-6 if form == "frame" else 2e-3
        for name in ("errors", "r2", "pcc", "std"):
            np.testing.assert_allclose(
                other.calibration_[name], model.calibration_[name], rtol=tolerance, atol=tolerance
            )


def test_without_calibration_nothing_changes(expression, forms):
    plain = LandmarkReconstructor(GivenPanelSelector(PANEL), Ridge()).fit(forms["frame"])
    assert not hasattr(plain, "calibration_")
    assert plain.calibration is None
    X, Y = (expression.take(np.flatnonzero(part), 1) for part in (plain.support_, ~plain.support_))
    np.testing.assert_array_equal(plain.predict(forms["frame"]), Ridge().fit(X, Y).predict(X))
    state = np.random.RandomState(0)
    drawn = clone(plain).set_params(random_state=state)
    drawn.fit(forms["frame"])
    assert state.randint(10**9) == np.random.RandomState(0).randint(10**9)
    for ask in (
        lambda: plain.predict_interval(forms["frame"]),
        plain.reliability,
        plain.inferable_genes,
    ):
        with pytest.raises(NotFittedError, match=r"no samples to judge.*calibration=0\.2, or call"):
            ask()
        with pytest.raises(NotFittedError, match="not fitted yet"):
            clone(plain).calibrate(forms["frame"])
    with pytest.raises(NotFittedError, match="not fitted yet"):
        clone(plain).reliability()


def test_a_refit_forgets(forms):
    model = calibrated().fit(forms["frame"])
    model.set_params(calibration=None).fit(forms["frame"])
    assert not hasattr(model, "calibration_")


def test_seeds(forms):
    one, same, other = (calibrated(seed=seed).fit(forms["frame"]) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(one.reliability(), same.reliability(), check_exact=True)
    assert not one.reliability().equals(other.reliability())


def test_neither_selector_nor_regressor_sees_them(expression):
    _, held_out = hold_out(90, 0.3, None, np.random.default_rng(np.random.SeedSequence(5)))
    assert len(held_out) == 27
    spoiled = expression.copy()
    spoiled[held_out] = 1e3 * np.random.default_rng(0).random((27, 30))
    labels = np.arange(90) % 3
    model = LandmarkReconstructor(SelectKBest(f_classif, k=4), Ridge(), calibration=0.3,
                                  random_state=5)  # fmt: skip
    one, two = clone(model).fit(expression, labels), clone(model).fit(spoiled, list(labels))
    np.testing.assert_array_equal(one.support_, two.support_)
    np.testing.assert_array_equal(one.predict(expression), two.predict(expression))
    assert (two.calibration_["errors"].max(axis=0) > one.calibration_["errors"].max(axis=0)).all()


# Samples of one's own -----------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["frame", "anndata_csr"])
def test_other_samples(forms, expression, form):
    X = forms[form]
    train, own = (X[:60], X[60:]) if form == "anndata_csr" else (X.iloc[:60], X.iloc[60:])
    model = LandmarkReconstructor(GivenPanelSelector(PANEL), Ridge(), random_state=3).fit(train)
    before = model.predict(own)
    assert model.calibrate(own) is model
    np.testing.assert_array_equal(model.predict(own), before)
    observed = expression[60:, ~model.support_].astype(np.float64)
    np.testing.assert_allclose(
        model.calibration_["errors"], np.abs(observed - before), rtol=1e-4, atol=1e-4
    )
    first = model.reliability()
    assert first.equals(model.calibrate(own).reliability())
    model.calibrate(train)
    assert model.calibration_["errors"].shape == (60, 25)


def test_other_samples_that_will_not_do(model, forms):
    before = model.calibration_
    X = forms["frame"]
    for bad, match in [
        (X.iloc[:1], "minimum of 2 is required"),
        (X.iloc[:, :9], "missing"),
        (X.replace(X.iloc[3, 4], np.nan), r"X contains NaN: .* gene\(s\) \('GENE"),
    ]:
        with pytest.raises(ValueError, match=match):
            model.calibrate(bad)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        model.calibrate(X, groups=np.arange(89))
    assert model.calibration_ is before


# Groups -------------------------------------------------------------------------------------------

DONORS = np.repeat([f"donor{i}" for i in range(18)], [2, 3, 4, 6, 7, 8] * 3)


def test_donors_stay_together(forms):
    model = calibrated(0.5).fit(forms["frame"], groups=DONORS)
    train, held_out = hold_out(90, 0.5, group_codes(DONORS), np.random.default_rng(
        np.random.SeedSequence(0)))  # fmt: skip
    assert not set(DONORS[train]) & set(DONORS[held_out])
    assert len(set(DONORS[held_out])) == 9
    codes = model.calibration_["groups"]
    assert len(codes) == len(model.calibration_["errors"]) == len(held_out)
    np.testing.assert_array_equal(codes, pd.factorize(DONORS[held_out])[0])
    model.predict_interval(forms["frame"], coverage=0.9)
    match = r"coverage=0.95 needs at least 19 groups held out .* but there are 9: .* 9/10"
    with pytest.raises(ValueError, match=match):
        model.predict_interval(forms["frame"], coverage=0.95)
    own = LandmarkReconstructor(GivenPanelSelector(PANEL), Ridge()).fit(forms["frame"][:45])
    own.calibrate(forms["frame"][45:], groups=pd.Categorical(DONORS[45:]))
    assert own.calibration_["groups"].max() == len(set(DONORS[45:])) - 1


def test_groups_of_one_are_no_groups(forms, model):
    alone = calibrated().fit(forms["frame"], groups=np.arange(90))
    for one, two in zip(
        model.predict_interval(forms["frame"]), alone.predict_interval(forms["frame"]), strict=True
    ):
        np.testing.assert_allclose(one, two)
    pd.testing.assert_frame_equal(model.reliability(), alone.reliability())


def test_groups_that_will_not_do(forms):
    model = calibrated()
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        model.fit(forms["frame"], groups=DONORS[:80])
    missing = [None if i in (4, 7) else donor for i, donor in enumerate(DONORS)]
    with pytest.raises(ValueError, match=r"no label for 2 of 90 samples, the first.* sample 4"):
        model.fit(forms["frame"], groups=missing)
    with pytest.raises(ValueError, match=r"one label for each sample, got .* shape \(90, 1\)"):
        model.fit(forms["frame"], groups=DONORS[:, None])
    match = r"calibration=0.3 holds 0 of 1 groups \(90 samples\) out; two samples or more"
    with pytest.raises(ValueError, match=match):
        calibrated(0.3).fit(forms["frame"], groups=np.zeros(90))
    assert not hasattr(model, "selector_")


# Bad input ----------------------------------------------------------------------------------------


def test_too_few_samples(forms):
    for calibration, n, match in [
        (0.9, 9, r"calibration=0.9 holds 8 of 9 samples out; two .* or more left to train on"),
        (0.1, 9, r"calibration=0.1 holds 1 of 9 samples out; two samples or more must be held"),
        (90, 9, r"calibration=90 holds 9 of 9 samples out; .*Change calibration, or pass more"),
    ]:
        with pytest.raises(ValueError, match=match):
            calibrated(calibration).fit(forms["frame"][:n])
    few = calibrated(8).fit(forms["frame"])
    assert len(few.calibration_["errors"]) == 8
    for ask in (few.reliability, lambda: few.predict_interval(forms["frame"])):
        with pytest.raises(ValueError, match=r"coverage=0.9 needs at least 9 samples.* are 8: "):
            ask()
    assert len(few.reliability(coverage=0.8)) == 25


@pytest.mark.parametrize("calibration", [0, 1, 0.0, 1.0, -0.2, "half"])
def test_shares_that_are_none(forms, calibration):
    with pytest.raises(ValueError, match="'calibration' parameter"):
        calibrated(calibration).fit(forms["frame"])


def test_parameters_out_of_their_range(model, forms):
    for coverage in (0, 1, 95):
        with pytest.raises(ValueError, match=f"coverage == {coverage}, must be"):
            model.predict_interval(forms["frame"], coverage)
        with pytest.raises(ValueError, match="coverage == "):
            model.reliability(coverage=coverage)
    with pytest.raises(TypeError, match="coverage must be an instance of"):
        model.predict_interval(forms["frame"], "90%")
    with pytest.raises(ValueError, match="fdr == 0, must be"):
        model.inferable_genes(0)
    with pytest.raises(TypeError, match="min_r2 must be"):
        model.inferable_genes(min_r2="high")
    for ask in (model.inferable_genes, model.reliability):
        with pytest.raises(ValueError, match="method must be 'bh' or 'by', got 'holm'"):
            ask(method="holm")


# What is promised ---------------------------------------------------------------------------------


def simulate(rng, n, *, n_null=150, n_inferable=50, donors=None, shared=0.0, sparse=False):
    """Six landmarks, then genes that follow them, then genes that do not."""
    landmarks = rng.normal(size=(n, 6))
    null = rng.normal(size=(n, n_null))
    null += shared * rng.normal(size=(n, 2)) @ rng.normal(size=(2, n_null))
    if donors is not None:
        landmarks += 2 * rng.normal(size=(donors.max() + 1, 6))[donors]
        null += 2 * rng.normal(size=(donors.max() + 1, n_null))[donors]
    inferable = 0.3 * landmarks @ rng.normal(size=(6, n_inferable))
    inferable += rng.normal(size=(n, n_inferable))
    X = np.hstack([landmarks, inferable, null])
    return np.log1p(rng.poisson(np.exp(X - 1.5))) if sparse else X


def false_shares(n_draws, fdr, *, min_r2=None, regressor=None, with_groups=True, **kind):
    """False discovery proportions and power over draws of everything."""
    false, power = [], []
    for seed in range(n_draws):
        rng = np.random.default_rng(seed)
        donors = rng.integers(0, 30, 200) if kind.get("donors") else None
        X = simulate(rng, 200, **{**kind, "donors": donors})
        model = LandmarkReconstructor(
            GivenPanelSelector(range(6)), regressor or Ridge(5.0), calibration=0.4,
            random_state=seed,
        ).fit(X, groups=donors if with_groups else None)  # fmt: skip
        found = model.inferable_genes(fdr, min_r2=min_r2)
        false.append((found >= 56).sum() / max(1, len(found)))
        power.append((found < 56).sum() / 50)
    return np.array(false), np.array(power)


KINDS = {
    "independent": {},
    "genes that go together": {"shared": 0.7},
    "some variance must be explained": {"min_r2": 0.05},
    "counts": {"sparse": True},
    "counts, from one neighbour": {"sparse": True, "regressor": KNeighborsRegressor(1)},
    "donors": {"donors": True},
}


@pytest.mark.filterwarnings("ignore:invalid value encountered")
@pytest.mark.parametrize("kind", KINDS)
def test_the_false_discovery_rate(kind):
    fdr = 0.2
    false, power = false_shares(60, fdr, **KINDS[kind])
    # 0.75 of the genes have nothing to do with the landmarks: 0.15 is expected.
    assert false.mean() <= fdr + 2 * false.std() / np.sqrt(60)
    if "counts" not in kind:
        assert power.mean() > 0.5
    if kind == "independent":
        assert false.mean() > 0.1


def test_to_ignore_donors_is_to_find_them():
    false, _ = false_shares(10, 0.1, donors=True, with_groups=False)
    assert false.mean() > 0.5


class MostVariable(SelectorMixin, BaseEstimator):
    def fit(self, X, y=None):
        self.variances_ = X.var(axis=0)
        return self

    def _get_support_mask(self):
        return self.variances_ > np.median(self.variances_)


def test_the_promised_coverage_of_a_fitted_model():
    """Over draws of everything, a new sample's value is in the interval as often as promised."""
    n_draws, coverage, n_held_out = 400, 0.8, 19
    held = np.zeros(n_draws)
    for seed in range(n_draws):
        rng = np.random.default_rng(seed)
        X = rng.standard_t(2, size=(60, 5)) @ rng.normal(size=(5, 12))
        X += rng.exponential(size=X.shape) * (1 + np.abs(X[:, :1]))
        model = LandmarkReconstructor(
            MostVariable(), Ridge(), calibration=n_held_out,
            random_state=seed,
        ).fit(X[:59])  # fmt: skip
        lower, upper = model.predict_interval(X[59:], coverage)
        new = X[59:, ~model.support_]
        held[seed] = ((lower <= new) & (new <= upper))[0, 0]
    low, high = binom.ppf([1e-4, 1 - 1e-4], n_draws, coverage)
    assert low <= held.sum() <= high


def test_equal_values_are_held():
    """Ties by the dozen: what is as far off as the held-out samples is inside, not just outside."""
    rng = np.random.default_rng(0)
    X = np.log1p(rng.poisson(0.7, size=(120, 20)))
    model = calibrated(0.5, KNeighborsRegressor(3)).set_params(
        selector=GivenPanelSelector(range(4))
    )
    model.fit(X)
    _, held_out = hold_out(120, 0.5, None, np.random.default_rng(np.random.SeedSequence(0)))
    for coverage in (0.5, 0.8, 0.9):
        lower, upper = model.predict_interval(X[held_out], coverage)
        observed = X[held_out][:, ~model.support_]
        inside = ((lower <= observed) & (observed <= upper)).sum(axis=0)
        assert (inside >= np.ceil(61 * coverage)).all()


def test_a_gene_that_is_constant(expression):
    X = expression.copy()
    X[:, 3] = 1.25
    model = calibrated().fit(X)
    row = model.reliability().loc[3]
    assert row["half_width"] == pytest.approx(0, abs=1e-6)
    assert row[["r2", "pcc", "relative_half_width"]].isna().all()
    assert (row["std"], row["p_value"], row["q_value"]) == (0, 1, 1)
    assert 3 not in model.inferable_genes(0.9, min_r2=None)
    nothing = calibrated(regressor=DummyRegressor()).fit(X)
    assert nothing.inferable_genes(0.9, min_r2=None).size == 0
    assert (nothing.reliability()["r2"].dropna() <= 0).all()


# In the house -------------------------------------------------------------------------------------


def test_saved_and_loaded(forms, tmp_path):
    for groups in (None, DONORS):
        model = calibrated().fit(forms["frame"], groups=groups)
        skgenes.save(model, tmp_path / "model.skgenes")
        loaded = skgenes.load(tmp_path / "model.skgenes")
        pd.testing.assert_frame_equal(
            loaded.reliability(coverage=0.8), model.reliability(coverage=0.8), check_exact=True
        )
        for one, two in zip(
            loaded.predict_interval(forms["frame"], 0.8),
            model.predict_interval(forms["frame"], 0.8),
            strict=True,
        ):
            np.testing.assert_array_equal(one, two)


def test_in_a_search(forms):
    search = GridSearchCV(
        calibrated(0.3), {"regressor__alpha": [0.1, 10.0]}, cv=3, error_score="raise"
    ).fit(forms["anndata_csr"])
    assert len(search.best_estimator_.calibration_["errors"]) == 27
    with config_context(enable_metadata_routing=True):
        routed = GridSearchCV(
            calibrated(0.5).set_fit_request(groups=True), {"regressor__alpha": [0.1, 10.0]},
            cv=GroupKFold(3), error_score="raise",
        ).fit(forms["frame"], groups=DONORS)  # fmt: skip
    assert routed.best_estimator_.calibration_["groups"].max() == 8


@pytest.mark.parametrize("sparse", [False, True])
def test_the_data_are_left_alone(expression, sparse):
    X = sp.csr_array(expression) if sparse else expression.copy()
    before = X.copy()
    calibrated().fit(X).calibrate(X)
    assert abs(X - before).max() == 0
