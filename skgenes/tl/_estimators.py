"""Estimators that the functions run: seeded, and described in ``.uns``."""

import re

import numpy as np
import scipy.sparse as sp
from sklearn import config_context
from sklearn.base import BaseEstimator, clone
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

_PENALTIES = np.logspace(-1, 5, 13)
# Where a function or a generator lies in memory is another number in every session.
_ADDRESS = re.compile(r" at 0x[0-9A-Fa-f]+")


def default_regressor():
    """Ridge regression on standardised landmarks, its penalty tuned on the training cells."""
    # RidgeCV takes twice the time for a sparse matrix, and a panel is narrow.
    dense = FunctionTransformer(_to_dense, accept_sparse=True)
    return make_pipeline(dense, StandardScaler(), RidgeCV(alphas=_PENALTIES))


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


def _to_dense(X):
    return X.toarray() if sp.issparse(X) else X
