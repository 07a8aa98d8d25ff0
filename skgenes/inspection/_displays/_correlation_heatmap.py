"""Correlations of outputs as a heat map."""

import numpy as np
import pandas as pd

from skgenes.inspection._displays._heatmap import (
    cluster_order,
    draw_heatmap,
)
from skgenes.inspection._displays._shared import check_matplotlib
from skgenes.inspection._displays._tables import output_names, table_of
from skgenes.metrics._inputs import check_finite, check_pair, take_genes
from skgenes.metrics._per_gene import warn_constant

_METHODS = {"spearman": "Spearman's correlation", "pearson": "Pearson's correlation"}


class CorrelationHeatmapDisplay:
    """Correlation of every output with every other, such as predicted with observed tissues.

    It is recommended to use `from_predictions`.

    Parameters
    ----------
    correlation : array-like or DataFrame of shape (n_rows, n_columns)
        Correlations in [-1, 1], NaN where undefined. A DataFrame names rows and columns.
    row_name, column_name : str, default="Observed", "Predicted"
        What rows and columns are.
    correlation_name : str, default="Correlation"
        What the correlations are, for the colour bar.

    Attributes
    ----------
    ax_ : matplotlib axes
        Where it was drawn.
    figure_ : matplotlib figure
        The figure that is in.
    image_ : matplotlib image
        The heat map. Its colours reach as far to either side of 0 as the largest value.
    colorbar_ : matplotlib colorbar or None
        The colour bar.
    row_order_, column_order_ : ndarray of int of shape (n_rows,) and (n_columns,)
        Rows from the top down and columns from the left, as positions in `correlation`.

    See Also
    --------
    OutputScoreDisplay : The diagonal, as bars.

    Notes
    -----
    Rows and columns with the same names are put in one order, found from both, so that the
    diagonal holds each output with itself; others are clustered each by itself. Clusters are
    those of Euclidean distances and mean linkage; undefined correlations, which are grey, count as
    0 there.

    References
    ----------
    Tasaki et al. (2020), Nature Machine Intelligence 2, doi:10.1038/s42256-020-0201-6.

    Examples
    --------
    >>> import pandas as pd
    >>> from skgenes.inspection import CorrelationHeatmapDisplay
    >>> observed = pd.DataFrame({"Lung": [1.0, 2.0, 4.0], "Liver": [0.0, 3.0, 1.0]})
    >>> predicted = pd.DataFrame({"Lung": [1.5, 2.5, 3.0], "Liver": [1.0, 0.5, 2.0]})
    >>> display = CorrelationHeatmapDisplay.from_predictions(observed, predicted)
    >>> display.correlation.round(2).loc["Liver", "Lung"]
    np.float64(0.5)
    """

    def __init__(
        self,
        correlation,
        *,
        row_name="Observed",
        column_name="Predicted",
        correlation_name="Correlation",
    ):
        self.correlation = correlation
        self.row_name = row_name
        self.column_name = column_name
        self.correlation_name = correlation_name

    @classmethod
    def from_predictions(
        cls,
        y_true,
        y_pred=None,
        *,
        method="spearman",
        order="cluster",
        colorbar=True,
        ax=None,
        image_kwargs=None,
    ):
        """Draw the correlations of observed with predicted outputs, over samples.

        Parameters
        ----------
        y_true : array-like, DataFrame or sparse of shape (n_samples, n_outputs)
            Observed values: the rows of the heat map.
        y_pred : array-like, DataFrame, sparse of shape (n_samples, n_outputs) or None, default=None
            Predicted values: its columns. None compares observed values with each other.
        method : {"spearman", "pearson"}, default="spearman"
            Which correlation.
        order : {"cluster", "given"}, default="cluster"
            Like outputs beside each other, or as they come.
        colorbar : bool, default=True
            Whether to draw a colour bar.
        ax : matplotlib axes or None, default=None
            Where to draw; None makes a new figure.
        image_kwargs : dict or None, default=None
            Style of the heat map, see `matplotlib.axes.Axes.imshow`.

        Returns
        -------
        CorrelationHeatmapDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If there is no such method or order, or tables do not fit or are not finite.

        Warns
        -----
        UndefinedMetricWarning
            Once, with the numbers of constant outputs, if there are any: their correlations are
            undefined.
        """
        check_matplotlib(f"{cls.__name__}.from_predictions")
        if method not in _METHODS:
            raise ValueError(f"method must be 'spearman' or 'pearson', got {method!r}.")
        alone = y_pred is None
        correlation = cross_correlation(y_true, y_true if alone else y_pred, method)
        display = cls(
            correlation,
            column_name="Observed" if alone else "Predicted",
            correlation_name=_METHODS[method],
        )
        return display.plot(ax, order=order, colorbar=colorbar, image_kwargs=image_kwargs)

    def plot(self, ax=None, *, order="cluster", colorbar=True, image_kwargs=None):
        """Draw.

        Parameters
        ----------
        ax : matplotlib axes or None, default=None
            Where to draw; None makes a new figure.
        order : {"cluster", "given"}, default="cluster"
            Like outputs beside each other, or as they come.
        colorbar : bool, default=True
            Whether to draw a colour bar.
        image_kwargs : dict or None, default=None
            Style of the heat map, see `matplotlib.axes.Axes.imshow`.

        Returns
        -------
        CorrelationHeatmapDisplay
            The display.
        """
        if order not in ("cluster", "given"):
            raise ValueError(f"order must be 'cluster' or 'given', got {order!r}.")
        table = self._checked()
        self.row_order_, self.column_order_ = _orders(table, order)
        table = table.iloc[self.row_order_, self.column_order_]
        draw_heatmap(
            self,
            ax,
            table,
            colorbar=colorbar,
            label=self.correlation_name,
            image_kwargs=image_kwargs,
        )
        self.ax_.set(xlabel=self.column_name, ylabel=self.row_name)
        return self

    def _checked(self):
        table = table_of(self.correlation, "correlation", "row", "column", allow_nan=True)
        # Rounding may carry a correlation a little beyond 1.
        beyond = np.argwhere(np.abs(table.to_numpy()) > 1 + 1e-9)
        if beyond.size:
            i, j = beyond[0]
            raise ValueError(
                f"correlation must be between -1 and 1, got {table.iloc[i, j]:g} for row "
                f"{table.index[i]!r} and column {table.columns[j]!r}. Pass correlations, or values "
                "to correlate to from_predictions."
            )
        return table


