"""The training loop against steps written out by hand."""

from itertools import pairwise

import numpy as np
import pytest
import scipy.sparse as sp

from skgenes.networks import (
    DenseLayer,
    DenseNetwork,
    MatrixSource,
    Scaling,
    TrainingOptions,
    decayed_learning_rate,
    initial_layers,
)
from skgenes.networks import train as train_network

ACTIVATIONS = {  # function, and derivative in terms of input and output
    "identity": (lambda a: a, lambda a, h: np.ones_like(a)),
    "relu": (lambda a: np.where(a > 0, a, 0), lambda a, h: (a > 0).astype(float)),
    "elu": (
        lambda a: np.where(a > 0, a, np.exp(np.minimum(a, 0)) - 1),
        lambda a, h: np.where(a > 0, 1.0, np.exp(np.minimum(a, 0))),
    ),
    "sigmoid": (lambda a: 1 / (1 + np.exp(-a)), lambda a, h: h * (1 - h)),
    "tanh": (np.tanh, lambda a, h: 1 - h**2),
}


def loss_and_gradient(error, loss):
    """Loss of a batch, and its derivative with respect to the error."""
    if loss == "mean_absolute_error":
        return np.abs(error).mean(), np.sign(error) / error.size
    if loss == "mean_squared_error":
        return (error**2).mean(), 2 * error / error.size
    return (error**2).sum() / len(error), 2 * error / len(error)


def gradients(weights, activations, x, y, loss, alpha):
    hs, inputs = [x], []
    for i, activation in enumerate(activations):
        inputs.append(hs[-1] @ weights[2 * i] + weights[2 * i + 1])
        hs.append(ACTIVATIONS[activation][0](inputs[-1]))
    value, back = loss_and_gradient(hs[-1] - y, loss)
    result = [None] * len(weights)
    for i in reversed(range(len(activations))):
        back = back * ACTIVATIONS[activations[i]][1](inputs[i], hs[i + 1])
        result[2 * i] = hs[i].T @ back + 2 * alpha * weights[2 * i]
        result[2 * i + 1] = back.sum(axis=0)
        back = back @ weights[2 * i].T
    return value, result


def by_hand(layers, batches, options, loss):
    """Weights after one step per batch, and the loss of every batch, in double precision."""
    weights = [array.astype(float) for layer in layers for array in (layer.kernel, layer.bias)]
    activations = [layer.activation for layer in layers]
    first = [np.zeros_like(w) for w in weights]
    second = [np.zeros_like(w) for w in weights]
    losses = []
    for t, (x, y) in enumerate(batches, start=1):
        value, grads = gradients(weights, activations, x, y, loss, options.alpha)
        losses.append(value)
        for i, g in enumerate(grads):
            upper_kernel = i % 2 == 0 and i > 0
            rate = options.learning_rate_init * (options.upper_rate if upper_kernel else 1)
            if options.solver == "adam":
                first[i] = 0.9 * first[i] + 0.1 * g
                second[i] = 0.999 * second[i] + 0.001 * g**2
                corrected = rate * np.sqrt(1 - 0.999**t) / (1 - 0.9**t)
                weights[i] = weights[i] - corrected * first[i] / (np.sqrt(second[i]) + 1e-7)
            else:
                first[i] = options.momentum * first[i] - rate * g
                weights[i] = weights[i] + first[i]
    return weights, losses


class RecordingSource(MatrixSource):
    """Remembers which rows were drawn."""

    def __init__(self, matrix):
        super().__init__(matrix)
        self.drawn = []

    def rows(self, indices):
        self.drawn.append(np.array(indices))
        return super().rows(indices)


class Observer:
    """Remembers the weights after every epoch; may stop or interrupt."""

    def __init__(self, stop_after=None):
        self.epochs, self.begun, self.stop_after = [], 0, stop_after

    def begin(self):
        self.begun += 1

    def end(self, network):
        self.epochs.append(network().layers)
        return len(self.epochs) == self.stop_after


def options(**kwargs):
    defaults = {
        "loss": "mean_squared_error",
        "dropout": (0.0, 0.0, 0.0),
        "solver": "adam",
        "learning_rate_init": 0.01,
        "batch_size": 16,
        "max_iter": 1,
    }
    return TrainingOptions(**{**defaults, **kwargs})


