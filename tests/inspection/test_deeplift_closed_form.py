"""The closed form of DeepLIFT against the formula, written out term by term in double precision."""

import math

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from skgenes.inspection import deeplift
from skgenes.networks import DenseLayer, DenseNetwork, RescaleExplainer, Scaling, _rescale
from skgenes.neural_network import DGEXRegressor, GeneAutoEncoder

ACTIVATIONS = {
    "identity": lambda a: a,
    "relu": lambda a: a if a > 0 else 0.0,
    "elu": lambda a: a if a > 0 else math.exp(a) - 1,
    "sigmoid": lambda a: 1 / (1 + math.exp(-a)) if a > -700 else 0.0,
    "tanh": math.tanh,
}


def slope(activation, a, a_reference):
    """Slope of the chord, of the tangent at the reference where there is none."""
    s = ACTIVATIONS[activation]
    if abs(a - a_reference) >= 1e-7:
        return (s(a) - s(a_reference)) / (a - a_reference)
    if activation == "relu":
        return 1.0 if a_reference > 0 else 0.0
    h = 1e-6
    return (s(a_reference + h) - s(a_reference - h)) / (2 * h)


def forward(network, x):
    """What enters each activation, and the output, for one sample of Python floats."""
    scaling = network.input_scaling
    z = [float(v) for v in x]
    if scaling is not None:
        z = [(v - m) / s for v, m, s in zip(z, scaling.mean, scaling.scale, strict=True)]
    entering, h = [], z
    for layer in network.layers:
        kernel, bias = layer.kernel.astype(float), layer.bias.astype(float)
        a = [sum(h[i] * kernel[i, j] for i in range(len(h))) + bias[j] for j in range(len(bias))]
        entering.append(a)
        h = [ACTIVATIONS[layer.activation](v) for v in a]
    return z, entering, h


def slow_contributions(network, x, reference, *, after_activation=True):
    """Contributions of one sample, shape (n_inputs, n_outputs)."""
    z, entering, _ = forward(network, x)
    zr, entering_r, _ = forward(network, reference)
    result = np.zeros((network.n_inputs, network.n_outputs))
    for k in range(network.n_outputs):
        multiplier = np.zeros(network.n_outputs)
        multiplier[k] = 1.0
        if network.output_scaling is not None:
            multiplier[k] = network.output_scaling.scale[k]
        for depth in reversed(range(len(network.layers))):
            layer = network.layers[depth]
            if depth < len(network.layers) - 1 or after_activation:
                for j in range(len(multiplier)):
                    multiplier[j] *= slope(
                        layer.activation, entering[depth][j], entering_r[depth][j]
                    )
            multiplier = layer.kernel.astype(float) @ multiplier
        for i in range(network.n_inputs):
            result[i, k] = (z[i] - zr[i]) * multiplier[i]
    return result


def all_slow(network, X, reference, **kwargs):
    return np.array([slow_contributions(network, x, reference, **kwargs) for x in X])


def random_network(rng, sizes, activations, *, weight=1.0, scaled=False):
    layers = tuple(
        DenseLayer(
            (weight * rng.normal(size=(n, m)) / np.sqrt(n)).astype(np.float32),
            rng.normal(size=m).astype(np.float32),
            activation,
        )
        for n, m, activation in zip(sizes[:-1], sizes[1:], activations, strict=True)
    )
    if not scaled:
        return DenseNetwork(layers)
    return DenseNetwork(
        layers,
        Scaling(rng.normal(8, 2, sizes[0]), rng.uniform(0.3, 2, sizes[0])),
        Scaling(rng.normal(5, 2, sizes[-1]), rng.uniform(0.3, 2, sizes[-1])),
    )


def samples_for(network, rng, n_samples):
    X = rng.normal(size=(n_samples, network.n_inputs))
    if network.input_scaling is not None:
        X = X * network.input_scaling.scale + network.input_scaling.mean
    return X


def assert_close(actual, expected, relative=1e-5):
    np.testing.assert_allclose(actual, expected, rtol=0, atol=relative * np.abs(expected).max())


ARCHITECTURES = [
    ((6, 3), ("identity",)),
    ((6, 3), ("sigmoid",)),
    ((6, 5, 3), ("sigmoid", "identity")),
    ((6, 5, 3), ("relu", "sigmoid")),
    ((6, 5, 3), ("identity", "identity")),
    ((6, 5, 4, 3), ("elu", "tanh", "elu")),
    ((6, 5, 4, 3, 2), ("tanh", "relu", "sigmoid", "relu")),
    ((6, 1, 1), ("tanh", "tanh")),
]


