"""What happens to expression before an estimator sees it."""

from skgenes.preprocessing._align_genes import GeneAligner
from skgenes.preprocessing._duplicate_remover import DuplicateSampleRemover
from skgenes.preprocessing._duplicate_samples import duplicate_samples
from skgenes.preprocessing._fold_change import FoldChangeTransformer
from skgenes.preprocessing._from_anndata import FromAnnData
from skgenes.preprocessing._log2 import Log2Transformer
from skgenes.preprocessing._match_genes import match_genes
from skgenes.preprocessing._match_result import GeneMatch
from skgenes.preprocessing._probe_aggregator import ProbeAggregator
from skgenes.preprocessing._quantile_normalizer import QuantileNormalizer
from skgenes.preprocessing._quantile_reference import quantile_reference

__all__ = [
    "DuplicateSampleRemover",
    "FoldChangeTransformer",
    "FromAnnData",
    "GeneAligner",
    "GeneMatch",
    "Log2Transformer",
    "ProbeAggregator",
    "QuantileNormalizer",
    "duplicate_samples",
    "match_genes",
    "quantile_reference",
]
