"""tl.infer_genes fills in a targeted assay."""

import anndata
import numpy as np
import pytest
import scipy.sparse as sp

import skgenes
from skgenes.compose import LandmarkReconstructor
from skgenes.feature_selection import GivenPanelSelector
from skgenes.linear_model import PanelRidge
from skgenes.neural_network import DGEXRegressor


@pytest.fixture
def assay(flagged):
    """The panel of ten cells, in reverse, with two genes of no reference."""
    panel = list(flagged.var_names[flagged.var["landmarks"]])
    targeted = flagged[:10, [*panel[::-1], "GENE1", "GENE2"]].copy()
    targeted.var_names = [*panel[::-1], "NEW1", "NEW2"]
    targeted.X[:, -2:] = np.nan
    targeted.obsm["spatial"] = np.arange(20.0).reshape(10, 2)
    return targeted


@pytest.fixture
def reference(flagged):
    learnt_from = flagged[10:].copy()
    learnt_from.varm["loadings"] = np.ones((30, 2))
    return learnt_from


@pytest.mark.parametrize("sparse", [False, True])
def test_as_the_estimator_itself(assay, reference, same, sparse):
    if sparse:
        assay.X, reference.X = sp.csr_matrix(assay.X), sp.csc_matrix(reference.X)
    before = assay.copy(), reference.copy()
    dgex = DGEXRegressor((6,), max_iter=2, random_state=3)
    filled = skgenes.tl.infer_genes(assay, reference, regressor=dgex)
    panel = reference.var["landmarks"]
    model = LandmarkReconstructor(GivenPanelSelector(np.flatnonzero(panel)), dgex).fit(reference)
    landmarks = assay[:, reference.var_names[panel]]
    expected = model.reconstruct(landmarks).astype(np.float32)
    assert filled.X.dtype == np.float32
    np.testing.assert_array_equal(filled.X, expected)
    measured = landmarks.X.toarray() if sparse else landmarks.X
    np.testing.assert_array_equal(filled.X[:, panel], measured)
    np.testing.assert_array_equal(filled.var["inferred"], ~panel)
    same(assay, before[0])
    same(reference, before[1])


def test_what_it_carries(assay, reference, kept_by_file):
    filled = skgenes.tl.infer_genes(assay, reference, key_added="guess")
    assert list(filled.var_names) == list(reference.var_names)
    assert list(filled.obs_names) == list(assay.obs_names)
    assert filled.obs.equals(assay.obs)
    assert filled.var.drop(columns="guess").equals(reference.var)
    np.testing.assert_array_equal(filled.obsm["spatial"], assay.obsm["spatial"])
    np.testing.assert_array_equal(filled.varm["loadings"], reference.varm["loadings"])
    assert filled.uns["guess"]["n_reference"] == 80
    filled.obsm["spatial"][:] = -1
    filled.varm["loadings"][:] = -1
    filled.obs["donor"] = "z"
    filled.var["landmarks"] = False
    assert (assay.obsm["spatial"] >= 0).all()
    assert (reference.varm["loadings"] == 1).all()
    assert (assay.obs["donor"] == "a").all()
    assert reference.var["landmarks"].any()
    kept_by_file(filled)


def test_views_are_left_as_they_are(assay, reference):
    some_cells, some_reference = assay[:5], reference[5:]
    filled = skgenes.tl.infer_genes(some_cells, some_reference)
    assert filled.shape == (5, 30)
    assert not filled.is_view
    assert some_cells.is_view
    assert some_reference.is_view


def test_layers(assay, reference):
    plain = skgenes.tl.infer_genes(assay, reference)
    assay.layers["here"], reference.layers["there"] = assay.X, reference.X
    assay.X, reference.X = np.zeros(assay.shape), np.zeros(reference.shape)
    layered = skgenes.tl.infer_genes(assay, reference, layer="here", reference_layer="there")
    np.testing.assert_array_equal(layered.X, plain.X)
    params = layered.uns["inferred"]["params"]
    assert (params["layer"], params["reference_layer"]) == ("here", "there")


def test_close_to_the_truth():
    rng = np.random.default_rng(0)
    cells = anndata.AnnData(rng.normal(size=(100, 3)) @ rng.normal(size=(3, 12)))
    cells.var["landmarks"] = [True] * 4 + [False] * 8
    filled = skgenes.tl.infer_genes(cells[:20, cells.var["landmarks"]], cells[20:])
    np.testing.assert_allclose(filled.X, cells.X[:20], atol=0.15)


