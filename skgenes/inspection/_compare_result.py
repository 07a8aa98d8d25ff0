"""Scores of several panels on the same genes, as tables."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from skgenes.inspection._paired_tests import paired_tests


@dataclass(frozen=True, eq=False, repr=False)
class PanelComparison:
    """How well several panels infer the genes that are in none of them.

    Parameters
    ----------
    mae : DataFrame of float64 of shape (n_common, n_panels)
        Mean absolute error of each gene (row) inferred from each panel (column), in the unit of
        the expression compared.
    pcc : DataFrame of float64 of shape (n_common, n_panels)
        Pearson correlation of each gene with what is inferred; NaN where either is constant.
    null_fraction : DataFrame of float64 of shape (n_common, n_panels)
        Fraction of the other common targets that correlate higher with what is inferred for the
        gene than the gene itself; NaN where `pcc` is.
    panels : dict of {str: ndarray}
        Genes of each panel, in the order of their columns: names, or column indices if the
        expression had no names.
    alpha : float
        A gene passes the permutation test when its null fraction is less.
    n_train, n_test : int
        Numbers of samples learned from, and of held-out samples scored on.

    See Also
    --------
    compare_panels : Makes it.

    Notes
    -----
    `pairwise` treats genes as independent, which they are not: genes of one pathway rise and fall
    together, so that with thousands of genes a p-value is tiny for differences that matter to
    nobody. Two random panels of 943 genes, compared on 7,135 others of 60 microarrays, differ in
    MAE with p = 0.002, at an effect size of 0.04. Read the effect size and the numbers of wins
    first, and look at several splits.

    Examples
    --------
    >>> import pandas as pd
    >>> from skgenes.inspection import PanelComparison
    >>> genes = ["MYC", "TP53", "CD4"]
    >>> result = PanelComparison(
    ...     mae=pd.DataFrame({"a": [0.1, 0.2, 0.3], "b": [0.2, 0.4, 0.3]}, index=genes),
    ...     pcc=pd.DataFrame({"a": [0.9, 0.8, 0.7], "b": [0.9, 0.6, 0.6]}, index=genes),
    ...     null_fraction=pd.DataFrame({"a": [0.0, 0.0, 0.0], "b": [0.0, 0.5, 0.5]}, index=genes),
    ...     panels={"a": ["JUN"], "b": ["FOS"]},
    ...     alpha=0.01,
    ...     n_train=20,
    ...     n_test=10,
    ... )
    >>> result
    PanelComparison(2 panels, 3 common targets, 20 training and 10 held-out samples)
    >>> result.summary()["mae_mean"].to_dict()
    {'a': 0.2, 'b': 0.3}
    >>> result.summary()["n_significant"].to_dict()
    {'a': 3, 'b': 1}
    """

    mae: pd.DataFrame
    pcc: pd.DataFrame
    null_fraction: pd.DataFrame
    panels: dict
    alpha: float
    n_train: int
    n_test: int

    @property
    def significant(self):
        """Which genes pass the permutation test: a DataFrame of bool, False where undefined."""
        return self.null_fraction < self.alpha

    def summary(self):
        """One row per panel.

        Returns
        -------
        DataFrame
            Index: the panels. Columns:

            n_genes
                Size of the panel.
            mae_mean, mae_sd, mae_min, mae_max, pcc_mean, pcc_sd, pcc_min, pcc_max
                Over the genes whose score is defined; sd with n - 1.
            n_significant, fraction_significant
                Genes which pass the permutation test, and their share of those with a defined
                null fraction; NaN if there are none.
            n_best_mae, n_best_pcc
                Genes which this panel infers best, see `winners`.
        """
        columns = {"n_genes": pd.Series({name: len(genes) for name, genes in self.panels.items()})}
        for score in ("mae", "pcc"):
            values = getattr(self, score)
            columns |= {
                f"{score}_mean": values.mean(),
                f"{score}_sd": values.std(ddof=1),
                f"{score}_min": values.min(),
                f"{score}_max": values.max(),
            }
        n_significant = self.significant.sum()
        columns["n_significant"] = n_significant
        columns["fraction_significant"] = n_significant / self.null_fraction.count().replace(
            0, np.nan
        )
        winners = self.winners()
        for score in winners:
            columns[f"n_best_{score}"] = winners[score].value_counts().reindex(self.mae.columns)
        return pd.DataFrame(columns).reindex(self.mae.columns).rename_axis("panel")

    def winners(self):
        """The panel that infers each gene best.

        Returns
        -------
        DataFrame of categorical of shape (n_common, 2)
            Columns mae (least error) and pcc (highest correlation). Missing where several panels
            share the best score or no panel has one; an undefined score loses to a defined one.
        """
        return pd.DataFrame({"mae": _best(-self.mae), "pcc": _best(self.pcc)}, index=self.mae.index)

    def pairwise(self):
        """Paired comparison of every two panels over genes.

        Returns
        -------
        DataFrame
            A row for every pair and score. Columns:

            score, first, second
                "mae" or "pcc", and the two panels.
            n_genes
                Genes for which both have the score.
            mean_difference
                Mean of first - second, in the unit of the score.
            effect_size
                Mean of the differences over their standard deviation (n - 1).
            t_statistic, t_p_value
                Student's paired test, two-sided.
            wilcoxon_p_value
                Wilcoxon's signed-rank test, two-sided; ties left out.
            wins_first, wins_second, ties
                Genes with the better score in each, and with the same in both.

            Where both panels score the same throughout, the effect is 0 and p-values are 1.

        Raises
        ------
        ValueError
            If there is one panel only.
        """
        if len(self.panels) < 2:
            raise ValueError(
                f"pairwise compares panels with each other, but there is only {[*self.panels]}. "
                "Give compare_panels two panels or more."
            )
        return pd.DataFrame(
            [
                {"score": score, "first": first, "second": second}
                | self._pair(score, first, second)
                for first, second in combinations(self.panels, 2)
                for score in ("mae", "pcc")
            ]
        )

    def overlap(self):
        """Numbers of genes which every two panels share.

        Returns
        -------
        DataFrame of int of shape (n_panels, n_panels)
            The diagonal holds the sizes of the panels.
        """
        return self._between_panels(lambda a, b: len(a & b))

    def jaccard(self):
        """Genes which every two panels share, as a fraction of those in either.

        Returns
        -------
        DataFrame of float64 of shape (n_panels, n_panels)
            1 for panels of the same genes, 0 for disjoint ones.
        """
        return self._between_panels(lambda a, b: len(a & b) / len(a | b))

    def __repr__(self):
        n_panels = len(self.panels)
        return (
            f"PanelComparison({n_panels} panel{'s'[: n_panels != 1]}, {len(self.mae)} common "
            f"targets, {self.n_train} training and {self.n_test} held-out samples)"
        )

    def _pair(self, score, first, second):
        values = getattr(self, score)
        tests = paired_tests(values[first], values[second])
        lower, higher, ties = (tests.pop(f"n_{which}") for which in ("lower", "higher", "ties"))
        wins = (lower, higher) if score == "mae" else (higher, lower)
        return tests | {"wins_first": wins[0], "wins_second": wins[1], "ties": ties}

    def _between_panels(self, compare):
        sets = [set(genes) for genes in self.panels.values()]
        table = [[compare(a, b) for b in sets] for a in sets]
        return pd.DataFrame(table, index=self.mae.columns, columns=self.mae.columns)


def _best(scores):
    """Column of each row's single highest value, missing where it is shared or there is none."""
    values = scores.fillna(-np.inf).to_numpy()
    highest = values.max(axis=1)
    is_highest = values == highest[:, None]
    single = (is_highest.sum(axis=1) == 1) & (highest > -np.inf)
    codes = np.where(single, is_highest.argmax(axis=1), -1)
    return pd.Categorical.from_codes(codes, categories=scores.columns)
