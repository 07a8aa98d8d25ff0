"""Two panels, gene by gene."""

import numpy as np

from skgenes.inspection._displays._shared import (
    BLUE,
    GREY,
    INK,
    ORANGE,
    axes_for,
    check_matplotlib,
    name_lines,
    point_style,
    styled,
    wrapped,
)
from skgenes.metrics import per_gene_mean_absolute_error, per_gene_pearson

_LABEL_WIDTH = 45  # characters
_METRICS = {"mae": per_gene_mean_absolute_error, "pcc": per_gene_pearson}


class PanelScatterDisplay:
    """One panel against another, a point per gene that both infer.

    It is recommended to use `from_comparison` or `from_predictions`.

    Parameters
    ----------
    score_x, score_y : array-like of shape (n_genes,)
        Score of each gene inferred from either panel, NaN where undefined; genes in the same
        order.
    name_x, name_y : str, default="panel x", "panel y"
        What the panels are called.
    score : {"mae", "pcc"}, default="mae"
        What the scores are: errors, of which the lesser is the better, or correlations, of which
        the higher is.
    unit : str, default="unit of the data"
        Unit of the errors, for the axes.

    Attributes
    ----------
    ax_ : matplotlib axes
        Where it was drawn.
    figure_ : matplotlib figure
        The figure that is in.
    wins_x_, wins_y_, ties_ : matplotlib PathCollection
        Points of the genes which either panel infers better, and of those with the same score.
    line_ : matplotlib line
        Where scores are the same.

    See Also
    --------
    compare_panels : Makes the comparison.
    GeneScoreDisplay : Densities of scores.

    Notes
    -----
    Genes with an undefined score in either panel are counted in the legend and not drawn. Scores
    are the same if they are equal to the last bit, as in `PanelComparison.pairwise`.

    References
    ----------
    Kong et al. (2021), BMC Bioinformatics 22, doi:10.1186/s12859-021-03972-5, Results.

    Examples
    --------
    >>> from skgenes.inspection import PanelScatterDisplay
    >>> display = PanelScatterDisplay([0.1, 0.4, 0.3], [0.2, 0.3, 0.3], name_y="L1000").plot()
    >>> [text.get_text() for text in display.ax_.get_legend().get_texts()]
    ['panel x better: 1', 'L1000 better: 1', 'same: 1']
    """

    def __init__(
        self,
        score_x,
        score_y,
        *,
        name_x="panel x",
        name_y="panel y",
        score="mae",
        unit="unit of the data",
    ):
        self.score_x = score_x
        self.score_y = score_y
        self.name_x = name_x
        self.name_y = name_y
        self.score = score
        self.unit = unit

    @classmethod
    def from_comparison(
        cls,
        comparison,
        x,
        y,
        *,
        score="mae",
        unit="unit of the data",
        ax=None,
        scatter_kwargs=None,
    ):
        """Draw two panels of a comparison.

        Parameters
        ----------
        comparison : PanelComparison
            What `compare_panels` returns.
        x, y : str
            Names of the panels on the horizontal and the vertical axis.
        score : {"mae", "pcc"}, default="mae"
            Mean absolute error or Pearson correlation.
        unit : str, default="unit of the data"
            Unit of the errors, for the axes.
        ax : matplotlib axes or None, default=None
            Where to draw; None makes a new figure.
        scatter_kwargs : dict or None, default=None
            Style of the points, see `matplotlib.axes.Axes.scatter`.

        Returns
        -------
        PanelScatterDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If there is no such panel or score.
        """
        check_matplotlib(f"{cls.__name__}.from_comparison")
        _check_score(score)
        scores = getattr(comparison, score)
        for name in (x, y):
            if name not in scores.columns:
                raise ValueError(
                    f"There is no panel {name!r} in the comparison; its panels are "
                    f"{', '.join(map(repr, scores.columns))}."
                )
        display = cls(
            scores[x].to_numpy(),
            scores[y].to_numpy(),
            name_x=str(x),
            name_y=str(y),
            score=score,
            unit=unit,
        )
        return display.plot(ax, scatter_kwargs=scatter_kwargs)

    @classmethod
    def from_predictions(
        cls,
        y_true,
        y_pred_x,
        y_pred_y,
        *,
        name_x="panel x",
        name_y="panel y",
        score="mae",
        unit="unit of the data",
        ax=None,
        scatter_kwargs=None,
    ):
        """Draw the scores of two predictions of the same genes.

        Parameters
        ----------
        y_true : array-like, DataFrame or sparse of shape (n_samples, n_genes)
            Measured expression.
        y_pred_x, y_pred_y : array-like, DataFrame or sparse of shape (n_samples, n_genes)
            Expression inferred from either panel, with rows and columns as in `y_true`.
        name_x, name_y : str, default="panel x", "panel y"
            What the panels are called.
        score : {"mae", "pcc"}, default="mae"
            Mean absolute error or Pearson correlation.
        unit : str, default="unit of the data"
            Unit of the errors, for the axes.
        ax : matplotlib axes or None, default=None
            Where to draw; None makes a new figure.
        scatter_kwargs : dict or None, default=None
            Style of the points, see `matplotlib.axes.Axes.scatter`.

        Returns
        -------
        PanelScatterDisplay
            The display, drawn.
        """
        check_matplotlib(f"{cls.__name__}.from_predictions")
        _check_score(score)
        scores = [_METRICS[score](y_true, y_pred) for y_pred in (y_pred_x, y_pred_y)]
        display = cls(*scores, name_x=name_x, name_y=name_y, score=score, unit=unit)
        return display.plot(ax, scatter_kwargs=scatter_kwargs)

    def plot(self, ax=None, *, scatter_kwargs=None):
        """Draw.

        Parameters
        ----------
        ax : matplotlib axes or None, default=None
            Where to draw; None makes a new figure.
        scatter_kwargs : dict or None, default=None
            Style of the points, see `matplotlib.axes.Axes.scatter`.

        Returns
        -------
        PanelScatterDisplay
            The display.
        """
        x, y = self._scores()
        (self.ax_,) = axes_for(self, ax, figsize=(5.5, 5.5))
        self.figure_ = self.ax_.figure
        defined = ~(np.isnan(x) | np.isnan(y))
        better_x = x < y if self.score == "mae" else x > y
        better_y = y < x if self.score == "mae" else y > x
        style = styled(point_style(defined.sum()), scatter_kwargs or {})
        self.line_ = self.ax_.axline((0, 0), slope=1, color=INK, linewidth=0.8, zorder=1)

        def draw(genes, label, colour):
            label = f"{label}: {genes.sum():,}"
            return self.ax_.scatter(x[genes], y[genes], **{"color": colour, **style}, label=label)

        self.wins_x_ = draw(better_x, f"{self.name_x} better", BLUE)
        self.wins_y_ = draw(better_y, f"{self.name_y} better", ORANGE)
        self.ties_ = draw(x == y, "same", GREY)
        if not defined.all():
            label = f"undefined, not drawn: {(~defined).sum():,}"
            self.ax_.plot([], [], linestyle="none", label=label)
        self._finish()
        return self

    def _finish(self):
        quantity, unit = "Pearson correlation of a gene", ""
        if self.score == "mae":
            quantity, unit = "Mean absolute error of a gene", f" ({self.unit})"
        self.ax_.set(
            xlabel=wrapped(f"{quantity}\nfrom {self.name_x}{unit}", _LABEL_WIDTH),
            ylabel=wrapped(f"{quantity}\nfrom {self.name_y}{unit}", _LABEL_WIDTH),
            aspect="equal",
        )
        for handle in name_lines(self.ax_, ncols=2).legend_handles:
            handle.set_alpha(1)
            if hasattr(handle, "set_sizes"):
                handle.set_sizes([24])

    def _scores(self):
        _check_score(self.score)
        x, y = (np.asarray(values, dtype=np.float64) for values in (self.score_x, self.score_y))
        if x.ndim != 1 or x.shape != y.shape or x.size == 0:
            raise ValueError(
                "score_x and score_y must hold one score for each of the same genes, got shapes "
                f"{x.shape} and {y.shape}."
            )
        return x, y


def _check_score(score):
    if score not in _METRICS:
        raise ValueError(f"score must be 'mae' or 'pcc', got {score!r}.")
