"""Regions of genes, and the way from the genome's positions to those along a gene."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from skgenes.feature_extraction._overlaps import merged
from skgenes.feature_extraction._tables import check_columns, check_positions, check_rows
from skgenes.feature_extraction._track import checked_names
from skgenes.utils._messages import listed

LEVELS = {"gene": "gene_id", "transcript": "transcript_id"}


@dataclass(frozen=True)
class Genes:
    """Genes or transcripts with their exons, merged, in order of gene and start.

    Parameters
    ----------
    names : ndarray of str of shape (n_genes,)
        Names.
    chromosomes : ndarray of str of shape (n_chromosomes,)
        Names of the chromosomes.
    chromosome : ndarray of int of shape (n_genes,)
        Which of them each gene is on.
    minus : ndarray of bool of shape (n_genes,)
        Whether it is on the minus strand.
    gene, start, end : ndarray of int64 of shape (n_exons,)
        The exons.
    """

    names: np.ndarray
    chromosomes: np.ndarray
    chromosome: np.ndarray
    minus: np.ndarray
    gene: np.ndarray
    start: np.ndarray
    end: np.ndarray

    @property
    def bounds(self):
        """First base of each gene, and the base after its last one."""
        starts = np.searchsorted(self.gene, np.arange(self.names.size))
        return self.start[starts], self.end[np.append(starts[1:], self.gene.size) - 1]

    @property
    def tss(self):
        """First base of each gene to be transcribed."""
        first, behind = self.bounds
        return np.where(self.minus, behind - 1, first)

    @property
    def lengths(self):
        """Bases of the exons of each gene."""
        weights = (self.end - self.start).astype(np.float64)
        return np.bincount(self.gene, weights, self.names.size).astype(np.int64)


@dataclass(frozen=True)
class Regions:
    """Stretches of the genome, each with its place along a gene.

    Parameters
    ----------
    gene : ndarray of int of shape (n_regions,)
        Which gene each belongs to.
    start, end : ndarray of int64 of shape (n_regions,)
        First base and the base after the last one. None is empty, and those of one gene are
        disjoint.
    offset : ndarray of int64 of shape (n_regions,)
        Bases of the gene's track that lie 5' of the region.
    lengths : ndarray of int64 of shape (n_genes,)
        Bases of each gene's track.
    """

    gene: np.ndarray
    start: np.ndarray
    end: np.ndarray
    offset: np.ndarray
    lengths: np.ndarray


def genes_of(annotation, level, wanted=None):
    """Sort out which exons each gene has.

    Parameters
    ----------
    annotation : DataFrame
        Exons, with the columns chrom, start, end, strand and gene_id or transcript_id.
    level : {"gene", "transcript"}
        What the exons are merged by.
    wanted : sequence of str or None, default=None
        Names of those to keep, in this order; None for all, in the order of the table.

    Returns
    -------
    Genes
        They and their exons.

    Raises
    ------
    ValueError
        If the table is no valid one, a gene is on several chromosomes or strands, or one wanted
        has no exons.
    """
    column = LEVELS[level]
    _check_exons(annotation, column)
    code, names = pd.factorize(annotation[column])
    names = np.asarray(names, dtype=object)
    if wanted is not None:
        code, names = _renumbered(code, names, checked_names(wanted, "genes"), column)
    kept = code >= 0
    chromosome, chromosomes = pd.factorize(annotation["chrom"])
    minus = (annotation["strand"] == "-").to_numpy()
    _check_one_place(code[kept], names, [chromosome[kept], minus[kept]], level)
    start, end = (annotation[side].to_numpy(np.int64)[kept] for side in ("start", "end"))
    first = np.flatnonzero(kept)[np.unique(code[kept], return_index=True)[1]]
    return Genes(
        names,
        np.asarray(chromosomes, dtype=object),
        chromosome[first],
        minus[first],
        *merged(code[kept], start, end, names.size),
    )


def exon_regions(genes):
    """Lay the exons of each gene end to end, 5' to 3'.

    Parameters
    ----------
    genes : Genes
        The genes.

    Returns
    -------
    Regions
        The exons.
    """
    lengths = genes.end - genes.start
    behind = np.cumsum(lengths)
    first = np.searchsorted(genes.gene, genes.gene)
    before = behind - lengths - (behind - lengths)[first]
    total = genes.lengths
    from_the_end = total[genes.gene] - before - lengths
    offset = np.where(genes.minus[genes.gene], from_the_end, before)
    return Regions(genes.gene, genes.start, genes.end, offset, total)


def promoter_regions(genes, upstream, downstream):
    """Lay a window around the start of each gene, 5' to 3'.

    Parameters
    ----------
    genes : Genes
        The genes.
    upstream, downstream : int
        Bases before the first one transcribed, and from it on.

    Returns
    -------
    Regions
        The windows, without what would lie before the start of the chromosome.
    """
    tss = genes.tss
    start = np.where(genes.minus, tss + 1 - downstream, tss - upstream)
    cut = np.maximum(-start, 0)
    # On the minus strand the end of the chromosome that is cut off is 3'.
    offset = np.where(genes.minus, 0, cut)
    end = start + upstream + downstream
    there = end > start + cut
    gene = np.flatnonzero(there)
    lengths = np.full(genes.names.size, upstream + downstream, dtype=np.int64)
    return Regions(gene, (start + cut)[there], end[there], offset[there], lengths)


def _check_exons(annotation, column):
    if not isinstance(annotation, pd.DataFrame):
        raise TypeError(
            f"annotation must be a DataFrame of exons or the path of a GTF file, got "
            f"{type(annotation).__name__}."
        )
    check_columns(annotation, ("chrom", "start", "end", "strand", column), "annotation")
    if not len(annotation):
        raise ValueError("annotation has no exons.")
    check_positions(annotation, "annotation")
    check_rows(
        annotation["end"] > annotation["start"], annotation, "end", "annotation", "above start"
    )
    strand = annotation["strand"].isin(["+", "-"])
    check_rows(strand, annotation, "strand", "annotation", "'+' or '-'")


def _renumbered(code, names, wanted, column):
    """Number genes by their place in `wanted`; -1 for the others."""
    if not wanted.size:
        raise ValueError("genes asks for no gene.")
    unknown = wanted[~pd.Index(wanted).isin(names)]
    if unknown.size:
        raise ValueError(
            f"{unknown.size} of {wanted.size} genes have no exons in annotation: "
            f"{listed(unknown)}. Its {column} are such as {names[0]!r}: check the kind of "
            "identifier and its version, or leave these genes out."
        )
    return pd.Index(wanted).get_indexer(names)[code], wanted


def _check_one_place(code, names, places, level):
    """Refuse genes whose exons are on several chromosomes or strands."""
    first = np.unique(code, return_index=True)[1]
    apart = np.zeros(code.size, dtype=bool)
    for place in places:
        apart |= place != place[first][code]
    if apart.any():
        several = names[np.unique(code[apart])]
        raise ValueError(
            f"{several.size} {level}(s) are on several chromosomes or strands: {listed(several)}. "
            "Rename or drop one copy of each in the annotation first."
        )
