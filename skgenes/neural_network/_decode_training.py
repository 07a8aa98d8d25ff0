"""Steps of training DEcode's network: which genes to hold out, and several runs."""

from dataclasses import replace
from itertools import cycle

import numpy as np
import pandas as pd
from sklearn.model_selection import GroupShuffleSplit
from sklearn.utils.validation import check_consistent_length

from skgenes.networks import (
    BinSource,
    FoldSource,
    convolved_sum,
    initial_branched_network,
    train,
)
from skgenes.neural_network._base import n_validation_samples

_GENES_AT_ONCE = 256


def split_genes(estimator, n_genes, seed, groups, validation):
    """Genes to learn from, and genes to stop by.

    Parameters
    ----------
    estimator : DEcodeRegressor
        Has ``validation_fraction`` and ``early_stopping``.
    n_genes : int
        Number of genes.
    seed : numpy.random.SeedSequence
        Source of a random split.
    groups : array-like of shape (n_genes,) or None
        Groups, such as chromosomes, that are held out as a whole.
    validation : array-like of bool of shape (n_genes,) or None
        The genes to hold out.

    Returns
    -------
    train_rows, validation_rows : ndarray of int
        Rows; the second is empty for a fraction of 0.

    Raises
    ------
    ValueError
        If both are given, lengths differ, a group is missing, or one side has no genes.
    """
    rows = np.arange(n_genes)
    if validation is not None:
        if groups is not None:
            raise ValueError("Pass groups or validation, not both.")
        held_out = _held_out(validation, n_genes)
        return rows[~held_out], rows[held_out]
    n_validation = n_validation_samples(estimator, n_genes)
    state = int(seed.generate_state(1)[0])
    if groups is None or n_validation == 0:
        order = np.random.default_rng(state).permutation(n_genes)
        return np.sort(order[n_validation:]), np.sort(order[:n_validation])
    # Of objects: in an array of strings a missing value would be "nan".
    groups = np.asarray(groups, dtype=None if hasattr(groups, "dtype") else object)
    check_consistent_length(rows, groups)
    if (missing := np.flatnonzero(pd.isna(groups))).size:
        raise ValueError(
            f"groups has no value for {missing.size} of {n_genes} genes, the first in row "
            f"{missing[0]}. Leave these genes out, or give them a group of their own."
        )
    if len(np.unique(groups)) < 2:
        raise ValueError(
            f"groups has the single value {groups.tolist()[0]!r}: nothing is left to hold out. "
            "Pass at least two groups, or none."
        )
    splitter = GroupShuffleSplit(1, test_size=estimator.validation_fraction, random_state=state)
    return next(splitter.split(rows, groups=groups))


def _held_out(validation, n_genes):
    held_out = np.asarray(validation)
    if held_out.dtype != bool or held_out.shape != (n_genes,):
        raise ValueError(
            f"validation must be {n_genes} bools, one for each gene, got an array of "
            f"{held_out.dtype} of shape {held_out.shape}."
        )
    if held_out.all() or not held_out.any():
        raise ValueError(
            f"validation holds out {held_out.sum()} of {n_genes} genes; some must be held out and "
            "some left to learn from."
        )
    return held_out


def branch_values(networks, genes, log_counts):
    """Values of the branches, side by side: what the heads of networks take.

    Parameters
    ----------
    networks : sequence of BranchedNetwork
        Networks whose convolutions have the same sizes.
    genes : GeneInputs
        Genes.
    log_counts : bool
        Whether logarithms of the fold sums are taken.

    Yields
    ------
    ndarray of float64 of shape (n_genes, n_values)
        The values of each network.
    """
    first = networks[0]
    if first.conv_activation == "identity":
        depths = dict(zip(genes.parts, first.depths, strict=True))
        parts = genes.fold_parts(depths, log_counts)
        for network in networks:
            pairs = zip(network.folded_branches(), parts, strict=True)
            yield np.concatenate([branch.predict(part) for branch, part in pairs], axis=1)
        return
    for network in networks:
        branches = [
            _convolved(bins, offsets, kernels, network.conv_activation)
            for (bins, offsets), kernels in zip(genes.bins(), network.branches, strict=True)
        ]
        yield np.concatenate(branches, axis=1)


