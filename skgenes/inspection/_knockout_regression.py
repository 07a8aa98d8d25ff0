"""Least squares on what was removed in random draws, in one pass over them."""

from typing import NamedTuple

import numpy as np
from scipy.linalg import LinAlgError, cho_solve, cholesky
from scipy.special import stdtr

# Share of a column's variance that the columns before it must leave, to be told from them.
_TOLERANCE = 1e-8

_ROUNDING = 1e-6  # standard deviation of what was computed in float32 but does not vary


class RemovalFit(NamedTuple):
    """Effects of all units; arrays are float64 of shape (n_units,)."""

    coefficient: np.ndarray
    standard_error: np.ndarray
    t_statistic: np.ndarray
    p_value: np.ndarray
    p_adjusted: np.ndarray
    r_squared: float


class RemovalRegression:
    """Sums that a regression on removals, with an intercept, needs.

    Parameters
    ----------
    n_units : int
        Number of things that can be removed.
    """

    def __init__(self, n_units):
        self.n_draws = 0
        self._products = np.zeros((n_units, n_units))
        self._with_y = np.zeros(n_units)
        self._sum_y = 0.0
        self._sum_yy = 0.0

    def add(self, removed, y):
        """Add draws.

        Parameters
        ----------
        removed : ndarray of float32 of shape (n_rows, n_units)
            1 where a unit was removed, else 0. Not more than 2 ** 24 rows.
        y : ndarray of float64 of shape (n_rows,)
            What came out.
        """
        # Counts up to 2 ** 24 are exact in float32, so these products are.
        self._products += removed.T @ removed
        self._with_y += removed.T.astype(np.float64) @ y
        self._sum_y += y.sum()
        self._sum_yy += y @ y
        self.n_draws += len(y)

    def fit(self):
        """Solve the normal equations.

        Returns
        -------
        RemovalFit
            All 0, with p-values of 1, where y does not vary.

        Raises
        ------
        ValueError
            If the draws cannot tell the units apart.
        """
        n, counts = self.n_draws, self._products.diagonal()
        covariance = self._products - np.outer(counts, counts / n)
        factor = _factor(covariance, counts, n)
        with_y = self._with_y - counts * (self._sum_y / n)
        total = self._sum_yy - self._sum_y**2 / n
        if total <= n * _ROUNDING**2:
            zeros, ones = np.zeros(counts.size), np.ones(counts.size)
            return RemovalFit(zeros, zeros, zeros, ones, ones, 0.0)
        coefficient = cho_solve(factor, with_y)
        inverse = cho_solve(factor, np.eye(counts.size)).diagonal()
        residual = max(total - coefficient @ with_y, np.finfo(np.float64).eps * total)
        df = n - counts.size - 1
        error = np.sqrt(residual / df * inverse)
        t_statistic = coefficient / error
        p_value = np.minimum(2 * stdtr(df, -np.abs(t_statistic)), 1.0)
        p_adjusted = np.minimum(p_value * counts.size, 1.0)
        return RemovalFit(
            coefficient, error, t_statistic, p_value, p_adjusted, 1 - residual / total
        )


def _factor(covariance, counts, n_draws):
    """Cholesky factor of the sums of products about the means, checked for rank."""
    fixed = (counts == 0) | (counts == n_draws)
    if fixed.any():
        raise ValueError(
            f"{fixed.sum()} of {counts.size} were removed in all or in none of {n_draws} draws, so "
            "that they have no effect to see. Raise n_draws, or bring probability nearer to 0.5."
        )
    try:
        lower = cholesky(covariance, lower=True)
    except LinAlgError:
        lower = np.zeros_like(covariance)
    if (lower.diagonal() ** 2 <= _TOLERANCE * covariance.diagonal()).any():
        raise ValueError(
            f"{n_draws} draws do not tell the effects of {counts.size} removals apart: some were "
            "always drawn together. Raise n_draws."
        )
    return lower, True
