"""The figure of a panel's evaluation."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

from skgenes.inspection import PanelEvaluationDisplay, evaluate_panel


@pytest.fixture(autouse=True)
def close():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(2)
    types = np.repeat(["B", "T"], 40)
    X = rng.normal(size=(80, 3)) @ rng.normal(size=(3, 24)) + rng.normal(size=(80, 24))
    return X + (types == "T")[:, None] * rng.normal(size=24), types


@pytest.fixture(scope="module")
def result(data):
    return evaluate_panel([0, 1, 2], *data, n_random=20, random_state=0)


def drawn_rows(display):
    return [label.get_text() for label in display.axes_[0].get_yticklabels()]


def test_points_are_deviations_from_random_panels(result):
    display = PanelEvaluationDisplay.from_evaluation(result)
    rows = drawn_rows(display)
    assert len(rows) == 17
    summary, random = result.summary, result.random
    for label, row, sign in [
        ("correlation of other genes (ridge)", ("ridge", "pcc"), 1),
        ("error of other genes (knn)", ("knn", "mae_standardised"), -1),
        ("correlation within the panel", ("redundancy", "mean_abs_correlation"), -1),
        ("worst group, variance explained", ("groups", "worst_r2_all"), 1),
    ]:
        place = rows.index(label)
        points = np.concatenate(
            [part.get_offsets() for part in display.axes_[0].collections], axis=0
        )
        here = points[np.abs(points[:, 1] - place) <= 0.31, 0]
        mean, spread = random[row].mean(), random[row].std(ddof=1)
        expected = [*sign * (random[row] - mean) / spread]
        expected.append(sign * (summary.loc[row, "value"] - mean) / spread)
        if np.isfinite(summary.loc[row, "ceiling"]):
            expected.append(sign * (summary.loc[row, "ceiling"] - mean) / spread)
        for value in expected:
            if abs(value) <= 12:
                assert np.abs(here - value).min() < 1e-9
    numbers = [text.get_text() for text in display.axes_[0].texts]
    assert f"{summary.loc[('ridge', 'pcc'), 'value']:.3f}" in numbers
    assert {"panel", "random", "ceiling", "p"} <= set(numbers)


def test_densities_of_genes(result):
    display = PanelEvaluationDisplay.from_evaluation(result, name="three genes")
    labels = [line.get_label() for line in display.lines_]
    genes = result.genes[result.genes["ridge_pcc"].notna()]
    assert labels == [
        f"from three genes, ridge: mean {genes['ridge_pcc'].mean():.3f}",
        f"from random panels, mean: mean {genes['ridge_random_pcc'].mean():.3f}",
        f"from all other genes, ridge: mean {genes['ceiling_pcc'].mean():.3f}",
    ]
    for line in display.lines_:
        assert np.trapezoid(line.get_ydata(), line.get_xdata()) == pytest.approx(1, abs=0.01)
    names = [text.get_text() for text in display.axes_[0].get_legend().get_texts()]
    assert names == [
        "20 random panels of the same size",
        "ridge from all other genes",
        "three genes",
    ]


def test_what_is_far_away_lies_at_the_edge(result):
    summary = result.summary.copy()
    summary.loc[("ridge", "pcc"), "value"] = 50.0
    summary.loc[("ridge", "r2"), "value"] = -50.0
    summary["ceiling"] = 90.0
    display = PanelEvaluationDisplay(summary, result.random, result.genes).plot()
    low, high = display.axes_[0].get_xlim()
    assert high == -low <= 13
    points = np.concatenate([part.get_offsets() for part in display.axes_[0].collections])
    place = drawn_rows(display).index("variance explained of other genes (ridge)")
    for expected in ((0.98 * high, 0), (0.98 * low, place)):
        assert np.isclose(points, expected).all(axis=1).sum() == 1
    assert len(display.ceiling_.get_offsets()) == 0


def test_random_panels_that_are_all_the_same(result):
    random, summary = result.random.copy(), result.summary.copy()
    row = ("classes", "balanced_accuracy")
    random[row] = 1.0
    summary.loc[row, ["value", "random_mean", "random_sd"]] = 1.0, 1.0, 0.0
    display = PanelEvaluationDisplay(summary, random, result.genes).plot()
    place = drawn_rows(display).index("classes, balanced accuracy")
    panel = display.panel_.get_offsets()
    assert panel[panel[:, 1] == place].tolist() == [[0, place]]


def test_from_a_panel(data, result):
    axes = plt.subplots(ncols=2)[1]
    display = PanelEvaluationDisplay.from_panel(
        [0, 1, 2],
        *data,
        evaluate_kwargs={"n_random": 20, "random_state": 0},
        ax=axes,
        panel_kwargs={"color": "red"},
    )
    assert display.axes_.tolist() == axes.tolist()
    expected = PanelEvaluationDisplay.from_evaluation(result)
    np.testing.assert_allclose(display.panel_.get_offsets(), expected.panel_.get_offsets())
    np.testing.assert_array_equal(display.panel_.get_facecolor()[0], [1, 0, 0, 1])


def test_regressors_that_random_panels_were_not_judged_with(data):
    regressors = {"least squares": LinearRegression(), "quick": "ridge"}
    found = evaluate_panel(
        [0, 1], data[0], regressors=regressors, n_random=3, ceiling=False, random_state=0
    )
    display = PanelEvaluationDisplay.from_evaluation(found)
    assert len(display.lines_) == 1
    assert display.lines_[0].get_label().startswith("from the panel, least squares: mean")
    rows = drawn_rows(display)
    assert "correlation of other genes (least squares)" in rows
    shown = np.asarray(display.random_.get_offsets())
    place = rows.index("correlation of other genes (quick)")
    assert (np.abs(shown[:, 1] - place) < 0.31).sum() == 3


def test_needs_random_panels(data):
    found = evaluate_panel([0, 1], data[0], n_random=1, random_state=0)
    with pytest.raises(ValueError, match="There are 1 random panels, but at least 2 are needed"):
        PanelEvaluationDisplay.from_evaluation(found)


def test_needs_two_axes(result):
    with pytest.raises(ValueError, match="draws on 2 matplotlib axes"):
        PanelEvaluationDisplay.from_evaluation(result, ax=plt.subplots()[1])
