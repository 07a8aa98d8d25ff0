"""What holds for every display."""

import sys

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from matplotlib.colors import rgb_to_hsv, to_rgb
from scipy.spatial.distance import pdist
from sklearn.linear_model import Ridge

from skgenes import inspection
from skgenes.inspection import (
    CorrelationHeatmapDisplay,
    EmbeddingBiplotDisplay,
    GeneScoreDisplay,
    ImportanceDisplay,
    LoadingBarsDisplay,
    NeighborhoodGraphDisplay,
    ObservedPredictedDisplay,
    OutputScoreDisplay,
    PanelEvaluationDisplay,
    PanelReportDisplay,
    PanelScatterDisplay,
    PanelSizeDisplay,
    PositionProfileDisplay,
    RegulatorHeatmapDisplay,
    SampleDendrogramDisplay,
    TrainingCurveDisplay,
    VolcanoDisplay,
    cluster_samples,
    evaluate_panel,
    gene_neighbors,
    panel_report,
)
from skgenes.inspection._displays._shared import label_colours, line_style

mpl.use("Agg")


def evaluation_display(gene="gene", name=None):
    """A panel of three genes, judged by regressor and classes of a name of your choice."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 3)) @ rng.normal(size=(3, 12)) + rng.normal(size=(60, 12))
    X = pd.DataFrame(X, columns=[f"{gene} {i}" for i in range(12)])
    result = evaluate_panel(
        [0, 1, 2],
        X,
        np.where(X.iloc[:, 0] > 0, f"{gene} up", f"{gene} down"),
        regressors={gene: Ridge()},
        random_regressors=[gene],
        n_random=5,
        random_state=0,
    )
    return PanelEvaluationDisplay(result.summary, result.random, result.genes, name=name)


def report_display(gene="gene"):
    """A panel of three genes of a name of your choice."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 3)) @ rng.normal(size=(3, 12)) + rng.normal(size=(60, 12))
    X = pd.DataFrame(X, columns=[f"{gene} {i}" for i in range(12)])
    return PanelReportDisplay(panel_report(X.columns[:3], X, random_state=0))


DISPLAYS = {
    "scores": (lambda: GeneScoreDisplay([0.1, 0.3, 0.4], [0.9, np.nan, 0.4]), 2),
    "scatter": (lambda: PanelScatterDisplay([0.1, 0.3], [0.2, 0.1]), 1),
    "sizes": (lambda: PanelSizeDisplay([1, 5], [0.2, 0.5], [0.1, 0.1]), 1),
    "evaluation": (evaluation_display, 2),
    "report": (report_display, 2),
    "importances": (lambda: ImportanceDisplay([0.5, 0.1], [True, False]), 1),
    "training": (lambda: TrainingCurveDisplay([2.0, 1.0]), 1),
    "validated": (lambda: TrainingCurveDisplay([2.0, 1.0], [3.0, 2.0]), 2),
    "dendrogram": (
        lambda: SampleDendrogramDisplay(cluster_samples([[0.0], [1.0], [9.0]], list("aab"))),
        1,
    ),
    "output": (lambda: ObservedPredictedDisplay([0.0, 1.0, 2.0], [0.0, 2.0, 1.0]), 1),
    "outputs": (lambda: ObservedPredictedDisplay(np.eye(3)[:, :2], np.eye(3)[:, 1:]), 2),
    "output scores": (lambda: OutputScoreDisplay([[0.1, 0.3], [0.4, np.nan]]), 1),
    "correlations": (lambda: CorrelationHeatmapDisplay([[0.1, 0.3], [0.4, np.nan]]), 1),
    "regulators": (lambda: RegulatorHeatmapDisplay([[0.1, -0.3], [0.4, 0.0]]), 1),
    "profile": (lambda: PositionProfileDisplay([[0.1, -0.3], [0.4, 0.0]]), 1),
    "volcano": (lambda: VolcanoDisplay([0.1, -0.3], [0.01, 0.0], ["FUS", "QKI"]), 1),
    "biplot": (lambda: EmbeddingBiplotDisplay(np.eye(3)[:, :2], np.eye(4)[:, :2], list("aab")), 2),
    "loadings": (lambda: LoadingBarsDisplay([[0.1, -0.3], [-0.4, 0.0]], [[0.1, 0.1]] * 2), 2),
    "neighbourhood": (
        lambda: NeighborhoodGraphDisplay(gene_neighbors([[0.0], [1.0], [9.0]], n_neighbors=1), 0),
        1,
    ),
}
every_display = pytest.mark.parametrize(("make", "n_axes"), DISPLAYS.values(), ids=DISPLAYS)


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


def axes_of(display):
    return list(display.axes_) if hasattr(display, "axes_") else [display.ax_]


def test_every_display_is_here():
    public = {name for name in inspection.__all__ if name.endswith("Display")}
    assert public == {type(make()).__name__ for make, _ in DISPLAYS.values()}


