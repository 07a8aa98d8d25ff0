"""
The landmark study, from probes to figures
==========================================

Kong et al. (2021) on arrays of your own: clean the probes, let an autoencoder choose landmarks,
compare them with L1000's way of choosing and with chance, and look at what the bottleneck knows.
"""

# %%
# Settings. The gallery runs with small ones; the defaults of the estimators are the papers'.
import os
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

import skgenes

small = os.environ.get("SKGENES_EXAMPLES_SMALL") == "1"
autoencoder = skgenes.neural_network.GeneAutoEncoder(max_iter=20 if small else 100, random_state=0)
ridge = RidgeCV(np.logspace(0, 5, 11))

# %%
# Probes. Where the environment variable SKGENES_DATA names a folder that has them, these are 240
# HG-U133A arrays of three pooled studies, with D-GEX's map from genes to probes. Without it, a
# made-up microarray stands in: latent programmes, redundant genes, doubtful probes, copies.
folder = Path(os.environ.get("SKGENES_DATA", ""))
arrays = folder / "bulk" / "hgu133a_pooled_mas5_240x22283.npz"


def real_arrays():
    """Intensities, the gene of every probe, the labels of the samples, L1000's landmarks."""
    with np.load(arrays, allow_pickle=False) as data:
        raw = pd.DataFrame(data["X"], index=data["samples"], columns=data["probes"])
        labels = data["label"]
    header = ["gene", "ensembl", "probe"]
    landmarks, targets = (
        pd.read_csv(folder / "landmarks" / f"dgex_map_{part}.txt", sep="\t", names=header)
        for part in ("lm", "tg")
    )
    probes = pd.concat([landmarks, targets])
    probes = probes.assign(probe=probes["probe"].str.split(",")).explode("probe")
    return raw, probes.set_index("probe")["gene"], labels, list(landmarks["gene"])


def made_up_arrays():
    """The same, of a compendium whose structure is known."""
    genes = skgenes.datasets.make_expression(160, 400, n_groups=4, random_state=0)
    probes = skgenes.datasets.make_probes(genes, random_state=0)
    return probes.to_df(), probes.var["gene"], probes.obs["group"].to_numpy(), None


raw, gene_of_probe, labels, published = real_arrays() if arrays.is_file() else made_up_arrays()
print(f"{raw.shape[0]} samples x {raw.shape[1]} probes")

# %%
# Logarithms, near-duplicate samples out, and a third of the rest put aside. Quantiles and probes
# are learned from the training samples alone.
from skgenes.preprocessing import (
    DuplicateSampleRemover,
    Log2Transformer,
    ProbeAggregator,
    QuantileNormalizer,
)

to_log2 = Log2Transformer(0, floor=1).set_output(transform="pandas")
remover = DuplicateSampleRemover()
probes, labels = remover.fit_resample(to_log2.fit_transform(raw), labels)
print(f"{len(raw) - len(probes)} near-duplicates removed")

train, test, labels_train, labels_test = train_test_split(
    probes, labels, test_size=0.3, random_state=0
)
to_genes = make_pipeline(
    QuantileNormalizer(), ProbeAggregator(gene_of_probe, unmapped="drop", ambiguous="drop")
).set_output(transform="pandas")
train, test = to_genes.fit_transform(train), to_genes.transform(test)
aggregator = to_genes[-1]
print(
    f"{train.shape[1]} genes; left out: {len(aggregator.unmapped_probes_)} probes without a gene, "
    f"{len(aggregator.ambiguous_probes_)} with several"
)

# %%
# The autoencoder, and the paper's three questions about it: how far off is a reconstructed gene,
# how well does it follow the measured one, and does it follow that one more than any other?
from skgenes.inspection import TrainingCurveDisplay
from skgenes.metrics import gene_permutation_test, per_gene_mean_absolute_error

