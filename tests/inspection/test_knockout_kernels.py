"""What draws are computed from, against networks evaluated as they are and slow loops."""

from itertools import pairwise

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import linregress, pearsonr

from skgenes.inspection._knockout_draws import LinearHidden, centred_correlations, run_draws
from skgenes.inspection._knockout_kernels import response_of, split_by_feature
from skgenes.inspection._knockout_regression import RemovalRegression
from skgenes.inspection._positions import positions_of
from skgenes.networks import DenseLayer, DenseNetwork, Scaling


def network(rng, sizes, activations, scaled=False):
    layers = tuple(
        DenseLayer(
            (rng.normal(size=(a, b)) / np.sqrt(a)).astype(np.float32),
            np.zeros(b, np.float32) if i == 0 else rng.normal(size=b).astype(np.float32),
            activations[i],
        )
        for i, (a, b) in enumerate(pairwise(sizes))
    )
    ends = [Scaling(rng.normal(size=n), rng.random(n) + 0.5) for n in (sizes[0], sizes[-1])]
    return DenseNetwork(layers, *ends) if scaled else DenseNetwork(layers)


def inputs_of(rng, n_rows, n_columns, density=0.4):
    return sp.random_array(
        (n_rows, n_columns), density=density, random_state=rng, format="csr", dtype="f4"
    )


DECODE = ["identity", "relu", "relu", "identity"]
SHAPES = {
    "decode": ((9, 12, 6, 5, 7), DECODE),
    "linear": ((9, 4, 7), ["identity", "identity"]),
    "one layer": ((9, 7), ["identity"]),
    "tanh": ((9, 6, 7), ["tanh", "identity"]),
}


@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
def test_response_is_the_mean_of_the_networks(shape, scaled):
    rng = np.random.default_rng(0)
    networks = [network(rng, *SHAPES[shape], scaled) for _ in range(3)]
    inputs, outputs = inputs_of(rng, 20, 9), np.array([5, 0, 2, 3])
    expected = sum(one.predict(inputs) for one in networks)[:, outputs] / 3
    atol = 1e-5 if scaled else 1e-12  # networks scale their inputs in float32
    response = response_of(networks, outputs)
    np.testing.assert_allclose(response.outputs(response.hidden(inputs)), expected, atol=atol)
    centred = response_of(networks, outputs, centred=True)
    np.testing.assert_allclose(
        centred.outputs(centred.hidden(inputs)),
        expected - expected.mean(axis=1, keepdims=True),
        atol=atol,
    )


def test_narrow_response_keeps_small_differences_of_large_outputs():
    rng = np.random.default_rng(0)
    one = network(rng, *SHAPES["decode"])
    last = one.layers[-1]
    shifted = DenseLayer(last.kernel, last.bias + np.float32(4096), last.activation)
    raised = DenseNetwork((*one.layers[:-1], shifted))
    inputs = inputs_of(rng, 30, 9)
    response = response_of([raised], np.arange(7), np.float32, centred=True)
    found = response.outputs(response.hidden(inputs).astype(np.float32))
    assert found.dtype == np.float32
    expected = raised.predict(inputs)
    np.testing.assert_allclose(found, expected - expected.mean(axis=1, keepdims=True), atol=2e-6)


@settings(max_examples=50)
@given(st.integers(0, 10_000), st.integers(1, 6), st.integers(1, 12), st.integers(1, 5))
def test_rows_taken_apart_by_feature(seed, n_rows, n_columns, n_features):
    rng = np.random.default_rng(seed)
    inputs, feature = inputs_of(rng, n_rows, n_columns), rng.integers(0, n_features, n_columns)
    if inputs.nnz:
        inputs.data[0] = 0  # an explicit zero is no binding
    before = inputs.copy()
    rows, features, parts = split_by_feature(inputs, feature)
    dense = inputs.toarray()
    pairs = [
        (row, each)
        for row in range(n_rows)
        for each in range(n_features)
        if dense[row, feature == each].any()
    ]
    assert list(zip(rows.tolist(), features.tolist(), strict=True)) == pairs
    for (row, each), part in zip(pairs, parts.toarray(), strict=True):
        np.testing.assert_array_equal(part, np.where(feature == each, dense[row], 0))
    np.testing.assert_array_equal(inputs.indices, before.indices)
    np.testing.assert_array_equal(inputs.data, before.data)


def slow_ols(removed, y):
    design = np.column_stack([np.ones(len(y)), removed])
    beta, *_ = np.linalg.lstsq(design, y, rcond=None)
    residual = y - design @ beta
    df = len(y) - design.shape[1]
    covariance = np.linalg.inv(design.T @ design) * (residual @ residual) / df
    return beta[1:], np.sqrt(np.diag(covariance))[1:], 1 - residual.var() / y.var()


def test_regression_in_chunks_is_least_squares():
    rng = np.random.default_rng(0)
    removed = (rng.random((300, 8)) < 0.4).astype(np.float32)
    y = removed @ rng.normal(size=8) + rng.normal(size=300) + 5
    regression = RemovalRegression(8)
    for rows in (slice(0, 7), slice(7, 200), slice(200, 300)):
        regression.add(removed[rows], y[rows])
    fit = regression.fit()
    beta, errors, r_squared = slow_ols(removed, y)
    np.testing.assert_allclose(fit.coefficient, beta, rtol=1e-9)
    np.testing.assert_allclose(fit.standard_error, errors, rtol=1e-9)
    np.testing.assert_allclose(fit.t_statistic, beta / errors, rtol=1e-9)
    np.testing.assert_allclose(fit.r_squared, r_squared, rtol=1e-9)
    np.testing.assert_allclose(fit.p_adjusted, np.minimum(fit.p_value * 8, 1))


