"""AnnData objects, and what it means that one was left alone or kept by a file."""

import warnings
from collections.abc import Mapping
from importlib.util import find_spec

import anndata
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp


@pytest.fixture
def cells(expression, genes):
    """90 cells and 30 genes with donors, a mask of 20 genes and a sparse layer."""
    obs = pd.DataFrame(
        {"donor": np.repeat(["a", "b", "c"], 30)}, index=[f"cell{i}" for i in range(90)]
    )
    var = pd.DataFrame({"variable": np.arange(30) % 3 > 0}, index=pd.Index(genes))
    adata = anndata.AnnData(expression.copy(), obs=obs, var=var)
    adata.layers["double"] = sp.csr_matrix(2 * expression)
    adata.uns["kept"] = {"n": 1}
    return adata


@pytest.fixture
def flagged(cells):
    """Cells with a panel of eight genes."""
    cells.var["landmarks"] = np.arange(30) % 4 == 0
    return cells


@pytest.fixture(scope="session")
def pbmc():
    """The cells that come with scanpy, log-transformed: 700 x 765, sparse, float32."""
    scanpy = pytest.importorskip("scanpy")
    cells = scanpy.datasets.pbmc68k_reduced().raw.to_adata()
    del cells.uns["rank_genes_groups"]  # a structured array, which files change
    return cells


@pytest.fixture
def same():
    """Compare two AnnData objects, field by field and bit by bit."""
    return _assert_same


@pytest.fixture
def kept_by_file(tmp_path):
    """Write an AnnData to h5ad, and to zarr where it is installed; what is read is the same."""

    def check(adata):
        if find_spec("zarr"):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of zarr's own
                adata.write_zarr(tmp_path / "cells.zarr")
                _assert_same(anndata.read_zarr(tmp_path / "cells.zarr"), adata)
        adata.write_h5ad(tmp_path / "cells.h5ad")
        read = anndata.read_h5ad(tmp_path / "cells.h5ad")
        _assert_same(read, adata)
        return read

    return check


def _assert_same(left, right):
    assert list(left.obs_names) == list(right.obs_names)
    assert list(left.var_names) == list(right.var_names)
    for slot in ("obs", "var", "layers", "obsm", "varm", "uns"):
        _assert_equal(dict(getattr(left, slot)), dict(getattr(right, slot)), slot)
    _assert_equal(left.X, right.X, "X")


def _assert_equal(left, right, where):
    if isinstance(left, Mapping | pd.DataFrame):
        assert set(left) == set(right), where
        for name in left:
            _assert_equal(left[name], right[name], f"{where}/{name}")
        return
    left, right = (x.toarray() if sp.issparse(x) else np.asarray(x) for x in (left, right))
    if left.dtype.kind in "OUT":  # files turn strings of any kind into another
        left, right = (x.astype(object).astype(str) for x in (left, right))
    assert left.dtype == right.dtype, where
    np.testing.assert_array_equal(left, right, err_msg=where)
