"""Contributions of groups of sparse inputs against the explainer of single dense ones."""

import numpy as np
import pytest
import scipy.sparse as sp

from skgenes.networks import (
    DenseLayer,
    DenseNetwork,
    GroupedRescaleExplainer,
    RescaleExplainer,
    Scaling,
)

GROUPS = np.array([0, 1, 2, 3, 0, 1, 2, 3, 4, 5])


def network(seed, sizes=(10, 7, 6, 5, 3), activations=("identity", "relu", "relu", "identity")):
    rng = np.random.default_rng(seed)
    return DenseNetwork(
        tuple(
            DenseLayer(
                rng.normal(size=(n, m)).astype(np.float32),
                rng.normal(size=m).astype(np.float32),
                activation,
            )
            for n, m, activation in zip(sizes[:-1], sizes[1:], activations, strict=True)
        )
    )


@pytest.fixture(scope="module")
def samples():
    rng = np.random.default_rng(0)
    X = sp.random_array((40, 10), density=0.3, random_state=rng, format="csr", dtype=np.float32)
    X.data *= 4
    reference = np.zeros(10)
    reference[[0, 4, 9]] = 2, 1.5, 0.7
    return X, reference


def explained(explainer, X, n_groups=6):
    values = np.zeros((X.shape[0], n_groups, len(explainer.expected_output)))
    for one in explainer.iter_samples(X):
        assert one.contributions.dtype == np.float32
        assert len(set(one.groups)) == len(one.groups)
        values[one.sample, one.groups] = one.contributions
    return values


def grouped(contributions, groups=GROUPS):
    result = np.zeros((len(contributions), groups.max() + 1, contributions.shape[2]))
    for column, group in enumerate(groups):
        result[:, group] += contributions[:, column]
    return result


def assert_close(actual, expected, relative=2e-6):
    np.testing.assert_allclose(actual, expected, rtol=0, atol=relative * np.abs(expected).max())


@pytest.mark.parametrize(
    ("sizes", "activations"),
    [
        ((10, 3), ("identity",)),
        ((10, 4, 3), ("identity", "identity")),
        ((10, 4, 3), ("relu", "identity")),
        ((10, 4, 5, 3), ("identity", "relu", "identity")),
        ((10, 7, 6, 5, 3), ("identity", "relu", "relu", "identity")),
        ((10, 7, 6, 5, 4, 3), ("identity", "relu", "identity", "tanh", "identity")),
    ],
)
def test_agrees_with_the_explainer_of_single_inputs(samples, sizes, activations):
    X, reference = samples
    net = network(1, sizes, activations)
    expected = grouped(RescaleExplainer(net, reference).explain(X))
    explainer = GroupedRescaleExplainer([net], reference, GROUPS)
    assert_close(explained(explainer, X), expected)
    assert_close(explained(explainer, X.toarray()), expected)
    assert_close(explainer.expected_output, net.predict(reference[np.newaxis])[0])


def test_scalings_are_part_of_the_network(samples):
    X, reference = samples
    rng = np.random.default_rng(3)
    net = network(2)
    net = DenseNetwork(
        net.layers,
        Scaling(rng.normal(size=10), rng.uniform(0.5, 2, 10)),
        Scaling(rng.normal(size=3), rng.uniform(0.5, 2, 3)),
    )
    expected = grouped(RescaleExplainer(net, reference).explain(X))
    assert_close(explained(GroupedRescaleExplainer([net], reference, GROUPS), X), expected)


def test_contributions_to_a_mean_are_means(samples):
    X, reference = samples
    networks = [network(seed) for seed in range(3)]
    expected = np.mean([RescaleExplainer(net, reference).explain(X) for net in networks], axis=0)
    explainer = GroupedRescaleExplainer(networks, reference, GROUPS)
    assert_close(explained(explainer, X), grouped(expected))
    delta = np.mean([net.predict(X) - net.predict(reference[np.newaxis]) for net in networks], 0)
    assert_close(explained(explainer, X).sum(axis=1), delta)
    assert_close([one.delta for one in explainer.iter_samples(X)], delta)


def test_multipliers_times_differences_are_contributions(samples):
    X, reference = samples
    networks = [network(seed) for seed in range(2)]
    explainer = GroupedRescaleExplainer(networks, reference, GROUPS)
    expected = np.mean([RescaleExplainer(net, reference).explain(X) for net in networks], axis=0)
    for i in range(5):
        difference = X[[i]].toarray()[0] - reference
        products = difference[:, np.newaxis] * explainer.multipliers(X[[i]])
        assert_close(products, expected[i])


def test_chunks_do_not_show(samples, monkeypatch):
    X, reference = samples
    explainer = GroupedRescaleExplainer([network(0)], reference, GROUPS)
    expected = explained(explainer, X)
    monkeypatch.setattr("skgenes.networks._rescale_groups._TAIL_ELEMENTS", 60)
    assert_close(explained(explainer, X), expected)


def test_nothing_contributes_to_the_reference_itself(samples):
    reference = samples[1]
    explainer = GroupedRescaleExplainer([network(0)], reference, GROUPS)
    (one,) = explainer.iter_samples(reference[np.newaxis])
    assert one.groups.size == 0
    assert one.contributions.shape == (0, 3)
    np.testing.assert_array_equal(one.delta, 0)


def test_the_last_layer_has_to_be_linear(samples):
    net = network(0, (10, 4, 3), ("relu", "tanh"))
    with pytest.raises(ValueError, match=r"end with a linear layer.*'tanh'"):
        GroupedRescaleExplainer([net], samples[1], GROUPS)
