"""Training: against Keras' fit, against GEMM, the same losses; many small fits and their memory.

Times are CPU seconds with one thread; contestants run in turns, and medians are reported. Keras
models have the same layers, initial weights, loss, penalty, dropout and optimiser.
"""

import time
from dataclasses import dataclass
from itertools import pairwise, product
from statistics import mean, median, stdev

import numpy as np
from sklearn.model_selection import KFold

from benchmarks._measure import (
    Gemm,
    best_rate,
    can_measure_memory,
    cpu_seconds,
    in_fresh_process,
    record,
    resident_bytes,
    use_one_thread,
)
from skgenes.networks import MatrixSource, TrainingOptions, initial_layers, standard_scaling, train
from skgenes.neural_network import GeneAutoEncoder

# Welch's t of two samples of 5 draws from one normal law stays below this in 99 % of cases.
LARGEST_T = "<= 3.4"


@dataclass(frozen=True)
class Task:
    """A network and how it is trained.

    Parameters
    ----------
    name : str
        For the report.
    sizes : tuple of int
        Width of the input and of every layer.
    options : TrainingOptions
        As `skgenes.networks.train` takes them.
    n_steps : int
        Batches in an epoch.
    """

    name: str
    sizes: tuple[int, ...]
    options: TrainingOptions
    n_steps: int

    @property
    def is_autoencoder(self):
        """Whether the targets are the inputs."""
        return self.sizes[0] == self.sizes[-1]

    @property
    def activations(self):
        """Activation of every layer."""
        hidden = "sigmoid" if self.is_autoencoder else "tanh"
        return (hidden,) * (len(self.sizes) - 2) + ("identity",)

    @property
    def operations(self):
        """Operations of the matrix products for one sample.

        One product forward, two backward; the first layer needs no gradient of its input.
        """
        weights = [a * b for a, b in pairwise(self.sizes)]
        return 6 * sum(weights) - 2 * weights[0]

    def layers(self, seed=0):
        """Initial layers.

        Parameters
        ----------
        seed : int, default=0
            Seed of the weights.

        Returns
        -------
        tuple of DenseLayer
            As the estimators draw them.
        """
        limit = None if self.is_autoencoder else 1e-4
        return initial_layers(self.sizes, self.activations, np.random.default_rng(seed), limit)


def autoencoder_task(n_genes, batch_size, n_steps, hidden=(500, 100), max_iter=4):
    """Task of the autoencoder of Kong et al.

    Parameters
    ----------
    n_genes, batch_size, n_steps : int
        Sizes.
    hidden : tuple of int, default=(500, 100)
        Widths of the encoder.
    max_iter : int, default=4
        Number of epochs.

    Returns
    -------
    Task
        Mean absolute error, penalty 1e-6, 10 % dropout, Adam.
    """
    sizes = (n_genes, *hidden, *hidden[-2::-1], n_genes)
    options = TrainingOptions(
        loss="mean_absolute_error",
        dropout=(0.0, *[0.1] * (len(sizes) - 2)),
        solver="adam",
        learning_rate_init=1e-3,
        batch_size=batch_size,
        max_iter=max_iter,
        alpha=1e-6,
    )
    return Task(f"autoencoder {'-'.join(map(str, sizes))}", sizes, options, n_steps)


def dgex_task(sizes, solver, n_steps, max_iter=4):
    """Task of D-GEX, without the learning-rate rules that Keras lacks.

    Parameters
    ----------
    sizes : tuple of int
        Landmarks, hidden units, targets.
    solver : {"adam", "sgd"}
        Update rule; "sgd" has the paper's momentum of 0.5.
    n_steps : int
        Batches in an epoch.
    max_iter : int, default=4
        Number of epochs.

    Returns
    -------
    Task
        Squared error summed over targets, 10 % dropout before the output, batches of 200.
    """
    options = TrainingOptions(
        loss="summed_squared_error",
        dropout=(0.0, 0.1),
        solver=solver,
        learning_rate_init=5e-4,
        batch_size=200,
        max_iter=max_iter,
        momentum=0.5,
    )
    return Task(f"D-GEX {'-'.join(map(str, sizes))} {solver}", sizes, options, n_steps)


