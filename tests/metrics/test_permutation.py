"""The permutation test against a loop over all pairs of genes in float64."""

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

from skgenes.metrics import _null_counts, gene_permutation_test, per_gene_pearson


def naive_fractions(y_true, y_pred):
    """The definition, pair by pair."""
    y_true, y_pred = np.float64(y_true), np.float64(y_pred)
    n_genes = y_true.shape[1]
    varies = [np.ptp(y[:, k]) > 0 for y in (y_true, y_pred) for k in range(n_genes)]
    fractions = np.full(n_genes, np.nan)
    for j in range(n_genes):
        if not (varies[j] and varies[n_genes + j]):
            continue
        own = pearsonr(y_true[:, j], y_pred[:, j]).statistic
        others = [k for k in range(n_genes) if k != j and varies[k]]
        above = [pearsonr(y_true[:, k], y_pred[:, j]).statistic - own > 1e-12 for k in others]
        fractions[j] = np.mean(above) if above else np.nan
    return fractions


def matrix_fractions(y_true, y_pred):
    """The same for more genes, none constant, by one float64 product."""
    n_genes = y_true.shape[1]
    r = np.corrcoef(np.float64(y_true).T, np.float64(y_pred).T)[:n_genes, n_genes:]
    above = r - np.diag(r) > 1e-12
    np.fill_diagonal(above, False)
    return above.sum(axis=0) / (n_genes - 1)


def make_expression(n_samples, n_genes, seed=0, dtype=np.float32):
    """Genes in programs, each inferred with its own noise, some hardly better than chance."""
    rng = np.random.default_rng(seed)
    programs = rng.normal(size=(n_samples, 8))
    y_true = 8 + programs @ rng.normal(size=(8, n_genes)) + rng.normal(size=(n_samples, n_genes))
    noise = rng.normal(size=y_true.shape) * rng.exponential(4, n_genes)
    return y_true.astype(dtype), (y_true + noise).astype(dtype)


def check_against(expected, test, alpha=0.01):
    np.testing.assert_array_equal(test.null_fraction, expected)
    np.testing.assert_array_equal(test.significant, expected < alpha)
    defined = ~np.isnan(expected)
    assert test.n_significant == test.significant.sum()
    assert test.n_undefined == (~defined).sum()
    if defined.any():
        assert test.fraction_significant == test.n_significant / defined.sum()
    else:
        assert np.isnan(test.fraction_significant)


def run_small_tiles(y_true, y_pred, tile, **options):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_null_counts, "TILE", tile)
        return gene_permutation_test(y_true, y_pred, **options)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")
@settings(max_examples=60)
@given(
    y=st.tuples(st.integers(3, 6), st.integers(2, 9)).flatmap(
        lambda shape: arrays(np.int8, (2, *shape), elements=st.integers(-2, 2))
    ),
    dtype=st.sampled_from([np.int8, np.float32, np.float64]),
    tile=st.sampled_from([3, 2040]),
    dense_share=st.sampled_from([0.0, 1.0]),
    alpha=st.sampled_from([0.01, 0.3, 1.0]),
)
def test_few_samples_and_many_ties(y, dtype, tile, dense_share, alpha):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_null_counts, "_DENSE_SHARE", dense_share)
        test = run_small_tiles(*y.astype(dtype), tile, alpha=alpha)
    check_against(naive_fractions(*y), test, alpha)


@settings(max_examples=15)
@given(
    seed=st.integers(0, 2**32 - 1),
    n_samples=st.integers(3, 40),
    mean=st.sampled_from([0, 1000]),
    dtype=st.sampled_from([np.float32, np.float64]),
)
def test_random_data(seed, n_samples, mean, dtype):
    rng = np.random.default_rng(seed)
    y_true, y_pred = (mean + rng.normal(0, 0.5, (2, n_samples, 12))).astype(dtype)
    check_against(naive_fractions(y_true, y_pred), gene_permutation_test(y_true, y_pred))


