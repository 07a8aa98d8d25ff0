"""Score against the size of the panel."""

import numpy as np

from skgenes.inspection._displays._search_results import points_of
from skgenes.inspection._displays._shared import (
    GREY,
    INK,
    axes_for,
    check_matplotlib,
    line_style,
    name_lines,
    styled,
    wrapped,
)
from skgenes.utils._messages import listed

_MOST_TICKS = 8
_MOST_MARKERS = 30
_MEASURES = {
    "pcc": "Mean correlation",
    "mae": "Mean absolute error",
    "r2": "Variance explained",
}
_GENES = {
    "": ", genes outside of the panel",
    "all": ", all genes, the panel's known",
    "shared": ", as far as genes share it",
}
_STANDARDISED = ("mae_standardised", "mae_all")


class PanelSizeDisplay:
    """Score against panel size, with its spread over splits.

    It is recommended to use `from_curve` or `from_estimator`.

    Parameters
    ----------
    sizes : array-like of shape (n_points,)
        Panel size of each point: numbers of genes, or shares of them.
    mean : array-like of shape (n_points,)
        Mean score over splits, NaN where fitting failed.
    spread : array-like of shape (n_points,)
        Standard deviation over splits.
    lines : sequence of str of shape (n_points,) or None, default=None
        Which line each point is on, named for the legend; None is one line.
    ceiling : float or None, default=None
        Score attainable from all genes, drawn as a horizontal line.
    score_name : str, default="Score"
        What the score is, with its unit.
    name : str or None, default=None
        What the one line is inferred from, for the legend; None is "from the panel".
    chosen : int or None, default=None
        Size to mark.

    Attributes
    ----------
    ax_ : matplotlib axes
        Where it was drawn.
    figure_ : matplotlib figure
        The figure that is in.
    lines_ : list of matplotlib lines
        Means, one line each.
    bands_ : list of matplotlib PolyCollection
        One standard deviation to either side.
    ceiling_line_ : matplotlib line or None
        The ceiling.
    chosen_line_ : matplotlib LineCollection or None
        The chosen size, upright.

    See Also
    --------
    panel_size_curve : Every size, nested in cross-validation.
    skgenes.compose.LandmarkReconstructor : What to search over.

    Notes
    -----
    Splits of one data set share samples, so that the standard deviation over them is not one over
    new data sets.

    Examples
    --------
    >>> from skgenes.inspection import PanelSizeDisplay
    >>> display = PanelSizeDisplay([10, 100], [0.4, 0.7], [0.02, 0.01], ceiling=0.8).plot()
    >>> display.lines_[0].get_ydata()
    array([0.4, 0.7])
    """

    def __init__(
        self,
        sizes,
        mean,
        spread,
        *,
        lines=None,
        ceiling=None,
        score_name="Score",
        name=None,
        chosen=None,
    ):
        self.sizes = sizes
        self.mean = mean
        self.spread = spread
        self.lines = lines
        self.ceiling = ceiling
        self.score_name = score_name
        self.name = name
        self.chosen = chosen

    @classmethod
    def from_curve(
        cls,
        curve,
        *,
        score="r2_shared",
        chosen="auto",
        score_name=None,
        name=None,
        ax=None,
        line_kwargs=None,
    ):
        """Draw what `panel_size_curve` found.

        Parameters
        ----------
        curve : PanelSizeCurve
            The curve.
        score : str, default="r2_shared"
            Which column of ``curve.folds``. Those that end in ``_shared`` are drawn with the
            ceiling, which is where they lead to.
        chosen : {"auto"}, int or None, default="auto"
            Size to mark; "auto" is ``curve.auto_size()``, where there are several folds.
        score_name : str or None, default=None
            What the score is, with its unit; None says it in words.
        name : str or None, default=None
            Name of the line, for the legend; None is the selector's.
        ax : matplotlib axes or None, default=None
            Where to draw; None makes a new figure.
        line_kwargs : dict or None, default=None
            Style of the line, see `matplotlib.lines.Line2D`.

        Returns
        -------
        PanelSizeDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If there is no such score.
        """
        check_matplotlib(f"{cls.__name__}.from_curve")
        table = curve.to_frame()
        if score not in table or f"{score}_sd" not in table:
            known = [column for column in table if f"{column}_sd" in table]
            raise ValueError(f"The curve has no score {score!r}; it has {listed(known, 12)}.")
        what, _, kind = score.removesuffix("_standardised").partition("_")
        if score_name is None:
            score_name = _MEASURES[what] + _GENES[kind]
            score_name += ", in standard deviations" if score in _STANDARDISED else ""
        if isinstance(chosen, str):
            chosen = curve.auto_size() if curve.n_folds > 1 else None
        display = cls(
            table.index.to_numpy(),
            table[score].to_numpy(),
            table[f"{score}_sd"].fillna(0).to_numpy(),
            ceiling=float(curve.ceiling[what].mean()) if kind == "shared" else None,
            score_name=score_name,
            name=curve.selector if name is None else name,
            chosen=chosen,
        )
        markers = {"marker": ""} if len(table) > _MOST_MARKERS else {}
        return display.plot(ax, line_kwargs=markers | (line_kwargs or {}))

    @classmethod
    def from_estimator(
        cls,
        search,
        *,
        param=None,
        score=None,
        where=None,
        negate_score=False,
        ceiling=None,
        score_name=None,
        name=None,
        ax=None,
        line_kwargs=None,
    ):
        """Draw what a search over panel sizes found.

        Parameters
        ----------
        search : GridSearchCV or RandomizedSearchCV
            Fitted. If it varies other parameters too, each of their combinations is a line.
        param : str or None, default=None
            The parameter that is the panel's size; None finds the one whose name ends in
            ``n_features_to_select``.
        score : str or None, default=None
            Name of the metric, where the search has several.
        where : dict or None, default=None
            Values to hold other parameters at, such as ``{"regressor__alpha": 1.0}``.
        negate_score : bool, default=False
            Whether to draw the score times -1, for errors that are negated as scores.
        ceiling : float or None, default=None
            Score attainable from all genes, with the sign it is to be drawn with.
        score_name : str or None, default=None
            What the score is, with its unit; None takes `score`, or "Score".
        name : str or None, default=None
            Name of the line, for the legend, where there is one line.
        ax : matplotlib axes or None, default=None
            Where to draw; None makes a new figure.
        line_kwargs : dict or None, default=None
            Style of the lines, see `matplotlib.lines.Line2D`.

        Returns
        -------
        PanelSizeDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If no parameter, or more than one, can be the panel's size, a metric must be chosen,
            sizes are of several kinds, or there would be more than six lines.
        TypeError
            If `search` is not a search.
        """
        check_matplotlib(f"{cls.__name__}.from_estimator")
        points = points_of(search, param, score, where)
        if score_name is None:
            score_name = "Score" if score is None else score.removeprefix("neg_" * negate_score)
        display = cls(
            points.sizes,
            -points.mean if negate_score else points.mean,
            points.spread,
            lines=points.lines,
            ceiling=ceiling,
            score_name=score_name,
            name=name,
        )
        return display.plot(ax, line_kwargs=line_kwargs)

    def plot(self, ax=None, *, line_kwargs=None):
        """Draw.

        Parameters
        ----------
        ax : matplotlib axes or None, default=None
            Where to draw; None makes a new figure.
        line_kwargs : dict or None, default=None
            Style of the lines, see `matplotlib.lines.Line2D`.

        Returns
        -------
        PanelSizeDisplay
            The display.
        """
        sizes, mean, spread = self._points()
        names = np.full(sizes.size, self.name) if self.lines is None else np.asarray(self.lines)
        (self.ax_,) = axes_for(self, ax)
        self.figure_ = self.ax_.figure
        self.lines_, self.bands_ = [], []
        for name in dict.fromkeys(names.tolist()):
            points = np.flatnonzero(names == name)
            points = points[np.argsort(sizes[points], kind="stable")]
            self._draw(name, sizes[points], mean[points], spread[points], line_kwargs or {})
        self.ceiling_line_ = None
        if self.ceiling is not None:
            self.ceiling_line_ = self.ax_.axhline(
                self.ceiling, color=INK, linestyle=(0, (1, 2)), label="from all genes"
            )
        self.chosen_line_ = None
        if self.chosen is not None:
            self.chosen_line_ = self.ax_.vlines(
                self.chosen,
                0,
                1,
                color=GREY,
                linewidth=1,
                zorder=1,
                transform=self.ax_.get_xaxis_transform(),
                label=self._chosen_label(sizes, mean),
            )
        self._finish(sizes, fresh=ax is None)
        return self

    def _draw(self, name, sizes, mean, spread, line_kwargs):
        n_failed = int(np.isnan(mean).sum())
        label = "from the panel" if name is None else name
        label += f" ({n_failed} of {mean.size} failed)" if n_failed else ""
        style = styled({**line_style(self.ax_), "marker": "o", "label": label}, line_kwargs)
        line = self.ax_.plot(sizes, mean, **style)[0]
        band = self.ax_.fill_between(
            sizes, mean - spread, mean + spread, color=line.get_color(), alpha=0.15, linewidth=0
        )
        self.lines_.append(line)
        self.bands_.append(band)

    def _chosen_label(self, sizes, mean):
        label = f"{self.chosen:,} gene{'s' * (self.chosen != 1)}"
        at = np.flatnonzero(sizes == self.chosen)
        if at.size == 1 and self.ceiling is not None and self.ceiling > 0:
            label += f", {mean[at[0]] / self.ceiling:.0%} of the score from all genes"
        return label

    def _finish(self, sizes, fresh):
        shares = np.any(sizes < 1)
        self.ax_.set(
            xlabel="Share of genes in the panel" if shares else "Genes in the panel",
            ylabel=wrapped(f"{self.score_name}\n(mean ± standard deviation over splits)"),
        )
        if fresh:
            # Sizes whose fits all failed have their place too.
            self.ax_.update_datalim([(size, 0) for size in sizes], updatey=False)
            self.ax_.autoscale_view(scaley=False)
            scale_sizes(self.ax_, sizes)
        name_lines(self.ax_)

    def _points(self):
        points = [np.asarray(v, dtype=np.float64) for v in (self.sizes, self.mean, self.spread)]
        shapes = [values.shape for values in points]
        shapes += [] if self.lines is None else [np.shape(self.lines)]
        if len(set(shapes)) > 1 or len(shapes[0]) != 1 or shapes[0][0] == 0:
            raise ValueError(
                f"sizes, mean, spread and lines must have one entry per point, got shapes {shapes}."
            )
        return points


def scale_sizes(ax, sizes):
    """Make the axis of sizes logarithmic where they span much, with ticks at few of them.

    Parameters
    ----------
    ax : matplotlib axes
        With all sizes drawn.
    sizes : ndarray of shape (n_points,)
        Sizes of panels.
    """
    if sizes.min() > 0 and sizes.max() >= 8 * sizes.min():
        ax.set_xscale("log")
        ax.xaxis.set_major_formatter("{x:,g}")
    ticks = np.unique(sizes)
    if ticks.size <= _MOST_TICKS:
        ax.set_xticks(ticks, [f"{tick:,g}" for tick in ticks])
        ax.set_xticks([], minor=True)
