"""What a panel must and must not hold."""

from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

from skgenes.feature_selection._panel import panel_size, resolve_wishes
from skgenes.utils._messages import listed


class PanelWishes(NamedTuple):
    """Size of a panel, and genes that must and must not be in it.

    Attributes
    ----------
    size : int or None
        Genes wanted; None if that is still to be found.
    included, excluded : ndarray of int
        Genes that must and must not be in the panel.
    window : (float or None, float or None)
        The least and the most mean expression; genes that must be included may lie outside.
    names : ndarray of str or None
        Names of the genes.
    """

    size: int | None
    included: np.ndarray
    excluded: np.ndarray
    window: tuple
    names: np.ndarray | None

    def barred(self, mean, constant, size=0):
        """Find the genes that cannot be in the panel, and make sure that enough are left.

        Parameters
        ----------
        mean : ndarray of shape (n_genes,)
            Mean expression.
        constant : ndarray of bool of shape (n_genes,)
            Genes that do not vary.
        size : int, default=0
            Genes wanted.

        Returns
        -------
        ndarray of bool of shape (n_genes,)
            Constant genes, genes outside the window and genes excluded.

        Raises
        ------
        ValueError
            If a gene that must be included is constant, the window is empty, or too few genes
            are left.
        """
        useless = self.included[constant[self.included]]
        if len(useless):
            shown = useless if self.names is None else np.asarray(self.names)[useless]
            raise ValueError(
                f"must_include has {len(useless)} gene(s) that do not vary over the samples: "
                f"{listed(shown)}. They tell nothing of the others: take them out."
            )
        outside = _outside(mean, *self.window)
        barred = constant | outside
        barred[self.excluded] = True
        barred[self.included] = False
        n_left = int((~barred).sum())
        if n_left < size:
            raise ValueError(
                f"{size} genes are to be selected, but only {n_left} can be: of {len(barred)}, "
                f"{int(constant.sum())} do not vary, {int((outside & ~constant).sum())} are "
                f"outside min_mean and max_mean, {len(self.excluded)} are in exclude. Lower "
                "n_features_to_select or allow more."
            )
        return barred


class WishesMixin:
    """Selectors with a size, genes that must or must not be in the panel, and a window."""

    def _wishes(self, n_genes, names):
        """Read the parameters: errors where genes are unknown, or no such panel can be."""
        wanted = self.n_features_to_select
        size = None if isinstance(wanted, str) else panel_size(wanted, n_genes)
        return self._wishes_at(size, n_genes, names)

    def _wishes_at(self, size, n_genes, names):
        genes = resolve_wishes(self.must_include, self.exclude, names, n_genes, size)
        return PanelWishes(size, *genes, (self.min_mean, self.max_mean), names)

    def _panel_limits(self, X, names):
        """Genes of all panels chosen from X, and the size of the largest one.

        What `skgenes.inspection` asks before it chooses panels of several sizes.
        """
        wishes = self._wishes_at(None, X.shape[1], names)
        return wishes.included, int((~wishes.barred(*mean_and_constant(X))).sum())


def mean_and_constant(X):
    """Mean expression of genes, and which of them do not vary.

    Parameters
    ----------
    X : ndarray or csr_array of shape (n_samples, n_genes)
        Samples.

    Returns
    -------
    mean : ndarray of shape (n_genes,)
        In the unit of X.
    constant : ndarray of bool of shape (n_genes,)
        Whether all samples have the same value.
    """
    return _dense(X.mean(axis=0)), _dense(X.max(axis=0)) == _dense(X.min(axis=0))


def _dense(values):
    return np.ravel(values.toarray() if sp.issparse(values) else values)


def _outside(mean, min_mean, max_mean):
    low = -np.inf if min_mean is None else min_mean
    high = np.inf if max_mean is None else max_mean
    if low > high:
        raise ValueError(f"min_mean={min_mean} is above max_mean={max_mean}. Swap the two.")
    return (mean < low) | (mean > high)