@every_display
def test_a_new_figure_is_made_and_drawn_without_warnings(make, n_axes):
    before = dict(mpl.rcParams)
    display = make()
    assert display.plot() is display
    assert plt.get_fignums() == [display.figure_.number]
    assert len(axes_of(display)) == n_axes
    assert all(ax.figure is display.figure_ for ax in axes_of(display))
    display.figure_.canvas.draw()
    assert dict(mpl.rcParams) == before


@every_display
def test_given_axes_are_used_and_the_current_figure_left_alone(make, n_axes):
    figure, axes = plt.subplots(1, n_axes, squeeze=False)
    current = plt.figure()
    display = make().plot(ax=axes[0] if n_axes > 1 else axes[0, 0])
    assert axes_of(display) == list(axes[0])
    assert display.figure_ is figure
    assert plt.gcf() is current
    assert len(plt.get_fignums()) == 2
    assert not current.axes


@every_display
def test_two_displays_share_axes(make, n_axes):
    first = make().plot()
    given = first.axes_ if n_axes > 1 else axes_of(first)[0]
    n_children = [len(ax.get_children()) for ax in axes_of(first)]
    second = make().plot(ax=given)
    assert axes_of(second) == axes_of(first)
    assert [len(ax.get_children()) for ax in axes_of(first)] > n_children
    assert len(plt.get_fignums()) == 1
    second.figure_.canvas.draw()


@every_display
def test_wrong_axes(make, n_axes):
    _, three = plt.subplots(3)
    wanted = "one matplotlib axes" if n_axes == 1 else "2 matplotlib axes"
    for wrong in (three, "axes"):
        with pytest.raises(ValueError, match=f"plot draws on {wanted}"):
            make().plot(ax=wrong)


@every_display
def test_nothing_is_computed_or_drawn_without_matplotlib(make, n_axes, monkeypatch):
    display = make()
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    name = type(display).__name__
    with pytest.raises(ImportError, match=rf"{name}.plot needs .*pip install skgenes\[plot\]"):
        display.plot()


CONSTRUCTORS = [
    (GeneScoreDisplay.from_estimator, 2),
    (GeneScoreDisplay.from_predictions, 2),
    (PanelScatterDisplay.from_comparison, 3),
    (PanelScatterDisplay.from_predictions, 3),
    (PanelEvaluationDisplay.from_evaluation, 1),
    (PanelEvaluationDisplay.from_panel, 2),
    (PanelReportDisplay.from_report, 1),
    (PanelSizeDisplay.from_curve, 1),
    (PanelSizeDisplay.from_estimator, 1),
    (ImportanceDisplay.from_estimator, 1),
    (TrainingCurveDisplay.from_estimator, 1),
    (SampleDendrogramDisplay.from_estimator, 2),
    (SampleDendrogramDisplay.from_features, 1),
    (ObservedPredictedDisplay.from_predictions, 2),
    (OutputScoreDisplay.from_predictions, 2),
    (CorrelationHeatmapDisplay.from_predictions, 1),
    (RegulatorHeatmapDisplay.from_scores, 1),
    (PositionProfileDisplay.from_contributions, 1),
    (VolcanoDisplay.from_table, 1),
]


@pytest.mark.parametrize(
    ("construct", "n_arguments"), CONSTRUCTORS, ids=lambda c: getattr(c, "__qualname__", "")
)
def test_constructors_look_for_matplotlib_first(construct, n_arguments, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=rf"{construct.__name__} needs .*skgenes\[plot\]"):
        construct(*[None] * n_arguments)


def test_labels_differ_in_colour_and_neighbours_in_lightness():
    for n_labels in (1, 2, 8, 10, 25):
        colours = label_colours(n_labels)
        assert len(np.unique(colours, axis=0)) == n_labels
    np.testing.assert_array_equal(label_colours(25)[:10], label_colours(10))
    lightness = label_colours(10)[:, :3] @ [0.299, 0.587, 0.114]
    assert np.abs(np.diff(lightness)).min() > 0.07


def lab(rgb):
    """CIELAB under D65, by the book: not what the colours were chosen in."""
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    xyz = linear @ np.transpose(to_xyz) / [0.9505, 1.0, 1.089]
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.stack(
        [116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], axis=1
    )


def test_many_labels_can_be_told_apart():
    # About 2 is just noticeable side by side; neighbours of 30 shades of viridis are 6 apart.
    for n_labels, apart in ((20, 20), (30, 17), (53, 9)):
        assert pdist(lab(label_colours(n_labels)[:, :3])).min() > apart


LONG = "a name of a panel that somebody has chosen without thinking of the figure it will be in"


