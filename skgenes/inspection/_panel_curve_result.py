"""What a panel tells at every size, as tables."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from skgenes.utils._messages import listed

_SHARED = {"r2_shared": "r2", "pcc_shared": "pcc"}
_SHARES = (0.5, 0.8, 0.9, 0.95)
_SHOWN = 8  # sizes in the repr


@dataclass(frozen=True, eq=False, repr=False)
class PanelSizeCurve:
    r"""How well all genes are inferred from panels of every size, on held-out samples.

    Parameters
    ----------
    folds : DataFrame of float64
        A row for every size and fold, by both. Columns as in Notes, and ``alpha``, the penalty of
        the ridge.
    ceiling : DataFrame of float64
        A row for every fold: what ridge reaches for each gene from all other genes. Columns
        ``pcc``, ``mae`` (unit of the data), ``mae_standardised`` and ``r2``.
    panels : list of ndarray
        Genes at the largest size in every fold: names, or column indices if X had no names; in the
        order of choosing if `ordered`.
    ordered : bool
        Whether each panel is the beginning of the next larger one. If not, the selector was fitted
        for every size.
    selector : str
        What the panels came from.
    n_genes : int
        Genes in X.

    See Also
    --------
    panel_size_curve : Makes it.
    PanelSizeDisplay : Draws it.

    Notes
    -----
    Genes are standardised on training samples. Columns of `folds`, by the genes they are means
    over:

    genes outside of the panel
        ``pcc`` (correlation), ``mae`` (mean absolute error in the unit of the data),
        ``mae_standardised`` (in standard deviations of the training samples), ``r2`` (variance
        explained). Other genes at every size: as the panel takes genes in, those left can be
        easier or harder.
    all genes, those of the panel known without error
        ``pcc_all``, ``mae_all`` (standardised), ``r2_all``. Comparable over sizes and panels, but
        they rise to perfection even if no gene tells of any other.
    all genes, those of the panel as far as all others tell of them
        ``pcc_shared``, ``r2_shared``. With the error :math:`e_j` of gene j inferred from the panel
        P, :math:`c_j` from all other genes, and its sum of squares :math:`t_j`,

        .. math:: R^2_\mathrm{shared} =
            1 - \frac{\sum_{j \notin P} e_j + \sum_{j \in P} c_j}{\sum_j t_j} .

        It goes from 0 without a gene to the ceiling with all, and what a gene has alone, noise
        included, counts for nothing. Sizes are chosen by it.

    Examples
    --------
    >>> import numpy as np
    >>> from skgenes.feature_selection import GreedyPanelSelector
    >>> from skgenes.inspection import panel_size_curve
    >>> rng = np.random.default_rng(0)
    >>> programmes = np.repeat(np.eye(6), 8, axis=1)  # six, of eight genes each
    >>> X = rng.normal(size=(150, 6)) @ programmes + 0.2 * rng.normal(size=(150, 48))
    >>> curve = panel_size_curve(GreedyPanelSelector(), X, sizes=20, random_state=0)
    >>> curve.size_for(0.9)
    6
    >>> curve.to_frame()["share_of_ceiling"].loc[[1, 6, 20]].round(2).tolist()
    [0.12, 0.97, 1.0]
    """

    folds: pd.DataFrame
    ceiling: pd.DataFrame
    panels: list
    ordered: bool
    selector: str
    n_genes: int

    @property
    def sizes(self):
        """Sizes of panels, increasing."""
        return self.folds.index.unique("size").to_numpy()

    @property
    def n_folds(self):
        """Number of folds."""
        return len(self.ceiling)

    def to_frame(self):
        """Means and spreads over folds.

        Returns
        -------
        DataFrame of float64
            A row for every size. For every score of `folds` its mean over folds and, with ``_sd``
            at the end, its standard deviation (n - 1; NaN with one fold); then ``alpha``, the
            geometric mean of the penalties, and ``share_of_ceiling``, mean ``r2_shared`` over the
            mean ceiling, NaN where that is not above 0.
        """
        grouped = self.folds.drop(columns="alpha").groupby(level="size")
        mean, spread = grouped.mean(), grouped.std(ddof=1).add_suffix("_sd")
        columns = [name for measure in mean for name in (measure, f"{measure}_sd")]
        table = pd.concat([mean, spread], axis=1)[columns]
        table["alpha"] = np.exp(np.log(self.folds["alpha"]).groupby(level="size").mean())
        attainable = self.ceiling["r2"].mean()
        table["share_of_ceiling"] = (
            table["r2_shared"] / attainable if attainable > 0 else np.full(len(table), np.nan)
        )
        return table

    def size_for(self, share=0.9, *, score="r2_shared"):
        """Give the smallest size that reaches a share of what all genes together reach.

        Parameters
        ----------
        share : float, default=0.9
            Above 0. A panel can reach more than 1, where it is the better model with few samples.
        score : {"r2_shared", "pcc_shared"}, default="r2_shared"
            Variance explained or mean correlation.

        Returns
        -------
        int
            Number of genes.

        Raises
        ------
        ValueError
            If no size reaches it, or nothing is attainable.
        """
        if not share > 0:
            raise ValueError(f"share must be above 0, such as 0.9, got {share!r}.")
        found = self._size_for(share, score)
        if found is not None:
            return found
        best, ceiling = self._mean(score).max(), self.ceiling[_SHARED[score]].mean()
        if not ceiling > 0:
            raise ValueError(
                f"All other genes together reach {score} {ceiling:.3g} on held-out samples: genes "
                "tell nothing of each other that could be shared. Pass more samples."
            )
        raise ValueError(
            f"No panel of up to {self.sizes[-1]} genes reaches {share:.4g} of what all genes "
            f"reach: the best has {best / ceiling:.3f} of it. Ask for less, or compute larger "
            "sizes."
        )

    def one_standard_error_size(self, *, score="r2_shared"):
        r"""Give the smallest size whose score is within one standard error of the best.

        Parameters
        ----------
        score : {"r2_shared", "pcc_shared"}, default="r2_shared"
            Variance explained or mean correlation.

        Returns
        -------
        int
            Number of genes.

        Raises
        ------
        ValueError
            If there is one fold only.

        Notes
        -----
        The best size has the highest mean over folds; the standard error is that of its mean,
        :math:`s / \sqrt{n}` with the standard deviation s over the n folds at that size. Smaller
        sizes whose mean is within it are as good as far as the data can tell. If even no gene at
        all, with a score of 0, is within it, the smallest size is given. Folds share training
        samples, so that the true error is somewhat larger.

        References
        ----------
        Breiman, Friedman, Olshen and Stone (1984), Classification and regression trees, section
        3.4.3.
        """
        return self._within(score, 0.0)

    def auto_size(self, *, tolerance=0.05, score="r2_shared"):
        """Give the smallest size to which more genes add nothing certain, or nothing of weight.

        Parameters
        ----------
        tolerance : float in [0, 1), default=0.05
            Share of the best score that is not worth further genes.
        score : {"r2_shared", "pcc_shared"}, default="r2_shared"
            Variance explained or mean correlation.

        Returns
        -------
        int
            Number of genes.

        Raises
        ------
        ValueError
            If there is one fold only, or `tolerance` is out of range.

        Notes
        -----
        The smallest size whose mean is within one standard error of the best, as in
        `one_standard_error_size`, or within `tolerance` of it, whichever is more. The standard
        error alone is no limit where there is little noise: as long as genes are measured with
        some, each further one does improve the rest, by an amount as certain as it is small.
        """
        if not 0 <= tolerance < 1:
            raise ValueError(f"tolerance must be at least 0 and below 1, got {tolerance!r}.")
        return self._within(score, tolerance)

    def _within(self, score, tolerance):
        mean = self._mean(score)
        if self.n_folds < 2:
            raise ValueError(
                "One fold gives no standard error. Pass at least two, such as cv=5, or use "
                "size_for."
            )
        best = mean.idxmax()
        error = self.folds[score].xs(best, level="size").std(ddof=1) / np.sqrt(self.n_folds)
        enough = mean[best] - max(error, tolerance * abs(mean[best]))
        # No gene at all would have a score of 0.
        return int(mean.index[mean >= enough][0] if enough > 0 else mean.index[0])

    def _size_for(self, share, score="r2_shared"):
        mean, ceiling = self._mean(score), self.ceiling[_SHARED[score]].mean()
        enough = mean.index[(mean >= share * ceiling) & (ceiling > 0)]
        return int(enough[0]) if len(enough) else None

    def _mean(self, score):
        if score not in _SHARED:
            raise ValueError(
                f"score={score!r} does not go from nothing to a ceiling as panels grow; choose one "
                f"of {listed(_SHARED)}."
            )
        return self.folds[score].groupby(level="size").mean()

    def __repr__(self):
        table, best = self.to_frame(), self.ceiling.mean()
        n_sizes = f"{len(table)} sizes" if len(table) > 1 else "1 size"
        head = (
            f"PanelSizeCurve({self.selector}, {n_sizes} up to {self.sizes[-1]} of {self.n_genes} "
            f"genes, {self.n_folds} fold{'s' * (self.n_folds > 1)})"
        )
        lines = [
            head,
            "  genes  r2_shared         of ceiling  pcc_shared  r2_all",
        ]
        shown = np.arange(len(table))
        if len(shown) > _SHOWN:
            shown = np.unique(np.geomspace(1, len(shown), _SHOWN).round().astype(int)) - 1
        for size, row in table.iloc[shown].iterrows():
            lines.append(
                f"  {size:>5}  {row['r2_shared']:.3f} ± {row['r2_shared_sd']:.3f}"
                f"  {_percent(row['share_of_ceiling']):>12}  {row['pcc_shared']:>10.3f}"
                f"  {row['r2_all']:>6.3f}"
            )
        lines.append(f"  all others: r2 {best['r2']:.3f}, pcc {best['pcc']:.3f}")
        reached = [(share, self._size_for(share)) for share in _SHARES]
        lines.append(
            "  genes for a share of that: "
            + ", ".join(f"{share:.0%}: {size or 'not reached'}" for share, size in reached)
        )
        if self.n_folds > 1:
            lines.append(
                f"  auto size {self.auto_size()}, by one standard error alone "
                f"{self.one_standard_error_size()}"
            )
        return "\n".join(lines)


def _percent(share):
    return "undefined" if np.isnan(share) else f"{share:.0%}"
