"""
How many genes do I need?
=========================

The size of the panel is a parameter like any other: a grid search over it, cross-validated, with
scorers that judge every gene. The regressor is part of the grid.
"""

# %%
# Settings; the gallery runs with small ones.
import os

import numpy as np
import pandas as pd
import scanpy as sc
from sklearn.callback import ProgressBar
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import GridSearchCV, KFold

from skgenes.compose import LandmarkReconstructor
from skgenes.feature_selection import AutoEncoderDeepLIFTSelector
from skgenes.metrics import neg_per_gene_mae_scorer, per_gene_pearson_scorer
from skgenes.neural_network import GeneAutoEncoder

small = os.environ.get("SKGENES_EXAMPLES_SMALL") == "1"
sizes = [10, 40] if small else [10, 25, 50, 100, 200]
folds = KFold(2 if small else 3, shuffle=True, random_state=0)
autoencoder = GeneAutoEncoder((100, 30), max_iter=5 if small else 40, batch_size=64)

# %%
# An AnnData goes in as it is; scikit-learn's progress bar shows the search, the fits inside it
# and their epochs.
cells = sc.datasets.pbmc68k_reduced().raw.to_adata()
model = LandmarkReconstructor(
    AutoEncoderDeepLIFTSelector(autoencoder=autoencoder, random_state=0),
    RidgeCV(np.logspace(0, 5, 11)),
)
search = GridSearchCV(
    model,
    {"selector__n_features_to_select": sizes},
    scoring={"PCC": per_gene_pearson_scorer, "MAE": neg_per_gene_mae_scorer},
    refit=False,
    cv=folds,
)
search.set_callbacks(ProgressBar(max_propagation_depth=1)).fit(cells)

# %%
# More genes help, less and less. The correlation is a mean over the genes that are *not*
# measured, so that it may even fall once the easy ones are in the panel.
results = pd.DataFrame(search.cv_results_)
table = pd.DataFrame(
    {
        "genes": results["param_selector__n_features_to_select"].astype(int),
        "PCC": results["mean_test_PCC"],
        "sd over folds": results["std_test_PCC"],
        "MAE": -results["mean_test_MAE"],
    }
)
print(table.round(3).to_string(index=False))

# %%
import matplotlib.pyplot as plt

figure, axes = plt.subplots(figsize=(5.5, 4), layout="constrained")
axes.errorbar(table["genes"], table["PCC"], table["sd over folds"], marker="o", capsize=3)
axes.set_xscale("log")
axes.set_xticks(sizes, sizes)
axes.minorticks_off()
axes.set(xlabel="genes measured", ylabel="mean PCC of the other genes, held-out cells")
figure.savefig("panel_size.png", dpi=150)
