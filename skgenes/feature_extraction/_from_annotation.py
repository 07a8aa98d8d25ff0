"""From an annotation and binding sites to the inputs of DEcode."""

import os
from numbers import Integral

import numpy as np
import pandas as pd
import scipy.sparse as sp
from sklearn.utils import Bunch, check_scalar

from skgenes.feature_extraction._intervals import intervals_of
from skgenes.feature_extraction._overlaps import (
    LARGEST,
    cut_into_bins,
    merged,
    overlapping_pairs,
    touching,
)
from skgenes.feature_extraction._read_gtf import read_gtf
from skgenes.feature_extraction._regions import LEVELS, exon_regions, genes_of, promoter_regions
from skgenes.feature_extraction._regulatory_tracks import RegulatoryTracks
from skgenes.feature_extraction._track import Track

_MASKS = {"promoter": "promoter", "rna": "exon"}
_BLOCK = 2**16


def regulatory_tracks(
    annotation,
    *,
    promoter=None,
    rna=None,
    level="gene",
    genes=None,
    upstream=2000,
    downstream=1000,
    bin_size=100,
    stranded=True,
):
    """Bin the binding sites of regulators along the promoter and the RNA of each gene.

    Parameters
    ----------
    annotation : DataFrame, str or path-like
        Exons, as `read_gtf` gives them: columns chrom, start, end (from 0, end not included),
        strand ("+" or "-") and gene_id or transcript_id; or the path of a GTF file. Exons of one
        gene may overlap; they are merged.
    promoter : DataFrame, path, or mapping of str to DataFrame or path, default=None
        Where transcription factors bind DNA: a BED file, or a table as `read_bed` gives it, in
        which the column name has the regulator; or a dict with one of these for each regulator,
        whose names are then not read. Strands do not matter. None for no promoters.
    rna : DataFrame, path, or mapping of str to DataFrame or path, default=None
        Where RNA-binding proteins or miRNAs bind RNA, likewise. None for no RNAs.
    level : {"gene", "transcript"}, default="gene"
        What is a sample. The exons of a gene are those of all its transcripts together.
    genes : sequence of str or None, default=None
        Identifiers of the genes (transcripts) to make tracks of, in this order. None for all, in
        the order of `annotation`.
    upstream, downstream : int, default=2000 and 1000
        Bases of the promoter before the first base transcribed, and from it on.
    bin_size : int, default=100
        Bases per bin.
    stranded : bool, default=True
        Whether a site on RNA binds genes of its own strand only, "." those of both. False for
        both strands always.

    Returns
    -------
    tracks : RegulatoryTracks
        For each bin, 5' to 3' along the gene, how many of its bases each regulator binds (float32,
        sparse, at most `bin_size`). The regulators are in the order of the dict, else sorted; those
        that bind no gene are kept. Before them is the mask, "promoter" and "exon", with the bases
        of the bin that exist: the last bin of an RNA may be short, and a promoter may begin before
        its chromosome.
    report : Bunch
        With the fields

        genes : DataFrame of shape (n_genes, 4)
            Indexed by gene: chrom (str, for `sklearn.model_selection.GroupKFold`), strand ("+" or
            "-"), tss (int64, first base transcribed, from 0) and rna_length (int64, bases of its
            merged exons).
        intervals : DataFrame of shape (n_parts, 5), int64
            Number of intervals for each part: given, empty (of length 0), without_genes (on
            chromosomes that `annotation` does not have), outside (of all promoters or exons) and
            used. The last four add up to the first.

    Raises
    ------
    FileNotFoundError
        If a file is not there.
    ValueError
        If a table or file is not valid, chromosomes are named differently, a gene is on several
        chromosomes or strands, or genes asked for have no exons. The message says which; for a
        line of a file also the file and the number of the line.
    TypeError
        If an argument is of the wrong kind.

    Notes
    -----
    The start of a gene is the outermost 5' base of its exons. RNA is the concatenation of the
    merged exons, in the direction of transcription, so that a bin may lie on both sides of a
    junction. Overlapping sites of one regulator are merged first: no base is counted twice.

    Where a chromosome ends is not known here; promoters behind its end count as if there.

    References
    ----------
    Tasaki et al., *Nature Machine Intelligence* 2 (2020), Methods, doi 10.1038/s42256-020-0201-6.

    Examples
    --------
    >>> import pandas as pd
    >>> from skgenes.feature_extraction import regulatory_tracks
    >>> exons = pd.DataFrame(
    ...     {
    ...         "chrom": "chr1",
    ...         "start": [5000, 5400],
    ...         "end": [5080, 5450],
    ...         "strand": "-",
    ...         "gene_id": "G1",
    ...     }
    ... )
    >>> peaks = pd.DataFrame(
    ...     {"chrom": "chr1", "start": [5390], "end": [5410], "strand": "-", "name": "ELAVL1"}
    ... )
    >>> tracks, report = regulatory_tracks(exons, rna=peaks)
    >>> tracks.rna.bins.toarray()
    array([[100.,  10.],
           [ 30.,   0.]], dtype=float32)
    >>> report.intervals.loc["rna", "used"]
    np.int64(1)
    """
    _check_parameters(promoter, rna, level, upstream, downstream, bin_size, stranded)
    if isinstance(annotation, str | os.PathLike):
        annotation = read_gtf(annotation)
    models = genes_of(annotation, level, genes)
    parts, counts = {}, {}
    if promoter is not None:
        regions = promoter_regions(models, upstream, downstream)
        parts["promoter"], counts["promoter"] = _track(
            "promoter", models, regions, promoter, bin_size, stranded=False
        )
    if rna is not None:
        regions = exon_regions(models)
        parts["rna"], counts["rna"] = _track("rna", models, regions, rna, bin_size, stranded)
    tracks = RegulatoryTracks(models.names, **parts)
    intervals = pd.DataFrame.from_dict(counts, orient="index")
    return tracks, Bunch(genes=_gene_table(models), intervals=intervals)


