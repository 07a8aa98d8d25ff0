"""DeepLIFT of Keras models: the closed form against shap, and shap where there is none."""

import keras
import numpy as np
import pytest

from skgenes.inspection import deeplift
from skgenes.networks import DenseLayer, DenseNetwork, Scaling, to_keras
from skgenes.neural_network import DGEXRegressor, GeneAutoEncoder

pytestmark = [
    pytest.mark.filterwarnings("ignore:Your TensorFlow version is newer"),  # older shap
    pytest.mark.filterwarnings("ignore:The set_(bad|over|under) function"),  # when shap is imported
    pytest.mark.filterwarnings("ignore:The structure of `inputs`"),
]


def by_shap(model, X, reference):
    import shap

    explainer = shap.DeepExplainer(model, np.float32(reference)[np.newaxis])
    return explainer.shap_values(np.float32(X), check_additivity=False)


def assert_close(actual, expected, relative=1e-5):
    np.testing.assert_allclose(actual, expected, rtol=0, atol=relative * np.abs(expected).max())


def network(rng, sizes, activations, *, scaled=True):
    layers = tuple(
        DenseLayer(
            rng.normal(size=(n, m)).astype(np.float32),
            rng.normal(size=m).astype(np.float32),
            activation,
        )
        for n, m, activation in zip(sizes[:-1], sizes[1:], activations, strict=True)
    )
    if not scaled:
        return DenseNetwork(layers)
    return DenseNetwork(
        layers,
        Scaling(rng.normal(6, 1, sizes[0]), rng.uniform(0.5, 2, sizes[0])),
        Scaling(rng.normal(6, 1, sizes[-1]), rng.uniform(0.5, 2, sizes[-1])),
    )


@pytest.mark.parametrize(
    ("sizes", "activations"),
    [
        ((8, 5, 2), ("sigmoid", "identity")),
        ((8, 5, 4, 2), ("tanh", "elu", "sigmoid")),
        ((8, 6, 5, 4, 2), ("relu", "sigmoid", "tanh", "relu")),
    ],
)
def test_closed_form_agrees_with_shap(sizes, activations):
    rng = np.random.default_rng(5)
    net = network(rng, sizes, activations)
    X = rng.normal(6, 2, size=(9, 8))
    model, reference = to_keras(net), X.mean(axis=0)
    expected = by_shap(model, X, reference)
    result = deeplift(model, X, reference=reference)
    assert result.contributions.shape == (9, 8, 2)
    assert_close(result.contributions, expected, 1e-4)
    assert result.relative_residual < 1e-4
    mean = deeplift(model, X, reference=reference, aggregation="absolute")
    assert_close(mean.contributions, np.abs(expected).mean(axis=0), 1e-4)


def test_estimators_agree_with_shap(expression):
    X, y = expression[:, :6], expression[:, 6:9]
    reference = X.mean(axis=0)
    dgex = DGEXRegressor((5, 4), solver="adam", max_iter=10, random_state=0).fit(X, y)
    expected = by_shap(to_keras(dgex.network_), X[:20], reference)
    assert_close(deeplift(dgex, X[:20], reference=reference).contributions, expected, 1e-4)
    model = GeneAutoEncoder((5, 2), max_iter=10, random_state=0).fit(X)
    expected = by_shap(to_keras(model.encoder_), X[:20], reference)
    assert_close(deeplift(model, X[:20], reference=reference).contributions, expected, 1e-4)
    whole = to_keras(model.encoder_.then(model.decoder_))
    expected = by_shap(whole, X[:20], reference)
    result = deeplift(model, X[:20], reference=reference, explain="reconstruction")
    assert_close(result.contributions, expected, 1e-4)


def test_a_trained_keras_model_with_batch_normalisation_agrees_with_shap():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 6)).astype(np.float32)
    model = keras.Sequential(
        [
            keras.Input((6,)),
            keras.layers.Dense(5, use_bias=False),
            keras.layers.BatchNormalization(),
            keras.layers.ReLU(),
            keras.layers.Dropout(0.5),
            keras.layers.Dense(2, activation="tanh"),
        ]
    )
    model.compile("adam", "mse")
    model.fit(X, X[:, :2], epochs=2, verbose=0)
    result = deeplift(model, X[:10], reference="zeros")
    assert_close(result.contributions, by_shap(model, X[:10], np.zeros(6)), 1e-4)
    change = model.predict(X[:10], verbose=0) - model.predict(np.zeros((1, 6)), verbose=0)
    assert_close(result.contributions.sum(axis=1), change, 1e-4)


def test_a_chain_takes_anndata_and_sparse_data(forms, expression):
    model = to_keras(network(np.random.default_rng(2), (30, 4, 2), ("tanh", "identity")))
    expected = deeplift(model, expression, aggregation="absolute")
    for form in ("anndata", "anndata_csr", "csr", "frame"):
        result = deeplift(model, forms[form], aggregation="absolute")
        assert_close(result.contributions, expected.contributions)
    assert list(result.feature_names) == list(forms["frame"].columns)
    with pytest.raises(ValueError, match=r"29 columns.*takes 30"):
        deeplift(model, expression[:, 1:])
    with pytest.raises(ValueError, match="explain='bottleneck'"):
        deeplift(model, expression, explain="bottleneck")


