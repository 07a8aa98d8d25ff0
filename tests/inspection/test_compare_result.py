"""Tables made from the scores of panels."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from skgenes.inspection import PanelComparison

GENES = pd.Index(["MYC", "TP53", "CD4", "JUN"], name="gene")


def comparison(mae, pcc, null_fraction, panels, alpha=0.01):
    def frame(columns):
        return pd.DataFrame(columns, index=GENES[: len(next(iter(columns.values())))])

    tables = frame(mae), frame(pcc), frame(null_fraction)
    return PanelComparison(*tables, panels=panels, alpha=alpha, n_train=20, n_test=10)


@pytest.fixture
def by_hand():
    return comparison(
        {"a": [1.0, 2.0, 3.0, 2.0], "b": [2.0, 2.0, 1.0, 5.0]},
        {"a": [0.5, np.nan, 0.7, 0.3], "b": [0.9, 0.2, 0.7, np.nan]},
        {"a": [0.0, np.nan, 0.01, 0.5], "b": [0.0, 0.009, 0.0, np.nan]},
        {"a": np.array(["G1", "G2", "G3"], dtype=object), "b": np.array(["G3"], dtype=object)},
    )


def test_summary_by_hand(by_hand):
    summary = by_hand.summary()
    assert list(summary.index) == ["a", "b"]
    expected = {
        "n_genes": 3,
        "mae_mean": 2,
        "mae_sd": np.sqrt(2 / 3),
        "mae_min": 1,
        "mae_max": 3,
        "pcc_mean": 0.5,
        "pcc_sd": 0.2,
        "pcc_min": 0.3,
        "pcc_max": 0.7,
        "n_significant": 1,
        "fraction_significant": 1 / 3,
        "n_best_mae": 2,
        "n_best_pcc": 1,
    }
    assert list(summary.columns) == list(expected)
    assert summary.loc["a"].to_dict() == pytest.approx(expected)
    assert summary.loc["b", ["n_significant", "fraction_significant"]].tolist() == [3, 1]


def test_a_gene_passes_strictly_below_alpha(by_hand):
    assert by_hand.significant["a"].tolist() == [True, False, False, False]
    assert by_hand.significant.dtypes.eq(bool).all()


def test_winners_by_hand(by_hand):
    winners = by_hand.winners().astype(object)
    assert winners["mae"].fillna("-").tolist() == ["a", "-", "b", "a"]
    assert winners["pcc"].fillna("-").tolist() == ["b", "b", "-", "a"]
    assert by_hand.winners().index.equals(GENES)


def test_nobody_wins_what_nobody_has():
    undefined = {"a": [np.nan, np.nan]}
    alone = comparison({"a": [1.0, 2.0]}, undefined, undefined, {"a": ["G"]})
    assert alone.winners()["mae"].tolist() == ["a", "a"]
    assert alone.winners()["pcc"].isna().all()
    summary = alone.summary().loc["a"]
    assert (summary["n_best_mae"], summary["n_best_pcc"], summary["n_significant"]) == (2, 0, 0)
    assert summary[["pcc_mean", "pcc_sd", "fraction_significant"]].isna().all()


def test_pairwise_by_hand(by_hand):
    mae, pcc = (row for _, row in by_hand.pairwise().iterrows())
    assert (mae["score"], mae["first"], mae["second"]) == ("mae", "a", "b")
    # Errors differ by -1, 0, 2 and -3: the lower one wins.
    assert (mae["wins_first"], mae["wins_second"], mae["ties"]) == (2, 1, 1)
    assert mae["mean_difference"] == -0.5
    # Correlations are both there for two genes, -0.4 and 0: the higher one wins.
    assert (pcc["n_genes"], pcc["wins_first"], pcc["wins_second"], pcc["ties"]) == (2, 0, 1, 1)
    student = stats.ttest_rel([1, 2, 3, 2], [2, 2, 1, 5])
    assert mae["t_statistic"] == pytest.approx(student.statistic)
    assert mae["t_p_value"] == pytest.approx(student.pvalue)


def test_pairwise_has_a_row_for_every_pair_and_score():
    scores = dict(zip("abcd", np.random.default_rng(0).random((4, 4)), strict=True))
    pairs = comparison(scores, scores, scores, {name: [name] for name in scores}).pairwise()
    assert len(pairs) == 6 * 2
    assert not pairs.duplicated(["score", "first", "second"]).any()
    assert (pairs[["wins_first", "wins_second", "ties"]].sum(axis=1) == pairs["n_genes"]).all()


def test_one_panel_has_no_pair():
    scores = {"alone": [0.1, 0.2]}
    with pytest.raises(ValueError, match=r"only \['alone'\]. Give compare_panels two"):
        comparison(scores, scores, scores, {"alone": ["G"]}).pairwise()


def test_identical_panels_are_equal_in_everything():
    scores = {"a": [0.1, 0.2, 0.3], "b": [0.1, 0.2, 0.3]}
    same = comparison(scores, scores, scores, {"a": ["G"], "b": ["G"]})
    pairs = same.pairwise()
    assert (pairs[["t_p_value", "wilcoxon_p_value"]] == 1).all(axis=None)
    assert (pairs[["mean_difference", "effect_size", "t_statistic"]] == 0).all(axis=None)
    assert (pairs["ties"] == 3).all()
    assert same.winners().isna().all(axis=None)
    assert same.jaccard().loc["a", "b"] == 1


def test_overlap_and_jaccard_by_hand(by_hand):
    pd.testing.assert_frame_equal(
        by_hand.overlap(), pd.DataFrame({"a": [3, 1], "b": [1, 1]}, index=["a", "b"])
    )
    assert by_hand.jaccard().loc["a", "b"] == pytest.approx(1 / 3)
    assert np.diag(by_hand.jaccard()).tolist() == [1, 1]


def test_it_says_what_it_is(by_hand):
    expected = "PanelComparison(2 panels, 4 common targets, 20 training and 10 held-out samples)"
    assert repr(by_hand) == expected
    alone = comparison({"a": [1.0, 2.0]}, {"a": [1.0, 2.0]}, {"a": [0.0, 0.0]}, {"a": ["G"]})
    assert repr(alone).startswith("PanelComparison(1 panel, 2 ")
    with pytest.raises(AttributeError, match="cannot assign"):
        by_hand.alpha = 0.5
