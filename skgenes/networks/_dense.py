"""A trained dense network as plain NumPy arrays: what a fitted estimator holds."""

from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from skgenes.networks._activations import ACTIVATIONS
from skgenes.networks._graphs import DenseGraph

# Chunks of rows stay below this many numbers (64 MB of float64).
CHUNK_ELEMENTS = 8_000_000


@dataclass(frozen=True)
class Scaling:
    """A shift and a scale for every gene.

    Parameters
    ----------
    mean : ndarray of float64 of shape (n_genes,)
        What is subtracted, in the unit of the data.
    scale : ndarray of float64 of shape (n_genes,)
        What is divided by, in the unit of the data.
    """

    mean: np.ndarray
    scale: np.ndarray

    def apply(self, X):
        """Standardise: ``(X - mean) / scale``.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_genes)
            Expression.

        Returns
        -------
        ndarray of float32 of shape (n_samples, n_genes)
            Standardised expression.
        """
        # In the precision of X, twice as fast for float32, but not at the price of the mean, which
        # may be large beside the spread: what rounding takes from it is subtracted at the end.
        precision = np.float32 if X.dtype == np.float32 else np.float64
        mean = self.mean.astype(precision)
        Z = X - mean
        Z /= self.scale.astype(precision)
        if precision is np.float32:
            Z -= ((self.mean - mean) / self.scale).astype(np.float32)
        return Z.astype(np.float32, order="C", copy=False)

    def undo(self, Z):
        """Bring standardised values back: ``Z * scale + mean``.

        Parameters
        ----------
        Z : ndarray of shape (n_samples, n_genes)
            Standardised expression.

        Returns
        -------
        ndarray of float64 of shape (n_samples, n_genes)
            Expression in the unit of the data.
        """
        return Z * self.scale + self.mean


def standardized(X, scaling):
    """Make rows dense and bring them to the scale that a first layer sees.

    Parameters
    ----------
    X : ndarray or sparse matrix of shape (n_samples, n_genes)
        Expression.
    scaling : Scaling or None
        What to apply; None leaves the values as they are.

    Returns
    -------
    ndarray of float32 of shape (n_samples, n_genes)
        The rows, in row-major order.
    """
    X = X.toarray() if sp.issparse(X) else np.asarray(X)
    return X.astype(np.float32, order="C", copy=False) if scaling is None else scaling.apply(X)


@dataclass(frozen=True)
class DenseLayer:
    """One dense layer, ``activation(X @ kernel + bias)``.

    Parameters
    ----------
    kernel : ndarray of float32 of shape (n_inputs, n_units)
        Weights.
    bias : ndarray of float32 of shape (n_units,)
        Intercepts.
    activation : {"identity", "relu", "elu", "sigmoid", "tanh"}
        Name of the element-wise activation.
    """

    kernel: np.ndarray
    bias: np.ndarray
    activation: str


