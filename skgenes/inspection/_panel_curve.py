"""How well a panel does at every size."""

import warnings
from numbers import Integral

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.model_selection import GroupKFold, StratifiedGroupKFold
from sklearn.utils._param_validation import validate_params

from skgenes.inspection._panel_curve_order import PanelSource
from skgenes.inspection._panel_curve_result import PanelSizeCurve
from skgenes.inspection._panel_curve_ridge import infer_by_leading_parts
from skgenes.inspection._panel_labels import (
    check_classes,
    check_split,
    encode,
    read_labels,
    split_rows,
)
from skgenes.inspection._panel_regressors import infer_from_all_others
from skgenes.inspection._panel_scores import score_genes, scores_of_all, scores_of_unselected
from skgenes.inspection._panel_selector import (
    of_rows,
    panel_limits,
    read_fit_params,
    strata_of,
)
from skgenes.inspection._panel_split import PanelSplit
from skgenes.utils import check_inner_layer, gene_names, validate_expression

_MOST_BY_DEFAULT = 200
_EVERY_SIZE_UP_TO, _STEP = 100, 1.03
_MIN_TARGETS = 2


@validate_params(
    {
        "sizes": [Integral, "array-like", None],
        "cv": ["cv_object"],
        "refit": ["boolean"],
        "fit_params": [dict, None],
        "param": [str, None],
        "layer": [str, None],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def panel_size_curve(
    selector,
    X,
    y=None,
    *,
    sizes=None,
    cv=5,
    groups=None,
    fit_params=None,
    refit=False,
    param=None,
    layer=None,
    random_state=None,
):
    """Say how well all genes are inferred from panels of every size, on held-out samples.

    In every fold the selector chooses genes, and a tuned ridge learns to infer all others from
    them, on the training samples alone. What it infers for the held-out samples is scored at every
    size, and held against what all genes together reach: "so many genes give 90 % of what is
    attainable".

    Parameters
    ----------
    selector : selector or sequence of str or int
        Anything with ``fit``, ``get_support`` and a parameter for the size of the panel. Cloned and
        fitted once in every fold, at the largest size, if it says in which order it chose its
        genes: by a ``ranking_`` of 1, 2, 3 ... of the panel, or by columns in ``indices_`` or
        ``selected_idx_``. Otherwise it is fitted for every size. A sequence of genes is a given
        panel in the order of adding.
    X : ndarray, DataFrame, sparse matrix or AnnData of shape (n_samples, n_genes)
        Expression, in any unit.
    y : array-like of shape (n_samples,), str or None, default=None
        Classes for selectors that learn from them; folds then have all classes alike. A str names
        a column of ``X.obs``.
    sizes : int, sequence of int or None, default=None
        Sizes of panels, or the largest one: then every size to 100, and from there in steps of
        3 %; or 1, 2, 5, 10, 20, 50 ... if the selector is fitted for every size; and the
        selector's own size. None takes that as the largest, or, if it is no number, half of the
        genes, but 200 and what can be chosen at most. Genes that a selector must include are in
        panels of every size: sizes begin with their number.
    cv : int, splitter or iterable, default=5
        Folds, as in scikit-learn; an int is a number of shuffled folds.
    groups : array-like of shape (n_samples,), str or None, default=None
        Groups, such as donors, that are never parted between training and held-out samples, so
        that the scores are those of new ones. Not given to the selector. A str names a column of
        ``X.obs``.
    fit_params : dict or None, default=None
        Further arguments of the selector's ``fit``, such as ``{"groups": cell_types}``. Of those
        with a value for every sample, each fold gives those of its training samples. Without y,
        folds have the groups alike.
    refit : bool, default=False
        Whether to fit the selector for every size though it ranks its panel. Where smaller panels
        are not the beginning of larger ones, as in `skgenes.feature_selection.PeelOffSelector`,
        the curve is otherwise that of leading parts of the largest panel.
    param : str or None, default=None
        The selector's parameter for the size; None finds ``n_features_to_select``,
        ``n_to_select``, ``k`` or ``max_features``.
    layer : str or None, default=None
        Layer to read when X is an AnnData; None reads ``X.X``.
    random_state : int, RandomState instance or None, default=None
        Shuffles the folds. An int gives the same result on every call.

    Returns
    -------
    PanelSizeCurve
        Scores of every size and fold, the ceiling, and which size to take.

    Raises
    ------
    ValueError
        If sizes are not numbers of genes from 1 to two less than those that vary, the selector has
        no parameter for the size or chooses another number of genes, a gene is unknown or given
        twice, or there are too few samples.
    TypeError
        If `selector` is neither a selector nor genes.

    Warns
    -----
    UndefinedMetricWarning
        Once, with the numbers of genes that do not vary in training samples, which are left out of
        all scores, and of those constant in held-out ones, which have no correlation.

    See Also
    --------
    evaluate_panel : One panel, by many more measures.
    panel_stability : Which genes are chosen again from other samples.
    PanelSizeDisplay : Draws the curve.

    Notes
    -----
    The ridge is `skgenes.linear_model.PanelRidge` on standardised genes, its penalty tuned anew at
    every size. All sizes of a fold come from one Cholesky factor for each of 13 penalties, of which
    smaller panels are leading parts: together they cost about as much as a dozen fits at the
    largest size. Expression is made dense, in float64.

    The ceiling is the ridge of every gene from all others, as in `evaluate_panel`.

    With few samples a small panel can be the better model: then the curve rises above the ceiling
    and falls back to it.

    References
    ----------
    Varma and Simon (2006), Bias in error estimation when using cross-validation for model
    selection, BMC Bioinformatics 7:91, doi:10.1186/1471-2105-7-91.

    Examples
    --------
    >>> import numpy as np
    >>> from skgenes.feature_selection import GreedyPanelSelector
    >>> from skgenes.inspection import panel_size_curve
    >>> rng = np.random.default_rng(0)
    >>> programmes = np.repeat(np.eye(6), 8, axis=1)  # six, of eight genes each
    >>> X = rng.normal(size=(150, 6)) @ programmes + 0.2 * rng.normal(size=(150, 48))
    >>> curve = panel_size_curve(GreedyPanelSelector(), X, sizes=20, random_state=0)
    >>> curve.auto_size()
    6
    """
    names = gene_names(X)
    matrix = validate_expression(BaseEstimator(), X, reset=True, layer=layer, ensure_min_features=3)
    check_inner_layer(selector, X, layer)
    source = PanelSource(selector, names, matrix.shape[1], param, refit)
    fit_params = read_fit_params(fit_params, X, matrix.shape[0])
    splits, training, classes = _folds(
        matrix, X, y, groups, fit_params, 5 if cv is None else cv, random_state
    )
    most = min(int(split.varying.sum()) for split in splits) - _MIN_TARGETS
    limits = [panel_limits(selector, split.raw_train, names) for split in splits]
    least, can_be = len(limits[0][0]), min(number for _, number in limits)
    sizes = _wanted_sizes(sizes, source, max(1, least), can_be, most, matrix.shape[1])
    _warn_undefined(splits)
    scores, ceilings, largest = [], [], []
    for fold, (split, rows) in enumerate(zip(splits, training, strict=True)):
        labels = None if split.labels_train is None else classes[split.labels_train]
        params = of_rows(fit_params, matrix, rows)
        try:
            panels = source.panels(split.raw_train, labels, params, np.max(sizes))
        except ValueError as error:
            error.add_note(f"Raised in fold {fold}, by {source.name}.")
            raise
        if np.ndim(sizes) == 0:
            sizes = _grid(max(1, least), int(sizes), panels.ordered, source.own_size)
        known, of_ceiling = _ceiling(split)
        ceilings.append(of_ceiling)
        for part, order in panels.parts(sizes):
            scores += [{"fold": fold} | row for row in _scores(split, order, part, known)]
        largest.append(panels)
    genes = np.arange(matrix.shape[1]) if names is None else names
    return PanelSizeCurve(
        folds=pd.DataFrame(scores).set_index(["size", "fold"]).sort_index(),
        ceiling=pd.DataFrame(ceilings).rename_axis("fold"),
        panels=[genes[panels.largest] for panels in largest],
        ordered=all(panels.ordered for panels in largest),
        selector=source.name,
        n_genes=matrix.shape[1],
    )


def _folds(matrix, X, y, groups, fit_params, cv, random_state):
    n_samples = matrix.shape[0]
    labels = read_labels(y, X, n_samples, "y")
    classes, codes, _ = encode(labels, None)
    kinds, strata, _ = encode(strata_of(labels, fit_params), None)
    _, parted, _ = encode(read_labels(groups, X, n_samples, "groups"), None)
    if codes is not None:
        check_classes(classes)
    if random_state is None:  # which would draw from NumPy's global state
        random_state = np.random.RandomState()
    if parted is not None and isinstance(cv, Integral):
        kind = GroupKFold if strata is None else StratifiedGroupKFold
        cv = kind(int(cv), shuffle=True, random_state=random_state)
    splits, training = [], []
    for n, (train, test) in enumerate(
        split_rows(n_samples, strata, kinds, parted, None, cv, random_state)
    ):
        labels = (None, None) if codes is None else (codes[train], codes[test])
        check_split(len(train), len(test), labels[0], classes, n)
        splits.append(PanelSplit(matrix[train], matrix[test], *labels))
        training.append(train)
    return splits, training, classes


def _wanted_sizes(sizes, source, least, can_be, most, n_genes):
    """Sizes, or the largest as a number where smaller ones are still to be set."""
    if sizes is None:
        sizes = source.own_size
        if sizes is None:
            sizes = max(least, min(n_genes // 2, _MOST_BY_DEFAULT, max(most, 1), can_be))
    wanted = np.asarray(sizes)
    if wanted.ndim > 1 or wanted.size == 0 or wanted.dtype.kind not in "iu":
        raise ValueError(
            f"sizes must be the largest number of genes or a list of numbers, got {sizes!r}."
        )
    if wanted.min() < 1 or wanted.max() > most:
        wrong = wanted.min() if wanted.min() < 1 else wanted.max()
        raise ValueError(
            f"Panels of {wrong} genes cannot be judged: sizes must be from 1 to {most}, since "
            f"{most + _MIN_TARGETS} of {n_genes} genes vary in the training samples of every fold "
            f"and {_MIN_TARGETS} at least are to be inferred."
        )
    if wanted.min() < least:
        raise ValueError(
            f"Panels of {wanted.min()} genes cannot be chosen: {least} must be included. Ask for "
            "larger sizes, or shorten must_include."
        )
    return wanted if wanted.ndim == 0 else np.unique(wanted)


def _grid(least, largest, ordered, own_size=None):
    sizes = [1]
    if ordered:
        while sizes[-1] < largest:
            last = sizes[-1]
            sizes.append(last + 1 if last < _EVERY_SIZE_UP_TO else int(np.ceil(last * _STEP)))
    else:
        sizes = [int(step * 10**power) for power in range(9) for step in (1, 2, 5)]
    # Its own size is what a panel is to be judged at.
    sizes = {size for size in (*sizes, own_size or largest) if least <= size < largest}
    return np.array([*sorted(sizes), largest])


def _ceiling(split):
    """Scores of genes inferred from all others, and their means."""
    scores = score_genes(split, infer_from_all_others(split), ~split.varying)
    return scores, scores_of_unselected(split, scores, split.varying)


def _scores(split, order, sizes, known):
    """Scores at every size; `known` are those from all other genes."""
    for which, alpha, inferred in infer_by_leading_parts(split, order, sizes):
        support = np.zeros(len(split.varying), dtype=bool)
        support[order[: sizes[which]]] = True
        targets, own = split.varying & ~support, split.varying & support
        scores = score_genes(split, inferred, support)
        shared = scores._replace(
            **{
                name: np.where(own, getattr(known, name), getattr(scores, name))
                for name in ("pcc", "mae", "errors")
            }
        )
        of_shared = scores_of_unselected(split, shared, split.varying)
        yield {
            "size": int(sizes[which]),
            **scores_of_unselected(split, scores, targets),
            **scores_of_all(split, scores, support),
            **{f"{name}_shared": of_shared[name] for name in ("pcc", "r2")},
            "alpha": alpha,
        }


def _warn_undefined(splits):
    constant = max(int((~split.varying).sum()) for split in splits)
    held_out = max(int((split.varying & (split.moments[1] == 0)).sum()) for split in splits)
    found = []
    if constant:
        found.append(
            f"up to {constant} of {len(splits[0].varying)} genes do not vary in the training "
            "samples of a fold and are left out of all scores"
        )
    if held_out:
        found.append(
            f"up to {held_out} gene(s) are constant in the held-out samples of a fold: their "
            "correlation is NaN and left out of means"
        )
    if found:
        text = "; ".join(found)
        warnings.warn(f"{text[0].upper()}{text[1:]}.", UndefinedMetricWarning, stacklevel=4)
