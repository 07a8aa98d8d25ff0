"""How good a panel is: tables of all measures, put together."""

import anndata
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.feature_selection import SelectKBest, f_classif
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GroupKFold, KFold, train_test_split
from sklearn.multioutput import MultiOutputRegressor
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR
from sklearn.utils import check_random_state

from skgenes.feature_selection import GivenPanelSelector
from skgenes.inspection import compare_panels, evaluate_panel
from skgenes.linear_model import PanelRidge
from skgenes.neural_network import DGEXRegressor

PANEL = [2, 5, 11, 17]
OTHERS = np.setdiff1d(np.arange(30), PANEL)


@pytest.fixture(scope="module")
def typed():
    """120 samples of three types, 30 genes with programmes; the last type is rare."""
    rng = np.random.default_rng(3)
    types = np.repeat(["B", "T", "NK"], [60, 45, 15])
    codes = np.unique(types, return_inverse=True)[1]
    X = rng.normal(size=(3, 30))[codes] + rng.normal(size=(120, 3)) @ rng.normal(size=(3, 30))
    return X + rng.normal(size=X.shape) + 5, types


@pytest.fixture(scope="module")
def result(typed):
    return evaluate_panel(PANEL, *typed, n_random=19, random_state=0)


def same(one, other):
    for table in ("summary", "genes", "groups", "classes", "confusion", "random"):
        found, expected = getattr(one, table), getattr(other, table)
        assert (found is None) == (expected is None)
        if found is not None:
            pd.testing.assert_frame_equal(found, expected, rtol=1e-6, atol=1e-9)


def test_what_is_in_the_tables(result, typed):
    parts = {
        "ridge": "pcc mae mae_standardised r2 pcc_all mae_all r2_all significant n_significant",
        "redundancy": "mean_abs_correlation max_abs_correlation effective_genes",
        "classes": "clustering_ari balanced_accuracy macro_f1 worst_recall",
        "groups": "worst_r2_all",
    }
    parts["knn"] = parts["ridge"]
    rows = {(part, measure) for part, measures in parts.items() for measure in measures.split()}
    assert set(result.summary.index) == rows
    assert list(result.summary.index.get_level_values("part").unique()) == [
        "ridge",
        "knn",
        "redundancy",
        "classes",
        "groups",
    ]
    assert (result.summary.dtypes == np.float64).all()
    assert result.random.shape == (19, len(rows))
    assert (result.n_random, result.n_train, result.n_test) == (19, 84, 36)
    counted = result.summary.index.get_level_values("measure") == "n_significant"
    assert result.summary["p_value"][~counted].between(0.05, 1).all()
    assert result.summary["p_value"][counted].isna().all()
    assert result.genes["selected"].sum() == 4
    assert result.confusion.to_numpy().sum() == 36
    assert result.confusion.sum(axis=1).to_dict() == {"B": 18, "NK": 5, "T": 13}
    assert result.classes["n_train"].to_dict() == {"B": 42, "NK": 10, "T": 32}
    frame = result.to_frame()
    assert list(frame.columns[:3]) == ["part", "measure", "value"]
    assert len(frame) == len(rows)


def test_measures_agree_with_tables_of_genes(result):
    genes, value = result.genes.loc[OTHERS], result.summary["value"]
    for name in ("ridge", "knn"):
        assert genes[f"{name}_pcc"].mean() == pytest.approx(value[name, "pcc"])
        assert genes[f"{name}_mae"].mean() == pytest.approx(value[name, "mae"])
        passing = (genes[f"{name}_null_fraction"] < result.alpha).sum()
        assert passing == value[name, "n_significant"]
        assert passing / 26 == pytest.approx(value[name, "significant"])
    assert genes["ceiling_pcc"].mean() == pytest.approx(
        result.summary.loc[("ridge", "pcc"), "ceiling"]
    )
    scores = result.genes.drop(columns=["selected", "ridge_random_pcc", "knn_random_pcc"])
    assert scores.loc[PANEL].isna().all(axis=None)
    assert scores.loc[OTHERS].notna().all(axis=None)
    assert result.groups["r2_all"].min() == value["groups", "worst_r2_all"]
    assert result.worst_group == result.groups["r2_all"].idxmin()
    assert result.worst_class == result.classes["recall"].idxmin()
    assert result.classes["recall"].min() == value["classes", "worst_recall"]
    assert result.classes["f1"].mean() == pytest.approx(value["classes", "macro_f1"])


