"""
Why are two genes co-expressed?
===============================

A model can lose regulators by the thousand. Removals that make the predicted profiles of two genes
less alike name what may drive their co-expression; the measured expression of these regulators
then says whether they could.

Where ``SKGENES_DATA`` names a folder with ``decode_genome`` (see benchmarks/README.md), the pair is
LAPTM5 and CD53, two genes of blood cells, with substitutes for the paper's inputs; else genes are
made up.
"""

# %%
# Genes with the sites on their promoters and RNAs, and their expression. The model learns from all
# genes but the pair.
import os
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.sparse as sp

from skgenes.datasets import make_regulated_genes
from skgenes.feature_extraction import RegulatoryTracks, Track, regulatory_tracks
from skgenes.inspection import coexpression
from skgenes.neural_network import DEcodeRegressor
from skgenes.preprocessing import FoldChangeTransformer

small = os.environ.get("SKGENES_EXAMPLES_SMALL") == "1"
folder = Path(os.environ.get("SKGENES_DATA", "")) / "decode_genome"
real = folder.exists()


def real_genes():
    """RNA-binding proteins by eCLIP, transcription factors by ChIP-seq, 36 tissues."""
    index = np.load(folder / "built_index_targets.npz")
    peaks = sp.load_npz(folder / "built_promoter_gene_x_tf.npz")
    chip = np.char.startswith(index["promoter_features"], "chip_")
    factors = [name.removeprefix("chip_") for name in index["promoter_features"][chip]]
    # One bin for each promoter, 1 where a factor binds; its mask is 1 everywhere.
    bins = sp.hstack([np.ones((peaks.shape[0], 1)), peaks[:, chip]], format="csr")
    rna = sp.load_npz(folder / "built_rna_positions_x_feature.npz")
    tracks = RegulatoryTracks(
        index["gene"].tolist(),
        promoter=Track(bins, np.arange(len(index["gene"]) + 1), ["promoter", *factors]),
        rna=Track(rna, index["rna_offset"], index["rna_features"].tolist()),
    )
    logs = index["fold_change"] + index["median_log2tpm"][:, np.newaxis]
    expression = pd.DataFrame(logs, index["gene"], index["tissues"])
    # Regulators are known by symbol.
    of_symbols = expression.set_axis(index["symbol"]).groupby(level=0).first()
    symbols = dict(zip(index["symbol"], index["gene"], strict=True))
    return tracks, expression, of_symbols, (symbols["LAPTM5"], symbols["CD53"])


def made_up_genes():
    """Genes of two parts, and the two that share most of what was planted."""
    made = make_regulated_genes(900 if small else 3000, 12, random_state=0)
    tracks, _ = regulatory_tracks(made.annotation, promoter=made.promoter_sites, rna=made.rna_sites)
    # What a regulator does in a tissue stands in for its expression there.
    regulators = made.effects.drop(columns="all")
    bound = pd.concat(
        [
            pd.DataFrame(track.fold_sums(0)[0].toarray() > 0, tracks.genes, track.regulators)
            for track in tracks.parts.values()
        ],
        axis=1,
    )[regulators.index]
    shared = (bound * regulators.var(axis=1)) @ bound.T
    above = np.triu(shared.to_numpy(), k=1)
    pair = tracks.genes[list(np.unravel_index(above.argmax(), above.shape))]
    varying = regulators[regulators.var(axis=1) > 0]
    return tracks, np.log2(made.expression), varying, tuple(pair)


tracks, expression, regulators, pair = real_genes() if real else made_up_genes()
print(tracks)
observed = coexpression(expression, [pair]).iloc[0]
print(f"{pair[0]} and {pair[1]}: measured correlation over tissues {observed:.2f}")

# %%
train = ~np.isin(tracks.genes, pair)
to_targets = FoldChangeTransformer(input_scale="log2").set_output(transform="pandas")
targets = to_targets.fit(expression[train]).transform(expression)
model = DEcodeRegressor(
    log_counts=True,
    combine="mean",
    n_init=2 if small else 10,
    batch_size=128 if real else 32,
    random_state=0,
)
model.fit(tracks[train], targets[train])
predicted = pd.DataFrame(model.predict(tracks[~train]), tracks.genes[~train]).iloc[:, :-1]
print(f"predicted {coexpression(predicted, [pair]).iloc[0]:.2f}, by a model that knows neither")

# %%
# Ten thousand times, every regulator is removed from both with probability 1/2. Removal of a
# driver lowers the correlation of what is predicted.
from skgenes.inspection import VolcanoDisplay, in_silico_knockout

knockout = in_silico_knockout(
    model, tracks, *pair, n_draws=2000 if small else 10_000, random_state=0
)
drivers = knockout.positive_drivers()
print(f"\n{len(drivers)} drivers of {len(knockout.drivers)} regulators:")
print(drivers.head(8)[["part", "regulator", "coefficient", "se", "p_adjusted"]].to_string())
display = VolcanoDisplay.from_table(
    knockout.drivers,
    effect="coefficient",
    names="regulator",
    effect_name="change of the correlation on removal",
)
display.figure_.savefig("knockout.png", dpi=150)

# %%
# Could they? If the expression of the strongest drivers is what makes the two rise and fall
# together, less correlation is left without it than without as many other regulators that bind. A
# p-value above .05 means that measured expression does not say so.
from skgenes.inspection import mediation_test

bound = knockout.drivers["regulator"].unique()
strongest = drivers.sort_values("coefficient")["regulator"].unique()[:3]
measured = pd.concat([expression.loc[list(pair)], regulators.drop(index=pair, errors="ignore")]).T
known = [name for name in bound if name in measured]
test = mediation_test(
    measured, *pair, [name for name in strongest if name in known], known, random_state=0
)
print(f"\nwithout the expression of {', '.join(test.drivers)}:")
print(f"squared correlation {test.r2_before:.2f} -> {test.r2_after:.2f}, p = {test.p_value:.3f}")
print("substitute inputs" if real else "made-up genes")

# %%
# Regulator by regulator, for one gene: what would change, and in which tissue?
from skgenes.inspection import knockout_effects

effects = knockout_effects(model, tracks, genes=pair[0])
print(effects.head().round(3).T.head().to_string())
