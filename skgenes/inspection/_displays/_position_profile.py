"""Where along a gene its regulators act."""

from numbers import Integral

import numpy as np
from sklearn.utils import check_scalar

from skgenes.inspection._displays._heatmap import inches_of
from skgenes.inspection._displays._shared import (
    BLUE,
    INK,
    ORANGE,
    axes_for,
    check_matplotlib,
    shortened,
    wrapped,
)
from skgenes.inspection._displays._tables import table_of

# Beside each other these differ in lightness, and none looks like the grey of the rest.
_COLOURS = BLUE, ORANGE, "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#8A6D00", "#4B0092"
_REST = "#C8C8C8"
_PARTS = {
    "rna": (0, "Position along the transcript (bases from its 5' end)"),
    "promoter": (-2000, "Position along the promoter (bases from the transcription start site)"),
}


class PositionProfileDisplay:
    """Contributions to the prediction of one gene, by position and regulator.

    It is recommended to use `from_contributions`.

    Parameters
    ----------
    contributions : array-like, Series or DataFrame of shape (n_bins, n_regulators) or (n_bins,)
        Contribution of each regulator in each bin, 5' to 3', or their sum per bin. The columns of a
        DataFrame name the regulators; its index is not used.
    part : {"rna", "promoter"}, default="rna"
        What bins are of: the transcript, or the promoter.
    bin_size : int, default=100
        Bases per bin.
    start : int or None, default=None
        Position of the first base of the first bin; None takes 0 for a transcript and -2000 for a
        promoter, whose transcription start site is at 0.
    title : str or None, default=None
        Gene and output, such as "LAPTM5 in Whole Blood".
    contribution_name : str, default="Contribution"
        What the contributions are, with their unit, for the axis.

    Attributes
    ----------
    ax_ : matplotlib axes
        Where it was drawn.
    figure_ : matplotlib figure
        The figure that is in.
    edges_ : ndarray of float64 of shape (n_bars + 1,)
        Where bars begin and end, in bases.
    regulators_ : ndarray of int of shape (n_coloured,)
        Regulators with a colour, the most important first, as positions in `contributions`; only
        those that contribute.
    patches_ : list of matplotlib StepPatch
        For each of them those above and below 0, and at last those of all others, if there are
        others; for ``kind="lines"`` one for each.
    total_ : matplotlib StepPatch
        Sum over all regulators.

    See Also
    --------
    RegulatorHeatmapDisplay : Regulators over many genes.

    Notes
    -----
    The most important regulators are those with the largest sum of absolute contributions over
    bins. In stacked bars, contributions above 0 are piled up from 0, those below 0 are piled down,
    so that their heights add up to the total. The legend has the sum of each regulator over bins.

    Of a transcript with more bins than can be seen, neighbouring bins are added up, which keeps
    all sums; the axis says how many bases a bar stands for. The last bin is drawn as long as the
    others, even if the transcript ends within it.

    References
    ----------
    Tasaki et al. (2020), Nature Machine Intelligence 2, doi:10.1038/s42256-020-0201-6.

    Examples
    --------
    >>> import pandas as pd
    >>> from skgenes.inspection import PositionProfileDisplay
    >>> table = pd.DataFrame({"FUS": [0.0, 0.1], "ELAVL1": [0.5, -0.2], "QKI": [0.0, 0.3]})
    >>> display = PositionProfileDisplay.from_contributions(table, n_regulators=1)
    >>> [text.get_text() for text in display.ax_.get_legend().get_texts()]
    ['ELAVL1: +0.300', '2 others: +0.400', 'total: +0.700']
    """

    def __init__(
        self,
        contributions,
        *,
        part="rna",
        bin_size=100,
        start=None,
        title=None,
        contribution_name="Contribution",
    ):
        self.contributions = contributions
        self.part = part
        self.bin_size = bin_size
        self.start = start
        self.title = title
        self.contribution_name = contribution_name

    @classmethod
    def from_contributions(
        cls,
        contributions,
        *,
        part="rna",
        bin_size=100,
        start=None,
        title=None,
        contribution_name="Contribution",
        kind="stacked",
        n_regulators=5,
        max_bars=150,
        ax=None,
    ):
        """Draw contributions of one gene.

        Parameters
        ----------
        contributions : array-like, Series or DataFrame of shape (n_bins, n_regulators) or (n_bins,)
            Contribution of each regulator in each bin, 5' to 3', or their sum per bin.
        part : {"rna", "promoter"}, default="rna"
            What bins are of: the transcript, or the promoter.
        bin_size : int, default=100
            Bases per bin.
        start : int or None, default=None
            Position of the first base of the first bin; None takes 0 for a transcript and -2000
            for a promoter.
        title : str or None, default=None
            Gene and output, such as "LAPTM5 in Whole Blood".
        contribution_name : str, default="Contribution"
            What the contributions are, with their unit, for the axis.
        kind : {"stacked", "lines"}, default="stacked"
            Bars of regulators upon each other, or a line for each.
        n_regulators : int, default=5
            Regulators with a colour of their own, at most 8; the others are grey.
        max_bars : int, default=150
            The most bars; neighbouring bins are added up until there are no more.
        ax : matplotlib axes or None, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        PositionProfileDisplay
            The display, drawn.
        """
        check_matplotlib(f"{cls.__name__}.from_contributions")
        display = cls(
            contributions,
            part=part,
            bin_size=bin_size,
            start=start,
            title=title,
            contribution_name=contribution_name,
        )
        return display.plot(ax, kind=kind, n_regulators=n_regulators, max_bars=max_bars)

    def plot(self, ax=None, *, kind="stacked", n_regulators=5, max_bars=150):
        """Draw.

        Parameters
        ----------
        ax : matplotlib axes or None, default=None
            Where to draw; None makes a new figure.
        kind : {"stacked", "lines"}, default="stacked"
            Bars of regulators upon each other, or a line for each.
        n_regulators : int, default=5
            Regulators with a colour of their own, at most 8; the others are grey.
        max_bars : int, default=150
            The most bars; neighbouring bins are added up until there are no more.

        Returns
        -------
        PositionProfileDisplay
            The display.
        """
        if kind not in ("stacked", "lines"):
            raise ValueError(f"kind must be 'stacked' or 'lines', got {kind!r}.")
        check_scalar(n_regulators, "n_regulators", Integral, min_val=0, max_val=len(_COLOURS))
        check_scalar(max_bars, "max_bars", Integral, min_val=1)
        table, start = self._checked()
        values = table.to_numpy()
        # A sum over regulators is none of them.
        self._choose(values, 0 if np.ndim(self.contributions) == 1 else n_regulators)
        values, bases = self._pool(values, start, max_bars)
        (self.ax_,) = axes_for(self, ax, figsize=(9, 4))
        self.figure_ = self.ax_.figure
        self.patches_ = []
        groups = self._groups(values, [shortened(name, 30) for name in table.columns])
        (self._stack if kind == "stacked" else self._trace)(groups)
        total = values.sum(axis=1)
        self.total_ = self.ax_.stairs(
            total,
            self.edges_,
            baseline=None,
            color=INK,
            linewidth=1.2,
            label=f"total: {_signed(total.sum())}",
            zorder=3,
        )
        self._finish(bases)
        return self

    def _choose(self, values, n_regulators):
        weight = np.abs(values).sum(axis=0)
        best = np.argsort(-weight, kind="stable")[:n_regulators]
        self.regulators_ = best[weight[best] > 0]

    def _pool(self, values, start, max_bars):
        """Contributions by bar, and the bases of a bar."""
        n_bins = len(values)
        per_bar = -(-n_bins // max_bars)
        first = np.arange(0, n_bins, per_bar)
        self.edges_ = start + self.bin_size * np.append(first, n_bins).astype(np.float64)
        return np.add.reduceat(values, first, axis=0), per_bar * self.bin_size

    def _groups(self, values, names):
        """Contributions, name and colour of each regulator with a colour, and of all others."""
        others = np.delete(values, self.regulators_, axis=1)
        groups = [
            (values[:, [j]], f"{names[j]}: {_signed(values[:, j].sum())}", colour)
            for j, colour in zip(self.regulators_, _COLOURS, strict=False)
        ]
        if others.shape[1]:
            groups.append((others, self._name_others(others), _REST))
        return groups

    def _stack(self, groups):
        up, down = np.zeros(self.edges_.size - 1), np.zeros(self.edges_.size - 1)
        for values, label, colour in groups:
            higher = up + np.maximum(values, 0).sum(axis=1)
            lower = down + np.minimum(values, 0).sum(axis=1)
            for top, base, name in ((higher, up, label), (lower, down, None)):
                patch = self.ax_.stairs(
                    top, self.edges_, baseline=base, fill=True, color=colour, label=name
                )
                self.patches_.append(patch)
            up, down = higher, lower

    def _trace(self, groups):
        for rank, (values, label, colour) in enumerate(groups):
            is_rest = colour == _REST
            patch = self.ax_.stairs(
                values.sum(axis=1),
                self.edges_,
                baseline=0 if is_rest else None,
                fill=is_rest,
                color=colour,
                linewidth=0 if is_rest else 1.5,
                label=label,
                zorder=1 if is_rest else 2.5 - 0.01 * rank,
            )
            self.patches_.append(patch)

    def _name_others(self, others):
        total = _signed(others.sum())
        if np.ndim(self.contributions) == 1:
            return f"all regulators: {total}"
        every = "all " if not self.regulators_.size else ""
        what = "regulator" if every else "other"
        return f"{every}{others.shape[1]:,} {what}{'s'[: others.shape[1] != 1]}: {total}"

    def _finish(self, bases):
        self.ax_.axhline(0, color=INK, linewidth=0.8)
        if self.edges_[0] < 0 < self.edges_[-1]:
            self.ax_.axvline(0, color=INK, linewidth=0.8, linestyle=(0, (4, 3)))
        self.ax_.set(
            xlim=(self.edges_[0], self.edges_[-1]),
            xlabel=wrapped(_PARTS[self.part][1], int(12 * inches_of(self.ax_)[0])),
            ylabel=f"{wrapped(self.contribution_name, 40)}\nper {bases:,} bases",
        )
        self.ax_.xaxis.set_major_formatter("{x:,.0f}")
        if self.title is not None:
            self.ax_.set_title(wrapped(self.title), loc="left", fontsize="medium")
        self.ax_.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False)

    def _checked(self):
        if self.part not in _PARTS:
            raise ValueError(f"part must be 'rna' or 'promoter', got {self.part!r}.")
        check_scalar(self.bin_size, "bin_size", Integral, min_val=1)
        start = _PARTS[self.part][0] if self.start is None else self.start
        check_scalar(start, "start", Integral)
        table = table_of(self.contributions, "contributions", "bin", "regulator")
        return table, start


def _signed(value):
    return f"{value:+z#.3g}".rstrip(".")