def run(quick=False):
    """Measure training.

    Parameters
    ----------
    quick : bool, default=False
        Networks of 5,000 genes, 40 fits for the memory, no XLA.

    Returns
    -------
    list of dict
        Records with the keys name, value, unit, goal and note.
    """
    use_one_thread()
    records = []
    for task in _tasks(quick):
        records += _speed_records(task, n_turns=2 if quick else 3, quick=quick)
    records += _loss_records()
    records += _grid_records(n_turns=2 if quick else 5)
    if can_measure_memory():
        records += _memory_records(*((40, 15) if quick else (100, 30)))
    return records


def _tasks(quick):
    n_genes, dgex = (5000, (300, 1000, 2000)) if quick else (22_268, (943, 3000, 9520))
    return [
        autoencoder_task(n_genes, 32, 20),
        autoencoder_task(n_genes, 256, 6),
        dgex_task(dgex, "adam", 8),
        dgex_task(dgex, "sgd", 8),
    ]


def _speed_records(task, n_turns, quick):
    """Samples per CPU second of an epoch; the first epoch of every fit is not counted."""
    n_samples = task.n_steps * task.options.batch_size
    X, y = _samples(task, n_samples)
    contestants = {"ours": _Ours(task, X, y), "keras": _Keras(task, X, y)}
    if task.is_autoencoder:
        contestants["standardising"] = _Ours(task, X, y, standardize=True)
    if not quick:
        contestants["xla"] = _Keras(task, X, y, jit_compile=True)
    gemms = {"gemm_first": Gemm(task.options.batch_size, *task.sizes[:2])}
    gemms["gemm_square"] = Gemm(3072, 3072, 3072)
    seconds = {name: [] for name in (*contestants, *gemms)}
    for _ in range(n_turns):
        for name, contestant in contestants.items():
            seconds[name] += contestant.epochs()
        for name, gemm in gemms.items():
            seconds[name].append(cpu_seconds(gemm))
    medians = {name: median(values) for name, values in seconds.items()}
    best, gemm_note = best_rate(gemms, medians)
    rates = {name: n_samples / medians[name] for name in contestants}
    n_epochs = len(seconds["ours"])
    title = f"training {task.name}, batch {task.options.batch_size}"
    notes = f"median of {n_epochs} epochs of {task.n_steps} batches"
    records = [
        record(title, rates["ours"], "samples / CPU s", None, notes),
        record(
            f"{title}, ratio to Keras fit",
            rates["ours"] / rates["keras"],
            "x",
            None if quick else ">= 1.2",
            f"Keras {rates['keras']:.0f} samples per CPU s as it comes, "
            f"jit_compile={contestants['keras'].model.jit_compile}",
        ),
    ]
    if "xla" in rates:
        records.append(
            record(
                f"{title}, ratio to Keras fit with XLA",
                rates["ours"] / rates["xla"],
                "x",
                None,
                f"Keras {rates['xla']:.0f} samples per CPU s with jit_compile=True",
            )
        )
    if "standardising" in rates:
        records.append(
            record(
                f"{title}, cost of standardising batches",
                100 * (rates["ours"] / rates["standardising"] - 1),
                "%",
                None,
                "more CPU time than on data standardised before, as above",
            )
        )
    share = rates["ours"] * task.operations / best
    keras_share = rates["keras"] * task.operations / best
    note = f"matrix products alone; Keras {keras_share:.2f}; float32 {gemm_note}"
    return [*records, record(f"{title}, share of GEMM rate", share, "ratio", None, note)]


def _samples(task, n_samples):
    rng = np.random.default_rng(1)
    X = rng.standard_normal((n_samples, task.sizes[0]), dtype=np.float32)
    if task.is_autoencoder:
        return X, X
    return X, rng.standard_normal((n_samples, task.sizes[-1]), dtype=np.float32)


