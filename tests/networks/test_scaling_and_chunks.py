"""Standardisation and evaluation in chunks, dense and sparse."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from skgenes.networks import DenseLayer, DenseNetwork, Scaling, standard_scaling
from skgenes.neural_network import DGEXRegressor, GeneAutoEncoder


@pytest.fixture
def tiny_chunks(monkeypatch):
    """Chunks of some rows, for standardisation and for prediction."""
    monkeypatch.setattr("skgenes.networks._dense.CHUNK_ELEMENTS", 100)
    monkeypatch.setattr("skgenes.networks._sources.CHUNK_ELEMENTS", 100)
    monkeypatch.setattr("skgenes.networks._training._STACK_ELEMENTS", 2000)
    monkeypatch.setattr("skgenes.networks._training._EVALUATED_AT_ONCE", 40)


@pytest.fixture
def densified(monkeypatch):
    """Shapes of everything sparse that was made dense."""
    shapes = []
    for kind in (sp.csr_array, sp.csr_matrix):
        original = kind.toarray

        def toarray(self, *args, _original=original, **kwargs):
            shapes.append(self.shape)
            return _original(self, *args, **kwargs)

        monkeypatch.setattr(kind, "toarray", toarray)
    return shapes


@pytest.mark.usefixtures("tiny_chunks")
@pytest.mark.parametrize("form", [np.asarray, sp.csr_array, np.asfortranarray])
def test_large_means_do_not_cancel_small_spreads(form):
    rng = np.random.default_rng(0)
    X = (1000 + 0.5 * rng.normal(size=(997, 9))).astype(np.float32)
    scaling = standard_scaling(form(X))
    np.testing.assert_allclose(scaling.mean, X.mean(axis=0, dtype=np.float64), rtol=1e-12)
    np.testing.assert_allclose(scaling.scale, X.std(axis=0, dtype=np.float64), rtol=1e-9)
    assert scaling.mean.dtype == scaling.scale.dtype == np.float64
    Z = scaling.apply(X)
    assert Z.dtype == np.float32
    np.testing.assert_allclose(Z.std(axis=0), 1, rtol=1e-5)
    np.testing.assert_allclose(Z.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(scaling.undo(Z), X, rtol=1e-6)


@settings(max_examples=40, derandomize=True)
@given(
    n_samples=st.integers(1, 30),
    n_columns=st.integers(1, 5),
    chunk=st.integers(1, 40),
    shift=st.sampled_from([0.0, 5.0, -1e6]),
    seed=st.integers(0, 99),
)
def test_chunks_do_not_show_in_the_scaling(n_samples, n_columns, chunk, shift, seed):
    X = np.random.default_rng(seed).normal(shift, 1, (n_samples, n_columns))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("skgenes.networks._sources.CHUNK_ELEMENTS", chunk)
        scaling = standard_scaling(X, 0.25)
    np.testing.assert_allclose(scaling.mean, X.mean(axis=0), rtol=1e-9, atol=1e-9)
    expected = X.std(axis=0) + 0.25 if n_samples > 1 else np.ones(n_columns)
    np.testing.assert_allclose(scaling.scale, expected, rtol=1e-7)


@pytest.mark.usefixtures("tiny_chunks")
@pytest.mark.parametrize("value", [0.0, 0.1, -3.3, 1e8])
@pytest.mark.parametrize("offset", [0.0, 1e-3])
def test_constant_columns_are_not_divided_by_rounding(value, offset):
    X = np.random.default_rng(0).normal(size=(501, 3)).astype(np.float32)
    X[:, 1] = value
    scaling = standard_scaling(X, offset)
    assert scaling.scale[1] == 1
    assert np.abs(scaling.apply(X)[:, 1]).max() < 1e-6 * max(1, abs(value))
    assert scaling.scale[0] == pytest.approx(X[:, 0].std(dtype=float) + offset)


def network(n_inputs=20, n_outputs=7):
    rng = np.random.default_rng(1)
    return DenseNetwork(
        (
            DenseLayer(rng.normal(size=(n_inputs, 9)).astype("f4"), np.ones(9, "f4"), "tanh"),
            DenseLayer(rng.normal(size=(9, n_outputs)).astype("f4"), np.ones(n_outputs), "elu"),
        ),
        Scaling(rng.normal(5, 1, n_inputs), rng.uniform(0.5, 2, n_inputs)),
        Scaling(rng.normal(5, 1, n_outputs), rng.uniform(0.5, 2, n_outputs)),
    )  # fmt: skip


def by_hand(net, X):
    h = (X - net.input_scaling.mean) / net.input_scaling.scale
    h = np.tanh(h @ net.layers[0].kernel.astype(float) + net.layers[0].bias)
    h = h @ net.layers[1].kernel.astype(float) + net.layers[1].bias
    h = np.where(h > 0, h, np.exp(np.minimum(h, 0)) - 1)
    return h * net.output_scaling.scale + net.output_scaling.mean


@pytest.mark.parametrize("form", [np.asarray, sp.csr_array, np.asfortranarray])
def test_prediction_is_the_formula_in_chunks_and_at_once(form, monkeypatch):
    net, X = network(), np.random.default_rng(0).normal(5, 2, size=(43, 20))
    expected = by_hand(net, X)
    at_once = net.predict(form(X))
    assert at_once.dtype == np.float64
    np.testing.assert_allclose(at_once, expected, rtol=1e-5, atol=1e-5)
    monkeypatch.setattr("skgenes.networks._dense.CHUNK_ELEMENTS", 100)
    slices = [rows for rows, _ in net.iter_predict(form(X))]
    assert len(slices) == 9
    assert np.concatenate([np.arange(43)[rows] for rows in slices]).tolist() == list(range(43))
    np.testing.assert_allclose(net.predict(form(X)), at_once, rtol=1e-6, atol=1e-6)
    monkeypatch.setattr("skgenes.networks._dense.CHUNK_ELEMENTS", 3)
    assert len(list(net.iter_predict(form(X)))) == 43


def test_cutting_joining_and_keeping_outputs():
    net, X = network(), np.random.default_rng(0).normal(5, 2, size=(5, 20))
    first, second = net.split(1)
    assert (first.n_inputs, first.n_outputs, second.n_inputs, second.n_outputs) == (20, 9, 9, 7)
    np.testing.assert_allclose(second.predict(first.predict(X)), net.predict(X), rtol=1e-6)
    np.testing.assert_array_equal(first.then(second).predict(X), net.predict(X))
    kept = net.with_outputs(np.array([4, 0])).predict(X)
    np.testing.assert_allclose(kept, net.predict(X)[:, [4, 0]], rtol=1e-6)


@pytest.mark.usefixtures("tiny_chunks")
@pytest.mark.parametrize("kind", [sp.csr_array, sp.csr_matrix])
def test_fitting_never_makes_the_whole_matrix_dense(densified, kind):
    rng = np.random.default_rng(0)
    X = kind(np.where(rng.random((900, 20)) < 0.2, 1.0, 0.0))
    GeneAutoEncoder((4,), max_iter=1, batch_size=16, validation_fraction=0.1).fit(X).transform(X)
    assert densified
    DGEXRegressor((4,), max_iter=1, batch_size=16).fit(X, X[:, :5]).predict(X)
    assert max(rows for rows, _ in densified) <= 80


@pytest.mark.usefixtures("tiny_chunks")
def test_scoring_never_makes_the_whole_matrix_dense(expression, densified):
    model = GeneAutoEncoder((4,), max_iter=1, random_state=0).fit(expression)
    X = sp.csr_array(np.tile(expression, (12, 1)))
    expected = model.score(np.tile(expression, (12, 1)))
    densified.clear()
    assert model.score(X) == pytest.approx(expected, abs=1e-6)
    assert max((rows for rows, _ in densified), default=0) <= 100


@pytest.mark.usefixtures("tiny_chunks")
def test_estimators_predict_in_chunks_what_they_predict_at_once(expression, monkeypatch):
    autoencoder = GeneAutoEncoder((4,), max_iter=2, random_state=0).fit(expression)
    dgex = DGEXRegressor((4,), max_iter=2, random_state=0)
    dgex.fit(expression[:, :9], expression[:, 9:])

    def everything():
        return [
            autoencoder.transform(expression),
            autoencoder.reconstruct(expression),
            autoencoder.score(expression),
            dgex.predict(expression[:, :9]),
            dgex.score(expression[:, :9], expression[:, 9:]),
        ]

    in_chunks = everything()
    monkeypatch.setattr("skgenes.networks._dense.CHUNK_ELEMENTS", 10**9)
    for chunked, at_once in zip(in_chunks, everything(), strict=True):
        np.testing.assert_allclose(chunked, at_once, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    ("activations", "left"),
    [
        (["identity"], 1),
        (["identity", "identity", "identity"], 1),
        (["identity", "relu", "identity", "identity", "tanh", "identity"], 3),
    ],
)
def test_merged_is_the_same_function(activations, left):
    rng = np.random.default_rng(0)
    sizes = [7, *rng.integers(3, 9, len(activations))]
    layers = tuple(
        DenseLayer(
            rng.normal(size=(n_in, n_out)).astype(np.float32),
            rng.normal(size=n_out).astype(np.float32),
            activation,
        )
        for n_in, n_out, activation in zip(sizes[:-1], sizes[1:], activations, strict=True)
    )
    X = rng.normal(size=(20, 7))
    last = sizes[-1]
    ends = Scaling(np.full(7, 0.5), np.full(7, 2.0)), Scaling(np.ones(last), np.arange(last))
    for scalings in ((None, None), ends):
        network = DenseNetwork(layers, *scalings)
        merged = network.merged()
        assert [layer.activation for layer in merged.layers[:-1]] == [
            name for name in activations if name != "identity"
        ]
        assert len(merged.layers) == left
        assert merged.input_scaling is merged.output_scaling is None
        assert merged.layers[0].kernel.dtype == np.float64
        # Scaled inputs are rounded to single precision by the network itself.
        np.testing.assert_allclose(merged.predict(X), network.predict(X), rtol=1e-5, atol=1e-5)
    with pytest.raises(ValueError, match=r"end with a linear layer to be merged.*'relu'"):
        DenseNetwork((*layers, DenseLayer(np.eye(last), np.zeros(last), "relu"))).merged()
