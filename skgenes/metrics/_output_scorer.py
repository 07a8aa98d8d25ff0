"""Metrics of each output as scorers for ``scoring=``, over all outputs or chosen ones."""

import numpy as np

from skgenes.metrics._per_output import per_output_spearman
from skgenes.metrics._scorers import tables_to_compare
from skgenes.utils._messages import listed


class OutputScorer:
    """The mean over outputs of a metric as a scorer; greater is better.

    Parameters
    ----------
    metric : callable
        Given (y_true, y_pred), of shape (n_samples, n_outputs), returns one value per output, NaN
        where undefined, and warns of those itself. Such are `per_output_spearman`,
        `per_output_auroc` and `per_gene_pearson`. A function of a module, or a
        `functools.partial` of one, for the scorer to be pickled.
    outputs : int, str, slice, list of int, list of str or None, default=None
        Which outputs to score: positions, as for an array, or column names, for a `y` that is a
        frame. None takes all.

    See Also
    --------
    spearman_scorer : Spearman's correlation, mean over all outputs.
    GeneScorer : For metrics which give one number.

    Notes
    -----
    Compared are `y` and ``predict(X)``, or what ``observed_and_inferred(X)`` returns where the
    estimator has it, as by `GeneScorer`. Outputs whose score is undefined are left out of the mean.
    Predictions are matched by position, so they need no names.

    Examples
    --------
    >>> import numpy as np
    >>> from functools import partial
    >>> from sklearn.linear_model import LinearRegression
    >>> from sklearn.model_selection import cross_validate
    >>> from skgenes.metrics import OutputScorer, per_output_auroc, per_output_spearman
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(300, 4))
    >>> Y = X @ rng.normal(size=(4, 3)) + rng.normal(size=(300, 3))
    >>> scoring = {
    ...     "all": OutputScorer(per_output_spearman),
    ...     "last": OutputScorer(per_output_spearman, outputs=-1),
    ...     "top_5_percent": OutputScorer(partial(per_output_auroc, top=0.05)),
    ... }
    >>> scores = cross_validate(LinearRegression(), X, Y, scoring=scoring, cv=3)
    >>> scores["test_all"].shape
    (3,)
    """

    def __init__(self, metric, *, outputs=None):
        self.metric = metric
        self.outputs = outputs

    def __call__(self, estimator, X, y=None):
        """Score a fitted estimator.

        Parameters
        ----------
        estimator : estimator
            Fitted, with ``observed_and_inferred`` or ``predict``.
        X : array-like of shape (n_samples, n_features)
            Samples to score it on.
        y : array-like of shape (n_samples, n_outputs) or None, default=None
            True values of the outputs.

        Returns
        -------
        float
            The score; NaN if it is defined for no output.

        Raises
        ------
        ValueError
            If outputs asked for are not there.
        TypeError
            If there is nothing to compare, or outputs are asked for by name but `y` has no names.
        """
        y_true, y_pred = tables_to_compare(estimator, X, y, measured=False)
        if self.outputs is not None:
            at = output_columns(self.outputs, y_true)
            y_true, y_pred = _columns(y_true, at), _columns(y_pred, at)
        values = np.asarray(self.metric(y_true, y_pred), dtype=np.float64)
        defined = values[~np.isnan(values)]
        return float(defined.mean()) if defined.size else float("nan")

    def __repr__(self):
        # A partial has no name of its own.
        metric = getattr(self.metric, "__name__", repr(self.metric))
        which = "all outputs" if self.outputs is None else f"outputs {self.outputs!r}"
        return f"<OutputScorer: mean of {metric} over {which}, greater is better>"


def output_columns(outputs, y):
    """Find the columns of a table that are asked for.

    Parameters
    ----------
    outputs : int, str, slice, list of int or list of str
        Positions or names.
    y : array-like or DataFrame of shape (n_samples, n_outputs) or (n_samples,)
        The table.

    Returns
    -------
    ndarray of int of shape (n_chosen,)
        Positions, from 0, in the order asked for.

    Raises
    ------
    ValueError
        If some are not there, or none is asked for.
    TypeError
        If names are asked for but `y` has none, or `outputs` is neither names nor positions.
    """
    shape = np.shape(y)
    n_outputs = shape[1] if len(shape) > 1 else 1
    if isinstance(outputs, slice):
        at = np.arange(n_outputs)[outputs]
    else:
        asked = np.ravel(outputs)
        named = asked.dtype.kind in "OUT" and asked.size
        at = _named(asked.tolist(), y) if named else _counted(asked, n_outputs)
    if at.size == 0:
        raise ValueError(f"outputs={outputs!r} chooses none of the {n_outputs} outputs.")
    return at


def _named(names, y):
    columns = getattr(y, "columns", None)
    if columns is None:
        raise TypeError(
            f"outputs names columns ({listed(names)}), but y is a {type(y).__name__} without "
            "names; pass a DataFrame as y, or positions as outputs."
        )
    known = {name: at for at, name in enumerate(columns)}
    missing = [name for name in names if name not in known]
    if missing:
        raise ValueError(
            f"{len(missing)} of the outputs asked for are not among the {len(known)} columns of y: "
            f"{listed(missing)}; its columns are {listed(known)}."
        )
    return np.array([known[name] for name in names], dtype=np.intp)


def _counted(asked, n_outputs):
    if asked.size and asked.dtype.kind not in "iu":
        raise TypeError(f"outputs must be positions or names of columns, got {asked.tolist()!r}.")
    beyond = asked[(asked < -n_outputs) | (asked >= n_outputs)]
    if beyond.size:
        raise ValueError(
            f"{beyond.size} of the outputs asked for are not among the {n_outputs} of y: "
            f"{listed(beyond.tolist())}."
        )
    return asked.astype(np.intp) % n_outputs


def _columns(y, at):
    if hasattr(y, "iloc"):
        return y.iloc[:, at] if y.ndim == 2 else y
    y = y.tocsc() if hasattr(y, "tocsc") else np.asarray(y)
    return y[:, at] if y.ndim == 2 else y


spearman_scorer = OutputScorer(per_output_spearman)
