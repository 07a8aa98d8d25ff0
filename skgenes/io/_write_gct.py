"""Writing GCT."""

import numpy as np
import scipy.sparse as sp

from skgenes.io._metadata import as_texts, column_names
from skgenes.io._text import check_anndata, check_cells, write_text
from skgenes.utils import matrix_of

_MISSING = "NA"
_GENES_AT_ONCE = 64


def write_gct(adata, path, *, version="1.3", layer=None, description=None):
    """Write an AnnData as GCT, gzipped if the name ends in ``.gz``.

    Parameters
    ----------
    adata : AnnData of shape (n_samples, n_genes)
        Expression, dense or sparse.
    path : str or path-like
        Where to write. What was there stays until all is written.
    version : {"1.3", "1.2"}, default="1.3"
        1.3 keeps ``.var`` and ``.obs``. 1.2 keeps the names and one column of ``.var``, for
        software that knows no other.
    layer : str or None, default=None
        Layer to write; None writes ``adata.X``.
    description : str or None, default=None
        Column of ``.var`` that becomes the description in version 1.2. None takes
        ``Description`` if there is one, else writes "na" for every gene.

    Raises
    ------
    ValueError
        If names occur twice, are empty or hold tabs or line ends, or there is no such column or
        layer.
    TypeError
        If `adata` is no AnnData, or a column holds something other than numbers, truth values or
        text.

    Notes
    -----
    Numbers are written with as few digits as bring them back bit for bit, read as the type that
    they have. Missing values become NaN in the matrix and NA in the metadata. Whether text looked
    like a number or was categorical is not kept.

    Examples
    --------
    >>> import os, tempfile
    >>> import anndata as ad
    >>> import numpy as np
    >>> from skgenes.io import read_gct, write_gct
    >>> adata = ad.AnnData(np.float32([[0.1, 2], [3, 4]]))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "two.gct.gz")
    ...     write_gct(adata, path)
    ...     same = read_gct(path)
    >>> bool((same.X == adata.X).all())
    True
    """
    if version not in ("1.2", "1.3"):
        raise ValueError(f"version must be '1.2' or '1.3', got {version!r}.")
    check_anndata(adata)
    X = matrix_of(adata, layer)
    if X.dtype.kind not in "iuf":
        raise TypeError(f"The matrix must hold numbers, not {X.dtype}. Convert it with .astype.")
    obs, var = _fields(adata.obs, "obs"), _fields(adata.var, "var")
    if version == "1.2":
        obs, var = {}, _description(adata, var, description)
    ids = {"obs_names": adata.obs_names, "var_names": adata.var_names, "obs": obs, "var": var}
    for what, cells in ids.items():
        check_cells(cells, f"adata.{what}")
    write_text(path, _pieces(adata, X, obs, var, version))


def _fields(frame, what):
    names = column_names(frame, f"adata.{what}")
    fields = {
        name: as_texts(frame[column], _MISSING)
        for name, column in zip(names, frame.columns, strict=True)
    }
    for name, cells in fields.items():
        check_cells(cells, f"adata.{what}[{name!r}]")
    return fields


def _description(adata, var, column):
    if column is None:
        return {"Description": var.get("Description", ["na"] * adata.n_vars)}
    if column not in var:
        raise ValueError(f"description={column!r} is no column of adata.var: {list(var)}.")
    return {"Description": var[column]}


def _pieces(adata, X, obs, var, version):
    sizes = [adata.n_vars, adata.n_obs]
    sizes += [len(var), len(obs)] if version == "1.3" else []
    first = "id" if version == "1.3" else "Name"
    yield f"#{version}\n"
    yield _line(map(str, sizes))
    yield _line([first, *var, *adata.obs_names])
    for name, cells in obs.items():
        yield _line([name, *["na"] * len(var), *cells])
    columns = [list(adata.var_names), *var.values()]
    genes = zip(*columns, strict=True)
    for names, values in zip(genes, _rows(X), strict=True):
        yield "\t".join(names) + "\t" + values + "\n"


def _line(cells):
    return "\t".join(cells) + "\n"


def _rows(X):
    """Yield the values of gene after gene as text."""
    X = sp.csc_array(X) if sp.issparse(X) else X
    for start in range(0, X.shape[1], _GENES_AT_ONCE):
        block = X[:, start : start + _GENES_AT_ONCE]
        block = block.toarray() if sp.issparse(block) else np.asarray(block)
        for row in np.ascontiguousarray(block.T):
            # The text of a NumPy float32 has the digits of a float32, that of a float more.
            values = row if row.dtype == np.float32 else row.tolist()
            yield "\t".join(map(str, values)).replace("nan", "NaN")
