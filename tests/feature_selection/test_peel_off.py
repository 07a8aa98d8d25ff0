"""L1000's peel-off on planted clusters, corner cases and real data."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone

from skgenes.feature_selection import PeelOffSelector
from skgenes.feature_selection._peel_off_eigengenes import eigengenes
from skgenes.feature_selection._peel_off_rounds import PeelOff, TightClustering

N_BLOCKS, SIZE, N_NOISE = 8, 10, 20
QUICK = PeelOffSelector(N_BLOCKS, n_trials=20, random_state=0)
CLUSTERING = TightClustering((20, 100), 20, 0.75, 0.8, 2, 10)


def planted(seed=0, n_samples=60, noise=0.3, n_noise=N_NOISE):
    """Blocks of genes with one course each, then genes on their own; shuffled."""
    rng = np.random.default_rng(seed)
    courses = np.repeat(rng.normal(size=(n_samples, N_BLOCKS)), SIZE, axis=1)
    blocks = courses + noise * rng.normal(size=courses.shape)
    X = np.hstack([blocks, rng.normal(size=(n_samples, n_noise))])
    block = np.r_[np.repeat(np.arange(N_BLOCKS), SIZE), np.full(n_noise, -1)]
    order = rng.permutation(len(block))
    return X[:, order] * rng.gamma(2, size=len(block)), block[order]


def picked(selector):
    """Columns in the order of picking."""
    return np.argsort(selector.ranking_)[: selector.support_.sum()]


def central(X, genes, allowed=None):
    """The gene of a block nearest to its mean, with all components kept, by hand."""
    Z = (X[:, genes] - X[:, genes].mean(axis=0)) / X[:, genes].std(axis=0)
    distances = ((Z - Z.mean(axis=1, keepdims=True)) ** 2).sum(axis=0)
    if allowed is not None:
        distances[~np.isin(genes, allowed)] = np.inf
    return genes[np.argmin(distances)]


@pytest.mark.parametrize("seed", range(5))
def test_one_gene_of_every_block_and_it_is_the_central_one(seed):
    X, block = planted(seed)
    selector = clone(QUICK).set_params(n_components=1.0, random_state=seed).fit(X)
    panel = picked(selector)
    assert sorted(block[panel]) == list(range(N_BLOCKS))
    for gene in panel:
        mates = np.flatnonzero(block == block[gene])
        assert gene == central(X, mates)
        np.testing.assert_array_equal(selector.clusters_[mates], gene)
    assert selector.n_tight_ == N_BLOCKS
    assert selector.n_rounds_ == 1


@pytest.mark.parametrize("size", [9, 12, 20, 28])
def test_noise_comes_after_the_blocks(size):
    X, block = planted()
    selector = clone(QUICK).set_params(n_features_to_select=size).fit(X)
    of = block[picked(selector)]
    assert set(of[of >= 0]) == set(range(N_BLOCKS))
    first_noise = np.flatnonzero(of < 0)[:1]
    assert set(of[: first_noise[0] if len(first_noise) else None]) >= set(range(N_BLOCKS))


def test_the_cluster_that_holds_most_variance_comes_first():
    rng = np.random.default_rng(0)
    sizes = [4, 12, 8]
    courses = np.repeat(rng.normal(size=(50, 3)), sizes, axis=1)
    X = courses + 0.1 * rng.normal(size=courses.shape)
    selector = clone(QUICK).set_params(n_features_to_select=3).fit(X)
    np.testing.assert_array_equal(np.repeat([0, 1, 2], sizes)[picked(selector)], [1, 2, 0])


def test_peeled_genes_are_not_clustered_again(monkeypatch):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 6)) @ rng.normal(size=(6, 300)) + rng.normal(size=(40, 300))
    points, pools = eigengenes(X), []
    peel = PeelOff._peel

    def spy(self, rng):
        pools.append(self._pool)
        return peel(self, rng)

    monkeypatch.setattr(PeelOff, "_peel", spy)
    peeled = PeelOff(points, 90, [], [], CLUSTERING).run(np.random.default_rng(0))
    assert peeled.n_rounds >= 2
    for before, after in pairwise(pools):
        assert len(after) < len(before)
        gone = np.setdiff1d(before, after)
        assert np.isin(after, before).all()
        assert np.isin(peeled.clusters[gone], peeled.landmarks).all()


def test_reproducible(expression):
    draws = [clone(QUICK).set_params(random_state=s).fit(expression) for s in (3, 3, 4)]
    np.testing.assert_array_equal(draws[0].ranking_, draws[1].ranking_)
    np.testing.assert_array_equal(draws[0].clusters_, draws[1].clusters_)
    assert (draws[0].ranking_ != draws[2].ranking_).any()


def test_must_include_tops_up_a_panel():
    X, block = planted()
    given_genes = [np.flatnonzero(block == b)[-1] for b in (2, 5, 7)]
    selector = clone(QUICK).set_params(must_include=given_genes).fit(X)
    panel = picked(selector)
    np.testing.assert_array_equal(panel[:3], np.sort(given_genes))
    assert sorted(block[panel]) == list(range(N_BLOCKS))
    for gene in given_genes:
        np.testing.assert_array_equal(selector.clusters_[block == block[gene]], gene)


def test_two_given_genes_share_their_cluster():
    X, block = planted()
    pair = np.flatnonzero(block == 4)[:2]
    selector = clone(QUICK).set_params(n_features_to_select=9, must_include=pair).fit(X)
    assert sorted(set(block[picked(selector)])) == list(range(N_BLOCKS))
    mates = np.flatnonzero(block == 4)
    assert set(selector.clusters_[mates]) == set(pair)
    points = eigengenes(X)
    squares = ((points[mates, None] - points[pair]) ** 2).sum(axis=2)
    np.testing.assert_array_equal(selector.clusters_[mates], pair[squares.argmin(axis=1)])


def test_a_panel_of_given_genes_alone():
    X, _ = planted()
    selector = clone(QUICK).set_params(n_features_to_select=2, must_include=[3, 50]).fit(X)
    np.testing.assert_array_equal(np.flatnonzero(selector.support_), [3, 50])
    assert selector.n_rounds_ == selector.n_tight_ == 0


def test_excluded_genes_are_clustered_but_never_picked():
    X, block = planted()
    plain = clone(QUICK).set_params(n_components=1.0).fit(X)
    unwanted = np.flatnonzero(plain.support_)
    selector = clone(plain).set_params(exclude=unwanted).fit(X)
    panel = picked(selector)
    assert not selector.support_[unwanted].any()
    assert sorted(block[panel]) == list(range(N_BLOCKS))
    assert sorted(selector.ranking_[unwanted]) == list(range(93, 101))
    for gene in panel:
        mates = np.flatnonzero(block == block[gene])
        # The excluded gene counts in the mean.
        assert gene == central(X, mates, np.setdiff1d(mates, unwanted))
        np.testing.assert_array_equal(selector.clusters_[mates], gene)


def test_a_cluster_of_excluded_genes_has_no_landmark():
    X, block = planted()
    unwanted = np.flatnonzero(block == 3)
    selector = clone(QUICK).set_params(exclude=unwanted).fit(X)
    of = block[picked(selector)]
    assert set(of) >= set(range(N_BLOCKS)) - {3}
    assert 3 not in of
    assert (selector.clusters_[unwanted] == -1).all()


@pytest.mark.parametrize(
    ("wanted", "size"), [(1, 1), (2, 2), (0.25, 25), (None, 50), (99, 99), (100, 100), (1.0, 100)]
)
def test_sizes(wanted, size):
    X, _ = planted()
    selector = clone(QUICK).set_params(n_features_to_select=wanted).fit(X)
    assert selector.support_.sum() == size == selector.transform(X).shape[1]
    np.testing.assert_array_equal(np.sort(selector.ranking_), np.arange(1, 101))
    landmarks = np.flatnonzero(selector.support_)
    np.testing.assert_array_equal(selector.clusters_[landmarks], landmarks)
    assert np.isin(selector.clusters_, [-1, *landmarks]).all()


def test_others_are_ranked_by_their_distance_to_the_panel():
    X, _ = planted()
    selector = clone(QUICK).set_params(exclude=[7]).fit(X)
    points = eigengenes(X)
    nearest = ((points[:, None] - points[selector.support_]) ** 2).sum(axis=2).min(axis=1)
    others = np.argsort(selector.ranking_)[N_BLOCKS:]
    assert others[-1] == 7
    assert (np.diff(nearest[others[:-1]]) <= 1e-12).all()


def test_constant_genes_come_last():
    X, _ = planted(n_noise=0)
    X[:, [0, 9, 40]] = [0.0, 0.1, 1e6]
    for standardize in (True, False):
        selector = clone(QUICK).set_params(standardize=standardize)
        selector.set_params(n_features_to_select=77).fit(X)
        assert not selector.support_[[0, 9, 40]].any()
        assert (selector.clusters_[[0, 9, 40]] == -1).all()
        assert sorted(selector.ranking_[[0, 9, 40]]) == [78, 79, 80]
        selector.set_params(n_features_to_select=79).fit(X)
        assert selector.support_[[0, 9]].all()
        selector.set_params(n_features_to_select=1, must_include=[40]).fit(X)
        assert selector.support_[40]


def test_copies_come_before_constant_genes():
    distinct = np.random.default_rng(0).normal(size=(30, 6))
    X = np.hstack([np.full((30, 3), 0.1), distinct, distinct])
    for size in (6, 9, 12):
        selector = clone(QUICK).set_params(n_features_to_select=size).fit(X)
        assert not selector.support_[:3].any()
        assert set(picked(selector)[:6] % 6) == set(range(6))


def test_the_farthest_fill_the_panel():
    line = np.array([0.05, 1.0, 1.0, -0.6, 0.0, 0.3, -0.7])
    peel = PeelOff(line[:, None], 5, [0], [6], CLUSTERING._replace(max_rounds=0))
    peel._pool = peel._pool[:0]
    peel.run(np.random.default_rng(0))
    # The copy of 1.0 is left out, -0.7 is excluded, zero comes after all.
    assert peel.landmarks == [0, 1, 3, 5, 2]
    assert peel.order().tolist() == [0, 1, 3, 5, 2, 4, 6]


@pytest.mark.parametrize("size", [5, 12, 15, 20])
@pytest.mark.parametrize("max_rounds", [0, 10])
def test_copies_come_after_distinct_genes(size, max_rounds):
    distinct = np.random.default_rng(0).normal(size=(30, 15))
    X = np.hstack([distinct, distinct[:, :10], 2 * distinct[:, :10] + 1])
    selector = clone(QUICK).set_params(n_features_to_select=size, max_rounds=max_rounds).fit(X)
    original = np.r_[np.arange(15), np.arange(10), np.arange(10)]
    panel = original[picked(selector)]
    assert len(set(panel[:15])) == min(size, 15)
    selector.set_params(n_features_to_select=14, must_include=[0], exclude=[1]).fit(X)
    assert len(set(original[picked(selector)])) == 14


def test_a_copy_of_a_given_gene_is_not_added():
    distinct = np.random.default_rng(0).normal(size=(30, 12))
    X = np.hstack([distinct, distinct[:, :1]])
    selector = clone(QUICK).set_params(n_features_to_select=12, must_include=[12]).fit(X)
    assert not selector.support_[0]
    assert selector.clusters_[0] == 12


@pytest.mark.parametrize("n_samples", [2, 3])
@pytest.mark.parametrize("size", [1, 2, 10, 40])
def test_hardly_any_samples(n_samples, size):
    X = np.random.default_rng(0).normal(size=(n_samples, 40))
    selector = clone(QUICK).set_params(n_features_to_select=size).fit(X)
    assert selector.support_.sum() == size
    assert selector.n_components_ <= n_samples - 1
    if n_samples == 2 and size >= 2:
        # Two samples know two kinds of genes only.
        assert len(set(np.sign(X[1] - X[0])[picked(selector)[:2]])) == 2


def test_forms_of_data(forms, genes):
    plain = clone(QUICK).fit(forms["array"])
    for name in ("frame", "csr", "csr_matrix", "anndata", "anndata_csr", "layer"):
        layer = "log" if name == "layer" else None
        selector = clone(QUICK).set_params(layer=layer).fit(forms[name])
        np.testing.assert_array_equal(selector.ranking_, plain.ranking_)
        np.testing.assert_array_equal(selector.clusters_, plain.clusters_)
    named = clone(QUICK).set_params(must_include=["GENE3"], exclude="GENE7").fit(forms["anndata"])
    assert named.ranking_[3] == 1
    assert named.ranking_[7] == 30
    assert list(named.get_feature_names_out()) == list(genes[named.support_])


def test_the_data_are_left_alone(expression):
    for X in (expression.copy(), sp.csr_array(expression)):
        before = X.copy()
        clone(QUICK).fit(X)
        np.testing.assert_array_equal(
            X.toarray() if sp.issparse(X) else X,
            before.toarray() if sp.issparse(before) else before,
        )


def test_units_matter_only_without_standardising():
    X, _ = planted()
    other = X * np.random.default_rng(1).choice([0.3, 1, 70], size=X.shape[1]) + 8
    for standardize, alike in ((True, True), (False, False)):
        selector = clone(QUICK).set_params(n_features_to_select=20, standardize=standardize)
        same = clone(selector).fit(X).support_ == clone(selector).fit(other).support_
        assert same.all() == alike


def test_no_rounds_is_ordinary_k_means():
    X, block = planted(n_noise=0, noise=0.1)
    selector = clone(QUICK).set_params(max_rounds=0).fit(X)
    assert selector.n_rounds_ == selector.n_tight_ == 0
    assert (selector.clusters_ >= 0).all()
    for gene in np.flatnonzero(selector.support_):
        members = np.flatnonzero(selector.clusters_ == gene)
        points = eigengenes(X)[members]
        distances = ((points - points.mean(axis=0)) ** 2).sum(axis=1)
        assert members[np.argmin(distances)] == gene
    assert len(set(block[selector.support_])) >= N_BLOCKS - 2


def test_smallest_clusters():
    X, block = planted(n_noise=0)
    few = np.flatnonzero(np.isin(block, [0, 1]))
    keep = np.setdiff1d(np.arange(80), np.r_[few[2:]])
    loose = clone(QUICK).set_params(n_features_to_select=4, min_cluster_size=4).fit(X[:, keep])
    sizes = np.bincount(loose.clusters_[loose.clusters_ >= 0])
    assert (sizes[sizes > 0] >= 4).all()


@pytest.mark.parametrize("numbers", [(20,), (5, 4), (0, 3), (2.5, 4), (1, 2, 3), ["2", "3"]])
def test_numbers_of_clusters_that_are_no_range(expression, numbers):
    with pytest.raises(ValueError, match=r"n_clusters_range=.* is not a range.*\(20, 100\)"):
        clone(QUICK).set_params(n_clusters_range=numbers).fit(expression)


@pytest.mark.parametrize(
    ("params", "match"),
    [
        ({"n_features_to_select": 31}, "n_features_to_select=31 is too many"),
        ({"must_include": [1], "exclude": [1]}, r"share 1 gene\(s\): 1"),
        ({"must_include": list(range(9))}, "must_include has 9 genes, but only 8"),
        ({"exclude": list(range(25))}, "exclude leaves 5 of 30 genes, but 8"),
        ({"exclude": [30]}, r"exclude has 1 gene\(s\).*30 of X: 30"),
    ],
)
def test_wishes_that_cannot_be_met(expression, params, match):
    selector = clone(QUICK).fit(expression)
    before = selector.ranking_
    with pytest.raises(ValueError, match=match):
        selector.set_params(**params).fit(expression)
    assert selector.ranking_ is before


def test_samples_that_are_all_the_same():
    with pytest.raises(ValueError, match="None of the 10 genes of X varies"):
        clone(QUICK).fit(np.ones((4, 10)))


@settings(max_examples=150)
@given(data=st.data())
def test_always_the_number_asked_for(data):
    n_samples, n_genes = data.draw(st.integers(2, 8)), data.draw(st.integers(2, 14))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    # Few values: copies and constant genes are common.
    X = rng.integers(0, data.draw(st.sampled_from([2, 3, 1000])), size=(n_samples, n_genes))
    X[0, 0], X[1, 0] = 0, 1
    size = data.draw(st.integers(1, n_genes))
    wishes = rng.permutation(n_genes)
    n_included = data.draw(st.integers(0, size))
    n_excluded = data.draw(st.integers(0, n_genes - size))
    included, excluded = wishes[:n_included], wishes[n_genes - n_excluded :]
    selector = PeelOffSelector(
        size,
        n_trials=data.draw(st.integers(1, 8)),
        n_clusters_range=data.draw(st.sampled_from([(1, 1), (1, 4), (20, 100)])),
        n_components=data.draw(st.sampled_from([1, 2, 0.5, 0.9, 1.0])),
        standardize=data.draw(st.booleans()),
        subsample=data.draw(st.sampled_from([0.01, 0.75, 1.0])),
        agreement=data.draw(st.sampled_from([0.5, 0.8, 0.99])),
        max_rounds=data.draw(st.sampled_from([0, 1, 10])),
        must_include=included,
        exclude=excluded,
        random_state=0,
    ).fit(X)
    assert selector.support_.sum() == size
    np.testing.assert_array_equal(np.sort(selector.ranking_), np.arange(1, n_genes + 1))
    assert selector.support_[included].all()
    assert not selector.support_[excluded].any()
    assert (selector.ranking_[excluded] > n_genes - n_excluded).all()
    landmarks = np.flatnonzero(selector.support_)
    np.testing.assert_array_equal(selector.clusters_[landmarks], landmarks)
    assert np.isin(selector.clusters_, [-1, *landmarks]).all()
    assert 0 <= selector.n_tight_ <= size - n_included


def test_the_panel_of_real_cells_is_not_redundant(real_data):
    anndata = pytest.importorskip("anndata")
    cells = anndata.read_h5ad(real_data / "singlecell" / "pbmc68k_reduced_700x765.h5ad")
    selector = PeelOffSelector(50, n_trials=30, random_state=0).fit(cells)
    assert selector.support_.sum() == 50
    assert 0 < selector.n_tight_ <= 50
    X = pd.DataFrame(cells.X)
    by_cluster = X.T.groupby(selector.clusters_)
    # Genes of a tight cluster go together far better than genes at random.
    tight = picked(selector)[: selector.n_tight_]
    within = [np.corrcoef(by_cluster.get_group(g)).mean() for g in tight]
    assert np.mean(within) > 0.4
    panel = np.abs(np.corrcoef(X.to_numpy()[:, selector.support_].T))
    assert (panel.sum() - 50) / (50 * 49) < 0.15
