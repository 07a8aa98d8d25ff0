"""Fold changes from the median over tissues: values, the way back, and the authors' own targets."""

import anndata
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.compose import TransformedTargetRegressor
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skgenes.metrics import spearman_scorer
from skgenes.preprocessing import FoldChangeTransformer, Log2Transformer
from skgenes.preprocessing._fold_change import spread

TISSUES = ["lung", "liver", "skin", "brain", "heart"]


@pytest.fixture(scope="module")
def tpm():
    """Expression of 80 genes in 5 tissues, with zeros."""
    rng = np.random.default_rng(0)
    values = rng.gamma(0.5, 40, size=(80, 5)) * rng.gamma(1, 1, size=(80, 1))
    values[rng.random(values.shape) < 0.1] = 0
    return values


def test_values():
    X = np.array([[3.75, 0.75, 15.75], [0.0, 7.75, 1.75]])
    expected = [[0, -2, 2, 2], [-3, 2, 0, 1]]
    np.testing.assert_array_equal(FoldChangeTransformer(scale=False).fit_transform(X), expected)
    # An even number of tissues: the median of 1, 2, 4, 8 is 3.
    X = 2.0 ** np.array([[8, 1, 4, 2]]) - 1
    np.testing.assert_array_equal(
        FoldChangeTransformer(1, scale=False).fit_transform(X), [[5, -2, 1, -1, 3]]
    )


def test_the_median_is_that_of_logarithms():
    X = np.array([[0.0, 4.0]])
    model = FoldChangeTransformer(1, scale=False).fit(X)
    assert model.transform(X)[0, -1] == pytest.approx(np.log2(5) / 2)
    assert model.transform(X)[0, -1] != pytest.approx(np.log2(3))


def test_scales_are_of_the_training_genes(tpm):
    train, test = tpm[:50], tpm[50:]
    plain = FoldChangeTransformer(scale=False).fit(train)
    model = FoldChangeTransformer().fit(train)
    raw = plain.transform(train)
    assert model.fold_change_scale_ == pytest.approx(np.std(raw[:, :-1]))
    assert model.median_scale_ == pytest.approx(np.std(raw[:, -1]))
    assert type(model.fold_change_scale_) is type(model.median_scale_) is float
    assert plain.fold_change_scale_ == plain.median_scale_ == 1
    scales = [model.fold_change_scale_] * 5 + [model.median_scale_]
    np.testing.assert_allclose(model.transform(test), plain.transform(test) / scales)
    out = model.transform(train)
    assert out[:, :-1].std() == pytest.approx(1)
    assert out[:, -1].std() == pytest.approx(1)
    # One scale for all tissues, and no centre.
    assert np.ptp(out[:, :-1].std(axis=0)) > 0.05
    np.testing.assert_array_equal(np.median(out[:, :-1], axis=1), 0)


@pytest.mark.parametrize("value", [0.1, 3.0])
def test_what_is_all_the_same_is_not_scaled(value):
    model = FoldChangeTransformer().fit(np.full((7, 4), value))
    assert model.fold_change_scale_ == model.median_scale_ == 1
    assert spread(np.full(1000, 0.1)) == 1
    # One tissue is its own median.
    out = FoldChangeTransformer().fit_transform(np.arange(5.0)[:, np.newaxis])
    np.testing.assert_array_equal(out[:, 0], 0)
    assert out[:, 1].std() == pytest.approx(1)


@pytest.mark.parametrize("scale", [True, False])
@pytest.mark.parametrize("n_tissues", [1, 4, 5])
@pytest.mark.parametrize("offset", [0.25, 1, np.float64(0.01)])
def test_round_trip(tpm, offset, n_tissues, scale):
    X = tpm[:, :n_tissues]
    model = FoldChangeTransformer(offset, scale=scale).fit(X)
    back = model.inverse_transform(model.transform(X))
    np.testing.assert_allclose(back, X, rtol=1e-12, atol=1e-13)
    assert (back >= 0).all()


