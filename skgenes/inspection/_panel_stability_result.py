"""Which genes are chosen again, as a table."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

_SHOWN = 10


@dataclass(frozen=True, eq=False, repr=False)
class PanelStability:
    """How often each gene is chosen from other samples, and how alike the panels are.

    Parameters
    ----------
    genes : DataFrame
        A row for every gene of X, in its order. Columns:

        frequency
            Share of the resamples whose panel has the gene, float64.
        n_selected
            Their number, int64.
        mean_rank
            Mean place in the order of choosing, 1 for the first, over the panels that have the
            gene; NaN for genes in none, and where the selector does not say in which order it
            chose. float64.
        consensus_rank
            Place in the consensus, 1 for the first; NaN for genes in no panel. float64.
        must_include
            Whether the gene is in every panel by the user's wish, bool. Such genes, which were
            not chosen, have no part in the indices below.
    panels : list of ndarray
        Genes of every resample's panel: names, or column indices if X had no names; in the order
        of choosing if the selector says it.
    stability : float
        Chance-corrected index: 1 if all panels are equal, 0 in expectation if they are random.
    stability_se : float
        Its standard error.
    stability_correlated : float
        The same with correlated genes standing for each other.
    jaccard : float
        Mean over pairs of panels of the genes they share among those that either has. Not
        corrected for chance.
    selector : str
        What chose.
    n_samples : int
        Samples of X.
    n_drawn : int
        Mean number of samples in a resample, rounded.

    See Also
    --------
    panel_stability : Makes it, and says how.

    Examples
    --------
    >>> import numpy as np
    >>> from skgenes.feature_selection import GreedyPanelSelector
    >>> from skgenes.inspection import panel_stability
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(100, 3)) @ np.repeat(np.eye(3), 4, axis=1)
    >>> X[:, ::4] += 0.1 * rng.normal(size=(100, 3))
    >>> X += 0.1 * rng.normal(size=X.shape)
    >>> result = panel_stability(GreedyPanelSelector(3), X, random_state=0)
    >>> result.consensus(3)
    array([9, 2, 7])
    >>> result.stability < 0.4 < 0.9 < result.stability_correlated
    True
    """

    genes: pd.DataFrame
    panels: list
    stability: float
    stability_se: float
    stability_correlated: float
    jaccard: float
    selector: str
    n_samples: int
    n_drawn: int

    @property
    def n_resamples(self):
        """Number of resamples."""
        return len(self.panels)

    def consensus(self, size=None):
        r"""Give the genes that stand for all panels best.

        Parameters
        ----------
        size : int or None, default=None
            Number of genes; None is the mean size of the panels.

        Returns
        -------
        ndarray of shape (size,)
            Names or column indices; the consensus of any smaller size comes first.

        Raises
        ------
        ValueError
            If `size` is less than 1 or more genes than were ever chosen.

        Notes
        -----
        Genes are added one by one, each the one that raises most

        .. math:: \sum_h n_h \max_{g \in C} r_{gh}^2

        over the genes h of all panels, with the number of panels :math:`n_h` that have gene h and
        its correlation r in X with the genes of the consensus C. Where genes do not correlate,
        these are the genes chosen most often. Where several stand for each other and share the
        votes, one of them speaks for all. Equal genes come in the order of `mean_rank`, then of X.
        """
        ever = int(self.genes["consensus_rank"].notna().sum())
        if size is None:
            size = min(round(np.mean([len(panel) for panel in self.panels])), ever)
        if not 1 <= size <= ever:
            raise ValueError(
                f"A consensus of {size} genes cannot be given: {ever} genes were chosen at least "
                f"once. Ask for 1 to {ever}."
            )
        order = np.argsort(self.genes["consensus_rank"].to_numpy(), kind="stable")
        return self.genes.index.to_numpy()[order[:size]]

    def to_frame(self):
        """`genes` that were ever chosen, those chosen most often first.

        Returns
        -------
        DataFrame
            Rows of `genes`; of equal ones that which comes first in the consensus.
        """
        chosen = self.genes[self.genes["n_selected"] > 0]
        order = np.lexsort((chosen["consensus_rank"], -chosen["n_selected"]))
        return chosen.iloc[order]

    def _wished(self):
        n_wished = int(self.genes["must_include"].sum())
        return f"; {n_wished} of them were to be included" if n_wished else ""

    def __repr__(self):
        sizes = sorted({len(panel) for panel in self.panels})
        size = f"{sizes[0]}" if len(sizes) == 1 else f"{sizes[0]} to {sizes[-1]}"
        often = [int((self.genes["frequency"] >= share).sum()) for share in (0.9, 0.5)]
        shown = [
            f"{gene} {frequency:.0%}"
            for gene, frequency in self.to_frame()["frequency"].head(_SHOWN).items()
        ]
        lines = (
            f"PanelStability({self.selector}, {size} of {len(self.genes)} genes, "
            f"{self.n_resamples} resamples of {self.n_drawn} of {self.n_samples} samples)\n"
            f"  stability {self.stability:.3f} ± {self.stability_se:.3f}, with correlated genes as "
            f"one {self.stability_correlated:.3f}, Jaccard {self.jaccard:.3f}\n"
            f"  {(self.genes['n_selected'] > 0).sum()} genes chosen at least once, {often[1]} in "
            f"half of the panels, {often[0]} in 90 %{self._wished()}\n"
        )
        return f"{lines}  most often: {', '.join(shown)}"
