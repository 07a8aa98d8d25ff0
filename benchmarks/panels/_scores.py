"""How well a panel infers all other genes: ridge regression, the same for every panel."""

import numpy as np
from sklearn.linear_model import RidgeCV

ALPHAS = np.logspace(-1, 5, 25)


def score_panel(z_train, z_test, panel):
    """Infer all other genes of held-out samples from the panel.

    Parameters
    ----------
    z_train, z_test : ndarray of float64 of shape (n_train or n_test, n_genes)
        Expression, of mean 0 and standard deviation 1 over the training samples.
    panel : ndarray of int
        Columns measured.

    Returns
    -------
    dict of str to float
        PCC and MAE, means over the other genes (PCC over those that vary in both); R2, their share
        of variance explained; R2_all, the share over all genes, those of the panel counted as
        explained; redundancy, the mean absolute correlation of two genes of the panel in training.
    """
    others = np.setdiff1d(np.arange(z_train.shape[1]), panel)
    ridge = RidgeCV(ALPHAS).fit(z_train[:, panel], z_train[:, others])
    measured, inferred = z_test[:, others], ridge.predict(z_test[:, panel])
    total = np.sum(z_test**2)
    return {
        **score_genes(measured, inferred),
        "R2_all": 1 - np.sum((measured - inferred) ** 2) / total,
        "redundancy": mean_correlation(z_train[:, panel]),
        "n_genes": len(panel),
    }


def score_genes(measured, inferred):
    """Return PCC, MAE and R2 of genes.

    Parameters
    ----------
    measured, inferred : ndarray of float64 of shape (n_samples, n_genes)
        Held-out expression; 0 is the mean of the training samples.

    Returns
    -------
    dict of str to float
        Means over genes; R2 is pooled: 1 - sum of squared errors / sum of squares, so that
        genes which hardly vary in the held-out samples do not outweigh all others.
    """
    centred = [values - values.mean(axis=0) for values in (measured, inferred)]
    norms = [np.linalg.norm(values, axis=0) for values in centred]
    varies = (norms[0] > 1e-9) & (norms[1] > 1e-9)
    pcc = np.sum(centred[0] * centred[1], axis=0)[varies] / (norms[0] * norms[1])[varies]
    return {
        "PCC": pcc.mean(),
        "MAE": np.abs(measured - inferred).mean(),
        "R2": 1 - np.sum((measured - inferred) ** 2) / np.sum(measured**2),
    }


def mean_correlation(values):
    """Mean absolute Pearson correlation of two columns; 0 of a single one."""
    n = values.shape[1]
    if n < 2:
        return 0.0
    return float(np.abs(np.corrcoef(values.T))[np.triu_indices(n, 1)].mean())


def score_ceiling(z_train, z_test):
    r"""Infer every gene from ALL others: what panels can be held against.

    Parameters
    ----------
    z_train, z_test : ndarray of float64 of shape (n_train or n_test, n_genes)
        As for `score_panel`.

    Returns
    -------
    dict of str to float
        PCC, MAE and R2 over all genes. A large panel may come out better: its own genes are not
        among those judged.

    Notes
    -----
    With :math:`A = Z Z^\top + \alpha I`, gene z has the dual coefficients
    :math:`(A - z z^\top)^{-1} z = A^{-1} z / (1 - h)`, where :math:`h = z^\top A^{-1} z`, and one
    decomposition serves all genes. One penalty for all, with the least leave-one-out error.
    """
    kernel = z_train @ z_train.T
    eigenvalues, vectors = np.linalg.eigh(kernel)
    rotated = vectors.T @ z_train
    fits = [_dual(eigenvalues, vectors, rotated, z_train, alpha) for alpha in ALPHAS]
    coefficients, own, _ = min(fits, key=lambda fit: fit[2])
    inferred = z_test @ (z_train.T @ coefficients) - z_test * own
    return score_genes(z_test, inferred)


def _dual(eigenvalues, vectors, rotated, z, alpha):
    """Dual coefficients of every gene, the share of the gene itself in them, and their error."""
    inverse = 1 / (np.maximum(eigenvalues, 0) + alpha)
    solved = vectors @ (inverse[:, None] * rotated)
    h = np.sum(z * solved, axis=0)
    coefficients = solved / (1 - h)
    # Less what the constant vector adds, which the centred genes know nothing of: the intercept.
    diagonal = (vectors**2 @ inverse - 1 / (alpha * len(z)))[:, None] + solved * coefficients
    return coefficients, h / (1 - h), np.mean((coefficients / diagonal) ** 2)
