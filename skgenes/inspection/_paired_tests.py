"""Do two panels differ over the same genes: paired tests that are defined for ties too."""

import numpy as np
from scipy.special import stdtr
from scipy.stats import wilcoxon


def paired_tests(first, second):
    r"""Compare two scores of the same genes.

    Parameters
    ----------
    first, second : ndarray of shape (n_genes,)
        Scores; genes with NaN in either are left out.

    Returns
    -------
    dict
        n_genes, mean_difference (first - second), effect_size, t_statistic, t_p_value,
        wilcoxon_p_value, n_lower, n_higher and n_ties. Both p-values are two-sided.

    Notes
    -----
    With the differences :math:`d`, their mean :math:`\bar d` and standard deviation :math:`s`
    (n - 1), the effect size is :math:`\bar d / s` and the statistic of Student's paired test is
    :math:`t = \sqrt n \, \bar d / s`. Wilcoxon's test leaves out differences of zero. Where all
    differences are zero, effect and statistic are 0 and both p-values 1; where all are equal but
    not zero, effect and statistic are infinite. With fewer than two genes and a difference, effect
    and Student's test are NaN.
    """
    difference = np.asarray(first, dtype=np.float64) - np.asarray(second, dtype=np.float64)
    difference = difference[~np.isnan(difference)]
    mean, effect = _mean_and_effect(difference)
    t = np.sqrt(difference.size) * effect
    return {
        "n_genes": difference.size,
        "mean_difference": mean,
        "effect_size": effect,
        "t_statistic": t,
        "t_p_value": float(2 * stdtr(difference.size - 1, -abs(t))),
        "wilcoxon_p_value": _wilcoxon_p_value(difference),
        "n_lower": int(np.count_nonzero(difference < 0)),
        "n_higher": int(np.count_nonzero(difference > 0)),
        "n_ties": int(np.count_nonzero(difference == 0)),
    }


def _mean_and_effect(difference):
    if difference.size == 0:
        return np.nan, np.nan
    if np.ptp(difference) > 0:
        scaled = difference / np.abs(difference).max()  # squares of tiny numbers would vanish
        return float(difference.mean()), float(scaled.mean() / scaled.std(ddof=1))
    # Equal differences have no spread; rounding would give them one.
    mean = float(difference[0])
    if mean == 0:
        return 0.0, 0.0
    return mean, float(np.copysign(np.inf, mean)) if difference.size > 1 else np.nan


def _wilcoxon_p_value(difference):
    if difference.size == 0:
        return np.nan
    changed = difference[difference != 0]
    return float(wilcoxon(changed).pvalue) if changed.size else 1.0
