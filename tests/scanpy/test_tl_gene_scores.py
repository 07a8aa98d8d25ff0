"""tl.gene_scores writes what the metrics find."""

import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.exceptions import UndefinedMetricWarning

import skgenes
from skgenes.metrics import gene_permutation_test, per_gene_mean_absolute_error

SCORES = ["mae", "pcc", "null_fraction", "significant"]


@pytest.fixture
def inferred(flagged):
    skgenes.tl.reconstruct(flagged)
    return flagged


@pytest.mark.parametrize("form", [np.asarray, sp.csr_matrix, sp.csc_array])
def test_as_the_metrics_themselves(inferred, form, same):
    before, targets = inferred.copy(), ~inferred.var["landmarks"].to_numpy()
    measured, guessed = inferred.X[:, targets], inferred.layers["reconstructed"][:, targets]
    inferred.X = form(inferred.X)
    assert skgenes.tl.gene_scores(inferred, alpha=0.1) is None
    mae = per_gene_mean_absolute_error(measured, guessed)
    test = gene_permutation_test(measured, guessed, 0.1)
    expected = [mae, test.pcc, test.null_fraction, test.significant]
    for score, values in zip(SCORES, expected, strict=True):
        column = inferred.var[f"gene_scores_{score}"]
        np.testing.assert_array_equal(column[targets], values)
        assert column.dtype == (bool if score == "significant" else np.float64)
        assert (
            not column[~targets].any() if score == "significant" else column[~targets].isna().all()
        )
    record = inferred.uns["gene_scores"]
    assert record["n_genes"] == 22
    assert record["mean_mae"] == mae.mean()
    assert record["mean_pcc"] == test.pcc.mean()
    assert record["n_significant"] == test.n_significant > 0
    assert record["fraction_significant"] == test.fraction_significant
    assert record["n_undefined"] == 0
    assert record["params"] == {
        "inferred": "reconstructed", "alpha": 0.1, "method": "exact", "random_state": 0
    }  # fmt: skip
    inferred.X = before.X
    for score in SCORES:
        del inferred.var[f"gene_scores_{score}"]
    del inferred.uns["gene_scores"]
    same(inferred, before)


def test_a_mask_of_its_own(inferred):
    skgenes.tl.gene_scores(inferred, mask_var="variable", key_added="some")
    mask = inferred.var["variable"].to_numpy()
    np.testing.assert_array_equal(inferred.var["some_mae"].notna(), mask)
    expected = gene_permutation_test(inferred.X[:, mask], inferred.layers["reconstructed"][:, mask])
    np.testing.assert_array_equal(inferred.var["some_null_fraction"][mask], expected.null_fraction)


def test_a_layer_from_elsewhere(cells):
    cells.layers["smooth"] = cells.layers["double"] * 0.5
    skgenes.tl.gene_scores(cells, inferred="smooth", layer="double")
    expected = np.abs(cells.X).mean(axis=0)
    np.testing.assert_allclose(cells.var["gene_scores_mae"], expected, rtol=1e-6)
    assert cells.uns["gene_scores"]["n_genes"] == 30
    assert cells.uns["gene_scores"]["params"]["layer"] == "double"


def test_a_sample_of_the_null(inferred):
    options = {"method": "sampled", "random_state": 3}
    skgenes.tl.gene_scores(inferred, **options)
    targets = ~inferred.var["landmarks"].to_numpy()
    pair = inferred.X[:, targets], inferred.layers["reconstructed"][:, targets]
    expected = gene_permutation_test(*pair, **options)
    np.testing.assert_array_equal(
        inferred.var["gene_scores_significant"][targets], expected.significant
    )


def test_constant_genes(inferred, kept_by_file):
    inferred.X[:, 1] = 1.0
    with pytest.warns(UndefinedMetricWarning, match="1 of 22 genes are constant in y_true"):
        skgenes.tl.gene_scores(inferred)
    assert np.isnan(inferred.var["gene_scores_pcc"].iloc[1])
    assert not inferred.var["gene_scores_significant"].iloc[1]
    record, pcc = inferred.uns["gene_scores"], inferred.var["gene_scores_pcc"]
    assert record["n_undefined"] == 1
    np.testing.assert_allclose(record["mean_pcc"], pcc.mean())
    kept_by_file(inferred)


def test_copies_views_and_files(inferred, same, kept_by_file):
    before, view = inferred.copy(), inferred[:60]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        changed = skgenes.tl.gene_scores(view, copy=True)
    with pytest.warns(UserWarning, match="adata is a view"):
        skgenes.tl.gene_scores(view)
    same(view, changed)
    same(inferred, before)
    read = kept_by_file(view)
    skgenes.tl.gene_scores(read, mask_var="variable")
    assert read.var["gene_scores_mae"].notna().sum() == 20


def taken(adata):
    adata.var["gene_scores_pcc"] = 1.0


def with_nan(adata):
    adata.layers["reconstructed"][2, 3] = np.nan


@pytest.mark.parametrize(
    ("options", "message", "spoil"),
    [
        ({"inferred": "no"}, "inferred='no' is not a layer.*'double', 'reconst.*reconstruct", None),
        ({"layer": "no"}, "no layer 'no'", None),
        ({"mask_var": "no"}, "mask_var='no' is not a column", None),
        ({"alpha": 2}, "alpha == 2", None),
        ({"method": "fast"}, "method must be 'exact' or 'sampled', got 'fast'", None),
        ({}, r"adata.var\['gene_scores_pcc'\] would be overwritten", taken),
        ({}, r"adata.layers\['reconstructed'\] contains NaN: 1 value.*'GENE3'", with_nan),
        ({"mask_var": np.arange(30) == 1}, "compares a gene with the others", None),
    ],
)
def test_a_failure_leaves_adata_alone(inferred, same, options, message, spoil):
    if spoil is not None:
        spoil(inferred)
    before = inferred.copy()
    with pytest.raises(ValueError, match=message):
        skgenes.tl.gene_scores(inferred, **options)
    same(inferred, before)


def test_not_an_anndata():
    with pytest.raises(TypeError, match="adata must be an AnnData, got NoneType"):
        skgenes.tl.gene_scores(None)
