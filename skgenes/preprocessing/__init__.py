"""What happens to expression before an estimator sees it."""

from skgenes.preprocessing._from_anndata import FromAnnData

__all__ = ["FromAnnData"]
