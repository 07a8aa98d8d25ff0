"""Reading GCTX and GCT: share of what h5py and NumPy do with the same values, and memory.

What is compared runs in turns on one file, which the system keeps in memory, and medians are
reported: CPU seconds and, for GCTX, wall time too.
"""

import os
import tempfile
import time
from statistics import median

import numpy as np

from benchmarks._measure import can_measure_memory, in_fresh_process, peak_extra_bytes, record
from skgenes.io import read_gct, read_gctx, write_gct, write_gctx

N_RUNS = 7
N_GENES_OF_PART = 978
MATRIX = "/0/DATA/0/matrix"


def run(quick=False):
    """Measure the readers.

    Parameters
    ----------
    quick : bool, default=False
        2,000 samples x 5,000 genes in place of 20,000 x 12,328, and a tenth of that as GCT.

    Returns
    -------
    list of dict
        Records with the keys name, value, unit, goal and note.
    """
    n_samples, n_genes = (2000, 5000) if quick else (20_000, 12_328)
    with tempfile.TemporaryDirectory() as folder:
        gctx, gct = os.path.join(folder, "it.gctx"), os.path.join(folder, "it.gct")
        adata = _compendium(n_samples, n_genes)
        start = time.process_time()
        write_gctx(adata, gctx)
        written = time.process_time() - start
        del adata
        records = _whole(gctx, quick) + _part(gctx) + _memory(gctx)
        size = 4 * n_samples * n_genes
        records.append(_rate("write_gctx", size, written, f"{n_samples:,} x {n_genes:,}"))
        return records + _text(gct, n_samples // 20, n_genes)


def _compendium(n_samples, n_genes):
    from anndata import AnnData

    rng = np.random.default_rng(0)
    return AnnData(rng.standard_normal((n_samples, n_genes), dtype=np.float32))


def _whole(path, quick):
    cpu, wall = _in_turns(ours=lambda: read_gctx(path), h5py=lambda: _raw(path))
    note = f"{os.path.getsize(path) / 2**20:.0f} MiB, chunks of up to 256 x 1,024, not compressed"
    goal = None if quick else ">= 0.5"
    return [
        record("read_gctx, share of h5py's rate, CPU", cpu["h5py"] / cpu["ours"], "x", goal, note),
        record(
            "read_gctx, share of h5py's rate, wall", wall["h5py"] / wall["ours"], "x", goal, note
        ),
        _rate("read_gctx", os.path.getsize(path), cpu["ours"], note),
    ]


def _part(path):
    """Time some genes of all samples, scattered, against h5py's own way with a list."""
    import h5py

    with h5py.File(path) as file:
        n_genes = file[MATRIX].shape[1]
    rng = np.random.default_rng(0)
    genes = np.sort(rng.choice(n_genes, N_GENES_OF_PART, replace=False))
    cpu, _ = _in_turns(
        ours=lambda: read_gctx(path, genes=genes), h5py=lambda: _raw(path, genes), n_runs=3
    )
    note = f"{N_GENES_OF_PART} of {n_genes:,} genes, scattered, all samples"
    return [
        record(
            "read_gctx of genes, speed beside h5py's list",
            cpu["h5py"] / cpu["ours"],
            "x",
            ">= 1",
            note,
        )
    ]


def _memory(path):
    if not can_measure_memory():
        return []
    peak, size = in_fresh_process(_peak, path)
    note = f"a matrix of {size / 2**20:.0f} MiB, read in a fresh process"
    return [record("read_gctx, peak memory beside the matrix", peak / size, "x", "<= 1.2", note)]


def _peak(path):
    import h5py
    from anndata import AnnData

    AnnData(np.zeros((2, 2), np.float32))  # imports do not count
    with h5py.File(path) as file:
        size = file[MATRIX].nbytes
    return peak_extra_bytes(lambda: read_gctx(path)), size


def _text(path, n_samples, n_genes):
    adata = _compendium(n_samples, n_genes)
    start = time.process_time()
    write_gct(adata, path)
    written = time.process_time() - start
    cpu, _ = _in_turns(
        ours=lambda: read_gct(path),
        numpy=lambda: _numbers_alone(path),
        n_runs=3,
    )
    note = f"{n_samples:,} samples x {n_genes:,} genes, {os.path.getsize(path) / 2**20:.0f} MiB"
    values = adata.X.size / 1e6
    return [
        record("read_gct", values / cpu["ours"], "M values / CPU s", None, note),
        record(
            "read_gct, share of numpy.loadtxt's rate",
            cpu["numpy"] / cpu["ours"],
            "x",
            ">= 0.5",
            f"{note}; loadtxt skips names and does not transpose",
        ),
        record("write_gct", values / written, "M values / CPU s", None, note),
    ]


def _numbers_alone(path):
    with open(path) as file:
        n_columns = file.readlines(2**20)[2].count("\t")
    return np.loadtxt(path, np.float32, delimiter="\t", skiprows=3, usecols=range(1, n_columns + 1))


def _raw(path, genes=None):
    import h5py

    with h5py.File(path) as file:
        return file[MATRIX][...] if genes is None else file[MATRIX][:, genes]


def _in_turns(n_runs=N_RUNS, **jobs):
    """Give medians of CPU and of wall seconds by name."""
    cpu, wall = ({name: [] for name in jobs} for _ in range(2))
    for _ in range(n_runs):
        for name, job in jobs.items():
            start = time.process_time(), time.perf_counter()
            job()
            cpu[name].append(time.process_time() - start[0])
            wall[name].append(time.perf_counter() - start[1])
    return tuple({name: median(values) for name, values in times.items()} for times in (cpu, wall))


def _rate(name, n_bytes, seconds, note):
    return record(name, n_bytes / seconds / 2**20, "MiB / CPU s", None, note)
