"""Means over groups of columns, and the column that varies most."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from skgenes.preprocessing import _probe_kernels
from skgenes.preprocessing._probe_kernels import (
    blocks,
    column_means,
    column_variances,
    group_means,
    most_variable,
)

FORMS = [np.asarray, np.asfortranarray, sp.csr_array, sp.csr_matrix]


@st.composite
def grouped(draw):
    """Groups of columns, none of them empty, and some columns in none."""
    n_groups = draw(st.integers(1, 5))
    extra = draw(st.lists(st.integers(-1, n_groups - 1), max_size=8))
    groups = draw(st.permutations([*range(n_groups), *extra]))
    return np.array(groups), n_groups, draw(st.integers(0, 2**32 - 1))


def slow_means(X, groups, n_groups):
    out = np.empty((len(X), n_groups), dtype=X.dtype)
    for row in range(len(X)):
        for group in range(n_groups):
            members = [float(X[row, j]) for j in range(X.shape[1]) if groups[j] == group]
            out[row, group] = sum(members) / len(members)
    return out


@given(grouped(), st.sampled_from(FORMS), st.sampled_from([np.float32, np.float64]))
def test_means_equal_a_slow_loop(case, form, dtype):
    groups, n_groups, seed = case
    rng = np.random.default_rng(seed)
    X = rng.normal(8, 2, (7, len(groups))) * (rng.random((7, len(groups))) < 0.7)
    X = X.astype(dtype)
    means = group_means(form(X), groups, n_groups)
    assert means.dtype == dtype
    assert sp.issparse(means) == sp.issparse(form(X))
    means = means.toarray() if sp.issparse(means) else means
    np.testing.assert_allclose(means, slow_means(X, groups, n_groups), rtol=4 * np.finfo(dtype).eps)


def test_float32_is_summed_in_float64():
    X = np.array([[2.0**24, 1.0, 1.0]], dtype=np.float32)
    for form in FORMS:
        means = group_means(form(X), np.array([0, 0, 0]), 1)
        value = means.toarray()[0, 0] if sp.issparse(means) else means[0, 0]
        assert value == np.float32((2.0**24 + 2) / 3)


def test_small_blocks_change_nothing(monkeypatch):
    X = np.random.default_rng(0).normal(size=(50, 9))
    groups = np.array([0, 1, 2, 0, -1, 1, 2, 2, 0])
    whole = group_means(X, groups, 3), column_variances(X)
    monkeypatch.setattr(_probe_kernels, "BLOCK_BYTES", 8 * 9 * 7)
    assert [rows.stop - rows.start for rows in blocks(X)] == [7] * 7 + [1]
    np.testing.assert_array_equal(group_means(X, groups, 3), whole[0])
    np.testing.assert_allclose(column_variances(X), whole[1], rtol=1e-14)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("offset", [0, 1e6])
def test_variances(form, offset):
    X = np.random.default_rng(0).normal(size=(40, 6))
    X[np.abs(X) < 0.5] = 0
    X[:, 2] = 0
    X[:, 3] += offset
    np.testing.assert_allclose(column_variances(form(X)), X.var(axis=0), rtol=1e-10)
    float32 = X.astype(np.float32)
    expected = float32.astype(np.float64).var(axis=0)
    np.testing.assert_allclose(column_variances(form(float32)), expected, rtol=1e-10)


def test_every_form_has_the_same_bits():
    X = np.random.default_rng(0).integers(0, 4, (5, 40)).astype(float)
    for form in FORMS:
        np.testing.assert_array_equal(column_variances(form(X)), column_variances(X))


def test_sparse_means_are_summed_in_float64():
    X = np.full((100_000, 1), 16777.217, dtype=np.float32)
    for form in FORMS:
        np.testing.assert_allclose(column_means(form(X)), X[0].astype(float), rtol=1e-12)


def test_most_variable_by_hand():
    variances = np.array([1.0, 9.0, 2.0, 2.0, 0.0, 5.0])
    np.testing.assert_array_equal(
        most_variable(variances, np.array([1, -1, 0, 0, 2, 1])), [2, 5, 4]
    )
