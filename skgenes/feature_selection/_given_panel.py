"""A panel that is known already."""

from numbers import Integral

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.base import _fit_context as fit_context

from skgenes.feature_selection._panel import PanelMixin
from skgenes.utils import atomic_fit, resolve_genes, validate_expression


class GivenPanelSelector(PanelMixin, BaseEstimator):
    """Select a given list of genes, such as L1000's landmarks or a panel on order.

    Makes any panel comparable with one that a selector finds: in a
    `skgenes.compose.LandmarkReconstructor`, a pipeline or a grid search.

    Parameters
    ----------
    genes : sequence of str or int
        The panel: gene names, or column indices.
    layer : str or None, default=None
        Layer to read when X is an AnnData; None reads ``X.X``.

    Attributes
    ----------
    support_ : ndarray of bool of shape (n_features_in_,)
        The panel.
    n_features_in_ : int
        Number of genes seen during fit.
    feature_names_in_ : ndarray of str of shape (n_features_in_,)
        Gene names seen during fit. Only there if X had string names.

    See Also
    --------
    AutoEncoderDeepLIFTSelector : Finds a panel.

    Examples
    --------
    >>> import pandas as pd
    >>> from skgenes.feature_selection import GivenPanelSelector
    >>> X = pd.DataFrame([[1.0, 2.0, 3.0]], columns=["TP53", "MYC", "CD4"])
    >>> GivenPanelSelector(["CD4", "TP53"]).fit_transform(X)
    array([[1., 3.]])
    """

    _parameter_constraints = {
        "genes": ["array-like", str, Integral],
        "layer": [str, None],
    }

    def __init__(self, genes, *, layer=None):
        self.genes = genes
        self.layer = layer

    @atomic_fit
    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Find the genes of the panel among the columns of X.

        Parameters
        ----------
        X : ndarray, DataFrame, sparse matrix or AnnData of shape (n_samples, n_genes)
            Samples.
        y : None
            Ignored.

        Returns
        -------
        GivenPanelSelector
            The fitted selector.

        Raises
        ------
        ValueError
            If a gene of the panel is not in X.
        """
        X = validate_expression(self, X, reset=True, layer=self.layer)
        names = getattr(self, "feature_names_in_", None)
        self.support_ = np.zeros(X.shape[1], dtype=bool)
        self.support_[resolve_genes(self.genes, names, X.shape[1], what="genes")] = True
        return self
