"""Regulators that bind enough genes to learn from."""

from numbers import Integral

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.base import _fit_context as fit_context
from sklearn.utils._param_validation import Interval

from skgenes.feature_extraction._fitted_features import check_features, remember_features
from skgenes.utils import atomic_fit


class RegulatorFilter(TransformerMixin, BaseEstimator):
    """Keep the regulators that bind at least so many training genes.

    Parameters
    ----------
    min_genes : int, default=30
        How many genes a regulator must bind, in one bin or more, to be kept. The promoter and the
        RNA are counted apart; their masks are always kept.

    Attributes
    ----------
    n_genes_bound_ : dict of str to ndarray of shape (n_features,), int64
        Number of training genes that each feature of "promoter" and "rna" binds.
    support_ : dict of str to ndarray of shape (n_features,), bool
        Which features are kept.
    regulators_in_ : dict of str to ndarray of str of shape (n_features,)
        Names of the features seen during fit, those of the masks first.
    n_features_in_ : int
        Number of features seen during fit, of both parts.

    See Also
    --------
    RegulatorScaler : Brings the features to one scale.

    Notes
    -----
    Tasaki et al. counted all genes, also those tested on; here only those of fit are counted.

    References
    ----------
    Tasaki et al., *Nature Machine Intelligence* 2 (2020), Methods, doi 10.1038/s42256-020-0201-6.

    Examples
    --------
    >>> from skgenes.feature_extraction import RegulatorFilter, RegulatoryTracks, Track
    >>> rna = Track([[100, 30, 0], [100, 20, 7], [40, 0, 0]], [0, 1, 3], ["exon", "FUS", "FMR1"])
    >>> tracks = RegulatoryTracks(["TP53", "MYC"], rna=rna)
    >>> RegulatorFilter(min_genes=2).fit_transform(tracks).rna.regulators.tolist()
    ['exon', 'FUS']
    """

    _parameter_constraints = {"min_genes": [Interval(Integral, 0, None, closed="left")]}

    def __init__(self, min_genes=30):
        self.min_genes = min_genes

    @atomic_fit
    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Count the genes that each regulator binds.

        Parameters
        ----------
        X : RegulatoryTracks of shape (n_genes, n_features)
            Training genes.
        y : None
            Ignored.

        Returns
        -------
        RegulatorFilter
            The fitted transformer.

        Raises
        ------
        TypeError
            If X is something else.
        ValueError
            If there are no genes, or no regulator is left.
        """
        remember_features(self, X)
        self.n_genes_bound_ = {part: _n_genes_bound(track) for part, track in X.parts.items()}
        self.support_ = {}
        for part, counts in self.n_genes_bound_.items():
            self.support_[part] = counts >= self.min_genes
            self.support_[part][0] = True
        _check_any_kept(self.support_, self.n_genes_bound_, self.min_genes, len(X))
        return self

    def transform(self, X):
        """Keep the columns of these regulators.

        Parameters
        ----------
        X : RegulatoryTracks of shape (n_genes, n_features)
            Any genes, with the regulators seen during fit.

        Returns
        -------
        RegulatoryTracks
            With the masks and the regulators kept.

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
        return X._like({part: X.parts[part]._columns(kept) for part, kept in self.support_.items()})


def _n_genes_bound(track):
    sums = track.fold_sums(depth=0)[0]
    return np.bincount(sums.indices, minlength=sums.shape[1])


def _check_any_kept(support, counts, min_genes, n_genes):
    regulators = sum(kept.size - 1 for kept in support.values())
    if regulators and not any(kept[1:].any() for kept in support.values()):
        most = max(count[1:].max(initial=0) for count in counts.values())
        raise ValueError(
            f"None of {regulators} regulators binds min_genes={min_genes} of the {n_genes} "
            f"training genes; the most that one binds is {most}. Lower min_genes."
        )
