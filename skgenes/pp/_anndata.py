"""Care for the AnnData that functions are given."""

import warnings

from skgenes.utils import is_anndata


def check_anndata(adata):
    """Raise unless this is an AnnData."""
    if not is_anndata(adata):
        raise TypeError(
            f"adata must be an AnnData, got {type(adata).__name__}. For arrays and frames use the "
            "estimators of skgenes.preprocessing."
        )


def to_actual(adata):
    """Make a view an AnnData of its own, in place, as scanpy does."""
    if adata.is_view:
        warnings.warn(
            "adata is a view of another AnnData, and becomes a copy of its own to hold the "
            "results; the other one does not get them.",
            UserWarning,
            stacklevel=3,
        )
        adata._init_as_actual(adata.copy())
    return adata


def params_of(**params):
    """Leave out parameters that are None: h5ad files do not keep it."""
    return {name: value for name, value in params.items() if value is not None}
