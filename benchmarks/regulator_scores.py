"""Scores of regulators: against shap's DeepExplainer on the network that convolves, exactness.

Synthetic genes of the size and sparsity of a genome's test genes: 1,812 genes, 934 regulators at
promoters of one bin, 100 along RNAs of 54 bins on average, 37 outputs. Times are CPU seconds with
one thread; contestants run in turns, and medians are reported.
"""

import warnings
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from benchmarks._measure import (
    can_measure_memory,
    cpu_seconds,
    in_fresh_process,
    in_turns,
    peak_extra_bytes,
    record,
    use_one_thread,
)
from skgenes.feature_extraction import RegulatoryTracks, Track
from skgenes.inspection import regulator_scores
from skgenes.neural_network import DEcodeRegressor

MEAN_BINS = 54


@dataclass(frozen=True)
class Size:
    """Sizes of one run.

    Parameters
    ----------
    n_genes : int
        Genes explained in closed form.
    n_promoter, n_rna : int
        Features of each part, with the mask.
    n_outputs : int
        Outputs.
    n_shap : int
        Genes explained by shap, those nearest to the median length.
    n_turns : int
        How often everything is timed.
    """

    n_genes: int
    n_promoter: int
    n_rna: int
    n_outputs: int
    n_shap: int
    n_turns: int


FULL = Size(1812, 935, 101, 37, 4, 3)
QUICK = Size(500, 200, 40, 10, 2, 3)


def run(quick=False):
    """Measure the scores.

    Parameters
    ----------
    quick : bool, default=False
        500 genes, 240 features and 10 outputs.

    Returns
    -------
    list of dict
        Records with the keys name, value, unit, goal and note.
    """
    use_one_thread()
    size = QUICK if quick else FULL
    X = make_tracks(size)
    one, ten = make_model(X, size, 1), make_model(X, size, 10)
    order = np.argsort(np.abs(X.rna.lengths - np.median(X.rna.lengths)), kind="stable")
    chosen = np.sort(order[: size.n_shap])
    shap_values, tracing = _shap_explainer(one, X, chosen)
    seconds = in_turns(
        size.n_turns,
        signed=lambda: regulator_scores(one, X),
        absolute=lambda: regulator_scores(one, X, aggregation="absolute"),
        ten=lambda: regulator_scores(ten, X),
        shap=shap_values,
    )
    records = _speed_records(size, X, seconds, tracing)
    records += _exactness_records(one, ten, X, chosen, shap_values())
    if can_measure_memory():
        extra = in_fresh_process(extra_memory, size)
        note = f"peak beyond tracks and model, process of its own; {X!r}"
        records.append(record("regulator_scores, extra memory", extra, "MiB", None, note))
    return records


def make_tracks(size, seed=0):
    """Draw binding sites.

    Parameters
    ----------
    size : Size
        How many.
    seed : int, default=0
        Of the random numbers.

    Returns
    -------
    RegulatoryTracks
        8 % of the regulators at each promoter, 0.3 in each bin of an RNA.
    """
    rng = np.random.default_rng(seed)
    lengths = rng.geometric(1 / MEAN_BINS, size.n_genes)
    return RegulatoryTracks(
        [f"gene{i}" for i in range(size.n_genes)],
        promoter=_track(rng, np.ones(size.n_genes, int), size.n_promoter, 0.08, "promoter"),
        rna=_track(rng, lengths, size.n_rna, 0.3 / size.n_rna, "exon"),
    )


def make_model(X, size, n_init):
    """Fit the network of the paper for one epoch.

    Parameters
    ----------
    X : RegulatoryTracks
        Genes.
    size : Size
        Number of outputs.
    n_init : int
        Number of networks whose mean is explained.

    Returns
    -------
    DEcodeRegressor
        Layers 280-160-160.
    """
    y = np.random.default_rng(1).standard_normal((len(X), size.n_outputs))
    model = DEcodeRegressor(n_init=n_init, combine="mean", max_iter=1, random_state=0)
    return model.fit(X, y)


