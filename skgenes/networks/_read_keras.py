"""Reading a chain of dense layers out of a Keras model."""

from dataclasses import replace

import numpy as np

from skgenes.networks._activations import ACTIVATIONS
from skgenes.networks._dense import DenseLayer, DenseNetwork, Scaling


def from_keras(model):
    """Read a chain of dense layers out of a Keras model.

    Parameters
    ----------
    model : keras.Model
        A built model.

    Returns
    -------
    DenseNetwork or None
        The same function of the same input; None if the model is anything but a chain of
        ``Dense``, ``BatchNormalization``, ``Normalization``, element-wise activation and
        ``Dropout`` layers, with activations known here.

    Examples
    --------
    >>> from skgenes.networks import build_dgex, from_keras
    >>> len(from_keras(build_dgex(10, 4, hidden_layer_sizes=(5,))).layers)
    2
    """
    try:
        return _Builder(_chain(model), width=model.inputs[0].shape[1]).network()
    except _NotAChain:
        return None


class _NotAChain(Exception):  # noqa: N818  nothing is wrong with such a model
    """The model is something else than a chain of dense layers."""


class _Builder:
    """Merges the layers of a Keras model, one by one, into dense layers."""

    def __init__(self, keras_layers, width):
        self.layers, self.scaling, self.pending = [], None, None
        self.width = width
        for keras_layer in keras_layers:
            self.add(keras_layer)

    def add(self, keras_layer):
        kind = type(keras_layer).__name__
        if kind == "Dense":
            self.layers.append(_behind(self.pending, _dense(keras_layer)))
            self.pending, self.width = None, len(self.layers[-1].bias)
        elif kind in _AFFINE:
            self.add_affine(_AFFINE[kind](keras_layer, self.width))
        elif (name := _function_of(keras_layer)) is not None:
            if not self.ends_linear:
                raise _NotAChain
            self.layers[-1] = replace(self.layers[-1], activation=name)
        elif kind != "Dropout":
            raise _NotAChain

    def add_affine(self, affine):
        if self.pending is not None:
            raise _NotAChain
        if self.ends_linear:
            self.layers[-1] = _before(self.layers[-1], affine)
        elif not self.layers and self.scaling is None and np.all(affine[0] != 0):
            # Not merged with the layer behind it: in float32 a large mean would swamp a small
            # spread.
            factor, shift = affine
            self.scaling = Scaling(-shift / factor, 1 / factor)
        else:
            self.pending = affine

    @property
    def ends_linear(self):
        return (
            bool(self.layers) and self.pending is None and self.layers[-1].activation == "identity"
        )

    def network(self):
        if self.pending is None and not self.layers:
            self.pending = np.ones(self.width), np.zeros(self.width)
        if self.pending is not None:
            self.layers.append(_diagonal(*self.pending))
        if any(layer.activation not in ACTIVATIONS for layer in self.layers):
            return None
        return DenseNetwork(tuple(self.layers), input_scaling=self.scaling)


def _chain(model):
    """Layers of the model, each of which has the one before it as its only input."""
    inputs, outputs = getattr(model, "inputs", None), getattr(model, "outputs", None)
    if not inputs or len(inputs) != 1 or len(outputs) != 1 or len(inputs[0].shape) != 2:
        raise _NotAChain
    layers = [layer for layer in model.layers if type(layer).__name__ != "InputLayer"]
    if type(model).__name__ != "Sequential" and not _follow_each_other(layers, model):
        raise _NotAChain
    return layers


def _follow_each_other(layers, model):
    tensor = model.inputs[0]
    try:
        for layer in layers:
            if layer.input is not tensor:
                return False
            tensor = layer.output
    except (AttributeError, ValueError):  # part of another model too
        return False
    return tensor is model.outputs[0]


def activation_name(function):
    """Name of an activation, be it a function, a layer or None."""
    if function is None:
        return "identity"
    name = getattr(function, "__name__", type(function).__name__)
    return "identity" if name == "linear" else name


def _function_of(layer):
    """Name of the function of a pure activation layer, None for any other layer."""
    kind = type(layer).__name__
    if kind == "Activation":
        return activation_name(layer.activation)
    plain_relu = kind == "ReLU" and not (layer.max_value or layer.negative_slope or layer.threshold)
    if plain_relu:
        return "relu"
    return "elu" if kind == "ELU" and layer.alpha == 1 else None


def _dense(layer):
    kernel = np.asarray(layer.kernel, dtype=np.float32)
    bias = np.zeros(kernel.shape[1]) if layer.bias is None else np.asarray(layer.bias)
    return DenseLayer(kernel, bias.astype(np.float32), activation_name(layer.activation))


def _batch_norm(layer, width):
    mean, variance = np.asarray(layer.moving_mean), np.asarray(layer.moving_variance)
    factor = 1 / np.sqrt(np.float64(variance) + layer.epsilon)
    if layer.scale:
        factor = factor * np.asarray(layer.gamma)
    shift = -mean * factor
    return factor, shift + np.asarray(layer.beta) if layer.center else shift


def _normalization(layer, width):
    import keras

    mean = np.broadcast_to(np.ravel(np.asarray(layer.mean, dtype=np.float64)), width)
    variance = np.broadcast_to(np.ravel(np.asarray(layer.variance, dtype=np.float64)), width)
    scale = np.maximum(np.sqrt(variance), keras.config.epsilon())
    return (scale, mean) if layer.invert else (1 / scale, -mean / scale)


_AFFINE = {"BatchNormalization": _batch_norm, "Normalization": _normalization}


def _before(layer, affine):
    factor, shift = affine
    return replace(
        layer,
        kernel=(layer.kernel * factor).astype(np.float32),
        bias=(layer.bias * factor + shift).astype(np.float32),
    )


def _behind(affine, layer):
    if affine is None:
        return layer
    factor, shift = affine
    return replace(
        layer,
        kernel=(layer.kernel * factor[:, np.newaxis]).astype(np.float32),
        bias=(layer.bias + shift @ layer.kernel).astype(np.float32),
    )


def _diagonal(factor, shift):
    return DenseLayer(np.diag(factor).astype(np.float32), shift.astype(np.float32), "identity")
