"""DEcode: training epochs, memory and predictions, against a Keras model that convolves.

Synthetic genes, as many and as sparse as those of `decode_genome`: 17,778, with RNAs of 53 bins on
average and 101 features, and one promoter bin with 935 features of which 75 are bound. The Keras
model has the same layers and weights, and gets genes in the authors' way: in dense batches of 128,
padded to the longest gene of the batch. Some of its batches are timed, and stand for the whole
epoch. Times are CPU seconds with one thread.
"""

import time
from dataclasses import dataclass
from statistics import median

import numpy as np
import scipy.sparse as sp

from benchmarks._measure import (
    can_measure_memory,
    cpu_seconds,
    in_fresh_process,
    peak_extra_bytes,
    record,
    use_one_thread,
)
from skgenes.feature_extraction import RegulatoryTracks, Track
from skgenes.neural_network import DEcodeRegressor

N_TURNS = 3
N_EPOCHS = 5  # of a fit; the first, which compiles, is not counted
BATCH_SIZE = 128


@dataclass(frozen=True)
class Size:
    """What is measured.

    Parameters
    ----------
    n_genes : int
        Number of genes.
    n_batches : int
        Batches of an epoch that the Keras model is timed on.
    """

    n_genes: int
    n_batches: int

    @property
    def note(self):
        """Sizes, for the report."""
        return f"{self.n_genes:,} genes, 101 + 935 features, 37 outputs"


def run(quick=False):
    """Measure the regressor.

    Parameters
    ----------
    quick : bool, default=False
        2,000 genes.

    Returns
    -------
    list of dict
        Records with the keys name, value, unit, goal and note.
    """
    use_one_thread()
    size = Size(2000, 4) if quick else Size(17_778, 12)
    X, y = make_genes(size.n_genes)
    ours = _Ours(X, y)
    keras = _Keras(ours.model.to_keras(), X, y, size.n_batches)
    records = [
        record(
            "predictions, largest difference from Keras Conv1D",
            keras.difference(ours.predict()),
            "of the largest",
            "<= 1e-5",
            f"the same weights; {size.n_batches * BATCH_SIZE:,} genes",
        )
    ]
    records += _speed(size, ours, keras, quick)
    if can_measure_memory():
        records += _memory(size, X, None if quick else "<= 3")
    return records


def make_genes(n_genes, seed=0):
    """Make genes like those of `decode_genome`.

    Parameters
    ----------
    n_genes : int
        Number of genes.
    seed : int, default=0
        Of the random numbers.

    Returns
    -------
    X : RegulatoryTracks
        Masks and random sites, each feature divided by its maximum.
    y : ndarray of float32 of shape (n_genes, 37)
        Normal values: speed does not depend on them.
    """
    rng = np.random.default_rng(seed)
    lengths = np.maximum(1, rng.lognormal(3.72, 0.72, n_genes)).astype(np.int64)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    exon = sp.csr_array(np.ones((offsets[-1], 1), np.float32))
    rna = sp.hstack([exon, _sites(offsets[-1], 100, 0.31, rng)])
    promoter = sp.hstack([np.ones((n_genes, 1)), _sites(n_genes, 935, 75, rng)])
    tracks = RegulatoryTracks(
        [f"gene{i}" for i in range(n_genes)],
        rna=Track(rna, offsets, ["exon", *(f"rbp{i}" for i in range(100))]),
        promoter=Track(
            promoter, np.arange(n_genes + 1), ["promoter", *(f"tf{i}" for i in range(935))]
        ),
    )
    return tracks, rng.standard_normal((n_genes, 37), dtype=np.float32)


def _sites(n_bins, n_features, per_bin, rng):
    density = per_bin / n_features
    return sp.random_array(
        (n_bins, n_features), density=density, dtype=np.float32, random_state=rng
    )


def make_decode(n_epochs):
    """Make a regressor as published, but for one run and no genes held out."""
    return DEcodeRegressor(
        n_init=1, validation_fraction=0, early_stopping=False, max_iter=n_epochs, random_state=0
    )


class _Ours:
    """Fits of skgenes, timed from the end of one epoch to the end of the next."""

    max_propagation_depth = None

    def __init__(self, X, y):
        self.X, self._y, self._ends = X, y, []
        self.model = make_decode(N_EPOCHS).set_callbacks(self)
        self.epochs()

    def epochs(self):
        self._ends.clear()
        self.model.fit(self.X, self._y)
        return list(np.diff(self._ends))

    def predict(self):
        return self.model.predict(self.X)

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context):
        if context.task_name == "epoch":
            self._ends.append(time.process_time())


