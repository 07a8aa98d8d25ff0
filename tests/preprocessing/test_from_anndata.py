"""The way from AnnData into other libraries' pipelines."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.pipeline import make_pipeline

from skgenes.preprocessing import FromAnnData


@pytest.mark.parametrize("form", ["array", "frame", "anndata"])
def test_dense_numbers_come_out(forms, expression, form):
    out = FromAnnData().fit_transform(forms[form])
    assert isinstance(out, np.ndarray)
    assert out.dtype == np.float32
    np.testing.assert_array_equal(out, expression)


@pytest.mark.parametrize("form", ["csr", "csr_matrix", "anndata_csr", "layer"])
def test_sparse_numbers_stay_sparse(forms, expression, form):
    model = FromAnnData(layer="log" if form == "layer" else None)
    out = model.fit_transform(forms[form])
    assert sp.issparse(out)
    assert out.format == "csr"
    np.testing.assert_array_equal(out.toarray(), expression)


def test_frames_carry_names_and_rows(forms, genes):
    model = FromAnnData().set_output(transform="pandas")
    out = model.fit_transform(forms["anndata"])
    assert isinstance(out, pd.DataFrame)
    assert list(out.columns) == list(genes)
    assert list(model.get_feature_names_out()) == list(genes)
    pd.testing.assert_frame_equal(model.fit_transform(forms["frame"]), forms["frame"])


@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
def test_in_front_of_other_libraries(forms, expression):
    pipeline = make_pipeline(FromAnnData(), PCA(2, svd_solver="full"))
    found = pipeline.fit_transform(forms["anndata"])
    np.testing.assert_allclose(
        found, PCA(2, svd_solver="full").fit_transform(expression), rtol=1e-5
    )
    sparse = make_pipeline(FromAnnData(layer="log"), TruncatedSVD(2, random_state=0))
    assert sparse.fit(forms["layer"]).transform(forms["layer"][:7]).shape == (7, 2)
    with pytest.raises(ValueError, match="29 features"):
        pipeline.transform(forms["array"][:, :29])
