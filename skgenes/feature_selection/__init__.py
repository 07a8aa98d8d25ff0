"""Which genes to measure."""

from skgenes.feature_selection._autoencoder_deeplift import AutoEncoderDeepLIFTSelector
from skgenes.feature_selection._given_panel import GivenPanelSelector
from skgenes.feature_selection._greedy_panel import GreedyPanelSelector
from skgenes.feature_selection._peel_off import PeelOffSelector

__all__ = [
    "AutoEncoderDeepLIFTSelector",
    "GivenPanelSelector",
    "GreedyPanelSelector",
    "PeelOffSelector",
]
