"""Figures in scikit-learn's Display form."""

from skgenes.inspection._displays._biplot import EmbeddingBiplotDisplay
from skgenes.inspection._displays._correlation_heatmap import CorrelationHeatmapDisplay
from skgenes.inspection._displays._dendrogram import SampleDendrogramDisplay
from skgenes.inspection._displays._gene_scores import GeneScoreDisplay
from skgenes.inspection._displays._importances import ImportanceDisplay
from skgenes.inspection._displays._loading_bars import LoadingBarsDisplay
from skgenes.inspection._displays._neighborhood_graph import NeighborhoodGraphDisplay
from skgenes.inspection._displays._observed_predicted import ObservedPredictedDisplay
from skgenes.inspection._displays._output_scores import OutputScoreDisplay
from skgenes.inspection._displays._panel_evaluation import PanelEvaluationDisplay
from skgenes.inspection._displays._panel_report import PanelReportDisplay
from skgenes.inspection._displays._panel_scatter import PanelScatterDisplay
from skgenes.inspection._displays._panel_size import PanelSizeDisplay
from skgenes.inspection._displays._position_profile import PositionProfileDisplay
from skgenes.inspection._displays._regulator_heatmap import RegulatorHeatmapDisplay
from skgenes.inspection._displays._training_curve import TrainingCurveDisplay
from skgenes.inspection._displays._volcano import VolcanoDisplay

__all__ = [
    "CorrelationHeatmapDisplay",
    "EmbeddingBiplotDisplay",
    "GeneScoreDisplay",
    "ImportanceDisplay",
    "LoadingBarsDisplay",
    "NeighborhoodGraphDisplay",
    "ObservedPredictedDisplay",
    "OutputScoreDisplay",
    "PanelEvaluationDisplay",
    "PanelReportDisplay",
    "PanelScatterDisplay",
    "PanelSizeDisplay",
    "PositionProfileDisplay",
    "RegulatorHeatmapDisplay",
    "SampleDendrogramDisplay",
    "TrainingCurveDisplay",
    "VolcanoDisplay",
]
