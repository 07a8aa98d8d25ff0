"""One selector picks its panels, in a process of its own and in whatever interpreter has it.

``python -m benchmarks.panels._pick NAME TRAINING.npz "[[SIZE, SEED], ...]" RESULT.json SECONDS``
"""

import json
import os
import sys
import time
import traceback
import warnings
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

from benchmarks._measure import can_measure_memory, peak_extra_bytes
from benchmarks.panels._registry import Training, find


def pick(name, path, jobs, result):
    """Let a selector pick; measure what it takes.

    Parameters
    ----------
    name : str
        Of the selector.
    path : str
        NPZ file of the fields of `Training`.
    jobs : list of (int, int)
        Size of every panel, and the seed of what is random.
    result : Path
        JSON file, written after every panel: a list of dict, as many as jobs are done. genes,
        seconds of CPU (all threads and children), peak of memory in MiB beyond what was resident
        with the data loaded and packages imported, versions, remark; or error.
    """
    with np.load(path) as arrays:
        data = Training(**arrays)
    done = []
    for size, seed in jobs:
        done.append(_one(name, data, size, seed))
        temporary = result.with_suffix(".tmp")
        temporary.write_text(json.dumps(done))
        os.replace(temporary, result)


def limit_cpu(seconds):
    """Let the system end this process when it has used so much; no limit on Windows.

    Parameters
    ----------
    seconds : int
        Of CPU, all threads together: a machine that is busy with other work does not count.
    """
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))


def _one(name, data, size, seed):
    versions = {}
    try:
        chosen = find(name)
        for package, module in chosen.packages:
            import_module(module)
            versions[package] = _version(package)
        return {"versions": versions, **_measured(chosen.pick, data, size, seed)}
    except ImportError as error:
        return {"versions": versions, "error": f"not installed: {error}"}
    except Exception as error:
        traceback.print_exc()
        return {"versions": versions, "error": f"{type(error).__name__}: {error}"}


def _measured(job, data, size, seed):
    results = []
    data.z  # noqa: B018  standardised beforehand
    start = _cpu_seconds()
    if can_measure_memory():
        peak = peak_extra_bytes(lambda: results.append(job(data, size, seed))) / 2**20
    else:
        peak = None
        results.append(job(data, size, seed))
    seconds = _cpu_seconds() - start
    columns, remark = results[0] if isinstance(results[0], tuple) else (results[0], "")
    columns = list(dict.fromkeys(int(column) for column in columns))[:size]
    genes = [str(data.genes[column]) for column in columns]
    return {"genes": genes, "seconds": seconds, "peak_mib": peak, "remark": remark}


def _cpu_seconds():
    times = os.times()
    return time.process_time() + times.children_user + times.children_system


def _version(package):
    for name in (package, f"{package}-cpu"):
        try:
            return version(name)
        except PackageNotFoundError:
            continue
    return "unknown"


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    name, path, jobs, result, seconds = sys.argv[1:]
    limit_cpu(int(seconds))
    pick(name, path, json.loads(jobs), Path(result))
