"""Genes against what an autoencoder makes of them."""

import numpy as np

from skgenes.feature_selection._gene_sums import batches


def reconstructed_cross(X, reconstruct, mean, deviations, weights=None):
    r"""Products of genes with their reconstructions, both in units of the genes' deviations.

    Parameters
    ----------
    X : ndarray or csr_array of shape (n_samples, n_genes)
        Samples, of which only a batch is dense at a time.
    reconstruct : callable
        Gives the reconstruction of a batch, in the unit of X.
    mean, deviations : ndarray of float64 of shape (n_genes,)
        Of the same samples.
    weights : ndarray of float64 of shape (n_samples,) or None, default=None
        Weights W of the samples, of mean 1; None weighs all the same.

    Returns
    -------
    ndarray of float64 of shape (n_genes, n_genes)
        :math:`X^\top W T / n`; 0 for constant genes.
    """
    scale = np.divide(1, deviations, out=np.zeros_like(deviations), where=deviations > 0)
    result = np.zeros((len(mean), len(mean)))
    for batch, some in batches(X, weights):
        result += ((batch - mean) * scale * some[:, None]).T @ ((reconstruct(batch) - mean) * scale)
    result /= X.shape[0]
    return result
