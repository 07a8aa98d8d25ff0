"""What is saved comes back: every class of the list, and every value that can be encoded."""

import json
import warnings
import zipfile
from dataclasses import fields, is_dataclass, replace

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from safetensors.numpy import load as load_tensors
from sklearn.base import BaseEstimator, clone
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_selection import (
    SelectFromModel,
    SelectKBest,
    VarianceThreshold,
    f_regression,
)
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import (
    LinearRegression,
    MultiTaskElasticNet,
    MultiTaskLasso,
    Ridge,
    RidgeCV,
)
from sklearn.neighbors import KNeighborsRegressor
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

import skgenes
from skgenes.compose import LandmarkReconstructor
from skgenes.decomposition import SIVAE
from skgenes.feature_extraction import RegulatorFilter, RegulatorScaler
from skgenes.feature_selection import (
    AutoEncoderDeepLIFTSelector,
    GivenPanelSelector,
    GreedyPanelSelector,
    PeelOffSelector,
)
from skgenes.linear_model import PanelRidge
from skgenes.networks import (
    DenseLayer,
    DenseNetwork,
    Scaling,
    initial_branched_network,
)
from skgenes.neural_network import DEcodeRegressor, DGEXRegressor, GeneAutoEncoder
from skgenes.persistence import _registry
from skgenes.persistence._decode import decode
from skgenes.persistence._encode import encode
from skgenes.persistence._tensors import from_safetensors, to_safetensors
from skgenes.preprocessing import (
    DuplicateSampleRemover,
    FoldChangeTransformer,
    FromAnnData,
    GeneAligner,
    Log2Transformer,
    ProbeAggregator,
    QuantileNormalizer,
)

AUTOENCODER = GeneAutoEncoder((8, 3), max_iter=2, random_state=0)
SELECTOR = AutoEncoderDeepLIFTSelector(6, autoencoder=AUTOENCODER, must_include=["GENE3"])
DGEX = DGEXRegressor((6,), max_iter=2, random_state=np.int64(1))
DECODE = DEcodeRegressor(
    ((4, 1), (3, 2)), ((4, 2),), (5,), n_init=2, batch_size=16, max_iter=2, random_state=0
)
MLP = {"hidden_layer_sizes": (4,), "max_iter": 2, "random_state": 0}
TRANSFORMERS = [
    AUTOENCODER,
    SIVAE(3, (6, 4), max_iter=3, random_state=0),
    SIVAE(2, (), interpretable=False, standardize=False, max_iter=3, random_state=0),
    GeneAutoEncoder((6, 4, 2), max_iter=2, standardize=False, random_state=0),
    SELECTOR,
    GivenPanelSelector(np.array(["GENE3", "GENE1"], dtype=object)),
    PeelOffSelector(5, n_trials=4, must_include="GENE3", random_state=0),
    FromAnnData(),
    FromAnnData().set_output(transform="pandas"),
    Log2Transformer(offset=0, floor=0.5),
    FoldChangeTransformer(0.5),
    FoldChangeTransformer(input_scale="log2", scale=False),
    GeneAligner(mapping={"TP53": ["GENE3"], "MYC": None}, missing="mean"),
    ProbeAggregator({"GENE1": "TP53", "GENE3": "TP53", "GENE4": None}, unmapped="drop"),
    ProbeAggregator(["A", "B"] * 15, method="max_variance"),
    QuantileNormalizer(),
    QuantileNormalizer(reference=np.arange(5.0), ties="dense"),
    QuantileNormalizer(reference=[0, 1.5]),
    StandardScaler(),
    VarianceThreshold(0.3),
    SelectFromModel(MultiTaskLasso(0.01), threshold="mean"),
    PCA(3, random_state=0),
    GreedyPanelSelector(4, must_include=[2]),
    GreedyPanelSelector("auto", cv=3),
    make_pipeline(FromAnnData(), StandardScaler(), "passthrough", PCA(2)),
]
REGRESSORS = [
    DGEX,
    DECODE,
    clone(DECODE).set_params(combine="mean", log_counts=True),
    PanelRidge(),
    Ridge(),
    Ridge(alpha=np.logspace(-1, 1, 4)),
    RidgeCV(),
    RidgeCV(alphas=[0.1, 1], cv=3),
    LinearRegression(),
    MultiTaskElasticNet(),
    MultiTaskLasso(),
    KNeighborsRegressor(3),
    KNeighborsRegressor(algorithm="ball_tree", metric="manhattan", weights="distance"),
    KNeighborsRegressor(algorithm="brute", metric="cosine"),
    MLPRegressor(**MLP),
    MLPRegressor(**MLP, solver="sgd", early_stopping=True),
    MLPRegressor(**MLP, solver="lbfgs"),
    Pipeline([("scale", StandardScaler()), ("dgex", DGEX)]),
]
RECONSTRUCTORS = [
    LandmarkReconstructor(SELECTOR, DGEX),
    LandmarkReconstructor(SELECTOR, Ridge()),
    LandmarkReconstructor(SELECTOR, Ridge(), calibration=0.3, random_state=0),
    LandmarkReconstructor(VarianceThreshold(0.3), make_pipeline(StandardScaler(), RidgeCV())),
]
# Fitted on tracks, not on a matrix: their fits are tested beside them.
OF_TRACKS = [RegulatorFilter(5), RegulatorScaler()]
EVERYTHING = [*TRANSFORMERS, *REGRESSORS, *RECONSTRUCTORS, *OF_TRACKS, DuplicateSampleRemover()]
EVERYTHING.append(FrozenEstimator(DECODE))


