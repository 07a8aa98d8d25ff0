"""A panel's expected score and its genes one by one, in one figure."""

from numbers import Integral

import numpy as np

from skgenes.inspection._displays._panel_size import PanelSizeDisplay, scale_sizes
from skgenes.inspection._displays._shared import (
    BLUE,
    GREY,
    INK,
    axes_for,
    check_matplotlib,
    name_lines,
    shortened,
    styled,
)

_ROW_INCHES = 0.21
_COLUMNS = ((36, "right"), (46, "left"))  # edges in points, of shares and of genes
_LONGEST = 52  # characters of genes beside a bar


class PanelReportDisplay:
    """The curve over sizes with the panel's own, and what each of its genes is worth.

    It is recommended to use `from_report`.

    Parameters
    ----------
    report : PanelReport
        What to draw.

    Attributes
    ----------
    axes_ : ndarray of matplotlib axes of shape (2,)
        For sizes and for genes.
    figure_ : matplotlib figure
        The figure that is in.
    size_display_ : PanelSizeDisplay
        The curve, the ceiling and the panel's size.
    others_, own_ : matplotlib BarContainer
        What is lost without each gene: of other genes, and of itself, one bar from the other. Of
        other genes there is no bar where they, all together, lose nothing.

    See Also
    --------
    panel_report : Makes what is drawn.

    Notes
    -----
    Beside the bars stand the share of resamples that choose the gene again, and the genes for which
    it stands. Where the bar is of the gene itself alone, other genes, all together, are explained
    no worse without it: what those it stands for lose, the rest gain, to which it adds noise. Such
    a gene is worth a place only if it is wanted for its own sake, or for those few.

    Examples
    --------
    >>> import numpy as np
    >>> from skgenes.feature_selection import GreedyPanelSelector
    >>> from skgenes.inspection import PanelReportDisplay, panel_report
    >>> rng = np.random.default_rng(0)
    >>> programmes = np.repeat(np.eye(3), 6, axis=1)  # three, of six genes each
    >>> X = rng.normal(size=(150, 3)) @ programmes + 0.3 * rng.normal(size=(150, 18))
    >>> report = panel_report(GreedyPanelSelector(), X, random_state=0)
    >>> display = PanelReportDisplay.from_report(report)
    >>> [label.get_text() for label in display.axes_[1].get_yticklabels()]
    ['3', '11', '13']
    """

    def __init__(self, report):
        self.report = report

    @classmethod
    def from_report(cls, report, *, n_genes=50, ax=None, line_kwargs=None, bar_kwargs=None):
        """Draw what `panel_report` found.

        Parameters
        ----------
        report : PanelReport
            The report.
        n_genes : int, default=50
            Number of bars, for the first genes of the panel; all, if there are fewer.
        ax : pair of matplotlib axes or None, default=None
            For sizes and for genes; None makes a new figure.
        line_kwargs, bar_kwargs : dict or None, default=None
            Style of the curve, see `matplotlib.lines.Line2D`, and of the bars, see
            `matplotlib.axes.Axes.barh`.

        Returns
        -------
        PanelReportDisplay
            The display, drawn.
        """
        check_matplotlib(f"{cls.__name__}.from_report")
        return cls(report).plot(ax, n_genes=n_genes, line_kwargs=line_kwargs, bar_kwargs=bar_kwargs)

    def plot(self, ax=None, *, n_genes=50, line_kwargs=None, bar_kwargs=None):
        """Draw.

        Parameters
        ----------
        ax : pair of matplotlib axes or None, default=None
            For sizes and for genes; None makes a new figure.
        n_genes : int, default=50
            Number of bars, for the first genes of the panel; all, if there are fewer.
        line_kwargs, bar_kwargs : dict or None, default=None
            Style of the curve, see `matplotlib.lines.Line2D`, and of the bars, see
            `matplotlib.axes.Axes.barh`.

        Returns
        -------
        PanelReportDisplay
            The display.
        """
        if not isinstance(n_genes, Integral) or n_genes < 1:
            raise ValueError(f"n_genes must be a positive integer, got {n_genes!r}.")
        genes = self.report.genes.head(n_genes)
        height = max(4.6, 1.4 + _ROW_INCHES * len(genes))
        self.axes_ = axes_for(self, ax, 2, ncols=2, figsize=(13.5, height))
        self.figure_ = self.axes_[0].figure
        self.size_display_ = PanelSizeDisplay.from_curve(
            self.report.curve,
            chosen=len(self.report.genes),
            ax=self.axes_[0],
            line_kwargs=line_kwargs,
        )
        self.axes_[0].set_ylim(bottom=min(0, self.axes_[0].get_ylim()[0]))
        if ax is None:
            scale_sizes(self.axes_[0], self.report.curve.sizes)
        self._draw_genes(self.axes_[1], genes, bar_kwargs or {})
        return self

    def _draw_genes(self, ax, genes, bar_kwargs):
        places = np.arange(len(genes))
        tables = self.report.values
        value = 100 * genes["marginal_value"].to_numpy()
        others = 100 * tables.genes["value_for_others"].to_numpy()[: len(genes)]
        others = np.clip(others, 0, np.maximum(value, 0))
        style = {"height": 0.75}
        self.others_ = ax.barh(
            places,
            others,
            **styled({"color": BLUE, "label": "of other genes", **style}, bar_kwargs),
        )
        self.own_ = ax.barh(
            places,
            value - others,
            left=others,
            **styled({"color": GREY, "label": "of its own", **style}, bar_kwargs),
        )
        ax.axvline(0, color=INK, linewidth=0.8)
        ax.set_yticks(places, [shortened(gene) for gene in genes["gene"]], fontsize="small")
        ax.tick_params(axis="y", length=0)
        ax.set(
            ylim=(len(genes) - 0.4, -0.6),
            xlabel="Variance of all genes lost without it, %",
        )
        if len(genes) < len(self.report.genes):
            ax.set_ylabel(f"First {len(genes)} of {len(self.report.genes)} genes of the panel")
        self._write(ax, -1.0, "again" if "frequency" in genes else "", "stands for")
        for place, row in zip(places, genes.itertuples(), strict=True):
            again = f"{row.frequency:.0%}" if "frequency" in genes else ""
            self._write(ax, place, again, shortened(row.stands_for, _LONGEST))
        name_lines(ax, ncols=2)

    def _write(self, ax, place, again, stands_for):
        for text, (edge, side) in zip((again, stands_for), _COLUMNS, strict=True):
            ax.annotate(
                text,
                (1, place),
                xycoords=("axes fraction", "data"),
                xytext=(edge, 0),
                textcoords="offset points",
                ha=side,
                va="center",
                fontsize="small",
                annotation_clip=False,
            )
