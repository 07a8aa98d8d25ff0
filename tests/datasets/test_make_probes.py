"""make_probes: a microarray with all its faults."""

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import pdist, squareform

from skgenes.datasets import make_expression, make_probes


@pytest.fixture(scope="module")
def genes():
    return make_expression(60, 150, n_batches=2, random_state=0)


@pytest.fixture(scope="module")
def probes(genes):
    return make_probes(genes, random_state=0)


def test_shape_and_mapping(genes, probes):
    assert probes.n_obs == 65
    assert probes.X.dtype == np.float32
    assert (probes.X > 20).all()
    mapping = probes.var["gene"]
    assert sum(gene is None for gene in mapping) == 20
    ambiguous = mapping.dropna()[mapping.dropna().str.contains(" /// ")]
    assert len(ambiguous) == 10
    assert set(ambiguous.str.split(" /// ").explode()) <= set(genes.var_names)
    alone = mapping.dropna().drop(ambiguous.index)
    assert set(alone) == set(genes.var_names)
    assert set(alone.value_counts()) == {1, 2, 3, 4}
    assert probes.var["affinity"].isna().equals(mapping.isna())
    assert probes.var_names.is_unique
    assert not mapping.isna().to_numpy()[-20:].all()


def test_without_noise_probes_are_exact(genes):
    probes = make_probes(genes, noise=0, background=5, n_duplicates=0, random_state=1)
    intensity = pd.DataFrame(np.exp2(genes.X.astype(float)), columns=genes.var_names)
    for probe, (gene, affinity) in enumerate(probes.var[["gene", "affinity"]].to_numpy()):
        if gene is not None:
            expected = 5 + 2**affinity * sum(intensity[name] for name in gene.split(" /// "))
            np.testing.assert_allclose(probes.X[:, probe], expected, rtol=1e-4)


def test_affinities_and_noise_have_the_size_asked(genes):
    probes = make_probes(genes, affinity_spread=0.5, noise=0.1, background=0, max_probes_per_gene=9,
                         n_duplicates=0, n_ambiguous=0, n_unmapped=0, random_state=0)  # fmt: skip
    assert probes.var["affinity"].std() == pytest.approx(0.5, rel=0.1)
    of_genes = genes[:, probes.var["gene"].tolist()].X
    error = np.log2(probes.X) - of_genes - probes.var["affinity"].to_numpy()
    assert error.std() == pytest.approx(0.1, rel=0.05)


def test_duplicates_are_near_and_nothing_else_is(genes, probes):
    distance = squareform(pdist(np.log2(probes.X.astype(float))))
    np.fill_diagonal(distance, np.inf)
    copies = probes.obs["duplicate_of"]
    assert copies.notna().to_numpy().tolist() == [False] * 60 + [True] * 5
    assert copies.iloc[0] is None
    near = distance < 0.1
    assert near.sum() == 10
    for copy, original in copies.dropna().items():
        row = probes.obs_names.get_loc(copy)
        assert probes.obs_names[near[row]].tolist() == [original]
        assert probes.obs.loc[copy, "batch"] == genes.obs.loc[original, "batch"]
        np.testing.assert_array_equal(
            probes[copy].obsm["programmes"], genes[original].obsm["programmes"]
        )


def test_seeds(genes):
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    once, again = (make_probes(genes, random_state=5) for _ in range(2))
    np.testing.assert_array_equal(once.X, again.X)
    assert once.var["gene"].tolist() == again.var["gene"].tolist()
    other = make_probes(genes, random_state=6)
    assert other.shape != once.shape or not np.array_equal(other.X, once.X)
    assert np.array_equal(np.random.get_state()[1], state)  # noqa: NPY002


def test_input_is_left_alone(genes):
    before = genes.copy()
    make_probes(genes, random_state=0)
    np.testing.assert_array_equal(before.X, genes.X)
    assert before.obs.equals(genes.obs)


def test_counts_by_their_clean_layer():
    counts = make_expression(20, scale="counts", random_state=0)
    with pytest.raises(ValueError, match=r"too high for a log2 scale.*layer='clean'"):
        make_probes(counts)
    assert make_probes(counts, layer="clean", random_state=0).n_obs == 25


def test_bad_input(genes):
    with pytest.raises(TypeError, match="must be an AnnData, got ndarray"):
        make_probes(genes.X)
    with pytest.raises(ValueError, match="n_duplicates=61 is more than the 60 samples"):
        make_probes(genes, n_duplicates=61)
    with pytest.raises(ValueError, match=r"n_ambiguous=10 probes .* has 1. Pass n_ambiguous=0"):
        make_probes(genes[:, :1])
    with pytest.raises(ValueError, match="'max_probes_per_gene' parameter of make_probes"):
        make_probes(genes, max_probes_per_gene=0)
    broken = genes.copy()
    broken.X[3, 2] = np.nan
    with pytest.raises(ValueError, match=r"expression contains NaN: 1 value.*GENE2"):
        make_probes(broken)


def test_can_be_saved(probes, tmp_path):
    anndata = pytest.importorskip("anndata")
    probes.copy().write_h5ad(tmp_path / "probes.h5ad")
    back = anndata.read_h5ad(tmp_path / "probes.h5ad")
    assert back.var["gene"].isna().tolist() == probes.var["gene"].isna().tolist()
