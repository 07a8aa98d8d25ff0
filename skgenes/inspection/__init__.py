"""Why: which genes a network's outputs rest on, and how panels of genes compare."""

from skgenes.inspection._ablation import feature_class_ablation, multi_task_comparison
from skgenes.inspection._binding_site_disruption import binding_site_disruption
from skgenes.inspection._cluster_samples import SampleClustering, cluster_samples
from skgenes.inspection._coexpression import coexpression, coexpression_agreement
from skgenes.inspection._coexpression_drivers import CoexpressionDrivers
from skgenes.inspection._compare_panels import compare_panels
from skgenes.inspection._compare_result import PanelComparison
from skgenes.inspection._correlation_neighbors import correlation_neighbors
from skgenes.inspection._deeplift import DeepLIFTResult, deeplift
from skgenes.inspection._differential_expression import differential_expression
from skgenes.inspection._displays import (
    CorrelationHeatmapDisplay,
    EmbeddingBiplotDisplay,
    GeneScoreDisplay,
    ImportanceDisplay,
    LoadingBarsDisplay,
    NeighborhoodGraphDisplay,
    ObservedPredictedDisplay,
    OutputScoreDisplay,
    PanelEvaluationDisplay,
    PanelReportDisplay,
    PanelScatterDisplay,
    PanelSizeDisplay,
    PositionProfileDisplay,
    RegulatorHeatmapDisplay,
    SampleDendrogramDisplay,
    TrainingCurveDisplay,
    VolcanoDisplay,
)
from skgenes.inspection._evaluate_panel import evaluate_panel
from skgenes.inspection._feature_awareness import feature_awareness
from skgenes.inspection._functional_spread import FunctionalSpread, functional_spread
from skgenes.inspection._gene_hubs import gene_hubs
from skgenes.inspection._gene_neighbors import gene_neighbors
from skgenes.inspection._knockout import in_silico_knockout
from skgenes.inspection._knockout_effects import knockout_effects
from skgenes.inspection._mediation import MediationResult, mediation_test
from skgenes.inspection._neighbor_prediction import (
    NeighborPrediction,
    neighbor_prediction_score,
)
from skgenes.inspection._neighborhood_graph import neighborhood_graph
from skgenes.inspection._neighborhood_overlap import NeighborhoodOverlap, neighborhood_overlap
from skgenes.inspection._neighbors_result import GeneNeighbors
from skgenes.inspection._over_representation import over_representation
from skgenes.inspection._panel_curve import panel_size_curve
from skgenes.inspection._panel_curve_result import PanelSizeCurve
from skgenes.inspection._panel_evaluation import PanelEvaluation
from skgenes.inspection._panel_report import panel_report
from skgenes.inspection._panel_report_result import PanelReport
from skgenes.inspection._panel_stability import panel_stability
from skgenes.inspection._panel_stability_result import PanelStability
from skgenes.inspection._panel_swaps import panel_swaps
from skgenes.inspection._panel_swaps_result import PanelSwaps
from skgenes.inspection._panel_values import panel_values
from skgenes.inspection._panel_values_result import PanelValues
from skgenes.inspection._rank_enrichment import rank_enrichment
from skgenes.inspection._regulator_positions import position_contributions
from skgenes.inspection._regulator_scores import RegulatorScores, regulator_scores
from skgenes.inspection._trait_association import regulator_trait_association
from skgenes.inspection._transcript_usage import TranscriptUsageScores, transcript_usage_scores

__all__ = [
    "CoexpressionDrivers",
    "CorrelationHeatmapDisplay",
    "DeepLIFTResult",
    "EmbeddingBiplotDisplay",
    "FunctionalSpread",
    "GeneNeighbors",
    "GeneScoreDisplay",
    "ImportanceDisplay",
    "LoadingBarsDisplay",
    "MediationResult",
    "NeighborPrediction",
    "NeighborhoodGraphDisplay",
    "NeighborhoodOverlap",
    "ObservedPredictedDisplay",
    "OutputScoreDisplay",
    "PanelComparison",
    "PanelEvaluation",
    "PanelEvaluationDisplay",
    "PanelReport",
    "PanelReportDisplay",
    "PanelScatterDisplay",
    "PanelSizeCurve",
    "PanelSizeDisplay",
    "PanelStability",
    "PanelSwaps",
    "PanelValues",
    "PositionProfileDisplay",
    "RegulatorHeatmapDisplay",
    "RegulatorScores",
    "SampleClustering",
    "SampleDendrogramDisplay",
    "TrainingCurveDisplay",
    "TranscriptUsageScores",
    "VolcanoDisplay",
    "binding_site_disruption",
    "cluster_samples",
    "coexpression",
    "coexpression_agreement",
    "compare_panels",
    "correlation_neighbors",
    "deeplift",
    "differential_expression",
    "evaluate_panel",
    "feature_awareness",
    "feature_class_ablation",
    "functional_spread",
    "gene_hubs",
    "gene_neighbors",
    "in_silico_knockout",
    "knockout_effects",
    "mediation_test",
    "multi_task_comparison",
    "neighbor_prediction_score",
    "neighborhood_graph",
    "neighborhood_overlap",
    "over_representation",
    "panel_report",
    "panel_size_curve",
    "panel_stability",
    "panel_swaps",
    "panel_values",
    "position_contributions",
    "rank_enrichment",
    "regulator_scores",
    "regulator_trait_association",
    "transcript_usage_scores",
]
