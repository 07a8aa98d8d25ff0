"""From columns of inputs to outputs, with what does not change from draw to draw done once."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import scipy.sparse as sp

from skgenes.networks import DenseLayer
from skgenes.networks._activations import ACTIVATIONS


@dataclass(frozen=True)
class Response:
    """Several networks as one linear map to hidden values, and what follows.

    Parameters
    ----------
    kernel : ndarray of float64 of shape (n_columns, n_hidden)
        From inputs to hidden values; the hidden units of all networks side by side.
    offset : ndarray of float64 of shape (n_hidden,)
        Hidden values of inputs that are all 0.
    heads : tuple of tuple of (slice, tuple of DenseLayer)
        For each network, its hidden units, and its layers from there on. The kernel of the first
        of these is already in `kernel`: only its activation is left.
    n_outputs : int
        Number of outputs.
    """

    kernel: np.ndarray
    offset: np.ndarray
    heads: tuple
    n_outputs: int

    def hidden(self, inputs):
        """Hidden values, before the first activation.

        Parameters
        ----------
        inputs : csr_array of shape (n_rows, n_columns)
            Inputs.

        Returns
        -------
        ndarray of float64 of shape (n_rows, n_hidden)
            The values.
        """
        return inputs @ self.kernel + self.offset

    def outputs(self, hidden):
        """Mean output of the networks.

        Parameters
        ----------
        hidden : ndarray of shape (n_rows, n_hidden)
            Hidden values, in the precision of the heads.

        Returns
        -------
        ndarray of shape (n_rows, n_outputs)
            Outputs.
        """
        total = np.zeros((len(hidden), self.n_outputs), hidden.dtype)
        for units, (first, *others) in self.heads:
            values = ACTIVATIONS[first.activation](hidden[:, units])
            for layer in others:
                values = values @ layer.kernel
                values += layer.bias
                values = ACTIVATIONS[layer.activation](values)
            total += values
        total /= len(self.heads)
        return total


def response_of(networks, outputs, dtype=np.float64, *, centred=False):
    """Join networks whose first and last layers are linear.

    Parameters
    ----------
    networks : sequence of DenseNetwork
        Networks on the same inputs; their mean is the prediction.
    outputs : ndarray of int of shape (n_outputs,)
        Which outputs to compute.
    dtype : dtype, default=float64
        Precision of the heads.
    centred : bool, default=False
        Whether to subtract the mean over these outputs from each row.

    Returns
    -------
    Response
        The same function of the inputs.
    """
    chains = [_layers(network, outputs, centred) for network in networks]
    ends = np.cumsum([0, *(len(chain[0].bias) for chain in chains)])
    units = [slice(start, end) for start, end in pairwise(ends)]
    return Response(
        kernel=np.hstack([chain[0].kernel for chain in chains]),
        offset=np.concatenate([chain[0].bias for chain in chains]),
        heads=tuple((at, _cast(chain, dtype)) for at, chain in zip(units, chains, strict=True)),
        n_outputs=len(outputs),
    )


def split_by_feature(inputs, column_feature):
    """Take each row apart into what every feature puts into it.

    Parameters
    ----------
    inputs : csr_array of shape (n_rows, n_columns)
        Inputs.
    column_feature : ndarray of int of shape (n_columns,)
        Feature that each column belongs to.

    Returns
    -------
    rows : ndarray of int of shape (n_pairs,)
        Row of every pair of a row and a feature that is not 0 in it, sorted.
    features : ndarray of int of shape (n_pairs,)
        Its feature; sorted within a row.
    parts : csr_array of shape (n_pairs, n_columns)
        That row in the columns of that feature alone.
    """
    order = np.argsort(column_feature, kind="stable")
    place = np.empty_like(order)
    place[order] = np.arange(order.size)
    grouped = sp.csr_array((inputs.data, place[inputs.indices], inputs.indptr), inputs.shape)
    grouped = grouped.copy()
    grouped.eliminate_zeros()
    grouped.sort_indices()
    rows = np.repeat(np.arange(inputs.shape[0]), np.diff(grouped.indptr))
    columns = order[grouped.indices]
    features = column_feature[columns]
    is_first = np.ones(rows.size, dtype=bool)
    is_first[1:] = (np.diff(rows) != 0) | (np.diff(features) != 0)
    starts = np.flatnonzero(is_first)
    content = grouped.data, columns, np.append(starts, rows.size)
    return rows[starts], features[starts], sp.csr_array(content, (starts.size, inputs.shape[1]))


def _layers(network, outputs, centred):
    """Layers in float64 that compute these outputs."""
    *others, last = network.with_outputs(outputs).merged().layers
    if centred:
        # The last layer is linear, so the mean over outputs can be taken from its weights, and
        # differences of outputs keep all digits.
        kernel, bias = last.kernel, last.bias
        kernel, bias = kernel - kernel.mean(axis=1, keepdims=True), bias - bias.mean()
        last = DenseLayer(kernel, bias, last.activation)
    return [*others, last]


def _cast(layers, dtype):
    return tuple(
        DenseLayer(layer.kernel.astype(dtype), layer.bias.astype(dtype), layer.activation)
        for layer in layers
    )
