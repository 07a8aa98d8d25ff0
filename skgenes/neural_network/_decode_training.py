"""Steps of training DEcode's network: which genes to hold out, and several runs."""

import numpy as np
import pandas as pd
from sklearn.model_selection import GroupShuffleSplit
from sklearn.utils.validation import check_consistent_length

from skgenes.networks import (
    convolved_sum,
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
