"""Why: which genes a network's outputs rest on, and how panels of genes compare."""

from skgenes.inspection._compare_panels import compare_panels
from skgenes.inspection._compare_result import PanelComparison
from skgenes.inspection._deeplift import DeepLIFTResult, deeplift

__all__ = ["DeepLIFTResult", "PanelComparison", "compare_panels", "deeplift"]
