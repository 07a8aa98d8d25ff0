"""Samples of an AnnData that are nearly the same as an earlier one, removed."""

import numpy as np

from skgenes.pp._params import params_of
from skgenes.preprocessing import DuplicateSampleRemover
from skgenes.utils import check_anndata

_RECORD = "remove_duplicate_samples"


def remove_duplicate_samples(
    adata,
    *,
    method="all_pairs",
    threshold=1.0,
    n_clusters=100,
    batch_size=1000,
    layer=None,
    random_state=0,
    copy=False,
):
    """Remove the samples that are nearly the same as an earlier one.

    Parameters
    ----------
    adata : AnnData of shape (n_obs, n_vars)
        Samples.
    method : {"all_pairs", "kmeans"}, default="all_pairs"
        Which pairs are compared: all, or those within a cluster of k-means, as D-GEX does.
    threshold : float, default=1.0
        Euclidean distance, over all genes and in the unit of the data, that a pair must be below.
        D-GEX's 1.0 was meant for 22,268 probes on a log2 scale.
    n_clusters, batch_size : int, default=100 and 1000
        For "kmeans": number of clusters, or of samples where these are fewer, and mini-batch size.
    layer : str or None, default=None
        Layer to read; None reads ``adata.X``.
    random_state : int, RandomState instance or None, default=0
        For "kmeans": an int gives the same clusters on every call.
    copy : bool, default=False
        Whether to return a smaller copy and leave `adata` alone.

    Returns
    -------
    AnnData or None
        The copy if ``copy=True``. Drops rows everywhere in the AnnData, and sets

        ``.uns["remove_duplicate_samples"]`` : dict
            "params"; "removed" and "duplicate_of", the ``obs_names`` of the samples removed and of
            the first earlier one within the threshold, str of shape (n_removed,).

    Raises
    ------
    ValueError
        If values are not finite, gene names are not unique, or a parameter is out of its range.
        `adata` is then as it was.
    TypeError
        If `adata` is not an AnnData.

    See Also
    --------
    skgenes.preprocessing.duplicate_samples : The function that finds them; states the rule.

    References
    ----------
    Chen et al., *Bioinformatics* 32 (2016), doi 10.1093/bioinformatics/btw074

    Examples
    --------
    >>> import anndata as ad
    >>> import numpy as np
    >>> import skgenes
    >>> samples = ad.AnnData(np.random.default_rng(0).normal(8, 2, size=(6, 50)))
    >>> samples.X[4] = samples.X[1] + 0.01
    >>> skgenes.pp.remove_duplicate_samples(samples)
    >>> samples.obs_names.to_list()
    ['0', '1', '2', '3', '5']
    """
    check_anndata(adata, instead="skgenes.preprocessing")
    options = {
        "method": method,
        "threshold": threshold,
        "n_clusters": n_clusters,
        "batch_size": batch_size,
        "layer": layer,
    }
    remover = DuplicateSampleRemover(**options, random_state=random_state).fit(adata)
    removed = np.flatnonzero(remover.duplicate_of_ >= 0)
    names = adata.obs_names.to_numpy(dtype=object)
    record = {
        "params": params_of(**options),
        "removed": names[removed],
        "duplicate_of": names[remover.duplicate_of_[removed]],
    }
    target = adata[remover.sample_indices_].copy() if copy else adata
    if not copy:
        target._inplace_subset_obs(remover.sample_indices_)
    target.uns[_RECORD] = record
    return target if copy else None
