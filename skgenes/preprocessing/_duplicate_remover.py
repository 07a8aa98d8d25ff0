"""Drop samples that are nearly the same as an earlier one."""

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.base import _fit_context as fit_context
from sklearn.utils import _safe_indexing, indexable

from skgenes.preprocessing._duplicate_samples import CONSTRAINTS, find_duplicates
from skgenes.utils import atomic_fit, is_anndata, validate_expression


class DuplicateSampleRemover(BaseEstimator):
    """Remove the samples that are nearly the same as an earlier one.

    Public collections hold many samples twice. Left in, a sample of the test set may have its
    double in the training set. Remove them before splitting.

    Parameters
    ----------
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

    Attributes
    ----------
    sample_indices_ : ndarray of intp of shape (n_kept,)
        Row indices of the samples that are kept, ascending.
    duplicate_of_ : ndarray of intp of shape (n_samples,)
        For each sample the first earlier one within the threshold; -1 for those kept.
    n_features_in_ : int
        Number of genes seen during fit.
    feature_names_in_ : ndarray of str of shape (n_features_in_,)
        Gene names seen during fit. Only there if X had string names.

    See Also
    --------
    duplicate_samples : The same as a function; its notes state the rule and how it is computed.

    Notes
    -----
    A scikit-learn pipeline cannot change the number of samples. The method ``fit_resample`` is that
    of imbalanced-learn, whose pipeline calls it during fit only; it always returns a pair.

    References
    ----------
    .. [1] Chen et al., "Gene expression inference with deep learning", *Bioinformatics* 32 (2016),
       doi 10.1093/bioinformatics/btw074.

    Examples
    --------
    >>> import numpy as np
    >>> from skgenes.preprocessing import DuplicateSampleRemover
    >>> X = np.random.default_rng(0).normal(8, 2, size=(6, 50))
    >>> X[4] = X[1] + 0.01
    >>> remover = DuplicateSampleRemover()
    >>> X_kept, y_kept = remover.fit_resample(X, list("abcdef"))
    >>> y_kept
    ['a', 'b', 'c', 'd', 'f']
    >>> remover.sample_indices_
    array([0, 1, 2, 3, 5])
    """

    _parameter_constraints = CONSTRAINTS

    def __init__(
        self,
        *,
        method="all_pairs",
        threshold=1.0,
        n_clusters=100,
        batch_size=1000,
        layer=None,
        random_state=None,
    ):
        self.method = method
        self.threshold = threshold
        self.n_clusters = n_clusters
        self.batch_size = batch_size
        self.layer = layer
        self.random_state = random_state

    @atomic_fit
    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Find the duplicates.

        Parameters
        ----------
        X : ndarray, DataFrame, sparse matrix or AnnData of shape (n_samples, n_genes)
            Samples.
        y : None
            Ignored.

        Returns
        -------
        DuplicateSampleRemover
            The fitted remover.
        """
        X = validate_expression(self, X, reset=True, layer=self.layer)
        self.duplicate_of_ = find_duplicates(
            X,
            self.method,
            self.threshold,
            self.n_clusters,
            self.batch_size,
            self.random_state,
        )
        self.sample_indices_ = np.flatnonzero(self.duplicate_of_ < 0)
        return self

    def fit_resample(self, X, y=None):
        """Find the duplicates and drop them.

        Parameters
        ----------
        X : ndarray, DataFrame, sparse matrix or AnnData of shape (n_samples, n_genes)
            Samples.
        y : array-like, DataFrame, sparse matrix, AnnData or None of length n_samples, default=None
            What belongs to the samples.

        Returns
        -------
        X_kept : ndarray, DataFrame, sparse matrix or AnnData of shape (n_kept, n_genes)
            The samples kept, copied, in the form of X; sparse matrices in CSR format.
        y_kept : array-like, DataFrame, sparse matrix, AnnData or None of length n_kept
            What belongs to them.

        Raises
        ------
        ValueError
            If X and y differ in length, or X is empty or has values that are not finite.
        """
        X, y = indexable(X, y)
        self.fit(X, y)
        return tuple(_rows(part, self.sample_indices_) for part in (X, y))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def _rows(data, indices):
    if data is None:
        return None
    return data[indices].copy() if is_anndata(data) else _safe_indexing(data, indices)
