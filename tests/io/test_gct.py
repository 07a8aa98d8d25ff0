"""GCT: what is written comes back, what is broken is named."""

import gzip
from decimal import Decimal

import anndata
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from skgenes.feature_selection import GivenPanelSelector
from skgenes.io import FileFormatError, read_gct, write_gct

HAND_TYPED = """\
#1.3
3\t2\t2\t3
id\tsymbol\tchromosome\tS1\tS2
tissue\tna\tna\tlung\tliver
age\tna\tna\t61\t-666
batch/run\tna\tna\t01\t02
ENSG01.5\tTP53\t17\t1.5\t-2
ENSG02.1\tMYC\t8\t\tNA
ENSG03.9\tNA\t6\t1e-3\t2.25E+1
"""
GTEX = """\
#1.2
2\t3
Name\tDescription\tGTEX-1117F-0226\tGTEX-1117F-0426\tGTEX-1117F-0526
ENSG00000223972.5\tDDX11L1\t0\t0.02655\t0
ENSG00000182378.13_PAR_Y\tPLCXD1\t25.9\t1.1\t9.74e-05
"""


@pytest.fixture
def file(tmp_path):
    def write(text, name="it.gct", encoding="utf-8"):
        path = tmp_path / name
        data = text.encode(encoding)
        path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        return path

    return write


def broken(text, **changes):
    """Replace lines, given by number; None takes the line out."""
    lines = dict(enumerate(text.splitlines(), start=1))
    lines.update({int(number[1:]): line for number, line in changes.items()})
    return "".join(f"{line}\n" for _, line in sorted(lines.items()) if line is not None)


def refused(path, match, **options):
    with pytest.raises(FileFormatError, match=match) as caught:
        read_gct(path, **options)
    assert str(path) in str(caught.value)


# Reading ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["it.gct", "it.gct.gz", "gzipped_in_spite_of_its_name.gct"])
def test_a_file_of_version_1_3_typed_by_hand(file, name, tmp_path):
    path = file(HAND_TYPED, "it.gz" if "spite" in name else name)
    path = path.rename(tmp_path / name)
    adata = read_gct(path)
    assert adata.shape == (2, 3)
    assert list(adata.obs_names) == ["S1", "S2"]
    assert list(adata.var_names) == ["ENSG01.5", "ENSG02.1", "ENSG03.9"]
    np.testing.assert_array_equal(adata.X, np.float32([[1.5, np.nan, 0.001], [-2, np.nan, 22.5]]))
    assert adata.X.dtype == np.float32
    assert adata.X.flags.c_contiguous
    assert adata.obs["tissue"].tolist() == ["lung", "liver"]
    np.testing.assert_array_equal(adata.obs["age"], [61, np.nan])
    assert adata.obs["batch_run"].tolist() == ["01", "02"]
    assert adata.var["symbol"].isna().tolist() == [False, False, True]
    assert adata.var["chromosome"].tolist() == [17, 8, 6]
    assert adata.var["chromosome"].dtype == np.int64


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_a_file_like_gtex(file, end, start):
    text = start + GTEX.replace("\n", end)
    adata = read_gct(file(text, "it.gct.gz"), dtype=np.float64)
    np.testing.assert_array_equal(adata.X, [[0, 25.9], [0.02655, 1.1], [0, 9.74e-05]])
    assert adata.var["Description"].tolist() == ["DDX11L1", "PLCXD1"]
    assert adata.obs.shape == (3, 0)


def test_what_spreadsheets_and_gtex_add(file):
    expected = read_gct(file(GTEX))
    padded = broken(GTEX, l1="#1.2\t\t\t\t", l2="2\t3\t\t\t") + "\n\n"
    lines = GTEX.splitlines()
    numbered = "\n".join([*lines[:2], f"id\t{lines[2]}", f"0\t{lines[3]}", f"1\t{lines[4]}"])
    for text in (padded, numbered):
        found = read_gct(file(text))
        np.testing.assert_array_equal(found.X, expected.X)
        pd.testing.assert_frame_equal(found.var, expected.var)


