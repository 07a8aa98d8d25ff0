"""Every sample on the same distribution."""

import numpy as np
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.base import _fit_context as fit_context
from sklearn.utils import check_array
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.validation import check_is_fitted

from skgenes.preprocessing._quantile import dense_chunks, mean_of_sorted, onto_reference
from skgenes.utils import atomic_fit, validate_expression


class QuantileNormalizer(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    r"""Give every sample the distribution of a reference, learned from the training samples.

    Each value is replaced by the reference's value of the same rank among the genes of its sample.
    What is left are the orders of genes; differences of scale and shape between arrays, or between
    platforms, are gone.

    Parameters
    ----------
    reference : array-like of shape (n_quantiles,) or None, default=None
        Quantiles of another data set at evenly spaced probabilities from 0 to 1, ascending, such
        as the ``reference_`` of another normaliser or the result of `quantile_reference`. Any
        number from 2 upwards: they are interpolated where they are not as many as the genes. None
        learns them.
    ties : {"average", "dense"}, default="average"
        The rank of equal values of a sample. "average" is the mean of the places that they take,
        as in limma. "dense" ranks the distinct values, for platforms with thousands of zeros.
    layer : str or None, default=None
        Layer to read when X is an AnnData; None reads ``X.X``.

    Attributes
    ----------
    reference_ : ndarray of float64 of shape (n_genes,) or (n_quantiles,)
        The quantiles, ascending: the means over training samples of their sorted values, or
        `reference`.
    n_features_in_ : int
        Number of genes seen during fit.
    feature_names_in_ : ndarray of str of shape (n_features_in_,)
        Gene names seen during fit. Only there if X had string names.

    See Also
    --------
    quantile_reference : Learns the reference from data larger than memory.
    sklearn.preprocessing.QuantileTransformer : Gives every gene, not every sample, the same
        distribution.

    Notes
    -----
    With r the reference of m quantiles, interpolated linearly between them, a value of rank k
    (from 1) among K ranks becomes

    .. math:: r\left(1 + (m - 1) \frac{k - 1}{K - 1}\right)

    For "average" K is the number of genes and k, the mean place of the equal values, may be a
    half. This is what limma's ``normalizeQuantiles`` computes with ``ties=TRUE``. The package qnorm
    takes the mean of the reference over all places of the equal values instead (as limma's help has
    it), which is another number where the reference is curved. Without ties all agree.

    For "dense" K is the number of distinct values of the sample: the smallest, such as all zeros
    of RNA-seq, becomes the first quantile, the largest the last, and the others lie evenly
    between, however many genes have each. D-GEX brings RNA-seq to microarrays like this but for
    rounding: its authors' program takes the quantile number :math:`\lfloor k m / K \rfloor`, at
    most m / K - 1 quantiles above the place here, and less than one below it.

    A sample with one value for all genes becomes the reference's median, with a warning: one that
    is all zero has probably failed. The reference is of the training samples alone, so samples
    transformed later do not change each other or it. With `reference` given, fit learns only the
    genes.

    A sparse matrix comes out dense, since zeros become quantiles that are not zero. Its rows are
    made dense a few at a time: fit uses some MB beside X, and transform no more beside its result.

    References
    ----------
    Bolstad et al., *Bioinformatics* 19 (2003), on quantile normalisation,
    doi 10.1093/bioinformatics/19.2.185

    Chen et al., *Bioinformatics* 32 (2016), on the GTEx data, doi 10.1093/bioinformatics/btw074

    Examples
    --------
    >>> import numpy as np
    >>> from skgenes.preprocessing import QuantileNormalizer
    >>> arrays = np.array([[5.0, 2.0, 3.0, 4.0], [4.0, 1.0, 6.0, 5.0]])
    >>> normalizer = QuantileNormalizer().fit(arrays)
    >>> normalizer.reference_
    array([1.5, 3.5, 4.5, 5.5])
    >>> normalizer.transform(arrays)
    array([[5.5, 1.5, 3.5, 4.5],
           [3.5, 1.5, 5.5, 4.5]])

    Counts of the same genes, on the distribution of the arrays:

    >>> counts = np.array([[0.0, 0.0, 7.0, 90.0]])
    >>> QuantileNormalizer(reference=normalizer.reference_, ties="dense").fit_transform(counts)
    array([[1.5, 1.5, 4. , 5.5]])
    """

    _parameter_constraints = {
        "reference": ["array-like", None],
        "ties": [StrOptions({"average", "dense"})],
        "layer": [str, None],
    }

    def __init__(self, *, reference=None, ties="average", layer=None):
        self.reference = reference
        self.ties = ties
        self.layer = layer

    @atomic_fit
    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Learn the reference, or take the one given.

        Parameters
        ----------
        X : ndarray, DataFrame, sparse matrix or AnnData of shape (n_samples, n_genes)
            Training samples, with at least two genes.
        y : None
            Ignored.

        Returns
        -------
        QuantileNormalizer
            The fitted transformer.

        Raises
        ------
        ValueError
            If there is only one gene, or `reference` is not a vector of at least two finite,
            ascending numbers.

        Warns
        -----
        UserWarning
            If training samples that the reference is learned from have one value for all genes.
        """
        X = validate_expression(self, X, reset=True, layer=self.layer, ensure_min_features=2)
        if self.reference is None:
            self.reference_ = mean_of_sorted(chunk for _, chunk in dense_chunks(X))
        else:
            self.reference_ = check_reference(self.reference)
        return self

    def transform(self, X):
        """Put samples on the reference.

        Parameters
        ----------
        X : ndarray, DataFrame, sparse matrix or AnnData of shape (n_samples, n_genes)
            Samples, with the genes seen during fit.

        Returns
        -------
        ndarray of shape (n_samples, n_genes), float64 or float32
            The normalised samples in the unit of the reference; float32 where X is.

        Warns
        -----
        UserWarning
            If samples have one value for all genes.
        """
        check_is_fitted(self)
        X = validate_expression(self, X, reset=False, layer=self.layer)
        return onto_reference(X, self.reference_, self.ties)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.transformer_tags.preserves_dtype = [np.float64, np.float32]
        return tags


def check_reference(reference):
    """Validate quantiles that a user gives.

    Parameters
    ----------
    reference : array-like of shape (n_quantiles,)
        Ascending numbers.

    Returns
    -------
    ndarray of float64 of shape (n_quantiles,)
        A copy.

    Raises
    ------
    ValueError
        If they are no vector of at least two, not finite, or not ascending.
    """
    reference = check_array(
        reference, dtype=np.float64, ensure_2d=False, copy=True, input_name="reference"
    )
    if reference.ndim != 1 or reference.size < 2:
        raise ValueError(
            f"reference must be a vector of at least 2 quantiles, got the shape {reference.shape}. "
            "For a matrix of samples, pass quantile_reference([samples])."
        )
    falls = np.flatnonzero(np.diff(reference) < 0)
    if falls.size:
        at = falls[0]
        raise ValueError(
            f"reference must be ascending, but value {at} is {reference[at]} and value {at + 1} is "
            f"{reference[at + 1]}. Quantiles of a single sample x are np.sort(x)."
        )
    return reference
