"""``python -m benchmarks.panels DIR``: see the package."""

import argparse
import os
import time
from pathlib import Path

from benchmarks.__main__ import describe_machine
from benchmarks.panels import __doc__ as about
from benchmarks.panels._registry import contestants, find
from benchmarks.panels._run import Panels, compare
from benchmarks.panels._sets import N_VARIABLE, READERS, UNSEEN_READERS, UNSEEN_SETS
from benchmarks.panels._tables import as_csv, failed, overall_apart, per_size, versions

DEFAULT_SETS = ("pbmc68k", "microarrays", "cells, CEL-seq2", "RNA mixtures")
SIZES = (25, 50, 100)
N_SPLITS = 3
QUICK = {"splits": 1, "sizes": [10, 25], "genes": 300}


def main():
    """Run what the command line asks for; print tables and write files."""
    arguments = _parse()
    quick = "_quick" if arguments.quick else ""
    panels = Panels(*map(Path, arguments.panels or [f"panels{quick}.json"]))
    names = contestants() if arguments.only is None else arguments.only
    start = time.time()
    scores, failures = compare(
        Path(arguments.data),
        arguments.sets,
        arguments.sizes,
        arguments.splits,
        names,
        panels,
        n_genes=arguments.genes,
        again=arguments.again,
        python=dict(pair.split("=", 1) for pair in arguments.python),
        limit=arguments.limit,
        n_jobs=arguments.jobs,
    )
    if scores.empty:
        raise SystemExit(f"No panels.\n\n{failed(failures)}")
    parts = [
        "\n".join(f"{key}: {value}" for key, value in describe_machine().items()),
        f"{time.time() - start:.0f} s",
        per_size(scores),
        *overall_apart(scores),
        f"### Without panels\n\n{failed(failures)}",
        f"### Versions\n\n{versions(panels.entries(), set(scores['selector']))}",
    ]
    report = "\n\n".join(parts) + "\n"
    print(f"\n{report}")
    Path(arguments.output).with_suffix(".md").write_text(report)
    Path(arguments.output).with_suffix(".csv").write_text(as_csv(scores))


def _parse():
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.panels",
        description=about,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    data = os.environ.get("SKGENES_DATA")
    parser.add_argument("data", nargs="?", default=data, help="folder of the data")
    parser.add_argument("--quick", action="store_true", help="one split, 300 genes, small panels")
    sets = parser.add_mutually_exclusive_group()
    sets.add_argument(
        "--sets",
        nargs="+",
        choices=READERS | UNSEEN_READERS,
        default=DEFAULT_SETS,
        metavar="SET",
        help=f"of {'; '.join(READERS | UNSEEN_READERS)}; else the first three and RNA mixtures",
    )
    sets.add_argument(
        "--unseen",
        action="store_const",
        dest="sets",
        const=UNSEEN_SETS,
        help="the sets that the library's own search was not chosen on: the last three",
    )
    parser.add_argument("--sizes", nargs="+", type=int)
    parser.add_argument("--splits", type=int)
    parser.add_argument("--genes", type=int, help="most variable genes to keep; 2000")
    parser.add_argument("--only", nargs="*", metavar="SELECTOR", help="who picks now; else all")
    parser.add_argument(
        "--python",
        nargs="+",
        default=[],
        metavar="SELECTOR=PATH",
        help="interpreters of selectors that are installed elsewhere",
    )
    parser.add_argument(
        "--panels", nargs="+", metavar="FILE", help="panels.json; further files are read only"
    )
    parser.add_argument("--again", action="store_true", help="pick anew what is in the file")
    parser.add_argument("--limit", type=int, default=3600, help="CPU seconds for a split")
    parser.add_argument("--jobs", type=int, default=1, help="processes at a time")
    parser.add_argument("--output", default="panels", help="name of the .md and .csv files")
    arguments = parser.parse_args()
    if arguments.data is None:
        parser.error("give the folder of the data, or set SKGENES_DATA")
    for name in arguments.only or ():
        try:
            find(name)
        except KeyError:
            parser.error(f"no selector {name!r}; there are: {', '.join(contestants())}")
    default = QUICK if arguments.quick else {}
    arguments.splits = arguments.splits or default.get("splits", N_SPLITS)
    arguments.sizes = arguments.sizes or default.get("sizes", list(SIZES))
    arguments.genes = arguments.genes or default.get("genes", N_VARIABLE)
    return arguments


if __name__ == "__main__":
    main()
