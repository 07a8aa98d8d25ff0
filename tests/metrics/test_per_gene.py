"""Per-gene errors and correlations against NumPy and SciPy."""

import re
import tracemalloc

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import sparse
from scipy.stats import pearsonr
from sklearn.exceptions import UndefinedMetricWarning

from skgenes.metrics import mean_defined, per_gene_mean_absolute_error, per_gene_pearson

SEEDS = st.integers(0, 2**32 - 1)


def make_pair(seed=0, n_samples=30, n_genes=7, dtype=np.float64):
    rng = np.random.default_rng(seed)
    y_true = rng.normal(8, 2, (n_samples, n_genes))
    y_pred = y_true + rng.normal(0, 1, (n_samples, n_genes))
    return y_true.astype(dtype), y_pred.astype(dtype)


def pearson_loop(y_true, y_pred):
    pairs = zip(np.float64(y_true).T, np.float64(y_pred).T, strict=True)
    return np.array([pearsonr(observed, predicted).statistic for observed, predicted in pairs])


FORMS = {
    "array": np.asarray,
    "fortran": np.asfortranarray,
    "list": lambda y: y.tolist(),
    "csr": sparse.csr_matrix,
    "csc_array": sparse.csc_array,
    "frame": lambda y: pd.DataFrame(y, columns=[f"g{i}" for i in range(y.shape[1])]),
    "nullable frame": lambda y: pd.DataFrame(y).astype("Float64"),
    "mixed frame": lambda y: pd.DataFrame(y).astype({0: np.float32}),
}


