"""How well genes are inferred: per-gene errors and correlations, a permutation test, scorers."""

from ._accumulator import PearsonAccumulator
from ._per_gene import (
    mean_defined,
    per_gene_mean_absolute_error,
    per_gene_pearson,
)
from ._permutation import gene_permutation_test
from ._scorers import (
    GeneScorer,
    neg_per_gene_mae_scorer,
    per_gene_pearson_scorer,
    significant_genes_scorer,
)

__all__ = [
    "GeneScorer",
    "PearsonAccumulator",
    "gene_permutation_test",
    "mean_defined",
    "neg_per_gene_mae_scorer",
    "per_gene_mean_absolute_error",
    "per_gene_pearson",
    "per_gene_pearson_scorer",
    "significant_genes_scorer",
]
