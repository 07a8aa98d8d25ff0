"""Clusters of samples against SciPy, scikit-learn and planted groups."""

import anndata
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.cluster.hierarchy import fcluster, leaves_list, linkage
from scipy.spatial.distance import pdist
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import adjusted_rand_score, silhouette_score

from skgenes.inspection import cluster_samples

METHODS = [
    *[("ward", "euclidean"), ("single", "cityblock"), ("weighted", "cosine")],
    *[("average", "correlation"), ("complete", "euclidean")],
]


@pytest.fixture(scope="module", name="Z")
def make_features():
    return np.random.default_rng(0).normal(size=(60, 5)) + np.repeat(np.eye(5)[:3], 20, axis=0)


@pytest.fixture(scope="module")
def labels():
    return np.repeat(["lung", "liver", "brain"], 20)


@pytest.mark.parametrize(("method", "metric"), METHODS)
def test_agrees_with_scipy_and_sklearn(Z, labels, method, metric):
    result = cluster_samples(Z, labels, method=method, metric=metric)
    tree = linkage(pdist(Z, metric), method)
    np.testing.assert_allclose(result.linkage, tree)
    np.testing.assert_array_equal(result.order, leaves_list(tree))
    cut = fcluster(tree, 3, criterion="maxclust")
    assert adjusted_rand_score(cut, result.clusters) == 1
    assert result.adjusted_rand_score == pytest.approx(adjusted_rand_score(labels, cut))
    assert result.silhouette_labels == pytest.approx(silhouette_score(Z, labels, metric=metric))
    assert result.silhouette_clusters == pytest.approx(silhouette_score(Z, cut, metric=metric))
    assert (result.method, result.metric) == (method, metric)


def test_four_samples_by_hand():
    # Ward: 0 and 1 merge at 1; then 5 and 7 at 2; then the means 0.5 and 6 at sqrt(2*2*2/4) * 5.5.
    result = cluster_samples([[0.0], [5.0], [1.0], [7.0]], ["a", "b", "a", "a"])
    np.testing.assert_allclose(result.linkage[:, 2], [1, 2, np.sqrt(2) * 5.5])
    assert result.clusters[0] == result.clusters[2] != result.clusters[1] == result.clusters[3]
    assert result.adjusted_rand_score == 0  # 1 of 6 pairs together in both, as by chance
    # a = (mean within, nearest other): (4, 5), (-, b alone: 0), (3.5, 4), (6.5, 2)
    expected = np.mean([(5 - 4) / 5, 0, (4 - 3.5) / 4, (2 - 6.5) / 6.5])
    assert result.silhouette_labels == pytest.approx(expected)


@pytest.mark.parametrize("n_clusters", [1, 2, 7, 59, 60])
def test_exactly_as_many_clusters_as_asked_for(Z, n_clusters):
    expects_warning = n_clusters in (1, 60)
    if expects_warning:
        with pytest.warns(UndefinedMetricWarning, match=f"{n_clusters} clusters for 60 samples"):
            result = cluster_samples(Z, n_clusters=n_clusters)
    else:
        result = cluster_samples(Z, n_clusters=n_clusters)
    assert result.n_clusters == n_clusters == len(np.unique(result.clusters))
    assert np.isnan(result.silhouette_clusters) == expects_warning


def test_exactly_as_many_clusters_even_of_identical_samples():
    with pytest.raises(ValueError, match="n_clusters=5 is too many for 4 samples"):
        cluster_samples(np.zeros((4, 2)), n_clusters=5)
    assert cluster_samples(np.zeros((4, 2)), n_clusters=3).n_clusters == 3


def test_clusters_are_numbered_along_the_tree(Z):
    result = cluster_samples(Z, n_clusters=6)
    along = result.clusters[result.order]
    assert along[0] == 0
    assert set(np.diff(along)) == {0, 1}


def test_without_labels_there_is_nothing_to_agree_with(Z):
    result = cluster_samples(Z, n_clusters=3)
    assert result.labels is None
    assert result.adjusted_rand_score is None
    assert result.silhouette_labels is None
    assert repr(result) == "SampleClustering(60 samples in 3 clusters)"


def test_fixed_number_of_clusters_wins_over_labels(Z, labels):
    result = cluster_samples(Z, labels, n_clusters=2)
    assert result.n_clusters == 2
    assert f"adjusted Rand index {result.adjusted_rand_score:.2f}" in repr(result)


def test_forms_of_input_agree(Z, labels):
    expected = cluster_samples(Z, labels)
    frame = pd.DataFrame(Z, columns=list("abcde"))
    for form in (frame, anndata.AnnData(Z), Z.tolist(), np.asfortranarray(Z)):
        result = cluster_samples(form, pd.Categorical(labels))
        np.testing.assert_allclose(result.linkage, expected.linkage)
        assert result.adjusted_rand_score == expected.adjusted_rand_score
    in_float32 = cluster_samples(Z.astype(np.float32), labels)
    assert in_float32.linkage.dtype == np.float64