def problem(n_samples=40, sizes=(6, 5, 4, 3), activations=("tanh", "sigmoid", "identity"), seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_samples, sizes[0])).astype(np.float32)
    Y = rng.normal(size=(n_samples, sizes[-1])).astype(np.float32)
    layers = [
        DenseLayer(
            rng.normal(size=(n, m)).astype(np.float32),
            rng.normal(size=m).astype(np.float32),
            activation,
        )
        for n, m, activation in zip(sizes[:-1], sizes[1:], activations, strict=True)
    ]
    return tuple(layers), X, Y


def train(layers, *args, **kwargs):
    return train_network(DenseNetwork(tuple(layers)), *args, **kwargs)


def seeds(entropy=0):
    return np.random.SeedSequence(entropy)


@pytest.mark.parametrize(
    ("solver", "extra"),
    [
        ("adam", {}),
        ("adam", {"alpha": 0.03}),
        ("sgd", {"momentum": 0.0}),
        ("sgd", {"momentum": 0.5, "upper_rate": 3.0}),
        ("sgd", {"momentum": 0.9, "upper_rate": 3.0, "alpha": 0.03}),
    ],
)
@pytest.mark.parametrize(
    "loss", ["mean_absolute_error", "mean_squared_error", "summed_squared_error"]
)
@pytest.mark.parametrize("batch_size", [40, 16])
def test_steps_are_those_written_by_hand(solver, extra, loss, batch_size):
    layers, X, Y = problem()
    chosen = options(loss=loss, solver=solver, batch_size=batch_size, max_iter=2, **extra)
    source = RecordingSource(X)
    rows = np.arange(40)
    result = train(layers, source, MatrixSource(Y), chosen, seeds(), train_rows=rows)
    order = np.concatenate(source.drawn)
    assert len(order) == 80
    batches = []
    for epoch in (order[:40], order[40:]):
        np.testing.assert_array_equal(np.sort(epoch), rows)
        cuts = [epoch[start : start + batch_size] for start in range(0, 40, batch_size)]
        batches += [(X[cut].astype(float), Y[cut].astype(float)) for cut in cuts]
    weights, losses = by_hand(layers, batches, chosen, loss)
    for layer, kernel, bias in zip(result.network.layers, weights[::2], weights[1::2], strict=True):
        np.testing.assert_allclose(layer.kernel, kernel, rtol=1e-4, atol=2e-5)
        np.testing.assert_allclose(layer.bias, bias, rtol=1e-4, atol=2e-5)
        assert layer.kernel.dtype == layer.bias.dtype == np.float32
    # The mean loss of a sample: a smaller last batch weighs less. The penalty is not in it.
    sizes = [len(x) for x, _ in batches]
    half = len(batches) // 2
    expected = [
        np.average(losses[:half], weights=sizes[:half]),
        np.average(losses[half:], weights=sizes[half:]),
    ]
    np.testing.assert_allclose(result.loss_curve, expected, rtol=1e-4)
    if batch_size == 16:
        assert not np.array_equal(order[:40], order[40:])


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_every_activation_in_training_is_the_one_of_prediction(activation):
    layers, X, Y = problem(sizes=(6, 5, 3), activations=(activation, activation))
    chosen = options(dropout=(0.0, 0.0), batch_size=40, max_iter=3)
    result = train(
        layers, MatrixSource(X), MatrixSource(Y), chosen, seeds(), train_rows=np.arange(40)
    )
    weights, losses = by_hand(layers, [(X, Y)] * 3, chosen, "mean_squared_error")
    np.testing.assert_allclose(result.network.layers[0].kernel, weights[0], rtol=1e-4, atol=2e-5)
    np.testing.assert_allclose(result.network.layers[1].bias, weights[3], rtol=1e-4, atol=2e-5)
    np.testing.assert_allclose(result.loss_curve, losses, rtol=1e-4)
    assert [layer.activation for layer in result.network.layers] == [activation] * 2
    error = DenseNetwork(layers).predict(X) - Y
    assert result.loss_curve[0] == pytest.approx((error**2).mean(), rel=1e-5)


def test_initial_weights_are_left_alone_and_only_training_rows_are_used():
    layers, X, Y = problem()
    before = [layer.kernel.copy() for layer in layers]
    X[30:] = Y[30:] = np.nan
    result = train(
        layers, MatrixSource(X), MatrixSource(Y), options(), seeds(), train_rows=np.arange(30)
    )
    for layer, kernel in zip(layers, before, strict=True):
        np.testing.assert_array_equal(layer.kernel, kernel)
    assert np.isfinite(result.network.layers[0].kernel).all()
    assert result.best_epoch is None
    assert result.validation_curve == []


