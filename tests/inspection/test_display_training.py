"""Importances of genes, and the course of training."""

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.colors import to_hex
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skgenes.compose import LandmarkReconstructor
from skgenes.feature_selection import AutoEncoderDeepLIFTSelector, GivenPanelSelector
from skgenes.inspection import ImportanceDisplay, TrainingCurveDisplay
from skgenes.neural_network import DGEXRegressor, GeneAutoEncoder

mpl.use("Agg")


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


def legend_of(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


@pytest.fixture(scope="module")
def selector(forms):
    network = GeneAutoEncoder((6, 2), max_iter=4, validation_fraction=0.2)
    return AutoEncoderDeepLIFTSelector(
        5, autoencoder=network, exclude=["GENE3"], random_state=0
    ).fit(forms["frame"])


@pytest.fixture(scope="module")
def dgex(expression):
    return DGEXRegressor((6,), max_iter=3, validation_fraction=0).fit(expression, expression[:, :4])


# Importances


def test_bars_are_the_best_genes_in_order(selector):
    display = ImportanceDisplay.from_estimator(selector, n_genes=7)
    order = np.argsort(-selector.importances_)[:7]
    widths = [bar.get_width() for bar in display.bars_]
    np.testing.assert_array_equal(widths, selector.importances_[order])
    labels = [label.get_text() for label in display.ax_.get_yticklabels()]
    assert labels == selector.feature_names_in_[order].tolist()
    assert display.ax_.yaxis_inverted()
    colours = np.array([to_hex(bar.get_facecolor()) for bar in display.bars_])
    inside = selector.support_[order]
    assert len(set(colours[inside])) == 1
    assert not set(colours[inside]) & set(colours[~inside])
    assert sorted(legend_of(display.ax_)) == [
        f"in the panel: {inside.sum()} shown of 5",
        f"not in the panel: {7 - inside.sum()} shown of 25",
    ]


def test_columns_without_names_and_fewer_than_asked_for():
    display = ImportanceDisplay([0.1, 0.3], np.array([False, False])).plot()
    labels = [label.get_text() for label in display.ax_.get_yticklabels()]
    assert labels == ["column 1", "column 0"]
    assert legend_of(display.ax_) == ["not in the panel: 2 shown of 2"]


def test_the_curve_holds_every_gene_and_marks_the_panel():
    importances = np.array([0.2, 0.9, 0.5, 0.0])
    support = np.array([True, True, False, False])
    display = ImportanceDisplay(importances, support).plot(kind="curve")
    np.testing.assert_array_equal(display.line_.get_xydata().T, [[1, 2, 3, 4], [0.9, 0.5, 0.2, 0]])
    np.testing.assert_array_equal(display.panel_.get_offsets(), [[1, 0.9], [3, 0.2]])
    assert legend_of(display.ax_) == ["all genes: 4", "in the panel: 2"]
    assert display.ax_.get_xscale() == "log"


def test_selectors_without_importances(expression):
    selector = GivenPanelSelector([1, 2])
    with pytest.raises(NotFittedError):
        ImportanceDisplay.from_estimator(selector)
    with pytest.raises(TypeError, match=r"GivenPanelSelector has no importances_ .*support"):
        ImportanceDisplay.from_estimator(selector.fit(expression))


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (([0.1], [True]), {"kind": "pie"}, "kind must be 'bars' or 'curve', got 'pie'"),
        (([0.1], [True]), {"n_genes": 0}, "n_genes must be a positive integer, got 0"),
        (([0.1, np.nan], [True, False]), {}, "must be finite, got 1 value"),
        (([0.1, 0.2], [0, 1]), {}, "mask of bool, got int64"),
        (([0.1, 0.2], [True]), {}, r"got shapes \(2,\), \(1,\), \(2,\)"),
        (([0.1], [True], ["a", "b"]), {}, r"got shapes \(1,\), \(1,\), \(2,\)"),
    ],
)
def test_bad_importances(arguments, options, message):
    with pytest.raises(ValueError, match=message):
        ImportanceDisplay(*arguments).plot(**options)
    assert not plt.get_fignums()


# Training


def test_curves_are_the_networks(selector):
    display = TrainingCurveDisplay.from_estimator(selector)
    network = selector.autoencoder_
    epochs = np.arange(1, 5)
    np.testing.assert_array_equal(
        display.loss_line_.get_xydata(), np.column_stack([epochs, network.loss_curve_])
    )
    np.testing.assert_array_equal(
        display.validation_line_.get_xydata(), np.column_stack([epochs, network.validation_curve_])
    )
    best = 1 + int(np.argmin(network.validation_curve_))
    assert display.best_epoch_ == best
    assert [line.get_xdata()[0] for line in display.best_lines_] == [best, best]
    assert legend_of(display.axes_[0]) == [
        f"GeneAutoEncoder, least validation error in epoch {best}"
    ]


