"""The one training loop."""

from dataclasses import dataclass, field

import numpy as np

from skgenes.networks._steps import (
    ADAM_DECAYS,
    N_STATES,
    StepPlan,
    StepValues,
    compiled_steps,
)

# D-GEX watches its training error on this many samples.
MONITORED_SAMPLES = 5000
_EVALUATED_AT_ONCE = 256
# Moving statistics are means over the first 100 steps of an epoch, then Keras' moving averages.
# Those alone would lag behind the weights by many epochs, where an epoch has few steps.
_STATISTIC_RATE = 0.01
# Batches handed to TensorFlow in one call hold at most this many numbers (4 MB).
_STACK_ELEMENTS = 1_000_000


@dataclass(frozen=True)
class TrainingOptions:
    """How to train.

    Parameters
    ----------
    loss : {"mean_absolute_error", "mean_squared_error", "summed_squared_error"}
        Averaged over batch and outputs; the last is summed over outputs.
    dropout : tuple of float
        Share of inputs dropped before every layer.
    solver : {"adam", "sgd"}
        Update rule.
    learning_rate_init : float
        Learning rate of the first epoch.
    batch_size : int
        Samples in a batch; the last batch of an epoch takes what is left.
    max_iter : int
        Number of epochs.
    alpha : float
        Weight of the sum of squared kernels.
    momentum : float
        Of "sgd".
    upper_rate : float
        Factor on the learning rate of all kernels but the first.
    decay_on_rise : bool
        Whether to use the learning-rate rule of D-GEX.
    early_stopping : bool
        Whether to stop when the validation error has not fallen by `tol` for `n_iter_no_change`
        epochs.
    n_iter_no_change : int
        Patience, in epochs.
    tol : float
        The least fall of the validation error that counts.
    monitor : {"mean_absolute_error", "mean_squared_error"}
        Validation error, averaged over samples and outputs.
    """

    loss: str
    dropout: tuple[float, ...]
    solver: str
    learning_rate_init: float
    batch_size: int
    max_iter: int
    alpha: float = 0.0
    momentum: float = 0.0
    upper_rate: float = 1.0
    decay_on_rise: bool = False
    early_stopping: bool = False
    n_iter_no_change: int = 10
    tol: float = 0.0
    monitor: str = "mean_absolute_error"


@dataclass
class TrainingResult:
    """What training leaves behind.

    Parameters
    ----------
    network : DenseNetwork or BranchedNetwork
        With the weights of the epoch with the least validation error, or of the last epoch.
    loss_curve : list of float
        Mean training loss of every epoch, with dropout, without the penalty.
    validation_curve : list of float
        Error on the validation samples after every epoch; empty without them.
    learning_rates : list of float
        Learning rate of every epoch.
    best_epoch : int or None
        Epoch of `network`, counted from 0; None without validation samples.
    """

    network: object = None
    loss_curve: list[float] = field(default_factory=list)
    validation_curve: list[float] = field(default_factory=list)
    learning_rates: list[float] = field(default_factory=list)
    best_epoch: int | None = None


def decayed_learning_rate(rate, error, previous_error, *, decay=0.9, floor=1e-5):
    """Learning-rate rule of D-GEX: fall by a tenth when the training error rose.

    Parameters
    ----------
    rate : float
        Learning rate of the epoch that ended.
    error, previous_error : float
        Mean absolute training error after this epoch and after the one before.
    decay : float, default=0.9
        Factor of the fall.
    floor : float, default=1e-5
        The learning rate never falls below this.

    Returns
    -------
    float
        Learning rate of the next epoch.

    References
    ----------
    Chen et al. (2016), Bioinformatics 32:1832, section 2.3; the authors' training scripts.

    Examples
    --------
    >>> from skgenes.networks import decayed_learning_rate
    >>> decayed_learning_rate(5e-4, error=0.41, previous_error=0.40)
    0.00045000000000000004
    """
    return max(rate * decay, min(rate, floor)) if error > previous_error else rate


