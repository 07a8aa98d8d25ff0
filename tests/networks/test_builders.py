"""The networks as fresh Keras models, and in scikeras."""

import keras
import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV

from skgenes.networks import autoencoder_shape, build_autoencoder, build_dgex

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation")


def dense(model):
    return [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)]


def rates(model):
    """Dropout before every dense layer."""
    result, pending = [], 0.0
    for layer in model.layers:
        if isinstance(layer, keras.layers.Dropout):
            pending = layer.rate
        elif isinstance(layer, keras.layers.Dense):
            result.append(pending)
            pending = 0.0
    return result


@pytest.fixture(params=["float32", "mixed_float16", "mixed_bfloat16"])
def policy(request):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(request.param)
    yield request.param
    keras.config.set_dtype_policy(before)


@pytest.mark.usefixtures("policy")
def test_float32_whatever_the_policy():
    X = np.random.default_rng(0).normal(size=(4, 20)).astype(np.float32)
    for model in (build_autoencoder(20, (8, 3)), build_dgex(20, 5, hidden_layer_sizes=(7,))):
        assert {weight.dtype for weight in model.weights} == {"float32"}
        assert {layer.compute_dtype for layer in model.layers} == {"float32"}
        assert model(X).dtype == "float32"
        assert model.predict(X, verbose=0).dtype == np.float32


@pytest.mark.parametrize(
    ("hidden", "sizes"),
    [
        ((8,), (20, 8, 20)),
        ((8, 3), (20, 8, 3, 8, 20)),
        ([9, 8, 3], (20, 9, 8, 3, 8, 9, 20)),
    ],
)
def test_the_decoder_mirrors_the_encoder(hidden, sizes):
    found, activations = autoencoder_shape(20, hidden, "tanh", "identity")
    assert found == sizes
    assert activations == ("tanh",) * (len(sizes) - 2) + ("identity",)
    model = build_autoencoder(20, hidden, activation="tanh", dropout=0.25)
    assert [layer.units for layer in dense(model)] == list(sizes[1:])
    assert [layer.activation.__name__ for layer in dense(model)] == [
        *["tanh"] * (len(sizes) - 2), "linear"
    ]  # fmt: skip
    assert rates(model) == [0.0, *[0.25] * (len(sizes) - 2)]
    assert model.input_shape == model.output_shape == (None, 20)


def test_weights_of_dgex():
    model = build_dgex(40, 30, hidden_layer_sizes=(60, 50), dropout=0.25)
    first, second, last = dense(model)
    for layer, limit in ((first, np.sqrt(6 / 100)), (second, np.sqrt(6 / 110)), (last, 1e-4)):
        kernel, bias = layer.get_weights()
        assert 0.98 * limit < np.abs(kernel).max() <= limit * (1 + 1e-6)
        assert not bias.any()
    assert [layer.activation.__name__ for layer in (first, second, last)] == [
        "tanh", "tanh", "linear"
    ]  # fmt: skip
    assert rates(model) == [0.0, 0.25, 0.25], "no landmark is dropped"


def test_the_seed_decides_the_weights():
    one, two, three = (build_dgex(9, 4, hidden_layer_sizes=(5,), random_state=s) for s in (1, 1, 2))
    np.testing.assert_array_equal(one.get_weights()[0], two.get_weights()[0])
    assert not np.array_equal(one.get_weights()[0], three.get_weights()[0])


def test_sizes_must_come_from_somewhere():
    meta = {"n_features_in_": 6, "n_outputs_": 2}
    assert build_dgex(hidden_layer_sizes=(3,), meta=meta).output_shape == (None, 2)
    assert build_dgex(7, 3, hidden_layer_sizes=(3,), meta=meta).input_shape == (None, 7)
    with pytest.raises(ValueError, match=r"n_features and n_targets.*None, None and meta=None"):
        build_dgex()
    with pytest.raises(ValueError, match=r"5, None"):
        build_dgex(5)


def test_a_built_model_trains():
    X = np.random.default_rng(0).normal(size=(60, 12)).astype(np.float32)
    model = build_autoencoder(12, (10, 5), activation="tanh", dropout=0.0)
    model.compile(keras.optimizers.Adam(0.01), "mae")
    losses = model.fit(X, X, epochs=15, verbose=0).history["loss"]
    assert losses[-1] < 0.9 * losses[0]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_scikeras_trains_and_searches():
    wrappers = pytest.importorskip("scikeras.wrappers")
    rng = np.random.default_rng(0)
    X = rng.normal(size=(48, 6)).astype(np.float32)
    y = (X @ rng.normal(size=(6, 3))).astype(np.float32)
    regressor = wrappers.KerasRegressor(
        model=build_dgex, loss="mse", optimizer="adam", optimizer__learning_rate=0.05, epochs=2,
        batch_size=16, verbose=0, model__hidden_layer_sizes=(8,), model__dropout=0.0,
    )  # fmt: skip
    regressor.fit(X, y)
    assert regressor.predict(X).shape == (48, 3)
    assert regressor.model_.input_shape == (None, 6)
    search = GridSearchCV(
        regressor, {"model__hidden_layer_sizes": [(4,), (8, 5)]}, cv=2, error_score="raise"
    )
    search.fit(X, y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.best_estimator_.predict(X).shape == (48, 3)