@pytest.mark.parametrize(("n_samples", "n_genes"), [(3, 700), (50, 2500), (300, 600)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_more_genes_than_a_tile(n_samples, n_genes, dtype):
    y_true, y_pred = make_expression(n_samples, n_genes, dtype=dtype)
    expected = matrix_fractions(y_true, y_pred)
    check_against(expected, gene_permutation_test(y_true, y_pred))
    check_against(expected, run_small_tiles(y_true, y_pred, 255))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n_copies", [2, 40])
def test_duplicated_genes_are_ties(n_copies, dtype):
    y_true, y_pred = (np.tile(y, n_copies) for y in make_expression(25, 5, dtype=dtype))
    y_true = 2 * y_true + 1
    check_against(
        naive_fractions(y_true[:, :15], y_pred[:, :15]),
        gene_permutation_test(y_true[:, :15], y_pred[:, :15]),
    )
    check_against(matrix_fractions(y_true, y_pred), gene_permutation_test(y_true, y_pred))


def test_near_ties_are_decided_in_float64():
    rng = np.random.default_rng(0)
    y_true = np.repeat(rng.normal(size=(60, 1)), 300, axis=1)
    y_true += 10.0 ** rng.uniform(-11, -3, 300) * rng.normal(size=y_true.shape)
    y_pred = y_true + rng.normal(size=(60, 300))
    expected = matrix_fractions(y_true, y_pred)
    assert 0 < expected.mean() < 1
    check_against(expected, gene_permutation_test(y_true, y_pred))


def test_perfect_predictions():
    y, _ = make_expression(20, 50)
    test = gene_permutation_test(y, y)
    check_against(np.zeros(50), test)
    np.testing.assert_allclose(test.pcc, 1.0)
    assert test.fraction_significant == 1.0


def test_constant_genes():
    y_true, y_pred = make_expression(20, 9)
    y_true[:, [0, 3]] = 0.1
    y_pred[:, [3, 5, 6]] = 7.3
    with pytest.warns(UndefinedMetricWarning, match="2 of 9 .* y_true, 3 in y_pred") as caught:
        test = gene_permutation_test(y_true, y_pred, alpha=0.5)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    check_against(naive_fractions(y_true, y_pred), test, alpha=0.5)
    assert (test.n_constant_true, test.n_constant_pred, test.n_undefined) == (2, 3, 4)
    assert test.n_exact == 5


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")
@pytest.mark.parametrize("method", ["exact", "sampled"])
def test_nothing_to_test(method):
    y_true, y_pred = make_expression(10, 4)
    y_true[:, 1:] = 1
    test = gene_permutation_test(y_true, y_pred, method=method, n_null=2)
    assert not np.isnan(test.pcc[0])
    check_against(np.full(4, np.nan), test)


@pytest.mark.parametrize("form", [pd.DataFrame, sparse.csr_array, np.asfortranarray])
def test_forms_of_input(form):
    y_true, y_pred = make_expression(15, 40)
    test = gene_permutation_test(form(y_true), form(y_pred))
    check_against(matrix_fractions(y_true, y_pred), test)
    np.testing.assert_allclose(test.pcc, per_gene_pearson(y_true, y_pred), rtol=1e-13)


@pytest.mark.parametrize("n_samples", [3, 30, 1000])
def test_window_holds_the_float32_error(n_samples):
    rng = np.random.default_rng(0)
    for columns in (rng.normal(size=(n_samples, 200)), rng.exponential(size=(n_samples, 200)) ** 4):
        unit = columns / np.linalg.norm(columns, axis=0)
        single = unit.astype(np.float32)
        error = np.abs(single.T @ single - unit.T @ unit).max()
        assert error < _null_counts.rounding_window(n_samples)


@pytest.mark.parametrize("alpha", [0.01, 0.2])
@pytest.mark.parametrize("seed", [0, 1])
def test_sampled_decides_as_exact(seed, alpha):
    y_true, y_pred = make_expression(40, 2500, seed)
    exact = gene_permutation_test(y_true, y_pred, alpha)
    sampled = gene_permutation_test(y_true, y_pred, alpha, method="sampled", random_state=seed)
    assert 0.02 < exact.fraction_significant < 0.98
    np.testing.assert_array_equal(sampled.significant, exact.significant)
    inside = exact.null_fraction >= sampled.null_fraction_low
    inside &= exact.null_fraction <= sampled.null_fraction_high
    assert inside.all()
    settled = sampled.null_fraction_low < sampled.null_fraction_high
    assert sampled.n_exact == (~settled).sum() < 1250
    np.testing.assert_array_equal(sampled.null_fraction[~settled], exact.null_fraction[~settled])
    assert not ((sampled.null_fraction_low <= alpha) & (alpha <= sampled.null_fraction_high))[
        settled
    ].any()


def test_sampled_leaves_global_state_and_repeats():
    y_true, y_pred = make_expression(30, 300)
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    one, two = (
        gene_permutation_test(y_true, y_pred, method="sampled", n_null=60, random_state=3)
        for _ in range(2)
    )
    np.testing.assert_array_equal(one.null_fraction, two.null_fraction)
    one, two = (
        gene_permutation_test(
            y_true, y_pred, method="sampled", n_null=60, random_state=np.random.RandomState(3)
        )
        for _ in range(2)
    )
    np.testing.assert_array_equal(one.null_fraction, two.null_fraction)
    gene_permutation_test(y_true, y_pred, method="sampled", n_null=60)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


@pytest.mark.parametrize("n_null", [300, 1000])
def test_a_sample_of_all_genes_is_exact(n_null):
    y_true, y_pred = make_expression(30, 300)
    test = gene_permutation_test(y_true, y_pred, method="sampled", n_null=n_null)
    assert test.n_exact == 300
    check_against(matrix_fractions(y_true, y_pred), test)


def test_a_sample_of_two_leaves_each_gene_a_null():
    y_true, y_pred = make_expression(30, 5)
    test = gene_permutation_test(y_true, y_pred, method="sampled", n_null=2, random_state=0)
    check_against(matrix_fractions(y_true, y_pred), test)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"alpha": 0}, ValueError, "alpha == 0, must be > 0"),
        ({"alpha": 1.5}, ValueError, "alpha == 1.5, must be <= 1"),
        ({"alpha": "0.1"}, TypeError, "alpha must be an instance of"),
        ({"method": "approximate"}, ValueError, "'exact' or 'sampled', got 'approximate'"),
        ({"n_null": 1}, ValueError, "n_null == 1, must be >= 2"),
        ({"n_null": 10.0}, TypeError, "n_null must be an instance of"),
        ({"confidence_level": 1}, ValueError, "confidence_level == 1, must be < 1"),
    ],
)
def test_bad_parameters(options, error, message):
    with pytest.raises(error, match=re.escape(message)):
        gene_permutation_test(*make_expression(10, 4), **options)


def test_too_little_data():
    y_true, y_pred = make_expression(10, 4)
    with pytest.raises(ValueError, match="needs at least 3 samples, but y_true and y_pred have 2"):
        gene_permutation_test(y_true[:2], y_pred[:2])
    with pytest.raises(ValueError, match="there is 1 gene; pass at least 2"):
        gene_permutation_test(y_true[:, 0], y_pred[:, 0])
    y_pred[4, 2] = np.nan
    with pytest.raises(ValueError, match="y_pred holds NaN or infinite values: gene 2 at row 4"):
        gene_permutation_test(y_true, y_pred)


@pytest.mark.parametrize("ties", [False, True])
def test_memory_is_not_genes_by_genes(ties):
    y_true, y_pred = make_expression(4 if ties else 100, 6000)
    if ties:
        y_true, y_pred = np.sign(y_true - 8), np.sign(y_pred - 8)
        y_true[0], y_true[1], y_pred[0], y_pred[1] = -1, 1, -1, 1
    tracemalloc.start()
    try:
        gene_permutation_test(y_true, y_pred)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 90 * 2**20 < 6000 * 6000 * 4
