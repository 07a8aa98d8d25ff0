"""pp.binding_sites: what binds a gene goes where the gene goes."""

import warnings

import anndata
import numpy as np
import pandas as pd
import pytest

import skgenes
from skgenes.feature_extraction import RegulatoryTracks, Track
from skgenes.neural_network import DEcodeRegressor


@pytest.fixture(scope="module")
def tracks():
    """25 genes, from GENE24 down, of up to five bins; GENE20 has none."""
    rng = np.random.default_rng(0)
    lengths = rng.integers(1, 6, 25)
    lengths[4] = 0
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    promoter = rng.integers(0, 50, (25, 3)) * (rng.random((25, 3)) < 0.4) + [100, 0, 0]
    rna = rng.integers(0, 50, (offsets[-1], 4)) * (rng.random((offsets[-1], 4)) < 0.4)
    return RegulatoryTracks(
        [f"GENE{i}" for i in range(24, -1, -1)],
        promoter=Track(promoter, np.arange(26), ["promoter", "SPI1", "FUS"]),
        rna=Track(rna, offsets, ["exon", "FUS", "QKI", "miR-17/20"]),
    )


def by_loop(tracks, gene):
    row = list(tracks.genes).index(gene)
    parts = [
        track.bins[track.offsets[row] : track.offsets[row + 1]].toarray().sum(axis=0)
        for track in tracks.parts.values()
    ]
    return np.concatenate(parts)


def test_sums_follow_the_names(cells, tracks, same):
    before = cells.copy()
    assert skgenes.pp.binding_sites(cells, tracks) is None
    field = cells.varm["binding_sites"]
    assert (field.format, field.dtype, field.shape) == ("csr", np.float32, (30, 7))
    for gene, row in zip(cells.var_names, field.toarray(), strict=True):
        known = gene in set(tracks.genes)
        np.testing.assert_allclose(row, by_loop(tracks, gene) if known else np.zeros(7))
        assert cells.var.loc[gene, "binding_sites"] == known
    assert cells.var["binding_sites"].dtype == bool
    record = cells.uns["binding_sites"]
    assert list(record["regulators"]) == [
        "promoter", "SPI1", "FUS", "exon", "FUS", "QKI", "miR-17/20",
    ]  # fmt: skip
    assert list(record["parts"]) == ["promoter"] * 3 + ["rna"] * 4
    assert (record["n_genes"], record["n_without_tracks"]) == (25, 5)
    assert record["function"] == "binding_sites"
    for slot in ("varm", "var", "uns"):
        del getattr(cells, slot)["binding_sites"]
    same(cells, before)


def test_through_slices_and_files_to_a_model(cells, tracks, kept_by_file):
    skgenes.pp.binding_sites(cells, tracks)
    read = kept_by_file(cells[:, ::-1].copy())
    known = read.var["binding_sites"].to_numpy()
    X, y = read.varm["binding_sites"][known], read.X.T[known]
    model = DEcodeRegressor(((4, 1),), n_init=1, max_iter=2, random_state=0).fit(X, y)
    sums = np.array([by_loop(tracks, gene) for gene in read.var_names[known]])
    np.testing.assert_allclose(model.predict(sums), model.predict(X), rtol=1e-6)
    skgenes.pp.binding_sites(read, tracks[:10])
    assert read.uns["binding_sites"]["n_genes"] == 10
    kept_by_file(read)


def test_copies_and_views(cells, tracks, same):
    before, view = cells.copy(), cells[:40]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        changed = skgenes.pp.binding_sites(view, tracks, key_added="sites", copy=True)
    with pytest.warns(UserWarning, match="adata is a view") as caught:
        skgenes.pp.binding_sites(view, tracks, key_added="sites")
    assert caught[0].filename == __file__
    assert "sites" in view.varm
    same(view, changed)
    same(cells, before)


@pytest.mark.parametrize("slot", ["varm", "var", "uns"])
def test_nothing_of_others_is_overwritten(cells, tracks, slot, same):
    getattr(cells, slot)["mine"] = np.ones((30, 1) if slot == "varm" else 30)
    before = cells.copy()
    with pytest.raises(ValueError, match=rf"adata.{slot}\['mine'\] would be overwritten.*delete"):
        skgenes.pp.binding_sites(cells, tracks, key_added="mine")
    same(cells, before)


def test_other_genes_and_other_things(cells, tracks):
    with pytest.raises(TypeError, match="tracks must be RegulatoryTracks, got DataFrame"):
        skgenes.pp.binding_sites(cells, pd.DataFrame())
    with pytest.raises(TypeError, match="adata must be an AnnData, got list"):
        skgenes.pp.binding_sites([], tracks)
    other = anndata.AnnData(np.zeros((2, 3)))
    with pytest.raises(ValueError, match=r"no gene of adata: its genes are 'GENE24'.*are '0'"):
        skgenes.pp.binding_sites(other, tracks)