def test_most_confused_class(result):
    for name, row in result.classes.iterrows():
        missed = result.confusion.loc[name].drop(name)
        if missed.max():
            assert missed[row["confused_with"]] == missed.max()
        else:
            assert pd.isna(row["confused_with"])
        assert row["confused_share"] == pytest.approx(missed.max() / row["n_test"])


def test_agrees_with_compare_panels(typed):
    """The same split, regressor and targets, by way of another function."""
    X, _ = typed
    found = evaluate_panel(PANEL, X, n_random=0, ceiling=False, random_state=0)
    train, test = train_test_split(X, test_size=0.3, random_state=0)
    scaler = StandardScaler().fit(train)
    train, test = scaler.transform(train), scaler.transform(test)
    expected = compare_panels({"p": PANEL}, train, PanelRidge(), X_test=test)
    genes = found.genes.loc[OTHERS]
    np.testing.assert_allclose(genes["ridge_pcc"], expected.pcc["p"], atol=1e-8)
    np.testing.assert_allclose(
        genes["ridge_mae"], expected.mae["p"] * scaler.scale_[OTHERS], rtol=1e-8
    )
    np.testing.assert_allclose(genes["ridge_null_fraction"], expected.null_fraction["p"])
    assert found.summary["p_value"].isna().all()
    assert found.summary["ceiling"].isna().all()
    assert found.random.empty
    assert "ceiling_pcc" not in found.genes
    assert found.groups is None is found.classes is found.confusion
    assert found.worst_group is None is found.worst_class


def test_random_panels_are_judged_on_the_same_genes(typed):
    """All panels of one gene but the panel's own, judged one by one."""
    X, _ = typed
    X = X[:, :8]
    train, test = train_test_split(X, test_size=0.3, random_state=0)
    result = evaluate_panel([3], train, X_test=test, n_random=400, random_state=0)
    alone = [evaluate_panel([j], train, X_test=test, n_random=0, ceiling=False) for j in range(8)]
    for measure in ("pcc", "r2", "mae_standardised"):
        column = {"pcc": "ridge_pcc", "r2": "ridge_r2", "mae_standardised": "ridge_mae"}[measure]
        gain = []
        for j in range(8):
            common = np.setdiff1d(np.arange(8), [3, j])
            scale = train.std(axis=0)[common] if measure == "mae_standardised" else 1.0
            if measure == "r2":
                # Weights of the genes in the variance explained.
                weights = StandardScaler().fit(train).transform(test)[:, common] ** 2
                weights = weights.sum(axis=0) / weights.sum()
            else:
                weights = np.full(len(common), 1 / len(common))
            own, other = ((weights * alone[i].genes[column][common] / scale).sum() for i in (3, j))
            gain.append((own - other) * (-1 if measure == "mae_standardised" else 1))
        expected = np.mean(np.array(gain) <= 1e-12)  # each gene is drawn as often
        p = result.summary.loc[("ridge", measure), "p_value"]
        assert p == pytest.approx(expected, abs=0.1)
        values = result.random["ridge", measure].unique()
        assert len(values) == 8
    by_gene = [alone[j].summary.loc[("ridge", "r2_all"), "value"] for j in range(8)]
    found = result.random["ridge", "r2_all"].unique()
    np.testing.assert_allclose(np.sort(found), np.sort(by_gene))
    others = [alone[j].genes.loc[0, "ridge_pcc"] for j in range(1, 8)]
    assert min(others) < result.genes.loc[0, "ridge_random_pcc"] < max(others)
    summary = result.summary.loc[("ridge", "r2_all")]
    assert summary["random_mean"] == pytest.approx(np.mean(result.random["ridge", "r2_all"]))
    assert summary["random_sd"] == pytest.approx(np.std(result.random["ridge", "r2_all"], ddof=1))


