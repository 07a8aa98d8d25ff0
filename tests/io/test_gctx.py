"""GCTX: what is written comes back, whole or in part; what is broken or hostile is refused."""

import os
import tracemalloc

import anndata
import h5py
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from skgenes.io import FileFormatError, read_gctx, write_gctx
from skgenes.io._positions import pieces_of

MATRIX, COL, ROW = "0/DATA/0/matrix", "0/META/COL", "0/META/ROW"


def write_by_hand(path, X=None, version=b"GCTX1.0", **storage):
    """Write what the format says, with h5py alone."""
    X = np.arange(6, dtype=np.float32).reshape(2, 3) if X is None else X
    with h5py.File(path, "w") as file:
        file.attrs["version"] = np.bytes_(version) if isinstance(version, bytes) else version
        file.create_dataset(MATRIX, data=X, **storage)
        file[f"{COL}/id"] = np.array([b"S1", b"S2"])
        file[f"{ROW}/id"] = np.array([b"A", b"B", b"C"])
    return path


@pytest.fixture
def changed(tmp_path):
    """Path of a file, written by hand and then changed."""

    def make(change):
        path = write_by_hand(tmp_path / "it.gctx")
        with h5py.File(path, "r+") as file:
            change(file)
        return path

    return make


def refused(path, match):
    with pytest.raises(FileFormatError, match=match) as caught:
        read_gctx(path)
    assert str(path) in str(caught.value)


def replace(place, **dataset):
    def change(file):
        del file[place]
        file.create_dataset(place, **dataset)

    return change


def link(place, target):
    def change(file):
        del file[place]
        file[place] = target

    return change


# There and back -----------------------------------------------------------------------------------


@pytest.mark.parametrize("compression", [None, 4])
def test_everything_comes_back(compendium, compression, tmp_path, same):
    write_gctx(compendium, tmp_path / "it.gctx", compression=compression)
    found = read_gctx(tmp_path / "it.gctx")
    same(found, compendium)
    found.write_h5ad(tmp_path / "it.h5ad")
    same(anndata.read_h5ad(tmp_path / "it.h5ad"), found)
    first = (tmp_path / "it.gctx").read_bytes()
    write_gctx(found, tmp_path / "it.gctx", compression=compression)
    assert (tmp_path / "it.gctx").read_bytes() == first


def test_real_signatures_come_back(l1000, tmp_path, same):
    write_gctx(l1000, tmp_path / "it.gctx")
    same(read_gctx(tmp_path / "it.gctx"), l1000)
    part = read_gctx(
        tmp_path / "it.gctx", samples=l1000.obs_names[[200, 3, 77]], genes=["200814_at", -1]
    )
    same(part, l1000[[200, 3, 77], [list(l1000.var_names).index("200814_at"), 977]].copy())


def test_the_layout_is_that_of_gctx(compendium, tmp_path):
    write_gctx(compendium, tmp_path / "it.gctx")
    with h5py.File(tmp_path / "it.gctx") as file:
        assert file.attrs["version"] == b"GCTX1.0"
        assert file.attrs["src"] == "it.gctx"
        matrix = file["/0/DATA/0/matrix"]
        np.testing.assert_array_equal(matrix[...], compendium.X)
        assert matrix.dtype == np.float32
        assert matrix.compression is None
        assert file["/0/META/COL/id"][...].tolist() == [b"GSM1", b"GSM2", b"GSM3", b"GSM4"]
        assert file["/0/META/ROW/symbol"].dtype.kind == "S"
        assert file["/0/META/ROW/symbol"].asstr()[2] == "µ-opioid receptor"
        assert file["/0/META/COL/stage"][...].tolist() == [b"II", b"-666", b"IV", b"II"]
        assert file["/0/META/COL/age"].dtype == np.int64
        assert set(file["/0/META/COL"]) == {"id", *compendium.obs}