@pytest.mark.parametrize("text", ["", "NA", "na", "N/A", "n/a", "NaN", "nan", "NULL", "null", " "])
@pytest.mark.parametrize("n_samples", [1, 2])
def test_missing_values_of_the_matrix(file, text, n_samples):
    cells = "\t".join([text, "1"][:n_samples])
    header = "\t".join(["S1", "S2"][:n_samples])
    path = file(
        f"#1.2\n2\t{n_samples}\nName\tDescription\t{header}\na\tx\t{cells}\nb\ty\t{cells}\n"
    )
    adata = read_gct(path)
    assert np.isnan(adata.X[0]).all()
    assert (adata.X[1:] == 1).all()
    with pytest.raises(ValueError, match=r"X contains NaN: .*'a', 'b'"):
        GivenPanelSelector(["a"]).fit(adata)


def test_which_texts_of_the_metadata_are_missing(file):
    path = file(HAND_TYPED)
    assert read_gct(path, na_values=("na",)).obs["age"].tolist() == [61, -666]
    assert read_gct(path, na_values=("lung",)).obs["tissue"].isna().tolist() == [True, False]
    written_as_a_float = file(HAND_TYPED.replace("-666", "-666.0"))
    np.testing.assert_array_equal(read_gct(written_as_a_float).obs["age"], [61, np.nan])


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["1", "-2"], [1, -2]),
        (["1", "2.5"], [1.0, 2.5]),
        (["1", "NA"], [1.0, np.nan]),
        (["True", "False"], [True, False]),
        (["TRUE", "FALSE"], [True, False]),
        (["01", "02"], ["01", "02"]),
        (["+1", "2"], ["+1", "2"]),
        (["1", "lung"], ["1", "lung"]),
        (["9223372036854775807", "0"], [2**63 - 1, 0]),
        (["9223372036854775808", "0"], ["9223372036854775808", "0"]),
        (["NA", ""], [np.nan, np.nan]),
        (["1_0", "0x1"], ["1_0", "0x1"]),
        (["٣", "1"], ["٣", "1"]),
    ],
)
def test_types_of_metadata(file, texts, expected, tmp_path):
    path = file(broken(HAND_TYPED, l4="\t".join(["it", "na", "na", *texts])))
    adata = read_gct(path)
    found = adata.obs["it"]
    assert [type(value) for value in found.tolist()] == [type(value) for value in expected]
    np.testing.assert_array_equal(found.tolist(), expected)
    adata.write_h5ad(tmp_path / "it.h5ad")


def test_whole_numbers_that_a_float_cannot_hold_stay_text(file):
    path = file(broken(HAND_TYPED, l4="it\tna\tna\t9007199254740993\tNA"))
    assert read_gct(path).obs["it"].tolist()[0] == "9007199254740993"


def test_other_encodings(file):
    path = file(HAND_TYPED.replace("lung", "10 µM"), encoding="latin-1")
    refused(path, r"line 4: expected text encoded as utf-8, found the byte 0xb5.*'latin-1'")
    assert read_gct(path, encoding="latin-1").obs["tissue"].iloc[0] == "10 µM"


@pytest.mark.parametrize("dtype", [int, "float16", "complex64", str])
def test_types_that_cannot_hold_expression(file, dtype):
    with pytest.raises(ValueError, match="dtype must be float32 or float64"):
        read_gct(file(GTEX), dtype=dtype)


@pytest.mark.parametrize("columns", [1, 3, 2000])
def test_more_rows_than_are_parsed_at_once(file, columns, monkeypatch):
    monkeypatch.setattr("skgenes.io._numbers.NUMBERS_AT_ONCE", 700)
    X = np.random.default_rng(0).normal(size=(columns, 750)).astype(np.float32)
    write_gct(anndata.AnnData(X), path := file(""))
    np.testing.assert_array_equal(read_gct(path).X, X)
    lines = path.read_text().splitlines()
    lines[740] = lines[740].replace("\t", "\tbad", 1)
    path.write_text("\n".join(lines))
    refused(path, rf"line 741: expected a number, found 'bad.*' in row '{740 - 3}', column '0'")