def test_a_good_panel_beats_chance_and_a_bad_one_does_not():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(150, 10)) @ np.repeat(np.eye(10), 4, axis=1)
    X += 0.5 * rng.normal(size=(150, 40))  # ten programmes of four genes
    good = evaluate_panel(range(0, 40, 4), X, n_random=39, random_state=0).summary
    bad = evaluate_panel(range(10), X, n_random=39, random_state=0).summary
    for row in (("ridge", "pcc"), ("ridge", "r2_all"), ("ridge", "mae_all")):
        assert good.loc[row, "p_value"] == 1 / 40
        assert bad.loc[row, "p_value"] > 0.9
    assert good.loc[("redundancy", "effective_genes"), "value"] > 8
    assert bad.loc[("redundancy", "effective_genes"), "value"] < 5
    assert good.loc[("ridge", "r2"), "share_of_ceiling"] > 0.75


@pytest.mark.parametrize("form", ["frame", "csr", "anndata", "layer"])
def test_every_form_of_the_same_expression(form, result, typed, genes):
    X, types = typed
    variables = pd.DataFrame(index=pd.Index(genes))
    cells = pd.DataFrame({"type": pd.Categorical(types)}, index=[f"c{i}" for i in range(120)])
    layered = anndata.AnnData(np.zeros_like(X), obs=cells, var=variables)
    layered.layers["log"] = sp.csr_matrix(X)
    given = {
        "frame": pd.DataFrame(X, columns=genes),
        "csr": sp.csr_array(X),
        "anndata": anndata.AnnData(X, obs=cells, var=variables),
        "layer": layered,
    }[form]
    before = X.copy()
    y = "type" if form in ("anndata", "layer") else types
    layer = "log" if form == "layer" else None
    found = evaluate_panel(PANEL, given, y, n_random=19, random_state=0, layer=layer)
    pd.testing.assert_frame_equal(found.summary, result.summary, rtol=1e-6, atol=1e-9)
    named = form != "csr"
    assert list(found.genes.index) == list(genes if named else range(30))
    assert list(found.panel[0]) == list(genes[PANEL] if named else PANEL)
    np.testing.assert_array_equal(X, before)


def test_every_form_of_the_same_panel(result, typed, genes):
    X, types = typed
    frame = pd.DataFrame(X, columns=genes)
    mask = np.isin(np.arange(30), PANEL)
    for panel in (list(genes[PANEL[::-1]]), mask, GivenPanelSelector(genes[PANEL].tolist())):
        found = evaluate_panel(panel, frame, types, n_random=19, random_state=0)
        pd.testing.assert_frame_equal(found.summary, result.summary)


def test_held_out_samples_may_be_given(result, typed):
    X, types = typed
    train, test = train_test_split(np.arange(120), test_size=0.3, random_state=0, stratify=types)
    found = evaluate_panel(
        PANEL,
        X[train],
        types[train],
        X_test=X[test],
        y_test=types[test],
        n_random=19,
        random_state=0,
    )
    same(found, result)


def test_means_over_splits(typed):
    X, types = typed
    splits = list(KFold(3, shuffle=True, random_state=0).split(X))
    whole = evaluate_panel(PANEL, X, types, cv=splits, n_random=3, random_state=0)
    each = [
        evaluate_panel(PANEL, X, types, cv=[split], n_random=0, random_state=0) for split in splits
    ]
    values = pd.concat([one.summary["value"] for one in each], axis=1)
    averaged = ["ridge", "knn", "redundancy"]
    np.testing.assert_allclose(whole.summary["value"][averaged], values.mean(axis=1)[averaged])
    np.testing.assert_allclose(whole.summary["split_sd"][averaged], values.std(axis=1)[averaged])
    ceiling = pd.concat([one.summary["ceiling"] for one in each], axis=1).mean(axis=1)
    np.testing.assert_allclose(whole.summary["ceiling"], ceiling)
    np.testing.assert_array_equal(whole.confusion, sum(one.confusion for one in each))
    assert whole.confusion.to_numpy().sum() == 120
    pcc = pd.concat([one.genes["ridge_pcc"] for one in each], axis=1).mean(axis=1)
    np.testing.assert_allclose(whole.genes["ridge_pcc"], pcc)
    assert "in 3 splits" in repr(whole)


