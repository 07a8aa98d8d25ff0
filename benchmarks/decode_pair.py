"""Why are LAPTM5 and CD53 co-expressed? DEcode's in-silico knock-outs on real genes.

``python -m benchmarks.decode_pair DATA_DIR`` prints a report; DATA_DIR, or the environment variable
SKGENES_DATA, is a folder with decode_genome/ inside. Binding sites there are substitutes for the
paper's: eCLIP along RNAs, ChIP-seq peaks at promoters. Models learn from all chromosomes but the
first, on which both genes lie. Three of them differ in their seed alone: what they do not agree on
is chance. No regulator is picked by what is known of it.
"""

import argparse
import os
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.sparse as sp

from benchmarks._measure import record
from skgenes.feature_extraction import RegulatoryTracks, Track
from skgenes.inspection import (
    CoexpressionDrivers,
    binding_site_disruption,
    coexpression,
    coexpression_agreement,
    in_silico_knockout,
    mediation_test,
)
from skgenes.neural_network import DEcodeRegressor
from skgenes.preprocessing import FoldChangeTransformer

SYMBOLS = "LAPTM5", "CD53"
SEEDS = (0, 1, 2)
N_TOP = 10
SET_SIZES = (5, 10)  # largest drivers regressed out, beside all that are significant
N_GENES_AGREEMENT = 1000
UNITS = ["part", "regulator"]
NOTE = "substitute inputs"


@dataclass(frozen=True)
class Genome:
    """Genes with their binding sites and expression.

    Parameters
    ----------
    tracks : RegulatoryTracks
        Genes by Ensembl id.
    expression : DataFrame of shape (n_genes, n_tissues)
        log2(TPM + 0.25).
    symbols : ndarray of str of shape (n_genes,)
        Names that regulators have too.
    split : ndarray of str of shape (n_genes,)
        "train", "validate" or "test", the last for chromosome 1.
    """

    tracks: RegulatoryTracks
    expression: pd.DataFrame
    symbols: np.ndarray
    split: np.ndarray

    @property
    def pair(self):
        """Ensembl ids of the two genes."""
        return [self.tracks.genes[self.symbols == symbol][0] for symbol in SYMBOLS]

    def of_regulators(self):
        """Expression over tissues (rows) of both genes, and of all others by symbol."""
        others = self.expression.set_axis(self.symbols).groupby(level=0).first()
        pair = self.expression.loc[self.pair]
        return pd.concat([pair, others.drop(index=list(SYMBOLS))]).T


@dataclass(frozen=True)
class Study:
    """What came out for one seed.

    Parameters
    ----------
    seed : int
        Of the model.
    knockout, disruption : CoexpressionDrivers
        Of regulators, and of bins of the RNAs.
    mediation : dict of str to MediationResult
        By the measured expression of the largest drivers, as many as `SET_SIZES` says, and of all
        significant ones unless there are too few tissues for them.
    agreement : float
        Spearman's correlation of predicted and measured co-expression, genes held out.
    """

    seed: int
    knockout: CoexpressionDrivers
    disruption: CoexpressionDrivers
    mediation: dict
    agreement: float

    @property
    def drivers(self):
        """Significant drivers of co-expression, the largest effect first."""
        return self.knockout.positive_drivers().sort_values("coefficient", kind="stable")

    @property
    def top(self):
        """The first of them, as pairs of part and regulator."""
        return set(self.drivers[UNITS].head(N_TOP).itertuples(index=False, name=None))


def run(quick=False):
    """Explain the pair on the data under SKGENES_DATA.

    Parameters
    ----------
    quick : bool, default=False
        One network of three epochs and two seeds: shows that it runs.

    Returns
    -------
    list of dict
        Records with the keys name, value, unit, goal and note.
    """
    genome = read_genome(Path(os.environ["SKGENES_DATA"]) / "decode_genome")
    studies = study_all(genome, quick)
    print(report(genome, studies), flush=True)
    predicted = [study.knockout.observed_correlation for study in studies]
    agreement = [study.agreement for study in studies]
    overlaps = [len(a.top & b.top) for a, b in combinations(studies, 2)]
    labels = dict.fromkeys(label for study in studies for label in study.mediation)
    pair = " and ".join(SYMBOLS)
    return [
        record(
            f"{pair}, measured correlation", _measured(genome), "", None, f"over tissues; {NOTE}"
        ),
        record(f"{pair}, predicted", np.mean(predicted), "", None, _each(predicted)),
        record(
            f"{pair}, top {N_TOP} drivers that two seeds share",
            np.mean(overlaps),
            "",
            None,
            _each(overlaps),
        ),
        *(_mediation_record(pair, label, studies) for label in labels),
        record(
            "predicted against measured co-expression, chromosome 1",
            np.mean(agreement),
            "Spearman",
            None,
            _each(agreement),
        ),
    ]


