"""Features of tracks on one scale."""

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.base import _fit_context as fit_context

from skgenes.feature_extraction._fitted_features import check_features, remember_features
from skgenes.utils import atomic_fit


class RegulatorScaler(TransformerMixin, BaseEstimator):
    """Divide each feature, masks included, by its maximum over the bins of the training genes.

    Attributes
    ----------
    maximum_ : dict of str to ndarray of shape (n_features,), float32
        The largest value of each feature of "promoter" and "rna", in bases; 0 for regulators that
        bind no training gene.
    regulators_in_ : dict of str to ndarray of str of shape (n_features,)
        Names of the features seen during fit, those of the masks first.
    n_features_in_ : int
        Number of features seen during fit, of both parts.

    See Also
    --------
    RegulatorFilter : Leaves out what binds too few genes.

    Notes
    -----
    Zeros stay zeros, and the tracks sparse. A regulator without a site in the training genes has
    no scale: it becomes 0 in all genes, since nothing can have been learned about it.

    References
    ----------
    Tasaki et al., *Nature Machine Intelligence* 2 (2020), Methods, doi 10.1038/s42256-020-0201-6.

    Examples
    --------
    >>> from skgenes.feature_extraction import RegulatorScaler, RegulatoryTracks, Track
    >>> rna = Track([[100, 30], [100, 60], [50, 0]], [0, 2, 3], ["exon", "ELAVL1"])
    >>> tracks = RegulatoryTracks(["TP53", "MYC"], rna=rna)
    >>> RegulatorScaler().fit_transform(tracks).rna.bins.toarray()
    array([[1. , 0.5],
           [1. , 1. ],
           [0.5, 0. ]], dtype=float32)
    """

    _parameter_constraints = {}

    @atomic_fit
    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Find the maximum of each feature.

        Parameters
        ----------
        X : RegulatoryTracks of shape (n_genes, n_features)
            Training genes.
        y : None
            Ignored.

        Returns
        -------
        RegulatorScaler
            The fitted transformer.

        Raises
        ------
        TypeError
            If X is something else.
        ValueError
            If there are no genes.
        """
        remember_features(self, X)
        self.maximum_ = {part: _maximum(track.bins) for part, track in X.parts.items()}
        return self

    def transform(self, X):
        """Divide each feature by its maximum.

        Parameters
        ----------
        X : RegulatoryTracks of shape (n_genes, n_features)
            Any genes, with the regulators seen during fit.

        Returns
        -------
        RegulatoryTracks
            Of the same features. Values of training genes lie in [0, 1].

        Raises
        ------
        TypeError
            If X is something else.
        ValueError
            If it has other regulators, or the same in another order.
        NotFittedError
            Before `fit`.
        """
        check_features(self, X)
        return X._like(
            {
                part: X.parts[part]._divided(np.where(maximum > 0, maximum, np.inf))
                for part, maximum in self.maximum_.items()
            }
        )


def _maximum(bins):
    maximum = np.zeros(bins.shape[1], dtype=np.float32)
    np.maximum.at(maximum, bins.indices, bins.data)
    return maximum
