"""GCTX: expression and metadata as HDF5, of which parts can be read."""

import numpy as np
import pandas as pd

from skgenes.io._hdf5 import check_stored, dataset_at, error_at, group_at, open_hdf5
from skgenes.io._metadata import missing_numbers, missing_texts, text_column
from skgenes.io._numbers import float_dtype
from skgenes.io._positions import pieces_of, positions_of

VERSION = "GCTX1.0"
MATRIX, SAMPLES, GENES = "/0/DATA/0", "/0/META/COL", "/0/META/ROW"

_BYTES_AT_ONCE = 2**26
# Where values are not in chunks, a gap is read over rather than skipped up to this length.
_BYTES_OF_GAP = 2**14


def read_gctx(path, *, samples=None, genes=None, dtype=None, na_values=("-666",), encoding="utf-8"):
    """Read a GCTX file, or some of its samples and genes.

    Parameters
    ----------
    path : str or path-like
        The file.
    samples, genes : None, slice, str, int, or sequence of str, int or bool, default=None
        What to read: names, indices or a mask. The result has it in the order given. None reads
        all.
    dtype : {float32, float64} or None, default=None
        What the matrix is read as; None keeps the file's precision.
    na_values : str or sequence of str, default=("-666",)
        What stands for a missing value in the metadata, as text or as a number.
    encoding : str, default="utf-8"
        Encoding of the text; older files may need "latin-1".

    Returns
    -------
    AnnData of shape (n_samples, n_genes)
        The matrix, dense. Metadata of genes are in ``.var``, those of samples in ``.obs``.

    Raises
    ------
    FileFormatError
        If the file is not HDF5, is cut, breaks the format, or refers to other files. The message
        names the place, what was expected and what was found.
    ValueError
        If `samples` or `genes` asks for something that is not in the file.

    Notes
    -----
    The matrix lies on disk with samples in rows and goes straight into the result, so that no
    second copy is made. Of a part, only the chunks that hold it are read, 64 MiB at a time.

    Links, virtual datasets and values in other files are refused, since a file could use them to
    read what it should not. So is a matrix of which parts were never written.

    References
    ----------
    Enache et al. (2019), Bioinformatics 35:1427, doi:10.1093/bioinformatics/bty784.

    Examples
    --------
    >>> import os, tempfile
    >>> import anndata as ad
    >>> import numpy as np
    >>> import pandas as pd
    >>> from skgenes.io import read_gctx, write_gctx
    >>> adata = ad.AnnData(
    ...     np.arange(6, dtype=np.float32).reshape(2, 3), var=pd.DataFrame(index=list("abc"))
    ... )
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "two.gctx")
    ...     write_gctx(adata, path)
    ...     read_gctx(path, genes=["c", "a"]).X
    array([[2., 0.],
           [5., 3.]], dtype=float32)
    """
    from anndata import AnnData

    with open_hdf5(path) as file:
        _check_version(file)
        matrix = _matrix(file)
        dtype = np.result_type(matrix.dtype, np.float32) if dtype is None else float_dtype(dtype)
        obs, sample_positions = _metadata(
            file, SAMPLES, matrix.shape[0], samples, "samples", na_values, encoding
        )
        var, gene_positions = _metadata(
            file, GENES, matrix.shape[1], genes, "genes", na_values, encoding
        )
        X = _values(matrix, sample_positions, gene_positions, dtype)
    return AnnData(X, obs=obs, var=var)


def _check_version(file):
    try:
        version = file.attrs.get("version")
    except (KeyError, TypeError, ValueError) as error:  # what h5py makes of damage here
        raise error_at(file, "attribute 'version'", repr(VERSION), f"damage ({error})") from error
    if isinstance(version, np.ndarray) and version.size == 1:
        version = version.item()
    version = version.decode("latin-1") if isinstance(version, bytes) else version
    if not isinstance(version, str) or version.rstrip("\0 ") != VERSION:
        raise error_at(file, "attribute 'version'", repr(VERSION), f"{version!r:.60}")


def _matrix(file):
    matrix = dataset_at(group_at(file, MATRIX), "matrix")
    if matrix.dtype.kind not in "fiu" or matrix.dtype.itemsize > 8:
        raise error_at(file, matrix.name, "numbers of 8 bytes at most", str(matrix.dtype))
    if matrix.ndim != 2 or 0 in matrix.shape:
        raise error_at(file, matrix.name, "at least one sample and gene", f"shape {matrix.shape}")
    check_stored(matrix)
    return matrix


