"""Logarithms: values, forms, and numbers that have none."""

import anndata
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.exceptions import NotFittedError
from sklearn.preprocessing import FunctionTransformer

from skgenes.preprocessing import Log2Transformer


@pytest.fixture(scope="module")
def counts():
    rng = np.random.default_rng(0)
    return rng.poisson(rng.gamma(0.3, 9, size=30), size=(90, 30)).astype(float)


def test_values():
    X = np.array([[0.0, 1.0, 7.0], [3.0, 0.5, 15.0]])
    np.testing.assert_array_equal(
        Log2Transformer().fit_transform(X), [[0, 1, 3], [2, np.log2(1.5), 4]]
    )
    np.testing.assert_array_equal(
        Log2Transformer(offset=0, floor=1).fit_transform(X),
        [[0, 0, np.log2(7)], [np.log2(3), 0, np.log2(15)]],
    )
    np.testing.assert_array_equal(
        Log2Transformer(offset=1, floor=3).fit_transform(X), [[2, 2, 3], [2, 2, 4]]
    )
    np.testing.assert_array_equal(Log2Transformer(8, floor=-4).fit_transform([[-9, 0]]), [[2, 3]])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("offset", [0.25, np.float64(0.25), 1])
@pytest.mark.parametrize("floor", [None, 0.5, np.float64(0.5)])
def test_dtype_stays(counts, dtype, offset, floor):
    model = Log2Transformer(offset, floor=floor)
    X = counts.astype(dtype)
    out = model.fit_transform(X)
    assert out.dtype == model.inverse_transform(out).dtype == dtype
    expected = np.log2(np.maximum(counts, -1 if floor is None else 0.5) + float(offset))
    np.testing.assert_allclose(out, expected, rtol=1e-6, atol=1e-7)
    np.testing.assert_array_equal(X, counts)


@pytest.mark.parametrize("form", ["array", "frame", "anndata"])
def test_dense_forms(forms, expression, form):
    out = Log2Transformer().fit_transform(forms[form])
    assert isinstance(out, np.ndarray)
    np.testing.assert_array_equal(out, np.log2(expression + np.float32(1)))


@pytest.mark.parametrize("form", ["csr", "csr_matrix", "anndata_csr", "layer"])
@pytest.mark.parametrize("params", [{}, {"offset": 0, "floor": 1}, {"floor": -0.5}])
def test_sparse_stays_sparse_where_zeros_stay_zero(forms, expression, form, params):
    X = forms[form]
    before = X.copy()
    model = Log2Transformer(layer="log" if form == "layer" else None, **params)
    out = model.fit_transform(X)
    assert sp.issparse(out)
    assert out.dtype == np.float32
    expected = Log2Transformer(**params).fit_transform(expression)
    np.testing.assert_array_equal(out.toarray(), expected)
    matrix, matrix_before = getattr(X, "X", X), getattr(before, "X", before)
    assert abs(matrix - matrix_before).max(axis=None) == 0


@pytest.mark.parametrize("params", [{"offset": 0.25}, {"offset": 0, "floor": 0.5}, {"floor": 1}])
def test_sparse_is_refused_where_zeros_would_change(forms, params):
    model = Log2Transformer(**params)
    match = r"zeros would not stay zero\. Use offset=1 and floor=None, or make X dense: X\.toarray"
    with pytest.raises(ValueError, match=match):
        model.fit_transform(forms["csr"])


def test_two_entries_at_one_place_are_one_number():
    X = sp.csr_array((np.array([3.0, 4.0, 1.0]), np.array([1, 1, 0]), np.array([0, 2, 3])))
    assert X.nnz == 3
    np.testing.assert_array_equal(Log2Transformer().fit_transform(X).toarray(), [[0, 3], [1, 0]])
    assert X.nnz == 3
    below = sp.csr_array((np.array([-3.0, 4.0]), np.array([1, 1]), np.array([0, 2])), shape=(1, 2))
    np.testing.assert_array_equal(Log2Transformer().fit_transform(below).toarray(), [[0, 1]])


