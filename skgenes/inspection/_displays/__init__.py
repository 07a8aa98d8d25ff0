"""Figures in scikit-learn's Display form."""

from skgenes.inspection._displays._dendrogram import SampleDendrogramDisplay
from skgenes.inspection._displays._gene_scores import GeneScoreDisplay
from skgenes.inspection._displays._importances import ImportanceDisplay
from skgenes.inspection._displays._panel_scatter import PanelScatterDisplay
from skgenes.inspection._displays._panel_size import PanelSizeDisplay
from skgenes.inspection._displays._training_curve import TrainingCurveDisplay

__all__ = [
    "GeneScoreDisplay",
    "ImportanceDisplay",
    "PanelScatterDisplay",
    "PanelSizeDisplay",
    "SampleDendrogramDisplay",
    "TrainingCurveDisplay",
]
