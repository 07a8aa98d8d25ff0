"""A panel with all that is known of it."""

from dataclasses import dataclass

import pandas as pd

from skgenes.inspection._panel_curve_result import PanelSizeCurve
from skgenes.inspection._panel_stability_result import PanelStability
from skgenes.inspection._panel_values_result import PanelValues

_SHOWN = 5  # genes, in the repr


@dataclass(frozen=True, eq=False, repr=False)
class PanelReport:
    """A panel, what to expect of it, and why each gene is in it.

    Parameters
    ----------
    genes : DataFrame
        A row for every gene of the panel, in its order, as `skgenes.io.write_panel` takes it.
        Columns:

        rank, gene
            1 for the first; name, or column index if X had no names.
        gain
            The selector's ``gains_``: what it added to those before it. Only there with them.
        marginal_value
            How much less variance of all genes is explained without it: ``value`` of `values`.
        redundancy
            Share of its own variance that the other genes of the panel explain.
        frequency
            Share of the resamples whose panel has it. Not there for given genes.
        programme
            Unit of an autoencoder's bottleneck in which it ranks highest, and the three other
            genes that contribute most to that; empty if it is not among the first ten in any.
            Only there with an autoencoder. A programme is often spread over several units of a wide
            bottleneck, and a unit over several programmes: `moves_with` is the plainer guide.
        moves_with
            The three genes, in or out of the panel, with the highest correlations with it; the
            lowest where none is above 0.3, but some are below -0.3.
        stands_for
            Genes outside of the panel that lose most without it, see `PanelValues.stands_for`;
            those that go down as it goes up are marked as opposite.
        why
            All that in a sentence.
    curve : PanelSizeCurve
        Scores of panels of every size on held-out samples.
    stability : PanelStability or None
        Which genes are chosen from other samples; None for given genes, also where all of a panel
        had to be included.
    values : PanelValues
        What every gene is worth.
    selector : selector or None
        Fitted to all samples; None for given genes.

    See Also
    --------
    panel_report : Makes it.
    PanelReportDisplay : Draws it.

    Examples
    --------
    >>> import numpy as np
    >>> from skgenes.feature_selection import GreedyPanelSelector
    >>> from skgenes.inspection import panel_report
    >>> rng = np.random.default_rng(0)
    >>> programmes = np.repeat(np.eye(3), 6, axis=1)  # three, of six genes each
    >>> X = rng.normal(size=(150, 3)) @ programmes + 0.3 * rng.normal(size=(150, 18))
    >>> report = panel_report(GreedyPanelSelector(3), X, sizes=8, random_state=0)
    >>> report.genes[["gene", "stands_for"]].head(1).to_numpy().tolist()
    [[3, 'gene 0, gene 4, gene 1 and 2 more']]
    >>> round(float(report.expected["share_of_ceiling"]), 2)
    0.95
    """

    genes: pd.DataFrame
    curve: PanelSizeCurve
    stability: PanelStability | None
    values: PanelValues
    selector: object

    @property
    def expected(self):
        """Scores of panels of this size on held-out samples: a row of ``curve.to_frame()``."""
        return self.curve.to_frame().loc[len(self.genes)]

    def __repr__(self):
        lines = [
            f"PanelReport({self.curve.selector}, {len(self.genes)} of {self.curve.n_genes} genes)",
            *self._expected_in_words(),
        ]
        if self.stability is not None:
            lines += self._stability_in_words()
        first = self.genes.head(_SHOWN)
        width = max(len(str(gene)) for gene in first["gene"])
        lines += [f"  {row.rank}. {row.gene!s:<{width}}  {row.why}" for row in first.itertuples()]
        more = len(self.genes) - len(first)
        return "\n".join(lines + [f"  and {more} more, see genes"] * (more > 0))

    def _expected_in_words(self):
        row, ceiling = self.expected, self.curve.ceiling.mean()
        scores = [
            f"{name} {row[score]:.3f}" + (f" ± {row[f'{score}_sd']:.3f}" if self._folds else "")
            for name, score in (("PCC", "pcc"), ("MAE", "mae"), ("explained variance", "r2"))
        ]
        yield f"  held out, genes outside of the panel: {', '.join(scores)}"
        text = f"  as far as genes share it: explained variance {row['r2_shared']:.3f}"
        if ceiling["r2"] > 0:
            text += f", {row['share_of_ceiling']:.0%} of what all genes reach ({ceiling['r2']:.3f})"
        if self._folds:
            text += f"; enough: {self.curve.auto_size()} genes"
        yield text

    @staticmethod
    def _besides(wished):
        return f" besides the {wished.sum()} to be included" if wished.any() else ""

    @property
    def _folds(self):
        return self.curve.n_folds > 1

    def _stability_in_words(self):
        wished = self.stability.genes["must_include"].loc[self.genes["gene"]].to_numpy()
        free = self.genes[~wished]
        rare = free.sort_values("frequency", kind="stable").head(_SHOWN)
        shown = ", ".join(f"{row.gene} {row.frequency:.0%}" for row in rare.itertuples())
        yield (
            f"  chosen again from {self.stability.n_drawn} of {self.stability.n_samples} samples: "
            f"{free['frequency'].mean():.0%} of the genes{self._besides(wished)}, least {shown}"
        )
        yield (
            f"  stability {self.stability.stability:.2f}, with correlated genes as one "
            f"{self.stability.stability_correlated:.2f}"
        )