def extra_memory(size):
    """Peak memory beyond tracks and model.

    Parameters
    ----------
    size : Size
        Of the data.

    Returns
    -------
    float
        MiB.
    """
    use_one_thread()
    X = make_tracks(size)
    model = make_model(X, size, 1)
    regulator_scores(model, X[:4])
    return peak_extra_bytes(lambda: regulator_scores(model, X)) / 2**20


def _track(rng, lengths, n_features, density, mask):
    shape = sum(lengths), n_features
    bins = sp.random_array(shape, density=density, random_state=rng, format="lil", dtype=np.float32)
    bins[:, 0] = 1
    names = [mask, *(f"regulator{i}" for i in range(1, n_features))]
    return Track(bins.tocsr(), np.concatenate([[0], np.cumsum(lengths)]), names)


def _shap_explainer(model, X, genes):
    """Return shap's explainer of some genes as a job, traced already, and what tracing took."""
    import keras
    import shap

    reference = _without_sites(X)
    n_bins = max(X.rna.lengths[genes].max(), reference.rna.lengths[0])
    arrays, at_reference = (
        [_padded(tracks.promoter, 1), _padded(tracks.rna, n_bins)]
        for tracks in (X[genes], reference)
    )
    # shap wants to know the number of bins.
    inputs = [keras.Input(array.shape[1:]) for array in arrays]
    explainer = shap.DeepExplainer(keras.Model(inputs, model.to_keras()(inputs)), at_reference)

    def job():
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="The structure of `inputs`")
            values = explainer.shap_values(arrays, check_additivity=False)
        return np.concatenate([part.sum(axis=1) for part in values], axis=1)

    return job, cpu_seconds(job)


def _without_sites(X):
    """The reference of `regulator_scores`: masks alone, over the median length."""
    n_bins = int(np.median(X.rna.lengths))
    bare = [
        Track(np.eye(1, track.regulators.size).repeat(n, axis=0), [0, n], track.regulators)
        for track, n in ((X.promoter, 1), (X.rna, n_bins))
    ]
    return RegulatoryTracks(["no_site"], promoter=bare[0], rna=bare[1])


def _padded(track, n_bins):
    result = np.zeros((len(track), n_bins, track.regulators.size), np.float32)
    for gene, block in enumerate(result):
        start, stop = track.offsets[gene : gene + 2]
        block[: stop - start] = track.bins[start:stop].toarray()
    return result


def _speed_records(size, X, seconds, tracing):
    goal = ">= 50" if size is FULL else None
    per_gene = {name: seconds[name] / size.n_genes for name in ("signed", "absolute", "ten")}
    shap = seconds["shap"] / size.n_shap
    note = f"{X!r}, {size.n_outputs} outputs"
    return [
        record("regulator_scores, all genes and outputs", seconds["signed"], "CPU s", None, note),
        record(
            "regulator_scores, per gene, ratio to shap.DeepExplainer",
            shap / per_gene["signed"],
            "x",
            goal,
            f"shap {1000 * shap:.0f} CPU ms per gene ({size.n_shap} genes of median length), "
            f"without its first call, which traces {size.n_outputs} graphs in {tracing:.0f} CPU s",
        ),
        record(
            "regulator_scores, mean absolute, ratio to shap.DeepExplainer",
            shap / per_gene["absolute"],
            "x",
            goal,
            f"{seconds['absolute']:.2g} CPU s",
        ),
        record(
            "regulator_scores of the mean of 10 networks, over those of one",
            per_gene["ten"] / per_gene["signed"],
            "ratio",
            None,
            f"{seconds['ten']:.2g} CPU s",
        ),
    ]


def _exactness_records(one, ten, X, genes, by_shap):
    result = regulator_scores(one, X, aggregation=None)
    difference = np.linalg.norm(result.contributions[genes] - by_shap) / np.linalg.norm(by_shap)
    return [
        record(
            "regulator_scores, difference from shap",
            difference,
            "relative",
            "<= 1e-4",
            "Frobenius norm of the difference over that of the latter; every gene, feature, output",
        ),
        record(
            "regulator_scores, error of the sum of contributions",
            max(result.relative_residual, regulator_scores(ten, X).relative_residual),
            "relative",
            "<= 1e-5",
            "largest, over the largest difference from the reference; of 1 and of 10 networks",
        ),
    ]