@pytest.mark.parametrize("after_activation", [True, False])
@pytest.mark.parametrize(("sizes", "activations"), ARCHITECTURES)
def test_contributions_are_those_of_the_formula(sizes, activations, after_activation):
    rng = np.random.default_rng(3)
    network = random_network(rng, sizes, activations, weight=1.5)
    X, reference = samples_for(network, rng, 7), rng.normal(size=sizes[0])
    explainer = RescaleExplainer(network, reference, after_activation)
    expected = all_slow(network, X, reference, after_activation=after_activation)
    actual = explainer.explain(X)
    assert actual.shape == (7, sizes[0], sizes[-1])
    assert actual.dtype == np.float32
    assert_close(actual, expected)
    assert_close(explainer.mean(X, absolute=True), np.abs(expected).mean(axis=0))
    assert_close(explainer.mean(X, absolute=False), expected.mean(axis=0))


@pytest.mark.parametrize(("sizes", "activations"), ARCHITECTURES)
def test_scalings_are_part_of_the_network(sizes, activations):
    rng = np.random.default_rng(4)
    network = random_network(rng, sizes, activations, scaled=True)
    X = samples_for(network, rng, 6)
    reference = samples_for(network, rng, 1)[0]
    explainer = RescaleExplainer(network, reference)
    expected = all_slow(network, X, reference)
    assert_close(explainer.explain(X), expected)
    assert_close(explainer.mean(X, absolute=True), np.abs(expected).mean(axis=0))
    assert_close(explainer.mean(X, absolute=False), expected.mean(axis=0))
    output = [
        [h * s + m for h, s, m in zip(forward(network, x)[2], *_out(network), strict=True)]
        for x in [reference, *X]
    ]
    np.testing.assert_allclose(explainer.expected_output, output[0], rtol=1e-5)
    assert_close(expected.sum(axis=1), np.array(output[1:]) - output[0], 1e-9)  # of the oracle
    delta, residual = explainer.delta_and_residual(X)
    assert delta == pytest.approx(np.abs(np.array(output[1:]) - output[0]).max(), rel=1e-5)
    assert residual <= 1e-5 * delta


def _out(network):
    return network.output_scaling.scale, network.output_scaling.mean


@pytest.mark.parametrize("activation", ["relu", "elu", "sigmoid", "tanh", "identity"])
@pytest.mark.parametrize("level", [-1.5, 0.75])
def test_where_nothing_differs_the_chord_is_the_tangent_at_the_reference(activation, level):
    # Two inputs that cancel leave the unit where it was, though each of them contributes.
    first = DenseLayer(
        np.array([[1.0], [-1.0]], np.float32), np.array([level], np.float32), activation
    )
    last = DenseLayer(np.array([[2.0]], np.float32), np.zeros(1, np.float32), "identity")
    network = DenseNetwork((first, last))
    reference, x = np.array([0.5, 0.5]), np.array([[1.0, 1.0]])
    expected = slow_contributions(network, x[0], reference)
    derivative = slope(activation, level, level)
    np.testing.assert_allclose(expected, [[derivative], [-derivative]], rtol=1e-6)
    explainer = RescaleExplainer(network, reference)
    np.testing.assert_allclose(explainer.explain(x)[0], expected, rtol=1e-5)
    np.testing.assert_allclose(explainer.mean(x, absolute=True), np.abs(expected), rtol=1e-5)


def test_a_sample_equal_to_the_reference_contributes_nothing():
    rng = np.random.default_rng(0)
    network = random_network(rng, (5, 4, 2), ("sigmoid", "tanh"))
    x = rng.normal(size=(1, 5))
    explainer = RescaleExplainer(network, x[0])
    assert not explainer.explain(x).any()
    assert explainer.delta_and_residual(x) == (0.0, 0.0)


