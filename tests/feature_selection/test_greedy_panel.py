"""The panel from which ridge regression infers most."""

from itertools import pairwise

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone

from skgenes.feature_selection import AutoEncoderDeepLIFTSelector, GreedyPanelSelector
from skgenes.feature_selection._panel_search import explained, greedy_panel
from skgenes.feature_selection._smoothed_genes import (
    automatic_penalty,
    components_above,
    sampling_noise,
    shared_cross,
    shared_target,
    smoothed_cross,
)
from skgenes.linear_model import PanelRidge
from skgenes.neural_network import GeneAutoEncoder

AUTOENCODER = GeneAutoEncoder((8, 3), max_iter=4)
NETWORK = AutoEncoderDeepLIFTSelector(6, autoencoder=AUTOENCODER, random_state=0)
GREEDY = GreedyPanelSelector(6)
BOTH = pytest.mark.parametrize("selector", [GREEDY, NETWORK], ids=["greedy", "network"])


def shared_programmes(seed, n_samples=120, n_genes=60):
    """Three programmes of very different sizes, genes with noise of their own."""
    rng = np.random.default_rng(seed)
    owner = np.repeat([0, 1, 2, 3], [30, 12, 6, n_genes - 48])
    programmes = np.column_stack([rng.normal(size=(n_samples, 3)), np.zeros(n_samples)])
    return programmes[:, owner] + 0.7 * rng.normal(size=(n_samples, n_genes)), owner


def test_what_is_searched(expression):
    selector = clone(GREEDY).fit(expression)
    Z = (expression - expression.mean(axis=0, dtype=float)) / expression.std(axis=0, dtype=float)
    S, n, p = Z.T @ Z / len(Z), len(Z), 30
    squares = (S**2).sum()
    rho = ((1 - 2 / p) * squares + p**2) / ((n + 1 - 2 / p) * (squares - p**2 / p))
    np.testing.assert_allclose(selector.penalty_, 3 * rho / (1 - rho), rtol=1e-5)
    least = 1.5 * p / n
    values, vectors = np.linalg.eigh(S)
    kept = vectors[:, values > least]
    target = (Z + Z @ np.linalg.solve(S + least * np.eye(p), S) + Z @ kept @ kept.T) / 3
    order, gains, left = greedy_panel(S, Z.T @ target / n, selector.penalty_, 6)
    np.testing.assert_array_equal(np.argsort(selector.ranking_)[:6], order)
    np.testing.assert_allclose(selector.gains_, gains, rtol=1e-4)
    rest = np.setdiff1d(np.arange(p), order)
    np.testing.assert_array_equal(
        np.argsort(selector.ranking_[rest]), np.argsort(-left[rest]).argsort().argsort()
    )


def test_what_is_searched_with_a_network(expression):
    selector = clone(NETWORK).fit(expression)
    mean, scale = expression.mean(axis=0, dtype=float), expression.std(axis=0, dtype=float)
    Z = (expression - mean) / scale
    S, n, least = Z.T @ Z / len(Z), len(Z), 1.5 * 30 / len(Z)
    np.testing.assert_allclose(selector.penalty_, automatic_penalty(S, n), rtol=1e-5)
    values, vectors = np.linalg.eigh(S)
    kept = vectors[:, values > least]
    shared = (Z + Z @ np.linalg.solve(S + least * np.eye(30), S) + Z @ kept @ kept.T) / 3
    T = ((selector.autoencoder_.reconstruct(expression) - mean) / scale + shared) / 2
    order, gains, left = greedy_panel(S, Z.T @ T / n, selector.penalty_, 6, own=0.25)
    np.testing.assert_array_equal(np.argsort(selector.ranking_)[:6], order)
    np.testing.assert_allclose(selector.gains_, gains, rtol=1e-3)
    rest = np.setdiff1d(np.arange(30), order)
    np.testing.assert_array_equal(
        np.argsort(selector.ranking_[rest]), np.argsort(-left[rest]).argsort().argsort()
    )
    importance = clone(NETWORK).set_params(strategy="importance").fit(expression)
    np.testing.assert_array_equal(selector.importances_, importance.importances_)
    assert not hasattr(importance, "gains_")


