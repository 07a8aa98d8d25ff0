"""Which genes are often differentially expressed? DEcode's transfer to the DE prior, real genes.

``python -m benchmarks.de_prior DATA_DIR`` prints a table; DATA_DIR, or the environment variable
SKGENES_DATA, is a folder with decode_genome/ and deprior/ inside. The DE prior ranks genes by how
many lists of differentially expressed genes name them; the target is the logit of the rank. A model
of tissues learns from all chromosomes but the first; its branches are kept and a new head learns
the prior. Inputs are substitutes for the paper's, as in `decode_genome`.

Figures are of genes of chromosome 1: Spearman's correlation, and the AUROC of the tenth of them
with the highest rank. Penalties and best epochs come from validation genes; test genes choose
nothing.
"""

import argparse
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import logit

from benchmarks._measure import record
from benchmarks.decode_genome import BEST, SUBSTITUTE, Genes, genome_sets, ridge
from skgenes.inspection import regulator_scores
from skgenes.metrics import per_output_auroc, per_output_spearman
from skgenes.neural_network import DEcodeRegressor

PUBLISHED = "the paper has Spearman .53 and AUROC .81; its inputs differ"
PRIOR = "DE prior"
# What the highest rank, 1, stands for on the scale of logits; the paper's.
LARGEST_LOGIT = 10.0
ALPHAS = (30, 100, 300, 1000, 3000, 10_000, 30_000, 100_000)
TRANSFER = "DEcode, tissue model fine-tuned"
RIDGE = "ridge on log sums"
SCORES = {"Spearman": per_output_spearman, "AUROC": per_output_auroc}
N_RESAMPLES = 1000
N_TOP = 10


@dataclass(frozen=True)
class Study:
    """What came out for one set of features.

    Parameters
    ----------
    genes : Genes
        Those that have a prior, which is their target.
    n_unmatched : int
        Genes without one, left out.
    table : DataFrame
        A row for every model.
    regulators : DataFrame of shape (n_top, 1)
        Scores of the regulators that matter most to the fine-tuned model, genes of chromosome 1.
    """

    genes: Genes
    n_unmatched: int
    table: pd.DataFrame
    regulators: pd.DataFrame


def run(quick=False):
    """Compare the models on the data under SKGENES_DATA.

    Parameters
    ----------
    quick : bool, default=False
        Networks of three epochs, one run: shows that it runs, not how good the models are.

    Returns
    -------
    list of dict
        Records with the keys name, value, unit, goal and note.
    """
    studies = study_all(Path(os.environ["SKGENES_DATA"]), quick=quick)
    print(report(studies), flush=True)
    return [
        record(
            f"{PRIOR}, {study.genes.name}, {model}: {score}",
            row[f"test {score}"],
            "",
            None,
            f"{SUBSTITUTE}; validation genes {row[f'validation {score}']:.3f}; {PUBLISHED}",
        )
        for study in studies
        for model, row in study.table.iterrows()
        for score in SCORES
    ]


def study_all(folder, n_runs=BEST["n_init"], quick=False):
    """Fit every model to every set of features.

    Parameters
    ----------
    folder : Path
        Holds decode_genome/ and deprior/.
    n_runs : int, default=10
        Networks whose predictions are averaged.
    quick : bool, default=False
        Train one network for three epochs.

    Returns
    -------
    list of Study
        With RNA and ChIP-seq, and with all promoter features.
    """
    prior = read_prior(folder / "deprior")
    symbols, expression = _read_index(folder / "decode_genome")
    training = BEST | ({"n_init": 1, "max_iter": 3} if quick else {"n_init": n_runs})
    studies = []
    for tissues in genome_sets(folder / "decode_genome"):
        known = np.isin(symbols, prior.index)
        genes = Genes(
            tissues.name,
            tissues.X[known],
            prior.loc[symbols[known]].set_axis(tissues.X.genes[known]),
            tissues.validation[known],
            tissues.test[known],
        )
        studies.append(_study(tissues, genes, expression[known], training))
    return studies


def read_prior(folder):
    """Read the DE prior.

    Parameters
    ----------
    folder : Path
        Such as deprior.

    Returns
    -------
    DataFrame of shape (n_genes, 1)
        Logits of ranks, by symbol.
    """
    prior = pd.read_csv(folder / "DE_Prior.txt.gz", sep="\t", index_col="Gene_Name")
    logits = logit(prior["DE_Prior_Rank"]).replace({np.inf: LARGEST_LOGIT, -np.inf: -LARGEST_LOGIT})
    return logits.to_frame(PRIOR)


