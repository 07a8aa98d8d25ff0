"""What every gene of a panel is worth, as tables and in words."""

from dataclasses import dataclass

import pandas as pd

_SHOWN = 5  # genes, in the repr
_HIGH_RANK = 0.1  # of all genes, for a unit to be worth naming


@dataclass(frozen=True, eq=False, repr=False)
class PanelValues:
    """What every gene of a panel is worth, and what it stands for.

    Parameters
    ----------
    genes : DataFrame
        A row for every gene of the panel, in the panel's order. Columns:

        value
            How much less variance of all genes is explained without it.
        value_se
            Standard error of `value`, over samples; NaN with one of them.
        value_for_others
            The part of `value` that genes outside of the panel lose; the rest is the gene itself,
            no longer measured. Below 0 where they are explained better without it, all together:
            what some lose, even those it stands for, others then gain, to which it adds noise.
        cumulative
            Variance of all genes explained by the panel up to this gene.
        redundancy
            Share of its own variance that the other genes of the panel explain.
        closest, closest_correlation
            Gene of the panel that correlates most with it, whatever the sign; None and NaN in a
            panel of one.
        n_represented
            Number of genes outside of the panel that it stands for, see `stands_for`; whatever
            its `value_for_others`.
        value_test, value_se_test, cumulative_test, redundancy_test
            On held-out samples. Only there with `X_test`.
    targets : DataFrame
        A row for every gene outside of the panel. Columns: ``r2``, the share of its variance that
        is explained; ``representative``, the gene of the panel that stands for it, None if no gene
        does; ``loss``, what it loses of `r2` without that gene; ``r2_test`` with `X_test`. NaN for
        genes that do not vary.
    losses : DataFrame of float64 of shape (k, n_targets)
        How much less of the variance of each gene outside of the panel (column) is explained
        without each gene of the panel (row). Below 0 where it is explained better without.
    slopes : DataFrame of float64 of shape (k, n_targets)
        Of the ridge regression of genes outside of the panel on those of the panel, all
        standardised.
    programmes : DataFrame or None
        For every gene of the panel the three units of an autoencoder's bottleneck in which it
        ranks highest, by gene and unit: its ``rank`` among all genes by mean absolute
        contribution, the ``share`` that it has of all genes' contributions, and ``top_genes``,
        the five other genes that contribute most. None without an autoencoder.
    explained : float
        Share of the variance of all genes that the panel explains, its own genes known.
    explained_test : float or None
        The same of held-out samples.
    penalty : float
        Ridge penalty, in units of a gene's variance.
    min_loss : float
        A gene of the panel stands for others that lose at least this without it.
    n_train, n_test : int
        Training and held-out samples.

    See Also
    --------
    panel_values : Makes it.
    evaluate_panel : How good the panel is as a whole.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from skgenes.inspection import panel_values
    >>> rng = np.random.default_rng(0)
    >>> programmes = np.repeat(np.eye(3), 4, axis=1)  # three, of four genes each
    >>> X = rng.normal(size=(200, 3)) @ programmes + 0.5 * rng.normal(size=(200, 12))
    >>> X = pd.DataFrame(X, columns=[f"{name}{i}" for name in "ABC" for i in range(4)])
    >>> values = panel_values(["A0", "B0", "B1", "C0"], X)
    >>> values.genes["n_represented"].to_dict()
    {'A0': 3, 'B0': 0, 'B1': 2, 'C0': 3}
    >>> values.stands_for("A0").index.to_list()
    ['A2', 'A3', 'A1']
    """

    genes: pd.DataFrame
    targets: pd.DataFrame
    losses: pd.DataFrame
    slopes: pd.DataFrame
    programmes: pd.DataFrame | None
    explained: float
    explained_test: float | None
    penalty: float
    min_loss: float
    n_train: int
    n_test: int

    def stands_for(self, gene):
        """Genes that a gene of the panel stands for.

        Parameters
        ----------
        gene : str or int
            A gene of the panel, as in the index of `genes`.

        Returns
        -------
        DataFrame
            A row for every gene outside of the panel that loses more without this gene than
            without any other one, `min_loss` or more; those that lose most first. Columns:
            ``loss``, ``slope`` and ``r2``.

        Raises
        ------
        ValueError
            If the gene is not in the panel.
        """
        self._check(gene)
        mine = self.targets.index[(self.targets["representative"] == gene).to_numpy(dtype=bool)]
        table = pd.DataFrame(
            {
                "loss": self.losses.loc[gene, mine],
                "slope": self.slopes.loc[gene, mine],
                "r2": self.targets.loc[mine, "r2"],
            }
        )
        return table.rename_axis("gene").sort_values("loss", ascending=False, kind="stable")

    def describe(self, gene, n_genes=3):
        """Say in words what a gene of the panel is for.

        Parameters
        ----------
        gene : str or int
            A gene of the panel, as in the index of `genes`.
        n_genes : int, default=3
            Genes it stands for to name at most.

        Returns
        -------
        str
            A few plain sentences, in which all numbers are those of the tables.

        Raises
        ------
        ValueError
            If the gene is not in the panel.
        """
        self._check(gene)
        sentences = [self._stands_for_in_words(gene, n_genes), self._worth_in_words(gene)]
        if self.genes.loc[gene, "value_for_others"] <= 0:
            sentences.append(self._balance_in_words(gene))
        if self.programmes is not None:
            sentences.append(self._programme_in_words(gene))
        return " ".join(sentences)

    def _stands_for_in_words(self, gene, n_genes):
        table = self.stands_for(gene)
        if table.empty:
            best = self.losses.loc[gene].max()
            text = f"{_named(gene)} stands for no other gene"
            if not best > 0:
                return f"{text}: none is explained better with it."
            which = self.losses.loc[gene].idxmax()
            return f"{text}; it helps most with {which} ({best:.1%})."
        named = [
            f"{name} ({min(row.loss, 1):.0%}{', opposite' if row.slope < 0 else ''})"
            for name, row in table.head(max(1, n_genes)).iterrows()
        ]
        which = ":" if len(named) == len(table) else ", above all"
        return (
            f"{_named(gene)} stands for {_counted(len(table))}{which} {', '.join(named)}: so much "
            "of their variance only it explains."
        )

    def _worth_in_words(self, gene):
        row = self.genes.loc[gene]
        text = (
            f"Without it the panel explains {self.explained - row['value']:.2%} of the variance "
            f"of all genes instead of {self.explained:.2%}"
        )
        others = row["value_for_others"]
        if row["value"] > 0:
            part = f" of which {others:.2%} is in other genes" if others > 0 else ", all its own"
            text += f", a loss of {row['value']:.2%}{part}"
        if self.explained_test is not None:
            without = self.explained_test - row["value_test"]
            text += f" (held out: {without:.2%} instead of {self.explained_test:.2%})"
        if len(self.genes) == 1:
            return f"{text}."
        share = f"{row['redundancy']:.0%}" if row["redundancy"] > 0 else "nothing"
        return (
            f"{text}; the other genes of the panel explain {share} of it, {row['closest']} is "
            f"closest (r = {row['closest_correlation']:.2f})."
        )

    def _balance_in_words(self, gene):
        text = "Other genes, taken together, are explained no worse without it"
        if self.genes.loc[gene, "n_represented"] == 0:
            return f"{text}."
        return f"{text}: what those it stands for lose, the rest gain, to which it adds noise."

    def _programme_in_words(self, gene):
        table, n_genes = self.programmes.loc[gene], len(self.genes) + len(self.targets)
        unit, row = table.index[0], table.iloc[0]
        if row["rank"] > _HIGH_RANK * n_genes:
            return (
                "No unit of the autoencoder rests on it much: it ranks at best "
                f"{row['rank']} of {n_genes} genes."
            )
        return (
            f"In unit {unit} of the autoencoder it ranks {row['rank']} of {n_genes} genes, beside "
            f"{row['top_genes']}."
        )

    def _check(self, gene):
        if gene not in self.genes.index:
            known = ", ".join(map(str, self.genes.index[:_SHOWN]))
            raise ValueError(
                f"{gene!r} is not in the panel of {len(self.genes)} genes ({known}, ...). Give one "
                "of the index of `genes`."
            )

    def __repr__(self):
        n_genes, n_kept = len(self.genes), int(self.targets["representative"].notna().sum())
        samples = f"{self.n_train} samples"
        if self.explained_test is not None:
            samples = f"{self.n_train} training and {self.n_test} held-out samples"
        held_out = "" if self.explained_test is None else f", held out {self.explained_test:.3f}"
        lines = [
            f"PanelValues({n_genes} gene{'s'[: n_genes != 1]}, {samples})",
            f"  explained variance of all genes {self.explained:.3f}{held_out}",
        ]
        lines.append(
            f"  {n_kept} of {len(self.targets)} other genes lose {self.min_loss:g} or more of "
            "their variance without one of the panel"
        )
        ranked = self.genes["value_for_others"].sort_values(ascending=False, kind="stable")
        parts = [("for others", ranked)]
        if n_genes > 2 * _SHOWN:
            parts = [("most for others", ranked[:_SHOWN]), ("least", ranked[-_SHOWN:])]
        for which, part in parts:
            shown = ", ".join(f"{gene} {value:.2g}" for gene, value in part.items())
            lines.append(f"  {which}: {shown}")
        return "\n".join(lines)


def _named(gene):
    return gene if isinstance(gene, str) else f"Gene {gene}"


def _counted(n):
    return f"{n} gene" if n == 1 else f"{n} genes"