def same(a, b):
    """Compare down to types, dtypes, memory order and bits, without what is not state."""
    if type(a) is not type(b):
        return False
    if isinstance(a, BaseEstimator):
        leave_out = _registry.left_out(type(a).__name__)
        a, b = ({k: v for k, v in vars(e).items() if k not in leave_out} for e in (a, b))
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if is_dataclass(a):
        return all(same(getattr(a, f.name), getattr(b, f.name)) for f in fields(a))
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    if sp.issparse(a):
        parts = ("data", "indices", "indptr", "shape")
        return all(same(getattr(a, part), getattr(b, part)) for part in parts)
    if isinstance(a, np.ndarray) and a.dtype != object:
        described = (a.dtype.str, a.shape, a.tobytes()) == (b.dtype.str, b.shape, b.tobytes())
        # A slice of something larger comes back alone, in the order that is nearest to its own.
        column_major = a.ndim > 1 and a.strides[0] < a.strides[-1] and a.size
        return described and (b.flags.f_contiguous if column_major else b.flags.c_contiguous)
    if isinstance(a, np.ndarray):
        return a.shape == b.shape and same(a.ravel().tolist(), b.ravel().tolist())
    return same(np.asarray(a), np.asarray(b)) if isinstance(a, float | np.generic) else a == b


def fit(estimator, X, y=None):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return clone(estimator).fit(X, y)


@pytest.fixture(scope="module")
def frame(expression, genes):
    return pd.DataFrame(expression[:40], columns=genes)


@pytest.fixture
def saved(tmp_path):
    """Save and load."""

    def save_and_load(estimator):
        skgenes.save(estimator, tmp_path / "it.skgenes")
        return skgenes.load(tmp_path / "it.skgenes")

    return save_and_load


@pytest.mark.parametrize("estimator", TRANSFORMERS, ids=repr)
def test_transformers_come_back(estimator, frame, saved):
    fitted = fit(estimator, frame, frame.iloc[:, :2].to_numpy())
    loaded = saved(fitted)
    assert same(fitted, loaded)
    before, after = (np.asarray(e.transform(frame)) for e in (fitted, loaded))
    assert same(before, after)
    assert list(fitted.get_feature_names_out()) == list(loaded.get_feature_names_out())


@pytest.mark.parametrize("regressor", REGRESSORS, ids=repr)
@pytest.mark.parametrize("kind", ["frame", "array"])
def test_regressors_come_back(regressor, kind, frame, saved):
    y = frame.to_numpy()[:, 20:24].astype(float)
    X = frame.iloc[:, :20] if kind == "frame" else frame.to_numpy()[:, :20]
    fitted = fit(regressor, X, y)
    loaded = saved(fitted)
    assert same(fitted, loaded)
    assert same(fitted.predict(X), loaded.predict(X))


@pytest.mark.parametrize("model", RECONSTRUCTORS, ids=repr)
def test_reconstructors_come_back(model, frame, saved):
    model = fit(model, frame)
    loaded = saved(model)
    assert same(model, loaded)
    assert same(model.predict(frame), loaded.predict(frame))
    assert same(model.reconstruct(frame), loaded.reconstruct(frame))
    assert loaded.landmarks_.dtype == object


