"""tl.landmark_genes writes what the selector found, where its documentation says."""

import warnings

import anndata
import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.feature_selection import VarianceThreshold

import skgenes
from skgenes.feature_selection import (
    AutoEncoderDeepLIFTSelector,
    GivenPanelSelector,
    GreedyPanelSelector,
)
from skgenes.neural_network import GeneAutoEncoder

SMALL = GeneAutoEncoder((6, 2), max_iter=3, validation_fraction=0.2)


def selector(n_genes, **options):
    options = {"autoencoder": SMALL, "random_state": 0} | options
    return AutoEncoderDeepLIFTSelector(n_genes, **options)


def test_as_the_selector_itself(cells, same):
    before = cells.copy()
    assert skgenes.tl.landmark_genes(cells, 5, autoencoder=SMALL) is None
    direct = selector(5).fit(before)
    var, record = cells.var, cells.uns["landmarks"]
    np.testing.assert_array_equal(var["landmarks"], direct.support_)
    np.testing.assert_array_equal(var["landmarks_rank"], direct.ranking_)
    np.testing.assert_array_equal(var["landmarks_importance"], direct.importances_)
    np.testing.assert_array_equal(cells.varm["landmarks_contributions"], direct.contributions_)
    np.testing.assert_array_equal(cells.obsm["X_landmarks"], direct.autoencoder_.transform(before))
    np.testing.assert_array_equal(record["loss_curve"], direct.loss_curve_)
    np.testing.assert_array_equal(record["validation_curve"], direct.autoencoder_.validation_curve_)
    assert record["residual"] == direct.residual_
    assert record["n_genes"] == 5
    for slot, name in (field.split("/") for field in record["fields"]):
        del getattr(cells, slot)[name]
    del cells.uns["landmarks"]
    same(cells, before)


def test_types_of_the_columns(cells):
    skgenes.tl.landmark_genes(cells, 5, autoencoder=SMALL, mask_var="variable")
    assert cells.var["landmarks"].dtype == bool
    assert cells.var["landmarks_rank"].dtype == np.float64
    assert cells.var["landmarks_importance"].dtype == np.float64
    assert cells.varm["landmarks_contributions"].dtype == np.float64
    assert cells.obsm["X_landmarks"].dtype == np.float64
    assert cells.uns["landmarks"]["loss_curve"].dtype == np.float64


@pytest.mark.parametrize("as_array", [False, True])
@pytest.mark.parametrize("layer", [None, "double"])
def test_a_mask_is_as_a_smaller_adata(cells, as_array, layer):
    mask = cells.var["variable"].to_numpy()
    options = {"autoencoder": SMALL, "layer": layer, "key_added": "panel"}
    smaller = cells[:, mask].copy()
    skgenes.tl.landmark_genes(smaller, 5, **options)
    skgenes.tl.landmark_genes(cells, 5, mask_var=mask if as_array else "variable", **options)
    for column in ("panel", "panel_rank", "panel_importance"):
        np.testing.assert_array_equal(cells.var.loc[mask, column], smaller.var[column])
    contributions = cells.varm["panel_contributions"]
    np.testing.assert_array_equal(contributions[mask], smaller.varm["panel_contributions"])
    np.testing.assert_array_equal(cells.obsm["X_panel"], smaller.obsm["X_panel"])
    assert not cells.var.loc[~mask, "panel"].any()
    assert cells.var.loc[~mask, ["panel_rank", "panel_importance"]].isna().all(axis=None)
    assert np.isnan(contributions[~mask]).all()
    params = cells.uns["panel"]["params"]
    np.testing.assert_array_equal(params["mask_var"], mask if as_array else "variable")
    assert params.get("layer") == layer


