"""The rule of D-GEX, all pairs, and both as a step that drops samples."""

import anndata
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from scipy.spatial.distance import cdist
from sklearn.cluster import MiniBatchKMeans
from threadpoolctl import threadpool_limits

from skgenes.preprocessing import DuplicateSampleRemover, duplicate_samples
from skgenes.preprocessing._duplicate_samples import cluster_members

METHODS = ["kmeans", "all_pairs"]


@pytest.fixture(autouse=True)
def _one_thread():
    """Clusters of so few samples cost less than waking up threads."""
    with threadpool_limits(1):
        yield


@pytest.fixture(scope="module")
def planted():
    """300 samples in 8 groups; each of the last 60 is close to an earlier one or not quite."""
    rng = np.random.default_rng(3)
    X = rng.normal(8, 2, (8, 400))[rng.integers(0, 8, 300)] + rng.normal(size=(300, 400))
    step = rng.normal(size=(60, 400))
    step *= (np.where(np.arange(60) < 40, 0.99, 1.01) / np.linalg.norm(step, axis=1))[:, None]
    source = rng.permutation(240)[:60]
    X[240:] = X[source] + step
    expected = np.full(300, -1)
    expected[240:280] = source[:40]
    return X, expected


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("form", [np.asarray, sp.csr_array, sp.csc_array, pd.DataFrame])
def test_planted_pairs(planted, method, form):
    X, expected = planted
    found = duplicate_samples(form(X), method=method, n_clusters=8, random_state=0)
    assert found.dtype == np.intp
    np.testing.assert_array_equal(found, expected)


def test_clusters_are_those_of_scikit_learn(planted):
    X = planted[0]
    seed = int(np.random.SeedSequence(5).generate_state(1)[0])
    labels = MiniBatchKMeans(20, batch_size=64, n_init=1, random_state=seed).fit(X).labels_
    members = cluster_members(X, 20, 64, 5)
    assert sorted(map(tuple, members)) == sorted(
        tuple(np.flatnonzero(labels == label)) for label in np.unique(labels)
    )


@pytest.mark.parametrize("random_state", range(5))
def test_pairs_across_clusters_are_missed(random_state):
    """As in D-GEX: exactly those in different clusters."""
    X = np.random.default_rng(random_state).normal(size=(200, 2))
    labels = np.empty(200, dtype=int)
    for i, members in enumerate(cluster_members(X, 30, 1000, random_state)):
        labels[members] = i
    near = np.tril(cdist(X, X) < 0.3, -1)
    within = near & (labels[:, np.newaxis] == labels)
    assert within.sum() < near.sum()
    for pairs, method in [(near, "all_pairs"), (within, "kmeans")]:
        found = duplicate_samples(
            X, method=method, threshold=0.3, n_clusters=30, random_state=random_state
        )
        np.testing.assert_array_equal(found, np.where(pairs.any(axis=1), pairs.argmax(axis=1), -1))


@pytest.mark.parametrize("method", METHODS)
def test_few_samples(method):
    for n_samples in (1, 2, 5):
        X = np.zeros((n_samples, 3))
        found = duplicate_samples(X, method=method, random_state=0)
        if method == "all_pairs":
            np.testing.assert_array_equal(found, [-1] + [0] * (n_samples - 1))
        X = 10.0 * np.arange(3 * n_samples).reshape(n_samples, 3)
        assert (duplicate_samples(X, method=method, random_state=0) == -1).all()


def test_randomness(planted):
    X = np.random.default_rng(0).normal(size=(200, 2))
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    options = {"method": "kmeans", "threshold": 0.3}
    runs = [duplicate_samples(X, **options, random_state=seed) for seed in (0, 0, 1, None)]
    np.testing.assert_array_equal(runs[0], runs[1])
    assert (runs[0] != runs[2]).any()
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_names_do_not_matter_and_layers_do(planted):
    X, expected = planted
    cells = anndata.AnnData(np.zeros_like(X), layers={"log": sp.csr_matrix(X)})
    found = duplicate_samples(cells, layer="log", n_clusters=8, random_state=0)
    np.testing.assert_array_equal(found, expected)
    with pytest.raises(ValueError, match="no layer 'raw'"):
        duplicate_samples(cells, layer="raw")


def test_no_duplicates_among_real_microarrays(real_data):
    file = np.load(real_data / "bulk" / "hgu133a_pooled_mas5_240x22283.npz")
    X = np.log2(np.maximum(file["X"][::2], 1))
    again = np.vstack([X, X[17:18]])
    for method in METHODS:
        found = duplicate_samples(again, method=method, n_clusters=10, random_state=0)
        np.testing.assert_array_equal(np.flatnonzero(found >= 0), [120])
        assert found[120] == 17
    near = np.tril(cdist(X, X) < 150, -1)
    expected = np.where(near.any(axis=1), near.argmax(axis=1), -1)
    assert (expected >= 0).sum() > 10
    np.testing.assert_array_equal(duplicate_samples(X, method="all_pairs", threshold=150), expected)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("method", "dbscan"),
        ("threshold", 0),
        ("threshold", -1.0),
        ("n_clusters", 0),
        ("batch_size", 1.5),
        ("layer", 3),
        ("random_state", "seed"),
    ],
)
def test_params_of_the_wrong_kind(name, value):
    X = np.random.default_rng(0).normal(size=(10, 3))
    with pytest.raises(ValueError, match=f"'{name}' parameter of duplicate_samples"):
        duplicate_samples(X, **{name: value})
    with pytest.raises(ValueError, match=f"'{name}' parameter of DuplicateSampleRemover"):
        DuplicateSampleRemover(**{name: value}).fit(X)