@pytest.mark.parametrize("method", ["kmeans", "all_pairs"])
def test_removers_come_back(method, frame, saved):
    model = DuplicateSampleRemover(method=method, n_clusters=2, random_state=0).fit(frame)
    assert same(model, saved(model))


@pytest.mark.parametrize("activation", ["identity", "relu"])
def test_transfer_comes_back(activation, frame, saved):
    y = frame.to_numpy()[:, 20:24].astype(float)
    X = frame.iloc[:, :20]
    base = clone(DECODE).set_params(conv_activation=activation).fit(X, y)
    fitted = base.fine_tune(X, y[:, 0])
    loaded = saved(fitted)
    assert same(fitted, loaded)
    assert same(fitted.predict(X), loaded.predict(X))
    assert isinstance(loaded.base_estimator, FrozenEstimator)
    assert same(base.predict(X), loaded.base_estimator.predict(X))
    assert same(fitted.runs_[0], saved(fitted.runs_[0]))
    again = clone(loaded).fit(X, y[:, 0])
    assert same(again.predict(X), fitted.predict(X))


@pytest.mark.parametrize("estimator", EVERYTHING, ids=repr)
def test_unfitted_estimators_come_back(estimator, saved):
    unfitted = type(estimator)(**estimator.get_params(deep=False))
    assert repr(saved(unfitted)) == repr(unfitted)


def test_every_class_of_the_list_is_tested_here():
    tested = {type(e).__name__ for e in EVERYTHING}
    assert tested | {"SelectKBest"} == _registry.ESTIMATORS.keys()


def test_every_estimator_of_the_package_is_on_the_list():
    exported = [
        (name, getattr(module, name))
        for module in (getattr(skgenes, name) for name in skgenes._SUBMODULES)
        for name in module.__all__
    ]
    ours = {name for name, it in exported if isinstance(it, type) and issubclass(it, BaseEstimator)}
    assert ours == {n for n in _registry.ESTIMATORS if not _registry.is_sklearn(n)}


def test_functions_of_scikit_learn_come_back_by_name(frame, saved):
    fitted = SelectKBest(f_regression, k=5).fit(frame, frame["GENE0"])
    loaded = saved(fitted)
    assert same(fitted, loaded)
    assert loaded.score_func is f_regression


def test_neighbors_of_sparse_samples_come_back(expression, saved):
    X = sp.csr_matrix(expression[:40])
    fitted = KNeighborsRegressor(3).fit(X, X[:, [0]].toarray())
    assert same(fitted, saved(fitted))
    assert same(fitted.predict(X), saved(fitted).predict(X))


def test_sparse_fits_come_back(expression, saved):
    X = sp.csr_array(expression[:40])
    fitted = LandmarkReconstructor(VarianceThreshold(0.3), DGEX).fit(X)
    assert same(fitted, saved(fitted))
    assert same(fitted.predict(X), saved(fitted).predict(X))


def test_networks_can_be_saved_alone_and_share_their_scalings(frame, saved):
    autoencoder = fit(AUTOENCODER, frame)
    assert same(autoencoder.encoder_, saved(autoencoder.encoder_))
    loaded = saved(autoencoder)
    assert loaded.encoder_.input_scaling.mean is loaded.decoder_.output_scaling.mean


def test_a_loaded_perceptron_trains_on(frame, saved):
    X = frame.to_numpy()
    loaded = saved(fit(MLPRegressor(**MLP), X, X[:, :2]))
    assert np.isfinite(loaded.partial_fit(X, X[:, :2]).loss_)


def test_leftovers_of_callbacks_are_left_out(saved):
    ridge = Ridge()
    ridge._skl_callbacks = [object()]
    assert "_skl_callbacks" not in vars(saved(ridge))


def test_the_same_estimator_gives_the_same_bytes(frame, tmp_path):
    model = LandmarkReconstructor(SELECTOR, DGEX).fit(frame)
    files = [tmp_path / name for name in ("first", "second", "third")]
    skgenes.save(model, files[0])
    skgenes.save(model, files[1])
    skgenes.save(skgenes.load(files[0]), files[2])
    assert len({file.read_bytes() for file in files}) == 1


class Foreign(BaseEstimator):
    pass


class Subclass(Ridge):
    pass


Impostor = type("Ridge", (BaseEstimator,), {})