@pytest.mark.parametrize("form", [sp.csr_matrix, sp.csc_matrix, sp.csr_array, np.asfortranarray])
def test_same_bits_from_every_form(cells, form, same):
    other = cells.copy()
    other.X = form(cells.X)
    skgenes.tl.landmark_genes(other, 5, autoencoder=SMALL, mask_var="variable")
    skgenes.tl.landmark_genes(cells, 5, autoencoder=SMALL, mask_var="variable")
    other.X = cells.X
    same(other, cells)


def test_nan_outside_the_mask_does_not_matter(cells):
    cells.X[:, ~cells.var["variable"].to_numpy()] = np.nan
    skgenes.tl.landmark_genes(cells, 5, autoencoder=SMALL, mask_var="variable")
    assert cells.var["landmarks"].sum() == 5


def test_wishes_and_columns_of_adata(cells):
    skgenes.tl.landmark_genes(
        cells, 3, autoencoder=SMALL, mask_var="variable", must_include=[29], exclude=["GENE0", 1]
    )
    assert cells.var["landmarks"].sum() == 3
    assert cells.var["landmarks_rank"].iloc[29] == 1
    assert cells.var["landmarks_rank"].iloc[1] == 20
    params = cells.uns["landmarks"]["params"]
    assert list(params["must_include"]) == ["GENE29"]
    assert list(params["exclude"]) == ["GENE1"]


def test_a_reference_is_masked_too(cells):
    reference, mask = np.linspace(0, 3, 30), cells.var["variable"].to_numpy()
    direct = selector(5, reference=reference[mask]).fit(cells[:, mask].X)
    skgenes.tl.landmark_genes(cells, 5, autoencoder=SMALL, mask_var="variable", reference=reference)
    np.testing.assert_array_equal(cells.var["landmarks_importance"][mask], direct.importances_)
    with pytest.raises(ValueError, match=r"each of the 30 genes of adata.*shape \(20,\)"):
        skgenes.tl.landmark_genes(cells, 5, reference=reference[mask])


def test_a_seed_of_its_own_wins(cells):
    def panel_of(**options):
        return skgenes.tl.landmark_genes(cells, 5, copy=True, **options).var["landmarks_importance"]

    seeded = GeneAutoEncoder(SMALL.hidden_layer_sizes, max_iter=3, random_state=3)
    first = panel_of(autoencoder=seeded)
    np.testing.assert_array_equal(first, panel_of(autoencoder=seeded, random_state=1))
    np.testing.assert_array_equal(
        panel_of(autoencoder=SMALL, random_state=1),
        selector(5, random_state=1).fit(cells).importances_,
    )
    np.testing.assert_array_equal(
        first, panel_of(selector=AutoEncoderDeepLIFTSelector(autoencoder=seeded), random_state=None)
    )
    assert not np.array_equal(first, panel_of(autoencoder=SMALL))
    assert SMALL.random_state is None


def test_other_selectors(cells):
    given = GivenPanelSelector(["GENE3", "GENE5"])
    skgenes.tl.landmark_genes(cells, selector=given, key_added="given")
    assert list(cells.var_names[cells.var["given"]]) == ["GENE3", "GENE5"]
    assert set(cells.var) == {"variable", "given"}
    assert not cells.obsm
    skgenes.tl.landmark_genes(
        cells, selector=VarianceThreshold(1.0), key_added="sparse", layer="double"
    )
    variances = cells.layers["double"].toarray().var(axis=0)
    np.testing.assert_array_equal(cells.var["sparse"], variances > 1.0)
    assert 0 < cells.var["sparse"].sum() < 30
    with pytest.raises(TypeError, match="VarianceThreshold has no parameter 'autoencoder'"):
        skgenes.tl.landmark_genes(cells, selector=VarianceThreshold(), autoencoder=SMALL)


def test_the_layer_of_a_selector(cells):
    given = GivenPanelSelector(["GENE3"], layer="double")
    skgenes.tl.landmark_genes(cells, selector=given)
    assert cells.uns["landmarks"]["params"]["layer"] == "double"
    assert given.layer == "double"


