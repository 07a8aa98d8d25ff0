"""Learned on one platform, tested on another: do panels and their models travel?

``python -m benchmarks.across_platforms DATA_DIR`` prints a table; DATA_DIR, or the environment
variable SKGENES_DATA, is a folder with bulk/, landmarks/ and singlecell/ inside. Panels are chosen
and ridge regression is trained on 240 microarrays of tumours and blood, or on single cells of lung
cancer lines sequenced by CEL-seq2; the tests are cells and RNA mixtures of these lines by CEL-seq2
and by Drop-seq. Beside it stands what the same panels reach when trained on the other platform
itself.
"""

import argparse
import os
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks._cells import COUNTS, read_counts
from benchmarks._measure import record
from benchmarks.bulk_landmarks import ARRAYS, MAPS
from skgenes.feature_selection import AutoEncoderDeepLIFTSelector, PeelOffSelector
from skgenes.inspection import compare_panels
from skgenes.neural_network import GeneAutoEncoder
from skgenes.preprocessing import (
    Log2Transformer,
    ProbeAggregator,
    QuantileNormalizer,
    match_genes,
)

PAIRS = [
    ("microarrays", "CEL-seq2, cells"),
    ("microarrays", "Drop-seq, cells"),
    ("microarrays", "CEL-seq2, RNA mixtures"),
    ("CEL-seq2, cells", "Drop-seq, cells"),
]
DETECTED = 0.3
SCORES = {"PCC": "pcc_mean", "MAE": "mae_mean", "pass": "fraction_significant"}


def run(quick=False):
    """Compare the panels on the data under SKGENES_DATA.

    Parameters
    ----------
    quick : bool, default=False
        An autoencoder of few epochs: shows that it runs, not how good its panels are.

    Returns
    -------
    list of dict
        Records with the keys name, value, unit, goal and note.
    """
    table = compare(Path(os.environ["SKGENES_DATA"]), quick)
    return [
        record(
            f"{row.learned} to {row.tested}, {row.panel}: PCC",
            row.PCC,
            "",
            None,
            f"trained on {row.tested} itself {row.PCC_itself:.3f}; {row.n_genes} genes judged",
        )
        for row in table.itertuples()
    ]


def compare(folder, quick=False, ties="average"):
    """Test every panel from one platform to the other.

    Parameters
    ----------
    folder : Path
        Holds bulk/, landmarks/ and singlecell/.
    quick : bool, default=False
        Train autoencoders for few epochs.
    ties : {"average", "dense"}, default="average"
        How equal counts are brought to the quantiles of the platform learned on; "dense" is
        D-GEX's way.

    Returns
    -------
    DataFrame
        A row for every pair of platforms and panel.
    """
    platforms = {"microarrays": read_arrays(folder)}
    platforms |= {name: read_detected(folder / path) for name, path in COUNTS.items()}
    landmarks = pd.read_csv(folder / MAPS[0], sep="\t", header=None)[1]
    rows = []
    for learned, tested in PAIRS:
        first, second = in_common(platforms[learned], platforms[tested], ties)
        rows += [
            {"learned": learned, "tested": tested, **row}
            for row in one_pair(first, second, landmarks, quick)
        ]
        print(f"{learned} to {tested}: {first.shape[1]} genes", flush=True)
    return pd.DataFrame(rows)


def read_arrays(folder):
    """log2 intensities of genes by Ensembl id, quantile-normalised, DataFrame (240, n_genes)."""
    with np.load(folder / ARRAYS, allow_pickle=False) as data:
        raw = pd.DataFrame(data["X"], columns=data["probes"])
    maps = pd.concat(pd.read_csv(folder / name, sep="\t", header=None) for name in MAPS)
    probes = maps.assign(probe=maps[2].str.split(",")).explode("probe")[["probe", 1]]
    steps = make_pipeline(
        Log2Transformer(0, floor=1), QuantileNormalizer(), ProbeAggregator(probes, unmapped="drop")
    )
    return steps.set_output(transform="pandas").fit_transform(raw)


def read_detected(path):
    """Counts of genes detected in enough cells, DataFrame (n_cells, n_genes)."""
    counts = read_counts(path)
    return counts.loc[:, (counts > 0).mean() >= DETECTED]


def in_common(first, second, ties):
    """Cut both to the genes they share; the second on the quantiles of the first, both in z units.

    Parameters
    ----------
    first, second : DataFrame of shape (n_samples, n_genes)
        Expression by Ensembl id, in units of their own.
    ties : {"average", "dense"}
        Of the second.

    Returns
    -------
    tuple of DataFrame
        Both with the same columns. Each gene has mean 0 and standard deviation 1 in each, as D-GEX
        does it: no sample of one platform has a say in the other.
    """
    match = match_genes(second.columns, first.columns)
    first, second = first.iloc[:, match.reference_columns], second.iloc[:, match.columns]
    second = second.set_axis(first.columns, axis=1)
    normalizer = QuantileNormalizer().fit(first)
    onto = QuantileNormalizer(reference=normalizer.reference_, ties=ties)
    standardise = StandardScaler().set_output(transform="pandas")
    return tuple(
        standardise.fit_transform(step.set_output(transform="pandas").fit_transform(frame))
        for step, frame in ((normalizer, first), (onto, second))
    )


def one_pair(first, second, landmarks, quick):
    """Rows of scores, one for every panel.

    Parameters
    ----------
    first, second : DataFrame of shape (n_samples, n_genes)
        What to learn from and what to test on, in z units.
    landmarks : Series of str
        L1000's landmarks, by Ensembl id.
    quick : bool
        Train the autoencoder for few epochs.

    Yields
    ------
    dict
        Panel, number of its genes, scores across and within platforms.
    """
    known = [gene for gene in first.columns if gene in set(landmarks)]
    size = len(known)
    autoencoder = GeneAutoEncoder(max_iter=3 if quick else 100)
    selectors = {
        "autoencoder + DeepLIFT": AutoEncoderDeepLIFTSelector(
            size, strategy="importance", autoencoder=autoencoder, random_state=0
        ),
        "peel-off": PeelOffSelector(size, random_state=0),
    }
    rng = np.random.default_rng(0)
    panels = {
        "L1000 / D-GEX landmarks": known,
        **{
            name: selector.fit(first).get_feature_names_out()
            for name, selector in selectors.items()
        },
        "random genes": rng.choice(first.columns, size, replace=False),
    }
    ridge = RidgeCV(np.logspace(0, 5, 11))
    across = compare_panels(panels, first, ridge, X_test=second).summary()
    within = compare_panels(panels, second, ridge, random_state=0)
    n_genes, within = len(within.mae), within.summary()
    for panel in panels:
        yield {
            "panel": panel,
            "size": size,
            "n_genes": n_genes,
            **{name: across.loc[panel, column] for name, column in SCORES.items()},
            **{f"{name}_itself": within.loc[panel, column] for name, column in SCORES.items()},
        }


def _main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", nargs="?", default=os.environ.get("SKGENES_DATA"))
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--ties", default="average", choices=["average", "dense"])
    arguments = parser.parse_args()
    if arguments.data is None:
        parser.error("give the folder of the data, or set SKGENES_DATA")
    table = compare(Path(arguments.data), arguments.quick, arguments.ties)
    print(
        "\nAll genes in z units of their platform; `_itself`: trained on 70 % of it, tested on 30 %"
    )
    print(table.round(3).to_string(index=False))


if __name__ == "__main__":
    _main()
