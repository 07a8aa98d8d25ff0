"""Weights that give every group of samples the same say."""

import numpy as np

from skgenes.inspection._panel_labels import encode
from skgenes.utils._messages import listed


def group_weights(groups, n_samples):
    """Weigh samples so that all groups weigh the same together.

    Parameters
    ----------
    groups : ndarray of shape (n_samples,) or None
        Group of each sample, such as its cell type; None is one group of all.
    n_samples : int
        Number of samples.

    Returns
    -------
    ndarray of float64 of shape (n_samples,)
        Of mean 1.

    Raises
    ------
    ValueError
        If a group has a single sample.
    """
    if groups is None:
        return np.ones(n_samples)
    names, codes, _ = encode(groups, None)
    sizes = np.bincount(codes)
    if sizes.min() < 2:
        raise ValueError(
            f"groups has {np.sum(sizes < 2)} group(s) of a single sample: "
            f"{listed(names[sizes < 2].tolist())}. One sample does not show how genes vary: merge "
            "groups or leave it out."
        )
    return (len(groups) / len(names) / sizes)[codes]


def effective_size(weights):
    """Number of equally weighted samples that tell as much.

    Parameters
    ----------
    weights : ndarray of float64 of shape (n_samples,)
        Weights.

    Returns
    -------
    float
        Kish's effective sample size, at most the number of samples.
    """
    return float(weights.sum() ** 2 / np.vdot(weights, weights))
