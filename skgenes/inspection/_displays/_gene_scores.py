"""How well each gene is inferred, as densities."""

import numpy as np

from skgenes.inspection._displays._density import bounded_density
from skgenes.inspection._displays._shared import (
    axes_for,
    check_matplotlib,
    line_style,
    name_lines,
    styled,
)
from skgenes.metrics import per_gene_mean_absolute_error, per_gene_pearson
from skgenes.metrics._scorers import tables_to_compare


class GeneScoreDisplay:
    """Densities of the error and of the correlation of every gene.

    Draw several on the same axes to compare panels. It is recommended to use `from_estimator` or
    `from_predictions`.

    Parameters
    ----------
    mae : array-like of shape (n_genes,)
        Mean absolute error of each gene, NaN where undefined.
    pcc : array-like of shape (n_genes,)
        Pearson correlation of each gene, NaN where undefined.
    name : str or None, default=None
        What was inferred from, for the legend.
    unit : str, default="unit of the data"
        Unit of the error, for the axis.

    Attributes
    ----------
    axes_ : ndarray of two matplotlib axes
        For the error and for the correlation.
    figure_ : matplotlib figure
        The figure they are in.
    lines_ : list of two matplotlib lines
        The densities, without points if no gene has the score.
    medians_ : list of two matplotlib line collections
        A mark at each median.

    See Also
    --------
    PanelScatterDisplay : Compares two panels gene by gene.

    Notes
    -----
    Gaussian kernels with Silverman's bandwidth, at least a hundredth of the range, reflected at 0
    for errors and at -1 and 1 for correlations, so that no density lies where no score can. The
    legend counts genes whose score is undefined; they are in no curve.

    References
    ----------
    Chen et al. (2016), Bioinformatics 32:1832, doi:10.1093/bioinformatics/btw074.

    Examples
    --------
    >>> from skgenes.inspection import GeneScoreDisplay
    >>> measured = [[1.0, 5.0, 2.0], [3.0, 5.5, 0.0], [2.0, 7.0, 4.0]]
    >>> inferred = [[1.5, 5.0, 1.0], [3.0, 6.0, 0.5], [2.5, 6.5, 3.0]]
    >>> display = GeneScoreDisplay.from_predictions(measured, inferred, unit="log2 intensity")
    >>> display.axes_[0].get_xlabel()
    'Mean absolute error of a gene (log2 intensity)'
    """

    def __init__(self, mae, pcc, *, name=None, unit="unit of the data"):
        self.mae = mae
        self.pcc = pcc
        self.name = name
        self.unit = unit

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X,
        y=None,
        *,
        measured=False,
        name=None,
        unit="unit of the data",
        ax=None,
        line_kwargs=None,
    ):
        """Draw the scores of a fitted estimator.

        Parameters
        ----------
        estimator : estimator
            Fitted, with ``observed_and_inferred``, such as LandmarkReconstructor and
            GeneAutoEncoder; a Pipeline that ends in one or a search over one; or, with `y`,
            anything with ``predict``.
        X : ndarray, DataFrame, sparse matrix or AnnData of shape (n_samples, n_genes)
            Samples that were held out.
        y : array-like of shape (n_samples, n_targets) or None, default=None
            Measured expression to compare ``predict(X)`` with. Not used for estimators with
            ``observed_and_inferred``.
        measured : bool, default=False
            Whether to include the landmarks, which count as inferred exactly.
        name : str or None, default=None
            For the legend; None takes the name of the estimator's class.
        unit : str, default="unit of the data"
            Unit of the error, for the axis.
        ax : pair of matplotlib axes or None, default=None
            Where to draw; None makes a new figure.
        line_kwargs : dict or None, default=None
            Style of the lines, see `matplotlib.lines.Line2D`.

        Returns
        -------
        GeneScoreDisplay
            The display, drawn.
        """
        check_matplotlib(f"{cls.__name__}.from_estimator")
        tables = tables_to_compare(estimator, X, y, measured)
        name = type(estimator).__name__ if name is None else name
        return cls.from_predictions(*tables, name=name, unit=unit, ax=ax, line_kwargs=line_kwargs)

    @classmethod
    def from_predictions(
        cls, y_true, y_pred, *, name=None, unit="unit of the data", ax=None, line_kwargs=None
    ):
        """Draw the scores of predictions.

        Parameters
        ----------
        y_true, y_pred : array-like, DataFrame or sparse of shape (n_samples, n_genes)
            Measured and predicted expression, with rows and columns in the same order.
        name : str or None, default=None
            For the legend.
        unit : str, default="unit of the data"
            Unit of the error, for the axis.
        ax : pair of matplotlib axes or None, default=None
            Where to draw; None makes a new figure.
        line_kwargs : dict or None, default=None
            Style of the lines, see `matplotlib.lines.Line2D`.

        Returns
        -------
        GeneScoreDisplay
            The display, drawn.
        """
        check_matplotlib(f"{cls.__name__}.from_predictions")
        mae = per_gene_mean_absolute_error(y_true, y_pred)
        pcc = per_gene_pearson(y_true, y_pred)
        return cls(mae, pcc, name=name, unit=unit).plot(ax, line_kwargs=line_kwargs)

    def plot(self, ax=None, *, line_kwargs=None):
        """Draw.

        Parameters
        ----------
        ax : pair of matplotlib axes or None, default=None
            For the error and for the correlation; None makes a new figure. Axes of another
            display serve to compare with it.
        line_kwargs : dict or None, default=None
            Style of the lines, see `matplotlib.lines.Line2D`.

        Returns
        -------
        GeneScoreDisplay
            The display.
        """
        scores = [_checked(self.mae, "mae", 0, np.inf), _checked(self.pcc, "pcc", -1, 1)]
        self.axes_ = axes_for(self, ax, 2, ncols=2, figsize=(10, 4))
        self.figure_ = self.axes_[0].figure
        xlabels = f"Mean absolute error of a gene ({self.unit})", "Pearson correlation of a gene"
        self.lines_, self.medians_ = [], []
        for axis, values, bounds, xlabel in zip(
            self.axes_, scores, [(0, np.inf), (-1, 1)], xlabels, strict=True
        ):
            line, median = self._draw(axis, values, bounds, line_kwargs or {})
            self.lines_.append(line)
            self.medians_.append(median)
            axis.set(xlabel=xlabel, ylabel="Density of genes")
            name_lines(axis)
        return self

    def _draw(self, ax, values, bounds, line_kwargs):
        defined = values[~np.isnan(values)]
        style = styled({**line_style(ax), "label": self._label(values, defined)}, line_kwargs)
        if defined.size == 0:
            return ax.plot([], [], **style)[0], ax.vlines([], 0, [])
        grid, density = bounded_density(defined, *bounds)
        line = ax.plot(grid, density, **style)[0]
        area = ax.fill_between(grid, density, color=line.get_color(), alpha=0.08, linewidth=0)
        area.sticky_edges.y.append(0)  # no margin below, and room for curves to come above
        median = np.median(defined)
        height = np.interp(median, grid, density)
        return line, ax.vlines(
            median, 0, height, color=line.get_color(), linestyle=line.get_linestyle(), linewidth=1
        )

    def _label(self, values, defined):
        n_undefined = values.size - defined.size
        parts = [f"median {np.median(defined):.3g}"] if defined.size else []
        parts.append(f"{defined.size:,} genes")
        parts += [f"{n_undefined:,} undefined"] if n_undefined else []
        return ("" if self.name is None else f"{self.name}\n") + ", ".join(parts)


def _checked(values, what, lower, upper):
    values = np.asarray(values, dtype=np.float64)
    defined = values[~np.isnan(values)]
    if values.ndim != 1 or values.size == 0:
        raise ValueError(f"{what} must hold one score per gene, got shape {values.shape}.")
    # Rounding may carry a correlation a little beyond 1.
    wrong = defined[(defined < lower) | (defined > upper + 1e-9) | np.isinf(defined)]
    if wrong.size:
        raise ValueError(
            f"{what} must be at least {lower}{f' and at most {upper}' if upper < np.inf else ''}, "
            f"got {wrong[0]:g}."
        )
    return values
