"""Binding sites along promoters and RNAs, against loops over single bases."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from skgenes.feature_extraction import (
    Track,
    _from_annotation,
    read_bed,
    read_gtf,
    regulatory_tracks,
)

EXONS = pd.DataFrame(
    {
        "chrom": ["chr1"] * 5 + ["chr2"],
        "start": [100, 140, 200, 1000, 1200, 0],
        "end": [150, 160, 230, 1050, 1230, 25],
        "strand": ["+", "+", "+", "-", "-", "+"],
        "gene_id": ["A", "A", "A", "B", "B", "C"],
        "transcript_id": ["A1", "A2", "A1", "B1", "B1", "C1"],
    }
)


def sites(*rows):
    return pd.DataFrame(rows, columns=["chrom", "start", "end", "name", "strand"])


def dense(track, gene):
    return track.bins[track.offsets[gene] : track.offsets[gene + 1]].toarray()


def positions_of(exons, part, upstream, downstream):
    """Positions of the genome along one gene, 5' to 3', one by one."""
    bases = sorted({p for row in exons.itertuples() for p in range(row.start, row.end)})
    step = -1 if exons["strand"].iloc[0] == "-" else 1
    along = bases[::step]
    if part == "rna":
        return along
    return [along[0] + step * i for i in range(-upstream, downstream)]


def brute_force(exons, by, part, peaks, *, upstream, downstream, bin_size, stranded):
    """Bins of each gene, counted base by base."""
    names = sorted(set(peaks["name"]))
    result = {}
    for gene, own in exons.groupby(by, observed=True):
        chrom, strand = own["chrom"].iloc[0], own["strand"].iloc[0]
        along = positions_of(own, part, upstream, downstream)
        bins = np.zeros((-(-len(along) // bin_size), len(names) + 1), dtype=np.float32)
        near = peaks[peaks["chrom"] == chrom]
        if stranded and part == "rna":
            near = near[near["strand"].isin([strand, "."])]
        bound = {
            name: {p for r in rows.itertuples() for p in range(r.start, r.end)}
            for name, rows in near.groupby("name", observed=True)
        }
        for i, position in enumerate(along):
            bins[i // bin_size, 0] += position >= 0
            for column, name in enumerate(names, start=1):
                bins[i // bin_size, column] += position in bound.get(name, ())
        result[gene] = bins
    return result


def n_used(exons, part, peaks, *, upstream, downstream, bin_size, stranded):
    """Number of sites with a base in any gene's region."""
    there = set()
    for _, own in exons.groupby("gene_id"):
        chrom, strand = own["chrom"].iloc[0], own["strand"].iloc[0]
        strands = strand if stranded and part == "rna" else "+-"
        along = positions_of(own, part, upstream, downstream)
        there |= {(chrom, s, p) for p in along for s in strands}
    return sum(
        any(
            (row.chrom, s, p) in there
            for p in range(row.start, row.end)
            for s in (row.strand if row.strand in "+-" and stranded and part == "rna" else "+-")
        )
        for row in peaks.itertuples()
    )


@st.composite
def genomes(draw):
    """Exons of up to 5 genes and up to 12 sites on three short chromosomes."""
    place = st.tuples(st.integers(0, 90), st.integers(1, 25))
    exons = []
    for gene in range(draw(st.integers(1, 5))):
        chrom, strand = draw(st.sampled_from(["c1", "c2"])), draw(st.sampled_from("+-"))
        for start, length in draw(st.lists(place, min_size=1, max_size=4)):
            exons.append((chrom, start, start + length, strand, f"G{gene}"))
    exons = pd.DataFrame(exons, columns=["chrom", "start", "end", "strand", "gene_id"])
    peak = st.tuples(
        st.sampled_from(["c1", "c2", "c3"]),
        st.integers(0, 150),
        st.integers(0, 30),
        st.sampled_from(["R1", "R2", "R3"]),
        st.sampled_from("+-."),
    )
    rows = [(c, s, s + n, r, d) for c, s, n, r, d in draw(st.lists(peak, max_size=12))]
    # Without a known chromosome the tables would be refused.
    rows.append((exons["chrom"][0], 0, 0, "R1", "."))
    return exons, sites(*rows)