def _convolved(bins, offsets, kernels, activation):
    values = np.zeros((len(offsets) - 1, kernels[-1].shape[2]))
    for start in range(0, len(values), _GENES_AT_ONCE):
        edges = offsets[start : start + _GENES_AT_ONCE + 1]
        rows = bins[edges[0] : edges[-1]].toarray()
        values[start : start + len(edges) - 1] = convolved_sum(
            rows, np.diff(edges), kernels, activation
        )
    return values


class FreshStart:
    """Networks with random weights throughout, on fold sums or, if these bend, on bins.

    Parameters
    ----------
    genes : GeneInputs
        Training genes.
    convolutions : tuple of tuple of tuple of int
        Filters and kernel sizes of every part.
    hidden_layer_sizes : tuple of int
        Of the head.
    n_outputs : int
        Number of outputs.
    conv_activation : str
        After every convolution.
    log_counts : bool
        Whether to take logarithms of the fold sums.
    """

    def __init__(
        self, genes, convolutions, hidden_layer_sizes, n_outputs, conv_activation, log_counts
    ):
        self._n_features = [part.shape[1] for part, _ in genes.bins()]
        self._arguments = (convolutions, hidden_layer_sizes, n_outputs)
        self._conv_activation = conv_activation
        depths = tuple(sum(size - 1 for _, size in shapes) for shapes in convolutions)
        if conv_activation == "identity":
            folded = genes.fold_parts(dict(zip(genes.parts, depths, strict=True)), log_counts)
            self._source = FoldSource(folded, depths)
        else:
            self._source = BinSource(genes.bins(), depths)

    def begin(self, rng):
        """Make a network to train, and what it is trained on."""
        network = initial_branched_network(
            self._n_features, *self._arguments, rng, self._conv_activation
        )
        return network, self._source

    def finish(self, network):
        """Make the whole of what was trained."""
        return network


class TransferStart:
    """Networks whose branches are those of other networks, and whose heads are random.

    The branches do not change, so they are evaluated once, and the head alone is trained.

    Parameters
    ----------
    genes : GeneInputs
        Training genes.
    runs : sequence of BranchedNetwork
        Where branches come from, in turn.
    hidden_layer_sizes : tuple of int
        Of the head.
    n_outputs : int
        Number of outputs.
    log_counts : bool
        Whether to take logarithms of the fold sums.
    """

    def __init__(self, genes, runs, hidden_layer_sizes, n_outputs, log_counts):
        self._shape = hidden_layer_sizes, n_outputs
        values = [values.astype(np.float32) for values in branch_values(runs, genes, log_counts)]
        self._bases = cycle(zip(runs, values, strict=True))

    def begin(self, rng):
        """Make a head to train, and what it is trained on."""
        self._base, values = next(self._bases)
        n_values = values.shape[1]
        head = initial_branched_network([n_values], [()], *self._shape, rng)
        return head, FoldSource([values], (0,))

    def finish(self, head):
        """Put the head on the branches it was trained with."""
        return replace(self._base, hidden=head.hidden, output=head.output)


def train_runs(start, n_runs, targets, options, seeds, observer, **rows):
    """Train several networks from different random weights.

    Parameters
    ----------
    start : FreshStart or TransferStart
        Makes networks.
    n_runs : int
        How many.
    targets : RowSource
        Targets.
    options : TrainingOptions
        How to train.
    seeds : numpy.random.SeedSequence
        Source of everything random.
    observer : EpochReporter
        Told of every epoch; no further run begins once it has asked to stop.
    **rows : ndarray of int
        ``train_rows`` and ``validation_rows``.

    Returns
    -------
    list of TrainingResult
        One for each run, with the whole network.
    """
    results = []
    for seed in seeds.spawn(n_runs):
        init_seed, train_seed = seed.spawn(2)
        network, source = start.begin(np.random.default_rng(init_seed))
        result = train(network, source, targets, options, train_seed, observer=observer, **rows)
        result.network = start.finish(result.network)
        results.append(result)
        if observer.stopped:
            break
    return results


def least_error(result):
    """Validation error of the epoch that was kept; the last training loss without one."""
    if result.best_epoch is None:
        return result.loss_curve[-1]
    return result.validation_curve[result.best_epoch]
