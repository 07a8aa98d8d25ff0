"""Predicted against observed values, output by output."""

import numpy as np

from skgenes.inspection._displays._shared import (
    BLUE,
    INK,
    axes_for,
    check_matplotlib,
    point_style,
    shortened,
    styled,
    wrapped,
)
from skgenes.inspection._displays._tables import output_names
from skgenes.metrics import per_output_spearman
from skgenes.metrics._inputs import check_pair, take_genes
from skgenes.metrics._output_scorer import output_columns

_MOST_OUTPUTS = 100
_MOST_POINTS = 1000
_PANEL_INCHES = 1.75
_TITLE_WIDTH = 24  # characters over a small panel


class ObservedPredictedDisplay:
    """Predicted against observed values, with Spearman's correlation over each panel.

    One panel per output, such as a tissue, all with the same scales. It is recommended to use
    `from_predictions`.

    Parameters
    ----------
    y_true, y_pred : array-like or DataFrame of shape (n_samples, n_outputs) or (n_samples,)
        Observed and predicted values of the same samples, which are genes where expression is
        predicted from binding sites. At least 2 samples and at most 100 outputs.
    names : sequence of str of shape (n_outputs,) or None, default=None
        Names of the outputs; None takes the columns of a DataFrame, or numbers them.
    unit : str, default="unit of the data"
        Unit of the values, for the axes.

    Attributes
    ----------
    axes_ : ndarray of matplotlib axes of shape (n_outputs,)
        A panel per output.
    figure_ : matplotlib figure
        The figure they are in.
    scores_ : ndarray of float64 of shape (n_outputs,)
        Spearman's correlation of each output, NaN where undefined.
    points_ : list of matplotlib collections
        The points or hexagons of each panel.
    lines_ : list of matplotlib lines
        Where predictions equal observations.
    colorbar_ : matplotlib colorbar or None
        Samples per hexagon; None for points, and on axes that were given.

    See Also
    --------
    OutputScoreDisplay : The correlations alone, as bars.
    skgenes.metrics.per_output_spearman : The correlation.

    Notes
    -----
    Values that are NaN or infinite are an error: a correlation over the others would be one of
    another set of samples.

    References
    ----------
    Tasaki et al. (2020), Nature Machine Intelligence 2, doi:10.1038/s42256-020-0201-6.

    Examples
    --------
    >>> import pandas as pd
    >>> from skgenes.inspection import ObservedPredictedDisplay
    >>> observed = pd.DataFrame({"Lung": [1.0, 2.0, 4.0], "Liver": [0.0, 3.0, 1.0]})
    >>> predicted = pd.DataFrame({"Lung": [1.5, 2.5, 3.0], "Liver": [1.0, 0.5, 2.0]})
    >>> display = ObservedPredictedDisplay.from_predictions(observed, predicted)
    >>> display.scores_
    array([ 1. , -0.5])
    """

    def __init__(self, y_true, y_pred, *, names=None, unit="unit of the data"):
        self.y_true = y_true
        self.y_pred = y_pred
        self.names = names
        self.unit = unit

    @classmethod
    def from_predictions(
        cls,
        y_true,
        y_pred,
        *,
        outputs=None,
        unit="unit of the data",
        kind="auto",
        ax=None,
        scatter_kwargs=None,
        hexbin_kwargs=None,
    ):
        """Draw predictions, or those of chosen outputs.

        Parameters
        ----------
        y_true, y_pred : array-like, DataFrame or sparse, (n_samples, n_outputs) or (n_samples,)
            Observed and predicted values, with rows and columns in the same order.
        outputs : int, str, slice, list of int, list of str or None, default=None
            Which outputs to draw: positions, or column names where `y_true` is a DataFrame. None
            draws all.
        unit : str, default="unit of the data"
            Unit of the values, for the axes.
        kind : {"auto", "points", "density"}, default="auto"
            Points, or hexagons coloured by the samples in them; "auto" takes points for up to
            1,000 samples.
        ax : matplotlib axes, sequence of them or None, default=None
            Where to draw, one per output; None makes a new figure.
        scatter_kwargs, hexbin_kwargs : dict or None, default=None
            Style of the points, see `matplotlib.axes.Axes.scatter`, and of the hexagons, see
            `matplotlib.axes.Axes.hexbin`.

        Returns
        -------
        ObservedPredictedDisplay
            The display, drawn.
        """
        check_matplotlib(f"{cls.__name__}.from_predictions")
        names = output_names(y_true, y_pred)
        observed, predicted = _numbers(y_true, y_pred)
        if outputs is not None:
            at = output_columns(outputs, y_true)
            names = [names[i] for i in at]
            observed, predicted = observed[:, at], predicted[:, at]
        return cls(observed, predicted, names=names, unit=unit).plot(
            ax, kind=kind, scatter_kwargs=scatter_kwargs, hexbin_kwargs=hexbin_kwargs
        )

    def plot(self, ax=None, *, kind="auto", scatter_kwargs=None, hexbin_kwargs=None):
        """Draw.

        Parameters
        ----------
        ax : matplotlib axes, sequence of them or None, default=None
            Where to draw, one per output; None makes a new figure.
        kind : {"auto", "points", "density"}, default="auto"
            Points, or hexagons coloured by the samples in them; "auto" takes points for up to
            1,000 samples.
        scatter_kwargs, hexbin_kwargs : dict or None, default=None
            Style of the points, see `matplotlib.axes.Axes.scatter`, and of the hexagons, see
            `matplotlib.axes.Axes.hexbin`.

        Returns
        -------
        ObservedPredictedDisplay
            The display.
        """
        if kind not in ("auto", "points", "density"):
            raise ValueError(f"kind must be 'auto', 'points' or 'density', got {kind!r}.")
        observed, predicted, names = self._checked()
        self.scores_ = per_output_spearman(observed, predicted)
        n_outputs = len(names)
        self.axes_ = axes_for(self, ax, n_outputs, **_grid(n_outputs))
        self.figure_ = self.axes_[0].figure
        few = len(observed) <= _MOST_POINTS if kind == "auto" else kind == "points"
        draw = self._draw_points if few else self._draw_density
        self.colorbar_ = None
        draw(observed, predicted, (scatter_kwargs if few else hexbin_kwargs) or {}, ax is None)
        self.lines_ = [
            panel.axline((0, 0), slope=1, color=INK, linewidth=0.8, linestyle=(0, (4, 3)), zorder=3)
            for panel in self.axes_
        ]
        self._name(names, fresh=ax is None)
        return self

    def _draw_points(self, observed, predicted, scatter_kwargs, fresh):
        # Small panels crowd sooner.
        crowd = len(observed) * min(len(self.axes_), 4)
        style = styled({"color": BLUE, **point_style(crowd)}, scatter_kwargs)
        self.points_ = [
            panel.scatter(observed[:, j], predicted[:, j], **style)
            for j, panel in enumerate(self.axes_)
        ]

    def _draw_density(self, observed, predicted, hexbin_kwargs, fresh):
        import matplotlib as mpl
        from matplotlib.colors import ListedColormap, LogNorm

        # Without the palest: one sample must be seen on white.
        blues = ListedColormap(mpl.colormaps["Blues"](np.linspace(0.3, 1, 256)), "blues")
        n_across = 40 if len(self.axes_) == 1 else 25
        style = {
            "gridsize": n_across,
            # The same hexagons in every panel, so that colours mean the same.
            "extent": (*_limits(observed), *_limits(predicted)),
            "mincnt": 1,
            "cmap": blues,
            "linewidths": 0.1,
        }
        style |= hexbin_kwargs
        self.points_ = [
            panel.hexbin(observed[:, j], predicted[:, j], **style)
            for j, panel in enumerate(self.axes_)
        ]
        if "norm" not in style:
            most = max(2, *(np.max(hexagons.get_array()) for hexagons in self.points_))
            for hexagons in self.points_:
                hexagons.set_norm(LogNorm(1, most))
        if fresh:
            shrink = min(1.0, 3 / self.figure_.get_figheight())
            self.colorbar_ = self.figure_.colorbar(
                self.points_[0], ax=list(self.axes_), label="Samples in a hexagon", shrink=shrink
            )

    def _name(self, names, fresh):
        many = len(names) > 1
        for panel, name, score in zip(self.axes_, names, self.scores_, strict=True):
            value = "undefined" if np.isnan(score) else f"{score:z.2f}"
            name = wrapped(shortened(name, 2 * _TITLE_WIDTH), _TITLE_WIDTH) if many else name
            panel.set_title(
                f"{name}\nSpearman {value}",
                fontsize="x-small" if many else "medium",
            )
            panel.tick_params(labelsize="x-small" if many else "medium")
        labels = (
            f"Observed ({self.unit})\ndashed: predicted = observed",
            f"Predicted ({self.unit})",
        )
        if many and fresh:
            _label_below_gaps(self.axes_)
            self.figure_.supxlabel(labels[0], fontsize="medium")
            self.figure_.supylabel(labels[1], fontsize="medium")
            return
        for panel in self.axes_:
            panel.set(xlabel=wrapped(labels[0]), ylabel=wrapped(labels[1]))

    def _checked(self):
        observed, predicted = _numbers(self.y_true, self.y_pred)
        names = output_names(self.y_true, self.y_pred) if self.names is None else self.names
        n_outputs = observed.shape[1]
        if len(names) != n_outputs:
            raise ValueError(f"names must name {n_outputs} outputs, got {len(names)} names.")
        if n_outputs > _MOST_OUTPUTS:
            raise ValueError(
                f"There are {n_outputs:,} outputs, and at most {_MOST_OUTPUTS} panels can be seen. "
                "Choose some: from_predictions(..., outputs=...), or draw their scores with "
                "OutputScoreDisplay."
            )
        return observed, predicted, [str(name) for name in names]


