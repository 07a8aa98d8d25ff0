"""Predictions and scores by output."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from scipy import sparse
from scipy.stats import pearsonr, spearmanr
from sklearn.exceptions import UndefinedMetricWarning

from skgenes.inspection import (
    CorrelationHeatmapDisplay,
    ObservedPredictedDisplay,
    OutputScoreDisplay,
)
from skgenes.metrics import per_output_auroc, per_output_spearman

mpl.use("Agg")
TISSUES = ["Lung", "Brain_Nucleus_accumbens_basal_ganglia", "Liver", "Testis"]


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def tables():
    rng = np.random.default_rng(0)
    observed = rng.normal(size=(60, 4))
    predicted = observed * [1.0, 0.1, 0.6, -0.5] + rng.normal(size=observed.shape)
    return pd.DataFrame(observed, columns=TISSUES), pd.DataFrame(predicted, columns=TISSUES)


def texts(labels):
    return [label.get_text() for label in labels]


# Observed against predicted


def test_every_output_has_its_points_and_correlation(tables):
    observed, predicted = tables
    display = ObservedPredictedDisplay.from_predictions(observed, predicted, unit="log2 TPM")
    expected = [spearmanr(observed[name], predicted[name])[0] for name in TISSUES]
    np.testing.assert_allclose(display.scores_, expected)
    assert len(display.axes_) == 4
    for j, ax in enumerate(display.axes_):
        points = display.points_[j].get_offsets()
        np.testing.assert_array_equal(points[:, 0], observed.iloc[:, j])
        np.testing.assert_array_equal(points[:, 1], predicted.iloc[:, j])
        title = ax.get_title().replace("\n", "")
        assert title == f"{TISSUES[j]}Spearman {expected[j]:.2f}"
        assert display.lines_[j].get_slope() == 1
    assert display.figure_.get_supxlabel().startswith("Observed (log2 TPM)\n")
    assert display.figure_.get_supylabel() == "Predicted (log2 TPM)"
    assert len({ax.get_xlim() for ax in display.axes_}) == 1
    assert display.colorbar_ is None


@pytest.mark.parametrize("outputs", [["Liver", "Lung"], [2, 0]])
def test_chosen_outputs(tables, outputs):
    observed, predicted = tables
    display = ObservedPredictedDisplay.from_predictions(observed, predicted, outputs=outputs)
    expected = per_output_spearman(observed[["Liver", "Lung"]], predicted[["Liver", "Lung"]])
    np.testing.assert_array_equal(display.scores_, expected)
    assert [ax.get_title().split("\n")[0] for ax in display.axes_] == ["Liver", "Lung"]
    with pytest.raises(ValueError, match="not among the 4 columns of y: 'Skin'"):
        ObservedPredictedDisplay.from_predictions(observed, predicted, outputs="Skin")


def test_one_output_on_given_axes(tables):
    observed, predicted = tables
    _, ax = plt.subplots()
    display = ObservedPredictedDisplay(observed["Lung"], predicted["Lung"], unit="z").plot(ax)
    assert list(display.axes_) == [ax]
    assert ax.get_title().startswith("Lung\nSpearman 0.")
    assert ax.get_ylabel() == "Predicted (z)"
    unnamed = ObservedPredictedDisplay([1.0, 2.0], [2.0, 1.0]).plot()
    assert unnamed.axes_[0].get_title() == "output 0\nSpearman -1.00"


def test_many_samples_are_drawn_as_a_density_with_one_scale():
    rng = np.random.default_rng(0)
    observed = rng.normal(size=(1500, 5))
    predicted = observed + rng.normal(size=observed.shape)
    display = ObservedPredictedDisplay(observed, predicted).plot()
    counts = [hexagons.get_array() for hexagons in display.points_]
    assert [each.sum() for each in counts] == [1500] * 5
    assert {hexagons.norm.vmin for hexagons in display.points_} == {1}
    assert {hexagons.norm.vmax for hexagons in display.points_} == {max(map(np.max, counts))}
    assert display.colorbar_ is not None
    display.figure_.canvas.draw()
    # The panel over the gap of the grid has numbers below.
    n_columns = display.axes_[0].get_subplotspec().get_gridspec().ncols
    assert n_columns == 3
    for ax in display.axes_[2:]:
        assert all(label.get_visible() for label in ax.get_xticklabels())
    assert not any(label.get_visible() for label in display.axes_[0].get_xticklabels())
    points = ObservedPredictedDisplay(observed, predicted).plot(kind="points").points_
    assert len(points[0].get_offsets()) == 1500
    given = ObservedPredictedDisplay(observed, predicted).plot(display.axes_)
    assert given.colorbar_ is None


@pytest.mark.parametrize(
    ("n_outputs", "grid"), [(3, (1, 3)), (4, (2, 2)), (36, (6, 6)), (53, (6, 9))]
)
def test_the_grid_has_few_gaps(n_outputs, grid):
    y = np.arange(2.0 * n_outputs).reshape(2, n_outputs)
    panel = ObservedPredictedDisplay(y, y).plot().axes_[0]
    assert panel.get_subplotspec().get_gridspec().get_geometry() == grid


def test_sparse_and_constant_outputs(tables):
    observed, predicted = tables
    constant = predicted.to_numpy(copy=True)
    constant[:, 1] = 0
    with pytest.warns(UndefinedMetricWarning, match="1 in y_pred"):
        display = ObservedPredictedDisplay.from_predictions(observed, sparse.csr_array(constant))
    assert np.isnan(display.scores_[1])
    assert display.axes_[1].get_title().endswith("Spearman undefined")
    with pytest.warns(UndefinedMetricWarning):
        display = ObservedPredictedDisplay(np.zeros((9, 2)), np.zeros((9, 2))).plot(kind="density")
    display.figure_.canvas.draw()


def test_what_cannot_be_drawn(tables):
    observed, predicted = tables
    with pytest.raises(ValueError, match="kind must be 'auto', 'points' or 'density', got 'hex'"):
        ObservedPredictedDisplay(observed, predicted).plot(kind="hex")
    with pytest.raises(ValueError, match="names must name 4 outputs, got 1 names"):
        ObservedPredictedDisplay(observed, predicted, names=["Lung"]).plot()
    with pytest.raises(ValueError, match="There are 101 outputs, and at most 100 panels"):
        ObservedPredictedDisplay(np.ones((2, 101)), np.ones((2, 101))).plot()
    missing = predicted.copy()
    missing.iloc[3, 0] = np.nan
    with pytest.raises(ValueError, match=r"y_pred holds NaN .* output .* row 3"):
        ObservedPredictedDisplay(observed, missing).plot()
    with pytest.raises(ValueError, match="name different outputs"):
        ObservedPredictedDisplay.from_predictions(
            observed, predicted.rename(columns={"Lung": "Skin"})
        )
    assert not plt.get_fignums()


# Scores


def test_bars_are_the_scores_from_the_best_down(tables):
    observed, predicted = tables
    display = OutputScoreDisplay.from_predictions(observed, predicted)
    scores = per_output_spearman(observed, predicted)
    order = np.argsort(-scores)
    np.testing.assert_array_equal(display.order_, order)
    np.testing.assert_array_equal([bar.get_width() for bar in display.bars_[0]], scores[order])
    assert texts(display.ax_.get_yticklabels()) == [TISSUES[i] for i in order]
    assert display.ax_.get_ylim()[0] > display.ax_.get_ylim()[1]
    (line,) = display.mean_lines_
    assert line.get_xdata()[0] == pytest.approx(scores.mean())
    assert texts(display.ax_.get_legend().get_texts()) == [f"mean {scores.mean():.3f}"]
    assert display.ax_.get_xlabel() == "Spearman's correlation"


def test_models_beside_each_other(tables):
    observed, predicted = tables
    display = OutputScoreDisplay.from_predictions(
        observed, {"network": predicted, "ridge": predicted.to_numpy()[::-1]}, sort=False
    )
    expected = [
        per_output_spearman(observed, table) for table in (predicted, predicted.to_numpy()[::-1])
    ]
    for bars, scores in zip(display.bars_, expected, strict=True):
        np.testing.assert_array_equal([bar.get_width() for bar in bars], scores)
    first, second = ([bar.get_y() for bar in bars] for bars in display.bars_)
    heights = [bar.get_height() for bar in display.bars_[0]]
    np.testing.assert_allclose(np.add(first, heights), second, atol=1e-12)
    assert texts(display.ax_.get_legend().get_texts()) == [
        f"network: mean {expected[0].mean():.3f}",
        f"ridge: mean {expected[1].mean():.3f}".replace("-0.000", "0.000"),
    ]
    assert list(display.scores.index) == TISSUES


def test_another_metric_names_the_axis(tables):
    def error(y_true, y_pred):
        return np.abs(np.asarray(y_true) - np.asarray(y_pred)).mean(axis=0)

    axis = OutputScoreDisplay.from_predictions(*tables, metric=error).ax_
    assert axis.get_xlabel() == "error"
    axis = OutputScoreDisplay.from_predictions(*tables, metric=per_output_auroc).ax_
    assert axis.get_xlabel() == "Area under the ROC curve"
    axis = OutputScoreDisplay.from_predictions(*tables, score_name="rho").ax_
    assert axis.get_xlabel() == "rho"


def test_undefined_scores_come_last_and_are_counted():
    scores = pd.DataFrame(
        {"a": [np.nan, 0.2, 0.4], "b": [np.nan] * 3}, index=["Skin", "Lung", "Liver"]
    )
    display = OutputScoreDisplay(scores).plot()
    assert texts(display.ax_.get_yticklabels()) == ["Liver", "Lung", "Skin"]
    assert [bar.get_width() for bar in display.bars_[0]] == [0.4, 0.2, 0]
    assert texts(display.ax_.get_legend().get_texts()) == [
        "a: mean 0.300, 1 undefined",
        "b: no score, 3 undefined",
    ]
    display.figure_.canvas.draw()


def test_scores_that_cannot_be_drawn(tables):
    with pytest.raises(ValueError, match="7 models; at most 6 can be told apart"):
        OutputScoreDisplay(np.ones((3, 7))).plot()
    with pytest.raises(ValueError, match="scores must be finite or NaN, got inf for output"):
        OutputScoreDisplay([0.1, np.inf]).plot()
    with pytest.raises(ValueError, match="y_pred is a dict without models"):
        OutputScoreDisplay.from_predictions(tables[0], {})
    with pytest.raises(ValueError, match="y_pred has shape"):
        OutputScoreDisplay.from_predictions(tables[0], np.ones((60, 3)))
    assert not plt.get_fignums()


# Correlations


@pytest.mark.parametrize(
    ("method", "oracle"), [("spearman", spearmanr), ("pearson", pearsonr)], ids=str
)
def test_correlations_are_scipys(tables, method, oracle):
    observed, predicted = (table.round(1) for table in tables)  # with ties
    display = CorrelationHeatmapDisplay.from_predictions(
        observed, predicted, method=method, order="given"
    )
    expected = [[oracle(observed[i], predicted[j])[0] for j in TISSUES] for i in TISSUES]
    np.testing.assert_allclose(display.correlation, expected, atol=1e-12)
    np.testing.assert_array_equal(display.image_.get_array(), display.correlation)
    assert texts(display.ax_.get_yticklabels()) == TISSUES
    assert texts(display.ax_.get_xticklabels()) == TISSUES
    assert (display.ax_.get_ylabel(), display.ax_.get_xlabel()) == ("Observed", "Predicted")
    low, high = display.image_.get_clim()
    assert high == -low == np.abs(display.correlation.to_numpy()).max()
    assert display.colorbar_.ax.get_ylabel() == f"{method.capitalize()}'s correlation"


def test_clusters_keep_the_diagonal():
    rng = np.random.default_rng(1)
    kinds = np.arange(12) % 3
    observed = rng.normal(size=(300, 3))[:, kinds] + 0.3 * rng.normal(size=(300, 12))
    display = CorrelationHeatmapDisplay.from_predictions(observed, observed)
    assert np.count_nonzero(np.diff(kinds[display.row_order_])) == 2
    np.testing.assert_array_equal(display.row_order_, display.column_order_)
    np.testing.assert_allclose(np.diag(display.image_.get_array()), 1)
    alone = CorrelationHeatmapDisplay.from_predictions(observed)
    np.testing.assert_array_equal(alone.correlation, display.correlation)
    assert alone.ax_.get_xlabel() == "Observed"

    values = display.correlation.to_numpy()[:, :7]
    uneven = CorrelationHeatmapDisplay(values).plot(colorbar=False)
    assert uneven.colorbar_ is None
    shown = uneven.image_.get_array()
    np.testing.assert_array_equal(shown, values[np.ix_(uneven.row_order_, uneven.column_order_)])


def test_undefined_correlations_are_grey(tables):
    observed, predicted = tables
    with pytest.warns(UndefinedMetricWarning, match="1 of 4 outputs are constant in y_true, 0 in"):
        display = CorrelationHeatmapDisplay.from_predictions(observed.assign(Lung=1.0), predicted)
    assert np.isnan(display.correlation.loc["Lung"]).all()
    assert np.isfinite(display.correlation.drop(index="Lung")).all(axis=None)
    row = list(display.row_order_).index(0)
    assert display.image_.get_array().mask[row].all()
    grey = display.image_.cmap(np.ma.masked_invalid([np.nan]))[0]
    np.testing.assert_allclose(grey, mpl.colors.to_rgba("#999999"))
    everything = CorrelationHeatmapDisplay(np.full((3, 3), np.nan)).plot()
    everything.figure_.canvas.draw()
    assert everything.image_.get_clim() == (-1, 1)


def test_colours_can_be_given(tables):
    display = CorrelationHeatmapDisplay.from_predictions(
        *tables, image_kwargs={"vmin": -1, "vmax": 1, "cmap": "PuOr"}
    )
    assert display.image_.get_clim() == (-1, 1)
    norm = mpl.colors.CenteredNorm(halfrange=0.5)
    assert display.plot(image_kwargs={"norm": norm}).image_.norm is norm


def test_correlations_that_are_none(tables):
    with pytest.raises(ValueError, match="method must be 'spearman' or 'pearson', got 'kendall'"):
        CorrelationHeatmapDisplay.from_predictions(*tables, method="kendall")
    with pytest.raises(ValueError, match="order must be 'cluster' or 'given', got 'name'"):
        CorrelationHeatmapDisplay([[1.0]]).plot(order="name")
    with pytest.raises(ValueError, match="between -1 and 1, got 3 for row 'row 0' and column"):
        CorrelationHeatmapDisplay([[3.0]]).plot()
    missing = tables[0].copy()
    missing.iloc[0, 0] = np.nan
    with pytest.raises(ValueError, match=r"y_true holds NaN .* output 'Lung' at row 0"):
        CorrelationHeatmapDisplay.from_predictions(missing, tables[1])
    assert not plt.get_fignums()


def test_53_tissues(real_data):
    path = real_data / "decode_toy" / "Transcriptome" / "expdata.txt.gz"
    observed = pd.read_csv(path, sep="\t", index_col=0)
    predicted = observed + np.random.default_rng(0).normal(size=observed.shape)
    panels = ObservedPredictedDisplay.from_predictions(observed, predicted)
    assert len(panels.axes_) == 53
    panels.figure_.canvas.draw()
    titles = [ax.title.get_window_extent() for ax in panels.axes_]
    for i, box in enumerate(titles):
        assert not any(box.overlaps(other) for other in titles[:i])
    for display in (
        OutputScoreDisplay.from_predictions(observed, {"a": predicted, "b": predicted}),
        CorrelationHeatmapDisplay.from_predictions(observed, predicted),
    ):
        display.figure_.canvas.draw()
        labels = [label.get_window_extent() for label in display.ax_.get_yticklabels()]
        assert len(labels) == 53
        for i, box in enumerate(labels):
            assert box.x0 >= 0
            assert not any(box.overlaps(other) for other in labels[:i])