@dataclass(frozen=True)
class DenseNetwork:
    """A chain of dense layers between two scalings, evaluated in NumPy.

    Parameters
    ----------
    layers : tuple of DenseLayer
        The layers, input first.
    input_scaling : Scaling or None, default=None
        Applied to the input.
    output_scaling : Scaling or None, default=None
        Undone on the output.

    Examples
    --------
    >>> import numpy as np
    >>> from skgenes.networks import DenseLayer, DenseNetwork
    >>> layer = DenseLayer(np.ones((2, 1), "float32"), np.zeros(1, "float32"), "relu")
    >>> DenseNetwork((layer,)).predict(np.array([[1.0, 2.0], [-3.0, 1.0]]))
    array([[3.],
           [0.]])
    """

    layers: tuple[DenseLayer, ...]
    input_scaling: Scaling | None = None
    output_scaling: Scaling | None = None

    @property
    def n_inputs(self):
        """Number of inputs."""
        return self.layers[0].kernel.shape[0]

    @property
    def n_outputs(self):
        """Number of outputs."""
        return self.layers[-1].kernel.shape[1]

    def split(self, n_layers):
        """Cut the chain in two.

        Parameters
        ----------
        n_layers : int
            Number of layers of the first part.

        Returns
        -------
        first : DenseNetwork
            The first layers, behind the input scaling.
        second : DenseNetwork
            The others: ``second.predict(first.predict(X))`` is ``predict(X)``.
        """
        first = DenseNetwork(self.layers[:n_layers], input_scaling=self.input_scaling)
        return first, DenseNetwork(self.layers[n_layers:], output_scaling=self.output_scaling)

    def then(self, other):
        """Join two chains, the inverse of `split`.

        Parameters
        ----------
        other : DenseNetwork
            What follows.

        Returns
        -------
        DenseNetwork
            The joined chain.
        """
        return DenseNetwork(self.layers + other.layers, self.input_scaling, other.output_scaling)

    def with_outputs(self, outputs):
        """Keep some of the outputs.

        Parameters
        ----------
        outputs : ndarray of int
            Which outputs to keep.

        Returns
        -------
        DenseNetwork
            A network that computes these alone.
        """
        last, scaling = self.layers[-1], self.output_scaling
        last = replace(last, kernel=last.kernel[:, outputs], bias=last.bias[outputs])
        if scaling is not None:
            scaling = Scaling(scaling.mean[outputs], scaling.scale[outputs])
        return DenseNetwork((*self.layers[:-1], last), self.input_scaling, scaling)

    def merged(self):
        """Put scalings and layers that do not bend into the layers beside them.

        Returns
        -------
        DenseNetwork
            The same function in float64, without scalings. All layers but the last bend.

        Raises
        ------
        ValueError
            If the last layer is not linear.
        """
        if self.layers[-1].activation != "identity":
            raise ValueError(
                "A network must end with a linear layer to be merged; its last activation is "
                f"{self.layers[-1].activation!r}."
            )
        layers = [
            DenseLayer(x.kernel.astype(np.float64), x.bias.astype(np.float64), x.activation)
            for x in self.layers
        ]
        if (scaling := self.input_scaling) is not None:
            kernel = layers[0].kernel / scaling.scale[:, np.newaxis]
            bias = layers[0].bias - scaling.mean @ kernel
            layers[0] = replace(layers[0], kernel=kernel, bias=bias)
        if (scaling := self.output_scaling) is not None:
            kernel, bias = layers[-1].kernel * scaling.scale, scaling.undo(layers[-1].bias)
            layers[-1] = replace(layers[-1], kernel=kernel, bias=bias)
        result = layers[:1]
        for layer in layers[1:]:
            if result[-1].activation == "identity":
                kernel, bias = result[-1].kernel @ layer.kernel, result[-1].bias @ layer.kernel
                result[-1] = replace(layer, kernel=kernel, bias=bias + layer.bias)
            else:
                result.append(layer)
        return DenseNetwork(tuple(result))

    def weights(self):
        """What training changes.

        Returns
        -------
        list of ndarray of float32
            Kernel and bias of every layer.
        """
        return [array for layer in self.layers for array in (layer.kernel, layer.bias)]

    def with_weights(self, weights):
        """Replace what training changes.

        Parameters
        ----------
        weights : list of ndarray of float32
            As `weights` returns them.

        Returns
        -------
        DenseNetwork
            With these weights.
        """
        layers = tuple(
            replace(layer, kernel=kernel, bias=bias)
            for layer, kernel, bias in zip(self.layers, weights[::2], weights[1::2], strict=True)
        )
        return replace(self, layers=layers)

    def graph(self, dropped):
        """What the layers compute, for training.

        Parameters
        ----------
        dropped : tuple of bool
            Whether inputs are dropped before every layer.

        Returns
        -------
        DenseGraph
            The chain of layers, without the scalings.
        """
        return DenseGraph(tuple(layer.activation for layer in self.layers), dropped)

    def standardize(self, X):
        """Dense, scaled input of the first layer.

        Parameters
        ----------
        X : ndarray or sparse matrix of shape (n_samples, n_inputs)
            Expression.

        Returns
        -------
        ndarray of float32 of shape (n_samples, n_inputs)
            What the first layer sees.
        """
        return standardized(X, self.input_scaling)

    def _evaluate(self, X):
        """Output for one chunk of rows."""
        # A matrix product rounds a row differently with its place and the number of rows. In
        # double precision that does not show: predictions must not depend on batch-mates.
        H = self.standardize(X).astype(np.float64)
        for layer in self.layers:
            H = ACTIVATIONS[layer.activation](H @ layer.kernel.astype(np.float64) + layer.bias)
        return H if self.output_scaling is None else self.output_scaling.undo(H)

    def iter_predict(self, X):
        """Evaluate chunk by chunk.

        Parameters
        ----------
        X : ndarray or csr_array of shape (n_samples, n_inputs)
            Expression.

        Yields
        ------
        rows : slice
            The rows of this chunk.
        outputs : ndarray of shape (n_rows, n_outputs)
            Their outputs.
        """
        widest = max(self.n_inputs, *(len(layer.bias) for layer in self.layers))
        step = max(1, CHUNK_ELEMENTS // widest)
        for start in range(0, X.shape[0], step):
            rows = slice(start, min(start + step, X.shape[0]))
            yield rows, self._evaluate(X[rows])

    def predict(self, X):
        """Evaluate all rows; beyond the result, memory does not grow with their number.

        Computed in double precision, so that a row's outputs do not depend on its batch-mates
        beyond some 1e-15.

        Parameters
        ----------
        X : ndarray or csr_array of shape (n_samples, n_inputs)
            Expression.

        Returns
        -------
        ndarray of float64 of shape (n_samples, n_outputs)
            Outputs.
        """
        result = np.empty((X.shape[0], self.n_outputs))
        for rows, outputs in self.iter_predict(X):
            result[rows] = outputs
        return result
