"""Does the bottleneck keep the biology? Samples of lung tumours, clustered by 100 features.

``python -m benchmarks.lung_samples DATA_DIR`` prints a table; DATA_DIR, or the environment variable
SKGENES_DATA, is a folder with bulk/ inside. Trees of samples (Ward) by the bottleneck of the
paper's autoencoder, by all genes, by standardised genes and by principal components, cut into as
many clusters as there are known types. As in the paper, the samples clustered are those learned
from: no label was.
"""

import argparse
import os
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from benchmarks._measure import record
from skgenes.inspection import cluster_samples
from skgenes.neural_network import GeneAutoEncoder
from skgenes.preprocessing import Log2Transformer, QuantileNormalizer

GORDON = "bulk/lung_gordon2002_hgu95av2_181x12533.npz"
GARBER = "bulk/lung_garber2001_73x916.csv.gz"
POOLED = "bulk/hgu133a_pooled_mas5_240x22283.npz"
SEEDS = (0, 1, 2)


def run(quick=False):
    """Cluster the samples of the data under SKGENES_DATA.

    Parameters
    ----------
    quick : bool, default=False
        Autoencoders of few epochs, one seed: shows that it runs.

    Returns
    -------
    list of dict
        Records with the keys name, value, unit, goal and note.
    """
    table = compare(Path(os.environ["SKGENES_DATA"]), quick)
    return [
        record(
            f"{row.samples}, {row.features}: adjusted Rand index",
            row.ari,
            "",
            None,
            f"silhouette of the known types {row.silhouette:.3f}; {row.n} samples",
        )
        for row in table.itertuples()
    ]


def compare(folder, quick=False):
    """Cluster every set by every kind of features.

    Parameters
    ----------
    folder : Path
        Holds bulk/.
    quick : bool, default=False
        Train autoencoders for few epochs, from one seed.

    Returns
    -------
    DataFrame
        A row for every set and kind of features; the autoencoder's seeds are averaged.
    """
    rows = []
    for name, (X, labels) in read_sets(folder).items():
        for features, Z in all_features(X, quick):
            tree = cluster_samples(Z, labels)
            scores = {"ari": tree.adjusted_rand_score, "silhouette": tree.silhouette_labels}
            rows.append({"samples": name, "features": features, "n": len(X), **scores})
        print(f"{name}: {X.shape[0]} samples x {X.shape[1]} genes", flush=True)
    keys = ["samples", "features", "n"]
    return pd.DataFrame(rows).groupby(keys, sort=False).mean().reset_index()


def read_sets(folder):
    """Name to expression, ndarray (n_samples, n_genes), and known types, ndarray (n_samples,)."""
    gordon, pooled = (np.load(folder / file, allow_pickle=False) for file in (GORDON, POOLED))
    garber = pd.read_csv(folder / GARBER, index_col=0)
    return {
        "lung, 2 types (Gordon)": (normalised(gordon["X"]), gordon["label"]),
        # Its values are log ratios already; genes with missing ones are left out.
        "lung, 8 types (Garber)": (
            garber.drop(columns="label").dropna(axis=1).to_numpy(),
            garber["label"].to_numpy(),
        ),
        "tumours and blood, 14 types": (normalised(pooled["X"]), pooled["label"]),
    }


def normalised(intensities):
    """log2 of intensities of at least 1, all samples on the same quantiles."""
    log2 = Log2Transformer(0, floor=1).fit_transform(intensities)
    return QuantileNormalizer().fit_transform(log2).astype(np.float64)


def all_features(X, quick):
    """Yield names and values of what samples are compared by."""
    yield "all genes", X
    yield "all genes, standardised", StandardScaler().fit_transform(X)
    for n_components in (min(100, len(X) - 1), 10):
        yield (
            f"{n_components} principal components",
            PCA(n_components, random_state=0).fit_transform(X),
        )
    for seed in SEEDS[:1] if quick else SEEDS:
        autoencoder = GeneAutoEncoder(max_iter=3 if quick else 100, random_state=seed)
        yield "bottleneck of 100 units", autoencoder.fit_transform(X)


def _main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", nargs="?", default=os.environ.get("SKGENES_DATA"))
    parser.add_argument("--quick", action="store_true")
    arguments = parser.parse_args()
    if arguments.data is None:
        parser.error("give the folder of the data, or set SKGENES_DATA")
    print(compare(Path(arguments.data), arguments.quick).round(3).to_string(index=False))


if __name__ == "__main__":
    _main()
