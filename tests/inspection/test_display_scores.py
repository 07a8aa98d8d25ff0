"""Densities of scores, and two panels gene by gene."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib import pyplot as plt
from scipy.stats import gaussian_kde
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skgenes.compose import LandmarkReconstructor
from skgenes.feature_selection import GivenPanelSelector
from skgenes.inspection import GeneScoreDisplay, PanelComparison, PanelScatterDisplay
from skgenes.inspection._displays._density import bounded_density
from skgenes.metrics import per_gene_mean_absolute_error, per_gene_pearson

mpl.use("Agg")


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


def legend_of(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


@pytest.fixture(scope="module")
def tables():
    rng = np.random.default_rng(0)
    measured = rng.normal(size=(30, 200))
    return (
        measured,
        measured + rng.normal(size=measured.shape),
        measured + 2 * rng.normal(size=measured.shape),
    )


def test_far_from_bounds_the_density_is_scipys():
    values = np.random.default_rng(0).normal(50, 1, size=300)
    grid, density = bounded_density(values, 0, np.inf)
    quartiles = np.subtract(*np.percentile(values, [75, 25])) / 1.34
    width = 0.9 * min(values.std(), quartiles) * 300**-0.2
    expected = gaussian_kde(values, bw_method=width / values.std(ddof=1))(grid)
    np.testing.assert_allclose(density, expected, rtol=1e-9, atol=1e-12)


@given(
    st.lists(st.floats(-1, 1), min_size=1, max_size=60),
    st.sampled_from([(-1, 1), (-1, np.inf), (-np.inf, np.inf)]),
)
@settings(max_examples=60)
def test_densities_integrate_to_one_between_the_bounds(values, bounds):
    values = np.array(values)
    grid, density = bounded_density(values, *bounds)
    assert grid[0] >= bounds[0]
    assert grid[-1] <= bounds[1]
    assert np.all(np.diff(grid) > 0)
    assert np.isfinite(density).all()
    assert np.trapezoid(density, grid) == pytest.approx(1, abs=0.01)


def test_curves_marks_and_legend_hold_the_scores(tables):
    measured, predicted, _ = tables
    predicted = predicted.copy()
    predicted[:, :7] = 3.0
    with pytest.warns(UndefinedMetricWarning, match="7 in y_pred"):
        display = GeneScoreDisplay.from_predictions(
            measured, predicted, name="L1000", unit="log2 intensity"
        )
    with pytest.warns(UndefinedMetricWarning):
        pcc = per_gene_pearson(measured, predicted)
    mae = per_gene_mean_absolute_error(measured, predicted)
    np.testing.assert_array_equal(display.mae, mae)
    np.testing.assert_array_equal(display.pcc, pcc)
    for line, values, bounds in zip(
        display.lines_, (mae, pcc[7:]), [(0, np.inf), (-1, 1)], strict=True
    ):
        grid, density = bounded_density(values, *bounds)
        np.testing.assert_array_equal(line.get_xdata(), grid)
        np.testing.assert_array_equal(line.get_ydata(), density)
    medians = [mark.get_segments()[0][:, 0] for mark in display.medians_]
    np.testing.assert_allclose(medians, [[np.median(mae)] * 2, [np.median(pcc[7:])] * 2])
    assert legend_of(display.axes_[0]) == [f"L1000\nmedian {np.median(mae):.3g}, 200 genes"]
    (label,) = legend_of(display.axes_[1])
    assert label == f"L1000\nmedian {np.median(pcc[7:]):.3g}, 193 genes, 7 undefined"
    assert display.axes_[0].get_xlabel() == "Mean absolute error of a gene (log2 intensity)"


def test_a_higher_curve_that_comes_second_is_seen_whole():
    rng = np.random.default_rng(0)
    first = GeneScoreDisplay(rng.gamma(9, size=500), rng.uniform(-1, 1, 500), name="a").plot()
    second = GeneScoreDisplay(rng.gamma(9, 0.1, size=500), rng.uniform(0, 0.1, 500), name="b")
    second.plot(ax=first.axes_)
    for ax, line in zip(second.axes_, second.lines_, strict=True):
        assert ax.get_ylim()[0] == 0
        assert ax.get_ylim()[1] > line.get_ydata().max()
        assert [text.split("\n")[0] for text in legend_of(ax)] == ["a", "b"]
    assert first.lines_[0].get_color() != second.lines_[0].get_color()
    assert first.lines_[0].get_linestyle() != second.lines_[0].get_linestyle()


def test_scores_that_are_all_the_same_and_all_undefined():
    display = GeneScoreDisplay([0.0, 0.0, 0.0], [1.0, 1.0, 1.0]).plot()
    assert legend_of(display.axes_[1]) == ["median 1, 3 genes"]
    display = GeneScoreDisplay([0.2, 0.3], [np.nan, np.nan]).plot()
    assert len(display.lines_[1].get_xdata()) == 0
    assert legend_of(display.axes_[1]) == ["0 genes, 2 undefined"]
    display.figure_.canvas.draw()


def test_scores_of_estimators(expression):
    model = LandmarkReconstructor(GivenPanelSelector([3, 8]), Ridge()).fit(expression)
    observed, inferred = model.observed_and_inferred(expression)
    display = GeneScoreDisplay.from_estimator(model, expression)
    np.testing.assert_array_equal(display.mae, per_gene_mean_absolute_error(observed, inferred))
    assert display.name == "LandmarkReconstructor"
    everything = GeneScoreDisplay.from_estimator(model, expression, measured=True, name="all")
    assert everything.mae.size == expression.shape[1]
    assert np.count_nonzero(everything.mae == 0) == model.support_.sum()

    first_five = LandmarkReconstructor(GivenPanelSelector(range(5)), Ridge())
    scaled = make_pipeline(StandardScaler(), first_five).fit(expression)
    expected = scaled[-1].observed_and_inferred(scaled[0].transform(expression))
    np.testing.assert_array_equal(
        GeneScoreDisplay.from_estimator(scaled, expression).mae,
        per_gene_mean_absolute_error(*expected),
    )

    ridge = Ridge().fit(expression[:, :5], expression[:, 5:])
    display = GeneScoreDisplay.from_estimator(ridge, expression[:, :5], expression[:, 5:])
    predicted = ridge.predict(expression[:, :5])
    np.testing.assert_array_equal(display.pcc, per_gene_pearson(expression[:, 5:], predicted))
    with pytest.raises(TypeError, match=r"no observed_and_inferred\(X\)"):
        GeneScoreDisplay.from_estimator(ridge, expression[:, :5])


@pytest.mark.parametrize(
    ("mae", "pcc", "message"),
    [
        ([-0.1], [0.5], "mae must be at least 0, got -0.1"),
        ([np.inf], [0.5], "mae must be at least 0, got inf"),
        ([0.1], [1.5], "pcc must be at least -1 and at most 1, got 1.5"),
        ([], [0.5], r"mae must hold one score per gene, got shape \(0,\)"),
        ([0.1], [[0.5]], r"pcc must hold one score per gene, got shape \(1, 1\)"),
    ],
)
def test_impossible_scores(mae, pcc, message):
    with pytest.raises(ValueError, match=message):
        GeneScoreDisplay(mae, pcc).plot()
    assert not plt.get_fignums()


# Two panels


def offsets(collection):
    return np.asarray(collection.get_offsets())


@pytest.mark.parametrize("score", ["mae", "pcc"])
def test_points_are_the_scores_and_the_winner_has_them(tables, score):
    measured, better, worse = tables
    display = PanelScatterDisplay.from_predictions(
        measured, better, worse, name_x="D1000", name_y="L1000", score=score, unit="z"
    )
    metric = {"mae": per_gene_mean_absolute_error, "pcc": per_gene_pearson}[score]
    x, y = metric(measured, better), metric(measured, worse)
    x_wins = x < y if score == "mae" else x > y
    np.testing.assert_array_equal(offsets(display.wins_x_), np.column_stack([x, y])[x_wins])
    np.testing.assert_array_equal(offsets(display.wins_y_), np.column_stack([x, y])[~x_wins])
    assert legend_of(display.ax_) == [
        f"D1000 better: {x_wins.sum()}",
        f"L1000 better: {(~x_wins).sum()}",
        "same: 0",
    ]
    unit = " (z)" if score == "mae" else ""
    assert display.ax_.get_xlabel().endswith(f"\nfrom D1000{unit}")
    assert display.ax_.get_ylabel().endswith(f"\nfrom L1000{unit}")
    assert display.line_.get_slope() == 1
    assert display.line_.get_xy1() == (0, 0)


@pytest.fixture
def comparison():
    frame = pd.DataFrame(
        {"a": [0.1, 0.2, 0.3, np.nan, 0.5], "b": [0.2, 0.2, 0.1, 0.4, 0.7], "c": np.ones(5)},
        index=list("UVWXY"),
    )
    panels = dict.fromkeys("abc", np.array(["Z"]))
    return PanelComparison(frame, frame / 2, 0 * frame, panels, alpha=0.01, n_train=9, n_test=9)


def test_counts_of_a_comparison_are_those_of_its_table(comparison):
    table = comparison.pairwise().set_index(["score", "first", "second"])
    for score in ("mae", "pcc"):
        display = PanelScatterDisplay.from_comparison(comparison, "a", "b", score=score)
        row = table.loc[score, "a", "b"]
        counts = row[["wins_first", "wins_second", "ties"]].astype(int).tolist()
        assert legend_of(display.ax_) == [
            f"a better: {counts[0]}",
            f"b better: {counts[1]}",
            f"same: {counts[2]}",
            "undefined, not drawn: 1",
        ]
        drawn = [display.wins_x_, display.wins_y_, display.ties_]
        assert [len(offsets(points)) for points in drawn] == counts


def test_unknown_panel_and_score(comparison):
    with pytest.raises(ValueError, match="no panel 'd' in the comparison; its panels are 'a', 'b'"):
        PanelScatterDisplay.from_comparison(comparison, "a", "d")
    with pytest.raises(ValueError, match="score must be 'mae' or 'pcc', got 'rmse'"):
        PanelScatterDisplay.from_comparison(comparison, "a", "b", score="rmse")
    with pytest.raises(ValueError, match="got 'rmse'"):
        PanelScatterDisplay([0.1], [0.2], score="rmse").plot()
    with pytest.raises(ValueError, match=r"got shapes \(1,\) and \(2,\)"):
        PanelScatterDisplay([0.1], [0.2, 0.3]).plot()
    assert not plt.get_fignums()


def test_crowds_are_drawn_small_pale_and_as_an_image():
    rng = np.random.default_rng(0)
    few = PanelScatterDisplay(rng.random(50), rng.random(50)).plot().wins_x_
    many = PanelScatterDisplay(rng.random(10_000), rng.random(10_000)).plot().wins_x_
    assert many.get_sizes()[0] < few.get_sizes()[0]
    assert many.get_alpha() < few.get_alpha()
    assert many.get_rasterized()
    assert not few.get_rasterized()
    handles = plt.gca().get_legend().legend_handles
    assert {handle.get_alpha() for handle in handles} == {1}
