"""Which genes to measure."""

from skgenes.feature_selection._autoencoder_deeplift import AutoEncoderDeepLIFTSelector

__all__ = ["AutoEncoderDeepLIFTSelector"]
