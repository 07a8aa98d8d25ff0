"""Scores of the regulators that matter most as a heat map."""

from numbers import Integral

import numpy as np

from skgenes.inspection._displays._heatmap import (
    cluster_order,
    draw_heatmap,
)
from skgenes.inspection._displays._shared import check_matplotlib
from skgenes.inspection._displays._tables import table_of
from skgenes.inspection._regulator_scores import RegulatorScores


class RegulatorHeatmapDisplay:
    """Scores of the most important regulators for every output.

    It is recommended to use `from_scores`.

    Parameters
    ----------
    scores : array-like, Series or DataFrame of shape (n_regulators, n_outputs)
        Signed score of each regulator for each output, such as mean DeepLIFT contributions. A
        DataFrame names both.
    score_name : str, default="Score"
        What the scores are, with their unit, for the colour bar.

    Attributes
    ----------
    ax_ : matplotlib axes
        Where it was drawn.
    figure_ : matplotlib figure
        The figure that is in.
    image_ : matplotlib image
        The heat map. Its colours reach as far to either side of 0 as the largest score shown.
    colorbar_ : matplotlib colorbar or None
        The colour bar.
    regulators_ : ndarray of int of shape (n_shown,)
        Regulators from the top down, as positions in `scores`.
    outputs_ : ndarray of int of shape (n_outputs,)
        Outputs from the left, as positions in `scores`.

    Notes
    -----
    A regulator's importance is the mean of its absolute scores over outputs; of two with the same
    one, the first is shown. Clusters are those of Euclidean distances and mean linkage.

    References
    ----------
    Tasaki et al. (2020), Nature Machine Intelligence 2, doi:10.1038/s42256-020-0201-6.

    Examples
    --------
    >>> import pandas as pd
    >>> from skgenes.inspection import RegulatorHeatmapDisplay
    >>> scores = pd.DataFrame(
    ...     {"Lung": [0.1, -0.7, 0.4], "Liver": [0.0, 0.6, 0.5]}, index=["FUS", "ELAVL1", "QKI"]
    ... )
    >>> display = RegulatorHeatmapDisplay.from_scores(scores, n_regulators=2)
    >>> [label.get_text() for label in display.ax_.get_yticklabels()]
    ['ELAVL1', 'QKI']
    """

    def __init__(self, scores, *, score_name="Score"):
        self.scores = scores
        self.score_name = score_name

    @classmethod
    def from_scores(
        cls,
        scores,
        *,
        score_name="Score",
        n_regulators=30,
        order="score",
        colorbar=True,
        ax=None,
        image_kwargs=None,
    ):
        """Draw the regulators that matter most.

        Parameters
        ----------
        scores : array-like, Series or DataFrame of shape (n_regulators, n_outputs)
            Signed score of each regulator for each output.
        score_name : str, default="Score"
            What the scores are, with their unit, for the colour bar.
        n_regulators : int, default=30
            Regulators to show; all, if there are fewer.
        order : {"score", "cluster"}, default="score"
            The most important on top and outputs as they come, or like regulators and like outputs
            beside each other.
        colorbar : bool, default=True
            Whether to draw a colour bar.
        ax : matplotlib axes or None, default=None
            Where to draw; None makes a new figure.
        image_kwargs : dict or None, default=None
            Style of the heat map, see `matplotlib.axes.Axes.imshow`.

        Returns
        -------
        RegulatorHeatmapDisplay
            The display, drawn.

        Raises
        ------
        TypeError
            If `scores` are RegulatorScores rather than a table of them.
        """
        check_matplotlib(f"{cls.__name__}.from_scores")
        if isinstance(scores, RegulatorScores):
            raise TypeError("scores is RegulatorScores, not a table; pass its attribute `.scores`.")
        return cls(scores, score_name=score_name).plot(
            ax,
            n_regulators=n_regulators,
            order=order,
            colorbar=colorbar,
            image_kwargs=image_kwargs,
        )

    def plot(self, ax=None, *, n_regulators=30, order="score", colorbar=True, image_kwargs=None):
        """Draw.

        Parameters
        ----------
        ax : matplotlib axes or None, default=None
            Where to draw; None makes a new figure.
        n_regulators : int, default=30
            Regulators to show; all, if there are fewer.
        order : {"score", "cluster"}, default="score"
            The most important on top and outputs as they come, or like regulators and like outputs
            beside each other.
        colorbar : bool, default=True
            Whether to draw a colour bar.
        image_kwargs : dict or None, default=None
            Style of the heat map, see `matplotlib.axes.Axes.imshow`.

        Returns
        -------
        RegulatorHeatmapDisplay
            The display.
        """
        if order not in ("score", "cluster"):
            raise ValueError(f"order must be 'score' or 'cluster', got {order!r}.")
        if not isinstance(n_regulators, Integral) or n_regulators < 1:
            raise ValueError(f"n_regulators must be a positive integer, got {n_regulators!r}.")
        table = table_of(self.scores, "scores", "regulator", "output")
        n_all = len(table)
        self._order(table.to_numpy(), n_regulators, order)
        table = table.iloc[self.regulators_, self.outputs_]
        draw_heatmap(
            self, ax, table, colorbar=colorbar, label=self.score_name, image_kwargs=image_kwargs
        )
        title = f"{len(table):,} of {n_all:,} regulator{'s'[: n_all != 1]}"
        self.ax_.set_title(title, loc="left", fontsize="medium")
        return self

    def _order(self, scores, n_regulators, order):
        importance = np.abs(scores).mean(axis=1)
        self.regulators_ = np.argsort(-importance, kind="stable")[:n_regulators]
        self.outputs_ = np.arange(scores.shape[1])
        if order == "cluster":
            shown = scores[self.regulators_]
            self.regulators_ = self.regulators_[cluster_order(shown)]
            self.outputs_ = cluster_order(shown.T)
