"""In-silico knock-outs of a pair of genes: 10,000 draws against as many network predictions.

Synthetic genes of the size and sparsity of a genome's test genes, as in `regulator_scores`; the two
nearest to the median length are the pair. A draw predicts both, so that 10,000 draws stand against
20,000 predictions: of the Keras model that convolves, in padded batches of 128, some of which are
timed and extrapolated; and of `predict`, which folds. Both are given genes that have lost their
sites already, the Keras model dense arrays. Times are CPU seconds with one thread; contestants run
in turns, and medians are reported.
"""

from dataclasses import replace

import numpy as np

from benchmarks._measure import in_turns, record, use_one_thread
from benchmarks.regulator_scores import FULL, QUICK, make_model, make_tracks
from skgenes.feature_extraction import RegulatoryTracks, Track
from skgenes.inspection import binding_site_disruption, in_silico_knockout

BATCH_SIZE = 128
N_BATCHES = 4
N_NETWORKS = (1, 10)
GOAL = "<= 0.05"


def run(quick=False):
    """Measure the knock-outs.

    Parameters
    ----------
    quick : bool, default=False
        2,000 draws, 240 features and 10 outputs.

    Returns
    -------
    list of dict
        Records with the keys name, value, unit, goal and note.
    """
    use_one_thread()
    size, n_draws = (replace(QUICK, n_turns=2), 2000) if quick else (FULL, 10_000)
    X = make_tracks(size)
    pair = X[np.sort(np.argsort(np.abs(X.rna.lengths - np.median(X.rna.lengths)))[:2])]
    removed = without_sites(pair, n_draws)
    arrays = [padded(track, N_BATCHES * BATCH_SIZE) for track in removed.parts.values()]
    jobs = {}
    for n_networks in N_NETWORKS:
        jobs |= _jobs(make_model(X, size, n_networks), n_networks, pair, removed, arrays, n_draws)
    for job in jobs.values():
        job()
    seconds = in_turns(size.n_turns, **jobs)
    scale = len(removed) / (N_BATCHES * BATCH_SIZE)
    note = f"{pair!r}, {size.n_outputs} outputs"
    return _records(seconds, scale, n_draws, note, None if quick else GOAL)


def without_sites(pair, n_draws, seed=0):
    """Take the sites of each regulator from both genes in half of the draws.

    Parameters
    ----------
    pair : RegulatoryTracks
        Two genes.
    n_draws : int
        Number of draws.
    seed : int, default=0
        Of the random numbers.

    Returns
    -------
    RegulatoryTracks
        ``2 * n_draws`` genes: both of the first draw, both of the second, and so on.
    """
    rng = np.random.default_rng(seed)
    repeated = pair[np.tile([0, 1], n_draws)]
    parts = {}
    for name, track in repeated.parts.items():
        kept = rng.random((n_draws, track.regulators.size)) < 0.5
        kept[:, 0] = True  # the mask
        draws = np.repeat(np.arange(2 * n_draws) // 2, track.lengths)
        bins = track.bins.copy()
        bins.data *= kept[np.repeat(draws, np.diff(bins.indptr)), bins.indices]
        parts[name] = Track(bins, track.offsets, track.regulators)
    return RegulatoryTracks([str(i) for i in range(2 * n_draws)], **parts)


def padded(track, n_genes):
    """The first genes as Keras takes them.

    Parameters
    ----------
    track : Track
        Of more genes.
    n_genes : int
        How many.

    Returns
    -------
    ndarray of float32 of shape (n_genes, n_bins, n_features)
        As long as the longest of them.
    """
    lengths = track.lengths[:n_genes]
    dense = np.zeros((n_genes, lengths.max(), track.regulators.size), np.float32)
    is_bin = np.arange(lengths.max()) < lengths[:, np.newaxis]
    dense[is_bin] = track.bins[: track.offsets[n_genes]].toarray()
    return dense


def _jobs(model, n_networks, pair, removed, arrays, n_draws):
    """What is timed for one model."""
    keras_model = model.to_keras()
    options = {"n_draws": n_draws, "random_state": 0}

    def by_keras():
        for start in range(0, len(arrays[0]), BATCH_SIZE):
            keras_model.predict_on_batch([array[start : start + BATCH_SIZE] for array in arrays])

    return {
        f"knockout{n_networks}": lambda: in_silico_knockout(model, pair, *pair.genes, **options),
        f"bins{n_networks}": lambda: binding_site_disruption(model, pair, *pair.genes, **options),
        f"predict{n_networks}": lambda: model.predict(removed),
        f"keras{n_networks}": by_keras,
    }


def _records(seconds, scale, n_draws, note, goal):
    records = []
    for n_networks in N_NETWORKS:
        of = "one network" if n_networks == 1 else f"the mean of {n_networks}"
        ours, predict = seconds[f"knockout{n_networks}"], seconds[f"predict{n_networks}"]
        keras = scale * seconds[f"keras{n_networks}"]
        records += [
            record(f"{n_draws} draws of a pair, {of}", ours, "CPU s", None, note),
            record(
                f"draws / as many predictions of Keras Conv1D, {of}",
                ours / keras,
                "ratio",
                goal,
                f"{keras:.3g} CPU s: {N_BATCHES} batches of {BATCH_SIZE} timed, {scale:.1f} times "
                "as many extrapolated; given dense, padded arrays",
            ),
            record(
                f"draws / as many of predict, {of}",
                ours / predict,
                "ratio",
                None,
                f"{predict:.3g} CPU s for {2 * n_draws} genes without their sites",
            ),
            record(
                f"{n_draws} draws of bins, {of}", seconds[f"bins{n_networks}"], "CPU s", None, note
            ),
        ]
    return records