def test_the_same_source_twice_is_an_autoencoder():
    layers, X, _ = problem(sizes=(6, 5, 4, 6))
    source = MatrixSource(X)
    one = train(layers, source, source, options(max_iter=2), seeds(), train_rows=np.arange(40))
    two = train(
        layers, MatrixSource(X), MatrixSource(X), options(max_iter=2), seeds(),
        train_rows=np.arange(40),
    )  # fmt: skip
    for a, b in zip(one.network.layers, two.network.layers, strict=True):
        np.testing.assert_array_equal(a.kernel, b.kernel)


# Validation and early stopping --------------------------------------------------------------------


def test_the_best_weights_are_those_of_the_best_epoch():
    layers, X, Y = problem(n_samples=60)
    observer = Observer()
    train_rows, validation_rows = np.arange(20), np.arange(20, 60)
    result = train(
        layers, MatrixSource(X), MatrixSource(Y),
        options(dropout=(0.3, 0.3, 0.3), max_iter=25, learning_rate_init=0.1), seeds(),
        train_rows=train_rows, validation_rows=validation_rows, observer=observer,
    )  # fmt: skip
    errors = [
        np.abs(DenseNetwork(epoch).predict(X[20:]) - Y[20:]).mean() for epoch in observer.epochs
    ]
    np.testing.assert_allclose(result.validation_curve, errors, rtol=1e-5)
    assert result.best_epoch == int(np.argmin(errors))
    assert 0 < result.best_epoch < 24, "the test should have its best epoch in the middle"
    for layer, best in zip(result.network.layers, observer.epochs[result.best_epoch], strict=True):
        np.testing.assert_array_equal(layer.kernel, best.kernel)
        np.testing.assert_array_equal(layer.bias, best.bias)
    assert observer.begun == len(observer.epochs) == 25


def test_without_validation_the_last_weights_are_kept():
    layers, X, Y = problem()
    observer = Observer()
    result = train(
        layers, MatrixSource(X), MatrixSource(Y), options(max_iter=4), seeds(),
        train_rows=np.arange(40), observer=observer,
    )  # fmt: skip
    np.testing.assert_array_equal(result.network.layers[0].kernel, observer.epochs[-1][0].kernel)
    assert len(result.loss_curve) == len(result.learning_rates) == 4


def epochs_until_stop(errors_of_rate, **kwargs):
    layers, X, Y = problem()
    result = train(
        layers, MatrixSource(X), MatrixSource(Y),
        options(learning_rate_init=errors_of_rate, early_stopping=True, max_iter=30, **kwargs),
        seeds(), train_rows=np.arange(30), validation_rows=np.arange(30, 40),
    )  # fmt: skip
    return len(result.loss_curve), result


@pytest.mark.parametrize("patience", [1, 3])
def test_early_stopping_waits_as_long_as_it_is_told(patience):
    # Weights that do not move: the first epoch is the best one.
    assert epochs_until_stop(1e-30, n_iter_no_change=patience)[0] == 1 + patience
    # Weights that improve, but by less than tol.
    assert epochs_until_stop(1e-3, n_iter_no_change=patience, tol=1e3)[0] == 1 + patience


def test_early_stopping_on_a_real_curve():
    stopped_after, result = epochs_until_stop(0.1, n_iter_no_change=2)
    curve, best, waited = result.validation_curve, np.inf, 0
    for epoch, error in enumerate(curve):
        waited = 0 if error < best else waited + 1
        best = min(best, error)
        if waited == 2:
            assert epoch + 1 == stopped_after
    assert stopped_after < 30
    assert curve[result.best_epoch] == min(curve)


def test_an_observer_stops_training():
    layers, X, Y = problem()
    result = train(
        layers, MatrixSource(X), MatrixSource(Y), options(max_iter=9), seeds(),
        train_rows=np.arange(40), observer=Observer(stop_after=3),
    )  # fmt: skip
    assert len(result.loss_curve) == 3


# Divergence ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("max_iter", [3, 10])
def test_divergence_names_the_epoch(max_iter):
    layers, X, Y = problem(activations=("identity", "identity", "identity"))
    chosen = options(
        solver="sgd", loss="summed_squared_error", learning_rate_init=1e3, max_iter=max_iter
    )
    with pytest.raises(ValueError, match=rf"in epoch [12] of {max_iter}\b.*now 1000"):
        train(layers, MatrixSource(X), MatrixSource(Y), chosen, seeds(), train_rows=np.arange(40))