class _Keras:
    """Some batches of an epoch of the Keras model, made dense and padded one by one.

    Parameters
    ----------
    model : keras.Model
        Convolves.
    X : RegulatoryTracks
        Genes.
    y : ndarray of shape (n_genes, n_outputs)
        Targets.
    n_batches : int
        How many batches, drawn at random.
    """

    def __init__(self, model, X, y, n_batches):
        self._model, self._X, self._y = model, X, y
        order = np.random.default_rng(1).permutation(len(X))
        self._batches = order[: n_batches * BATCH_SIZE].reshape(n_batches, -1)
        model.compile("adam", "mse")

    def train(self):
        for genes in self._batches:
            self._model.train_on_batch(self._dense(genes), self._y[genes])

    def pad(self):
        for genes in self._batches:
            self._dense(genes)

    def predict(self):
        return [self._model.predict_on_batch(self._dense(genes)) for genes in self._batches]

    def difference(self, predicted):
        """Largest difference from predictions of ours for all genes, over the largest of them."""
        found = np.concatenate(self.predict())
        return np.abs(found - predicted[self._batches.ravel()]).max() / np.abs(predicted).max()

    @property
    def mean_longest(self):
        """Bins of the longest RNA of a batch, mean over batches."""
        return self._X.rna.lengths[self._batches].max(axis=1).mean()

    def _dense(self, genes):
        return [_padded(track, genes) for track in self._X.parts.values()]


def _padded(track, genes):
    lengths = track.lengths[genes]
    rows = np.concatenate(
        [np.arange(track.offsets[gene], track.offsets[gene + 1]) for gene in genes]
    )
    dense = np.zeros((len(genes), lengths.max(), track.regulators.size), np.float32)
    dense[np.arange(lengths.max()) < lengths[:, np.newaxis]] = track.bins[rows].toarray()
    return dense


def _speed(size, ours, keras, quick):
    keras.train()  # traces, a second time for batches of another length
    seconds = {"epoch": [], "predict": [], "train": [], "pad": [], "keras predict": []}
    for _ in range(2 if quick else N_TURNS):
        seconds["epoch"] += ours.epochs()
        seconds["predict"].append(cpu_seconds(ours.predict))
        seconds["train"].append(cpu_seconds(keras.train))
        seconds["pad"].append(cpu_seconds(keras.pad))
        seconds["keras predict"].append(cpu_seconds(keras.predict))
    s = {name: median(values) for name, values in seconds.items()}
    whole = size.n_genes / (size.n_batches * BATCH_SIZE)
    theirs = (
        f"{whole * s['train']:.1f} CPU s for Keras Conv1D: {size.n_batches} batches of "
        f"{BATCH_SIZE} timed, {whole:.1f} times as many extrapolated; padded to "
        f"{keras.mean_longest:.0f} bins, padding alone {whole * s['pad']:.1f} s"
    )
    return [
        record(
            "epoch, Keras Conv1D / ours",
            whole * s["train"] / s["epoch"],
            "x",
            None if quick else ">= 20",
            theirs,
        ),
        record("epoch, CPU", s["epoch"], "s", None, size.note),
        record("epoch, genes per CPU second", size.n_genes / s["epoch"], "1/s", None, size.note),
        record(
            "predict, Keras Conv1D / ours",
            whole * s["keras predict"] / s["predict"],
            "x",
            None,
            f"{whole * s['keras predict']:.1f} CPU s for Keras, extrapolated likewise",
        ),
        record(
            "predict, genes per CPU second",
            size.n_genes / s["predict"],
            "1/s",
            None,
            f"from tracks, fold included, one run; {size.note}",
        ),
    ]


def _memory(size, X, goal):
    """Peak of a fit in units of the sparse input, which is counted as well."""
    extra = in_fresh_process(peak_of_fit, size.n_genes)
    given = sparse_bytes(X)
    note = (
        f"input {given / 2**20:.0f} MiB, beyond it {extra / 2**20:.0f} MiB; process of its own, "
        "after TensorFlow has started and compiled on 300 genes"
    )
    return [record("peak memory of fit / sparse input", 1 + extra / given, "x", goal, note)]


def peak_of_fit(n_genes):
    """Peak memory of a fit of two epochs, beyond tracks and targets, in bytes."""
    use_one_thread()
    X, y = make_genes(n_genes)
    make_decode(2).fit(X[:300], y[:300])
    return peak_extra_bytes(lambda: make_decode(2).fit(X, y))


def sparse_bytes(X):
    """Bytes of the arrays of tracks."""
    arrays = [
        array
        for track in X.parts.values()
        for array in (track.bins.data, track.bins.indices, track.bins.indptr, track.offsets)
    ]
    return sum(array.nbytes for array in arrays)
