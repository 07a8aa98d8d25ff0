"""Whether the parts of a network fit together, checked before saving and after loading."""

from itertools import pairwise

import numpy as np

from skgenes.networks import (
    BranchedNetwork,
    DenseLayer,
    DenseNetwork,
    NormalizedLayer,
    Scaling,
)
from skgenes.networks._activations import ACTIVATIONS

# Of convolutions: those that keep 0, so that empty bins add nothing.
_CONV_ACTIVATIONS = ("identity", "relu", "elu", "tanh")


def problem_of(value):
    """Say what is wrong with a value object, or return None."""
    return _PROBLEMS[type(value)](value)


def _problem_of_scaling(scaling):
    for name in ("mean", "scale"):
        if not _is_numeric(getattr(scaling, name), ndim=1):
            return f"{name} must be a numeric vector, got {_shown(getattr(scaling, name))}"
    if len(scaling.mean) != len(scaling.scale):
        return f"mean has {len(scaling.mean)} genes and scale {len(scaling.scale)}"
    return None


def _problem_of_units(layer, names):
    if not _is_numeric(layer.kernel, ndim=2):
        return f"kernel must be a numeric matrix, got {_shown(layer.kernel)}"
    n_units = layer.kernel.shape[1]
    for name in names:
        values = getattr(layer, name)
        if not _is_numeric(values, ndim=1) or len(values) != n_units:
            return (
                f"{name} must be a numeric vector with one value for each of the {n_units} units "
                f"of kernel, got {_shown(values)}"
            )
    return None


def _problem_of_layer(layer):
    if problem := _problem_of_units(layer, ["bias"]):
        return problem
    if not isinstance(layer.activation, str) or layer.activation not in ACTIVATIONS:
        return f"activation {layer.activation!r} is unknown; known are {', '.join(ACTIVATIONS)}"
    return None


def _problem_of_normalized(layer):
    if problem := _problem_of_units(layer, ["bias", "gamma", "beta", "mean", "variance"]):
        return problem
    if not (layer.variance >= 0).all():
        return "variance must not be negative or NaN"
    return None


def _problem_of_branched(network):
    if network.conv_activation not in _CONV_ACTIVATIONS:
        return (
            f"conv_activation {network.conv_activation!r} is unknown; known are "
            f"{', '.join(_CONV_ACTIVATIONS)}"
        )
    branches, hidden = network.branches, network.hidden
    if not isinstance(branches, tuple) or not branches:
        return "branches must be a tuple of at least one tuple of kernels"
    for number, kernels in enumerate(branches):
        if problem := _problem_of_kernels(kernels):
            return f"branch {number}: {problem}"
    if not isinstance(hidden, tuple) or not hidden:
        return "hidden must be a tuple of at least one NormalizedLayer"
    if not all(isinstance(layer, NormalizedLayer) for layer in hidden):
        return "hidden must hold NormalizedLayer alone"
    if not isinstance(network.output, DenseLayer) or network.output.activation != "identity":
        return "output must be a DenseLayer with the activation 'identity'"
    n_values = sum(kernels[-1].shape[2] for kernels in branches)
    for layer in (*hidden, network.output):
        if layer.kernel.shape[0] != n_values:
            return f"a layer takes {layer.kernel.shape[0]} inputs, but gets {n_values}"
        n_values = layer.kernel.shape[1]
    return None


def _problem_of_kernels(kernels):
    if not isinstance(kernels, tuple) or not kernels:
        return "kernels must be a tuple of at least one array"
    for kernel in kernels:
        if not _is_numeric(kernel, ndim=3) or not len(kernel):
            return f"a kernel must be numeric, with three axes, got {_shown(kernel)}"
    for number, (kernel, following) in enumerate(pairwise(kernels)):
        if kernel.shape[2] != following.shape[1]:
            return (
                f"kernel {number} has {kernel.shape[2]} filters, but kernel {number + 1} takes "
                f"{following.shape[1]} inputs"
            )
    return None


def _problem_of_network(network):
    layers = network.layers
    if not isinstance(layers, tuple) or not layers:
        return "layers must be a tuple of at least one DenseLayer"
    if not all(isinstance(layer, DenseLayer) for layer in layers):
        return "layers must hold DenseLayer alone"
    for number, (layer, following) in enumerate(pairwise(layers)):
        if layer.kernel.shape[1] != following.kernel.shape[0]:
            return (
                f"layer {number} has {layer.kernel.shape[1]} units, but layer {number + 1} takes "
                f"{following.kernel.shape[0]} inputs"
            )
    return _problem_of_end("input_scaling", network.input_scaling, network.n_inputs) or (
        _problem_of_end("output_scaling", network.output_scaling, network.n_outputs)
    )


def _problem_of_end(name, scaling, n_genes):
    if scaling is None:
        return None
    if not isinstance(scaling, Scaling):
        return f"{name} must be a Scaling or None, got {type(scaling).__name__}"
    if len(scaling.mean) != n_genes:
        return f"{name} has {len(scaling.mean)} genes, but the network has {n_genes} at that end"
    return None


def _is_numeric(value, ndim):
    return isinstance(value, np.ndarray) and value.ndim == ndim and value.dtype.kind in "fiu"


def _shown(value):
    if isinstance(value, np.ndarray):
        return f"an array of {value.dtype} of shape {value.shape}"
    return type(value).__name__


_PROBLEMS = {
    BranchedNetwork: _problem_of_branched,
    Scaling: _problem_of_scaling,
    DenseLayer: _problem_of_layer,
    DenseNetwork: _problem_of_network,
    NormalizedLayer: _problem_of_normalized,
}