@pytest.mark.parametrize("container", [np.asarray, sp.csr_array])
def test_round_trip(counts, container):
    model = Log2Transformer()
    X = container(counts)
    back = model.inverse_transform(model.fit_transform(X))
    assert sp.issparse(back) == sp.issparse(X)
    np.testing.assert_allclose(back.toarray() if sp.issparse(X) else back, counts, atol=1e-11)


def test_inverse_gives_the_floor_back():
    model = Log2Transformer(offset=0, floor=2).fit([[1.0, 8.0]])
    np.testing.assert_array_equal(model.inverse_transform(model.transform([[1.0, 8.0]])), [[2, 8]])


def test_inverse_of_sparse_needs_offset_1():
    X = sp.csr_array([[0.0, 8.0]])
    model = Log2Transformer(offset=0, floor=1).fit(X)
    with pytest.raises(ValueError, match=r"zeros would not stay zero\. Use offset=1, or make"):
        model.inverse_transform(model.transform(X))


def test_inverse_takes_frames_and_warns_of_no_names(forms, genes):
    model = Log2Transformer().fit(forms["frame"])
    logged = model.transform(forms["frame"])
    back = model.inverse_transform(logged)
    np.testing.assert_array_equal(
        model.inverse_transform(pd.DataFrame(logged, columns=genes)), back
    )


def test_inverse_of_another_number_of_genes():
    with pytest.raises(ValueError, match=r"X has 2 features, but Log2Transformer is expecting 3"):
        Log2Transformer().fit([[1, 2, 3]]).inverse_transform([[1, 2]])


def test_inverse_of_linear_values():
    model = Log2Transformer().fit(pd.DataFrame([[1.0, 2.0]], columns=["TP53", "MYC"]))
    match = r"too large for float32 for 1 value\(s\) in 1 gene\(s\) \('MYC'\) and 1 row\(s\) \(0\);"
    with pytest.raises(ValueError, match=match + r" the largest is 128\.0\. Pass logarithms"):
        model.inverse_transform(np.array([[127.0, 128.0]], dtype=np.float32))
    with pytest.raises(ValueError, match="too large for float64"):
        model.inverse_transform(sp.csr_array([[0.0, 1024.0]]))
    assert np.isfinite(model.inverse_transform([[1023.0, 1.0]])).all()


def spoiled(form, names):
    X = np.ones((9, 6))
    X[3, 1] = X[7, 1] = -1.0
    X[7, 4] = -12.5
    return {
        "array": lambda: X,
        "frame": lambda: pd.DataFrame(X, columns=names),
        "csr": lambda: sp.csr_array(X),
        "anndata_csr": lambda: anndata.AnnData(
            sp.csr_matrix(X), var=pd.DataFrame(index=pd.Index(names))
        ),
    }[form]()


@pytest.mark.parametrize("form", ["array", "frame", "csr", "anndata_csr"])
def test_numbers_without_a_logarithm_are_named(form, genes):
    X = spoiled(form, genes[:6])
    which = "'GENE1', 'GENE4'" if form in ("frame", "anndata_csr") else "1, 4"
    match = (
        r"Negative values in data: log2\(x \+ 1\.0\) is not a number for 3 value\(s\) in 2 "
        rf"gene\(s\) \({which}\) and 2 row\(s\) \(3, 7\); the smallest is -12\.5\. Raise small "
        r"values with floor=.*, or pass an offset above 12\.5"
    )
    with pytest.raises(ValueError, match=match):
        Log2Transformer().fit(X)
    with pytest.raises(ValueError, match=match):
        Log2Transformer().fit(abs(X) if form != "anndata_csr" else _positive(X)).transform(X)


def _positive(X):
    X = X.copy()
    X.X = abs(X.X)
    return X