# Models without a closed form ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def convolutional():
    keras_input = keras.Input((12, 3))
    h = keras.layers.Conv1D(5, 3, activation="relu")(keras_input)
    h = keras.layers.MaxPooling1D(2)(h)
    h = keras.layers.Flatten()(h)
    h = keras.layers.Dense(4, activation="tanh")(h)
    return keras.Model(keras_input, keras.layers.Dense(2, activation="softmax")(h))


def test_a_convolutional_model_goes_through_shap(convolutional, monkeypatch):
    monkeypatch.setattr("skgenes.networks._shap._SAMPLES_AT_ONCE", 4)
    X = np.random.default_rng(0).normal(size=(10, 12, 3))
    result = deeplift(convolutional, X)
    assert result.contributions.shape == (10, 12, 3, 2)
    np.testing.assert_allclose(result.reference, X.mean(axis=0))
    # Max pooling is followed up to a known inaccuracy of shap; the rest to rounding.
    assert result.relative_residual < 1e-3
    outputs = convolutional.predict(X, verbose=0)
    base = convolutional.predict(X.mean(axis=0, keepdims=True), verbose=0)
    assert result.delta == pytest.approx(np.abs(outputs - base).max(), rel=1e-4)
    np.testing.assert_allclose(result.expected_output, base[0], rtol=1e-5)
    np.testing.assert_allclose(
        result.contributions.sum(axis=(1, 2)), outputs - base, atol=1e-3 * result.delta + 1e-6
    )
    for aggregation, function in (("absolute", np.abs), ("signed", np.asarray)):
        mean = deeplift(convolutional, X, aggregation=aggregation)
        expected = function(result.contributions.astype(float)).mean(axis=0)
        assert mean.contributions.shape == (12, 3, 2)
        assert mean.contributions.dtype == np.float64
        assert_close(mean.contributions, expected)
    assert_close(result.contributions, by_shap(convolutional, X, X.mean(axis=0)))


@pytest.mark.parametrize("reference", ["mean", "median", "zeros", "array"])
def test_references_of_any_shape(convolutional, reference):
    X = np.random.default_rng(0).normal(size=(4, 12, 3))
    expected = {
        "mean": X.mean(axis=0),
        "median": np.median(X, axis=0),
        "zeros": np.zeros((12, 3)),
        "array": X[1],
    }[reference]
    argument = X[1] if reference == "array" else reference
    result = deeplift(convolutional, X[:2] if reference == "array" else X, reference=argument)
    np.testing.assert_allclose(result.reference, expected, rtol=1e-6)


def test_shap_can_only_explain_the_whole(convolutional):
    X = np.zeros((2, 12, 3))
    for kwargs in ({"outputs": [0]}, {"after_activation": False}):
        with pytest.raises(ValueError, match="as a whole"):
            deeplift(convolutional, X, **kwargs)


def test_softmax_after_dense_layers():
    rng = np.random.default_rng(1)
    model = keras.Sequential(
        [
            keras.Input((6,)),
            keras.layers.Dense(4, activation="sigmoid"),
            keras.layers.Dense(3),
            keras.layers.Softmax(),
        ]
    )
    X = rng.normal(size=(8, 6))
    result = deeplift(model, X, reference="zeros")
    change = model.predict(X, verbose=0) - model.predict(np.zeros((1, 6)), verbose=0)
    np.testing.assert_allclose(result.contributions.sum(axis=1), change, atol=1e-5)
    assert result.relative_residual < 1e-4


UNSUPPORTED = {
    "LeakyReLU": lambda: [keras.layers.Dense(4), keras.layers.LeakyReLU(name="culprit")],
    "LSTM": lambda: [keras.layers.LSTM(4, name="culprit")],
    "GlobalMaxPooling1D": lambda: [keras.layers.GlobalMaxPooling1D(name="culprit")],
    "gelu": lambda: [keras.layers.Dense(4, activation="gelu", name="culprit")],
    "silu": lambda: [keras.layers.Dense(4), keras.layers.Activation("silu", name="culprit")],
    "leaky_relu": lambda: [keras.layers.Dense(4, activation="leaky_relu", name="culprit")],
}


@pytest.mark.parametrize("kind", sorted(UNSUPPORTED))
def test_what_has_no_rule_is_named(kind):
    layers = UNSUPPORTED[kind]()
    shape = (5, 3) if kind in ("LSTM", "GlobalMaxPooling1D") else (5,)
    model = keras.Sequential([keras.Input(shape), *layers, keras.layers.Dense(2)])
    with pytest.raises(ValueError, match=rf"(?s)(?=.*{kind})(?=.*'culprit')"):
        deeplift(model, np.zeros((3, *shape)))


def test_models_with_two_inputs_or_outputs_are_refused():
    left, right = keras.Input((3,)), keras.Input((3,))
    model = keras.Model([left, right], keras.layers.Concatenate()([left, right]), name="twins")
    with pytest.raises(ValueError, match="'twins' has 2 and 1"):
        deeplift(model, np.zeros((4, 3)))
    one = keras.Input((3,))
    model = keras.Model(one, [keras.layers.Dense(1)(one), keras.layers.Dense(1)(one)], name="fork")
    with pytest.raises(ValueError, match="'fork' has 1 and 2"):
        deeplift(model, np.zeros((4, 3)))