def test_divergence_says_what_the_loss_was():
    layers, X, Y = problem()
    X[0] = np.inf
    with pytest.raises(ValueError, match=r"in epoch 1 of 1: the loss became nan\. Lower"):
        train(
            layers, MatrixSource(X), MatrixSource(Y), options(), seeds(), train_rows=np.arange(40)
        )


def test_a_last_step_that_diverges_is_an_error():
    """The loss of a step is that before it."""
    layers, X, Y = problem()
    chosen = options(solver="sgd", learning_rate_init=1e38, upper_rate=3.0, batch_size=40)
    with pytest.raises(ValueError, match="diverged in epoch 1 of 1: a weight became"):
        train(layers, MatrixSource(X), MatrixSource(Y), chosen, seeds(), train_rows=np.arange(40))


# The learning-rate rule of D-GEX ------------------------------------------------------------------


def test_decayed_learning_rate():
    assert decayed_learning_rate(5e-4, 0.41, 0.40) == pytest.approx(4.5e-4)
    assert decayed_learning_rate(5e-4, 0.40, 0.41) == 5e-4
    assert decayed_learning_rate(5e-4, 0.40, 0.40) == 5e-4
    assert decayed_learning_rate(5e-4, 0.40, np.inf) == 5e-4
    assert decayed_learning_rate(1.05e-5, 0.41, 0.40) == 1e-5
    assert decayed_learning_rate(1e-5, 0.41, 0.40) == 1e-5
    assert decayed_learning_rate(1e-7, 0.40, 0.41) == 1e-7, "the floor raises nothing"
    assert decayed_learning_rate(1e-7, 0.41, 0.40) == 1e-7
    assert decayed_learning_rate(1.0, 2, 1, decay=0.5, floor=0.1) == 0.5


def hand_made_rates(errors, rate):
    rates = [rate]
    for previous, error in zip([np.inf, *errors[:-1]], errors, strict=True):
        rates.append(max(rates[-1] * 0.9, 1e-5) if error > previous else rates[-1])
    return rates[:-1]


def test_the_rate_falls_when_the_training_error_rises():
    layers, X, Y = problem(seed=1)
    observer = Observer()
    result = train(
        layers, MatrixSource(X), MatrixSource(Y),
        options(
            solver="sgd", loss="summed_squared_error", learning_rate_init=0.09, momentum=0.5,
            decay_on_rise=True, max_iter=30, dropout=(0.0, 0.4, 0.4), upper_rate=3.0,
        ),
        seeds(), train_rows=np.arange(40), observer=observer,
    )  # fmt: skip
    errors = [np.abs(DenseNetwork(epoch).predict(X) - Y).mean() for epoch in observer.epochs]
    np.testing.assert_allclose(result.learning_rates, hand_made_rates(errors, 0.09))
    assert result.learning_rates[:2] == [0.09, 0.09], "the first epoch has none before it"
    assert 2 < len(set(result.learning_rates)) < 29


def test_the_rate_is_constant_without_the_rule():
    layers, X, Y = problem()
    result = train(
        layers, MatrixSource(X), MatrixSource(Y),
        options(solver="sgd", learning_rate_init=0.5, max_iter=6), seeds(),
        train_rows=np.arange(40),
    )  # fmt: skip
    assert result.learning_rates == [0.5] * 6


# Dropout ------------------------------------------------------------------------------------------


def one_sample_steps(dropout, n_steps=3):
    """Kernel updates of plain SGD on one sample: an outer product of input and mask."""
    rng = np.random.default_rng(0)
    layers = (
        DenseLayer(
            rng.normal(size=(20, 30)).astype(np.float32), np.ones(30, np.float32), "identity"
        ),
        DenseLayer(rng.normal(size=(30, 1)).astype(np.float32), np.ones(1, np.float32), "identity"),
    )
    x, y = np.ones((1, 20), np.float32), np.array([[100.0]], np.float32)
    observer = Observer()
    result = train(
        layers, MatrixSource(x), MatrixSource(y),
        options(
            solver="sgd", learning_rate_init=1e-4, dropout=dropout, max_iter=n_steps, batch_size=1
        ),
        seeds(), train_rows=np.array([0]), observer=observer,
    )  # fmt: skip
    states = [layers, *observer.epochs]
    return x, y, states, result


