"""What the functions read from an AnnData, checked."""

import numpy as np
import pandas as pd
import scipy.sparse as sp

from skgenes.utils import check_anndata, check_expression, matrix_of
from skgenes.utils._messages import listed


def expression_of(adata, layer=None, genes=None, *, what="adata"):
    """Numbers and names of an AnnData, or of some of its genes.

    Parameters
    ----------
    adata : AnnData of shape (n_obs, n_vars)
        Cells.
    layer : str or None, default=None
        Layer to read; None reads ``adata.X``.
    genes : ndarray of bool of shape (n_vars,) or None, default=None
        Which genes to read; None reads all of them.
    what : str, default="adata"
        What the AnnData is called, for error messages.

    Returns
    -------
    matrix : ndarray or csr_array of shape (n_obs, n_genes), float64 or float32
        The numbers. A float matrix of all genes is not copied.
    names : ndarray of str of shape (n_genes,)
        The genes.
    """
    check_anndata(adata, what)
    matrix, names = matrix_of(adata, layer), adata.var_names.to_numpy(dtype=object)
    if genes is not None and not genes.all():
        matrix, names = matrix[:, genes], names[genes]
    where = f"{what}.X" if layer is None else f"{what}.layers[{layer!r}]"
    # Views come in array types of anndata's own, which warn when they are written to.
    matrix = matrix if sp.issparse(matrix) else np.asarray(matrix)
    return check_expression(matrix, names, what=where), names


def genes_in_mask(adata, mask_var):
    """Turn ``mask_var``, a column of ``adata.var`` or an array, into ndarray of bool (n_vars,)."""
    if mask_var is None:
        return np.ones(adata.n_vars, dtype=bool)
    if isinstance(mask_var, str):
        mask = flags_of(adata, mask_var, what="mask_var")
    else:
        mask = np.asarray(mask_var)
        if mask.dtype != bool or mask.shape != (adata.n_vars,):
            raise ValueError(
                f"mask_var must be a column of adata.var or an array of {adata.n_vars} bool, one "
                f"per gene, got an array of shape {mask.shape} and dtype {mask.dtype}."
            )
    if not mask.any():
        raise ValueError(f"mask_var={_shown(mask_var)} leaves none of {adata.n_vars} genes.")
    return mask


def flags_of(adata, column, *, what, name="adata", remedy=""):
    """Read a column of ``adata.var`` as ndarray of bool of shape (n_vars,)."""
    if column not in adata.var:
        known = listed(c for c in adata.var if pd.api.types.is_bool_dtype(adata.var[c].dtype))
        raise ValueError(
            f"{what}={column!r} is not a column of {name}.var; its columns of bool are: "
            f"{known or 'none'}.{remedy}"
        )
    flags = adata.var[column]
    if not pd.api.types.is_bool_dtype(flags.dtype) or flags.isna().any():
        raise ValueError(
            f"{what}={column!r} must be a column of True and False, but {name}.var[{column!r}] has "
            f"dtype {flags.dtype} and {int(flags.isna().sum())} missing value(s)."
        )
    return flags.to_numpy(dtype=bool)


def panel_of(adata, key, *, name="adata"):
    """Read the flags of landmark genes, which must be some of the genes but not all."""
    remedy = " Run skgenes.tl.landmark_genes first, or flag the genes of your panel yourself."
    panel = flags_of(adata, key, what="key", name=name, remedy=remedy)
    if panel.all() or not panel.any():
        which = "all genes" if panel.any() else "no gene"
        raise ValueError(
            f"{name}.var[{key!r}] flags {which} of {len(panel)}: there must be some measured and "
            "some to infer."
        )
    return panel


def _shown(mask_var):
    return repr(mask_var) if isinstance(mask_var, str) else "array"
