"""DEcode on real genes: does it beat ridge regression on held-out chromosome 1?

``python -m benchmarks.decode_genome DATA_DIR`` prints a table; DATA_DIR, or the environment
variable SKGENES_DATA, is a folder with decode_genome/ and decode_toy/ inside. The inputs are
substitutes for the paper's, which cannot be had: eCLIP sites, and ChIP-seq and literature targets,
for those of POSTAR2 and GTRD. Figures are Spearman correlations over test genes: of the median
expression, and the mean over tissues of those of fold changes.

Scales, penalties and best epochs come from training and validation genes; test genes choose
nothing.
"""

import argparse
import os
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.sparse as sp
from sklearn.linear_model import Ridge
from sklearn.neural_network import MLPRegressor
from sklearn.preprocessing import StandardScaler

from benchmarks._measure import record
from skgenes.feature_extraction import (
    RegulatorFilter,
    RegulatorScaler,
    RegulatoryTracks,
    Track,
)
from skgenes.inspection import feature_class_ablation, multi_task_comparison
from skgenes.metrics import per_output_spearman
from skgenes.neural_network import DEcodeRegressor
from skgenes.preprocessing import FoldChangeTransformer

SUBSTITUTE = "substitute inputs, not the paper's"
PUBLISHED = {"n_init": 10}
# Chosen on validation genes. Sums of bases are taken as they are, not divided by their maxima.
BEST = {"n_init": 10, "log_counts": True, "combine": "mean"}
ALPHAS = (300, 1000, 3000, 5000, 10_000, 20_000, 40_000)
# As many as the runs of DEcode: a mean of predictions is better than one.
N_MLPS = 10
SCORES = ("median", "fold changes")


@dataclass(frozen=True)
class Genes:
    """Genes with their inputs and targets.

    Parameters
    ----------
    name : str
        For the report.
    X : RegulatoryTracks
        Inputs, in bases bound.
    y : DataFrame of shape (n_genes, n_tissues + 1)
        Scaled fold changes, and the scaled median last.
    validation, test : ndarray of bool of shape (n_genes,)
        Genes to choose by, and genes to score on; all others train.
    """

    name: str
    X: RegulatoryTracks
    y: pd.DataFrame
    validation: np.ndarray
    test: np.ndarray

    @property
    def fitted(self):
        """What `fit` takes: X and y of training and validation genes, and which of them validate.

        Returns
        -------
        tuple of RegulatoryTracks, DataFrame and ndarray of bool
            Without the test genes.
        """
        rows = ~self.test
        return self.X[rows], self.y[rows], self.validation[rows]


def run(quick=False):
    """Compare the models on the data under SKGENES_DATA.

    Parameters
    ----------
    quick : bool, default=False
        One run of three epochs: shows that it runs, not how good the models are.

    Returns
    -------
    list of dict
        Records with the keys name, value, unit, goal and note.
    """
    table = compare(Path(os.environ["SKGENES_DATA"]), quick)
    return [
        record(
            f"{row.genes}, {row.model}: Spearman of {score}",
            row[f"test {score}"],
            "",
            None,
            f"{SUBSTITUTE}; validation genes {row[f'validation {score}']:.3f}",
        )
        for _, row in table.iterrows()
        for score in SCORES
    ]


def compare(folder, quick=False):
    """Fit every model to every set of genes.

    Parameters
    ----------
    folder : Path
        Holds decode_genome/ and decode_toy/.
    quick : bool, default=False
        Train networks for three epochs, once.

    Returns
    -------
    DataFrame
        A row for every set and model.
    """
    rows = []
    for genes in all_genes(folder):
        start = time.process_time()
        for model, predicted in _predictions(genes, quick):
            seconds, start = time.process_time() - start, time.process_time()
            scores = _scores(genes, predicted)
            rows.append({"genes": genes.name, "model": model, **scores, "CPU s": seconds})
            shown = ", ".join(f"{name} {value:.3f}" for name, value in scores.items())
            print(f"{genes.name}, {model}: {shown}, {seconds:.0f} CPU s", flush=True)
    return pd.DataFrame(rows)


def all_genes(folder):
    """Read the three sets.

    Parameters
    ----------
    folder : Path
        Holds decode_genome/ and decode_toy/.

    Returns
    -------
    list of Genes
        The genome with RNA and ChIP-seq, the genome with all promoter features, the toy.
    """
    return [*genome_sets(folder / "decode_genome"), _read_toy(folder / "decode_toy")]