@pytest.mark.parametrize("cls", [Foreign, Subclass, Impostor])
def test_classes_that_are_not_on_the_list_are_refused(cls, tmp_path):
    with pytest.raises(TypeError, match=r"save takes.*GeneAutoEncoder.*Ridge.*test_persistence"):
        skgenes.save(cls(), tmp_path / "it")
    with pytest.raises(TypeError, match=r"regressor is of the class .*test_persistence.*Ridge"):
        skgenes.save(LandmarkReconstructor(VarianceThreshold(), cls()), tmp_path / "it")
    assert not list(tmp_path.iterdir())


def _with_attribute(name, value):
    ridge = Ridge()
    setattr(ridge, name, value)
    return LandmarkReconstructor(VarianceThreshold(), ridge)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("random_state", np.random.RandomState(0), "Pass an int or None"),
        ("random_state", np.random.default_rng(0), "Pass an int or None"),
        ("a_", lambda x: x, "holds no code"),
        ("a_", len, "holds no code"),
        ("a_", pd.Series([1.0]), r"pandas.*Series.*Can be saved: "),
        ("a_", {1, 2}, "builtins.set"),
        ("a_", np.array([None, "b"]), "array of objects that holds None"),
        ("a_", np.array(["2020-01-01"], "datetime64[D]"), r"array of datetime64\[D\]"),
        ("a_", np.zeros(2, "f8,i4"), "array of"),
        ("a_", np.ma.zeros(2), "MaskedArray"),
        ("a_", {1.5: 2}, "key 1.5; keys must be str or int"),
        ("a_", "\ud800", "no valid Unicode"),
        ("a_", 1 << 5000, "more than 4096 bits"),
        ("a_", sp.coo_array([[1.0]]), "coo_array"),
        ("a_", sp.csr_array([1.0]), r"1 dimension\(s\), not 2"),
        ("predict", 1, "hides something of the class Ridge"),
    ],
)
def test_errors_name_the_place(name, value, message, tmp_path):
    with pytest.raises(TypeError, match=rf"(?s)^regressor\.{name} .*{message}"):
        skgenes.save(_with_attribute(name, value), tmp_path / "it")


def test_lists_that_contain_themselves_are_refused(tmp_path):
    endless = []
    endless.append(endless)
    with pytest.raises(TypeError, match="nested too deeply, or contains itself"):
        skgenes.save(_with_attribute("a_", endless), tmp_path / "it")


LAYER = DenseLayer(np.zeros((2, 3), "f4"), np.zeros(3, "f4"), "relu")
UNFIT = [
    (Scaling(np.zeros(2), np.zeros(3)), "mean has 2 genes and scale 3"),
    (Scaling(np.zeros((2, 1)), np.zeros(2)), "mean must be a numeric vector"),
    (DenseLayer(np.zeros(2), np.zeros(2), "relu"), "kernel must be a numeric matrix"),
    (DenseLayer(np.zeros((2, 3)), np.zeros(2), "relu"), "one value for each of the 3 units"),
    (DenseLayer(np.zeros((2, 3)), np.zeros(3), "softmax"), "'softmax' is unknown; known are"),
    (DenseNetwork(()), "at least one DenseLayer"),
    (DenseNetwork((1,)), "DenseLayer alone"),
    (DenseNetwork((LAYER, LAYER)), "layer 0 has 3 units, but layer 1 takes 2 inputs"),
    (DenseNetwork((LAYER,), 3), "input_scaling must be a Scaling or None, got int"),
    (DenseNetwork((LAYER,), None, Scaling(np.zeros(2), np.zeros(2))), "output_scaling has 2"),
]
BRANCHED = initial_branched_network(
    [3, 2], [((4, 2), (3, 1)), ((2, 1),)], (6, 4), 2, np.random.default_rng(0)
)
NORMALIZED, FIRST = BRANCHED.hidden[0], BRANCHED.branches[0][0]


def changed(**changes):
    return replace(BRANCHED, **changes)


