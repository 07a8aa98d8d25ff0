"""Closed forms of panel_values against refits."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skgenes.inspection._panel_values_kernels import (
    errors_along,
    fit_panel,
    residuals,
    sample_losses,
    unique_errors,
)


def standardised(n_samples, n_genes, seed):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_samples, 4)) @ rng.normal(size=(4, n_genes))
    X += rng.normal(size=X.shape)
    return (X - X.mean(axis=0)) / X.std(axis=0)


def refit(train, test, panel, penalty):
    """Squared errors of every gene for other samples; those of the panel are known."""
    known = train[:, panel]
    inner = known.T @ known + len(train) * penalty * np.eye(len(panel))
    inferred = test[:, panel] @ np.linalg.solve(inner, known.T @ train)
    errors = ((test - inferred) ** 2).sum(axis=0)
    errors[panel] = 0
    return errors


def refit_without_each_sample(Z, panel, penalty):
    """The same with every sample left out in turn, the sum of penalties as it is."""
    n_samples, errors = len(Z), np.zeros(Z.shape[1])
    for i in range(n_samples):
        rest = np.delete(Z, i, axis=0)
        mean = rest.mean(axis=0)
        share = penalty * n_samples / (n_samples - 1)
        errors += refit(rest - mean, Z[[i]] - mean, panel, share)
    return errors * (1 - 1 / n_samples) ** 2


def oracle(Z, held_out, panel, penalty):
    if held_out is None:
        return refit_without_each_sample(Z, panel, penalty)
    return refit(Z, held_out, panel, penalty)


@pytest.fixture(params=["left out in turn", "held out"])
def judged(request):
    Z = standardised(25, 11, 0)
    return Z, None if request.param == "left out in turn" else standardised(9, 11, 1)


@pytest.mark.parametrize("penalty", [0.01, 0.5])
@pytest.mark.parametrize("panel", [[4], [7, 2, 9, 0]])
def test_without_each_gene(judged, panel, penalty):
    Z, held_out = judged
    fit = fit_panel(Z, np.array(panel), penalty)
    left = residuals(fit, Z if held_out is None else held_out, trained_on=held_out is None)
    errors, without = unique_errors(fit, left)
    np.testing.assert_allclose(errors, oracle(Z, held_out, panel, penalty), rtol=1e-9)
    for gene, row in zip(panel, without, strict=True):
        rest = [other for other in panel if other != gene]
        np.testing.assert_allclose(row, oracle(Z, held_out, rest, penalty), rtol=1e-9)
    more = sample_losses(fit, left)
    np.testing.assert_allclose(more.sum(axis=0), without.sum(axis=1) - errors.sum(), rtol=1e-9)


@pytest.mark.parametrize("penalty", [0.01, 0.5])
def test_along_the_panel(judged, penalty):
    Z, held_out = judged
    panel = [7, 2, 9, 0, 5]
    fit = fit_panel(Z, np.array(panel), penalty)
    errors = errors_along(fit, Z if held_out is None else held_out, held_out is None)
    expected = [oracle(Z, held_out, panel[:size], penalty).sum() for size in range(1, 6)]
    np.testing.assert_allclose(errors, expected, rtol=1e-9)


@given(st.integers(0, 10**6), st.sampled_from([1e-3, 0.1, 3.0]), st.booleans())
def test_order_does_not_matter(seed, penalty, trained_on):
    Z = standardised(30, 9, seed)
    samples = Z if trained_on else standardised(5, 9, seed + 1)
    order = np.random.default_rng(seed).permutation(4)
    one, other = (fit_panel(Z, panel, penalty) for panel in (np.arange(4), order))
    first = unique_errors(one, residuals(one, samples, trained_on))
    second = unique_errors(other, residuals(other, samples, trained_on))
    np.testing.assert_allclose(first[0], second[0], rtol=1e-7)
    np.testing.assert_allclose(first[1][order], second[1], rtol=1e-7)
    whole = errors_along(one, samples, trained_on)[-1]
    np.testing.assert_allclose(whole, first[0].sum(), rtol=1e-7)


def test_more_genes_than_samples():
    Z = standardised(8, 30, 3)
    fit = fit_panel(Z, np.arange(20), 0.2)
    errors, _ = unique_errors(fit, residuals(fit, Z, True))
    np.testing.assert_allclose(errors, refit_without_each_sample(Z, np.arange(20), 0.2), rtol=1e-8)


def test_penalty_too_small():
    Z = standardised(8, 30, 3)
    fit = fit_panel(Z, np.arange(20), 1e-12)
    with pytest.raises(ValueError, match="penalty=1e-12 is too small for 20 genes and 8 samples"):
        residuals(fit, Z, True)
