"""The search for a panel, against regressions done from scratch."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from skgenes.feature_selection._gene_sums import GeneSums, correlation
from skgenes.feature_selection._panel_search import explained, greedy_panel


def problem(seed, n_samples=40, n_features=9, n_targets=5):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_samples, 3)) @ rng.normal(size=(3, n_features))
    X += rng.normal(size=X.shape) * rng.uniform(0.2, 1, n_features)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    T = X @ rng.normal(size=(n_features, n_targets))
    return X, T, X.T @ X / n_samples, X.T @ T / n_samples


def ridge_explained(X, T, penalty, panel):
    """Fall of the penalised loss, by least squares with rows added for the penalty."""
    n = len(X)
    rows = np.vstack([X[:, panel], np.sqrt(n * penalty) * np.eye(len(panel))])
    targets = np.vstack([T, np.zeros((len(panel), T.shape[1]))])
    coef = np.linalg.lstsq(rows, targets, rcond=None)[0]
    return ((targets**2).sum() - ((targets - rows @ coef) ** 2).sum()) / n


@pytest.mark.parametrize("penalty", [0, 1e-3, 0.3, 10])
@pytest.mark.parametrize("seed", range(5))
def test_every_step_is_the_best_one(seed, penalty):
    X, T, gram, cross = problem(seed)
    order, gains, _ = greedy_panel(gram, cross, penalty, 9)
    assert sorted(order) == list(range(9))
    for k in range(9):
        left = np.setdiff1d(np.arange(9), order[:k])
        best = max(left, key=lambda j: ridge_explained(X, T, penalty, [*order[:k], j]))
        assert order[k] == best
        total = ridge_explained(X, T, penalty, order[: k + 1])
        np.testing.assert_allclose(gains[: k + 1].sum(), total, rtol=1e-8)
        np.testing.assert_allclose(explained(gram, cross, penalty, order[: k + 1]), total, 1e-8)


@given(seed=st.integers(0, 10**6), penalty=st.floats(1e-3, 5))
@settings(max_examples=30)
def test_the_order_of_columns_does_not_matter(seed, penalty):
    _, _, gram, cross = problem(seed)
    shuffled = np.random.default_rng(seed).permutation(9)
    order, gains, _ = greedy_panel(gram, cross, penalty, 6)
    moved, moved_gains, _ = greedy_panel(
        gram[np.ix_(shuffled, shuffled)], cross[shuffled], penalty, 6
    )
    np.testing.assert_array_equal(shuffled[moved], order)
    np.testing.assert_allclose(moved_gains, gains, rtol=1e-6)


@given(seed=st.integers(0, 10**6))
@settings(max_examples=30)
def test_a_copy_of_a_gene_is_not_taken_while_others_help(seed):
    _, _, gram, cross = problem(seed)
    twice = np.r_[np.arange(9), np.arange(9)]
    order, gains, _ = greedy_panel(gram[np.ix_(twice, twice)], cross[twice], 0, 18)
    expected, expected_gains, _ = greedy_panel(gram, cross, 0, 9)
    np.testing.assert_array_equal(order[:9], expected)
    np.testing.assert_allclose(gains[:9], expected_gains, rtol=1e-6)
    np.testing.assert_allclose(gains[9:], 0, atol=1e-9 * gains.sum())
    assert sorted(order) == list(range(18))


@given(seed=st.integers(0, 10**6), penalty=st.floats(1e-3, 5))
@settings(max_examples=30)
def test_rotating_the_target_changes_nothing(seed, penalty):
    _, _, gram, cross = problem(seed)
    rotation = np.linalg.qr(np.random.default_rng(seed).normal(size=(5, 5)))[0]
    order, gains, _ = greedy_panel(gram, cross, penalty, 9)
    rotated, rotated_gains, _ = greedy_panel(gram, cross @ rotation, penalty, 9)
    np.testing.assert_array_equal(rotated, order)
    np.testing.assert_allclose(rotated_gains, gains, rtol=1e-6)


def test_wishes_are_kept_and_the_rest_is_best_beside_them():
    X, T, gram, cross = problem(3)
    plain = greedy_panel(gram, cross, 0.1, 9)[0]
    first, barred = plain[[8, 7]], plain[[0, 1]]
    order, gains, _ = greedy_panel(gram, cross, 0.1, 6, first=first, barred=barred)
    assert order[:2].tolist() == first.tolist()
    assert not set(order) & set(barred)
    np.testing.assert_allclose(gains.sum(), ridge_explained(X, T, 0.1, order))
    free = np.setdiff1d(np.arange(9), [*first, *barred])
    best = max(free, key=lambda j: ridge_explained(X, T, 0.1, [*first, j]))
    assert order[2] == best


def test_gains_of_further_genes():
    _, _, gram, cross = problem(4)
    order = greedy_panel(gram, cross, 0.2, 4)[0]
    left = greedy_panel(gram, cross, 0.2, 4)[2]
    for j in np.setdiff1d(np.arange(9), order):
        after = explained(gram, cross, 0.2, [*order, j])
        np.testing.assert_allclose(left[j], after - explained(gram, cross, 0.2, order), rtol=1e-8)


def unexplained_variance(X, penalty, panel, j):
    """Variance of a gene less what ridge regression explains of it, as penalised."""
    return X[:, j] @ X[:, j] / len(X) - (
        ridge_explained(X, X[:, [j]], penalty, panel) if len(panel) else 0
    )


@pytest.mark.parametrize("penalty", [0, 0.3])
@pytest.mark.parametrize("own", [0.25, 1, 40])
def test_what_is_left_of_a_gene_itself_counts(penalty, own):
    X, T, gram, cross = problem(6)

    def score(panel, j):
        before = ridge_explained(X, T, penalty, panel) if len(panel) else 0
        raised = ridge_explained(X, T, penalty, [*panel, j]) - before
        return raised + own * unexplained_variance(X, penalty, panel, j)

    order, gains, left = greedy_panel(gram, cross, penalty, 6, own=own)
    for k in range(6):
        rest = np.setdiff1d(np.arange(9), order[:k])
        assert order[k] == max(rest, key=lambda j: score(order[:k], j))
    np.testing.assert_allclose(gains.sum(), explained(gram, cross, penalty, order), rtol=1e-8)
    for j in np.setdiff1d(np.arange(9), order):
        np.testing.assert_allclose(left[j], score(order, j), rtol=1e-8)


def test_a_gene_of_noise_enters_for_itself_alone():
    # Two genes tell the same, the third tells nothing and is no target either.
    gram = np.array([[1, 0.9, 0], [0.9, 1, 0], [0, 0, 1.0]])
    cross = gram * [[1, 1, 0]] * 0.95
    assert greedy_panel(gram, cross, 0.1, 2)[0].tolist() == [0, 1]
    assert greedy_panel(gram, cross, 0.1, 2, own=0.5)[0].tolist() == [0, 2]


def test_equal_genes_are_taken_in_their_order():
    gram = np.eye(6)
    assert greedy_panel(gram, gram, 0.5, 6)[0].tolist() == list(range(6))
    # Apart by rounding alone.
    cross = gram * (1 + np.arange(6)[:, None] * 1e-15)
    assert greedy_panel(gram, cross, 0.5, 6)[0].tolist() == list(range(6))


def test_more_genes_than_the_rank():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(50, 3)) @ rng.normal(size=(3, 8))
    gram = X.T @ X / 50
    order, gains, _ = greedy_panel(gram, gram, 0, 8)
    assert sorted(order) == list(range(8))
    assert np.isfinite(gains).all()
    np.testing.assert_allclose(gains[3:], 0, atol=1e-8 * gains[0])


def test_constant_genes_explain_nothing():
    gram = np.diag([0.0, 1.0, 0.0, 2.0])
    order, gains, _ = greedy_panel(gram, gram, 0, 4)
    assert order.tolist() == [3, 1, 0, 2]
    np.testing.assert_allclose(gains, [2, 1, 0, 0])
    assert greedy_panel(gram, gram, 0, 3, first=[0])[0].tolist() == [0, 3, 1]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("sparse", [False, True])
def test_sums_in_batches_are_those_of_the_whole(monkeypatch, sparse, weighted):
    rng = np.random.default_rng(1)
    X = rng.poisson(1.5, size=(50, 7)) + 1000.0 * (np.arange(7) == 2)
    X[:, 5] = 0.1
    weights = rng.integers(0, 3, 50).astype(float) if weighted else None
    monkeypatch.setattr("skgenes.feature_selection._gene_sums._ROWS_AT_ONCE", 8)
    sums = GeneSums(7).update(sp.csr_array(X) if sparse else X, weights)
    repeated = np.repeat(X, weights.astype(int), axis=0) if weighted else X
    np.testing.assert_allclose(sums.mean, repeated.mean(axis=0))
    expected = np.cov(repeated.T, bias=True)
    np.testing.assert_allclose(sums.covariance(), expected, atol=1e-12)
    others = [0, 1, 2, 3, 4, 6]
    result = correlation(sums)
    np.testing.assert_allclose(
        result[np.ix_(others, others)], np.corrcoef(repeated[:, others].T), atol=1e-12
    )
    assert not result[5].any()
    assert not result[:, 5].any()
    assert sums.deviations()[5] == 0


def test_a_large_mean_costs_no_digits():
    rng = np.random.default_rng(2)
    X = rng.normal(size=(3000, 3))
    sums = GeneSums(3).update(X + 1e7)
    np.testing.assert_allclose(sums.covariance(), np.cov(X.T, bias=True), rtol=1e-6, atol=1e-7)