# Broken files -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"l1": "#1.4"}, r"line 1: expected the version, #1.2 or #1.3, found '#1.4'"),
        ({"l1": "id\tS1"}, r"line 1: expected the version.*found 'id\\tS1'"),
        ({"l2": "3\t2"}, r"line 2: expected 4 sizes of GCT 1.3: genes, samples, fields .*'3\\t2'"),
        ({"l2": "3\ttwo\t2\t3"}, r"line 2: expected 4 sizes.*found '3\\ttwo\\t2\\t3'"),
        ({"l2": "3\t-2\t2\t3"}, r"line 2: expected 4 sizes"),
        ({"l2": "0\t2\t2\t3"}, r"line 2: expected at least one gene and one sample, found '0"),
        ({"l2": "9" * 5000 + "\t2\t2\t3"}, r"line 2: expected 4 sizes.*'9+\.\.\.'"),
        (
            {"l2": "99999\t2\t2\t3"},
            r"line 2: expected 99999 x 2 values to follow.*bytes, which can",
        ),
        ({"l2": "3\t3\t2\t3"}, r"line 3: expected 6 columns \(1 of names, 2 .*3 of sam.*found 5\."),
        ({"l2": "3\t2\t1\t3"}, r"line 3: expected 4 columns.*found 5"),
        (
            {"l3": "id\tsymbol\tsymbol\tS1\tS2"},
            r"line 3: .*the field of genes 'symbol' once.*1 and 2",
        ),
        ({"l3": "id\ta/b\ta_b\tS1\tS2"}, r"line 3: .*the field of genes 'a_b' once"),
        ({"l3": "id\t\tb\tS1\tS2"}, r"line 3: .*a name for the field of genes, found none at numb"),
        ({"l3": "id\ta\tb\tS1\tS1"}, r"line 3: expected the sample 'S1' once, .*numbers 1 and 2"),
        (
            {"l3": "id\ta\tb\tS1\t"},
            r"line 3: expected a name for the sample, found none at number 2",
        ),
        ({"l5": "tissue\tna\tna\t61\t50"}, r"line 5: expected a new name of a field.*'tissue'"),
        ({"l5": "\tna\tna\t61\t50"}, r"line 5: expected a new name of a field.*found ''"),
        ({"l5": "age\tna\tna\t61"}, r"line 5: expected 5 columns.*found 4"),
        ({"l8": "ENSG02.1\tMYC\t8\t1"}, r"line 8: expected 2 values for row 'ENSG02.1', found 1"),
        ({"l8": "ENSG02.1\tMYC\t8\t1\t2\t3"}, r"line 8: expected 2 values for row.*found 3"),
        ({"l8": "ENSG02.1\tMYC"}, r"line 8: expected gene 2 of 3 with 5 columns, found 2"),
        ({"l8": ""}, r"line 8: expected gene 2 of 3 with 5 columns, found 1"),
        ({"l8": "\tMYC\t8\t1\t2"}, r"line 8: expected the name of a gene, found none"),
        ({"l9": "ENSG01.5\tMYC\t8\t1\t2"}, r"line 9: expected the gene 'ENSG01.5' once.*on line 7"),
        (
            {"l8": "ENSG02.1\tMYC\t8\tNA\thigh"},
            r"line 8: expected a number, found 'high' in row 'ENSG02.1', column 'S2'",
        ),
        ({"l8": "ENSG02.1\tMYC\t8\t1,5\t2"}, r"line 8: expected a number, found '1,5'"),
        ({"l8": "ENSG02.1\tMYC\t8\t#\t2"}, r"line 8: expected a number, found '#'"),
        ({"l8": "ENSG02.1\tMYC\t8\t1\0\t2"}, r"line 8: expected a number, found '1\\x00'"),
        (
            {"l9": "ENSG03.9\tx\t8\t1\t-1e39"},
            r"line 9: expected a number that fits float32, found '-1e39' in row 'ENSG03.9', col",
        ),
        (
            {"l9": "ENSG03.9\tx\t8\t1e999\tinf"},
            r"line 9: expected a number that fits float32, found '1e999' in row",
        ),
        (
            {"l9": None},
            r"line 9: expected gene 3 of the 3 that line 2 says, found the end of the f",
        ),
        ({"l10": "ENSG04\tx\t1\t1\t2"}, r"line 10: expected the end after 3 genes.*'ENSG04"),
    ],
)
@pytest.mark.parametrize("name", ["it.gct", "it.gct.gz"])
def test_broken_files(file, change, match, name):
    if "99999" in match and name.endswith(".gz"):
        change, match = {"l2": "999999999\t2\t2\t3"}, match.replace("99999", "999999999")
    refused(file(broken(HAND_TYPED, **change), name), match)


