"""Which search gives the best panel? The variants tried, on real expression.

Every variant selects on training samples; ridge regression from the panel to all other genes, its
penalty tuned on the training samples, is judged on held-out ones, as in ``benchmarks.panels``.
``python -m benchmarks.panel_search DATA_DIR`` prints tables in thousandths beyond plain greedy
column-subset selection, for the 1,000 and the 3,000 most variable genes; DATA_DIR, or the
environment variable SKGENES_DATA, is a folder with bulk/, l1000/, landmarks/ and singlecell/
inside.
"""

import argparse
import os
import time
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.model_selection import ShuffleSplit

from benchmarks._measure import record
from benchmarks._panel_variants import more_variants
from benchmarks.panels._sets import READERS, TEST_SIZE, read_splits
from skgenes.feature_selection._panel_search import greedy_panel
from skgenes.feature_selection._smoothed_genes import sampling_noise, shared_cross, smoothed_cross
from skgenes.inspection import deeplift
from skgenes.neural_network import GeneAutoEncoder

SIZES = (25, 50, 100)
GENES, N_SPLITS = (1000, 3000), 5
ALPHAS = np.logspace(-1, 5, 25)
PLAIN = "plain: as measured, no penalty"
SCORES = ("PCC", "R2", "R2_all", "MAE")
DENOISING = {
    "loss": "mean_squared_error",
    "dropout": 0.5,
    "dropout_position": "input",
    "early_stopping": True,
    "validation_fraction": 0.1,
}
NETWORKS = {
    "tanh 500-100": {"activation": "tanh"} | DENOISING,
    "the paper's": {},
}


def run(quick=False):
    """Compare the variants without a network on the data under SKGENES_DATA.

    Parameters
    ----------
    quick : bool, default=False
        One split of one set.

    Returns
    -------
    list of dict
        Records with the keys name, value, unit, goal and note.
    """
    folder = os.environ["SKGENES_DATA"]
    some = {"sets": ["pbmc68k"], "n_splits": 1} if quick else {}
    return [
        record(
            f"panel search, {n_genes} genes, {variant}: PCC beyond plain",
            row["mean"],
            "thousandths",
            None,
            f"least over sets and sizes {row['least']:.0f}",
        )
        for n_genes in GENES[: 1 if quick else None]
        for variant, row in beyond_plain(
            compare(folder, n_genes, networks=(), **some), "PCC"
        ).iterrows()
    ]


def compare(folder, n_genes, sets=None, n_splits=N_SPLITS, networks=tuple(NETWORKS), more=False):
    """Select with every variant, and infer the other genes of held-out samples.

    Parameters
    ----------
    folder : str
        Folder of the data.
    n_genes : int
        How many genes are kept, the most variable ones of the training samples. Sets that have
        no more than the next smaller number of GENES are left out.
    sets : sequence of str or None, default=None
        Names of sets; None for all.
    n_splits : int, default=5
        Random splits of each.
    networks : sequence of str, default=all
        Autoencoders to train.
    more : bool, default=False
        Whether to add the variants of ``benchmarks._panel_variants``.

    Returns
    -------
    DataFrame
        A row for every set, split, variant and size.
    """
    rows = []
    for name in ALL_SETS if sets is None else sets:
        for i, (train, test) in enumerate(read_set(name, Path(folder), n_splits, n_genes)):
            if train.shape[1] <= max([n for n in GENES if n < n_genes], default=0):
                break
            start = time.process_time()
            for variant, panel in search_all(train, networks, i, more):
                rows += [
                    {"set": name, "split": i, "variant": variant, "size": size}
                    | score(train, test, panel[:size])
                    for size in SIZES
                ]
            print(f"{name}, split {i}: {time.process_time() - start:.0f} CPU s", flush=True)
    return pd.DataFrame(rows)


def read_lung(folder):
    """181 lung tumours, MAS4 differences; below 16 there is only noise."""
    with np.load(folder / "bulk/lung_gordon2002_hgu95av2_181x12533.npz") as data:
        return np.log2(np.maximum(data["X"], 16)).astype(np.float64)


def read_signatures(folder):
    """272 signatures of L1000, level 5: differential expression, not expression."""
    with np.load(folder / "l1000/cmapR_ds_272x978.npz") as data:
        values = next(data[key] for key in data.files if data[key].ndim == 2)
    return np.asarray(values if values.shape[0] == 272 else values.T, dtype=np.float64)


