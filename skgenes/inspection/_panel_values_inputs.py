"""What panel_values and panel_swaps read: a panel in its order, and samples."""

from collections.abc import Iterable
from numbers import Integral
from typing import NamedTuple

import numpy as np
from sklearn.base import BaseEstimator

from skgenes.inspection._panel_inputs import (
    check_mask,
    check_once,
    check_same_genes,
    columns_of,
    panel_support,
)
from skgenes.inspection._panel_regressors import tuned_penalty
from skgenes.inspection._panel_split import PanelSplit
from skgenes.utils import (
    check_expression,
    describe_difference,
    gene_names,
    matrix_of,
    validate_expression,
)
from skgenes.utils._messages import listed

_MIN_SAMPLES = 3


class PanelData(NamedTuple):
    """A panel and the samples to judge it on.

    Parameters
    ----------
    split : PanelSplit
        Training and held-out samples; twice the same where none are held out.
    panel : ndarray of int of shape (k,)
        Columns of the panel, in its order.
    penalty : float
        Of the ridge, in units of a gene's variance.
    names : ndarray of str of shape (n_genes,) or None
        Gene names.
    """

    split: PanelSplit
    panel: np.ndarray
    penalty: float
    names: np.ndarray | None

    @property
    def labels(self):
        """Gene names, or columns where there are none."""
        return np.arange(self.split.train.shape[1]) if self.names is None else self.names


def read_panel(panel, X, X_test, penalty, layer):
    """Validate a panel and samples.

    Parameters
    ----------
    panel : sequence of str or int, mask or fitted selector
        The panel.
    X, X_test : ndarray, DataFrame, sparse matrix or AnnData
        Samples; `X_test` may be None.
    penalty : float or "auto"
        Of the ridge.
    layer : str or None
        Layer of an AnnData; None for that of the panel, if it is a selector that has one.

    Returns
    -------
    PanelData
        Everything checked.
    """
    names = gene_names(X)
    if layer is None and hasattr(panel, "get_support"):
        layer = getattr(panel, "layer", None)
    matrix = validate_expression(BaseEstimator(), X, reset=True, layer=layer)
    if matrix.shape[0] < _MIN_SAMPLES:
        raise ValueError(
            f"X has {matrix.shape[0]} sample(s), but at least {_MIN_SAMPLES} are needed to learn "
            "from and to leave out."
        )
    test = matrix
    if X_test is not None:
        test_names = gene_names(X_test)
        test = check_expression(matrix_of(X_test, layer), test_names, what="X_test")
        check_same_genes(names, test_names, matrix.shape[1], test.shape[1])
    order = ordered_panel(panel, matrix, names)
    split = PanelSplit(matrix, test)
    _check_varying(split.varying, order, names)
    if isinstance(penalty, str):
        support = np.isin(np.arange(matrix.shape[1]), order)
        penalty = tuned_penalty(split, support) / matrix.shape[0]
    return PanelData(split, order, float(penalty), names)


def ordered_panel(panel, matrix, names):
    """Columns of a panel, in its order.

    Parameters
    ----------
    panel : sequence of str or int, mask or fitted selector
        A mask has the order of columns, a selector that of its ``ranking_``, where it has one.
    matrix : ndarray or csr_array of shape (n_samples, n_genes)
        Samples.
    names : ndarray of str of shape (n_genes,) or None
        Gene names.

    Returns
    -------
    ndarray of int of shape (k,)
        Each gene once.
    """
    n_genes = matrix.shape[1]
    if hasattr(panel, "get_support"):
        support = np.asarray(panel.get_support(), dtype=bool)
        _check_seen(panel, support, names, n_genes)
        columns = np.flatnonzero(panel_support("the panel", support, matrix, names))
        ranking = getattr(panel, "ranking_", None)
        return columns if ranking is None else columns[np.argsort(ranking[columns], kind="stable")]
    check_mask("the panel", panel, names)
    if isinstance(panel, Iterable) and not isinstance(panel, str):
        panel = list(panel)
    support = panel_support("the panel", panel, matrix, names)
    genes = [panel] if isinstance(panel, str | Integral) else panel
    if isinstance(genes[0], bool | np.bool_):
        return np.flatnonzero(support)
    columns = columns_of(genes, names, n_genes)
    check_once(genes, columns, names)
    return np.array(columns)


def _check_seen(selector, support, names, n_genes):
    """A selector must have been fitted to the genes of X."""
    what = type(selector).__name__
    if len(support) != n_genes:
        raise ValueError(
            f"{what} was fitted to {len(support)} genes, but X has {n_genes}. Pass X with the "
            "genes it was fitted to."
        )
    check_seen_names(selector, names)


def check_seen_names(estimator, names):
    """Raise if an estimator was fitted to genes of other names.

    Parameters
    ----------
    estimator : estimator
        A fitted one.
    names : ndarray of str of shape (n_genes,) or None
        Gene names of X.
    """
    seen = getattr(estimator, "feature_names_in_", None)
    if seen is not None and names is not None and not np.array_equal(seen, names):
        raise ValueError(
            f"{type(estimator).__name__} was fitted to other genes than those of X. "
            f"{describe_difference(seen, names)}"
        )


def _check_varying(varying, panel, names):
    constant = panel[~varying[panel]]
    if len(constant):
        shown = constant.tolist() if names is None else names[constant]
        raise ValueError(
            f"{len(constant)} of the {len(panel)} genes of the panel do not vary in X: "
            f"{listed(shown)}. Nothing can be inferred from them: take them out."
        )
    if varying.sum() <= len(panel):
        raise ValueError(
            f"No gene outside of the panel varies in X ({len(varying)} genes, {len(panel)} of "
            "them in the panel): there is nothing to infer."
        )
