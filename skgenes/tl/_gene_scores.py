"""How well each gene of an AnnData is inferred."""

import numpy as np

from skgenes.metrics import gene_permutation_test, per_gene_mean_absolute_error
from skgenes.tl._estimators import params_of
from skgenes.tl._inputs import expression_of, genes_in_mask
from skgenes.tl._results import check_free, spread, store
from skgenes.utils import check_anndata
from skgenes.utils._messages import listed


def gene_scores(
    adata,
    *,
    inferred="reconstructed",
    layer=None,
    mask_var=None,
    alpha=0.01,
    method="exact",
    random_state=0,
    key_added="gene_scores",
    copy=False,
):
    """Compare every inferred gene with what was measured.

    Parameters
    ----------
    adata : AnnData of shape (n_obs, n_vars)
        Cells or samples, at least 3.
    inferred : str, default="reconstructed"
        Layer with inferred expression, of `skgenes.tl.reconstruct` or from elsewhere.
    layer : str or None, default=None
        Layer with measured expression, in the same unit; None is ``adata.X``.
    mask_var : str, ndarray of bool of shape (n_vars,) or None, default=None
        Genes to score: a column of ``adata.var``, or an array. None scores those that
        ``adata.var[f"{inferred}_inferred"]`` flags, which leaves out the landmarks; all genes if
        there is no such column.
    alpha : float in (0, 1], default=0.01
        Threshold of the permutation test.
    method : {"exact", "sampled"}, default="exact"
        Whether the null of the test is all other genes or a sample of them, faster for many.
    random_state : int, RandomState instance or None, default=0
        Draws the sample for "sampled".
    key_added : str, default="gene_scores"
        Name of the results.
    copy : bool, default=False
        Whether to return a changed copy and leave `adata` alone.

    Returns
    -------
    AnnData or None
        The copy if ``copy=True``. Sets these fields, where `key` stands for `key_added`:

        ``.var[f"{key}_mae"]`` : float64
            Mean absolute error, in the unit of the layer; NaN for genes not scored.
        ``.var[f"{key}_pcc"]`` : float64
            Pearson correlation; NaN for genes not scored or constant.
        ``.var[f"{key}_null_fraction"]`` : float64
            Fraction of the other scored genes with which the inferred values correlate better;
            NaN where `pcc` is.
        ``.var[f"{key}_significant"]`` : bool
            Whether that is below `alpha`; False for genes not scored.
        ``.uns[key]`` : dict
            "params"; "n_genes" scored; "mean_mae"; "mean_pcc" over the genes where it is defined;
            "n_significant", "fraction_significant" and "n_undefined" of the test; "function" and
            "fields", what was written.

    Raises
    ------
    ValueError
        If there is no such layer, values are not finite, there are too few cells or genes, or a
        field is there that is not a result of this function. `adata` is then as it was.
    TypeError
        If `adata` is not an AnnData.

    Warns
    -----
    UndefinedMetricWarning
        Once, with the numbers of constant genes, if there are any.

    See Also
    --------
    skgenes.metrics.gene_permutation_test : The test.
    skgenes.pl.gene_scores : Draws the scores.

    Notes
    -----
    Beside the layers this takes about three times the inferred one in float32: a copy of the genes
    scored, another of what was measured, dense, and what the test needs.

    References
    ----------
    Kong et al. (2021), BMC Bioinformatics 22, doi:10.1186/s12859-021-03972-5, Methods.

    Examples
    --------
    >>> import anndata as ad
    >>> import numpy as np
    >>> import skgenes
    >>> rng = np.random.default_rng(0)
    >>> cells = ad.AnnData(rng.normal(size=(60, 3)) @ rng.normal(size=(3, 12)))
    >>> cells.var["landmarks"] = [True] * 4 + [False] * 8
    >>> skgenes.tl.reconstruct(cells)
    >>> skgenes.tl.gene_scores(cells)
    >>> cells.uns["gene_scores"]["n_genes"], bool(cells.uns["gene_scores"]["mean_pcc"] > 0.99)
    (8, True)
    """
    check_anndata(adata)
    genes = _scored_genes(adata, inferred, mask_var)
    check_free(adata, key_added, "gene_scores", {"var": _columns(key_added)})
    measured, _ = expression_of(adata, layer, genes)
    predicted, _ = expression_of(adata, inferred, genes)
    mae = per_gene_mean_absolute_error(measured, predicted)
    test = gene_permutation_test(
        measured, predicted, alpha, method=method, random_state=random_state
    )
    record = {
        "params": params_of(
            inferred=inferred,
            layer=layer,
            mask_var=mask_var,
            alpha=alpha,
            method=method,
            random_state=random_state,
        ),
        "n_genes": int(genes.sum()),
        "mean_mae": float(mae.mean()),
        "mean_pcc": _mean_defined(test.pcc),
        "n_significant": test.n_significant,
        "fraction_significant": test.fraction_significant,
        "n_undefined": test.n_undefined,
    }
    scores = [spread(column, genes) for column in (mae, test.pcc, test.null_fraction)]
    scores.append(spread(test.significant, genes, fill=False))
    fields = {"var": dict(zip(_columns(key_added), scores, strict=True)), "uns": record}
    return store(adata, key_added, "gene_scores", fields, copy=copy)


def _columns(key):
    return [f"{key}_{score}" for score in ("mae", "pcc", "null_fraction", "significant")]


def _scored_genes(adata, inferred, mask_var):
    """Genes to score, bool of shape (n_vars,)."""
    if inferred not in adata.layers:
        known = [name for name in adata.layers if name is not None]
        raise ValueError(
            f"inferred={inferred!r} is not a layer of adata; its layers are: "
            f"{listed(known) or 'none'}. Run skgenes.tl.reconstruct first."
        )
    flag = f"{inferred}_inferred"
    return genes_in_mask(adata, flag if mask_var is None and flag in adata.var else mask_var)


def _mean_defined(values):
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if defined.size else float("nan")
