"""Samples that are nearly the same as an earlier one."""

from numbers import Integral, Real

import numpy as np
from sklearn.cluster import MiniBatchKMeans
from sklearn.utils._param_validation import Interval, StrOptions, validate_params

from skgenes.preprocessing._duplicate_pairs import first_near
from skgenes.utils import check_expression, gene_names, matrix_of, seed_sequence

CONSTRAINTS = {
    "method": [StrOptions({"kmeans", "all_pairs"})],
    "threshold": [Interval(Real, 0, None, closed="neither")],
    "n_clusters": [Interval(Integral, 1, None, closed="left")],
    "batch_size": [Interval(Integral, 1, None, closed="left")],
    "layer": [str, None],
    "random_state": ["random_state"],
}


@validate_params(CONSTRAINTS, prefer_skip_nested_validation=True)
def duplicate_samples(
    X,
    *,
    method="all_pairs",
    threshold=1.0,
    n_clusters=100,
    batch_size=1000,
    layer=None,
    random_state=None,
):
    r"""Find the samples that are nearly the same as an earlier one.

    Parameters
    ----------
    X : ndarray, DataFrame, sparse matrix or AnnData of shape (n_samples, n_genes)
        Samples.
    method : {"all_pairs", "kmeans"}, default="all_pairs"
        Which pairs are compared. "kmeans" is the rule of D-GEX: those within a cluster of
        mini-batch k-means; pairs that a border between clusters separates are missed, which are
        many where there are few samples for each cluster. "all_pairs" misses none.
    threshold : float, default=1.0
        Euclidean distance, over all genes and in the unit of X, that a pair must be below. D-GEX's
        1.0 was meant for 22,268 probes on a log2 scale.
    n_clusters, batch_size : int, default=100 and 1000
        For "kmeans": number of clusters, or of samples where these are fewer, and mini-batch size.
    layer : str or None, default=None
        Layer to read when X is an AnnData; None reads ``X.X``.
    random_state : int, RandomState instance or None, default=None
        For "kmeans": an int gives the same clusters on every call.

    Returns
    -------
    ndarray of intp of shape (n_samples,)
        For each sample the first earlier one within the threshold, as a row index; -1 for samples
        to keep.

    Raises
    ------
    ValueError
        If X is empty or has values that are not finite, or a parameter is out of its range.

    See Also
    --------
    DuplicateSampleRemover : Removes them.

    Notes
    -----
    Sample j is a duplicate if there is an i < j, in the same cluster, with
    :math:`\lVert x_i - x_j \rVert_2` below the threshold, whether or not i is one itself. So in a
    chain a, b, c of which only neighbours are near, both b and c are duplicates.

    The distances that decide are taken in float64 from differences. Before that, pairs are ruled
    out by distances along 128 orthonormal directions, which are never longer than the whole, and
    where these rule out little, by float32 products of all genes; both with bounds on their
    rounding errors, so that the result is that of comparing all pairs exactly. Beyond X, memory is
    that of 128 numbers for each sample, of blocks of tens of MB, and for "kmeans" of
    :class:`sklearn.cluster.MiniBatchKMeans`, a few batches. Sparse matrices are made dense in such
    blocks only. "all_pairs" takes time quadratic in the number of samples, with a small constant,
    and is faster than the clustering up to tens of thousands.

    References
    ----------
    .. [1] Chen et al., "Gene expression inference with deep learning", *Bioinformatics* 32 (2016),
       doi 10.1093/bioinformatics/btw074.

    Examples
    --------
    >>> import numpy as np
    >>> from skgenes.preprocessing import duplicate_samples
    >>> X = np.random.default_rng(0).normal(8, 2, size=(6, 50))
    >>> X[4] = X[1] + 0.01
    >>> duplicate_of = duplicate_samples(X)
    >>> duplicate_of
    array([-1, -1, -1, -1,  1, -1])
    >>> X[duplicate_of < 0].shape
    (5, 50)
    """
    X = check_expression(matrix_of(X, layer), gene_names(X))
    return find_duplicates(X, method, threshold, n_clusters, batch_size, random_state)


def find_duplicates(X, method, threshold, n_clusters, batch_size, random_state):
    """Like `duplicate_samples`, for a validated matrix."""
    if method == "all_pairs":
        return first_near(X, [np.arange(X.shape[0])], threshold)
    groups = cluster_members(X, n_clusters, batch_size, random_state)
    return first_near(X, groups, threshold)


def cluster_members(X, n_clusters, batch_size, random_state):
    """Row indices of each cluster of mini-batch k-means, ascending.

    Parameters
    ----------
    X : ndarray or sparse matrix in CSR format of shape (n_samples, n_genes)
        Samples.
    n_clusters, batch_size : int
        Number of clusters, at most one for each sample, and size of a batch.
    random_state : int, RandomState instance or None
        Randomness of the clustering.

    Returns
    -------
    list of ndarray of intp
        The members of each cluster that has any.
    """
    kmeans = MiniBatchKMeans(
        min(n_clusters, X.shape[0]),
        batch_size=batch_size,
        n_init=1,
        random_state=int(seed_sequence(random_state).generate_state(1)[0]),
    )
    labels = kmeans.fit(X).labels_
    order = np.argsort(labels, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(labels[order])) + 1)