@settings(max_examples=200)
@given(genomes(), st.integers(1, 12), st.integers(0, 30), st.integers(1, 30), st.booleans())
def test_equals_a_loop_over_bases(genome, bin_size, upstream, downstream, stranded):
    exons, peaks = genome
    sizes = {"upstream": upstream, "downstream": downstream, "bin_size": bin_size}
    tracks, report = regulatory_tracks(exons, promoter=peaks, rna=peaks, stranded=stranded, **sizes)
    for part, track in tracks.parts.items():
        expected = brute_force(exons, "gene_id", part, peaks, stranded=stranded, **sizes)
        for i, gene in enumerate(tracks.genes):
            np.testing.assert_array_equal(dense(track, i), expected[gene], err_msg=f"{part} {gene}")
        assert (track.bins.toarray() <= track.bins[:, [0]].toarray()).all()
        counts = report.intervals.loc[part]
        assert counts["given"] == len(peaks) == counts.drop("given").sum()
        assert counts["empty"] == (peaks["start"] == peaks["end"]).sum()
        away = ~peaks["chrom"].isin(exons["chrom"]) & (peaks["start"] < peaks["end"])
        assert counts["without_genes"] == away.sum()
        assert counts["used"] == n_used(exons, part, peaks, stranded=stranded, **sizes)
    assert list(report.genes.index) == list(tracks.genes)


def test_a_gene_on_the_minus_strand():
    # B: exons 1000-1050 and 1200-1230, so that base 1229 is its first and 1000 its last.
    peaks = sites(
        ("chr1", 1220, 1240, "R", "-"),  # its bases 0-9
        ("chr1", 1040, 1045, "R", "-"),  # its bases 35-39
        ("chr1", 1043, 1047, "R", "-"),  # its bases 33-36
        ("chr1", 1000, 1230, "S", "+"),
        ("chr1", 1225, 1226, "S", "."),  # its base 4
    )
    tracks, report = regulatory_tracks(EXONS, rna=peaks, genes=["B"], bin_size=20)
    np.testing.assert_array_equal(
        tracks.rna.bins.toarray(), [[20, 10, 1], [20, 7, 0], [20, 0, 0], [20, 0, 0]]
    )
    assert tracks.rna.regulators.tolist() == ["exon", "R", "S"]
    assert report.intervals.loc["rna"].to_dict() == {
        "given": 5,
        "empty": 0,
        "without_genes": 0,
        "outside": 1,
        "used": 4,
    }
    both, _ = regulatory_tracks(EXONS, rna=peaks, genes=["B"], bin_size=20, stranded=False)
    np.testing.assert_array_equal(both.rna.bins.toarray()[:, 2], [20, 20, 20, 20])


def test_exons_merge_and_a_bin_spans_the_junction():
    # A: 100-160 and 200-230, 90 bases in all.
    peaks = sites(("chr1", 155, 205, "R", "+"), ("chr1", 229, 400, "R", "+"))
    tracks, report = regulatory_tracks(EXONS, rna=peaks, genes=["A"], bin_size=50)
    np.testing.assert_array_equal(tracks.rna.bins.toarray(), [[50, 0], [40, 11]])
    assert report.genes.loc["A"].to_dict() == {
        "chrom": "chr1",
        "strand": "+",
        "tss": 100,
        "rna_length": 90,
    }


def test_promoters_of_both_strands_and_before_the_chromosome():
    peaks = sites(("chr1", 98, 101, "T", "-"), ("chr1", 1228, 1232, "T", "+"))
    window = {"upstream": 20, "downstream": 10, "bin_size": 10}
    tracks, report = regulatory_tracks(EXONS, promoter=peaks, **window)
    assert tracks.promoter.lengths.tolist() == [3, 3, 3]
    assert report.genes["tss"].tolist() == [100, 1229, 0]
    np.testing.assert_array_equal(dense(tracks.promoter, 0), [[10, 0], [10, 2], [10, 1]])
    # Base 1229 is the first transcribed, 1230 and 1231 come before it.
    np.testing.assert_array_equal(dense(tracks.promoter, 1), [[10, 0], [10, 2], [10, 2]])
    np.testing.assert_array_equal(dense(tracks.promoter, 2), [[0, 0], [0, 0], [10, 0]])
    gone, _ = regulatory_tracks(EXONS, promoter=peaks, upstream=20, downstream=0, genes=["C"])
    assert gone.promoter.bins.nnz == 0
    assert gone.promoter.lengths.tolist() == [1]


def test_transcripts_and_the_order_of_genes():
    tracks, _ = regulatory_tracks(
        EXONS, rna=sites(("chr1", 0, 900, "R", "+")), level="transcript", genes=["C1", "A2", "A1"]
    )
    assert tracks.genes.tolist() == ["C1", "A2", "A1"]
    np.testing.assert_array_equal(tracks.rna.bins.toarray(), [[25, 0], [20, 20], [80, 80]])