@pytest.mark.parametrize("find", [duplicate_samples, DuplicateSampleRemover().fit_resample])
def test_data_that_cannot_be_used(find):
    X = np.ones((4, 3))
    X[2, 1] = np.nan
    with pytest.raises(ValueError, match=r"NaN.*gene\(s\) \(1\) and 1 row\(s\) \(2\)"):
        find(X)
    with pytest.raises(ValueError, match=r"0 sample\(s\)"):
        find(np.empty((0, 3)))


# The step -----------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:Observation names are not unique")
@pytest.mark.parametrize("method", METHODS)
def test_rows_go_and_forms_stay(forms, expression, method):
    doubled = np.r_[np.arange(90), 5, 40, 5]
    remover = DuplicateSampleRemover(method=method, threshold=1e-3, n_clusters=1, random_state=0)
    for form, X in forms.items():
        X = X[doubled] if not isinstance(X, pd.DataFrame) else X.iloc[doubled]
        if form.startswith(("anndata", "layer")):
            X = X.copy()
            X.obs_names_make_unique()
        remover.set_params(layer="log" if form == "layer" else None)
        kept, y = remover.fit_resample(X, np.arange(93))
        assert type(kept) is type(X)
        assert kept.shape == (90, 30)
        np.testing.assert_array_equal(y, np.arange(90))
        np.testing.assert_array_equal(remover.sample_indices_, np.arange(90))
        np.testing.assert_array_equal(remover.duplicate_of_[90:], [5, 40, 5])
        assert (remover.duplicate_of_[:90] == -1).all()
        if form.startswith(("anndata", "layer")):
            assert not kept.is_view
            assert list(kept.obs_names) == list(X.obs_names[:90])
            kept = kept.layers["log"] if form == "layer" else kept.X
        kept = kept.toarray() if sp.issparse(kept) else np.asarray(kept)
        np.testing.assert_array_equal(kept, expression)


def test_every_form_of_y():
    X = np.array([[0.0], [5.0], [0.1], [9.0]])
    remover = DuplicateSampleRemover(method="all_pairs")
    keep = [0, 1, 3]
    values = np.arange(8.0).reshape(4, 2)
    assert remover.fit_resample(X)[1] is None
    assert remover.fit_resample(X, ["a", "b", "c", "d"])[1] == ["a", "b", "d"]
    np.testing.assert_array_equal(remover.fit_resample(X, values)[1], values[keep])
    series = pd.Series(list("abcd"), index=list("wxyz"))
    pd.testing.assert_series_equal(remover.fit_resample(X, series)[1], series.iloc[keep])
    frame = pd.DataFrame(values)
    pd.testing.assert_frame_equal(remover.fit_resample(X, frame)[1], frame.iloc[keep])
    sparse = remover.fit_resample(sp.csc_array(X), sp.coo_array(values))
    assert [part.format for part in sparse] == ["csr", "csr"]
    np.testing.assert_array_equal(sparse[1].toarray(), values[keep])
    targets = remover.fit_resample(X, anndata.AnnData(values))[1]
    np.testing.assert_array_equal(targets.X, values[keep])
    with pytest.raises(ValueError, match=r"inconsistent numbers of samples: \[4, 3\]"):
        remover.fit_resample(X, [1, 2, 3])


def test_the_samples_given_are_not_touched():
    X = np.array([[0.0], [0.5], [9.0]])
    kept, _ = DuplicateSampleRemover(method="all_pairs").fit_resample(X)
    kept += 1
    np.testing.assert_array_equal(X, [[0.0], [0.5], [9.0]])


def test_fit_alone_and_the_function_agree(planted):
    X, expected = planted
    for method in METHODS:
        remover = DuplicateSampleRemover(method=method, n_clusters=8, random_state=0).fit(X)
        np.testing.assert_array_equal(remover.duplicate_of_, expected)
        np.testing.assert_array_equal(
            remover.duplicate_of_,
            duplicate_samples(X, method=method, n_clusters=8, random_state=0),
        )


@pytest.mark.filterwarnings("ignore:Variable names are not unique")
def test_duplicated_genes_are_refused_by_the_step(planted):
    X = pd.DataFrame(np.ones((3, 2)), columns=["A", "A"])
    with pytest.raises(ValueError, match=r"1 gene name\(s\) occur more than once"):
        DuplicateSampleRemover().fit_resample(X)