@pytest.mark.parametrize(
    "make",
    [
        lambda: GeneScoreDisplay([0.1, 0.3, 0.4], [0.9, 0.1, 0.4], name=LONG),
        lambda: PanelScatterDisplay([0.1, 0.3], [0.2, 0.1], name_x=LONG, name_y=LONG),
        lambda: PanelSizeDisplay([1, 5], [0.2, 0.5], [0.1, 0.1], name=LONG, score_name=LONG),
        lambda: TrainingCurveDisplay([2.0, 1.0], [3.0, 2.0], name=LONG),
        lambda: SampleDendrogramDisplay(
            cluster_samples(np.arange(9.0)[:, np.newaxis], [f"{LONG} {i % 3}" for i in range(9)])
        ),
        lambda: ObservedPredictedDisplay(
            np.eye(3)[:, :2], np.eye(3)[:, 1:], names=[LONG] * 2, unit=LONG
        ),
        lambda: OutputScoreDisplay(pd.DataFrame({LONG: [0.1, 0.2]}, [LONG, LONG]), score_name=LONG),
        lambda: CorrelationHeatmapDisplay(
            pd.DataFrame(np.eye(5), [LONG] * 5, [LONG] * 5), row_name=LONG, correlation_name=LONG
        ),
        lambda: RegulatorHeatmapDisplay(
            pd.DataFrame(np.eye(5), [LONG] * 5, [LONG] * 5), score_name=LONG
        ),
        lambda: PositionProfileDisplay(
            pd.DataFrame(np.eye(5), columns=[LONG] * 5), title=LONG, contribution_name=LONG
        ),
        lambda: VolcanoDisplay([0.1, -0.3], [1e-9, 0.0], [LONG, LONG], effect_name=LONG),
    ],
)
def test_long_names_leave_room(make):
    display = make().plot()
    display.figure_.canvas.draw()  # warned that axes have collapsed
    for ax in axes_of(display):
        assert ax.get_position().width > 0.3
        assert ax.get_position().height > 0.3


def test_long_names_leave_room_where_numbers_stand_beside():
    # The axes for measures share their half of the figure with labels and columns of numbers.
    for short, long in [
        (evaluation_display(), evaluation_display(gene=LONG, name=LONG)),
        (report_display(), report_display(gene=LONG)),
    ]:
        sizes = []
        for display in (short, long):
            display.plot().figure_.canvas.draw()
            sizes.append([ax.get_position().size for ax in display.axes_])
        assert np.min(sizes) > 0.15
        assert np.min(np.divide(sizes[1], sizes[0])) > 0.6


def test_lines_differ_in_dashes_and_are_no_pale_yellow():
    _, ax = plt.subplots()
    styles = []
    for number in range(6):
        styles.append(line_style(ax))
        ax.plot([0, 1], label=f"line {number}")
        ax.plot([0, 1])  # without a name
    assert len({str(style["linestyle"]) for style in styles}) == 6
    assert len({style["color"] for style in styles}) == 6
    hsv = np.array([rgb_to_hsv(to_rgb(style["color"])) for style in styles])
    assert not np.any((hsv[:, 0] > 0.14) & (hsv[:, 0] < 0.2) & (hsv[:, 1] > 0.3))


def test_styles_can_be_given_under_any_name():
    display = PanelSizeDisplay([1, 5], [0.2, 0.5], [0.1, 0.1])
    line = display.plot(line_kwargs={"c": "red", "ls": ":"}).lines_[0]
    assert (line.get_color(), line.get_linestyle()) == ("red", ":")
    with pytest.raises(TypeError, match="aliases"):
        display.plot(line_kwargs={"c": "red", "color": "red"})
    scatter = PanelScatterDisplay([0.1], [0.2]).plot(scatter_kwargs={"s": 7.0, "c": "black"})
    assert scatter.wins_x_.get_sizes() == [7.0]
    bars = ImportanceDisplay([0.1], [True]).plot(bar_kwargs={"color": "red"}).bars_
    assert bars[0].get_facecolor() == (1, 0, 0, 1)


def test_a_whole_study(expression):
    """Every display from one search, as a user would draw them."""
    from sklearn.model_selection import GridSearchCV

    from skgenes.compose import LandmarkReconstructor
    from skgenes.feature_selection import AutoEncoderDeepLIFTSelector
    from skgenes.neural_network import GeneAutoEncoder

    X = pd.DataFrame(expression, columns=[f"G{i}" for i in range(expression.shape[1])])
    network = GeneAutoEncoder((8, 3), max_iter=3, validation_fraction=0.2, random_state=0)
    selector = AutoEncoderDeepLIFTSelector(autoencoder=network)
    search = GridSearchCV(
        LandmarkReconstructor(selector, Ridge()), {"selector__n_features_to_select": [3, 9]}, cv=2
    ).fit(X)
    best = search.best_estimator_
    sizes = PanelSizeDisplay.from_estimator(search)
    np.testing.assert_array_equal(
        sizes.lines_[0].get_ydata(), search.cv_results_["mean_test_score"]
    )
    scores = GeneScoreDisplay.from_estimator(search, X)
    assert scores.mae.size == len(best.targets_)
    training = TrainingCurveDisplay.from_estimator(search)
    assert training.loss_curve == best.selector_.autoencoder_.loss_curve_
    importances = ImportanceDisplay.from_estimator(best.selector_)
    assert importances.bars_[0].get_width() == best.selector_.importances_.max()
    tree = SampleDendrogramDisplay.from_estimator(best.selector_.autoencoder_, X, n_clusters=3)
    expected = cluster_samples(best.selector_.autoencoder_.transform(X), n_clusters=3)
    np.testing.assert_array_equal(tree.clustering.linkage, expected.linkage)