class _Ours:
    """Fits of skgenes, timed from the end of one epoch to the end of the next."""

    def __init__(self, task, X, y, standardize=False):
        self._task, self._ends = task, []
        self._inputs = MatrixSource(X, standard_scaling(X) if standardize else None)
        self._targets = self._inputs if task.is_autoencoder else MatrixSource(y)
        self._rows = np.arange(len(X))

    def epochs(self):
        self._ends.clear()
        self.fit(observer=self)
        return list(np.diff(self._ends))

    def fit(self, seed=0, observer=None):
        return train(
            self._task.layers(seed),
            self._inputs,
            self._targets,
            self._task.options,
            np.random.SeedSequence(seed),
            train_rows=self._rows,
            observer=observer,
        )

    def begin(self):
        pass

    def end(self, layers):
        self._ends.append(time.process_time())
        return False


class _Keras:
    """Fits of one compiled Keras model, timed like ours."""

    def __init__(self, task, X, y, **compile_options):
        import keras

        self._task, self._data, self._ends = task, (X, y), []
        self.model = keras_model(task, **compile_options)
        end = keras.callbacks.LambdaCallback(
            on_epoch_end=lambda epoch, logs: self._ends.append(time.process_time())
        )
        self._options = {
            "batch_size": task.options.batch_size,
            "epochs": task.options.max_iter,
            "verbose": 0,
            "callbacks": [end],
        }

    def epochs(self):
        self._ends.clear()
        self.fit()
        return list(np.diff(self._ends))

    def fit(self):
        return self.model.fit(*self._data, **self._options)


def keras_model(task, seed=0, **compile_options):
    """Make the Keras model of a task.

    Parameters
    ----------
    task : Task
        What to train.
    seed : int, default=0
        Seed of the initial weights and of dropout.
    **compile_options : object
        Handed to ``compile``.

    Returns
    -------
    keras.Model
        Compiled.
    """
    import keras

    options = task.options
    penalty = keras.regularizers.L2(options.alpha) if options.alpha else None
    model = keras.Sequential([keras.Input((task.sizes[0],))])
    for i, layer in enumerate(task.layers(seed)):
        if options.dropout[i]:
            model.add(keras.layers.Dropout(options.dropout[i], seed=seed + i))
        name = layer.activation.replace("identity", "linear")
        dense = keras.layers.Dense(len(layer.bias), activation=name, kernel_regularizer=penalty)
        model.add(dense)
        dense.set_weights([layer.kernel, layer.bias])
    optimizer = keras.optimizers.Adam(options.learning_rate_init)
    if options.solver == "sgd":
        optimizer = keras.optimizers.SGD(options.learning_rate_init, momentum=options.momentum)
    loss = "mae" if options.loss == "mean_absolute_error" else _summed_squared_error
    model.compile(optimizer, loss, **compile_options)
    return model


def _summed_squared_error(y_true, y_pred):
    from keras import ops

    return ops.sum(ops.square(y_true - y_pred), axis=-1)


def _loss_records(n_seeds=5):
    """Final training loss, without the penalty, of 10 epochs from the same initial weights."""
    import keras

    task = autoencoder_task(400, 32, 16, hidden=(50, 10), max_iter=10)
    rng = np.random.default_rng(3)
    X = rng.standard_normal((500, 10)) @ rng.standard_normal((10, 400))
    X = np.float32(X / X.std(axis=0) + rng.standard_normal(X.shape) / 2)
    ours = [_Ours(task, X, X).fit(seed).loss_curve[-1] for seed in range(n_seeds)]
    theirs = []
    for seed in range(n_seeds):
        keras.utils.set_random_seed(seed)
        model = keras_model(task, seed, metrics=["mae"])
        history = model.fit(X, X, batch_size=32, epochs=10, verbose=0).history
        theirs.append(history["mae"][-1])
    difference = mean(ours) - mean(theirs)
    error = np.sqrt((stdev(ours) ** 2 + stdev(theirs) ** 2) / n_seeds)
    note = (
        f"500 samples x 400 genes, 50-10-50, 10 epochs, {n_seeds} seeds, mean absolute error "
        f"without the penalty: {mean(ours):.4f} (sd {stdev(ours):.4f}), Keras {mean(theirs):.4f} "
        f"(sd {stdev(theirs):.4f})"
    )
    return [
        record(
            "training loss, difference from Keras", 100 * difference / mean(theirs), "%", None, note
        ),
        record(
            "training loss, Welch's t of ours and Keras'",
            abs(difference) / error,
            "|t|",
            LARGEST_T,
            "as many equal methods stay below in 99 % of cases",
        ),
    ]