def test_regression_on_one_removal_is_that_of_scipy():
    rng = np.random.default_rng(1)
    removed = (rng.random((50, 1)) < 0.5).astype(np.float32)
    y = rng.normal(size=50) + 0.4 * removed[:, 0]
    regression = RemovalRegression(1)
    regression.add(removed, y)
    fit, expected = regression.fit(), linregress(removed[:, 0], y)
    found = fit.coefficient[0], fit.standard_error[0], fit.p_value[0], fit.r_squared
    assert found == pytest.approx(
        (expected.slope, expected.stderr, expected.pvalue, expected.rvalue**2), rel=1e-9
    )


def test_regression_of_what_does_not_vary():
    rng = np.random.default_rng(0)
    regression = RemovalRegression(3)
    removed = (rng.random((100, 3)) < 0.5).astype(np.float32)
    regression.add(removed, 0.7 + 1e-8 * rng.normal(size=100))
    fit = regression.fit()
    assert not fit.coefficient.any()
    assert (fit.p_adjusted == 1).all()
    assert fit.r_squared == 0


def test_regression_checks_rank():
    rng = np.random.default_rng(0)
    removed = (rng.random((40, 4)) < 0.5).astype(np.float32)
    y = rng.normal(size=40)
    never = removed.copy()
    never[:, 2] = 0
    same = removed.copy()
    same[:, 1] = 1 - same[:, 3]
    for design, message in (
        (never, "1 of 4 were removed in all or in none of 40 draws"),
        (same, "40 draws do not tell the effects of 4 removals apart"),
    ):
        regression = RemovalRegression(4)
        regression.add(design, y)
        with pytest.raises(ValueError, match=message):
            regression.fit()


def test_correlations_of_rows():
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(2, 30, 6)) + 3
    second[4] = 2.5
    centred = [rows - rows.mean(axis=1, keepdims=True) for rows in (first, second)]
    found = centred_correlations(*centred, (2.0, 2.0))
    assert np.isnan(found[4])
    expected = [pearsonr(a, b).statistic for a, b in zip(first[:4], second, strict=False)]
    np.testing.assert_allclose(found[:4], expected, rtol=1e-10)


@pytest.mark.parametrize("chunk", [2**20, 300])
def test_draws_are_those_of_networks_on_changed_inputs(monkeypatch, chunk):
    monkeypatch.setattr("skgenes.inspection._knockout_draws._CHUNK_VALUES", chunk)
    rng = np.random.default_rng(3)
    networks = [network(rng, *SHAPES["decode"]) for _ in range(2)]
    inputs = inputs_of(rng, 2, 9, density=0.9).toarray()
    outputs = np.array([0, 1, 3, 4, 6])
    response = response_of(networks, outputs, np.float32, centred=True)
    # Every column but the first two is a unit of its own.
    parts = inputs[:, 2:, None] * response.kernel[2:]
    hidden = LinearHidden(response.hidden(sp.csr_array(inputs)), parts)
    found, _ = run_draws(hidden, response, 7, 200, 0.3, np.random.default_rng(5))
    removed = np.random.default_rng(5).random((200, 7), dtype=np.float32) < 0.3
    kept = np.hstack([np.ones((200, 2)), ~removed])
    profiles = [
        np.mean([one.predict(kept * row)[:, outputs] for one in networks], axis=0) for row in inputs
    ]
    expected = [pearsonr(a, b).statistic for a, b in zip(*profiles, strict=True)]
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_positions_of_names():
    names = ["TP53", "MYC", "ELAVL1"]
    np.testing.assert_array_equal(positions_of(["MYC", "TP53"], names, "gene"), [1, 0])
    np.testing.assert_array_equal(positions_of("MYC", names, "gene"), [1])
    np.testing.assert_array_equal(positions_of([2, "TP53"], names, "gene"), [2, 0])
    np.testing.assert_array_equal(positions_of([2, np.int32(0)], [5, 2, 9], "gene"), [1, 0])
    np.testing.assert_array_equal(positions_of(2, np.arange(4), "gene"), [2])
    np.testing.assert_array_equal(positions_of(np.array([3, 1]), np.arange(4), "gene"), [3, 1])


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (["MYC", "TP35"], r"1 gene\(s\) asked for .* of the model or data: 'TP35'. Did you mean"),
        ("elavl1", "'elavl1'. Did you mean 'ELAVL1'"),
        ("XYZ", "'XYZ'. Check the spelling"),
        (7, r": 7\. There are 'TP53', 'MYC'"),
        ([], "No gene is asked for"),
        (["MYC", "MYC"], "asked for more than once: 'MYC'"),
        ("CD4", "there more than once: 'CD4'"),
    ],
)
def test_positions_of_unknown_names(asked, message):
    with pytest.raises(ValueError, match=message):
        positions_of(asked, ["TP53", "MYC", "ELAVL1", "CD4", "CD4"], "gene")
