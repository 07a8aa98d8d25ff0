"""DeepLIFT's Rescale rule for sparse inputs of which several make one feature.

Layers that do not bend are one matrix with the next, and networks whose outputs are averaged are
one network with all their hidden units side by side. What is left for a sample is the product of
the kernel's rows where the sample differs from the reference, summed by feature, with what follows
the first activation: nothing is computed for the many inputs that are as in the reference.
"""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from skgenes.networks._activations import ACTIVATIONS
from skgenes.networks._rescale import rescale_slope

# What follows the first activation, for a chunk of samples, has at most this many numbers (16 MB).
_TAIL_ELEMENTS = 4_000_000


@dataclass(frozen=True)
class SampleContributions:
    """Contributions to one sample.

    Parameters
    ----------
    sample : int
        Its position.
    groups : ndarray of int of shape (n_groups_that_differ,)
        Groups of inputs that differ from the reference, each once.
    contributions : ndarray of float32 of shape (n_groups_that_differ, n_outputs)
        Their contributions; those of all other groups are 0.
    delta : ndarray of float64 of shape (n_outputs,)
        Prediction, less that of the reference.
    """

    sample: int
    groups: np.ndarray
    contributions: np.ndarray
    delta: np.ndarray


class GroupedRescaleExplainer:
    """Contributions of groups of inputs to the mean of some dense networks.

    Parameters
    ----------
    networks : sequence of DenseNetwork
        Networks with the same inputs and outputs, whose last layers are linear. Scalings are part
        of them.
    reference : ndarray of shape (n_inputs,)
        The sample to compare with.
    groups : ndarray of int of shape (n_inputs,)
        Group of each input; the contribution of a group is the sum of those of its inputs.

    Raises
    ------
    ValueError
        If a network does not end with a linear layer.
    """

    def __init__(self, networks, reference, groups):
        self.networks = tuple(networks)
        self._chains = [_Chain(network, reference) for network in networks]
        # Inputs of a group side by side, so that summing a group is one pass.
        self._order = np.argsort(groups, kind="stable")
        self._place = np.argsort(self._order)
        self._groups = np.asarray(groups)[self._order]
        self._reference = np.asarray(reference, dtype=np.float64)
        kernel = np.hstack([chain.kernel for chain in self._chains])
        self._kernel = kernel[self._order].astype(np.float32)

    @property
    def expected_output(self):
        """Prediction for the reference, ndarray of float64 of shape (n_outputs,)."""
        return self._predict(self._reference[np.newaxis])[0]

    def iter_samples(self, X):
        """Explain one sample after the other.

        Parameters
        ----------
        X : ndarray or csr_array of shape (n_samples, n_inputs)
            Samples.

        Yields
        ------
        SampleContributions
            Of each sample, in order.
        """
        X = sp.csr_array(X)
        delta = self._predict(X) - self.expected_output
        step = max(1, _TAIL_ELEMENTS // (self._kernel.shape[1] * delta.shape[1]))
        for start in range(0, X.shape[0], step):
            chunk = X[start : start + step]
            tails = np.concatenate([chain.tails(chunk) for chain in self._chains], axis=1)
            tails /= len(self._chains)
            differences = self._differences(chunk)
            for i, tail in enumerate(tails):
                own = slice(*differences.indptr[i : i + 2])
                inputs, values = differences.indices[own], differences.data[own]
                groups, values = self._contributions(inputs, values, tail)
                yield SampleContributions(start + i, groups, values, delta[start + i])

    def multipliers(self, x):
        """What a unit of each input, beyond the reference, adds to each output for one sample.

        Parameters
        ----------
        x : ndarray or csr_array of shape (1, n_inputs)
            The sample.

        Returns
        -------
        ndarray of float64 of shape (n_inputs, n_outputs)
            The multipliers; times the difference from the reference they are contributions.
        """
        products = [chain.kernel @ chain.tails(sp.csr_array(x))[0] for chain in self._chains]
        return sum(products) / len(products)

    def _predict(self, X):
        return sum(network.predict(X) for network in self.networks) / len(self.networks)

    def _differences(self, X):
        """Samples less the reference, with inputs in the order of groups."""
        inputs = np.flatnonzero(self._reference)
        everywhere = np.tile(self._reference[inputs], X.shape[0])
        starts = np.arange(X.shape[0] + 1) * inputs.size
        reference = sp.csr_array((everywhere, np.tile(inputs, X.shape[0]), starts), X.shape)
        result = sp.csr_array(X - reference)
        result.eliminate_zeros()
        result.indices = self._place[result.indices].astype(result.indices.dtype)
        result.has_sorted_indices = False
        result.sort_indices()
        return result

    def _contributions(self, inputs, values, tail):
        """Groups that differ from the reference, and what each contributes to one sample."""
        contributions = self._kernel[inputs] @ tail
        contributions *= values[:, np.newaxis].astype(np.float32)
        groups = self._groups[inputs]
        starts = np.flatnonzero(np.diff(groups, prepend=-1))
        if starts.size < groups.size:
            contributions = np.add.reduceat(contributions, starts, axis=0)
        return groups[starts], contributions


class _Chain:
    """A network as one kernel to the first units that bend, and what follows them.

    Parameters
    ----------
    network : DenseNetwork
        The network.
    reference : ndarray of shape (n_inputs,)
        The sample to compare with.
    """

    def __init__(self, network, reference):
        self._layers = network.merged().layers
        self._reference_inputs = self._activation_inputs(np.asarray(reference)[np.newaxis])
        self.kernel = self._layers[0].kernel

    def tails(self, X):
        """Everything behind the first kernel, with each activation replaced by its chord.

        Parameters
        ----------
        X : csr_array of shape (n_samples, n_inputs)
            Samples.

        Returns
        -------
        ndarray of float32 of shape (n_samples, n_units, n_outputs)
            A matrix for each sample.
        """
        inputs = self._activation_inputs(X)
        last = self._layers[-1].kernel.astype(np.float32)
        if len(self._layers) == 1:
            return np.tile(np.eye(last.shape[1], dtype=np.float32), (X.shape[0], 1, 1))
        slopes = [
            rescale_slope(layer.activation, x, reference).astype(np.float32)[:, :, np.newaxis]
            for layer, x, reference in zip(
                self._layers[:-1], inputs, self._reference_inputs, strict=True
            )
        ]
        tail = slopes[-1] * last
        for layer, slope in zip(self._layers[-2:0:-1], slopes[-2::-1], strict=True):
            tail = slope * (layer.kernel.astype(np.float32) @ tail)
        return tail

    def _activation_inputs(self, X):
        """What enters each activation but the last, in double precision."""
        inputs = []
        for layer in self._layers[:-1]:
            inputs.append(X @ layer.kernel + layer.bias)
            X = ACTIVATIONS[layer.activation](inputs[-1])
        return inputs
