"""The figure of a panel's report."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt

from skgenes.feature_selection import GreedyPanelSelector
from skgenes.inspection import PanelReportDisplay, panel_report

mpl.use("Agg")


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def report(expression, genes):
    frame = pd.DataFrame(expression, columns=genes)
    return panel_report(GreedyPanelSelector(12), frame, n_resamples=4, random_state=0)


def texts_of(display):
    return [text.get_text() for text in display.axes_[1].texts]


def test_curve_has_the_size_of_the_panel(report):
    display = PanelReportDisplay.from_report(report, line_kwargs={"linewidth": 3})
    sizes = display.size_display_
    assert sizes.ax_ is display.axes_[0]
    assert set(sizes.chosen_line_.get_segments()[0][:, 0]) == {12}
    np.testing.assert_array_equal(sizes.lines_[0].get_ydata(), report.curve.to_frame()["r2_shared"])
    assert sizes.lines_[0].get_linewidth() == 3
    assert display.axes_[0].get_ylim()[0] <= 0
    assert display.axes_[0].get_xscale() == "log"  # as of the curve drawn alone
    _, axes = plt.subplots(1, 2)
    assert PanelReportDisplay.from_report(report, ax=axes).axes_[0].get_xscale() == "linear"


def test_bars_add_up_to_marginal_values(report):
    display = PanelReportDisplay.from_report(report, bar_kwargs={"height": 0.5})
    others = np.array([bar.get_width() for bar in display.others_])
    own = np.array([bar.get_width() for bar in display.own_])
    np.testing.assert_allclose(others + own, 100 * report.genes["marginal_value"])
    for_others = report.values.genes["value_for_others"]  # noqa: PD011
    assert (for_others < 0).any()  # which has no bar
    np.testing.assert_allclose(others, 100 * for_others.clip(lower=0))
    np.testing.assert_allclose([bar.get_x() for bar in display.own_], others)
    assert {bar.get_height() for bar in [*display.others_, *display.own_]} == {0.5}
    labels = [label.get_text() for label in display.axes_[1].get_yticklabels()]
    assert labels == report.genes["gene"].tolist()
    assert display.axes_[1].get_ylabel() == ""


def test_shares_and_genes_stand_beside(report):
    expected = ["again", "stands for"]
    for row in report.genes.itertuples():
        expected += [f"{row.frequency:.0%}", row.stands_for]
    assert texts_of(PanelReportDisplay.from_report(report)) == expected


def test_first_genes_only(report):
    display = PanelReportDisplay.from_report(report, n_genes=5)
    assert len(display.others_) == len(display.own_) == 5
    assert display.axes_[1].get_ylabel() == "First 5 of 12 genes of the panel"
    for wrong in (0, 2.5):
        with pytest.raises(ValueError, match=f"n_genes must be a positive integer, got {wrong}"):
            PanelReportDisplay.from_report(report, n_genes=wrong)


def test_given_genes_are_not_chosen_again(expression):
    display = PanelReportDisplay.from_report(panel_report([3, 1], expression, random_state=0))
    assert texts_of(display)[:3] == ["", "stands for", ""]
