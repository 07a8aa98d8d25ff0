"""The kernels of quantile normalisation against slow loops of SciPy and NumPy."""

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import rankdata

from skgenes.preprocessing import _quantile
from skgenes.preprocessing._quantile import (
    dense_chunks,
    mean_of_sorted,
    onto_reference,
    sort_sample,
    spread,
)

IGNORE_CONSTANT = pytest.mark.filterwarnings("ignore:.* sample.s. have one value for all genes")


def slow_average(X, reference):
    """limma's rule: the reference interpolated at the average rank."""
    positions = np.linspace(0, 1, len(reference))
    return np.array(
        [
            np.interp((rankdata(sample) - 1) / (len(sample) - 1), positions, reference)
            for sample in X.astype(float)
        ]
    )


def slow_dense(X, reference):
    """Distinct values evenly over the reference."""
    positions = np.linspace(0, 1, len(reference))
    out = []
    for sample in X.astype(float):
        ranks = rankdata(sample, method="dense")
        at = (ranks - 1) / (ranks.max() - 1) if ranks.max() > 1 else np.full(len(sample), 0.5)
        out.append(np.interp(at, positions, reference))
    return np.array(out)


SLOW = {"average": slow_average, "dense": slow_dense}


def made_up(kind, dtype, n_samples=12, n_genes=301):
    rng = np.random.default_rng(3)
    signed = rng.normal(size=(n_samples, n_genes))
    counts = rng.poisson(rng.gamma(0.4, 10, size=n_genes), size=signed.shape)
    return {
        "no ties": signed,
        "few ties": np.round(signed, 2),
        "counts": np.log2(counts + 1),
        "two values": (signed > 1.5) - 7.0,
        "huge and tiny": signed * 10.0 ** rng.integers(-30, 30, size=signed.shape),
    }[kind].astype(dtype)


@pytest.mark.parametrize("ties", ["average", "dense"])
@pytest.mark.parametrize("n_quantiles", [2, 57, 301, 1000])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", ["no ties", "few ties", "counts", "two values", "huge and tiny"])
def test_as_a_slow_loop(kind, dtype, n_quantiles, ties):
    X = made_up(kind, dtype)
    reference = np.sort(np.random.default_rng(4).gamma(2, 3, size=n_quantiles))
    found = onto_reference(X, reference, ties)
    assert found.dtype == dtype
    rtol = 1e-12 if dtype == np.float64 else 1e-7
    np.testing.assert_allclose(found, SLOW[ties](X, reference), rtol=rtol)


def test_average_by_hand():
    X = np.array([[3.0, 1.0, 3.0, 3.0, 9.0], [2.0, 2.0, 5.0, 7.0, 7.0]])
    reference = np.array([0.0, 1.0, 10.0, 100.0, 1000.0])
    # Places 1, 2 and 3 average to place 2; places 0 and 1 to one half; 3 and 4 to 3.5.
    np.testing.assert_array_equal(
        onto_reference(X, reference, "average"),
        [[10.0, 0.0, 10.0, 10.0, 1000.0], [0.5, 0.5, 10.0, 550.0, 550.0]],
    )


def test_dense_by_hand():
    X = np.array([[3.0, 1.0, 3.0, 3.0, 9.0], [2.0, 2.0, 5.0, 7.0, 8.0]])
    reference = np.array([0.0, 1.0, 10.0, 100.0, 1000.0])
    # Three distinct values lie at places 0, 2 and 4; four at 0, 4/3, 8/3 and 4.
    np.testing.assert_allclose(
        onto_reference(X, reference, "dense"),
        [[10.0, 0.0, 10.0, 10.0, 1000.0], [0.0, 0.0, 4.0, 70.0, 1000.0]],
    )


def test_places_of_the_d_gex_rule_are_as_near_as_documented():
    n_quantiles = 1000
    X = made_up("counts", np.float64, n_samples=40, n_genes=n_quantiles)
    here = onto_reference(X, np.arange(float(n_quantiles)), "dense")  # values are places
    for sample, places in zip(X, here, strict=True):
        ranks = rankdata(sample, method="dense").astype(int)
        n_distinct = ranks.max()
        above = ranks * n_quantiles // n_distinct - 1 - places
        assert above.max() <= n_quantiles / n_distinct - 1 + 1e-9
        assert above.min() > -1
        assert abs(above).max() > 0.5  # the rules are not the same


