"""The compiled training step.

One step is compiled for each architecture and kept, whatever the number of fits: TensorFlow never
gives back the memory of a function it has compiled, and compiling costs more than a small fit.
Weights and optimiser state are therefore arguments, not captured variables, so that fits do not
share them.
"""

from dataclasses import dataclass
from functools import lru_cache

ADAM = {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-7}


@dataclass(frozen=True)
class StepPlan:
    """Everything of a training step that is known before the data.

    Parameters
    ----------
    sizes : tuple of int
        Width of the input and of every layer.
    activations : tuple of str
        Activation of every layer.
    dropout : tuple of float
        Share of inputs dropped before every layer.
    loss : {"mean_absolute_error", "mean_squared_error", "summed_squared_error"}
        Averaged over batch and outputs; the last is summed over outputs.
    alpha : float
        Weight of the sum of squared kernels.
    solver : {"adam", "sgd"}
        Update rule.
    momentum : float
        Of "sgd".
    upper_rate : float
        Factor on the learning rate of all kernels but the first.
    """

    sizes: tuple[int, ...]
    activations: tuple[str, ...]
    dropout: tuple[float, ...]
    loss: str
    alpha: float
    solver: str
    momentum: float = 0.0
    upper_rate: float = 1.0


@lru_cache(maxsize=256)
def compiled_steps(plan):
    """Compile the training and the evaluation step of `plan`, once.

    Parameters
    ----------
    plan : StepPlan
        The architecture and the update rule.

    Returns
    -------
    train : callable
        ``train(weights, state, x, y, rates, seed)`` updates `weights` and `state` in place and
        returns the loss of the batch. `rates` holds the learning rate and, for Adam, the powers
        of its two decay rates.
    evaluate : callable
        ``evaluate(weights, x, y)`` returns loss and mean absolute error without dropout.
    """
    import tensorflow as tf

    activations = {
        "identity": tf.identity,
        "relu": tf.nn.relu,
        "elu": tf.nn.elu,
        "sigmoid": tf.sigmoid,
        "tanh": tf.tanh,
    }
    losses = {
        "mean_absolute_error": lambda error: tf.reduce_mean(tf.abs(error)),
        "mean_squared_error": lambda error: tf.reduce_mean(tf.square(error)),
        "summed_squared_error": lambda error: tf.reduce_mean(
            tf.reduce_sum(tf.square(error), axis=1)
        ),
    }

    def dropped(h, rate, seed):
        kept = tf.random.stateless_uniform(tf.shape(h), seed) >= rate
        return tf.where(kept, h / (1 - rate), 0.0)

    def forward(weights, h, seed=None):
        for i, activation in enumerate(plan.activations):
            if seed is not None and plan.dropout[i] > 0:
                h = dropped(h, plan.dropout[i], tf.stack([seed[0], seed[1] + i]))
            h = activations[activation](tf.matmul(h, weights[2 * i]) + weights[2 * i + 1])
        return h

    def update(weight, state, gradient, rates, factor):
        if plan.solver == "adam":
            first, second = state
            tf.raw_ops.ResourceApplyAdam(
                var=weight.handle, m=first.handle, v=second.handle, lr=rates[0] * factor,
                beta1_power=rates[1], beta2_power=rates[2], grad=gradient, **ADAM,
            )  # fmt: skip
        else:
            tf.raw_ops.ResourceApplyKerasMomentum(
                var=weight.handle, accum=state[0].handle, lr=rates[0] * factor, grad=gradient,
                momentum=plan.momentum,
            )  # fmt: skip

    @tf.function(reduce_retracing=True)
    def train(weights, state, x, y, rates, seed):
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(weights)
            loss = losses[plan.loss](forward(weights, x, seed) - y)
        for i, gradient in enumerate(tape.gradient(loss, weights)):
            is_kernel = i % 2 == 0
            if is_kernel and plan.alpha > 0:
                gradient += (2 * plan.alpha) * weights[i]
            factor = plan.upper_rate if is_kernel and i > 0 else 1.0
            update(weights[i], state[i], gradient, rates, factor)
        return loss

    @tf.function(reduce_retracing=True)
    def evaluate(weights, x, y):
        error = forward(weights, x) - y
        return losses[plan.loss](error), tf.reduce_mean(tf.abs(error))

    return train, evaluate
