"""What could replace the genes of a panel."""

from numbers import Integral, Real

import numpy as np
import pandas as pd
from sklearn.utils._param_validation import Interval, StrOptions, validate_params

from skgenes.inspection._panel_swaps_kernels import swap_errors, swap_scores, swap_sums
from skgenes.inspection._panel_swaps_result import PanelSwaps
from skgenes.inspection._panel_values_inputs import read_panel
from skgenes.inspection._panel_values_kernels import (
    fit_panel,
    residuals,
    sample_losses,
    sample_weights,
)
from skgenes.utils import resolve_genes
from skgenes.utils._messages import listed

# Of so many candidates for each gene the errors of samples left out are computed.
_SHORTLIST = 50


@validate_params(
    {
        "genes": ["array-like", str, Integral, None],
        "n_alternatives": [Interval(Integral, 1, None, closed="left")],
        "exclude": ["array-like", str, Integral, None],
        "penalty": [Interval(Real, 0, None, closed="neither"), StrOptions({"auto"})],
        "layer": [str, None],
    },
    prefer_skip_nested_validation=True,
)
def panel_swaps(
    panel, X, genes=None, *, n_alternatives=5, exclude=None, penalty="auto", layer=None
):
    r"""Find the best substitutes for genes of a panel, such as those without a working probe.

    Each gene is replaced alone, by every gene outside of the panel. Nothing is fitted again: all
    swaps follow from one regression.

    Parameters
    ----------
    panel : sequence of str or int, mask or fitted selector
        Gene names or column indices, a boolean mask of shape (n_genes,), or a fitted selector:
        anything with ``get_support``.
    X : ndarray, DataFrame, sparse matrix or AnnData of shape (n_samples, n_genes)
        Training samples, in any unit.
    genes : sequence of str or int, or None, default=None
        Genes of the panel to replace, by name or column; None takes all.
    n_alternatives : int, default=5
        Substitutes to give for each, at most.
    exclude : sequence of str or int, or None, default=None
        Genes, by name or column, that are never proposed, such as others without a probe. They
        are still to be inferred.
    penalty : float or "auto", default="auto"
        Ridge penalty above 0, in units of a gene's variance. "auto" is that of `evaluate_panel`
        for the panel as it is, and stays the same after swaps.
    layer : str or None, default=None
        Layer to read when X is an AnnData; None reads the one that the panel reads, if it is a
        selector with a `layer`, else ``X.X``.

    Returns
    -------
    PanelSwaps
        Tables of the substitutes.

    Raises
    ------
    ValueError
        If the panel is empty, has all genes, a gene twice, an unknown one or one that does not
        vary in X; `genes` has one that is not in the panel; no gene is left to be proposed; there
        are fewer than 3 samples; a value is not finite; or the penalty is so small that every
        sample is fitted exactly.
    TypeError
        If the panel is neither genes nor a selector.

    See Also
    --------
    panel_values : What every gene is worth.
    skgenes.feature_selection.GreedyPanelSelector : To add m genes to a panel of k, pass it as
        ``must_include`` with ``n_features_to_select=k + m``; ``gains_`` has what each adds.

    Notes
    -----
    Explained variance is that of `panel_values`: of all genes, with those of the panel known, and
    every sample left out in turn of the regression that infers it.

    A gene that tells nothing of others would make good its own variance, once it is measured, and
    that can be more than what another gene is missed for. Substitutes are therefore judged, and
    ranked, by all genes but themselves: by what is still explained of the genes outside of the
    panel, and of the one that was taken out.

    All candidates are first ranked by what the ridge explains of the training samples less what
    its penalty takes. With R the penalised covariances of residuals given the panel, those
    without gene g are :math:`R + B_{g \cdot}^\top B_{g \cdot} / \Omega_{gg}`, with slopes B and
    :math:`\Omega = (S_{PP} + \lambda I)^{-1}`, and a candidate c adds

    .. math:: \sum_j \frac{R_{cj}^2}{R_{cc} + \lambda}

    over the genes j that are still to be inferred. For the first 50 of each gene the errors of
    the samples left out are computed, and decide.

    A substitute that looks better than the gene itself was chosen among many: a small gain may be
    luck. Constant genes are not proposed.

    Expression is made dense, in float64.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from skgenes.inspection import panel_swaps
    >>> rng = np.random.default_rng(0)
    >>> programmes = np.repeat(np.eye(3), 4, axis=1)  # three, of four genes each
    >>> X = rng.normal(size=(200, 3)) @ programmes + 0.5 * rng.normal(size=(200, 12))
    >>> X = pd.DataFrame(X, columns=[f"{name}{i}" for name in "ABC" for i in range(4)])
    >>> swaps = panel_swaps(["A0", "B0", "C0"], X, "A0", n_alternatives=3, exclude=["A1"])
    >>> swaps.alternatives.loc["A0", "kept"].round(2).to_dict()
    {'A3': 0.96, 'A2': 0.95, 'C1': 0.68}
    """
    data = read_panel(panel, X, None, penalty, layer)
    positions, allowed = _positions(genes, data), _candidates(exclude, data)
    train, labels = data.split.train, data.labels
    fit = fit_panel(train, data.panel, data.penalty)
    left = residuals(fit, train, trained_on=True)
    errors = sample_weights(left.left, len(train)) @ left.genes**2
    losses = sample_losses(fit, left).sum(axis=0)
    n_listed = min(max(_SHORTLIST, n_alternatives), int(allowed.sum()))
    total, parts = np.einsum("ij,ij->", train, train), []
    for position, best, after in _best_swaps(fit, train, left, positions, allowed, n_listed):
        # All genes but the substitute, which would be known whatever it is.
        lost = after + errors[best] - errors.sum()
        order = np.argsort(lost, kind="stable")[:n_alternatives]
        best, lost, value = best[order], lost[order], losses[position]
        parts.append(
            pd.DataFrame(
                {
                    "gene": labels[data.panel[position]],
                    "alternative": labels[best],
                    "explained": 1 - after[order] / total,
                    "kept": 1 - lost / (total - errors.sum()),
                    "recovered": 1 - lost / value if value > 0 else np.nan,
                    "correlation": train[:, best].T @ train[:, data.panel[position]] / len(train),
                }
            )
        )
    explained, values = 1 - errors.sum() / total, losses[positions] / total
    index = pd.Index(labels[data.panel[positions]], name="gene")
    return PanelSwaps(
        alternatives=pd.concat(parts).set_index(["gene", "alternative"]),
        genes=pd.DataFrame({"explained_without": explained - values, "value": values}, index),
        explained=float(explained),
        penalty=data.penalty,
        n_candidates=int(allowed.sum()),
        n_samples=len(train),
    )


