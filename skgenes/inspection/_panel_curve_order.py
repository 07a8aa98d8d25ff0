"""Panels in the order of choosing, from selectors of any library."""

import numbers
from collections.abc import Iterable, Set
from typing import NamedTuple

import numpy as np

from skgenes.utils import clone_inner, form_for, resolve_genes
from skgenes.utils._messages import listed

# Of skgenes and scikit-learn, scikit-matter, SelectKBest, SelectFromModel.
_SIZE_PARAMS = ("n_features_to_select", "n_to_select", "k", "max_features")
# Selected columns in the order of choosing: of fastcan, scikit-matter.
_ORDERS = ("indices_", "selected_idx_")


class PanelSource:
    """Where panels come from: a selector, or given genes in their order.

    Parameters
    ----------
    selector : selector or sequence of str or int
        The source.
    names : ndarray of str of shape (n_genes,) or None
        Gene names.
    n_genes : int
        Number of genes.
    param : str or None
        The parameter that is the size of a panel; None finds it.
    refit : bool
        Whether smaller panels are fitted though larger ones are ordered.

    Attributes
    ----------
    name : str
        What it is called, for messages and tables.
    own_size : int or None
        Size of panel the selector is set to, or number of genes given; None if that is no number.
    """

    def __init__(self, selector, names, n_genes, param, refit):
        self.names, self.refit, self.given = names, refit, None
        if hasattr(selector, "fit") and hasattr(selector, "get_support"):
            self.selector, self.name = selector, type(selector).__name__
            self.param = _size_parameter(selector, param)
            self.own_size = _size(selector.get_params()[self.param], n_genes)
            return
        if isinstance(selector, str | Set) or not isinstance(selector, Iterable):
            raise TypeError(
                f"selector is {selector!r}; give a selector, or genes in the order of adding."
            )
        self.given, self.name = _given_order(selector, names, n_genes), "given genes"
        self.own_size = len(self.given)

    def panels(self, X, y, fit_params, largest):
        """Choose the largest panel.

        Parameters
        ----------
        X : ndarray or csr_array of shape (n_samples, n_genes)
            Training samples.
        y : ndarray of shape (n_samples,) or None
            Their labels.
        fit_params : dict
            Further arguments of the selector's ``fit``.
        largest : int
            Its size.

        Returns
        -------
        Panels
            It, and all smaller ones.
        """
        if self.given is None:
            return Panels(self, X, y, fit_params, *self.fit(X, y, fit_params, largest)[:2])
        if largest > len(self.given):
            raise ValueError(
                f"Panels of {largest} genes are to be judged, but only {len(self.given)} genes are "
                "given. Lower sizes or give more genes."
            )
        return Panels(self, X, y, fit_params, self.given[:largest], True)

    def fit(self, X, y, fit_params, size):
        """Fit a clone of the selector.

        Parameters
        ----------
        X : ndarray or csr_array of shape (n_samples, n_genes)
            Training samples.
        y : ndarray of shape (n_samples,) or None
            Their labels.
        fit_params : dict
            Further arguments of its ``fit``.
        size : int
            Size of the panel.

        Returns
        -------
        panel : ndarray of int of shape (size,)
            Its columns.
        ordered : bool
            Whether leading parts of it are smaller panels.
        fitted : estimator
            The clone.
        """
        params = {self.param: int(size)}
        panel, ordered, fitted = fit_selector(self.selector, X, self.names, y, fit_params, **params)
        if len(panel) != size:
            raise ValueError(
                f"{self.name} chose {len(panel)} genes where {self.param}={size} were asked for, "
                "so that there is no panel of that size to judge. Ask for fewer genes."
            )
        return panel, ordered and not self.refit, fitted