MORE_SETS = {"lung tumours": read_lung, "L1000 signatures": read_signatures}
ALL_SETS = [*READERS, *MORE_SETS]


def read_set(name, folder, n_splits, n_genes):
    """Yield training and test samples, the most variable genes in units of the training's."""
    if name in READERS:
        for split in read_splits(name, folder, n_splits, n_genes):
            yield split.z_train, split.z_test
        return
    values = MORE_SETS[name](folder)
    for train, test in ShuffleSplit(n_splits, test_size=TEST_SIZE, random_state=0).split(values):
        deviations = values[train].std(axis=0)
        kept = np.sort(np.argsort(-deviations, kind="stable")[:n_genes])
        values_kept, mean = values[:, kept], values[train][:, kept].mean(axis=0)
        z = (values_kept - mean) / deviations[kept]
        yield z[train], z[test]


def search_all(z, networks, seed, more=False):
    """Yield the names and ordered panels of all variants."""
    size, n = max(SIZES), len(z)
    gram = z.T @ z / n
    noise, share = sampling_noise(gram, n), z.shape[1] / n

    def search(cross, times, own=0.0):
        return greedy_panel(gram, cross, times * noise, size, own=own)[0]

    default = shared_cross(gram, 1.5 * share)
    yield "random", np.random.default_rng(seed).permutation(z.shape[1])[:size]
    yield PLAIN, search(gram, 0)
    for times in (2, 3, 4):
        yield f"shared, penalty {times} o", search(default, times)
    yield "shared, own 0.25, penalty 3 o", search(default, 3, 0.25)
    apart = (3 * default - gram) / 2
    yield "shared without measured, own 0.25, penalty 3 o", search(apart, 3, 0.25)
    yield "as measured, penalty 3 o", search(gram, 3)
    yield "smoothed 1 o, penalty 3 o", search(smoothed_cross(gram, noise), 3)
    for times in (0.5, 1, 1.5):
        cross = smoothed_cross(gram, times * share)
        yield f"smoothed {times} p/n, penalty 3 o", search(cross, 3)
    above = components_above_median(z)
    yield "components above the median's threshold, penalty 3 o", search(above, 3)
    yield "half of them, half as measured, penalty 3 o", search((gram + above) / 2, 3)
    for name in networks:
        autoencoder = GeneAutoEncoder(**NETWORKS[name], random_state=seed).fit(z)
        code = autoencoder.transform(z)
        target = z.T @ autoencoder.reconstruct(z) / n
        importances = deeplift(autoencoder, z, aggregation="absolute").contributions.mean(axis=1)
        yield f"{name}: importance", np.argsort(-importances, kind="stable")[:size]
        yield f"{name}: code, penalty 3 o", search(z.T @ (code - code.mean(axis=0)) / n, 3)
        yield f"{name}: reconstruction, penalty 3 o", search(target, 3)
        yield f"{name}: half reconstruction, penalty 3 o", search((gram + target) / 2, 3)
        yield (
            f"{name}: half reconstruction, own 0.25, penalty 3 o",
            search((gram + target) / 2, 3, 0.25),
        )
        both = (default + target) / 2
        yield f"{name}: half reconstruction, half shared, penalty 3 o", search(both, 3)
        yield (
            f"{name}: half reconstruction, half shared, own 0.25, penalty 3 o",
            search(both, 3, 0.25),
        )
        yield (
            f"{name}: 0.6 reconstruction, 0.4 shared without measured, own 0.25, penalty 3 o",
            search(0.6 * target + 0.4 * apart, 3, 0.25),
        )
        weights = (importances / importances.mean()) ** 0.25
        yield (
            f"{name}: shared, candidates weighted by importance, penalty 3 o",
            greedy_panel(
                gram * weights * weights[:, None], default * weights[:, None], 3 * noise, size
            )[0],
        )
        if more:
            for variant, panel in more_variants(z, autoencoder, seed, size):
                yield f"{name}: {variant}", panel


