"""The networks themselves: weights as NumPy arrays, one training loop, Keras models.

Nothing else in the package imports TensorFlow or Keras, and this sub-package does so only when a
network is trained, explained or turned into a Keras model.
"""

from skgenes.networks._dense import DenseLayer, DenseNetwork, Scaling
from skgenes.networks._initialize import initial_layers
from skgenes.networks._keras import autoencoder_shape, build_autoencoder, build_dgex, to_keras
from skgenes.networks._read_keras import from_keras
from skgenes.networks._rescale import RescaleExplainer
from skgenes.networks._shap import ShapExplainer
from skgenes.networks._sources import MatrixSource, RowSource, standard_scaling
from skgenes.networks._training import (
    TrainingOptions,
    TrainingResult,
    decayed_learning_rate,
    train,
)

__all__ = [
    "DenseLayer",
    "DenseNetwork",
    "MatrixSource",
    "RescaleExplainer",
    "RowSource",
    "Scaling",
    "ShapExplainer",
    "TrainingOptions",
    "TrainingResult",
    "autoencoder_shape",
    "build_autoencoder",
    "build_dgex",
    "decayed_learning_rate",
    "from_keras",
    "initial_layers",
    "standard_scaling",
    "to_keras",
    "train",
]