def test_mean_of_sorted_by_hand_and_as_a_loop():
    np.testing.assert_array_equal(
        mean_of_sorted([np.array([[5.0, 2.0, 3.0]]), np.array([[4.0, 1.0, 6.0]])]), [1.5, 3.5, 5.5]
    )
    X = made_up("counts", np.float32)
    expected = np.sort(X.astype(np.float64), axis=1).mean(axis=0)
    found = mean_of_sorted([X])
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, expected, rtol=1e-13)


@IGNORE_CONSTANT
@given(
    hnp.arrays(
        st.sampled_from([np.float32, np.float64]),
        st.integers(2, 40),
        elements=st.floats(-1e6, 1e6, width=32) | st.sampled_from([0.0, -0.0, 1.0]),
    )
)
def test_sorting(sample):
    order, is_first = sort_sample(sample, np.arange(len(sample)))
    assert sorted(order) == list(range(len(sample)))
    ordered = sample[order]
    np.testing.assert_array_equal(ordered, np.sort(sample))
    np.testing.assert_array_equal(is_first, np.diff(ordered, prepend=-np.inf) > 0)


def test_sorting_values_that_differ_in_their_last_bit_only():
    rng = np.random.default_rng(0)
    steps = rng.permutation(1000)
    for base in (1.0, -1.0, 1e-300, -1e300):
        sample = base + np.spacing(base) * steps
        assert len(np.unique(sample)) == len(sample)
        order, is_first = sort_sample(sample, np.arange(len(sample)))
        np.testing.assert_array_equal(order, np.argsort(sample))
        assert is_first.all()


def test_negative_zero_is_zero():
    for dtype in (np.float32, np.float64):
        X = np.array([[0.0, -0.0, 1.0]], dtype=dtype)
        assert onto_reference(X, np.array([1.0, 2.0, 3.0]), "average").tolist() == [[1.5, 1.5, 3.0]]


samples = hnp.arrays(
    np.float64,
    st.tuples(st.integers(1, 4), st.integers(2, 20)),
    elements=st.integers(-40, 40).map(float) | st.floats(-100, 100, allow_subnormal=False),
)


@IGNORE_CONSTANT
@settings(max_examples=60)
@given(samples, st.integers(2, 30), st.sampled_from(["average", "dense"]))
def test_only_the_order_of_a_sample_counts(X, n_quantiles, ties):
    reference = np.sort(np.random.default_rng(n_quantiles).normal(size=n_quantiles))
    out = onto_reference(X, reference, ties)
    for sample, normalized in zip(X, out, strict=True):
        by_value = normalized[np.argsort(sample)]
        assert (np.diff(by_value) >= 0).all()
        for value in np.unique(sample):
            assert len(set(normalized[sample == value])) == 1
    assert reference[0] <= out.min()
    assert out.max() <= reference[-1]
    doubled = onto_reference(2 * X, reference, ties)  # exact, so the order stays
    np.testing.assert_array_equal(doubled, out)
    one_by_one = [onto_reference(X[[i]], reference, ties)[0] for i in range(len(X))]
    np.testing.assert_array_equal(one_by_one, out)


def test_spread():
    reference = np.array([0.0, 1.0, 4.0])
    np.testing.assert_array_equal(spread(reference, 3), reference)
    np.testing.assert_array_equal(spread(reference, 5), [0.0, 0.5, 1.0, 2.5, 4.0])
    np.testing.assert_array_equal(spread(reference, 2), [0.0, 4.0])
    np.testing.assert_array_equal(spread(reference, 1), [1.0])


@pytest.mark.parametrize("form", ["C", "F", "csr"])
def test_chunks_cover_all_rows_side_by_side(monkeypatch, form):
    monkeypatch.setattr(_quantile, "CHUNK_ELEMENTS", 25)
    X = np.random.default_rng(0).normal(size=(11, 7))
    given = sp.csr_array(X) if form == "csr" else np.asarray(X, order=form)
    rows, chunks = zip(*dense_chunks(given), strict=True)
    assert [chunk.shape for chunk in chunks] == [(3, 7)] * 3 + [(2, 7)]
    assert all(chunk.flags.c_contiguous for chunk in chunks)
    np.testing.assert_array_equal(np.concatenate(chunks), X)
    np.testing.assert_array_equal(np.concatenate([X[r] for r in rows]), X)
    np.testing.assert_array_equal(
        onto_reference(given, np.arange(7.0), "average"), X.argsort().argsort()
    )


def test_genes_more_than_a_chunk_come_one_row_at_a_time(monkeypatch):
    monkeypatch.setattr(_quantile, "CHUNK_ELEMENTS", 3)
    X = np.random.default_rng(0).normal(size=(2, 7))
    assert [chunk.shape for _, chunk in dense_chunks(X)] == [(1, 7)] * 2
