"""Landmark genes, inference and scores on an AnnData, the scanpy way."""

from skgenes.tl._gene_scores import gene_scores
from skgenes.tl._infer_genes import infer_genes
from skgenes.tl._landmark_genes import landmark_genes
from skgenes.tl._reconstruct import reconstruct

__all__ = ["gene_scores", "infer_genes", "landmark_genes", "reconstruct"]
