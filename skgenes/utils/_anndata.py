"""AnnData that functions of the scanpy way are given."""

import warnings

import pandas as pd

from skgenes.utils._messages import listed
from skgenes.utils._validation import is_anndata


def check_anndata(adata, what="adata", *, instead="the estimators of skgenes", unique_genes=True):
    """Raise unless this is an AnnData, by default one whose genes have names of their own.

    Parameters
    ----------
    adata : object
        What was given.
    what : str, default="adata"
        What it is called, for error messages.
    instead : str, default="the estimators of skgenes"
        What takes arrays and frames.
    unique_genes : bool, default=True
        Whether a gene name may occur only once.

    Raises
    ------
    TypeError
        If it is no AnnData.
    ValueError
        If a gene name occurs more than once and must not.

    Examples
    --------
    >>> import anndata as ad
    >>> import numpy as np
    >>> from skgenes.utils import check_anndata
    >>> check_anndata(ad.AnnData(np.zeros((2, 3))))
    """
    if not is_anndata(adata):
        raise TypeError(
            f"{what} must be an AnnData, got {type(adata).__name__}. For arrays and frames use "
            f"{instead}."
        )
    repeated = adata.var_names.duplicated()
    if unique_genes and repeated.any():
        twice = pd.unique(adata.var_names.to_numpy(dtype=object)[repeated])
        raise ValueError(
            f"{len(twice)} gene name(s) occur more than once in {what}.var_names: {listed(twice)}. "
            f"Make them unique with {what}.var_names_make_unique(), or aggregate them first with "
            "skgenes.pp.aggregate_probes."
        )


def check_key(key, what="key_added"):
    """Raise unless results can be stored under this name, in memory and in files.

    Parameters
    ----------
    key : object
        What was given.
    what : str, default="key_added"
        Name of the parameter, for error messages.

    Raises
    ------
    ValueError
        If it is no string, empty, or has a slash, which parts groups of h5ad and zarr files.

    Examples
    --------
    >>> from skgenes.utils import check_key
    >>> check_key("landmarks")
    """
    if not isinstance(key, str) or not key or "/" in key:
        raise ValueError(f"{what} must be a name without '/', which files need, got {key!r}.")


def make_actual(adata, *, stacklevel):
    """Make a view an AnnData of its own, in place, as scanpy does.

    Parameters
    ----------
    adata : AnnData
        What results are to be written to.
    stacklevel : int
        Calls between the user and this function, for the warning.

    Returns
    -------
    AnnData
        The same object, no view any more.

    Warns
    -----
    UserWarning
        If it was a view.

    Examples
    --------
    >>> import anndata as ad
    >>> import numpy as np
    >>> from skgenes.utils import make_actual
    >>> make_actual(ad.AnnData(np.zeros((2, 3))), stacklevel=1).shape
    (2, 3)
    """
    if adata.is_view:
        warnings.warn(
            "adata is a view of another AnnData, and becomes a copy of its own to hold the "
            "results; the other one does not get them.",
            UserWarning,
            stacklevel=stacklevel + 1,
        )
        adata._init_as_actual(adata.copy())
    return adata
