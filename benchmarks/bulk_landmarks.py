"""Landmark panels on bulk microarrays: does the paper's panel infer the other genes better?

240 HG-U133A profiles of three pooled studies (ramhiser/datamicroarray), with D-GEX's 943 landmarks
and its targets. ``python -m benchmarks.bulk_landmarks DATA_DIR`` prints a table; DATA_DIR, or the
environment variable SKGENES_DATA, is a folder with bulk/ and landmarks/ inside.

D-GEX lists 9,520 targets, but 445 of them are landmarks once more: further probes of genes whose
first probe is a landmark. They would be inferred from themselves, and are left out.

``--searched`` has the panels that the library searches besides, and ridge regression alone: each
takes minutes for 10,018 genes. Fewer genes are then in no panel, so that figures are others.
"""

import argparse
import os
import time
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import rankdata
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import ShuffleSplit
from sklearn.neighbors import KNeighborsRegressor
from sklearn.preprocessing import StandardScaler

from benchmarks._measure import record
from skgenes.compose import LandmarkReconstructor
from skgenes.feature_selection import (
    AutoEncoderDeepLIFTSelector,
    GivenPanelSelector,
    GreedyPanelSelector,
    PeelOffSelector,
)
from skgenes.metrics import gene_permutation_test, per_gene_mean_absolute_error
from skgenes.neural_network import DGEXRegressor, GeneAutoEncoder

ARRAYS = "bulk/hgu133a_pooled_mas5_240x22283.npz"
MAPS = ("landmarks/dgex_map_lm.txt", "landmarks/dgex_map_tg.txt")
N_SPLITS = 3
N_TEST = 60
N_RANDOM_PANELS = 2
LANDMARKS, DEEPLIFT = "L1000 / D-GEX landmarks", "autoencoder + DeepLIFT"
PEEL_OFF = "peel-off, on these samples"
SCORES = ("MAE", "PCC", "pass")


def run(quick=False):
    """Compare the panels on the data under SKGENES_DATA.

    Parameters
    ----------
    quick : bool, default=False
        One split and networks of few epochs: shows that it runs, not how good the panels are.

    Returns
    -------
    list of dict
        Records with the keys name, value, unit, goal and note.
    """
    results = compare(os.environ["SKGENES_DATA"], 1 if quick else N_SPLITS, quick)
    units = {"MAE": "z units", "PCC": "", "pass": "share"}
    spread = _summary(results)
    return [
        record(
            f"bulk microarrays, {panel}, {regressor}: {score}",
            row[score, "mean"],
            units[score],
            None,
            f"sd over splits {row[score, 'std']:.3f}; {results['n_judged'].mean():.0f} common "
            f"targets, {N_TEST} held-out samples",
        )
        for (panel, regressor), row in spread.iterrows()
        for score in SCORES
        if not np.isnan(row[score, "mean"])
    ]


def compare(folder, n_splits=N_SPLITS, quick=False, searched=False):
    """Fit all panels and regressors on several splits.

    Parameters
    ----------
    folder : str
        Holds bulk/ and landmarks/.
    n_splits : int, default=3
        Number of random splits into training and test samples.
    quick : bool, default=False
        Train networks for few epochs.
    searched : bool, default=False
        Whether to search panels, too, and infer by ridge regression alone.

    Returns
    -------
    DataFrame
        A row for every split, panel and regressor; the random panels of a split are averaged.
    """
    arrays = Arrays(Path(folder))
    splits = ShuffleSplit(n_splits, test_size=N_TEST, random_state=0).split(arrays.ranks)
    rows = []
    for i, (train, test) in enumerate(splits):
        expression = arrays.expression(train)
        scaler = StandardScaler().fit(expression[train])
        z_train, z_test = scaler.transform(expression[train]), scaler.transform(expression[test])
        found = _one_split(arrays, z_train, z_test, i, quick, searched)
        rows += [{"split": i, **row} for row in found]
    keys = ["split", "panel", "regressor"]
    return _beside_random(pd.DataFrame(rows).groupby(keys, sort=False).mean().reset_index())


class Arrays:
    """The profiles and D-GEX's lists of genes.

    Parameters
    ----------
    folder : Path
        Holds bulk/ and landmarks/.
    """

    def __init__(self, folder):
        with np.load(folder / ARRAYS, allow_pickle=False) as data:
            self._log = np.log2(np.maximum(data["X"], 1)).astype(np.float64)
            column = {probe: i for i, probe in enumerate(data["probes"])}
        landmarks, targets = (_read_map(folder / name) for name in MAPS)
        targets = targets[~targets["ensembl"].isin(landmarks["ensembl"])]
        self.n_landmarks, self.n_genes = len(landmarks), len(landmarks) + len(targets)
        genes = pd.concat([landmarks, targets])
        self.genes, probes = genes["ensembl"].to_numpy(str), genes["probes"].str.split(",")
        self._probes = [[column[name] for name in names] for names in probes]
        self.ranks = rankdata(self._log, axis=1) - 1

    def expression(self, train):
        """Quantile-normalise to the mean quantiles of the training samples; average probes.

        Parameters
        ----------
        train : ndarray of int
            Training samples.

        Returns
        -------
        ndarray of shape (n_samples, n_genes)
            log2 expression, landmarks first.
        """
        quantiles = np.sort(self._log[train], axis=1).mean(axis=0)
        normalised = np.interp(self.ranks, np.arange(len(quantiles)), quantiles)
        return np.stack([normalised[:, probes].mean(axis=1) for probes in self._probes], axis=1)


def _read_map(path):
    return pd.read_csv(path, sep="\t", names=["symbol", "ensembl", "probes"])


