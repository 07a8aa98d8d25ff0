"""Whether genes go with what is inferred: a permutation test on ranks, by its normal law."""

import numpy as np
from scipy.stats import norm, rankdata


def rank_test(observed, inferred, tie_order, classes):
    """P-values of "this gene has nothing to do with what is inferred", one-sided.

    Parameters
    ----------
    observed, inferred : ndarray of shape (n_samples, n_genes)
        Measured expression, and inferred expression, of samples never trained on.
    tie_order : ndarray of int of shape (n_samples,)
        A random permutation: equal inferred values rank in this order.
    classes : list of ndarray of int of shape (n_groups, group_size)
        Samples of the groups of one size, for each size.

    Returns
    -------
    ndarray of float64 of shape (n_genes,)
        P-values; 1 where one of both is constant, or nothing can be permuted.

    Notes
    -----
    The statistic is the sum of products of ranks. Under the hypothesis, groups of one size may
    change places, and samples within groups, and it is compared with the mean and the variance
    that it has over all these permutations. Without groups that is Spearman's test. Random ranks
    for equal inferred values keep the law symmetric, so that its tail is close to the normal one
    or lighter however sparse both sides are.
    """
    ranks = centred_ranks(inferred, tie_order)
    others = rankdata(observed, axis=0)
    others -= (len(observed) + 1) / 2
    mean, variance = permutation_moments(ranks, others, classes)
    statistic = np.einsum("ij,ij->j", ranks, others)
    moving = (variance > 0) & (np.ptp(inferred, axis=0) > 0) & (np.ptp(observed, axis=0) > 0)
    scale = np.sqrt(np.where(moving, variance, 1.0))
    # The law has steps; half of one makes the tail count the value itself.
    excess = statistic - mean - _smallest_gap(others) / 2
    return np.where(moving, norm.sf(excess / scale), 1.0)


def centred_ranks(values, tie_order):
    """Ranks of each column around 0, equal values in a given order.

    Parameters
    ----------
    values : ndarray of shape (n_samples, n_genes)
        What to rank.
    tie_order : ndarray of int of shape (n_samples,)
        A permutation of the samples.

    Returns
    -------
    ndarray of float64 of shape (n_samples, n_genes)
        The ranks.
    """
    order = tie_order[np.argsort(values[tie_order], axis=0, kind="stable")]
    n_samples = len(values)
    ranks = np.empty(values.shape)
    np.put_along_axis(ranks, order, np.arange(n_samples)[:, None] - (n_samples - 1) / 2, axis=0)
    return ranks


def permutation_moments(one, other, classes):
    """Mean and variance of the sums of products over all permutations that keep groups together.

    Parameters
    ----------
    one, other : ndarray of shape (n_samples, n_genes)
        Scores.
    classes : list of ndarray of int of shape (n_groups, group_size)
        Samples of the groups of one size, for each size.

    Returns
    -------
    mean, variance : ndarray of float64 of shape (n_genes,)
        Moments of the sum over samples of ``one * permuted(other)``.
    """
    mean, variance = np.zeros(one.shape[1]), np.zeros(one.shape[1])
    for samples in classes:
        n_groups, size = samples.shape
        (m1, between1, within1), (m2, between2, within2) = (
            _sums_of_squares(scores[samples]) for scores in (one, other)
        )
        mean += samples.size * m1 * m2
        if n_groups > 1:
            variance += size**2 * between1 * between2 / (n_groups - 1)
        if size > 1:
            variance += within1 * within2 / (n_groups * (size - 1))
    return mean, variance


def _sums_of_squares(scores):
    """Mean, and squares of group means around it and of samples around those."""
    of_groups = scores.mean(axis=1)
    mean = of_groups.mean(axis=0)
    within = scores - of_groups[:, None]
    return mean, ((of_groups - mean) ** 2).sum(axis=0), (within**2).sum(axis=(0, 1))


def _smallest_gap(ranks):
    """Smallest difference between two different values of each column; 0 without any."""
    gaps = np.diff(np.sort(ranks, axis=0), axis=0)
    smallest = np.where(gaps > 0, gaps, np.inf).min(axis=0)
    return np.where(np.isfinite(smallest), smallest, 0.0)
