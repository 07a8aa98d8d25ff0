"""Ridge regression from a panel to thousands of genes: against scikit-learn's RidgeCV.

Both standardise the landmarks and tune one penalty of 13 on samples left out; targets are counts
like those of single cells, sparse. RidgeCV needs them dense. Times are CPU seconds with one BLAS
thread, in turns, medians; each peak of memory is measured in a process of its own.
"""

import numpy as np
import scipy.sparse as sp
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from benchmarks._measure import (
    can_measure_memory,
    in_fresh_process,
    in_turns,
    peak_extra_bytes,
    record,
)
from skgenes.linear_model import PanelRidge

N_TURNS = 3
N_LANDMARKS = 100


def run(quick=False):
    """Measure the regression.

    Parameters
    ----------
    quick : bool, default=False
        1,000 cells x 1,000 genes in place of 5,000 x 5,000.

    Returns
    -------
    list of dict
        Records with the keys name, value, unit, goal and note.
    """
    side = 1000 if quick else 5000
    X, y = make_cells(side, side)
    with threadpool_limits(1):
        seconds = in_turns(
            N_TURNS, ours=lambda: fit_ours(X, y), scikit_learn=lambda: fit_sklearn(X, y)
        )
        found, expected = fit_ours(X, y).predict(X), fit_sklearn(X, y).predict(X)
    note = f"{N_LANDMARKS} landmarks, {side:,} cells x {side:,} targets, a tenth of them above 0"
    records = [
        record(
            "RidgeCV / PanelRidge, CPU",
            seconds["scikit_learn"] / seconds["ours"],
            "x",
            ">= 1",
            note,
        ),
        record("PanelRidge, CPU", seconds["ours"], "s", None, note),
        record(
            "largest difference between their predictions",
            np.abs(found - expected).max() / np.abs(expected).max(),
            "of the largest",
            "<= 1e-8",
            note,
        ),
    ]
    return records + (_memory(side, note) if can_measure_memory() else [])


def make_cells(n_cells, n_targets, seed=0):
    """Landmarks, (n_cells, N_LANDMARKS), and targets, CSR of float32 (n_cells, n_targets)."""
    rng = np.random.default_rng(seed)
    X = rng.gamma(1, size=(n_cells, N_LANDMARKS))
    y = sp.random(n_cells, n_targets, 0.1, format="csr", dtype=np.float32, random_state=seed)
    y.data += X[y.tocoo().row, 0]
    return X, y


def fit_ours(X, y):
    """Fit PanelRidge."""
    return PanelRidge().fit(X, y)


def fit_sklearn(X, y):
    """Fit scikit-learn's pipeline of the same meaning."""
    return make_pipeline(StandardScaler(), RidgeCV(PanelRidge().alphas)).fit(X, y.toarray())


def peak_of(fit, side):
    """Peak memory of a fit beyond the data, in bytes."""
    X, y = make_cells(side, side)
    fit(X[:50], y[:50])  # what is imported or allocated once is not counted
    return peak_extra_bytes(lambda: fit(X, y))


def _memory(side, note):
    ours, theirs = (in_fresh_process(peak_of, fit, side) for fit in (fit_ours, fit_sklearn))
    goal = None if side < 5000 else "<= 0.5"
    return [
        record("peak memory beyond the data, PanelRidge / RidgeCV", ours / theirs, "x", goal, note),
        record("peak memory beyond the data, PanelRidge", ours / 2**20, "MiB", None, note),
    ]
