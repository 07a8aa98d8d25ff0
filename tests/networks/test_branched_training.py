"""Training DEcode's network on fold sums, against Keras that convolves padded bins."""

from dataclasses import replace
from itertools import chain

import numpy as np
import pytest
import scipy.sparse as sp

from skgenes.feature_extraction import Track
from skgenes.networks import (
    BinSource,
    FoldSource,
    MatrixSource,
    TrainingOptions,
    branched_to_keras,
    convolved_sum,
    initial_branched_network,
    train,
)
from skgenes.networks._branched_graph import BranchedGraph
from skgenes.networks._graphs import Operations, StepState

N_GENES = 50
N_FEATURES = (4, 3)
CONVOLUTIONS = ((5, 1), (4, 1)), ((6, 3), (4, 2))
DEPTHS = (0, 3)


class Recording:
    """A source that remembers which rows were drawn."""

    def __init__(self, source):
        self._source, self.drawn = source, []
        self.shape = source.shape

    def rows(self, indices):
        self.drawn.append(np.array(indices))
        return self._source.rows(indices)


def options(**kwargs):
    defaults = {
        "loss": "mean_squared_error",
        "monitor": "mean_squared_error",
        "dropout": (0.0, 0.0, 0.0),
        "solver": "adam",
        "learning_rate_init": 0.01,
        "batch_size": 16,
        "max_iter": 3,
    }
    return TrainingOptions(**{**defaults, **kwargs})


@pytest.fixture(scope="module")
def tracks():
    rng = np.random.default_rng(0)
    result = []
    for lengths, n in zip(
        (np.full(N_GENES, 3), rng.integers(0, 9, N_GENES)), N_FEATURES, strict=True
    ):
        shape = (lengths.sum(), n)
        bins = rng.uniform(0, 1, shape) * (rng.random(shape) < 0.5)
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        result.append(Track(bins, offsets, [f"R{i}" for i in range(n)]))
    return result


@pytest.fixture(scope="module")
def targets():
    return np.random.default_rng(1).normal(size=(N_GENES, 4)).astype(np.float32)


def initial(tracks, activation="identity"):
    """A network whose hidden units are open for some genes and closed for others.

    A bias whose unit is open for all has a gradient of 0, and Adam would follow rounding errors.
    """
    rng = np.random.default_rng(2)
    network = initial_branched_network(N_FEATURES, CONVOLUTIONS, (7, 5), 4, rng, activation)
    h = branch_values(network, tracks)
    hidden = []
    for layer in network.hidden:
        product = h @ layer.kernel
        hidden.append(replace(layer, bias=np.float32(-np.median(product, axis=0))))
        relu = np.maximum(product + hidden[-1].bias, 0)
        h = (relu - relu.mean(axis=0)) / relu.std(axis=0)
    return replace(network, hidden=tuple(hidden))


def branch_values(network, tracks):
    return np.concatenate(
        [
            convolved_sum(track.bins.toarray(), track.lengths, kernels, network.conv_activation)
            for track, kernels in zip(tracks, network.branches, strict=True)
        ],
        axis=1,
    )


def fold_source(tracks):
    sums = [track.fold_sums(depth) for track, depth in zip(tracks, DEPTHS, strict=True)]
    return FoldSource([sp.hstack(blocks, format="csr") for blocks in sums], DEPTHS)


def bin_source(tracks):
    return BinSource([(track.bins, track.offsets) for track in tracks], DEPTHS)


def dense_bins(tracks):
    """All genes in one array for each part, padded to the longest gene of all."""
    parts = []
    for track in tracks:
        part = np.zeros((N_GENES, track.lengths.max(), track.bins.shape[1]), np.float32)
        for gene, length in enumerate(track.lengths):
            start = track.offsets[gene]
            part[gene, :length] = track.bins[start : start + length].toarray()
        parts.append(part)
    return parts


def batches_of(source, batch_size, n_epochs):
    """Of every epoch the batches, as training takes them from the rows it drew."""
    rows = np.concatenate(source.drawn).reshape(n_epochs, -1)
    return [np.split(epoch, range(batch_size, len(epoch), batch_size)) for epoch in rows]


def counted(batches):
    """Batches of an epoch, each with the number of samples up to its end."""
    return zip(np.cumsum([len(rows) for rows in batches]), batches, strict=True)


