"""Series matrix files of GEO."""

import gzip

import anndata
import numpy as np
import pytest

from skgenes.io import FileFormatError, read_series_matrix

TEXT = """\
!Series_title\t"Lung cancer, ""early"" stages"
!Series_geo_accession\t"GSE1"
!Series_summary\t"First paragraph."
!Series_summary\t"Second paragraph."
!Series_contact_zip/postal_code\t"12345"

!Sample_title\t"normal 1"\t"tumour 1"\t"tumour 2"
!Sample_geo_accession\t"GSM1"\t"GSM2"\t"GSM3"
!Sample_channel_count\t"1"\t"1"\t"1"
!Sample_characteristics_ch1\t"tissue: lung"\t"tissue: lung"\t"tissue: liver: left"
!Sample_characteristics_ch1\t"age: 50"\t"stage: II"\t"age: 61"
!Sample_characteristics_ch1\t"dose/time: 2"\t"age: 47"\t"NA"
!Sample_data_processing\t"RMA"\t"RMA"\t"RMA"
!Sample_data_processing\t"log2"\t"log2"\t"log2"
!Sample_description\t""\t"bad lane"\t""
!series_matrix_table_begin
"ID_REF"\t"GSM1"\t"GSM2"\t"GSM3"
"1007_s_at"\t7.5\t\t-0.25
"1053_at"\tnull\t"3.5"\t1e-3
!series_matrix_table_end
"""


@pytest.fixture
def file(tmp_path):
    def write(text, name="GSE1_series_matrix.txt"):
        path = tmp_path / name
        path.write_bytes(gzip.compress(text.encode()) if name.endswith("gz") else text.encode())
        return path

    return write


def changed(number, *lines):
    all_lines = TEXT.splitlines()
    all_lines[number - 1 : number] = lines
    return "\n".join([*all_lines, ""])


@pytest.mark.parametrize("name", ["GSE1_series_matrix.txt", "GSE1_series_matrix.txt.gz"])
def test_a_file_typed_by_hand(file, name, tmp_path):
    adata = read_series_matrix(file(TEXT, name))
    assert list(adata.obs_names) == ["GSM1", "GSM2", "GSM3"]
    assert list(adata.var_names) == ["1007_s_at", "1053_at"]
    expected = np.float32([[7.5, np.nan], [np.nan, 3.5], [-0.25, 0.001]])
    np.testing.assert_array_equal(adata.X, expected)
    assert adata.X.dtype == np.float32
    assert adata.X.flags.c_contiguous
    assert adata.uns["series"] == {
        "title": 'Lung cancer, "early" stages',
        "geo_accession": "GSE1",
        "summary": "First paragraph.\nSecond paragraph.",
        "contact_zip_postal_code": "12345",
    }
    assert list(adata.obs) == [
        *("title", "geo_accession", "channel_count", "data_processing", "data_processing.1"),
        *("description", "tissue:ch1", "age:ch1", "stage:ch1", "dose_time:ch1"),
    ]
    assert adata.obs["tissue:ch1"].tolist() == ["lung", "lung", "liver: left"]
    assert adata.obs["age:ch1"].tolist() == [50, 47, 61]
    assert adata.obs["stage:ch1"].tolist() == [np.nan, "II", np.nan]
    np.testing.assert_array_equal(adata.obs["dose_time:ch1"], [2, np.nan, np.nan])
    assert adata.obs["data_processing.1"].tolist() == ["log2"] * 3
    assert adata.obs["description"].tolist() == [np.nan, "bad lane", np.nan]
    assert read_series_matrix(file(TEXT), dtype=np.float64).X.dtype == np.float64
    adata.write_h5ad(tmp_path / "it.h5ad")
    again = anndata.read_h5ad(tmp_path / "it.h5ad")
    assert again.uns["series"] == adata.uns["series"]
    assert again.obs.astype(str).equals(adata.obs.astype(str))


@pytest.mark.parametrize(
    "line",
    ['"age: 50"\t"no key"\t"age: 61"', '"tissue: left"\t"age: 47"\t"age: 61"', '": 1"\t""\t""'],
)
def test_characteristics_that_are_not_keys_and_values_stay(file, line):
    obs = read_series_matrix(file(changed(11, f"!Sample_characteristics_ch1\t{line}"))).obs
    assert "tissue:ch1" not in obs
    assert obs["characteristics_ch1"].tolist() == ["tissue: lung"] * 2 + ["tissue: liver: left"]
    expected = [cell.strip('"') or np.nan for cell in line.split("\t")]
    assert obs["characteristics_ch1.1"].tolist() == expected
    assert "characteristics_ch1.2" in obs