def read_genome(folder):
    """Read genes, sites and expression.

    Parameters
    ----------
    folder : Path
        Such as decode_genome.

    Returns
    -------
    Genome
        RNA features, and those promoter features that are ChIP-seq peaks.
    """
    index = np.load(folder / "built_index_targets.npz")
    peaks = sp.load_npz(folder / "built_promoter_gene_x_tf.npz")
    chip = np.char.startswith(index["promoter_features"], "chip_")
    factors = np.char.replace(index["promoter_features"][chip], "chip_", "").tolist()
    genes = index["gene"].tolist()
    # One bin for each promoter, whose mask is 1 everywhere.
    bins = sp.hstack([np.ones((len(genes), 1)), peaks[:, chip]], format="csr")
    rna = sp.load_npz(folder / "built_rna_positions_x_feature.npz")
    tracks = RegulatoryTracks(
        genes,
        promoter=Track(bins, np.arange(len(genes) + 1), ["promoter", *factors]),
        rna=Track(rna, index["rna_offset"], index["rna_features"].tolist()),
    )
    logs = index["fold_change"] + index["median_log2tpm"][:, np.newaxis]
    expression = pd.DataFrame(logs, tracks.genes, index["tissues"])
    return Genome(tracks, expression, index["symbol"], index["split"])


def study_all(genome, quick):
    """Train a model for each seed, and explain the pair by it.

    Parameters
    ----------
    genome : Genome
        Genes.
    quick : bool
        Whether to train hardly.

    Returns
    -------
    list of Study
        One for each seed.
    """
    held_out = genome.split == "test"
    if not held_out[np.isin(genome.tracks.genes, genome.pair)].all():
        raise ValueError(f"{SYMBOLS} are not both among the genes held out.")
    to_targets = FoldChangeTransformer(input_scale="log2").set_output(transform="pandas")
    targets = to_targets.fit(genome.expression[~held_out]).transform(genome.expression)
    training = {"n_init": 1, "max_iter": 3} if quick else {"n_init": 10}
    studies = []
    for seed in SEEDS[:2] if quick else SEEDS:
        model = DEcodeRegressor(log_counts=True, combine="mean", **training, random_state=seed)
        validation = genome.split[~held_out] == "validate"
        model.fit(genome.tracks[~held_out], targets[~held_out], validation=validation)
        predicted = pd.DataFrame(
            model.predict(genome.tracks[held_out])[:, :-1], genome.tracks.genes[held_out]
        )
        studies.append(study_pair(model, genome, seed, predicted))
        print(f"decode_pair: seed {seed} done", flush=True)
    return studies


def study_pair(model, genome, seed, predicted):
    """Explain the pair by one model.

    Parameters
    ----------
    model : DEcodeRegressor
        Trained without the pair.
    genome : Genome
        Genes.
    seed : int
        Of the model.
    predicted : DataFrame of shape (n_held_out, n_tissues)
        Predicted fold changes of genes held out.

    Returns
    -------
    Study
        What came out.
    """
    knockout = in_silico_knockout(model, genome.tracks, *genome.pair, random_state=0)
    disruption = binding_site_disruption(model, genome.tracks, *genome.pair, random_state=0)
    study = Study(seed, knockout, disruption, {}, _agreement(genome.expression, predicted))
    measured = genome.of_regulators()
    candidates = [name for name in knockout.drivers["regulator"].unique() if name in measured]
    names = [name for name in study.drivers["regulator"].unique() if name in candidates]
    sizes = {f"{size} largest": size for size in SET_SIZES} | {"all significant": len(names)}
    for label, size in sizes.items():
        if size + 3 <= len(measured):
            study.mediation[label] = mediation_test(
                measured, *genome.pair, names[:size], candidates, random_state=0
            )
    return study


