"""A panel, what is to be expected of it, and why each gene is in it, in one run."""

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import validate_params

from skgenes.inspection._panel_curve import panel_size_curve
from skgenes.inspection._panel_curve_order import PanelSource
from skgenes.inspection._panel_labels import encode, read_labels
from skgenes.inspection._panel_report_genes import genes_of
from skgenes.inspection._panel_report_result import PanelReport
from skgenes.inspection._panel_selector import panel_limits, read_fit_params
from skgenes.inspection._panel_stability import panel_stability
from skgenes.inspection._panel_values import panel_values
from skgenes.utils import check_inner_layer, gene_names, validate_expression


@validate_params(
    {"layer": [str, None], "random_state": ["random_state"]},
    prefer_skip_nested_validation=False,  # what it calls checks what it is passed on
)
def panel_report(
    selector,
    X,
    y=None,
    *,
    sizes=None,
    cv=5,
    groups=None,
    fit_params=None,
    refit=False,
    n_resamples=20,
    autoencoder=None,
    param=None,
    layer=None,
    random_state=None,
):
    """Choose a panel, and say what to expect of it and why each gene is in it.

    The selector is fitted to all samples. Beside its panel stand the scores that panels of every
    size reach on held-out samples, how often each gene is chosen again from other samples, what
    would be lost without it, and which genes it stands for.

    Parameters
    ----------
    selector : selector or sequence of str or int
        Anything with ``fit``, ``get_support`` and a parameter for the size of the panel, not
        changed. If that parameter is no number, such as "auto" or None, the size is the curve's
        `PanelSizeCurve.auto_size`. A sequence of genes is a given panel in the order of adding,
        for which there is nothing to choose again.
    X : ndarray, DataFrame, sparse matrix or AnnData of shape (n_samples, n_genes)
        Expression, in any unit.
    y : array-like of shape (n_samples,), str or None, default=None
        Classes for selectors that learn from them. A str names a column of ``X.obs``.
    sizes : int, sequence of int or None, default=None
        Sizes of the curve, or the largest one, as in `panel_size_curve`; the panel's own is always
        among them.
    cv : int, splitter or iterable, default=5
        Folds of the curve, as in scikit-learn; an int is a number of shuffled folds.
    groups : array-like of shape (n_samples,), str or None, default=None
        Groups, such as donors, that are never parted: neither between training and held-out
        samples, nor by a resample. Not given to the selector. A str names a column of ``X.obs``.
    fit_params : dict or None, default=None
        Further arguments of the selector's ``fit``, such as ``{"groups": cell_types}``. Of those
        with a value for every sample, each fold and each resample gives those of its samples;
        without y and `groups`, folds and resamples have the groups given here alike.
    refit : bool, default=False
        Whether to fit the selector for every size of the curve, as in `panel_size_curve`.
    n_resamples : int, default=20
        Halves of the samples from which panels are chosen again, 2 at least. Each takes one fit.
    autoencoder : GeneAutoEncoder, selector with ``contributions_`` or None, default=None
        Fitted, with the genes of X: names the latent programmes that genes belong to. None takes
        those of the selector, if it has them.
    param : str or None, default=None
        The selector's parameter for the size, as in `panel_size_curve`; None finds it.
    layer : str or None, default=None
        Layer to read when X is an AnnData; None reads ``X.X``.
    random_state : int, RandomState instance or None, default=None
        Shuffles folds and draws resamples. It is also given to the selector, where the latter's
        own is None. An int gives the same result on every call.

    Returns
    -------
    PanelReport
        The panel as a table, the fitted selector, and all that was found.

    Raises
    ------
    ValueError
        As `panel_size_curve`, `panel_stability` and `panel_values`, which it calls.
    TypeError
        If `selector` is neither a selector nor genes.

    Warns
    -----
    UndefinedMetricWarning
        As `panel_size_curve`.

    See Also
    --------
    PanelReportDisplay : Draws it.
    panel_swaps : What could replace each gene.
    evaluate_panel : The panel by many more measures, against random panels.
    skgenes.io.write_panel : Writes the table.

    Notes
    -----
    Expected scores are means over panels chosen, and regressions fitted, on training samples alone.
    They tell of the way to choose, and are slightly low for a panel chosen from all samples. Where
    the size was chosen by the same folds they may be slightly high; with a curve as smooth as that
    of nested panels this is small against the spread.

    With an int as `random_state` and a selector that has one or needs none, each part is what its
    function gives for the same arguments.

    The selector is fitted once per fold, once per resample and once to all samples.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from skgenes.feature_selection import GreedyPanelSelector
    >>> from skgenes.inspection import panel_report
    >>> rng = np.random.default_rng(0)
    >>> programmes = np.repeat(np.eye(3), 6, axis=1)  # three, of six genes each
    >>> X = rng.normal(size=(150, 3)) @ programmes + 0.3 * rng.normal(size=(150, 18))
    >>> X = pd.DataFrame(X, columns=[f"{name}{i}" for name in "ABC" for i in range(6)])
    >>> report = panel_report(GreedyPanelSelector(), X, random_state=0)
    >>> report.genes["gene"].tolist()
    ['A3', 'B5', 'C1']
    >>> print(f"variance explained in new samples: {report.expected['r2']:.2f}")
    variance explained in new samples: 0.84
    >>> print(report.genes["why"][0].split("; ")[1])
    stands for 5 genes, above all A0, A4, A1
    """
    names = gene_names(X)
    matrix = validate_expression(BaseEstimator(), X, reset=True, layer=layer)
    check_inner_layer(selector, X, layer)
    fit_params = read_fit_params(fit_params, X, matrix.shape[0])
    if hasattr(selector, "get_params"):
        selector = _seeded(selector, random_state)
    source = PanelSource(selector, names, matrix.shape[1], param, refit)
    curve = panel_size_curve(
        selector,
        X,
        y,
        sizes=_with_own(sizes, source.own_size),
        cv=cv,
        groups=groups,
        fit_params=fit_params,
        refit=refit,
        param=param,
        layer=layer,
        random_state=random_state,
    )
    if source.given is not None:
        order, fitted, stability = source.given, None, None
    else:
        size = curve.auto_size() if source.own_size is None else source.own_size
        order, _, fitted = source.fit(matrix, _classes(y, X, matrix.shape[0]), fit_params, size)
        if "layer" in fitted.get_params(deep=False):
            fitted.set_params(layer=layer)  # what it has seen, for an AnnData like X
        stability = None
        if size > len(panel_limits(selector, matrix, names)[0]):  # some were chosen
            stability = panel_stability(
                clone(selector).set_params(**{source.param: size}),
                X,
                y,
                n_resamples=n_resamples,
                groups=groups,
                fit_params=fit_params,
                layer=layer,
                random_state=random_state,
            )
    if autoencoder is None and hasattr(fitted, "contributions_"):
        autoencoder = fitted
    values = panel_values(order, X, autoencoder=autoencoder, layer=layer)
    return PanelReport(
        genes=genes_of(order, matrix, names, fitted, stability, values),
        curve=curve,
        stability=stability,
        values=values,
        selector=fitted,
    )


def _seeded(selector, random_state):
    """Clone a selector whose own randomness, where not set, is that of the call."""
    if isinstance(random_state, np.random.RandomState):
        random_state = int(check_random_state(random_state).randint(2**31 - 1))
    free = [
        name
        for name, value in selector.get_params(deep=True).items()
        if name.rpartition("__")[2] == "random_state" and value is None
    ]
    return clone(selector).set_params(**dict.fromkeys(free, random_state))


def _with_own(sizes, own_size):
    """Sizes with that of the panel; what is none is left for the curve to refuse."""
    if own_size is None or sizes is None or np.asarray(sizes).dtype.kind not in "iu":
        return sizes
    return max(sizes, own_size) if np.ndim(sizes) == 0 else np.union1d(sizes, own_size)


def _classes(y, X, n_samples):
    names, codes, _ = encode(read_labels(y, X, n_samples, "y"), None)
    return None if codes is None else names[codes]
