"""Scores and traits: the tests of differential_expression, in the orientation of scores."""

import anndata
import numpy as np
import pandas as pd
import pytest
from scipy.stats import linregress, ttest_ind

from skgenes.inspection import differential_expression, regulator_trait_association

PERSONS = [f"P{i}" for i in range(24)]
REGULATORS = [f"RBP{i}" for i in range(40)]
COLUMNS = ["effect", "mean_score", "t_statistic", "p_value", "q_value"]


@pytest.fixture
def scores():
    rng = np.random.default_rng(0)
    values = rng.normal(0, rng.gamma(3, 0.3, (40, 1)), (40, 24))
    return pd.DataFrame(values, index=REGULATORS, columns=PERSONS)


@pytest.fixture
def traits():
    rng = np.random.default_rng(1)
    return pd.DataFrame({"intercept": 1.0, "age": rng.uniform(20, 80, 24)}, index=PERSONS)


SEX = ["f", "m", "m"] * 8


def test_is_differential_expression_turned_round(scores, traits):
    table = regulator_trait_association(scores, traits, covariates=SEX, contrast="age")
    assert list(table.columns) == COLUMNS
    assert table.index.name == "regulator"
    expected = differential_expression(scores.T, traits, covariates=SEX, contrast="age")
    expected = expected.rename_axis("regulator").set_axis(COLUMNS, axis=1)
    pd.testing.assert_frame_equal(table, expected)
    assert table.attrs == expected.attrs
    assert table.attrs["residual_df"] == 21


def test_against_scipy(scores, traits):
    slopes = regulator_trait_association(scores, traits, contrast="age", moderated=False)
    sexes = regulator_trait_association(scores, SEX, contrast=("m", "f"), moderated=False)
    men = np.array(SEX) == "m"
    for name in ("RBP0", "RBP17", "RBP39"):
        line = linregress(traits["age"], scores.loc[name])
        assert slopes.loc[name, "effect"] == pytest.approx(line.slope, rel=1e-10)
        assert slopes.loc[name, "p_value"] == pytest.approx(line.pvalue, rel=1e-9)
        test = ttest_ind(scores.loc[name, men], scores.loc[name, ~men])
        assert sexes.loc[name, "t_statistic"] == pytest.approx(test.statistic, rel=1e-10)
        assert sexes.loc[name, "mean_score"] == pytest.approx(scores.loc[name].mean())


def test_finds_what_was_put_in(scores, traits):
    scores.loc["RBP7"] -= 0.2 * traits["age"]
    table = regulator_trait_association(scores, traits, covariates=SEX, contrast="age")
    assert table.index[0] == "RBP7"
    assert table["effect"].iloc[0] == pytest.approx(-0.2, abs=0.05)
    assert (table["q_value"] < 0.05).sum() == 1


def test_arrays(scores, traits):
    named = regulator_trait_association(scores, traits, contrast="age")
    table = regulator_trait_association(scores.to_numpy(), traits.to_numpy(), contrast=[0, 1])
    assert [REGULATORS[at] for at in table.index] == list(named.index)
    np.testing.assert_array_equal(table, named)
    assert table.index.name == "regulator"


def test_regulators_without_variance_are_counted(scores):
    scores.iloc[:3] = 0.0
    with pytest.warns(UserWarning, match="3 of 40 regulators have no residual variance") as seen:
        table = regulator_trait_association(scores, SEX)
    assert seen[0].filename == __file__
    assert (table.loc[REGULATORS[:3], "p_value"] == 1).all()
    scores.iloc[:21] = 0.0
    with pytest.raises(ValueError, match=r"21 of 40 regulators .* Leave out constant regulators"):
        regulator_trait_association(scores, SEX)


def test_bad_input(scores, traits):
    with pytest.raises(ValueError, match=r"24 individuals, the columns of scores, .* \(40,\)"):
        regulator_trait_association(scores, ["f", "m"] * 20)
    with pytest.raises(ValueError, match=r"covariates must hold one row .* got the shape \(23,\)"):
        regulator_trait_association(scores, SEX, covariates=SEX[1:])
    with pytest.raises(ValueError, match=r"got the shape \(\)"):
        regulator_trait_association(scores, "age")
    with pytest.raises(ValueError, match=r"another order; pass design.loc\[scores.columns\]"):
        regulator_trait_association(scores, traits.iloc[::-1], contrast="age")
    other = traits.rename(index={traits.index[3]: "ID77"})
    with pytest.raises(ValueError, match=r"names 1 individuals that scores .* not have: 'ID77'"):
        regulator_trait_association(scores, other, contrast="age")
    with pytest.raises(ValueError, match=r"covariates has .* pass covariates.loc\[scores.columns"):
        regulator_trait_association(scores, SEX, covariates=traits["age"].iloc[::-1])
    with pytest.raises(ValueError, match=r"scores contains NaN: 1 value.*'RBP2'"):
        regulator_trait_association(scores.mask(scores == scores.loc["RBP2", "P5"]), SEX)
    with pytest.raises(TypeError, match="scores is an AnnData; pass its table of scores"):
        regulator_trait_association(anndata.AnnData(scores.to_numpy()), SEX)
    with pytest.raises(ValueError, match="say which to test"):
        regulator_trait_association(scores, traits)


def test_scores_of_regulator_scores_keep_their_two_levels():
    rng = np.random.default_rng(0)
    index = pd.MultiIndex.from_product([["promoter", "rna"], [f"R{i}" for i in range(10)]])
    scores = pd.DataFrame(rng.normal(size=(20, 12)), index=index.set_names(["part", "regulator"]))
    groups = ["old", "young"] * 6
    table = regulator_trait_association(scores, groups, contrast=("old", "young"))
    flat = regulator_trait_association(scores.to_numpy(), groups, contrast=("old", "young"))
    assert table.index.names == ["part", "regulator"]
    assert table.index.tolist() == [index[i] for i in flat.index]
    np.testing.assert_array_equal(table.to_numpy(), flat.to_numpy())