def components_above_median(z):
    """Products of genes with their projection on components above a threshold.

    Notes
    -----
    The optimal hard threshold for singular values of a matrix with noise of unknown size (Gavish
    and Donoho 2014, IEEE Transactions on Information Theory 60:5040): 0.56 b^3 - 0.95 b^2 + 1.82 b
    + 1.43 times the median, with the ratio b of the sides.
    """
    _, s, vt = np.linalg.svd(z, full_matrices=False)
    s, vt = s[: len(z) - 1], vt[: len(z) - 1]
    ratio = min(z.shape) / max(z.shape)
    threshold = np.polyval([0.56, -0.95, 1.82, 1.43], ratio) * np.median(s)
    kept = max(1, int(np.sum(s > threshold)))
    return (vt[:kept].T * (s[:kept] ** 2 / len(z))) @ vt[:kept]


def score(train, test, panel):
    """Infer the other genes by ridge regression, as ``benchmarks.panels`` does, but faster.

    The leave-one-out error of all targets needs their projections alone, not their residuals.
    """
    others = np.setdiff1d(np.arange(train.shape[1]), panel)
    u, s, vt = np.linalg.svd(train[:, panel], full_matrices=False)
    y = train[:, others]
    projected = u.T @ y
    between, within, squares = y @ projected.T, projected @ projected.T, np.sum(y**2, axis=1)
    errors = []
    for alpha in ALPHAS:
        shrunk = u * (s**2 / (s**2 + alpha))
        residual = squares - 2 * np.sum(shrunk * between, 1) + np.sum(shrunk @ within * shrunk, 1)
        errors.append(np.sum(residual / (1 - 1 / len(y) - np.sum(shrunk * u, axis=1)) ** 2))
    alpha = ALPHAS[np.argmin(errors)]
    inferred = test[:, panel] @ (vt.T @ ((s / (s**2 + alpha))[:, None] * projected))
    measured = test[:, others]
    error = np.sum((measured - inferred) ** 2)
    a, b = (values - values.mean(axis=0) for values in (measured, inferred))
    norms = np.linalg.norm(a, axis=0) * np.linalg.norm(b, axis=0)
    varies = norms > 1e-9
    return {
        "PCC": float(np.mean(np.sum(a * b, axis=0)[varies] / norms[varies])),
        "R2": 1 - error / np.sum(measured**2),
        "R2_all": 1 - error / np.sum(test**2),
        "MAE": float(np.abs(measured - inferred).mean()),
    }


def beyond_plain(results, metric):
    """Average over splits, in thousandths beyond plain column-subset selection.

    Parameters
    ----------
    results : DataFrame
        From `compare`.
    metric : str
        One of SCORES.

    Returns
    -------
    DataFrame
        A row for every variant, best first; a column for every set and size, their mean and the
        least of them. A lower MAE counts as better.
    """
    table = results.pivot_table(index="variant", columns=["set", "size"], values=metric)
    beyond = (table - table.loc[PLAIN]) * (-1000 if metric == "MAE" else 1000)
    beyond.columns = [f"{name} {size}" for name, size in beyond.columns]
    cells = beyond.copy()
    beyond["mean"], beyond["least"] = cells.mean(axis=1), cells.min(axis=1)
    return beyond.sort_values("mean", ascending=False)


def _main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", nargs="?", default=os.environ.get("SKGENES_DATA"))
    parser.add_argument("--sets", nargs="+", choices=ALL_SETS, default=ALL_SETS)
    parser.add_argument("--genes", nargs="+", type=int, default=GENES)
    parser.add_argument("--networks", nargs="*", choices=list(NETWORKS), default=list(NETWORKS))
    parser.add_argument("--more", action="store_true", help="further variants with networks")
    parser.add_argument("--splits", type=int, default=N_SPLITS)
    parser.add_argument("--json", default="panel_search.json")
    arguments = parser.parse_args()
    if arguments.data is None:
        parser.error("give the folder of the data, or set SKGENES_DATA")
    pd.set_option("display.width", 250)
    everything = []
    for n_genes in arguments.genes:
        results = compare(
            arguments.data,
            n_genes,
            arguments.sets,
            arguments.splits,
            arguments.networks,
            arguments.more,
        )
        if results.empty:
            continue
        everything.append(results.assign(genes=n_genes))
        for metric in SCORES:
            table = beyond_plain(results, metric)
            print(f"\n{n_genes} genes, {metric}, thousandths beyond plain")
            print(table.round(1).to_string())
    pd.concat(everything).to_json(arguments.json, orient="records", indent=1)


if __name__ == "__main__":
    _main()
