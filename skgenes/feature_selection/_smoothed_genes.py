"""What genes share with each other, without what each has alone."""

import numpy as np
from scipy.linalg import lapack


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
        :math:`X^\top T / n` for :math:`T = X (S + \nu I)^{-1} S`, the linear autoencoder with a
        penalty, or with noise on its inputs, in closed form.

    Notes
    -----
    :math:`S (S + \nu I)^{-1} S = S - \nu I + \nu^2 (S + \nu I)^{-1}`: one Cholesky inverse.
    """
    inner = np.array(gram, dtype=np.float64, order="F")
    diagonal = np.einsum("ii->i", inner)
    diagonal += noise
    factor, failed = lapack.dpotrf(inner, lower=1, overwrite_a=1)
    inverse, singular = lapack.dpotri(factor, lower=1, overwrite_c=1)
    if failed or singular:
        raise np.linalg.LinAlgError("The products of the genes are not positive semi-definite.")
    result = np.tril(inverse, -1)
    result += result.T
    np.einsum("ii->i", result)[:] = np.diag(inverse)
    result *= noise**2
    result += gram
    np.einsum("ii->i", result)[:] -= noise
    return result
