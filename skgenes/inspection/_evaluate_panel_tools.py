"""What a panel is judged with: regressors, a classifier, and which of them for random panels."""

from functools import partial

import numpy as np
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression

from skgenes.inspection._panel_inputs import infer_genes
from skgenes.inspection._panel_judge import Tools
from skgenes.inspection._panel_regressors import infer_by_neighbors, infer_by_ridge
from skgenes.utils._messages import listed

_BUILT_IN = {"ridge": infer_by_ridge, "knn": infer_by_neighbors}
_PARTS = ("redundancy", "classes", "groups")


def tools_of(regressors, classifier, alpha, classes, group_names, n_genes):
    """Check what the caller judges with.

    Parameters
    ----------
    regressors : dict of {str: estimator or str} or None
        What infers genes; None for the built-in ones.
    classifier : classifier or None
        What learns classes; None for a logistic regression.
    alpha : float
        Share of the null below which a gene passes.
    classes, group_names : ndarray
        Names of classes and groups, of length 0 for none.
    n_genes : int
        Number of genes.

    Returns
    -------
    Tools
        All genes are tested.
    """
    regressors = dict.fromkeys(_BUILT_IN) if regressors is None else regressors
    if not regressors:
        raise ValueError("regressors is empty; give at least one, such as {'ridge': 'ridge'}.")
    found = {}
    for name, regressor in regressors.items():
        if not isinstance(name, str) or name in _PARTS:
            raise ValueError(
                f"regressors has the name {name!r}; names must be text other than {listed(_PARTS)}."
            )
        found[name] = _inference(name, name if regressor is None else regressor)
    if len(classes) and classifier is None:
        classifier = LogisticRegression(max_iter=1000)
    return Tools(
        regressors=found,
        tested=(np.arange(n_genes),),
        alpha=alpha,
        classifier=classifier if len(classes) else None,
        n_classes=len(classes),
        n_groups=len(group_names),
    )


def _inference(name, regressor):
    if isinstance(regressor, str):
        if regressor not in _BUILT_IN:
            raise ValueError(
                f"Regressor {name!r} is {regressor!r}; give an estimator or one of "
                f"{listed(_BUILT_IN)}."
            )
        return _BUILT_IN[regressor]
    if not (hasattr(regressor, "fit") and hasattr(regressor, "predict")):
        raise TypeError(
            f"Regressor {name!r} is {regressor!r}; give an estimator with fit and predict, or one "
            f"of {listed(_BUILT_IN)}."
        )
    return partial(_infer_by_estimator, regressor)


def _infer_by_estimator(regressor, split, support):
    inferred = infer_genes("the panel", support, clone(regressor), split.raw_train, split.raw_test)
    everything = np.zeros_like(split.test)
    scaling = split.scaling
    everything[:, ~support] = (inferred - scaling.mean[~support]) / scaling.scale[~support]
    return everything


def names_for_random(wanted, known):
    """Check which regressors random panels are judged with.

    Parameters
    ----------
    wanted : sequence of str or None
        Their names; None for the built-in ones.
    known : dict of {str: callable}
        All regressors.

    Returns
    -------
    list of str
        Their names, in the order of `known`.
    """
    if wanted is None:
        return [name for name, infer in known.items() if infer in _BUILT_IN.values()]
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise ValueError(
            f"random_regressors names {listed(unknown)}, but regressors are {listed(known)}."
        )
    return [name for name in known if name in wanted]
