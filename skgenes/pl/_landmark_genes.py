"""The importances of genes, the panel among them."""

from skgenes.inspection import ImportanceDisplay
from skgenes.pl._fields import field


def landmark_genes(adata, *, key="landmarks", kind="bars", n_genes=30, ax=None):
    """Draw the importances of genes, the panel marked.

    Parameters
    ----------
    adata : AnnData of shape (n_obs, n_vars)
        After `skgenes.tl.landmark_genes`.
    key : str, default="landmarks"
        The ``key_added`` of that call.
    kind : {"bars", "curve"}, default="bars"
        The best genes by name, or all genes by rank.
    n_genes : int, default=30
        Number of bars.
    ax : matplotlib axes or None, default=None
        Where to draw; None makes a new figure.

    Returns
    -------
    matplotlib axes
        Where it was drawn. Nothing is shown or saved: ``ax.figure`` is the figure.

    Raises
    ------
    ValueError
        If there are no importances of that name.
    TypeError
        If `adata` is not an AnnData.

    See Also
    --------
    skgenes.inspection.ImportanceDisplay : Draws it, and takes matplotlib's options.

    Notes
    -----
    Importances are what an autoencoder's bottleneck rests on. By default the panel is searched for
    by what its genes tell together, so that it is spread over them; with
    ``AutoEncoderDeepLIFTSelector(strategy="importance")`` it is the first of them.

    Genes outside ``mask_var`` have no importance and are not drawn.

    Examples
    --------
    >>> import anndata as ad
    >>> import numpy as np
    >>> import skgenes
    >>> from skgenes.neural_network import GeneAutoEncoder
    >>> cells = ad.AnnData(np.random.default_rng(0).normal(size=(40, 12)).cumsum(axis=1))
    >>> skgenes.tl.landmark_genes(cells, 4, autoencoder=GeneAutoEncoder((8, 3), max_iter=5))
    >>> skgenes.pl.landmark_genes(cells, n_genes=10).get_xlabel()
    'Importance'
    """
    remedy = "Run skgenes.tl.landmark_genes, with a selector that has importances, or pass its key."
    importances = field(adata, "var", f"{key}_importance", remedy)
    panel = field(adata, "var", key, remedy)
    ranked = importances.notna()
    display = ImportanceDisplay(
        importances[ranked].to_numpy(), panel[ranked].to_numpy(), adata.var_names[ranked]
    )
    return display.plot(ax, kind=kind, n_genes=n_genes).ax_
