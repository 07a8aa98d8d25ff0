"""Expression of genes over tissues as fold changes from each gene's median, and back."""

from numbers import Real

import numpy as np
import scipy.sparse as sp
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.base import _fit_context as fit_context
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted

from skgenes.utils import atomic_fit, check_expression, gene_names, matrix_of, validate_expression
from skgenes.utils._messages import listed

MEDIAN = "median"


class FoldChangeTransformer(TransformerMixin, BaseEstimator):
    r"""Turn expression over tissues into log2 fold changes from each gene's median, and back.

    Genes are the samples here: a row is a gene, a column a tissue, cell type or person. These are
    the targets of models that predict a gene's expression from what binds to it, so this is a
    transformer for `y`. An AnnData of samples x genes is to be transposed first: ``adata.T``.

    Parameters
    ----------
    offset : float, default=0.25
        Added before the logarithm is taken, not negative. Not used for ``input_scale="log2"``.
    input_scale : {"linear", "log2"}, default="linear"
        Scale of what is transformed, and of what `inverse_transform` returns: "linear" for TPM or
        other expression that is not negative, "log2" for its logarithms.
    scale : bool, default=True
        Whether to divide fold changes and medians by their standard deviations over the training
        genes.
    layer : str or None, default=None
        Layer to read when X is an AnnData; None reads ``X.X``. Not used by `inverse_transform`.

    Attributes
    ----------
    fold_change_scale_ : float
        What fold changes of all tissues are divided by, in log2 units; 1 without scaling, or where
        all are the same.
    median_scale_ : float
        What the median is divided by, in log2 units; 1 without scaling, or where all are the same.
    n_features_in_ : int
        Number of tissues seen during fit.
    feature_names_in_ : ndarray of str of shape (n_features_in_,)
        Names of tissues seen during fit. Only there if X had string names.

    See Also
    --------
    Log2Transformer : The logarithm alone.
    sklearn.compose.TransformedTargetRegressor : Fits a regressor to transformed targets, and
        predicts on the scale of the original ones.

    Notes
    -----
    For the expression x of gene i in tissue t

    .. math::
        l_{it} = \log_2(x_{it} + \mathit{offset}), \quad m_i = \mathrm{median}_t \, l_{it}, \quad
        z_{it} = (l_{it} - m_i) / s, \quad z_{i,\mathrm{last}} = m_i / s_m

    with one s pooled over all tissues, so that a tissue of larger changes counts more in a squared
    error. Nothing is centred but by s and s_m: they are standard deviations, with n in the
    denominator, around the mean of all training fold changes and that of all training medians. The
    authors' program takes n - 1 for s_m alone, which for 22,251 genes is 1.00002 times as much.

    A gene's numbers depend on no other gene but through s and s_m. The inverse adds the median to
    the fold changes, so it is exact to rounding; predicted fold changes, whose median is rarely
    zero, are taken as they are. On the linear scale, what is predicted below no expression at all,
    under ``log2(offset)``, comes back as 0.

    In error messages columns are called genes, as everywhere else, though they are tissues. A
    sparse matrix comes out dense, since ``log2(offset)`` is not zero.

    References
    ----------
    Tasaki et al. (2020), Nature Machine Intelligence 2, Methods, doi:10.1038/s42256-020-0201-6

    Examples
    --------
    >>> import pandas as pd
    >>> from skgenes.preprocessing import FoldChangeTransformer
    >>> tpm = pd.DataFrame(
    ...     {"lung": [3.75, 0.0], "liver": [0.75, 7.75], "skin": [15.75, 1.75]},
    ...     index=["SFTPC", "ALB"],
    ... )
    >>> targets = FoldChangeTransformer(scale=False).set_output(transform="pandas")
    >>> targets.fit_transform(tpm)
           lung  liver  skin  median
    SFTPC   0.0   -2.0   2.0     2.0
    ALB    -3.0    2.0   0.0     1.0
    >>> targets.inverse_transform([[0.0, -2.0, 2.0, 2.0]])
    array([[ 3.75,  0.75, 15.75]])

    As the targets of a regressor that predicts TPM:

    >>> import numpy as np
    >>> from sklearn.compose import TransformedTargetRegressor
    >>> from sklearn.linear_model import Ridge
    >>> rng = np.random.default_rng(0)
    >>> sites, tpm = rng.poisson(2, size=(100, 5)), rng.gamma(1.0, 9.0, size=(100, 4))
    >>> model = TransformedTargetRegressor(Ridge(), transformer=FoldChangeTransformer())
    >>> model.fit(sites, tpm).predict(sites).shape
    (100, 4)
    """

    _parameter_constraints = {
        "offset": [Interval(Real, 0, None, closed="left")],
        "input_scale": [StrOptions({"linear", "log2"})],
        "scale": ["boolean"],
        "layer": [str, None],
    }

    def __init__(self, offset=0.25, *, input_scale="linear", scale=True, layer=None):
        self.offset = offset
        self.input_scale = input_scale
        self.scale = scale
        self.layer = layer

    @atomic_fit
    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Learn the two scales.

        Parameters
        ----------
        X : ndarray, DataFrame, sparse matrix or AnnData of shape (n_genes, n_tissues)
            Expression of the training genes, a row for each.
        y : None
            Ignored.

        Returns
        -------
        FoldChangeTransformer
            The fitted transformer.

        Raises
        ------
        ValueError
            If values are negative on the linear scale, zero with ``offset=0``, or a tissue is
            called "median", which the last column will be.
        """
        logs = self._logs(X, reset=True)
        if MEDIAN in getattr(self, "feature_names_in_", ()):
            raise ValueError(
                f"X has a column {MEDIAN!r}, which is what the last column of the result is "
                "called; drop or rename it."
            )
        fold_changes, medians = fold_changes_of(logs.astype(np.float64, copy=False))
        self.fold_change_scale_ = spread(fold_changes) if self.scale else 1.0
        self.median_scale_ = spread(medians) if self.scale else 1.0
        return self

    def transform(self, X):
        """Turn expression into fold changes and medians.

        Parameters
        ----------
        X : ndarray, DataFrame, sparse matrix or AnnData of shape (n_genes, n_tissues)
            Expression, a row for each gene, with the tissues seen during fit.

        Returns
        -------
        ndarray of shape (n_genes, n_tissues + 1), float64 or float32
            Scaled log2 fold changes, and the scaled log2 median as the last column; float32 where
            X is.

        Raises
        ------
        ValueError
            If values are negative on the linear scale, or zero with ``offset=0``.
        """
        check_is_fitted(self)
        fold_changes, medians = fold_changes_of(self._logs(X, reset=False))
        return np.column_stack(
            [fold_changes / self.fold_change_scale_, medians / self.median_scale_]
        )

    def inverse_transform(self, X):
        """Turn fold changes and medians, such as predicted ones, into expression.

        Parameters
        ----------
        X : ndarray, DataFrame, sparse matrix or AnnData of shape (n_genes, n_tissues + 1)
            What `transform` returns. Of an AnnData, ``X.X``.

        Returns
        -------
        ndarray of shape (n_genes, n_tissues), float64 or float32
            Expression on the scale of `input_scale`, not below 0 where that is "linear"; float32
            where X is.

        Raises
        ------
        ValueError
            If the number of columns is another, or a power is too large to be a number.
        """
        check_is_fitted(self)
        X = _dense(check_expression(matrix_of(X), gene_names(X)))
        if X.shape[1] != self.n_features_in_ + 1:
            raise ValueError(
                f"X has {X.shape[1]} columns, but FoldChangeTransformer is expecting "
                f"{self.n_features_in_ + 1}: {self.n_features_in_} fold changes and the median."
            )
        logs = X[:, :-1] * self.fold_change_scale_ + X[:, -1:] * self.median_scale_
        return logs if self.input_scale == "log2" else self._powers(logs)

    def get_feature_names_out(self, input_features=None):
        """Names of the columns of the result.

        Parameters
        ----------
        input_features : array-like of str of shape (n_tissues,) or None, default=None
            Names of the tissues; None takes those seen during fit, or x0, x1, ...

        Returns
        -------
        ndarray of object of shape (n_tissues + 1,)
            The names of the tissues, and "median".
        """
        check_is_fitted(self)
        names = _check_feature_names_in(self, input_features)
        return np.append(names, [MEDIAN]).astype(object)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.positive_only = self.input_scale == "linear"
        tags.transformer_tags.preserves_dtype = [np.float64, np.float32]
        return tags

    def _logs(self, X, reset):
        X = _dense(validate_expression(self, X, reset=reset, layer=self.layer))
        if self.input_scale == "log2":
            return X
        # As a Python float, the offset leaves float32 what it is.
        raised = X + float(self.offset)
        bad = (X < 0) | (raised <= 0)
        if bad.any():
            raise ValueError(self._no_logarithm(X, bad))
        return np.log2(raised, out=raised)

    def _no_logarithm(self, X, bad):
        least = X.min()
        what, remedy = (
            ("Negative values", 'expression that is not, or input_scale="log2" for logarithms')
            if least < 0
            else ("Zeros", "an offset above 0")
        )
        rows, columns = np.nonzero(bad)
        names = getattr(self, "feature_names_in_", None)
        tissues = dict.fromkeys(columns.tolist() if names is None else names[columns])
        genes = dict.fromkeys(rows.tolist())
        return (
            f"{what} in data: log2(x + {self.offset}) of expression is not defined for {len(rows)} "
            f"value(s) in {len(tissues)} column(s) ({listed(tissues)}) and {len(genes)} row(s) "
            f"({listed(genes)}); the smallest is {least}. Pass {remedy}."
        )

    def _powers(self, logs):
        most, limit = logs.max(), np.finfo(logs.dtype).maxexp
        if most >= limit:
            raise ValueError(
                f"2 ** x is too large for {logs.dtype} for {np.count_nonzero(logs >= limit)} of "
                f"{logs.size} value(s); the largest x is {most}. Pass what transform returns, or "
                "predictions of it."
            )
        powers = np.exp2(logs, out=logs)
        powers -= float(self.offset)
        return np.maximum(powers, 0, out=powers)


def fold_changes_of(logs):
    """Differences of each row from its median.

    Parameters
    ----------
    logs : ndarray of shape (n_genes, n_tissues)
        Logarithms of expression.

    Returns
    -------
    fold_changes : ndarray of shape (n_genes, n_tissues)
        The differences.
    medians : ndarray of shape (n_genes,)
        The medians: of an even number of tissues, the mean of the two in the middle.
    """
    medians = np.median(logs, axis=1)
    return logs - medians[:, np.newaxis], medians


def spread(values):
    """Standard deviation of all values, or 1 where they are all the same.

    Parameters
    ----------
    values : ndarray of float64
        Of any shape, not empty.

    Returns
    -------
    float
        Above 0.
    """
    # The extremes decide: the deviation of a constant 0.1 is rounding, not zero.
    return float(values.std()) if np.ptp(values) > 0 else 1.0


def _dense(X):
    return X.toarray() if sp.issparse(X) else X
