"""Closed forms of panel_swaps against refits."""

import numpy as np
import pytest

from skgenes.inspection._panel_swaps_kernels import swap_errors, swap_scores, swap_sums
from skgenes.inspection._panel_values_kernels import fit_panel, residuals


def standardised(n_samples, n_genes, seed):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_samples, 4)) @ rng.normal(size=(4, n_genes))
    X += rng.normal(size=X.shape)
    return (X - X.mean(axis=0)) / X.std(axis=0)


def penalised_of_genes(Z, panel, penalty):
    """Explained variance of every gene less the penalty, the panel known."""
    S = Z.T @ Z / len(Z)
    if not panel:
        return np.zeros(len(S))
    inner = S[np.ix_(panel, panel)] + penalty * np.eye(len(panel))
    explained = np.einsum("ij,ij->j", S[panel], np.linalg.solve(inner, S[panel]))
    explained[panel] = 1
    return explained


def left_out_error(Z, panel, penalty):
    n_samples, total = len(Z), 0
    for i in range(n_samples):
        rest = np.delete(Z, i, axis=0)
        mean = rest.mean(axis=0)
        rest, one = rest - mean, Z[i] - mean
        inner = rest[:, panel].T @ rest[:, panel] + n_samples * penalty * np.eye(len(panel))
        errors = one - one[panel] @ np.linalg.solve(inner, rest[:, panel].T @ rest)
        errors[panel] = 0
        total += (errors**2).sum()
    return total * (1 - 1 / n_samples) ** 2


@pytest.mark.parametrize("penalty", [0.01, 0.5])
@pytest.mark.parametrize("panel", [[4], [7, 2, 9, 0]])
@pytest.mark.parametrize("n_samples", [8, 25])
def test_all_swaps(panel, penalty, n_samples):
    Z = standardised(n_samples, 11, 0)
    fit = fit_panel(Z, np.array(panel), penalty)
    left = residuals(fit, Z, trained_on=True)
    sums = swap_sums(fit, Z, left)
    scores = swap_scores(fit, sums)
    before = penalised_of_genes(Z, panel, penalty)
    others = np.setdiff1d(np.arange(11), panel)
    for i, row in enumerate(scores):
        rest = panel[:i] + panel[i + 1 :]
        swapped = [[*rest, other] for other in others]
        without = penalised_of_genes(Z, rest, penalty).sum()
        expected = [penalised_of_genes(Z, genes, penalty).sum() - without for genes in swapped]
        expected -= 1 - before[others]  # of the candidate itself
        np.testing.assert_allclose(row[others], expected, atol=1e-10)
        errors = swap_errors(fit, left, sums, i, others)
        expected = [left_out_error(Z, genes, penalty) for genes in swapped]
        np.testing.assert_allclose(errors, expected, rtol=1e-8)


def test_a_twin_changes_nothing():
    Z = standardised(30, 10, 1)
    Z[:, 9] = -Z[:, 3]
    fit = fit_panel(Z, np.array([3, 5]), 0.1)
    left = residuals(fit, Z, trained_on=True)
    errors = swap_errors(fit, left, swap_sums(fit, Z, left), 0, np.array([9]))
    weighted = left_out_error(Z, [3, 5], 0.1)
    np.testing.assert_allclose(errors, weighted, rtol=1e-9)
