"""Joins of intervals, against loops and against an independent library."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skgenes.feature_extraction import read_bed, read_gtf, regulatory_tracks
from skgenes.feature_extraction._overlaps import (
    LARGEST,
    cut_into_bins,
    merged,
    overlapping_pairs,
    touching,
)

# Short lines make nested, touching, equal and apart intervals all common.
STRETCH = st.tuples(st.integers(0, 40), st.integers(1, 15)).map(lambda pair: (pair[0], sum(pair)))
STRETCHES = st.lists(STRETCH, max_size=15)
HARD = [
    ([], []),
    ([(0, 5)], []),
    ([], [(0, 5)]),
    ([(0, 5)], [(5, 9)]),
    ([(5, 9)], [(0, 5)]),
    ([(2, 3)], [(0, 9)]),
    ([(0, 9)], [(2, 3), (3, 4), (3, 4)]),
    ([(1, 4), (1, 4)], [(1, 4)]),
    ([(0, 1)], [(0, 1)]),
]


def columns(stretches):
    return tuple(np.array(stretches, dtype=np.int64).reshape(-1, 2).T)


def pairs_by_loop(intervals, regions):
    return sorted(
        (i, j)
        for i, (a, b) in enumerate(intervals)
        for j, (c, d) in enumerate(regions)
        if a < d and c < b
    )


def pairs_found(intervals, regions):
    found = overlapping_pairs(*columns(intervals), *columns(regions))
    return sorted(zip(*(column.tolist() for column in found), strict=True))


@settings(max_examples=300)
@given(STRETCHES, STRETCHES)
def test_pairs_equal_a_loop(intervals, regions):
    assert pairs_found(intervals, regions) == pairs_by_loop(intervals, regions)


@pytest.mark.parametrize(("intervals", "regions"), HARD)
def test_pairs_in_hard_cases(intervals, regions):
    assert pairs_found(intervals, regions) == pairs_by_loop(intervals, regions)


def pairs_by_tree(intervals, regions):
    intervaltree = pytest.importorskip("intervaltree", reason="the extra 'test' has it")
    tree = intervaltree.IntervalTree.from_tuples((*region, j) for j, region in enumerate(regions))
    return sorted(
        (i, hit.data) for i, interval in enumerate(intervals) for hit in tree.overlap(*interval)
    )


@settings(max_examples=100)
@given(STRETCHES, STRETCHES)
def test_pairs_equal_those_of_an_interval_tree(intervals, regions):
    assert pairs_found(intervals, regions) == pairs_by_tree(intervals, regions)


def test_many_pairs_equal_those_of_an_interval_tree():
    rng = np.random.default_rng(0)
    intervals, regions = (
        [(int(a), int(a + n)) for a, n in zip(starts, lengths, strict=True)]
        for starts, lengths in (
            (rng.integers(0, 10**6, 4000), rng.integers(1, 400, 4000)),
            # A few long ones hold many others.
            (rng.integers(0, 10**6, 2000), rng.integers(1, 60, 2000) ** 2),
        )
    )
    found = pairs_found(intervals, regions)
    assert len(found) > 5000
    assert found == pairs_by_tree(intervals, regions)


@settings(max_examples=200)
@given(STRETCHES, STRETCHES)
def test_touching_equals_a_loop(intervals, regions):
    one = np.zeros(len(regions), dtype=np.int64)
    _, start, end = merged(one, *columns(regions), 1)
    found = touching(*columns(intervals), np.append(start, LARGEST), end)
    expected = [any(a < d and c < b for c, d in regions) for a, b in intervals]
    assert found.tolist() == expected


@settings(max_examples=200)
@given(st.lists(st.tuples(st.integers(0, 3), STRETCH), max_size=15))
def test_merged_covers_the_same_bases_once(rows):
    group = np.array([row[0] for row in rows], dtype=np.int64)
    found = list(zip(*merged(group, *columns([row[1] for row in rows]), 4), strict=True))
    bases = sorted({(g, p) for g, (a, b) in rows for p in range(a, b)})
    assert [(g, p) for g, a, b in found for p in range(a, b)] == bases
    for (g, _, end), (other, start, _) in pairwise(found):
        assert g < other or end < start


@settings(max_examples=200)
@given(STRETCHES, st.integers(1, 12))
def test_bins_equal_a_loop(stretches, bin_size):
    found = sorted(zip(*cut_into_bins(*columns(stretches), bin_size), strict=True))
    expected = {}
    for i, (a, b) in enumerate(stretches):
        for p in range(a, b):
            expected[i, p // bin_size] = expected.get((i, p // bin_size), 0) + 1
    assert found == [(*key, n) for key, n in sorted(expected.items())]


CHIP = {
    "AR": "chipseeker_GSM1174481_ARmo_1nM_peaks.bed.gz",
    "CBX6": "chipseeker_GSM1295076_CBX6_BF_ChipSeq_mergedReps_peaks.bed.gz",
    "CBX7": "chipseeker_GSM1295077_CBX7_BF_ChipSeq_mergedReps_peaks.bed.gz",
}


@pytest.fixture(scope="module")
def human_promoters(real_data):
    """Promoters of real genes and transcripts, with real ChIP peaks."""
    folder = real_data / "genome_small"
    exons = read_gtf(folder / "rcas_hg19.sample.gtf.gz")
    exons["chrom"] = "chr" + exons["chrom"].astype(str)
    files = {name: folder / file for name, file in CHIP.items()}
    return exons, files


@pytest.mark.parametrize("level", ["gene", "transcript"])
def test_real_promoters_equal_an_interval_tree(human_promoters, level):
    exons, files = human_promoters
    intervaltree = pytest.importorskip("intervaltree", reason="the extra 'test' has it")
    tracks, report = regulatory_tracks(exons, promoter=files, level=level)
    found = tracks.promoter.bins.toarray().reshape(len(tracks), 30, 4)
    expected = np.zeros_like(found)
    expected[..., 0] = 100
    by_gene = exons.groupby(f"{level}_id", observed=True).agg(
        start=("start", "min"), end=("end", "max"), strand=("strand", "first")
    )
    used = 0
    for column, path in enumerate(files.values(), start=1):
        peaks = read_bed(path)
        peaks = peaks[(peaks["chrom"] == "chr1") & (peaks["start"] < peaks["end"])]
        tree = intervaltree.IntervalTree.from_tuples(
            zip(peaks["start"], peaks["end"], peaks.index, strict=True)
        )
        seen = set()
        for i, gene in enumerate(tracks.genes):
            start, end, strand = by_gene.loc[gene, ["start", "end", "strand"]]
            minus = strand == "-"
            window = (end - 1000, end + 2000) if minus else (start - 2000, start + 1000)
            hits = tree.overlap(*window)
            seen |= {hit.data for hit in hits}
            near = intervaltree.IntervalTree(hits)
            near.merge_overlaps()
            for k in range(30):
                a = window[1] - 100 * (k + 1) if minus else window[0] + 100 * k
                expected[i, k, column] = sum(
                    min(hit.end, a + 100) - max(hit.begin, a) for hit in near.overlap(a, a + 100)
                )
        used += len(seen)
    np.testing.assert_array_equal(found, expected)
    assert report.intervals.loc["promoter", "used"] == used > 0
    assert (expected[..., 1:].sum(axis=(0, 1)) > 0).sum() >= 2


def test_a_promoter_reckoned_by_hand(human_promoters):
    exons, files = human_promoters
    gene = "ENSG00000269308"
    tracks, report = regulatory_tracks(exons, promoter=files, genes=[gene])
    # Plus strand, first base 818,042: the promoter is 816,042 to 819,042. CBX6's peak is 815,092
    # to 817,883, 1,841 bases of it; CBX7's 815,462 to 817,741, 1,699 bases.
    assert report.genes.loc[gene, ["strand", "tss"]].tolist() == ["+", 818_042]
    expected = np.zeros((30, 4))
    expected[:, 0] = 100
    expected[:18, 2], expected[18, 2] = 100, 41
    expected[:16, 3], expected[16, 3] = 100, 99
    np.testing.assert_array_equal(tracks.promoter.bins.toarray(), expected)


def test_promoters_of_both_strands_reckoned_by_hand(real_data):
    folder = real_data / "decode_genome"
    exons = pd.read_csv(
        folder / "gencode25_hg38_disjoint_exons.bed.gz",
        sep="\t",
        header=None,
        names=["chrom", "start", "end", "strand", "gene_id"],
    )
    ids = ("ENSG00000162511", "ENSG00000143119")
    laptm5, cd53 = (exons.loc[exons["gene_id"].str.startswith(g), "gene_id"].iloc[0] for g in ids)
    peaks = folder / "encode_eclip_k562_120rbp_idr_hg38.bed.gz"
    tracks, report = regulatory_tracks(exons, promoter=peaks, genes=[laptm5, cd53])
    assert report.genes["strand"].tolist() == ["-", "+"]
    assert report.genes["tss"].tolist() == [30_757_819, 110_873_153]
    assert tracks.promoter.bins[:, [0]].toarray().tolist() == [[100]] * 60
    column = tracks.promoter.regulators.tolist().index("DDX3X")
    found = tracks.promoter.bins[:, [column]].toarray().reshape(2, 30)
    expected = np.zeros((2, 30))
    # LAPTM5: the peak 30,757,730 to 30,757,810 lies 10 to 89 bases behind the start, to the left.
    expected[0, 20] = 80
    # CD53: 110,873,162 to 110,873,211, and from there to 110,873,250: 9 to 96 bases behind it.
    expected[1, 20] = 88
    np.testing.assert_array_equal(found, expected)
    others = np.delete(tracks.promoter.bins.toarray(), [0, column], axis=1).reshape(2, 30, -1)
    # And YBX3 on CD53, 47 bases.
    assert others.sum(axis=(1, 2)).tolist() == [0, 47]
