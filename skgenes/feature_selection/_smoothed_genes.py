"""What genes share with each other, without what each has alone."""

import numpy as np
from scipy.linalg import eigh, lapack
from sklearn.utils import gen_batches

# Chosen once, for all data: see the tables under Panels in the documentation.
_PENALTY_PER_NOISE = 3
_LEAST_PER_NOISE = 1.5
_ROWS_AT_ONCE = 1024


def chosen_penalty(penalty, gram, n_samples):
    """Ridge penalty as given, or the automatic one.

    Parameters
    ----------
    penalty : float or "auto"
        What the user chose.
    gram : ndarray of float64 of shape (n_genes, n_genes)
        Correlation matrix.
    n_samples : float
        Number of samples it comes from.

    Returns
    -------
    float
        In units of a gene's variance.
    """
    return automatic_penalty(gram, n_samples) if penalty == "auto" else float(penalty)


def automatic_penalty(gram, n_samples):
    """Ridge penalty that suits a correlation matrix: three times the odds of sampling noise.

    Parameters
    ----------
    gram : ndarray of float64 of shape (n_genes, n_genes)
        Correlation matrix.
    n_samples : float
        Number of samples it comes from.

    Returns
    -------
    float
        In units of a gene's variance.
    """
    return _PENALTY_PER_NOISE * sampling_noise(gram, n_samples)


def sampling_noise(gram, n_samples):
    r"""How much of a correlation matrix is noise of sampling, as odds.

    Parameters
    ----------
    gram : ndarray of float64 of shape (n_genes, n_genes)
        Correlation or covariance matrix S of the samples.
    n_samples : float
        Their number.

    Returns
    -------
    float
        :math:`\rho / (1 - \rho)`, with the :math:`\rho` for which :math:`(1 - \rho) S + \rho I`
        comes closest to the truth; at most 100.

    References
    ----------
    Chen, Wiesel, Eldar and Hero (2010), Shrinkage algorithms for MMSE covariance estimation, IEEE
    Transactions on Signal Processing 58:5016, doi:10.1109/TSP.2010.2053029, eq. 23.
    """
    n_genes = np.count_nonzero(np.diag(gram))
    trace, squares = np.trace(gram), np.vdot(gram, gram)
    shared = 1 - 2 / max(n_genes, 1)
    numerator = shared * squares + trace**2
    denominator = (n_samples + shared) * (squares - trace**2 / max(n_genes, 1))
    if numerator * 100 >= denominator * 99 or denominator <= 0:
        # Hardly a gene tells of another.
        return 100.0
    return max(float(numerator / (denominator - numerator)), 1e-6)


def shared_target(gram, penalty, n_samples):
    r"""Products of genes with what is to be explained of them at a penalty of the panel.

    Parameters
    ----------
    gram : ndarray of float64 of shape (n_genes, n_genes)
        Correlation matrix.
    penalty : float
        Ridge penalty of the panel; 0 leaves the genes as measured.
    n_samples : float
        Number of samples the correlations come from.

    Returns
    -------
    ndarray of float64 of shape (n_genes, n_genes)
        See `shared_cross`.

    Notes
    -----
    With n samples, fewer than the p genes, noise alone spreads their variance evenly over n
    directions, p / n on each: directions below 1.5 of that count as noise if the penalty is
    automatic, else in proportion to it.
    """
    n_genes = np.count_nonzero(np.diag(gram))
    least = _LEAST_PER_NOISE * n_genes / n_samples * penalty / automatic_penalty(gram, n_samples)
    # So little is lost in rounding: the Cholesky factor would fail.
    if least <= np.finfo(np.float64).eps * len(gram) * np.trace(gram):
        return gram
    return shared_cross(gram, least)


def shared_cross(gram, least):
    r"""Products of genes with what they share: three ways to leave out noise, averaged.

    Parameters
    ----------
    gram : ndarray of float64 of shape (n_genes, n_genes)
        Products of the genes, :math:`S = X^\top X / n`.
    least : float
        Variance :math:`\nu` above 0: directions below it count as noise.

    Returns
    -------
    ndarray of float64 of shape (n_genes, n_genes)
        :math:`X^\top T / n` for the mean T of X as measured, which leaves out nothing, X smoothed
        (`smoothed_cross`), and the projection of X on its principal components of variance above
        :math:`\nu` (`components_above`).
    """
    result = smoothed_cross(gram, least)
    result += gram
    vectors = components_above(gram, least)
    for rows in gen_batches(len(gram), _ROWS_AT_ONCE):
        result[rows] += vectors[rows] @ vectors.T
    result /= 3
    return result


def components_above(gram, least):
    r"""Principal components whose variance is above a threshold.

    Parameters
    ----------
    gram : ndarray of float64 of shape (n_genes, n_genes)
        Products of the genes, :math:`S = X^\top X / n`.
    least : float
        The threshold.

    Returns
    -------
    ndarray of float64 of shape (n_genes, n_components)
        Eigenvectors times the root of their eigenvalue: B with :math:`B B^\top = X^\top T / n`,
        where T is the projection of X on the components.
    """
    copy = np.array(gram, dtype=np.float64, order="F")
    # LAPACK is fastest with the wanted ones alone if they are few, with all if they may be most.
    wanted = (least, np.inf) if least * len(gram) > np.trace(gram) else None
    variances, vectors = eigh(copy, subset_by_value=wanted, overwrite_a=True, check_finite=False)
    first = np.searchsorted(variances, least, side="right")
    vectors = vectors[:, first:]
    vectors *= np.sqrt(variances[first:])
    return vectors


def smoothed_cross(gram, noise):
    r"""Products of genes with their ridge-smoothed selves.

    Parameters
    ----------
    gram : ndarray of float64 of shape (n_genes, n_genes)
        Products of the genes, :math:`S = X^\top X / n`.
    noise : float
        Penalty :math:`\nu` above 0: directions of variance below it are mostly left out.

    Returns
    -------
    ndarray of float64 of shape (n_genes, n_genes)
        :math:`X^\top T / n` for :math:`T = X (S + \nu I)^{-1} S`: what a linear autoencoder with
        noise of that variance on its inputs makes of X, in closed form.

    Notes
    -----
    :math:`S (S + \nu I)^{-1} S = S - \nu I + \nu^2 (S + \nu I)^{-1}`: one Cholesky inverse.
    """
    inner = np.array(gram, dtype=np.float64, order="F")
    np.einsum("ii->i", inner)[:] += noise
    factor, failed = lapack.dpotrf(inner, lower=1, overwrite_a=1)
    result, singular = lapack.dpotri(factor, lower=1, overwrite_c=1)
    if failed or singular:
        raise np.linalg.LinAlgError("The products of the genes are not positive semi-definite.")
    # LAPACK fills the lower half of a matrix in Fortran's order: the upper one in C's.
    result = np.triu(result.T)
    result += np.triu(result, 1).T
    result *= noise**2
    result += gram
    np.einsum("ii->i", result)[:] -= noise
    return result
