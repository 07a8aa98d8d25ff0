"""Weights that give every group of samples the same say."""

import numpy as np
from sklearn.utils import check_consistent_length

from skgenes.utils._messages import listed


def group_weights(groups, X):
    """Weigh samples so that all groups weigh the same together.

    Parameters
    ----------
    groups : array-like of shape (n_samples,) or None
        Group of each sample, such as its cell type; None is one group of all.
    X : ndarray or csr_array of shape (n_samples, n_genes)
        The samples.

    Returns
    -------
    ndarray of float64 of shape (n_samples,)
        Of mean 1.

    Raises
    ------
    ValueError
        If a sample has no group, a group has a single sample, or there are not as many groups
        given as samples.
    """
    if groups is None:
        return np.ones(X.shape[0])
    groups = np.asarray(groups)
    if groups.ndim != 1:
        raise ValueError(
            f"groups must have one entry for each sample, got an array of shape {groups.shape}."
        )
    check_consistent_length(X, groups)
    missing = np.flatnonzero([group is None or group != group for group in groups.tolist()])
    if len(missing):
        raise ValueError(
            f"groups has no value for {len(missing)} sample(s), the first at {missing[0]}. Give "
            "them a group or leave them out."
        )
    names, codes, sizes = np.unique(groups, return_inverse=True, return_counts=True)
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