def test_selectors_see_the_training_samples_of_each_split_and_labels(typed):
    X, types = typed

    class Spy(GivenPanelSelector):
        shown = []

        def fit(self, X, y=None):
            Spy.shown.append((X.shape, None if y is None else set(y)))
            return super().fit(X)

    evaluate_panel(Spy([0, 1]), X, types, cv=3, n_random=0, random_state=0)
    assert Spy.shown == [((80, 30), {"B", "T", "NK"})] * 3
    Spy.shown.clear()
    evaluate_panel(Spy([0, 1]), X, n_random=0)
    assert Spy.shown == [((84, 30), None)]
    found = evaluate_panel(SelectKBest(f_classif, k=6), X, types, cv=4, n_random=2, random_state=0)
    assert found.genes["selected"].sum() == pytest.approx(6)
    assert [len(genes) for genes in found.panel] == [6] * 4


def test_regressors_of_the_user(typed):
    X, _ = typed
    regressors = {
        "quick": "ridge",
        "least squares": LinearRegression(),
        "svr": MultiOutputRegressor(SVR()),
    }
    found = evaluate_panel(PANEL, X, regressors=regressors, n_random=3, random_state=0)
    value, random = found.summary["value"], found.summary["random_mean"]
    train, test = train_test_split(X, test_size=0.3, random_state=0)
    model = LinearRegression().fit(train[:, PANEL], train[:, OTHERS])
    error = np.abs(model.predict(test[:, PANEL]) - test[:, OTHERS]).mean()
    assert value["least squares", "mae"] == pytest.approx(error)
    assert random[["least squares", "svr"]].isna().all()
    assert random["quick"].drop("n_significant").notna().all()
    assert not hasattr(regressors["least squares"], "coef_")
    found = evaluate_panel(
        PANEL,
        X,
        regressors=regressors,
        random_regressors=["least squares"],
        n_random=3,
        random_state=0,
    )
    random = found.summary["random_mean"]
    assert random[["quick", "svr"]].isna().all()
    assert random["least squares"].drop("n_significant").notna().all()
    assert "least squares_random_pcc" in found.genes


@pytest.mark.slow
def test_network(typed):
    X, _ = typed
    network = DGEXRegressor((4,), max_iter=2, random_state=0)
    found = evaluate_panel(
        PANEL, X, regressors={"dgex": network}, n_random=0, ceiling=False, random_state=0
    )
    expected = compare_panels({"p": PANEL}, X, network, random_state=0)
    np.testing.assert_allclose(found.genes["dgex_pcc"][OTHERS], expected.pcc["p"], rtol=1e-4)


def test_classifier_and_groups_of_the_user(typed):
    X, types = typed
    donors = np.arange(120) % 4
    found = evaluate_panel(
        PANEL,
        X,
        types,
        groups=donors,
        classifier=KNeighborsClassifier(1),
        cv=GroupKFold(4),
        n_random=5,
        random_state=0,
    )
    assert list(found.groups.index) == [0, 1, 2, 3]
    assert found.groups["n_test"].tolist() == [30] * 4
    assert found.groups["n_train"].tolist() == [90] * 4
    counts = np.zeros((3, 3), dtype=int)
    for donor in range(4):
        rows = donors == donor
        model = make_pipeline(StandardScaler(), KNeighborsClassifier(1))
        guess = model.fit(X[~rows][:, PANEL], types[~rows]).predict(X[rows][:, PANEL])
        counts += pd.crosstab(
            pd.Categorical(types[rows], ["B", "NK", "T"]),
            pd.Categorical(guess, ["B", "NK", "T"]),
            dropna=False,
        ).to_numpy()
    np.testing.assert_array_equal(found.confusion, counts)
    without = evaluate_panel(PANEL, X, groups=donors, n_random=5, random_state=0)
    assert without.classes is None
    assert without.groups["p_value"].between(1 / 6, 1).all()


def test_groups_without_held_out_samples_have_no_score(typed):
    X, _ = typed
    groups = np.array(["a"] * 119 + ["lonely"])
    train, test = np.arange(60, 120), np.arange(60)
    for rows in ((train, test), (test, train)):
        found = evaluate_panel(PANEL, X, groups=groups, cv=[rows], n_random=3, random_state=0)
        lonely = found.groups.loc["lonely"]
        held_out = rows[1] is train
        assert lonely["n_test"] == held_out
        assert np.isnan(lonely["r2_all"]) != held_out
        assert found.worst_group in ("a", "lonely") if held_out else found.worst_group == "a"


