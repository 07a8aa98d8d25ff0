"""Priors of variances: known ones are found again."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.special import digamma, polygamma

from skgenes.inspection._moderation import (
    VariancePrior,
    fit_prior,
    squeeze_variances,
    trigamma_inverse,
)


def draw(d0, s0_squared, df, n_genes=200_000, seed=0):
    """True variances from the prior, and variances observed with `df` degrees of freedom."""
    rng = np.random.default_rng(seed)
    true = d0 * s0_squared / rng.chisquare(d0, n_genes)
    return true, true * rng.chisquare(df, n_genes) / df


@pytest.mark.parametrize(("d0", "s0_squared", "df"), [(4, 0.05, 4), (10, 2, 3), (1.5, 1e-6, 60)])
def test_a_known_prior_is_found_again(d0, s0_squared, df):
    _, observed = draw(d0, s0_squared, df)
    prior = fit_prior(observed, df)
    assert prior.df == pytest.approx(d0, rel=0.05)
    assert prior.variance == pytest.approx(s0_squared, rel=0.02)


def test_squeezed_variances_are_nearer_to_the_truth():
    true, observed = draw(6, 1, 3)
    squeezed = squeeze_variances(observed, 3, fit_prior(observed, 3))
    assert np.abs(np.log(squeezed / true)).mean() < 0.6 * np.abs(np.log(observed / true)).mean()
    # The inverse of a variance has this posterior mean, so the ratio is 1 on average.
    assert np.mean(squeezed / true) == pytest.approx(1, abs=0.02)
    for share in np.array_split(np.argsort(observed), 4):
        assert np.mean(squeezed[share] / true[share]) == pytest.approx(1, abs=0.03)


def test_the_moments_agree():
    _, observed = draw(5, 3, 7, n_genes=500)
    prior = fit_prior(observed, 7)
    logs = np.log(observed)
    assert prior.variance > 0
    mean = np.log(prior.variance) + digamma(3.5) - np.log(3.5)
    mean -= digamma(prior.df / 2) - np.log(prior.df / 2)
    assert logs.mean() == pytest.approx(mean, rel=1e-12)
    spread = polygamma(1, 3.5) + polygamma(1, prior.df / 2)
    assert logs.var(ddof=1) == pytest.approx(spread, rel=1e-9)


def test_a_common_variance():
    observed = 0.3 * (1 + 1e-3 * np.random.default_rng(0).normal(size=100))
    prior = fit_prior(observed, 5)
    assert prior == VariancePrior(np.inf, pytest.approx(observed.mean()))
    np.testing.assert_array_equal(squeeze_variances(observed, 5, prior), prior.variance)


def test_one_gene_has_no_prior():
    prior = fit_prior(np.array([0.7]), 5)
    assert prior.df == 0
    assert np.isnan(prior.variance)
    np.testing.assert_array_equal(squeeze_variances(np.array([0.7]), 5, prior), [0.7])


def test_squeezing_by_hand():
    squeezed = squeeze_variances(np.array([0.0, 1.0, 4.0]), 4, VariancePrior(2.0, 1.0))
    np.testing.assert_allclose(squeezed, [1 / 3, 1, 3])


def test_variances_of_zero_count_as_small_ones():
    _, observed = draw(5, 1, 4, n_genes=1001)
    observed[:7] = 0
    raised = observed.copy()
    raised[:7] = 1e-5 * np.median(observed)
    assert fit_prior(observed, 4) == fit_prior(raised, 4)


@given(y=st.floats(-8, 12).map(lambda e: 10.0**e))
def test_trigamma_inverse(y):
    assert trigamma_inverse(float(polygamma(1, y))) == pytest.approx(y, rel=1e-8)


def test_trigamma_inverse_is_that_of_a_root_finder():
    for x in (0.01, 0.5, np.pi**2 / 6, 40.0):
        root = brentq(lambda y, x=x: polygamma(1, y) - x, 1e-4, 1e4, xtol=1e-13)
        assert trigamma_inverse(x) == pytest.approx(root, rel=1e-9)
    assert trigamma_inverse(np.pi**2 / 6) == pytest.approx(1)
    assert trigamma_inverse(np.pi**2 / 2) == pytest.approx(0.5)
