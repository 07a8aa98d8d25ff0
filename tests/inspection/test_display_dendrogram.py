"""Trees of samples as brackets over a strip."""

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.colors import to_hex, to_rgba
from scipy.cluster.hierarchy import dendrogram

from skgenes.inspection import SampleDendrogramDisplay, cluster_samples
from skgenes.inspection._displays._dendrogram import brackets

mpl.use("Agg")


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def clustering():
    rng = np.random.default_rng(0)
    labels = rng.permutation(np.repeat(["lung", "liver", "brain"], [20, 12, 8]))
    Z = rng.normal(size=(40, 3)) + 2 * (labels == "lung")[:, np.newaxis]
    return cluster_samples(Z, labels)


def sorted_brackets(corners):
    return corners[np.lexsort((corners[:, 0, 0], corners[:, 1, 1]))]


@pytest.mark.parametrize("method", ["ward", "single", "average"])
def test_brackets_are_scipys(method):
    Z = np.random.default_rng(0).normal(size=(50, 3))
    clustering = cluster_samples(Z, n_clusters=4, method=method)
    drawn = dendrogram(clustering.linkage, no_plot=True)
    # SciPy puts the first leaf at 5 and the next 10 further.
    x, y = (np.array(drawn["icoord"]) - 5) / 10, np.array(drawn["dcoord"])
    expected = sorted_brackets(np.stack([x, y], axis=-1))
    np.testing.assert_allclose(sorted_brackets(brackets(clustering)), expected)


def test_the_tree_that_is_drawn(clustering):
    display = SampleDendrogramDisplay(clustering).plot()
    np.testing.assert_allclose(display.tree_.get_segments(), brackets(clustering))
    assert display.ax_.get_xlim() == (-0.5, 39.5)
    assert display.ax_.get_ylim()[0] == 0
    assert display.ax_.get_ylim()[1] > clustering.linkage[-1, 2]
    assert display.ax_.get_ylabel() == "Ward distance"
    assert not display.ax_.get_xticks().size


def test_brackets_within_a_cluster_share_a_shade_and_neighbours_differ(clustering):
    display = SampleDendrogramDisplay(clustering).plot()
    colours = display.tree_.get_colors()
    n_within = 40 - clustering.n_clusters
    members = {node: {node} for node in range(40)}
    shades = {}
    for merge, (left, right) in enumerate(clustering.linkage[:, :2].astype(int)):
        members[40 + merge] = members[left] | members[right]
        clusters = set(clustering.clusters[list(members[40 + merge])])
        assert (len(clusters) == 1) == (merge < n_within)
        if merge < n_within:
            shades.setdefault(clusters.pop(), set()).add(tuple(colours[merge]))
    assert all(len(shade) == 1 for shade in shades.values())
    for cluster in set(shades) & {cluster - 1 for cluster in shades}:
        assert shades[cluster] != shades[cluster + 1]


def test_the_cut_lies_between_the_merges_it_parts(clustering):
    display = SampleDendrogramDisplay(clustering).plot()
    (height,) = set(display.cut_.get_ydata())
    assert np.count_nonzero(clustering.linkage[:, 2] > height) == clustering.n_clusters - 1
    whole = cluster_samples([[0.0], [1.0], [3.0]], n_clusters=2)
    assert SampleDendrogramDisplay(whole).plot().cut_ is not None


@pytest.mark.filterwarnings("ignore:There are . clusters")
@pytest.mark.parametrize("n_clusters", [1, 3])
def test_nothing_is_cut_where_all_or_none_is_one(n_clusters):
    clustering = cluster_samples([[0.0], [1.0], [3.0]], n_clusters=n_clusters)
    assert SampleDendrogramDisplay(clustering).plot().cut_ is None


