"""Training and held-out samples, standardised."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.sparse as sp

from skgenes.networks import standard_scaling

_CONSTANT = 1e-12  # spread, in standard deviations of the training samples


@dataclass(frozen=True, eq=False)
class PanelSplit:
    """One way to part samples, in the unit of the data and standardised on training samples.

    Parameters
    ----------
    raw_train, raw_test : ndarray or csr_array of shape (n_samples, n_genes)
        Expression in its unit.
    labels_train, labels_test : ndarray of int of shape (n_samples,) or None
        Codes of the classes.
    groups_train, groups_test : ndarray of int of shape (n_samples,) or None
        Codes of the groups.
    """

    raw_train: object
    raw_test: object
    labels_train: object = None
    labels_test: object = None
    groups_train: object = None
    groups_test: object = None

    @cached_property
    def scaling(self):
        """Means and standard deviations of the training samples."""
        return standard_scaling(self.raw_train)

    @cached_property
    def varying(self):
        """Genes that vary in the training samples, bool (n_genes,). Only these are judged."""
        return _spread(self.raw_train) > 0

    @cached_property
    def train(self):
        """Standardised, float64 (n_train, n_genes); 0 for genes that do not vary."""
        return self.standardise(self.raw_train)

    @cached_property
    def test(self):
        """Standardised, float64 (n_test, n_genes); 0 for genes that do not vary in training."""
        return self.standardise(self.raw_test)

    @cached_property
    def squares(self):
        """Squares of the held-out values summed over samples, float64 (n_genes,)."""
        return np.einsum("ij,ij->j", self.test, self.test)

    @cached_property
    def moments(self):
        """Means of the held-out values and norms of the deviations; 0 for what is constant."""
        mean = self.test.mean(axis=0)
        norm = np.sqrt(np.maximum(self.squares - len(self.test) * mean**2, 0))
        small = norm <= _CONSTANT * np.sqrt(self.squares + 1)
        return mean, np.where(small | (_spread(self.raw_test) == 0), 0.0, norm)

    @cached_property
    def kernel(self):
        """Products of training samples over all genes, float64 (n_train, n_train)."""
        return self.train @ self.train.T

    def standardise(self, X):
        """Standardise samples as the training samples were.

        Parameters
        ----------
        X : ndarray or csr_array of shape (n_samples, n_genes)
            Samples in the unit of the data.

        Returns
        -------
        ndarray of float64 of shape (n_samples, n_genes)
            The samples, with 0 for genes that do not vary in training.
        """
        X = (X.toarray() if sp.issparse(X) else np.asarray(X)).astype(np.float64, order="C")
        X -= self.scaling.mean
        X /= self.scaling.scale
        X[:, ~self.varying] = 0
        return X


def _spread(X):
    low, high = X.min(axis=0), X.max(axis=0)
    if sp.issparse(X):
        low, high = low.toarray().ravel(), high.toarray().ravel()
    return np.asarray(high, dtype=np.float64) - low
