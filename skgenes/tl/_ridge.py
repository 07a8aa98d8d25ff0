"""Ridge regression for thousands of targets, of which only a block is dense at a time."""

import numpy as np
import scipy.sparse as sp
from sklearn.base import BaseEstimator, RegressorMixin

from skgenes.networks import standard_scaling

_PENALTIES = tuple(float(penalty) for penalty in np.logspace(-1, 5, 13))
_ELEMENTS_AT_ONCE = 8_000_000  # 64 MB of doubles


class PanelRidge(RegressorMixin, BaseEstimator):
    r"""Ridge regression on standardised landmarks, one penalty for all targets.

    What a `StandardScaler` and a `RidgeCV` make together, without doubles of all targets.

    Parameters
    ----------
    alphas : sequence of float, default=(0.1, ..., 1e5)
        Penalties to choose from, half a decade apart.

    Attributes
    ----------
    alpha_ : float
        The penalty whose leave-one-out error is least.
    coef_ : ndarray of float64 of shape (n_landmarks, n_targets)
        Slopes, in the unit of the targets by that of the landmarks.
    intercept_ : ndarray of float64 of shape (n_targets,)
        Intercepts.

    Notes
    -----
    With the centred and scaled landmarks :math:`X = U S V^\top`, a penalty :math:`\alpha` and the
    leverages :math:`h_i = 1/n + \sum_k u_{ik}^2 s_k^2 / (s_k^2 + \alpha)`, the error of cell i, had
    it been left out, is :math:`(y_i - \hat y_i) / (1 - h_i)`; squares are summed over cells and
    targets.
    """

    accepts_sparse_targets = True

    def __init__(self, alphas=_PENALTIES):
        self.alphas = alphas

    def fit(self, X, y):
        """Choose the penalty and the slopes.

        Parameters
        ----------
        X : ndarray or csr_array of shape (n_samples, n_landmarks)
            Landmarks.
        y : ndarray or csr_array of shape (n_samples, n_targets)
            All other genes.

        Returns
        -------
        PanelRidge
            The fitted regressor.
        """
        X = _dense(X)
        scaling = standard_scaling(X)
        U, s, Vt = np.linalg.svd((X - scaling.mean) / scaling.scale, full_matrices=False)
        y = y.tocsc() if sp.issparse(y) else y
        errors, projected, means = self._pass_over(U, s**2, y)
        self.alpha_ = float(self.alphas[np.argmin(errors)])
        slopes = Vt.T @ ((s / (s**2 + self.alpha_))[:, None] * projected)
        self.coef_ = slopes / scaling.scale[:, None]
        self.intercept_ = means - scaling.mean @ self.coef_
        return self

    def _pass_over(self, U, squares, y):
        """Leave-one-out errors of all penalties, targets projected on U, and their means."""
        kept = np.array([squares / (squares + alpha) for alpha in self.alphas])
        unexplained = 1 - 1 / len(U) - U**2 @ kept.T
        errors = np.zeros(len(self.alphas))
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
        return errors, projected, means

    def predict(self, X):
        """Infer all other genes.

        Parameters
        ----------
        X : ndarray or csr_array of shape (n_samples, n_landmarks)
            Landmarks.

        Returns
        -------
        ndarray of float64 of shape (n_samples, n_targets)
            Inferred expression.
        """
        return _dense(X) @ self.coef_ + self.intercept_


def _dense(X):
    return np.ascontiguousarray(X.toarray() if sp.issparse(X) else X, dtype=np.float64)
