"""Writing GCTX."""

import os

import numpy as np
import scipy.sparse as sp

from skgenes.io._gctx import GENES, MATRIX, SAMPLES, VERSION
from skgenes.io._metadata import as_plain, column_names
from skgenes.io._text import check_anndata
from skgenes.utils import matrix_of, write_atomically

_MISSING = "-666"
# Samples x genes of the largest chunk: 1 MiB of float32, as much as HDF5 keeps at hand.
_LARGEST_CHUNK = (256, 1024)
# Text is padded to the longest, which tools in R and Python expect, unless that is longer.
_LONGEST_PADDED = 1000


def write_gctx(adata, path, *, layer=None, compression=None):
    """Write an AnnData as GCTX 1.0.

    Parameters
    ----------
    adata : AnnData of shape (n_samples, n_genes)
        Expression, dense or sparse.
    path : str or path-like
        Where to write. What was there stays until all is written.
    layer : str or None, default=None
        Layer to write; None writes ``adata.X``.
    compression : int or None, default=None
        Level of gzip from 1 to 9 for the matrix. None does not compress: expression in float32
        shrinks little and is read several times slower.

    Raises
    ------
    ValueError
        If names occur twice or are empty, or HDF5 cannot hold the name of a column.
    TypeError
        If `adata` is no AnnData, or a column holds something other than numbers, truth values or
        text.

    Notes
    -----
    The matrix is stored with samples in rows, in the type it has, in chunks of up to 256 samples x
    1,024 genes, so that a part of either kind is read fast. Sparse matrices become dense, a chunk
    of samples at a time. Missing text becomes -666, the Connectivity Map's sign, which `read_gctx`
    reads as missing.

    Examples
    --------
    >>> import os, tempfile
    >>> import anndata as ad
    >>> import numpy as np
    >>> from skgenes.io import read_gctx, write_gctx
    >>> adata = ad.AnnData(np.float32([[1, 2], [3, 4]]))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "two.gctx")
    ...     write_gctx(adata, path, compression=6)
    ...     read_gctx(path).shape
    (2, 2)
    """
    check_anndata(adata)
    if compression is not None and compression not in range(1, 10):
        raise ValueError(f"compression must be None or from 1 to 9, got {compression!r}.")
    X = matrix_of(adata, layer)
    if X.dtype.kind not in "iuf" or X.dtype.itemsize > 8:
        raise TypeError(f"The matrix must hold numbers, not {X.dtype}. Convert it with .astype.")
    fields = {
        SAMPLES: _fields(adata.obs, adata.obs_names, "obs"),
        GENES: _fields(adata.var, adata.var_names, "var"),
    }
    source = os.path.basename(os.fsdecode(path))
    write_atomically(path, lambda file: _write(file, X, fields, source, compression))


def _fields(frame, names, what):
    names = names.to_numpy(dtype=object)
    fields = {"id": names}
    for name, column in zip(column_names(frame, f"adata.{what}"), frame.columns, strict=True):
        if name == "." or "/" in name or "\0" in name:
            raise ValueError(
                f"adata.{what} has a column {name!r}, which HDF5 cannot name. Rename it."
            )
        values = as_plain(frame[column], _MISSING)
        if name == "id" and not np.array_equal(values, names):
            raise ValueError(
                f"adata.{what} has a column 'id' that differs from the names; GCTX keeps the names "
                "there. Rename it."
            )
        fields[name] = values
    for name, values in fields.items():
        if values.dtype == object and any("\0" in text for text in values):
            raise ValueError(f"adata.{what} has a NUL byte in {name!r}, which HDF5 cuts text at.")
    return fields


def _write(file, X, fields, source, compression):
    import h5py

    with h5py.File(file, "w") as target:
        target.attrs["version"] = np.bytes_(VERSION)
        target.attrs["src"] = source
        _write_matrix(target, X, compression)
        for place, columns in fields.items():
            group = _ordered_group(target, place)
            for name, values in columns.items():
                _write_field(group, name, values)


def _ordered_group(target, place):
    """Make a group which keeps the order of its columns, but no time: equal data, equal bytes."""
    import h5py

    creation, links = h5py.h5p.create(h5py.h5p.GROUP_CREATE), h5py.h5p.create(h5py.h5p.LINK_CREATE)
    creation.set_link_creation_order(h5py.h5p.CRT_ORDER_TRACKED | h5py.h5p.CRT_ORDER_INDEXED)
    creation.set_obj_track_times(False)
    links.set_create_intermediate_group(True)
    return h5py.Group(h5py.h5g.create(target.id, place.encode(), links, creation))


def _write_matrix(target, X, compression):
    # As many chunks as needed, all alike: little is stored beyond the edge.
    chunk = tuple(-(-n // -(-n // most)) for n, most in zip(X.shape, _LARGEST_CHUNK, strict=True))
    matrix = target.create_dataset(
        f"{MATRIX}/matrix",
        shape=X.shape,
        dtype=X.dtype,
        chunks=chunk,
        compression=compression,
        shuffle=compression is not None,
    )
    X = sp.csr_array(X) if sp.issparse(X) else X
    for start in range(0, X.shape[0], chunk[0]):
        rows = X[start : start + chunk[0]]
        matrix[start : start + chunk[0]] = rows.toarray() if sp.issparse(rows) else rows


def _write_field(group, name, values):
    if values.dtype != object:
        group.create_dataset(name, data=values, compression="gzip")
        return
    import h5py

    texts = [text.encode() for text in values]
    longest = max(map(len, texts))
    padded = longest <= _LONGEST_PADDED and not any(text.endswith(b" ") for text in texts)
    cset = "ascii" if all(text.isascii() for text in texts) else "utf-8"
    dtype = h5py.string_dtype(cset, length=max(1, longest) if padded else None)
    group.create_dataset(name, data=np.array(texts, dtype=dtype), compression="gzip")
