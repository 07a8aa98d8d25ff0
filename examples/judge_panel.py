"""
Is my panel any good?
=====================

A list of genes from the literature, held against random panels and against what is attainable,
then filled up with genes that tell what the list does not. What is every gene for, what could
replace it, would other cells have given the same genes, and which inferred values can be believed?
"""

# %%
# Settings; the gallery runs with small ones.
import os

import numpy as np
import pandas as pd
import scanpy as sc
from sklearn.model_selection import train_test_split

from skgenes.compose import LandmarkReconstructor
from skgenes.feature_selection import (
    AutoEncoderDeepLIFTSelector,
    GivenPanelSelector,
    GreedyPanelSelector,
)
from skgenes.inspection import (
    PanelEvaluationDisplay,
    evaluate_panel,
    panel_stability,
    panel_swaps,
    panel_values,
)
from skgenes.linear_model import PanelRidge
from skgenes.neural_network import GeneAutoEncoder

small = os.environ.get("SKGENES_EXAMPLES_SMALL") == "1"
n_random, n_resamples = (10, 3) if small else (100, 20)
autoencoder = GeneAutoEncoder((100, 30), max_iter=5) if small else None

# %%
# Blood cells of ten types, and markers of such types as everybody knows them. A third of the cells
# is put aside.
cells = sc.datasets.pbmc68k_reduced().raw.to_adata()
sc.pp.filter_genes(cells, min_cells=35)
markers = ["CD3D", "CD8A", "IL7R", "IL32", "NKG7", "GNLY", "CD79A", "MS4A1", "CST3", "LYZ"]
markers += ["S100A8", "FCGR3A", "FCER1A"]
train, test = train_test_split(
    np.arange(cells.n_obs), test_size=0.3, stratify=cells.obs["bulk_labels"], random_state=0
)
cells_train, cells_test = cells[train].copy(), cells[test].copy()
print(f"{len(markers)} markers, {len(train)} cells to learn from, {len(test)} to test")

# %%
# Good or not? Every measure is held against random panels of the same size, and against what ridge
# regression infers of each gene from all others.
judged = evaluate_panel(
    markers,
    cells_train,
    "bulk_labels",
    X_test=cells_test,
    n_random=n_random,
    random_state=0,
)
print(judged)
figure = PanelEvaluationDisplay.from_evaluation(judged, name="markers").figure_
figure.savefig("markers.png", dpi=150, bbox_inches="tight")

# %%
# The list is kept and filled up to forty genes: each new one is the one that tells most beyond
# those already there. ``GreedyPanelSelector`` does the same without a network.
selector = AutoEncoderDeepLIFTSelector(
    40, must_include=markers, autoencoder=autoencoder, random_state=0
).fit(cells_train)
order = np.argsort(selector.ranking_)
panel = list(cells.var_names[order[:40]])
print("added:", ", ".join(panel[len(markers) :]))
filled_up = evaluate_panel(
    panel,
    cells_train,
    "bulk_labels",
    X_test=cells_test,
    n_random=n_random,
    random_state=0,
)
columns = ["value", "random_mean", "p_value", "share_of_ceiling"]
both = {"markers": judged.summary[columns], "filled up": filled_up.summary[columns]}
rows = [
    ("ridge", "pcc"),
    ("ridge", "r2"),
    ("classes", "balanced_accuracy"),
    ("groups", "worst_r2_all"),
]
print(pd.concat(both, axis=1).loc[rows].round(3).T.to_string())

# %%
# What is a gene for? How much would be lost without it, which other genes rest on it, and what the
# network makes of it.
values = panel_values(selector, cells_train, X_test=cells_test)
best = values.genes["value_for_others"].sort_values(ascending=False).index
for gene in (best[0], panel[len(markers)], best[-1]):
    print(values.describe(gene), end="\n\n")

# %%
# The probe of the best gene does not work: what instead?
swaps = panel_swaps(selector, cells_train, best[0])
print(swaps.describe(best[0]))

# %%
# Would other cells have given the same genes? Panels of halves of the cells, without a wish. Genes
# that say the same take turns; what the panels tell stays the same.
stability = panel_stability(
    GreedyPanelSelector(40), cells_train, n_resamples=n_resamples, random_state=0
)
print(stability)
print("consensus of ten:", ", ".join(stability.consensus(10)))

# %%
# Which inferred values can be believed? Cells held out of training say how far off each gene is: an
# interval for it, and a list of genes of which 5 % at most are expected to have nothing to do with
# the panel.
model = LandmarkReconstructor(
    GivenPanelSelector(panel), PanelRidge(), calibration=0.3, random_state=0
).fit(cells_train)
measured, inferred = model.observed_and_inferred(cells_test)
measured = measured.toarray()
lower, upper = model.predict_interval(cells_test, coverage=0.9)
inside = (lower <= measured) & (measured <= upper)
inferable = model.inferable_genes(fdr=0.05)
print(f"{inside.mean():.1%} of new values are in intervals for 90 %")
print(f"{len(inferable)} of {len(model.targets_)} genes can be inferred")

# %%
# The gene that is inferred best, in cells that the model has not seen; and the correlation there of
# all genes, those on the list and the others.
import matplotlib.pyplot as plt

reliability = model.reliability(coverage=0.9)
gene = reliability["r2"].idxmax()
column = list(model.targets_).index(gene)
cell_order = np.argsort(inferred[:, column])
figure, axes = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
place = np.arange(len(cell_order))
axes[0].fill_between(
    place, lower[cell_order, column], upper[cell_order, column], alpha=0.25, label="90 % interval"
)
axes[0].plot(place, inferred[cell_order, column], label="inferred")
axes[0].scatter(place, measured[cell_order, column], s=8, color="0.2", label="measured")
axes[0].set(xlabel="held-out cells, by inferred value", ylabel=f"{gene}, log-normalised counts")
axes[0].legend(frameon=False)
on_list = reliability.index.isin(inferable)
found = pd.Series([np.corrcoef(a, b)[0, 1] for a, b in zip(measured.T, inferred.T, strict=True)])
axes[1].hist(
    [found[on_list], found[~on_list]],
    bins=30,
    stacked=True,
    label=[
        f"on the list: mean {found[on_list].mean():.2f}",
        f"not: mean {found[~on_list].mean():.2f}",
    ],
)
axes[1].set(xlabel="correlation in held-out cells", ylabel="genes")
axes[1].legend(frameon=False)
figure.savefig("reliability.png", dpi=150)
