"""The way from AnnData into pipelines of other libraries."""

import numpy as np
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.base import _fit_context as fit_context
from sklearn.utils.validation import check_is_fitted

from skgenes.utils import atomic_fit, validate_expression


class FromAnnData(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Take the expression matrix out of an AnnData.

    For pipelines whose first step comes from another library and knows arrays only. Estimators of
    skgenes take an AnnData as it is.

    Parameters
    ----------
    layer : str or None, default=None
        Layer to read; None reads ``X.X``.

    Attributes
    ----------
    n_features_in_ : int
        Number of genes seen during fit.
    feature_names_in_ : ndarray of str of shape (n_features_in_,)
        Gene names seen during fit. Only there if X had string names.

    Notes
    -----
    Arrays, frames and sparse matrices pass through, validated. With
    ``set_output(transform="pandas")`` a dense matrix comes out as a frame with the gene names as
    columns.

    Examples
    --------
    >>> import anndata as ad
    >>> import numpy as np
    >>> from sklearn.decomposition import PCA
    >>> from sklearn.pipeline import make_pipeline
    >>> from skgenes.preprocessing import FromAnnData
    >>> cells = ad.AnnData(np.random.default_rng(0).normal(size=(20, 5)))
    >>> make_pipeline(FromAnnData(), PCA(2)).fit_transform(cells).shape
    (20, 2)
    """

    _parameter_constraints = {"layer": [str, None]}

    def __init__(self, layer=None):
        self.layer = layer

    @atomic_fit
    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Remember the genes.

        Parameters
        ----------
        X : AnnData, ndarray, DataFrame or sparse matrix of shape (n_samples, n_genes)
            Samples.
        y : None
            Ignored.

        Returns
        -------
        FromAnnData
            The fitted transformer.
        """
        validate_expression(self, X, reset=True, layer=self.layer)
        return self

    def transform(self, X):
        """Take out the matrix.

        Parameters
        ----------
        X : AnnData, ndarray, DataFrame or sparse matrix of shape (n_samples, n_genes)
            Samples with the genes seen during fit.

        Returns
        -------
        ndarray or csr_array of shape (n_samples, n_genes), float64 or float32
            The numbers, not copied where they need no conversion.
        """
        check_is_fitted(self)
        return validate_expression(self, X, reset=False, layer=self.layer)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.transformer_tags.preserves_dtype = [np.float64, np.float32]
        tags.requires_fit = True
        return tags