def trained_by_keras(network, tracks, targets, epochs, rate, alpha):
    import keras

    model = branched_to_keras([network], N_FEATURES, ["promoter", "rna"])
    for layer in model.layers:
        if hasattr(layer, "kernel"):
            layer.kernel.regularizer = keras.regularizers.L2(alpha)
    model.compile(keras.optimizers.Adam(rate), "mean_squared_error", run_eagerly=True)
    x = dense_bins(tracks)
    normalizations = [
        layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)
    ]
    for n_seen, rows in chain(*map(counted, epochs)):
        for layer in normalizations:
            # Means over an epoch at first, then Keras' own moving averages.
            layer.momentum = 1 - max(len(rows) / n_seen, 0.01)
        model.train_on_batch([part[rows] for part in x], targets[rows])
    return model


# In the order of BranchedNetwork.weights: convolutions, and for every hidden layer its kernel and
# bias, then what normalises it.
def weights_of_keras(model):
    named = [layer for layer in model.layers if layer.weights]
    convolutions = [layer for layer in named if layer.name.startswith("conv1d")]
    promoter = [layer for layer in convolutions if layer.kernel.shape[0] == 1]
    rna = [layer for layer in convolutions if layer.kernel.shape[0] > 1]
    others = [layer for layer in named if layer not in convolutions]
    return [
        np.array(weight.numpy()) for layer in (*promoter, *rna, *others) for weight in layer.weights
    ]


@pytest.mark.parametrize("alpha", [0.0, 0.01])
@pytest.mark.parametrize(
    ("activation", "source_of"),
    [
        ("identity", fold_source),
        ("identity", bin_source),
        ("relu", bin_source),
        ("tanh", bin_source),
    ],
)
def test_training_equals_keras(tracks, targets, activation, source_of, alpha):
    network, source = initial(tracks, activation), Recording(source_of(tracks))
    before = [weight.copy() for weight in network.weights()]
    result = train(
        network, source, MatrixSource(targets), options(alpha=alpha),
        np.random.SeedSequence(0), train_rows=np.arange(N_GENES),
    )  # fmt: skip
    epochs = batches_of(source, 16, n_epochs=3)
    assert [len(rows) for rows in epochs[2]] == [16, 16, 16, 2]
    model = trained_by_keras(network, tracks, targets, epochs, 0.01, alpha)
    roles = network.graph((False,) * 3).roles
    found = result.network.weights()
    for a, b, role, start in zip(found, weights_of_keras(model), roles, before, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-4, err_msg=role)
        assert np.abs(a - start).max() > 1e-3, "nothing moved"
    for weight, start in zip(network.weights(), before, strict=True):
        np.testing.assert_array_equal(weight, start)
    predicted = np.asarray(model(dense_bins(tracks)))
    assert np.ptp(predicted, axis=0).min() > 0.1


def test_the_penalty_acts_on_kernels_alone(tracks, targets):
    """A step of plain gradient descent: what alpha adds is 2 alpha times the weights."""

    def step(alpha):
        return train(
            initial(tracks), fold_source(tracks), MatrixSource(targets),
            options(solver="sgd", alpha=alpha, max_iter=1, batch_size=N_GENES),
            np.random.SeedSequence(0), train_rows=np.arange(N_GENES),
        )  # fmt: skip

    plain, penalised = step(0.0), step(0.5)
    network = initial(tracks)
    roles = network.graph((False,) * 3).roles
    for a, b, start, role in zip(
        plain.network.weights(), penalised.network.weights(), network.weights(), roles, strict=True
    ):
        expected = 0.01 * 2 * 0.5 * start if role == "kernel" else np.zeros_like(start)
        np.testing.assert_allclose(a - b, expected, atol=1e-6)
    assert plain.loss_curve == penalised.loss_curve, "the loss is told without the penalty"


