"""Reading a chain of dense layers out of a Keras model."""

from dataclasses import replace

import numpy as np

from skgenes.networks._activations import ACTIVATIONS
from skgenes.networks._dense import DenseLayer, DenseNetwork


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
    chain = _chain(model)
    if chain is None:
        return None
    layers, pending = [], None
    for keras_layer in chain:
        kind = type(keras_layer).__name__
        if kind == "Dense":
            layers.append(_behind(pending, _dense(keras_layer)))
            pending = None
        elif kind in _AFFINE:
            affine = _AFFINE[kind](keras_layer)
            # An affine map merges with a linear layer before it, else with the layer behind it.
            if layers and pending is None and layers[-1].activation == "identity":
                layers[-1] = _before(layers[-1], affine)
            elif pending is None:
                pending = affine
            else:
                return None
        elif (name := _activation_name(keras_layer)) is not None:
            if not layers or pending is not None or layers[-1].activation != "identity":
                return None
            layers[-1] = replace(layers[-1], activation=name)
        elif kind not in ("InputLayer", "Dropout"):
            return None
    if pending is not None:
        layers.append(_diagonal(*pending))
    known = all(layer.activation in ACTIVATIONS for layer in layers)
    return DenseNetwork(tuple(layers)) if layers and known else None


def _chain(model):
    """Layers of the model if each has the one before it as its only input, else None."""
    if type(model).__name__ == "Sequential":
        return model.layers
    inputs, outputs = getattr(model, "inputs", None), getattr(model, "outputs", None)
    if not inputs or len(inputs) != 1 or not outputs or len(outputs) != 1:
        return None
    tensor = inputs[0]
    for layer in model.layers:
        if type(layer).__name__ == "InputLayer":
            continue
        try:
            source = layer.input
        except (AttributeError, ValueError):  # part of another model too
            return None
        if source is not tensor:
            return None
        tensor = layer.output
    return model.layers if tensor is outputs[0] else None


def _function_name(function):
    name = getattr(function, "__name__", str(function))
    return "identity" if name == "linear" else name


def _activation_name(layer):
    """Name of the function of a pure activation layer, None for any other layer."""
    kind = type(layer).__name__
    if kind == "Activation":
        return _function_name(layer.activation)
    plain_relu = kind == "ReLU" and not (layer.max_value or layer.negative_slope or layer.threshold)
    if plain_relu:
        return "relu"
    return "elu" if kind == "ELU" and layer.alpha == 1 else None


def _dense(layer):
    kernel = np.asarray(layer.kernel, dtype=np.float32)
    bias = np.zeros(kernel.shape[1]) if layer.bias is None else np.asarray(layer.bias)
    return DenseLayer(kernel, bias.astype(np.float32), _function_name(layer.activation))


def _batch_norm(layer):
    mean, variance = np.asarray(layer.moving_mean), np.asarray(layer.moving_variance)
    factor = 1 / np.sqrt(np.float64(variance) + layer.epsilon)
    if layer.scale:
        factor = factor * np.asarray(layer.gamma)
    shift = -mean * factor
    return factor, shift + np.asarray(layer.beta) if layer.center else shift


def _normalization(layer):
    mean = np.ravel(np.asarray(layer.mean, dtype=np.float64))
    scale = np.sqrt(np.ravel(np.asarray(layer.variance, dtype=np.float64)))
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
