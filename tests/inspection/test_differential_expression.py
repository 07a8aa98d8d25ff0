"""Moderated t-tests against statsmodels, SciPy, a slow loop and simulated truth."""

import re
from time import perf_counter

import anndata
import numpy as np
import pandas as pd
import pytest
from scipy.stats import false_discovery_control, kstest, linregress, ttest_ind
from scipy.stats import t as t_distribution

from skgenes.inspection import differential_expression
from skgenes.inspection._linear_models import ols
from skgenes.inspection._moderation import VariancePrior, fit_prior

GROUPS = np.repeat(["b", "a", "c"], [9, 7, 8])
COLUMNS = ["log_fold_change", "average_expression", "t_statistic", "p_value", "q_value"]


@pytest.fixture(scope="module")
def study():
    """Expression of 24 samples and 60 genes, with an effect of group, age and batch."""
    rng = np.random.default_rng(0)
    covariates = pd.DataFrame(
        {"age": rng.uniform(20, 80, 24), "batch": rng.choice(["x", "y", "z"], 24)}
    )
    X = rng.normal(8, rng.gamma(3, 0.3, 60), (24, 60))
    X += 0.02 * np.outer(covariates["age"], rng.normal(size=60))
    X[:, :10] += 2.0 * (GROUPS == "a")[:, np.newaxis]
    return X, covariates


def in_order(table):
    """Rows in the order of the genes."""
    return table.sort_index() if table.index.dtype.kind == "i" else table


def t_test_by_hand(X, design, contrast, prior):
    """Textbook formulas with an explicit inverse, a gene at a time."""
    inverse = np.linalg.inv(design.T @ design)
    df = len(X) - design.shape[1]
    rows = []
    for gene in X.T:
        beta = inverse @ design.T @ gene
        s2 = np.sum((gene - design @ beta) ** 2) / df
        s2 = s2 if prior.df == 0 else (prior.df * prior.variance + df * s2) / (prior.df + df)
        t = contrast @ beta / np.sqrt(s2 * (contrast @ inverse @ contrast))
        rows.append([contrast @ beta, t, 2 * t_distribution.sf(abs(t), df + prior.df)])
    return np.array(rows).T


def test_two_groups_are_student_s_test(study):
    X = study[0]
    table = differential_expression(X, GROUPS, contrast=("a", "c"), moderated=False)
    assert list(table.columns) == COLUMNS
    assert (table.dtypes == np.float64).all()
    two = GROUPS != "b"
    table = differential_expression(X[two], GROUPS[two], contrast=("a", "c"), moderated=False)
    test = ttest_ind(X[GROUPS == "a"], X[GROUPS == "c"])
    table = in_order(table)
    np.testing.assert_allclose(table["t_statistic"], test.statistic, rtol=1e-11)
    np.testing.assert_allclose(table["p_value"], test.pvalue, rtol=1e-9)
    difference = X[GROUPS == "a"].mean(axis=0) - X[GROUPS == "c"].mean(axis=0)
    np.testing.assert_allclose(table["log_fold_change"], difference, atol=1e-13)
    np.testing.assert_allclose(table["average_expression"], X[two].mean(axis=0))
    np.testing.assert_allclose(table["q_value"], false_discovery_control(test.pvalue), rtol=1e-9)
    assert table.attrs["prior_df"] == 0
    assert table.attrs["residual_df"] == 13


def test_covariates_as_in_statsmodels(study):
    api = pytest.importorskip("statsmodels.api")
    X, covariates = study
    table = in_order(
        differential_expression(
            X, GROUPS, covariates=covariates, contrast=("a", "b"), moderated=False
        )
    )
    dummies = pd.get_dummies(covariates["batch"], drop_first=True, dtype=float)
    design = np.column_stack([GROUPS == "a", GROUPS == "b", GROUPS == "c", covariates["age"]])
    design = np.column_stack([design.astype(float), dummies])
    for gene in range(60):
        test = api.OLS(X[:, gene], design).fit().t_test([1, -1, 0, 0, 0, 0])
        row = table.loc[gene]
        assert row["log_fold_change"] == pytest.approx(test.effect.item(), rel=1e-9)
        assert row["t_statistic"] == pytest.approx(test.tvalue.item(), rel=1e-9)
        assert row["p_value"] == pytest.approx(float(test.pvalue), rel=1e-8)