def test_a_network_without_penalty_does_not_change_the_correlations(expression):
    # The shared target is then the correlation matrix itself.
    selector = clone(NETWORK).set_params(penalty=0).fit(expression)
    mean, scale = expression.mean(axis=0, dtype=float), expression.std(axis=0, dtype=float)
    Z = (expression - mean) / scale
    T = ((selector.autoencoder_.reconstruct(expression) - mean) / scale + Z) / 2
    order, gains, _ = greedy_panel(Z.T @ Z / len(Z), Z.T @ T / len(Z), 0, 6, own=0.25)
    np.testing.assert_array_equal(np.argsort(selector.ranking_)[:6], order)
    np.testing.assert_allclose(selector.gains_, gains, rtol=1e-3)


def test_a_penalty_of_zero_is_column_subset_selection(expression):
    S = np.corrcoef(expression.T.astype(float))
    selector = GreedyPanelSelector(10, penalty=0).fit(expression)
    panel = []
    for _ in range(10):
        rest = np.setdiff1d(np.arange(30), panel)
        panel.append(max(rest, key=lambda j: explained(S, S, 0, [*panel, j])))
    np.testing.assert_array_equal(np.argsort(selector.ranking_)[:10], panel)


@pytest.mark.parametrize("seed", range(3))
def test_every_programme_gets_genes_and_noise_gets_none(seed):
    X, owner = shared_programmes(seed)
    panel = np.flatnonzero(GreedyPanelSelector(6).fit(X).support_)
    n_genes = np.bincount(owner[panel], minlength=4)
    assert n_genes[0] >= n_genes[1] >= n_genes[2] >= 1
    assert n_genes[3] == 0


def test_it_infers_better_than_the_largest_importances():
    X, _ = shared_programmes(0, n_samples=300)
    train, test = X[:150], X[150:]
    network = GeneAutoEncoder((10,), activation="tanh", loss="mean_squared_error", max_iter=30)
    errors = {}
    for strategy in ("reconstruction", "importance"):
        selector = AutoEncoderDeepLIFTSelector(
            6, strategy=strategy, autoencoder=network, random_state=0
        ).fit(train)
        on, off = selector.support_, ~selector.support_
        ridge = PanelRidge().fit(train[:, on], train[:, off])
        errors[strategy] = ((ridge.predict(test[:, on]) - test[:, off]) ** 2).mean()
    assert errors["reconstruction"] < errors["importance"]


@BOTH
def test_smaller_panels_are_part_of_larger_ones(selector, expression):
    wishes = {"must_include": [29], "exclude": [3, 4]}
    panels = [
        clone(selector).set_params(n_features_to_select=k, **wishes).fit(expression)
        for k in (1, 2, 5, 28)
    ]
    for small, large in pairwise(panels):
        size = small.support_.sum()
        np.testing.assert_array_equal(small.support_, large.ranking_ <= size)
        np.testing.assert_allclose(large.gains_[:size], small.gains_)
        assert sorted(small.ranking_) == list(range(1, 31))
        assert small.ranking_[29] == 1
        assert set(small.ranking_[[3, 4]]) == {29, 30}


@BOTH
def test_all_forms_of_input_give_one_panel(selector, forms):
    names = ["array", "frame", "csr", "csr_matrix", "anndata", "anndata_csr"]
    fitted = [clone(selector).fit(forms[name]) for name in names]
    for other in fitted[1:]:
        np.testing.assert_array_equal(other.ranking_, fitted[0].ranking_)
        np.testing.assert_allclose(other.gains_, fitted[0].gains_, rtol=1e-9)


@BOTH
def test_batches_do_not_matter(selector, expression, monkeypatch):
    whole = clone(selector).fit(expression)
    monkeypatch.setattr("skgenes.feature_selection._gene_sums._ROWS_AT_ONCE", 7)
    batched = clone(selector).fit(sp.csr_array(expression))
    np.testing.assert_array_equal(batched.ranking_, whole.ranking_)
    np.testing.assert_allclose(batched.gains_, whole.gains_, rtol=1e-8)


def test_unit_and_order_of_genes_do_not_matter(expression):
    X = expression.astype(float)
    rng = np.random.default_rng(0)
    shuffled = rng.permutation(30)
    plain = clone(GREEDY).fit(X)
    moved = clone(GREEDY).fit(X[:, shuffled] * rng.uniform(0.1, 9, 30) + rng.normal(size=30))
    np.testing.assert_array_equal(moved.ranking_, plain.ranking_[shuffled])
    np.testing.assert_allclose(moved.gains_, plain.gains_)
    twice = clone(GREEDY).fit(np.vstack([X, X]))
    assert twice.penalty_ < plain.penalty_


