"""The logarithm, with an answer to numbers that have none."""

from numbers import Real

import numpy as np
import scipy.sparse as sp
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.base import _fit_context as fit_context
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import check_is_fitted

from skgenes.utils import atomic_fit, check_expression, gene_names, matrix_of, validate_expression
from skgenes.utils._messages import listed


class Log2Transformer(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    r"""Take ``log2(max(x, floor) + offset)`` of every value.

    Parameters
    ----------
    offset : float, default=1.0
        Added to every value, not negative. 1 keeps zeros zero, as is usual for counts.
    floor : float or None, default=None
        Values below are raised to it first. The usual transformation of MAS5 signal,
        ``log2(max(x, 1))``, is ``offset=0, floor=1``. None raises none.
    layer : str or None, default=None
        Layer to read when X is an AnnData; None reads ``X.X``. Not used by `inverse_transform`.

    Attributes
    ----------
    n_features_in_ : int
        Number of genes seen during fit.
    feature_names_in_ : ndarray of str of shape (n_features_in_,)
        Gene names seen during fit. Only there if X had string names.

    See Also
    --------
    QuantileNormalizer : The step that follows for microarrays.

    Notes
    -----
    Numbers without a logarithm are refused, never turned into NaN: a value of which `offset` makes
    zero or less. MAS4's average differences have such values by the thousand; their size is noise
    around nothing, so raise them to a floor.

    A sparse matrix stays sparse where zeros stay zero, for ``max(0, floor) + offset = 1``, and is
    refused else.

    Examples
    --------
    >>> import numpy as np
    >>> from skgenes.preprocessing import Log2Transformer
    >>> Log2Transformer().fit_transform(np.array([[0.0, 1.0, 7.0]]))
    array([[0., 1., 3.]])
    >>> Log2Transformer(offset=0, floor=1).fit_transform(np.array([[-20.5, 1.0, 16.0]]))
    array([[0., 0., 4.]])
    """

    _parameter_constraints = {
        "offset": [Interval(Real, 0, None, closed="left")],
        "floor": [Interval(Real, None, None, closed="neither"), None],
        "layer": [str, None],
    }

    def __init__(self, offset=1.0, *, floor=None, layer=None):
        self.offset = offset
        self.floor = floor
        self.layer = layer

    @atomic_fit
    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Remember the genes, and see that every value has a logarithm.

        Parameters
        ----------
        X : ndarray, DataFrame, sparse matrix or AnnData of shape (n_samples, n_genes)
            Samples.
        y : None
            Ignored.

        Returns
        -------
        Log2Transformer
            The fitted transformer.

        Raises
        ------
        ValueError
            If values have no logarithm, X is sparse and zeros would not stay zero, or `floor` and
            `offset` add up to zero or less.
        """
        if self.floor is not None and self.floor + self.offset <= 0:
            raise ValueError(
                f"floor + offset must be positive to have a logarithm, got {self.floor} + "
                f"{self.offset}. For log2(max(x, 1)), pass offset=0, floor=1."
            )
        self._check_logarithms(validate_expression(self, X, reset=True, layer=self.layer))
        return self

    def transform(self, X):
        """Take logarithms.

        Parameters
        ----------
        X : ndarray, DataFrame, sparse matrix or AnnData of shape (n_samples, n_genes)
            Expression on a linear scale, with the genes seen during fit.

        Returns
        -------
        ndarray or csr_array of shape (n_samples, n_genes), float64 or float32
            The logarithms; float32 where X is.

        Raises
        ------
        ValueError
            If values have no logarithm, or X is sparse and zeros would not stay zero.
        """
        check_is_fitted(self)
        X = validate_expression(self, X, reset=False, layer=self.layer)
        self._check_logarithms(X)
        return _on_values(self._log2, X)

    def inverse_transform(self, X):
        """Take powers: ``2 ** x - offset``.

        Values that were raised to the floor come back as the floor.

        Parameters
        ----------
        X : ndarray, DataFrame, sparse matrix or AnnData of shape (n_samples, n_genes)
            Logarithms, as many genes as seen during fit. Of an AnnData, ``X.X``.

        Returns
        -------
        ndarray or csr_array of shape (n_samples, n_genes), float64 or float32
            Expression on the linear scale; float32 where X is.

        Raises
        ------
        ValueError
            If the number of genes is another, a power is too large to be a number, or X is sparse
            and `offset` is not 1.
        """
        check_is_fitted(self)
        X = check_expression(matrix_of(X), gene_names(X))
        if X.shape[1] != self.n_features_in_:
            raise ValueError(
                f"X has {X.shape[1]} features, but Log2Transformer is expecting "
                f"{self.n_features_in_} features as input."
            )
        if sp.issparse(X) and self.offset != 1:
            raise _would_be_dense("offset=1")
        self._check_powers(X)
        return _on_values(self._exp2, X)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.positive_only = self.floor is None
        tags.transformer_tags.preserves_dtype = [np.float64, np.float32]
        tags.requires_fit = True
        return tags

    def _raised(self, values):
        # As Python floats, the parameters leave float32 what it is.
        raised = np.maximum(values, -np.inf if self.floor is None else float(self.floor))
        raised += float(self.offset)
        return raised

    def _log2(self, values):
        raised = self._raised(values)
        return np.log2(raised, out=raised)

    def _exp2(self, values):
        powers = np.exp2(values)
        powers -= float(self.offset)
        return powers

    def _check_logarithms(self, X):
        if sp.issparse(X) and max(0, self.floor or 0) + self.offset != 1:
            raise _would_be_dense("offset=1 and floor=None")
        least = _values(X).min(initial=np.inf)
        if self._raised(least) <= 0:
            what = "Negative values" if least < 0 else "Zeros"
            raise ValueError(
                f"{what} in data: log2(x + {self.offset}) is not a number for "
                f"{self._describe(X, lambda values: self._raised(values) <= 0)}; the smallest is "
                f"{least}. Raise small values with floor=..., as in offset=0, floor=1 for "
                f"microarrays, or pass an offset above {0 - least}."
            )

    def _check_powers(self, X):
        most, largest = _values(X).max(initial=-np.inf), np.finfo(X.dtype).maxexp
        if most >= largest:
            raise ValueError(
                f"2 ** x is too large for {X.dtype} for "
                f"{self._describe(X, lambda values: values >= largest)}; the largest is {most}. "
                "Pass logarithms: X seems to be on the linear scale already."
            )

    def _describe(self, X, is_bad):
        """Say how many values are bad, and name their genes and rows."""
        rows, columns = _places(X, is_bad)
        names = getattr(self, "feature_names_in_", None)
        genes = dict.fromkeys(columns.tolist() if names is None else names[columns])
        samples = dict.fromkeys(rows.tolist())
        return (
            f"{len(rows)} value(s) in {len(genes)} gene(s) ({listed(genes)}) and {len(samples)} "
            f"row(s) ({listed(samples)})"
        )


def _values(X):
    return X.data if sp.issparse(X) else X


def _on_values(function, X):
    if not sp.issparse(X):
        return function(X)
    out = X.copy()
    out.data = function(out.data)
    return out


def _places(X, is_bad):
    """Rows and columns of the values for which a function is true."""
    if not sp.issparse(X):
        return np.nonzero(is_bad(X))
    entries = X.tocoo()
    bad = is_bad(entries.data)
    return entries.row[bad], entries.col[bad]


def _would_be_dense(remedy):
    return ValueError(
        f"X is sparse, but its zeros would not stay zero. Use {remedy}, or make X dense: "
        "X.toarray() for a matrix, adata.X = adata.X.toarray() for an AnnData."
    )
