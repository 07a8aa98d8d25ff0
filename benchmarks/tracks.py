"""Binding sites along promoters and RNAs: 5 million intervals and a genome's annotation.

Synthetic: 27,428 genes of ten exons each on 24 chromosomes, half of the intervals near exons, 300
regulators. The package pyranges1, where it is installed, does the same up to the bins: it joins
sites and regions, cuts the sites and merges those of one regulator, in the fastest order of the
three that were tried. That both find as many bases is checked. Its join alone, and the pairs that
ncls finds, stand beside. The readers are compared with pyranges1's, and with pandas, which checks
nothing.
"""

import csv
import ctypes
import importlib.util
import os
import tempfile
from functools import partial

import numpy as np
import pandas as pd

from benchmarks._measure import (
    can_measure_memory,
    in_fresh_process,
    in_turns,
    peak_extra_bytes,
    record,
)
from skgenes.feature_extraction import RegulatoryTracks, read_bed, read_gtf, regulatory_tracks
from skgenes.feature_extraction._regions import exon_regions, genes_of, promoter_regions

N_TURNS = 5
PARTS = ("promoter", "rna")
_CHROMOSOME = 125_000_000


def run(quick=False):
    """Measure the readers and the joins.

    Parameters
    ----------
    quick : bool, default=False
        A tenth of all sizes.

    Returns
    -------
    list of dict
        Records with the keys name, value, unit, goal and note.
    """
    sizes = (500_000, 2743) if quick else (5_000_000, 27_428)
    exons, sites = make_data(*sizes)
    note = f"{sizes[0]:,} intervals, {sizes[1]:,} genes"
    tracks = {part: _tracks(exons, sites, part) for part in PARTS}
    records = _joins(exons, sites, tracks, note, quick)
    records += _ncls(exons, sites, note)
    records += _bed(sites, note, quick)
    records += _gtf(60_000 if quick else 600_000)
    records += _archive(tracks["rna"])
    if can_measure_memory():
        for part in PARTS:
            records += _memory(part, sizes, note, quick)
    return records


def _joins(exons, sites, tracks, note, quick):
    """Time the whole of regulatory_tracks, and pyranges1 up to the bins."""
    jobs = {part: partial(_tracks, exons, sites, part) for part in PARTS}
    theirs = _has("pyranges1")
    if theirs:
        ranges = {part: as_pyranges(exons, sites, part) for part in PARTS}
        for part in PARTS:
            _check_bases(joined_by_pyranges(*ranges[part], part), tracks[part].parts[part])
            jobs[f"{part} merged"] = partial(joined_by_pyranges, *ranges[part], part)
            jobs[f"{part} pairs"] = partial(pairs_by_pyranges, *ranges[part], part)
    seconds = in_turns(N_TURNS, **jobs)
    goal = None if quick else "<= 2"
    records = [
        record(f"regulatory_tracks, {part}, CPU", seconds[part], "s", goal, f"{note}: {track!r}")
        for part, track in tracks.items()
    ]
    for part in PARTS if theirs else ():
        whole, pairs = seconds[f"{part} merged"], seconds[f"{part} pairs"]
        ratio = whole / seconds[part]
        records += [
            record(f"pyranges1 without bins, {part}, CPU", whole, "s", None, note),
            record(f"pyranges1, pairs alone, {part}, CPU", pairs, "s", None, note),
            record(
                f"pyranges1 without bins / regulatory_tracks, {part}, CPU",
                ratio,
                "x",
                None if quick else ">= 1",
                "the tracks checked and binned, pyranges1 neither",
            ),
        ]
    return records


def make_data(n_intervals, n_genes, seed=0):
    """Return exons and binding sites of a made-up genome.

    Parameters
    ----------
    n_intervals, n_genes : int
        Sizes; each gene has ten exons.
    seed : int, default=0
        Of the random numbers.

    Returns
    -------
    exons, sites : DataFrame
        As `regulatory_tracks` takes them.
    """
    rng = np.random.default_rng(seed)
    chromosomes = np.array([f"chr{i}" for i in range(1, 25)])
    of_gene = np.repeat(np.arange(n_genes), 10)
    first = rng.integers(10_000, _CHROMOSOME - 200_000, n_genes)
    gene_chromosome = rng.integers(0, 24, n_genes)
    start = first[of_gene] + rng.integers(0, 60_000, of_gene.size)
    exons = pd.DataFrame(
        {
            "chrom": pd.Categorical.from_codes(gene_chromosome[of_gene], chromosomes),
            "start": start,
            "end": start + rng.integers(50, 400, of_gene.size),
            "strand": pd.Categorical.from_codes(rng.integers(0, 2, n_genes)[of_gene], ["+", "-"]),
            "gene_id": pd.Categorical.from_codes(of_gene, [f"G{i}" for i in range(n_genes)]),
        }
    )
    near = rng.integers(0, of_gene.size, n_intervals)
    is_near = rng.random(n_intervals) < 0.5
    chromosome = np.where(is_near, gene_chromosome[of_gene[near]], rng.integers(0, 24, n_intervals))
    anywhere = rng.integers(0, _CHROMOSOME, n_intervals)
    begin = np.where(is_near, start[near] + rng.integers(-500, 500, n_intervals), anywhere)
    sites = pd.DataFrame(
        {
            "chrom": pd.Categorical.from_codes(chromosome, chromosomes),
            "start": begin,
            "end": begin + rng.integers(20, 300, n_intervals),
            "name": pd.Categorical.from_codes(
                rng.integers(0, 300, n_intervals), [f"R{i}" for i in range(300)]
            ),
            "strand": pd.Categorical.from_codes(rng.integers(0, 2, n_intervals), ["+", "-"]),
        }
    )
    return exons, sites