def genome_sets(folder):
    """Read the genes of the genome, with fewer and with all promoter features.

    Parameters
    ----------
    folder : Path
        Such as decode_genome.

    Returns
    -------
    list of Genes
        The same genes, in the order of the files: with RNA and ChIP-seq, with all features.
    """
    genome = _read_genome(folder)
    chip = [name for name in genome.X.promoter.regulators[1:] if name.startswith("chip_")]
    fewer = Genes(
        "genome, RNA + ChIP",
        genome.X.select(chip, part="promoter"),
        genome.y,
        genome.validation,
        genome.test,
    )
    return [fewer, genome]


def _read_genome(folder):
    with np.load(folder / "built_index_targets.npz", allow_pickle=False) as data:
        content = {name: data[name] for name in data}
    bound = sp.load_npz(folder / "built_promoter_gene_x_tf.npz")
    n_genes = bound.shape[0]
    promoter = Track(
        sp.hstack([np.ones((n_genes, 1)), bound]),
        np.arange(n_genes + 1),
        ["promoter", *content["promoter_features"].tolist()],
    )
    rna = Track(
        sp.load_npz(folder / "built_rna_positions_x_feature.npz"),
        content["rna_offset"],
        content["rna_features"].tolist(),
    )
    tracks = RegulatoryTracks(content["gene"].tolist(), promoter=promoter, rna=rna)
    log = content["median_log2tpm"][:, np.newaxis] + content["fold_change"]
    log = pd.DataFrame(log, tracks.genes, content["tissues"].tolist())
    test = content["split"] == "test"
    return _prepared("genome, all features", tracks, log, content["split"] != "train", test)


def _read_toy(folder):
    log = pd.read_csv(folder / "Transcriptome/expdata.txt.gz", sep="\t", index_col=0)
    split = {
        name: pd.read_csv(folder / f"Gene_splits/{name}.txt.gz", header=None)[0]
        for name in ("train", "validate", "test")
    }
    genes = pd.concat(split.values()).tolist()
    sources = "TargetScan", "built_eclip120"
    blocks = [_toy_part(folder, source, genes) for source in sources]
    # Both count bins of one RNA; a gene that only one of them has is as long as that one says.
    lengths = np.max([[block.shape[0] for block in part] for part in blocks], axis=0)
    stacked = [
        sp.vstack([_extended(block, length) for block, length in zip(part, lengths, strict=True)])
        for part in blocks
    ]
    names = [
        f"{source} {i}"
        for source, part in zip(sources, stacked, strict=True)
        for i in range(part.shape[1])
    ]
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    tracks = RegulatoryTracks(genes, rna=Track(sp.hstack(stacked), offsets, names))
    validation, test = (np.isin(genes, split[name]) for name in ("validate", "test"))
    return _prepared("toy, TargetScan + eCLIP", tracks, log.loc[genes], validation, test)


def _toy_part(folder, name, genes):
    """Bins of each gene; none where the set lacks it."""
    bins = sp.csr_array(sp.load_npz(folder / f"{name}_positions_by_feature.npz"))
    with np.load(folder / f"{name}_index.npz", allow_pickle=False) as data:
        offsets = data["offset"]
        position = {gene: i for i, gene in enumerate(data["gene"].tolist())}
    places = [position.get(gene) for gene in genes]
    return [bins[:0] if i is None else bins[offsets[i] : offsets[i + 1]] for i in places]


def _extended(block, n_bins):
    return sp.csr_array(
        (block.data, block.indices, np.pad(block.indptr, (0, n_bins - block.shape[0]), "edge")),
        (n_bins, block.shape[1]),
    )


def _prepared(name, tracks, log, held_out, test):
    """Scale the targets by training genes, and drop regulators that bind too few of them."""
    train = ~(held_out | test)
    scaler = FoldChangeTransformer(input_scale="log2").set_output(transform="pandas")
    y = scaler.fit(log[train]).transform(log)
    X = RegulatorFilter().fit(tracks[train]).transform(tracks)
    return Genes(name, X, y, held_out & ~test, test)


def _predictions(genes, quick):
    """Yield names of models, and their predictions for all genes."""
    short = {"n_init": 1, "max_iter": 3} if quick else {}
    yield "ridge on log sums", ridge(genes, lambda y, predicted: np.mean(_both(y, predicted)))
    mlps = [_mlp(genes, 0, quick)]
    yield "plain MLP on log sums", mlps[0]
    mlps += [_mlp(genes, seed, quick) for seed in range(1, 2 if quick else N_MLPS)]
    yield f"mean of {len(mlps)} plain MLPs", np.mean(mlps, axis=0)
    yield "DEcode, as published", _decode(genes, scaled=True, **PUBLISHED | short)
    yield "DEcode, best setting", _decode(genes, scaled=False, **BEST | short)


