"""How good a panel is, in one figure."""

import numpy as np
import pandas as pd

from skgenes.inspection._displays._density import bounded_density
from skgenes.inspection._displays._shared import (
    BLUE,
    GREY,
    INK,
    ORANGE,
    axes_for,
    check_matplotlib,
    name_lines,
    shortened,
    styled,
    wrapped,
)
from skgenes.inspection._evaluate_panel import evaluate_panel
from skgenes.inspection._evaluate_panel_tables import LOWER_IS_BETTER

_MEASURES = {
    "pcc": "correlation of other genes",
    "r2": "variance explained of other genes",
    "r2_all": "variance explained of all genes",
    "mae_standardised": "error of other genes",
    "significant": "genes passing the permutation test",
    "mean_abs_correlation": "correlation within the panel",
    "effective_genes": "effective number of genes",
    "clustering_ari": "classes in clusters, adjusted Rand index",
    "balanced_accuracy": "classes, balanced accuracy",
    "macro_f1": "classes, macro F1",
    "worst_recall": "worst class, recall",
    "worst_r2_all": "worst group, variance explained",
}
_NAMED_PARTS = ("redundancy", "classes", "groups")
_COLUMNS = {"panel": 52, "random": 130, "ceiling": 180, "p": 222}  # right edges, in points
_FARTHEST = 12.0  # standard deviations that the axis reaches at most
_ROW_INCHES = 0.29


