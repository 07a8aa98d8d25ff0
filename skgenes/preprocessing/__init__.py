"""What happens to expression before an estimator sees it."""

from skgenes.preprocessing._from_anndata import FromAnnData
from skgenes.preprocessing._probe_aggregator import ProbeAggregator

__all__ = ["FromAnnData", "ProbeAggregator"]
