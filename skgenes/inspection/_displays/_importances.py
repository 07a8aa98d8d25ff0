"""Importances of genes and the panel chosen by them."""

from numbers import Integral

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skgenes.inspection._displays._shared import (
    BLUE,
    INK,
    axes_for,
    check_matplotlib,
    name_lines,
    point_style,
    styled,
)

_OUTSIDE = "#CCCCCC"


class ImportanceDisplay:
    """Importances of genes, the panel marked.

    It is recommended to use `from_estimator`.

    Parameters
    ----------
    importances : array-like of shape (n_genes,)
        The higher, the better.
    support : array-like of bool of shape (n_genes,)
        Which genes are in the panel.
    feature_names : array-like of str of shape (n_genes,) or None, default=None
        Gene names; None numbers the columns.

    Attributes
    ----------
    ax_ : matplotlib axes
        Where it was drawn.
    figure_ : matplotlib figure
        The figure that is in.
    bars_ : matplotlib BarContainer
        For ``kind="bars"``: the most important genes, the best on top.
    line_ : matplotlib line
        For ``kind="curve"``: importance by rank.
    panel_ : matplotlib PathCollection
        For ``kind="curve"``: genes of the panel.

    Examples
    --------
    >>> from skgenes.inspection import ImportanceDisplay
    >>> display = ImportanceDisplay([0.1, 0.9, 0.4], [False, True, True], ["CD4", "MYC", "JUN"])
    >>> display = display.plot(n_genes=2)
    >>> [label.get_text() for label in display.ax_.get_yticklabels()]
    ['MYC', 'JUN']
    """

    def __init__(self, importances, support, feature_names=None):
        self.importances = importances
        self.support = support
        self.feature_names = feature_names

    @classmethod
    def from_estimator(
        cls, selector, *, kind="bars", n_genes=30, ax=None, bar_kwargs=None, line_kwargs=None
    ):
        """Draw the importances of a fitted selector.

        Parameters
        ----------
        selector : estimator
            Fitted, with `importances_` and `support_`, such as AutoEncoderDeepLIFTSelector.
        kind : {"bars", "curve"}, default="bars"
            The best genes by name, or all genes by rank.
        n_genes : int, default=30
            Number of bars.
        ax : matplotlib axes or None, default=None
            Where to draw; None makes a new figure.
        bar_kwargs, line_kwargs : dict or None, default=None
            Style of the bars, see `matplotlib.axes.Axes.barh`, and of the curve, see
            `matplotlib.lines.Line2D`.

        Returns
        -------
        ImportanceDisplay
            The display, drawn.

        Raises
        ------
        TypeError
            If the selector has no `importances_`.
        """
        check_matplotlib(f"{cls.__name__}.from_estimator")
        check_is_fitted(selector)
        if not hasattr(selector, "importances_"):
            raise TypeError(
                f"{type(selector).__name__} has no importances_ to draw. If it ranks genes by "
                "something else, pass that: ImportanceDisplay(importances, support).plot()."
            )
        names = getattr(selector, "feature_names_in_", None)
        display = cls(selector.importances_, selector.get_support(), names)
        return display.plot(
            ax, kind=kind, n_genes=n_genes, bar_kwargs=bar_kwargs, line_kwargs=line_kwargs
        )

    def plot(self, ax=None, *, kind="bars", n_genes=30, bar_kwargs=None, line_kwargs=None):
        """Draw.

        Parameters
        ----------
        ax : matplotlib axes or None, default=None
            Where to draw; None makes a new figure.
        kind : {"bars", "curve"}, default="bars"
            The best genes by name, or all genes by rank.
        n_genes : int, default=30
            Number of bars; all genes, if there are fewer.
        bar_kwargs, line_kwargs : dict or None, default=None
            Style of the bars, see `matplotlib.axes.Axes.barh`, and of the curve, see
            `matplotlib.lines.Line2D`.

        Returns
        -------
        ImportanceDisplay
            The display.
        """
        if kind not in ("bars", "curve"):
            raise ValueError(f"kind must be 'bars' or 'curve', got {kind!r}.")
        if not isinstance(n_genes, Integral) or n_genes < 1:
            raise ValueError(f"n_genes must be a positive integer, got {n_genes!r}.")
        importances, support, names = self._checked()
        order = np.argsort(-importances, kind="stable")
        if kind == "bars":
            self._plot_bars(ax, importances, support, names, order[:n_genes], bar_kwargs or {})
        else:
            self._plot_curve(ax, importances[order], support[order], line_kwargs or {})
        self.figure_ = self.ax_.figure
        name_lines(self.ax_, ncols=2)
        return self

    def _plot_bars(self, ax, importances, support, names, best, bar_kwargs):
        (self.ax_,) = axes_for(self, ax, figsize=(6, 1.2 + 0.2 * len(best)))
        inside = support[best]
        style = styled({"color": np.where(inside, BLUE, _OUTSIDE), "height": 0.75}, bar_kwargs)
        positions = np.arange(len(best))
        self.bars_ = self.ax_.barh(positions, importances[best], **style)
        self.ax_.set_yticks(positions, names[best], fontsize="small")
        self.ax_.set_ylim(len(best) - 0.4, -0.6)
        self.ax_.set(xlabel="Importance", ylabel="")
        for is_in, where in ((True, "in the panel"), (False, "not in the panel")):
            shown = np.flatnonzero(inside == is_in)
            total = np.count_nonzero(support == is_in)
            label = f"{where}: {shown.size} shown of {total:,}"
            if shown.size:
                self.bars_[shown[0]].set_label(label)

    def _plot_curve(self, ax, ordered, inside, line_kwargs):
        (self.ax_,) = axes_for(self, ax)
        ranks = np.arange(1, len(ordered) + 1)
        label = f"all genes: {len(ordered):,}"
        style = styled({"color": INK, "linewidth": 1, "label": label, "zorder": 1}, line_kwargs)
        self.line_ = self.ax_.plot(ranks, ordered, **style)[0]
        n_panel = int(inside.sum())
        self.panel_ = self.ax_.scatter(
            ranks[inside],
            ordered[inside],
            color=BLUE,
            label=f"in the panel: {n_panel:,}",
            **point_style(n_panel),
        )
        self.ax_.set(xlabel="Rank of a gene by importance", ylabel="Importance", xscale="log")

    def _checked(self):
        importances = np.asarray(self.importances, dtype=np.float64)
        support = np.asarray(self.support)
        names = np.array([f"column {i}" for i in range(importances.size)], dtype=object)
        if self.feature_names is not None:
            names = np.asarray(self.feature_names, dtype=object)
        shapes = importances.shape, support.shape, names.shape
        if importances.ndim != 1 or importances.size == 0 or len(set(shapes)) > 1:
            raise ValueError(
                "importances, support and feature_names must have one entry per gene, got shapes "
                f"{', '.join(map(str, shapes))}."
            )
        if support.dtype != bool:
            raise ValueError(f"support must be a mask of bool, got {support.dtype}.")
        if not np.isfinite(importances).all():
            raise ValueError(
                f"importances must be finite, got {np.sum(~np.isfinite(importances))} values that "
                "are NaN or infinite."
            )
        return importances, support, names