def test_random_state(typed):
    X, _ = typed
    _, *before = check_random_state(None).get_state()
    one, other = (evaluate_panel(PANEL, X, n_random=3) for _ in range(2))
    _, *after = check_random_state(None).get_state()
    np.testing.assert_equal(after, before)
    assert not np.allclose(one.summary["value"], other.summary["value"])
    same(*(evaluate_panel(PANEL, X, n_random=3, random_state=4) for _ in range(2)))


def test_many_genes_are_tested_within_a_sample_for_random_panels(monkeypatch, typed):
    X, _ = typed
    exact = evaluate_panel(PANEL, X, n_random=19, random_state=0)
    monkeypatch.setattr("skgenes.inspection._evaluate_panel._MOST_TESTED", 12)
    found = evaluate_panel(PANEL, X, n_random=19, random_state=0)
    pd.testing.assert_series_equal(found.summary["value"], exact.summary["value"])
    row = ("ridge", "significant")
    assert found.summary.loc[row, "random_mean"] != exact.summary.loc[row, "random_mean"]
    different = found.summary.drop("significant", level="measure")
    pd.testing.assert_frame_equal(different, exact.summary.drop("significant", level="measure"))


def test_constant_genes_are_counted_once(typed):
    X = typed[0].copy()
    X[:, [4, 11]] = 1
    message = (
        "^2 of 30 genes do not vary in the training samples, 1 of them in the panel, and are left "
        r"out of all measures\.$"
    )
    with pytest.warns(UndefinedMetricWarning, match=message) as got:
        found = evaluate_panel(PANEL, X, n_random=10, random_state=0)
    assert len(got) == 1
    assert got[0].filename == __file__
    assert found.genes.drop(columns="selected").loc[[4, 11]].isna().all(axis=None)
    assert found.summary["value"].notna().all()
    message = (
        r"^2 of 30 genes do not vary in the training samples and are left out of all measures\.$"
    )
    with pytest.warns(UndefinedMetricWarning, match=message):
        without = evaluate_panel([2, 5, 17], X, n_random=0, random_state=0)
    assert without.summary.loc[("ridge", "r2"), "value"] == pytest.approx(
        found.summary.loc[("ridge", "r2"), "value"]
    )


def test_genes_constant_in_held_out_samples_alone(typed):
    X, _ = typed
    held_out = X[:30].copy()
    held_out[:, 3] = 2
    alone = (
        r"1 gene\(s\) are constant in the held-out samples alone: their correlation and "
        r"permutation test are NaN and left out of means and tests\.$"
    )
    with pytest.warns(UndefinedMetricWarning, match=f"^{alone}") as got:
        found = evaluate_panel(PANEL, X, X_test=held_out, n_random=0)
    assert len(got) == 1
    assert np.isnan(found.genes.loc[3, "ridge_pcc"])
    X = X.copy()
    X[:, 7] = 1
    both = f"^1 of 30 genes do not vary in the training samples and are left out .*; {alone}"
    with pytest.warns(UndefinedMetricWarning, match=both):
        evaluate_panel(PANEL, X, X_test=held_out, n_random=0)


def test_repr(result):
    text = repr(result)
    assert text.startswith(
        "PanelEvaluation(4 genes, 84 training and 36 held-out samples, 19 random panels)\n  ridge"
    )
    assert "\n  ridge n_significant" in text
    assert f"worst group: {result.worst_group}" in text
    assert "p = " in text
    assert "nan" not in text


def test_blood_cells(real_data):
    adata = anndata.read_h5ad(real_data / "singlecell" / "pbmc68k_reduced_700x765.h5ad")
    # Constant held-out genes are warned of.
    with pytest.warns(UndefinedMetricWarning, match=r"^1 gene\(s\) are constant in the held-out"):
        found = evaluate_panel(
            ["CD3D", "CD8A", "NKG7", "MS4A1", "LYZ", "CST3", "FCGR3A", "CD79A", "HLA-DRA"],
            adata.raw.to_adata() if adata.raw is not None else adata,
            adata.obs["bulk_labels"].to_numpy(),
            n_random=19,
            random_state=0,
        )
    # Known markers tell cell types apart better than random genes do.
    assert found.summary.loc[("classes", "balanced_accuracy"), "p_value"] == 0.05
    assert found.summary.loc[("ridge", "r2"), "ceiling"] == pytest.approx(0.127, abs=0.02)