def test_losses_and_validation_errors(tracks, targets):
    source = fold_source(tracks)
    train_rows, validation_rows = np.arange(35), np.arange(35, N_GENES)
    networks = []

    class Observer:
        def begin(self):
            pass

        def end(self, network):
            networks.append(network())
            return False

    result = train(
        initial(tracks), source, MatrixSource(targets), options(max_iter=12, batch_size=35),
        np.random.SeedSequence(0), train_rows=train_rows, validation_rows=validation_rows,
        observer=Observer(),
    )  # fmt: skip
    folded = np.hstack([part.reshape(N_GENES, -1) for part in source.rows(np.arange(N_GENES))])
    errors = [
        np.square(network.folded().predict(folded)[35:] - targets[35:]).mean()
        for network in networks
    ]
    np.testing.assert_allclose(result.validation_curve, errors, rtol=1e-4)
    best = int(np.argmin(errors))
    assert result.best_epoch == best
    for a, b in zip(result.network.weights(), networks[best].weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    model = branched_to_keras([initial(tracks)], N_FEATURES, ["promoter", "rna"])
    x = [part[:35] for part in dense_bins(tracks)]
    first = np.square(np.asarray(model(x, training=True)) - targets[:35]).mean()
    assert result.loss_curve[0] == pytest.approx(first, rel=1e-5)


def test_moving_statistics(tracks, targets):
    """Of what ReLU returned in an epoch: means of 100 batches, then averages as in Keras.

    A batch that is left over counts by its size: its variance may be 0.
    """
    network, source = initial(tracks), Recording(fold_source(tracks))
    result = train(
        network, source, MatrixSource(targets),
        options(max_iter=2, batch_size=2, learning_rate_init=1e-30),
        np.random.SeedSequence(0), train_rows=np.arange(221) % N_GENES,
    )  # fmt: skip
    x = branch_values(network, tracks)
    layer = network.hidden[0]
    relu = np.maximum(x @ layer.kernel + layer.bias, 0)
    means, variances = (
        np.array([getattr(relu[rows], what)(axis=0) for rows in batches_of(source, 2, 2)[-1]])
        for what in ("mean", "var")
    )
    found = result.network.hidden[0]
    for statistic, batches in ((found.mean, means), (found.variance, variances)):
        assert len(batches) == 111
        expected = batches[:100].mean(axis=0)
        for batch in batches[100:110]:
            expected = 0.99 * expected + 0.01 * batch
        expected = 0.99 * expected + 0.01 * batches[110]
        np.testing.assert_allclose(statistic, expected, rtol=1e-4, atol=1e-6)


def test_dropout_is_before_every_layer_that_asks_for_it(tracks):
    ops = Operations()
    network, rows = initial(tracks), np.arange(N_GENES)
    graph = BranchedGraph((2, 2), "identity", 2, (False, True, True))
    assert network.graph((False, True, True)) == graph
    weights = [ops.tf.Variable(weight, trainable=False) for weight in network.weights()]
    x = tuple(map(ops.tf.constant, fold_source(tracks).rows(rows)))
    rates, seed = np.float32([0.9, 0.3, 0.5]), np.int64([5, 70])
    step = StepState(ops.tf.constant(rates), ops.tf.constant(seed), ops.tf.constant(0.01))
    found = graph.outputs(ops, weights, x, step)

    h = branch_values(network, tracks)
    for i, layer in enumerate(network.hidden):
        h = np.maximum(h @ layer.kernel + layer.bias, 0)
        h = (h - h.mean(axis=0)) / np.sqrt(h.var(axis=0) + 1e-3)
        shape, key = h.shape, [5, 70 + i + 1]
        kept = ops.tf.random.stateless_uniform(shape, key).numpy() >= rates[i + 1]
        assert 0.5 * (1 - rates[i + 1]) < kept.mean() < 1.5 * (1 - rates[i + 1])
        h = h * kept / (1 - rates[i + 1])
    expected = h @ network.output.kernel + network.output.bias
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)
    again = graph.outputs(ops, weights, x)
    assert not np.allclose(again, found), "evaluation drops nothing"


def test_bins_or_sums_train_the_same_network(tracks, targets):
    def trained(source):
        return train(
            initial(tracks), source, MatrixSource(targets), options(dropout=(0.0, 0.2, 0.2)),
            np.random.SeedSequence(3), train_rows=np.arange(N_GENES),
        )  # fmt: skip

    by_sums, by_bins = trained(fold_source(tracks)), trained(bin_source(tracks))
    np.testing.assert_allclose(by_sums.loss_curve, by_bins.loss_curve, rtol=1e-4)
    for a, b in zip(by_sums.network.weights(), by_bins.network.weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-4)


def test_divergence_is_an_error(tracks, targets):
    chosen = options(solver="sgd", learning_rate_init=1e30, max_iter=4)
    with pytest.raises(ValueError, match=r"Training diverged in epoch \d of 4.*now 1e\+30"):
        train(
            initial(tracks), fold_source(tracks), MatrixSource(targets), chosen,
            np.random.SeedSequence(0), train_rows=np.arange(N_GENES),
        )  # fmt: skip
