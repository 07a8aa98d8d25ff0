"""DEcode's network: the fold of its linear convolutions is exact."""

from itertools import product

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import fftconvolve

from skgenes.feature_extraction import Track
from skgenes.networks import (
    BinSource,
    BranchedNetwork,
    DenseLayer,
    FoldSource,
    NormalizedLayer,
    branched_to_keras,
    convolved_sum,
    initial_branched_network,
)
from skgenes.networks._branched import composite_kernel

ACTIVATIONS = {
    "identity": lambda a: a,
    "relu": lambda a: np.maximum(a, 0),
    "elu": lambda a: np.where(a > 0, a, np.expm1(np.minimum(a, 0))),
    "tanh": np.tanh,
}


def normal(rng, *shape):
    return rng.normal(size=shape).astype(np.float32)


def random_network(
    rng, n_features, convolutions, hidden=(5, 4), n_outputs=3, activation="identity"
):
    """A network that looks trained: nothing in it is 0 or 1."""
    n_outputs = 3
    network = initial_branched_network(
        n_features, convolutions, hidden, n_outputs, rng, conv_activation=activation
    )
    layers = tuple(
        NormalizedLayer(
            layer.kernel,
            normal(rng, n),
            1 + 0.3 * normal(rng, n),
            normal(rng, n),
            normal(rng, n),
            rng.uniform(0.1, 2, n).astype(np.float32),
        )
        for layer, n in zip(network.hidden, hidden, strict=True)
    )
    output = DenseLayer(network.output.kernel, normal(rng, n_outputs), "identity")
    return BranchedNetwork(network.branches, activation, layers, output)


def random_track(rng, lengths, n_features):
    lengths = np.asarray(lengths)
    shape = (lengths.sum(), n_features)
    bins = rng.uniform(0, 1, shape) * (rng.random(shape) < 0.5)
    names = [f"R{i}" for i in range(n_features)]
    return Track(bins, np.concatenate([[0], np.cumsum(lengths)]), names)


def dense_bins(track, n_positions):
    """All genes in one array, with empty bins behind them."""
    result = np.zeros((len(track), n_positions, track.bins.shape[1]), np.float32)
    for gene, (start, stop) in enumerate(zip(track.offsets[:-1], track.offsets[1:], strict=True)):
        result[gene, : stop - start] = track.bins[start:stop].toarray()
    return result


def by_loops(bins, kernels, activation):
    """Value of a branch for one gene: convolve, activate, sum. Position by position."""
    depth = sum(len(kernel) - 1 for kernel in kernels)
    values = np.vstack([bins, np.zeros((depth, bins.shape[1]))])
    for kernel in kernels:
        n_positions = len(values) - len(kernel) + 1
        values = ACTIVATIONS[activation](
            np.array(
                [
                    sum(values[p + i] @ np.float64(tap) for i, tap in enumerate(kernel))
                    for p in range(n_positions)
                ]
            ).reshape(n_positions, kernel.shape[2])
        )
    return values.sum(axis=0)


def folded_inputs(tracks, depths):
    blocks = [
        s for track, depth in zip(tracks, depths, strict=True) for s in track.fold_sums(depth)
    ]
    return sp.hstack(blocks, format="csr")


CONVOLUTIONS = st.lists(st.tuples(st.integers(1, 4), st.integers(1, 4)), min_size=1, max_size=3)
LENGTHS = st.lists(st.integers(0, 7), min_size=1, max_size=6)


# Branches -----------------------------------------------------------------------------------------


@settings(max_examples=50)
@given(st.integers(0, 2**32), CONVOLUTIONS, st.integers(1, 3))
def test_the_composite_kernel_is_a_convolution_of_kernels(seed, shapes, n_features):
    rng = np.random.default_rng(seed)
    kernels, n = [], n_features
    for n_filters, size in shapes:
        kernels.append(normal(rng, size, n, n_filters))
        n = n_filters
    found = composite_kernel(kernels)
    # Along every path through the filters the taps are convolved.
    expected = np.zeros_like(found)
    for path in product(*(range(m) for m in [n_features, *(len(k[0, 0]) for k in kernels)])):
        taps = np.ones(1)
        for kernel, i, j in zip(kernels, path[:-1], path[1:], strict=True):
            taps = np.convolve(taps, kernel[:, i, j].astype(float))
        expected[:, path[0], path[-1]] += taps
    np.testing.assert_allclose(found, expected, atol=1e-12)
    assert len(found) == 1 + sum(size - 1 for _, size in shapes)


def test_the_composite_kernel_of_one_is_itself():
    kernel = normal(np.random.default_rng(0), 3, 2, 4)
    np.testing.assert_array_equal(composite_kernel([kernel]), kernel)


