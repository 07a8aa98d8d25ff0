"""What the estimators around a dense network share."""

from numbers import Integral, Real

import numpy as np
from sklearn.callback import CallbackSupportMixin
from sklearn.utils import check_array
from sklearn.utils._param_validation import Interval, StrOptions

from skgenes.networks import train
from skgenes.utils import validate_expression

ACTIVATIONS = StrOptions({"identity", "relu", "elu", "sigmoid", "tanh"})

TRAINING_CONSTRAINTS = {
    "hidden_layer_sizes": ["array-like"],
    "dropout": [Interval(Real, 0, 1, closed="left")],
    "solver": [StrOptions({"adam", "sgd"})],
    "batch_size": [Interval(Integral, 1, None, closed="left")],
    "max_iter": [Interval(Integral, 1, None, closed="left")],
    "early_stopping": ["boolean"],
    "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
    "tol": [Interval(Real, 0, None, closed="left")],
    "standardize": ["boolean"],
    "layer": [str, None],
    "random_state": ["random_state"],
}


class NetworkMixin(CallbackSupportMixin):
    """What estimators around a dense network do alike."""

    def _validate(self, X, *, reset):
        least = 2 if reset else 1
        return validate_expression(self, X, reset=reset, layer=self.layer, ensure_min_samples=least)

    def _keep_course(self, result):
        """Keep the course of training as fitted attributes."""
        self.loss_curve_ = result.loss_curve
        self.validation_curve_ = result.validation_curve
        self.n_iter_ = len(result.loss_curve)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


class EpochReporter:
    """Reports epochs to scikit-learn's callbacks.

    Parameters
    ----------
    estimator : estimator
        The one being fitted.
    data : dict
        The "X" and "y" that were passed to fit, handed on to callbacks that ask for them.
    attributes_of : callable
        Turns a network into the fitted attributes that make a copy of the estimator usable.
    n_runs : int, default=1
        How often the estimator trains, from different starts.
    """

    def __init__(self, estimator, data, attributes_of, n_runs=1):
        self._estimator, self._attributes_of = estimator, attributes_of
        self._data = data
        self._fit = estimator._init_callback_context(max_subtasks=n_runs * estimator.max_iter)
        self.stopped = False
        self._fit.call_on_fit_task_begin(estimator=estimator, **self._data)

    def begin(self):
        """Report that an epoch begins."""
        self._epoch = self._fit.subcontext(task_name="epoch")
        self._epoch.call_on_fit_task_begin(estimator=self._estimator, **self._data)

    def end(self, network):
        """Report that an epoch ended; return whether a callback asks to stop."""
        self.stopped = self._epoch.call_on_fit_task_end(
            estimator=self._estimator,
            reconstruction_attributes=lambda: self._attributes_of(network()),
            **self._data,
        )
        return self.stopped

    def finish(self):
        """Report that training ended."""
        self._fit.call_on_fit_task_end(estimator=self._estimator, **self._data)


def train_estimator(estimator, network, inputs, targets, options, seeds, reporter):
    """Train, holding out ``validation_fraction`` of the samples if that is asked for.

    Parameters
    ----------
    estimator : estimator
        Has ``validation_fraction`` and ``early_stopping``.
    network, inputs, targets, options
        See `skgenes.networks.train`.
    seeds : numpy.random.SeedSequence
        Source of the split and of everything random in training.
    reporter : EpochReporter
        Told of every epoch.

    Returns
    -------
    TrainingResult
        See `skgenes.networks.train`.
    """
    split_seed, train_seed = seeds.spawn(2)
    order = np.random.default_rng(split_seed).permutation(inputs.shape[0])
    n_validation = n_validation_samples(estimator, len(order))
    result = train(
        network,
        inputs,
        targets,
        options,
        train_seed,
        train_rows=order[n_validation:],
        validation_rows=order[:n_validation],
        observer=reporter,
    )
    reporter.finish()
    return result


def n_validation_samples(estimator, n_samples):
    """Number of samples to hold out.

    Parameters
    ----------
    estimator : estimator
        Has ``validation_fraction`` and ``early_stopping``.
    n_samples : int
        Number of samples.

    Returns
    -------
    int
        At least one on either side, so that tiny data can still be fitted; 0 for a fraction of 0.
    """
    if estimator.early_stopping and estimator.validation_fraction == 0:
        raise ValueError("early_stopping=True needs a validation_fraction above 0, got 0.")
    if estimator.validation_fraction == 0:
        return 0
    wanted = round(n_samples * estimator.validation_fraction)
    return min(max(wanted, 1), n_samples - 1)


def check_layer_sizes(sizes):
    """Validate ``hidden_layer_sizes``.

    Parameters
    ----------
    sizes : sequence of int
        Width of every hidden layer.

    Returns
    -------
    tuple of int
        The sizes.
    """
    sizes = tuple(sizes)
    if not sizes or not all(isinstance(size, Integral) and size > 0 for size in sizes):
        raise ValueError(f"hidden_layer_sizes must be positive integers, got {sizes!r}.")
    return tuple(int(size) for size in sizes)


def check_convolutions(convolutions, name):
    """Validate the shapes of a stack of convolutions.

    Parameters
    ----------
    convolutions : sequence of (int, int)
        Filters and kernel size of each.
    name : str
        Name of the parameter.

    Returns
    -------
    tuple of tuple of int
        The same.
    """
    pairs = [tuple(pair) for pair in convolutions if np.iterable(pair)]
    if (
        not pairs
        or len(pairs) != len(convolutions)
        or not all(
            len(pair) == 2 and all(isinstance(n, Integral) and n > 0 for n in pair)
            for pair in pairs
        )
    ):
        raise ValueError(
            f"{name} must be pairs of a number of filters and a kernel size, such as "
            f"((160, 2), (160, 2)), got {convolutions!r}."
        )
    return tuple((int(n_filters), int(size)) for n_filters, size in pairs)


def check_code(Z, n_units):
    """Validate bottleneck values.

    Parameters
    ----------
    Z : array-like of shape (n_samples, n_units)
        Bottleneck values.
    n_units : int
        Width of the bottleneck.

    Returns
    -------
    ndarray of shape (n_samples, n_units)
        The values.
    """
    Z = check_array(Z, dtype=[np.float64, np.float32], input_name="Z")
    if Z.shape[1] != n_units:
        raise ValueError(f"Z has {Z.shape[1]} columns, but the bottleneck has {n_units} units.")
    return Z
