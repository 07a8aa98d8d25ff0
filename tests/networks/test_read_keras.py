"""Reading chains of dense layers out of Keras models, and writing them."""

import keras
import numpy as np
import pytest

from skgenes.networks import (
    DenseLayer,
    DenseNetwork,
    Scaling,
    build_autoencoder,
    from_keras,
    to_keras,
)

L = keras.layers


def sequential(*layers, shape=(6,)):
    return keras.Sequential([keras.Input(shape), *layers])


def shaken(model, seed=0):
    """The model with random weights everywhere, variances positive."""
    rng = np.random.default_rng(seed)
    for weight in model.weights:
        values = rng.normal(size=weight.shape)
        weight.assign(np.abs(values) + 0.1 if "variance" in weight.path else values)
    return model


def data(n_features=6):
    return np.random.default_rng(9).normal(1, 2, size=(20, n_features)).astype(np.float32)


def normalization(axis=-1, invert=False, n=6):
    rng = np.random.default_rng(1)
    return L.Normalization(
        axis=axis, mean=rng.normal(size=n), variance=rng.uniform(0.5, 2, n), invert=invert
    )


CHAINS = {
    "dense": lambda: [L.Dense(3, activation="tanh")],
    "no bias": lambda: [L.Dense(3, activation="elu", use_bias=False), L.Dense(2)],
    "two linear": lambda: [L.Dense(3), L.Dense(2)],
    "activations": lambda: [L.Dense(4), L.Activation("sigmoid"), L.Dense(3), L.ReLU(), L.Dense(2)],
    "elu layer": lambda: [L.Dense(4), L.ELU(), L.Dense(2)],
    "linear activation": lambda: [L.Dense(4), L.Activation("linear"), L.Activation("tanh")],
    "batch norm first": lambda: [L.BatchNormalization(), L.Dense(3, activation="relu")],
    "batch norm inside": lambda: [L.Dense(4), L.BatchNormalization(), L.ReLU(), L.Dense(2)],
    "batch norm behind": lambda: [
        L.Dense(4, activation="relu"), L.BatchNormalization(), L.Dense(2)
    ],
    "batch norm plain": lambda: [
        L.Dense(4, activation="relu"), L.BatchNormalization(center=False, scale=False), L.Dense(2)
    ],
    "batch norm last": lambda: [L.Dense(4, activation="relu"), L.BatchNormalization()],
    "batch norm twice": lambda: [L.Dense(4), L.BatchNormalization(), L.BatchNormalization()],
    "dropout": lambda: [L.Dropout(0.5), L.Dense(4), L.Dropout(0.5), L.BatchNormalization()],
    "normalization": lambda: [normalization(), L.Dense(3, activation="tanh")],
    "normalization inverted": lambda: [L.Dense(6), normalization(invert=True)],
    "only normalization": lambda: [normalization()],
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(CHAINS))
def test_chains_are_the_same_function(name):
    model = sequential(*CHAINS[name]())
    if "normalization" not in name:
        shaken(model)
    network = from_keras(model)
    assert isinstance(network, DenseNetwork)
    expected = model.predict(data(), verbose=0)
    np.testing.assert_allclose(network.predict(data()), expected, rtol=2e-5, atol=2e-5)


def test_functional_models():
    entry = keras.Input((6,))
    h = L.Dropout(0.2)(L.Dense(5, activation="sigmoid")(entry))
    model = shaken(keras.Model(entry, L.Dense(2)(h)))
    np.testing.assert_allclose(
        from_keras(model).predict(data()), model.predict(data(), verbose=0), atol=1e-5
    )