def test_text_that_padding_would_spoil(compendium, tmp_path, same):
    compendium.obs["blank"] = ["a ", "b", " c", "d  "]
    compendium.obs["long"] = ["é" * 3000, "", "x", "y"]
    write_gctx(compendium, tmp_path / "it.gctx")
    same(read_gctx(tmp_path / "it.gctx"), compendium)


@pytest.mark.parametrize("form", [sp.csr_matrix, sp.csc_matrix, np.asfortranarray])
def test_forms_of_the_matrix(form, tmp_path):
    X = np.random.default_rng(0).poisson(1.0, size=(600, 5)).astype(np.float32)
    adata = anndata.AnnData(np.zeros_like(X), layers={"it": form(X)})
    write_gctx(adata, tmp_path / "it.gctx", layer="it")
    np.testing.assert_array_equal(read_gctx(tmp_path / "it.gctx").X, X)


@pytest.mark.parametrize(
    ("stored", "read"),
    [
        ("<f4", "f4"),
        (">f4", "f4"),
        ("<f2", "f4"),
        ("<f8", "f8"),
        (">f8", "f8"),
        ("i2", "f4"),
        ("u1", "f4"),
        ("i4", "f8"),
        ("u8", "f8"),
    ],
)
def test_types_of_the_matrix(stored, read, tmp_path):
    X = np.array([[0, 1, 2], [3, 200 % 128, 100]]).astype(stored)
    path = write_by_hand(tmp_path / "it.gctx", X)
    found = read_gctx(path).X
    assert found.dtype == np.dtype(read)
    np.testing.assert_array_equal(found, X)
    assert read_gctx(path, dtype=np.float32).X.dtype == np.float32
    np.testing.assert_array_equal(read_gctx(path, samples=[1], genes=[2, 0]).X, X[[1]][:, [2, 0]])
    with pytest.raises(ValueError, match="dtype must be float32 or float64, got 'i4'"):
        read_gctx(path, dtype="i4")


@pytest.mark.parametrize("version", ["GCTX1.0", b"GCTX1.0", np.array([b"GCTX1.0"])])
def test_forms_of_the_version(version, tmp_path):
    assert read_gctx(write_by_hand(tmp_path / "it.gctx", version=version)).shape == (2, 3)


def test_metadata_as_other_tools_write_them(changed):
    def change(file):
        padded = h5py.h5t.C_S1.copy()
        padded.set_size(12)
        padded.set_strpad(h5py.h5t.STR_SPACEPAD)
        space = h5py.h5s.create_simple((2,))
        dataset = h5py.h5d.create(file[COL].id, b"padded", padded, space)
        dataset.write(h5py.h5s.ALL, h5py.h5s.ALL, np.array([b"MCF7", b"A549"], "S12"))
        file[f"{COL}/blanks"] = np.array([b"MCF7   ", b"-666"])
        file.create_dataset(f"{COL}/variable", data=["10 µM", "-666"], dtype=h5py.string_dtype())
        file[f"{COL}/number"] = np.array([-666, 3], ">i4")
        file[f"{COL}/float"] = np.array([-666.0, 0.5])
        file[f"{COL}/flag"] = np.array([True, False])
        del file[f"{ROW}/id"]
        file[f"{ROW}/id"] = np.array([5720, 466, 6009])

    adata = read_gctx(changed(change))
    assert list(adata.var_names) == ["5720", "466", "6009"]
    assert adata.obs["padded"].tolist() == ["MCF7", "A549"]
    assert adata.obs["blanks"].tolist() == ["MCF7", np.nan]
    assert adata.obs["variable"].tolist() == ["10 µM", np.nan]
    np.testing.assert_array_equal(adata.obs["number"], [np.nan, 3])
    np.testing.assert_array_equal(adata.obs["float"], [np.nan, 0.5])
    assert adata.obs["flag"].tolist() == [True, False]
    kept = read_gctx(changed(change), na_values=())
    assert kept.obs["number"].tolist() == [-666, 3]
    assert kept.obs["blanks"].tolist() == ["MCF7", "-666"]


