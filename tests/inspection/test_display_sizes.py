"""Score against panel size, read off searches."""

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot as plt
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError
from sklearn.feature_selection import SelectorMixin
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV

from skgenes.compose import LandmarkReconstructor
from skgenes.inspection import PanelSizeDisplay
from skgenes.metrics import neg_per_gene_mae_scorer, per_gene_pearson_scorer

mpl.use("Agg")

SIZE = "selector__n_features_to_select"
ALPHA = "regressor__alpha"


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


class FirstGenes(SelectorMixin, BaseEstimator):
    """Any selector with a size."""

    def __init__(self, n_features_to_select=2, fail_at="never"):
        self.n_features_to_select = n_features_to_select
        self.fail_at = fail_at

    def fit(self, X, y=None):
        size = self.n_features_to_select
        if size == self.fail_at:
            raise ValueError("this size does not work")
        self.n_features_in_ = X.shape[1]
        wanted = size * X.shape[1] if isinstance(size, float) else size or 1
        self.support_ = np.arange(X.shape[1]) < wanted
        return self

    def _get_support_mask(self):
        return self.support_


def search(expression, grid, **options):
    model = LandmarkReconstructor(FirstGenes(), Ridge())
    return GridSearchCV(model, grid, cv=3, **options).fit(expression)


def legend_of(display):
    return [text.get_text() for text in display.ax_.get_legend().get_texts()]


def test_line_and_band_are_the_searchs(expression):
    found = search(expression, {SIZE: [20, 2, 8]})
    display = PanelSizeDisplay.from_estimator(found, ceiling=0.9, score_name="Mean PCC")
    order = [1, 2, 0]
    mean, spread = (found.cv_results_[f"{which}_test_score"][order] for which in ("mean", "std"))
    (line,), (band,) = display.lines_, display.bands_
    np.testing.assert_array_equal(line.get_xdata(), [2, 8, 20])
    np.testing.assert_array_equal(line.get_ydata(), mean)
    corners = band.get_paths()[0].vertices
    for size, low, high in zip([2, 8, 20], mean - spread, mean + spread, strict=True):
        at_size = corners[corners[:, 0] == size, 1]
        assert (at_size.min(), at_size.max()) == (low, high)
    assert set(display.ceiling_line_.get_ydata()) == {0.9}
    assert legend_of(display) == ["from the panel", "from all genes"]
    assert display.ax_.get_xlabel() == "Genes in the panel"
    assert display.ax_.get_ylabel().startswith("Mean PCC\n")
    assert display.ax_.get_xscale() == "log"
    assert [label.get_text() for label in display.ax_.get_xticklabels()] == ["2", "8", "20"]


def test_one_of_several_metrics(expression):
    scoring = {"neg_mae": neg_per_gene_mae_scorer, "pcc": per_gene_pearson_scorer}
    found = search(expression, {SIZE: [2, 8]}, scoring=scoring, refit="pcc")
    display = PanelSizeDisplay.from_estimator(found, score="neg_mae", negate_score=True)
    np.testing.assert_array_equal(
        display.lines_[0].get_ydata(), -found.cv_results_["mean_test_neg_mae"]
    )
    assert display.ax_.get_ylabel().startswith("mae\n")
    assert PanelSizeDisplay.from_estimator(found, score="pcc").score_name == "pcc"
    with pytest.raises(ValueError, match=r"several metrics; choose with score=...: 'neg_mae', 'pc"):
        PanelSizeDisplay.from_estimator(found)
    with pytest.raises(ValueError, match="no metric 'r2'"):
        PanelSizeDisplay.from_estimator(found, score="r2")


def test_other_parameters_are_a_line_each(expression):
    found = search(expression, {SIZE: [2, 8], ALPHA: [0.1, 10.0]})
    display = PanelSizeDisplay.from_estimator(found)
    assert legend_of(display) == ["alpha=0.1", "alpha=10.0"]
    for line, alpha in zip(display.lines_, [0.1, 10.0], strict=True):
        rows = [params[ALPHA] == alpha for params in found.cv_results_["params"]]
        expected = found.cv_results_["mean_test_score"][rows]
        np.testing.assert_array_equal(line.get_ydata(), expected)

    held = PanelSizeDisplay.from_estimator(found, where={ALPHA: 10.0}, name="ridge")
    assert legend_of(held) == ["ridge"]
    np.testing.assert_array_equal(held.lines_[0].get_ydata(), expected)
    with pytest.raises(ValueError, match=r"No candidate of the search has \{'regressor__alpha': 3"):
        PanelSizeDisplay.from_estimator(found, where={ALPHA: 3})


def test_estimators_that_vary_are_named_in_short(expression):
    grid = [{SIZE: [2, 8], "regressor": [Ridge(), Ridge(5)]}, {SIZE: [3], ALPHA: [7]}]
    display = PanelSizeDisplay.from_estimator(search(expression, grid))
    assert legend_of(display) == ["regressor=Ridge()", "regressor=Ridge(alpha=5)", "alpha=7"]
    assert [len(line.get_xdata()) for line in display.lines_] == [2, 2, 1]


