"""DEcode as what explains it sees it: chains of dense layers on a few sums of each gene."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skgenes.networks import branched_to_keras
from skgenes.neural_network._gene_inputs import COUNTS, open_genes


class FoldedViewMixin:
    """What `skgenes.inspection` asks of a model of regulators.

    An estimator has ``runs_``, ``regulators_in_`` and ``log_counts``.
    """

    def fold(self, X):
        """Sums that the linear convolutions reduce every gene to: what `networks_` take.

        Parameters
        ----------
        X : RegulatoryTracks, ndarray, DataFrame, sparse matrix or AnnData of shape \
(n_genes, n_features)
            Genes, with the features seen during fit.

        Returns
        -------
        csr_array of shape (n_genes, n_columns), float32
            For each part the sums over all bins, then those without the first bin, and so on, in
            the unit of X; their ``log(1 + s)`` with `log_counts`.

        Raises
        ------
        ValueError
            If X has other features than in fit, or convolutions are not linear.
        """
        check_is_fitted(self)
        if self.runs_[0].conv_activation != "identity":
            raise ValueError(
                "Only linear convolutions come down to a few sums for each gene, these have "
                f"conv_activation={self.runs_[0].conv_activation!r}. Explain to_keras() instead."
            )
        return open_genes(self, X, reset=False).fold(self.depths_, self.log_counts)

    def to_keras(self):
        """Copy the networks into a Keras model that convolves.

        Returns
        -------
        keras.Model
            Not compiled; takes an array (n_genes, n_bins, n_features) for each part, genes ending
            in any number of empty bins.

        Raises
        ------
        ValueError
            With `log_counts`: the logarithm of a sum is no convolution.
        """
        check_is_fitted(self)
        if self.log_counts:
            raise ValueError(
                "With log_counts=True the network takes logarithms of sums, which no convolution "
                "can return. Export skgenes.networks.to_keras(networks_[0]), which takes fold(X)."
            )
        n_features = [len(names) for names in self.regulators_in_.values()]
        return branched_to_keras(self.runs_, n_features, list(self.regulators_in_))

    @property
    def networks_(self):
        """The runs as chains of dense layers on `fold`, the first of which is linear.

        Returns
        -------
        tuple of DenseNetwork
            Predictions are their mean.
        """
        return tuple(run.folded() for run in self.runs_)

    @property
    def depths_(self):
        """The last fold sum of every part.

        Returns
        -------
        dict of str to int
            Sum of ``kernel_size - 1`` over the convolutions.
        """
        return dict(zip(self.regulators_in_, self.runs_[0].depths, strict=True))

    @property
    def column_feature_(self):
        """Feature that each column of `fold` belongs to.

        Returns
        -------
        ndarray of int of shape (n_columns,)
            Positions among the features of all parts.
        """
        columns, first = [], 0
        for part, names in self.regulators_in_.items():
            columns.append(np.tile(np.arange(first, first + len(names)), self.depths_[part] + 1))
            first += len(names)
        return np.concatenate(columns)

    @property
    def masks_(self):
        """Which features say which bases exist, and are no regulators.

        Returns
        -------
        ndarray of bool of shape (n_features_in_,)
            True for the first feature of every part of tracks.
        """
        return np.concatenate(
            [
                (np.arange(len(names)) == 0) & (part != COUNTS)
                for part, names in self.regulators_in_.items()
            ]
        )