def test_other_encodings(changed):
    path = changed(replace(f"{COL}/id", data=np.array(["10 µM".encode("latin-1"), b"S2"])))
    refused(path, r"/0/META/COL/id: expected text encoded as utf-8, found the byte 0xb5.*latin-1")
    assert read_gctx(path, encoding="latin-1").obs_names[0] == "10 µM"


# Parts --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["ours", "contiguous", "small chunks", "gzipped"])
def large(request, tmp_path_factory):
    X = np.random.default_rng(1).normal(size=(700, 2300)).astype(np.float32)
    path = tmp_path_factory.mktemp("gctx") / "it.gctx"
    adata = anndata.AnnData(X)
    if request.param == "ours":
        write_gctx(adata, path)
    else:
        options = {
            "contiguous": {},
            "small chunks": {"chunks": (13, 17)},
            "gzipped": {"chunks": (100, 262), "compression": "gzip"},
        }[request.param]
        with h5py.File(path, "w") as file:
            file.attrs["version"] = "GCTX1.0"
            file.create_dataset(MATRIX, data=X, **options)
            file[f"{COL}/id"] = adata.obs_names.to_numpy().astype("S")
            file[f"{ROW}/id"] = adata.var_names.to_numpy().astype("S")
    return path, X


def subset(size):
    indices = st.lists(st.integers(-size, size - 1), min_size=1, max_size=60)
    return st.one_of(
        st.none(),
        st.slices(size).filter(lambda s: len(range(*s.indices(size)))),
        indices.map(lambda some: list(dict.fromkeys(i % size for i in some))),
        indices.map(lambda some: list(dict.fromkeys(str(i % size) for i in some))),
        indices.map(lambda some: np.isin(np.arange(size), some)).filter(np.any),
    )


@given(samples=subset(700), genes=subset(2300), at_once=st.sampled_from([2**26, 2**12, 1]))
@settings(max_examples=25)
def test_parts_are_what_indexing_gives(large, samples, genes, at_once):
    path, X = large
    expected = X
    for axis, wanted in enumerate((samples, genes)):
        if isinstance(wanted, list):
            wanted = [int(entry) for entry in wanted]
        if wanted is not None:
            expected = expected[wanted] if axis == 0 else expected[:, wanted]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("skgenes.io._gctx._BYTES_AT_ONCE", at_once)
        found = read_gctx(path, samples=samples, genes=genes)
    np.testing.assert_array_equal(found.X, expected)


def test_metadata_of_parts(compendium, tmp_path):
    write_gctx(compendium, tmp_path / "it.gctx")
    found = read_gctx(tmp_path / "it.gctx", samples=["GSM4", "GSM1"], genes="ENSG02.1")
    assert list(found.obs_names) == ["GSM4", "GSM1"]
    assert found.obs["age"].tolist() == [33, 50]
    assert found.var["symbol"].tolist() == ["MYC"]
    assert read_gctx(tmp_path / "it.gctx", samples=2).obs_names.tolist() == ["GSM3"]


@pytest.mark.parametrize(
    ("wanted", "error", "match"),
    [
        (["GSM9", "S1"], ValueError, r"it has 1 that are not among the 2 .*'GSM9'.*example, 'S1'"),
        ([2], ValueError, r"it has 1 that are not among the 2 of the file: 2"),
        (-3, ValueError, r"not among the 2 of the file: -3"),
        (["S1", 0], ValueError, r"it asks more than once for 'S1'"),
        ([], ValueError, r"it asks for none of the 2"),
        (slice(2, None), ValueError, r"it asks for none of the 2"),
        ([False] * 2, ValueError, r"it asks for none of the 2"),
        ([True] * 3, ValueError, r"it is a mask of length 3; there are 2"),
        ([1.0], TypeError, r"it takes names or indices, got 1.0"),
        ([True, 1], TypeError, r"it takes names or indices, got True"),
    ],
)
def test_parts_that_are_not_there(wanted, error, match, tmp_path):
    path = write_by_hand(tmp_path / "it.gctx")
    with pytest.raises(error, match=match.replace("it", "samples", 1)):
        read_gctx(path, samples=wanted)
    X = np.ones((3, 2), np.float32)
    names = pd.DataFrame(index=["S1", "S2"])
    write_gctx(anndata.AnnData(X, var=names), path)
    with pytest.raises(error, match=match.replace("it", "genes", 1)):
        read_gctx(path, genes=wanted)


