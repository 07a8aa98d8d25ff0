"""Data of another platform in the form of the training data."""

import pickle
import warnings

import anndata
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline

from skgenes.preprocessing import GeneAligner

GENES = ["ENSG00000141510.1", "MYC", "CD4", "ACTB"]
OTHERS = ["CD8", "ACTB", "ENSG00000141510.12", "CD4", "c-Myc"]
ALIASES = {"c-Myc": "MYC"}


@pytest.fixture
def train():
    return pd.DataFrame(np.random.default_rng(0).normal(8, 1, (6, 4)), columns=GENES)


@pytest.fixture
def new():
    values = np.random.default_rng(1).normal(8, 1, (3, 5))
    return pd.DataFrame(values, columns=OTHERS, index=list("abc"))


def in_form(frame, form):
    variables = pd.DataFrame(index=list(frame.columns))
    if form == "anndata":
        return anndata.AnnData(frame.to_numpy(), var=variables)
    if form.startswith("anndata"):
        matrix = {"csr": sp.csr_matrix, "csc": sp.csc_array}[form.split("_")[1]]
        return anndata.AnnData(matrix(frame.to_numpy()), var=variables)
    return frame


@pytest.mark.parametrize("form", [np.asarray, sp.csr_array, sp.csr_matrix])
def test_means_of_many_samples_in_float32(form):
    X = form(np.full((100_000, 1), 16777.217, dtype=np.float32))
    np.testing.assert_allclose(GeneAligner().fit(X).mean_, np.float32(16777.217), rtol=1e-12)


def dense(matrix):
    return matrix.toarray() if sp.issparse(matrix) else matrix


@pytest.mark.parametrize("form", ["frame", "anndata", "anndata_csr", "anndata_csc"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_genes_in_order(train, new, form, dtype):
    model = GeneAligner(mapping=ALIASES).fit(train)
    new = new.astype(dtype)
    out = model.transform(in_form(new, form))
    assert out.dtype == dtype
    assert sp.issparse(out) == ("cs" in form)
    columns = ["ENSG00000141510.12", "c-Myc", "CD4", "ACTB"]
    np.testing.assert_array_equal(dense(out), new[columns])
    assert list(model.match(in_form(new, form)).table["gene"]) == columns
    np.testing.assert_array_equal(model.transform(train), train)


@pytest.mark.parametrize("form", ["frame", "anndata", "anndata_csr", "anndata_csc"])
def test_missing_genes(train, new, form):
    X = in_form(new, form)
    said = r"1 of 4 training genes are not in X or match ambiguously \(0 of them\): 'MYC'\."
    with pytest.raises(ValueError, match=rf"{said} Pass missing='mean' .*match\(X\)\.summary"):
        GeneAligner().fit(train).transform(X)
    model = GeneAligner(missing="mean").fit(train)
    np.testing.assert_allclose(model.mean_, train.mean(), rtol=1e-15)
    with pytest.warns(UserWarning, match=rf"{said} They are filled") as caught:
        out = model.transform(X)
    assert caught[0].filename == __file__
    assert sp.issparse(out) == ("cs" in form)
    expected = new[["ENSG00000141510.12", "CD4", "CD4", "ACTB"]].to_numpy(copy=True)
    expected[:, 1] = train["MYC"].mean()
    np.testing.assert_array_equal(dense(out), expected)


def test_ambiguous_genes_count_as_missing(train, new):
    both = new.assign(**{"ENSG00000141510.3": 1.0})
    said = r"2 of 4 .* \(1 of them\): 'ENSG00000141510\.1', 'MYC'"
    with pytest.raises(ValueError, match=said):
        GeneAligner().fit(train).transform(both)
    with pytest.warns(UserWarning, match=said):
        out = GeneAligner(missing="mean").fit(train).transform(both)
    np.testing.assert_allclose(out[:, 0], train.iloc[:, 0].mean())


@pytest.mark.filterwarnings("ignore:Variable names are not unique")
def test_names_that_occur_twice(train, new):
    """Only where they matter."""
    new.columns = ["CD8", "ACTB", "ENSG00000141510.12", "CD4", "CD8"]
    extra = new.assign(MYC=1.0)
    out = GeneAligner().fit(train).transform(extra)
    np.testing.assert_array_equal(out, extra[["ENSG00000141510.12", "MYC", "CD4", "ACTB"]])
    extra.columns = ["ACTB", *extra.columns[1:]]
    with pytest.raises(ValueError, match=r"1 of 4 .* \(1 of them\): 'ACTB'"):
        GeneAligner().fit(train).transform(extra)


def test_nothing_in_common(train):
    X = pd.DataFrame(np.ones((2, 2)), columns=["Q1", "Q2"])
    for missing in ("error", "mean"):
        with pytest.raises(ValueError, match=r"4 of 4 training genes.*Pass a mapping between"):
            GeneAligner(missing=missing).fit(train).transform(X)


def test_values_of_other_genes_are_not_looked_at(train, new):
    model = GeneAligner(mapping=ALIASES).fit(train)
    model.transform(new.assign(CD8=np.nan, CD9="text"))
    with pytest.raises(ValueError, match=r"NaN.*\('c-Myc'\)"):
        model.transform(new.assign(**{"c-Myc": [0.0, np.nan, 1.0]}))


def test_data_without_names(train, new):
    values = train.to_numpy()
    model = GeneAligner().fit(values)
    np.testing.assert_array_equal(model.transform(values), values)
    with pytest.raises(ValueError, match="5 features, but GeneAligner is expecting 4"):
        model.transform(new.to_numpy())
    with pytest.raises(ValueError, match=r"the training data had no names\. Pass a DataFrame"):
        model.match(train)
    with pytest.raises(ValueError, match=r"X had no names\. Pass a DataFrame"):
        GeneAligner().fit(train).match(values)
    with pytest.raises(NotFittedError):
        GeneAligner().transform(values)
    with pytest.raises(NotFittedError):
        GeneAligner().match(train)


def test_layers(train, new):
    cells = in_form(new * 0, "anndata")
    cells.layers["log"] = new.to_numpy()
    model = GeneAligner(mapping=ALIASES, layer="log").fit(train)
    expected = GeneAligner(mapping=ALIASES).fit(train).transform(new)
    np.testing.assert_array_equal(model.transform(cells), expected)
    with pytest.raises(ValueError, match="no layer 'log'"):
        model.transform(in_form(new, "anndata"))


def test_in_a_pipeline(train, new):
    """A model of one platform predicts from another."""
    pipeline = make_pipeline(GeneAligner(mapping=ALIASES), LinearRegression())
    pipeline.set_output(transform="pandas")
    pipeline.fit(train, train["MYC"] - train["CD4"])
    with warnings.catch_warnings(action="error"):
        found = pipeline.predict(new)
    np.testing.assert_allclose(found, new["c-Myc"] - new["CD4"], rtol=1e-10)
    out = pipeline[0].transform(new)
    assert list(out.columns) == GENES
    assert list(out.index) == list("abc")


def test_transform_leaves_nothing_behind(train, new):
    model = GeneAligner(mapping=ALIASES).fit(train)
    before, data = pickle.dumps(model), new.copy()
    model.transform(new)
    assert pickle.dumps(model) == before
    pd.testing.assert_frame_equal(new, data)


@pytest.mark.parametrize(("name", "value"), [("mapping", "a"), ("missing", "zero"), ("layer", 3)])
def test_params_of_the_wrong_kind(train, name, value):
    with pytest.raises(ValueError, match=f"'{name}' parameter of GeneAligner"):
        GeneAligner(**{name: value}).fit(train)
