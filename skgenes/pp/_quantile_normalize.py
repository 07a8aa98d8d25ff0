"""Quantile normalisation of an AnnData."""

import numpy as np

from skgenes.pp._params import params_of
from skgenes.preprocessing import QuantileNormalizer
from skgenes.utils import check_anndata, check_key, make_actual

_NAME = "quantile_normalize"


def quantile_normalize(
    adata, *, reference=None, ties="average", layer=None, key_added=None, copy=False
):
    """Give every sample the distribution of a reference.

    Parameters
    ----------
    adata : AnnData of shape (n_obs, n_vars)
        Samples or cells.
    reference : array-like of shape (n_quantiles,) or None, default=None
        Quantiles to bring the samples to, ascending; None learns them from these samples. Those
        learned from other data are in its ``.uns["quantile_normalize"]["reference"]``.
    ties : {"average", "dense"}, default="average"
        The rank of equal values of a sample: "dense" is for counts with thousands of zeros, see
        `skgenes.preprocessing.QuantileNormalizer`.
    layer : str or None, default=None
        Layer to normalise; None is ``adata.X``.
    key_added : str or None, default=None
        Layer for the result; None replaces what was read.
    copy : bool, default=False
        Whether to return a changed copy and leave `adata` alone.

    Returns
    -------
    AnnData or None
        The copy if ``copy=True``. Sets these fields:

        ``.X``, ``.layers[layer]`` or ``.layers[key_added]`` : ndarray of shape (n_obs, n_vars)
            The samples in the unit of the reference; float32 where they were, else float64. Dense,
            since zeros become the lowest quantiles.
        ``.uns["quantile_normalize"]`` or ``.uns[key_added]`` : dict
            "params"; "reference", float64 of shape (n_vars,) or (n_quantiles,); "function".

    Raises
    ------
    ValueError
        If there is only one gene, values are not finite, gene names are not unique, the
        reference is not ascending, or `key_added` names something that is not a result of this
        function. `adata` is then as it was.
    TypeError
        If `adata` is not an AnnData.

    Warns
    -----
    UserWarning
        If samples have one value for all genes, or `adata` is a view, which becomes an AnnData of
        its own.

    See Also
    --------
    skgenes.preprocessing.QuantileNormalizer : The transformer, for pipelines: there the reference
        is learned from training samples alone.

    References
    ----------
    Bolstad et al., *Bioinformatics* 19 (2003), on quantile normalisation,
    doi 10.1093/bioinformatics/19.2.185

    Examples
    --------
    >>> import anndata as ad
    >>> import numpy as np
    >>> import skgenes
    >>> arrays = ad.AnnData(np.array([[5.0, 2.0, 3.0, 4.0], [4.0, 1.0, 6.0, 5.0]]))
    >>> skgenes.pp.quantile_normalize(arrays, key_added="normalized")
    >>> arrays.layers["normalized"]
    array([[5.5, 1.5, 3.5, 4.5],
           [3.5, 1.5, 5.5, 4.5]])
    >>> arrays.uns["normalized"]["reference"]
    array([1.5, 3.5, 4.5, 5.5])
    """
    check_anndata(adata, instead="skgenes.preprocessing")
    if key_added is not None:
        _check_free(adata, key_added)
    normalizer = QuantileNormalizer(reference=reference, ties=ties, layer=layer)
    values = np.asarray(normalizer.fit_transform(adata))
    record = {
        "params": params_of(ties=ties, layer=layer, given=reference is not None),
        "reference": normalizer.reference_,
        "function": _NAME,
    }
    target = adata.copy() if copy else make_actual(adata, stacklevel=2)
    if key_added is None and layer is None:
        target.X = values
    else:
        target.layers[layer if key_added is None else key_added] = values
    target.uns[_NAME if key_added is None else key_added] = record
    return target if copy else None


def _check_free(adata, key):
    """Raise if a name cannot be used, or is taken by anything but an earlier result."""
    check_key(key)
    record = adata.uns.get(key)
    if getattr(record, "get", {}.get)("function") == _NAME:
        return
    for slot in ("layers", "uns"):
        if key in getattr(adata, slot):
            raise ValueError(
                f"adata.{slot}[{key!r}] would be overwritten, and is not a result of "
                f"skgenes.pp.{_NAME}. Choose another key_added, or delete it first."
            )
