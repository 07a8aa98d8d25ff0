"""How well each gene is inferred."""

from skgenes.inspection import GeneScoreDisplay
from skgenes.pl._fields import field


def gene_scores(adata, *, key="gene_scores", name=None, unit="unit of the data", ax=None):
    """Draw densities of the error and of the correlation of every inferred gene.

    Parameters
    ----------
    adata : AnnData of shape (n_obs, n_vars)
        After `skgenes.tl.gene_scores`.
    key : str, default="gene_scores"
        The ``key_added`` of that call.
    name : str or None, default=None
        Name for the legend.
    unit : str, default="unit of the data"
        Unit of the error, for the axis.
    ax : pair of matplotlib axes or None, default=None
        Where to draw; None makes a new figure. Pass what another call returned to compare.

    Returns
    -------
    ndarray of matplotlib axes of shape (2,)
        For the error and for the correlation. Nothing is shown or saved.

    Raises
    ------
    ValueError
        If there are no scores of that name.
    TypeError
        If `adata` is not an AnnData.

    See Also
    --------
    skgenes.inspection.GeneScoreDisplay : Draws it, and takes matplotlib's options.

    Notes
    -----
    Genes that were not scored, such as the landmarks, are not drawn.

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
    >>> len(skgenes.pl.gene_scores(cells, unit="log counts"))
    2
    """
    remedy = "Run skgenes.tl.gene_scores, or pass its key."
    mae = field(adata, "var", f"{key}_mae", remedy)
    pcc = field(adata, "var", f"{key}_pcc", remedy)
    scored = mae.notna()
    display = GeneScoreDisplay(mae[scored].to_numpy(), pcc[scored].to_numpy(), name=name, unit=unit)
    return display.plot(ax).axes_