def _grid_records(n_turns):
    """20 small fits, two architectures; every turn has widths not seen before."""
    X = np.random.default_rng(4).standard_normal((512, 200))
    _fit_ours(X, (20, 5), 1e-3)
    _fit_keras(X, (20, 5), 1e-3)
    seconds = {"ours": [], "keras": [], "ours again": []}
    for turn in range(n_turns):
        seconds["ours"].append(cpu_seconds(lambda turn=turn: _grid(_fit_ours, X, turn)))
        seconds["keras"].append(cpu_seconds(lambda turn=turn: _grid(_fit_keras, X, turn)))
        seconds["ours again"].append(cpu_seconds(lambda turn=turn: _grid(_fit_ours, X, turn)))
    ours, theirs, again = (median(values) for values in seconds.values())
    note = (
        "20 fits of 5 epochs on folds of 512 samples x 200 genes: two architectures, two learning "
        "rates, 5 folds"
    )
    return [
        record(
            "grid of small fits, ratio to Keras fit",
            theirs / ours,
            "x",
            ">= 5",
            f"{note}; {ours:.2f} against {theirs:.1f} CPU s, compiling included; Keras makes a "
            "new model for every fit, as wrappers do",
        ),
        record(
            "grid of small fits, ratio to Keras fit once compiled",
            theirs / again,
            "x",
            None,
            f"the same grid again: {again:.2f} CPU s, {1000 * again / 20:.0f} ms a fit; Keras "
            "compiles again for every fit",
        ),
    ]


def _grid(fit, X, turn):
    for hidden, rate in product([(50 + turn, 10), (100 + turn, 20)], [1e-3, 3e-3]):
        for rows, _ in KFold(5).split(X):
            fit(X[rows], hidden, rate)


def _fit_ours(X, hidden, rate):
    GeneAutoEncoder(hidden, learning_rate_init=rate, max_iter=5, random_state=0).fit(X)


def _fit_keras(X, hidden, rate):
    import keras

    task = autoencoder_task(X.shape[1], 32, 13, hidden)
    model = keras_model(task)
    model.compile(keras.optimizers.Adam(rate), "mae")
    model.fit(X, X, batch_size=32, epochs=5, verbose=0)


def _memory_records(n_ours, n_keras):
    note = "resident memory, one architecture, 410 x 200, process of its own; the first 10 fits"
    ours = in_fresh_process(memory_growth, "ours", n_ours)
    keras = in_fresh_process(memory_growth, "keras", n_keras)
    return [
        record(
            f"memory growth over {n_ours} small fits",
            ours,
            "MiB",
            "<= 10",
            f"{note} not counted; {ours / (n_ours - 10):.2f} MiB a fit",
        ),
        record(
            f"memory growth over {n_keras} small fits, Keras fit",
            keras,
            "MiB",
            None,
            f"{note} not counted; {keras / (n_keras - 10):.2f} MiB a fit",
        ),
    ]


def memory_growth(who, n_fits):
    """Growth of resident memory over many fits, after the first 10.

    Parameters
    ----------
    who : {"ours", "keras"}
        Who fits.
    n_fits : int
        More than 10.

    Returns
    -------
    float
        MiB.
    """
    use_one_thread()
    X = np.random.default_rng(4).standard_normal((410, 200))
    fit = _fit_ours if who == "ours" else _fit_keras
    for i in range(n_fits):
        if i == 10:
            before = resident_bytes()
        fit(X, (50, 10), 1e-3 * (1 + i / n_fits))
    return (resident_bytes() - before) / 2**20
