"""What parts of the inputs, and training for all outputs at once, are worth to a model."""

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.utils import check_scalar
from sklearn.utils._param_validation import HasMethods, validate_params
from sklearn.utils.validation import check_consistent_length

from skgenes.feature_extraction import RegulatoryTracks
from skgenes.feature_extraction._same_genes import check_same_genes
from skgenes.metrics import per_output_spearman
from skgenes.metrics._output_scorer import output_columns
from skgenes.utils import gene_names
from skgenes.utils._messages import listed

WAYS = ("rna", "promoter", "both")
_CONSTRAINTS = {
    "estimator": [HasMethods(["fit", "predict"])],
    "metric": [callable],
    "params": [dict, None],
}


@validate_params(
    _CONSTRAINTS | {"shuffle": [str, "array-like"], "random_state": ["random_state"]},
    prefer_skip_nested_validation=True,
)
def feature_class_ablation(
    estimator,
    X,
    y,
    X_test,
    y_test,
    *,
    shuffle=WAYS,
    metric=per_output_spearman,
    n_repeats=1,
    params=None,
    random_state=None,
):
    """Score a model that is trained and tested on binding sites of the wrong genes.

    What is bound to the RNA, to the promoter or to both is permuted over genes, among the training
    genes and among the test genes; the model is trained anew. What it loses is what these sites
    have told it beyond what the others tell.

    Parameters
    ----------
    estimator : estimator
        Takes `RegulatoryTracks`, such as `skgenes.neural_network.DEcodeRegressor`, or a pipeline
        that ends in one. It is cloned for every training, and keeps its own ``random_state``.
    X : RegulatoryTracks of shape (n_genes, n_features)
        Training genes.
    y : array-like or DataFrame of shape (n_genes, n_outputs) or (n_genes,)
        Their targets.
    X_test : RegulatoryTracks of shape (n_test, n_features)
        Genes to score on.
    y_test : array-like or DataFrame of shape (n_test, n_outputs) or (n_test,)
        Their targets.
    shuffle : {"rna", "promoter", "both"} or sequence of these, \
default=("rna", "promoter", "both")
        What to permute. With "both" each part has an order of its own.
    metric : callable, default=per_output_spearman
        Given (y_test, predictions), returns one value for each output.
    n_repeats : int, default=1
        Permutations, and trainings, for each entry of `shuffle`.
    params : dict of str to object or None, default=None
        Passed to ``fit``, such as ``groups`` or ``validation``.
    random_state : int, RandomState instance or None, default=None
        Draws the permutations. An int gives the same ones on every call.

    Returns
    -------
    DataFrame of float64 of shape (1 + n_repeats * len(shuffle), n_outputs)
        Score of every output. The index has the levels "shuffled" and "repeat"; its first row,
        ("none", 0), is of the model without a permutation.

    Raises
    ------
    TypeError
        If X or `X_test` are no `RegulatoryTracks`.
    ValueError
        If `shuffle` names something else or a part that is not there, genes or columns differ, or
        `metric` does not return one value for each output.

    See Also
    --------
    skgenes.feature_extraction.RegulatoryTracks.shuffled : Permutes.
    multi_task_comparison : What outputs gain from each other.

    Notes
    -----
    Genes change places with all their bins, so that the length of an RNA is lost with its sites.
    Where a model holds genes out to stop by, these are permuted among the training genes.

    References
    ----------
    Tasaki et al. (2020), Nature Machine Intelligence 2, doi:10.1038/s42256-020-0201-6.

    Examples
    --------
    >>> import numpy as np
    >>> from skgenes.feature_extraction import RegulatoryTracks, Track
    >>> from skgenes.inspection import feature_class_ablation
    >>> from skgenes.neural_network import DEcodeRegressor
    >>> rng = np.random.default_rng(0)
    >>> rna, promoter = rng.poisson(1.0, (2, 300, 6))
    >>> tracks = RegulatoryTracks(
    ...     [f"gene{i}" for i in range(300)],
    ...     rna=Track(rna, np.arange(301), ["exon", *"ABCDE"]),
    ...     promoter=Track(promoter, np.arange(301), ["promoter", *"FGHIJ"]),
    ... )
    >>> y = rna @ rng.normal(size=(6, 2))
    >>> decode = DEcodeRegressor(((8, 1),), ((8, 1),), (16,), n_init=1, random_state=0)
    >>> scores = feature_class_ablation(
    ...     decode, tracks[:200], y[:200], tracks[200:], y[200:], random_state=0
    ... )
    >>> print((scores.mean(axis=1) > 0.5).to_dict())
    {('none', 0): True, ('rna', 0): False, ('promoter', 0): True, ('both', 0): False}
    """
    check_scalar(n_repeats, "n_repeats", int, min_val=1)
    ways = _checked_ways(shuffle)
    for name, tracks in (("X", X), ("X_test", X_test)):
        _check_parts(name, tracks, ways)
    _check_tables(X, y, X_test, y_test)
    y, y_test = _table(y), _table(y_test)
    # Advanced by every draw, so that no two permutations are the same.
    rng = _advancing(random_state)
    scores = {("none", 0): _score(estimator, X, y, X_test, y_test, metric, params)}
    for way in ways:
        for repeat in range(n_repeats):
            part = None if way == "both" else way
            train, test = (tracks.shuffled(part=part, random_state=rng) for tracks in (X, X_test))
            scores[way, repeat] = _score(estimator, train, y, test, y_test, metric, params)
    rows = pd.MultiIndex.from_tuples(list(scores), names=["shuffled", "repeat"])
    return pd.DataFrame(np.stack(list(scores.values())), rows, _output_index(y))


