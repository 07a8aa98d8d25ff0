"""Rank metrics of each output against SciPy and scikit-learn."""

import re
from itertools import combinations
from time import perf_counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import sparse
from scipy.stats import spearmanr
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import roc_auc_score

from skgenes.metrics import per_output_auroc, per_output_spearman

METRICS = [per_output_spearman, per_output_auroc]
SEEDS = st.integers(0, 2**32 - 1)


def make_pair(seed=0, n_samples=200, n_outputs=7, decimals=None):
    """True and predicted values; few decimals make ties."""
    rng = np.random.default_rng(seed)
    y_true = rng.normal(2, 2, (n_samples, n_outputs))
    y_pred = y_true + rng.normal(0, 3, (n_samples, n_outputs))
    if decimals is not None:
        y_true, y_pred = y_true.round(decimals), y_pred.round(decimals)
    return y_true, y_pred


def largest(y, n_top):
    return np.argsort(np.argsort(y, kind="stable")) >= len(y) - n_top


@pytest.mark.parametrize("decimals", [None, 1, 0])
@pytest.mark.parametrize("n_outputs", [1, 7, 700])
def test_spearman_is_that_of_scipy(decimals, n_outputs):
    y_true, y_pred = make_pair(n_outputs=n_outputs, decimals=decimals)
    rho = per_output_spearman(y_true, y_pred)
    assert rho.dtype == np.float64
    assert rho.shape == (n_outputs,)
    expected = [spearmanr(*pair).statistic for pair in zip(y_true.T, y_pred.T, strict=True)]
    np.testing.assert_allclose(rho, expected, atol=1e-13)


@pytest.mark.parametrize("decimals", [None, 1, 0])
@pytest.mark.parametrize("top", [0.1, 0.25, 0.5, 0.995])
def test_auroc_is_that_of_scikit_learn(decimals, top):
    y_true, y_pred = make_pair(n_outputs=30)
    y_pred = y_pred if decimals is None else y_pred.round(decimals)
    auroc = per_output_auroc(y_true, y_pred, top=top)
    n_top = round(200 * top)
    expected = [
        roc_auc_score(largest(true, n_top), predicted)
        for true, predicted in zip(y_true.T, y_pred.T, strict=True)
    ]
    np.testing.assert_allclose(auroc, expected, atol=1e-13)


@pytest.mark.parametrize(
    ("n_samples", "top", "n_top"), [(10, 0.25, 3), (10, 0.24, 2), (5, 0.01, 1), (5, 0.99, 4)]
)
def test_how_many_are_the_top(n_samples, top, n_top):
    y_true, y_pred = make_pair(1, n_samples, n_outputs=1)
    expected = roc_auc_score(largest(y_true[:, 0], n_top), y_pred[:, 0])
    assert per_output_auroc(y_true, y_pred, top=top) == pytest.approx(expected, abs=1e-15)


def test_ties_at_the_cut_are_the_mean_over_all_choices():
    true = np.array([5, 3, 3, 3, 3, 1, 0, 0])
    predicted = np.array([2, 4, 2, 0, 1, 3, 1, 0])
    choices = []
    for pair in combinations(np.flatnonzero(true == 3), 2):
        is_top = true == 5
        is_top[list(pair)] = True
        choices.append(roc_auc_score(is_top, predicted))
    assert len(choices) == 6
    assert per_output_auroc(true, predicted, top=3 / 8) == pytest.approx(np.mean(choices))


def test_hand_computed():
    # Of the pairs (top, other) = (9, 3), (9, 1), (4, 3), (4, 1) one and a half are in order.
    true, predicted = [1, 9, 4, 3], [2, 1, 5, 5]
    assert per_output_auroc(true, predicted, top=0.5) == pytest.approx(1.5 / 4)
    # Ranks 1 4 3 2 and 2 1 3.5 3.5: deviations give -1.5 / sqrt(5 * 4.5).
    assert per_output_spearman(true, predicted) == pytest.approx(-1.5 / np.sqrt(22.5))


@given(seed=SEEDS, top=st.floats(0.05, 0.95))
def test_only_the_order_matters(seed, top):
    y_true, y_pred = make_pair(seed, 30, 3, decimals=1)
    order = np.random.default_rng(seed).permutation(30)
    for metric in (per_output_spearman, lambda *pair: per_output_auroc(*pair, top=top)):
        values = metric(y_true, y_pred)
        np.testing.assert_array_equal(metric(np.exp(y_true), 3 * y_pred - 7), values)
        np.testing.assert_allclose(metric(y_true[order], y_pred[order]), values, atol=1e-13)
    auroc = per_output_auroc(y_true, y_pred, top=top)
    np.testing.assert_allclose(per_output_auroc(y_true, -y_pred, top=top), 1 - auroc, atol=1e-13)
    np.testing.assert_allclose(
        per_output_spearman(y_pred, y_true), per_output_spearman(y_true, y_pred), atol=1e-13
    )


@given(y=arrays(np.float32, (2, 5, 3), elements=st.floats(-1000, 1000, width=32)))
def test_in_bounds_or_constant(y):
    constant = np.ptp(y, axis=1) == 0
    cases = [(per_output_spearman, constant.any(axis=0), -1), (per_output_auroc, constant[0], 0)]
    for metric, undefined, least in cases:
        if undefined.any():
            with pytest.warns(UndefinedMetricWarning):
                values = metric(*y)
        else:
            values = metric(*y)
        np.testing.assert_array_equal(np.isnan(values), undefined)
        assert (values[~undefined] >= least).all()
        assert (values[~undefined] <= 1).all()


