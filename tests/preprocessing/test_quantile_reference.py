"""The reference of data that come in chunks."""

import anndata
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from skgenes.preprocessing import QuantileNormalizer, quantile_reference


@pytest.mark.parametrize("n_rows", [1, 7, 90])
@pytest.mark.parametrize("form", ["array", "frame", "csr", "csr_matrix", "anndata", "anndata_csr"])
def test_the_same_to_the_last_bit_however_cut(forms, expression, form, n_rows):
    X = forms[form]
    rows = [slice(start, start + n_rows) for start in range(0, 90, n_rows)]
    found = quantile_reference((X.iloc[r] if form == "frame" else X[r]) for r in rows)
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, QuantileNormalizer().fit(expression).reference_)


def test_for_data_larger_than_memory(expression):
    chunks = np.array_split(expression, 4)
    normalizer = QuantileNormalizer(reference=quantile_reference(chunks)).fit(chunks[0])
    found = np.concatenate([normalizer.transform(chunk) for chunk in chunks])
    np.testing.assert_array_equal(found, QuantileNormalizer().fit_transform(expression))


@pytest.mark.parametrize("form", ["array", "frame", "csr"])
def test_a_matrix_is_no_iterable_of_matrices(forms, form):
    with pytest.raises(TypeError, match=r"got one \w+ of shape \(90, 30\)\. Pass \[X\]"):
        quantile_reference(forms[form])


def test_no_samples():
    with pytest.raises(ValueError, match="chunks has no samples; pass at least one matrix"):
        quantile_reference([])
    with pytest.raises(ValueError, match=r"0 sample\(s\)"):
        quantile_reference([np.eye(3), np.empty((0, 3))])


def test_one_gene_has_no_order():
    with pytest.raises(ValueError, match=r"1 feature\(s\).*minimum of 2"):
        quantile_reference([np.ones((3, 1))])


def test_chunks_of_other_genes():
    frame = pd.DataFrame(np.eye(3), index=list("abc"), columns=["TP53", "MYC", "CD4"])
    with pytest.raises(ValueError, match=r"1 gene\(s\) are new \('CD8A'\); 1 gene\(s\) missing"):
        quantile_reference([frame, frame.rename(columns={"CD4": "CD8A"})])
    with pytest.raises(ValueError, match="3 genes are there in another order"):
        quantile_reference([frame, anndata.AnnData(frame[["MYC", "TP53", "CD4"]])])
    with pytest.raises(ValueError, match="X has 2 features"):
        quantile_reference([np.eye(3), sp.csr_array(np.eye(2))])


def test_values_that_are_not_finite():
    with pytest.raises(ValueError, match=r"X contains NaN: 1 value\(s\)"):
        quantile_reference([np.eye(3), np.full((1, 3), [0.0, np.nan, 1.0])])


def test_samples_with_one_value_are_counted_over_all_chunks():
    chunks = [np.eye(3), np.array([[0.0, 0.0, 0.0], [0.0, 1.0, 2.0], [5.0, 5.0, 5.0]])]
    match = r"2 sample\(s\) have one value for all genes \(rows 3, 5\): they count in the reference"
    with pytest.warns(UserWarning, match=match):
        reference = quantile_reference(chunks)
    np.testing.assert_allclose(reference, np.sort(np.concatenate(chunks)).mean(axis=0))