def cross_correlation(y_true, y_pred, method):
    """Correlations of each output of one table with each of another, over samples.

    Parameters
    ----------
    y_true, y_pred : array-like, DataFrame or sparse of shape (n_samples, n_outputs)
        The tables, with rows in the same order.
    method : {"spearman", "pearson"}
        Which correlation.

    Returns
    -------
    DataFrame of float64 of shape (n_outputs, n_outputs)
        Outputs of `y_true` in rows, NaN where undefined.
    """
    pair = check_pair(y_true, y_pred, min_samples=2, purpose="A correlation", column="output")
    units, constant = zip(
        *(
            _unit_columns(table, name, method)
            for table, name in zip(pair, ("y_true", "y_pred"), strict=True)
        ),
        strict=True,
    )
    warn_constant(np.array(constant), "output")
    values = np.clip(units[0].T @ units[1], -1.0, 1.0)
    values[constant[0]] = np.nan
    values[:, constant[1]] = np.nan
    names = output_names(y_true, y_pred)
    return pd.DataFrame(values, names, names)


def _unit_columns(table, name, method):
    """Columns with mean 0 and length 1, and which of them are constant."""
    values = take_genes(table, slice(None))
    low, high = values.min(axis=0), values.max(axis=0)
    check_finite(low, high, values, table, slice(0, None), name, "output")
    constant = low == high
    if method == "spearman":
        values = pd.DataFrame(values).rank().to_numpy()
    values = values - values.mean(axis=0)
    lengths = np.linalg.norm(values, axis=0)
    return values / np.where(constant | (lengths == 0), 1.0, lengths), constant | (lengths == 0)


def _orders(table, order):
    rows, columns = (np.arange(size) for size in table.shape)
    if order == "given":
        return rows, columns
    values = np.nan_to_num(table.to_numpy())
    if table.index.equals(table.columns):
        both = cluster_order(np.hstack([values, values.T]))
        return both, both
    return cluster_order(values), cluster_order(values.T)
