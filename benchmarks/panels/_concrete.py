"""The concrete autoencoder of Balin, Abid and Zou (2019), ICML, written anew in Keras."""

import numpy as np

START, END = 10.0, 0.1
N_EPOCHS = 300
BATCH_SIZE = 16
WIDTH = 320
SLOPE, DROPOUT = 0.2, 0.1
LEARNING_RATE = 1e-3


def concrete_autoencoder(z, size, seed):
    """Train K Gumbel-softmax units and a decoder; take the most probable gene of every unit.

    The temperature falls geometrically from 10 to 0.1 over 300 epochs; mean squared error, Adam,
    batches of 16, two hidden layers of 320 leaky rectifiers with a dropout of 0.1: the settings of
    the authors' package. It trains again for twice as long until units are certain; this does not.

    Parameters
    ----------
    z : ndarray of shape (n_samples, n_genes)
        Standardised expression.
    size : int
        Number of units.
    seed : int
        Of initial weights, noise and order.

    Returns
    -------
    picked : list of int
        As many genes. Units may agree on a gene: the surest of them has it, and places left over go
        to the most probable genes that no unit has.
    n_distinct : int
        How many genes were picked before places were filled.
    """
    import tensorflow as tf

    n_samples, n_genes = z.shape
    decoder = _decoder(size, n_genes, seed)
    initial = np.random.default_rng(seed).normal(
        scale=np.sqrt(2 / (size + n_genes)), size=(size, n_genes)
    )
    logits = tf.Variable(initial.astype(np.float32))
    weights = [logits, *decoder.trainable_variables]
    optimizer = _adam(weights)
    generator = tf.random.Generator.from_seed(seed)

    @tf.function(jit_compile=True)
    def train(rows, temperatures):
        for i in tf.range(len(temperatures)):
            batch = tf.gather(z, rows[i])
            uniform = generator.uniform(logits.shape, minval=1e-7, maxval=1.0)
            with tf.GradientTape() as tape:
                noisy = (logits - tf.math.log(-tf.math.log(uniform))) / temperatures[i]
                chosen = tf.matmul(batch, tf.nn.softmax(noisy), transpose_b=True)
                loss = tf.reduce_mean((decoder(chosen, training=True) - batch) ** 2)
            optimizer.apply(tape.gradient(loss, weights), weights)

    z = tf.constant(z, tf.float32)
    rng = np.random.default_rng(seed)
    rows = np.concatenate([rng.permutation(n_samples) for _ in range(N_EPOCHS)])
    n_steps = len(rows) // BATCH_SIZE
    rows = rows[: n_steps * BATCH_SIZE].reshape(n_steps, BATCH_SIZE)
    temperatures = np.geomspace(START, END, n_steps)
    train(tf.constant(rows), tf.constant(temperatures, tf.float32))
    return distinct_first(tf.nn.softmax(logits).numpy())


def _decoder(size, n_genes, seed):
    import keras
    from keras import layers

    def hidden(i):
        start = keras.initializers.GlorotUniform(seed + i)
        yield layers.Dense(WIDTH, kernel_initializer=start)
        yield layers.LeakyReLU(negative_slope=SLOPE)
        yield layers.Dropout(DROPOUT, seed=seed + i)

    last = layers.Dense(n_genes, kernel_initializer=keras.initializers.GlorotUniform(seed))
    return keras.Sequential([keras.Input((size,)), *hidden(1), *hidden(2), last])


def _adam(weights):
    import keras

    optimizer = keras.optimizers.Adam(LEARNING_RATE)
    optimizer.build(weights)
    return optimizer


def distinct_first(probabilities):
    """Take every unit's most probable gene once, then the most probable genes left.

    Parameters
    ----------
    probabilities : ndarray of shape (n_units, n_genes)
        Of every unit for every gene.

    Returns
    -------
    picked : list of int
        As many genes as units, if there are as many, surest unit first.
    n_distinct : int
        How many are some unit's most probable gene.
    """
    best = probabilities.argmax(axis=1)
    surest = np.argsort(-probabilities.max(axis=1), kind="stable")
    picked = list(dict.fromkeys(int(gene) for gene in best[surest]))
    n_distinct = len(picked)
    rest = np.argsort(-probabilities.max(axis=0), kind="stable")
    picked += [int(gene) for gene in rest if gene not in set(best)]
    return picked[: len(probabilities)], n_distinct
