"""What could replace each gene of a panel, as tables and in words."""

from dataclasses import dataclass

import pandas as pd

_SHOWN = 5  # genes, in the repr


@dataclass(frozen=True, eq=False, repr=False)
class PanelSwaps:
    """The best substitutes for genes of a panel.

    Parameters
    ----------
    alternatives : DataFrame
        A row for every gene of the panel and substitute outside of it, the best first. Columns:

        explained
            Share of the variance of all genes that the panel explains after the swap.
        kept
            Share of the explained variance that is kept, the substitute's own aside.
        recovered
            Share of what is lost without the gene that the substitute makes good, its own variance
            aside: 1 where the panel is as good as before, more where it is better. NaN where
            nothing is lost.
        correlation
            Of the two genes.
    genes : DataFrame
        A row for every gene asked for. Columns: ``explained_without``, what the panel explains
        without it and with no substitute, and ``value``, how much less that is.
    explained : float
        Share of the variance of all genes that the panel as it is explains.
    penalty : float
        Ridge penalty, in units of a gene's variance.
    n_candidates : int
        Number of genes that could be proposed.
    n_samples : int
        Number of samples.

    See Also
    --------
    panel_swaps : Makes it.

    Examples
    --------
    >>> import numpy as np
    >>> from skgenes.inspection import panel_swaps
    >>> rng = np.random.default_rng(0)
    >>> programmes = np.repeat(np.eye(3), 4, axis=1)  # three, of four genes each
    >>> X = rng.normal(size=(200, 3)) @ programmes + 0.5 * rng.normal(size=(200, 12))
    >>> swaps = panel_swaps([0, 4, 8], X, n_alternatives=1)
    >>> swaps.alternatives["kept"].round(2).to_dict()
    {(0, 3): 0.96, (4, 6): 0.97, (8, 11): 0.97}
    """

    alternatives: pd.DataFrame
    genes: pd.DataFrame
    explained: float
    penalty: float
    n_candidates: int
    n_samples: int

    def describe(self, gene, n_alternatives=3):
        """Say in words what could replace a gene of the panel.

        Parameters
        ----------
        gene : str or int
            A gene asked for, as in the index of `genes`.
        n_alternatives : int, default=3
            Substitutes to name at most.

        Returns
        -------
        str
            One sentence, in which all numbers are those of the tables.

        Raises
        ------
        ValueError
            If the gene was not asked for.
        """
        if gene not in self.genes.index:
            known = ", ".join(map(str, self.genes.index[:_SHOWN]))
            raise ValueError(
                f"{gene!r} is not among the {len(self.genes)} genes of the panel that substitutes "
                f"were asked for ({known}, ...). Give one of the index of `genes`."
            )
        table = self.alternatives.loc[gene].head(max(1, n_alternatives))
        named = [
            f"{other} (keeps {row.kept:.2%}, r = {row.correlation:.2f})"
            for other, row in table.iterrows()
        ]
        without = self.genes.loc[gene, "explained_without"] / self.explained
        name = gene if isinstance(gene, str) else f"Gene {gene}"
        return (
            f"{name} can be replaced by {', '.join(named)} of the explained variance; with no "
            f"substitute {without:.2%} is kept."
        )

    def __repr__(self):
        n_genes = len(self.genes)
        head = (
            f"PanelSwaps({n_genes} gene{'s'[: n_genes != 1]} of a panel, {self.n_candidates} "
            f"candidates, {self.n_samples} samples, explained variance {self.explained:.3f})"
        )
        lines = [head]
        for gene in self.genes.index[:_SHOWN]:
            best = self.alternatives.loc[gene].iloc[0]
            lines.append(f"  {gene} -> {best.name}: keeps {best.kept:.2%}")
        if n_genes > _SHOWN:
            lines.append(f"  and {n_genes - _SHOWN} more")
        return "\n".join(lines)
