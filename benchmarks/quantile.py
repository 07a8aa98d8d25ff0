"""Quantile normalisation: against the package qnorm, CPU and wall time, memory of fit.

Both learn the reference from the data and put the data on it. They run in turns within one process,
and medians are reported. qnorm gets the samples as rows, too (``axis=0``), and once as many threads
as there are cores.
"""

import os
import time
import tracemalloc
from statistics import median

import numpy as np
import qnorm
import scipy.sparse as sp

from benchmarks._measure import record
from skgenes.preprocessing import QuantileNormalizer

N_TURNS = 7


def run(quick=False):
    """Measure the normaliser.

    Parameters
    ----------
    quick : bool, default=False
        2,000 genes x 200 samples in place of 20,000 x 500.

    Returns
    -------
    list of dict
        Records with the keys name, value, unit, goal and note.
    """
    n_samples, n_genes = (200, 2000) if quick else (500, 20_000)
    records = []
    for kind, X in make_data(n_samples, n_genes).items():
        note = f"{kind}: {n_genes:,} genes x {n_samples:,} samples, {X.dtype}"
        seconds = _seconds(
            ours=lambda X=X: QuantileNormalizer().fit_transform(X),
            dense=lambda X=X: QuantileNormalizer(ties="dense").fit_transform(X),
            qnorm=lambda X=X: qnorm.quantile_normalize(X, axis=0),
            threads=lambda X=X: qnorm.quantile_normalize(X, axis=0, ncpus=os.cpu_count()),
        )
        records += _records(seconds, note, quick)
    X = make_data(n_samples, n_genes)["many ties"]
    return [*records, *_memory(X)]


def make_data(n_samples, n_genes, seed=0):
    """Return expression of three kinds.

    Parameters
    ----------
    n_samples, n_genes : int
        Sizes.
    seed : int, default=0
        Of the random numbers.

    Returns
    -------
    dict of str to ndarray of shape (n_samples, n_genes)
        Without ties, with the few ties that rounding to float32 makes, and log2(counts + 1).
    """
    rng = np.random.default_rng(seed)
    arrays = rng.normal(8, 2, size=(n_samples, n_genes))
    depth = rng.uniform(0.5, 1.5, size=(n_samples, 1))
    counts = rng.poisson(rng.gamma(0.5, 60, size=n_genes) * depth)
    return {
        "no ties": arrays,
        "few ties": arrays.astype(np.float32),
        "many ties": np.log2(counts + 1).astype(np.float32),
    }


def fit_bytes(X):
    """Peak memory of a fit.

    Parameters
    ----------
    X : ndarray or csr_array of shape (n_samples, n_genes)
        Training samples.

    Returns
    -------
    int
        Bytes beyond X.
    """
    tracemalloc.start()
    try:
        QuantileNormalizer().fit(X)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def _seconds(**jobs):
    """Median CPU and wall seconds of jobs that run in turns."""
    seconds = {name: [] for name in jobs}
    for _ in range(N_TURNS):
        for name, job in jobs.items():
            cpu, wall = time.process_time(), time.perf_counter()
            job()
            seconds[name].append((time.process_time() - cpu, time.perf_counter() - wall))
    return {name: [median(times) for times in zip(*s, strict=True)] for name, s in seconds.items()}


def _records(seconds, note, quick):
    """Lines of one kind of data; small sizes time the calls more than the work."""
    (cpu, wall), (qnorm_cpu, qnorm_wall) = seconds["ours"], seconds["qnorm"]
    goal = None if quick else ">= 1"
    return [
        record("qnorm / QuantileNormalizer, CPU", qnorm_cpu / cpu, "ratio", goal, note),
        record("qnorm / QuantileNormalizer, wall", qnorm_wall / wall, "ratio", None, note),
        record(
            "qnorm / QuantileNormalizer, wall, qnorm's threads",
            seconds["threads"][1] / wall,
            "ratio",
            None,
            f"{note}; qnorm with {os.cpu_count()} threads, QuantileNormalizer with one",
        ),
        record("QuantileNormalizer, CPU", cpu, "s", None, note),
        record("QuantileNormalizer(ties='dense'), CPU", seconds["dense"][0], "s", None, note),
    ]


def _memory(X):
    dense, sparse = fit_bytes(X) / 2**20, fit_bytes(sp.csr_array(X)) / 2**20
    note = f"beyond X, which is {X.nbytes / 2**20:.0f} MiB dense"
    return [
        record("memory of fit, dense", dense, "MiB", "<= 2", note),
        record("memory of fit, CSR", sparse, "MiB", "<= 16", note),
    ]
