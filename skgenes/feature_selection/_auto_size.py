"""The size of a panel by cross-validation."""

import copy
import warnings
from numbers import Integral

import numpy as np
from sklearn.exceptions import UndefinedMetricWarning

from skgenes.inspection import panel_size_curve
from skgenes.utils import with_names
from skgenes.utils._messages import listed

_SCORES = ("r2_shared", "pcc_shared", "r2", "pcc", "mae")


def automatic_size(selector, X, groups, seed):
    """Choose the size of a panel: the least to which more genes add nothing that matters.

    Parameters
    ----------
    selector : estimator
        The selector, with the parameters ``n_features_to_select`` and ``cv``; cloned.
    X : ndarray or csr_array of shape (n_samples, n_genes)
        Validated samples.
    groups : ndarray of shape (n_samples,) or None
        For the selector's ``fit``; folds have all of them alike.
    seed : int
        Shuffles the folds if ``cv`` is their number.

    Returns
    -------
    size : int
        By `skgenes.inspection.PanelSizeCurve.auto_size`, of the sizes that
        `skgenes.inspection.panel_size_curve` takes by itself.
    results : dict of str to ndarray of shape (n_sizes,)
        What was found: ``n_features``, ``mean_`` and ``std_`` of every score, and
        ``share_of_ceiling``.

    Raises
    ------
    ValueError
        If folds would leave a group with a single sample, or samples are too few.

    Warns
    -----
    UserWarning
        If no gene tells of any other, so that no size means anything.
    """
    cv = selector.cv
    if groups is not None and isinstance(cv, Integral):
        _check_groups(groups, cv)
    selector = copy.copy(selector).set_params(cv=5)  # what is given may not be cloned
    with warnings.catch_warnings():
        # Which genes have no correlation is of no use to who asks for a panel. Of groups smaller
        # than the number of folds, some folds have no sample to hold out.
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        warnings.filterwarnings("ignore", "The least populated class")
        curve = panel_size_curve(
            selector,
            with_names(X, getattr(selector, "feature_names_in_", None)),
            cv=cv,
            fit_params={} if groups is None else {"groups": groups},
            random_state=seed,
        )
    if not (curve.ceiling["r2"].mean() > 0 and curve.folds["r2_shared"].max() > 0):
        warnings.warn(
            "On held-out samples no gene tells of any other, so that no size of panel is better "
            "than another. Pass more samples, or set n_features_to_select.",
            UserWarning,
            stacklevel=4,
        )
    return curve.auto_size(), _as_arrays(curve.to_frame())


def _check_groups(groups, n_folds):
    """Raise where a fold leaves a single sample of a group, which shows no variation."""
    names, sizes = np.unique(groups, return_counts=True)
    rare = names[sizes - np.ceil(sizes / n_folds) < 2]
    if len(rare):
        raise ValueError(
            f'groups has {len(rare)} group(s) too small for n_features_to_select="auto": '
            f"{listed(rare.tolist())}. With cv={n_folds} each needs "
            f"{4 if n_folds == 2 else 3} samples, of which some are held out. Merge groups, leave "
            "these samples out, or set n_features_to_select."
        )


def _as_arrays(table):
    results = {"n_features": table.index.to_numpy(np.int64)}
    for score in _SCORES:
        results[f"mean_{score}"] = table[score].to_numpy()
        results[f"std_{score}"] = table[f"{score}_sd"].to_numpy()
    return results | {"share_of_ceiling": table["share_of_ceiling"].to_numpy()}
