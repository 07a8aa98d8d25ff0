"""Empirical Bayes for variances: many genes with few samples lend each other precision."""

from typing import NamedTuple

import numpy as np
from scipy.special import digamma, polygamma

# For the prior alone, variances below this share of the median are raised to it.
_LEAST_SHARE = 1e-5
_TOLERANCE = 1e-10


class VariancePrior(NamedTuple):
    """Scaled inverse chi-square prior: its degrees of freedom, inf for one variance, and scale."""

    df: float
    variance: float


NO_PRIOR = VariancePrior(0.0, float("nan"))


def squeeze_variances(variances, df, prior):
    r"""Draw variances towards the prior's.

    Parameters
    ----------
    variances : ndarray of float64 of shape (n_genes,)
        Residual variances.
    df : int
        Their degrees of freedom.
    prior : VariancePrior
        With df 0 they stay as they are.

    Returns
    -------
    ndarray of float64 of shape (n_genes,)
        :math:`(d_0 s_0^2 + d s^2) / (d_0 + d)`, Smyth (2004), section 3.
    """
    if prior.df == 0:
        return variances
    if np.isinf(prior.df):
        return np.full_like(variances, prior.variance)
    return (prior.df * prior.variance + df * variances) / (prior.df + df)


def fit_prior(variances, df):
    r"""Estimate the prior by the moments of the logarithms of variances.

    Parameters
    ----------
    variances : ndarray of float64 of shape (n_genes,)
        Residual variances, finite, at least half of them above 0.
    df : int
        Their degrees of freedom, at least 1.

    Returns
    -------
    VariancePrior
        With df inf, and the mean variance, where variances differ no more than sampling makes
        them; with df 0 for one gene, which has nothing to learn from.

    Notes
    -----
    With :math:`e_g = \log s_g^2 - \psi(d / 2) + \log(d / 2)` the prior solves
    :math:`\psi'(d_0 / 2) = \mathrm{var}(e) - \psi'(d / 2)` and
    :math:`\log s_0^2 = \bar e + \psi(d_0 / 2) - \log(d_0 / 2)`, Smyth (2004), section 6.2.
    """
    if variances.size < 2:
        return NO_PRIOR
    raised = np.maximum(variances, _LEAST_SHARE * np.median(variances))
    logs = np.log(raised) - digamma(df / 2) + np.log(df / 2)
    excess = logs.var(ddof=1) - polygamma(1, df / 2)
    if excess <= 0:
        return VariancePrior(np.inf, float(raised.mean()))
    half = trigamma_inverse(float(excess))
    return VariancePrior(2 * half, float(np.exp(logs.mean() + digamma(half) - np.log(half))))


def trigamma_inverse(x):
    """Solve trigamma(y) = x for y by Newton's method, Smyth (2004), appendix.

    Parameters
    ----------
    x : float
        Finite and above 0.

    Returns
    -------
    float
        Above 0.
    """
    # The reciprocal of trigamma is convex and nearly straight: steps from here never overshoot.
    y, step = 0.5 + 1 / x, np.inf
    while abs(step) > _TOLERANCE * y:
        value = polygamma(1, y)
        step = value * (1 - value / x) / polygamma(2, y)
        y += step
    return float(y)