@pytest.mark.parametrize("n_genes", [1, 7, 5000])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int64])
def test_against_scipy(n_genes, dtype):
    y_true, y_pred = make_pair(n_samples=40, n_genes=n_genes, dtype=dtype)
    some = slice(0, n_genes, max(1, n_genes // 20))
    expected = np.abs(np.float64(y_true) - y_pred).mean(axis=0)
    np.testing.assert_allclose(per_gene_mean_absolute_error(y_true, y_pred), expected, rtol=1e-13)
    pcc = per_gene_pearson(y_true, y_pred)
    assert pcc.dtype == np.float64
    assert pcc.shape == (n_genes,)
    np.testing.assert_allclose(
        pcc[some], pearson_loop(y_true[:, some], y_pred[:, some]), atol=1e-13
    )


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("metric", [per_gene_mean_absolute_error, per_gene_pearson])
def test_every_form_of_input(form, metric):
    y_true, y_pred = make_pair()
    result = metric(FORMS[form](y_true), y_pred)
    np.testing.assert_allclose(result, metric(y_true, y_pred), atol=1e-6)
    np.testing.assert_allclose(metric(y_true, FORMS[form](y_pred)), result, atol=1e-6)


def test_one_dimension_is_one_gene():
    y_true, y_pred = make_pair(n_genes=1)
    column = per_gene_pearson(y_true, y_pred)
    np.testing.assert_array_equal(per_gene_pearson(y_true[:, 0], y_pred), column)
    np.testing.assert_array_equal(per_gene_pearson(pd.Series(y_true[:, 0]), y_pred), column)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_small_spread_on_a_large_mean(dtype):
    rng = np.random.default_rng(0)
    y_true = rng.normal(1000, 0.5, (5000, 3)).astype(dtype)
    y_pred = (y_true + rng.normal(0, 0.5, y_true.shape)).astype(dtype)
    np.testing.assert_allclose(
        per_gene_pearson(y_true, y_pred), pearson_loop(y_true, y_pred), atol=1e-12
    )


@given(seed=SEEDS, slope=st.floats(0.01, 100), shift=st.floats(-100, 100))
def test_pearson_ignores_affine_maps(seed, slope, shift):
    y_true, y_pred = make_pair(seed)
    pcc = per_gene_pearson(y_true, y_pred)
    np.testing.assert_allclose(per_gene_pearson(y_true, slope * y_pred + shift), pcc, atol=1e-9)
    np.testing.assert_allclose(per_gene_pearson(y_true, -slope * y_pred), -pcc, atol=1e-9)


@given(seed=SEEDS)
def test_symmetric_and_genes_independent(seed):
    y_true, y_pred = make_pair(seed)
    order = np.random.default_rng(seed).permutation(y_true.shape[1])
    for metric in (per_gene_mean_absolute_error, per_gene_pearson):
        result = metric(y_true, y_pred)
        np.testing.assert_allclose(metric(y_pred, y_true), result, rtol=1e-13)
        np.testing.assert_allclose(metric(y_true[:, order], y_pred[:, order]), result[order])


@settings(max_examples=50)
@given(y=arrays(np.float32, (2, 5, 3), elements=st.floats(-1000, 1000, width=32)))
def test_pearson_is_in_bounds_or_constant(y):
    constant = (np.ptp(y, axis=1) == 0).any(axis=0)
    if constant.any():
        with pytest.warns(UndefinedMetricWarning):
            pcc = per_gene_pearson(*y)
    else:
        pcc = per_gene_pearson(*y)
    assert (np.abs(pcc[~np.isnan(pcc)]) <= 1).all()
    assert np.isnan(pcc[constant]).all()


@pytest.mark.parametrize("value", [0.1, 1e-3, 1e6 + 0.1])
def test_constant_genes_are_counted_in_one_warning(value):
    y_true, y_pred = make_pair()
    y_true[:, :2] = value
    y_pred[:, 1:4] = value
    with pytest.warns(UndefinedMetricWarning) as caught:
        pcc = per_gene_pearson(y_true, y_pred)
    assert len(caught) == 1
    assert "2 of 7 genes are constant in y_true, 3 in y_pred" in str(caught[0].message)
    assert caught[0].filename == __file__
    np.testing.assert_array_equal(np.isnan(pcc), np.arange(7) < 4)


def test_mean_defined():
    assert mean_defined([1.0, 2.0], "it") == 1.5
    with pytest.warns(UndefinedMetricWarning, match=r"^The score is undefined for 1 of 3 genes"):
        assert mean_defined([1.0, np.nan, 2.0], "The score") == 1.5
    with pytest.warns(UndefinedMetricWarning, match="2 of 2"):
        assert np.isnan(mean_defined([np.nan, np.nan], "it"))


def frame(*columns):
    return pd.DataFrame(np.arange(3 * len(columns)).reshape(3, -1) % 5, columns=columns)


def with_bad(y, *cells):
    y = np.array(y, dtype=float)
    for row, column, value in cells:
        y[row, column] = value
    return y


GOOD = make_pair(n_samples=5, n_genes=3)[0]
BAD_INPUTS = [
    (GOOD, GOOD[:, :2], ValueError, "y_true has shape (5, 3) but y_pred has shape (5, 2)"),
    (GOOD, GOOD[None], ValueError, "y_pred must be of shape (n_samples, n_genes)"),
    (GOOD[:, :0], GOOD[:, :0], ValueError, "there is no gene"),
    (GOOD[:0], GOOD[:0], ValueError, "have 0; pass more rows"),
    (GOOD.astype(str), GOOD, TypeError, "y_true must hold real numbers, got dtype <U"),
    (GOOD, GOOD * 1j, TypeError, "y_pred must hold real numbers, got dtype complex128"),
    (GOOD.astype(object), GOOD, TypeError, "got dtype object"),
    (frame("a", "b"), frame("a", "c"), ValueError, "only in y_true: 'b'; only in y_pred: 'c'"),
    (frame("a", "b"), frame("b", "a"), ValueError, "use y_pred[y_true.columns]"),
    (frame(*"abcdef"), frame("a"), ValueError, "'b', 'c', 'd' and 2 more; only in y_pred: none"),
    (frame("a").astype(str), frame("a"), TypeError, "columns 'a' ("),
    (with_bad(GOOD, (1, 2, np.nan)), GOOD, ValueError, "infinite values: gene 2 at row 1. Impute"),
    (GOOD, with_bad(GOOD, (0, 1, np.inf), (4, 1, np.nan)), ValueError, "gene 1 at rows 0, 4"),
    (frame("a", "b") / 0, frame("a", "b"), ValueError, "gene 'a' at rows 0, 1, 2; gene 'b' at"),
]


@pytest.mark.parametrize(("y_true", "y_pred", "error", "message"), BAD_INPUTS)
@pytest.mark.parametrize("metric", [per_gene_mean_absolute_error, per_gene_pearson])
def test_bad_inputs(metric, y_true, y_pred, error, message):
    with pytest.raises(error, match=re.escape(message)):
        metric(y_true, y_pred)


def test_one_sample_has_an_error_but_no_correlation():
    assert per_gene_mean_absolute_error([[1.0]], [[3.0]]) == [2.0]
    with pytest.raises(ValueError, match="at least 2 samples, but y_true and y_pred have 1"):
        per_gene_pearson([[1.0]], [[3.0]])


@pytest.mark.parametrize("metric", [per_gene_mean_absolute_error, per_gene_pearson])
def test_memory_does_not_grow_with_the_genes(metric):
    y_true, y_pred = make_pair(n_samples=500, n_genes=8000, dtype=np.float32)
    tracemalloc.start()
    try:
        metric(y_true, y_pred)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 8 * 2**20 < y_true.nbytes