def test_zeros_without_an_offset():
    match = r"Zeros in data: log2\(x \+ 0\) is not a number for 1 value\(s\) in 1 gene\(s\) \(1\)"
    with pytest.raises(ValueError, match=match):
        Log2Transformer(offset=0).fit_transform([[1.0, 0.0]])
    with pytest.raises(ValueError, match=r"or pass an offset above 0\.0\.$"):
        Log2Transformer(offset=0).fit([[1.0, 0.0]])
    with pytest.raises(ValueError, match="X is sparse, but its zeros would not stay zero"):
        Log2Transformer(offset=0).fit(sp.csr_array([[1.0, 0.0]]))


def test_what_the_message_says_helps():
    X = np.array([[-12.5, 0.0, 3.0]])
    assert np.isfinite(Log2Transformer(offset=12.6).fit_transform(X)).all()
    assert np.isfinite(Log2Transformer(offset=0, floor=1).fit_transform(X)).all()


def test_values_between_minus_the_offset_and_zero_have_a_logarithm():
    np.testing.assert_array_equal(Log2Transformer().fit_transform([[-0.5]]), [[-1]])


def test_rounding_to_zero_in_float32_is_refused():
    X = np.array([[1e-9 - 1]], dtype=np.float32)
    with pytest.raises(ValueError, match="not a number"):
        Log2Transformer().fit(X)
    with pytest.raises(ValueError, match="not a number"):
        Log2Transformer(floor=1e-9 - 1).fit(X)


@pytest.mark.parametrize("floor", [-1, -3.5])
def test_floors_without_a_logarithm(floor):
    match = rf"floor \+ offset must be positive to have a logarithm, got {floor} \+ 1\.0\. For"
    with pytest.raises(ValueError, match=match):
        Log2Transformer(floor=floor).fit([[1.0]])


@pytest.mark.parametrize(
    "params",
    [
        {"offset": -1},
        {"offset": np.nan},
        {"offset": np.inf},
        {"floor": np.nan},
        {"floor": np.inf},
        {"floor": "1"},
    ],
)
def test_parameters_that_cannot_be(params):
    (name,) = params
    with pytest.raises(ValueError, match=f"'{name}' parameter of Log2Transformer must be"):
        Log2Transformer(**params).fit([[1.0]])


def test_nan_is_refused():
    with pytest.raises(ValueError, match=r"X contains NaN: 1 value\(s\)"):
        Log2Transformer(floor=1).fit([[1.0, np.nan]])


def test_names_go_through(forms, genes):
    model = Log2Transformer().set_output(transform="pandas")
    out = model.fit_transform(forms["frame"])
    assert list(out.columns) == list(genes) == list(model.get_feature_names_out())
    with pytest.raises(ValueError, match=r"1 gene\(s\) missing \('GENE0'\)"):
        model.transform(forms["frame"].iloc[:, 1:])


def test_as_a_function_transformer(counts):
    plain = FunctionTransformer(lambda X: np.log2(X + 1)).fit_transform(counts)
    np.testing.assert_array_equal(Log2Transformer().fit_transform(counts), plain)


def test_unfitted():
    with pytest.raises(NotFittedError):
        Log2Transformer().transform([[1.0]])
    with pytest.raises(NotFittedError):
        Log2Transformer().inverse_transform([[1.0]])


def test_microarrays_with_negative_values(real_data):
    file = np.load(real_data / "bulk" / "lung_gordon2002_hgu95av2_181x12533.npz")
    X = pd.DataFrame(file["X"], columns=file["probes"])
    n_bad = int((file["X"] <= -1).sum())
    with pytest.raises(ValueError, match=rf"is not a number for {n_bad} value\(s\) in \d+ gene"):
        Log2Transformer().fit(X)
    out = Log2Transformer(offset=0, floor=1).fit_transform(X)
    np.testing.assert_allclose(out, np.log2(np.maximum(file["X"], 1)), rtol=1e-6)
    assert (out[file["X"] <= 1] == 0).all()