def test_hidden_dropout_acts_on_units_and_scales_what_is_kept():
    rate = 0.6
    x, y, states, result = one_sample_steps((0.0, rate))
    masks = []
    for before, after, loss in zip(states[:-1], states[1:], result.loss_curve, strict=True):
        step = after[0].kernel - before[0].kernel
        kept = np.any(step != 0, axis=0)
        assert not np.any(np.all(step == 0, axis=1)), "an input was dropped"
        np.testing.assert_allclose(step[:, kept], np.ones((20, 1)) * step[0, kept], atol=1e-6)
        hidden = (x @ before[0].kernel + before[0].bias) * kept / (1 - rate)
        output = hidden @ before[1].kernel + before[1].bias
        assert loss == pytest.approx(float(((output - y) ** 2).item()), rel=1e-4)
        np.testing.assert_array_equal((after[1].kernel != before[1].kernel)[:, 0], kept)
        masks.append(kept)
    assert 3 < masks[0].sum() < 24
    assert not np.array_equal(masks[0], masks[1])
    assert not np.array_equal(masks[1], masks[2])


def test_input_dropout_acts_on_inputs():
    _, _, states, _ = one_sample_steps((0.6, 0.0))
    step = states[1][0].kernel - states[0][0].kernel
    dropped = np.all(step == 0, axis=1)
    assert 3 < dropped.sum() < 18
    assert not np.any(np.all(step == 0, axis=0))
    assert np.all(step[~dropped] != 0)


def test_layers_of_one_width_have_their_own_masks():
    rng = np.random.default_rng(0)
    layers = tuple(
        DenseLayer(
            rng.normal(size=(25, 25)).astype(np.float32), np.ones(25, np.float32), "identity"
        )
        for _ in range(3)
    )
    observer = Observer()
    train(
        layers, MatrixSource(np.ones((1, 25), np.float32)),
        MatrixSource(np.full((1, 25), 50, np.float32)),
        options(solver="sgd", learning_rate_init=1e-6, dropout=(0.5, 0.5, 0.5), batch_size=1),
        seeds(), train_rows=np.array([0]), observer=observer,
    )  # fmt: skip
    steps = [
        after.kernel != before.kernel
        for before, after in zip(layers, observer.epochs[0], strict=True)
    ]
    masks = [step.any(axis=1) for step in steps]
    for mask in masks:
        assert 4 < mask.sum() < 21
    assert not np.array_equal(masks[0], masks[1])
    assert not np.array_equal(masks[1], masks[2])


def test_the_seed_decides_masks_and_order():
    layers, X, Y = problem()

    def kernel(entropy):
        result = train(
            layers, MatrixSource(X), MatrixSource(Y), options(dropout=(0.0, 0.5, 0.5)),
            seeds(entropy), train_rows=np.arange(40),
        )  # fmt: skip
        return result.network.layers[0].kernel

    np.testing.assert_array_equal(kernel(1), kernel(1))
    assert not np.array_equal(kernel(1), kernel(2))


# Initial weights ----------------------------------------------------------------------------------


@pytest.mark.parametrize("output_limit", [None, 1e-4])
def test_initial_weights(output_limit):
    sizes = (40, 60, 50, 30)
    layers = initial_layers(
        sizes, ("tanh", "tanh", "identity"), np.random.default_rng(0), output_limit
    )
    limits = [np.sqrt(6 / (n + m)) for n, m in pairwise(sizes)]
    if output_limit is not None:
        limits[-1] = output_limit
    for layer, limit in zip(layers, limits, strict=True):
        assert layer.kernel.dtype == np.float32
        assert 0.98 * limit < np.abs(layer.kernel).max() <= limit * (1 + 1e-6)
        assert abs(layer.kernel.mean()) < 0.06 * limit
        assert layer.kernel.std() == pytest.approx(limit / np.sqrt(3), rel=0.05)
        assert not layer.bias.any()
    assert [layer.kernel.shape for layer in layers] == [(40, 60), (60, 50), (50, 30)]


# Memory -------------------------------------------------------------------------------------------


def test_sparse_rows_are_drawn_in_order_and_standardised():
    rng = np.random.default_rng(0)
    X = np.where(rng.random((20, 6)) < 0.3, rng.normal(size=(20, 6)), 0)
    indices = np.array([3, 3, 0, 19, 7])

    scaling = Scaling(rng.normal(size=6), rng.uniform(0.5, 2, 6))
    for form in (sp.csr_array, sp.csr_matrix, np.asarray):
        rows = MatrixSource(form(X), scaling).rows(indices)
        assert rows.dtype == np.float32
        assert isinstance(rows, np.ndarray)
        np.testing.assert_allclose(
            rows, (X[indices] - scaling.mean) / scaling.scale, rtol=1e-6, atol=1e-6
        )
        plain = MatrixSource(form(X)).rows(indices)
        np.testing.assert_array_equal(plain, X[indices].astype(np.float32))