def branches():
    entry = keras.Input((6,))
    h = L.Dense(4, activation="relu")(entry)
    yield "two ways", keras.Model(entry, L.Add()([L.Dense(4)(h), h]))
    yield "skips a layer", keras.Model(entry, [h, L.Dense(2)(h)])
    shared = L.Dense(6)
    yield "used twice", keras.Model(entry, shared(shared(entry)))
    other = keras.Input((6,))
    yield "two inputs", keras.Model([entry, other], L.Concatenate()([entry, other]))
    yield "inside", sequential(sequential(L.Dense(3)))
    yield "softmax", sequential(L.Dense(3, activation="softmax"))
    yield "leaky", sequential(L.Dense(3), L.LeakyReLU())
    yield "capped", sequential(L.Dense(3), L.ReLU(max_value=6))
    yield "leaking", sequential(L.Dense(3), L.ReLU(negative_slope=0.1))
    yield "threshold", sequential(L.Dense(3), L.ReLU(threshold=0.1))
    yield "steep", sequential(L.Dense(3), L.ELU(alpha=2.0))
    yield "relu twice", sequential(L.Dense(3, activation="relu"), L.Activation("tanh"))
    yield "activation first", sequential(L.Activation("tanh"), L.Dense(3))
    yield "convolution", sequential(L.Conv1D(2, 2), L.Flatten(), shape=(6, 3))
    yield "custom", sequential(L.Dense(3, activation=lambda x: x**2))
    yield "layer as activation", sequential(L.Dense(3, activation=L.LeakyReLU()))
    yield (
        "after an activation",
        sequential(L.Dense(3, activation="relu"), L.BatchNormalization(), L.Activation("tanh")),
    )


@pytest.mark.parametrize(("name", "model"), list(branches()), ids=lambda value: str(value)[:20])
def test_anything_else_is_not_a_chain(name, model):
    assert from_keras(model) is None, name


def random_network(*, scaled):
    rng = np.random.default_rng(2)
    layers = tuple(
        DenseLayer(
            rng.normal(size=(n, m)).astype(np.float32),
            rng.normal(size=m).astype(np.float32),
            activation,
        )
        for n, m, activation in [(6, 5, "relu"), (5, 4, "tanh"), (4, 3, "identity")]
    )
    if not scaled:
        return DenseNetwork(layers)
    return DenseNetwork(
        layers,
        Scaling(rng.normal(8, 2, 6), rng.uniform(0.5, 2, 6)),
        Scaling(rng.normal(8, 2, 3), rng.uniform(0.5, 2, 3)),
    )


@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize("dropout", [None, (0.2, 0.5, 0.0)])
def test_there_and_back(scaled, dropout):
    network = random_network(scaled=scaled)
    model = to_keras(network, dropout)
    X = 8 + data()
    np.testing.assert_allclose(model.predict(X, verbose=0), network.predict(X), rtol=1e-5)
    back = from_keras(model)
    assert len(back.layers) == 3
    np.testing.assert_allclose(back.predict(X), network.predict(X), rtol=2e-5)
    rates = [layer.rate for layer in model.layers if isinstance(layer, L.Dropout)]
    assert rates == ([] if dropout is None else [0.2, 0.5])
    if not scaled:
        for copy, layer in zip(back.layers, network.layers, strict=True):
            np.testing.assert_array_equal(copy.kernel, layer.kernel)
            np.testing.assert_array_equal(copy.bias, layer.bias)
            assert copy.activation == layer.activation


def test_the_copy_does_not_share_memory():
    network = random_network(scaled=False)
    kernel = network.layers[0].kernel.copy()
    model = to_keras(network)
    model.compile("sgd", "mse")
    model.fit(data(), np.ones((20, 3)), verbose=0)
    np.testing.assert_array_equal(network.layers[0].kernel, kernel)
    read = from_keras(model)
    before = read.predict(data())
    model.fit(data(), np.ones((20, 3)), verbose=0)
    np.testing.assert_array_equal(read.predict(data()), before)


@pytest.mark.filterwarnings("ignore:__array__ implementation")
def test_a_saved_model_comes_back(tmp_path):
    model = to_keras(random_network(scaled=True))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    X = 8 + data()
    np.testing.assert_allclose(loaded.predict(X, verbose=0), model.predict(X, verbose=0))
    assert from_keras(loaded) is not None
    assert from_keras(build_autoencoder(6, (4, 2))) is not None
