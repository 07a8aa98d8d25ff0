"""The networks as estimators: what the options mean, and what a failed fit leaves."""

import anndata
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from scipy.stats import pearsonr
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skgenes.metrics import neg_per_gene_mae_scorer, per_gene_pearson_scorer
from skgenes.networks import train
from skgenes.neural_network import DGEXRegressor, GeneAutoEncoder

AUTOENCODER = GeneAutoEncoder((6, 2), max_iter=3, random_state=0)
DGEX = DGEXRegressor((6,), max_iter=3, random_state=0)


@pytest.fixture
def trained_with(monkeypatch):
    """Arguments of every training."""
    calls = []

    def recorded(network, inputs, targets, options, seeds, **kwargs):
        calls.append({"layers": network.layers, "inputs": inputs, "options": options, **kwargs})
        return train(network, inputs, targets, options, seeds, **kwargs)

    monkeypatch.setattr("skgenes.neural_network._base.train", recorded)
    return calls


# What the options mean ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("position", "expected"),
    [
        ("hidden", (0.0, 0.3, 0.3, 0.3)),
        ("input", (0.3, 0.0, 0.0, 0.0)),
        ("both", (0.3, 0.3, 0.3, 0.3)),
    ],
)
def test_where_the_autoencoder_drops(expression, trained_with, position, expected):
    clone(AUTOENCODER).set_params(dropout=0.3, dropout_position=position).fit(expression)
    assert trained_with[0]["options"].dropout == expected


@pytest.mark.parametrize("hidden", [(5,), (5, 4), (5, 4, 3)])
def test_dgex_trains_as_published(expression, trained_with, hidden):
    DGEXRegressor(hidden, max_iter=1, random_state=0).fit(expression[:, :9], expression[:, 9:])
    options, layers = trained_with[0]["options"], trained_with[0]["layers"]
    assert options.dropout == (0.0, *[0.1] * len(hidden)), "no landmark is dropped"
    assert options.learning_rate_init == (5e-4 if len(hidden) == 1 else 3e-4)
    assert options.loss == "summed_squared_error"
    assert (options.momentum, options.upper_rate, options.alpha) == (0.5, 3.0, 0.0)
    assert options.decay_on_rise
    assert options.batch_size == 200
    assert [layer.activation for layer in layers] == ["tanh"] * len(hidden) + ["identity"]
    assert np.abs(layers[-1].kernel).max() <= 1e-4
    limit = np.sqrt(6 / (9 + 5))
    assert 0.8 * limit < np.abs(layers[0].kernel).max() <= limit
    assert (len(trained_with[0]["train_rows"]), len(trained_with[0]["validation_rows"])) == (81, 9)


def test_adam_has_none_of_the_rules_of_dgex(expression, trained_with):
    dgex = DGEXRegressor((5,), solver="adam", max_iter=1)
    dgex.fit(expression[:, :9], expression[:, 9:])
    options = trained_with[0]["options"]
    assert (options.upper_rate, options.decay_on_rise) == (1.0, False)
    assert options.learning_rate_init == 1e-3


def test_the_autoencoder_trains_as_published(expression, trained_with):
    GeneAutoEncoder(max_iter=1).fit(expression[:4])
    options, layers = trained_with[0]["options"], trained_with[0]["layers"]
    assert [layer.kernel.shape[1] for layer in layers] == [500, 100, 500, 30]
    assert [layer.activation for layer in layers] == ["sigmoid"] * 3 + ["identity"]
    assert (options.loss, options.alpha, options.solver) == ("mean_absolute_error", 1e-6, "adam")
    assert options.dropout == (0.0, 0.1, 0.1, 0.1)
    assert GeneAutoEncoder().max_iter == 100


def test_held_out_samples_are_not_trained_on(expression, trained_with):
    model = clone(AUTOENCODER).set_params(validation_fraction=0.25).fit(expression)
    train_rows, held_out = trained_with[0]["train_rows"], trained_with[0]["validation_rows"]
    assert len(held_out) == 22
    np.testing.assert_array_equal(np.sort([*train_rows, *held_out]), np.arange(90))
    assert len(model.validation_curve_) == 3
    assert clone(AUTOENCODER).fit(expression).validation_curve_ == []


def test_early_stopping_needs_samples_to_watch(expression):
    with pytest.raises(ValueError, match=r"early_stopping=True needs a validation_fraction"):
        GeneAutoEncoder((4,), early_stopping=True).fit(expression)
    model = GeneAutoEncoder(
        (4,), early_stopping=True, validation_fraction=0.3, max_iter=50, n_iter_no_change=2,
        learning_rate_init=1e-30, random_state=0,
    ).fit(expression)  # fmt: skip
    assert model.n_iter_ == 3 == len(model.loss_curve_) == len(model.validation_curve_)