def train(
    network, inputs, targets, options, seeds, *, train_rows, validation_rows=(), observer=None
):
    """Train a network.

    Parameters
    ----------
    network : DenseNetwork or BranchedNetwork
        With its initial weights; left as it is. Of a DenseNetwork the layers are trained, between
        its scalings: those are applied by the sources.
    inputs, targets : RowSource
        Where batches come from. The same object twice trains an autoencoder. Inputs may come as a
        tuple of arrays.
    options : TrainingOptions
        How to train.
    seeds : numpy.random.SeedSequence
        Source of the order of samples and of dropout.
    train_rows, validation_rows : ndarray of int
        Rows to learn from, and rows to choose the best epoch by.
    observer : object or None
        Told of every epoch: ``observer.begin()`` before it and ``observer.end(network)`` after it,
        with a function that returns the present network. Training stops if ``end`` returns True.

    Returns
    -------
    TrainingResult
        The trained network and the course of training.

    Raises
    ------
    ValueError
        If the loss stops being finite. Names the epoch.
    """
    order_seed, dropout_seed, monitor_seed = seeds.spawn(3)
    rng = np.random.default_rng(order_seed)
    dropout_key = int(dropout_seed.generate_state(1)[0] >> 1)
    monitored = np.random.default_rng(monitor_seed).permutation(train_rows)[:MONITORED_SAMPLES]
    fit = _Fit(network, inputs, targets, options, dropout_key)
    result, rate, best, patience = TrainingResult(), options.learning_rate_init, np.inf, 0
    previous_error = np.inf
    for epoch in range(options.max_iter):
        if observer is not None:
            observer.begin()
        result.learning_rates.append(rate)
        result.loss_curve.append(fit.run_epoch(rng.permutation(train_rows), rate))
        _check_finite(result.loss_curve, options)
        if options.decay_on_rise:
            error = fit.error(monitored)
            rate = decayed_learning_rate(rate, error, previous_error)
            previous_error = error
        if len(validation_rows):
            error = fit.error(validation_rows)
            result.validation_curve.append(error)
            patience = 0 if error < best - options.tol else patience + 1
            if error < best or result.best_epoch is None:
                best, result.best_epoch, result.network = error, epoch, fit.network()
        stop = observer is not None and observer.end(fit.network)
        if stop or (options.early_stopping and patience >= options.n_iter_no_change):
            break
    if result.best_epoch is None:
        result.network = fit.network()
        # The last step comes after the last loss.
        if not all(np.isfinite(weight).all() for weight in result.network.weights()):
            _raise_diverged("a weight became infinite", result.loss_curve, options)
    return result


def _check_finite(loss_curve, options):
    if not np.isfinite(loss_curve[-1]):
        before = f", it was {loss_curve[-2]:.4g} before" if len(loss_curve) > 1 else ""
        _raise_diverged(f"the loss became {loss_curve[-1]}{before}", loss_curve, options)


def _raise_diverged(what, loss_curve, options):
    raise ValueError(
        f"Training diverged in epoch {len(loss_curve)} of {options.max_iter}: {what}. Lower "
        f"learning_rate_init (now {options.learning_rate_init:g}) or standardise the data; the "
        "estimator was left as it was before fit."
    )


