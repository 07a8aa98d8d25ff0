"""Where DEcode's networks begin: from random weights, or from the branches of other networks."""

from dataclasses import replace
from itertools import cycle

import numpy as np
from sklearn.frozen import FrozenEstimator
from sklearn.utils.validation import check_is_fitted

from skgenes.feature_extraction._fitted_features import difference
from skgenes.networks import BinSource, FoldSource, initial_branched_network
from skgenes.neural_network._base import check_convolutions, check_layer_sizes
from skgenes.neural_network._decode_training import branch_values


def make_start(estimator, genes, n_outputs):
    """Choose what makes the networks to train.

    Parameters
    ----------
    estimator : DEcodeRegressor
        Its parameters decide.
    genes : GeneInputs
        Training genes.
    n_outputs : int
        Number of outputs.

    Returns
    -------
    FreshStart or TransferStart
        The second with a ``base_estimator``.

    Raises
    ------
    TypeError
        If ``base_estimator`` is no DEcodeRegressor.
    ValueError
        If parameters do not fit together, or `genes` do not fit ``base_estimator``.
    """
    hidden = check_layer_sizes(estimator.hidden_layer_sizes)
    if estimator.base_estimator is not None:
        runs = _base_runs(estimator)
        return TransferStart(genes, runs, hidden, n_outputs, estimator.log_counts)
    if estimator.log_counts and estimator.conv_activation != "identity":
        raise ValueError(
            f"log_counts=True needs conv_activation='identity', got {estimator.conv_activation!r}."
        )
    convolutions = tuple(
        check_convolutions(estimator.rna_convolutions, "rna_convolutions")
        if part == "rna"
        else check_convolutions(estimator.promoter_convolutions, "promoter_convolutions")
        for part in genes.parts
    )
    return FreshStart(
        genes, convolutions, hidden, n_outputs, estimator.conv_activation, estimator.log_counts
    )


def _base_runs(estimator):
    base = estimator.base_estimator
    base = base.estimator if isinstance(base, FrozenEstimator) else base
    if not isinstance(base, type(estimator)):
        raise TypeError(
            f"base_estimator must be a fitted DEcodeRegressor, got {type(base).__name__}."
        )
    check_is_fitted(
        base,
        msg="base_estimator is not fitted. Fit it first, and wrap it in "
        "sklearn.frozen.FrozenEstimator: a clone of this estimator clones it, too.",
    )
    if base.log_counts != estimator.log_counts:
        raise ValueError(
            f"base_estimator has log_counts={base.log_counts}, this estimator "
            f"log_counts={estimator.log_counts}; they must agree."
        )
    for part in {**base.regulators_in_, **estimator.regulators_in_}:
        known, given = (list(model.regulators_in_.get(part, ())) for model in (base, estimator))
        if known != given:
            raise ValueError(
                f"The features of {part!r} in X are not those that base_estimator was fitted "
                f"on. {difference(known, given)}"
            )
    return base.runs_


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
