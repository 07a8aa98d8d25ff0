"""How well genes are inferred: per-gene errors and correlations, a permutation test, scorers."""

from skgenes.metrics._accumulator import PearsonAccumulator
from skgenes.metrics._output_scorer import OutputScorer, spearman_scorer
from skgenes.metrics._per_gene import (
    mean_defined,
    per_gene_mean_absolute_error,
    per_gene_pearson,
)
from skgenes.metrics._per_output import per_output_auroc, per_output_spearman
from skgenes.metrics._permutation import gene_permutation_test
from skgenes.metrics._scorers import (
    GeneScorer,
    all_genes_pearson_scorer,
    neg_per_gene_mae_scorer,
    per_gene_pearson_scorer,
    significant_genes_scorer,
)

__all__ = [
    "GeneScorer",
    "OutputScorer",
    "PearsonAccumulator",
    "all_genes_pearson_scorer",
    "gene_permutation_test",
    "mean_defined",
    "neg_per_gene_mae_scorer",
    "per_gene_mean_absolute_error",
    "per_gene_pearson",
    "per_gene_pearson_scorer",
    "per_output_auroc",
    "per_output_spearman",
    "significant_genes_scorer",
    "spearman_scorer",
]
