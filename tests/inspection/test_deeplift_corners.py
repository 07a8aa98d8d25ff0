"""Models and references at the edge of what can be explained."""

import keras
import numpy as np
import pytest

from skgenes.inspection import deeplift
from skgenes.networks import from_keras
from skgenes.neural_network import GeneAutoEncoder

L = keras.layers

pytestmark = [
    pytest.mark.filterwarnings("ignore:The set_(bad|over|under) function"),  # when shap is imported
    pytest.mark.filterwarnings("ignore:Your TensorFlow version is newer"),  # older shap
    pytest.mark.filterwarnings("ignore:The structure of `inputs`"),
]


def test_dense_layers_over_sequences_are_not_a_chain():
    rng = np.random.default_rng(0)
    model = keras.Sequential([keras.Input((4, 5)), L.Dense(3, activation="relu")])
    assert from_keras(model) is None
    rank3 = keras.Sequential([keras.Input((4, 5)), L.Dense(3, activation="relu"), L.Flatten()])
    assert from_keras(rank3) is None
    assert deeplift(rank3, rng.normal(size=(3, 4, 5))).relative_residual < 1e-4


def test_normalization_of_all_features_by_one_mean():
    X = np.random.default_rng(0).normal(size=(9, 6)).astype(np.float32)
    model = keras.Sequential(
        [keras.Input((6,)), L.Normalization(axis=None, mean=1.0, variance=4.0), L.Dense(2)]
    )
    np.testing.assert_allclose(
        from_keras(model).predict(X), model.predict(X, verbose=0), rtol=1e-5, atol=1e-5
    )


def test_normalization_of_a_constant_feature():
    X = np.random.default_rng(0).normal(size=(9, 6)).astype(np.float32)
    X[:, 2] = 3
    normalization = L.Normalization()
    normalization.adapt(X)
    model = keras.Sequential([keras.Input((6,)), normalization, L.Dense(2)])
    np.testing.assert_allclose(
        from_keras(model).predict(X), model.predict(X, verbose=0), rtol=1e-4, atol=1e-4
    )


def test_a_model_that_is_not_built_is_refused_in_words():
    with pytest.raises(ValueError, match="built"):
        deeplift(keras.Sequential([L.Dense(3)]), np.zeros((2, 6)))


def test_an_activation_that_is_a_layer_is_named():
    model = keras.Sequential(
        [keras.Input((6,)), L.Dense(3, activation=L.LeakyReLU(), name="culprit"), L.Dense(2)]
    )
    with pytest.raises(ValueError, match="culprit"):
        deeplift(model, np.zeros((2, 6)))


def test_the_reference_is_float64_as_documented():
    X = np.random.default_rng(0).normal(size=(9, 6)).astype(np.float32)
    model = GeneAutoEncoder((2,), max_iter=1).fit(X)
    for reference in ("mean", "median", "zeros", X[0]):
        assert deeplift(model, X, reference=reference).reference.dtype == np.float64


def test_before_a_sigmoid_output_nothing_is_scaled():
    X = np.random.default_rng(0).normal(5, 3, size=(9, 6)).astype(np.float32)
    model = GeneAutoEncoder((2,), max_iter=1, output_activation="sigmoid").fit(X)
    result = deeplift(model, X, explain="reconstruction", after_activation=False)
    scaling, (first, last) = (
        model.encoder_.input_scaling,
        (
            model.encoder_.layers[0],
            model.decoder_.layers[0],
        ),
    )
    z = (X.mean(axis=0) - scaling.mean) / scaling.scale
    hidden = 1 / (1 + np.exp(-(z @ first.kernel + first.bias)))
    np.testing.assert_allclose(
        result.expected_output, hidden @ last.kernel + last.bias, rtol=1e-4, atol=1e-5
    )
