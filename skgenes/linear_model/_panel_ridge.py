"""Ridge regression for thousands of targets, of which only a block is dense at a time."""

import numpy as np
import scipy.sparse as sp
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.base import _fit_context as fit_context
from sklearn.utils.validation import check_is_fitted

from skgenes.networks import standard_scaling
from skgenes.utils import atomic_fit, check_targets, validate_expression

_ALPHAS = tuple(float(alpha) for alpha in np.logspace(-1, 5, 13))
_ELEMENTS_AT_ONCE = 8_000_000  # 64 MB of doubles


class PanelRidge(RegressorMixin, BaseEstimator):
    r"""Ridge regression from a panel to all other genes, its penalty tuned.

    What scikit-learn's ``StandardScaler`` and ``RidgeCV`` make together, the same penalty and the
    same predictions, for thousands of targets: these may be sparse, and only a block of them is
    ever dense.

    Parameters
    ----------
    alphas : sequence of float, default=(0.1, ..., 1e5)
        Penalties to choose from, half a decade apart by default.
    layer : str or None, default=None
        Layer to read when X or y is an AnnData; None reads ``.X``.

    Attributes
    ----------
    alpha_ : float
        The penalty whose leave-one-out error is least; one for all targets.
    leave_one_out_error_ : ndarray of float64 of shape (n_alphas,)
        Mean over samples and targets of the squared error of samples left out, for each penalty.
    coef_ : ndarray of float64 of shape (n_targets, n_features_in_) or (n_features_in_,)
        Slopes, in the unit of the targets by that of the landmarks.
    intercept_ : ndarray of float64 of shape (n_targets,) or float
        Intercepts.
    n_features_in_ : int
        Number of landmarks seen during fit.
    feature_names_in_ : ndarray of str of shape (n_features_in_,)
        Landmarks seen during fit. Only there if X had string names.

    See Also
    --------
    skgenes.neural_network.DGEXRegressor : The network for the same task.
    skgenes.compose.LandmarkReconstructor : A selector and a regressor as one estimator.

    Notes
    -----
    With the centred and standardised landmarks :math:`X = U S V^\top`, a penalty :math:`\alpha` and
    the leverages :math:`h_i = 1/n + \sum_k u_{ik}^2 s_k^2 / (s_k^2 + \alpha)`, the error of sample
    i, had it been left out, is

    .. math:: e_i = \frac{y_i - \hat y_i}{1 - h_i} ,

    so that one decomposition serves all penalties and targets. The scale of a landmark is not
    learned anew for every sample left out.

    References
    ----------
    Golub, Heath and Wahba (1979), Generalized cross-validation as a method for choosing a good
    ridge parameter, Technometrics 21:215, doi:10.1080/00401706.1979.10489751.

    Examples
    --------
    >>> import numpy as np
    >>> from skgenes.linear_model import PanelRidge
    >>> rng = np.random.default_rng(0)
    >>> landmarks = rng.normal(size=(60, 5))
    >>> targets = landmarks @ rng.normal(size=(5, 40)) + rng.normal(size=(60, 40))
    >>> ridge = PanelRidge().fit(landmarks, targets)
    >>> ridge.predict(landmarks).shape
    (60, 40)
    >>> ridge.alpha_
    1.0
    """

    # y may be sparse: blocks of it are made dense, not the whole.
    accepts_sparse_targets = True

    _parameter_constraints = {"alphas": ["array-like"], "layer": [str, None]}

    def __init__(self, alphas=_ALPHAS, *, layer=None):
        self.alphas = alphas
        self.layer = layer

    @atomic_fit
    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y):
        """Choose the penalty and the slopes.

        Parameters
        ----------
        X : ndarray, DataFrame, sparse matrix or AnnData of shape (n_samples, n_landmarks)
            Expression of the landmarks.
        y : array-like, sparse matrix or AnnData of shape (n_samples, n_targets) or (n_samples,)
            Expression of the targets.

        Returns
        -------
        PanelRidge
            The fitted regressor.

        Raises
        ------
        ValueError
            If X or y is not finite, their lengths differ, there are fewer than two samples, or a
            penalty is not above 0.
        """
        alphas = _check_alphas(self.alphas)
        X = _dense(validate_expression(self, X, reset=True, layer=self.layer, ensure_min_samples=2))
        y = check_targets(y, X.shape[0], self.layer)
        targets = y.reshape(-1, 1) if y.ndim == 1 else y
        scaling = standard_scaling(X)
        U, s, Vt = np.linalg.svd((X - scaling.mean) / scaling.scale, full_matrices=False)
        errors, projected, means = leave_one_out(U, s**2, targets, alphas)
        self.leave_one_out_error_ = errors
        self.alpha_ = float(alphas[np.argmin(errors)])
        slopes = Vt.T @ ((s / (s**2 + self.alpha_))[:, None] * projected)
        slopes /= scaling.scale[:, None]
        intercept = means - scaling.mean @ slopes
        self.coef_ = slopes[:, 0] if y.ndim == 1 else np.ascontiguousarray(slopes.T)
        self.intercept_ = float(intercept[0]) if y.ndim == 1 else intercept
        return self

    def predict(self, X):
        """Infer the targets.

        Parameters
        ----------
        X : ndarray, DataFrame, sparse matrix or AnnData of shape (n_samples, n_landmarks)
            Expression of the landmarks.

        Returns
        -------
        ndarray of float64 of shape (n_samples, n_targets), or (n_samples,) if y had one dimension
            Inferred expression, in the unit of y.
        """
        check_is_fitted(self)
        X = validate_expression(self, X, reset=False, layer=self.layer)
        return _dense(X) @ self.coef_.T + self.intercept_

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.target_tags.multi_output = True
        return tags


