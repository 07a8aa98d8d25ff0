"""pp does what the estimators of preprocessing do, on an AnnData."""

import warnings

import anndata
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

import skgenes
from skgenes.preprocessing import ProbeAggregator, QuantileNormalizer, duplicate_samples


@pytest.mark.parametrize("form", [np.asarray, sp.csr_matrix, sp.csc_array])
@pytest.mark.parametrize("ties", ["average", "dense"])
def test_quantile_normalize(cells, form, ties, same):
    expected = QuantileNormalizer(ties=ties).fit(cells.X)
    cells.X = form(cells.X)
    before = cells.copy()
    assert skgenes.pp.quantile_normalize(cells, ties=ties) is None
    assert cells.X.dtype == np.float32
    np.testing.assert_array_equal(cells.X, expected.transform(before.X))
    record = cells.uns.pop("quantile_normalize")
    np.testing.assert_array_equal(record["reference"], expected.reference_)
    assert record["params"] == {"ties": ties, "given": False}
    assert record["function"] == "quantile_normalize"
    cells.X = before.X
    same(cells, before)


@pytest.mark.parametrize("key_added", [None, "other"])
def test_quantile_normalize_a_layer(cells, key_added, kept_by_file):
    X, double = cells.X.copy(), cells.layers["double"].toarray()
    skgenes.pp.quantile_normalize(cells, layer="double", key_added=key_added)
    expected = QuantileNormalizer().fit_transform(double)
    where = key_added or "double"
    np.testing.assert_array_equal(cells.layers[where], expected)
    np.testing.assert_array_equal(cells.X, X)
    if key_added is not None:
        np.testing.assert_array_equal(cells.layers["double"].toarray(), double)
    assert cells.uns[key_added or "quantile_normalize"]["params"]["layer"] == "double"
    read = kept_by_file(cells)
    skgenes.pp.quantile_normalize(read, key_added=key_added)
    result = read.X if key_added is None else read.layers[key_added]
    np.testing.assert_array_equal(result, QuantileNormalizer().fit_transform(X))


def test_one_scale_for_two_data_sets(cells):
    other = cells[:20].copy()
    other.X = other.X * 3 + 1
    skgenes.pp.quantile_normalize(cells)
    reference = cells.uns["quantile_normalize"]["reference"]
    skgenes.pp.quantile_normalize(other, reference=reference)
    np.testing.assert_allclose(other.X, cells.X[:20], rtol=1e-6)
    assert other.uns["quantile_normalize"]["params"]["given"]


def test_quantile_normalize_copies_and_views(cells, same):
    before, view = cells.copy(), cells[:40]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        changed = skgenes.pp.quantile_normalize(view, copy=True)
    assert view.is_view
    with pytest.warns(UserWarning, match="adata is a view of another AnnData") as caught:
        skgenes.pp.quantile_normalize(view)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    same(view, changed)
    same(cells, before)


@pytest.fixture
def doubled(cells):
    """Rows 70, 71 and 80 are nearly rows 3, 3 and 5."""
    cells.X = np.random.default_rng(0).normal(8, 2, size=cells.shape)
    cells.X[[70, 71, 80]] = cells.X[[3, 3, 5]] + 0.01
    cells.obsp["distances"] = sp.eye_array(90, format="csr")
    return cells


@pytest.mark.parametrize("options", [{"method": "all_pairs"}, {"n_clusters": 4}])
def test_remove_duplicate_samples(doubled, options, kept_by_file):
    before = doubled.copy()
    assert skgenes.pp.remove_duplicate_samples(doubled, **options) is None
    expected = duplicate_samples(before, **options, random_state=0)
    kept = np.setdiff1d(np.arange(90), [70, 71, 80])
    np.testing.assert_array_equal(np.flatnonzero(expected < 0), kept)
    assert list(doubled.obs_names) == list(before.obs_names[kept])
    np.testing.assert_array_equal(doubled.X, before.X[kept])
    np.testing.assert_array_equal(
        doubled.layers["double"].toarray(), before.layers["double"][kept].toarray()
    )
    assert doubled.obsp["distances"].shape == (87, 87)
    record = doubled.uns["remove_duplicate_samples"]
    assert list(record["removed"]) == ["cell70", "cell71", "cell80"]
    assert list(record["duplicate_of"]) == ["cell3", "cell3", "cell5"]
    assert record["params"]["threshold"] == 1.0
    kept_by_file(doubled)


def test_nothing_to_remove(doubled, kept_by_file):
    skgenes.pp.remove_duplicate_samples(doubled)
    skgenes.pp.remove_duplicate_samples(doubled)
    assert doubled.n_obs == 87
    assert len(doubled.uns["remove_duplicate_samples"]["removed"]) == 0
    kept_by_file(doubled)


def test_remove_duplicate_samples_copies_and_views(doubled, same):
    before, view = doubled.copy(), doubled[:80]
    smaller = skgenes.pp.remove_duplicate_samples(view, copy=True)
    assert not smaller.is_view
    assert smaller.n_obs == 78
    assert view.n_obs == 80
    skgenes.pp.remove_duplicate_samples(view)
    same(view, smaller)
    same(doubled, before)


