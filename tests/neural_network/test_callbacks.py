"""scikit-learn's callbacks on every estimator that trains."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.callback import ProgressBar, ScoringMonitor
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import Ridge
from sklearn.metrics import make_scorer, mean_absolute_error
from sklearn.model_selection import GridSearchCV

from skgenes.compose import LandmarkReconstructor
from skgenes.feature_selection import AutoEncoderDeepLIFTSelector
from skgenes.metrics import per_gene_pearson_scorer
from skgenes.neural_network import DEcodeRegressor, DGEXRegressor, GeneAutoEncoder

AUTOENCODER = GeneAutoEncoder((6, 2), max_iter=4, random_state=0)
DGEX = DGEXRegressor((6,), max_iter=4, random_state=0)
DECODE = DEcodeRegressor(
    ((5, 1),), hidden_layer_sizes=(6,), n_init=1, max_iter=4, batch_size=16, random_state=0
)
SELECTOR = AutoEncoderDeepLIFTSelector(5, autoencoder=AUTOENCODER)
ESTIMATORS = {
    "autoencoder": AUTOENCODER,
    "decode": DECODE,
    "dgex": DGEX,
    "selector": SELECTOR,
    "reconstructor": LandmarkReconstructor(SELECTOR, DGEX),
    "search": GridSearchCV(AUTOENCODER, {"hidden_layer_sizes": [(3,), (4, 2)]}, cv=2),
}


def fit(estimator, X):
    if isinstance(estimator, DGEXRegressor | DEcodeRegressor):
        return estimator.fit(X[:, :9], X[:, 9:])
    return estimator.fit(X)


class Recorder:
    """Remembers all that it is told; may ask to stop."""

    max_propagation_depth = None

    def __init__(self, stop_after=None):
        self.begun, self.ended, self.models = [], [], []
        self.setups, self.teardowns, self.stop_after = 0, 0, stop_after

    def setup(self, estimator, context):
        self.setups += 1

    def teardown(self, estimator, context):
        self.teardowns += 1

    def on_fit_task_begin(self, estimator, context, *, X=None, y=None):
        self.begun.append((context.estimator_name, context.task_name, context.task_id))
        assert X is not None or context.estimator_name == "GridSearchCV"

    def on_fit_task_end(self, estimator, context, *, X=None, y=None, fitted_estimator=None):
        self.ended.append((context.estimator_name, context.task_name, context.task_id))
        if context.task_name != "epoch":
            return False
        self.models.append(fitted_estimator)
        return len(self.models) == self.stop_after


@pytest.mark.parametrize("name", ["autoencoder", "decode", "dgex"])
def test_every_epoch_is_reported(expression, name):
    recorder = Recorder()
    model = clone(ESTIMATORS[name]).set_callbacks(recorder)
    fit(model, expression)
    kind = type(model).__name__
    epochs = [(kind, "epoch", i) for i in range(4)]
    assert recorder.begun == [(kind, "fit", 0), *epochs]
    assert recorder.ended == [*epochs, (kind, "fit", 0)]
    assert (recorder.setups, recorder.teardowns) == (1, 1)
    plain = clone(ESTIMATORS[name])
    fit(plain, expression)
    assert plain.loss_curve_ == model.loss_curve_, "being watched changes nothing"


def test_models_of_epochs_can_be_used(expression):
    recorder = Recorder()
    model = clone(AUTOENCODER).set_callbacks(recorder).fit(expression)
    codes = [epoch.transform(expression) for epoch in recorder.models]
    np.testing.assert_array_equal(codes[-1], model.transform(expression))
    assert not np.array_equal(codes[0], codes[1])
    short = clone(AUTOENCODER).set_params(max_iter=2).fit(expression)
    np.testing.assert_array_equal(codes[1], short.transform(expression))
    assert np.isfinite(recorder.models[0].score(expression))


@pytest.mark.parametrize("y_ndim", [1, 2])
def test_learning_rates_of_dgex_follow_the_training_error(expression, y_ndim):
    X, y = expression[:, :9].astype(float), expression[:, 9:].astype(float)
    y = y[:, 3] if y_ndim == 1 else y
    recorder = Recorder()
    model = DGEXRegressor(
        (20,), max_iter=25, batch_size=10, learning_rate_init=0.05, validation_fraction=0,
        random_state=0,
    )  # fmt: skip
    model.set_callbacks(recorder).fit(X, y)
    scale = np.where(y.std(axis=0) == 0, 1, y.std(axis=0) + 1e-3)
    errors = [np.abs((epoch.predict(X) - y) / scale).mean() for epoch in recorder.models]
    rates = [0.05]
    for previous, error in zip([np.inf, *errors[:-1]], errors, strict=True):
        rates.append(max(0.9 * rates[-1], 1e-5) if error > previous else rates[-1])
    np.testing.assert_allclose(model.learning_rates_, rates[:-1])
    assert model.learning_rates_[-1] < 0.05, "the error should rise at times here"


@pytest.mark.parametrize("name", ["autoencoder", "decode", "dgex"])
def test_a_callback_stops_training(expression, name):
    model = clone(ESTIMATORS[name]).set_callbacks(Recorder(stop_after=2))
    fit(model, expression)
    assert model.n_iter_ == len(model.loss_curve_) == 2
    short = clone(ESTIMATORS[name]).set_params(max_iter=2)
    fit(short, expression)
    assert short.loss_curve_ == model.loss_curve_


def test_callbacks_reach_what_is_inside(expression):
    recorder = Recorder()
    model = clone(ESTIMATORS["reconstructor"]).set_callbacks(recorder).fit(expression)
    assert [entry for entry in recorder.begun if entry[1] == "epoch"] == [
        *[("GeneAutoEncoder", "epoch", i) for i in range(4)],
        *[("DGEXRegressor", "epoch", i) for i in range(4)],
    ]
    assert len(recorder.begun) == len(recorder.ended)
    assert (recorder.setups, recorder.teardowns) == (1, 1)
    for estimator in (model, model.selector_, model.selector_.autoencoder_, model.regressor_):
        leftovers = {"_parent_callback_ctx", "_callback_fit_ctx", "_skl_callbacks_to_teardown"}
        assert not leftovers & set(vars(estimator))
    assert not hasattr(model.selector_, "_skl_callbacks")


def test_a_search_reports_every_epoch_of_every_fit(expression):
    recorder = Recorder()
    clone(ESTIMATORS["search"]).set_callbacks(recorder).fit(expression)
    assert len(recorder.models) == 4 * (2 * 2 + 1)


@pytest.mark.parametrize("name", sorted(ESTIMATORS))
def test_progress_bars(expression, name, capsys, monkeypatch):
    pytest.importorskip("rich")
    monkeypatch.setenv("COLUMNS", "200")
    model = clone(ESTIMATORS[name]).set_callbacks(ProgressBar(max_propagation_depth=None))
    fit(model, expression)
    shown = capsys.readouterr().out
    assert type(ESTIMATORS[name]).__name__ in shown
    assert "100%" in shown
    if name == "reconstructor":
        assert "GeneAutoEncoder" in shown
        assert "DGEXRegressor" in shown


def test_a_regressor_without_callbacks_is_said_to_have_none(expression):
    model = LandmarkReconstructor(SELECTOR, Ridge()).set_callbacks(Recorder())
    with pytest.warns(UserWarning, match="Ridge does not support callbacks"):
        model.fit(expression)


def test_epochs_of_all_runs_of_decode_are_reported(expression):
    X, y = expression[:, :9], expression[:, 9:12]
    recorder = Recorder()
    model = clone(DECODE).set_params(n_init=3).set_callbacks(recorder).fit(X, y)
    assert recorder.ended[:-1] == [("DEcodeRegressor", "epoch", i) for i in range(12)]
    for epoch in recorder.models:
        assert len(epoch.runs_) == 1
        assert epoch.predict(X).shape == y.shape
    # The model of an epoch predicts as one that was trained that long.
    short = clone(DECODE).set_params(max_iter=2, validation_fraction=0, early_stopping=False)
    watched, recorder = clone(short).set_params(max_iter=4), Recorder()
    watched.set_callbacks(recorder).fit(X, y)
    np.testing.assert_array_equal(recorder.models[1].predict(X), short.fit(X, y).predict(X))
    np.testing.assert_array_equal(recorder.models[3].predict(X), watched.predict(X))
    assert model.n_iter_ == 4


def test_a_callback_stops_all_runs_of_decode(expression):
    X, y = expression[:, :9], expression[:, 9]
    model = clone(DECODE).set_params(n_init=3, combine="mean")
    model.set_callbacks(Recorder(stop_after=6)).fit(X, y)
    assert len(model.runs_) == len(model.validation_errors_) == 2
    assert model.predict(X).shape == (90,)


def test_epochs_of_a_transfer_are_whole_models(regulated):
    base = DEcodeRegressor(
        ((5, 1),), ((4, 2),), (6,), n_init=1, max_iter=2, batch_size=32, random_state=0
    ).fit(regulated.tracks, regulated.y)
    recorder = Recorder()
    tuned = clone(base).set_params(base_estimator=FrozenEstimator(base)).set_callbacks(recorder)
    tuned.fit(regulated.tracks, regulated.y[:, :2])
    for epoch in recorder.models:
        assert epoch.predict(regulated.tracks).shape == (240, 2)
        np.testing.assert_array_equal(epoch.runs_[0].branches[0][0], base.runs_[0].branches[0][0])


def test_scores_of_dgex_are_monitored(expression):
    X, y = expression[:, :9], expression[:, 9:]
    monitor = ScoringMonitor(scoring=make_scorer(mean_absolute_error))
    recorder = Recorder()
    model = clone(DGEX).set_callbacks(monitor, recorder).fit(X, y)
    data = monitor.get_logs().data
    expected = [mean_absolute_error(y, epoch.predict(X)) for epoch in recorder.models]
    np.testing.assert_allclose([row["score"] for row in data], expected)
    assert [row["task_name"] for row in data] == ["epoch"] * 4
    assert model.n_iter_ == 4


def test_scores_of_frames_are_monitored_without_warnings(expression, genes):
    frame = pd.DataFrame(expression, columns=genes)
    monitor = ScoringMonitor(scoring=make_scorer(mean_absolute_error))
    DGEXRegressor((4,), max_iter=2).set_callbacks(monitor).fit(frame, expression[:, :3])
    assert len(monitor.get_logs().data) == 2


def test_a_failing_callback_leaves_no_trace(expression):
    class Failing(Recorder):
        def on_fit_task_end(self, estimator, context, *, X=None, y=None):
            raise RuntimeError("no")

    callback = Failing()
    for name in ("autoencoder", "decode", "dgex", "selector", "reconstructor"):
        model = clone(ESTIMATORS[name]).set_callbacks(callback)
        before = set(vars(model))
        with pytest.raises(RuntimeError, match="no"):
            fit(model, expression)
        assert set(vars(model)) == before
    assert callback.setups == callback.teardowns == 5


def test_scores_of_an_autoencoder_are_monitored(expression):
    monitor = ScoringMonitor(scoring={"PCC": per_gene_pearson_scorer})
    model = GeneAutoEncoder((4,), max_iter=2).set_callbacks(monitor).fit(expression)
    scores = [row["PCC"] for row in monitor.get_logs().data]
    assert len(scores) == 2
    assert scores[-1] == pytest.approx(model.score(expression))
