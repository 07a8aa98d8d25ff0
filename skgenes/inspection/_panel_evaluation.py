"""How good a panel is, as tables."""

from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True, eq=False, repr=False)
class PanelEvaluation:
    """How good a panel is, held against random panels and against what is attainable.

    Parameters
    ----------
    summary : DataFrame
        A row for every measure, by part and measure, see Notes. Columns, all float64:

        value
            Of the panel: mean over splits, or of all splits together for classes and groups.
        split_sd
            Standard deviation over splits (n - 1); NaN with one split, and where splits are pooled.
        random_mean, random_sd
            Mean and standard deviation (n - 1) over random panels of the same size.
        p_value
            (1 + random panels at least as good) / (1 + random panels).
        ceiling
            What ridge reaches from all other genes.
        share_of_ceiling
                `value` over `ceiling`, where more is better and both are above 0.
    genes : DataFrame
        A row for every gene. Columns: ``selected``, share of splits with the gene in the panel; for
        each regressor ``NAME_pcc``, ``NAME_mae`` (unit of the data), ``NAME_r2``,
        ``NAME_null_fraction`` and, where random panels were judged with it, ``NAME_random_pcc``,
        the mean over those that do not have the gene; ``ceiling_pcc`` and ``ceiling_r2``. Means
        over the splits in which the gene is not in the panel; NaN where undefined.
    groups : DataFrame or None
        A row for every group: ``n_train`` and ``n_test``, summed over splits, ``r2``, ``r2_all``,
        ``random_mean``, ``random_sd`` and ``p_value`` of ``r2_all``, and ``ceiling`` of ``r2``.
    classes : DataFrame or None
        A row for every class: ``n_train`` and ``n_test``, summed over splits, ``recall``,
        ``precision``, ``f1``, and ``confused_with``, the class that most of its missed samples were
        taken for, with their share of all its samples, ``confused_share``.
    confusion : DataFrame of int or None
        Held-out samples of all splits, true classes (rows) by classes found (columns).
    random : DataFrame of shape (n_random, n_measures)
        Measures of every random panel, columns as the rows of `summary`.
    panel : list of ndarray
        Genes of the panel in every split: names, or column indices if X had no names.
    redundant_pair : tuple
        The two genes of the panel that correlate most in the training samples of the first split;
        empty for a single gene.
    alpha : float
        A gene passes the permutation test when its null fraction is less.
    n_train, n_test : int
        Training and held-out samples of the first split.

    See Also
    --------
    evaluate_panel : Makes it.
    PanelEvaluationDisplay : Draws it.

    Notes
    -----
    Rows of `summary`, by part:

    regressors, by their names
        Over genes outside of the panel: ``pcc`` (mean correlation), ``mae`` (mean absolute error in
        the unit of the data), ``mae_standardised`` (in standard deviations of the training
        samples), ``r2`` (variance explained), ``significant`` and ``n_significant`` (share and
        number of genes that pass the permutation test). Over all genes, those of the panel known
        without error: ``pcc_all``, ``mae_all`` (standardised), ``r2_all``.
    redundancy
        Over pairs of the panel in training samples: ``mean_abs_correlation``,
        ``max_abs_correlation``; ``effective_genes``, by how many independent genes the panel could
        be replaced.
    classes
        ``balanced_accuracy``, ``macro_f1``, ``worst_recall`` of held-out samples, and
        ``clustering_ari``.
    groups
        ``worst_r2_all``, the variance explained in the group where it is least.

    Examples
    --------
    >>> import numpy as np
    >>> from skgenes.inspection import evaluate_panel
    >>> rng = np.random.default_rng(0)
    >>> programmes = np.repeat(np.eye(6), 5, axis=1)  # six, of five genes each
    >>> X = rng.normal(size=(120, 6)) @ programmes + 0.5 * rng.normal(size=(120, 30))
    >>> result = evaluate_panel([0, 5, 10, 15, 20, 25], X, n_random=20, random_state=0)
    >>> print(repr(result).splitlines()[0])
    PanelEvaluation(6 genes, 84 training and 36 held-out samples, 20 random panels)
    >>> print(round(result.summary.loc[("ridge", "r2"), "share_of_ceiling"], 2))
    0.81
    """

    summary: pd.DataFrame
    genes: pd.DataFrame
    groups: pd.DataFrame | None
    classes: pd.DataFrame | None
    confusion: pd.DataFrame | None
    random: pd.DataFrame
    panel: list
    redundant_pair: tuple
    alpha: float
    n_train: int
    n_test: int

    @property
    def n_random(self):
        """Number of random panels."""
        return len(self.random)

    @property
    def worst_group(self):
        """The group with the least ``r2_all``; None without groups."""
        return None if self.groups is None else self.groups["r2_all"].idxmin()

    @property
    def worst_class(self):
        """The class with the least recall; None without classes."""
        return None if self.classes is None else self.classes["recall"].idxmin()

    def to_frame(self):
        """`summary` as a flat table, to put those of several panels together.

        Returns
        -------
        DataFrame
            Columns ``part``, ``measure`` and those of `summary`.
        """
        return self.summary.reset_index()

    def __repr__(self):
        sizes = sorted({len(genes) for genes in self.panel})
        size = f"{sizes[0]} genes" if len(sizes) == 1 else f"{sizes[0]} to {sizes[-1]} genes"
        splits = "" if len(self.panel) == 1 else f" in {len(self.panel)} splits"
        head = (
            f"PanelEvaluation({size.removesuffix('s') if sizes == [1] else size}, {self.n_train} "
            f"training and {self.n_test} held-out samples{splits}, {self.n_random} random panels)"
        )
        lines = [head]
        for (part, measure), row in self.summary.iterrows():
            lines.append(f"  {part + ' ' + measure:<32}{_line(row)}")
        for what in ("group", "class"):
            worst = getattr(self, f"worst_{what}")
            lines += [] if worst is None else [f"  worst {what}: {worst}"]
        return "\n".join(lines)


def _line(row):
    number = row["value"]
    text = f"{number:>8,.0f}" if row.name[1] == "n_significant" else f"{number:>8.3f}"
    if not np.isnan(row["random_mean"]):
        text += f"  random {row['random_mean']:.3f} ± {row['random_sd']:.3f}"
    if not np.isnan(row["p_value"]):
        text += f", p = {row['p_value']:.2g}"
    if not np.isnan(row["share_of_ceiling"]):
        text += f", {row['share_of_ceiling']:.0%} of {row['ceiling']:.3f}"
    return text