@validate_params(_CONSTRAINTS, prefer_skip_nested_validation=True)
def multi_task_comparison(
    estimator,
    X,
    y,
    X_test,
    y_test,
    *,
    outputs=None,
    metric=per_output_spearman,
    params=None,
):
    """Compare one model for all outputs with a model for each output.

    Parameters
    ----------
    estimator : estimator
        Anything with ``fit`` and ``predict`` for several outputs. It is cloned for every training.
    X : RegulatoryTracks, ndarray, DataFrame or sparse matrix of shape (n_genes, n_features)
        Training genes.
    y : array-like or DataFrame of shape (n_genes, n_outputs)
        Their targets, at least 2 outputs.
    X_test : RegulatoryTracks, ndarray, DataFrame or sparse matrix of shape (n_test, n_features)
        Genes to score on.
    y_test : array-like or DataFrame of shape (n_test, n_outputs)
        Their targets.
    outputs : int, str, slice, sequence of int or str, or None, default=None
        Outputs to compare, by position or column name. The one model learns all outputs of y, also
        those that are not compared. None compares all.
    metric : callable, default=per_output_spearman
        Given (y_test, predictions), returns one value for each output.
    params : dict of str to object or None, default=None
        Passed to ``fit``, such as ``groups`` or ``validation``.

    Returns
    -------
    DataFrame of float64 of shape (2, n_compared)
        Score of every output that is compared; the rows "multi-task" and "single-task".

    Raises
    ------
    ValueError
        If y has a single output, an output is not there, genes or columns differ, or `metric` does
        not return one value for each output.
    TypeError
        If outputs are given by name and y has none.

    See Also
    --------
    feature_class_ablation : What each part of the inputs is worth.

    Notes
    -----
    A model for one output gets y of one dimension. A transformer of targets within the estimator
    has to work for a single one: `skgenes.preprocessing.FoldChangeTransformer` does not, since a
    fold change is against the median over tissues; pass fold changes.

    References
    ----------
    Tasaki et al. (2020), Nature Machine Intelligence 2, doi:10.1038/s42256-020-0201-6.

    Examples
    --------
    >>> import numpy as np
    >>> from skgenes.inspection import multi_task_comparison
    >>> from skgenes.neural_network import DEcodeRegressor
    >>> rng = np.random.default_rng(0)
    >>> sites = rng.poisson(1.0, size=(300, 8))
    >>> y = sites @ rng.normal(size=(8, 3))
    >>> decode = DEcodeRegressor(((8, 1),), hidden_layer_sizes=(16,), n_init=1, random_state=0)
    >>> multi_task_comparison(decode, sites[:200], y[:200], sites[200:], y[200:]).shape
    (2, 3)
    """
    _check_tables(X, y, X_test, y_test)
    y, y_test = _table(y), _table(y_test)
    if y.ndim != 2 or y.shape[1] < 2:
        raise ValueError(
            f"y must have at least 2 outputs to learn together, got an array of shape {y.shape}."
        )
    chosen = output_columns(slice(None) if outputs is None else outputs, y)
    together = _score(estimator, X, y, X_test, y_test, metric, params)[chosen]
    alone = [
        _score(estimator, X, _column(y, j), X_test, _column(y_test, j), metric, params)
        for j in chosen
    ]
    rows = pd.Index(["multi-task", "single-task"], name="training")
    return pd.DataFrame(np.stack([together, np.concatenate(alone)]), rows, _output_index(y)[chosen])


