"""What judges of panels share: which genes a panel has, and a regressor from it to the others."""

from collections.abc import Iterable
from numbers import Integral

import numpy as np
import pandas as pd

from skgenes.utils import clone_inner, form_for, resolve_genes, take_columns, targets_for
from skgenes.utils._messages import listed

_SHOWN = 5  # genes, in a message


def panel_support(what, panel, train, names, y=None):
    """Which genes are in a panel.

    Parameters
    ----------
    what : str
        What the panel is called, for messages, such as "panel 'mine'".
    panel : sequence of str or int, mask or selector
        The panel. A selector is cloned and fitted on `train`.
    train : ndarray or csr_array of shape (n_samples, n_genes)
        Training samples.
    names : ndarray of str of shape (n_genes,) or None
        Gene names.
    y : ndarray of shape (n_samples,) or None, default=None
        Labels of the training samples, for selectors that learn from them.

    Returns
    -------
    ndarray of bool of shape (n_genes,)
        True for some genes, but not for all.
    """
    n_genes = train.shape[1]
    if hasattr(panel, "fit") and hasattr(panel, "get_support"):
        support = _selected(panel, train, names, y)
    elif not isinstance(panel, Iterable | Integral):
        raise TypeError(
            f"{_capital(what)} is {panel!r}; give gene names, column indices, a mask or a selector."
        )
    else:
        check_mask(what, panel, names)
        support = np.zeros(n_genes, dtype=bool)
        support[resolve_genes(panel, names, n_genes, what=what)] = True
    if support.shape != (n_genes,):
        raise ValueError(
            f"The selector of {what} selects among {support.size} columns, but X has "
            f"{n_genes} genes. It must see X itself."
        )
    if support.all() or not support.any():
        which = "all" if support.all() else "none"
        raise ValueError(
            f"{_capital(what)} has {which} of the {n_genes} genes: there must be some to measure "
            "and some to infer."
        )
    return support


def check_mask(what, panel, names):
    """Raise if a mask says by its index that it is of the genes of X in another order.

    Parameters
    ----------
    what : str
        What the panel is called, for messages.
    panel : object
        The panel; only a Series of bool is looked at.
    names : ndarray of str of shape (n_genes,) or None
        Gene names.
    """
    if names is None or not isinstance(panel, pd.Series):
        return
    index = panel.index.tolist()
    if len(index) != len(names) or not all(isinstance(gene, bool | np.bool_) for gene in panel):
        return
    if set(index) == set(names) and index != list(names):
        first = next(i for i, gene in enumerate(index) if gene != names[i])
        raise ValueError(
            f"{_capital(what)} is a mask of the genes of X in another order: entry {first} is of "
            f"{index[first]!r}, column {first} of X is {str(names[first])!r}. Put it in the order "
            "of X, for example by mask.loc[names] with the names of X, or give the names of the "
            "genes."
        )


def columns_of(genes, names, n_genes):
    """Columns of genes that are known to be there, in their order and as often as they are given.

    Parameters
    ----------
    genes : sequence of str or int
        Gene names or column indices.
    names : ndarray of str of shape (n_genes,) or None
        Gene names.
    n_genes : int
        Number of genes.

    Returns
    -------
    list of int
        From 0 to n_genes - 1.
    """
    position = {} if names is None else {name: i for i, name in enumerate(names)}
    return [position[gene] if isinstance(gene, str) else int(gene) % n_genes for gene in genes]


def check_once(genes, columns, names):
    """Raise if a panel has a gene more than once, under whatever names.

    Parameters
    ----------
    genes : sequence of str or int
        The panel as given.
    columns : sequence of int
        Its columns.
    names : ndarray of str of shape (n_genes,) or None
        Gene names.
    """
    given = {}
    for gene, column in zip(genes, columns, strict=True):
        given.setdefault(column, []).append(gene)
    if len(given) == len(columns):
        return
    twice = [
        _as_given(column if names is None else str(names[column]), entries)
        for column, entries in given.items()
        if len(entries) > 1
    ]
    more = f" and {len(twice) - _SHOWN} more" if len(twice) > _SHOWN else ""
    raise ValueError(
        f"The panel has {len(columns)} entries, but only {len(given)} different genes; given "
        f"more than once: {', '.join(twice[:_SHOWN])}{more}. Name each gene once."
    )


def check_same_genes(names, test_names, n_genes, n_test_genes):
    """Raise unless held-out samples have the genes of X, in the same order.

    Parameters
    ----------
    names, test_names : ndarray of str or None
        Gene names of X and of `X_test`.
    n_genes, n_test_genes : int
        Numbers of their genes.
    """
    if n_genes != n_test_genes:
        raise ValueError(f"X has {n_genes} genes, but X_test has {n_test_genes}; pass the same.")
    if (names is None) != (test_names is None):
        which = ("X_test", "X") if names is None else ("X", "X_test")
        raise ValueError(
            f"{which[0]} has gene names, but {which[1]} has none, so that they cannot be matched. "
            "Pass both with names or both without."
        )
    if names is not None and not np.array_equal(names, test_names):
        first = int(np.argmax(names != test_names))
        n_new = len(set(test_names) - set(names))
        raise ValueError(
            f"X_test has other genes than X or another order: {n_new} of {n_genes} are not in X, "
            f"and column {first} is {test_names[first]!r} where X has {names[first]!r}. Pass the "
            "columns of X_test in the order of X."
        )


def infer_genes(what, support, regressor, train, test):
    """Infer the genes outside of a panel for held-out samples.

    Parameters
    ----------
    what : str
        What the panel is called, for messages.
    support : ndarray of bool of shape (n_genes,)
        The panel.
    regressor : estimator
        Is fitted.
    train, test : ndarray or csr_array of shape (n_samples, n_genes)
        Samples to learn from and to infer.

    Returns
    -------
    ndarray of float64 of shape (n_test, n_targets)
        Inferred expression.
    """
    targets = targets_for(regressor, take_columns(train, ~support))
    try:
        regressor.fit(take_columns(train, support), targets)
    except ValueError as error:
        error.add_note(
            f"Raised by {type(regressor).__name__} for {what} and its {targets.shape[1]} "
            "targets. If it takes one target only, wrap it in "
            "sklearn.multioutput.MultiOutputRegressor."
        )
        raise
    inferred = np.asarray(regressor.predict(take_columns(test, support)), dtype=np.float64)
    if inferred.shape != (test.shape[0], targets.shape[1]):
        raise ValueError(
            f"{type(regressor).__name__} predicts an array of shape {inferred.shape} from "
            f"{what}, but it was given {targets.shape[1]} targets and {test.shape[0]} samples. "
            "If it takes one target only, wrap it in sklearn.multioutput.MultiOutputRegressor."
        )
    return inferred


def _selected(selector, train, names, y):
    selector = clone_inner(selector)
    labels = () if y is None else (y,)
    selector.fit(form_for(selector, train, names), *labels)
    return np.asarray(selector.get_support(), dtype=bool)


def _as_given(gene, entries):
    """Name a gene, and the entries that mean it where they do not say so."""
    entries = list(dict.fromkeys(entries))
    named = repr(gene) if isinstance(gene, str) else f"gene {gene}"
    return named if entries == [gene] else f"{named} (as {listed(entries)})"


def _capital(what):
    return what[0].upper() + what[1:]