@BOTH
def test_the_window_of_expression(selector, expression):
    mean = expression.mean(axis=0, dtype=float)
    low, high = np.quantile(mean, [0.2, 0.7])
    outside = int(np.argmax(mean))
    fitted = clone(selector).set_params(min_mean=low, max_mean=high, must_include=[outside])
    fitted.fit(expression)
    inside = np.setdiff1d(np.flatnonzero(fitted.support_), [outside])
    assert len(inside) == 5
    assert ((mean[inside] >= low) & (mean[inside] <= high)).all()
    assert fitted.ranking_[outside] == 1


@pytest.mark.parametrize("strategy", ["greedy", "reconstruction", "importance"])
@pytest.mark.parametrize(
    ("params", "match"),
    [
        ({"must_include": ["GENE1", "NOPE"]}, r"must_include has 1 gene\(s\).*of X: 'NOPE'"),
        ({"must_include": "GENE1", "exclude": ["GENE1"]}, r"share 1 gene\(s\): GENE1"),
        ({"must_include": list(range(7))}, "must_include has 7 genes, but only 6"),
        ({"must_include": ["GENE9", "GENE8"]}, r"1 gene\(s\) that do not vary.*: 'GENE9'"),
        ({"n_features_to_select": 30}, "only 29 can be: of 30, 1 do not vary, 0 are outside"),
        ({"min_mean": 3.0, "max_mean": 1.0}, "min_mean=3.0 is above max_mean=1.0"),
        ({"min_mean": 1e9}, "only 0 can be: of 30, 1 do not vary, 29 are outside"),
        ({"exclude": list(range(9)), "n_features_to_select": 21}, "only 20 can be.*9 are in ex"),
    ],
)
def test_wishes_that_cannot_be_met(forms, strategy, params, match, monkeypatch):
    monkeypatch.setattr(GeneAutoEncoder, "fit", lambda *_: pytest.fail("trained in vain"))
    frame = forms["frame"].copy()
    frame["GENE9"] = 2.5
    selector = clone(GREEDY if strategy == "greedy" else NETWORK).set_params(**params)
    if strategy != "greedy":
        selector.set_params(strategy=strategy)
    with pytest.raises(ValueError, match=match):
        selector.fit(frame)


def test_constant_genes_come_last(expression):
    X = expression.copy()
    X[:, [2, 7]] = 0.1
    selector = clone(GREEDY).fit(X)
    assert set(selector.ranking_[[2, 7]]) == {29, 30}
    without = clone(GREEDY).fit(np.delete(X, [2, 7], axis=1))
    np.testing.assert_array_equal(np.delete(selector.ranking_, [2, 7]), without.ranking_)
    np.testing.assert_allclose(selector.penalty_, without.penalty_)


def test_more_genes_than_samples_allow():
    X = np.random.default_rng(0).normal(size=(5, 40))
    selector = GreedyPanelSelector(30).fit(X)
    assert selector.support_.sum() == 30
    assert np.isfinite(selector.gains_).all()
    assert (np.diff(selector.gains_) <= 1e-9).all() or selector.gains_.min() >= 0


def test_default_networks(expression, monkeypatch):
    asked = []
    train = GeneAutoEncoder.fit

    def fit(self, X):
        asked.append(self.get_params())
        return train(self.set_params(max_iter=1), X)

    monkeypatch.setattr(GeneAutoEncoder, "fit", fit)
    AutoEncoderDeepLIFTSelector(3, random_state=4).fit(expression[:20])
    expected = GeneAutoEncoder(
        activation="tanh",
        loss="mean_squared_error",
        dropout=0.5,
        dropout_position="input",
        early_stopping=True,
        validation_fraction=0.1,
        random_state=4,
    )
    assert asked == [expected.get_params()]


@pytest.mark.parametrize("n_samples", [4, 50])
def test_noise_of_sampling_falls_with_samples(n_samples):
    X = np.random.default_rng(0).normal(size=(n_samples, 20))
    noise = sampling_noise(np.corrcoef(X.T), n_samples)
    assert noise > 0.5
    shared = sampling_noise(np.full((20, 20), 0.9) + 0.1 * np.eye(20), n_samples)
    assert 0 < shared < noise
    assert sampling_noise(np.eye(3), 10) == 100
    assert sampling_noise(np.eye(1), 10) == 100


def test_smoothing_in_closed_form(expression):
    S = np.corrcoef(expression.T.astype(float))
    expected = S @ np.linalg.solve(S + 0.7 * np.eye(30), S)
    result = smoothed_cross(S, 0.7)
    np.testing.assert_allclose(result, expected, atol=1e-12)
    np.testing.assert_allclose(result, result.T, rtol=1e-12, atol=1e-14)
    with pytest.raises(np.linalg.LinAlgError, match="not positive"):
        smoothed_cross(-S, 0.7)


