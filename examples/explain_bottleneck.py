"""
Which genes does a bottleneck unit stand for?
=============================================

DeepLIFT splits what an autoencoder's bottleneck does with a cell into one contribution per gene.
They add up exactly, and shap's plots show them.
"""

# %%
import os

import numpy as np
import scanpy as sc
import shap

from skgenes.inspection import deeplift
from skgenes.neural_network import GeneAutoEncoder

small = os.environ.get("SKGENES_EXAMPLES_SMALL") == "1"
cells = sc.datasets.pbmc68k_reduced().raw.to_adata()
autoencoder = GeneAutoEncoder((100, 10), max_iter=5 if small else 60, random_state=0).fit(cells)

# %%
# Contributions of every gene in every cell to every unit, against the mean cell. The residual
# says how exactly they sum to the difference between a cell's bottleneck and the mean cell's.
result = deeplift(autoencoder, cells, after_activation=False)
print("cells x genes x units:", result.contributions.shape)
print(f"relative residual of the sum: {result.relative_residual:.1e}")

# %%
# The unit that differs most between cells, and the genes behind it.
spread = autoencoder.transform(cells).std(axis=0)
unit = int(np.argmax(spread))
strength = np.abs(result.contributions[:, :, unit]).mean(axis=0)
top = np.argsort(-strength)[:10]
for gene in top:
    print(f"{result.feature_names[gene]:12s} {strength[gene]:.3f}")

# %%
# A point is a cell; colour is the gene's expression in it.
import matplotlib.pyplot as plt

explanation = result.to_shap(unit)
shap.plots.beeswarm(explanation, max_display=10, group_remaining_features=False, show=False)
plt.xlabel(f"contribution to bottleneck unit {unit}")
figure = plt.gcf()
figure.savefig("explain_bottleneck.png", dpi=150, bbox_inches="tight")
