"""GreedyPanelSelector: many genes, and more cells than memory holds.

1,000 of 10,000 genes are chosen from 2,000 samples of 60 programmes with noise. Then 50 of 2,000
genes, from cells that lie on disk as an AnnData: 60,000 of them and three times as many, a tenth of
the entries above 0. CPU seconds are of one BLAS thread; each peak of memory is measured in a
process of its own.
"""

import tempfile
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from threadpoolctl import threadpool_limits

from benchmarks._measure import (
    can_measure_memory,
    cpu_seconds,
    in_fresh_process,
    peak_extra_bytes,
    record,
)
from skgenes.feature_selection import GreedyPanelSelector

N_PROGRAMMES = 60


def run(quick=False):
    """Measure the selector.

    Parameters
    ----------
    quick : bool, default=False
        100 of 1,000 genes from 200 samples, and 2,000 cells x 300 genes, in place of those above.

    Returns
    -------
    list of dict
        Records with the keys name, value, unit, goal and note.
    """
    n_samples, n_genes, size = (200, 1000, 100) if quick else (2000, 10_000, 1000)
    n_cells, n_cell_genes = (2000, 300) if quick else (60_000, 2000)
    seconds = in_fresh_process(seconds_of_many_genes, n_samples, n_genes, size)
    note = f"{size:,} of {n_genes:,} genes, {n_samples:,} samples"
    records = [record("CPU", seconds, "s", None if quick else "<= 300", note)]
    if can_measure_memory():
        peak = in_fresh_process(peak_of_many_genes, n_samples, n_genes, size)
        unit = f"matrices of {n_genes:,} x {n_genes:,} doubles"
        records.append(record("peak memory beyond X", peak / (8 * n_genes**2), unit, None, note))
    return records + _from_disk(n_cells, n_cell_genes, quick)


def _from_disk(n_cells, n_genes, quick):
    note = f"50 of {n_genes:,} genes, {n_cells:,} and {3 * n_cells:,} cells on disk"
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{n}.h5ad" for n in (n_cells, 3 * n_cells)]
        for path, n in zip(paths, (n_cells, 3 * n_cells), strict=True):
            in_fresh_process(write_cells, path, n, n_genes)
        few, many = (in_fresh_process(seconds_from_disk, path) for path in paths)
        records = [
            record("CPU per 10,000 cells", (many - few) / (2 * n_cells) * 1e4, "s", None, note)
        ]
        if can_measure_memory():
            few, many = (in_fresh_process(peak_from_disk, path) for path in paths)
            goal = None if quick else "<= 1.1"
            records += [
                record("peak memory, 3 times the cells", many / few, "x", goal, note),
                record("peak memory", many / 2**20, "MiB", None, note),
            ]
    return records


def make_samples(n_samples, n_genes):
    """Programmes with noise of each gene's own, (n_samples, n_genes)."""
    rng = np.random.default_rng(0)
    scale = 1 / np.sqrt(np.arange(1, N_PROGRAMMES + 1))
    programmes = rng.normal(size=(n_samples, N_PROGRAMMES)) * scale
    own = rng.normal(size=(n_samples, n_genes))
    return programmes @ rng.normal(size=(N_PROGRAMMES, n_genes)) + own


def seconds_of_many_genes(n_samples, n_genes, size):
    """CPU seconds of a fit."""
    X = make_samples(n_samples, n_genes)
    with threadpool_limits(1):
        return cpu_seconds(lambda: GreedyPanelSelector(size).fit(X))


def peak_of_many_genes(n_samples, n_genes, size):
    """Peak memory of a fit beyond the data, in bytes."""
    X = make_samples(n_samples, n_genes)
    GreedyPanelSelector(5).fit(X[:50, :20])  # what is imported or allocated once is not counted
    return peak_extra_bytes(lambda: GreedyPanelSelector(size).fit(X))


def write_cells(path, n_cells, n_genes):
    """Write cells whose genes follow one of a few programmes, as CSR of float32."""
    import anndata

    X = sp.random(n_cells, n_genes, 0.1, format="csr", dtype=np.float32, random_state=0)
    X.data += np.random.default_rng(0).gamma(1, size=n_cells)[X.tocoo().row]
    anndata.AnnData(X).write_h5ad(path)


def seconds_from_disk(path):
    """CPU seconds of a fit."""
    import anndata

    cells = anndata.read_h5ad(path, backed="r")
    with threadpool_limits(1):
        return cpu_seconds(lambda: GreedyPanelSelector(50).fit(cells))


def peak_from_disk(path):
    """Peak memory of reading and fitting, in bytes."""
    import anndata

    cells = anndata.read_h5ad(path, backed="r")
    GreedyPanelSelector(5).fit(cells[:50].to_memory())
    return peak_extra_bytes(lambda: GreedyPanelSelector(50).fit(cells))
