"""Streaming correlations equal those of the whole tables."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.exceptions import UndefinedMetricWarning

from skgenes.metrics import PearsonAccumulator, per_gene_pearson


def accumulate(y_true, y_pred, cuts):
    accumulator = PearsonAccumulator(y_true.shape[1])
    for rows in np.split(np.arange(len(y_true)), cuts):
        if rows.size:
            accumulator.update(y_true[rows], y_pred[rows])
    assert accumulator.n_samples_seen == len(y_true)
    return accumulator.result()


@given(
    seed=st.integers(0, 2**32 - 1),
    cuts=st.lists(st.integers(0, 40), max_size=10).map(sorted),
    dtype=st.sampled_from([np.float32, np.float64]),
)
def test_chunks_do_not_matter(seed, cuts, dtype):
    rng = np.random.default_rng(seed)
    y_true = rng.normal(1000, 0.5, (40, 4)).astype(dtype)
    y_pred = (y_true + rng.normal(0, 0.5, y_true.shape)).astype(dtype)
    expected = per_gene_pearson(y_true, y_pred)
    np.testing.assert_allclose(accumulate(y_true, y_pred, cuts), expected, atol=1e-11)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_constant_genes_stay_constant_over_chunks(dtype):
    rng = np.random.default_rng(0)
    y_true, y_pred = rng.normal(size=(2, 30, 3)).astype(dtype)
    y_true[:, 0] = 0.1
    y_pred[:, 1] = 1e6 + 0.1
    pcc = accumulate(y_true, y_pred, [7, 8, 20])
    np.testing.assert_array_equal(np.isnan(pcc), [True, True, False])


def test_gene_which_is_constant_in_every_chunk_only():
    y = np.array([[1.0], [1.0], [2.0], [2.0]])
    np.testing.assert_allclose(accumulate(y, -y, [2]), [-1.0])


def test_a_bad_chunk_leaves_the_state():
    rng = np.random.default_rng(0)
    y_true, y_pred = rng.normal(size=(2, 20, 3))
    accumulator = PearsonAccumulator(3)
    accumulator.update(y_true, y_pred)
    expected = accumulator.result()
    with pytest.raises(ValueError, match="NaN or infinite"):
        accumulator.update(y_true, np.where(np.arange(3) == 2, np.nan, y_pred))
    with pytest.raises(ValueError, match="made for 3 genes, but the chunk has 2"):
        accumulator.update(y_true[:, :2], y_pred[:, :2])
    np.testing.assert_array_equal(accumulator.result(), expected)
    assert accumulator.n_samples_seen == 20


def test_errors():
    with pytest.raises(ValueError, match="n_genes must be at least 1, got 0"):
        PearsonAccumulator(0)
    accumulator = PearsonAccumulator(1)
    with pytest.raises(ValueError, match=re.escape("has seen 0; call update first")):
        accumulator.result()
    accumulator.update([[1.0]], [[1.0]])
    with pytest.raises(ValueError, match="has seen 1"):
        accumulator.result()


def test_one_warning_for_a_whole_constant_table():
    with pytest.warns(UndefinedMetricWarning) as caught:
        per_gene_pearson(np.ones((4, 3)), np.ones((4, 3)))
    assert len(caught) == 1
