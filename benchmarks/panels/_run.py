"""All selectors on all splits: who picks what, kept in a file, and how good it is."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock

import numpy as np
import pandas as pd

from benchmarks.panels._registry import find
from benchmarks.panels._scores import score_ceiling, score_panel
from benchmarks.panels._sets import read_splits, sizes_for

ROOT = Path(__file__).parents[2]
ONE_THREAD = dict.fromkeys(
    (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "NUMBA_NUM_THREADS",
        "TF_NUM_INTRAOP_THREADS",
        "TF_NUM_INTEROP_THREADS",
    ),
    "1",
)
CEILING = "(all other genes)"
KEYS = ("set", "split", "selector", "size", "draw")


class Panels:
    """Panels picked so far, in a file that is written after each.

    Parameters
    ----------
    path : Path
        JSON file; need not exist.
    *others : Path
        Further files to read panels from.
    """

    def __init__(self, path, *others):
        self._path, self._lock, self._entries = path, Lock(), {}
        for file in (path, *others):
            for entry in json.loads(file.read_text()) if file.exists() else []:
                self._keep(entry)

    def _keep(self, entry):
        """Keep an entry. A failure never replaces a panel."""
        before = self._entries.get(self._key(entry))
        if "genes" in entry or "genes" not in (before or {}):
            self._entries[self._key(entry)] = entry

    @staticmethod
    def _key(entry):
        return tuple(entry[key] for key in KEYS)

    def get(self, task):
        """Entry of a task, or None."""
        return self._entries.get(self._key(task))

    def add(self, entry):
        """Keep an entry, in memory and in the file."""
        with self._lock:
            self._keep(entry)
            temporary = self._path.with_suffix(".tmp")
            temporary.write_text(json.dumps(list(self._entries.values())) + "\n")
            os.replace(temporary, self._path)

    def entries(self):
        """All entries."""
        return list(self._entries.values())

    def names(self):
        """Names of the selectors with entries."""
        return list(dict.fromkeys(key[2] for key in self._entries))


def plan(name, split, sizes):
    """Tasks of a selector for one split, without the name of the set.

    Parameters
    ----------
    name : str
        Of the selector.
    split : int
        Number of the split.
    sizes : sequence of int
        Sizes of the panels.

    Returns
    -------
    list of dict
        One for every draw and size; a selector whose panels are nested picks the largest only.
    """
    about = find(name)
    sizes = [max(sizes)] if about.nested else sizes
    return [
        {"split": split, "selector": name, "size": size, "draw": draw}
        for size in sizes
        for draw in range(about.draws)
    ]


def run_tasks(tasks, split, python, limit, n_jobs, panels):
    """Let selectors pick, each in a process of its own.

    Parameters
    ----------
    tasks : list of dict
        What to pick.
    split : Split
        The data.
    python : dict of str to str
        Interpreters of selectors that do not run in this one.
    limit : int
        CPU seconds that a selector is given for its panels of a split.
    n_jobs : int
        Processes at a time.
    panels : Panels
        Where results go.
    """
    grouped = {}
    for task in tasks:
        grouped.setdefault(task["selector"], []).append(task)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "training.npz"
        np.savez(path, expression=split.expression, genes=split.genes, labels=split.labels)

        def one(number, name, of_selector):
            result = path.with_name(f"{number}.json")
            results = pick_apart(
                name, of_selector, path, result, python.get(name, sys.executable), limit
            )
            for task, told in zip(of_selector, results, strict=True):
                entry = {**task, **told}
                panels.add(entry)
                line = entry.get("error") or f"{entry['seconds']:.1f} CPU s {entry['remark']}"
                key = [str(task[key]) for key in KEYS]
                print(*key, line.splitlines()[0][:200], sep=" | ", flush=True)

        with ThreadPoolExecutor(n_jobs) as pool:
            list(pool.map(one, range(len(grouped)), grouped, grouped.values()))


def pick_apart(name, tasks, path, result, python, limit):
    """Run the tasks of one selector in another process, with one thread.

    Parameters
    ----------
    name : str
        Of the selector.
    tasks : list of dict
        What to pick.
    path, result : Path
        NPZ file of the training samples, and file for the results.
    python : str
        Interpreter.
    limit : int
        CPU seconds after which it is stopped.

    Returns
    -------
    list of dict
        As of `_pick.pick`, one for every task; those it did not come to have an error.
    """
    jobs = [[task["size"], 1000 * task["draw"] + task["split"]] for task in tasks]
    arguments = [name, str(path), json.dumps(jobs), str(result), str(limit)]
    process = subprocess.run(
        [python, "-m", "benchmarks.panels._pick", *arguments],
        cwd=ROOT,
        env={**os.environ, **ONE_THREAD},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if process.returncode == -getattr(signal, "SIGXCPU", 0):
        reason = f"stopped after {limit} CPU s"
    else:
        last = process.stderr.strip().splitlines()[-1:] or ["no message"]
        reason = f"exit code {process.returncode}: {last[0]}"
    done = json.loads(result.read_text()) if result.exists() else []
    return done + [{"versions": {}, "error": reason}] * (len(tasks) - len(done))


def compare(folder, sets, sizes, n_splits, names, panels, **options):
    """Pick and judge.

    Parameters
    ----------
    folder : Path
        Folder of the data.
    sets, names : list of str
        Sets, and selectors that pick now.
    sizes : list of int
        Genes of the panels.
    n_splits : int
        Random splits of every set.
    panels : Panels
        Panels that are there already, and where new ones go.
    **options : dict
        n_genes; again, whether to pick anew what is there; python, limit and n_jobs as of
        `run_tasks`.

    Returns
    -------
    scores : DataFrame
        A row for every set, split, size and selector with a panel, draws averaged.
    failures : DataFrame
        Of those without: selector, versions, error, and how often.
    """
    rows, failures = [], Counter()
    again, n_genes = options.pop("again"), options.pop("n_genes")
    for set_name in sets:
        of_set = sizes_for(set_name, sizes)
        if not of_set:
            print(f"{set_name}: too few samples for panels of {sizes}; left out", flush=True)
            continue
        for i, split in enumerate(read_splits(set_name, folder, n_splits, n_genes)):
            tasks = [{"set": set_name, **task} for name in names for task in plan(name, i, of_set)]
            due = [task for task in tasks if again or "genes" not in (panels.get(task) or {})]
            run_tasks(due, split, panels=panels, **options)
            judged = list(dict.fromkeys([*names, *_known(panels)]))
            rows += judge(set_name, i, split, of_set, judged, panels, failures)
    failed = [(*key, count) for key, count in failures.items()]
    columns = ["set", "selector", "versions", "error", "n"]
    return pd.DataFrame(rows), pd.DataFrame(failed, columns=columns)


def _known(panels):
    names = []
    for name in panels.names():
        try:
            find(name)
        except KeyError:
            print(f"{name}: in the file of panels, unknown here; left out", flush=True)
            continue
        names.append(name)
    return names


def judge(set_name, i, split, sizes, names, panels, failures):
    """Score all panels of one split.

    Parameters
    ----------
    set_name : str
        Name of the set.
    i : int
        Number of the split.
    split : Split
        The data.
    sizes : list of int
        Sizes of the panels.
    names : list of str
        Selectors.
    panels : Panels
        Their panels.
    failures : Counter
        Failures are counted here, by set, selector, versions and message.

    Returns
    -------
    list of dict
        Scores.
    """
    rows = [
        {**score_ceiling(split.z_train, split.z_test), "selector": CEILING, "size": size}
        for size in sizes
    ]
    for name in names:
        tasks = [{"set": set_name, **task} for task in plan(name, i, sizes)]
        entries = [entry for entry in map(panels.get, tasks) if entry]
        for entry in entries:
            if "error" in entry:
                versions = ", ".join(f"{key} {v}" for key, v in entry["versions"].items())
                failures[set_name, name, versions, entry["error"]] += 1
        picked = [entry for entry in entries if "genes" in entry]
        for size in sizes:
            of_size = [e for e in picked if find(name).nested or e["size"] == size]
            scores = [_score(split, entry, size) for entry in of_size]
            if scores:
                mean = pd.DataFrame(scores).astype(float).mean().to_dict()
                rows.append({**mean, "selector": name, "size": size})
    return [{"set": set_name, "split": i, **row} for row in rows]


def _score(split, entry, size):
    panel = np.flatnonzero(np.isin(split.genes, entry["genes"][:size]))
    scores = score_panel(split.z_train, split.z_test, panel)
    return {**scores, "seconds": entry["seconds"], "peak_mib": entry["peak_mib"]}
