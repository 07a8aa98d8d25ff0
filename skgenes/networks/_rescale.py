"""DeepLIFT's Rescale rule in closed form, for chains of dense layers.

For a sample x and a reference r, every activation s is replaced by the slope of its chord,
``rho = (s(a) - s(a_r)) / (a - a_r)``; what remains is linear, so that the contribution of input i
to output k is ``(x_i - r_i) * M_ik`` with ``M = W_1 diag(rho_1) W_2 ... diag(rho_{L-1}) W_L``.
"""

from functools import cached_property, lru_cache

import numpy as np

from skgenes.networks._activations import ACTIVATIONS, DERIVATIVES

# Where the input of an activation hardly differs from its reference the chord is the tangent.
TANGENT_BELOW = 1e-7

# A product of at most this many numbers stays in cache until it has been summed (4 MB).
_TILE_ELEMENTS = 1_000_000
_TILE_INPUTS = 512
_SAMPLES_IN_A_PRODUCT = 16
_SAMPLES_AT_ONCE = 256


def rescale_slope(activation, x, reference):
    """Slope of the chord of an activation between a reference and x.

    Parameters
    ----------
    activation : str
        Name of the activation.
    x : ndarray of shape (n_samples, n_units)
        Inputs of the activation.
    reference : ndarray of shape (n_units,)
        Its inputs for the reference sample.

    Returns
    -------
    ndarray of float64 of shape (n_samples, n_units)
        ``(s(x) - s(reference)) / (x - reference)``, or the derivative at the reference where the
        inputs differ by less than 1e-7. Never negative.
    """
    # Double precision: the slope multiplies terms that may be far larger than the difference.
    x, reference = np.float64(x), np.float64(reference)
    function = ACTIVATIONS[activation]
    run = x - reference
    tangent = np.abs(run) < TANGENT_BELOW
    rise = function(x) - function(reference)
    slope = rise / np.where(tangent, 1, run)
    return np.where(tangent, DERIVATIVES[activation](reference), slope)


