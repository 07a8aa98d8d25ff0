"""Why: which genes a network's outputs rest on."""

from skgenes.inspection._deeplift import DeepLIFTResult, deeplift

__all__ = ["DeepLIFTResult", "deeplift"]
