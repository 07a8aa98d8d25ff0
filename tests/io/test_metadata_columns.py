"""Columns of obs and var of every dtype, through both formats."""

import anndata
import h5py
import numpy as np
import pandas as pd
import pytest

from skgenes.io import FileFormatError, read_gct, read_gctx, write_gct, write_gctx

FORMATS = {"it.gct": (write_gct, read_gct), "it.gctx": (write_gctx, read_gctx)}
every_format = pytest.mark.parametrize("name", FORMATS)


@every_format
@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (pd.array([1, 2, 3], dtype="Int64"), [1, 2, 3]),
        (pd.array([1, None, 3], dtype="Int64"), [1.0, np.nan, 3.0]),
        (pd.array([0.5, None, 3], dtype="Float64"), [0.5, np.nan, 3.0]),
        (pd.array([True, False, True], dtype="boolean"), [True, False, True]),
        (pd.array([True, None, False], dtype="boolean"), ["True", np.nan, "False"]),
        (pd.array(["a", None, "b"], dtype="string"), ["a", np.nan, "b"]),
        (pd.array([2**53 + 1, None, 3], dtype="Int64"), [str(2**53 + 1), np.nan, "3"]),
        (pd.array([2**64 - 1, 0, 3], dtype="UInt64"), [str(2**64 - 1), "0", "3"]),
        (np.array([1, 2, 3], dtype=object), [1, 2, 3]),
        (np.array([1, 2.5, 3], dtype=object), [1.0, 2.5, 3.0]),
        (pd.Categorical([3, 1, 3]), [3, 1, 3]),
        (np.float32([0.1, 1e-30, np.inf]), np.float32([0.1, 1e-30, np.inf]).tolist()),
        (np.uint8([1, 2, 255]), [1, 2, 255]),
        ([np.nan] * 3, [np.nan] * 3),
    ],
)
def test_dtypes(column, expected, name, tmp_path):
    write, read = FORMATS[name]
    obs = pd.DataFrame({"it": column}, index=list("abc"))
    write(anndata.AnnData(np.ones((3, 2), np.float32), obs=obs), tmp_path / name)
    adata = read(tmp_path / name)
    found = adata.obs["it"].tolist()
    if isinstance(column, np.ndarray) and column.dtype == np.float32:
        found = np.float32(found).tolist()
    assert [type(value) for value in found] == [type(value) for value in expected]
    assert list(map(str, found)) == list(map(str, expected))
    adata.write_h5ad(tmp_path / "it.h5ad")


@every_format
@pytest.mark.parametrize(
    ("value", "kind"), [(1j, "complex"), (pd.Timestamp(0), "Timestamp"), ((1, 2), "tuple")]
)
def test_dtypes_that_cannot_be_written(value, kind, name, tmp_path):
    write, _ = FORMATS[name]
    obs = pd.DataFrame({"it": pd.Series([value] * 2, dtype=object).to_numpy()}, index=list("ab"))
    with pytest.raises(TypeError, match=rf"Column 'it' holds {kind}, such as .*\.astype\(str\)"):
        write(anndata.AnnData(np.ones((2, 2)), obs=obs), tmp_path / name)
    assert not list(tmp_path.iterdir())


@every_format
def test_one_text_for_missing_values(name, tmp_path):
    write, read = FORMATS[name]
    obs = pd.DataFrame({"it": ["N", "A", "NA"]}, index=list("abc"))
    write(anndata.AnnData(np.ones((3, 2), np.float32), obs=obs), tmp_path / name)
    found = read(tmp_path / name, na_values="NA").obs["it"]
    assert found.isna().tolist() == [False, False, True]


@every_format
def test_columns_named_by_numbers(name, tmp_path):
    write, read = FORMATS[name]
    adata = anndata.AnnData(np.ones((2, 2), np.float32))
    adata.obs[5] = [1, 2]
    write(adata, tmp_path / name)
    assert read(tmp_path / name).obs["5"].tolist() == [1, 2]
    adata.obs["5"] = [3, 4]
    with pytest.raises(ValueError, match=r"adata.obs has columns without a name of their own"):
        write(adata, tmp_path / name)


@every_format
def test_columns_of_the_same_name(name, tmp_path):
    write, _ = FORMATS[name]
    adata = anndata.AnnData(np.ones((2, 2)), obs=pd.DataFrame({"a": [1, 2]}, index=list("xy")))
    adata.obs = pd.concat([adata.obs, adata.obs], axis=1)
    with pytest.raises(ValueError, match=r"adata.obs has columns without a name of their own"):
        write(adata, tmp_path / name)


def test_the_order_of_columns_is_kept(tmp_path):
    obs = pd.DataFrame({name: [1, 2] for name in "zayb"}, index=list("xy"))
    for name, (write, read) in FORMATS.items():
        write(anndata.AnnData(np.ones((2, 2)), obs=obs), tmp_path / name)
        assert list(read(tmp_path / name).obs) == list("zayb")


def test_damage_to_names_and_types_inside(tmp_path):
    path = tmp_path / "it.gctx"
    write_gctx(anndata.AnnData(np.ones((2, 2), np.float32)), path)
    with h5py.File(path, "r+") as file:
        file["0/META/COL/x"] = ["a", "b"]
        version = h5py.h5a.create(
            file.id, b"odd", h5py.h5t.NATIVE_B8, h5py.h5s.create(h5py.h5s.SCALAR)
        )
        del version
        del file.attrs["version"]
        h5py.h5a.rename(file.id, b"odd", b"version")
    with pytest.raises(FileFormatError, match=r"attribute 'version': expected 'GCTX1.0', found"):
        read_gctx(path)
