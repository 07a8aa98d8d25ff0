"""make_expression: is the structure there that is promised?"""

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import Ridge
from sklearn.metrics import adjusted_rand_score, r2_score

from skgenes.datasets import make_expression


@pytest.fixture(scope="module")
def compendium():
    return make_expression(2000, 200, random_state=0)


def same(a, b):
    return all(
        np.array_equal(x, y)
        for x, y in [
            (a.X, b.X),
            (a.layers["clean"], b.layers["clean"]),
            (a.obsm["programmes"], b.obsm["programmes"]),
            (a.varm["loadings"], b.varm["loadings"]),
            (a.var.to_numpy(), b.var.to_numpy()),
            (a.obs.to_numpy(), b.obs.to_numpy()),
        ]
    )


def test_shapes_and_dtypes(compendium):
    assert compendium.shape == (2000, 200)
    assert compendium.obsm["programmes"].shape == (2000, 5)
    assert compendium.varm["loadings"].shape == (200, 5)
    for matrix in (
        compendium.X,
        compendium.layers["clean"],
        compendium.obsm["programmes"],
        compendium.varm["loadings"],
    ):
        assert matrix.dtype == np.float32
        assert np.isfinite(matrix).all()
    assert compendium.var_names.is_unique
    assert compendium.obs_names.is_unique
    assert dict(compendium.var["role"].value_counts()) == {
        "driver": 10,
        "redundant": 70,
        "non-linear": 40,
        "noise": 80,
    }
    np.testing.assert_allclose(compendium.obsm["programmes"].mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(compendium.obsm["programmes"].std(axis=0), 1, atol=1e-5)


@pytest.mark.parametrize("scale", ["log2", "counts"])
def test_seeds(scale):
    size = {"n_samples": 30, "n_batches": 2, "n_groups": 2, "scale": scale}
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    once = make_expression(random_state=3, **size)
    assert same(once, make_expression(random_state=3, **size))
    assert not same(once, make_expression(random_state=4, **size))
    assert not same(make_expression(**size), make_expression(**size))
    instance = np.random.RandomState(3)
    first = make_expression(random_state=instance, **size)
    assert not same(first, make_expression(random_state=instance, **size))
    assert same(first, make_expression(random_state=np.random.RandomState(3), **size))
    assert np.array_equal(np.random.get_state()[1], state)  # noqa: NPY002


def test_one_driver_for_each_block(compendium):
    genes = compendium.var[compendium.var["block"] >= 0]
    assert sorted(genes["block"].unique()) == list(range(10))
    assert set(genes.groupby("block").size()) == {8}
    drivers = genes[genes["role"] == "driver"]
    assert sorted(drivers["block"]) == list(range(10))
    assert (drivers["programme"] == drivers["block"] % 5).all()
    # Genes are not in the order in which they were made.
    assert not compendium.var["block"].is_monotonic_decreasing
    assert (np.diff(np.flatnonzero(compendium.var["role"] == "driver")) > 1).any()


@pytest.mark.parametrize("redundancy", [0.0, 0.6, 0.95, 1.0])
def test_copies_correlate_as_asked(redundancy):
    adata = make_expression(4000, 40, n_blocks=5, n_nonlinear=0, redundancy=redundancy, noise=0.3,
                            random_state=1)  # fmt: skip
    for _, genes in adata.var.groupby("block"):
        copies = adata[:, genes.index[genes["role"] == "redundant"]]
        driver = adata[:, genes.index[genes["role"] == "driver"]]
        clean = np.corrcoef(driver.layers["clean"].T, copies.layers["clean"].T)[0, 1:]
        np.testing.assert_allclose(clean, redundancy, atol=0.05)
        # Noise on both attenuates a correlation by the share of signal in the variance.
        variance = driver.layers["clean"].var()
        found = np.corrcoef(driver.X.T, copies.X.T)[0, 1:]
        np.testing.assert_allclose(found, redundancy * variance / (variance + 0.09), atol=0.05)


def test_drivers_are_what_loadings_say(compendium):
    drivers = compendium[:, compendium.var["role"] == "driver"]
    centred = drivers.layers["clean"] - drivers.layers["clean"].mean(axis=0)
    expected = drivers.obsm["programmes"] @ drivers.varm["loadings"].T
    np.testing.assert_allclose(centred, expected, atol=1e-4)
    assert (np.count_nonzero(drivers.varm["loadings"], axis=1) == 2).all()
    main = np.abs(drivers.varm["loadings"]).argmax(axis=1)
    assert (main == drivers.var["programme"]).all()


def test_noise_genes_are_unrelated_but_as_variable(compendium):
    noise = compendium[:, compendium.var["role"] == "noise"]
    others = compendium[:, compendium.var["role"] != "noise"]
    correlation = np.corrcoef(noise.X.T, others.X.T)[: noise.n_vars, noise.n_vars :]
    assert np.abs(correlation).max() < 0.12  # 5 / sqrt(2000)
    assert 0.5 < noise.X.var(axis=0).mean() / others.X.var(axis=0).mean() < 2


def test_non_linear_genes_need_more_than_a_linear_model(compendium):
    drivers = compendium[:, compendium.var["role"] == "driver"].X
    for response, low, gain in (("product", 0.1, 0.4), ("switch", 0.8, 0.05)):
        genes = compendium[:, compendium.var["response"] == response].X[:, :5]
        forest = RandomForestRegressor(40, min_samples_leaf=3, random_state=0, n_jobs=1)
        scores = [
            r2_score(genes[1500:], model.fit(drivers[:1500], genes[:1500]).predict(drivers[1500:]))
            for model in (Ridge(), forest)
        ]
        assert scores[0] < low
        assert scores[1] > scores[0] + gain


@pytest.mark.parametrize("seed", range(3))
def test_a_ranking_gene_by_gene_falls_for_copies(seed):
    adata = make_expression(600, random_state=seed)
    X = (adata.X - adata.X.mean(axis=0)) / adata.X.std(axis=0)
    _, values, axes = np.linalg.svd(X, full_matrices=False)
    importance = np.abs(values[:5, None] * axes[:5]).sum(axis=0)
    ranked = np.argsort(-importance)[:5]
    # One gene each of five blocks with different main programmes, chosen by the truth.
    spread = np.flatnonzero((adata.var["role"] == "driver") & (adata.var["block"] < 5))
    linear = X[:, adata.var["response"] == "linear"]
    scores = [
        Ridge().fit(X[:400, panel], linear[:400]).score(X[400:, panel], linear[400:])
        for panel in (ranked, spread)
    ]
    assert adata.var["block"].iloc[ranked].nunique() <= 3
    assert scores[1] > scores[0] + 0.2


def test_without_nonlinearity_a_linear_model_suffices():
    adata = make_expression(500, 120, nonlinearity=0.0, noise=0.0, random_state=0)
    genes = adata[:, adata.var["role"] == "non-linear"].X
    z = adata.obsm["programmes"]
    assert Ridge(1e-6).fit(z, genes).score(z, genes) > 0.9999


def test_one_programme_has_switches_only():
    adata = make_expression(50, 120, n_programmes=1, random_state=0)
    genes = adata.var[adata.var["role"] == "non-linear"]
    assert set(genes["response"]) == {"switch"}


def between_batches(adata):
    means = np.stack([adata[adata.obs["batch"] == b].X.mean(axis=0) for b in ("batch0", "batch1")])
    return means.var(axis=0).mean()


def test_batches():
    made = {
        strength: make_expression(200, n_batches=2, batch_strength=strength, random_state=0)
        for strength in (0.0, 0.5, 2.0)
    }
    spread = [between_batches(adata) for adata in made.values()]
    assert spread[0] < spread[1] < spread[2]
    # Two means of independent shifts have an expected variance of strength ** 2 / 2.
    assert spread[2] == pytest.approx(2.0, rel=0.3)
    assert made[2.0].obs["batch"].value_counts().tolist() == [100, 100]
    one = make_expression(200, random_state=0)
    np.testing.assert_array_equal(made[0.0].X, one.X)
    for adata in made.values():
        np.testing.assert_array_equal(adata.layers["clean"], one.layers["clean"])


def test_groups_can_be_found():
    adata = make_expression(150, n_groups=3, noise=0.3, random_state=0)
    assert adata.obs["group"].value_counts().tolist() == [50, 50, 50]
    found = KMeans(3, n_init=5, random_state=0).fit_predict(adata.obsm["programmes"])
    assert adjusted_rand_score(adata.obs["group"], found) > 0.95
    drivers = adata[:, adata.var["role"] == "driver"].X
    found = KMeans(3, n_init=5, random_state=0).fit_predict(drivers)
    assert adjusted_rand_score(adata.obs["group"], found) > 0.9


def test_counts():
    adata = make_expression(400, scale="counts", library_size=50_000, random_state=0)
    assert adata.X.dtype == np.float32
    assert adata.X.min() >= 0
    np.testing.assert_array_equal(adata.X, np.round(adata.X))
    assert adata.obs["library_size"].mean() == pytest.approx(50_000, rel=0.06)
    # The total of a sample spreads around its library size by Poisson noise and dispersion.
    ratio = adata.X.sum(axis=1) / adata.obs["library_size"]
    assert ratio.mean() == pytest.approx(1, abs=0.01)
    log2 = make_expression(400, random_state=0)
    share = np.exp2(log2.X) / np.exp2(log2.X).sum(axis=1, keepdims=True)
    mean = share * adata.obs["library_size"].to_numpy()[:, None]
    assert (adata.X / mean).mean() == pytest.approx(1, abs=0.01)
    variance = mean + 0.1 * mean**2
    assert ((adata.X - mean) ** 2 / variance).mean() == pytest.approx(1, abs=0.05)


def test_counts_without_dispersion_are_poisson():
    adata = make_expression(400, scale="counts", dispersion=0, random_state=0)
    log2 = make_expression(400, random_state=0)
    share = np.exp2(log2.X) / np.exp2(log2.X).sum(axis=1, keepdims=True)
    mean = share * adata.obs["library_size"].to_numpy()[:, None]
    assert ((adata.X - mean) ** 2 / mean).mean() == pytest.approx(1, abs=0.02)


def test_smallest():
    adata = make_expression(3, 1, n_blocks=1, block_size=1, n_nonlinear=0, random_state=0)
    assert adata.shape == (3, 1)
    for seed in range(20):
        assert np.isfinite(make_expression(3, random_state=seed).X).all()


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_genes": 100}, r"Blocks have 80 genes and 40 are non-linear, but n_genes=100"),
        ({"n_groups": 300}, "n_groups=300 is more than n_samples=200"),
        ({"n_batches": 201}, "n_batches=201 is more than n_samples=200"),
        ({"n_samples": 2}, r"'n_samples' .* must be an int in the range \[3, inf\). Got 2"),
        ({"redundancy": 1.5}, r"'redundancy' .* in the range \[0.0, 1.0\]. Got 1.5"),
        ({"scale": "log"}, "'scale' .* must be a str among .*'counts'"),
        ({"library_size": 0}, "'library_size' .* must be a float in the range"),
        ({"random_state": "a"}, "'random_state' parameter"),
    ],
)
def test_bad_parameters(parameters, message):
    with pytest.raises(ValueError, match=message):
        make_expression(**parameters)


def test_can_be_saved(tmp_path):
    anndata = pytest.importorskip("anndata")
    adata = make_expression(20, n_batches=2, random_state=0)
    adata.write_h5ad(tmp_path / "made.h5ad")
    assert same(adata, anndata.read_h5ad(tmp_path / "made.h5ad"))