def test_a_line_end_of_the_old_kind_within_a_line(file):
    text = "#1.2\n1\t2\nName\tDescription\ta\tb\nMYC\tna\t1\r\t2\n"
    with pytest.raises(FileFormatError, match=r"line 4: .* number, found '1\\r' in row 'MYC', c"):
        read_gct(file(text))


def test_float32_are_rounded_once(file):
    # Half-way between two float32, a bit above and a bit below; as float64 all three are the same.
    tie = "1.000000059604644775390625"
    above, below = f"{tie}00000001", "1.00000005960464477539062499999999"
    odd, odd_above = "1.000000178813934326171875", "1.00000017881393432617187500000001"
    least_half = str(Decimal(2.0**-150))
    cells = [
        tie,
        above,
        below,
        odd,
        odd_above,
        f"-{above}",
        least_half.replace("E", "0001E"),
        least_half,
        "16777217",
        "3.4e38",
    ]
    names = "\t".join(f"S{i}" for i in range(len(cells)))
    row = "\t".join(cells)
    adata = read_gct(file(f"#1.2\n1\t{len(cells)}\nName\tDescription\t{names}\na\tx\t{row}\n"))
    eps, least = 2**-23, 2**-149
    expected = [1, 1 + eps, 1, 1 + 2 * eps, 1 + 2 * eps, -1 - eps, least, 0, 2**24, 3.4e38]
    np.testing.assert_array_equal(adata.X[:, 0], np.float32(expected))
    assert [float(cell) for cell in cells[:3]] == [1 + eps / 2] * 3


def test_values_too_large_for_float32_fit_float64(file):
    path = file(broken(HAND_TYPED, l9="ENSG03.9\tx\t8\t1\t-1e39"))
    assert read_gct(path, dtype=np.float64).X[1, 2] == -1e39


@pytest.mark.parametrize("n_lines", range(9))
def test_files_that_end_early(file, n_lines):
    text = "".join(HAND_TYPED.splitlines(keepends=True)[:n_lines])
    refused(file(text), rf"line {n_lines + 1}: expected .*found the end of the file|line 2: ")