def leave_one_out(U, squares, y, alphas):
    """Leave-one-out errors of all penalties, in one pass over blocks of targets.

    Parameters
    ----------
    U : ndarray of float64 of shape (n_samples, n_components)
        Left singular vectors of the centred landmarks.
    squares : ndarray of float64 of shape (n_components,)
        Their squared singular values.
    y : ndarray or csr_array of shape (n_samples, n_targets)
        Targets.
    alphas : ndarray of float64 of shape (n_alphas,)
        Penalties.

    Returns
    -------
    errors : ndarray of float64 of shape (n_alphas,)
        Mean squared errors of samples left out.
    projected : ndarray of float64 of shape (n_components, n_targets)
        Centred targets along the singular vectors.
    means : ndarray of float64 of shape (n_targets,)
        Means of the targets.
    """
    y = y.tocsc() if sp.issparse(y) else y
    kept = squares / (squares + alphas[:, None])
    unexplained = 1 - 1 / len(U) - U**2 @ kept.T
    errors = np.zeros(len(alphas))
    projected, means = np.empty((len(squares), y.shape[1])), np.empty(y.shape[1])
    step = max(1, _ELEMENTS_AT_ONCE // len(U))
    for start in range(0, y.shape[1], step):
        block = slice(start, start + step)
        targets = _dense(y[:, block])
        means[block] = targets.mean(axis=0)
        targets = targets - means[block]
        projected[:, block] = U.T @ targets
        for i, share in enumerate(kept):
            residuals = targets - U @ (share[:, None] * projected[:, block])
            residuals /= unexplained[:, [i]]
            errors[i] += np.vdot(residuals, residuals)
    return errors / (len(U) * y.shape[1]), projected, means


def _check_alphas(alphas):
    values = np.asarray(alphas, dtype=np.float64)
    if values.ndim != 1 or values.size == 0 or not (np.isfinite(values) & (values > 0)).all():
        raise ValueError(f"alphas must be one or more numbers above 0, got {alphas!r}.")
    return values


def _dense(X):
    return np.ascontiguousarray(X.toarray() if sp.issparse(X) else X, dtype=np.float64)
