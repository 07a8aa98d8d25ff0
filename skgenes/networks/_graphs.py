"""What a network computes during training, as TensorFlow operations.

A graph is a hashable description, so that one compiled step serves all networks of its kind; the
weights are arguments.
"""

from dataclasses import dataclass
from typing import NamedTuple


class StepState(NamedTuple):
    """What a training step is given that the use of a trained network is not.

    Parameters
    ----------
    dropout : tensor of float32 of shape (n_layers,)
        Share of inputs dropped before every layer.
    seed : tensor of int64 of shape (2,)
        Key and number of the step; layer i draws with the number plus i.
    statistic_rate : tensor of float32, scalar
        Share of the present batch in what moving statistics become.
    """

    dropout: object
    seed: object
    statistic_rate: object


@dataclass(frozen=True)
class DenseGraph:
    """A chain of dense layers.

    Parameters
    ----------
    activations : tuple of str
        Activation of every layer.
    dropped : tuple of bool
        Whether inputs are dropped before every layer.
    """

    activations: tuple[str, ...]
    dropped: tuple[bool, ...]

    @property
    def roles(self):
        """What each weight is, tuple of {"kernel", "offset", "statistic"}."""
        return ("kernel", "offset") * len(self.activations)

    def outputs(self, ops, weights, x, step=None):
        """Outputs for a batch.

        Parameters
        ----------
        ops : Operations
            What networks are built from.
        weights : list of variable
            Kernel and bias of every layer.
        x : tensor of shape (n_samples, n_inputs)
            The batch.
        step : StepState or None, default=None
            Given in training alone.

        Returns
        -------
        tensor of shape (n_samples, n_outputs)
            Outputs.
        """
        for i, activation in enumerate(self.activations):
            if step is not None and self.dropped[i]:
                x = ops.drop(x, step, i)
            x = ops.activation(activation, ops.product(x, weights[2 * i]) + weights[2 * i + 1])
        return x


class Operations:
    """Operations of networks, in TensorFlow."""

    def __init__(self):
        import tensorflow as tf

        self.tf = tf
        self._activations = {
            "identity": tf.identity,
            "relu": tf.nn.relu,
            "elu": tf.nn.elu,
            "sigmoid": tf.sigmoid,
            "tanh": tf.tanh,
        }
        self._product = tf.custom_gradient(self._product_and_gradients)

    def activation(self, name, x):
        """Apply an activation by its name."""
        return self._activations[name](x)

    def drop(self, x, step, i):
        """Drop inputs of layer `i`, and scale up the others."""
        seed = self.tf.stack([step.seed[0], step.seed[1] + i])
        kept = self.tf.random.stateless_uniform(self.tf.shape(x), seed) >= step.dropout[i]
        return self.tf.where(kept, x / (1 - step.dropout[i]), 0.0)

    def product(self, x, kernel):
        """Matrix product of a batch and a kernel."""
        return self._product(x, self.tf.convert_to_tensor(kernel))

    def _product_and_gradients(self, x, kernel):
        def gradients(delta):
            # As (kernel delta^T)^T: TensorFlow is slow at delta kernel^T for few, wide rows.
            upstream = self.tf.transpose(self.tf.matmul(kernel, self.tf.transpose(delta)))
            return upstream, self.tf.matmul(x, delta, transpose_a=True)

        return self.tf.matmul(x, kernel), gradients