def test_one_table_for_each_regulator(tmp_path):
    path = tmp_path / "z.bed"
    path.write_text("chr1\t100\t110\n")
    peaks = sites(("chr1", 105, 115, "ignored", "+"), ("chr1", 140, 145, "too", "+"))
    tracks, _ = regulatory_tracks(EXONS, rna={"Z": path, "Y": peaks, "X": peaks[:0]}, genes=["A"])
    assert tracks.rna.regulators.tolist() == ["exon", "Z", "Y", "X"]
    np.testing.assert_array_equal(tracks.rna.bins.toarray(), [[90, 10, 15, 0]])
    one = pd.concat([peaks.assign(name="Y"), read_bed(path).assign(name="Z")])
    same, _ = regulatory_tracks(EXONS, rna=one.drop(columns="strand"), genes=["A"])
    assert same.rna.regulators.tolist() == ["exon", "Y", "Z"]
    np.testing.assert_array_equal(same.rna.bins.toarray(), [[90, 15, 10]])


def test_messages_name_the_file(tmp_path):
    path = tmp_path / "peaks.bed"
    for content, match in (
        ("1\t100\t110\tR\n", "name chromosomes differently: '1' and 'chr1'"),
        ("chrX\t100\t110\tR\n", "has no chromosome of annotation: it has 'chrX'"),
        ("chr1\t100\t110\n", "has 1 of 1 intervals without a regulator's name"),
        ("#\nchr1\t100\t90\tR\n", ", line 2: expected an end that is not before the start"),
    ):
        path.write_text(content)
        with pytest.raises(ValueError, match=rf"peaks\.bed.*{match}"):
            regulatory_tracks(EXONS, rna=path)
    path.write_text("1\t100\t110\n")
    with pytest.raises(ValueError, match=r"rna\['R'\] \(.*peaks\.bed\) and annotation name"):
        regulatory_tracks(EXONS, rna={"R": path})
    path.write_text("chr1\tx\n")
    with pytest.raises(ValueError, match=r"peaks\.bed, line 1: expected 9 columns"):
        regulatory_tracks(path, rna=GOOD)


@pytest.mark.parametrize("stranded", [True, False])
def test_blocks_of_sites_change_nothing(monkeypatch, stranded):
    rng = np.random.default_rng(0)
    start = rng.integers(0, 1500, 200)
    peaks = pd.DataFrame(
        {
            "chrom": rng.choice(["chr1", "chr2", "chr3"], 200),
            "start": start,
            "end": start + rng.integers(0, 90, 200),
            "name": rng.choice(["Q", "R", "S"], 200),
            "strand": rng.choice(["+", "-", "."], 200),
        }
    )
    arguments = {"promoter": peaks, "rna": peaks, "stranded": stranded}
    whole, report = regulatory_tracks(EXONS, **arguments)
    for block in (1, 13, 200):
        monkeypatch.setattr(_from_annotation, "_BLOCK", block)
        tracks, counts = regulatory_tracks(EXONS, **arguments)
        assert tracks == whole
        pd.testing.assert_frame_equal(counts.intervals, report.intervals)


def test_no_sites_at_all(tmp_path):
    path = tmp_path / "none.bed"
    path.write_text("track name=nothing\n")
    tracks, report = regulatory_tracks(EXONS, rna={"R": path}, promoter=path)
    assert tracks.shape == (3, 3)
    assert tracks.promoter.regulators.tolist() == ["promoter"]
    assert (report.intervals == 0).all(axis=None)


def test_inputs_are_not_modified():
    peaks = sites(("chr1", 0, 500, "R", "+"))
    exons, before = EXONS.copy(), peaks.copy()
    regulatory_tracks(exons, rna=peaks, promoter=peaks)
    pd.testing.assert_frame_equal(exons, EXONS)
    pd.testing.assert_frame_equal(peaks, before)