def _one_split(arrays, z_train, z_test, seed, quick, searched):
    panels = _panels(arrays, z_train, seed, quick)
    if searched:
        panels += _searched_panels(arrays.n_landmarks, z_train, seed)
    in_a_panel = np.zeros(arrays.n_genes, dtype=bool)
    for _, genes in panels:
        in_a_panel[genes] = True
    seen = set()
    for panel, genes in panels:
        for name, regressor in _regressors(panel, searched or panel in seen, seed, quick).items():
            start = time.process_time()
            model = LandmarkReconstructor(GivenPanelSelector(genes), regressor).fit(z_train)
            inferred = model.reconstruct(z_test)[:, ~in_a_panel]
            scores = _scores(z_test[:, ~in_a_panel], inferred)
            seconds = time.process_time() - start
            print(
                f"split {seed}, {panel}, {name}: {scores['MAE']:.3f}, {seconds:.0f} CPU s",
                flush=True,
            )
            yield {"panel": panel, "regressor": name, **scores, "cpu_seconds": seconds}
        seen.add(panel)


def _panels(arrays, z_train, seed, quick):
    """Names and columns of the panels; random ones share a name."""
    autoencoder = GeneAutoEncoder(max_iter=3 if quick else 100)
    size = arrays.n_landmarks
    selector = AutoEncoderDeepLIFTSelector(
        size, strategy="importance", autoencoder=autoencoder, random_state=seed
    )
    peel_off = PeelOffSelector(size, random_state=seed)
    rng = np.random.default_rng(seed)
    random = [rng.choice(arrays.n_genes, size, replace=False) for _ in range(N_RANDOM_PANELS)]
    return [
        (LANDMARKS, np.arange(size)),
        (DEEPLIFT, np.flatnonzero(selector.fit(z_train).get_support())),
        (PEEL_OFF, np.flatnonzero(peel_off.fit(z_train).get_support())),
        *(("random genes", np.sort(genes)) for genes in random),
    ]


def _searched_panels(size, z_train, seed):
    selectors = {
        "searched, with an autoencoder": AutoEncoderDeepLIFTSelector(size, random_state=seed),
        "searched, without a network": GreedyPanelSelector(size),
    }
    return [
        (name, np.flatnonzero(selector.fit(z_train).get_support()))
        for name, selector in selectors.items()
    ]


def _regressors(panel, ridge_alone, seed, quick):
    """What infers the other genes; a second random panel is spared the networks."""
    # One decomposition serves all penalties; each is judged by leaving out training samples.
    regressors = {"ridge": RidgeCV(np.logspace(0, 5, 16))}
    if not ridge_alone:
        short = {"max_iter": 3} if quick else {}
        adam = {"solver": "adam", "learning_rate_init": 1e-4, "batch_size": 32}
        regressors |= {
            "D-GEX, as published": DGEXRegressor(random_state=seed, **short),
            "D-GEX, Adam": DGEXRegressor(random_state=seed, early_stopping=True, **adam, **short),
        }
    if panel == LANDMARKS:
        regressors |= {"5-NN": KNeighborsRegressor(5), "mean of training": DummyRegressor()}
    return regressors


def _scores(measured, inferred):
    is_constant = np.ptp(inferred, axis=0).max() == 0
    test = None if is_constant else gene_permutation_test(measured, inferred)
    return {
        "MAE": per_gene_mean_absolute_error(measured, inferred).mean(),
        "PCC": np.nan if is_constant else np.nanmean(test.pcc),
        "pass": np.nan if is_constant else test.fraction_significant,
        "n_judged": measured.shape[1],
    }


def _summary(results):
    grouped = results.groupby(["panel", "regressor"], sort=False)
    return grouped[[*SCORES, "MAE - random"]].agg(["mean", "std"])


def _beside_random(results):
    """Add how much the MAE differs from random genes', in the same split and regressor."""
    random = results[results["panel"] == "random genes"]
    keys = ["split", "regressor"]
    other = results[keys].merge(random[[*keys, "MAE"]], on=keys, how="left")["MAE"]
    difference = (results["MAE"] - other.to_numpy()).where(results["panel"] != "random genes")
    return results.assign(**{"MAE - random": difference})


def _markdown(summary):
    columns = ["panel", "regressor", *SCORES, "MAE - random"]
    lines = [columns, ["---"] * len(columns)]
    for names, row in summary.iterrows():
        cells = [
            "" if np.isnan(row[c, "mean"]) else f"{row[c, 'mean']:.3f} ± {row[c, 'std']:.3f}"
            for c in columns[2:]
        ]
        lines.append([*names, *cells])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", nargs="?", default=os.environ.get("SKGENES_DATA"))
    parser.add_argument("--splits", type=int, default=N_SPLITS)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--searched", action="store_true", help="search panels; ridge alone")
    parser.add_argument("--json", default="bulk_landmarks.json")
    arguments = parser.parse_args()
    if arguments.data is None:
        parser.error("give the folder of the data, or set SKGENES_DATA")
    start = time.time(), time.process_time()
    results = compare(arguments.data, arguments.splits, arguments.quick, arguments.searched)
    print(
        f"\n{arguments.splits} splits, mean ± sd over splits; {N_TEST} held-out samples; "
        f"{results['n_judged'].mean():.0f} genes that are in no panel, z units of the training "
        f"samples;\n{time.time() - start[0]:.0f} s, {time.process_time() - start[1]:.0f} CPU s\n"
    )
    print(_markdown(_summary(results)))
    results.to_json(arguments.json, orient="records", indent=1)


if __name__ == "__main__":
    _main()