@pytest.mark.parametrize("moderated", [True, False])
def test_a_slow_loop_agrees(study, moderated):
    X, covariates = study
    design = np.column_stack([np.ones(24), covariates["age"], GROUPS == "a"]).astype(float)
    table = in_order(differential_expression(X, design, contrast=2, moderated=moderated))
    variances = np.linalg.lstsq(design, X)[1] / 21
    prior = fit_prior(variances, 21) if moderated else VariancePrior(0, np.nan)
    effect, t, p = t_test_by_hand(X, design, np.array([0, 0, 1.0]), prior)
    np.testing.assert_allclose(table["log_fold_change"], effect, rtol=1e-9)
    np.testing.assert_allclose(table["t_statistic"], t, rtol=1e-9)
    np.testing.assert_allclose(table["p_value"], p, rtol=1e-7)
    assert table.attrs["residual_df"] == 21
    assert table.attrs["prior_df"] == pytest.approx(prior.df)
    assert moderated == (0 < prior.df < np.inf)


def test_the_slope_of_a_measurement(study):
    X, covariates = study
    design = pd.DataFrame({"intercept": 1, "age": covariates["age"]})
    table = in_order(differential_expression(X, design, contrast="age", moderated=False))
    for gene in (0, 17, 59):
        line = linregress(covariates["age"], X[:, gene])
        assert table.loc[gene, "log_fold_change"] == pytest.approx(line.slope, rel=1e-10)
        assert table.loc[gene, "p_value"] == pytest.approx(line.pvalue, rel=1e-9)


def test_ways_to_say_the_same(study):
    X, covariates = study
    expected = differential_expression(X, GROUPS, covariates=covariates, contrast=("a", "b"))
    indicators = pd.get_dummies(pd.Series(GROUPS))
    others = [
        (GROUPS.tolist(), covariates, ["a", "b"]),
        (pd.Series(GROUPS), covariates, np.array(["a", "b"])),
        (pd.Categorical(GROUPS, categories=["unseen", *"cba"]), covariates, ("a", "b")),
        (indicators, covariates, [1, -1]),
        (indicators.to_numpy(), covariates.to_numpy(dtype=object), [1, -1, 0, 0, 0, 0]),
        (
            pd.DataFrame({"a": GROUPS == "a", "one": 1, "c": GROUPS == "c"}),
            covariates.assign(batch=covariates["batch"].astype("category")),
            "a",
        ),
    ]
    for design, nuisance, contrast in others:
        table = differential_expression(X, design, covariates=nuisance, contrast=contrast)
        pd.testing.assert_frame_equal(table, expected, rtol=1e-9)
    reverse = in_order(
        differential_expression(X, GROUPS, covariates=covariates, contrast=("b", "a"))
    )
    np.testing.assert_allclose(
        reverse["log_fold_change"], -in_order(expected)["log_fold_change"], rtol=1e-9
    )


def test_the_default_is_the_second_group_against_the_first(study):
    X = study[0]
    is_c = GROUPS == "c"
    table = in_order(differential_expression(X, is_c))
    expected = X[is_c].mean(axis=0) - X[~is_c].mean(axis=0)
    np.testing.assert_allclose(table["log_fold_change"], expected, atol=1e-13)
    order = pd.Categorical(np.where(is_c, "case", "control"), categories=["control", "case"])
    pd.testing.assert_frame_equal(in_order(differential_expression(X, order)), table)
    codes = in_order(differential_expression(X, np.where(is_c, 7, 3)))
    pd.testing.assert_frame_equal(codes, table)


@pytest.mark.parametrize(
    "form", ["array", "frame", "csr", "csr_matrix", "anndata", "anndata_csr", "layer"]
)
def test_every_form_of_input(forms, expression, genes, form):
    groups = np.arange(90) % 2
    layer = "log" if form == "layer" else None
    table = differential_expression(forms[form], groups, layer=layer)
    expected = differential_expression(expression, groups)
    named = form not in ("array", "csr", "csr_matrix")
    assert list(table.index) == (list(genes[expected.index]) if named else list(expected.index))
    assert table.index.name == "gene"
    np.testing.assert_array_equal(table.to_numpy(), expected.to_numpy())


def test_blocks_of_genes_do_not_matter():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(2000, 300)).astype(np.float32)
    design = np.column_stack([np.ones(2000), rng.normal(size=2000)])
    fit = ols(X, design, np.array([0.0, 1.0]))
    one = [ols(X[:, [gene]], design, np.array([0.0, 1.0])) for gene in range(300)]
    for name in ("effect", "variance", "mean"):
        alone = np.concatenate([getattr(part, name) for part in one])
        np.testing.assert_allclose(getattr(fit, name), alone, rtol=1e-9, atol=1e-16)
    beta, rss = np.linalg.lstsq(design, X.astype(float))[:2]
    np.testing.assert_allclose(fit.effect, beta[1], rtol=1e-9)
    np.testing.assert_allclose(fit.variance, rss / 1998, rtol=1e-11)
    assert fit.df == 1998


