"""Probes of an AnnData turned into genes."""

import numpy as np
import pandas as pd

from skgenes.pp._params import params_of
from skgenes.preprocessing import ProbeAggregator
from skgenes.utils import check_anndata, matrix_of

_RECORD = "aggregate_probes"


def aggregate_probes(
    adata, genes=None, *, method="mean", unmapped="error", ambiguous="error", layer=None
):
    """Turn the probes of a microarray into genes.

    Parameters
    ----------
    adata : AnnData of shape (n_obs, n_probes)
        Samples.
    genes : str, dict, Series, DataFrame, sequence or None, default=None
        The gene of each probe: a column of ``adata.var``, or an annotation in a form of
        `skgenes.preprocessing.ProbeAggregator`. None takes ``adata.var_names``, so that columns
        that share a name are merged.
    method : {"mean", "max_variance"}, default="mean"
        Average the probes of a gene, or take the one with the largest variance.
    unmapped, ambiguous : {"error", "drop"}, default="error"
        What to do about probes without a gene, and with several.
    layer : str or None, default=None
        Layer to read; None reads ``adata.X``.

    Returns
    -------
    AnnData of shape (n_obs, n_genes)
        A new AnnData; `adata` is not changed. Its fields are

        ``.X`` : ndarray or sparse matrix of shape (n_obs, n_genes), float32 or float64
            The genes, in the order in which `adata` first has a probe of them; sparse where the
            probes were.
        ``.obs``, ``.obsm`` :
            Those of `adata`. Its other layers hold probes and are left out.
        ``.var["n_probes"]`` : int
            How many probes of `adata` each gene has.
        ``.var["probe"]`` : str
            The probe of each gene. Only with ``method="max_variance"``.
        ``.uns["aggregate_probes"]`` : dict
            "params"; "unmapped_probes" and "ambiguous_probes", str, left out since they have no
            gene, or several.

    Raises
    ------
    ValueError
        If there is no such column, no probe has a gene of its own, or some have none or several
        and these are not to be dropped.
    TypeError
        If `adata` is not an AnnData, or the annotation has entries of another type.

    See Also
    --------
    skgenes.preprocessing.ProbeAggregator : The transformer, for pipelines.

    References
    ----------
    Chen et al., *Bioinformatics* 32 (2016), doi 10.1093/bioinformatics/btw074: the
    mean over probes.

    Examples
    --------
    >>> import anndata as ad
    >>> import numpy as np
    >>> import skgenes
    >>> samples = ad.AnnData(np.array([[1.0, 3.0, 5.0], [2.0, 6.0, 5.0]]))
    >>> samples.var["symbol"] = ["TP53", "TP53", "MYC"]
    >>> genes = skgenes.pp.aggregate_probes(samples, "symbol")
    >>> genes.to_df()
       TP53  MYC
    0   2.0  5.0
    1   4.0  5.0
    """
    from anndata import AnnData

    check_anndata(adata, instead="skgenes.preprocessing", unique_genes=False)
    probes = adata.var_names.to_numpy(dtype=object)
    # Without names probes may share one; messages then tell columns.
    X = adata if adata.var_names.is_unique else matrix_of(adata, layer)
    aggregator = ProbeAggregator(
        _annotation(adata, genes),
        method=method,
        unmapped=unmapped,
        ambiguous=ambiguous,
        layer=layer,
    )
    values = aggregator.fit_transform(X)
    var = pd.DataFrame({"n_probes": aggregator.n_probes_per_gene_}, index=aggregator.genes_)
    if method == "max_variance":
        var["probe"] = _names(aggregator.probes_, probes)
    record = {
        "params": params_of(method=method, unmapped=unmapped, ambiguous=ambiguous, layer=layer),
        "unmapped_probes": _names(aggregator.unmapped_probes_, probes),
        "ambiguous_probes": _names(aggregator.ambiguous_probes_, probes),
    }
    return AnnData(
        values,
        obs=adata.obs.copy(),
        var=var,
        obsm={name: array.copy() for name, array in adata.obsm.items()},
        uns={_RECORD: record},
    )


def _annotation(adata, genes):
    if genes is None:
        return list(adata.var_names)
    if not isinstance(genes, str):
        return genes
    if genes not in adata.var:
        raise ValueError(
            f"genes={genes!r} is not a column of adata.var; its columns are: "
            f"{', '.join(map(repr, adata.var.columns)) or 'none'}."
        )
    return list(adata.var[genes])


def _names(found, probes):
    """Names of probes that are given by name or by column."""
    return found if found.dtype == object else probes[found.astype(np.intp)]