@given(
    st.lists(st.integers(0, 300), min_size=1, unique=True), st.integers(1, 40), st.integers(1, 200)
)
def test_pieces_cover_all_positions_in_short_stretches(positions, unit, most):
    positions = np.sort(positions)
    pieces = pieces_of(positions, unit, most)
    np.testing.assert_array_equal(np.concatenate([positions[p] for p in pieces]), positions)
    for piece in pieces:
        part = positions[piece]
        assert part[-1] - part[0] < max(unit, most)
        assert (np.diff(part // unit) <= 1).all()
    # No chunk is read twice.
    units = [set((positions[p] // unit).tolist()) for p in pieces]
    assert sum(map(len, units)) == len(set().union(*units))


def test_the_matrix_is_read_without_a_second_copy(tmp_path):
    X = np.ones((4000, 2000), np.float32)
    write_gctx(anndata.AnnData(X), tmp_path / "it.gctx")
    wanted = np.random.default_rng(0).permutation(2000)[:100]
    for options, size in (({}, X.nbytes), ({"genes": wanted}, X.nbytes / 20 + 2**26)):
        tracemalloc.start()
        try:
            read_gctx(tmp_path / "it.gctx", **options)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak < size + 6 * 2**20


# Broken files -------------------------------------------------------------------------------------


def delete(place):
    return lambda file: file.__delitem__(place)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (delete("0"), r"/0: expected what GCTX 1.0 has there, found nothing"),
        (delete(MATRIX), r"/0/DATA/0/matrix: expected what GCTX.*found nothing"),
        (delete(COL), r"/0/META/COL: .*found nothing"),
        (delete(f"{ROW}/id"), r"/0/META/ROW/id: .*found nothing"),
        (replace("0/DATA", data=[1]), r"/0/DATA: expected a group, found Dataset"),
        (replace(MATRIX, data=np.ones(6)), r"matrix: expected at least one sample and.*shape \(6,"),
        (replace(MATRIX, data=np.ones((2, 3, 1))), r"at least one sample and gene, found shape"),
        (replace(MATRIX, data=np.ones((0, 3))), r"found shape \(0, 3\)"),
        (replace(MATRIX, data=np.ones((2, 3)) * 1j), r"expected numbers of 8 bytes at most"),
        (replace(MATRIX, data=np.full((2, 3), b"a")), r"expected numbers.*found \|S1"),
        (replace(MATRIX, data=np.ones((2, 3), bool)), r"expected numbers.*found bool"),
        (replace(MATRIX, data=np.ones((2, 3), np.longdouble)), r"expected numbers.*found float128"),
        (
            replace(MATRIX, data=np.ones((2, 4))),
            r"/0/META/ROW/id: expected 4 values, found.*\(3,\)",
        ),
        (
            replace(MATRIX, data=np.ones((3, 3))),
            r"/0/META/COL/id: expected 3 values, found.*\(2,\)",
        ),
        (replace(MATRIX, shape=(2, 3), chunks=(1, 3)), r"expected 2 chunks of values, found 0"),
        (replace(MATRIX, shape=(2, 3)), r"expected 24 bytes of values, found 0"),
        (replace(MATRIX, shape=(2**40, 2**40), chunks=(1, 3)), r"chunks of values, found 0"),
        (replace(f"{COL}/id", data=[b"S1", b"S1"]), r"expected 'S1' once, found it at.*0 and 1"),
        (
            replace(f"{COL}/id", data=[b"S1", b""]),
            r"/0/META/COL/id: expected names, found an empty",
        ),
        (replace(f"{COL}/id", data=[0.5, 1]), r"/0/META/COL/id: expected names, found.*float64"),
        (replace(f"{COL}/id", data=[[b"S1"], [b"S2"]]), r"expected 2 values, found shape \(2, 1\)"),
        (
            lambda f: f.create_dataset(f"{ROW}/x", data=[1, 2]),
            r"ROW/x: expected 3 values, .*\(2,\)",
        ),
        (lambda f: f.create_dataset(f"{ROW}/x", data=1), r"ROW/x: expected 3 values, found.*\(\)"),
        (lambda f: f.create_group(f"{ROW}/x"), r"/0/META/ROW/x: expected a dataset, found a Group"),
        (
            lambda f: f.create_dataset(f"{ROW}/x", data=np.ones(3, "c8")),
            r"ROW/x: expected numbers or text, found the type complex64",
        ),
        (
            lambda f: f.create_dataset(f"{ROW}/x", data=np.zeros(3, [("a", "i4")])),
            r"ROW/x: expected numbers or text",
        ),
        (
            lambda f: f.create_dataset(f"{ROW}/x", (3,), h5py.ref_dtype),
            r"ROW/x: expected numbers or text",
        ),
        (
            lambda f: f.create_dataset(f"{ROW}/x", (3,), h5py.vlen_dtype(np.int32)),
            r"ROW/x: expected numbers or text",
        ),
        (
            lambda f: f.__setitem__(f"{ROW}/x", np.dtype("f4")),
            r"ROW/x: expected a dataset, found a Datatype",
        ),
        (lambda f: f.attrs.__delitem__("version"), r"'version': expected 'GCTX1.0', found None"),
        (lambda f: f.attrs.__setitem__("version", "GCTX2.0"), r"expected 'GCTX1.0', found 'GCTX2"),
        (
            lambda f: f.attrs.__setitem__("version", 1.0),
            r"expected 'GCTX1.0', found 1.0|np.float64",
        ),
    ],
)
def test_broken_files(changed, change, match):
    refused(changed(change), match)


def test_files_that_are_cut_or_of_another_kind(compendium, tmp_path):
    path = tmp_path / "it.gctx"
    write_gctx(compendium, path)
    data = path.read_bytes()
    for content in (data[: len(data) // 2], data[:-1], data[:100], b"", b"#1.3\n2\t2\t0\t0\n"):
        path.write_bytes(content)
        refused(
            path, r"expected an HDF5 file as its writer left it, found one that is cut, damaged"
        )
    with pytest.raises(FileNotFoundError):
        read_gctx(tmp_path / "none.gctx")


def test_damaged_chunks(tmp_path):
    path = tmp_path / "it.gctx"
    write_gctx(anndata.AnnData(np.ones((300, 2000), np.float32)), path, compression=4)
    with h5py.File(path) as file:
        chunk = file[MATRIX].id.get_chunk_info(0)
    data = bytearray(path.read_bytes())
    data[chunk.byte_offset + 5 : chunk.byte_offset + 40] = bytes(35)
    path.write_bytes(data)
    refused(path, r"damaged or of another kind")


# Hostile files ------------------------------------------------------------------------------------


@pytest.fixture
def secret(tmp_path):
    """File beside the one that is read, in which nothing may be looked at."""
    return write_by_hand(tmp_path / "secret.h5")


PLACES = ["0", "0/DATA", MATRIX, COL, f"{COL}/id", f"{ROW}/id"]


@pytest.mark.parametrize("place", PLACES)
def test_external_links(changed, secret, place):
    path = changed(link(place, h5py.ExternalLink(os.fspath(secret), f"/{place}")))
    refused(path, rf"/{place}: expected a part of this file, found a link.*ExternalLink")


@pytest.mark.parametrize("place", PLACES)
def test_symbolic_links(changed, secret, place):
    def change(file):
        file["outside"] = h5py.ExternalLink(os.fspath(secret), "/")
        link(place, h5py.SoftLink(f"/outside/{place}"))(file)

    refused(changed(change), rf"/{place}: expected a part of this file, found a link.*SoftLink")


def test_links_in_further_fields(changed, secret):
    def change(file):
        file[f"{COL}/x"] = h5py.ExternalLink(os.fspath(secret), f"/{COL}/id")

    refused(changed(change), r"/0/META/COL/x: .*found a link to elsewhere \(ExternalLink\)")


def test_virtual_datasets(changed, secret):
    def change(file):
        layout = h5py.VirtualLayout((2, 3), np.float32)
        layout[...] = h5py.VirtualSource(os.fspath(secret), MATRIX, (2, 3))
        del file[MATRIX]
        file.create_virtual_dataset(MATRIX, layout)

    refused(changed(change), r"matrix: expected values in this file, found a virtual dataset")


@pytest.mark.parametrize("place", [MATRIX, f"{COL}/id"])
def test_values_in_other_files(changed, tmp_path, place):
    (tmp_path / "passwords").write_bytes(b"root:x:0:0 and so on, further")
    shape, dtype = ((2, 3), "f4") if place == MATRIX else ((2,), "S4")
    external = [(os.fspath(tmp_path / "passwords"), 0, 24)]
    path = changed(replace(place, shape=shape, dtype=dtype, external=external))
    refused(path, rf"/{place}: expected values in this file, found values in '.*passwords'")


# Writing ------------------------------------------------------------------------------------------


def test_old_files_stay_when_writing_fails(compendium, tmp_path, monkeypatch):
    path = tmp_path / "it.gctx"
    path.write_text("old")

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr("skgenes.io._write_gctx._write_field", fail)
    with pytest.raises(OSError, match="disk full"):
        write_gctx(compendium, path)
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["it.gctx"]


def test_what_cannot_be_written(compendium, tmp_path):
    def refuse(adata, match, error=ValueError, **options):
        with pytest.raises(error, match=match):
            write_gctx(adata, tmp_path / "it.gctx", **options)
        assert not list(tmp_path.iterdir())

    refuse(compendium.X, "adata must be an AnnData.*got ndarray", TypeError)
    refuse(compendium[:, :0], "4 samples and 0 genes")
    refuse(anndata.AnnData(compendium.X > 0), "must hold numbers, not bool", TypeError)
    for level in (0, 10, "gzip"):
        refuse(compendium, "compression must be None or from 1 to 9", compression=level)
    for name in ("a/b", ".", "a\0b"):
        other = compendium.copy()
        other.obs[name] = 1
        refuse(other, "adata.obs has a column .* which HDF5 cannot name")
    other.obs = other.obs.rename(columns={"a\0b": ""})
    refuse(other, "adata.obs has columns without a name of their own")
    other = compendium.copy()
    other.var["id"] = [1, 2, 3]
    refuse(other, "adata.var has a column 'id' that differs from the names")
    other.var["id"] = list(other.var_names)
    other.obs["x"] = "a\0b"
    refuse(other, "adata.obs has a NUL byte in 'x'")
    other.obs["x"] = [pd.Timestamp(0)] * 4
    refuse(other, "'x' holds Timestamp", TypeError)


def test_names_kept_twice_are_written_once(compendium, tmp_path, same):
    other = compendium.copy()
    other.var["id"] = list(other.var_names)
    write_gctx(other, tmp_path / "it.gctx")
    same(read_gctx(tmp_path / "it.gctx"), compendium)
