"""What is left when shap fails."""

import keras
import numpy as np
import pytest

from skgenes.inspection import deeplift

L = keras.layers


def test_a_failure_inside_shap_does_not_break_tensorflow(monkeypatch):
    """After shap has failed once, every later training in the process fails."""
    import tensorflow as tf
    from tensorflow.python.eager import execute

    monkeypatch.setattr("skgenes.networks._shap._check_supported", lambda model: None)
    before = execute.record_gradient
    entry = keras.Input((6,))
    model = keras.Model(entry, L.LeakyReLU()(L.Dense(2)(entry)))
    try:
        with pytest.raises(Exception):  # noqa: B017, PT011
            deeplift(model, np.ones((2, 6)))
        assert execute.record_gradient is before
        x = tf.Variable(1.0)
        with tf.GradientTape() as tape:
            y = tf.nn.leaky_relu(x)
        assert float(tape.gradient(y, x)) == 1
    finally:
        execute.record_gradient = before
