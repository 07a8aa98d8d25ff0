"""Scores of outputs as bars."""

import numpy as np
import pandas as pd

from skgenes.inspection._displays._heatmap import (
    label_inches,
    name_ticks,
    room_for_names,
    side_inches,
)
from skgenes.inspection._displays._shared import (
    INK,
    axes_for,
    check_matplotlib,
    line_style,
    name_lines,
    styled,
    wrapped,
)
from skgenes.inspection._displays._tables import output_names, table_of
from skgenes.metrics import per_output_auroc, per_output_spearman

_MOST_MODELS = 6
_MOST_WITH_GAPS = 150  # outputs
_METRIC_NAMES = {
    per_output_spearman: "Spearman's correlation",
    per_output_auroc: "Area under the ROC curve",
}


class OutputScoreDisplay:
    """Score of every output as a bar, of one model or of several beside each other.

    It is recommended to use `from_predictions`.

    Parameters
    ----------
    scores : array-like, Series or DataFrame of shape (n_outputs, n_models) or (n_outputs,)
        Score of each output, such as a tissue, under each model, at most six; NaN where undefined.
        A DataFrame or Series names both.
    score_name : str, default="Score"
        What the scores are, for the axis.

    Attributes
    ----------
    ax_ : matplotlib axes
        Where it was drawn.
    figure_ : matplotlib figure
        The figure that is in.
    bars_ : list of matplotlib BarContainer
        Bars of each model, from the top down; without length where the score is undefined.
    mean_lines_ : list of matplotlib lines
        Mean of each model over outputs with a score.
    order_ : ndarray of int of shape (n_outputs,)
        Outputs from the top down.

    See Also
    --------
    ObservedPredictedDisplay : The predictions themselves.
    skgenes.metrics.per_output_spearman : Spearman's correlation of every output.

    Notes
    -----
    Sorted by the mean score over models; outputs without any score come last. The legend counts
    undefined scores, which are in no mean.

    References
    ----------
    Tasaki et al. (2020), Nature Machine Intelligence 2, doi:10.1038/s42256-020-0201-6.

    Examples
    --------
    >>> import pandas as pd
    >>> from skgenes.inspection import OutputScoreDisplay
    >>> scores = pd.DataFrame({"network": [0.5, 0.9], "ridge": [0.4, 0.8]}, index=["Lung", "Liver"])
    >>> display = OutputScoreDisplay(scores).plot()
    >>> [label.get_text() for label in display.ax_.get_yticklabels()]
    ['Liver', 'Lung']
    """

    def __init__(self, scores, *, score_name="Score"):
        self.scores = scores
        self.score_name = score_name

    @classmethod
    def from_predictions(
        cls,
        y_true,
        y_pred,
        *,
        metric=per_output_spearman,
        score_name=None,
        sort=True,
        ax=None,
        bar_kwargs=None,
    ):
        """Draw the scores of predictions.

        Parameters
        ----------
        y_true : array-like, DataFrame or sparse of shape (n_samples, n_outputs)
            Observed values.
        y_pred : array-like, DataFrame or sparse, or dict of such, of shape (n_samples, n_outputs)
            Predicted values, with rows and columns in the same order; a dict holds those of several
            models by their names.
        metric : callable, default=per_output_spearman
            Given (y_true, y_pred), returns a value per output, NaN where undefined.
        score_name : str or None, default=None
            What the scores are, for the axis; None takes the name of the metric.
        sort : bool, default=True
            Whether to sort outputs by their scores.
        ax : matplotlib axes or None, default=None
            Where to draw; None makes a new figure.
        bar_kwargs : dict or None, default=None
            Style of the bars, see `matplotlib.axes.Axes.barh`.

        Returns
        -------
        OutputScoreDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If `y_pred` is a dict without models, or tables do not fit.
        """
        check_matplotlib(f"{cls.__name__}.from_predictions")
        models = y_pred if isinstance(y_pred, dict) else {"model": y_pred}
        if not models:
            raise ValueError("y_pred is a dict without models: pass {name: predictions, ...}.")
        scores = pd.DataFrame(
            {name: np.asarray(metric(y_true, table)) for name, table in models.items()},
            index=output_names(y_true, *models.values()),
        )
        if score_name is None:
            score_name = _METRIC_NAMES.get(metric, getattr(metric, "__name__", "Score"))
        if not isinstance(y_pred, dict):
            scores = scores.squeeze(axis="columns").rename(None)
        return cls(scores, score_name=score_name).plot(ax, sort=sort, bar_kwargs=bar_kwargs)

    def plot(self, ax=None, *, sort=True, bar_kwargs=None):
        """Draw.

        Parameters
        ----------
        ax : matplotlib axes or None, default=None
            Where to draw; None makes a new figure.
        sort : bool, default=True
            Whether to sort outputs by their scores.
        bar_kwargs : dict or None, default=None
            Style of the bars, see `matplotlib.axes.Axes.barh`.

        Returns
        -------
        OutputScoreDisplay
            The display.
        """
        table, named = self._checked()
        means = table.mean(axis=1).to_numpy()
        self.order_ = np.argsort(-means, kind="stable") if sort else np.arange(len(table))
        table = table.iloc[self.order_]
        n_outputs, n_models = table.shape
        height = side_inches(n_outputs, cell=0.13 + 0.07 * n_models, least=1.0)
        (self.ax_,) = axes_for(
            self,
            ax,
            figsize=(4.5 + label_inches(table.index), height + 0.7 + 0.2 * n_models),
        )
        self.figure_ = self.ax_.figure
        self.bars_, self.mean_lines_ = [], []
        for j, model in enumerate(table.columns):
            self._draw(table[model], j, n_models, model if named else None, bar_kwargs or {})
        self.ax_.axvline(0, color=INK, linewidth=0.8)
        room = {"inches": height}
        if ax is not None:
            inches, most = room_for_names(self.ax_, table.index, [])
            room = {"inches": inches[1], "most": most[0]}
        name_ticks(self.ax_.yaxis, table.index, **room)
        self.ax_.set_ylim(n_outputs - 0.4, -0.6)
        self.ax_.tick_params(axis="y", length=0)
        self.ax_.set(xlabel=wrapped(self.score_name))
        name_lines(self.ax_)
        return self

    def _draw(self, scores, j, n_models, name, bar_kwargs):
        mean = scores.mean()
        n_undefined = int(scores.isna().sum())
        label = f"mean {mean:z.3f}" if scores.notna().any() else "no score"
        label = label if name is None else f"{name}: {label}"
        label += f", {n_undefined:,} undefined" if n_undefined else ""
        style = line_style(self.ax_)
        self.mean_lines_.append(
            self.ax_.axvline(mean, **style, linewidth=1.5, label=label, zorder=3)
        )
        # Gaps between very many bars would make a pattern of their own.
        thickness = (0.8 if len(scores) <= _MOST_WITH_GAPS else 1.0) / n_models
        places = np.arange(len(scores)) + (j - (n_models - 1) / 2) * thickness
        style = styled({"color": style["color"], "alpha": 0.5, "height": thickness}, bar_kwargs)
        self.bars_.append(self.ax_.barh(places, scores.fillna(0.0), **style))

    def _checked(self):
        """The table, and whether its columns have names of their own."""
        table = table_of(self.scores, "scores", "output", "model", allow_nan=True)
        if table.shape[1] > _MOST_MODELS:
            raise ValueError(
                f"scores has {table.shape[1]} models; at most {_MOST_MODELS} can be told apart. "
                "Choose some of its columns."
            )
        one = np.ndim(self.scores) == 1 and getattr(self.scores, "name", None) is None
        return table, not one