def test_the_selector_is_on_record(cells):
    skgenes.tl.landmark_genes(cells, 5, autoencoder=SMALL)
    text = cells.uns["landmarks"]["params"]["selector"]
    assert text.startswith("AutoEncoderDeepLIFTSelector(")
    for part in ("n_features_to_select=5", "hidden_layer_sizes=(6, 2)", "dropout=0.1"):
        assert part in text


def test_a_second_call_replaces_the_first(cells):
    skgenes.tl.landmark_genes(cells, 5, autoencoder=SMALL)
    skgenes.tl.landmark_genes(cells, 7, autoencoder=SMALL)
    assert cells.var["landmarks"].sum() == 7
    skgenes.tl.landmark_genes(cells, selector=GivenPanelSelector([1]))
    assert set(cells.var) == {"variable", "landmarks"}
    assert not cells.obsm
    assert not cells.varm
    assert "loss_curve" not in cells.uns["landmarks"]


def test_after_a_file_too(cells, kept_by_file):
    skgenes.tl.landmark_genes(
        cells, 5, autoencoder=SMALL, mask_var="variable", must_include=["GENE1"], layer="double"
    )
    read = kept_by_file(cells)
    skgenes.tl.landmark_genes(read, selector=GivenPanelSelector([1, 2]))
    assert set(read.var) == {"variable", "landmarks"}
    kept_by_file(read)


def test_a_copy(cells, same):
    before = cells.copy()
    changed = skgenes.tl.landmark_genes(cells, 5, autoencoder=SMALL, copy=True)
    same(cells, before)
    skgenes.tl.landmark_genes(cells, 5, autoencoder=SMALL)
    same(changed, cells)


def test_a_view(cells, same):
    before, view = cells.copy(), cells[:60, :20]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        changed = skgenes.tl.landmark_genes(view, 5, autoencoder=SMALL, copy=True)
    assert view.is_view
    with pytest.warns(UserWarning, match="adata is a view of another AnnData") as caught:
        skgenes.tl.landmark_genes(view, 5, autoencoder=SMALL)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert not view.is_view
    same(view, changed)
    same(cells, before)


def foreign(cells):
    cells.var["landmarks_rank"] = 1


def foreign_uns(cells):
    cells.uns["landmarks"] = {"params": {}}


def repeated(cells):
    cells.var_names = ["GENE1", *cells.var_names[1:]]


def with_nan(cells):
    cells.X[3, 2] = np.nan


@pytest.mark.filterwarnings("ignore:Variable names are not unique")
@pytest.mark.parametrize(
    ("options", "message", "spoil"),
    [
        ({"n_genes": 31}, "n_genes=31 is too many: there are 30 genes", None),
        ({"n_genes": 21, "mask_var": "variable"}, "there are 20 genes to choose from, of 30", None),
        ({"n_genes": 0}, "'n_features_to_select' parameter", None),
        ({"mask_var": "no"}, "mask_var='no' is not a column.*bool are: 'variable'", None),
        ({"mask_var": [True]}, r"array of 30 bool.*shape \(1,\)", None),
        ({"mask_var": np.zeros(30, bool)}, "mask_var=array leaves none of 30 genes", None),
        ({"mask_var": np.ones(30)}, "dtype float64", None),
        ({"layer": "no"}, "no layer 'no'; its layers are: 'double'", None),
        ({"must_include": ["XIST"]}, "must_include has 1 gene.*'XIST'", None),
        (
            {"must_include": ["GENE0"], "mask_var": "variable"},
            "1 gene.s. outside mask_var: 'GENE0'",
            None,
        ),
        ({"key_added": "a/b"}, "without '/'", None),
        ({"key_added": ""}, "key_added must be a name", None),
        ({}, r"adata.var\['landmarks_rank'\] would be overwritten", foreign),
        ({}, r"adata.uns\['landmarks'\] would be overwritten", foreign_uns),
        ({}, "occur more than once in adata.var_names: 'GENE1'", repeated),
        ({}, r"adata.X contains NaN: 1 value.*'GENE2'", with_nan),
    ],
)
def test_a_failure_leaves_adata_alone(cells, same, options, message, spoil):
    if spoil is not None:
        spoil(cells)
    before = cells.copy()
    with pytest.raises(ValueError, match=message):
        skgenes.tl.landmark_genes(cells, **{"n_genes": 5, "autoencoder": SMALL} | options)
    same(cells, before)