@settings(max_examples=40, derandomize=True)
@given(
    seed=st.integers(0, 2**32 - 1),
    widths=st.lists(st.integers(1, 7), min_size=2, max_size=5),
    activations=st.lists(st.sampled_from(sorted(ACTIVATIONS)), min_size=4, max_size=4),
    weight=st.sampled_from([0.01, 0.3, 1.0, 3.0]),
    scaled=st.booleans(),
    after=st.booleans(),
)
def test_contributions_add_up_on_any_network(seed, widths, activations, weight, scaled, after):
    rng = np.random.default_rng(seed)
    activations = activations[: len(widths) - 1]
    if scaled and not after:
        activations[-1] = "identity"
    network = random_network(rng, widths, activations, weight=weight, scaled=scaled)
    X, reference = samples_for(network, rng, 5), samples_for(network, rng, 1)[0]
    explainer = RescaleExplainer(network, reference, after)
    contributions = explainer.explain(X).astype(np.float64)

    def output(x):
        _, entering, h = forward(network, x)
        h = np.array(h if after else entering[-1])
        scaling = network.output_scaling
        return h if scaling is None else h * scaling.scale + scaling.mean

    delta = np.array([output(x) - output(reference) for x in X])
    # Rounding is relative to the terms of sums, biases included, not to what they cancel to.
    rounding = 2e-5 * np.abs(contributions).sum(axis=1).max() + 2e-6 * (
        1 + np.abs(output(X[0])).max()
    )
    np.testing.assert_allclose(contributions.sum(axis=1), delta, rtol=0, atol=rounding)
    reported = explainer.delta_and_residual(X)
    assert reported[0] == pytest.approx(np.abs(delta).max(), abs=rounding)
    assert reported[1] < rounding


@pytest.fixture
def small_chunks(monkeypatch):
    """Chunks, products and tiles of a few elements, so that all of them end somewhere."""
    monkeypatch.setattr(_rescale.RescaleExplainer._chunks, "__defaults__", (7,))
    monkeypatch.setattr(_rescale, "_TILE_INPUTS", 4)
    monkeypatch.setattr(_rescale, "_TILE_ELEMENTS", 4 * 3 * 3)
    monkeypatch.setattr("skgenes.networks._dense.CHUNK_ELEMENTS", 50)
    _rescale._compiled_sum.cache_clear()
    yield
    _rescale._compiled_sum.cache_clear()


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("n_samples", [1, 2, 7, 8, 20])
@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize("after_activation", [True, False])
def test_chunks_padding_and_tiles_do_not_show(n_samples, depth, after_activation):
    rng = np.random.default_rng(n_samples)
    sizes = (*(10, 5, 4)[:depth], 3)
    network = random_network(rng, sizes, ("tanh", "elu", "sigmoid")[-depth:])
    X, reference = samples_for(network, rng, n_samples), rng.normal(size=10)
    explainer = RescaleExplainer(network, reference, after_activation)
    expected = all_slow(network, X, reference, after_activation=after_activation)
    assert_close(explainer.explain(X), expected)
    assert_close(explainer.explain(sp.csr_array(X)), expected)
    assert_close(explainer.mean(X, absolute=True), np.abs(expected).mean(axis=0))
    assert_close(explainer.mean(sp.csr_array(X), absolute=True), np.abs(expected).mean(axis=0))
    assert_close(explainer.mean(X, absolute=False), expected.mean(axis=0))
    delta, residual = explainer.delta_and_residual(X)
    assert residual < 1e-5 * delta


def test_more_samples_and_inputs_than_one_chunk_holds():
    rng = np.random.default_rng(1)
    network = random_network(rng, (1030, 3, 2), ("sigmoid", "identity"))
    X, reference = samples_for(network, rng, 259), rng.normal(size=1030)
    chosen = [0, 100, 255, 256, 258]
    explainer = RescaleExplainer(network, reference)
    contributions = explainer.explain(X)
    assert_close(contributions[chosen], all_slow(network, X[chosen], reference))
    mean = np.abs(contributions.astype(float)).mean(axis=0)
    assert_close(explainer.mean(X, absolute=True), mean)
    assert_close(explainer.mean(X, absolute=False), contributions.astype(float).mean(axis=0))


# The function -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def autoencoder(expression):
    model = GeneAutoEncoder((8, 3), max_iter=20, learning_rate_init=0.01, random_state=0)
    return model.fit(expression)


@pytest.fixture(scope="module")
def dgex(expression):
    model = DGEXRegressor((9, 6), solver="adam", max_iter=15, batch_size=20, random_state=0)
    return model.fit(expression[:, :10], expression[:, 10:])


