"""DEcode as what explains it sees it: chains of dense layers on a few sums of each gene."""

import numpy as np

from skgenes.neural_network._gene_inputs import COUNTS


class FoldedViewMixin:
    """What `skgenes.inspection` asks of a model of regulators.

    An estimator has ``runs_`` and ``regulators_in_``, and a method ``fold``.
    """

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