def test_two_channels(file):
    line = '!Sample_characteristics_ch2\t"tissue: pool"\t"tissue: pool"\t"tissue: pool"'
    obs = read_series_matrix(file(changed(15, line))).obs
    assert obs["tissue:ch2"].tolist() == ["pool"] * 3
    assert obs["tissue:ch1"].tolist()[0] == "lung"


def test_sequencing_series_have_no_table(file, tmp_path):
    lines = TEXT.splitlines()
    adata = read_series_matrix(file("\n".join([*lines[:17], lines[19]])))
    assert adata.shape == (3, 0)
    assert adata.obs["age:ch1"].tolist() == [50, 47, 61]
    adata.write_h5ad(tmp_path / "it.h5ad")


def test_more_rows_than_are_parsed_at_once(file, monkeypatch):
    monkeypatch.setattr("skgenes.io._numbers.NUMBERS_AT_ONCE", 30)
    X = np.random.default_rng(0).normal(size=(75, 3)).round(6)
    rows = [f'"p{i}"\t' + "\t".join(map(str, row)) for i, row in enumerate(X)]
    lines = TEXT.splitlines()
    text = "\n".join([*lines[:17], *rows, lines[19]])
    found = read_series_matrix(file(text), dtype=np.float64)
    np.testing.assert_array_equal(found.X, X.T)
    assert list(found.var_names) == [f"p{i}" for i in range(75)]
    with pytest.raises(
        FileFormatError, match=r"line 87: expected a number, found 'x.* 'p69', .*2'"
    ):
        read_series_matrix(file(text.replace(rows[69], '"p69"\t1\tx\t2')))


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", r"line 1: expected the line !series_matrix_table_begin, found the end"),
        ("#1.3\nfour\n", r"line 2: expected a line that begins with '!', up to.*found 'four'"),
        (changed(16), r"line 16: expected a line that begins with '!'.*ID_REF"),
        (changed(17), r"line 17: expected the header, ID_REF and samples, found '1007_s_at'"),
        (changed(17, '"ID_REF"'), r"line 17: expected the header, ID_REF and samples"),
        (
            changed(17, "ID_REF\tGSM1\tGSM2\tGSM1"),
            r"line 17: .*a name of their own, .*'GSM1' at.*3",
        ),
        (changed(17, "ID_REF\tGSM1\tGSM2\t"), r"line 17: expected samples.*found '' at number 3"),
        (changed(17, "ID_REF\tGSM1\tGSM2"), r"line 7: expected 2 values of 'title', one.*found 3"),
        (
            changed(8, "!Sample_geo_accession\tGSM1\tGSM3\tGSM2"),
            r"line 8: expected sample 2 to be 'GSM2' as in the table's header, found 'GSM3'",
        ),
        (
            changed(9, '!Sample_x\t"1"'),
            r"line 9: expected 3 values of 'x', one per sample, found 1",
        ),
        (changed(18, '"1007_s_at"\t7.5\t1'), r"line 18: expected 3 values for row '1007_s_at', fo"),
        (changed(18, '"1007_s_at"'), r"line 18: expected 3 values for row '1007_s_at', found 1"),
        (changed(18, '""\t1\t2\t3'), r"line 18: expected a new name of a probe.*found none"),
        (changed(18, "1053_at\t1\t2\t3"), r"line 19: .*'1053_at' once, found it on line 18 too"),
        (
            changed(19, '"1053_at"\t1\thigh\t3'),
            r"line 19: expected a number, found 'high' in row '1053_at', column 'GSM2'",
        ),
        (
            changed(20),
            r"line 20: expected a probe, or the line !series_matrix_table_end, found the",
        ),
    ],
)
def test_broken_files(file, text, match):
    with pytest.raises(FileFormatError, match=match) as caught:
        read_series_matrix(file(text))
    assert "GSE1_series_matrix.txt, line" in str(caught.value)


def test_gzip_that_is_cut(tmp_path):
    path = tmp_path / "GSE1_series_matrix.txt.gz"
    path.write_bytes(gzip.compress(TEXT.encode())[:-20])
    with pytest.raises(FileFormatError, match=r"line \d+: expected gzipped text to the end"):
        read_series_matrix(path)


def test_types_that_cannot_hold_expression(file):
    with pytest.raises(ValueError, match="dtype must be float32 or float64"):
        read_series_matrix(file(TEXT), dtype=int)