@settings(max_examples=60)
@given(st.integers(0, 2**32), CONVOLUTIONS, LENGTHS, st.sampled_from(sorted(ACTIVATIONS)))
def test_convolved_sums_against_loops(seed, shapes, lengths, activation):
    rng = np.random.default_rng(seed)
    kernels = initial_branched_network([3], [shapes], (1,), 1, rng).branches[0]
    track = random_track(rng, lengths, 3)
    found = convolved_sum(track.bins.toarray(), track.lengths, kernels, activation)
    expected = [
        by_loops(track.bins[start:stop].toarray(), kernels, activation)
        for start, stop in zip(track.offsets[:-1], track.offsets[1:], strict=True)
    ]
    np.testing.assert_allclose(found, expected, atol=1e-12)
    assert found.dtype == np.float64


def test_convolved_sums_against_scipy():
    rng = np.random.default_rng(0)
    bins, kernel = rng.random((9, 2)), rng.normal(size=(4, 2, 3))
    padded = np.vstack([bins, np.zeros((3, 2))])
    expected = [
        # scipy turns one of them round, networks do not.
        fftconvolve(padded, kernel[::-1, ::-1, unit], mode="valid").sum()
        for unit in range(3)
    ]
    found = convolved_sum(bins, np.array([9]), [kernel], "identity")
    np.testing.assert_allclose(found, [expected], atol=1e-12)


# The network against Keras ------------------------------------------------------------------------


@settings(max_examples=8)
@given(st.integers(0, 2**32), CONVOLUTIONS, CONVOLUTIONS, LENGTHS, st.integers(0, 3))
def test_the_fold_equals_keras(seed, promoter, rna, lengths, n_more):
    rng = np.random.default_rng(seed)
    network = random_network(rng, (3, 2), (promoter, rna))
    tracks = (
        random_track(rng, np.full(len(lengths), 2), 3),
        random_track(rng, lengths, 2),
    )
    keras = branched_to_keras([network], (3, 2), ["promoter", "rna"])
    longest = max(lengths) + n_more + (max(lengths) + n_more == 0)
    x = [dense_bins(tracks[0], 2 + n_more), dense_bins(tracks[1], longest)]
    expected = np.asarray(keras(x))
    found = network.folded().predict(folded_inputs(tracks, network.depths))
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
    branches = [
        convolved_sum(track.bins.toarray(), track.lengths, kernels, "identity")
        for track, kernels in zip(tracks, network.branches, strict=True)
    ]
    convolved = network.head().predict(np.concatenate(branches, axis=1))
    np.testing.assert_allclose(found, convolved, rtol=1e-5, atol=1e-5)
    for branch, track, depth, values in zip(
        network.folded_branches(), tracks, network.depths, branches, strict=True
    ):
        folded = branch.predict(folded_inputs([track], [depth]))
        np.testing.assert_allclose(folded, values, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_other_activations_equal_keras(activation):
    rng = np.random.default_rng(1)
    network = random_network(
        rng, (3, 2), (((4, 1), (3, 1)), ((4, 3), (5, 2))), activation=activation
    )
    lengths = [4, 0, 1, 9, 2]
    tracks = random_track(rng, np.full(5, 2), 3), random_track(rng, lengths, 2)
    keras = branched_to_keras([network], (3, 2), ["promoter", "rna"])
    expected = np.asarray(keras([dense_bins(tracks[0], 2), dense_bins(tracks[1], 9)]))
    # As long as they are: no gene depends on what else is in the batch.
    more = np.asarray(keras([dense_bins(tracks[0], 8), dense_bins(tracks[1], 21)]))
    np.testing.assert_allclose(more, expected, atol=1e-6)
    branches = [
        convolved_sum(track.bins.toarray(), track.lengths, kernels, activation)
        for track, kernels in zip(tracks, network.branches, strict=True)
    ]
    found = network.head().predict(np.concatenate(branches, axis=1))
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
    assert np.ptp(expected, axis=0).min() > 0.01


def test_the_keras_model_of_several_networks_is_their_mean():
    rng = np.random.default_rng(2)
    networks = [random_network(rng, (3,), (((4, 2),),)) for _ in range(3)]
    x = dense_bins(random_track(rng, [3, 5], 3), 5)
    one_by_one = [np.asarray(branched_to_keras([n], [3], ["rna"])(x)) for n in networks]
    together = branched_to_keras(networks, [3], ["rna"])
    np.testing.assert_allclose(together(x), np.mean(one_by_one, axis=0), atol=1e-6)
    assert [layer.name for layer in together.inputs] == ["rna"]
    assert together.input_shape == (None, None, 3)


@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy")
def test_a_keras_file_comes_back(tmp_path):
    import keras

    rng = np.random.default_rng(3)
    network = random_network(rng, (3, 2), (((4, 1),), ((4, 2),)), activation="relu")
    model = branched_to_keras([network], (3, 2), ["promoter", "rna"])
    x = [normal(rng, 4, 2, 3), normal(rng, 4, 6, 2)]
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(x), model(x))