def test_standardised_losses_and_units(expression):
    shifted = (expression * 7 + 1000).astype(np.float64)
    one, two = clone(AUTOENCODER).fit(expression), clone(AUTOENCODER).fit(shifted)
    np.testing.assert_allclose(one.loss_curve_, two.loss_curve_, rtol=1e-4)
    np.testing.assert_allclose(two.reconstruct(shifted), one.reconstruct(expression) * 7 + 1000)
    raw = clone(AUTOENCODER).set_params(standardize=False).fit(expression)
    assert raw.encoder_.input_scaling is None
    assert raw.loss_curve_[0] != one.loss_curve_[0]


def test_networks_are_evaluated_as_written(expression):
    model = GeneAutoEncoder((7, 3), activation="tanh", max_iter=4, random_state=0).fit(expression)
    mean, sd = expression.mean(axis=0, dtype=float), expression.std(axis=0, dtype=float)
    sd[sd == 0] = 1
    h = (expression - mean) / sd
    for layer in model.encoder_.layers:
        h = np.tanh(h @ layer.kernel + layer.bias)
    np.testing.assert_allclose(model.transform(expression), h, rtol=1e-4, atol=1e-5)
    hidden = np.tanh(h @ model.decoder_.layers[0].kernel + model.decoder_.layers[0].bias)
    out = (hidden @ model.decoder_.layers[1].kernel + model.decoder_.layers[1].bias) * sd + mean
    np.testing.assert_allclose(model.reconstruct(expression), out, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(
        model.inverse_transform(model.transform(expression)), model.reconstruct(expression),
        rtol=1e-5, atol=1e-6,
    )  # fmt: skip
    defined = [j for j in range(30) if expression[:, j].std() > 0]
    expected = np.mean([pearsonr(expression[:, j], out[:, j])[0] for j in defined])
    assert model.score(expression) == pytest.approx(expected, abs=1e-5)
    assert model.transform(expression).dtype == np.float64


def test_inverse_transform_checks_its_input(expression):
    model = clone(AUTOENCODER).fit(expression)
    with pytest.raises(ValueError, match=r"Z has 3 columns, but the bottleneck has 2"):
        model.inverse_transform(np.zeros((4, 3)))
    with pytest.raises(ValueError, match="NaN"):
        model.inverse_transform(np.full((4, 2), np.nan))


def test_dgex_standardises_with_an_offset(expression):
    X, y = expression[:, :9], expression[:, 9:]
    model = clone(DGEX).fit(X, y)
    for scaling, data in ((model.network_.input_scaling, X), (model.network_.output_scaling, y)):
        np.testing.assert_allclose(scaling.mean, data.mean(axis=0, dtype=float), rtol=1e-6)
        sd = data.std(axis=0, dtype=float)
        np.testing.assert_allclose(scaling.scale, np.where(sd == 0, 1, sd + 1e-3), rtol=1e-6)


def test_a_rate_below_the_floor_is_not_raised(expression):
    model = DGEXRegressor((4,), max_iter=3, learning_rate_init=1e-7)
    assert max(model.fit(expression, expression[:, :2]).learning_rates_) <= 1e-7


def test_dgex_learns(expression):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 6))
    y = np.tanh(X @ rng.normal(size=(6, 5))) * [1, 10, 100, 1, 1] + [0, 5, 1000, 0, 0]
    model = DGEXRegressor((60,), batch_size=20, max_iter=150, random_state=0, dropout=0.0)
    assert model.fit(X[:200], y[:200]).score(X[200:], y[200:]) > 0.8


def test_one_target_and_one_landmark(expression):
    y = expression[:, 3]
    flat = clone(DGEX).fit(expression, y)
    column = clone(DGEX).fit(expression, y[:, np.newaxis])
    assert flat.predict(expression).shape == (90,)
    assert column.predict(expression).shape == (90, 1)
    np.testing.assert_array_equal(flat.predict(expression), column.predict(expression)[:, 0])
    assert clone(DGEX).fit(expression[:, :1], y).predict(expression[:, :1]).shape == (90,)


def test_sparse_targets_are_the_same_targets(expression):
    X, y = expression[:, :9], expression[:, 9:]
    dense, sparse = clone(DGEX).fit(X, y), clone(DGEX).fit(sp.csr_array(X), sp.csr_array(y))
    np.testing.assert_array_equal(dense.predict(X), sparse.predict(X))
    assert dense.loss_curve_ == sparse.loss_curve_


def test_targets_may_be_an_anndata(expression, genes):
    X, y = expression[:, :9], expression[:, 9:]
    adata = anndata.AnnData(y, var=pd.DataFrame(index=list(genes[9:])))
    expected = clone(DGEX).fit(X, y)
    np.testing.assert_array_equal(clone(DGEX).fit(X, adata).predict(X), expected.predict(X))


def test_prediction_drops_nothing(expression):
    model = GeneAutoEncoder((6, 2), dropout=0.9, dropout_position="both", max_iter=2)
    model.fit(expression)
    np.testing.assert_array_equal(model.transform(expression), model.transform(expression))