def test_gzip_that_is_cut_or_damaged(tmp_path):
    data = gzip.compress((GTEX * 20).encode())
    path = tmp_path / "it.gct.gz"
    for cut in (len(data) - 9, len(data) // 2, 12, 2):
        path.write_bytes(data[:cut])
        refused(path, r"line \d+: expected (gzipped text to the end, found damaged|the)")
    flipped = bytearray(data)
    flipped[-6] ^= 1  # of the checksum
    path.write_bytes(flipped)
    refused(path, r"line \d+: expected (gzipped text to the end|the end after 2 genes)")


def test_checksums_count_even_behind_the_last_gene(tmp_path):
    data = bytearray(gzip.compress(GTEX.encode()))
    data[-6] ^= 1
    path = tmp_path / "it.gct.gz"
    path.write_bytes(data)
    refused(path, r"line 6: expected gzipped text to the end, found damaged or cut data \(CRC")


def test_files_that_are_not_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_gct(tmp_path / "it.gct")


def test_memory_beside_the_matrix_is_bounded(tmp_path):
    import tracemalloc

    X = np.zeros((2000, 3000), dtype=np.float32)
    write_gct(anndata.AnnData(X), tmp_path / "it.gct")
    tracemalloc.start()
    try:
        read_gct(tmp_path / "it.gct")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # Two blocks of 8 MiB of float64, as the parser grows its result, and their text.
    assert peak < X.nbytes + 40 * 2**20


# Writing ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["it.gct", "it.gct.gz"])
def test_everything_comes_back(compendium, name, tmp_path, same):
    write_gct(compendium, tmp_path / name)
    found = read_gct(tmp_path / name)
    same(found, compendium)
    found.write_h5ad(tmp_path / "it.h5ad")
    same(anndata.read_h5ad(tmp_path / "it.h5ad"), found)
    first = (tmp_path / name).read_bytes()
    write_gct(found, tmp_path / name)
    assert (tmp_path / name).read_bytes() == first


def test_real_signatures_come_back(l1000, tmp_path, same):
    write_gct(l1000, tmp_path / "it.gct")
    found = read_gct(tmp_path / "it.gct")
    same(found, l1000)
    found.write_h5ad(tmp_path / "it.h5ad")
    write_gct(l1000, tmp_path / "old.gct", version="1.2", description="pr_gene_symbol")
    found = read_gct(tmp_path / "old.gct")
    np.testing.assert_array_equal(found.X, l1000.X)
    assert found.var["Description"].tolist() == l1000.var["pr_gene_symbol"].tolist()


def test_version_1_2(compendium, tmp_path):
    path = tmp_path / "it.gct"
    write_gct(compendium, path, version="1.2", description="symbol")
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[:3] == ["#1.2", "3\t4", "Name\tDescription\tGSM1\tGSM2\tGSM3\tGSM4"]
    assert lines[3].startswith("ENSG01.5\tTP53\t0.12573022\t")
    write_gct(compendium, path, version="1.2")
    assert read_gct(path, na_values=()).var["Description"].tolist() == ["na"] * 3
    compendium.var["Description"] = compendium.var["symbol"]
    write_gct(compendium, path, version="1.2")
    assert read_gct(path).var["Description"].tolist() == compendium.var["symbol"].tolist()
    assert read_gct(path).obs.shape == (4, 0)


def test_version_1_3_as_text(tmp_path):
    obs = pd.DataFrame({"age": [50, 61], "ok": [True, False]}, index=["S1", "S2"])
    var = pd.DataFrame({"symbol": pd.Categorical(["TP53", None])}, index=["G1", "G2"])
    adata = anndata.AnnData(np.array([[0.1, np.nan], [np.inf, -0.0]]), obs=obs, var=var)
    write_gct(adata, tmp_path / "it.gct")
    assert (tmp_path / "it.gct").read_text() == (
        "#1.3\n2\t2\t1\t2\nid\tsymbol\tS1\tS2\nage\tna\t50\t61\nok\tna\tTrue\tFalse\n"
        "G1\tTP53\t0.1\tinf\nG2\tNA\tNaN\t-0.0\n"
    )


@pytest.mark.parametrize("form", [sp.csr_matrix, sp.csc_matrix, np.asfortranarray])
def test_forms_of_the_matrix(compendium, form, tmp_path, same):
    other = compendium.copy()
    other.layers["it"] = form(compendium.X)
    other.X = np.zeros((4, 3), np.float32)
    write_gct(other, tmp_path / "it.gct", layer="it")
    same(read_gct(tmp_path / "it.gct"), compendium)
    with pytest.raises(ValueError, match="no layer 'none'"):
        write_gct(other, tmp_path / "it.gct", layer="none")


@pytest.mark.parametrize("dtype", [np.int64, np.uint16, np.float64])
def test_types_of_the_matrix(dtype, tmp_path):
    X = np.array([[0, 7], [65535, 3]], dtype=dtype)
    write_gct(anndata.AnnData(X), tmp_path / "it.gct")
    np.testing.assert_array_equal(read_gct(tmp_path / "it.gct").X, X)


TEXT = st.text(st.characters(exclude_characters="\t\r\n\0", exclude_categories=["Cs"]), min_size=1)
NAMES = TEXT.filter(lambda text: not text.startswith("\ufeff"))
FLOATS = {
    np.float32: st.floats(width=32, allow_nan=False),
    np.float64: st.floats(width=64, allow_nan=False),
}


@pytest.mark.parametrize("dtype", FLOATS)
@given(data=st.data())
@settings(max_examples=60)
def test_whatever_is_written_comes_back(dtype, data, tmp_path_factory):
    shape = data.draw(hnp.array_shapes(min_dims=2, max_dims=2, max_side=5))
    X = data.draw(hnp.arrays(dtype, shape, elements=FLOATS[dtype]))
    obs_names, var_names = (
        data.draw(st.lists(NAMES, min_size=n, max_size=n, unique=True)) for n in shape
    )
    adata = anndata.AnnData(X, obs=pd.DataFrame(index=obs_names), var=pd.DataFrame(index=var_names))
    adata.obs["x"] = data.draw(
        st.lists(TEXT.map("x{}".format), min_size=shape[0], max_size=shape[0])
    )
    adata.obs["n"] = data.draw(
        hnp.arrays(
            np.int64,
            shape[0],
            elements=st.integers(-(2**63) + 1, 2**63 - 1).filter(lambda n: n != -666),
        )
    )
    adata.var["f"] = data.draw(
        hnp.arrays(float, shape[1], elements=st.floats(allow_nan=False).map(lambda x: x + 0.5))
    )
    path = tmp_path_factory.mktemp("gct") / "it.gct"
    write_gct(adata, path)
    found = read_gct(path, dtype=dtype)
    np.testing.assert_array_equal(found.X.view(f"i{X.itemsize}"), X.view(f"i{X.itemsize}"))
    assert list(found.obs_names) == obs_names
    assert list(found.var_names) == var_names
    assert found.obs["x"].tolist() == adata.obs["x"].tolist()
    assert found.obs["n"].tolist() == adata.obs["n"].tolist()
    np.testing.assert_array_equal(found.var["f"].astype(float), adata.var["f"])


def test_old_files_stay_when_writing_fails(compendium, tmp_path):
    path = tmp_path / "it.gct"
    path.write_text("old")
    compendium.obs["when"] = pd.Timestamp("2020-01-01")
    with pytest.raises(TypeError, match=r"'when' holds Timestamp, such as '2020-01-01.*astype"):
        write_gct(compendium, path)
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["it.gct"]


def test_what_cannot_be_written(compendium, tmp_path):
    path = tmp_path / "it.gct"

    def refuse(adata, match, error=ValueError, **options):
        with pytest.raises(error, match=match):
            write_gct(adata, path, **options)
        assert not path.exists()

    refuse(compendium.to_df(), "adata must be an AnnData.*got DataFrame", TypeError)
    refuse(compendium[:0], "0 samples and 3 genes: there is nothing")
    refuse(compendium, "version must be '1.2' or '1.3', got '2'", version="2")
    refuse(compendium, "description='it' is no column", version="1.2", description="it")
    for what in ("obs_names", "var_names"):
        for name, match in [("a\tb", r"holds a tab"), ("a\nb", r"'a\\nb'"), ("", "an empty name")]:
            other = compendium.copy()
            names = list(getattr(other, what))
            setattr(other, what, [name, *names[1:]])
            refuse(other, rf"adata\.{what} has .*{match}")
            setattr(other, what, [names[1], *names[1:]])
            refuse(other, rf"adata\.{what} has '{names[1]}' more than once")
    for frame in ("obs", "var"):
        other = compendium.copy()
        getattr(other, frame)["it"] = "a\tb"
        refuse(other, rf"adata\.{frame}\['it'\] has 'a\\tb', which holds a tab")
        other = compendium.copy()
        getattr(other, frame)["a\tb"] = 1
        refuse(other, rf"adata\.{frame} has 'a\\tb', which holds a tab")
        other = compendium.copy()
        getattr(other, frame)["it"] = [1, *["b"] * (other.n_obs if frame == "obs" else 3)][
            : len(getattr(other, frame))
        ]
        refuse(other, "'it' holds int, such as '1'", TypeError)
    refuse(anndata.AnnData(compendium.X > 0), "must hold numbers, not bool", TypeError)
    backed = tmp_path / "it.h5ad"
    compendium.write_h5ad(backed)
    backed = anndata.read_h5ad(backed, backed="r")
    refuse(backed, "read from disk")
    backed.file.close()
