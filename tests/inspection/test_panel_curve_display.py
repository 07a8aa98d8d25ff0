"""The drawn curve over panel sizes."""

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot as plt

from skgenes.feature_selection import GreedyPanelSelector
from skgenes.inspection import PanelSizeDisplay, panel_size_curve

mpl.use("Agg")


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


@pytest.fixture(name="curve", scope="module")
def drawn_curve(expression):
    return panel_size_curve(GreedyPanelSelector(), expression, sizes=12, random_state=0)


def legend_of(display):
    return [text.get_text() for text in display.ax_.get_legend().get_texts()]


def test_line_band_ceiling_and_size_are_the_curves(curve):
    display = PanelSizeDisplay.from_curve(curve)
    table, size = curve.to_frame(), curve.auto_size()
    (line,) = display.lines_
    np.testing.assert_array_equal(line.get_xdata(), table.index)
    np.testing.assert_array_equal(line.get_ydata(), table["r2_shared"])
    corners = display.bands_[0].get_paths()[0].vertices
    at_first = corners[corners[:, 0] == 1, 1]
    spread = table.loc[1, "r2_shared_sd"]
    np.testing.assert_allclose(np.ptp(at_first), 2 * spread)
    ceiling = curve.ceiling["r2"].mean()
    assert set(display.ceiling_line_.get_ydata()) == {ceiling}
    assert set(display.chosen_line_.get_segments()[0][:, 0]) == {size}
    share = table["r2_shared"].loc[size] / ceiling
    assert legend_of(display) == [
        "GreedyPanelSelector",
        "from all genes",
        f"{size} genes, {share:.0%} of the score from all genes",
    ]
    assert display.ax_.get_ylabel().startswith("Variance explained, as far as genes share it\n")


@pytest.mark.parametrize(
    ("score", "label"),
    [
        ("pcc", "Mean correlation, genes outside of the panel\n"),
        ("mae", "Mean absolute error, genes outside of the panel\n"),
        ("mae_standardised", "Mean absolute error, genes outside of the panel, in standard"),
        ("r2_all", "Variance explained, all genes, the panel's known\n"),
    ],
)
def test_other_scores_have_no_ceiling(curve, score, label):
    display = PanelSizeDisplay.from_curve(curve, score=score, chosen=1, name="mine")
    assert display.ax_.get_ylabel().startswith(label)
    assert display.ceiling_line_ is None
    assert legend_of(display) == ["mine", "1 gene"]


def test_correlation_leads_to_its_own_ceiling(curve):
    display = PanelSizeDisplay.from_curve(curve, score="pcc_shared", chosen=None, score_name="PCC")
    assert set(display.ceiling_line_.get_ydata()) == {curve.ceiling["pcc"].mean()}
    assert display.chosen_line_ is None
    assert display.ax_.get_ylabel().startswith("PCC\n")


def test_one_fold_has_no_band_nor_size(expression):
    curve = panel_size_curve([0, 1, 2], expression, cv=[(np.arange(60), np.arange(60, 90))])
    display = PanelSizeDisplay.from_curve(curve)
    assert display.chosen_line_ is None
    vertices = display.bands_[0].get_paths()[0].vertices
    assert set(vertices[:, 1]) <= set(curve.folds["r2_shared"])


def test_two_curves_differ(curve, expression):
    first = PanelSizeDisplay.from_curve(curve)
    given = panel_size_curve([0, 1, 2, 3], expression, random_state=0)
    second = PanelSizeDisplay.from_curve(given, ax=first.ax_, line_kwargs={"linewidth": 3})
    assert second.lines_[0].get_color() != first.lines_[0].get_color()
    assert second.lines_[0].get_linewidth() == 3


def test_many_sizes_have_no_markers_and_plain_numbers():
    sizes = np.arange(1, 101)
    display = PanelSizeDisplay(sizes, np.sqrt(sizes), np.ones(100)).plot()
    display.figure_.canvas.draw()
    labels = [text.get_text() for text in display.ax_.get_xticklabels()]
    assert {"1", "10", "100"} <= set(labels)


def test_unknown_score(curve):
    with pytest.raises(ValueError, match="The curve has no score 'r3'; it has 'pcc', 'mae'"):
        PanelSizeDisplay.from_curve(curve, score="r3")
    with pytest.raises(ValueError, match="no score 'alpha'"):
        PanelSizeDisplay.from_curve(curve, score="alpha")