def ridge(genes, judge, alphas=ALPHAS):
    """Ridge regression on log sums of bases, its penalty chosen on validation genes.

    Parameters
    ----------
    genes : Genes
        Genes.
    judge : callable
        Takes y and predictions of validation genes, returns a number; the greatest is best.
    alphas : sequence of float, default=ALPHAS
        Penalties to choose from.

    Returns
    -------
    ndarray of shape (n_genes, n_outputs)
        Predictions for all genes.
    """
    Z, y = _log_sums(genes), genes.y.to_numpy()
    train = ~(genes.validation | genes.test)
    predictions = [Ridge(alpha).fit(Z[train], y[train]).predict(Z) for alpha in alphas]
    judged = [judge(y[genes.validation], predicted[genes.validation]) for predicted in predictions]
    return predictions[int(np.argmax(judged))]


def _mlp(genes, seed, quick):
    """Two layers of 160 ReLU; the epoch with the least error of validation genes is kept."""
    Z, y = np.float32(_log_sums(genes)), np.float32(genes.y)
    train = ~(genes.validation | genes.test)
    model = MLPRegressor(hidden_layer_sizes=(160, 160), batch_size=128, random_state=seed)
    least, waited = np.inf, 0
    for _ in range(3 if quick else 100):
        model.partial_fit(Z[train], y[train])
        error = np.square(model.predict(Z[genes.validation]) - y[genes.validation]).mean()
        waited += 1
        if error < least:
            least, waited, kept = error, 0, model.predict(Z)
        if waited >= 10:
            break
    return kept


def _log_sums(genes):
    sums = [track.fold_sums(0)[0] for track in genes.X.parts.values()]
    logs = np.log1p(sp.hstack(sums, format="csr")).toarray()
    return StandardScaler().fit(logs[~(genes.validation | genes.test)]).transform(logs)


def _decode(genes, *, scaled, **parameters):
    model = DEcodeRegressor(random_state=0, **parameters)
    X, y, validation = genes.fitted
    scaler = RegulatorScaler().fit(X[~validation]) if scaled else None
    model.fit(scaler.transform(X) if scaled else X, y, validation=validation)
    return model.predict(scaler.transform(genes.X) if scaled else genes.X)


def _scores(genes, predicted):
    return {
        f"{which} {score}": value
        for which, rows in (("validation", genes.validation), ("test", genes.test))
        for score, value in zip(
            SCORES, _both(genes.y.to_numpy()[rows], predicted[rows]), strict=True
        )
    }


def _both(y, predicted):
    """Spearman of the median, and mean Spearman of the fold changes."""
    *fold_changes, median = per_output_spearman(y, predicted)
    return median, np.mean(fold_changes)


def ablations(folder, quick=False):
    """Feature-class ablation and multi-task comparison of the best setting, on all features.

    Parameters
    ----------
    folder : Path
        Holds decode_genome/ and decode_toy/.
    quick : bool, default=False
        Train networks for three epochs.

    Returns
    -------
    DataFrame
        Scores on test genes, a row for every way of training.
    """
    genes = all_genes(folder)[1]
    X, y, validation = genes.fitted
    model = DEcodeRegressor(
        random_state=0, **BEST | {"n_init": 1 if quick else 3} | ({"max_iter": 3} if quick else {})
    )
    data = X, y, genes.X[genes.test], genes.y[genes.test]
    params = {"validation": validation}
    shuffled = feature_class_ablation(model, *data, params=params, random_state=0)
    outputs = [*y.columns[:5], y.columns[-1]]
    tasks = multi_task_comparison(model, *data, outputs=outputs, params=params)
    shuffled.index = [f"permuted: {way}" for way, _ in shuffled.index]
    tasks.index = [f"{way}, {len(outputs) - 1} tissues and the median" for way in tasks.index]
    both = pd.concat([shuffled, tasks])
    return pd.DataFrame(
        {
            f"test {SCORES[0]}": both.iloc[:, -1],
            f"test {SCORES[1]}": both.iloc[:, :-1].mean(axis=1),
        }
    )


def _main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", nargs="?", default=os.environ.get("SKGENES_DATA"))
    parser.add_argument("--ablation", action="store_true", help="permuted inputs, single outputs")
    parser.add_argument("--quick", action="store_true", help="one run of three epochs")
    arguments = parser.parse_args()
    if arguments.data is None:
        parser.error("give the folder of the data, or set SKGENES_DATA")
    table = (ablations if arguments.ablation else compare)(Path(arguments.data), arguments.quick)
    print(f"\nSpearman correlations; {SUBSTITUTE}\n")
    print(table.round(3).to_string(index=arguments.ablation))


if __name__ == "__main__":
    _main()
