"""Several panels, one regressor, the same held-out samples and target genes."""

import warnings
from collections.abc import Mapping
from numbers import Integral, Real

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.model_selection import train_test_split
from sklearn.utils._param_validation import HasMethods, Interval, validate_params

from skgenes.inspection._compare_result import PanelComparison
from skgenes.inspection._panel_inputs import check_same_genes, infer_genes, panel_support
from skgenes.metrics import gene_permutation_test, per_gene_mean_absolute_error
from skgenes.utils import (
    check_expression,
    check_inner_layer,
    gene_names,
    matrix_of,
    take_columns,
    validate_expression,
)

# The permutation test needs as many.
_MIN_TRAIN, _MIN_TEST, _MIN_COMMON = 2, 3, 2


@validate_params(
    {
        "panels": [Mapping],
        "regressor": [HasMethods(["fit", "predict"])],
        "test_size": [
            Interval(Real, 0, 1, closed="neither"),
            Interval(Integral, 1, None, closed="left"),
        ],
        "alpha": [Interval(Real, 0, 1, closed="right")],
        "layer": [str, None],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def compare_panels(
    panels,
    X,
    regressor,
    *,
    X_test=None,
    test_size=0.3,
    alpha=0.01,
    layer=None,
    random_state=None,
):
    r"""Compare landmark panels by how well other genes are inferred from them.

    For every panel a clone of the regressor learns from training samples to infer all genes outside
    of it. Scores are those of held-out samples, on the genes which are in no panel, so that all
    panels answer the same questions.

    Parameters
    ----------
    panels : dict of {str: panel}
        Each panel is a sequence of gene names or column indices, a boolean mask of shape
        (n_genes,), or a selector: anything with ``fit`` and ``get_support``. Selectors are cloned
        and fitted on the training samples, without a y.
    X : ndarray, DataFrame, sparse matrix or AnnData of shape (n_samples, n_genes)
        Expression, in any unit.
    regressor : estimator
        Anything with ``fit`` and ``predict`` that takes several targets. Cloned for every panel.
    X_test : ndarray, DataFrame, sparse matrix or AnnData of shape (n_test, n_genes), default=None
        Held-out samples with the genes of X in the same order, at least 3; all of X is then
        trained on. None holds out samples of X.
    test_size : float in (0, 1) or int, default=0.3
        Share or number of samples of X to hold out. Not used with `X_test`.
    alpha : float in (0, 1], default=0.01
        A gene passes the permutation test when less than this fraction of its null lies above its
        correlation.
    layer : str or None, default=None
        Layer to read when X is an AnnData; None reads ``X.X``. The same for `X_test`.
    random_state : int, RandomState instance or None, default=None
        Draws the held-out samples as `sklearn.model_selection.train_test_split` does; selectors
        and the regressor have their own. An int gives the same samples on every call.

    Returns
    -------
    PanelComparison
        Scores of every common target and panel, and tables made from them.

    Raises
    ------
    ValueError
        If a panel is empty, has unknown genes or has all genes, fewer than two genes are in no
        panel, there are too few samples, `X_test` has other genes than X, a value is not finite,
        or the regressor does not infer all targets.
    TypeError
        If a panel is neither genes nor a selector.

    Warns
    -----
    UndefinedMetricWarning
        Once, with the numbers of genes whose correlation is undefined, since they are constant in
        the held-out samples or are inferred as a constant. They keep their error, have NaN in
        ``pcc`` and ``null_fraction``, and are left out of means and tests of those.

    See Also
    --------
    skgenes.compose.LandmarkReconstructor : One panel and one regressor as an estimator.
    skgenes.metrics.gene_permutation_test : The permutation test.

    Notes
    -----
    With :math:`\hat g_j` inferred from a panel, gene j of the set C of common targets has

    .. math::
        \mathrm{MAE}_j = \mathrm{mean}\,|g_j - \hat g_j|, \quad
        \mathrm{PCC}_j = \mathrm{corr}(g_j, \hat g_j), \quad
        f_j = \frac{\#\{k \in C, k \ne j : \mathrm{corr}(\hat g_j, g_k) > \mathrm{PCC}_j\}}
                   {|C| - 1}

    and passes the permutation test when :math:`f_j` is below `alpha`. The null are the common
    targets, so that it is the same for all panels; genes constant in the held-out samples are in no
    null. One panel's predictions are held at a time.

    Common targets depend on all panels given: compare numbers within one call, not between calls.

    References
    ----------
    Kong et al. (2021), BMC Bioinformatics 22, doi:10.1186/s12859-021-03972-5, Methods and Figure 3:
    their landmarks and L1000's on the common targets of both.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import Ridge
    >>> from skgenes.inspection import compare_panels
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(90, 3)) @ rng.normal(size=(3, 12)) + 0.1 * rng.normal(size=(90, 12))
    >>> panels = {"three genes": [0, 1, 2], "one gene": [3]}
    >>> result = compare_panels(panels, X, Ridge(), random_state=0)
    >>> result
    PanelComparison(2 panels, 8 common targets, 63 training and 27 held-out samples)
    >>> print(result.summary()["pcc_mean"].round(2).to_dict())
    {'three genes': 1.0, 'one gene': 0.43}
    """
    for panel in panels.values():
        check_inner_layer(panel, X, layer)
    names = gene_names(X)
    X = validate_expression(BaseEstimator(), X, reset=True, layer=layer)
    train, test = _train_and_test(X, X_test, names, layer, test_size, random_state)
    supports = {
        name: panel_support(f"panel {name!r}", panel, train, names)
        for name, panel in panels.items()
    }
    common = _common_targets(supports, X.shape[1])
    observed = take_columns(test, common)
    scores = {}
    for name, support in supports.items():
        inferred = infer_genes(f"panel {name!r}", support, clone(regressor), train, test)
        scores[name] = _scores(observed, take_columns(inferred, common[~support]), alpha)
    _warn_undefined(scores, observed.shape[1])
    genes = np.arange(X.shape[1]) if names is None else names
    index, header = pd.Index(genes[common], name="gene"), pd.Index([*panels], name="panel")
    return PanelComparison(
        **{
            score: pd.DataFrame(
                np.column_stack([scores[name][score] for name in supports]), index, header
            )
            for score in ("mae", "pcc", "null_fraction")
        },
        panels={name: genes[support] for name, support in supports.items()},
        alpha=alpha,
        n_train=train.shape[0],
        n_test=test.shape[0],
    )


def _train_and_test(X, X_test, names, layer, test_size, random_state):
    if X_test is None:
        if random_state is None:  # which would draw from NumPy's global state
            random_state = np.random.RandomState()
        train, test = train_test_split(X, test_size=test_size, random_state=random_state)
    else:
        test_names = gene_names(X_test)
        train, test = X, check_expression(matrix_of(X_test, layer), test_names, what="X_test")
        check_same_genes(names, test_names, train.shape[1], test.shape[1])
    if train.shape[0] < _MIN_TRAIN or test.shape[0] < _MIN_TEST:
        raise ValueError(
            f"There are {train.shape[0]} training and {test.shape[0]} held-out samples, but "
            f"{_MIN_TRAIN} and {_MIN_TEST} are needed at least. Pass more, or change test_size."
        )
    return train, test


def _common_targets(supports, n_genes):
    if not supports:
        raise ValueError("panels is empty; give at least one panel, such as {'mine': genes}.")
    common = ~np.logical_or.reduce([*supports.values()])
    if common.sum() < _MIN_COMMON:
        sizes = ", ".join(f"{name!r}: {support.sum()}" for name, support in supports.items())
        raise ValueError(
            f"Only {common.sum()} of the {n_genes} genes are in no panel (sizes of the panels: "
            f"{sizes}), but at least {_MIN_COMMON} are needed to compare on. Give smaller or "
            "fewer panels."
        )
    return common


def _scores(observed, inferred, alpha):
    with warnings.catch_warnings():
        # One warning for all panels comes later.
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        test = gene_permutation_test(observed, inferred, alpha)
    return test | {"mae": per_gene_mean_absolute_error(observed, inferred)}


def _warn_undefined(scores, n_common):
    n_constant = next(iter(scores.values()))["n_constant_true"]
    n_inferred = {name: score["n_constant_pred"] for name, score in scores.items()}
    if n_constant or any(n_inferred.values()):
        by_panel = ", ".join(f"{n} from panel {name!r}" for name, n in n_inferred.items() if n)
        warnings.warn(
            f"{n_constant} of {n_common} common targets are constant in the held-out samples, and "
            f"inferred as a constant are {by_panel or 'none'}: their correlation and permutation "
            "test are NaN and left out of means and tests.",
            UndefinedMetricWarning,
            stacklevel=4,
        )
