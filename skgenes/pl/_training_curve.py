"""The course of training behind a panel."""

from skgenes.inspection import TrainingCurveDisplay
from skgenes.pl._fields import field


def training_curve(adata, *, key="landmarks", ax=None):
    """Draw training loss and validation error of the autoencoder by epoch.

    Parameters
    ----------
    adata : AnnData of shape (n_obs, n_vars)
        After `skgenes.tl.landmark_genes`.
    key : str, default="landmarks"
        The ``key_added`` of that call.
    ax : matplotlib axes, pair of them or None, default=None
        Where to draw; None makes a new figure. It takes a pair if there was validation.

    Returns
    -------
    ndarray of matplotlib axes of shape (1,) or (2,)
        For the loss and, if there was validation, for the error. Nothing is shown or saved.

    Raises
    ------
    ValueError
        If there is no record of that name, or none of training.
    TypeError
        If `adata` is not an AnnData.

    See Also
    --------
    skgenes.inspection.TrainingCurveDisplay : Draws it, and takes matplotlib's options.

    Examples
    --------
    >>> import anndata as ad
    >>> import numpy as np
    >>> import skgenes
    >>> from skgenes.neural_network import GeneAutoEncoder
    >>> cells = ad.AnnData(np.random.default_rng(0).normal(size=(40, 12)).cumsum(axis=1))
    >>> skgenes.tl.landmark_genes(cells, 4, autoencoder=GeneAutoEncoder((8, 3), max_iter=5))
    >>> skgenes.pl.training_curve(cells)[0].get_xlabel()
    'Epoch'
    """
    record = field(adata, "uns", key, "Run skgenes.tl.landmark_genes, or pass its key.")
    if "loss_curve" not in record:
        raise ValueError(
            f"adata.uns[{key!r}] has no loss curve: its selector trained no autoencoder."
        )
    return TrainingCurveDisplay(record["loss_curve"], record.get("validation_curve")).plot(ax).axes_
