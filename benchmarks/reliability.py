"""Do intervals of inferred genes hold what they promise, and how many genes can be inferred?

``python -m benchmarks.reliability DATA_DIR`` prints two tables; DATA_DIR, or the environment
variable SKGENES_DATA, is a folder with bulk/ and landmarks/ inside.

Samples are split at random, again and again: half of them train ridge regression, a quarter
calibrates its intervals, a quarter tests them. Quantiles, where data are normalised by any, come
from the training samples alone.
"""

import argparse
import os
import time
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from benchmarks._measure import record
from benchmarks.bulk_landmarks import Arrays
from skgenes.compose import LandmarkReconstructor
from skgenes.feature_selection import GivenPanelSelector
from skgenes.linear_model import PanelRidge
from skgenes.metrics import PearsonAccumulator

COVERAGES = (0.5, 0.8, 0.9, 0.95)
FDR = 0.05
N_SPLITS = 20
N_RANDOM = 50


class BloodCells:
    """700 cells x 765 genes that come with scanpy, log counts."""

    def __init__(self):
        import scanpy

        raw = scanpy.datasets.pbmc68k_reduced().raw.to_adata()
        self._values = raw.X.toarray().astype(np.float64)
        self.n_samples, self.n_genes = self._values.shape

    def expression(self, train):
        """Give the log counts, which no other cell had a part in."""
        return self._values


class Microarrays(Arrays):
    """Pooled arrays of bulk_landmarks."""

    @property
    def n_samples(self):
        """How many arrays there are."""
        return len(self.ranks)


def run(quick=False):
    """Measure coverage on the data under SKGENES_DATA.

    Parameters
    ----------
    quick : bool, default=False
        Two splits: shows that it runs.

    Returns
    -------
    list of dict
        Records with the keys name, value, unit, goal and note.
    """
    coverage, genes = tables(os.environ["SKGENES_DATA"], 2 if quick else N_SPLITS)
    records = [
        record(
            f"reliability, {row['data']}: coverage of intervals for {row['nominal']:.0%}",
            row["coverage"],
            "share",
            None,
            f"exact {row['exact']:.3f}; half width over sd {row['half width / sd']:.2f}",
        )
        for _, row in coverage.iterrows()
    ]
    return records + [
        record(
            f"reliability, {row['data']}: genes that can be inferred",
            row["inferable (BH)"],
            "share",
            None,
            f"false discovery rate {FDR}; {row['targets']:.0f} targets",
        )
        for _, row in genes.iterrows()
    ]


def tables(folder, n_splits=N_SPLITS):
    """Measure all sets and panels.

    Parameters
    ----------
    folder : str
        Holds bulk/ and landmarks/.
    n_splits : int, default=20
        Number of random splits.

    Returns
    -------
    coverage, genes : DataFrame
        A row for every set and coverage, and one for every set.
    """
    cells, arrays = BloodCells(), Microarrays(Path(folder))
    landmarks = np.arange(arrays.n_landmarks)
    sets = {
        f"pbmc68k, {N_RANDOM} random genes": (cells, None),
        f"microarrays, {N_RANDOM} random genes": (arrays, None),
        f"microarrays, {len(landmarks)} landmarks of L1000": (arrays, landmarks),
    }
    of_coverage, of_genes = [], []
    for name, (data, panel) in sets.items():
        splits = [one_split(data, panel, seed) for seed in range(n_splits)]
        of_coverage += [{"data": name, **row} for row in _coverage_rows(splits, data.n_genes)]
        of_genes.append({"data": name, **_mean([split["genes"] for split in splits])})
        print(f"{name}: done", flush=True)
    return pd.DataFrame(of_coverage), pd.DataFrame(of_genes)