autoencoder.fit(train)
measured, reconstructed = autoencoder.observed_and_inferred(test)
mae = per_gene_mean_absolute_error(measured, reconstructed)
result = gene_permutation_test(measured, reconstructed)
print(
    f"autoencoder on {len(test)} held-out samples: mean MAE {mae.mean():.3f} (log2), mean PCC "
    f"{np.nanmean(result.pcc):.3f}, {result.n_significant} of {train.shape[1]} genes pass"
)
TrainingCurveDisplay.from_estimator(autoencoder).figure_.savefig("training.png", dpi=150)

# %%
# The panels: genes ranked by DeepLIFT on that autoencoder's settings, as the paper does; a search
# for the genes that tell most of the others; L1000's peel-off; chance; and, where there is one,
# the published list.
from skgenes.feature_selection import (
    AutoEncoderDeepLIFTSelector,
    GreedyPanelSelector,
    PeelOffSelector,
)
from skgenes.io import panel_table, write_panel

size = 40 if published is None else 200 if small else len(published)
deeplift = AutoEncoderDeepLIFTSelector(
    size, strategy="importance", autoencoder=autoencoder, random_state=0
).fit(train)
write_panel(panel_table(deeplift, train), "landmarks.csv")
panels = {
    "autoencoder": deeplift.get_feature_names_out(),
    "greedy": GreedyPanelSelector(size),
    "peel-off": PeelOffSelector(size, random_state=0),
    "random": np.random.default_rng(0).choice(train.columns, size, replace=False),
}
if published is not None:
    panels["L1000"] = [gene for gene in published if gene in train.columns][:size]

# %%
# Every panel infers the held-out samples; only genes that are in none of them count.
from skgenes.inspection import GeneScoreDisplay, PanelScatterDisplay, compare_panels

comparison = compare_panels(panels, train, ridge, X_test=test)
print(comparison, end="\n\n")
print(comparison.summary().round(3).T.to_string(), end="\n\n")
print(comparison.pairwise().round(4).to_string(), end="\n\n")
print("genes shared:", comparison.overlap().to_string(), sep="\n")

# %%
import matplotlib.pyplot as plt

figure, axes = plt.subplots(1, 2, figsize=(10, 5), layout="constrained")
for panel in panels:
    scores = comparison.mae[panel], comparison.pcc[panel]
    GeneScoreDisplay(*scores, name=panel, unit="log2").plot(axes)
figure.savefig("scores.png", dpi=150)

# %%
# Gene by gene: which of two panels infers it better?
scatter = PanelScatterDisplay.from_comparison(comparison, "peel-off", "autoencoder", unit="log2")
scatter.figure_.savefig("winners.png", dpi=150)

# %%
# Does the bottleneck keep the biology? The tree of the samples by their bottleneck, beside what
# they are known to be, and the same agreement for plain expression.
from skgenes.inspection import SampleDendrogramDisplay, cluster_samples

samples, kinds = pd.concat([train, test]), np.concatenate([labels_train, labels_test])
by_bottleneck = cluster_samples(autoencoder.transform(samples), kinds)
by_expression = cluster_samples(samples, kinds)
for name, tree in {"bottleneck": by_bottleneck, "expression": by_expression}.items():
    print(
        f"{name}: adjusted Rand index {tree.adjusted_rand_score:.2f}, "
        f"silhouette of the known groups {tree.silhouette_labels:.2f}"
    )
figure, ax = plt.subplots(figsize=(10, 4), layout="constrained")
SampleDendrogramDisplay(by_bottleneck).plot(ax)
figure.savefig("samples.png", dpi=150)

# %%
# What are the landmarks about? Any GMT file will do, read by ``skgenes.io.read_gmt``; here the
# sets are the genes that stand out most in every kind of sample.
from skgenes.inspection import functional_spread, over_representation

z = (train - train.mean()) / train.std()
markers = {
    str(kind): list(z[labels_train == kind].mean().nlargest(size // 2).index)
    for kind in np.unique(labels_train)
}
landmarks = panels["autoencoder"]
print(over_representation(landmarks, markers, train.columns).drop(columns="genes").to_string())
print(functional_spread(landmarks, markers, train.columns, random_state=0).summary().to_string())