class Panels(NamedTuple):
    """Panels of all sizes from the same training samples.

    Attributes
    ----------
    source : PanelSource
        Where they come from.
    X : ndarray or csr_array of shape (n_samples, n_genes)
        Training samples.
    y : ndarray of shape (n_samples,) or None
        Their labels.
    fit_params : dict
        Further arguments of the selector's ``fit``.
    largest : ndarray of int of shape (n_largest,)
        Columns of the largest panel.
    ordered : bool
        Whether its leading parts are the smaller ones.
    """

    source: PanelSource
    X: object
    y: object
    fit_params: dict
    largest: np.ndarray
    ordered: bool

    def parts(self, sizes):
        """Give the panel of every size.

        Parameters
        ----------
        sizes : ndarray of int of shape (n_sizes,)
            Increasing, the last that of the largest panel.

        Yields
        ------
        some : ndarray of int of shape (n_some,)
            Sizes.
        order : ndarray of int of shape (n_selected,)
            Columns whose leading parts are the panels of these sizes.
        """
        if self.ordered:
            yield sizes, self.largest
            return
        for size in sizes[:-1]:
            yield np.array([size]), self.source.fit(self.X, self.y, self.fit_params, size)[0]
        yield sizes[-1:], self.largest


def _given_order(genes, names, n_genes):
    order = [int(resolve_genes([gene], names, n_genes, what="selector")[0]) for gene in genes]
    if not order:
        raise ValueError("selector is an empty list of genes; give genes in the order of adding.")
    twice = [gene for gene in dict.fromkeys(order) if order.count(gene) > 1]
    if twice:
        shown = twice if names is None else [str(names[gene]) for gene in twice]
        raise ValueError(f"selector gives {listed(shown)} more than once. Name each gene once.")
    return np.array(order)


def _size_parameter(selector, param):
    known = selector.get_params(deep=param is not None)
    if param is not None:
        if param not in known:
            raise ValueError(
                f"{type(selector).__name__} has no parameter {param!r} to set the size of its "
                f"panel with; it has {listed(sorted(known), 12)}."
            )
        return param
    found = [name for name in _SIZE_PARAMS if name in known]
    if not found:
        raise ValueError(
            f"{type(selector).__name__} has none of the parameters {listed(_SIZE_PARAMS)}, so that "
            "the size of its panel cannot be set. Name the one it has with param=...."
        )
    return found[0]


def _size(value, n_genes):
    if isinstance(value, bool | np.bool_) or not isinstance(value, numbers.Real):
        return None
    return int(value) if isinstance(value, numbers.Integral) else max(1, int(value * n_genes))


def fit_selector(selector, X, names, y, fit_params, **params):
    """Fit a clone of a selector and read its panel.

    Parameters
    ----------
    selector : estimator
        Anything with ``fit`` and ``get_support``.
    X : ndarray or csr_array of shape (n_samples, n_genes)
        Training samples.
    names : ndarray of str of shape (n_genes,) or None
        Gene names.
    y : ndarray of shape (n_samples,) or None
        Labels of the samples, for selectors that learn from them.
    fit_params : dict
        Further arguments of ``fit``.
    **params : dict
        Parameters to set.

    Returns
    -------
    panel : ndarray of int of shape (n_selected,)
        Columns, in the order of choosing if `ordered`.
    ordered : bool
        Whether the selector says in which order it chose them.
    fitted : estimator
        The clone.
    """
    selector = clone_inner(selector).set_params(**params)
    selector.fit(form_for(selector, X, names), *(() if y is None else (y,)), **fit_params)
    support = np.asarray(selector.get_support())
    if support.dtype != bool or support.shape != (X.shape[1],):
        raise ValueError(
            f"get_support() of {type(selector).__name__} gives an array of {support.dtype} of "
            f"shape {support.shape}, but X has {X.shape[1]} genes. It must see X itself and give "
            "a mask."
        )
    panel = np.flatnonzero(support)
    order = _order(selector, panel)
    return (panel, False, selector) if order is None else (order, True, selector)


def _order(selector, panel):
    ranking = np.ravel(getattr(selector, "ranking_", []))
    if ranking.size > panel.max(initial=-1):
        order = panel[np.argsort(ranking[panel], kind="stable")]
        if np.array_equal(ranking[order], np.arange(1, panel.size + 1)):
            return order
    for name in _ORDERS:
        order = np.ravel(getattr(selector, name, []))
        if np.array_equal(np.sort(order), panel):
            return order.astype(np.intp)
    return None
