"""BED and GTF files, valid and not."""

import gzip

import numpy as np
import pandas as pd
import pytest

from skgenes.feature_extraction import _data_lines, read_bed, read_gtf

BED6 = "chr1\t10\t35\tELAVL1\t7.5\t+\nchr2\t0\t0\tFUS\t.\t.\n"


@pytest.fixture
def written(tmp_path):
    def write(content, name="a.txt"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def expected_bed6():
    return [["chr1", 10, 35, "ELAVL1", 7.5, "+"], ["chr2", 0, 0, "FUS", np.nan, "."]]


def same_rows(table, rows):
    found = table.astype(object).to_numpy().tolist()
    return all(
        a == b or (a != a and b != b)
        for x, y in zip(found, rows, strict=True)
        for a, b in zip(x, y, strict=True)
    )


@pytest.mark.parametrize(
    "content",
    [
        BED6,
        BED6.rstrip("\n"),
        BED6.replace("\n", "\r\n"),
        BED6.replace("\t", "  "),
        "\ufeff" + BED6,
        "browser position chr1\ntrack name=x\n#comment\n\n" + BED6,
        BED6.replace("chr2", "# between\n\t \ntrack name=second\nchr2"),
        BED6.replace("\n", "\t10\t35\t0\t1\t25,\t0,\textra\n"),
        gzip.compress(BED6.encode()),
        gzip.compress(BED6[:40].encode()) + gzip.compress(BED6[40:].encode()),
    ],
    ids=[
        "plain",
        "no last end",
        "windows",
        "spaces",
        "bom",
        "header",
        "tracks",
        "bed12+",
        "gzip",
        "bgzip",
    ],
)
def test_bed6(written, content):
    table = read_bed(written(content))
    assert list(table.columns) == ["chrom", "start", "end", "name", "score", "strand"]
    assert [str(dtype) for dtype in table.dtypes] == [
        "category",
        "int64",
        "int64",
        "category",
        "float64",
        "category",
    ]
    assert table["strand"].cat.categories.tolist() == ["+", "-", "."]
    assert same_rows(table, expected_bed6())


@pytest.mark.parametrize("n_columns", [3, 4, 5])
def test_fewer_columns(written, n_columns):
    lines = ["\t".join(line.split("\t")[:n_columns]) for line in BED6.splitlines()]
    table = read_bed(written("\n".join(lines)))
    defaults = [None, None, None, ".", np.nan, "."]
    rows = [row[:n_columns] + defaults[n_columns:] for row in expected_bed6()]
    assert same_rows(table, rows)


def test_scores(written):
    scores = ["5", "-.5e3", "+2.", "inf", ".", "NA", "nan"]
    table = read_bed(written("".join(f"c\t1\t2\tn\t{score}\n" for score in scores)))
    np.testing.assert_array_equal(table["score"], [5, -500, 2, np.inf] + 3 * [np.nan])


@pytest.mark.parametrize("content", ["", "#nothing\n", "track a\n\n", gzip.compress(b"")])
def test_bed_without_intervals(written, content):
    table = read_bed(written(content))
    assert len(table) == 0
    assert list(table.columns) == ["chrom", "start", "end", "name", "score", "strand"]
    assert table["start"].dtype == np.int64


def test_names_stay_text(written):
    table = read_bed(written("01\t1\t2\t007\t1\t+\n1\t1\t2\t7\t1\t+\n2\t3\t4\tNA\t1\t-\n"))
    assert table["chrom"].tolist() == ["01", "1", "2"]
    assert table["name"].tolist() == ["007", "7", "NA"]
    assert read_bed(written("01\t1\t2\n1\t1\t2\n"))["chrom"].tolist() == ["01", "1"]
    table = read_bed(written('1\t1\t2\t"quoted\n2\t1\t2\ttrack\n'))
    assert table["name"].tolist() == ['"quoted', "track"]
    # Lines that only begin like those that hold no data.
    table = read_bed(written("tracked\t1\t2\nbrowser1\t1\t2\n"))
    assert table["chrom"].tolist() == ["tracked", "browser1"]


@pytest.mark.parametrize(
    ("content", "match"),
    [
        ("chr1\t5\n", "line 1: expected at least 3 columns, chrom, start and end, found 2"),
        ("#\nc\t1\t2\nc\t1\t2\tx\n", "line 3: expected 3 columns, as in the first line, found '4'"),
        ("c\t1\t2\n\nc\tone\t2\n", "line 3: expected a whole number as start, found 'one'"),
        ("c\t1\t2\nc\t1\t2.5\n", "line 2: expected a whole number as end, found '2.5'"),
        ("c\t1\t\n", "line 1: expected a whole number as end, found ''"),
        (f"c\t1\t{10**20}\n", "line 1: expected a whole number as end, found '1000"),
        ("c\t-1\t2\n", "line 1: expected a start of at least 0, found '-1'"),
        ("c\t1\t2\ntrack x\nc\t9\t2\n", "line 3: expected an end that is not before the start"),
        ("c\t1\t2\tn\thigh\n", "line 1: expected a number as score, found 'high'"),
        ("c\t1\t2\tn\t0\t*\n", r"line 1: expected '\+', '-' or '.' as strand, found '\*'"),
        ("c\t1\t2\tn\n\t1\t2\tn\n", "line 2: expected something as chrom, found ''"),
        ("c\t1\t2\tn\t1_0\t+\n", "line 1: expected a number as score, found '1_0'"),
        ("c\t1\t2\tn\t\t+\n", "line 1: expected a number as score, found ''"),
        ("c\t +1\t2\nc\tx\t2\n", "line 2: expected a whole number as start, found 'x'"),
        ("c\t1\t2\tn\t 5.\nc\t1\t2\tn\t-\n", "line 2: expected a number as score, found '-'"),
        ("c\t1\t2\t\n", "line 1: expected something as name, found ''"),
        ("c\t1\t2\nc\t1\r\t2\n", "line 2: expected text in UTF-8, found a carriage return within"),
        ("c\t1\t2\nc\0\t1\t2\n", "line 2: expected text in UTF-8, found a zero byte"),
        (b"c\t1\t2\n\xff\t1\t2\n", "line 2: expected text in UTF-8, found the byte 0xff"),
        (gzip.compress(BED6.encode())[:-9], "expected gzipped text to the end, found damaged"),
        ("chr1\t1\t2\t-\tENSG1\n", "line 1: expected a number as score, found 'ENSG1'"),
        ("c\t1\t2\t" + "n" * 90 + "\tx\n", "expected a number as score, found 'x'"),
    ],
)
def test_malformed_bed(written, content, match):
    path = written(content, "peaks.bed")
    with pytest.raises(ValueError, match=rf"peaks\.bed.*{match}"):
        read_bed(path)


def test_missing_file(tmp_path):
    for read in (read_bed, read_gtf):
        with pytest.raises(FileNotFoundError):
            read(tmp_path / "none")


def gtf_line(start="11", end="35", strand="+", attributes='gene_id "G1"; transcript_id "T1";'):
    return "\t".join(["chr1", "source", "exon", start, end, ".", strand, ".", attributes]) + "\n"


def test_gtf(written):
    text = (
        "#!genome\n"
        + gtf_line().replace("exon", "gene").replace(' transcript_id "T1";', "")
        + gtf_line()
        + gtf_line().replace("exon", "exonic")
        + gtf_line("5", "5", "-", 'transcript_id T2; ref_gene_id "no"; gene_name "N;a"; gene_id 7')
    )
    for content in (text, gzip.compress(text.replace("\n", "\r\n").encode())):
        table = read_gtf(written(content))
        assert table.astype(object).to_numpy().tolist() == [
            ["chr1", 10, 35, "+", "G1", "T1", ""],
            ["chr1", 4, 5, "-", "7", "T2", "N"],
        ]
        assert table["start"].dtype == np.int64
        assert table["strand"].cat.categories.tolist() == ["+", "-"]


@pytest.mark.parametrize(
    ("content", "match"),
    [
        ("", "expected lines of exons, found none"),
        (gtf_line().replace("exon", "CDS"), "expected lines of exons, found none"),
        (gtf_line() + "chr1\tx\texon\t1\t2\n", "line 2: expected 9 columns separated by tabs, .*5"),
        (gtf_line(start="0"), "line 1: expected a start of at least 1, found '0'"),
        (gtf_line(end="10"), "line 1: expected an end that is not before the start, found '10'"),
        ("#\n" + gtf_line(start="x"), "line 2: expected a whole number as start, found 'x'"),
        (gtf_line(strand="."), r"line 1: expected '\+' or '-' as strand of an exon, found '.'"),
        (
            gtf_line().replace("exon", "gene") + gtf_line(attributes='gene_id "G"; note "x";'),
            "line 2: expected transcript_id in the attributes, found 'gene_id",
        ),
        (gtf_line(attributes='gene_id ""; transcript_id "T";'), "expected gene_id in the attrib"),
        (gtf_line(attributes="ID=exon1;Parent=T1"), "this looks like GFF3"),
    ],
)
def test_malformed_gtf(written, content, match):
    path = written(content, "genes.gtf")
    with pytest.raises(ValueError, match=rf"genes\.gtf.*{match}"):
        read_gtf(path)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("block", [1, 7, 64, 1000])
def test_blocks_change_nothing(written, monkeypatch, block, end):
    """Files are read in blocks, whose borders may be anywhere."""
    rng = np.random.default_rng(0)
    comment = "# of\tno column\n"
    bed = "track x\n" + "".join(
        f"{comment * (i % 9 == 4)}chr{i % 11}\t{i}\t{i + 7}\tR{rng.integers(9)}\n"
        for i in range(60)
    )
    gtf = "#!é\n" + "".join(
        gtf_line(attributes=f'gene_id "G{i // 7}"; transcript_id "T{i // 3}"; gene_name "é{i}";')
        + gtf_line().replace("exon", "CDS")
        for i in range(40)
    )
    for read, text in ((read_bed, bed), (read_gtf, gtf), (read_bed, bed.replace("\t", " "))):
        content = text.replace("\n", end).encode()
        path, zipped = written(content), written(gzip.compress(content), "a.gz")
        whole = read(path)
        with monkeypatch.context() as patched:
            patched.setattr(_data_lines, "_BLOCK", block)
            pd.testing.assert_frame_equal(read(path), whole)
            pd.testing.assert_frame_equal(read(zipped), whole)
            bad = written(content + b"chr1\tx\n", "bad.txt")
            place = rf"bad\.txt, line {text.count(chr(10)) + 1}"
            with pytest.raises(ValueError, match=f"{place}: expected . columns.*found '2'"):
                read(bad)
            bad.write_bytes(content + b"\xff\n")
            with pytest.raises(ValueError, match=f"{place}: .* found the byte 0xff"):
                read(bad)
            bad.write_bytes(gzip.compress(content)[:-20])
            with pytest.raises(ValueError, match=r"bad\.txt: expected gzipped text to the end"):
                read(bad)


@pytest.mark.parametrize("content", [b"", gzip.compress(b""), b"#!nothing\r\n\r\n"])
def test_gtf_without_lines(written, content):
    with pytest.raises(ValueError, match=r"genes\.gtf: expected lines of exons, found none"):
        read_gtf(written(content, "genes.gtf"))


def test_genes_without_exons(written):
    gene = gtf_line().replace("exon", "gene")
    text = "#\n" + gene + gtf_line() + gene.replace("G1", "G3") + gene.replace("G1", "G2")
    with pytest.warns(UserWarning, match=r"genes\.gtf, line 4: 2 of 3 genes have no .*'G3', 'G2'"):
        table = read_gtf(written(text, "genes.gtf"))
    assert table["gene_id"].tolist() == ["G1"]


def test_real_files(real_data):
    folder = real_data / "genome_small"
    exons = read_gtf(folder / "rcas_hg19.sample.gtf.gz")
    with gzip.open(folder / "rcas_hg19.sample.gtf.gz", "rt") as file:
        lines = [line.rstrip("\n").split("\t") for line in file if not line.startswith("#")]
    lines = [line for line in lines if line[2] == "exon"]
    assert exons["start"].tolist() == [int(line[3]) - 1 for line in lines]
    assert exons["end"].tolist() == [int(line[4]) for line in lines]
    assert exons["gene_id"].tolist() == [line[8].split('gene_id "')[1][:15] for line in lines]
    for path in sorted(folder.glob("*.bed*")):
        frame = pd.read_csv(path, sep="\t", header=None)
        table = read_bed(path)
        assert table["start"].tolist() == frame[1].tolist()
        assert table["end"].tolist() == frame[2].tolist()
        assert table["chrom"].tolist() == frame[0].tolist()