def test_predictions_do_not_depend_on_batch_mates():
    rng = np.random.default_rng(4)
    network = random_network(rng, (4,), (((6, 3), (5, 2)),))
    track = random_track(rng, rng.integers(0, 12, 300), 4)
    x = folded_inputs([track], network.depths)
    together = network.folded().predict(x)
    alone = np.vstack([network.folded().predict(x[[i]]) for i in range(300)])
    np.testing.assert_allclose(alone, together, rtol=1e-12, atol=1e-13)


def test_normalization_is_what_it_says():
    rng = np.random.default_rng(5)
    network = random_network(rng, (4,), (((6, 1),),), hidden=(5, 3))
    h = rng.normal(size=(8, 6))
    expected = h
    for layer in network.hidden:
        relu = np.maximum(expected @ layer.kernel + layer.bias, 0)
        deviation = np.sqrt(layer.variance.astype(float) + 1e-3)
        expected = (relu - layer.mean) / deviation * layer.gamma + layer.beta
        scale, shift = layer.normalization()
        np.testing.assert_allclose(scale * relu + shift, expected, rtol=1e-6, atol=1e-6)
    expected = expected @ network.output.kernel + network.output.bias
    np.testing.assert_allclose(network.head().predict(h), expected, rtol=1e-5, atol=1e-5)


def test_bent_convolutions_cannot_be_folded():
    network = random_network(np.random.default_rng(0), (3,), (((2, 2),),), activation="relu")
    with pytest.raises(ValueError, match="Only linear convolutions can be folded, got 'relu'"):
        network.folded()


def test_weights_there_and_back():
    network = random_network(np.random.default_rng(0), (3, 2), (((2, 2), (3, 1)), ((2, 2),)))
    weights = network.weights()
    assert len(weights) == 3 + 2 * 6 + 2 == len(network.graph((False,) * 3).roles)
    changed = network.with_weights([weight + 1 for weight in weights])
    for before, after in zip(weights, changed.weights(), strict=True):
        np.testing.assert_array_equal(after, before + 1)
    assert changed.depths == network.depths == (1, 1)
    assert changed.n_outputs == 3


# Initial weights ----------------------------------------------------------------------------------


def test_initial_kernels_are_as_wide_as_those_of_keras():
    import keras

    network = initial_branched_network(
        [40, 30], [((50, 3), (60, 2)), ((20, 1),)], (70,), 9, np.random.default_rng(0)
    )
    kernels = [*network.branches[0], *network.branches[1], network.hidden[0].kernel]
    shapes = [(3, 40, 50), (2, 50, 60), (1, 30, 20), (80, 70)]
    assert [kernel.shape for kernel in kernels] == shapes
    for kernel in kernels:
        theirs = np.asarray(keras.initializers.GlorotUniform(seed=0)(kernel.shape))
        assert np.abs(kernel).max() == pytest.approx(np.abs(theirs).max(), rel=0.01)
        assert kernel.std() == pytest.approx(theirs.std(), rel=0.05)
        assert kernel.dtype == np.float32
    hidden = network.hidden[0]
    for array, value in zip(hidden.weights[1:], [0, 1, 0, 0, 1], strict=True):
        np.testing.assert_array_equal(array, np.full(70, value, np.float32))


# Sources ------------------------------------------------------------------------------------------


@settings(max_examples=40)
@given(st.integers(0, 2**32), LENGTHS, st.tuples(st.integers(0, 4), st.integers(0, 4)))
def test_sources_against_brute_force(seed, lengths, depths):
    rng = np.random.default_rng(seed)
    tracks = random_track(rng, np.full(len(lengths), 3), 4), random_track(rng, lengths, 2)
    genes = rng.integers(0, len(lengths), 5)
    folded = [folded_inputs([track], [depth]) for track, depth in zip(tracks, depths, strict=True)]
    source = FoldSource(folded, depths)
    dense = FoldSource([part.toarray() for part in folded], depths)
    bins = BinSource([(track.bins, track.offsets) for track in tracks], depths)
    assert source.shape == dense.shape == (len(lengths), 4 * (depths[0] + 1) + 2 * (depths[1] + 1))
    assert bins.shape[0] == len(lengths)
    for part, (track, depth) in enumerate(zip(tracks, depths, strict=True)):
        everything = dense_bins(track, max(track.lengths) + depth + 1)
        sums = np.array(
            [[everything[gene, d:].sum(axis=0) for d in range(depth + 1)] for gene in genes]
        )
        rows = source.rows(genes)[part]
        np.testing.assert_allclose(rows, sums, rtol=1e-6, atol=1e-6)
        np.testing.assert_array_equal(rows, dense.rows(genes)[part])
        found = bins.rows(genes)[part]
        assert found.shape[1] > depth, "even where no gene has bins, one position is left"
        np.testing.assert_array_equal(found, everything[genes, : found.shape[1]])
        assert not everything[genes, found.shape[1] :].any()
        assert rows.dtype == found.dtype == np.float32