def correlations(seed, n_samples, n_genes=30, n_constant=0):
    X, _ = shared_programmes(seed, n_samples, n_genes=max(n_genes, 48))
    X = X[:, np.random.default_rng(seed).permutation(X.shape[1])[:n_genes]]
    S = np.corrcoef(X.T)
    S[:n_constant], S[:, :n_constant] = 0, 0
    return S


@pytest.mark.parametrize("n_samples", [12, 30, 200])
@pytest.mark.parametrize("n_constant", [0, 3])
@pytest.mark.parametrize("least", [1e-9, 0.4, 1.3, 4.0, 1e3])
def test_components_above_a_threshold(n_samples, n_constant, least):
    S = correlations(1, n_samples, n_constant=n_constant)
    before = S.copy()
    values, vectors = np.linalg.eigh(S)
    kept = values > least
    result = components_above(S, least)
    assert result.shape == (30, kept.sum())
    np.testing.assert_allclose(result @ result.T, (vectors * values * kept) @ vectors.T, atol=1e-12)
    np.testing.assert_array_equal(S, before)
    np.testing.assert_array_equal(components_above(S, least), result)
    np.testing.assert_allclose(result[:n_constant], 0, atol=1e-12)


@pytest.mark.parametrize("n_samples", [12, 200])
def test_what_genes_share(n_samples, monkeypatch):
    S = correlations(2, n_samples)
    values, vectors = np.linalg.eigh(S)
    weights = (1 + values / (values + 1.3) + (values > 1.3)) / 3
    result = shared_cross(S, 1.3)
    np.testing.assert_allclose(result, (vectors * values * weights) @ vectors.T, atol=1e-12)
    np.testing.assert_allclose(result, result.T, atol=1e-14)
    monkeypatch.setattr("skgenes.feature_selection._smoothed_genes._ROWS_AT_ONCE", 7)
    np.testing.assert_allclose(shared_cross(S, 1.3), result, rtol=1e-13, atol=1e-14)


@given(seed=st.integers(0, 10**6), n_samples=st.sampled_from([15, 100]))
@settings(max_examples=20)
def test_what_genes_share_moves_with_the_genes(seed, n_samples):
    S = correlations(seed, n_samples)
    order = np.random.default_rng(seed).permutation(30)
    # Between two eigenvalues: one at the threshold itself could fall on either side.
    values = np.linalg.eigvalsh(S)[::-1]
    least = (values[4] + values[5]) / 2
    moved = shared_cross(S[np.ix_(order, order)], least)
    np.testing.assert_allclose(moved, shared_cross(S, least)[np.ix_(order, order)], atol=1e-11)


def test_the_threshold_follows_genes_and_samples():
    S = correlations(3, 100, n_constant=4)
    automatic = automatic_penalty(S, 100)
    expected = shared_cross(S, 1.5 * 26 / 100)
    np.testing.assert_allclose(shared_target(S, automatic, 100), expected, atol=1e-13)
    twice = shared_cross(S, 2 * 1.5 * 26 / 100)
    np.testing.assert_allclose(shared_target(S, 2 * automatic, 100), twice, atol=1e-13)


def test_many_samples_leave_the_genes_as_measured():
    S = correlations(4, 100)
    far = [
        np.abs(shared_target(S, automatic_penalty(S, n), n) - S).max()
        for n in (20, 100, 10**4, 10**8)
    ]
    assert (np.diff(far) < 0).all()
    assert far[-1] < 1e-6


@pytest.mark.parametrize("penalty", [0, 1e-15])
def test_next_to_no_penalty_leaves_the_genes_as_measured(penalty):
    S = correlations(5, 12)
    np.testing.assert_array_equal(shared_target(S, penalty, 12), S)


def two_tissues(n_rare):
    """A common tissue with four programmes and a rare one with two of its own."""
    rng = np.random.default_rng(5)
    rare = np.arange(400) >= 400 - n_rare
    programmes = rng.normal(size=(400, 6)) * np.where(
        rare[:, None], [0, 0, 0, 0, 1, 1], [1, 1, 1, 1, 0, 0]
    )
    owner = np.repeat(np.arange(6), 10)
    return programmes[:, owner] + 0.6 * rng.normal(size=(400, 60)), owner, rare


