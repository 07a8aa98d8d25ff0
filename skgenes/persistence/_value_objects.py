"""Whether the parts of a network fit together, checked before saving and after loading."""

from itertools import pairwise

import numpy as np

from skgenes.networks import DenseLayer, DenseNetwork, Scaling
from skgenes.networks._activations import ACTIVATIONS


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


def _problem_of_layer(layer):
    if not _is_numeric(layer.kernel, ndim=2):
        return f"kernel must be a numeric matrix, got {_shown(layer.kernel)}"
    if not _is_numeric(layer.bias, ndim=1) or len(layer.bias) != layer.kernel.shape[1]:
        return (
            f"bias must be a numeric vector with one value for each of the "
            f"{layer.kernel.shape[1]} units of kernel, got {_shown(layer.bias)}"
        )
    if not isinstance(layer.activation, str) or layer.activation not in ACTIVATIONS:
        return f"activation {layer.activation!r} is unknown; known are {', '.join(ACTIVATIONS)}"
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
    Scaling: _problem_of_scaling,
    DenseLayer: _problem_of_layer,
    DenseNetwork: _problem_of_network,
}
