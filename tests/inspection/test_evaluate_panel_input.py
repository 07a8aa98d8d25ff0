"""What evaluate_panel says to input that it cannot judge."""

import anndata
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.svm import SVR

from skgenes.feature_selection import GreedyPanelSelector
from skgenes.inspection import compare_panels, evaluate_panel, panel_values

TYPES = np.repeat(["B", "T"], 45)


@pytest.fixture(scope="module")
def frame(genes):
    rng = np.random.default_rng(5)
    return pd.DataFrame(rng.normal(size=(90, 30)), columns=genes)


def evaluate(panel, X, *args, **parameters):
    return evaluate_panel(panel, X, *args, **{"n_random": 2, "random_state": 0, **parameters})


@pytest.mark.parametrize(
    ("panel", "error", "message"),
    [
        ([], ValueError, "The panel has none of the 30 genes"),
        (range(30), ValueError, "The panel has all of the 30 genes"),
        (range(29), ValueError, r"1 gene\(s\) outside of the panel vary .* at least 2"),
        (["GENE1", "MYC"], ValueError, "the panel has 1 gene.* not among the 30 of X: 'MYC'"),
        ([30], ValueError, "the panel has 1 gene.* 30"),
        ([True, False], ValueError, "the panel is a mask of length 2"),
        ([0.5], TypeError, "the panel takes gene names or column indices, got 0.5"),
        (None, TypeError, "The panel is None; give gene names"),
        (
            ["GENE1", "GENE2", "GENE1"],
            ValueError,
            "The panel has 3 entries, but only 2 different genes; given more than once: 'GENE1'",
        ),
        ([29, -1], ValueError, r"only 1 different genes; .* once: 'GENE29' \(as 29, -1\)\. Name"),
        ([0, "GENE0", 3, 3], ValueError, r"once: 'GENE0' \(as 0, 'GENE0'\), 'GENE3' \(as 3\)\."),
        ([*range(7)] * 2, ValueError, r"'GENE4' \(as 4\) and 2 more\. Name each gene once"),
    ],
)
def test_bad_panels(panel, error, message, frame):
    with pytest.raises(error, match=message):
        evaluate(panel, frame)


def test_genes_given_twice_to_samples_without_names(frame):
    message = (
        r"4 entries, but only 2 different genes; .* once: gene 29 \(as -1, 29\), gene 4\. Name"
    )
    with pytest.raises(ValueError, match=message):
        evaluate([-1, 29, 4, 4], frame.to_numpy())


def test_masks_with_the_names_of_genes(frame):
    mask = pd.Series(np.arange(30) % 7 == 0, index=frame.columns)
    expected = evaluate(["GENE0", "GENE7", "GENE14", "GENE21", "GENE28"], frame).summary
    for same in (mask, mask.reset_index(drop=True), mask.set_axis(frame.columns + "_x")):
        pd.testing.assert_frame_equal(evaluate(same, frame).summary, expected)
    message = (
        "^The panel is a mask of the genes of X in another order: entry 0 is of 'GENE29', column 0 "
        r"of X is 'GENE0'\. Put it in the order of X"
    )
    for other in (mask[::-1], mask[::-1].astype(object), mask[::-1].astype("boolean")):
        for judge in (evaluate, lambda panel, X: panel_values(panel, X)):
            with pytest.raises(ValueError, match=message):
                judge(other, frame)
        pd.testing.assert_frame_equal(evaluate(other.loc[frame.columns], frame).summary, expected)
        evaluate(other, frame.to_numpy())  # whose genes have no names
    with pytest.raises(ValueError, match=r"^Panel 'mine' is a mask of the genes of X in another"):
        compare_panels({"mine": mask[::-1]}, frame, LinearRegression())


def test_names_need_names(frame):
    with pytest.raises(ValueError, match=r"the panel names genes .*'MYC'.*without gene names"):
        evaluate(["MYC"], frame.to_numpy())


def test_panels_that_do_not_vary(frame):
    X = frame.to_numpy(copy=True)
    X[:, 3:5] = 2
    with pytest.raises(ValueError, match="None of the 2 genes of the panel varies in the training"):
        evaluate([3, 4], X)
    X[:, 3:28] = 2
    with pytest.raises(ValueError, match="The panel has 6 genes, but only 5 vary in the training"):
        evaluate([0, 1, 2, 3, 4, 5], X)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (TYPES[:-1], r"y must have one label for each of the 90 samples of X, got shape \(89,\)"),
        (np.full(90, "B"), "y has one class only, 'B'"),
        ([None, *TYPES[1:]], r"y has 1 missing label\(s\), in row\(s\) 0"),
        ([np.nan] * 2 + [1.0] * 88, r"y has 2 missing label\(s\), in row\(s\) 0, 1"),
        (np.linspace(0, 1, 90), "y must hold labels, got numbers such as 0.0"),
        (["lonely", *TYPES[1:]], r"1 class\(es\) of y have 1 sample: 'lonely'. At least 2"),
        ("type", "y='type' names a column of an AnnData's obs, but X is a DataFrame"),
    ],
)
def test_bad_classes(y, message, frame):
    with pytest.raises(ValueError, match=message):
        evaluate([0, 1], frame, y)


def test_bad_groups(frame):
    with pytest.raises(ValueError, match="groups must have one label for each of the 90 samples"):
        evaluate([0, 1], frame, groups=["a"])
    with pytest.raises(ValueError, match=r"groups has 1 missing label\(s\), in row\(s\) 89"):
        evaluate([0, 1], frame, groups=[*TYPES[:-1], np.nan])


