"""What an import costs, beside scikit-learn's own."""

import json
import subprocess
import sys
from statistics import median

from benchmarks._measure import record

N_RUNS = 7
HEAVY = ("tensorflow", "keras", "shap", "anndata", "scanpy", "pandas", "sklearn")
STATEMENTS = {
    "skgenes": "import skgenes",
    "sklearn": "import sklearn",
    "estimators": "import skgenes.feature_selection, skgenes.compose",
    "pipeline": "import pandas, sklearn.model_selection, sklearn.pipeline",
}
_CODE = """
import json, sys, time
before, start = set(sys.modules), time.process_time()
{}
seconds = time.process_time() - start
print(json.dumps([seconds, sorted(set(sys.modules) - before)]))
"""


def run(quick=False):
    """Measure imports, each in processes of its own.

    Parameters
    ----------
    quick : bool, default=False
        3 runs in place of 7.

    Returns
    -------
    list of dict
        Records with the keys name, value, unit, goal and note.
    """
    n_runs = 3 if quick else N_RUNS
    runs = {name: [] for name in STATEMENTS}
    for _ in range(n_runs + 1):
        for name, statement in STATEMENTS.items():
            runs[name].append(_import(statement))
    # The first round reads files from disk and may compile them.
    seconds = {name: median(s for s, _ in values[1:]) for name, values in runs.items()}
    modules = {name: values[-1][1] for name, values in runs.items()}
    records = []
    for name, goal, other in (("skgenes", "<= 1", "sklearn"), ("estimators", "<= 1.5", "pipeline")):
        what = STATEMENTS[name]
        loaded = modules[name]
        heavy = [package for package in HEAVY if package in loaded]
        networks = [package for package in ("tensorflow", "keras", "shap") if package in loaded]
        note = f"median of {n_runs} processes"
        records += [
            record(what, seconds[name], "CPU s", None, note),
            record(
                f"{what}, ratio to {STATEMENTS[other]}",
                seconds[name] / seconds[other],
                "ratio",
                goal,
                f"{note}; that one takes {seconds[other]:.2f} CPU s",
            ),
            record(
                f"{what}, modules",
                len(loaded),
                "modules",
                None,
                f"{STATEMENTS[other]} loads {len(modules[other])}; "
                f"large packages loaded: {', '.join(heavy) or 'none'}",
            ),
            record(
                f"{what}, of TensorFlow, Keras and shap",
                len(networks),
                "packages",
                "== 0",
                f"loaded: {', '.join(networks) or 'none'}",
            ),
        ]
    return records


def _import(statement):
    command = [sys.executable, "-c", _CODE.format(statement)]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return json.loads(output.splitlines()[-1])
