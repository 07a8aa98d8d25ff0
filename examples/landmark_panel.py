"""
Fifty genes that tell the others
================================

Choose landmark genes on training cells, infer all other genes of held-out cells from them, and
compare with random panels and with ridge regression. The data are 700 blood cells and 765 genes
that come with scanpy.
"""

# %%
# Settings. The gallery runs with small ones; the defaults of the estimators are the papers'.
import os

import numpy as np
import pandas as pd
import scanpy as sc
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import train_test_split

from skgenes.compose import LandmarkReconstructor
from skgenes.feature_selection import AutoEncoderDeepLIFTSelector, GivenPanelSelector
from skgenes.metrics import gene_permutation_test, per_gene_mean_absolute_error
from skgenes.neural_network import DGEXRegressor, GeneAutoEncoder

small = os.environ.get("SKGENES_EXAMPLES_SMALL") == "1"
n_landmarks, n_random_panels = 50, 1 if small else 3
autoencoder = GeneAutoEncoder(max_iter=5) if small else GeneAutoEncoder()
dgex = DGEXRegressor((100,) if small else (3000,), random_state=0)
ridge = RidgeCV(np.logspace(0, 5, 11))

# %%
# The cells, log-normalised, all genes; 30 % are held out before anything is learned.
cells = sc.datasets.pbmc68k_reduced().raw.to_adata()
train, test = train_test_split(np.arange(cells.n_obs), test_size=0.3, random_state=0)
cells_train, cells_test = cells[train], cells[test]
print(f"{cells.n_obs} cells, {cells.n_vars} genes; {len(train)} to learn from, {len(test)} to test")

# %%
# The panel: an autoencoder learns the training cells, DeepLIFT says which genes its bottleneck
# rests on.
selector = AutoEncoderDeepLIFTSelector(n_landmarks, autoencoder=autoencoder, random_state=0)
selector.fit(cells_train)
panel = pd.DataFrame(
    {
        "rank": selector.ranking_,
        "gene": selector.feature_names_in_,
        "importance": selector.importances_,
        "mean_expression": np.asarray(cells_train.X.mean(axis=0)).ravel(),
    }
)
panel = panel[selector.support_].sort_values("rank")
panel.to_csv("panel.csv", index=False)
print("First genes of the panel:", ", ".join(panel["gene"][:10]))

# %%
# Every panel with either regressor, trained on the training cells alone. Random panels show what
# any fifty genes can do.
rng = np.random.default_rng(0)
panels = {"autoencoder + DeepLIFT": list(panel["gene"])}
for i in range(n_random_panels):
    panels[f"random {i + 1}"] = list(rng.choice(cells.var_names, n_landmarks, replace=False))

fits = {}
for panel_name, genes in panels.items():
    for regressor_name, regressor in {"D-GEX": dgex, "ridge": ridge}.items():
        model = LandmarkReconstructor(GivenPanelSelector(genes), regressor)
        fits[panel_name, regressor_name] = model.fit(cells_train)

# %%
# Scores on held-out cells, over the genes that are in none of the panels, so that all are judged
# by the same targets. Genes that no held-out cell expresses have no correlation and are left out.
in_a_panel = cells.var_names.isin(np.concatenate(list(panels.values())))
measured = cells_test.X.toarray()
judged = ~in_a_panel & (measured.std(axis=0) > 0)
per_gene, rows = {}, []
for (panel_name, regressor_name), model in fits.items():
    inferred = model.reconstruct(cells_test)[:, judged]
    mae = per_gene_mean_absolute_error(measured[:, judged], inferred)
    test_result = gene_permutation_test(measured[:, judged], inferred)
    per_gene[panel_name, regressor_name] = pd.DataFrame({"mae": mae, "pcc": test_result.pcc})
    rows.append(
        {
            "panel": panel_name.rstrip(" 123"),
            "regressor": regressor_name,
            "MAE": mae.mean(),
            "PCC": np.nanmean(test_result.pcc),
            "pass permutation test": test_result.fraction_significant,
        }
    )
summary = pd.DataFrame(rows).groupby(["panel", "regressor"]).mean()
print(f"\n{n_landmarks} measured genes, {judged.sum()} inferred genes judged, {len(test)} cells")
print("MAE in log-normalised expression; random: mean of", n_random_panels, "panels\n")
print(summary.round(3).to_string())

# %%
# Gene by gene: how well each is inferred from the panel, and from a random one.
import matplotlib.pyplot as plt

chosen, random = per_gene["autoencoder + DeepLIFT", "D-GEX"], per_gene["random 1", "D-GEX"]
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.4), layout="constrained")
bins = np.linspace(-0.3, 1, 40)
left.hist(random["pcc"], bins, alpha=0.6, label="random panel", color="0.6")
left.hist(chosen["pcc"], bins, histtype="step", lw=2, label="autoencoder + DeepLIFT", color="C0")
left.set(xlabel="correlation with the measured gene (PCC)", ylabel="genes")
left.legend(frameon=False)
right.scatter(random["mae"], chosen["mae"], s=9, color="C0", alpha=0.6, linewidth=0)
top = max(random["mae"].max(), chosen["mae"].max()) * 1.03
right.plot([0, top], [0, top], color="0.4", lw=1)
better = (chosen["mae"] < random["mae"]).mean()
right.set(
    xlabel="MAE from a random panel",
    ylabel="MAE from autoencoder + DeepLIFT",
    xlim=(0, top),
    ylim=(0, top),
    title=f"{better:.0%} of genes below the line",
)
figure.suptitle(f"D-GEX from {n_landmarks} genes, {len(test)} held-out blood cells")
figure.savefig("panel.png", dpi=150)
print("\nWrote panel.csv and panel.png")