@given(X=arrays(np.float64, (4, 3), elements=st.floats(0, 1e6)), offset=st.floats(1e-3, 10))
def test_round_trip_of_any_expression(X, offset):
    model = FoldChangeTransformer(offset).fit(X)
    back = model.inverse_transform(model.transform(X))
    np.testing.assert_allclose(back, X, rtol=1e-11, atol=1e-11 * max(1, offset))


def test_logarithms_as_input(tpm):
    logs = np.log2(tpm + 0.25)
    expected = FoldChangeTransformer().fit(tpm)
    model = FoldChangeTransformer(input_scale="log2").fit(logs)
    np.testing.assert_array_equal(model.transform(logs), expected.transform(tpm))
    back = model.inverse_transform(model.transform(logs))
    np.testing.assert_allclose(back, logs, atol=1e-13)
    after = make_pipeline(Log2Transformer(0.25), FoldChangeTransformer(input_scale="log2"))
    np.testing.assert_array_equal(after.fit_transform(tpm), expected.transform(tpm))
    np.testing.assert_allclose(after.inverse_transform(after.transform(tpm)), tpm, atol=1e-10)


def test_predictions_need_not_be_consistent():
    model = FoldChangeTransformer(scale=False).fit([[1.0, 2.0]])
    # Fold changes whose median is 1, around 2 ** 3; and less than no expression.
    np.testing.assert_allclose(model.inverse_transform([[0, 2, 3]]), [[7.75, 31.75]])
    np.testing.assert_array_equal(model.inverse_transform([[-5.0, 1.0, -1.0]]), [[0, 0.75]])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtype_stays(tpm, dtype):
    X = tpm.astype(dtype)
    before = X.copy()
    model = FoldChangeTransformer(np.float64(0.25)).fit(X)
    out = model.transform(X)
    back = model.inverse_transform(out)
    assert out.dtype == back.dtype == dtype
    np.testing.assert_allclose(back, tpm, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(X, before)
    np.testing.assert_allclose(out, FoldChangeTransformer().fit_transform(tpm), atol=1e-5)


@pytest.mark.parametrize("form", ["array", "frame", "csr", "csr_matrix", "anndata", "anndata_csr"])
def test_every_form_of_input(forms, expression, form):
    model = FoldChangeTransformer().fit(forms[form])
    out = model.transform(forms[form])
    assert isinstance(out, np.ndarray)
    np.testing.assert_array_equal(out, FoldChangeTransformer().fit_transform(expression))
    back = model.inverse_transform(sp.csr_array(out))
    np.testing.assert_array_equal(back, model.inverse_transform(out))


def test_layer_and_transposed_anndata(forms, expression):
    out = FoldChangeTransformer(layer="log").fit_transform(forms["layer"])
    np.testing.assert_array_equal(out, FoldChangeTransformer().fit_transform(expression))
    tissues = anndata.AnnData(
        expression[:5], obs=pd.DataFrame(index=TISSUES), var=forms["anndata"].var
    )
    model = FoldChangeTransformer().set_output(transform="pandas").fit(tissues.T)
    assert list(model.transform(tissues.T).columns) == [*TISSUES, "median"]
    assert len(model.transform(tissues.T)) == expression.shape[1]


def test_names(tpm):
    frame = pd.DataFrame(tpm, columns=TISSUES, index=[f"GENE{i}" for i in range(80)])
    model = FoldChangeTransformer().set_output(transform="pandas").fit(frame)
    out = model.transform(frame)
    assert list(out.columns) == list(model.get_feature_names_out()) == [*TISSUES, "median"]
    assert list(out.index) == list(frame.index)
    assert model.get_feature_names_out().dtype == object
    unnamed = FoldChangeTransformer().fit(tpm[:, :2])
    assert list(unnamed.get_feature_names_out()) == ["x0", "x1", "median"]
    assert list(unnamed.get_feature_names_out(["a", "b"])) == ["a", "b", "median"]
    with pytest.raises(ValueError, match=r"X has a column 'median', which is what the last"):
        FoldChangeTransformer().fit(frame.rename(columns={"skin": "median"}))


def test_inside_a_pipeline(tpm):
    model = make_pipeline(FoldChangeTransformer(), StandardScaler())
    out = model.fit_transform(tpm)
    np.testing.assert_allclose(out.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(model.inverse_transform(out), tpm, rtol=1e-10, atol=1e-10)


def test_as_the_targets_of_a_regressor(tpm):
    rng = np.random.default_rng(1)
    sites = np.log2(tpm + 1) @ rng.normal(size=(5, 12)) + rng.normal(size=(80, 12))
    model = TransformedTargetRegressor(LinearRegression(), transformer=FoldChangeTransformer())
    predicted = model.fit(sites, tpm).predict(sites)
    assert predicted.shape == tpm.shape
    assert model.regressor_.coef_.shape == (6, 12)
    by_hand = FoldChangeTransformer().fit(tpm)
    inner = LinearRegression().fit(sites, by_hand.transform(tpm))
    np.testing.assert_allclose(predicted, by_hand.inverse_transform(inner.predict(sites)))
    assert spearman_scorer(model, sites, tpm) > 0.5
    assert np.isfinite(cross_val_score(model, sites, tpm, scoring=spearman_scorer)).all()
    # Exact predictions of the targets are exact predictions of expression; y of one column is flat.
    exact = TransformedTargetRegressor(
        LinearRegression(), transformer=FoldChangeTransformer(scale=False)
    )
    for y in (tpm, tpm[:, 0]):
        targets = FoldChangeTransformer(scale=False).fit_transform(y.reshape(80, -1))
        np.testing.assert_allclose(exact.fit(targets, y).predict(targets), y, rtol=1e-8, atol=1e-8)


def test_negative_values_are_named(tpm):
    X = tpm.copy()
    X[3, 1] = X[7, 1] = -0.1
    X[7, 4] = -12.5
    match = (
        r"Negative values in data: log2\(x \+ 0\.25\) of expression is not defined for 3 "
        r"value\(s\) in 2 column\(s\) \({}\) and 2 row\(s\) \(3, 7\); the smallest is -12\.5\. "
        r'Pass expression that is not, or input_scale="log2" for logarithms'
    )
    with pytest.raises(ValueError, match=match.format("1, 4")):
        FoldChangeTransformer().fit(X)
    with pytest.raises(ValueError, match=match.format("1, 4")):
        FoldChangeTransformer().fit(tpm).transform(X)
    with pytest.raises(ValueError, match=match.format("'liver', 'heart'")):
        FoldChangeTransformer().fit(pd.DataFrame(X, columns=TISSUES))
    assert np.isfinite(FoldChangeTransformer(input_scale="log2").fit_transform(X)).all()


def test_zeros_without_an_offset():
    match = r"Zeros in data: log2\(x \+ 0\) .* 1 value\(s\) in 1 column\(s\) \(1\) and 1 row\(s\) "
    with pytest.raises(ValueError, match=match + r"\(0\); the smallest is 0\.0\. Pass an offset"):
        FoldChangeTransformer(0).fit([[1.0, 0.0]])
    X = np.array([[1.0, 2.0], [4.0, 0.5]])
    model = FoldChangeTransformer(0).fit(X)
    np.testing.assert_allclose(model.inverse_transform(model.transform(X)), X, rtol=1e-13)


def test_inverse_of_what_cannot_be():
    model = FoldChangeTransformer(scale=False).fit([[1.0, 2.0]])
    with pytest.raises(ValueError, match=r"X has 2 columns, .* expecting 3: 2 fold changes and"):
        model.inverse_transform([[1.0, 2.0]])
    with pytest.raises(ValueError, match=r"too large for float64 for 1 of 2 value.*is 1024\.0\. P"):
        model.inverse_transform([[1020.0, 1.0, 4.0]])
    with pytest.raises(ValueError, match="X contains NaN"):
        model.inverse_transform([[np.nan, 1.0, 4.0]])


@pytest.mark.parametrize(
    "params", [{"offset": -1}, {"offset": np.inf}, {"input_scale": "log10"}, {"scale": "both"}]
)
def test_parameters_that_cannot_be(params):
    (name,) = params
    with pytest.raises(ValueError, match=f"'{name}' parameter of FoldChangeTransformer must be"):
        FoldChangeTransformer(**params).fit([[1.0]])


def test_unfitted():
    for method in ("transform", "inverse_transform", "get_feature_names_out"):
        with pytest.raises(NotFittedError):
            getattr(FoldChangeTransformer(), method)([[1.0]])


# Real targets -------------------------------------------------------------------------------------


def test_targets_of_decode_genome(real_data):
    folder = real_data / "decode_genome"
    built = np.load(folder / "built_index_targets.npz")
    table = pd.read_csv(folder / "hpa_gtex_tpm_20kx36.tsv.gz", sep="\t", index_col=0)
    tpm = table.loc[built["gene"], built["tissues"]]
    assert tpm.max(axis=1).min() > 2
    targets = FoldChangeTransformer(scale=False).fit_transform(tpm)
    # The file holds float32.
    np.testing.assert_allclose(targets[:, :-1], built["fold_change"], rtol=2e-7, atol=1e-6)
    np.testing.assert_allclose(targets[:, -1], built["median_log2tpm"], rtol=2e-7, atol=1e-6)
    train = built["split"] == "train"
    model = FoldChangeTransformer().fit(tpm[train])
    assert model.fold_change_scale_ == pytest.approx(
        built["fold_change"][train].std(dtype=np.float64), rel=1e-6
    )
    assert model.median_scale_ == pytest.approx(
        built["median_log2tpm"][train].std(dtype=np.float64), rel=1e-6
    )
    np.testing.assert_allclose(
        model.inverse_transform(model.transform(tpm)), tpm, rtol=1e-11, atol=1e-12
    )


def test_targets_of_the_authors_toy(real_data):
    folder = real_data / "decode_toy"
    logs = pd.read_csv(folder / "Transcriptome" / "expdata.txt.gz", sep="\t", index_col=0)
    split = pd.read_csv(folder / "Gene_splits" / "train.txt.gz", header=None)[0]
    # log2(TPM + 0.25): nothing is below -2, but for the rounding of the file.
    assert logs.to_numpy().min() == pytest.approx(-2, abs=1e-6)
    model = FoldChangeTransformer(input_scale="log2").fit(logs.loc[split])
    # The scaling of the authors' program, written out: pandas' deviation has n - 1.
    fold_changes = logs.sub(logs.median(axis=1), axis=0)
    expected = fold_changes / fold_changes.loc[split].to_numpy().std()
    expected["median"] = logs.median(axis=1) / logs.loc[split].median(axis=1).std()
    out = model.set_output(transform="pandas").transform(logs)
    pd.testing.assert_frame_equal(out.iloc[:, :-1], expected.iloc[:, :-1], rtol=1e-12)
    n = len(split)
    np.testing.assert_allclose(out["median"], expected["median"] * np.sqrt(n / (n - 1)))
    np.testing.assert_allclose(model.inverse_transform(out), logs, atol=1e-13)


def test_a_function_of_scikit_learn_agrees(tpm):
    plain = FunctionTransformer(
        lambda X: (logs := np.log2(X + 0.25)) - np.median(logs, axis=1, keepdims=True)
    )
    ours = FoldChangeTransformer(scale=False).fit_transform(tpm)
    np.testing.assert_array_equal(plain.fit_transform(tpm), ours[:, :-1])