def _score(estimator, X, y, X_test, y_test, metric, params):
    predicted = clone(estimator).fit(X, y, **(params or {})).predict(X_test)
    scores = np.asarray(metric(y_test, predicted), dtype=np.float64)
    n_outputs = 1 if y.ndim == 1 else y.shape[1]
    if scores.shape != (n_outputs,):
        raise ValueError(
            f"metric must return one value for each output, shape ({n_outputs},), got shape "
            f"{scores.shape}."
        )
    return scores


def _checked_ways(shuffle):
    ways = [shuffle] if isinstance(shuffle, str) else list(shuffle)
    if not ways or any(way not in WAYS for way in ways):
        raise ValueError(f"shuffle must be one or some of {listed(WAYS)}, got {shuffle!r}.")
    return list(dict.fromkeys(ways))


def _check_parts(name, tracks, ways):
    if not isinstance(tracks, RegulatoryTracks):
        raise TypeError(
            f"{name} must be RegulatoryTracks, whose parts can be permuted, got "
            f"{type(tracks).__name__}."
        )
    needed = {"rna", "promoter"} if "both" in ways else set(ways)
    if not needed <= set(tracks.parts):
        raise ValueError(
            f"shuffle={ways!r} permutes {listed(sorted(needed))}, but {name} has only "
            f"{listed(tracks.parts)}. Pass shuffle={[*tracks.parts]!r}."
        )


def _check_tables(X, y, X_test, y_test):
    check_consistent_length(X, y)
    check_consistent_length(X_test, y_test)
    check_same_genes(X, {"y": y})
    check_same_genes(X_test, {"y_test": y_test}, name="X_test")
    if not (isinstance(y, pd.DataFrame) and isinstance(y_test, pd.DataFrame)):
        return
    if list(y.columns) != list(y_test.columns):
        raise ValueError(
            f"y has the columns {listed(y.columns)}, but y_test {listed(y_test.columns)}: they "
            "must be the same in the same order. Pass y_test[y.columns]."
        )


def _advancing(random_state):
    """Make a RandomState, never NumPy's global one."""
    if isinstance(random_state, np.random.RandomState):
        return random_state
    return np.random.RandomState(random_state)


def _table(y):
    return y if hasattr(y, "iloc") else np.asarray(y)


def _column(y, j):
    return y.iloc[:, j] if hasattr(y, "iloc") else y[:, j]


def _output_index(y):
    names = gene_names(y)
    if names is None:
        names = range(1 if y.ndim == 1 else y.shape[1])
    return pd.Index(names, name="output")
