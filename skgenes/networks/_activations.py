"""Element-wise activations and their derivatives, in NumPy."""

import numpy as np
from scipy.special import expit


def _identity(x):
    return x


def _relu(x):
    return np.maximum(x, 0)


def _elu(x):
    return np.where(x > 0, x, np.expm1(np.minimum(x, 0)))


def _sigmoid_derivative(x):
    s = expit(x)
    return s * (1 - s)


def _elu_derivative(x):
    return np.where(x > 0, 1, np.exp(np.minimum(x, 0))).astype(x.dtype)


# All of these rise monotonically, which the closed form of DeepLIFT relies on.
ACTIVATIONS = {
    "identity": _identity,
    "relu": _relu,
    "elu": _elu,
    "sigmoid": expit,
    "tanh": np.tanh,
}

DERIVATIVES = {
    "identity": np.ones_like,
    "relu": lambda x: (x > 0).astype(x.dtype),
    "elu": _elu_derivative,
    "sigmoid": _sigmoid_derivative,
    "tanh": lambda x: 1 - np.tanh(x) ** 2,
}