@pytest.mark.parametrize("order", ["C", "F"])
def test_data_is_not_changed_and_may_be_read_only(expression, order):
    X = np.array(expression, order=order)
    X.flags.writeable = False
    before = X.copy()
    model = clone(AUTOENCODER).fit(X)
    model.score(X)
    DGEXRegressor((3,), max_iter=1).fit(X[:, :9], X[:, 9:]).predict(X[:, :9])
    np.testing.assert_array_equal(X, before)
    np.testing.assert_allclose(
        model.transform(X), clone(AUTOENCODER).fit(before).transform(X), rtol=1e-5
    )


# Failed fits --------------------------------------------------------------------------------------


def diverging(kind):
    if kind == "dgex":
        return DGEXRegressor((6,), learning_rate_init=1e6, max_iter=20, random_state=0)
    return GeneAutoEncoder(
        (6, 2), solver="sgd", activation="identity", loss="mean_squared_error",
        learning_rate_init=1e6, max_iter=20, random_state=0,
    )  # fmt: skip


def fit(model, X):
    return model.fit(X[:, :9], X[:, 9:]) if isinstance(model, DGEXRegressor) else model.fit(X)


def state(model):
    return {k: v for k, v in vars(model).items() if k.endswith("_") or k.startswith("_")}


@pytest.mark.parametrize("kind", ["dgex", "autoencoder"])
def test_divergence_leaves_an_unfitted_estimator_unfitted(expression, kind):
    model = diverging(kind)
    with pytest.raises(ValueError, match=r"in epoch \d+ of 20.*learning_rate_init"):
        fit(model, expression)
    assert state(model) == {}


@pytest.mark.parametrize("kind", ["dgex", "autoencoder"])
def test_divergence_leaves_the_previous_fit(expression, kind):
    model = diverging(kind).set_params(learning_rate_init=1e-4)
    fit(model, expression)
    before = state(model)
    model.set_params(learning_rate_init=1e6)
    with pytest.raises(ValueError, match="Training diverged"):
        fit(model, expression[:, :20])
    after = state(model)
    assert after.keys() == before.keys()
    assert all(after[key] is before[key] for key in before)
    assert model.n_features_in_ == (9 if kind == "dgex" else 30)


class Interrupting:
    """A callback that interrupts the second epoch."""

    def setup(self, estimator, context):
        self.epochs = 0

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context):
        self.epochs += 1
        if self.epochs == 2:
            raise KeyboardInterrupt


@pytest.mark.parametrize("model", [AUTOENCODER, DGEX], ids=["autoencoder", "dgex"])
def test_an_interrupt_leaves_the_previous_fit(expression, model):
    model = clone(model)
    fit(model, expression)
    before = state(model)
    model.set_callbacks(Interrupting())
    with pytest.raises(KeyboardInterrupt):
        fit(model, expression * 2)
    after = {k: v for k, v in state(model).items() if k != "_skl_callbacks"}
    assert after.keys() == before.keys()
    assert all(after[key] is before[key] for key in before)
    model.set_callbacks()
    fit(model, expression)
    fresh = clone(model).set_callbacks()
    fit(fresh, expression)
    assert model.loss_curve_ == fresh.loss_curve_


# Inside scikit-learn ------------------------------------------------------------------------------


def test_in_a_pipeline(expression, forms):
    pipeline = make_pipeline(StandardScaler(), clone(AUTOENCODER)).set_output(transform="pandas")
    codes = pipeline.fit_transform(forms["frame"])
    assert list(codes.columns) == ["geneautoencoder0", "geneautoencoder1"]
    assert list(codes.index) == list(forms["frame"].index)
    assert pipeline.score(forms["frame"]) == pytest.approx(
        per_gene_pearson_scorer(pipeline, forms["frame"]), abs=1e-6
    )


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")
@pytest.mark.parametrize("form", ["anndata", "anndata_csr"])
def test_cross_validation_of_anndata(forms, expression, form):
    scoring = {"pearson": per_gene_pearson_scorer, "mae": neg_per_gene_mae_scorer}
    results = cross_validate(AUTOENCODER, forms[form], cv=3, scoring=scoring, error_score="raise")
    expected = cross_validate(AUTOENCODER, expression, cv=3, scoring=scoring)
    for score in ("test_pearson", "test_mae"):
        # Sums over sparse columns may round differently.
        np.testing.assert_allclose(results[score], expected[score], rtol=1e-12)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")
def test_searches_give_the_same_in_one_and_two_processes(forms):
    def search(n_jobs):
        grid = {"hidden_layer_sizes": [(4, 2), (8, 2)], "dropout": [0.0, 0.3]}
        found = GridSearchCV(
            AUTOENCODER, grid, cv=2, n_jobs=n_jobs, scoring=per_gene_pearson_scorer,
            error_score="raise",
        )  # fmt: skip
        return found.fit(forms["anndata"])

    one, two = search(1), search(2)
    np.testing.assert_array_equal(
        one.cv_results_["mean_test_score"], two.cv_results_["mean_test_score"]
    )
    assert one.best_params_ == two.best_params_
    np.testing.assert_array_equal(
        one.transform(forms["anndata"]),
        two.transform(forms["anndata"]),
    )