def peak_bytes(part, n_intervals, n_genes, by):
    """Peak memory of one join.

    Parameters
    ----------
    part : {"promoter", "rna"}
        Which.
    n_intervals, n_genes : int
        Sizes.
    by : {"skgenes", "pyranges1"}
        Whose.

    Returns
    -------
    int
        Bytes beyond the tables.
    """
    exons, sites = make_data(n_intervals, n_genes)
    if by == "skgenes":
        _tracks(exons, sites[:1000], part)
        _give_memory_back()
        return peak_extra_bytes(lambda: _tracks(exons, sites, part))
    sites, regions = as_pyranges(exons, sites, part)
    joined_by_pyranges(sites.head(1000), regions, part)
    _give_memory_back()
    return peak_extra_bytes(lambda: joined_by_pyranges(sites, regions, part))


def _give_memory_back():
    """Let the allocator keep none of the memory freed, which would hide what comes after."""
    libc = ctypes.CDLL(None)
    if hasattr(libc, "malloc_trim"):
        libc.malloc_trim(0)


def as_pyranges(exons, sites, part):
    """Return the sites, and the promoters or merged exons, as PyRanges.

    Parameters
    ----------
    exons, sites : DataFrame
        As `make_data` gives them.
    part : {"promoter", "rna"}
        Which regions.

    Returns
    -------
    sites, regions : PyRanges
        Both with strands.
    """
    from pyranges1 import PyRanges

    models = genes_of(exons, "gene")
    regions = exon_regions(models) if part == "rna" else promoter_regions(models, 2000, 1000)
    chromosome = models.chromosome[regions.gene]
    table = pd.DataFrame(
        {
            "Chromosome": pd.Categorical.from_codes(chromosome, models.chromosomes.tolist()),
            "Start": regions.start,
            "End": regions.end,
            "Strand": pd.Categorical(np.where(models.minus[regions.gene], "-", "+")),
            "region": np.arange(regions.gene.size),
        }
    )
    names = {"chrom": "Chromosome", "start": "Start", "end": "End", "strand": "Strand"}
    return PyRanges(sites.rename(columns=names)), PyRanges(table)


def pairs_by_pyranges(sites, regions, part):
    """Join sites and regions.

    Parameters
    ----------
    sites, regions : PyRanges
        As `as_pyranges` gives them.
    part : {"promoter", "rna"}
        Strands matter for RNA.

    Returns
    -------
    PyRanges
        One row for each pair.
    """
    strands = "same" if part == "rna" else "ignore"
    return sites.join_overlaps(regions, strand_behavior=strands, preserve_input_order=False)


def joined_by_pyranges(sites, regions, part):
    """Join sites and regions; cut and merge the sites of one regulator in each region.

    Parameters
    ----------
    sites, regions : PyRanges
        As `as_pyranges` gives them.
    part : {"promoter", "rna"}
        Strands matter for RNA.

    Returns
    -------
    PyRanges
        What each regulator binds of each region.
    """
    pairs = pairs_by_pyranges(sites, regions, part)
    pairs["Start"] = np.maximum(pairs["Start"], pairs["Start_b"])
    pairs["End"] = np.minimum(pairs["End"], pairs["End_b"])
    return pairs.merge_overlaps(use_strand=False, match_by=["name", "region"])


def _check_bases(joined, track):
    lengths = (joined["End"] - joined["Start"]).groupby(joined["name"], observed=True).sum()
    sums = track.bins.sum(axis=0, dtype=np.float64)
    expected = dict(zip(track.regulators[1:], sums[1:], strict=True))
    if lengths.to_dict() != {name: bases for name, bases in expected.items() if bases}:
        raise AssertionError("pyranges1 finds other numbers of bases.")


def _has(package):
    return importlib.util.find_spec(package) is not None


def _memory(part, sizes, note, quick):
    ours = in_fresh_process(peak_bytes, part, *sizes, "skgenes") / 2**20
    name = f"memory of regulatory_tracks, {part}"
    records = [record(name, ours, "MiB", None, f"beyond the tables; {note}")]
    if _has("pyranges1"):
        theirs = in_fresh_process(peak_bytes, part, *sizes, "pyranges1") / 2**20
        goal = None if quick else "<= 1"
        about = f"pyranges1, without bins, takes {theirs:.0f} MiB"
        records.append(record(f"{name} / pyranges1's", ours / theirs, "x", goal, about))
    return records


