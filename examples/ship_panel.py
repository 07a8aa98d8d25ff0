"""
Ship a panel with its model
===========================

One lab chooses the panel and learns to infer the other genes; another measures the panel alone and
fills in the rest. What travels are three small files: the list to order, the model, and how far
each gene can be trusted.
"""

# %%
# Settings; the gallery runs with small ones.
import os

import anndata as ad
import numpy as np
import pandas as pd
import scanpy as sc
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import cross_val_predict, train_test_split

import skgenes
from skgenes.compose import LandmarkReconstructor
from skgenes.feature_selection import AutoEncoderDeepLIFTSelector, GivenPanelSelector
from skgenes.io import panel_table, write_panel
from skgenes.metrics import gene_permutation_test
from skgenes.neural_network import GeneAutoEncoder

small = os.environ.get("SKGENES_EXAMPLES_SMALL") == "1"
autoencoder = GeneAutoEncoder(max_iter=10) if small else None

# %%
# In the first lab
# ----------------
# Cells with all genes measured. A few are kept back to play the other lab's.
cells = sc.datasets.pbmc68k_reduced().raw.to_adata()
sc.pp.filter_genes(cells, min_cells=20)
own, others = train_test_split(np.arange(cells.n_obs), test_size=100, random_state=0)
cells_own = cells[own].copy()

selector = AutoEncoderDeepLIFTSelector(50, autoencoder=autoencoder, random_state=0)
model = LandmarkReconstructor(selector, RidgeCV(np.logspace(0, 5, 11))).fit(cells_own)
table = panel_table(model, cells_own)
print(table.head(8).round(3).to_string(index=False))

# %%
# How far can each inferred gene be trusted? Predictions for cells that the model has not seen, by
# models that were trained without them; the panel stays as it is.
folded = LandmarkReconstructor(GivenPanelSelector(list(model.landmarks_)), model.regressor)
inferred = cross_val_predict(folded, cells_own, cv=5)
observed = cells_own[:, model.targets_].to_df()
test = gene_permutation_test(observed, inferred)
trust = pd.DataFrame({"gene": model.targets_, "pcc": test.pcc, "passes": test.significant})
print(f"{test.n_significant} of {len(trust)} genes follow their own prediction best")

# %%
# The files: what to order, what to compute with, what to believe.
write_panel(table, "panel.csv")
skgenes.save(model, "panel.skgenes")
trust.to_csv("trust.csv", index=False)
for name in ("panel.csv", "panel.skgenes", "trust.csv"):
    print(f"{name}: {os.path.getsize(name) / 1024:.0f} KiB")

# %%
# In the second lab
# -----------------
# Only the panel was measured, and the instrument lists genes in an order of its own.
panel = skgenes.io.read_panel("panel.csv")
targeted = cells[others][:, sorted(panel)].copy()

loaded = skgenes.load("panel.skgenes")
filled = ad.AnnData(
    loaded.reconstruct(targeted[:, loaded.landmarks_]),
    obs=targeted.obs,
    var=pd.DataFrame(index=loaded.feature_names_in_),
)
filled.var["measured"] = loaded.support_
filled.var = filled.var.join(pd.read_csv("trust.csv", index_col="gene"))
print(filled)

# %%
# Since these cells were measured in full, the promise can be checked: gene by gene, what the first
# lab said of it against what the second one finds.
import matplotlib.pyplot as plt

measured = cells[others][:, loaded.targets_].to_df()
found = gene_permutation_test(measured, loaded.predict(targeted[:, loaded.landmarks_])).pcc
figure, ax = plt.subplots(figsize=(5.4, 5), layout="constrained")
for passes, colour in ((False, "0.65"), (True, "C0")):
    genes = (trust["passes"] == passes).to_numpy()
    label = f"{'passed' if passes else 'did not pass'}: mean {np.nanmean(found[genes]):.2f}"
    ax.scatter(trust["pcc"][genes], found[genes], s=10, color=colour, linewidth=0, label=label)
    print(f"Correlation in the second lab, genes that {label}")
ax.axline((0, 0), slope=1, color="0.4", lw=1)
ax.set(xlabel="correlation promised by the first lab", ylabel="correlation in the second lab")
ax.legend(frameon=False, title="permutation test, first lab")
figure.savefig("promise.png", dpi=150)

# %%
# A wrong gene is not read over.
try:
    loaded.predict(targeted)
except ValueError as error:
    print(str(error).splitlines()[-1])
