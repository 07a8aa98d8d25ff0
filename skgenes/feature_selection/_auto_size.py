"""The size of a panel by cross-validation."""

import warnings
from numbers import Integral

import numpy as np
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.model_selection import KFold, StratifiedKFold, check_cv

from skgenes.feature_selection._panel_wishes import mean_and_constant
from skgenes.inspection import panel_size_curve
from skgenes.utils import with_names

_MOST = 200
_SCORES = ("r2_shared", "pcc_shared", "r2", "pcc", "mae")


def automatic_size(selector, X, groups, wishes, seed):
    """Choose the size of a panel: the least to which more genes add nothing that matters.

    Parameters
    ----------
    selector : estimator
        The selector, with the parameters ``n_features_to_select`` and ``cv``; cloned.
    X : ndarray or csr_array of shape (n_samples, n_genes)
        Validated samples.
    groups : ndarray of shape (n_samples,) or None
        For the selector's ``fit``; folds have all of them alike.
    wishes : PanelWishes
        What the panel must and must not hold.
    seed : int
        Shuffles the folds if ``cv`` is their number.

    Returns
    -------
    size : int
        By `skgenes.inspection.PanelSizeCurve.auto_size`, of sizes up to 200 genes and half of
        them; all genes that must be included at least.
    results : dict of str to ndarray of shape (n_sizes,)
        What was found: ``n_features``, ``mean_`` and ``std_`` of every score, and
        ``share_of_ceiling``.
    """
    folds = _folds(selector.cv, X.shape[0], groups, seed)
    n_left = [int((~wishes.barred(*mean_and_constant(X[train]))).sum()) for train, _ in folds]
    n_included = len(wishes.included)
    with warnings.catch_warnings():
        # Which genes have no correlation is of no use to who asks for a panel.
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        curve = panel_size_curve(
            selector,
            with_names(X, wishes.names),
            sizes=max(1, n_included, min(_MOST, X.shape[1] // 2, *n_left)),
            cv=folds,
            fit_params={} if groups is None else {"groups": groups},
        )
    return max(curve.auto_size(), n_included), _as_arrays(curve.to_frame())


def _folds(cv, n_samples, groups, seed):
    if isinstance(cv, Integral):
        kind = KFold if groups is None else StratifiedKFold
        cv = kind(int(cv), shuffle=True, random_state=seed)
    return list(check_cv(cv).split(np.zeros((n_samples, 1)), groups))


def _as_arrays(table):
    results = {"n_features": table.index.to_numpy(np.int64)}
    for score in _SCORES:
        results[f"mean_{score}"] = table[score].to_numpy()
        results[f"std_{score}"] = table[f"{score}_sd"].to_numpy()
    return results | {"share_of_ceiling": table["share_of_ceiling"].to_numpy()}
