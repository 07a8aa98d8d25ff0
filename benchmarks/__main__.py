"""Run the benchmarks: ``python -m benchmarks [--quick] [--only NAME ...] [--json FILE]``."""

import argparse
import json
import os
import platform
import time
from importlib.metadata import PackageNotFoundError, version
from operator import eq, ge, le
from pathlib import Path

from benchmarks import REMOVED_CORETYPE
from benchmarks._measure import in_fresh_process, run_module

MODULES = (
    "importing",
    "permutation",
    "gctx",
    "quantile",
    "duplicates",
    "tracks",
    "ridge",
    "greedy",
    "deeplift",
    "regulator_scores",
    "knockout",
    "training",
    "decode",
    "sivae",
)
NEED_DATA = (
    "bulk_landmarks",
    "across_platforms",
    "lung_samples",
    "panel_search",
    "panel_groups",
    "reliability",
    "decode_pair",
    "decode_genome",
    "de_prior",
    "sivae_cells",
)
PACKAGES = (
    "skgenes",
    "numpy",
    "pandas",
    "scipy",
    "scikit-learn",
    "tensorflow",
    "keras",
    "shap",
    "qnorm",
    "ncls",
    "pyranges1",
)
COLUMNS = ("name", "value", "unit", "goal", "met", "note")
OPERATORS = {">=": ge, "<=": le, "==": eq}


def main():
    """Run what the command line asks for; print a table and write JSON."""
    arguments = _parse()
    if arguments.data:
        os.environ["SKGENES_DATA"] = arguments.data
    about = describe_machine()
    print("\n".join(f"{key}: {value}" for key, value in about.items()), end="\n\n", flush=True)
    records = []
    for name in arguments.only or _default_modules():
        start = time.time()
        results = in_fresh_process(run_module, name, arguments.quick)
        print(f"{name}: {time.time() - start:.0f} s", flush=True)
        records += [{"benchmark": name, **record, "met": is_met(record)} for record in results]
    print(f"\n{as_table(records)}")
    report = {"about": about, "quick": arguments.quick, "records": records}
    Path(arguments.json).write_text(json.dumps(report, indent=1) + "\n")


def is_met(record):
    """Whether a record meets its goal.

    Parameters
    ----------
    record : dict
        Has "value" and "goal".

    Returns
    -------
    bool or None
        None without a goal.
    """
    if record["goal"] is None:
        return None
    operator, bound = record["goal"].split()
    return OPERATORS[operator](record["value"], float(bound))


def as_table(records):
    """Lay records out in columns.

    Parameters
    ----------
    records : list of dict
        With "met" added.

    Returns
    -------
    str
        A line for each.
    """
    met = {None: "", True: "yes", False: "NO"}
    rows = [COLUMNS]
    for r in records:
        goal = r["goal"] or ""
        rows.append((r["name"], f"{r['value']:g}", r["unit"], goal, met[r["met"]], r["note"]))
    widths = [max(map(len, column)) for column in list(zip(*rows, strict=True))[:-1]]
    return "\n".join(
        "  ".join([*(cell.ljust(w) for cell, w in zip(row, widths, strict=False)), row[-1]])
        for row in rows
    )


def describe_machine():
    """What the figures depend on.

    Returns
    -------
    dict of str to str
        Versions, processor, date.
    """
    coretype = "not set"
    if REMOVED_CORETYPE is not None:
        coretype = f"was {REMOVED_CORETYPE}; unset, since it chooses NumPy's GEMM kernel"
    return {
        "date": time.strftime("%Y-%m-%d %H:%M:%S %z"),
        "python": platform.python_version(),
        **{package: _version(package) for package in PACKAGES},
        "cpu": _cpu_model(),
        "cores": str(os.cpu_count()),
        "OPENBLAS_CORETYPE": coretype,
    }


def _default_modules():
    return (*MODULES, *NEED_DATA) if os.environ.get("SKGENES_DATA") else MODULES


def _version(package):
    for name in (package, f"{package}-cpu"):
        try:
            return version(name)
        except PackageNotFoundError:
            continue
    return "not installed"


def _cpu_model():
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    models = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()


def _parse():
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Run the benchmarks.")
    parser.add_argument("--quick", action="store_true", help="small sizes, a few minutes")
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=(*MODULES, *NEED_DATA))
    parser.add_argument(
        "--data", metavar="DIR", help=f"folder with the data that {', '.join(NEED_DATA)} need"
    )
    parser.add_argument("--json", metavar="FILE", default="benchmarks.json")
    arguments = parser.parse_args()
    needy = set(NEED_DATA) & set(arguments.only or ())
    if needy and not (arguments.data or os.environ.get("SKGENES_DATA")):
        parser.error(f"{' and '.join(needy)}: give --data, or set SKGENES_DATA")
    return arguments


if __name__ == "__main__":
    main()