def test_genes_that_are_missing(assay, reference):
    lacking = assay[:, assay.var_names != "GENE4"]
    with pytest.raises(ValueError, match="adata lacks 1 of the 8 genes of the panel: 'GENE4'"):
        skgenes.tl.infer_genes(lacking, reference)
    with pytest.raises(ValueError, match=r"key='no' is not a column of reference\.var"):
        skgenes.tl.infer_genes(assay, reference, key="no")
    with pytest.raises(ValueError, match=r"reference.var has a column 'landmarks' already"):
        skgenes.tl.infer_genes(assay, reference, key_added="landmarks")
    with pytest.raises(ValueError, match=r"key_added must be a name without '/'.*got 'a/b'"):
        skgenes.tl.infer_genes(assay, reference, key_added="a/b")


def test_values_that_are_missing(assay, reference):
    assay.X[1, 0] = np.nan
    with pytest.raises(ValueError, match=r"adata.X contains NaN: 1 value.*'GENE28'"):
        skgenes.tl.infer_genes(assay, reference)
    assay.X[1, 0] = 0
    reference.X[3, 7] = np.nan
    with pytest.raises(ValueError, match=r"reference.X contains NaN: 1 value.*'GENE7'"):
        skgenes.tl.infer_genes(assay, reference)


def test_no_anndata(assay, reference):
    with pytest.raises(TypeError, match="adata must be an AnnData, got ndarray"):
        skgenes.tl.infer_genes(assay.X, reference)
    with pytest.raises(TypeError, match="reference must be an AnnData, got DataFrame"):
        skgenes.tl.infer_genes(assay, reference.to_df())
    reference.var_names = ["GENE1", *reference.var_names[1:]]
    with pytest.raises(ValueError, match=r"more than once in reference.var_names: 'GENE1'"):
        skgenes.tl.infer_genes(assay, reference)


def test_how_far_genes_can_be_relied_on(assay, reference, kept_by_file):
    filled = skgenes.tl.infer_genes(
        assay, reference, calibration=0.5, coverage=0.8, random_state=4, key_added="guess"
    )
    panel = reference.var["landmarks"].to_numpy()
    model = LandmarkReconstructor(
        GivenPanelSelector(np.flatnonzero(panel)), PanelRidge(), calibration=0.5, random_state=4
    ).fit(reference)
    table = model.reliability(coverage=0.8)
    for name in ("r2", "pcc", "half_width", "q_value"):
        column = filled.var[f"guess_{name}"]
        np.testing.assert_array_equal(column[~panel], table[name])
        assert column[panel].isna().all()
    landmarks = assay[:, reference.var_names[panel]]
    lower, upper = model.predict_interval(landmarks, coverage=0.8)
    inferred, widths = filled.X[:, ~panel], filled.var["guess_half_width"].to_numpy()[~panel]
    np.testing.assert_allclose(inferred - widths, lower, atol=1e-5)
    np.testing.assert_allclose(inferred + widths, upper, atol=1e-5)
    record = filled.uns["guess"]
    assert (record["n_reference"], record["n_held_out"]) == (40, 40)
    assert (record["params"]["calibration"], record["params"]["coverage"]) == (0.5, 0.8)
    kept_by_file(filled)


def test_nothing_is_held_out_unasked(assay, reference):
    plain = skgenes.tl.infer_genes(assay, reference)
    assert "n_held_out" not in plain.uns["inferred"]
    assert "coverage" not in plain.uns["inferred"]["params"]
    assert set(plain.var) - set(reference.var) == {"inferred"}


def test_donors_are_held_out_together(assay, reference):
    reference.obs["donor"] = [f"d{i % 20}" for i in range(reference.n_obs)]
    filled = skgenes.tl.infer_genes(assay, reference, calibration=9, groups="donor")
    assert filled.uns["inferred"]["n_held_out"] == 36
    assert filled.uns["inferred"]["params"]["groups"] == "donor"
    with pytest.raises(ValueError, match=r"needs at least 9 groups held out .* but there are 8"):
        skgenes.tl.infer_genes(assay, reference, calibration=8, groups="donor")
    with pytest.raises(ValueError, match=r"groups='batch' is not a column of reference\.obs"):
        skgenes.tl.infer_genes(assay, reference, calibration=8, groups="batch")
    reference.obs.loc[reference.obs_names[3], "donor"] = None
    with pytest.raises(ValueError, match=r"reference\.obs\['donor'\] is missing for 1 of 80"):
        skgenes.tl.infer_genes(assay, reference, calibration=8, groups="donor")


def test_columns_that_are_there_already(assay, reference):
    reference.var["inferred_q_value"] = 0.0
    assert skgenes.tl.infer_genes(assay, reference).shape == (10, 30)
    with pytest.raises(ValueError, match="has a column 'inferred_q_value' already"):
        skgenes.tl.infer_genes(assay, reference, calibration=0.3)
