"""Stability of panels: indices against closed forms and slow ways, tables against loops."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import BaseEstimator
from sklearn.feature_selection import SelectKBest, SelectorMixin, f_classif

from skgenes.feature_selection import GreedyPanelSelector, PeelOffSelector
from skgenes.inspection import PanelStability, panel_stability
from skgenes.inspection._panel_stability_index import (
    correlated_stability,
    mean_jaccard,
    nogueira_stability,
    standing_for_all,
)


def random_sets(rng, n_sets, n_genes, sizes):
    sets = np.zeros((n_sets, n_genes), dtype=bool)
    for one, size in zip(sets, np.broadcast_to(sizes, n_sets), strict=True):
        one[rng.choice(n_genes, size, replace=False)] = True
    return sets


def standardised(X):
    scale = X.std(axis=0)
    return (X - X.mean(axis=0)) / np.where(scale > 0, scale, 1)


class RandomGenes(SelectorMixin, BaseEstimator):
    """As many genes as asked for, by chance, or those whose names are given."""

    def __init__(self, k=4, random_state=None):
        self.k = k
        self.random_state = random_state

    def fit(self, X, y=None):
        self.n_features_in_ = X.shape[1]
        self.support_ = np.zeros(X.shape[1], dtype=bool)
        rng = np.random.default_rng(self.random_state)
        self.support_[rng.choice(X.shape[1], self.k, replace=False)] = True
        return self

    def _get_support_mask(self):
        return self.support_


class Recording(GreedyPanelSelector):
    """Keeps the samples it was given, which the first gene numbers."""

    seen = []

    def fit(self, X, y=None):
        Recording.seen.append(np.asarray(X)[:, 0].astype(int).tolist())
        return super().fit(X)


@pytest.fixture(name="X")
def numbered():
    X = np.random.default_rng(0).normal(size=(40, 12))
    X[:, 0] = np.arange(40)
    Recording.seen = []
    return X


def test_closed_forms():
    equal = np.tile(np.arange(10) < 3, (5, 1))
    assert nogueira_stability(equal) == (1.0, 0.0)
    disjoint = np.array([[1, 1, 0, 0], [0, 0, 1, 1]], dtype=bool)
    assert nogueira_stability(disjoint)[0] == -1.0
    # Kuncheva's index, which it is for two sets of k: (r d - k^2) / (k (d - k)), r in common.
    two = np.array([[1, 1, 1, 0, 0, 0, 0, 0], [0, 1, 1, 1, 0, 0, 0, 0]], dtype=bool)
    np.testing.assert_allclose(nogueira_stability(two)[0], (2 * 8 - 9) / (3 * 5))
    assert np.isnan(nogueira_stability(np.ones((3, 4), dtype=bool))).all()


def test_random_sets_are_at_zero_with_the_standard_error_that_is_said():
    rng = np.random.default_rng(0)
    X = standardised(rng.normal(size=(50, 5)) @ rng.normal(size=(5, 40)))
    found = []
    for _ in range(400):
        sets = random_sets(rng, 20, 40, rng.integers(5, 12, 20))
        found.append([*nogueira_stability(sets), correlated_stability(sets, X)])
    mean, spread = np.mean(found, axis=0), np.std(found, axis=0)
    assert abs(mean[0]) < 4 * spread[0] / 20
    assert abs(mean[2]) < 4 * spread[2] / 20
    assert 0.6 < mean[1] / spread[0] < 1.6


@given(st.integers(2, 6), st.integers(3, 9), st.integers(0, 2**31))
@settings(max_examples=40)
def test_indices_are_the_slow_ones(n_sets, n_genes, seed):
    rng = np.random.default_rng(seed)
    sets = random_sets(rng, n_sets, n_genes, rng.integers(1, n_genes, n_sets))
    Z, k = sets.astype(float), sets.sum(axis=1)
    X = rng.normal(size=(8, n_genes))
    X[:, rng.integers(n_genes)] *= rng.integers(2)
    X = standardised(X)
    covariance = np.cov(Z.T)
    own, share = np.trace(covariance), k.mean() / n_genes
    expected = 1 - own / n_genes / (share * (1 - share))
    np.testing.assert_allclose(nogueira_stability(sets)[0], expected, atol=1e-12)
    pair = (np.mean(k**2) - k.mean()) / (n_genes * (n_genes - 1)) - share**2
    by_chance = np.full((n_genes, n_genes), pair)
    np.fill_diagonal(by_chance, share * (1 - share))
    squares = (X.T @ X / 8) ** 2
    np.testing.assert_allclose(
        correlated_stability(sets, X),
        1 - np.trace(squares @ covariance) / np.trace(squares @ by_chance),
        atol=1e-9,
    )
    pairs = [(a & b).sum() / (a | b).sum() for a, b in combinations(sets, 2)]
    np.testing.assert_allclose(mean_jaccard(sets), np.mean(pairs))


def test_without_correlation_genes_stand_for_themselves():
    rng = np.random.default_rng(1)
    orthogonal = np.linalg.qr(rng.normal(size=(30, 12)) - 0)[0] * np.sqrt(30)
    sets = random_sets(rng, 6, 12, 4)
    np.testing.assert_allclose(
        correlated_stability(sets, orthogonal), nogueira_stability(sets)[0], atol=1e-12
    )


def test_genes_that_are_the_same_stand_for_each_other():
    rng = np.random.default_rng(2)
    X = standardised(np.repeat(rng.normal(size=(200, 6)), 2, axis=1))
    sets = np.zeros((10, 12), dtype=bool)
    for one in sets:
        one[np.array([0, 2, 4]) + rng.integers(0, 2, 3)] = True  # either of the first three pairs
    assert nogueira_stability(sets)[0] < 0.6
    assert correlated_stability(sets, X) > 0.999


def same_table(one, other):
    pd.testing.assert_frame_equal(one.reset_index(drop=True), other.reset_index(drop=True))


def test_table_counts_panels(X, genes):
    frame = pd.DataFrame(X, columns=genes[:12])
    result = panel_stability(GreedyPanelSelector(4), frame, n_resamples=7, random_state=0)
    assert isinstance(result, PanelStability)
    assert result.n_resamples == 7
    for gene, row in result.genes.iterrows():
        places = [list(panel).index(gene) + 1 for panel in result.panels if gene in panel]
        assert row["n_selected"] == len(places)
        assert row["frequency"] == len(places) / 7
        assert row["mean_rank"] == np.mean(places) if places else np.isnan(row["mean_rank"])
    assert result.genes.index.tolist() == genes[:12].tolist()
    assert 0 < result.stability < 1
    again = panel_stability(GreedyPanelSelector(4), X, n_resamples=7, random_state=0)
    same_table(again.genes, result.genes)
    assert again.panels[0].dtype.kind == "i"


def test_resamples_are_parts_of_the_samples(X):
    panel_stability(Recording(2), X, n_resamples=5, sample_fraction=0.3, random_state=0)
    assert [len(rows) for rows in Recording.seen] == [12] * 5
    assert all(rows == sorted(set(rows)) for rows in Recording.seen)
    assert len(set(map(tuple, Recording.seen))) == 5


def test_groups_are_drawn_whole(X):
    donors = np.repeat(np.arange(8), 5)
    result = panel_stability(Recording(2), X, n_resamples=6, groups=donors, random_state=0)
    for rows in Recording.seen:
        assert (np.bincount(donors[rows], minlength=8) % 5 == 0).all()
        assert len(rows) == 20
    assert result.n_drawn == 20


def test_classes_are_drawn_alike_and_reach_the_selector():
    rng = np.random.default_rng(0)
    y = np.array(["a"] * 10 + ["b"] * 30)
    X = rng.normal(size=(40, 8))
    X[:, [2, 5]] += 4 * (y == "b")[:, None]
    result = panel_stability(SelectKBest(f_classif, k=2), X, y, random_state=0)
    assert result.stability == 1
    assert result.consensus().tolist() == [2, 5]
    assert result.genes["mean_rank"].isna().all()


def test_chance_within_the_selector(X):
    options = {"n_resamples": 60, "sample_fraction": 1, "random_state": 0}
    result = panel_stability(RandomGenes(random_state=3), X, **options)
    assert abs(result.stability) < 5 * result.stability_se
    assert result.n_drawn == 40
    assert result.genes["frequency"].between(0.1, 0.6).all()
    again = panel_stability(RandomGenes(), X, **options)
    pd.testing.assert_frame_equal(result.genes, again.genes)


def test_same_on_every_call_and_no_global_state(X):
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    first, second = (
        panel_stability(PeelOffSelector(3), X, n_resamples=3, random_state=5) for _ in range(2)
    )
    pd.testing.assert_frame_equal(first.genes, second.genes)
    panel_stability(GreedyPanelSelector(3), X, n_resamples=2)
    np.testing.assert_array_equal(before, np.random.get_state()[1])  # noqa: NPY002


def test_forms_agree(forms):
    expected = panel_stability(GreedyPanelSelector(3), forms["array"], random_state=0)
    for name, form in forms.items():
        layer = "log" if name == "layer" else None
        selector = GreedyPanelSelector(3, layer=layer)
        found = panel_stability(selector, form, layer=layer, random_state=0)
        same_table(found.genes, expected.genes)
        assert found.stability == expected.stability
        np.testing.assert_allclose(found.stability_correlated, expected.stability_correlated)


def test_consensus_of_genes_that_do_not_correlate_is_by_votes():
    order = standing_for_all(np.array([1, 4, 3, 3, 1]), np.eye(5), np.array([2.0, 1, 5, 2, 2]))
    assert order.tolist() == [1, 3, 2, 0, 4]


@given(st.integers(1, 8), st.integers(0, 2**31))
@settings(max_examples=40)
def test_each_gene_of_the_consensus_adds_most(n_genes, seed):
    rng = np.random.default_rng(seed)
    votes = rng.integers(1, 9, n_genes)
    similarity = np.corrcoef(rng.normal(size=(n_genes, 4))).reshape(n_genes, n_genes) ** 2

    def stood_for(genes):
        return votes @ similarity[genes].max(axis=0) if genes else 0.0

    order = standing_for_all(votes, similarity, np.zeros(n_genes)).tolist()
    assert sorted(order) == list(range(n_genes))
    for i in range(n_genes):
        best = max(stood_for([*order[:i], gene]) for gene in range(n_genes))
        np.testing.assert_allclose(stood_for(order[: i + 1]), best, atol=1e-6)


def test_consensus_has_one_of_each_group_that_shares_the_votes():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(120, 3)) @ np.repeat(np.eye(3), [2, 6, 3], axis=1)
    X += 0.1 * rng.normal(size=X.shape)
    result = panel_stability(GreedyPanelSelector(3), X, n_resamples=30, random_state=1)
    group = np.repeat([0, 1, 2], [2, 6, 3])
    assert set(group[result.consensus()]) == {0, 1, 2}
    assert set(group[result.to_frame().index[:3]]) != {0, 1, 2}
    assert result.stability < 0.6
    assert result.stability_correlated > 0.95


def made(sizes):
    genes = pd.DataFrame(
        {
            "frequency": [0.25, 1, 0, 0.75, 0.75, 0.25],
            "n_selected": [1, 4, 0, 3, 3, 1],
            "mean_rank": [1.0, 2.5, np.nan, 3.0, 1.5, 1.0],
            "consensus_rank": [2, 1, np.nan, 4, 3, 5],
            "must_include": [False] * 6,
        },
        index=list("abcdef"),
    )
    panels = [np.arange(size) for size in sizes]
    return PanelStability(genes, panels, 0.5, 0.1, 0.6, 0.4, "Selector", 20, 10)


def test_consensus_of_any_size_and_readable():
    result = made([3, 3, 3, 3])
    assert result.consensus().tolist() == ["b", "a", "e"]
    assert result.consensus(5).tolist() == ["b", "a", "e", "d", "f"]
    assert result.to_frame().index.tolist() == ["b", "e", "d", "a", "f"]
    for size in (0, 6):
        with pytest.raises(ValueError, match=f"consensus of {size} genes cannot .* 1 to 5"):
            result.consensus(size)
    assert repr(result).splitlines() == [
        "PanelStability(Selector, 3 of 6 genes, 4 resamples of 10 of 20 samples)",
        "  stability 0.500 ± 0.100, with correlated genes as one 0.600, Jaccard 0.400",
        "  5 genes chosen at least once, 3 in half of the panels, 1 in 90 %",
        "  most often: b 100%, e 75%, d 75%, a 25%, f 25%",
    ]
    assert "3 to 5 of 6 genes" in repr(made([5, 4, 3, 3]))


def test_bad_input(X):
    greedy = GreedyPanelSelector(3)
    with pytest.raises(ValueError, match="nothing differs between resamples: GreedyPanelSelector"):
        panel_stability(greedy, X, sample_fraction=1)
    with pytest.raises(ValueError, match=r"sample_fraction=0.01 draws 0 of 40 samples; 2 at least"):
        panel_stability(greedy, X, sample_fraction=0.01)
    with pytest.raises(ValueError, match=r"sample_fraction=0.99 draws 40 of 40 samples"):
        panel_stability(greedy, X, sample_fraction=0.99)
    with pytest.raises(ValueError, match=r"sample_fraction=0.2 draws 0 of 2 groups; 1 at least"):
        panel_stability(greedy, X, groups=["a", "b"] * 20, sample_fraction=0.2)
    with pytest.raises(ValueError, match="'n_resamples' parameter of panel_stability must be"):
        panel_stability(greedy, X, n_resamples=1)
    with pytest.raises(ValueError, match="'selector' parameter of panel_stability must be"):
        panel_stability([1, 2], X)
    with pytest.raises(ValueError, match="RandomGenes chose no gene from 20 samples"):
        panel_stability(RandomGenes(0), X)
    with pytest.raises(ValueError, match="y has one class only"):
        panel_stability(greedy, X, ["a"] * 40)
    with pytest.raises(ValueError, match="groups must have one label for each of the 40"):
        panel_stability(greedy, X, groups=["a"])
    with pytest.raises(ValueError, match="NaN"):
        panel_stability(greedy, np.full((5, 3), np.nan))


def test_genes_to_include_are_no_choice(X):
    wished = GreedyPanelSelector(6, must_include=[1, 5, 8])
    result = panel_stability(wished, X, n_resamples=6, random_state=0)
    assert np.flatnonzero(result.genes["must_include"]).tolist() == [1, 5, 8]
    assert (result.genes.loc[[1, 5, 8], "frequency"] == 1).all()
    chosen = np.zeros((6, X.shape[1]), dtype=bool)
    for one, panel in zip(chosen, result.panels, strict=True):
        one[panel] = True
    free = ~result.genes["must_include"].to_numpy()
    assert result.stability == nogueira_stability(chosen[:, free])[0]
    assert result.stability < nogueira_stability(chosen)[0]
    assert "3 of them were to be included" in repr(result)
    with pytest.raises(ValueError, match="must include: there is no choice to be stable"):
        panel_stability(GreedyPanelSelector(3, must_include=[1, 5, 8]), X)


def test_groups_of_a_selector_are_alike_in_all_resamples(X):
    kinds = np.repeat(["common", "rare"], [len(X) - 4, 4])
    for seed in range(5):
        result = panel_stability(
            GreedyPanelSelector(3), X, fit_params={"groups": kinds}, random_state=seed
        )
        assert result.n_resamples == 20
    kinds[-2] = kinds[-1] = "common"
    with pytest.raises(ValueError, match="single sample: 'rare'") as caught:
        panel_stability(GreedyPanelSelector(3), X, fit_params={"groups": kinds}, random_state=0)
    assert caught.value.__notes__ == ["Raised with 20 of 40 samples, a resample."]