def test_small_spread_on_a_large_mean():
    rng = np.random.default_rng(0)
    X = rng.normal(1e6, 1e-3, size=(20, 50))
    groups = np.arange(20) % 2
    table = in_order(differential_expression(X, groups, moderated=False))
    shifted = X - 1e6
    test = ttest_ind(shifted[1::2], shifted[::2])
    np.testing.assert_allclose(table["t_statistic"], test.statistic, rtol=1e-5)


def test_genes_which_do_not_change_have_uniform_p_values():
    rng = np.random.default_rng(1)
    scale = np.sqrt(4 / rng.chisquare(4, 20_000))
    X = rng.normal(size=(6, 20_000)) * scale
    table = differential_expression(X, [0, 0, 0, 1, 1, 1])
    assert table.attrs["prior_df"] == pytest.approx(4, rel=0.15)
    assert table.attrs["prior_variance"] == pytest.approx(1, rel=0.05)
    assert kstest(table["p_value"], "uniform").pvalue > 0.01
    assert (table["q_value"] < 0.05).sum() == 0


def test_moderation_finds_more_genes_that_change():
    rng = np.random.default_rng(2)
    X = rng.normal(size=(8, 5000)) * np.sqrt(8 / rng.chisquare(8, 5000))
    X[4:, :250] += 4
    groups = [0] * 4 + [1] * 4
    found = {}
    for moderated in (True, False):
        table = differential_expression(X, groups, moderated=moderated)
        found[moderated] = table.index[table["q_value"] < 0.05]
    assert (found[True] < 250).sum() > 1.5 * (found[False] < 250).sum() > 0
    assert (found[True] >= 250).mean() < 0.1


def test_one_variance_for_all_genes():
    pattern = np.array([1.0, -1, 0, 1, -1, 0])[:, np.newaxis]
    X = np.tile(pattern, 40) + np.arange(40) * np.array([0, 0, 0, 1, 1, 1])[:, np.newaxis]
    table = in_order(differential_expression(X, [0, 0, 0, 1, 1, 1]))
    assert table.attrs == {
        "residual_df": 4,
        "prior_df": np.inf,
        "prior_variance": pytest.approx(1),
    }
    t = np.arange(40) / np.sqrt(2 / 3)
    np.testing.assert_allclose(table["t_statistic"], t, rtol=1e-10, atol=1e-10)
    # No more degrees of freedom than there are in all genes.
    np.testing.assert_allclose(table["p_value"], 2 * t_distribution.sf(t, 160), rtol=1e-6)


def test_one_gene_is_student_s_test():
    X = np.random.default_rng(0).normal(size=(12, 1))
    table = differential_expression(X, np.arange(12) % 2)
    expected = ttest_ind(X[1::2, 0], X[::2, 0]).pvalue
    assert table["p_value"].item() == pytest.approx(expected)
    assert np.isnan(table.attrs["prior_variance"])


@pytest.mark.parametrize("moderated", [True, False])
def test_genes_without_variance(study, moderated):
    X = study[0].copy()
    X[:, 20] = 0
    X[:, 21] = 0.1
    X[:, 22] = 1e6 + 0.1
    X[:, 23] = np.where(GROUPS == "a", 3.3, 0.7)
    with pytest.warns(UserWarning, match="4 of 60 genes have no residual variance") as caught:
        table = differential_expression(X, GROUPS, contrast=("a", "b"), moderated=moderated)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    constant = table.loc[[20, 21, 22]]
    assert (constant["log_fold_change"] == 0).all()
    assert (constant["t_statistic"] == 0).all()
    assert (constant[["p_value", "q_value"]] == 1).all(axis=None)
    assert table.loc[23, "log_fold_change"] == pytest.approx(2.6)
    assert table.loc[23, "t_statistic"] > 1 if moderated else np.isinf(table.loc[23, "t_statistic"])
    assert not table.isna().any(axis=None)


