"""From importances to a panel: ranks, wishes and sizes."""

from numbers import Integral

import numpy as np
from sklearn.feature_selection import SelectorMixin
from sklearn.utils.validation import check_is_fitted

from skgenes.utils import resolve_genes, validate_expression


class PanelMixin(SelectorMixin):
    """Selectors with a ``layer`` that keep their panel in ``support_``."""

    def transform(self, X):
        """Keep the genes of the panel.

        Parameters
        ----------
        X : ndarray, DataFrame, sparse matrix or AnnData of shape (n_samples, n_genes)
            Samples with all genes seen during fit.

        Returns
        -------
        ndarray or csr_array of shape (n_samples, n_selected)
            The panel's columns, in the order of X.
        """
        check_is_fitted(self)
        return self._transform(validate_expression(self, X, reset=False, layer=self.layer))

    def _get_support_mask(self):
        check_is_fitted(self)
        return self.support_

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def forget(selector, *attributes):
    """Delete what an earlier fit with other parameters left.

    Parameters
    ----------
    selector : estimator
        The selector.
    *attributes : str
        Names of attributes that not every fit sets.
    """
    for attribute in attributes:
        vars(selector).pop(attribute, None)


def panel_size(n_features_to_select, n_features):
    """Number of genes to select.

    Parameters
    ----------
    n_features_to_select : int, float or None
        A number, a share in (0, 1], or None for half of the genes.
    n_features : int
        Number of genes there are.

    Returns
    -------
    int
        At least 1, at most `n_features`.

    Raises
    ------
    ValueError
        If more genes are wanted than there are.
    """
    if n_features_to_select is None:
        return max(1, n_features // 2)
    if not isinstance(n_features_to_select, Integral):
        return max(1, int(n_features * n_features_to_select))
    if n_features_to_select > n_features:
        raise ValueError(
            f"n_features_to_select={n_features_to_select} is too many: X has "
            f"n_features={n_features} genes. Ask for at most {n_features}."
        )
    return int(n_features_to_select)


def rank_genes(importances, first=(), last=()):
    """Rank genes by importance, some before and some after all others.

    Parameters
    ----------
    importances : ndarray of shape (n_features,)
        The higher, the better. Ties keep the order of columns.
    first, last : ndarray of int
        Genes that come before and after all others, whatever their importance.

    Returns
    -------
    ndarray of int of shape (n_features,)
        Rank of every gene, 1 for the best.
    """
    tier = np.ones(len(importances), dtype=int)
    tier[np.asarray(first, dtype=int)] = 0
    tier[np.asarray(last, dtype=int)] = 2
    order = np.lexsort((-np.asarray(importances), tier))
    ranking = np.empty(len(order), dtype=int)
    ranking[order] = np.arange(1, len(order) + 1)
    return ranking


def resolve_wishes(must_include, exclude, feature_names, n_features, size):
    """Indices of the genes that must and must not be in a panel.

    Parameters
    ----------
    must_include, exclude : None or sequence of str or int
        Genes by name or index.
    feature_names : ndarray of str or None
        Gene names, if the data has any.
    n_features : int
        Number of genes.
    size : int or None
        How many of them are wanted; None if that is still to be found.

    Returns
    -------
    included, excluded : ndarray of int
        Column indices.

    Raises
    ------
    ValueError
        If a gene is unknown or in both lists, or the wishes leave no panel of that size.
    """
    included = resolve_genes(must_include, feature_names, n_features, what="must_include")
    excluded = resolve_genes(exclude, feature_names, n_features, what="exclude")
    both = np.intersect1d(included, excluded)
    if len(both):
        names = both if feature_names is None else np.asarray(feature_names)[both]
        raise ValueError(
            f"must_include and exclude share {len(both)} gene(s): "
            f"{', '.join(map(str, names[:5]))}. Take them out of one of the two."
        )
    if size is None:
        return included, excluded
    if len(included) > size:
        raise ValueError(
            f"must_include has {len(included)} genes, but only {size} are to be selected. Raise "
            "n_features_to_select or shorten must_include."
        )
    if n_features - len(excluded) < size:
        raise ValueError(
            f"exclude leaves {n_features - len(excluded)} of {n_features} genes, but {size} are "
            "to be selected. Lower n_features_to_select or shorten exclude."
        )
    return included, excluded
