"""Genes' inputs from the genome: what binds their promoters and their RNA (DEcode)."""

from skgenes.feature_extraction._from_annotation import regulatory_tracks
from skgenes.feature_extraction._read_bed import read_bed
from skgenes.feature_extraction._read_gtf import read_gtf
from skgenes.feature_extraction._regulator_filter import RegulatorFilter
from skgenes.feature_extraction._regulator_scaler import RegulatorScaler
from skgenes.feature_extraction._regulatory_tracks import RegulatoryTracks
from skgenes.feature_extraction._track import Track

__all__ = [
    "RegulatorFilter",
    "RegulatorScaler",
    "RegulatoryTracks",
    "Track",
    "read_bed",
    "read_gtf",
    "regulatory_tracks",
]