def test_groups_weigh_the_same():
    X, owner, rare = two_tissues(n_rare=16)
    plain = np.unique(owner[GreedyPanelSelector(6).fit(X).support_])
    balanced = np.unique(owner[GreedyPanelSelector(6).fit(X, groups=rare).support_])
    assert set(plain) == {0, 1, 2, 3}
    assert set(balanced) == set(range(6))


def test_groups_of_one_size_change_nothing(expression):
    groups = np.resize(["B", "T", "NK"], 90)
    plain = clone(GREEDY).fit(expression)
    grouped = clone(GREEDY).fit(expression, groups=groups)
    np.testing.assert_array_equal(grouped.ranking_, plain.ranking_)
    np.testing.assert_allclose(grouped.gains_, plain.gains_)
    assert grouped.penalty_ == pytest.approx(plain.penalty_)


def test_groups_are_weights(expression):
    groups = np.repeat(["B", "T"], [30, 60])
    grouped = GreedyPanelSelector(6, penalty=0).fit(expression, groups=groups)
    doubled = np.vstack([expression[:30], expression])
    twice = GreedyPanelSelector(6, penalty=0).fit(doubled)
    np.testing.assert_array_equal(grouped.ranking_, twice.ranking_)
    np.testing.assert_allclose(grouped.gains_, twice.gains_, rtol=1e-9)


@pytest.mark.parametrize(
    ("groups", "match"),
    [
        (["B"] * 89 + ["T"], r"1 group\(s\) of a single sample: 'T'"),
        (["B"] * 88 + [None, None], r"2 missing label\(s\), in row\(s\) 88, 89"),
        ([0.0] * 89 + [np.nan], r"1 missing label\(s\), in row\(s\) 89"),
        (["B"] * 30, "one label for each of the 90 samples of X"),
        ([["B"]] * 90, r"got shape \(90, 1\)"),
    ],
)
def test_groups_that_cannot_be_balanced(expression, groups, match):
    with pytest.raises(ValueError, match=match):
        clone(GREEDY).fit(expression, groups=groups)


@BOTH
def test_groups_by_name_of_a_column(selector, forms):
    cells = forms["anndata"].copy()
    cells.obs["type"] = np.repeat(["B", "T"], [30, 60])
    by_name = clone(selector).fit(cells, groups="type")
    by_value = clone(selector).fit(cells, groups=cells.obs["type"].to_numpy())
    np.testing.assert_array_equal(by_name.ranking_, by_value.ranking_)
    np.testing.assert_array_equal(by_name.gains_, by_value.gains_)
    with pytest.raises(ValueError, match="no column 'tissue' for groups"):
        clone(selector).fit(cells, groups="tissue")


def test_groups_weigh_in_what_a_network_reconstructs(expression):
    groups = np.repeat(["B", "T"], [30, 60])
    fitted = clone(NETWORK).fit(expression, groups=groups)
    weights = np.where(groups == "B", 1.5, 0.75)
    mean = np.average(expression.astype(float), axis=0, weights=weights)
    scale = np.sqrt(np.average((expression - mean) ** 2, axis=0, weights=weights))
    Z = (expression - mean) / scale
    T = (fitted.autoencoder_.reconstruct(expression) - mean) / scale
    S, C = (Z * weights[:, None]).T @ Z / 90, (Z * weights[:, None]).T @ T / 90
    effective = 90**2 / (weights**2).sum()
    np.testing.assert_allclose(fitted.penalty_, automatic_penalty(S, effective), rtol=1e-5)
    C = (C + shared_target(S, fitted.penalty_, effective)) / 2
    order, gains, _ = greedy_panel(S, C, fitted.penalty_, 6, own=0.25)
    np.testing.assert_array_equal(np.argsort(fitted.ranking_)[:6], order)
    np.testing.assert_allclose(fitted.gains_, gains, rtol=1e-3)


def test_importance_takes_no_groups(expression):
    selector = clone(NETWORK).set_params(strategy="importance")
    with pytest.raises(ValueError, match='groups were given, but strategy="importance"'):
        selector.fit(expression, groups=np.repeat(["B", "T"], 45))


@BOTH
def test_a_panel_larger_than_the_rank_needs_a_penalty(selector):
    X = np.random.default_rng(0).normal(size=(5, 40))
    wanted = clone(selector).set_params(n_features_to_select=9)
    assert wanted.fit(X).n_features_ == 9
    with pytest.raises(ValueError, match="9 genes is larger than the rank of X: from 4 of them"):
        wanted.set_params(penalty=0).fit(X)