def test_the_strip_shows_the_labels_under_the_tree(clustering):
    display = SampleDendrogramDisplay(clustering).plot()
    names = np.array(["brain", "liver", "lung"])
    codes = np.asarray(display.strip_.get_array())
    np.testing.assert_array_equal(names[codes[0]], clustering.labels[clustering.order])
    legend = display.ax_.get_legend()
    assert [text.get_text() for text in legend.get_texts()] == [
        "brain (8)",
        "liver (12)",
        "lung (20)",
    ]
    in_strip = display.strip_.cmap(display.strip_.norm([0, 1, 2]))
    in_legend = [to_rgba(patch.get_facecolor()) for patch in legend.legend_handles]
    np.testing.assert_allclose(in_strip, in_legend)
    assert display.strip_ax_.get_xlim() == display.ax_.get_xlim()
    title = display.ax_.get_title(loc="left")
    assert title.startswith("40 samples, 3 clusters: adjusted Rand index 0.")
    assert f"silhouette of the labels {clustering.silhouette_labels:.2f}" in title


def test_colours_of_ones_own(clustering):
    palette = {"lung": "red", "brain": "#00ff00", "liver": (0.0, 0.0, 1.0), "other": "black"}
    display = SampleDendrogramDisplay(clustering).plot(palette=palette)
    shown = display.strip_.cmap(display.strip_.norm([0, 1, 2]))
    np.testing.assert_allclose(shown[:, :3], [[0, 1, 0], [0, 0, 1], [1, 0, 0]])
    handles = display.ax_.get_legend().legend_handles
    assert [to_hex(patch.get_facecolor()) for patch in handles] == ["#00ff00", "#0000ff", "#ff0000"]
    del palette["brain"]
    with pytest.raises(ValueError, match="palette has no colour for 1 of 3 labels: 'brain'"):
        SampleDendrogramDisplay(clustering).plot(palette=palette)
    other = SampleDendrogramDisplay.from_features(
        np.eye(3), list("aab"), palette={"a": "r", "b": "b"}
    )
    assert to_hex(other.ax_.get_legend().legend_handles[0].get_facecolor()) == "#ff0000"


@pytest.mark.parametrize("n_labels", [16, 17, 53])
def test_the_legend_of_many_labels_stays_in_the_figure(n_labels):
    labels = np.repeat([f"tissue {i}" for i in range(n_labels)], 2)
    Z = np.random.default_rng(0).normal(size=(len(labels), 3))
    display = SampleDendrogramDisplay.from_features(Z, labels)
    display.figure_.canvas.draw()
    box = display.ax_.get_legend().get_window_extent()
    assert box.y0 >= 0
    assert box.x1 <= display.figure_.bbox.x1
    assert display.ax_.get_position().width > 0.4


def test_without_labels_there_is_no_strip():
    display = SampleDendrogramDisplay.from_features(
        np.arange(9.0)[:, np.newaxis] ** 2, n_clusters=2
    )
    assert display.strip_ is None
    assert display.strip_ax_ is None
    assert display.ax_.get_legend() is None
    assert display.ax_.get_title(loc="left") == "9 samples, 2 clusters"


def test_method_and_metric_are_on_the_axis(clustering):
    Z = np.random.default_rng(0).normal(size=(9, 4))
    display = SampleDendrogramDisplay.from_features(
        Z, list("aaabbbccc"), method="average", metric="correlation", n_clusters=2
    )
    assert display.ax_.get_ylabel() == "Average distance (correlation)"
    assert display.clustering.n_clusters == 2


@pytest.mark.filterwarnings("ignore:There are 1 labels")
def test_undefined_scores_are_not_in_the_title():
    display = SampleDendrogramDisplay.from_features(np.eye(4), ["a"] * 4)
    assert display.ax_.get_title(loc="left") == "4 samples, 1 cluster"


def test_identical_samples_and_long_chains_can_be_drawn():
    same = SampleDendrogramDisplay.from_features(np.zeros((5, 2)), n_clusters=2)
    same.figure_.canvas.draw()
    # A chain 3,000 deep, on which recursion would fail.
    chain = SampleDendrogramDisplay.from_features(
        np.cumsum(np.linspace(1, 2, 3000))[:, np.newaxis], n_clusters=2, method="single"
    )
    assert len(chain.tree_.get_segments()) == 2999
