"""What came of matching two lists of genes."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from skgenes.utils._messages import listed

_NEAR_MISSES = {
    "case": "differ in case only",
    "PAR_Y": "are the copy on Y of a gene on X",
    "renamed": "bear a name that HGNC has replaced",
    "date": "look like a date that a spreadsheet made of a gene",
}


@dataclass(frozen=True, eq=False, repr=False)
class GeneMatch:
    """Which genes of a list are which genes of a reference.

    Returned by `match_genes` and `GeneAligner.match`.

    Parameters
    ----------
    table : DataFrame
        A row for each match, in the order of the reference, with the columns gene, reference_gene
        and how: "exact", "version" or "mapping".
    columns : ndarray of intp of shape (n_matched,)
        Positions in the list of the genes of `table`: ``X[:, match.columns]`` has them in the order
        of the reference.
    reference_columns : ndarray of intp of shape (n_matched,)
        Positions in the reference of the genes of `table`, ascending.
    ambiguous : DataFrame
        A row for each pair of candidates that was not matched, with the columns gene,
        reference_gene, how and problem: "several candidates" (of the gene), "shared candidate"
        (other genes have the same) or "better match" (one of the two has a candidate in a better
        way).
    unmatched : ndarray of str
        Genes of the list without any candidate.
    unmatched_reference : ndarray of str
        Genes of the reference that are no candidate of any gene.
    near_misses : DataFrame
        Pairs of the two lists before that may be the same gene and were not matched, with the
        columns gene, reference_gene and how: "case", "PAR_Y", "renamed" (such as MARCH1 and
        MARCHF1) or "date" (such as 1-Mar; the other side is "" where it has no candidate).
    n_genes, n_reference : int
        Length of the list and of the reference.
    """

    table: pd.DataFrame
    columns: np.ndarray
    reference_columns: np.ndarray
    ambiguous: pd.DataFrame
    unmatched: np.ndarray
    unmatched_reference: np.ndarray
    near_misses: pd.DataFrame
    n_genes: int
    n_reference: int

    def summary(self):
        """Say in words what was matched and what was not.

        Returns
        -------
        str
            Counts, and the first few names.
        """
        how = self.table["how"].value_counts()
        exact, version, mapping = (how.get(key, 0) for key in ("exact", "version", "mapping"))
        n_lost = len(self.unmatched_reference)
        n_ambiguous = self.n_reference - len(self.table) - n_lost
        n_dropped = self.n_genes - len(self.table) - len(self.unmatched)
        doubtful = self.ambiguous["gene"]
        dropped = _named(doubtful[~doubtful.isin(self.table["gene"])].unique())
        text = (
            f"{len(self.table):,} of {self.n_reference:,} reference genes matched ({exact:,} "
            f"exactly, {version:,} after removing versions, {mapping:,} by the mapping); "
            f"{n_ambiguous:,} ambiguous; {n_lost:,}{_named(self.unmatched_reference)} without a "
            f"match.\nOf {self.n_genes:,} genes given, {n_dropped:,}{dropped} are left out as "
            f"ambiguous and {len(self.unmatched):,} have no match."
        )
        for kind, pairs in self.near_misses.groupby("how", sort=False):
            shown = [f"{a or '?'} / {b or '?'}" for a, b in pairs.iloc[:, :2].to_numpy()]
            text += f"\nNot matched: {len(pairs):,} {_NEAR_MISSES[kind]}{_named(shown)}."
        return text

    def __repr__(self):
        return f"<GeneMatch: {len(self.table):,} of {self.n_reference:,} reference genes>"


def _named(names):
    return f" ({listed(names)})" if len(names) else ""
