"""The networks as estimators."""

from skgenes.neural_network._autoencoder import GeneAutoEncoder
from skgenes.neural_network._decode import DEcodeRegressor
from skgenes.neural_network._dgex import DGEXRegressor

__all__ = ["DEcodeRegressor", "DGEXRegressor", "GeneAutoEncoder"]
