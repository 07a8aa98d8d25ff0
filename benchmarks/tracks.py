"""Binding sites along promoters and RNAs: 5 million intervals and a genome's annotation.

Synthetic: 27,428 genes of ten exons each on 24 chromosomes, half of the intervals near exons, 300
regulators. The package ncls, where it is installed, finds the same overlapping pairs; it does not
merge the sites of one regulator, nor bin them.
"""

import importlib.util
import os
import tempfile

import numpy as np
import pandas as pd

from benchmarks._measure import (
    can_measure_memory,
    in_fresh_process,
    in_turns,
    peak_extra_bytes,
    record,
)
from skgenes.feature_extraction import RegulatoryTracks, read_bed, regulatory_tracks

N_TURNS = 5
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
    n_intervals, n_genes = (500_000, 2743) if quick else (5_000_000, 27_428)
    exons, sites = make_data(n_intervals, n_genes)
    goal = None if quick else "<= 2"
    note = f"{n_intervals:,} intervals, {n_genes:,} genes"
    tracks = {part: _tracks(exons, sites, part) for part in ("promoter", "rna")}
    seconds = in_turns(
        N_TURNS,
        promoter=lambda: _tracks(exons, sites, "promoter"),
        rna=lambda: _tracks(exons, sites, "rna"),
    )
    records = [
        record(f"regulatory_tracks, {part}, CPU", seconds[part], "s", goal, f"{note}: {track!r}")
        for part, track in tracks.items()
    ]
    records += _ncls(exons, sites, note)
    records += _files(sites, tracks["rna"], note)
    if can_measure_memory():
        for part in tracks:
            extra = in_fresh_process(peak_bytes, part, n_intervals, n_genes)
            name = f"memory of regulatory_tracks, {part}"
            records.append(record(name, extra / 2**20, "MiB", None, f"beyond the tables; {note}"))
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


def peak_bytes(part, n_intervals, n_genes):
    """Peak memory of one join.

    Parameters
    ----------
    part : {"promoter", "rna"}
        Which.
    n_intervals, n_genes : int
        Sizes.

    Returns
    -------
    int
        Bytes beyond the tables.
    """
    exons, sites = make_data(n_intervals, n_genes)
    _tracks(exons, sites[:1000], part)
    return peak_extra_bytes(lambda: _tracks(exons, sites, part))


def _tracks(exons, sites, part):
    return regulatory_tracks(exons, **{part: sites})[0]


def _ncls(exons, sites, note):
    """Time ncls on the pairs of intervals and exons, chromosomes laid on one line."""
    if importlib.util.find_spec("ncls") is None:
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


def _files(sites, tracks, note):
    """Time a BED file, and the file of the tracks."""
    with tempfile.TemporaryDirectory() as folder:
        bed = os.path.join(folder, "sites.bed")
        columns = ["chrom", "start", "end", "name", "score", "strand"]
        sites.assign(score=0)[columns].to_csv(bed, sep="\t", header=False, index=False)
        npz = os.path.join(folder, "tracks.npz")
        seconds = in_turns(
            1,
            bed=lambda: read_bed(bed),
            save=lambda: tracks.save(npz),
            load=lambda: RegulatoryTracks.load(npz),
            sums=lambda: tracks.fold_sums("rna", 2),
        )
        mib = {name: os.path.getsize(path) / 2**20 for name, path in (("bed", bed), ("npz", npz))}
    return [
        record("read_bed, CPU", seconds["bed"], "s", None, f"{mib['bed']:.0f} MiB; {note}"),
        record("RegulatoryTracks.save, CPU", seconds["save"], "s", None, f"{mib['npz']:.0f} MiB"),
        record("RegulatoryTracks.load, CPU", seconds["load"], "s", None, "the same"),
        record("fold_sums(depth=2), CPU", seconds["sums"], "s", None, repr(tracks)),
    ]
