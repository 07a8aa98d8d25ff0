"""How the benchmarks measure: CPU seconds in turns, GEMM rates, memory, fresh processes."""

import os
import time
from concurrent.futures import ProcessPoolExecutor
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from statistics import median


def record(name, value, unit, goal, note):
    """Return one line of the report.

    Parameters
    ----------
    name : str
        What was measured.
    value : float
        The result; four significant digits are kept.
    unit : str
        Its unit.
    goal : str or None
        Such as ">= 40".
    note : str
        Sizes and conditions.

    Returns
    -------
    dict
        Those five, by name.
    """
    value = float(f"{value:.4g}")
    return {"name": name, "value": value, "unit": unit, "goal": goal, "note": note}


def use_one_thread():
    """Restrict NumPy and TensorFlow to one thread: idle threads spin, and would be counted.

    To be called before TensorFlow has computed anything.
    """
    import numpy as np  # noqa: F401  the limit holds for the libraries loaded by now
    import tensorflow as tf
    from threadpoolctl import threadpool_limits

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    threadpool_limits(1)


def cpu_seconds(job):
    """CPU seconds of one call, all threads together.

    Parameters
    ----------
    job : callable
        Takes nothing.

    Returns
    -------
    float
        User and system time.
    """
    start = time.process_time()
    job()
    return time.process_time() - start


def in_turns(n_runs, **jobs):
    """CPU seconds of several jobs which run one after the other, again and again.

    Parameters
    ----------
    n_runs : int
        Number of turns.
    **jobs : callable
        What to time.

    Returns
    -------
    dict of str to float
        Median over the turns.
    """
    seconds = {name: [] for name in jobs}
    for _ in range(n_runs):
        for name, job in jobs.items():
            seconds[name].append(cpu_seconds(job))
    return {name: median(values) for name, values in seconds.items()}


class Gemm:
    """A float32 matrix product of TensorFlow, to compare other rates with.

    Parameters
    ----------
    rows, inner, columns : int
        Shapes of the operands: (rows, inner) and (inner, columns).
    """

    def __init__(self, rows, inner, columns):
        import tensorflow as tf

        self._multiply = tf.matmul
        self._left = tf.random.normal((rows, inner))
        self._right = tf.random.normal((inner, columns))
        self.shape = f"{rows} x {inner} x {columns}"
        self.operations = 2 * rows * inner * columns

    def __call__(self):
        """Compute the product."""
        self._multiply(self._left, self._right)


def best_rate(gemms, seconds):
    """Return the highest rate of several products, and a note that names all.

    Parameters
    ----------
    gemms : dict of str to Gemm
        The products.
    seconds : dict of str to float
        CPU seconds of each, by the same names.

    Returns
    -------
    rate : float
        Operations per CPU second.
    note : str
        Every shape with its rate.
    """
    rates = {gemm.shape: gemm.operations / seconds[name] for name, gemm in gemms.items()}
    note = ", ".join(f"{shape}: {rate / 1e9:.0f} GF/s" for shape, rate in rates.items())
    return max(rates.values()), f"GEMM {note}"


def in_fresh_process(function, *args):
    """Call a function of a module in a Python process of its own.

    Parameters
    ----------
    function : callable
        Importable by name.
    *args : object
        Its arguments.

    Returns
    -------
    object
        What the function returns.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, *args).result()


def run_module(name, quick):
    """Run one benchmark.

    Parameters
    ----------
    name : str
        Name of the module.
    quick : bool
        Whether to take small sizes.

    Returns
    -------
    list of dict
        Its records.
    """
    return import_module(f"benchmarks.{name}").run(quick)


def can_measure_memory():
    """Whether the system tells resident and peak memory, as Linux does.

    Returns
    -------
    bool
        Whether `resident_bytes` and `peak_extra_bytes` work.
    """
    return os.access("/proc/self/clear_refs", os.W_OK)


def resident_bytes():
    """Resident memory of this process.

    Returns
    -------
    int
        Bytes.
    """
    return _status("VmRSS")


def peak_extra_bytes(job):
    """Peak resident memory during a call, beyond what was resident before.

    Parameters
    ----------
    job : callable
        Takes nothing.

    Returns
    -------
    int
        Bytes.
    """
    Path("/proc/self/clear_refs").write_text("5")  # sets the peak to what is resident now
    before = resident_bytes()
    job()
    return _status("VmHWM") - before


def _status(field):
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return 1024 * int(line.split()[1])
    raise OSError(f"/proc/self/status has no {field}.")