def report(genome, studies):
    """Lay out all of it.

    Parameters
    ----------
    genome : Genome
        Genes.
    studies : list of Study
        One for each seed.

    Returns
    -------
    str
        Many lines.
    """
    lines = [f"{' and '.join(SYMBOLS)}; {NOTE}", f"measured correlation {_measured(genome):.3f}"]
    for study in studies:
        lines += ["", f"seed {study.seed}: {study.knockout!r}", *_driver_lines(study)]
        lines += [f"  {label}: {test!r}" for label, test in study.mediation.items()]
        lines += [f"  bins of RNAs: {study.disruption!r}", *_bin_lines(study.disruption, genome)]
        lines.append(
            f"  co-expression of {N_GENES_AGREEMENT} genes of chromosome 1, predicted against "
            f"measured: Spearman {study.agreement:.3f}"
        )
    lines += ["", f"Do seeds agree? {NOTE}"]
    for first, second in combinations(studies, 2):
        both = [study.knockout.drivers.set_index(UNITS)["coefficient"] for study in (first, second)]
        same = both[0].corr(both[1].reindex(both[0].index), method="spearman")
        lines.append(
            f"  {first.seed} and {second.seed}: {len(first.top & second.top)} of the top {N_TOP} "
            f"shared; Spearman of all {len(both[0])} coefficients {same:.3f}"
        )
    shared = set.intersection(*(study.top for study in studies))
    lines.append(f"  in all: {', '.join(sorted(name for _, name in shared)) or 'none'}")
    return "\n".join(lines)


def _driver_lines(study):
    columns = [*UNITS, "bound_a", "bound_b", "coefficient", "se", "p_adjusted"]
    table = study.drivers[columns].head(N_TOP)
    n_all, n_driven = len(study.knockout.drivers), len(study.drivers)
    header = f"  {n_driven} significant positive drivers of {n_all} regulators; {NOTE}"
    return [header, *(f"    {line}" for line in _text(table))]


def _bin_lines(disruption, genome):
    columns = ["gene", "start", "end", "n_regulators", "coefficient", "se", "p_adjusted"]
    table = disruption.positive_drivers().sort_values("coefficient").head(5)[columns]
    named = table.replace({"gene": dict(zip(genome.pair, SYMBOLS, strict=True))})
    return [f"    {line}" for line in _text(named)] if len(named) else ["    none significant"]


def _text(table):
    return table.to_string(index=False, float_format="{:.3g}".format).split("\n")


def _mediation_record(pair, label, studies):
    tests = [study.mediation[label] for study in studies if label in study.mediation]
    return record(
        f"{pair}, R² without drivers, {label}",
        np.mean([test.r2_after for test in tests]),
        "",
        None,
        f"before {tests[0].r2_before:.3f}; p of each: {_each([test.p_value for test in tests])}",
    )


def _measured(genome):
    return coexpression(genome.expression, [genome.pair]).iloc[0]


def _agreement(expression, predicted):
    """Over all pairs of some genes held out, whose expression varies."""
    measured = expression.loc[predicted.index]
    varies = np.flatnonzero(np.ptp(measured.to_numpy(), axis=1) > 0)
    chosen = np.sort(np.random.default_rng(0).choice(varies, N_GENES_AGREEMENT, replace=False))
    return coexpression_agreement(measured.iloc[chosen], predicted.iloc[chosen])


def _each(values):
    return ", ".join(f"{value:.3g}" for value in values) + f"; {NOTE}"


def _main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", nargs="?", default=os.environ.get("SKGENES_DATA"))
    parser.add_argument("--quick", action="store_true")
    arguments = parser.parse_args()
    if arguments.data is None:
        parser.error("give the folder of the data, or set SKGENES_DATA")
    genome = read_genome(Path(arguments.data) / "decode_genome")
    print(report(genome, study_all(genome, arguments.quick)))


if __name__ == "__main__":
    _main()
