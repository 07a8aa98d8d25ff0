"""The gene permutation test: share of the GEMM rate, against a pearsonr loop, extra memory.

Times are CPU seconds with one BLAS thread, since idle BLAS threads spin and would be counted; the
kernels and the GEMM they are compared with run in turns, and medians are reported. A kernel chosen
for an older processor (the environment variable OPENBLAS_CORETYPE) halves NumPy's GEMM: unset it.
"""

import os
import time
import tracemalloc
from statistics import median

import numpy as np
from scipy.stats import pearsonr
from threadpoolctl import threadpool_limits

from skgenes.metrics import gene_permutation_test

N_RUNS = 5
GEMM_SIDE = 4096
N_PAIRS_TIMED = 500


def run(quick=False):
    """Measure the permutation test.

    Parameters
    ----------
    quick : bool, default=False
        2,000 genes x 500 samples in place of 10,000 x 2,000.

    Returns
    -------
    list of dict
        Records with the keys name, value, unit, goal and note.
    """
    n_samples, n_genes = (500, 2000) if quick else (2000, 10_000)
    y_true, y_pred = make_expression(n_samples, n_genes)
    with threadpool_limits(1):
        seconds = _median_seconds(
            exact=lambda: gene_permutation_test(y_true, y_pred),
            sampled=lambda: gene_permutation_test(y_true, y_pred, method="sampled", random_state=0),
            gemm=_gemm(n_samples),
            loop=lambda: _pearsonr_loop(y_true, y_pred),
        )
        peak = _peak_bytes(lambda: gene_permutation_test(y_true, y_pred))
    size = f"{n_genes:,} genes x {n_samples:,} samples, float32"
    return _records(seconds, peak, n_genes, n_samples, size)


def make_expression(n_samples, n_genes, seed=0):
    """Return float32 expression in 20 programs and inferences of it, of varied quality."""
    rng = np.random.default_rng(seed)
    programs = rng.standard_normal((n_samples, 20), dtype=np.float32)
    loadings = rng.standard_normal((20, n_genes), dtype=np.float32)
    y_true = 8 + programs @ loadings / 2
    y_true += rng.standard_normal(y_true.shape, dtype=np.float32)
    noise = rng.standard_normal(y_true.shape, dtype=np.float32)
    return y_true, y_true + noise * rng.exponential(4, n_genes).astype(np.float32)


def _median_seconds(**jobs):
    seconds = {name: [] for name in jobs}
    for _ in range(N_RUNS):
        for name, job in jobs.items():
            start = time.process_time()
            job()
            seconds[name].append(time.process_time() - start)
    return {name: median(values) for name, values in seconds.items()}


def _gemm(n_samples):
    # Two matrices: NumPy computes only half of a matrix times its own transpose.
    rng = np.random.default_rng(1)
    left, right = rng.standard_normal((2, GEMM_SIDE, n_samples), dtype=np.float32)
    out = np.empty((GEMM_SIDE, GEMM_SIDE), dtype=np.float32)
    return lambda: np.matmul(left, right.T, out=out)


def _pearsonr_loop(y_true, y_pred):
    predicted = y_pred[:, 0].copy()
    for k in range(N_PAIRS_TIMED):
        pearsonr(predicted, y_true[:, k])


def _peak_bytes(job):
    tracemalloc.start()
    try:
        job()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def _records(seconds, peak, n_genes, n_samples, size):
    gemm_rate = 2 * GEMM_SIDE**2 * n_samples / seconds["gemm"]
    rate = 2 * n_genes**2 * n_samples / seconds["exact"]
    loop = seconds["loop"] / N_PAIRS_TIMED * n_genes**2
    kernel = os.environ.get("OPENBLAS_CORETYPE", "unset")
    copy = 4 * n_genes * n_samples
    return [
        _record("permutation exact", seconds["exact"], "CPU s", None, size),
        _record(
            "permutation exact, share of GEMM rate",
            rate / gemm_rate,
            "ratio",
            ">= 0.6",
            f"{size}; GEMM {gemm_rate / 1e9:.0f} GF/s in the same run, one thread, whole test "
            f"counted as 2 n G^2 operations; OPENBLAS_CORETYPE {kernel}",
        ),
        _record(
            "permutation exact, ratio to a scipy.stats.pearsonr loop",
            loop / seconds["exact"],
            "x",
            None,
            f"{size}; loop timed on {N_PAIRS_TIMED} pairs and extrapolated to {n_genes**2:,}",
        ),
        _record(
            "permutation exact, peak extra memory",
            peak / 2**20,
            "MiB",
            None,
            f"{size}; a float32 copy of y_true is {copy / 2**20:.0f} MiB, genes x genes "
            f"{4 * n_genes**2 / 2**20:.0f} MiB",
        ),
        _record(
            "permutation sampled, ratio to exact",
            seconds["exact"] / seconds["sampled"],
            "x",
            None,
            f"{size}; 1,000 null genes, undecided genes tested exactly",
        ),
    ]


def _record(name, value, unit, goal, note):
    return {"name": name, "value": round(value, 3), "unit": unit, "goal": goal, "note": note}


if __name__ == "__main__":
    for record in run():
        print(f"{record['name']}: {record['value']:g} {record['unit']} ({record['note']})")
