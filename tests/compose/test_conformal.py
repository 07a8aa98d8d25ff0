"""Conformal half widths: by hand, by definition, and what they promise."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from skgenes.compose import _conformal
from skgenes.compose._conformal import conformal_half_widths, least_units
from skgenes.compose._held_out import _rounded_up


@pytest.mark.parametrize(
    ("coverage", "rank"),
    # ceil((n + 1) * coverage) of 19 errors 1, ..., 19; in doubles, 0.55 * 20 is above 11.
    [(0.5, 10), (0.55, 11), (0.8, 16), (0.81, 17), (0.9, 18), (0.95, 19), (0.01, 1), (1e-12, 1)],
)
def test_by_hand(coverage, rank):
    errors = np.random.default_rng(0).permutation(np.arange(1.0, 20))[:, None] + [[0, 100]]
    np.testing.assert_array_equal(conformal_half_widths(errors, coverage), [rank, rank + 100])
    each_alone = np.random.default_rng(1).permutation(19)
    alone = conformal_half_widths(errors, coverage, each_alone)
    np.testing.assert_array_equal(alone, [rank, rank + 100])


def test_groups_by_hand():
    # K = 3 groups: the weights are 1/4 · (1/2, 1/2), 1/4 and 1/4 · (1/3, 1/3, 1/3).
    groups = np.array([0, 0, 1, 2, 2, 2])
    errors = np.array([[1.0], [5.0], [2.0], [3.0], [4.0], [6.0]])
    # Weight at and below 1, 2, ..., 6, in units of 1/4: 1/2, 3/2, 11/6, 13/6, 8/3, 3.
    for coverage, width in [
        (0.125, 1), (0.13, 2), (0.375, 2), (0.376, 3), (0.458, 3), (0.46, 4),
        (0.54, 4), (0.55, 5), (0.666, 5), (0.67, 6), (0.75, 6),
    ]:  # fmt: skip
        assert conformal_half_widths(errors, coverage, groups)[0] == width
    match = r"coverage=0.76 needs at least 4 groups held out .*there are 3.*of at most 3/4"
    with pytest.raises(ValueError, match=match):
        conformal_half_widths(errors, 0.76, groups)


def by_definition(errors, groups, coverage):
    """The smallest error, or infinity, at and below which there is enough weight."""
    sizes = {group: groups.count(group) for group in groups}
    for width in sorted(set(errors)):
        weight = sum(
            Fraction(1, (len(sizes) + 1) * sizes[group])
            for error, group in zip(errors, groups, strict=True)
            if error <= width
        )
        if weight >= coverage:
            return width
    return np.inf


@given(
    st.lists(st.tuples(st.integers(0, 6), st.integers(0, 4)), min_size=1, max_size=25),
    st.integers(1, 99),
    st.booleans(),
)
def test_as_defined(pairs, percent, each_alone):
    errors, groups = (list(column) for column in zip(*pairs, strict=True))
    if each_alone:
        groups = list(range(len(errors)))
    codes = np.unique(groups, return_inverse=True)[1]
    expected = by_definition(errors, groups, Fraction(percent, 100))
    column, given_groups = np.array(errors, dtype=float)[:, None], None if each_alone else codes
    if expected == np.inf:
        with pytest.raises(ValueError, match=f"coverage={percent / 100!r} needs at least"):
            conformal_half_widths(column, percent / 100, given_groups)
    else:
        assert conformal_half_widths(column, percent / 100, given_groups)[0] == expected


@pytest.mark.parametrize("groups", [None, np.arange(40) // 2])
def test_blocks_of_genes(groups, monkeypatch):
    errors = np.random.default_rng(0).random((40, 23)).astype(np.float32)
    whole = conformal_half_widths(errors, 0.9, groups)
    monkeypatch.setattr(_conformal, "_ELEMENTS_AT_ONCE", 200)
    np.testing.assert_array_equal(conformal_half_widths(errors, 0.9, groups), whole)


@pytest.mark.parametrize(
    ("coverage", "least"), [(0.5, 1), (0.8, 4), (0.9, 9), (0.95, 19), (0.99, 99), (0.1, 1)]
)
def test_least_number(coverage, least):
    assert least_units(coverage) == least
    assert np.isfinite(conformal_half_widths(np.ones((least, 1)), coverage)[0])
    if least > 1:
        match = f"needs at least {least} samples held out for calibration, but there are "
        with pytest.raises(ValueError, match=match):
            conformal_half_widths(np.ones((least - 1, 1)), coverage)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_errors_are_rounded_up(dtype):
    errors = np.abs(np.random.default_rng(0).standard_cauchy(10_000)).astype(dtype)
    errors[:100] = np.arange(100)
    rounded = _rounded_up(errors)
    assert rounded.dtype == np.float32
    assert rounded[0] == 0
    assert (rounded[1:].astype(np.float64) > errors[1:]).all()
    np.testing.assert_allclose(rounded, errors, rtol=2.5e-7)


def test_the_promised_coverage():
    """Over many draws a new error is at most the half width as often as promised."""
    rng = np.random.default_rng(0)
    n_draws, n = 20_000, 24
    errors = np.abs(rng.standard_cauchy((n + 1, n_draws)))
    for coverage in (0.5, 0.8, 0.9, 0.95):
        held = (errors[-1] <= conformal_half_widths(errors[:-1], coverage)).sum()
        exact = np.ceil((n + 1) * coverage) / (n + 1)
        low, high = binom.ppf([1e-4, 1 - 1e-4], n_draws, exact)
        assert low <= held <= high


def test_the_promised_coverage_of_groups():
    """Samples of a donor are alike, donors have one to nine: a new donor's sample is held."""
    rng = np.random.default_rng(0)
    n_draws, n_donors, coverage = 4000, 20, 0.9
    held = ignoring = 0
    for _ in range(n_draws):
        sizes = rng.choice([1, 2, 9], n_donors)
        donors = np.repeat(np.arange(n_donors), sizes)
        # Donors of many samples have small errors: to ignore donors is to trust them too much.
        scale = np.exp(rng.normal(size=n_donors)) / sizes
        errors = np.abs(rng.normal(size=len(donors))) * scale[donors]
        new = abs(rng.normal()) * np.exp(rng.normal()) / rng.choice([1, 2, 9])
        held += new <= conformal_half_widths(errors[:, None], coverage, donors)[0]
        ignoring += new <= conformal_half_widths(errors[:, None], coverage)[0]
    low = binom.ppf(1e-4, n_draws, coverage)
    assert low <= held
    # The quantile is within one group's weight of the coverage.
    assert held <= binom.ppf(1 - 1e-4, n_draws, coverage + 1 / (n_donors + 1))
    assert ignoring < low