def references_of(X):
    X = X.astype(np.float64)
    given_array = np.linspace(0, 2, X.shape[1])
    return {
        "mean": ("mean", X.mean(axis=0)),
        "median": ("median", np.median(X, axis=0)),
        "zeros": ("zeros", np.zeros(X.shape[1])),
        "array": (given_array, given_array),
        "list": (given_array.tolist(), given_array),
    }


@pytest.mark.parametrize("form", ["array", "csr", "frame", "anndata_csr"])
@pytest.mark.parametrize("kind", ["mean", "median", "zeros", "array", "list"])
@pytest.mark.filterwarnings("ignore:X has feature names, but")
def test_references(autoencoder, expression, forms, form, kind):
    argument, expected = references_of(expression)[kind]
    result = deeplift(autoencoder, forms[form], reference=argument, aggregation="absolute")
    np.testing.assert_allclose(result.reference, expected, rtol=1e-6, atol=1e-7)
    slow = all_slow(autoencoder.encoder_, expression[:3], expected)
    few = deeplift(autoencoder, expression[:3], reference=expected)
    assert_close(few.contributions, slow)
    assert result.contributions.dtype == np.float64
    assert result.contributions.shape == (30, 3)
    assert result.relative_residual < 1e-5
    np.testing.assert_allclose(
        result.expected_output, autoencoder.transform(np.float32([expected]))[0], rtol=1e-4
    )


def test_a_reference_of_the_wrong_shape_or_value_is_refused(autoencoder, expression):
    with pytest.raises(ValueError, match=r"shape \(30,\).*shape \(29,\)"):
        deeplift(autoencoder, expression, reference=np.zeros(29))
    with pytest.raises(ValueError, match="finite"):
        deeplift(autoencoder, expression, reference=np.full(30, np.nan))
    with pytest.raises(ValueError, match="'average'"):
        deeplift(autoencoder, expression, reference="average")


@pytest.mark.parametrize("aggregation", ["absolute", "signed"])
@pytest.mark.parametrize("explain", ["bottleneck", "reconstruction"])
@pytest.mark.parametrize("after_activation", [True, False])
def test_aggregates_are_means_of_contributions(
    autoencoder, expression, aggregation, explain, after_activation
):
    kwargs = {"explain": explain, "after_activation": after_activation}
    each = deeplift(autoencoder, expression, **kwargs).contributions.astype(np.float64)
    expected = (np.abs(each) if aggregation == "absolute" else each).mean(axis=0)
    result = deeplift(autoencoder, expression, aggregation=aggregation, **kwargs)
    assert_close(result.contributions, expected)
    assert result.aggregation == aggregation


def test_before_the_activation_of_the_bottleneck(autoencoder, expression):
    reference = expression.mean(axis=0, dtype=np.float64)
    result = deeplift(autoencoder, expression[:4], reference=reference, after_activation=False)
    slow = all_slow(autoencoder.encoder_, expression[:4], reference, after_activation=False)
    assert_close(result.contributions, slow)
    before = np.array(
        [forward(autoencoder.encoder_, x)[1][-1] for x in [reference, *expression[:4]]]
    )
    np.testing.assert_allclose(result.expected_output, before[0], rtol=1e-5)
    assert_close(result.contributions.sum(axis=1), before[1:] - before[0])


def test_reconstruction_is_explained_in_the_unit_of_the_data(autoencoder, expression):
    result = deeplift(autoencoder, expression, explain="reconstruction")
    reference = expression.mean(axis=0, dtype=np.float64)
    base = autoencoder.reconstruct(reference[np.newaxis])
    assert result.contributions.shape == (90, 30, 30)
    assert_close(
        result.contributions.astype(float).sum(axis=1), autoencoder.reconstruct(expression) - base
    )
    np.testing.assert_allclose(result.expected_output, base[0], rtol=1e-5)


def test_dgex_is_explained_in_the_unit_of_the_targets(dgex, expression):
    X = expression[:, :10]
    result = deeplift(dgex, X, reference="zeros")
    change = dgex.predict(X) - dgex.predict(np.zeros((1, 10)))
    assert_close(result.contributions.astype(float).sum(axis=1), change)
    assert_close(result.contributions[:3], all_slow(dgex.network_, X[:3], np.zeros(10)))
    assert result.delta == pytest.approx(np.abs(change).max(), rel=1e-5)
    with pytest.raises(ValueError, match=r"'bottleneck'.*DGEXRegressor.*\['prediction'\]"):
        deeplift(dgex, X, explain="bottleneck")