@given(st.integers(0, 2**32 - 1), st.integers(2, 5), st.sampled_from(METHODS))
@settings(max_examples=40)
def test_planted_groups_are_found(seed, n_groups, how):
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.repeat(np.arange(n_groups), 6))
    Z = 100 * np.eye(5)[labels] + rng.normal(size=(labels.size, 5))
    result = cluster_samples(Z, labels, method=how[0], metric=how[1])
    assert result.adjusted_rand_score == 1
    assert result.silhouette_labels == pytest.approx(result.silhouette_clusters)
    assert result.silhouette_labels > 0.8


@given(st.integers(0, 2**32 - 1), st.sampled_from(METHODS))
@settings(max_examples=40)
def test_order_of_samples_does_not_matter(seed, how):
    rng = np.random.default_rng(seed)
    Z, labels = rng.normal(size=(25, 4)), rng.integers(0, 3, size=25)
    shuffle = rng.permutation(25)
    first = cluster_samples(Z, labels, n_clusters=3, method=how[0], metric=how[1])
    second = cluster_samples(
        Z[shuffle], labels[shuffle], n_clusters=3, method=how[0], metric=how[1]
    )
    np.testing.assert_allclose(np.sort(first.linkage[:, 2]), np.sort(second.linkage[:, 2]))
    assert adjusted_rand_score(first.clusters[shuffle], second.clusters) == 1
    assert first.adjusted_rand_score == pytest.approx(second.adjusted_rand_score)
    assert first.silhouette_labels == pytest.approx(second.silhouette_labels)


@pytest.mark.parametrize("labels", [["lung"] * 60, list(range(60))])
def test_labels_that_tell_nothing_apart_give_nan_and_one_warning(Z, labels):
    with pytest.warns(UndefinedMetricWarning, match="labels for 60 samples") as caught:
        result = cluster_samples(Z, labels, n_clusters=3)
    assert len(caught) == 1
    assert np.isnan([result.adjusted_rand_score, result.silhouette_labels]).all()
    assert np.isfinite(result.silhouette_clusters)


def test_one_warning_for_labels_and_clusters(Z):
    with pytest.warns(UndefinedMetricWarning, match="1 labels and 1 clusters") as caught:
        cluster_samples(Z, ["lung"] * 60)
    assert len(caught) == 1
    assert caught[0].filename == __file__


@pytest.mark.parametrize(
    ("missing", "n_missing"),
    [([None, "a", "b"], 1), (["a", np.nan, np.nan], 2), (pd.Series(["a", pd.NA, "b"]), 1)],
)
def test_missing_labels(missing, n_missing):
    with pytest.raises(ValueError, match=f"missing for {n_missing} of 3 samples"):
        cluster_samples(np.eye(3), missing)


def test_bad_labels(Z, labels):
    with pytest.raises(ValueError, match=r"each of the 60 samples of Z, got .* shape \(59,\)"):
        cluster_samples(Z, labels[:-1])
    with pytest.raises(ValueError, match=r"shape \(60, 1\)"):
        cluster_samples(Z, labels[:, np.newaxis])
    with pytest.raises(ValueError, match="Pass n_clusters, or labels"):
        cluster_samples(Z)


def test_bad_samples(Z, labels):
    with pytest.raises(ValueError, match="1 sample"):
        cluster_samples(Z[:1], labels[:1])
    with pytest.raises(ValueError, match="Z contains NaN"):
        cluster_samples(np.where(np.eye(60, 5) == 1, np.nan, Z), labels)
    with pytest.raises(TypeError, match="toarray"):
        cluster_samples(sp.csr_array(Z), labels)
    with pytest.raises(TypeError, match="toarray"):
        cluster_samples(anndata.AnnData(sp.csr_matrix(Z)), labels)
    with pytest.raises(ValueError, match="overflow"):
        cluster_samples(1e200 * Z, labels)


def test_too_many_samples_are_refused_before_anything_is_allocated():
    many = np.broadcast_to(np.zeros(1), (60_000, 1))
    with pytest.raises(ValueError, match="60000 samples take 14 GB"):
        cluster_samples(many, n_clusters=2)


def test_undefined_distances_name_the_rows(Z, labels):
    Z = Z.copy()
    Z[[4, 9]] = 0.1
    with pytest.raises(ValueError, match=r"constant: row\(s\) 4, 9"):
        cluster_samples(Z, labels, method="average", metric="correlation")
    Z[[4, 9]] = 0
    with pytest.raises(ValueError, match=r"all zero: row\(s\) 4, 9"):
        cluster_samples(Z, labels, method="average", metric="cosine")


def test_bad_parameters(Z, labels):
    with pytest.raises(ValueError, match="'ward' is defined for metric='euclidean' only"):
        cluster_samples(Z, labels, metric="cosine")
    for name, value in {"method": "centroid", "metric": "jaccard", "n_clusters": 0}.items():
        with pytest.raises(ValueError, match=f"The '{name}' parameter"):
            cluster_samples(Z, labels, **{name: value})


def test_nothing_is_modified(Z, labels):
    before = Z.copy()
    cluster_samples(Z, labels)
    np.testing.assert_array_equal(Z, before)


def test_lung_tumours(real_data):
    data = np.load(real_data / "bulk" / "lung_gordon2002_hgu95av2_181x12533.npz")
    result = cluster_samples(np.log2(np.maximum(data["X"], 1)), data["label"])
    assert result.adjusted_rand_score > 0.9
    assert 0.1 < result.silhouette_labels < 0.2
