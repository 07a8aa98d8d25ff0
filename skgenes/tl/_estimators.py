"""Estimators that the functions run: seeded, and described in ``.uns``."""

import re

import numpy as np
from sklearn import config_context
from sklearn.base import BaseEstimator, clone

from skgenes.utils import with_names

_ROWS_AT_ONCE = 4096
# Where a function or a generator lies in memory is another number in every session.
_ADDRESS = re.compile(r" at 0x[0-9A-Fa-f]+")


def with_seed(estimator, random_state):
    """Copy an estimator and seed it, unless it or a part of it has a seed."""
    estimator = clone(estimator)
    seeds = {
        name: value
        for name, value in estimator.get_params(deep=True).items()
        if name.split("__")[-1] == "random_state"
    }
    if all(value is None for value in seeds.values()):
        estimator.set_params(**dict.fromkeys(seeds, random_state))
    return estimator


def fill_in(model, matrix, names, result, rows=None):
    """Reconstruct all genes, some cells at a time: they come as doubles.

    Parameters
    ----------
    model : LandmarkReconstructor
        Fitted.
    matrix : ndarray or csr_array of shape (n_obs, n_genes)
        All genes, or the landmarks alone.
    names : ndarray of str of shape (n_genes,)
        The genes.
    result : ndarray of shape (n_obs, n_vars)
        Where to write.
    rows : ndarray of int or None, default=None
        The cells; None is all of them.
    """
    rows = np.arange(len(result)) if rows is None else rows
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        some = rows[start : start + _ROWS_AT_ONCE]
        result[some] = model.reconstruct(with_names(matrix[some], names))


def params_of(**params):
    """Put parameters into a form that h5ad files keep; those that are None are left out."""
    return {name: _described(value) for name, value in params.items() if value is not None}


def _described(value):
    if isinstance(value, BaseEstimator):
        with config_context(print_changed_only=False):
            text = " ".join(value.__repr__(N_CHAR_MAX=10**6).split())
        return _ADDRESS.sub("", text)
    if isinstance(value, bool | int | float | str | np.generic):
        return value
    if isinstance(value, list | tuple | np.ndarray):
        array = np.asarray(value)
        return array.astype(object) if array.dtype.kind in "UT" else array
    return _ADDRESS.sub("", repr(value))
