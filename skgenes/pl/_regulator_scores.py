"""The regulators behind contrasts."""

from numbers import Integral

import numpy as np
import pandas as pd

from skgenes.inspection import RegulatorHeatmapDisplay
from skgenes.inspection._displays._shared import BLUE, INK, ORANGE, axes_for, shortened
from skgenes.inspection._displays._tables import table_of
from skgenes.pl._fields import field
from skgenes.utils._messages import listed


def regulator_scores(adata, *, key="regulator_scores", n_regulators=20, contrast=None, ax=None):
    """Draw the regulators that explain contrasts: bars for one, a heat map for several.

    Parameters
    ----------
    adata : AnnData of shape (n_obs, n_vars)
        After `skgenes.tl.regulator_scores`.
    key : str, default="regulator_scores"
        The ``key_added`` of that call.
    n_regulators : int, default=20
        Regulators to show, those of the largest absolute scores.
    contrast : str or None, default=None
        One of several contrasts, to be drawn alone; None draws all.
    ax : matplotlib axes or None, default=None
        Where to draw; None makes a new figure.

    Returns
    -------
    matplotlib axes
        Where it was drawn. Nothing is shown or saved: ``ax.figure`` is the figure.

    Raises
    ------
    ValueError
        If there are no scores or no contrast of that name, or `n_regulators` is not positive.
    TypeError
        If `adata` is not an AnnData.

    See Also
    --------
    skgenes.inspection.RegulatorHeatmapDisplay : The heat map, which takes matplotlib's options.

    Notes
    -----
    Beside each contrast is Spearman's correlation of predicted with given effects, out of fold:
    where it is about 0, scores mean nothing.

    Examples
    --------
    >>> import anndata as ad
    >>> import numpy as np
    >>> import pandas as pd
    >>> import skgenes
    >>> from skgenes.neural_network import DEcodeRegressor
    >>> made = skgenes.datasets.make_regulated_genes(200, 2, random_state=0)
    >>> tracks, _ = skgenes.feature_extraction.regulatory_tracks(
    ...     made.annotation, rna=made.rna_sites
    ... )
    >>> effects = np.log2(made.expression["tissue1"] / made.expression["tissue2"])
    >>> cells = ad.AnnData(np.zeros((4, 200)), var=pd.DataFrame(index=tracks.genes))
    >>> small = DEcodeRegressor(rna_convolutions=((16, 1),), n_init=1, max_iter=5)
    >>> skgenes.tl.regulator_scores(cells, tracks, effects, estimator=small, cv=2)
    >>> skgenes.pl.regulator_scores(cells, n_regulators=10).get_title(loc="left")
    '10 of 20 regulators'
    """
    if not isinstance(n_regulators, Integral) or n_regulators < 1:
        raise ValueError(f"n_regulators must be a positive integer, got {n_regulators!r}.")
    scores, spearman = _scores(adata, key)
    if contrast is not None:
        if contrast not in scores:
            raise ValueError(
                f"contrast={contrast!r} is not in adata.uns[{key!r}], whose contrasts are: "
                f"{listed(scores.columns)}."
            )
        scores, spearman = scores[[contrast]], spearman[[contrast]]
    if scores.shape[1] == 1:
        return RegulatorBars(scores, spearman.iloc[0]).plot(ax, n_regulators)
    scores.columns = [f"{shortened(name)} ({rho:.2f})" for name, rho in spearman.items()]
    display = RegulatorHeatmapDisplay(scores, score_name="Mean contribution to the effect")
    ax = display.plot(ax, n_regulators=n_regulators).ax_
    ax.set_xlabel("Contrast (Spearman out of fold)")
    return ax


def _scores(adata, key):
    """Table of scores, and Spearman's correlation of each contrast."""
    record = field(adata, "uns", key, "Run skgenes.tl.regulator_scores, or pass its key.")
    if getattr(record, "get", {}.get)("function") != "regulator_scores":
        raise ValueError(
            f"adata.uns[{key!r}] is no result of skgenes.tl.regulator_scores. Run it, or pass its "
            "key."
        )
    rows = pd.MultiIndex.from_arrays([record["parts"], record["regulators"]])
    scores = pd.DataFrame(record["scores"], rows, list(record["contrasts"]))
    return scores, pd.Series(record["spearman"], scores.columns)


class RegulatorBars:
    """Signed scores of one contrast as bars, the longest on top.

    Parameters
    ----------
    scores : DataFrame of shape (n_regulators, 1)
        The scores, named.
    spearman : float
        How well the contrast is predicted.
    """

    def __init__(self, scores, spearman):
        self.scores = scores
        self.spearman = spearman

    def plot(self, ax, n_regulators):
        """Draw on axes, or on those of a new figure for None, and return them."""
        contrast = self.scores.columns[0]
        column = table_of(self.scores, "scores", "regulator", "contrast").iloc[:, 0]
        best = column.iloc[np.argsort(-column.abs().to_numpy(), kind="stable")[:n_regulators]]
        (ax,) = axes_for(self, ax, figsize=(6, 1.2 + 0.2 * len(best)))
        positions = np.arange(len(best))
        ax.barh(positions, best, color=np.where(best > 0, BLUE, ORANGE), height=0.75)
        ax.axvline(0, color=INK, linewidth=0.8)
        ax.set_yticks(positions, [shortened(name) for name in best.index], fontsize="small")
        ax.set_ylim(len(best) - 0.4, -0.6)
        ax.set_xlabel(
            f"Mean contribution to the effect in {shortened(contrast)}\n"
            f"(Spearman out of fold {self.spearman:.2f})"
        )
        title = f"{len(best):,} of {len(column):,} regulator{'s'[: len(column) != 1]}"
        ax.set_title(title, loc="left", fontsize="medium")
        return ax
