"""One call that says how good a panel is."""

import warnings
from collections.abc import Mapping
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.utils._param_validation import HasMethods, Interval, validate_params

from skgenes.inspection._evaluate_panel_tables import evaluation_of
from skgenes.inspection._evaluate_panel_tools import names_for_random, tools_of
from skgenes.inspection._panel_inputs import (
    check_once,
    check_same_genes,
    columns_of,
    panel_support,
)
from skgenes.inspection._panel_judge import judge, judge_random_panels
from skgenes.inspection._panel_labels import (
    check_classes,
    check_split,
    encode,
    read_labels,
    split_rows,
)
from skgenes.inspection._panel_split import PanelSplit
from skgenes.utils import (
    check_expression,
    check_inner_layer,
    gene_names,
    matrix_of,
    seed_sequence,
    validate_expression,
)

_MOST_TESTED = 1000
_MIN_TARGETS = 2


@validate_params(
    {
        "regressors": [Mapping, None],
        "random_regressors": ["array-like", None],
        "classifier": [HasMethods(["fit", "predict"]), None],
        "n_random": [Interval(Integral, 0, None, closed="left")],
        "ceiling": ["boolean"],
        "test_size": [
            Interval(Real, 0, 1, closed="neither"),
            Interval(Integral, 1, None, closed="left"),
        ],
        "cv": ["cv_object"],
        "alpha": [Interval(Real, 0, 1, closed="right")],
        "layer": [str, None],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def evaluate_panel(
    panel,
    X,
    y=None,
    *,
    groups=None,
    X_test=None,
    y_test=None,
    groups_test=None,
    test_size=0.3,
    cv=None,
    regressors=None,
    random_regressors=None,
    classifier=None,
    n_random=100,
    ceiling=True,
    alpha=0.01,
    layer=None,
    random_state=None,
):
    r"""Say how good a panel is, whatever tool it came from.

    How well all other genes are inferred from it on held-out samples, how much its genes repeat
    each other, whether it tells classes of samples apart and leaves no group behind: each held
    against random panels of the same size, and against what all other genes together reach.

    Parameters
    ----------
    panel : sequence of str or int, mask or selector
        Gene names or column indices, a boolean mask of shape (n_genes,), or a selector: anything
        with ``fit`` and ``get_support``. A selector is cloned and fitted on the training samples of
        every split, with their labels where `y` is given.
    X : ndarray, DataFrame, sparse matrix or AnnData of shape (n_samples, n_genes)
        Expression, in any unit.
    y : array-like of shape (n_samples,), str or None, default=None
        Classes to tell apart, such as cell types; a str names a column of ``X.obs``.
    groups : array-like of shape (n_samples,), str or None, default=None
        Groups none of which is to be left behind, such as tissues or donors. None takes the
        classes.
    X_test : ndarray, DataFrame, sparse matrix or AnnData of shape (n_test, n_genes), default=None
        Held-out samples with the genes of X in the same order; all of X is then trained on. None
        holds out samples of X.
    y_test, groups_test : array-like of shape (n_test,), str or None, default=None
        Classes and groups of `X_test`; None reads the columns that `y` and `groups` name.
    test_size : float in (0, 1) or int, default=0.3
        Share or number of samples of X to hold out in a single split, of every class where `y` is
        given. Not used with `X_test` or `cv`.
    cv : int, splitter, iterable or None, default=None
        Splits to take means over, as in scikit-learn; an int is a number of shuffled folds. A
        splitter is given `groups`. None is a single split.
    regressors : dict of {str: estimator} or None, default=None
        What infers other genes from the panel, by name. Estimators take several targets, in the
        unit of the data, and are cloned. "ridge" and "knn" stand for the built-in ones of Notes.
        None takes ``{"ridge": "ridge", "knn": "knn"}``. Groups are judged with the first.
    random_regressors : sequence of str or None, default=None
        Which of `regressors` random panels are judged with; None takes the built-in ones. Every
        other one is fitted again for every random panel.
    classifier : classifier or None, default=None
        What learns classes from the standardised panel. None takes
        ``LogisticRegression(max_iter=1000)``.
    n_random : int, default=100
        Number of random panels; 0 for none. No p-value is less than 1 / (n_random + 1).
    ceiling : bool, default=True
        Whether to compute what all other genes reach.
    alpha : float in (0, 1], default=0.01
        A gene passes the permutation test when less than this fraction of its null lies above its
        correlation.
    layer : str or None, default=None
        Layer to read when X is an AnnData; None reads ``X.X``. The same for `X_test`.
    random_state : int, RandomState instance or None, default=None
        Draws held-out samples and random panels. An int gives the same result on every call.

    Returns
    -------
    PanelEvaluation
        Tables of all measures, of genes, groups and classes.

    Raises
    ------
    ValueError
        If the panel is empty, has all genes, names an unknown gene or one twice, is a Series as a
        mask whose index has the genes in another order, or has no gene that varies; fewer than two
        other genes vary; there are too few samples; `y` has one class, a class with one sample, a
        missing label or another length; `X_test` has other genes than X, or no labels; a value is
        not finite; or a regressor does not infer all targets.
    TypeError
        If the panel is neither genes nor a selector, or a regressor no estimator.

    Warns
    -----
    UndefinedMetricWarning
        Once, with the numbers, where there are any, of genes that do not vary in the training
        samples, which are left out of all measures, of the panel's own among them, and of those
        constant in the held-out samples alone, which have no correlation.

    See Also
    --------
    compare_panels : Several panels on the genes that none of them has.
    PanelEvaluationDisplay : Draws the result.
    skgenes.linear_model.PanelRidge : The ridge, as an estimator.

    Notes
    -----
    Genes are standardised on the training samples. With measured :math:`z_{ij}` and inferred
    :math:`\hat z_{ij}`, the variance explained on a set of genes is

    .. math:: R^2 = 1 - \frac{\sum_{ij} (z_{ij} - \hat z_{ij})^2}{\sum_{ij} z_{ij}^2} ,

    so that 0 is what the means of the training samples explain. Measures over all genes count those
    of the panel as known: they alone can be compared between panels. Means over the genes outside
    of a panel flatter one that takes the very genes which others could have inferred. Classes and
    groups are judged on the held-out samples of all splits together.

    "ridge" is `skgenes.linear_model.PanelRidge` on standardised genes, "knn" the mean of the five
    training samples that are nearest in the standardised panel.

    Random panels are drawn from the genes that vary in the training samples, and judged on the same
    splits. Where a measure is a mean over genes outside of the panel, each random panel is compared
    with the panel on the genes which neither of them has, and `random_mean` is on these genes. Of
    more than 1,000 genes, the permutation test of this comparison is made within 1,000 random ones.
    The p-value is one-sided:

    .. math:: p = \frac{1 + \#\{\text{random panels at least as good}\}}{1 + n} .

    The ceiling is the ridge of each gene on all other genes, p regressions in closed form from one
    decomposition: with :math:`\Omega = (Z^\top Z + \alpha I)^{-1}` the slopes of gene j are
    :math:`-\Omega_{lj} / \Omega_{jj}`. The penalty is the same for all genes and tuned with every
    sample and gene left out in turn. It is what one good model reaches, not a bound: with few
    samples a panel can come out above it.

    Clusters are those of Ward's tree of the standardised panel, cut into as many as there are
    classes, of 2,000 held-out samples at most.

    A panel that was chosen with the held-out samples in view looks better than it is. Give
    `X_test`, or the selector itself.

    Expression is made dense, in float64.

    Examples
    --------
    >>> import numpy as np
    >>> from skgenes.inspection import evaluate_panel
    >>> rng = np.random.default_rng(0)
    >>> programmes = np.repeat(np.eye(6), 5, axis=1)  # six, of five genes each
    >>> X = rng.normal(size=(120, 6)) @ programmes + 0.5 * rng.normal(size=(120, 30))
    >>> one_of_each = evaluate_panel([0, 5, 10, 15, 20, 25], X, n_random=99, random_state=0)
    >>> row = one_of_each.summary.loc[("ridge", "r2")]
    >>> print(row[["value", "random_mean", "p_value", "share_of_ceiling"]].round(2).to_dict())
    {'value': 0.58, 'random_mean': 0.37, 'p_value': 0.03, 'share_of_ceiling': 0.81}
    >>> first_two = evaluate_panel([0, 1, 2, 5, 6, 7], X, n_random=99, random_state=0)
    >>> print(first_two.summary.loc[("ridge", "r2"), ["value", "p_value"]].round(2).to_dict())
    {'value': 0.1, 'p_value': 1.0}
    """
    check_inner_layer(panel, X, layer)
    names = gene_names(X)
    matrix = validate_expression(BaseEstimator(), X, reset=True, layer=layer)
    seeds = seed_sequence(random_state).spawn(2)
    if random_state is None:  # which would draw from NumPy's global state
        random_state = np.random.RandomState()
    classes, group_names, splits = _splits(
        (X, y, groups),
        (X_test, y_test, groups_test),
        matrix,
        names,
        layer,
        (test_size, cv, random_state),
    )
    verdict_tools = tools_of(regressors, classifier, alpha, classes, group_names, matrix.shape[1])
    random_names = names_for_random(random_regressors, verdict_tools.regressors)
    supports = _supports(panel, splits, classes, names)
    _warn_undefined(splits, supports)
    sample = _sample(matrix.shape[1], np.random.default_rng(seeds[0]))
    own_tools = verdict_tools._replace(tested=(*verdict_tools.tested, *sample))
    verdicts = [
        judge(split, support, own_tools) for split, support in zip(splits, supports, strict=True)
    ]
    null = None
    if n_random:
        null_tools = verdict_tools._replace(
            regressors={name: verdict_tools.regressors[name] for name in random_names},
            tested=own_tools.tested[-1:],
        )
        null = judge_random_panels(
            splits,
            verdicts,
            null_tools,
            next(iter(verdict_tools.regressors)),
            n_random,
            np.random.default_rng(seeds[1]),
        )
    genes = np.arange(matrix.shape[1]) if names is None else names
    return evaluation_of(
        splits, verdicts, verdict_tools, null, ceiling, genes, classes, group_names
    )


def _splits(given, held_out, matrix, names, layer, how):
    X, y, groups = given
    X_test, y_test, groups_test = held_out
    n_samples = matrix.shape[0]
    test = None
    if X_test is not None:
        test_names = gene_names(X_test)
        test = check_expression(matrix_of(X_test, layer), test_names, what="X_test")
        check_same_genes(names, test_names, matrix.shape[1], test.shape[1])
    labels = _both_labels(y, y_test, X, X_test, n_samples, test, "y")
    if labels[0] is not None and groups is None and groups_test is None:
        of_groups = labels
    else:
        of_groups = _both_labels(groups, groups_test, X, X_test, n_samples, test, "groups")
    classes, *y_codes = encode(*labels)
    group_names, *g_codes = encode(*of_groups)
    if y_codes[0] is not None:
        check_classes(classes)
    if test is not None:
        rows = [(slice(None), slice(None))]
    else:
        test, y_codes[1], g_codes[1] = matrix, y_codes[0], g_codes[0]
        rows = split_rows(n_samples, y_codes[0], classes, g_codes[0], *how)
    splits = []
    for n, (train_rows, test_rows) in enumerate(rows):
        parts = [
            None if part is None else part[which]
            for pair in ((matrix, test), y_codes, g_codes)
            for part, which in zip(pair, (train_rows, test_rows), strict=True)
        ]
        check_split(parts[0].shape[0], parts[1].shape[0], parts[2], classes, n)
        splits.append(PanelSplit(*parts))
    return classes, group_names, splits


def _both_labels(labels, test_labels, X, X_test, n_samples, test, what):
    if test is None:
        if test_labels is not None:
            raise ValueError(f"{what}_test is given without X_test, whose labels it would be.")
        return read_labels(labels, X, n_samples, what), None
    if test_labels is None and isinstance(labels, str):
        test_labels = labels
    if (labels is None) != (test_labels is None):
        given, missing = (what, f"{what}_test") if test_labels is None else (f"{what}_test", what)
        raise ValueError(f"With X_test, {given} needs {missing}, which is None. Pass both.")
    return (
        read_labels(labels, X, n_samples, what),
        read_labels(test_labels, X_test, test.shape[0], f"{what}_test", "X_test"),
    )


def _supports(panel, splits, classes, names):
    supports = []
    for split in splits:
        y = None if split.labels_train is None else classes[split.labels_train]
        support = panel_support("the panel", panel, split.raw_train, names, y)
        _check_twice(panel, support, names)
        if not (support & split.varying).any():
            raise ValueError(
                f"None of the {support.sum()} genes of the panel varies in the training samples, "
                "so that nothing can be inferred from them. Check the panel and the data."
            )
        if (split.varying & ~support).sum() < _MIN_TARGETS:
            raise ValueError(
                f"{(split.varying & ~support).sum()} gene(s) outside of the panel vary in the "
                f"training samples, but at least {_MIN_TARGETS} are needed to be inferred."
            )
        if (support.sum()) > split.varying.sum():
            raise ValueError(
                f"The panel has {support.sum()} genes, but only {split.varying.sum()} vary in the "
                "training samples, so that there is no random panel of that size."
            )
        supports.append(support)
    return supports


def _check_twice(panel, support, names):
    if hasattr(panel, "get_support") or isinstance(panel, str | Integral):
        return
    genes = list(panel)
    if not any(isinstance(gene, bool | np.bool_) for gene in genes):
        check_once(genes, columns_of(genes, names, len(support)), names)


def _sample(n_genes, rng):
    if n_genes <= _MOST_TESTED:
        return ()
    return (np.sort(rng.choice(n_genes, _MOST_TESTED, replace=False)),)


def _warn_undefined(splits, supports):
    constant = max((~split.varying).sum() for split in splits)
    held_out = max((split.varying & (split.moments[1] == 0)).sum() for split in splits)
    own = max(
        (support & ~split.varying).sum() for split, support in zip(splits, supports, strict=True)
    )
    found = []
    if constant:
        of_panel = f", {own} of them in the panel," if own else ""
        found.append(
            f"{constant} of {len(splits[0].varying)} genes do not vary in the training samples"
            f"{of_panel} and are left out of all measures"
        )
    if held_out:
        found.append(
            f"{held_out} gene(s) are constant in the held-out samples alone: their correlation and "
            "permutation test are NaN and left out of means and tests"
        )
    if found:
        warnings.warn(f"{'; '.join(found)}.", UndefinedMetricWarning, stacklevel=4)
