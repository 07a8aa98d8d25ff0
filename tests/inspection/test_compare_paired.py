"""Paired tests over genes, against scipy and where scipy gives no number."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from skgenes.inspection._paired_tests import paired_tests


@pytest.mark.parametrize("n_genes", [5, 30, 400])
@pytest.mark.parametrize("shift", [0.0, 0.4])
def test_against_scipy(n_genes, shift):
    rng = np.random.default_rng(n_genes)
    first, second = rng.normal(loc=[[0], [shift]], size=(2, n_genes))
    tests = paired_tests(first, second)
    student, wilcoxon = stats.ttest_rel(first, second), stats.wilcoxon(first - second)
    assert tests["t_statistic"] == pytest.approx(student.statistic, rel=1e-12)
    assert tests["t_p_value"] == pytest.approx(student.pvalue, rel=1e-10)
    assert tests["wilcoxon_p_value"] == pytest.approx(wilcoxon.pvalue, rel=1e-12)
    assert tests["effect_size"] == pytest.approx(student.statistic / np.sqrt(n_genes))
    assert tests["mean_difference"] == pytest.approx((first - second).mean())
    assert tests["n_lower"] == sum(a < b for a, b in zip(first, second, strict=True))
    assert (tests["n_ties"], tests["n_genes"]) == (0, n_genes)


def test_three_genes_by_hand():
    """Differences 1, 2, 3: mean 2, sd 1, t = 2 sqrt(3); all ranks positive: p = 2 / 2 ** 3."""
    tests = paired_tests(np.array([2.0, 4.0, 6.0]), np.array([1.0, 2.0, 3.0]))
    assert tests["mean_difference"] == 2
    assert tests["effect_size"] == pytest.approx(2)
    assert tests["t_statistic"] == pytest.approx(2 * np.sqrt(3))
    # Student's law with 2 degrees of freedom has a closed form: p = 1 - t / sqrt(2 + t^2).
    assert tests["t_p_value"] == pytest.approx(1 - np.sqrt(12 / 14))
    assert tests["wilcoxon_p_value"] == 0.25
    assert (tests["n_lower"], tests["n_higher"], tests["n_ties"]) == (0, 3, 0)


def test_equal_scores_differ_in_nothing():
    scores = np.array([0.1, 0.2, 0.3])
    assert paired_tests(scores, scores) == {
        "n_genes": 3,
        "mean_difference": 0,
        "effect_size": 0,
        "t_statistic": 0,
        "t_p_value": 1,
        "wilcoxon_p_value": 1,
        "n_lower": 0,
        "n_higher": 0,
        "n_ties": 3,
    }


def test_the_same_difference_everywhere_is_infinitely_clear():
    tests = paired_tests(np.full(3, 0.1), np.full(3, 0.2))  # sums of 0.1 round
    assert tests["mean_difference"] == -0.1
    assert tests["effect_size"] == tests["t_statistic"] == -np.inf
    assert tests["t_p_value"] == 0
    assert tests["wilcoxon_p_value"] == 0.25


def test_undefined_scores_are_left_out():
    first, second = np.array([1.0, np.nan, 3.0, 7.0]), np.array([2.0, 2.0, np.nan, 7.0])
    tests = paired_tests(first, second)
    assert (tests["n_genes"], tests["n_lower"], tests["n_ties"]) == (2, 1, 1)
    assert tests["mean_difference"] == -0.5


def test_ties_are_left_out_of_the_signed_ranks():
    rng = np.random.default_rng(0)
    differences = rng.normal(size=40)
    padded = np.r_[differences, np.zeros(25)]
    alone = paired_tests(differences, np.zeros(40))["wilcoxon_p_value"]
    assert paired_tests(padded, np.zeros(65))["wilcoxon_p_value"] == alone


def test_too_few_genes_give_no_number():
    none = paired_tests(np.array([np.nan]), np.array([1.0]))
    assert none["n_genes"] == 0
    assert np.isnan([none["mean_difference"], none["t_p_value"], none["wilcoxon_p_value"]]).all()
    one = paired_tests(np.array([2.0]), np.array([1.0]))
    assert one["mean_difference"] == 1
    assert np.isnan([one["effect_size"], one["t_statistic"], one["t_p_value"]]).all()
    assert one["wilcoxon_p_value"] == 1


@settings(max_examples=50)
@given(
    arrays(
        np.float64,
        st.tuples(st.just(2), st.integers(2, 60)),
        elements=st.floats(-1, 1, allow_subnormal=False),
    )
)
def test_exchanging_the_panels_only_turns_the_sign(scores):
    forward, back = paired_tests(*scores), paired_tests(*scores[::-1])
    for name in ("mean_difference", "effect_size", "t_statistic"):
        assert forward[name] == pytest.approx(-back[name])
    for name in ("t_p_value", "wilcoxon_p_value"):
        assert 0 <= forward[name] <= 1
        assert forward[name] == pytest.approx(back[name])
    assert forward["n_lower"] == back["n_higher"]
