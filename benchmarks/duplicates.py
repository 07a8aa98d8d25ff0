"""Near-duplicate samples: time, extra memory and planted pairs found, by D-GEX's rule and by all.

Each method runs once, in a process of its own.
"""

import numpy as np

from benchmarks._measure import (
    can_measure_memory,
    cpu_seconds,
    in_fresh_process,
    peak_extra_bytes,
    record,
)

N_DUPLICATES = 200
N_NOT_QUITE = 100


def run(quick=False):
    """Measure both methods.

    Parameters
    ----------
    quick : bool, default=False
        2,000 genes x 2,000 samples in place of 20,000 x 10,000.

    Returns
    -------
    list of dict
        Records with the keys name, value, unit, goal and note.
    """
    n_samples, n_genes = (2000, 2000) if quick else (10_000, 20_000)
    size = f"{n_genes:,} genes x {n_samples:,} samples, float32"
    results = {
        method: in_fresh_process(measure, method, n_samples, n_genes)
        for method in ("kmeans", "all_pairs")
    }
    records = []
    for method, (seconds, peak, found, wrong) in results.items():
        goal = "== 1" if method == "all_pairs" else None
        name = f"duplicates {method}"
        note = f"{size}; {N_DUPLICATES} planted at distances of 0.1 to 0.999"
        records.append(record(name, seconds, "CPU s", None, size))
        records.append(record(f"{name}, share of planted pairs found", found, "ratio", goal, note))
        note = f"{size}; {N_NOT_QUITE} planted at distances of 1.001 to 2"
        records.append(record(f"{name}, others taken for pairs", wrong, "samples", "== 0", note))
        if peak is not None:
            note = f"{size}; X is {4 * n_genes * n_samples / 2**20:.0f} MiB"
            records.append(record(f"{name}, peak extra memory", peak / 2**20, "MiB", None, note))
    ratio = results["kmeans"][0] / results["all_pairs"][0]
    records.append(record("duplicates all_pairs, ratio to kmeans", ratio, "x", ">= 1", size))
    return records


def measure(method, n_samples, n_genes):
    """Time, memory and success of one method.

    Parameters
    ----------
    method : {"kmeans", "all_pairs"}
        The method.
    n_samples, n_genes : int
        Size of the data.

    Returns
    -------
    seconds : float
        CPU seconds with one thread.
    peak : int or None
        Bytes beyond X; None where memory cannot be measured.
    found : float
        Share of the planted pairs.
    wrong : int
        Number of other samples taken for duplicates, or for duplicates of another sample.
    """
    from threadpoolctl import threadpool_limits

    from skgenes.preprocessing import duplicate_samples

    X, planted = make_samples(n_samples, n_genes)
    result = {}

    def job():
        result["found"] = duplicate_samples(X, method=method, random_state=0)

    with threadpool_limits(1):
        duplicate_samples(X[:200, :200], method=method, random_state=0)  # what is loaded late
        seconds = []
        peak = None
        if can_measure_memory():
            peak = peak_extra_bytes(lambda: seconds.append(cpu_seconds(job)))
        else:
            seconds.append(cpu_seconds(job))
    duplicate_of = result["found"]
    found = (duplicate_of == planted)[planted >= 0].mean()
    wrong = ((duplicate_of >= 0) & (duplicate_of != planted)).sum()
    return seconds[0], peak, float(found), int(wrong)


def make_samples(n_samples, n_genes, seed=0):
    """Return float32 samples of 30 kinds, the last ones near others, and of which they are."""
    rng = np.random.default_rng(seed)
    kinds = rng.normal(8, 2, (30, n_genes)).astype(np.float32)
    X = kinds[rng.integers(0, 30, n_samples)]
    for row in X:
        row += rng.standard_normal(n_genes, dtype=np.float32) / 2
    n_planted = N_DUPLICATES + N_NOT_QUITE
    first = n_samples - n_planted
    sources = rng.choice(first, n_planted, replace=False)
    distances = np.r_[rng.uniform(0.1, 0.999, N_DUPLICATES), rng.uniform(1.001, 2, N_NOT_QUITE)]
    for row, source, distance in zip(X[first:], sources, distances, strict=True):
        step = rng.standard_normal(n_genes)
        row[:] = X[source] + distance * step / np.linalg.norm(step)
    planted = np.full(n_samples, -1)
    planted[first : first + N_DUPLICATES] = sources[:N_DUPLICATES]
    return X, planted


if __name__ == "__main__":
    for line in run():
        print(f"{line['name']}: {line['value']:g} {line['unit']} ({line['note']})")
