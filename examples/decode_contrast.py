"""
Regulators of a contrast
========================

Two conditions in a scanpy analysis: which regulators explain the genes that change? A model of
tissues is trained first; the contrast gets a new head on its branches.

Everything is made up. In treated samples TF9 has no effect: what its sites add to the expression of
a gene is gone. The question is whether it is found.
"""

# %%
# Genes, what binds them, and a model of twelve tissues.
import os

import anndata as ad
import numpy as np
import pandas as pd
import scanpy as sc

import skgenes as sg

small = os.environ.get("SKGENES_EXAMPLES_SMALL") == "1"
made = sg.datasets.make_regulated_genes(600 if small else 3000, 12, random_state=0)
tracks, report = sg.feature_extraction.regulatory_tracks(
    made.annotation, promoter=made.promoter_sites, rna=made.rna_sites
)
tissues = sg.preprocessing.FoldChangeTransformer().fit_transform(made.expression)
model = sg.neural_network.DEcodeRegressor(
    log_counts=True, combine="mean", n_init=2 if small else 10, batch_size=32, random_state=0
)
model.fit(tracks, tissues, groups=report.genes["chrom"])

# %%
# Twelve treated samples and twelve controls, of the first tissue. TF9 raises expression there; in
# treated samples it no longer does.
rng = np.random.default_rng(0)
effect = made.effects.loc["TF9", ["tissue1", "all"]].sum()
bound = tracks.fold_sums("promoter", 0)[0].toarray()[:, tracks.promoter.regulators == "TF9"] > 0
condition = np.repeat(["treated", "control"], 12)
logs = np.log2(made.expression["tissue1"].to_numpy()) + 0.5 * rng.normal(size=(24, len(tracks)))
logs -= effect * np.outer(condition == "treated", bound)
samples = ad.AnnData(
    2.0**logs,
    obs=pd.DataFrame({"condition": pd.Categorical(condition)}, [f"sample{i}" for i in range(24)]),
    var=report.genes[["chrom"]],
)
sc.pp.log1p(samples)
print(f"TF9: {effect:.2f} log2 units on {bound.sum()} of {len(tracks)} genes, none when treated")

# %%
# The usual test for every gene.
sc.tl.rank_genes_groups(
    samples, "condition", groups=["treated"], reference="control", method="wilcoxon"
)
p_values = samples.uns["rank_genes_groups"]["pvals_adj"]["treated"]
print(f"{np.sum(p_values < 0.05)} genes change at a false discovery rate of 0.05")

# %%
# Its log fold changes are what is explained, two chromosomes at a time by a model of the others.
sg.tl.regulator_scores(samples, tracks, estimator=model, groups="chrom", cv=3)
record = samples.uns["regulator_scores"]
table = pd.DataFrame(record["scores"], record["regulators"], record["contrasts"])
print(f"Spearman out of fold {record['spearman'][0]:.2f}, {record['n_genes']} made-up genes")
print(table.sort_values("treated", key=np.abs, ascending=False).head().round(3).to_string())
ax = sg.pl.regulator_scores(samples)
ax.figure.savefig("regulators.png", dpi=150)

# %%
# Contributions are there for each gene. Those of TF9, where it binds and where it does not:
import matplotlib.pyplot as plt

contributions = samples.varm["regulator_scores"][:, list(record["regulators"]).index("TF9")]
changes = sc.get.rank_genes_groups_df(samples, "treated").set_index("names")["logfoldchanges"]
figure, ax = plt.subplots(figsize=(5, 4), layout="constrained")
for where, label in ((bound[:, 0], "TF9 binds"), (~bound[:, 0], "TF9 does not bind")):
    ax.scatter(contributions[where], changes[samples.var_names][where], s=8, label=label)
ax.set(xlabel="contribution of TF9 (log2 units)", ylabel="log2 fold change, treated")
ax.legend(frameon=False)
figure.savefig("genes.png", dpi=150)

# %%
# Controls against controls: nothing differs, Spearman's correlation is about 0, and the regulators
# on top mean nothing.
controls = samples[samples.obs["condition"] == "control"].copy()
controls.obs["half"] = pd.Categorical(np.repeat(["first", "second"], 6))
sc.tl.rank_genes_groups(controls, "half", groups=["first"], reference="second")
sg.tl.regulator_scores(controls, tracks, estimator=model, groups="chrom", cv=3)
record = controls.uns["regulator_scores"]
print(f"\ncontrols against controls: Spearman out of fold {record['spearman'][0]:.2f}")
