"""Whether a selector chooses the same genes from other samples."""

from numbers import Integral, Real

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.model_selection import GroupShuffleSplit, ShuffleSplit, StratifiedShuffleSplit
from sklearn.utils._param_validation import HasMethods, Interval, validate_params

from skgenes.inspection._panel_curve_order import fit_selector
from skgenes.inspection._panel_labels import check_classes, encode, read_labels
from skgenes.inspection._panel_selector import (
    of_rows,
    panel_limits,
    read_fit_params,
    strata_of,
)
from skgenes.inspection._panel_split import PanelSplit
from skgenes.inspection._panel_stability_index import (
    correlated_stability,
    mean_jaccard,
    nogueira_stability,
    squared_correlations,
    standing_for_all,
)
from skgenes.inspection._panel_stability_result import PanelStability
from skgenes.utils import check_inner_layer, gene_names, seed_sequence, validate_expression

_MIN_DRAWN = 2


@validate_params(
    {
        "selector": [HasMethods(["fit", "get_support", "get_params"])],
        "n_resamples": [Interval(Integral, 2, None, closed="left")],
        "sample_fraction": [Interval(Real, 0, 1, closed="right")],
        "fit_params": [dict, None],
        "layer": [str, None],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def panel_stability(
    selector,
    X,
    y=None,
    *,
    n_resamples=20,
    sample_fraction=0.5,
    groups=None,
    fit_params=None,
    layer=None,
    random_state=None,
):
    r"""Choose panels from parts of the samples, and say which genes come again.

    Parameters
    ----------
    selector : selector
        Anything with ``fit`` and ``get_support``. Cloned for every resample.
    X : ndarray, DataFrame, sparse matrix or AnnData of shape (n_samples, n_genes)
        Expression, in any unit.
    y : array-like of shape (n_samples,), str or None, default=None
        Classes for selectors that learn from them; without `groups`, resamples then have all
        classes alike. A str names a column of ``X.obs``.
    n_resamples : int, default=20
        How many panels to choose, 2 at least.
    sample_fraction : float in (0, 1], default=0.5
        Share of the samples, or of the groups, in a resample, drawn without replacement. 1 takes
        all samples every time: what differs is then the chance within the selector alone.
    groups : array-like of shape (n_samples,), str or None, default=None
        Groups, such as donors, of which all samples or none are drawn. A str names a column of
        ``X.obs``.
    fit_params : dict or None, default=None
        Further arguments of the selector's ``fit``, such as ``{"groups": cell_types}``. Of those
        with a value for every sample, those of the resample are given. Without y and `groups`,
        resamples have the groups given here alike.
    layer : str or None, default=None
        Layer to read when X is an AnnData; None reads ``X.X``.
    random_state : int, RandomState instance or None, default=None
        Draws the samples, and a seed for every ``random_state`` of the selector, whatever it was
        set to. An int gives the same result on every call.

    Returns
    -------
    PanelStability
        Frequencies of the genes, indices of stability and the consensus.

    Raises
    ------
    ValueError
        If a resample would have fewer than two samples or groups would all be drawn, nothing would
        differ between resamples, the selector chooses no gene, or a value is not finite.

    See Also
    --------
    panel_size_curve : How many genes are enough.

    Notes
    -----
    With the frequency :math:`p_f` of gene f among M panels of d genes, :math:`\bar k` of them on
    average, the stability of Nogueira et al. (2018) is

    .. math:: \Phi = 1 - \frac{\frac{1}{d} \sum_f \frac{M}{M - 1} p_f (1 - p_f)}
                              {\frac{\bar k}{d} \left(1 - \frac{\bar k}{d}\right)} ,

    1 for equal panels and 0 in expectation for random ones, whatever their size. Below .4 is poor
    and above .75 excellent by their rule of thumb. Its standard error is that over resamples of
    these samples, not over new ones.

    A good panel has one gene of each group that says the same. Which one is chance, so that a
    selector that avoids redundancy is unstable by the genes and stable by what they tell. The index
    of Sechidis et al. (2020) counts that: with the covariance S of the genes' indicators over
    panels, that of random panels :math:`S_0` and the squared correlations C in X,

    .. math:: \Phi_C = 1 - \frac{\mathrm{tr}(C S)}{\mathrm{tr}(C S_0)} .

    Panels of half of the samples differ more than those of as many new samples as X has would.

    References
    ----------
    Nogueira, Sechidis and Brown (2018), On the stability of feature selection algorithms, Journal
    of Machine Learning Research 18(174):1.

    Sechidis, Papangelou, Nogueira, Weatherall and Brown (2020), On the stability of feature
    selection in the presence of feature correlations, ECML PKDD 2019, LNCS 11906:327,
    doi:10.1007/978-3-030-46150-8_20.

    Meinshausen and Bühlmann (2010), Stability selection, Journal of the Royal Statistical Society
    B 72:417, doi:10.1111/j.1467-9868.2010.00740.x.

    Examples
    --------
    >>> import numpy as np
    >>> from skgenes.feature_selection import GreedyPanelSelector
    >>> from skgenes.inspection import panel_stability
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(100, 3)) @ np.repeat(np.eye(3), 4, axis=1)
    >>> X[:, 1::4] += 0.05 * rng.normal(size=(100, 3))
    >>> X[:, [0, 2, 3, 4, 6, 7, 8, 10, 11]] += rng.normal(size=(100, 9))
    >>> result = panel_stability(GreedyPanelSelector(3), X, random_state=0)
    >>> result.consensus()
    array([5, 9, 1])
    >>> round(result.stability, 2)
    1.0
    """
    names = gene_names(X)
    matrix = validate_expression(BaseEstimator(), X, reset=True, layer=layer, ensure_min_samples=2)
    check_inner_layer(selector, X, layer)
    fit_params = read_fit_params(fit_params, X, matrix.shape[0])
    free = _chosen_freely(selector, matrix, names)
    sampling, seeds = seed_sequence(random_state).spawn(2)
    rng = np.random.default_rng(seeds)
    random_params = _random_params(selector)
    if sample_fraction == 1 and not random_params:
        raise ValueError(
            f"With sample_fraction=1 nothing differs between resamples: {type(selector).__name__} "
            "has no random_state. Draw fewer samples, such as 0.5."
        )
    classes, rows = _resamples(
        matrix, X, y, groups, fit_params, n_resamples, sample_fraction, sampling
    )
    panels, orders = [], []
    for drawn in rows:
        params = {name: int(rng.integers(2**31 - 1)) for name in random_params}
        panel, ordered = _choose(selector, matrix, names, classes, fit_params, drawn, params)
        panels.append(panel)
        orders.append(ordered)
    chosen = np.zeros((n_resamples, matrix.shape[1]), dtype=bool)
    for one, panel in zip(chosen, panels, strict=True):
        one[panel] = True
    if not chosen[:, free].any():
        raise ValueError(
            f"All genes of the panels are those that {type(selector).__name__} must include: there "
            "is no choice to be stable. Ask for more genes than must_include has."
        )
    stability, error = nogueira_stability(chosen[:, free])
    standardised = PanelSplit(matrix, matrix).train
    genes = np.arange(matrix.shape[1]) if names is None else names
    return PanelStability(
        genes=_table(chosen, panels, all(orders), genes, standardised).assign(must_include=~free),
        panels=[genes[panel] for panel in panels],
        stability=stability,
        stability_se=error,
        stability_correlated=correlated_stability(chosen[:, free], standardised[:, free]),
        jaccard=mean_jaccard(chosen[:, free]),
        selector=type(selector).__name__,
        n_samples=matrix.shape[0],
        n_drawn=round(np.mean([len(drawn) for drawn in rows])),
    )


def _choose(selector, matrix, names, classes, fit_params, drawn, params):
    """Panel of a resample, and whether it is in the order of choosing."""
    labels = None if classes is None else classes[drawn]
    of_fit = of_rows(fit_params, matrix, drawn)
    try:
        panel, ordered, _ = fit_selector(selector, matrix[drawn], names, labels, of_fit, **params)
    except ValueError as error:
        error.add_note(f"Raised with {len(drawn)} of {matrix.shape[0]} samples, a resample.")
        raise
    if not len(panel):
        raise ValueError(f"{type(selector).__name__} chose no gene from {len(drawn)} samples.")
    return panel, ordered


def _chosen_freely(selector, matrix, names):
    """Genes that are not in every panel by the user's wish."""
    free = np.ones(matrix.shape[1], dtype=bool)
    free[panel_limits(selector, matrix, names)[0]] = False
    return free


def _random_params(selector):
    known = selector.get_params(deep=True)
    return sorted(name for name in known if name.rpartition("__")[2] == "random_state")


def _resamples(matrix, X, y, groups, fit_params, n_resamples, fraction, seeds):
    """Labels of all samples, or None, and rows of every resample."""
    n_samples = matrix.shape[0]
    labels = read_labels(y, X, n_samples, "y")
    names, codes, _ = encode(labels, None)
    strata = encode(strata_of(labels, fit_params), None)[1]
    group_names, parted, _ = encode(read_labels(groups, X, n_samples, "groups"), None)
    if labels is not None:
        check_classes(names)
        labels = names[codes]
    if fraction == 1:
        return labels, [np.arange(n_samples)] * n_resamples
    n_units, what = (n_samples, "samples") if parted is None else (len(group_names), "groups")
    n_drawn = round(fraction * n_units)
    if not (_MIN_DRAWN if parted is None else 1) <= n_drawn < n_units:
        raise ValueError(
            f"sample_fraction={fraction:g} draws {n_drawn} of {n_units} {what}; "
            f"{_MIN_DRAWN if parted is None else 1} at least and fewer than all are needed. Pass "
            "another fraction or more samples."
        )
    seed = int(seeds.generate_state(1)[0])
    if parted is not None:
        kind = GroupShuffleSplit
    else:
        kind = ShuffleSplit if strata is None else StratifiedShuffleSplit
    splitter = kind(n_resamples, train_size=n_drawn, test_size=n_units - n_drawn, random_state=seed)
    # Sorted, so that the order of samples is that of X.
    drawn = [np.sort(rows) for rows, _ in splitter.split(np.zeros((n_samples, 1)), strata, parted)]
    return labels, drawn


def _table(chosen, panels, ordered, genes, standardised):
    votes, ranks = chosen.sum(axis=0), np.zeros(chosen.shape[1])
    for panel in panels:
        ranks[panel] += np.arange(1, len(panel) + 1)
    defined = (votes > 0) & ordered
    mean_rank = np.divide(ranks, votes, where=defined, out=np.full(ranks.shape, np.nan))
    ever = np.flatnonzero(votes)
    similarity = squared_correlations(standardised[:, ever])
    np.fill_diagonal(similarity, 1.0)  # of constant genes too
    order = ever[standing_for_all(votes[ever], similarity, np.nan_to_num(mean_rank[ever]))]
    consensus_rank = np.full(ranks.shape, np.nan)
    consensus_rank[order] = np.arange(1, order.size + 1)
    return pd.DataFrame(
        {
            "frequency": votes / len(panels),
            "n_selected": votes,
            "mean_rank": mean_rank,
            "consensus_rank": consensus_rank,
        },
        index=pd.Index(genes, name="gene"),
    )