GOOD = sites(("chr1", 100, 110, "R", "+"))


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"rna": None}, "nothing to bin: pass promoter, rna or both"),
        ({"level": "exon"}, "level must be 'gene' or 'transcript', got 'exon'"),
        ({"upstream": -1}, "upstream == -1, must be >= 0"),
        ({"bin_size": 0}, "bin_size == 0, must be >= 1"),
        ({"promoter": GOOD, "upstream": 0, "downstream": 0}, "both 0"),
        ({"genes": ["A", "TP53"]}, "1 of 2 genes have no exons in annotation: 'TP53'.*such as 'A'"),
        ({"genes": ["A", "A"]}, "more than once: 'A'"),
        ({"genes": []}, "asks for no gene"),
        ({"annotation": EXONS.drop(columns="strand")}, "annotation has no column 'strand'"),
        ({"annotation": EXONS[:0]}, "annotation has no exons"),
        (
            {"annotation": EXONS.assign(strand=".")},
            r"strand must be '\+' or '-', but is '.' in row 0",
        ),
        ({"annotation": EXONS.assign(end=EXONS["start"])}, "end must be above start, but is .*100"),
        ({"annotation": EXONS.assign(gene_id=None)}, "gene_id must be present.*in 6 of 6 rows"),
        ({"annotation": EXONS.assign(chrom=list("112134"))}, "2 gene.s. are on several.*'A', 'B'"),
        ({"annotation": EXONS.assign(strand=list("+-+--+"))}, "1 gene.s. are on several.*'A'"),
        ({"rna": GOOD.assign(chrom="1")}, "differently: '1' and 'chr1', 1 in all.*'chr' \\+ table"),
        (
            {"annotation": EXONS.assign(chrom="MT"), "rna": GOOD.assign(chrom="chrM")},
            "differently: 'chrM' and 'MT'",
        ),
        ({"annotation": EXONS.assign(end=2**62)}, "do not fit 64 bits. Check the columns start"),
        ({"rna": GOOD.assign(chrom="X")}, "rna has no chromosome of annotation: it has 'X'"),
        ({"rna": GOOD.assign(start=-5)}, "rna: start must be at least 0, but is .*-5"),
        ({"rna": GOOD.assign(end=90)}, "rna: end must be at least start, but is .*90"),
        (
            {"rna": GOOD.assign(strand="*")},
            "rna: strand must be .*but is '\\*' in row 0, and so in 1 of 1",
        ),
        ({"rna": GOOD.assign(name=".")}, "rna has 1 of 1 intervals without a regulator's name"),
        ({"rna": GOOD.assign(name="exon")}, "rna has a regulator named 'exon', as is the mask"),
        ({"rna": GOOD.drop(columns="name")}, "rna has no column 'name'"),
        ({"rna": {}}, "rna names no regulator"),
        ({"rna": {"R": GOOD.drop(columns="end")}}, r"rna\['R'\] has no column 'end'"),
        ({"rna": GOOD.assign(end=2**62, start=140, strand=".")}, None),
    ],
)
def test_bad_arguments(changes, match):
    arguments = {"annotation": EXONS, "rna": GOOD, **changes}
    if match is None:  # far behind the chromosome's last gene, but no error
        tracks, _ = regulatory_tracks(**arguments)
        assert tracks.rna.bins[:, [1]].sum() == 50 + 80
        return
    with pytest.raises(ValueError, match=match):
        regulatory_tracks(**arguments)


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"annotation": 3}, "annotation must be a DataFrame of exons or the path.*got int"),
        ({"rna": [1]}, "rna must be a DataFrame, the path of a BED file, or a dict.*got list"),
        ({"rna": {"R": 5}}, r"rna\['R'\] must be a DataFrame"),
        ({"rna": {5: GOOD}}, "regulators must be names, got 5"),
        ({"rna": GOOD.assign(start=1.5)}, "rna..start.. must hold whole numbers, but is float64"),
        ({"genes": "A"}, "genes must be a sequence of names, got the text 'A'"),
        ({"stranded": 1}, "stranded must be an instance of"),
    ],
)
def test_arguments_of_the_wrong_kind(changes, match):
    with pytest.raises(TypeError, match=match):
        regulatory_tracks(**{"annotation": EXONS, "rna": GOOD, **changes})


@pytest.mark.parametrize("numbers", ["sites", "annotation"])
def test_numbers_are_no_names_of_chromosomes(numbers):
    # What pandas makes of a column of 1, 2 and X: numbers and text.
    text, mixed = ({"chr1": one, "chr2": two} for one, two in (("1", "X"), (1, "X")))
    exons, sites = (text, mixed) if numbers == "sites" else (mixed, text)
    exons = EXONS.assign(chrom=EXONS["chrom"].map(exons).fillna("Y"))
    sites = pd.concat([GOOD.assign(chrom=sites[name]) for name in ("chr1", "chr2")])
    with pytest.raises(ValueError, match=r"one numbers and the other text: '?1'?, 1 in all.*str\)"):
        regulatory_tracks(exons, rna=sites)