def _tracks(exons, sites, part):
    return regulatory_tracks(exons, **{part: sites})[0]


def _ncls(exons, sites, note):
    """Time ncls on the pairs of intervals and exons, chromosomes laid on one line."""
    if not _has("ncls"):
        return []
    from ncls import NCLS

    def on_one_line(table):
        shift = table["chrom"].cat.codes.to_numpy(np.int64) * 2 * _CHROMOSOME
        return table["start"].to_numpy() + shift, table["end"].to_numpy() + shift

    def pairs():
        start, end = on_one_line(exons)
        tree = NCLS(start, end, np.arange(start.size))
        start, end = on_one_line(sites)
        tree.all_overlaps_both(start, end, np.arange(start.size))

    seconds = in_turns(N_TURNS, pairs=pairs)["pairs"]
    return [record("ncls, pairs with exons alone, CPU", seconds, "s", None, note)]


def _bed(sites, note, quick):
    """Time the readers of a BED file."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "sites.bed")
        columns = ["chrom", "start", "end", "name", "score", "strand"]
        sites.assign(score=0)[columns].to_csv(path, sep="\t", header=False, index=False)
        mib = os.path.getsize(path) / 2**20
        categories = dict.fromkeys((0, 3, 5), "category")
        jobs = {
            "read_bed": lambda: read_bed(path),
            "pandas.read_csv": lambda: pd.read_csv(path, sep="\t", header=None, dtype=categories),
        }
        return _readers(jobs, "read_bed", path, f"{mib:.0f} MiB; {note}")


def _gtf(n_exons):
    """Time the readers of a GTF file."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "genes.gtf")
        write_gtf(path, n_exons)
        mib = os.path.getsize(path) / 2**20
        jobs = {
            "read_gtf": lambda: read_gtf(path),
            "pandas and regex": lambda: _gtf_by_pandas(path),
        }
        return _readers(jobs, "read_gtf", path, f"{mib:.0f} MiB; {n_exons:,} exons")


def _readers(jobs, name, path, note):
    if _has("pyranges1"):
        import pyranges1

        jobs[f"pyranges1.{name}"] = lambda: getattr(pyranges1, name)(path)
    seconds = in_turns(3, **jobs)
    return [record(f"{job}, CPU", s, "s", None, note) for job, s in seconds.items()]


def write_gtf(path, n_exons):
    """Write a GTF file with attributes as long as those of GENCODE.

    Parameters
    ----------
    path : str
        Where.
    n_exons : int
        Transcripts have ten each, genes ten transcripts; each exon is followed by a CDS.
    """
    with open(path, "w") as file:
        for i in range(n_exons):
            gene, transcript = i // 100, i // 10
            attributes = (
                f'gene_id "ENSG{gene:011d}.5"; transcript_id "ENST{transcript:011d}.2"; '
                f'gene_type "protein_coding"; gene_name "GENE{gene}"; transcript_type '
                f'"protein_coding"; transcript_name "GENE{gene}-2{transcript}"; exon_number '
                f'{i % 10 + 1}; exon_id "ENSE{i:011d}.1"; level 2; transcript_support_level "1"; '
                f'hgnc_id "HGNC:{gene}"; tag "basic"; tag "CCDS"; ccdsid "CCDS{gene}.2"; '
                f'havana_gene "OTTHUMG{gene:011d}.3";'
            )
            start = 1000 + 300 * i
            for feature in ("exon", "CDS"):
                file.write(
                    f"chr{gene % 24 + 1}\tHAVANA\t{feature}\t{start}\t{start + 150}\t.\t"
                    f"{'+-'[gene % 2]}\t.\t{attributes}\n"
                )


def _gtf_by_pandas(path):
    table = pd.read_csv(path, sep="\t", comment="#", header=None, quoting=csv.QUOTE_NONE)
    table = table[table[2] == "exon"]
    for name in ("gene_id", "transcript_id", "gene_name"):
        values = table[8].str.extract(f'{name} "([^"]*)"', expand=False)
        table = table.assign(**{name: values.astype("category")})
    return table


def _archive(tracks):
    """Time the file of the tracks, and their sums."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "tracks.npz")
        seconds = in_turns(
            1,
            save=lambda: tracks.save(path),
            load=lambda: RegulatoryTracks.load(path),
            sums=lambda: tracks.fold_sums("rna", 2),
        )
        mib = os.path.getsize(path) / 2**20
    return [
        record("RegulatoryTracks.save, CPU", seconds["save"], "s", None, f"{mib:.0f} MiB"),
        record("RegulatoryTracks.load, CPU", seconds["load"], "s", None, "the same"),
        record("fold_sums(depth=2), CPU", seconds["sums"], "s", None, repr(tracks)),
    ]