class RescaleExplainer:
    """Contributions of the inputs of a dense network to its outputs.

    Parameters
    ----------
    network : DenseNetwork
        The network to explain. Scalings are part of it: contributions are in the unit of its
        output, or of what enters its last activation.
    reference : ndarray of shape (n_inputs,)
        The sample to compare with, in the unit of the data.
    after_activation : bool, default=True
        Whether to explain what the last activation returns, or what enters it.

    Notes
    -----
    Memory beyond the result is bounded by one chunk of samples, whatever their number.
    """

    def __init__(self, network, reference, after_activation=True):
        self.network = network
        self.after_activation = after_activation
        self._kernels = [layer.kernel for layer in network.layers]
        self._reference = network.standardize(np.asarray(reference)[np.newaxis])
        self._reference_inputs = self._activation_inputs(self._reference)
        # What enters a last activation that bends is not in the unit of the output.
        bends = network.layers[-1].activation != "identity"
        self._output_scaling = None if bends and not after_activation else network.output_scaling
        if self._output_scaling is not None:
            self._kernels[-1] = self._kernels[-1] * np.float32(self._output_scaling.scale)

    @property
    def expected_output(self):
        """Output for the reference, ndarray of float64 of shape (n_outputs,)."""
        return self._outputs(self._reference_inputs)[0]

    def explain(self, X):
        """Contributions of every sample.

        Parameters
        ----------
        X : ndarray or csr_array of shape (n_samples, n_inputs)
            Samples.

        Returns
        -------
        ndarray of float32 of shape (n_samples, n_inputs, n_outputs)
            Contributions.
        """
        network = self.network
        result = np.empty((X.shape[0], network.n_inputs, network.n_outputs), np.float32)
        for rows, delta, slopes in self._chunks(X):
            tail = self._tail(slopes)
            np.matmul(self._kernels[0], tail, out=result[rows])
            result[rows] *= delta[:, :, np.newaxis]
        return result

    def mean(self, X, *, absolute):
        """Mean of the contributions over samples, without holding those of each.

        Parameters
        ----------
        X : ndarray or csr_array of shape (n_samples, n_inputs)
            Samples.
        absolute : bool
            Whether to average absolute values.

        Returns
        -------
        ndarray of float64 of shape (n_inputs, n_outputs)
            Mean contribution of every input to every output.
        """
        if not absolute and len(self._kernels) <= 2 and self._is_linear_at_the_end:
            total = self._signed_sum_of_two_layers(X)
        else:
            total = self._sum_of_products(X, absolute)
        return total / X.shape[0]

    def delta_and_residual(self, X):
        """Check summation to delta.

        Parameters
        ----------
        X : ndarray or csr_array of shape (n_samples, n_inputs)
            Samples.

        Returns
        -------
        delta : float
            Largest absolute difference between an output and the reference's.
        residual : float
            Largest absolute difference between the sum of a sample's contributions to an output
            and that output's difference from the reference. 0 in exact arithmetic.
        """
        largest = worst = 0.0
        for start in range(0, X.shape[0], _SAMPLES_AT_ONCE):
            Z = self.network.standardize(X[start : start + _SAMPLES_AT_ONCE])
            inputs = self._activation_inputs(Z)
            delta = self._outputs(inputs) - self.expected_output
            # The linear pass that the contributions are made of, summed over inputs.
            flow = np.float64(inputs[0] - self._reference_inputs[0])
            for kernel, slope in zip(self._kernels[1:], self._slopes(inputs), strict=False):
                flow = (flow * slope) @ kernel
            if len(self._kernels) == 1 and self._output_scaling is not None:
                flow = flow * self._output_scaling.scale
            if not self._is_linear_at_the_end:
                flow = flow * self._slopes(inputs)[-1]
            largest = max(largest, np.abs(delta).max(initial=0))
            worst = max(worst, np.abs(flow - delta).max(initial=0))
        return float(largest), float(worst)

    @property
    def _is_linear_at_the_end(self):
        return not self.after_activation or self.network.layers[-1].activation == "identity"

    @cached_property
    def _kernels_on_device(self):
        return [_on_device(layer.kernel) for layer in self.network.layers]

    def _activation_inputs(self, Z):
        """What enters the activation of every layer, for standardised rows."""
        inputs = []
        for layer, kernel in zip(self.network.layers, self._kernels_on_device, strict=True):
            Z = (_on_device(Z) @ kernel).numpy() + layer.bias
            inputs.append(Z)
            Z = ACTIVATIONS[layer.activation](Z)
        return inputs

    def _outputs(self, inputs):
        outputs = np.float64(inputs[-1])
        if self.after_activation:
            outputs = ACTIVATIONS[self.network.layers[-1].activation](outputs)
        scaling = self._output_scaling
        return outputs if scaling is None else scaling.undo(outputs)

    def _slopes(self, inputs):
        """Slopes of all activations that are explained, those of the last layer last."""
        layers = self.network.layers if not self._is_linear_at_the_end else self.network.layers[:-1]
        return [
            rescale_slope(layer.activation, x, reference)
            for layer, x, reference in zip(layers, inputs, self._reference_inputs, strict=False)
        ]

    def _chunks(self, X):
        """Difference from the reference and slopes, for a few samples at a time."""
        for start in range(0, X.shape[0], _SAMPLES_AT_ONCE):
            rows = slice(start, min(start + _SAMPLES_AT_ONCE, X.shape[0]))
            Z = self.network.standardize(X[rows])
            slopes = self._slopes(self._activation_inputs(Z))
            yield rows, Z - self._reference, [slope.astype(np.float32) for slope in slopes]

    def _tail(self, slopes):
        """Everything behind the first kernel: shape (n_samples, n_units, n_outputs)."""
        kernels, slopes = self._kernels[1:], list(slopes)
        last = None if self._is_linear_at_the_end else slopes.pop()
        if kernels:
            tail = slopes[-1][:, :, np.newaxis] * kernels[-1]
            for kernel, slope in zip(kernels[-2::-1], slopes[-2::-1], strict=True):
                tail = slope[:, :, np.newaxis] * (kernel @ tail)
        else:
            tail = np.eye(self.network.n_outputs, dtype=np.float32)[np.newaxis]
        return tail if last is None else tail * last[:, np.newaxis, :]

    def _signed_sum_of_two_layers(self, X):
        """Sum over samples without a product for each: only the slopes differ between them."""
        weighted = np.zeros(self._kernels[0].shape)
        for _, delta, slopes in self._chunks(X):
            slope = slopes[0] if slopes else np.ones((len(delta), weighted.shape[1]), np.float32)
            weighted += delta.T @ slope
        weighted *= self._kernels[0]
        return weighted @ self._kernels[1] if len(self._kernels) == 2 else weighted

    def _sum_of_products(self, X, absolute):
        """Sum over samples of the products, |products| if `absolute`."""
        n_outputs = self.network.n_outputs
        per_product = max(1, _TILE_ELEMENTS // (_TILE_INPUTS * n_outputs))
        # A power of two, so that chunks of samples hold a whole number of products.
        per_product = min(_SAMPLES_IN_A_PRODUCT, 2 ** (per_product.bit_length() - 1))
        accumulate = _compiled_sum(*self._kernels[0].shape, n_outputs, per_product, absolute)
        total = np.zeros((self.network.n_inputs, n_outputs))
        kernel = _on_device(self._kernels[0])  # in the unit of the output
        for _, delta, slopes in self._chunks(X):
            weights = np.abs(delta) if absolute else delta
            subtotal = _on_device(np.zeros(total.shape, np.float32))
            for start in range(0, len(weights), per_product):
                part = slice(start, start + per_product)
                tail = self._tail([slope[part] for slope in slopes])
                tail = np.broadcast_to(tail, (len(weights[part]), *tail.shape[1:]))
                subtotal = accumulate(
                    subtotal, kernel, *map(_on_device, _padded(per_product, tail, weights[part]))
                )
            total += subtotal.numpy()
        return total


def _padded(n_samples, *arrays):
    """Append samples of zeros, which add nothing, so that one compiled function serves all."""
    missing = n_samples - len(arrays[0])
    if not missing:
        return arrays
    return tuple(np.pad(a, [(0, missing), *[(0, 0)] * (a.ndim - 1)]) for a in arrays)


def _on_device(array):
    import tensorflow as tf

    return tf.constant(array, dtype=tf.float32)


@lru_cache(maxsize=64)
def _compiled_sum(n_inputs, n_units, n_outputs, n_samples, absolute):
    """Compile ``total + sum_b weights[b, i] * |(kernel @ tail[b])_ik|`` for the given shapes."""
    import tensorflow as tf

    shapes = [
        (n_inputs, n_outputs),
        (n_inputs, n_units),
        (n_samples, n_units, n_outputs),
        (n_samples, n_inputs),
    ]

    # XLA turns absolute value, weights and sum into one pass over the products.
    @tf.function(jit_compile=True, autograph=False)
    def weighted_sum(products, weights):
        products = tf.abs(products) if absolute else products
        return tf.reduce_sum(products * weights[:, :, tf.newaxis], axis=1)

    signature = [tf.TensorSpec(shape, tf.float32) for shape in shapes]

    @tf.function(input_signature=signature, autograph=False)
    def accumulate(total, kernel, tail, weights):
        # One product for several samples, tiled over inputs so that it is summed while in cache.
        tail = tf.reshape(tf.transpose(tail, [1, 0, 2]), [n_units, n_samples * n_outputs])
        weights = tf.transpose(weights)
        sums = []
        for start in range(0, n_inputs, _TILE_INPUTS):
            tile = slice(start, min(start + _TILE_INPUTS, n_inputs))
            products = tf.reshape(tf.matmul(kernel[tile], tail), [-1, n_samples, n_outputs])
            sums.append(weighted_sum(products, weights[tile]))
        return total + tf.concat(sums, axis=0)

    return accumulate