class PanelEvaluationDisplay:
    """A panel's measures against random panels and the ceiling, and its genes one by one.

    It is recommended to use `from_evaluation` or `from_panel`.

    Parameters
    ----------
    summary : DataFrame
        `PanelEvaluation.summary`.
    random : DataFrame of shape (n_random, n_measures)
        `PanelEvaluation.random`, of 2 random panels at least.
    genes : DataFrame
        `PanelEvaluation.genes`.
    name : str or None, default=None
        What the panel is called, for the legend; None is "panel".

    Attributes
    ----------
    axes_ : ndarray of matplotlib axes of shape (2,)
        For measures and for genes.
    figure_ : matplotlib figure
        The figure that is in.
    random_, panel_, ceiling_ : matplotlib PathCollection
        Points of random panels, of the panel and of the ceiling.
    lines_ : list of matplotlib lines
        Densities of genes: from the panel, from random panels, from all other genes.

    See Also
    --------
    evaluate_panel : Makes what is drawn.
    GeneScoreDisplay : Densities of several models' scores.

    Notes
    -----
    Measures have units of their own, so each is drawn in standard deviations of the random panels
    from their mean, turned so that right is better; the numbers stand beside. Beyond 12 standard
    deviations, points lie at the edge as triangles, and a ceiling beyond it is left to the numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from skgenes.inspection import PanelEvaluationDisplay, evaluate_panel
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(90, 3)) @ rng.normal(size=(3, 40)) + rng.normal(size=(90, 40))
    >>> result = evaluate_panel([0, 1, 2], X, n_random=20, random_state=0)
    >>> display = PanelEvaluationDisplay.from_evaluation(result)
    >>> len(display.random_.get_offsets()) % 20
    0
    """

    def __init__(self, summary, random, genes, *, name=None):
        self.summary = summary
        self.random = random
        self.genes = genes
        self.name = name

    @classmethod
    def from_evaluation(cls, evaluation, *, name=None, ax=None, panel_kwargs=None):
        """Draw what `evaluate_panel` found.

        Parameters
        ----------
        evaluation : PanelEvaluation
            With 2 random panels at least.
        name : str or None, default=None
            What the panel is called, for the legend; None is "panel".
        ax : pair of matplotlib axes or None, default=None
            For measures and for genes; None makes a new figure.
        panel_kwargs : dict or None, default=None
            Style of the panel's points, see `matplotlib.axes.Axes.scatter`.

        Returns
        -------
        PanelEvaluationDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If there are fewer than 2 random panels.
        """
        check_matplotlib(f"{cls.__name__}.from_evaluation")
        display = cls(evaluation.summary, evaluation.random, evaluation.genes, name=name)
        return display.plot(ax, panel_kwargs=panel_kwargs)

    @classmethod
    def from_panel(
        cls, panel, X, y=None, *, evaluate_kwargs=None, name=None, ax=None, panel_kwargs=None
    ):
        """Evaluate a panel and draw what was found.

        Parameters
        ----------
        panel : sequence of str or int, mask or selector
            The panel.
        X : ndarray, DataFrame, sparse matrix or AnnData of shape (n_samples, n_genes)
            Expression, in any unit.
        y : array-like of shape (n_samples,), str or None, default=None
            Classes to tell apart.
        evaluate_kwargs : dict or None, default=None
            Further arguments of `evaluate_panel`.
        name : str or None, default=None
            What the panel is called, for the legend; None is "panel".
        ax : pair of matplotlib axes or None, default=None
            For measures and for genes; None makes a new figure.
        panel_kwargs : dict or None, default=None
            Style of the panel's points, see `matplotlib.axes.Axes.scatter`.

        Returns
        -------
        PanelEvaluationDisplay
            The display, drawn.
        """
        check_matplotlib(f"{cls.__name__}.from_panel")
        evaluation = evaluate_panel(panel, X, y, **(evaluate_kwargs or {}))
        return cls.from_evaluation(evaluation, name=name, ax=ax, panel_kwargs=panel_kwargs)

    def plot(self, ax=None, *, panel_kwargs=None):
        """Draw.

        Parameters
        ----------
        ax : pair of matplotlib axes or None, default=None
            For measures and for genes; None makes a new figure.
        panel_kwargs : dict or None, default=None
            Style of the panel's points, see `matplotlib.axes.Axes.scatter`.

        Returns
        -------
        PanelEvaluationDisplay
            The display.
        """
        if len(self.random) < 2:
            raise ValueError(
                f"There are {len(self.random)} random panels, but at least 2 are needed to show "
                "what a panel is held against. Evaluate it with n_random=20 or more."
            )
        rows = [row for row in self.summary.index if row[1] in _MEASURES]
        self.axes_ = axes_for(
            self,
            ax,
            2,
            ncols=2,
            figsize=(13.5, max(4, 1.2 + _ROW_INCHES * len(rows))),
            width_ratios=(1, 1.35),
        )
        self.figure_ = self.axes_[0].figure
        self._draw_measures(self.axes_[0], rows, panel_kwargs or {})
        self._draw_genes(self.axes_[1])
        return self

    def _draw_measures(self, ax, rows, panel_kwargs):
        table = self.summary.loc[rows]
        random, panel, ceiling = _in_deviations(table, self.random[rows])
        reach = np.abs(np.concatenate([random.ravel(), panel, ceiling]))
        edge = 1.08 * np.clip(reach[reach <= _FARTHEST].max(initial=0), 3, _FARTHEST)
        places = np.arange(len(rows))
        for place in places[::2]:
            ax.axhspan(place - 0.5, place + 0.5, color=GREY, alpha=0.12, linewidth=0)
        ax.axvline(0, color=INK, linewidth=0.8)
        scatter_at = places + 0.3 * _spread_within(len(random))[:, None]
        self.random_ = ax.scatter(
            np.clip(random, -edge, edge),
            scatter_at,
            s=9,
            color=GREY,
            alpha=0.6,
            linewidths=0,
            label=f"{len(random)} random panels of the same size",
        )
        shown = np.abs(ceiling) <= edge
        self.ceiling_ = ax.scatter(
            ceiling[shown],
            places[shown],
            marker="|",
            s=130,
            color=ORANGE,
            linewidths=2.5,
            label="ridge from all other genes",
            zorder=3,
        )
        style = {"color": BLUE, "s": 42, "marker": "D", "zorder": 4, "label": self._name()}
        far = np.abs(panel) > edge
        style = styled(style, panel_kwargs)
        self.panel_ = ax.scatter(panel[~far], places[~far], **style)
        for sign, marker in ((1, ">"), (-1, "<")):
            where = far & (np.sign(panel) == sign)
            ax.scatter(
                np.full(where.sum(), sign * edge * 0.98),
                places[where],
                **(style | {"marker": marker, "label": None}),
            )
        self._label(ax, table, places, edge)

    def _label(self, ax, table, places, edge):
        parts = [part for part in table.index.unique("part") if part not in _NAMED_PARTS]
        labels = [
            _MEASURES[measure] + (f" ({shortened(part, 14)})" if part in parts else "")
            for part, measure in table.index
        ]
        ax.set_yticks(places, labels)
        ax.tick_params(axis="y", length=0)
        ax.set(
            xlim=(-edge, edge),
            ylim=(len(places) - 0.5, -0.5),
            xlabel="Standard deviations of random panels from their mean; right is better",
        )
        for place, (_, row) in zip(places, table.iterrows(), strict=True):
            self._numbers(ax, place, _texts(row))
        self._numbers(ax, -0.95, {column: column for column in _COLUMNS})
        handles, names = ax.get_legend_handles_labels()
        ax.legend(
            handles,
            [wrapped(name) for name in names],
            loc="lower left",
            bbox_to_anchor=(0, 1.06),
            frameon=False,
        )

    def _numbers(self, ax, place, texts):
        for column, text in texts.items():
            ax.annotate(
                text,
                (1, place),
                xycoords=("axes fraction", "data"),
                xytext=(_COLUMNS[column], 0),
                textcoords="offset points",
                ha="right",
                va="center",
                fontsize="small",
                annotation_clip=False,
            )

    def _draw_genes(self, ax):
        regressor = self.summary.index[0][0]
        columns = {
            f"{regressor}_pcc": (
                f"from {'the panel' if self.name is None else self.name}, {regressor}",
                BLUE,
                "-",
            ),
            f"{regressor}_random_pcc": ("from random panels, mean", GREY, "--"),
            "ceiling_pcc": ("from all other genes, ridge", ORANGE, "-."),
        }
        self.lines_ = []
        inferred = self.genes[f"{regressor}_pcc"].notna()
        for column, (label, colour, dashes) in columns.items():
            if column not in self.genes:
                continue
            values = self.genes.loc[inferred, column].dropna().to_numpy()
            label += f": mean {values.mean():.3f}" if values.size else ": undefined"
            grid, density = bounded_density(values, -1, 1) if values.size else ([], [])
            self.lines_ += ax.plot(grid, density, color=colour, linestyle=dashes, label=label)
        self.lines_[0].set_linewidth(2.2)
        ax.axvline(0, color=INK, linewidth=0.8)
        ax.set_ylim(bottom=0)
        ax.set(
            xlabel=f"Correlation of a gene outside of the panel ({inferred.sum():,} genes)",
            ylabel="Density of genes",
        )
        name_lines(ax)

    def _name(self):
        return "panel" if self.name is None else self.name


