"""Preprocessing on an AnnData, the scanpy way."""

from skgenes.pp._aggregate_probes import aggregate_probes
from skgenes.pp._binding_sites import binding_sites
from skgenes.pp._quantile_normalize import quantile_normalize
from skgenes.pp._remove_duplicate_samples import remove_duplicate_samples

__all__ = ["aggregate_probes", "binding_sites", "quantile_normalize", "remove_duplicate_samples"]