@pytest.mark.parametrize("aggregation", [None, "absolute", "signed"])
@pytest.mark.parametrize("outputs", [1, [2, 0], [1, 1], np.array([19])])
def test_some_outputs(dgex, expression, outputs, aggregation):
    X = expression[:20, :10]
    everything = deeplift(dgex, X, aggregation=aggregation)
    some = deeplift(dgex, X, outputs=outputs, aggregation=aggregation)
    indices = np.atleast_1d(outputs)
    assert_close(some.contributions, everything.contributions[..., indices])
    np.testing.assert_allclose(some.expected_output, everything.expected_output[indices])


@pytest.mark.parametrize("outputs", [20, -1, [0, 20], [0.5], []])
def test_outputs_that_do_not_exist(dgex, expression, outputs):
    with pytest.raises(ValueError, match="from 0 to 19"):
        deeplift(dgex, expression[:, :10], outputs=outputs)


def test_a_result_that_nobody_can_hold_is_refused(autoencoder, expression, monkeypatch):
    monkeypatch.setattr("skgenes.inspection._deeplift._LARGEST_RESULT", 4 * 90 * 30 * 3 - 1)
    with pytest.raises(ValueError, match=r"90 samples, 30 features and 3 outputs.*aggregation="):
        deeplift(autoencoder, expression)
    assert deeplift(autoencoder, expression[:89]).contributions.shape == (89, 30, 3)
    assert deeplift(autoencoder, expression, outputs=[0, 1]).contributions.shape == (90, 30, 2)
    assert deeplift(autoencoder, expression, aggregation="signed").contributions.shape == (30, 3)


def test_samples_must_fit_the_estimator(autoencoder, expression):
    with pytest.raises(ValueError, match=r"29 features.*expecting 30"):
        deeplift(autoencoder, expression[:, 1:])


def test_what_cannot_be_explained():
    from sklearn.linear_model import Ridge

    with pytest.raises(TypeError, match="Ridge"):
        deeplift(Ridge(), np.zeros((2, 2)))
    with pytest.raises(TypeError, match="str"):
        deeplift("model", np.zeros((2, 2)))


# shap's plots -------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:X has feature names, but")
@pytest.mark.filterwarnings("ignore:The set_(bad|over|under) function")
@pytest.mark.parametrize("form", ["array", "csr", "frame", "anndata_csr"])
def test_to_shap(autoencoder, expression, forms, form, genes):
    result = deeplift(autoencoder, forms[form])
    everything = result.to_shap()
    assert everything.values.shape == (90, 30, 3)
    np.testing.assert_array_equal(everything.data, expression)
    named = form in ("frame", "anndata_csr")
    assert everything.feature_names == (list(genes) if named else None)
    np.testing.assert_allclose(
        everything.base_values + everything.values.sum(axis=1),
        autoencoder.transform(expression),
        atol=1e-5,
    )
    for output in (1, -2):
        one = result.to_shap(output=output)
        assert one.values.shape == (90, 30)
        assert one.base_values.shape == (90,)
        np.testing.assert_array_equal(one.values, everything.values[..., 1])
        np.testing.assert_allclose(
            one.base_values + one.values.sum(axis=1),
            autoencoder.transform(expression)[:, 1],
            atol=1e-5,
        )


@pytest.mark.filterwarnings("ignore:The set_(bad|over|under) function")
def test_to_shap_refuses_averages_and_outputs_that_do_not_exist(autoencoder, expression):
    with pytest.raises(ValueError, match=r"aggregation=.absolute.*aggregation=None"):
        deeplift(autoencoder, expression, aggregation="absolute").to_shap()
    result = deeplift(autoencoder, expression)
    for output in (3, -4):
        with pytest.raises(ValueError, match=f"no output {output}.*0 to 2"):
            result.to_shap(output=output)


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning", "ignore:X has feature names")
def test_shap_draws_it(autoencoder, forms):
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    import shap

    explanation = deeplift(autoencoder, forms["frame"]).to_shap(output=0)
    for plot in (shap.plots.bar, shap.plots.beeswarm):
        axes = plot(explanation, show=False)
        labels = {label.get_text() for label in axes.get_yticklabels()}
        assert any("GENE" in label for label in labels)
        plt.close("all")
