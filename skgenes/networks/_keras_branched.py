"""DEcode's network as a Keras model that convolves."""


def branched_to_keras(networks, n_features, names):
    """Copy networks into one Keras model, whose output is the mean of theirs.

    Parameters
    ----------
    networks : sequence of BranchedNetwork
        At least one; all of the same parts.
    n_features : sequence of int
        Features of every part.
    names : sequence of str
        Names of the parts, and of the model's inputs.

    Returns
    -------
    keras.Model
        Not compiled, float32. It takes one array of shape (n_genes, n_bins, n_features) for each
        part; genes in one array may end in any number of empty bins.
    """
    import keras

    inputs = [
        keras.Input((None, n), dtype="float32", name=name)
        for n, name in zip(n_features, names, strict=True)
    ]
    outputs = [_outputs(network, inputs) for network in networks]
    mean = outputs[0] if len(outputs) == 1 else keras.layers.Average(dtype="float32")(outputs)
    # A list of one would make Keras warn of an array.
    return keras.Model(inputs if len(inputs) > 1 else inputs[0], mean)


def _outputs(network, inputs):
    import keras

    layers = keras.layers
    branches = [
        _branch(kernels, depth, network.conv_activation, x)
        for kernels, depth, x in zip(network.branches, network.depths, inputs, strict=True)
    ]
    h = branches[0] if len(branches) == 1 else layers.Concatenate(dtype="float32")(branches)
    for hidden in network.hidden:
        h = _with(_dense(len(hidden.bias)), h, hidden.weights[:2])
        h = layers.ReLU(dtype="float32")(h)
        h = _with(layers.BatchNormalization(dtype="float32"), h, hidden.weights[2:])
    output = network.output
    return _with(_dense(len(output.bias)), h, [output.kernel, output.bias])


def _dense(n_units):
    import keras

    # Other initial weights would be drawn from a global state.
    return keras.layers.Dense(n_units, kernel_initializer="zeros", dtype="float32")


def _branch(kernels, depth, activation, x):
    import keras

    if depth:
        x = keras.layers.ZeroPadding1D((0, depth), dtype="float32")(x)
    for kernel in kernels:
        convolution = keras.layers.Conv1D(
            kernel.shape[2],
            len(kernel),
            use_bias=False,
            kernel_initializer="zeros",
            activation={"identity": "linear"}.get(activation, activation),
            dtype="float32",
        )
        x = _with(convolution, x, [kernel])
    return keras.ops.sum(x, axis=1)


def _with(layer, x, weights):
    """Apply a layer with given weights."""
    y = layer(x)
    layer.set_weights(weights)
    return y
