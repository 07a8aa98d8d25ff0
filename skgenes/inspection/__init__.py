"""Why: which genes a network's outputs rest on, and how panels of genes compare."""

from skgenes.inspection._ablation import feature_class_ablation, multi_task_comparison
from skgenes.inspection._binding_site_disruption import binding_site_disruption
from skgenes.inspection._cluster_samples import SampleClustering, cluster_samples
from skgenes.inspection._coexpression_drivers import CoexpressionDrivers
from skgenes.inspection._compare_panels import compare_panels
from skgenes.inspection._compare_result import PanelComparison
from skgenes.inspection._deeplift import DeepLIFTResult, deeplift
from skgenes.inspection._differential_expression import differential_expression
from skgenes.inspection._displays import (
    CorrelationHeatmapDisplay,
    GeneScoreDisplay,
    ImportanceDisplay,
    ObservedPredictedDisplay,
    OutputScoreDisplay,
    PanelScatterDisplay,
    PanelSizeDisplay,
    PositionProfileDisplay,
    RegulatorHeatmapDisplay,
    SampleDendrogramDisplay,
    TrainingCurveDisplay,
    VolcanoDisplay,
)
from skgenes.inspection._functional_spread import FunctionalSpread, functional_spread
from skgenes.inspection._knockout import in_silico_knockout
from skgenes.inspection._knockout_effects import knockout_effects
from skgenes.inspection._over_representation import over_representation

__all__ = [
    "CoexpressionDrivers",
    "CorrelationHeatmapDisplay",
    "DeepLIFTResult",
    "FunctionalSpread",
    "GeneScoreDisplay",
    "ImportanceDisplay",
    "ObservedPredictedDisplay",
    "OutputScoreDisplay",
    "PanelComparison",
    "PanelScatterDisplay",
    "PanelSizeDisplay",
    "PositionProfileDisplay",
    "RegulatorHeatmapDisplay",
    "SampleClustering",
    "SampleDendrogramDisplay",
    "TrainingCurveDisplay",
    "VolcanoDisplay",
    "binding_site_disruption",
    "cluster_samples",
    "compare_panels",
    "deeplift",
    "differential_expression",
    "feature_class_ablation",
    "functional_spread",
    "in_silico_knockout",
    "knockout_effects",
    "multi_task_comparison",
    "over_representation",
]
