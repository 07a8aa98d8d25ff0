"""DEcode's network as plain NumPy arrays."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import block_diag

from skgenes.networks._activations import ACTIVATIONS
from skgenes.networks._branched_graph import EPSILON, BranchedGraph
from skgenes.networks._dense import DenseLayer, DenseNetwork


@dataclass(frozen=True)
class NormalizedLayer:
    """A dense layer with ReLU, normalised after the activation.

    Parameters
    ----------
    kernel : ndarray of float32 of shape (n_inputs, n_units)
        Weights.
    bias, gamma, beta : ndarray of float32 of shape (n_units,)
        Intercepts, and scale and shift after normalising.
    mean, variance : ndarray of float32 of shape (n_units,)
        Moving statistics of what ReLU returned in training.
    """

    kernel: np.ndarray
    bias: np.ndarray
    gamma: np.ndarray
    beta: np.ndarray
    mean: np.ndarray
    variance: np.ndarray

    @property
    def weights(self):
        """All arrays, in the order above.

        Returns
        -------
        list of ndarray of float32
            Six of them.
        """
        return list(vars(self).values())

    def normalization(self):
        """What normalising does after training.

        Returns
        -------
        scale : ndarray of float64 of shape (n_units,)
            Factor.
        shift : ndarray of float64 of shape (n_units,)
            What is added: ``scale * relu(...) + shift`` is the output of the layer.
        """
        variance = np.float64(self.variance)
        scale = self.gamma / np.sqrt(variance + EPSILON)
        return scale, self.beta - scale * self.mean


@dataclass(frozen=True)
class BranchedNetwork:
    """Convolutions along every part of a gene, summed over positions, under a common dense head.

    Parameters
    ----------
    branches : tuple of tuple of ndarray of float32 of shape (kernel_size, n_inputs, n_filters)
        Kernels of the convolutions of every part, the first one first. They have no bias and
        stride 1. A part without any is taken as it is.
    conv_activation : {"identity", "relu", "elu", "tanh"}
        After every convolution. All of them keep 0, so that empty bins add nothing.
    hidden : tuple of NormalizedLayer
        Of the head.
    output : DenseLayer
        The last layer.

    Notes
    -----
    Every gene is taken as if D empty bins followed its last one, D being the sum of
    ``kernel_size - 1`` over the convolutions of a part. A branch of linear convolutions, summed
    over positions, is

    .. math:: \\sum_{i,j,\\ldots} S_{i+j+\\ldots} W^1_i W^2_j \\cdots

    with S_d the sum of the gene's bins from the d-th on: the same convolutions applied to the
    D + 1 rows S_0, ..., S_D, of which one position is left. So nothing needs to be convolved.
    """

    branches: tuple[tuple[np.ndarray, ...], ...]
    conv_activation: str
    hidden: tuple[NormalizedLayer, ...]
    output: DenseLayer

    @property
    def depths(self):
        """D of every part.

        Returns
        -------
        tuple of int
            Sums of ``kernel_size - 1``.
        """
        return tuple(sum(len(kernel) - 1 for kernel in kernels) for kernels in self.branches)

    @property
    def n_outputs(self):
        """Number of outputs."""
        return len(self.output.bias)

    def weights(self):
        """What training changes.

        Returns
        -------
        list of ndarray of float32
            Kernels of the branches, six arrays for every hidden layer, kernel and bias of the
            output.
        """
        convolutions = [kernel for kernels in self.branches for kernel in kernels]
        hidden = [array for layer in self.hidden for array in layer.weights]
        return [*convolutions, *hidden, self.output.kernel, self.output.bias]

    def with_weights(self, weights):
        """Replace what training changes.

        Parameters
        ----------
        weights : list of ndarray of float32
            As `weights` returns them.

        Returns
        -------
        BranchedNetwork
            With these weights.
        """
        remaining = iter(weights)
        return replace(
            self,
            branches=tuple(tuple(next(remaining) for _ in kernels) for kernels in self.branches),
            hidden=tuple(
                NormalizedLayer(*(next(remaining) for _ in layer.weights)) for layer in self.hidden
            ),
            output=replace(self.output, kernel=next(remaining), bias=next(remaining)),
        )

    def graph(self, dropped):
        """What the network computes, for training.

        Parameters
        ----------
        dropped : tuple of bool
            Whether inputs are dropped before every dense layer.

        Returns
        -------
        BranchedGraph
            Branches and head.
        """
        n_convolutions = tuple(len(kernels) for kernels in self.branches)
        return BranchedGraph(n_convolutions, self.conv_activation, len(self.hidden), dropped)

    def head(self):
        """The dense layers, normalisation folded into those that follow it.

        Returns
        -------
        DenseNetwork
            From the values of all branches, side by side, to the outputs.
        """
        layers, scale, shift = [], 1.0, 0.0
        for layer in (*self.hidden, self.output):
            kernel = np.float64(layer.kernel)
            bias = np.asarray(layer.bias + shift @ kernel if layers else layer.bias, np.float32)
            kernel = (np.reshape(scale, (-1, 1)) * kernel).astype(np.float32)
            if layer is self.output:
                layers.append(DenseLayer(kernel, bias, "identity"))
            else:
                layers.append(DenseLayer(kernel, bias, "relu"))
                scale, shift = layer.normalization()
        return DenseNetwork(tuple(layers))

    def folded(self):
        """The same function as a chain of dense layers, the first of which is linear.

        Returns
        -------
        DenseNetwork
            From the fold sums of all parts, side by side and for each part S_0 first, to the
            outputs.

        Raises
        ------
        ValueError
            If convolutions are not linear.
        """
        kernel = block_diag(*(branch.layers[0].kernel for branch in self.folded_branches()))
        return DenseNetwork((_linear(kernel), *self.head().layers))

    def folded_branches(self):
        """Every branch as one linear layer.

        Returns
        -------
        tuple of DenseNetwork
            From the fold sums of a part, side by side with S_0 first, to the values of its branch.

        Raises
        ------
        ValueError
            If convolutions are not linear.
        """
        if self.conv_activation != "identity":
            raise ValueError(
                f"Only linear convolutions can be folded, got {self.conv_activation!r}."
            )
        return tuple(
            DenseNetwork((_linear(np.concatenate(composite_kernel(kernels)).astype(np.float32)),))
            for kernels in self.branches
        )


def _linear(kernel):
    return DenseLayer(kernel, np.zeros(kernel.shape[1], np.float32), "identity")


def composite_kernel(kernels):
    """Kernel of several linear convolutions in one.

    Parameters
    ----------
    kernels : sequence of ndarray of shape (kernel_size, n_inputs, n_filters)
        Kernels, the first one first; at least one.

    Returns
    -------
    ndarray of float64 of shape (depth + 1, n_inputs, n_filters)
        ``K[d] = sum over i + j + ... = d of W1[i] @ W2[j] @ ...``.
    """
    first, *others = (np.float64(kernel) for kernel in kernels)
    for kernel in others:
        product = np.zeros((len(first) + len(kernel) - 1, first.shape[1], kernel.shape[2]))
        for i, left in enumerate(first):
            for j, right in enumerate(kernel):
                product[i + j] += left @ right
        first = product
    return first


def convolved_sum(rows, lengths, kernels, activation):
    """Value of a branch, by convolving.

    Parameters
    ----------
    rows : ndarray of shape (n_bins, n_inputs)
        The bins of all genes, one gene below the other.
    lengths : ndarray of int of shape (n_genes,)
        Number of bins of every gene.
    kernels : sequence of ndarray of shape (kernel_size, n_inputs, n_filters)
        Kernels of the convolutions.
    activation : str
        After every convolution.

    Returns
    -------
    ndarray of float64 of shape (n_genes, n_filters)
        Sums over positions, each gene followed by as many empty bins as the kernels reach over.
    """
    depth = sum(len(kernel) - 1 for kernel in kernels)
    starts = np.concatenate([[0], np.cumsum(lengths + depth)])
    gene = np.repeat(np.arange(len(lengths)), lengths)
    place = np.arange(len(rows)) + depth * gene
    # What lies beyond the last row is never seen: it only stands where genes have ended.
    values = np.zeros((starts[-1], rows.shape[1]))
    values[place] = rows
    for kernel in kernels:
        padded = np.concatenate([values, np.zeros((len(kernel) - 1, values.shape[1]))])
        values = sum(padded[i : i + len(values)] @ np.float64(tap) for i, tap in enumerate(kernel))
        values = ACTIVATIONS[activation](values)
    sums = np.zeros((len(lengths), values.shape[1]))
    np.add.at(sums, gene, values[place])
    return sums