def test_masks_that_are_not_bool(cells):
    cells.var["number"] = 1.0
    cells.var["unknown"] = cells.var["variable"].astype("boolean").where(cells.var["variable"])
    for column, message in [("number", "dtype float64"), ("unknown", r"boolean and 10 missing")]:
        with pytest.raises(ValueError, match=message):
            skgenes.tl.landmark_genes(cells, 5, mask_var=column)


def test_not_an_anndata(cells, tmp_path):
    with pytest.raises(TypeError, match=r"must be an AnnData, got ndarray.*estimators of skgenes"):
        skgenes.tl.landmark_genes(cells.X, 5)
    cells.write_h5ad(tmp_path / "cells.h5ad")
    backed = anndata.read_h5ad(tmp_path / "cells.h5ad", backed="r")
    with pytest.raises(ValueError, match=r"to_memory\(\)"):
        skgenes.tl.landmark_genes(backed, 5)
    backed.file.close()


def test_real_cells(pbmc, kept_by_file):
    cells = pbmc.copy()
    skgenes.tl.landmark_genes(
        cells, 20, autoencoder=GeneAutoEncoder((16, 4), max_iter=2), mask_var=np.arange(765) < 500
    )
    assert cells.var["landmarks"].sum() == 20
    assert cells.var["landmarks_rank"].notna().sum() == 500
    assert cells.obsm["X_landmarks"].shape == (700, 4)
    kept_by_file(cells)


def test_as_many_genes_as_are_enough(cells, tmp_path):
    greedy = GreedyPanelSelector(cv=3)
    cells.obs["type"] = np.resize(["B", "T", "NK"], cells.n_obs)
    skgenes.tl.landmark_genes(cells, "auto", selector=greedy, groups="type")
    direct = GreedyPanelSelector("auto", cv=3).fit(cells, groups="type")
    record = cells.uns["landmarks"]
    assert record["n_genes"] == direct.n_features_ == cells.var["landmarks"].sum()
    assert record["params"]["groups"] == "type"
    cells.write_h5ad(tmp_path / "cells.h5ad")
    kept = anndata.read_h5ad(tmp_path / "cells.h5ad").uns["landmarks"]["cv_results"]
    for name, values in direct.cv_results_.items():
        np.testing.assert_array_equal(kept[name], values)


def test_groups_that_cannot_be_weighed(cells):
    cells.obs["type"] = "B"
    with pytest.raises(ValueError, match=r"groups='tissue' is not a column of adata\.obs"):
        skgenes.tl.landmark_genes(cells, 5, autoencoder=SMALL, groups="tissue")
    given = GivenPanelSelector(["g1"])
    with pytest.raises(TypeError, match="fit of GivenPanelSelector takes no groups"):
        skgenes.tl.landmark_genes(cells, selector=given, groups="type")
    assert "landmarks" not in cells.uns


def test_columns_of_a_selector_beside_a_mask(cells):
    selector = GreedyPanelSelector(5, must_include=[21])
    with pytest.raises(ValueError, match=r"must_include of the selector has column numbers, 21"):
        skgenes.tl.landmark_genes(cells, selector=selector, mask_var="variable")
    skgenes.tl.landmark_genes(cells, selector=selector)
    assert cells.var["landmarks"].iloc[21]


def test_groups_must_be_a_column(cells):
    with pytest.raises(TypeError, match=r"name of a column of adata\.obs, got a ndarray"):
        skgenes.tl.landmark_genes(cells, 5, selector=GreedyPanelSelector(), groups=np.ones(3))