def test_a_constant_gene_is_not_zero_against_zero():
    design = pd.DataFrame({"one": np.ones(8), "x": np.arange(8.0)})
    X = np.random.default_rng(0).normal(size=(8, 5))
    X[:, 0] = 0.1
    with pytest.warns(UserWarning, match="1 of 5 genes"):
        table = differential_expression(X, design, contrast="one")
    assert table.loc[0, "log_fold_change"] == pytest.approx(0.1)


def test_rows_come_by_p_value_then_by_statistic():
    rng = np.random.default_rng(0)
    X = rng.normal(0, 1e-3, size=(400, 30))
    X[200:, :10] += np.arange(1, 11)
    table = differential_expression(X, np.repeat([0, 1], 200))
    assert list(table.index[:10]) == list(range(9, -1, -1))
    assert (table["p_value"].iloc[:10] == 0).sum() > 5
    assert table["p_value"].is_monotonic_increasing


def test_input_is_not_changed(study):
    X, covariates = study
    before = X.copy(), covariates.copy()
    differential_expression(X, GROUPS, covariates=covariates, contrast=("a", "b"))
    np.testing.assert_array_equal(X, before[0])
    pd.testing.assert_frame_equal(covariates, before[1])


# What cannot be tested ----------------------------------------------------------------------------

TWO = np.arange(24) % 2
MATRIX = pd.DataFrame({"one": 1.0, "age": np.arange(24.0)})
MISSING = [None, *["a", "b"] * 11, "a"]
BAD = [
    (
        TWO[:23],
        {},
        r"design must hold one row for each of the 24 samples, the rows of X, got the shape (23,)",
    ),
    ("condition", {}, "one row for each of the 24 samples, the rows of X, got the shape ()"),
    (MATRIX.iloc[:, :0], {}, "got the shape (24, 0)"),
    (np.ones((24, 2, 2)), {}, "got the shape (24, 2, 2)"),
    (MISSING, {}, "design has no label in 1 row(s) (0); leave"),
    (np.zeros(24), {}, "There is one group only, 0.0; pass samples of two or more"),
    (GROUPS, {}, "There are 3 groups ('a', 'b', 'c'); say which two"),
    (GROUPS, {"contrast": "a"}, "must be (group, reference), two of the groups 'a', 'b', 'c', got"),
    (GROUPS, {"contrast": ("a", "d")}, "two of the groups 'a', 'b', 'c', got ('a', 'd')"),
    (GROUPS, {"contrast": ("a", "a")}, "got ('a', 'a')"),
    (GROUPS, {"contrast": ("a", "b", "c")}, "got ('a', 'b', 'c')"),
    (np.arange(24) / 2, {"contrast": (1, 0)}, "which leaves none to estimate variances from"),
    (MATRIX, {}, "design is a matrix of 2 columns ('one', 'age'); say which to test"),
    (MATRIX, {"contrast": "sex"}, "contrast 'sex' is no column of design: 'one', 'age'"),
    (MATRIX, {"contrast": 1}, "contrast 1 is no column of design: 'one', 'age'"),
    (MATRIX, {"contrast": [1, 0, 0]}, "one finite number for each column of design ('one', 'age')"),
    (MATRIX, {"contrast": [0, np.nan]}, "one finite number for each"),
    (MATRIX, {"contrast": ("age", "one")}, "one finite number for each"),
    (MATRIX, {"contrast": [0, 0]}, "contrast is 0 for all columns"),
    (MATRIX.assign(sex="f"), {"contrast": "age"}, "not numbers. Pass labels as a vector"),
    (MATRIX.assign(age=np.nan), {"contrast": "age"}, "'age' is missing or infinite in 24 row(s)"),
    (MATRIX.assign(twice=MATRIX["age"] * 2), {"contrast": "age"}, "3 columns but rank 2: '"),
    (MATRIX.assign(none=0.0), {"contrast": "age"}, "3 columns but rank 2: 'none' can be computed"),
    (TWO, {"covariates": np.where(TWO, "x", "y")}, "3 columns but rank 2: 'covariate 0=y' can"),
    (TWO, {"covariates": np.ones(5)}, "covariates must hold one row for each of the 24"),
    (TWO, {"covariates": {"age": [1] * 24}}, "covariates must hold one row for each of the 24"),
    (TWO, {"covariates": MISSING}, "covariates column 'covariate 0' has no label in 1 row(s) (0)"),
    (TWO, {"covariates": np.full(24, np.inf)}, "'covariate 0' is missing or infinite in 24 row(s)"),
    (TWO, {"moderated": "yes"}, "'moderated' parameter of differential_expression must be"),
]