def _best_swaps(fit, train, left, positions, allowed, n_listed):
    """Yield place, the best candidates and their errors, for every gene to replace."""
    sums = swap_sums(fit, train, left)
    scores = swap_scores(fit, sums)[positions]
    scores[:, ~allowed] = -np.inf
    for position, row in zip(positions, scores, strict=True):
        # In the order of columns, so that the first of equal ones wins.
        best = np.sort(np.argsort(-row, kind="stable")[:n_listed])
        yield position, best, swap_errors(fit, left, sums, position, best)


def _positions(genes, data):
    """Places in the panel of the genes to replace, in the panel's order."""
    if genes is None:
        return np.arange(len(data.panel))
    columns = resolve_genes(genes, data.names, len(data.labels), what="genes")
    outside = np.setdiff1d(columns, data.panel)
    if len(outside) or not len(columns):
        found = f"{len(outside)} gene(s) that are not in it: {listed(data.labels[outside])}"
        raise ValueError(
            f"genes must name genes of the panel, got {found if len(outside) else 'none'}. Ask "
            "for some of the panel, or pass None for all."
        )
    return np.flatnonzero(np.isin(data.panel, columns))


def _candidates(exclude, data):
    excluded = resolve_genes(exclude, data.names, len(data.labels), what="exclude")
    allowed = data.split.varying.copy()
    allowed[data.panel] = allowed[excluded] = False
    if not allowed.any():
        raise ValueError(
            f"No gene is left to be proposed: of {len(allowed)}, {len(data.panel)} are in the "
            f"panel, {len(excluded)} in exclude, and {int((~data.split.varying).sum())} do not "
            "vary. Exclude fewer."
        )
    return allowed
