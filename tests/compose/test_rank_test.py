"""The permutation test by its normal law, against all permutations."""

from itertools import permutations, product

import numpy as np
import pytest
from scipy.stats import norm, spearmanr

from skgenes.compose._held_out import groups_by_size
from skgenes.compose._rank_test import centred_ranks, permutation_moments, rank_test


def all_orders(groups):
    """Every order of samples that swaps groups of one size and samples within groups."""
    members = [np.flatnonzero(groups == group) for group in np.unique(groups)]
    sizes = [len(samples) for samples in members]
    for chosen in permutations(range(len(members))):
        if [sizes[i] for i in chosen] != sizes:
            continue
        for inside in product(*(permutations(members[i]) for i in chosen)):
            order = np.empty(len(groups), dtype=int)
            order[np.concatenate(members)] = np.concatenate(inside)
            yield order


@pytest.mark.parametrize(
    "groups", [None, [0, 0, 1, 1, 2, 2], [0, 1, 1, 2, 3, 3], [0, 0, 0, 1, 1, 1, 2], [0, 0, 0, 0]]
)
def test_moments_over_all_permutations(groups):
    n_samples = 6 if groups is None else len(groups)
    codes = np.arange(n_samples) if groups is None else np.array(groups)
    rng = np.random.default_rng(0)
    one, other = rng.normal(size=(2, n_samples, 3)) + 5
    classes = groups_by_size(None if groups is None else codes, n_samples)
    assert sorted(np.concatenate([samples.ravel() for samples in classes])) == list(
        range(n_samples)
    )
    for samples in classes:
        assert (codes[samples] == codes[samples][:, :1]).all()
    sums = np.array([(one * other[order]).sum(axis=0) for order in all_orders(codes)])
    mean, variance = permutation_moments(one, other, classes)
    np.testing.assert_allclose(mean, sums.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(variance, sums.var(axis=0), rtol=1e-10)


def test_it_is_spearman_without_groups():
    rng = np.random.default_rng(0)
    inferred = rng.normal(size=(200, 5))
    observed = inferred * [0, 0.05, 0.1, 0.2, -0.2] + rng.normal(size=(200, 5))
    found = rank_test(observed, inferred, np.arange(200), groups_by_size(None, 200))
    rho = np.array([spearmanr(a, b)[0] for a, b in zip(observed.T, inferred.T, strict=True)])
    np.testing.assert_allclose(found, norm.sf(rho * np.sqrt(199)), rtol=1e-3)
    exact = spearmanr(observed, inferred, alternative="greater")[1][:5, 5:].diagonal()
    np.testing.assert_allclose(found, exact, rtol=0.1)


def test_ties_of_what_is_inferred_are_broken_in_the_order_given():
    values = np.array([[2.0, 1], [1, 1], [2, 1], [1, 0]])
    ranks = centred_ranks(values, np.array([3, 2, 1, 0]))
    np.testing.assert_array_equal(ranks + 1.5, [[3, 3], [1, 2], [2, 1], [0, 0]])


@pytest.mark.parametrize("n_samples", [8, 12, 20, 40])
def test_sparse_genes_against_every_arrangement(n_samples):
    """A gene found in m samples: below 0.05 the exact tail is at most 1.08 times the p-value."""
    for n_positive in range(1, n_samples):
        counts = _numbers_of_sums(n_samples, n_positive)
        exact = counts[::-1].cumsum()[::-1] / counts.sum()
        smallest = n_positive * (n_positive - 1) // 2
        top = np.zeros((n_samples, 1))
        top[n_samples - n_positive :] = 1
        # The p-value of the best arrangement is the function's own; the others follow its formula.
        inferred = np.arange(n_samples)[:, None]
        classes = groups_by_size(None, n_samples)
        best = rank_test(top, inferred, np.arange(n_samples), classes)[0]
        mean = n_positive * (n_samples - 1) / 2
        sd = np.sqrt(n_positive * (n_samples - n_positive) * (n_samples + 1) / 12)
        sums = np.arange(smallest, smallest + n_positive * (n_samples - n_positive) + 1)
        p_values = norm.sf((sums - mean - 0.5) / sd)
        assert best == pytest.approx(p_values[-1])
        few = p_values <= 0.05
        assert (exact[sums][few] <= 1.08 * p_values[few]).all()
        assert (exact[sums][p_values <= 1e-3] <= p_values[p_values <= 1e-3]).all()


def _numbers_of_sums(n_samples, n_positive):
    """How many sets of ranks 0, 1, ... have each sum."""
    counts = np.zeros((n_positive + 1, n_samples**2))
    counts[0, 0] = 1
    for rank in range(n_samples):
        for size in range(min(n_positive, rank + 1), 0, -1):
            counts[size, rank:] += counts[size - 1, : n_samples**2 - rank]
    return counts[n_positive]


@pytest.mark.parametrize("kind", ["normal", "sparse", "heavy", "copies"])
@pytest.mark.parametrize("grouped", [False, True])
def test_p_values_of_genes_that_have_nothing_to_do(kind, grouped):
    rng = np.random.default_rng(0)
    n, n_genes = 60, 40_000
    draw = {
        "normal": lambda: rng.normal(size=(n, n_genes)),
        "sparse": lambda: rng.poisson(0.1, size=(n, n_genes)),
        "heavy": lambda: rng.standard_cauchy(size=(n, n_genes)),
        "copies": lambda: rng.integers(0, 2, size=(n, n_genes)),
    }[kind]
    groups = np.repeat(np.arange(24), [1] * 8 + [2] * 8 + [3] * 4 + [6] * 4) if grouped else None
    shifts = [0, 0] if groups is None else rng.normal(size=(2, 24, n_genes))[:, groups]
    observed, inferred = draw() + shifts[0], draw() + shifts[1]
    p_values = rank_test(observed, inferred, rng.permutation(n), groups_by_size(groups, n))
    for level in (0.05, 0.01, 0.001):
        limit = level + 4 * np.sqrt(level / n_genes)
        assert (p_values <= level).mean() <= limit
    if kind != "sparse":
        assert (p_values <= 0.05).mean() >= 0.035


def test_what_tells_nothing():
    inferred = np.array([[0.0, 1.0], [1.0, 1.0], [2.0, 1.0]])
    classes = groups_by_size(None, 3)
    order = np.arange(3)
    np.testing.assert_array_equal(rank_test(np.ones((3, 2)), inferred, order, classes), [1, 1])
    np.testing.assert_array_equal(rank_test(inferred[:, [0, 0]], inferred, order, classes)[1], 1)
    nothing_to_swap = groups_by_size(np.array([0, 1, 1]), 3)
    one_pair = rank_test(inferred[:, :1], inferred[:, :1], order, nothing_to_swap)
    assert one_pair[0] > 0.1
    tied = np.array([[0.0], [1.0], [1.0]])
    assert rank_test(tied, inferred[:, :1], order, nothing_to_swap)[0] == 1
