"""From importances to panels."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skgenes.feature_selection._panel import panel_size, rank_genes, resolve_wishes


@st.composite
def wishes(draw):
    n = draw(st.integers(1, 12))
    importances = draw(
        st.lists(st.one_of(st.sampled_from([0.0, 1.0]), st.floats(0, 1e6)), min_size=n, max_size=n)
    )
    order = draw(st.permutations(range(n)))
    first = draw(st.integers(0, n))
    last = draw(st.integers(0, n - first))
    return np.array(importances), sorted(order[:first]), sorted(order[first : first + last])


@settings(max_examples=150, derandomize=True)
@given(wishes())
def test_ranks(case):
    importances, first, last = case
    n = len(importances)
    ranking = rank_genes(importances, np.array(first, int), np.array(last, int))
    np.testing.assert_array_equal(np.sort(ranking), np.arange(1, n + 1))
    tier = [0 if i in first else 2 if i in last else 1 for i in range(n)]
    by_hand = sorted(range(n), key=lambda i: (tier[i], -importances[i], i))
    assert [int(np.flatnonzero(ranking == r + 1)[0]) for r in range(n)] == by_hand


@settings(max_examples=50, derandomize=True)
@given(wishes(), st.floats(0.01, 100), st.randoms())
def test_ranks_know_order_alone(case, factor, random):
    importances, first, last = case
    first, last = np.array(first, int), np.array(last, int)
    expected = rank_genes(importances, first, last)
    if len(set(importances * factor)) == len(set(importances)):
        np.testing.assert_array_equal(rank_genes(importances * factor, first, last), expected)
    wanted = np.flatnonzero(rank_genes(importances) <= 3)
    assert set(wanted) <= set(np.flatnonzero(rank_genes(importances) <= 4))


def test_ties_keep_the_order_of_columns():
    assert rank_genes(np.zeros(5)).tolist() == [1, 2, 3, 4, 5]
    assert rank_genes(np.array([0, 1, 1, 0]), first=[3]).tolist() == [4, 2, 3, 1]
    assert rank_genes(np.array([5, 1, 1, 7]), last=[0, 3]).tolist() == [4, 1, 2, 3]


@pytest.mark.parametrize(
    ("wanted", "n_features", "size"),
    [
        (None, 7, 3), (None, 1, 1), (3, 7, 3), (7, 7, 7), (np.int64(2), 7, 2),
        (0.5, 7, 3), (1.0, 7, 7), (0.01, 7, 1), (np.float64(0.3), 10, 3), (0.1, 30, 3),
    ],
)  # fmt: skip
def test_sizes(wanted, n_features, size):
    assert panel_size(wanted, n_features) == size


def test_wishes_that_contradict_each_other():
    names = np.array(["A", "B", "C", "D"], dtype=object)
    included, excluded = resolve_wishes(["C"], [0, "B"], names, 4, 2)
    assert (included.tolist(), excluded.tolist()) == ([2], [0, 1])
    with pytest.raises(ValueError, match=r"share 2 gene\(s\): A, C"):
        resolve_wishes(["A", "C"], [0, 2, 3], names, 4, 2)
    with pytest.raises(ValueError, match=r"share 1 gene\(s\): 1"):
        resolve_wishes([1], [1], None, 4, 2)
    with pytest.raises(ValueError, match=r"must_include has 3 genes, but only 2"):
        resolve_wishes([0, 1, 2], None, names, 4, 2)
    with pytest.raises(ValueError, match=r"exclude leaves 1 of 4 genes, but 2"):
        resolve_wishes(None, [0, 1, 2], names, 4, 2)
    with pytest.raises(ValueError, match=r"must_include has 1 gene\(s\) that are not.*'X'"):
        resolve_wishes(["X"], None, names, 4, 2)
    with pytest.raises(ValueError, match=r"exclude has 1 gene\(s\) that are not.*9"):
        resolve_wishes(None, [9], names, 4, 2)
