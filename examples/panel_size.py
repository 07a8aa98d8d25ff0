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
from skgenes.metrics import all_genes_pearson_scorer, per_gene_pearson_scorer
from skgenes.neural_network import GeneAutoEncoder

small = os.environ.get("SKGENES_EXAMPLES_SMALL") == "1"
sizes = [10, 40] if small else [10, 25, 50, 100, 200]
folds = KFold(2 if small else 3, shuffle=True, random_state=0)
autoencoder = GeneAutoEncoder((100, 30), max_iter=5 if small else 40, batch_size=64)

# %%
# An AnnData goes in as it is; scikit-learn's progress bar shows the search, the fits inside it
# and their epochs.
cells = sc.datasets.pbmc68k_reduced().raw.to_adata()
sc.pp.filter_genes(cells, min_cells=20)  # a gene that no held-out cell expresses has no PCC
model = LandmarkReconstructor(
    AutoEncoderDeepLIFTSelector(autoencoder=autoencoder, random_state=0),
    RidgeCV(np.logspace(0, 5, 11)),
)
search = GridSearchCV(
    model,
    {"selector__n_features_to_select": sizes},
    scoring={"all": all_genes_pearson_scorer, "inferred": per_gene_pearson_scorer},
    refit="all",
    cv=folds,
)
search.set_callbacks(ProgressBar(max_propagation_depth=1)).fit(cells)

# %%
# Two questions, two scores. Over all genes, with measured ones counted as known, every gene helps:
# this is the score to compare sizes by. Over the genes that are left to infer, the score falls
# once the panel has taken the genes that are easy to infer.
results = pd.DataFrame(search.cv_results_)
table = pd.DataFrame(
    {
        "genes": results["param_selector__n_features_to_select"].astype(int),
        "PCC, all genes": results["mean_test_all"],
        "PCC, inferred genes": results["mean_test_inferred"],
        "sd over folds": results["std_test_inferred"],
    }
)
print(table.round(3).to_string(index=False))

# %%
# Both against the size of the panel, with their spread over folds.
import matplotlib.pyplot as plt

from skgenes.inspection import PanelSizeDisplay

figure, ax = plt.subplots(figsize=(5.5, 4), layout="constrained")
for name in ("all", "inferred"):
    PanelSizeDisplay.from_estimator(
        search, score=name, score_name="PCC, held-out cells", name=f"{name} genes", ax=ax
    )
figure.savefig("panel_size.png", dpi=150)