def test_columns_that_are_not_there(frame):
    cells = pd.DataFrame({"type": TYPES}, index=[f"cell{i}" for i in range(90)])
    adata = anndata.AnnData(frame.to_numpy(), obs=cells)
    with pytest.raises(ValueError, match=r"X.obs has no column 'kind' for y; it has 'type'"):
        evaluate([0, 1], adata, "kind")
    with pytest.raises(
        ValueError, match=r"X_test.obs has no column 'type' for y_test; it has none"
    ):
        evaluate([0, 1], adata, "type", X_test=anndata.AnnData(frame.to_numpy()))


def test_labels_of_held_out_samples(frame):
    with pytest.raises(ValueError, match="With X_test, y needs y_test, which is None"):
        evaluate([0, 1], frame, TYPES, X_test=frame)
    with pytest.raises(ValueError, match="With X_test, groups_test needs groups, which is None"):
        evaluate([0, 1], frame, X_test=frame, groups_test=TYPES)
    with pytest.raises(ValueError, match="y_test is given without X_test"):
        evaluate([0, 1], frame, TYPES, y_test=TYPES)
    with pytest.raises(ValueError, match="X has 30 genes, but X_test has 29"):
        evaluate([0, 1], frame, X_test=frame.iloc[:, 1:])
    with pytest.raises(ValueError, match="X_test has gene names, but X has none"):
        evaluate([0, 1], frame.to_numpy(), X_test=frame)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"test_size": 2}, "Split 0 has 88 training and 2 held-out samples, but 2 and 3 are"),
        ({"cv": 45}, "Split 0 has 88 training and 2 held-out"),
        ({"cv": []}, r"cv=\[\] gives no split"),
        ({"test_size": 1.5}, "'test_size' parameter"),
        ({"alpha": 0}, "'alpha' parameter"),
        ({"n_random": -1}, "'n_random' parameter"),
        ({"regressors": {}}, "regressors is empty; give at least one"),
        ({"regressors": {"a": "forest"}}, "Regressor 'a' is 'forest'; give an estimator or one"),
        ({"regressors": {"a": 3}}, "Regressor 'a' is 3; give an estimator with fit and predict"),
        ({"regressors": {"groups": "ridge"}}, "regressors has the name 'groups'; names must be"),
        ({"regressors": {1: "ridge"}}, "regressors has the name 1; names must be text"),
        ({"regressors": {"s": SVR()}}, "SVR for the panel and its 28 targets"),
        ({"random_regressors": ["svr"]}, "names 'svr', but regressors are 'ridge', 'knn'"),
        ({"classifier": "tree"}, "'classifier' parameter"),
    ],
)
def test_bad_parameters(parameters, message, frame):
    with pytest.raises((ValueError, TypeError), match=message):
        evaluate([0, 1], frame, **parameters)


def test_a_class_alone_in_training(frame):
    rows = [(np.arange(45), np.arange(45, 90))]
    with pytest.raises(ValueError, match="All training samples of split 0 are of class 'B' of y"):
        evaluate([0, 1], frame, TYPES, cv=rows)


def test_values_that_are_not_finite(frame):
    X = frame.copy()
    X.iloc[3, 7] = np.nan
    with pytest.raises(ValueError, match=r"X contains NaN: 1 value\(s\).*'GENE7'"):
        evaluate([0, 1], X)
    with pytest.raises(ValueError, match=r"X_test contains NaN: 1 value\(s\).*'GENE7'"):
        evaluate([0, 1], frame, X_test=X)


def test_labels_of_several_kinds_and_boolean_masks(frame):
    mixed = np.array([1, "one", 2.5] * 30, dtype=object)
    found = evaluate([0, 1], frame, groups=mixed)
    assert list(found.groups.index) == [1, "one", 2.5]
    rows = np.arange(90) < 60
    found = evaluate([0, 1], frame, cv=[(rows, ~rows)])
    assert (found.n_train, found.n_test) == (60, 30)


def test_one_random_panel_has_no_spread(frame):
    found = evaluate([0, 1], frame, TYPES, n_random=1)
    assert found.summary["random_sd"].isna().all()
    assert found.summary.loc[("ridge", "r2"), "p_value"] in (0.5, 1)
    assert found.groups["p_value"].isin([0.5, 1]).all()


def test_panel_of_one_gene(frame):
    found = evaluate("GENE3", frame)
    assert found.redundant_pair == ()
    assert np.isnan(found.summary.loc[("redundancy", "mean_abs_correlation"), "p_value"])
    assert repr(found).startswith("PanelEvaluation(1 gene, 63 training")


def test_a_selector_that_reads_another_layer(frame):
    X = frame.to_numpy()
    cells = anndata.AnnData(X, layers={"squared": X**2})
    other = GreedyPanelSelector(4, layer="squared")
    with pytest.raises(ValueError, match="GreedyPanelSelector is set to read layer 'squared'"):
        evaluate(other, cells)
    with pytest.raises(ValueError, match="GreedyPanelSelector is set to read layer 'squared'"):
        compare_panels({"a": other, "b": [0, 1]}, cells, Ridge())
    found = evaluate(other, cells, layer="squared")
    expected = evaluate(GreedyPanelSelector(4), X**2)
    pd.testing.assert_frame_equal(found.summary, expected.summary)
