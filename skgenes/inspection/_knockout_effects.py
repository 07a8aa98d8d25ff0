"""What a model predicts when the binding sites of one regulator are removed."""

from typing import NamedTuple

import numpy as np
import pandas as pd
import scipy.sparse as sp
from sklearn.utils import _safe_indexing
from sklearn.utils._param_validation import validate_params

from skgenes.inspection._knockout_kernels import response_of, split_by_feature
from skgenes.inspection._positions import check_names, positions_of
from skgenes.inspection._regulator_model import open_model

_GENES_AT_ONCE = 512
_CHUNK_VALUES = 2**21  # 16 MiB of float64


@validate_params({"per_gene": ["boolean"]}, prefer_skip_nested_validation=True)
def knockout_effects(estimator, X, regulators=None, *, genes=None, outputs=None, per_gene=False):
    r"""Predict what changes in each output when one regulator's binding sites are removed.

    Parameters
    ----------
    estimator : DEcodeRegressor, or Pipeline, search or TransformedTargetRegressor around one
        Fitted.
    X : RegulatoryTracks or matrix of shape (n_genes, n_features)
        Genes, as `estimator` takes them.
    regulators : str, sequence of str or None, default=None
        Regulators to remove, one at a time. None takes all of the model. Masks are none.
    genes : str, int, sequence of these, or None, default=None
        Genes to remove them from, given by name or position. None takes all.
    outputs : str, int, sequence of these, or None, default=None
        Outputs to predict, given by name or position. None takes all.
    per_gene : bool, default=False
        Whether to return a row for each gene rather than the mean over genes.

    Returns
    -------
    DataFrame
        Changes in the unit of the predictions, those with removal less those without, float64.

        Mean over genes: index part and regulator, those of largest size first; a regulator that
        binds promoters and RNAs has a row for each, removed there alone. Columns:

        n_genes_bound
            Genes that it binds; where 0, nothing was removed and the change is 0.
        size
            Mean absolute change over genes and outputs.
        one for each output
            Mean change over genes, those not bound included.

        Per gene: index gene, part and regulator for each pair of a gene and a regulator that binds
        it, genes in the order asked for and those of largest size first. Columns: size, the mean
        absolute change over outputs, and one for each output.

    Raises
    ------
    TypeError
        If there is no model of regulators in `estimator`.
    ValueError
        If a regulator, gene or output is unknown, named twice, or a mask.

    See Also
    --------
    in_silico_knockout : Regulators that make two genes co-expressed.

    Notes
    -----
    Exactly what ``predict(X.without(regulator, part=part)) - predict(X)`` gives, computed without
    either for pairs that are bound: a regulator takes a fixed vector from the values before the
    first nonlinear layer, and only the layers from there on are evaluated. Memory is that of the
    result and some 100 MB. Predictions are on the scale of the networks, before a
    TransformedTargetRegressor turns them back.

    References
    ----------
    Tasaki et al. (2020), Nature Machine Intelligence 2, doi:10.1038/s42256-020-0201-6

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from skgenes.inspection import knockout_effects
    >>> from skgenes.neural_network import DEcodeRegressor
    >>> rng = np.random.default_rng(0)
    >>> sites = pd.DataFrame(rng.poisson(1.0, size=(200, 3)), columns=["ELAVL1", "MYC", "TP53"])
    >>> y = pd.DataFrame({"lung": sites["MYC"] - 1.0, "liver": 0.1 * sites["TP53"]})
    >>> decode = DEcodeRegressor([(16, 1)], n_init=1, batch_size=16, random_state=0).fit(sites, y)
    >>> table = knockout_effects(decode, sites)
    >>> print(*table.index[0], *table.columns)
    counts MYC n_genes_bound size lung liver
    """
    choose = None if genes is None else lambda names: positions_of(genes, names, "gene")
    model = open_model(estimator, X, choose)
    features = _features_of(regulators, model)
    at = (
        np.arange(len(model.outputs))
        if outputs is None
        else positions_of(outputs, model.outputs, "output")
    )
    changes = _iter_changes(model, features, response_of(model.networks, at))
    names = list(model.outputs[at])
    if per_gene:
        return _each(changes, model.genes, model.features, names)
    return _mean(changes, len(model.genes), model.features, features, names)


class _Changes(NamedTuple):
    """Changes of outputs for some pairs of a gene and a feature, both by position."""

    genes: np.ndarray
    features: np.ndarray
    of_outputs: np.ndarray


def _iter_changes(model, wanted, response):
    is_wanted = np.zeros(len(model.features), dtype=bool)
    is_wanted[wanted] = True
    for start in range(0, len(model.genes), _GENES_AT_ONCE):
        inputs = model.inputs(_safe_indexing(model.X, slice(start, start + _GENES_AT_ONCE)))
        full = response.hidden(inputs)
        usual = response.outputs(full)
        genes, features, parts = split_by_feature(inputs, model.column_feature)
        pairs = np.flatnonzero(is_wanted[features])
        size = max(1, _CHUNK_VALUES // max(response.kernel.shape[1], response.n_outputs))
        for first in range(0, pairs.size, size):
            some = pairs[first : first + size]
            hidden = full[genes[some]] - parts[some] @ response.kernel
            values = response.outputs(hidden) - usual[genes[some]]
            yield _Changes(start + genes[some], features[some], values)


def _features_of(regulators, model):
    """Positions of the features of regulators, in the order of the model."""
    names, masks = model.features.get_level_values("regulator"), model.masks
    if regulators is None:
        return np.flatnonzero(~masks)
    asked = [regulators] if isinstance(regulators, str) else list(regulators)
    check_names(asked, names.unique(), "regulator")
    chosen = names.isin(asked)
    if (chosen & masks).any():
        raise ValueError(
            f"{names[chosen & masks][0]!r} is a mask: it says which bases exist, and cannot be "
            "removed."
        )
    return np.flatnonzero(chosen)


def _mean(changes, n_genes, all_features, features, names):
    n_features = len(all_features)
    counts, sizes = np.zeros(n_features, dtype=np.int64), np.zeros(n_features)
    totals = np.zeros((n_features, len(names)))
    for _, of, values in changes:
        ones = np.ones(of.size)
        adder = sp.csr_array((ones, (of, np.arange(of.size))), (n_features, of.size))
        totals += adder @ values
        sizes += adder @ np.abs(values).mean(axis=1)
        counts += np.bincount(of, minlength=n_features)
    table = pd.DataFrame(totals[features] / n_genes, all_features[features], columns=names)
    table.insert(0, "n_genes_bound", counts[features])
    table.insert(1, "size", sizes[features] / n_genes)
    return table.sort_values("size", ascending=False, kind="stable")


def _each(changes, genes, all_features, names):
    found = list(changes)
    rows = np.concatenate([part.genes for part in found] or [np.empty(0, dtype=np.intp)])
    of = np.concatenate([part.features for part in found] or [np.empty(0, dtype=np.intp)])
    values = np.concatenate([part.of_outputs for part in found] or [np.empty((0, len(names)))])
    size = np.abs(values).mean(axis=1)
    order = np.lexsort((-size, rows))
    rows, of = rows[order], of[order]
    levels = [all_features.get_level_values(level)[of] for level in ("part", "regulator")]
    index = pd.MultiIndex.from_arrays([genes[rows], *levels], names=["gene", "part", "regulator"])
    table = pd.DataFrame(values[order], index, columns=names)
    table.insert(0, "size", size[order])
    return table