def _numbers(y_true, y_pred):
    tables = check_pair(
        y_true, y_pred, min_samples=2, purpose="A rank correlation", column="output"
    )
    return [take_genes(table, slice(None)) for table in tables]


def _grid(n_outputs):
    """Arguments of a new figure: a grid about as wide as high, with the fewest gaps."""
    widths = np.arange(np.ceil(np.sqrt(n_outputs)), np.ceil(np.sqrt(1.6 * n_outputs)) + 1)
    n_columns = n_outputs if n_outputs <= 3 else int(widths[np.argmin(-n_outputs % widths)])
    n_rows = -(-n_outputs // n_columns)
    inches = 5.0 if n_outputs == 1 else 2.5 if n_outputs <= 4 else _PANEL_INCHES
    return {
        "nrows": n_rows,
        "ncols": n_columns,
        "sharex": True,
        "sharey": True,
        "figsize": (inches * n_columns + 0.9, (inches + 0.25) * n_rows + 0.6),
    }


def _limits(values):
    low, high = values.min(), values.max()
    return (low, high) if low < high else (low - 0.5, high + 0.5)


def _label_below_gaps(axes):
    """Give numbers to panels with nothing below them: those of shared axes are in the last row."""
    n_columns = axes[0].get_subplotspec().get_gridspec().ncols
    for panel in axes[max(len(axes) - n_columns, 0) :]:
        panel.tick_params(labelbottom=True)