UNFIT += [
    (replace(NORMALIZED, kernel=np.zeros(3)), "kernel must be a numeric matrix"),
    (replace(NORMALIZED, gamma=np.zeros(5)), "gamma .* one value for each of the 6 units"),
    (replace(NORMALIZED, mean=None), "mean must be a numeric vector .* got NoneType"),
    (replace(NORMALIZED, variance=-NORMALIZED.variance), "variance must not be negative or NaN"),
    (changed(conv_activation="sigmoid"), "conv_activation 'sigmoid' is unknown; known are"),
    (changed(conv_activation=["relu"]), "conv_activation .'relu'. is unknown"),
    (changed(branches=()), "branches must be a tuple of at least one"),
    (changed(branches=[BRANCHED.branches[0]]), "branches must be a tuple"),
    (changed(branches=((FIRST,), ())), "branch 1: kernels must be a tuple of at least one array"),
    (changed(branches=((FIRST[0],),)), "branch 0: a kernel must be numeric, with three axes"),
    (changed(branches=((FIRST[:0],),)), r"three axes, got .* \(0, 3, 4\)"),
    (changed(branches=((FIRST, FIRST),)), "kernel 0 has 4 filters, but kernel 1 takes 3"),
    (changed(branches=((FIRST,),)), "a layer takes 5 inputs, but gets 4"),
    (changed(hidden=()), "hidden must be a tuple of at least one NormalizedLayer"),
    (changed(hidden=(LAYER,)), "hidden must hold NormalizedLayer alone"),
    (changed(hidden=BRANCHED.hidden[:1]), "a layer takes 4 inputs, but gets 6"),
    (changed(output=NORMALIZED), "output must be a DenseLayer with the activation 'identity'"),
    (changed(output=LAYER), "output must be a DenseLayer with the activation 'identity'"),
]


@pytest.mark.parametrize(("value", "message"), UNFIT)
def test_networks_that_do_not_fit_together_are_refused(value, message, tmp_path):
    with pytest.raises(ValueError, match=f"cannot be saved: .*{message}"):
        skgenes.save(value, tmp_path / "it")


ARRAYS = hnp.arrays(
    st.one_of(
        hnp.boolean_dtypes(),
        hnp.integer_dtypes(endianness="?"),
        hnp.floating_dtypes(endianness="?", sizes=(16, 32, 64)),
        hnp.complex_number_dtypes(endianness="?", sizes=(64, 128)),
        hnp.unicode_string_dtypes(endianness="?", min_len=1, max_len=6),
    ),
    hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
)
NAMES = st.lists(st.text(max_size=8), max_size=6).map(lambda x: np.array([*x, None], object)[:-1])
SPARSE = st.builds(
    lambda matrix, make: make(matrix),
    hnp.arrays(float, hnp.array_shapes(min_dims=2, max_dims=2)),
    st.sampled_from([sp.csr_array, sp.csr_matrix]),
)
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(1 << 200), 1 << 200),
    st.floats(),
    st.text(max_size=8),
    st.text(max_size=8).map(np.str_),
    ARRAYS,
    ARRAYS.filter(lambda a: a.size and a.dtype.kind != "U").map(lambda a: a.ravel()[0]),
    ARRAYS.map(np.transpose),
    NAMES,
    SPARSE,
    st.slices(9),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(st.one_of(st.text(max_size=4), st.integers()), inner, max_size=4),
    ),
    max_leaves=8,
)


def there_and_back(value):
    node, arrays = encode(value, ("value",))
    node = json.loads(json.dumps(node, allow_nan=False))
    return decode(node, from_safetensors(*to_safetensors(arrays)))[0]


@settings(max_examples=300)
@given(VALUES)
def test_values_come_back_to_the_bit(value):
    assert same(value, there_and_back(value))


def test_column_major_arrays_and_odd_numbers_come_back():
    nan = np.array([0x7FF8_0000_0000_1234], np.uint64).view(float)
    matrix = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    values = [matrix, matrix[:, ::2].copy(), float(nan[0]), nan[0], -0.0, np.float16(-0.0)]
    assert same(values, there_and_back(values))


def test_wide_indices_and_names_that_meet_come_back():
    wide = sp.csr_array(np.eye(2))
    wide.indices, wide.indptr = wide.indices.astype(np.int64), wide.indptr.astype(np.int64)
    value = {"a.b": np.zeros(1), "a": {"b": np.ones(1)}, "wide": wide}
    assert same(value, there_and_back(value))


def test_the_file_is_a_zip_that_other_tools_read(frame, tmp_path):
    model = fit(AUTOENCODER, frame)
    skgenes.save(model, tmp_path / "it.skgenes")
    with zipfile.ZipFile(tmp_path / "it.skgenes") as archive:
        assert archive.testzip() is None
        manifest = json.loads(archive.read("manifest.json"))
        tensors = load_tensors(archive.read("tensors.safetensors"))
    assert manifest["schema"] == 1
    assert same(tensors["encoder_.layers.0.kernel"].copy(), model.encoder_.layers[0].kernel)