@pytest.fixture
def arrays():
    """Six probes of three genes, on four arrays."""
    adata = anndata.AnnData(np.random.default_rng(0).normal(size=(4, 6)).astype(np.float32))
    adata.var_names = [f"p{i}" for i in range(6)]
    adata.var["symbol"] = pd.Categorical(["TP53", "MYC", "TP53", None, "A /// B", "MYC"])
    adata.obs["tissue"] = list("abcd")
    adata.obsm["X_pca"] = np.ones((4, 2))
    adata.layers["raw"] = 2 * adata.X
    return adata


@pytest.mark.parametrize("form", [np.asarray, sp.csr_matrix])
@pytest.mark.parametrize("layer", [None, "raw"])
@pytest.mark.parametrize("method", ["mean", "max_variance"])
def test_aggregate_probes(arrays, form, layer, method, same, kept_by_file):
    arrays.X = form(arrays.X)
    before = arrays.copy()
    options = {"method": method, "unmapped": "drop", "ambiguous": "drop"}
    genes = skgenes.pp.aggregate_probes(arrays, "symbol", layer=layer, **options)
    direct = ProbeAggregator(list(arrays.var["symbol"]), layer=layer, **options).fit(arrays)
    expected = direct.transform(arrays)
    assert sp.issparse(genes.X) == sp.issparse(expected)
    values = genes.X.toarray() if sp.issparse(genes.X) else genes.X
    np.testing.assert_array_equal(values, expected.toarray() if sp.issparse(expected) else expected)
    assert list(genes.var_names) == ["TP53", "MYC"]
    assert list(genes.var["n_probes"]) == [2, 2]
    if method == "max_variance":
        assert list(genes.var["probe"]) == list(direct.probes_)
    else:
        assert "probe" not in genes.var
    assert list(genes.obs["tissue"]) == list("abcd")
    assert genes.obsm["X_pca"].shape == (4, 2)
    record = genes.uns["aggregate_probes"]
    assert list(record["unmapped_probes"]) == ["p3"]
    assert list(record["ambiguous_probes"]) == ["p4"]
    assert record["params"].get("layer") == layer
    same(arrays, before)
    kept_by_file(genes)


def test_annotations_of_other_kinds(arrays):
    annotation = {"p0": "TP53", "p5": "MYC"}
    genes = skgenes.pp.aggregate_probes(arrays, annotation, unmapped="drop")
    np.testing.assert_array_equal(genes.X, arrays.X[:, [0, 5]])
    assert list(genes.uns["aggregate_probes"]["unmapped_probes"]) == ["p1", "p2", "p3", "p4"]


@pytest.mark.filterwarnings("ignore:Variable names are not unique")
def test_columns_that_share_a_name(arrays):
    arrays.var_names = ["MYC", "JUN", "MYC", "FOS", "JUN", "MYC"]
    merged = skgenes.pp.aggregate_probes(arrays)
    assert list(merged.var_names) == ["MYC", "JUN", "FOS"]
    np.testing.assert_allclose(merged.X[:, 0], arrays.X[:, [0, 2, 5]].mean(axis=1), rtol=1e-6)
    chosen = skgenes.pp.aggregate_probes(
        arrays, "symbol", method="max_variance", unmapped="drop", ambiguous="drop"
    )
    assert chosen.var["probe"]["MYC"] == "JUN"
    assert list(chosen.uns["aggregate_probes"]["unmapped_probes"]) == ["FOS"]


@pytest.mark.parametrize(
    ("function", "options", "message"),
    [
        ("quantile_normalize", {"layer": "no"}, "no layer 'no'"),
        ("quantile_normalize", {"key_added": "double"}, r"layers\['double'\] would be overwr"),
        ("quantile_normalize", {"key_added": "kept"}, r"adata.uns\['kept'\] would be overwritten"),
        ("quantile_normalize", {"key_added": "a/b"}, "key_added must be a name.*got 'a/b'"),
        ("quantile_normalize", {"ties": "no"}, "'ties' parameter"),
        ("quantile_normalize", {"reference": [2.0, 1.0]}, "must be ascending"),
        ("remove_duplicate_samples", {"layer": "no"}, "no layer 'no'"),
        ("remove_duplicate_samples", {"method": "no"}, "'method' parameter"),
        ("aggregate_probes", {"genes": "no"}, "genes='no' is not a column.*'variable'"),
        ("aggregate_probes", {"genes": {"GENE0": "TP53"}}, "unmapped='drop'"),
    ],
)
def test_a_failure_leaves_adata_alone(cells, same, function, options, message):
    before = cells.copy()
    with pytest.raises(ValueError, match=message):
        getattr(skgenes.pp, function)(cells, **options)
    same(cells, before)


# binding_sites reads genes' names alone.
@pytest.mark.parametrize("function", sorted({*skgenes.pp.__all__} - {"binding_sites"}))
def test_what_cannot_be_read(cells, same, function, tmp_path):
    function = getattr(skgenes.pp, function)
    with pytest.raises(TypeError, match="adata must be an AnnData, got ndarray"):
        function(cells.X)
    cells.write_h5ad(tmp_path / "cells.h5ad")
    backed = anndata.read_h5ad(tmp_path / "cells.h5ad", backed="r")
    with pytest.raises(ValueError, match=r"to_memory\(\)"):
        function(backed)
    backed.file.close()
    cells.X[4, 7] = np.nan
    before = cells.copy()
    with pytest.raises(ValueError, match=r"X contains NaN: 1 value.*'GENE7'"):
        function(cells)
    same(cells, before)