def _read_index(folder):
    """Symbols, and mean log expression over tissues, of all genes."""
    with np.load(folder / "built_index_targets.npz", allow_pickle=False) as data:
        return data["symbol"], data["median_log2tpm"] + data["fold_change"].mean(axis=1)


def _study(tissues, genes, expression, training):
    """Compare the models on one set of features."""
    X, y, validation = tissues.fitted
    of_tissues = DEcodeRegressor(random_state=0, **training).fit(X, y, validation=validation)
    X, y, validation = genes.fitted
    tuned = of_tissues.fine_tune(X, y, validation=validation)
    scratch = DEcodeRegressor(random_state=0, **training).fit(X, y, validation=validation)
    predicted = {
        TRANSFER: tuned.predict(genes.X),
        "DEcode, from scratch": scratch.predict(genes.X),
        RIDGE: ridge(genes, lambda y, predicted: per_output_spearman(y, predicted)[0], ALPHAS),
        "predicted median expression": _directed(genes, of_tissues.predict(genes.X)[:, -1]),
        "measured mean expression": _directed(genes, expression),
    }
    columns = pd.DataFrame({name: np.ravel(values) for name, values in predicted.items()})
    scores = regulator_scores(tuned, genes.X[genes.test])
    n_unmatched = len(tissues.X.genes) - len(genes.X.genes)
    return Study(genes, n_unmatched, _scores(genes, columns), scores.top(N_TOP))


def _directed(genes, values):
    """Values, or their negatives where training genes say that these go with the prior."""
    train = ~(genes.validation | genes.test)
    return values * np.sign(per_output_spearman(genes.y[train], values[train, np.newaxis])[0])


def _scores(genes, predicted):
    """Scores of every column of predictions, validation genes first."""
    y = np.broadcast_to(genes.y.to_numpy(), predicted.shape)
    table = pd.DataFrame(index=predicted.columns)
    for which, rows in (("validation", genes.validation), ("test", genes.test)):
        for name, score in SCORES.items():
            table[f"{which} {name}"] = score(y[rows], predicted.to_numpy()[rows])
    return table.join(_less_ridge(y[genes.test], predicted[genes.test]))


def _less_ridge(y, predicted):
    """95 % interval of Spearman less that of ridge; test genes are drawn with replacement."""
    rng = np.random.default_rng(0)
    values = predicted.to_numpy()
    draws = rng.integers(len(y), size=(N_RESAMPLES, len(y)))
    rho = np.array([per_output_spearman(y[rows], values[rows]) for rows in draws])
    less = rho - rho[:, [predicted.columns.get_loc(RIDGE)]]
    low, high = np.quantile(less, [0.025, 0.975], axis=0)
    return pd.DataFrame({"less ridge, low": low, "high": high}, index=predicted.columns)


def report(studies):
    """Lay out all of it.

    Parameters
    ----------
    studies : list of Study
        One for each set of features.

    Returns
    -------
    str
        Many lines.
    """
    lines = [f"{PRIOR}, chromosome 1 held out; {SUBSTITUTE}; {PUBLISHED}"]
    for study in studies:
        genes = study.genes
        n_genes, n_test = len(genes.X.genes), genes.test.sum()
        lines += [
            "",
            f"{genes.name}; {SUBSTITUTE}",
            f"{n_genes:,} genes found in the prior by symbol; {study.n_unmatched:,} are not there",
            f"{n_test:,} test genes, {genes.validation.sum():,} validation genes",
            study.table.round(3).to_string(),
            f"regulators of the largest scores, mean over the {n_test:,} test genes; {SUBSTITUTE}",
            study.regulators.round(4).to_string(),
        ]
    return "\n".join(lines)


def _main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", nargs="?", default=os.environ.get("SKGENES_DATA"))
    parser.add_argument("--runs", type=int, default=BEST["n_init"], help="networks averaged")
    parser.add_argument("--quick", action="store_true", help="one network of three epochs")
    arguments = parser.parse_args()
    if arguments.data is None:
        parser.error("give the folder of the data, or set SKGENES_DATA")
    print(report(study_all(Path(arguments.data), arguments.runs, arguments.quick)))


if __name__ == "__main__":
    _main()
