"""
A targeted panel, the scanpy way
================================

Choose genes for a targeted single-cell assay, see gene by gene what they can tell, and fill in the
other genes of cells in which only the panel was measured. Everything lives in AnnData objects.
"""

# %%
# Settings; the gallery runs with small ones.
import os
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import scanpy as sc

import skgenes as sg

small = os.environ.get("SKGENES_EXAMPLES_SMALL") == "1"
autoencoder = sg.neural_network.GeneAutoEncoder(max_iter=10) if small else None

# %%
# Choose the panel
# ----------------
# Blood cells, log-normalised, that come with scanpy. CD3D and MS4A1 are wanted whatever the
# search says; ribosomal and mitochondrial genes are not.
cells = sc.datasets.pbmc68k_reduced().raw.to_adata()
sc.pp.filter_genes(cells, min_cells=20)
unwanted = cells.var_names[cells.var_names.str.match("RP[SL]|MT-")]
sg.tl.landmark_genes(
    cells, 50, autoencoder=autoencoder, must_include=["CD3D", "MS4A1"], exclude=list(unwanted)
)
print("The panel:", ", ".join(cells.var_names[cells.var["landmarks"]]))
# What the bottleneck rests on. Many of these genes say the same, so the panel has only some.
ax = sg.pl.landmark_genes(cells, n_genes=25)
ax.figure.savefig("importances.png", dpi=150)

# %%
# What does it tell?
# ------------------
# Every gene outside the panel is inferred out of fold: no cell has a say in its own values. The
# permutation test asks whether a prediction follows its own gene more than the others.
sg.tl.reconstruct(cells)
sg.tl.gene_scores(cells)
scores = cells.var[[name for name in cells.var if name.startswith("gene_scores")]]
print(scores.dropna().describe().round(3).to_string())
axes = sg.pl.gene_scores(cells, unit="log-normalised counts")
axes[0].figure.savefig("gene_scores.png", dpi=150)

# %%
# The bottleneck is an embedding like any other.
sc.pp.neighbors(cells, use_rep="X_landmarks", random_state=0)
sc.tl.umap(cells, random_state=0)
figure = sc.pl.umap(cells, color="bulk_labels", return_fig=True, show=False)
figure.savefig("umap.png", dpi=150, bbox_inches="tight")

# %%
# The file keeps all of it, and the panel goes to the people who make the probes.
cells.write_h5ad("cells.h5ad")
sg.io.write_panel(cells.var_names[cells.var["landmarks"]], "panel.grp")
print(ad.read_h5ad("cells.h5ad").uns["landmarks"]["params"])

# %%
# Another experiment
# ------------------
# Does a panel work where it was not made? Where the environment variable SKGENES_DATA names a
# folder that has them: lung cancer lines and mixtures of them, sequenced by CEL-seq2 and by
# Drop-seq. Without it, two batches of a made-up experiment stand in.
folder = Path(os.environ.get("SKGENES_DATA", "")) / "singlecell"


def mixture(protocol):
    """Counts of one protocol, with the cell lines, in log-normalised form."""
    counts = pd.read_csv(folder / f"scmix_sc_{protocol}.count.csv.gz", index_col=0).T
    lines = pd.read_csv(folder / f"scmix_sc_{protocol}.metadata.csv.gz", index_col=0)
    adata = ad.AnnData(counts.astype(np.float32), obs=lines.loc[counts.index, ["cell_line"]])
    sc.pp.filter_genes(adata, min_cells=len(adata) // 4)
    return adata


def made_up():
    """Two batches of counts."""
    adata = sg.datasets.make_expression(
        400, 300, n_groups=3, n_batches=2, batch_strength=0.3, scale="counts", random_state=0
    )
    adata.obs["cell_line"] = adata.obs["group"]
    first = (adata.obs["batch"] == adata.obs["batch"].iloc[0]).to_numpy()
    return adata[first].copy(), adata[~first].copy()


if folder.is_dir():
    first, second = mixture("celseq2"), mixture("dropseq")
    shared = first.var_names[first.var_names.isin(second.var_names)]
    first, second = first[:, shared].copy(), second[:, shared].copy()
else:
    first, second = made_up()
for adata in (first, second):
    sc.pp.normalize_total(adata, target_sum=1e4)
    sc.pp.log1p(adata)
sc.pp.highly_variable_genes(first, n_top_genes=min(1000, first.n_vars // 2))
print(
    f"{first.n_obs} cells to learn from, {second.n_obs} of the other protocol, {first.n_vars} genes"
)

# %%
# The panel is chosen among variable genes of the first protocol. The second is cut down to it, as
# a targeted assay would be, and filled in.
sg.tl.landmark_genes(first, 50, autoencoder=autoencoder, mask_var="highly_variable")
targeted = second[:, first.var["landmarks"].to_numpy()].copy()
filled = sg.tl.infer_genes(targeted, first)
print(filled)

# %%
# How right is that? The cells were measured in full, so we can look.
second.layers["filled"] = filled.X
sg.tl.gene_scores(second, inferred="filled", mask_var=filled.var["inferred"].to_numpy())
result = second.uns["gene_scores"]
print(
    f"mean PCC {result['mean_pcc']:.3f}; {result['n_significant']} of {result['n_genes']} genes "
    "pass the permutation test"
)

# %%
# And what is it good for? How well the cell lines come apart by all genes as measured, by the
# panel alone, and by all genes as filled in: samples clustered by their 20 main components.
expressions = {
    "all genes, measured": second.to_df().to_numpy(),
    "panel alone": targeted.to_df().to_numpy(),
    "all genes, filled in": filled.X,
}
for name, expression in expressions.items():
    components = sc.pp.pca(expression, n_comps=20, random_state=0)
    tree = sg.inspection.cluster_samples(components, second.obs["cell_line"])
    print(f"{name}: adjusted Rand index {tree.adjusted_rand_score:.2f}")