class _Fit:
    """Weights and optimiser state of one fit, on the device."""

    def __init__(self, network, inputs, targets, options, dropout_key):
        import tensorflow as tf

        self._tf = tf
        self._network, self._inputs, self._targets = network, inputs, targets
        self._options, self._dropout_key = options, dropout_key
        self._n_steps = 0
        graph = network.graph(tuple(rate > 0 for rate in options.dropout))
        arrays = network.weights()
        self._weights = [tf.Variable(array, dtype=tf.float32, trainable=False) for array in arrays]
        self._state = [
            [tf.Variable(tf.zeros(array.shape), trainable=False) for _ in range(n_states)]
            for array, role in zip(arrays, graph.roles, strict=True)
            for n_states in [0 if role == "statistic" else N_STATES[options.solver]]
        ]
        self._train, self._evaluate = compiled_steps(
            StepPlan(
                graph=graph,
                shapes=tuple(array.shape for array in arrays),
                loss=options.loss,
                monitor=options.monitor,
                penalised=options.alpha > 0,
                solver=options.solver,
            )
        )
        self._fixed_values = {
            "alpha": self._constant(options.alpha),
            "momentum": self._constant(options.momentum),
            "dropout": self._constant(options.dropout),
        }

    def _constant(self, value):
        return self._tf.constant(value, dtype=self._tf.float32)

    def _draw(self, rows, shape):
        """Input and target of `rows`, whose axis is brought to `shape`.

        The same tensor for an autoencoder.
        """

        def reshaped(array):
            return self._constant(array.reshape(*shape, *array.shape[1:]))

        x = self._tf.nest.map_structure(reshaped, self._inputs.rows(rows))
        return x, x if self._targets is self._inputs else reshaped(self._targets.rows(rows))

    def _stacks(self, rows):
        """Stacks of batches of one size, shape (n_batches, batch_size): what one call trains on."""
        size = min(self._options.batch_size, len(rows))
        n_columns = self._inputs.shape[1] + self._targets.shape[1]
        at_once = max(1, _STACK_ELEMENTS // (size * n_columns)) * size
        whole = len(rows) // size * size
        for start in range(0, whole, at_once):
            yield rows[start : min(start + at_once, whole)].reshape(-1, size)
        if whole < len(rows):
            yield rows[np.newaxis, whole:]

    def run_epoch(self, rows, rate):
        """Pass once over `rows`; return the mean loss of a sample."""
        rates = {
            "learning_rate": self._constant(rate),
            "upper_learning_rate": self._constant(rate * self._options.upper_rate),
        }
        losses, sizes, n_seen = [], [], 0
        for stack in self._stacks(rows):
            losses.append(self._train_on(stack, n_seen, rates))
            sizes.append(stack.shape[1])
            n_seen += stack.size
        return float(np.dot(np.array(losses, dtype=np.float64), sizes) / len(rows))

    def _train_on(self, stack, n_seen, rates):
        """Take a step for every batch of a stack; return the sum of their losses.

        Inputs and targets go with the call, before the next are drawn.
        """
        n_batches, size = stack.shape
        steps = self._n_steps + 1 + np.arange(n_batches)
        seen = n_seen + size * np.arange(1, n_batches + 1)
        values = StepValues(
            **rates,
            **self._fixed_values,
            decay_powers=self._constant(np.power(ADAM_DECAYS, steps[:, np.newaxis])),
            # The last batch counts by its size: it may be a single sample.
            statistic_rates=self._constant(np.maximum(size / seen, _STATISTIC_RATE)[:, np.newaxis]),
        )
        x, y = self._draw(stack.ravel(), stack.shape)
        self._n_steps += n_batches
        return self._train(self._weights, self._state, x, y, values, self._seeds(steps))

    def _seeds(self, steps):
        """Two numbers for every step, far enough apart to give every layer its own."""
        keys = np.stack(
            [np.full_like(steps, self._dropout_key), steps * len(self._weights)], axis=1
        )
        return self._tf.constant(keys, dtype=self._tf.int64)

    def error(self, rows):
        """Mean error on `rows`, without dropout."""
        errors, sizes = [], []
        step = max(self._options.batch_size, _EVALUATED_AT_ONCE)
        for start in range(0, len(rows), step):
            batch = rows[start : start + step]
            errors.append(self._evaluate(self._weights, *self._draw(batch, batch.shape)))
            sizes.append(len(batch))
        return float(np.average(np.array(errors, dtype=np.float64), weights=sizes))

    def network(self):
        """The network with its present weights, as NumPy arrays."""
        return self._network.with_weights([weight.numpy() for weight in self._weights])
