"""What DEcode's network computes during training."""

from dataclasses import dataclass

# As Keras has it.
EPSILON = 1e-3

_NORMALIZED = ("kernel", "offset", "offset", "offset", "statistic", "statistic")


@dataclass(frozen=True)
class BranchedGraph:
    """Convolutions along every part, summed over positions, under a common dense head.

    Parameters
    ----------
    n_convolutions : tuple of int
        Of every part.
    conv_activation : str
        After every convolution.
    n_hidden : int
        Number of hidden layers of the head.
    dropped : tuple of bool
        Whether inputs are dropped before every dense layer.
    """

    n_convolutions: tuple[int, ...]
    conv_activation: str
    n_hidden: int
    dropped: tuple[bool, ...]

    @property
    def roles(self):
        """What each weight is, tuple of {"kernel", "offset", "statistic"}."""
        convolutions = ("kernel",) * sum(self.n_convolutions)
        return (*convolutions, *_NORMALIZED * self.n_hidden, "kernel", "offset")

    def outputs(self, ops, weights, x, step=None):
        """Outputs for a batch.

        Parameters
        ----------
        ops : Operations
            What networks are built from.
        weights : list of variable
            As `BranchedNetwork.weights` orders them.
        x : tuple of tensor of shape (n_genes, n_positions, n_features)
            The batch, one tensor for each part.
        step : StepState or None, default=None
            Given in training alone; batches are then normalised by their own statistics.

        Returns
        -------
        tensor of shape (n_genes, n_outputs)
            Outputs.
        """
        remaining = iter(weights)
        branches = []
        for part, n_convolutions in zip(x, self.n_convolutions, strict=True):
            kernels = [next(remaining) for _ in range(n_convolutions)]
            branches.append(self._branch(ops, part, kernels))
        h = ops.tf.concat(branches, axis=1)
        for i in range(self.n_hidden):
            h = self._dropped(ops, h, step, i)
            layer = [next(remaining) for _ in _NORMALIZED]
            h = self._hidden(ops, h, layer, step)
        h = self._dropped(ops, h, step, self.n_hidden)
        return ops.product(h, next(remaining)) + next(remaining)

    def _dropped(self, ops, h, step, i):
        return ops.drop(h, step, i) if step is not None and self.dropped[i] else h

    def _branch(self, ops, x, kernels):
        for kernel in kernels:
            x = ops.activation(self.conv_activation, _convolve(ops, x, kernel))
        return ops.tf.reduce_sum(x, axis=1)

    def _hidden(self, ops, h, layer, step):
        tf = ops.tf
        kernel, bias, gamma, beta, moving_mean, moving_variance = layer
        h = tf.nn.relu(ops.product(h, kernel) + bias)
        mean, variance = moving_mean, moving_variance
        if step is not None:
            mean, variance = tf.nn.moments(h, axes=[0])
            for moving, present in ((moving_mean, mean), (moving_variance, variance)):
                change = tf.stop_gradient(present) - moving
                moving.assign_add(step.statistic_rate * change)
        return (h - mean) * (tf.math.rsqrt(variance + EPSILON) * gamma) + beta


def _convolve(ops, x, kernel):
    """Valid convolution with stride 1, as one matrix product."""
    tf = ops.tf
    size, n_inputs, n_filters = kernel.shape
    n_positions = tf.shape(x)[1] - size + 1
    windows = tf.concat([x[:, i : i + n_positions] for i in range(size)], axis=2)
    rows = tf.reshape(windows, [-1, size * n_inputs])
    product = ops.product(rows, tf.reshape(kernel, [size * n_inputs, n_filters]))
    return tf.reshape(product, [-1, n_positions, n_filters])
