"""
How many genes do I need?
=========================

One run answers it: how well genes are inferred from panels of every size, on held-out cells,
beside what all genes together tell of each other. From some size on, more add next to nothing. The
panel of that size comes along, with the reason why each gene is in it.
"""

# %%
# Settings; the gallery runs with small ones.
import os

import numpy as np
import scanpy as sc
from sklearn.model_selection import GridSearchCV, KFold

from skgenes.compose import LandmarkReconstructor
from skgenes.feature_selection import AutoEncoderDeepLIFTSelector, GreedyPanelSelector
from skgenes.inspection import (
    PanelReportDisplay,
    PanelSizeDisplay,
    panel_report,
    panel_size_curve,
)
from skgenes.io import write_panel
from skgenes.linear_model import PanelRidge
from skgenes.metrics import all_genes_pearson_scorer
from skgenes.neural_network import GeneAutoEncoder

small = os.environ.get("SKGENES_EXAMPLES_SMALL") == "1"
largest, n_folds, n_resamples = (40, 2, 2) if small else (200, 5, 10)
autoencoder = GeneAutoEncoder((100, 30), max_iter=5) if small else None

# %%
# An AnnData goes in as it is. In every fold the selector is fitted once, at the largest size: it
# ranks its genes, so that smaller panels are the beginning of larger ones. What ridge regression
# infers from each of them is judged by cells that neither has seen. The size to take is where more
# genes add nothing certain, or less than 5 % of the best score. At that size the selector is fitted
# to all cells, and to halves of them, to see which genes come again.
cells = sc.datasets.pbmc68k_reduced().raw.to_adata()
sc.pp.filter_genes(cells, min_cells=50)  # a gene that no held-out cell expresses has no correlation
selector = AutoEncoderDeepLIFTSelector(autoencoder=autoencoder, random_state=0)
report = panel_report(
    selector, cells, sizes=largest, cv=n_folds, n_resamples=n_resamples, random_state=0
)
print(report)
PanelReportDisplay.from_report(report).figure_.savefig("panel_report.png", dpi=150)
write_panel(report.genes, "panel.csv")

# %%
# The whole curve, to decide otherwise: ask for a share of what is attainable. Genes of single cells
# are mostly noise, which no other gene tells of; what is attainable is what all other genes
# together infer of each.
curve = report.curve
print(curve)
for share in (0.75, 0.9):
    print(f"genes for {share:.0%} of what is attainable:", curve.size_for(share))

# %%
# Two scores. Over all genes, with measured ones counted as known, every gene helps. As far as genes
# share it, noise that is measured counts for nothing: that score leads to the ceiling, and sizes
# are chosen by it. With few cells a regression from few genes can be the better one, so that the
# curve may rise above the ceiling and fall again.
table = curve.to_frame()
shown = [size for size in (10, 25, 50, 100, 200) if size <= largest]
print(table.loc[shown, ["pcc_all", "r2_all", "r2_shared", "share_of_ceiling"]].round(3).to_string())

# %%
# Beside it the paper's ranking and one order of genes drawn by chance, in the same folds.
import matplotlib.pyplot as plt

others = {
    "importance": AutoEncoderDeepLIFTSelector(
        strategy="importance", autoencoder=autoencoder, random_state=0
    ),
    "random": np.random.default_rng(0).permutation(cells.var_names)[:largest],
}
figure, ax = plt.subplots(figsize=(6.5, 4.5), layout="constrained")
PanelSizeDisplay.from_curve(curve, name="reconstruction", ax=ax)
styles = {"importance": {"color": "C1", "linestyle": "-."}, "random": {"color": "0.5"}}
for name, genes in others.items():
    other = panel_size_curve(genes, cells, sizes=largest, cv=n_folds, random_state=0).to_frame()
    PanelSizeDisplay(
        other.index,
        other["r2_shared"],
        other["r2_shared_sd"],
        score_name="Variance explained, as far as genes share it",
        name=name,
    ).plot(ax, line_kwargs={"marker": "", **styles[name]})
    print(f"{name}: {other['share_of_ceiling'].max():.0%} of what is attainable at best")
figure.savefig("panel_size.png", dpi=150)

# %%
# The size is also a parameter like any other. With another regressor, or where more than the size
# is in question, a grid search does it: slower, since it fits anew for every size.
search = GridSearchCV(
    LandmarkReconstructor(GreedyPanelSelector(), PanelRidge()),
    {
        "selector__n_features_to_select": [10, 50],
        "selector__penalty": [0, "auto"],
    },
    scoring=all_genes_pearson_scorer,
    cv=KFold(n_folds, shuffle=True, random_state=0),
).fit(cells)
for params, score in zip(
    search.cv_results_["params"], search.cv_results_["mean_test_score"], strict=True
):
    size, penalty = params["selector__n_features_to_select"], params["selector__penalty"]
    print(f"{size} genes, penalty {penalty}: mean PCC of all genes {score:.3f}")