@pytest.mark.parametrize("level", ["gene", "transcript"])
def test_a_real_annotation_and_real_sites(real_data, level):
    folder = real_data / "genome_small"
    annotation = folder / "rcas_hg19.sample.gtf.gz"
    files = {
        "EIF4A3": folder / "rcas_EIF4A3Sauliere20121a.bed",
        "FMR1": folder / "rcas_FMR1_Ascano2012b_hg19.bed",
        "FUS": folder / "rcas_FUS_Nakaya2013c_hg19.bed",
    }
    with pytest.raises(ValueError, match="name chromosomes differently: 'chr1' and '1'"):
        regulatory_tracks(annotation, rna=files)
    exons = read_gtf(annotation)
    exons["chrom"] = "chr" + exons["chrom"].astype(str)
    tracks, report = regulatory_tracks(exons, rna=files, promoter=files, level=level)
    assert report.intervals.loc["rna", "used"] > 100
    peaks = pd.concat([read_bed(path).assign(name=name) for name, path in files.items()])
    sizes = {"upstream": 2000, "downstream": 1000, "bin_size": 100, "stranded": True}
    for part, track in tracks.parts.items():
        expected = brute_force(exons, f"{level}_id", part, peaks, **sizes)
        assert len(expected) == len(tracks) > 10
        for i, gene in enumerate(tracks.genes):
            np.testing.assert_array_equal(dense(track, i), expected[gene])


def real_exons(folder):
    """Exons of GENCODE 25, and the pseudoautosomal genes, which are on chrX and on chrY."""
    names = ["chrom", "start", "end", "strand", "gene_id"]
    exons = pd.read_csv(
        folder / "gencode25_hg38_disjoint_exons.bed.gz", sep="\t", header=None, names=names
    )
    n_places = exons.groupby("gene_id")["chrom"].nunique()
    return exons, n_places.index[n_places > 1]


def test_the_toy_rebuilt(real_data):
    folder = real_data / "decode_toy"
    index = np.load(folder / "built_eclip120_index.npz", allow_pickle=False)
    built = sp.load_npz(folder / "built_eclip120_positions_by_feature.npz")
    built = Track(built, index["offset"], index["features"].tolist())
    exons, twice = real_exons(real_data / "decode_genome")
    once = np.flatnonzero(~np.isin(index["gene"], twice))
    assert (len(built), once.size) == (2663, 2659)
    peaks = real_data / "decode_genome" / "encode_eclip_k562_120rbp_idr_hg38.bed.gz"
    tracks, _ = regulatory_tracks(exons, rna=peaks, genes=index["gene"][once])
    assert tracks.rna == built._rows(once)


def test_the_genome_rebuilt(real_data):
    """Raw eCLIP peaks and exons give, value for value, the features built from them before."""
    folder = real_data / "decode_genome"
    exons, twice = real_exons(folder)
    index = np.load(folder / "built_index_targets.npz", allow_pickle=False)
    built = sp.load_npz(folder / "built_rna_positions_x_feature.npz")
    built = Track(built, index["rna_offset"], index["rna_features"].tolist())
    peaks = folder / "encode_eclip_k562_120rbp_idr_hg38.bed.gz"

    with pytest.raises(ValueError, match=r"14 gene\(s\) are on several chromosomes or strands"):
        regulatory_tracks(exons, rna=peaks, genes=index["gene"])
    # The pseudoautosomal genes; those built before have both copies end to end.
    exons = exons[~(exons["gene_id"].isin(twice) & (exons["chrom"] == "chrY"))]
    tracks, report = regulatory_tracks(exons, rna=peaks, genes=index["gene"])

    assert report.intervals.loc["rna"].to_dict() == {
        "given": 413_263,
        "empty": 0,
        "without_genes": 163,
        "outside": 176_406,
        "used": 236_694,
    }
    np.testing.assert_array_equal(report.genes["chrom"], index["chrom"])
    n_bound = np.diff(tracks.fold_sums("rna", 0)[0].tocsc().indptr)
    kept = tracks.rna.regulators[n_bound >= 30]
    assert kept.tolist() == index["rna_features"].tolist()
    rebuilt = tracks.select(kept[1:]).rna
    once = np.flatnonzero(~np.isin(index["gene"], twice))
    assert (len(rebuilt), once.size) == (17_778, 17_764)
    assert rebuilt._rows(once) == built._rows(once)
    doubled = np.flatnonzero(np.isin(index["gene"], twice))
    assert (rebuilt.lengths[doubled] < built.lengths[doubled]).all()
