"""The same networks as Keras models: to export, to extend, or for other wrappers."""

import numpy as np

from skgenes.networks._dense import DenseNetwork
from skgenes.networks._initialize import initial_layers

_KERAS_NAMES = {"identity": "linear"}


def build_autoencoder(
    n_features,
    hidden_layer_sizes=(500, 100),
    *,
    activation="sigmoid",
    output_activation="identity",
    dropout=0.1,
    random_state=0,
):
    """Build the autoencoder of Kong et al. as a Keras model with fresh weights.

    Parameters
    ----------
    n_features : int
        Number of genes.
    hidden_layer_sizes : tuple of int, default=(500, 100)
        Width of the encoder's layers, the bottleneck last; the decoder mirrors them.
    activation : {"sigmoid", "tanh", "relu", "elu", "identity"}, default="sigmoid"
        Activation of all hidden layers.
    output_activation : str, default="identity"
        Activation of the reconstruction.
    dropout : float, default=0.1
        Share of units dropped in every hidden layer during training.
    random_state : int, default=0
        Seed of the initial weights and of dropout.

    Returns
    -------
    keras.Model
        Not compiled; input and output have shape (n_samples, n_features), float32.

    Examples
    --------
    >>> from skgenes.networks import build_autoencoder
    >>> build_autoencoder(20, (8, 3)).count_params()
    407
    """
    sizes, activations = autoencoder_shape(
        n_features, hidden_layer_sizes, activation, output_activation
    )
    rates = (0.0, *[dropout] * (len(activations) - 1))
    rng = np.random.default_rng(random_state)
    return to_keras(DenseNetwork(initial_layers(sizes, activations, rng)), rates, random_state)


def autoencoder_shape(n_features, hidden_layer_sizes, activation, output_activation):
    """Sizes and activations of an autoencoder whose decoder mirrors its encoder.

    Parameters
    ----------
    n_features : int
        Number of genes.
    hidden_layer_sizes : tuple of int
        Width of the encoder's layers, the bottleneck last.
    activation, output_activation : str
        Of the hidden layers, and of the reconstruction.

    Returns
    -------
    sizes : tuple of int
        Width of the input and of every layer.
    activations : tuple of str
        Activation of every layer.
    """
    encoder = tuple(hidden_layer_sizes)
    sizes = (n_features, *encoder, *encoder[-2::-1], n_features)
    return sizes, (activation,) * (len(sizes) - 2) + (output_activation,)


def build_dgex(
    n_features=None,
    n_targets=None,
    *,
    hidden_layer_sizes=(3000,),
    dropout=0.1,
    random_state=0,
    meta=None,
):
    """Build a D-GEX network as a Keras model with the paper's initial weights.

    Can be handed to ``scikeras.wrappers.KerasRegressor(model=build_dgex, ...)``, which fills in
    `meta` by itself.

    Parameters
    ----------
    n_features, n_targets : int or None, default=None
        Number of landmark genes and of genes to infer. Taken from `meta` if None.
    hidden_layer_sizes : tuple of int, default=(3000,)
        Width of the tanh layers.
    dropout : float, default=0.1
        Share of units dropped before every layer but the first.
    random_state : int, default=0
        Seed of the initial weights and of dropout.
    meta : dict or None, default=None
        What scikeras knows about the data: ``n_features_in_`` and ``n_outputs_``.

    Returns
    -------
    keras.Model
        Not compiled; output of shape (n_samples, n_targets), float32.

    Notes
    -----
    The published learning rates belong to a squared error that is summed over the targets and
    averaged over the batch. With Keras' ``"mse"``, which averages over the targets too, multiply
    them by the number of targets.

    References
    ----------
    Chen et al. (2016), Bioinformatics 32:1832, section 2.3.

    Examples
    --------
    >>> from skgenes.networks import build_dgex
    >>> build_dgex(10, 4, hidden_layer_sizes=(5,)).count_params()
    79
    """
    n_features = n_features if n_features is not None else (meta or {}).get("n_features_in_")
    n_targets = n_targets if n_targets is not None else (meta or {}).get("n_outputs_")
    if n_features is None or n_targets is None:
        raise ValueError(
            "build_dgex needs n_features and n_targets, or a meta dict that holds n_features_in_ "
            f"and n_outputs_; got {n_features}, {n_targets} and meta={meta!r}."
        )
    sizes = (n_features, *hidden_layer_sizes, n_targets)
    activations = ("tanh",) * len(hidden_layer_sizes) + ("identity",)
    rates = (0.0, *[dropout] * len(hidden_layer_sizes))
    layers = initial_layers(sizes, activations, np.random.default_rng(random_state), 1e-4)
    return to_keras(DenseNetwork(layers), rates, random_state)


def to_keras(network, dropout=None, random_state=0):
    """Copy a dense network into a Keras model.

    Scalings become layers of the model, so that it computes what the network computes.

    Parameters
    ----------
    network : DenseNetwork
        The network.
    dropout : sequence of float or None, default=None
        Share of inputs dropped before every layer while the model is trained further.
    random_state : int, default=0
        Seed of dropout.

    Returns
    -------
    keras.Model
        Not compiled, float32 whatever the global policy.

    Examples
    --------
    >>> import numpy as np
    >>> from skgenes.networks import DenseLayer, DenseNetwork, to_keras
    >>> layer = DenseLayer(np.ones((2, 1), "float32"), np.zeros(1, "float32"), "tanh")
    >>> to_keras(DenseNetwork((layer,))).output_shape
    (None, 1)
    """
    import keras

    dropout = dropout or [0.0] * len(network.layers)
    stack = [keras.Input((network.n_inputs,), dtype="float32")]
    scaling = network.input_scaling
    if scaling is not None:
        stack.append(
            keras.layers.Normalization(
                mean=scaling.mean, variance=scaling.scale**2, dtype="float32"
            )
        )
    for i, (layer, rate) in enumerate(zip(network.layers, dropout, strict=True)):
        if rate > 0:
            stack.append(keras.layers.Dropout(rate, seed=random_state + i, dtype="float32"))
        name = _KERAS_NAMES.get(layer.activation, layer.activation)
        # The weights are overwritten below: zeros spare Keras its own random draw.
        stack.append(
            keras.layers.Dense(
                len(layer.bias), activation=name, kernel_initializer="zeros", dtype="float32"
            )
        )
    scaling = network.output_scaling
    if scaling is not None:
        stack.append(
            keras.layers.Normalization(
                mean=scaling.mean, variance=scaling.scale**2, invert=True, dtype="float32"
            )
        )
    model = keras.Sequential(stack)
    dense = [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)]
    for keras_layer, layer in zip(dense, network.layers, strict=True):
        keras_layer.set_weights([layer.kernel, layer.bias])
    return model
