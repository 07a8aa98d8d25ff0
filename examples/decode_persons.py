"""
A model of tissues becomes a model of persons
=============================================

What a network has learned about binding sites from tissues serves other outputs: the branches are
kept and a new head learns the expression of single persons. Regulators' scores, one for each
person, can then be tested for a trait.

Genes and persons are made up. In the persons one regulator weakens with age; the question is
whether it is found.
"""

# %%
# Tissues first. Chromosome 1 is put aside throughout.
import os

import numpy as np
import pandas as pd

from skgenes.datasets import make_regulated_genes
from skgenes.feature_extraction import regulatory_tracks
from skgenes.neural_network import DEcodeRegressor
from skgenes.preprocessing import FoldChangeTransformer

small = os.environ.get("SKGENES_EXAMPLES_SMALL") == "1"
made = make_regulated_genes(900 if small else 3000, 12, random_state=0)
tracks, report = regulatory_tracks(
    made.annotation, promoter=made.promoter_sites, rna=made.rna_sites
)
chromosomes = report.genes["chrom"].to_numpy()
test = chromosomes == "chr1"
tissues = FoldChangeTransformer().fit(made.expression[~test]).transform(made.expression)
model = DEcodeRegressor(
    log_counts=True, combine="mean", n_init=2 if small else 10, batch_size=32, random_state=0
)
model.fit(tracks[~test], tissues[~test], groups=chromosomes[~test])

# %%
# Forty persons, measured in the first tissue. With every year RBP5 does less, wherever it binds.
rng = np.random.default_rng(0)
age = rng.uniform(20, 80, 40)
persons = [f"person{i + 1}" for i in range(age.size)]
bound = tracks.fold_sums("rna", 0)[0].toarray()[:, tracks.rna.regulators == "RBP5"] > 0
logs = np.log2(made.expression[["tissue1"]].to_numpy()) + 0.02 * bound * (50 - age)
logs += 0.3 * rng.normal(size=logs.shape)
to_targets = FoldChangeTransformer(input_scale="log2").set_output(transform="pandas")
targets = to_targets.fit_transform(pd.DataFrame(logs, made.expression.index, persons))

# %%
# The head is trained anew, one output for each person; the branches stay as they are.
from skgenes.metrics import per_output_spearman

of_persons = model.fine_tune(tracks[~test], targets[~test], groups=chromosomes[~test])
scores = per_output_spearman(targets[test], of_persons.predict(tracks[test]))
print(f"Spearman over {test.sum()} genes of chromosome 1, made-up genes:")
print(f"fold change of a person against the median of all {scores[:-1].mean():.2f}, ", end="")
print(f"median {scores[-1]:.2f}")

# %%
# Each regulator's score in each person, and its slope with age.
from skgenes.inspection import regulator_scores, regulator_trait_association

explained = regulator_scores(of_persons, tracks[test], outputs=persons)
design = pd.DataFrame({"intercept": 1.0, "age": age}, index=persons)
associated = regulator_trait_association(explained.scores, design, contrast="age")
print(associated.sort_values("p_value").head().round(5).to_string())

# %%
import matplotlib.pyplot as plt

top = associated["p_value"].idxmin()
figure, ax = plt.subplots(figsize=(5, 4), layout="constrained")
ax.scatter(age, explained.scores.loc[top])
ax.set(xlabel="age (years)", ylabel=f"score of {top[-1]} (standard deviations)")
figure.savefig("age.png", dpi=150)