def one_split(data, panel, seed):
    """Train, calibrate and test once.

    Parameters
    ----------
    data : BloodCells or Microarrays
        The samples.
    panel : ndarray of int or None
        Landmarks; None draws some.
    seed : int
        Draws the split, and the panel.

    Returns
    -------
    dict
        What `tables` averages.
    """
    rng = np.random.default_rng(seed)
    order, n = rng.permutation(data.n_samples), data.n_samples
    train, held_out, test = np.split(order, [n // 2, n // 2 + n // 4])
    if panel is None:
        panel = np.sort(rng.choice(data.n_genes, N_RANDOM, replace=False))
    X = data.expression(train)
    model = LandmarkReconstructor(GivenPanelSelector(panel), PanelRidge(), random_state=seed)
    start = time.process_time()
    model.fit(X[train])
    fitted = time.process_time()
    model.calibrate(X[held_out])
    calibrated = time.process_time()
    observed, inferred = model.observed_and_inferred(X[test])
    spread = X[train][:, ~model.support_].std(axis=0)
    intervals = {c: _hits(model, X[test], observed, spread, c) for c in COVERAGES}
    all_samples = LandmarkReconstructor(GivenPanelSelector(panel), PanelRidge())
    all_samples.fit(X[np.concatenate([train, held_out])])
    found = model.inferable_genes(FDR)
    pcc = _pcc(observed, inferred)
    is_found = np.isin(model.targets_, found)
    return {
        "targets": model.targets_,
        "varies": spread > 0,
        "n_held_out": len(held_out),
        "intervals": intervals,
        "genes": {
            "targets": len(model.targets_),
            "inferable (BH)": is_found.mean(),
            "inferable (BY)": len(model.inferable_genes(FDR, method="by")) / len(is_found),
            "test PCC, inferable": np.nanmean(pcc[is_found]) if is_found.any() else np.nan,
            "test PCC, other": np.nanmean(pcc[~is_found]) if not is_found.all() else np.nan,
            "test PCC": np.nanmean(pcc),
            "test PCC, nothing held out": np.nanmean(
                _pcc(*all_samples.observed_and_inferred(X[test]))
            ),
            "fit, CPU s": fitted - start,
            "calibrate, CPU s": calibrated - fitted,
        },
    }


def _hits(model, X, observed, spread, coverage):
    """Share of test samples held, of all and of the third with most expression; widths."""
    lower, upper = model.predict_interval(X, coverage)
    held = (lower <= observed) & (observed <= upper)
    # Ranks are drawn apart where many are equal, as zeros are.
    noise = np.random.default_rng(0).random(observed.shape) * 1e-9
    high = rankdata(observed + noise, axis=0) > len(observed) * 2 / 3
    return {
        "held": held.mean(axis=0),
        "held high": held[high].mean(),
        "width": np.divide(
            (upper - lower)[0] / 2, spread, out=np.full(len(spread), np.nan), where=spread > 0
        ),
    }


def _coverage_rows(splits, n_genes):
    n_held_out = splits[0]["n_held_out"]
    for coverage in COVERAGES:
        # A gene is a target in some of the splits only, where panels are drawn.
        total, times = np.zeros(n_genes), np.zeros(n_genes)
        one_draw, widths, high = [], [], []
        for split in splits:
            found, varies = split["intervals"][coverage], split["varies"]
            total[split["targets"][varies]] += found["held"][varies]
            times[split["targets"][varies]] += 1
            one_draw.append(np.quantile(found["held"][varies], [0.05, 0.95]))
            widths.append(np.nanmedian(found["width"]))
            high.append(found["held high"])
        of_genes = total[times > 0] / times[times > 0]
        yield {
            "nominal": coverage,
            "exact": np.ceil((n_held_out + 1) * coverage - 1e-9) / (n_held_out + 1),
            "coverage": of_genes.mean(),
            "genes, 5 %": np.quantile(of_genes, 0.05),
            "genes, 95 %": np.quantile(of_genes, 0.95),
            "one draw, 5 %": np.mean(one_draw, axis=0)[0],
            "one draw, 95 %": np.mean(one_draw, axis=0)[1],
            "highest third": np.mean(high),
            "half width / sd": np.mean(widths),
        }


def _pcc(observed, inferred):
    pearson = PearsonAccumulator(observed.shape[1])
    pearson.update(observed, inferred)
    return pearson.result()


def _mean(rows):
    return pd.DataFrame(rows).mean().to_dict()


def _markdown(table):
    lines = [list(table.columns), ["---"] * table.shape[1]]
    for _, row in table.iterrows():
        lines.append([v if isinstance(v, str) else f"{v:.3f}".rstrip("0").rstrip(".") for v in row])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", nargs="?", default=os.environ.get("SKGENES_DATA"))
    parser.add_argument("--splits", type=int, default=N_SPLITS)
    arguments = parser.parse_args()
    if arguments.data is None:
        parser.error("give the folder of the data, or set SKGENES_DATA")
    for table in tables(arguments.data, arguments.splits):
        print(f"\n{_markdown(table)}")


if __name__ == "__main__":
    _main()