def _metadata(file, place, length, wanted, what, na_values, encoding):
    """Frame of the metadata of the rows that are wanted, and where these are."""
    group = group_at(file, place)
    fields = {name: _field(group, name, length) for name in ("id", *(set(group) - {"id"}))}
    ids = _ids(fields.pop("id"), encoding)
    positions = positions_of(wanted, ids, what)
    rows = slice(None) if positions is None else positions
    missing = missing_texts(na_values)
    columns = {
        name: _column(fields[name], rows, missing, encoding) for name in group if name != "id"
    }
    return pd.DataFrame(columns, index=pd.Index(ids[rows], dtype=object).astype(str)), positions


def _field(group, name, length):
    field = dataset_at(group, name)
    if field.shape != (length,):
        raise error_at(group, field.name, f"{length} values", f"shape {field.shape}")
    if field.dtype.kind not in "biufS" and not _is_text(field):
        raise error_at(group, field.name, "numbers or text", f"the type {field.dtype}")
    return field


def _is_text(field):
    import h5py

    return h5py.check_string_dtype(field.dtype) is not None


def _ids(field, encoding):
    if _is_text(field):
        ids = _texts(field, encoding)
    elif field.dtype.kind in "iu":
        ids = field[...].astype(str).astype(object)
    else:
        raise error_at(field, field.name, "names", f"the type {field.dtype}")
    index = pd.Index(ids)
    if not index.is_unique:
        repeated = index[index.duplicated()][0]
        at = np.flatnonzero(ids == repeated)[:2]
        raise error_at(
            field, field.name, f"{repeated!r} once", f"it at positions {at[0]} and {at[1]}"
        )
    if "" in index:
        raise error_at(field, field.name, "names", "an empty one")
    return ids


def _texts(field, encoding):
    try:
        texts = field.asstr(encoding)[...].astype(object)
    except UnicodeDecodeError as error:
        raise error_at(
            field,
            field.name,
            f"text encoded as {encoding}",
            f"the byte 0x{error.object[error.start]:02x}. Pass another encoding, such as 'latin-1'",
        ) from None
    if field.dtype.kind == "S":  # padded with blanks by some writers
        texts = np.array([text.rstrip(" ") for text in texts], dtype=object)
    return texts


def _column(field, rows, missing, encoding):
    if _is_text(field):
        texts = _texts(field, encoding)[rows]
        return text_column(texts, np.fromiter((t in missing for t in texts), bool, len(texts)))
    values = field[...][rows]
    values = values.astype(values.dtype.newbyteorder("="))
    gaps = np.isin(values, list(missing_numbers(missing)))
    return np.where(gaps, np.nan, values) if values.dtype.kind != "b" and gaps.any() else values


def _values(matrix, samples, genes, dtype):
    if samples is None and genes is None:
        X = np.empty(matrix.shape, dtype)
        matrix.read_direct(X)
        return X
    samples = np.arange(matrix.shape[0]) if samples is None else samples
    genes = np.arange(matrix.shape[1]) if genes is None else genes
    return _part(matrix, samples, genes, dtype)


def _part(matrix, samples, genes, dtype):
    X = np.empty((len(samples), len(genes)), dtype)
    row_order, column_order = np.argsort(samples), np.argsort(genes)
    rows, columns = samples[row_order], genes[column_order]
    row_unit, column_unit = matrix.chunks or _units(matrix)
    for column_piece in pieces_of(columns, column_unit, matrix.shape[1]):
        first, last = columns[column_piece][[0, -1]]
        most = _BYTES_AT_ONCE // ((last - first + 1) * matrix.dtype.itemsize)
        for piece in pieces_of(rows, row_unit, most):
            top, bottom = rows[piece][[0, -1]]
            block = matrix[top : bottom + 1, first : last + 1]
            block = block[np.ix_(rows[piece] - top, columns[column_piece] - first)]
            X[np.ix_(row_order[piece], column_order[column_piece])] = block
    return X


def _units(matrix):
    row = matrix.shape[1] * matrix.dtype.itemsize
    return max(1, _BYTES_OF_GAP // row), max(1, _BYTES_OF_GAP // matrix.dtype.itemsize)