def test_perfect_and_useless_predictions():
    y_true, _ = make_pair()
    np.testing.assert_allclose(per_output_spearman(y_true, y_true**3), 1, atol=1e-15)
    np.testing.assert_array_equal(per_output_auroc(y_true, y_true), 1)
    np.testing.assert_array_equal(per_output_auroc(y_true, -y_true), 0)
    np.testing.assert_array_equal(per_output_auroc(y_true, np.ones_like(y_true)), 0.5)


def test_constant_outputs_are_counted_in_one_warning():
    y_true, y_pred = make_pair()
    y_true[:, :2] = 0.1
    y_pred[:, 1:4] = 0.1
    with pytest.warns(
        UndefinedMetricWarning, match="2 of 7 outputs are constant in y_true, 3 in"
    ) as caught:
        rho = per_output_spearman(y_true, y_pred)
    np.testing.assert_array_equal(np.isnan(rho), np.arange(7) < 4)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    with pytest.warns(UndefinedMetricWarning, match="2 of 7 outputs.*no top share") as caught:
        auroc = per_output_auroc(y_true, y_pred)
    np.testing.assert_array_equal(np.isnan(auroc), np.arange(7) < 2)
    assert len(caught) == 1
    assert caught[0].filename == __file__


FORMS = {
    "float32": np.float32,
    "fortran": np.asfortranarray,
    "list": lambda y: y.tolist(),
    "csr": sparse.csr_matrix,
    "csc_array": sparse.csc_array,
    "frame": lambda y: pd.DataFrame(y, columns=[f"tissue{i}" for i in range(y.shape[1])]),
    "nullable frame": lambda y: pd.DataFrame(y).astype("Float64"),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("metric", METRICS)
def test_every_form_of_input(form, metric):
    y_true, y_pred = np.float64(np.float32(make_pair()))
    before = y_true.copy()
    result = metric(FORMS[form](y_true), y_pred)
    np.testing.assert_array_equal(result, metric(y_true, y_pred))
    np.testing.assert_array_equal(metric(y_true, FORMS[form](y_pred)), result)
    np.testing.assert_array_equal(y_true, before)
    column = metric(y_true[:, 0], pd.Series(y_pred[:, 0]))
    np.testing.assert_array_equal(column, result[:1])


GOOD = make_pair(n_samples=5, n_outputs=3)[0]
SPOILED = np.where(np.arange(15).reshape(5, 3) == 5, np.nan, GOOD)


def frame(*columns):
    return pd.DataFrame(GOOD[:, : len(columns)], columns=columns)


BAD_INPUTS = [
    (GOOD, GOOD[:, :2], ValueError, "must be (n_samples, n_outputs) of the same samples and out"),
    (GOOD, GOOD[None], ValueError, "y_pred must be of shape (n_samples, n_outputs)"),
    (GOOD[:, :0], GOOD[:, :0], ValueError, "there is no output to score"),
    (GOOD[:1], GOOD[:1], ValueError, "needs at least 2 samples, but y_true and y_pred have 1"),
    (GOOD.astype(str), GOOD, TypeError, "y_true must hold real numbers, got dtype <U"),
    (GOOD, SPOILED, ValueError, "y_pred holds NaN or infinite values: output 2 at row 1. Impute"),
    (frame("lung", "liver"), frame("lung", "skin"), ValueError, "name different outputs: only in"),
    (frame("lung", "liver"), frame("liver", "lung"), ValueError, "name the same outputs, but in"),
    (frame("lung") / 0, frame("lung"), ValueError, "output 'lung' at rows 0, 1, 2 and 2 more"),
]


@pytest.mark.parametrize(("y_true", "y_pred", "error", "message"), BAD_INPUTS)
@pytest.mark.parametrize("metric", METRICS)
def test_bad_inputs(metric, y_true, y_pred, error, message):
    with pytest.raises(error, match=re.escape(message)):
        metric(y_true, y_pred)


@pytest.mark.parametrize(
    ("top", "error", "message"),
    [
        (0, ValueError, "top == 0, must be > 0"),
        (1.0, ValueError, "top == 1.0, must be < 1"),
        ("10%", TypeError, "top must be an instance of"),
    ],
)
def test_bad_top(top, error, message):
    with pytest.raises(error, match=message):
        per_output_auroc(GOOD, GOOD, top=top)


def test_genome_by_tissues_is_fast():
    y_true, y_pred = make_pair(n_samples=20_000, n_outputs=54)
    for metric in METRICS:
        start = perf_counter()
        metric(y_true, y_pred)
        # About 0.3 s on a quiet machine.
        assert perf_counter() - start < 3


def test_rows_in_another_order():
    names = list("abcd")
    y = pd.DataFrame(np.random.default_rng(0).normal(size=(4, 2)), index=names)
    message = r"another order: row 0 is 'a' in y_true and 'd' in y_pred; use y_pred\.loc\["
    for metric in (per_output_spearman, per_output_auroc):
        with pytest.raises(ValueError, match=message):
            metric(y > 0 if metric is per_output_auroc else y, y[::-1])
    numbers = y.reset_index(drop=True)
    assert per_output_spearman(numbers, numbers[::-1].reset_index(drop=True)).shape == (2,)
    assert per_output_spearman(numbers, numbers[::-1]).shape == (2,)
