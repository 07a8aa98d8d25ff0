"""
Fifty genes that tell the others
================================

Choose landmark genes on training cells, infer all other genes of held-out cells from them, and
compare with other ways of choosing and with random panels, by a network and by ridge regression.
The data are 700 blood cells and 765 genes that come with scanpy.
"""

# %%
# Settings. The gallery runs with small ones; full ones are the defaults of the estimators, but for
# D-GEX' hidden layer: a third of its units does as well for so few cells, and is done sooner.
import os

import numpy as np
import pandas as pd
import scanpy as sc
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import train_test_split

from skgenes.feature_selection import (
    AutoEncoderDeepLIFTSelector,
    GreedyPanelSelector,
    PeelOffSelector,
)
from skgenes.inspection import GeneScoreDisplay, PanelScatterDisplay, compare_panels
from skgenes.io import panel_table, write_panel
from skgenes.neural_network import DGEXRegressor, GeneAutoEncoder

small = os.environ.get("SKGENES_EXAMPLES_SMALL") == "1"
n_landmarks, n_random_panels = 50, 1 if small else 3
autoencoder = GeneAutoEncoder(max_iter=5) if small else None
regressors = {
    "D-GEX": DGEXRegressor((100,) if small else (1000,), random_state=0),
    "ridge": RidgeCV(np.logspace(0, 5, 11)),
}

# %%
# The cells, log-normalised, all genes; 30 % are held out before anything is learned. A gene that
# hardly any cell expresses cannot be judged.
cells = sc.datasets.pbmc68k_reduced().raw.to_adata()
sc.pp.filter_genes(cells, min_cells=20)
train, test = train_test_split(np.arange(cells.n_obs), test_size=0.3, random_state=0)
cells_train, cells_test = cells[train], cells[test]
print(f"{cells.n_obs} cells, {cells.n_vars} genes; {len(train)} to learn from, {len(test)} to test")

# %%
# The panel: an autoencoder learns what the genes of the training cells share, and genes are added
# one by one, each the one that tells most of it beyond those already chosen.
selector = AutoEncoderDeepLIFTSelector(n_landmarks, autoencoder=autoencoder, random_state=0)
selector.fit(cells_train)
table = panel_table(selector, cells_train)
write_panel(table, "panel.csv")
print("First genes of the panel:", ", ".join(table["gene"][:10]))

# %%
# Rivals: the same search without a network; Kong et al.'s ranking of genes by what DeepLIFT says
# of an autoencoder's bottleneck; L1000's way of choosing; and what any fifty genes can do.
rng = np.random.default_rng(0)
panels = {
    "autoencoder": selector.get_feature_names_out(),
    "greedy": GreedyPanelSelector(n_landmarks),
    "importance": AutoEncoderDeepLIFTSelector(
        n_landmarks, strategy="importance", autoencoder=autoencoder, random_state=0
    ),
    "peel-off": PeelOffSelector(n_landmarks, random_state=0),
}
for i in range(n_random_panels):
    panels[f"random {i + 1}"] = rng.choice(cells.var_names, n_landmarks, replace=False)

# %%
# Every panel with either regressor, trained on the training cells alone and judged on held-out
# cells by the genes that are in none of the panels.
comparisons = {
    name: compare_panels(panels, cells_train, regressor, X_test=cells_test)
    for name, regressor in regressors.items()
}
summary = pd.concat({name: result.summary() for name, result in comparisons.items()})
summary = summary[["mae_mean", "pcc_mean", "fraction_significant"]]
summary.columns = ["MAE", "PCC", "pass permutation test"]
summary.index = summary.index.set_names(["regressor", "panel"])
summary = summary.reset_index().replace(r"random \d", "random", regex=True)
summary = summary.groupby(["panel", "regressor"], sort=False).mean()
n_judged = len(comparisons["ridge"].mae)
print(f"\n{n_landmarks} measured genes, {n_judged} inferred genes judged, {len(test)} cells")
print(f"MAE in log-normalised expression; random: mean of {n_random_panels} panels\n")
print(summary.round(3).to_string())

# %%
# Gene by gene: how well each is inferred from the panel, and from a random one.
import matplotlib.pyplot as plt

result = comparisons["D-GEX"]
figure, axes = plt.subplots(1, 3, figsize=(14, 4.8), layout="constrained", width_ratios=[4, 4, 5])
for panel in ("autoencoder", "random 1"):
    scores = result.mae[panel], result.pcc[panel]
    GeneScoreDisplay(*scores, name=panel, unit="log-normalised").plot(axes[:2])
PanelScatterDisplay.from_comparison(
    result, "random 1", "autoencoder", unit="log-normalised", ax=axes[2]
)
figure.suptitle(f"D-GEX from {n_landmarks} genes, {len(test)} held-out blood cells")
figure.savefig("panel.png", dpi=150)
print("\nWrote panel.csv and panel.png")
