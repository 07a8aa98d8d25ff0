"""DeepLIFT for Keras models without a closed form, through shap."""

import warnings
from contextlib import contextmanager

import numpy as np

from skgenes.networks._read_keras import activation_name

# What shap's TensorFlow backend follows exactly; other layers make it fail or guess.
_LAYERS = {
    "Activation", "Add", "AveragePooling1D", "BatchNormalization", "Concatenate", "Conv1D",
    "Dense", "Dropout", "ELU", "Flatten", "InputLayer", "MaxPooling1D", "Normalization", "ReLU",
    "Reshape", "Softmax",
}  # fmt: skip
_ACTIVATIONS = {"identity", "relu", "elu", "sigmoid", "tanh", "softmax"}
_SAMPLES_AT_ONCE = 64


class ShapExplainer:
    """The interface of `RescaleExplainer` on top of shap's DeepExplainer.

    Parameters
    ----------
    model : keras.Model
        One input, one output of shape (n_samples, n_outputs).
    reference : ndarray of shape (n_inputs, ...)
        The sample to compare with.

    Raises
    ------
    ValueError
        If the model has a layer or an activation that shap cannot follow; the message names it.
    """

    def __init__(self, model, reference):
        import shap

        _check_supported(model)
        reference = np.asarray(reference, dtype=np.float32)[np.newaxis]
        self._model = model
        with _shap_at_work():
            self._explainer = shap.DeepExplainer(model, reference)
        self.expected_output = self._predict(reference)[0]

    def explain(self, X):
        """Contributions of every sample.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_inputs, ...)
            Samples.

        Returns
        -------
        ndarray of float32 of shape (n_samples, n_inputs, ..., n_outputs)
            Contributions.
        """
        return np.concatenate(list(self._chunks(X)))

    def mean(self, X, *, absolute):
        """Mean of the contributions over samples, without holding those of each.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_inputs, ...)
            Samples.
        absolute : bool
            Whether to average absolute values.

        Returns
        -------
        ndarray of float64 of shape (n_inputs, ..., n_outputs)
            Mean contributions.
        """
        total = 0.0
        for values in self._chunks(X):
            total = total + (np.abs(values) if absolute else values).sum(axis=0, dtype=np.float64)
        return total / len(X)

    def delta_and_residual(self, X):
        """Check summation to delta, see `RescaleExplainer.delta_and_residual`.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_inputs, ...)
            Samples.

        Returns
        -------
        delta : float
            Largest difference of an output from the reference's.
        residual : float
            Largest error of the sum.
        """
        delta = self._predict(X) - self.expected_output
        sums = [
            values.reshape(len(values), -1, values.shape[-1]).sum(axis=1, dtype=np.float64)
            for values in self._chunks(X)
        ]
        return float(np.abs(delta).max()), float(np.abs(np.concatenate(sums) - delta).max())

    def _predict(self, X):
        chunks = range(0, len(X), _SAMPLES_AT_ONCE)
        outputs = [self._model(np.float32(X[i : i + _SAMPLES_AT_ONCE])) for i in chunks]
        return np.concatenate([np.asarray(output, dtype=np.float64) for output in outputs])

    def _chunks(self, X):
        for start in range(0, len(X), _SAMPLES_AT_ONCE):
            chunk = np.asarray(X[start : start + _SAMPLES_AT_ONCE], dtype=np.float32)
            # The residual is measured and reported; shap's own check would stop at its first one.
            with _shap_at_work():
                values = self._explainer.shap_values(chunk, check_additivity=False)
            yield np.asarray(values)


@contextmanager
def _shap_at_work():
    """Keep to shap what is shap's business."""
    from tensorflow.python.eager import execute

    # shap patches this and, if it fails, leaves every later training of the process broken.
    record_gradient = execute.record_gradient
    try:
        with warnings.catch_warnings():
            # It calls a model with one input by a list of one.
            warnings.filterwarnings("ignore", message="The structure of `inputs`")
            warnings.filterwarnings("ignore", message="Your TensorFlow version is newer")
            yield
    finally:
        execute.record_gradient = record_gradient


def _check_supported(model):
    if not getattr(model, "inputs", None) or len(model.inputs) != 1 or len(model.outputs) != 1:
        raise ValueError(
            f"deeplift explains built models with one input and one output; {model.name!r} has "
            f"{len(getattr(model, 'inputs', None) or [])} and "
            f"{len(getattr(model, 'outputs', None) or [])}."
        )
    for layer in model.layers:
        kind = type(layer).__name__
        activation = activation_name(getattr(layer, "activation", None))
        if kind not in _LAYERS:
            raise ValueError(
                f"DeepLIFT has no rule for layer {layer.name!r} of type {kind}. Layers with one: "
                f"{', '.join(sorted(_LAYERS))}."
            )
        if activation not in _ACTIVATIONS:
            raise ValueError(
                f"DeepLIFT has no rule for the activation {activation!r} of layer {layer.name!r}. "
                f"Activations with one: {', '.join(sorted(_ACTIVATIONS))}."
            )