def _in_deviations(table, random):
    """Random panels, the panel and the ceiling, in deviations of the first; greater is better."""
    lower = table.index.get_level_values("measure").isin(LOWER_IS_BETTER)
    sign = np.where(lower, -1.0, 1.0)
    mean, spread = (table[f"random_{which}"].to_numpy() for which in ("mean", "sd"))
    with np.errstate(divide="ignore", invalid="ignore"):
        scaled = [
            sign * (np.asarray(values, dtype=np.float64) - mean) / spread
            for values in (random, table["value"], table["ceiling"])
        ]
    # Where all random panels are the same, a panel that is too lies among them.
    same = (spread == 0) & (table["value"].to_numpy() == mean)
    scaled[1][same] = 0
    scaled[0][:, spread == 0] = 0
    return scaled


def _spread_within(number):
    """Places between -1 and 1 that look random, by the golden ratio."""
    return 2 * (np.arange(number) * 0.6180339887 % 1) - 1


def _texts(row):
    digits = 1 if max(row["value"], row["random_mean"]) >= 10 else 3
    texts = {"panel": f"{row['value']:.{digits}f}" if pd.notna(row["value"]) else "undefined"}
    if pd.notna(row["random_mean"]):
        texts["random"] = f"{row['random_mean']:.{digits}f} ± {row['random_sd']:.{digits}f}"
    if pd.notna(row["ceiling"]):
        texts["ceiling"] = f"{row['ceiling']:.3f}"
    if pd.notna(row["p_value"]):
        texts["p"] = f"{row['p_value']:.2g}"
    return texts