def test_loss_and_error_are_named_for_what_they_are(selector, dgex, expression):
    display = TrainingCurveDisplay.from_estimator(selector)
    labels = [ax.get_ylabel() for ax in display.axes_]
    assert labels == [
        "Training loss\nmean absolute error,\nstandardised units",
        "Validation error\nmean absolute error,\nstandardised units",
    ]
    (ax,) = TrainingCurveDisplay.from_estimator(dgex).axes_
    assert ax.get_ylabel() == (
        "Training loss\nsquared error summed over targets,\nstandardised units"
    )
    squared = GeneAutoEncoder((4,), loss="mean_squared_error", standardize=False, max_iter=1)
    (ax,) = TrainingCurveDisplay.from_estimator(squared.fit(expression)).axes_
    assert ax.get_ylabel() == "Training loss\nmean squared error,\nunit of the data"
    mlp = MLPRegressor(hidden_layer_sizes=(2,), max_iter=2, early_stopping=True, n_iter_no_change=5)
    with pytest.warns(match="Maximum iterations"):
        mlp.fit(expression, expression[:, 0])
    (ax,) = TrainingCurveDisplay.from_estimator(mlp).axes_
    assert ax.get_ylabel() == "Training loss"


def test_without_validation_no_epoch_is_best(dgex):
    display = TrainingCurveDisplay.from_estimator(dgex, name="D-GEX")
    assert len(display.axes_) == 1
    assert display.validation_line_ is None
    assert display.best_epoch_ is None
    assert display.best_lines_ == []
    assert legend_of(display.axes_[0]) == ["D-GEX"]


def test_the_network_is_found_wherever_it_is(expression, dgex):
    network = DGEXRegressor((3,), max_iter=1)
    model = LandmarkReconstructor(GivenPanelSelector(range(9)), network)
    pipeline = make_pipeline(StandardScaler(), model).fit(expression)
    display = TrainingCurveDisplay.from_estimator(pipeline)
    assert display.loss_curve == pipeline[-1].regressor_.loss_curve_
    with pytest.raises(TypeError, match="Ridge holds no network"):
        TrainingCurveDisplay.from_estimator(Ridge().fit(expression, expression[:, 0]))
    with pytest.raises(NotFittedError):
        TrainingCurveDisplay.from_estimator(network)


def test_two_networks_are_named(expression, selector):
    model = LandmarkReconstructor(selector, DGEXRegressor((3,), max_iter=1))
    model.set_params(selector__exclude=None).fit(expression)
    with pytest.raises(
        TypeError, match=r"2 networks: .*estimator.selector_.autoencoder_, estimator.regressor_"
    ):
        TrainingCurveDisplay.from_estimator(model)


def test_epochs_without_an_error_are_not_the_best():
    display = TrainingCurveDisplay([3.0, np.nan, 1.0, 1.0], [3.0, np.nan, 1.0, 2.0]).plot()
    assert display.best_epoch_ == 3
    nothing = TrainingCurveDisplay([np.nan] * 3, [np.nan] * 3).plot()
    assert nothing.best_epoch_ is None
    assert nothing.best_lines_ == []
    nothing.figure_.canvas.draw()


def test_one_epoch_can_be_seen():
    display = TrainingCurveDisplay([3.0], [2.0]).plot()
    assert display.loss_line_.get_marker() == display.validation_line_.get_marker() == "o"
    assert TrainingCurveDisplay([3.0, 2.0]).plot().loss_line_.get_marker() == "None"


def test_bad_curves():
    with pytest.raises(ValueError, match=r"got shapes \(0,\) and \(0,\)"):
        TrainingCurveDisplay([]).plot()
    with pytest.raises(ValueError, match=r"got shapes \(2,\) and \(3,\)"):
        TrainingCurveDisplay([1.0, 2.0], [1.0, 2.0, 3.0]).plot()
    assert not plt.get_fignums()


def test_two_networks_on_the_same_axes():
    first = TrainingCurveDisplay([2.0, 1.0], [2.0, 3.0], name="a").plot()
    second = TrainingCurveDisplay([2.0, 1.0], [2.0, 1.0], name="b").plot(first.axes_)
    assert first.loss_line_.get_color() != second.loss_line_.get_color()
    assert second.loss_line_.get_color() == second.validation_line_.get_color()
    assert legend_of(second.axes_[0]) == [
        "a, least validation error in epoch 1",
        "b, least validation error in epoch 2",
    ]