def test_too_many_lines(expression):
    found = search(expression, {SIZE: [2], ALPHA: [1, 2, 3, 4, 5, 6, 7]})
    with pytest.raises(
        ValueError, match=r"'regressor__alpha' as well, .* 7 lines.*where=\{'regressor__alpha': 1\}"
    ):
        PanelSizeDisplay.from_estimator(found)
    assert not plt.get_fignums()


def test_a_randomised_search(expression):
    model = LandmarkReconstructor(FirstGenes(), Ridge())
    found = RandomizedSearchCV(model, {SIZE: range(2, 20)}, n_iter=6, cv=2, random_state=0)
    found.fit(expression)
    display = PanelSizeDisplay.from_estimator(found)
    sizes = [params[SIZE] for params in found.cv_results_["params"]]
    np.testing.assert_array_equal(display.lines_[0].get_xdata(), sorted(sizes))


def test_shares_of_genes(expression):
    display = PanelSizeDisplay.from_estimator(search(expression, {SIZE: [0.1, 0.5]}))
    assert display.ax_.get_xlabel() == "Share of genes in the panel"
    for mixed in ([0.1, 4], [None, 4]):
        found = search(expression, {SIZE: mixed})
        with pytest.raises(ValueError, match=r"all numbers of genes or all shares .* got \["):
            PanelSizeDisplay.from_estimator(found)


@pytest.mark.filterwarnings("ignore:\\s*3 fits failed")
@pytest.mark.filterwarnings("ignore:One or more of the test scores are non-finite")
def test_sizes_that_failed_are_counted(expression):
    found = search(expression, {SIZE: [2, 5, 8], "selector__fail_at": [5]})
    display = PanelSizeDisplay.from_estimator(found, name="first genes")
    assert legend_of(display) == ["first genes (1 of 3 failed)"]
    assert np.isnan(display.lines_[0].get_ydata()).tolist() == [False, True, False]


def test_which_parameter_is_the_size(expression):
    found = search(expression, {ALPHA: [1.0, 2.0]})
    with pytest.raises(ValueError, match=r"None of .* ends in 'n_features.*param=...: 'regressor"):
        PanelSizeDisplay.from_estimator(found)
    display = PanelSizeDisplay.from_estimator(found, param=ALPHA)
    np.testing.assert_array_equal(display.lines_[0].get_xdata(), [1, 2])
    with pytest.raises(ValueError, match=r"None of the parameters .* is 'n_genes'"):
        PanelSizeDisplay.from_estimator(found, param="n_genes")
    found.cv_results_["params"] = [
        {SIZE: 1, "again__n_features_to_select": 1} for _ in found.cv_results_["params"]
    ]
    with pytest.raises(ValueError, match=r"2 of the parameters .* ends in 'n_features_to_select'"):
        PanelSizeDisplay.from_estimator(found)


def test_only_fitted_searches(expression):
    with pytest.raises(TypeError, match="fitted GridSearchCV or RandomizedSearchCV, got Ridge"):
        PanelSizeDisplay.from_estimator(Ridge().fit(expression, expression[:, 0]))
    with pytest.raises(NotFittedError):
        PanelSizeDisplay.from_estimator(GridSearchCV(Ridge(), {"alpha": [1]}))


def test_points_must_match():
    with pytest.raises(ValueError, match=r"got shapes \[\(2,\), \(1,\), \(2,\)\]"):
        PanelSizeDisplay([1, 2], [0.5], [0.1, 0.1]).plot()
    with pytest.raises(ValueError, match=r"\(1,\)\]"):
        PanelSizeDisplay([1, 2], [0.5, 0.6], [0.1, 0.1], lines=["a"]).plot()
    with pytest.raises(ValueError, match=r"\(0,\)"):
        PanelSizeDisplay([], [], []).plot()


def test_two_selectors_on_the_same_axes():
    first = PanelSizeDisplay([2, 4], [0.2, 0.3], [0.1, 0.1], name="a").plot()
    second = PanelSizeDisplay([2, 4], [0.4, 0.5], [0.1, 0.1], name="b").plot(first.ax_)
    assert legend_of(second) == ["a", "b"]
    assert first.lines_[0].get_color() != second.lines_[0].get_color()


@pytest.mark.parametrize("sizes", [[1, 2], [1, 10, 100], np.arange(1, 11)])
def test_searches_that_failed_throughout(sizes):
    nan = np.full(len(sizes), np.nan)
    display = PanelSizeDisplay(sizes, nan, nan).plot()
    display.figure_.canvas.draw()
    assert legend_of(display) == [f"from the panel ({len(sizes)} of {len(sizes)} failed)"]
    left, right = display.ax_.get_xlim()
    assert left <= min(sizes)
    assert right >= max(sizes)
