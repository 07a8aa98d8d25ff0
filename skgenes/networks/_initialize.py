"""Initial weights."""

from itertools import pairwise

import numpy as np

from skgenes.networks._dense import DenseLayer


def glorot_uniform(rng, n_inputs, n_units):
    """Draw weights from U(-a, a) with ``a = sqrt(6 / (n_inputs + n_units))``."""
    limit = np.sqrt(6 / (n_inputs + n_units))
    return rng.uniform(-limit, limit, (n_inputs, n_units)).astype(np.float32)


def initial_layers(sizes, activations, rng, output_limit=None):
    """Layers with Glorot-uniform kernels and zero biases.

    Parameters
    ----------
    sizes : sequence of int
        Width of the input and of every layer.
    activations : sequence of str
        Activation of every layer.
    rng : numpy.random.Generator
        Source of randomness.
    output_limit : float or None
        If given, the last kernel is drawn from U(-output_limit, output_limit) instead, as in
        D-GEX.

    Returns
    -------
    tuple of DenseLayer
        One layer less than there are sizes.
    """
    kernels = [glorot_uniform(rng, *pair) for pair in pairwise(sizes)]
    if output_limit is not None:
        shape = kernels[-1].shape
        kernels[-1] = rng.uniform(-output_limit, output_limit, shape).astype(np.float32)
    return tuple(
        DenseLayer(kernel, np.zeros(kernel.shape[1], np.float32), activation)
        for kernel, activation in zip(kernels, activations, strict=True)
    )
