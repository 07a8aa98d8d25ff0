"""Is a rare type of cell or sample left behind by a panel, and does weighing the groups help?

``python -m benchmarks.panel_groups DATA_DIR`` has `GreedyPanelSelector` choose from training
samples: all alike, each group weighing the same (``groups=``), and with more weight for the groups
whose genes were inferred worst, in four rounds. One ridge regression infers all genes of held-out
samples. Four stratified splits; groups of fewer than six samples are left out; the 1,000 most
variable genes. DATA_DIR, or the environment variable SKGENES_DATA, has bulk/ and singlecell/.
"""

import argparse
import os
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedShuffleSplit

from benchmarks._measure import record
from benchmarks.panels._sets import READERS, TEST_SIZE
from skgenes.feature_selection import GreedyPanelSelector
from skgenes.feature_selection._gene_sums import GeneSums, correlation
from skgenes.feature_selection._group_weights import effective_size, group_weights
from skgenes.feature_selection._ranked_panel import ranked_panel
from skgenes.feature_selection._smoothed_genes import automatic_penalty, shared_target
from skgenes.linear_model import PanelRidge

SETS = ("pbmc68k", "microarrays", "RNA mixtures", "cells, CEL-seq2")
SIZES, GENES, N_SPLITS, LEAST, N_ROUNDS = (25, 50), 1000, 4, 6, 4


def run(quick=False):
    """Judge panels by their groups, on the data under SKGENES_DATA.

    Parameters
    ----------
    quick : bool, default=False
        One split of one set.

    Returns
    -------
    list of dict
        Records with the keys name, value, unit, goal and note.
    """
    some = {"sets": ["pbmc68k"], "n_splits": 1} if quick else {}
    table = compare(Path(os.environ["SKGENES_DATA"]), **some)
    return [
        record(f"groups {how}: {score}", value, "", None, f"{size} genes, {name}")
        for (name, size, how), row in table.iterrows()
        for score, value in row.items()
    ]


def compare(folder, sets=SETS, n_splits=N_SPLITS):
    """Judge the three on held-out samples.

    Parameters
    ----------
    folder : Path
        Folder of the data.
    sets : sequence of str
        Names of sets.
    n_splits : int
        Number of splits.

    Returns
    -------
    DataFrame
        A row for each set, size and way of weighing: the variance explained of all genes, and the
        squared error per gene, in variances of the training samples, of the mean and of the worst
        group.
    """
    rows = []
    for name in sets:
        for train, test, groups, held_out in _splits(name, folder, n_splits):
            for size in SIZES:
                for how, panel in _panels(train, groups, size).items():
                    rows.append({"set": name, "size": size, "groups": how})
                    rows[-1] |= _scores(train, test, held_out, panel)
    keys = ["set", "size", "groups"]
    return pd.DataFrame(rows).groupby(keys, sort=False).mean()


def _splits(name, folder, n_splits):
    data = READERS[name](folder)
    labels, codes, counts = np.unique(data.labels, return_inverse=True, return_counts=True)
    rows = np.flatnonzero(counts[codes] >= LEAST)
    split = StratifiedShuffleSplit(n_splits, test_size=TEST_SIZE, random_state=0)
    for train, test in split.split(rows, codes[rows]):
        train, test = rows[train], rows[test]
        values = data.expression(train)
        variances = values[train].var(axis=0)
        kept = np.argsort(-variances, kind="stable")[:GENES]
        kept = kept[variances[kept] > 1e-12]
        mean, sd = values[train][:, kept].mean(axis=0), values[train][:, kept].std(axis=0)
        z = (values[:, kept] - mean) / sd
        yield z[train], z[test], labels[codes[train]], labels[codes[test]]


def _panels(z, groups, size):
    selector = GreedyPanelSelector(size)
    return {
        "none": selector.fit(z).support_,
        "weigh the same": selector.fit(z, groups=groups).support_,
        "worst weigh most": _for_the_worst(z, groups, size),
    }


def _for_the_worst(z, groups, size):
    weights = group_weights(groups, len(z))
    for _ in range(N_ROUNDS):
        panel = _weighted_panel(z, weights, size)
        errors = _errors(z, z, groups, panel)
        weights = weights * errors.loc[groups].to_numpy() / errors.mean()
        weights /= weights.mean()
    return panel


def _weighted_panel(z, weights, size):
    gram = correlation(GeneSums(z.shape[1]).update(z, weights))
    n_samples = effective_size(weights)
    penalty = automatic_penalty(gram, n_samples)
    cross, none = shared_target(gram, penalty, n_samples), np.zeros(len(gram), dtype=bool)
    return ranked_panel(gram, cross, penalty, size, np.flatnonzero(none), none)[0] <= size


def _errors(train, test, groups, panel):
    errors = (test - PanelRidge().fit(train[:, panel], train).predict(test[:, panel])) ** 2
    errors[:, panel] = 0
    return pd.Series(errors.mean(axis=1)).groupby(np.asarray(groups)).mean()


def _scores(train, test, groups, panel):
    errors = _errors(train, test, groups, panel)
    counts = pd.Series(groups).value_counts()
    total = ((test - test.mean(axis=0)) ** 2).mean()
    explained = 1 - (errors * counts).sum() / counts.sum() / total
    return {"R2_all": explained, "mean group": errors.mean(), "worst group": errors.max()}


def _main():
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.panel_groups",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    default = os.environ.get("SKGENES_DATA")
    parser.add_argument("data", nargs="?", default=default, help="folder of the data")
    arguments = parser.parse_args()
    if arguments.data is None:
        parser.error("give the folder of the data, or set SKGENES_DATA")
    print(compare(Path(arguments.data)).round(4).to_string())


if __name__ == "__main__":
    _main()
