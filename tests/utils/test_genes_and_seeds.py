"""Genes given by name or index, and where randomness comes from."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skgenes.utils import atomic_fit, describe_difference, resolve_genes, seed_sequence

NAMES = np.array(["TP53", "MYC", "CD4", "EGFR"], dtype=object)


@pytest.mark.parametrize(
    ("genes", "expected"),
    [
        (None, []),
        ([], []),
        ("MYC", [1]),
        (2, [2]),
        (np.int64(2), [2]),
        (["CD4", "TP53"], [0, 2]),
        (["CD4", "CD4", 2], [2]),
        (["EGFR", -4], [0, 3]),
        ([-1, 0], [0, 3]),
        (pd.Index(["MYC"]), [1]),
        (np.array(["MYC", "CD4"]), [1, 2]),
        (np.array([3, 1]), [1, 3]),
        ([True, False, False, True], [0, 3]),
        (np.array([False, True, False, False]), [1]),
        ((g for g in ["MYC"]), [1]),
    ],
)
def test_genes(genes, expected):
    found = resolve_genes(genes, NAMES, 4, what="panel")
    assert found.tolist() == expected
    assert found.dtype == np.intp


@pytest.mark.parametrize(
    ("genes", "error", "match"),
    [
        (["myc", "MYC"], ValueError, r"panel has 1 gene\(s\).*of the|among the 4 of X: 'myc'"),
        ([4], ValueError, r"panel has 1 gene\(s\) that are not among the 4 of X: 4"),
        ([-5, 0], ValueError, r": -5"),
        ([f"G{i}" for i in range(8)], ValueError, r"8 gene\(s\).*'G0'.*'G4' and 3 more"),
        ([1.5], TypeError, r"panel takes gene names or column indices, got 1\.5"),
        ([True, 2], TypeError, "got True"),
        ([None], TypeError, "got None"),
        ([True, False], ValueError, r"mask of length 2, but X has 4"),
    ],
)
def test_genes_that_are_not_there(genes, error, match):
    with pytest.raises(error, match=match):
        resolve_genes(genes, NAMES, 4, what="panel")


def test_names_need_named_data():
    with pytest.raises(ValueError, match=r"panel names genes \('MYC'\), but X was passed without"):
        resolve_genes([0, "MYC"], None, 4, what="panel")
    assert resolve_genes([0, -1], None, 4, what="panel").tolist() == [0, 3]


@settings(max_examples=50, derandomize=True)
@given(st.lists(st.integers(-6, 5)), st.booleans())
def test_any_indices(indices, as_names):
    names = [f"G{i}" for i in range(6)]
    genes = [names[i] for i in indices] if as_names else indices
    found = resolve_genes(genes, names, 6, what="panel")
    assert found.tolist() == sorted({i % 6 for i in indices})


def test_names_from_an_array_are_quoted_as_names():
    with pytest.raises(ValueError, match=r"of X: 'myc'\."):
        resolve_genes(np.array(["myc"]), ["MYC"], 1, what="panel")


def test_differences_in_words():
    expected = np.array(["A", "B", "C"], dtype=object)
    text = describe_difference(expected, np.array(["C", "D", "E"], dtype=object))
    assert "2 gene(s) are new ('D', 'E'); 2 gene(s) missing ('A', 'B')" in text
    text = describe_difference(expected, np.array(["A", "C", "B"], dtype=object), "landmarks_")
    assert "All 3 genes are there in another order: column 1 is 'C', expected was 'B'" in text
    assert "estimator.landmarks_" in text


def test_seeds():
    def state(random_state):
        return seed_sequence(random_state).generate_state(4).tolist()

    assert state(3) == state(3) == state(np.int64(3)) != state(4)
    assert state(None) != state(None)
    one, two = np.random.RandomState(5), np.random.RandomState(5)
    first = state(one)
    assert first == state(two)
    assert state(one) != first, "an instance moves on"
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    state(None), state(3), state(np.random.RandomState(0))
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit, GeneratorExit])
def test_a_failed_fit_changes_nothing(error):
    class Model:
        def __init__(self):
            self.alpha = 1

        @atomic_fit
        def fit(self, fail):
            """Doc."""
            self.alpha, self.beta_ = 2, object()
            if fail:
                del self.alpha
                raise error
            return self

    model = Model()
    with pytest.raises(error):
        model.fit(True)
    assert vars(model) == {"alpha": 1}
    assert model.fit(False) is model
    before = dict(vars(model))
    with pytest.raises(error):
        model.fit(True)
    assert vars(model) == before
    assert Model.fit.__doc__ == "Doc."