@pytest.mark.parametrize(("design", "params", "message"), BAD)
def test_bad_designs(study, design, params, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        differential_expression(study[0], design, **params)


def test_nullable_numbers_that_are_missing(study):
    ages = pd.Series([None, *range(23)], dtype="Int64")
    with pytest.raises(ValueError, match=r"missing or infinite in 1 row\(s\) \(0\)"):
        differential_expression(study[0], TWO, covariates=ages)


@pytest.mark.parametrize("form", ["frame", "anndata"])
def test_rows_in_another_order(study, form):
    rows = [f"sample{i}" for i in range(24)]
    frame = pd.DataFrame(study[0], index=rows, columns=[f"G{i}" for i in range(60)])
    X, source = (frame, "X.index") if form == "frame" else (anndata.AnnData(frame), "X.obs_names")
    groups = pd.Series(TWO, index=rows)
    message = re.escape(f"has the samples of X in another order; pass design.loc[{source}].")
    with pytest.raises(ValueError, match=message):
        differential_expression(X, groups[::-1])
    with pytest.raises(ValueError, match="covariates has the samples of X in another order"):
        differential_expression(X, groups, covariates=MATRIX[["age"]].set_index(groups.index)[::-1])
    with pytest.raises(ValueError, match="names 1 samples that X does not have: 'sample24'"):
        differential_expression(X, groups.rename(index={"sample3": "sample24"}))
    table = differential_expression(X, groups)
    other = groups.rename(index="other {}".format)
    pd.testing.assert_frame_equal(differential_expression(X, other), table)
    pd.testing.assert_frame_equal(differential_expression(X, groups.to_numpy()), table)
    as_list = differential_expression(study[0].tolist(), groups)
    np.testing.assert_allclose(as_list.sort_index(), table.loc[frame.columns], rtol=1e-12)
    pd.testing.assert_frame_equal(differential_expression(X, groups.reset_index(drop=True)), table)


def test_bad_expression(study):
    X = study[0].copy()
    X[3, 7] = np.nan
    with pytest.raises(ValueError, match=r"X contains NaN: 1 value\(s\).*\(7\) and 1 row\(s\) \(3"):
        differential_expression(X, TWO)
    with pytest.raises(ValueError, match=r"Squares of X, with values up to .*e\+20\d, are too"):
        differential_expression(study[0] * 1e200, TWO)
    with pytest.raises(ValueError, match=r"1 sample\(s\).*minimum of 2"):
        differential_expression(X[:1], ["a"])


def test_mostly_constant_genes(study):
    X = study[0].copy()
    X[:, 29:] = 0
    match = "31 of 60 genes have no residual variance, so a common one cannot be estimated"
    with pytest.raises(ValueError, match=match):
        differential_expression(X, TWO)
    with pytest.warns(UserWarning, match="31 of 60"):
        table = differential_expression(X, TWO, moderated=False)
    assert (table["p_value"].iloc[-31:] == 1).all()
    X[:, 29] = study[0][:, 29]
    with pytest.warns(UserWarning, match="30 of 60"):
        differential_expression(X, TWO)


def test_20000_genes_are_fast():
    X = np.random.default_rng(0).normal(8, 1, (200, 20_000))
    differential_expression(X[:, :10], np.arange(200) % 2)
    start = perf_counter()
    differential_expression(X, np.arange(200) % 2, covariates=np.arange(200) % 3)
    # About 0.06 s on a quiet machine.
    assert perf_counter() - start < 2


# Real data ----------------------------------------------------------------------------------------


def test_lung_tumours(real_data):
    file = np.load(real_data / "bulk" / "lung_gordon2002_hgu95av2_181x12533.npz")
    labels = file["label"]
    second = labels == np.unique(labels)[1]
    X = np.log2(np.maximum(file["X"], 16)).astype(np.float64)
    X = pd.DataFrame(X, columns=file["probes"])
    X = X.loc[:, (X[second].std() > 0.1) & (X[~second].std() > 0.1)]
    student = differential_expression(X, labels, moderated=False)
    expected = pd.Series(ttest_ind(X[second], X[~second]).statistic, index=X.columns)
    np.testing.assert_allclose(student["t_statistic"], expected[student.index], rtol=1e-9)
    table = differential_expression(X, labels)
    # With 179 degrees of freedom of its own, a gene has little to learn from the others.
    assert 0 < table.attrs["prior_df"] < 20
    assert np.corrcoef(expected[table.index], table["t_statistic"])[0, 1] > 0.99
    assert (table["q_value"] < 0.01).mean() > 0.1