def _check_parameters(promoter, rna, level, upstream, downstream, bin_size, stranded):
    if promoter is None and rna is None:
        raise ValueError("There is nothing to bin: pass promoter, rna or both.")
    if level not in LEVELS:
        raise ValueError(f"level must be 'gene' or 'transcript', got {level!r}.")
    check_scalar(upstream, "upstream", Integral, min_val=0)
    check_scalar(downstream, "downstream", Integral, min_val=0)
    check_scalar(bin_size, "bin_size", Integral, min_val=1)
    check_scalar(stranded, "stranded", (bool, np.bool_))
    if upstream + downstream == 0:
        raise ValueError("upstream and downstream are both 0: promoters would have no bases.")


def _gene_table(models):
    return pd.DataFrame(
        {
            "chrom": models.chromosomes[models.chromosome],
            "strand": np.where(models.minus, "-", "+"),
            "tss": models.tss,
            "rna_length": models.lengths,
        },
        index=pd.Index(models.names, name="gene"),
    )


def _track(part, models, regions, source, bin_size, stranded):
    """Bin the sites of one part; count what became of them."""
    names, pieces, counts = _overlaps(part, models, regions, source, stranded)
    offsets = np.concatenate([[0], np.cumsum(-(-regions.lengths // bin_size))])
    bins = _binned(regions, models, pieces, offsets, bin_size, len(names))
    return Track(bins, offsets, names, bin_size=bin_size), counts


def _overlaps(part, models, regions, source, stranded):
    """Names of the features, the overlaps of merged sites with regions, and counts of sites."""
    sites = intervals_of(source, models.chromosomes, part)
    if _MASKS[part] in sites.regulators:
        raise ValueError(
            f"{part} has a regulator named {_MASKS[part]!r}, as is the mask; rename it."
        )
    used, pieces = _pieces(_Line(models, regions, stranded), regions, sites)
    empty = sites.start == sites.end
    without_genes = ~empty & (sites.chromosome < 0)
    counts = {
        "given": empty.size,
        "empty": int(empty.sum()),
        "without_genes": int(without_genes.sum()),
        "outside": int((~empty & ~without_genes & ~used).sum()),
        "used": int(used.sum()),
    }
    return [_MASKS[part], *sites.regulators], pieces, counts


class _Line:
    """All chromosomes, and both strands of them, laid on one line of positions.

    Regions are on their own strand, or all on the first if strands do not matter. A site of both
    strands is on the line twice.
    """

    def __init__(self, models, regions, stranded):
        n_chromosomes = models.chromosomes.size
        ends = np.ones(n_chromosomes, dtype=np.int64)
        chromosome = models.chromosome[regions.gene]
        np.maximum.at(ends, chromosome, regions.end)
        self._behind = ends
        self._zero = np.cumsum(ends + 1) - ends - 1
        self.length = int((ends + 1).sum())
        self._stranded = stranded
        minus = models.minus[regions.gene] & stranded
        self.shift = self._zero[chromosome] + self.length * minus
        self.start, self.end = regions.start + self.shift, regions.end + self.shift

    def hits(self, sites):
        """Find the sites that share a base with a region; where they are on the line."""
        one = np.zeros(self.start.size, dtype=np.int64)
        _, first, behind = merged(one, self.start, self.end, 1)
        first = np.append(first, LARGEST)
        pieces = []
        # In blocks, so that what is computed of each site never leaves the processor's cache.
        for begin in range(0, max(sites.start.size, 1), _BLOCK):
            for strand in (0, 1) if self._stranded else (None,):
                row, start, end = self._placed(sites, slice(begin, begin + _BLOCK), strand)
                hit = touching(start, end, first, behind)
                pieces.append((row[hit] + begin, start[hit], end[hit]))
        return tuple(map(np.concatenate, zip(*pieces, strict=True)))

    def _placed(self, sites, block, strand):
        """Place the sites of a block that are on a strand; on any, if it is None."""
        chromosome, start, end = sites.chromosome[block], sites.start[block], sites.end[block]
        good = (chromosome >= 0) & (start < end)
        if strand is not None:
            good &= sites.strand[block] != 1 - strand
        row = np.flatnonzero(good)
        chromosome = chromosome[row]
        shift = self._zero[chromosome] + self.length * (strand or 0)
        # What lies behind all regions of a chromosome must not reach into the next one.
        last = self._behind[chromosome]
        start, end = np.minimum(start[row], last), np.minimum(end[row], last + 1)
        return row, start + shift, end + shift


def _pieces(line, regions, sites):
    """Which sites touch a region, and the overlaps of merged sites with regions."""
    hit, start, end = line.hits(sites)
    used = np.zeros(sites.start.size, dtype=bool)
    used[hit] = True
    regulator, start, end = merged(sites.regulator[hit], start, end, sites.regulators.size)
    site, region = overlapping_pairs(start, end, line.start, line.end)
    low = np.maximum(start[site], line.start[region]) - line.shift[region]
    high = np.minimum(end[site], line.end[region]) - line.shift[region]
    return used, (regulator[site] + 1, region, low, high)


def _binned(regions, models, pieces, offsets, bin_size, n_features):
    """Add up bases by bin and feature; the regions themselves are the mask, feature 0."""
    every = np.arange(regions.gene.size)
    mask = (np.zeros_like(every), every, regions.start, regions.end)
    pieces = [np.concatenate(columns) for columns in zip(mask, pieces, strict=True)]
    index = np.int32 if max(offsets[-1], n_features) < 2**31 else np.int64
    entries = []
    for begin in range(0, max(pieces[0].size, 1), _BLOCK):
        block = (column[begin : begin + _BLOCK] for column in pieces)
        bases, row, feature = _entries(regions, models, *block, offsets, bin_size)
        entries.append((bases.astype(np.float32), row.astype(index), feature.astype(index)))
    bases, row, feature = map(np.concatenate, zip(*entries, strict=True))
    return sp.coo_array((bases, (row, feature)), (offsets[-1], n_features)).tocsr()


def _entries(regions, models, feature, region, low, high, offsets, bin_size):
    """Cut pieces of regions into bins: bases, row and column of each."""
    gene = regions.gene[region]
    before = np.where(models.minus[gene], regions.end[region] - high, low - regions.start[region])
    start = regions.offset[region] + before
    piece, number, bases = cut_into_bins(start, start + high - low, bin_size)
    return bases, offsets[gene[piece]] + number, feature[piece]
