"""Data of another platform in the form of the training data."""

import warnings

import numpy as np
import pandas as pd
import scipy.sparse as sp
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.base import _fit_context as fit_context
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.validation import check_is_fitted

from skgenes.preprocessing._match_genes import match_genes
from skgenes.preprocessing._probe_kernels import column_means
from skgenes.utils import (
    atomic_fit,
    check_expression,
    gene_names,
    matrix_of,
    validate_expression,
)
from skgenes.utils._messages import listed


class GeneAligner(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Bring the genes of another platform into the form of the training data.

    `fit` remembers the genes of the training data. `transform` takes data with other genes, in any
    order and with other versions of Ensembl ids or, given a mapping, other identifiers, and returns
    the training genes in their order.

    Parameters
    ----------
    mapping : dict, Series, DataFrame of two columns or None, default=None
        Pairs of identifiers of one gene; see `match_genes`. Only a dict can be saved with the
        estimator.
    missing : {"error", "mean"}, default="error"
        What to do about training genes that are not in new data, or match ambiguously. "mean" fills
        them with their training mean, and warns with their number.
    layer : str or None, default=None
        Layer to read when X is an AnnData; None reads ``X.X``.

    Attributes
    ----------
    mean_ : ndarray of shape (n_features_in_,), float64
        Training mean of each gene.
    n_features_in_ : int
        Number of genes seen during fit.
    feature_names_in_ : ndarray of str of shape (n_features_in_,)
        Gene names seen during fit. Only there if X had string names.

    See Also
    --------
    match_genes : How genes are matched.
    ProbeAggregator : From probes to genes, if the other platform has probes.

    Notes
    -----
    Data without names, or after a fit without names, cannot be matched: it must have the training
    genes in their order, like everywhere in scikit-learn. Genes that only the new data has are left
    out, and not looked at. In sparse data every filled gene takes a number for each sample.

    Identifiers are matched here, values are not: for another technology see `QuantileNormalizer`.

    Examples
    --------
    >>> import pandas as pd
    >>> from skgenes.preprocessing import GeneAligner
    >>> train = pd.DataFrame({"ENSG00000141510": [1.0, 3.0], "ENSG00000136997": [5.0, 6.0]})
    >>> new = pd.DataFrame({"MYC": [7.0], "CD4": [0.0], "ENSG00000141510.12": [2.0]})
    >>> aligner = GeneAligner(mapping={"MYC": "ENSG00000136997"}).set_output(transform="pandas")
    >>> aligner.fit(train).transform(new)
       ENSG00000141510  ENSG00000136997
    0              2.0              7.0
    >>> aligner.match(new)
    <GeneMatch: 2 of 2 reference genes>
    """

    _parameter_constraints = {
        "mapping": [dict, pd.Series, pd.DataFrame, None],
        "missing": [StrOptions({"error", "mean"})],
        "layer": [str, None],
    }

    def __init__(self, *, mapping=None, missing="error", layer=None):
        self.mapping = mapping
        self.missing = missing
        self.layer = layer

    @atomic_fit
    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Remember the genes and their means.

        Parameters
        ----------
        X : ndarray, DataFrame, sparse matrix or AnnData of shape (n_samples, n_genes)
            Training samples.
        y : None
            Ignored.

        Returns
        -------
        GeneAligner
            The fitted transformer.
        """
        X = validate_expression(self, X, reset=True, layer=self.layer)
        self.mean_ = column_means(X)
        return self

    def transform(self, X):
        """Give the training genes, in their order.

        Parameters
        ----------
        X : ndarray, DataFrame, sparse matrix or AnnData of shape (n_samples, n_other_genes)
            Samples of any platform.

        Returns
        -------
        ndarray or csr_array of shape (n_samples, n_features_in_), float64 or float32
            The samples with the training genes.

        Raises
        ------
        ValueError
            If training genes are missing and not to be filled, or all are.

        Warns
        -----
        UserWarning
            With the number of genes that were filled, if any.
        """
        check_is_fitted(self)
        names, own = gene_names(X), getattr(self, "feature_names_in_", None)
        if names is None or own is None or np.array_equal(names, own):
            return validate_expression(self, X, reset=False, layer=self.layer)
        match = self.match(X)
        absent = np.setdiff1d(np.arange(len(own)), match.reference_columns)
        if len(absent):
            self._report_absent(match, own[absent])
        if isinstance(X, pd.DataFrame):
            found = X.iloc[:, match.columns]
        else:
            found = matrix_of(X, self.layer)[:, match.columns]
        found = check_expression(found, names[match.columns], estimator=self)
        return _filled(found, match.reference_columns, absent, self.mean_[absent])

    def match(self, X):
        """Match the genes of new data with those of the training data.

        Parameters
        ----------
        X : DataFrame or AnnData of shape (n_samples, n_other_genes)
            Samples of any platform.

        Returns
        -------
        GeneMatch
            What `transform` goes by; the reference are the training genes.

        Raises
        ------
        ValueError
            If X or the training data has no gene names.
        """
        check_is_fitted(self)
        names = gene_names(X)
        if names is None or not hasattr(self, "feature_names_in_"):
            where = "X" if names is None else "the training data"
            raise ValueError(
                f"Genes are matched by name, but {where} had no names. Pass a DataFrame or an "
                "AnnData to fit and here."
            )
        return match_genes(names, self.feature_names_in_, mapping=self.mapping)

    def _report_absent(self, match, absent):
        n_ambiguous = len(absent) - len(match.unmatched_reference)
        what = (
            f"{len(absent)} of {match.n_reference} training genes are not in X or match "
            f"ambiguously ({n_ambiguous} of them): {listed(absent)}."
        )
        if not len(match.columns):
            raise ValueError(f"{what} Pass a mapping between the identifiers of both platforms.")
        if self.missing == "error":
            raise ValueError(
                f"{what} Pass missing='mean' to fill them with their training means. See "
                "GeneAligner.match(X).summary()."
            )
        warnings.warn(f"{what} They are filled with their training means.", stacklevel=4)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.transformer_tags.preserves_dtype = [np.float64, np.float32]
        return tags


def _filled(found, columns, absent, means):
    """Put columns in their places and means in the others."""
    if not len(absent):
        return found
    means = means.astype(found.dtype)
    if sp.issparse(found):
        filler = sp.csr_array(np.tile(means, (found.shape[0], 1)))
        order = np.argsort(np.concatenate([columns, absent]))
        return type(found)(sp.hstack([found, filler], format="csr")[:, order])
    out = np.empty((found.shape[0], len(columns) + len(absent)), dtype=found.dtype)
    out[:, columns], out[:, absent] = found, means
    return out
