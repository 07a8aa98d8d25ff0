"""Real expression of cells and samples, prepared from the training samples alone."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.model_selection import ShuffleSplit

from benchmarks.bulk_landmarks import Arrays

N_VARIABLE = 2000
TEST_SIZE = 0.3
CELLS = {
    "cells, CEL-seq2": ("scmix_sc_celseq2", "cell_line"),
    "cells, Drop-seq": ("scmix_sc_dropseq", "cell_line"),
    "RNA mixtures": ("scmix_RNAmix_celseq2", "mix"),
}


@dataclass(frozen=True)
class Split:
    """Training and test samples of a set.

    Attributes
    ----------
    expression : ndarray of float64 of shape (n_train, n_genes)
        Logarithms, as single-cell tools expect them.
    labels : ndarray of str of shape (n_train,)
        Known types of the training samples.
    genes : ndarray of str of shape (n_genes,)
        Distinct names.
    z_train, z_test : ndarray of float64 of shape (n_train or n_test, n_genes)
        In units of the training samples' standard deviation, of mean 0 over them.
    """

    expression: np.ndarray
    labels: np.ndarray
    genes: np.ndarray
    z_train: np.ndarray
    z_test: np.ndarray


class Cells:
    """Logarithms that do not depend on other cells.

    Parameters
    ----------
    values : ndarray of float64 of shape (n_samples, n_genes)
        Expression.
    genes : ndarray of str of shape (n_genes,)
        Names.
    labels : ndarray of str of shape (n_samples,)
        Known types.
    """

    def __init__(self, values, genes, labels):
        self.values, self.genes, self.labels = values, genes, labels

    def expression(self, train):
        """Expression of all samples, normalised by the training samples: here by none.

        Parameters
        ----------
        train : ndarray of int
            Training samples.

        Returns
        -------
        ndarray of float64 of shape (n_samples, n_genes)
            Logarithms.
        """
        return self.values


class Microarrays(Arrays):
    """The pooled arrays, log2 intensities on the mean quantiles of the training samples.

    Parameters
    ----------
    folder : Path
        Holds bulk/ and landmarks/.
    """

    def __init__(self, folder):
        super().__init__(folder)
        with np.load(folder / "bulk/hgu133a_pooled_mas5_240x22283.npz") as data:
            self.labels = data["label"]


def read_pbmc68k(folder):
    """700 blood cells x 765 genes that scanpy brings with it."""
    import scanpy

    cells = scanpy.datasets.pbmc68k_reduced()
    raw = cells.raw.to_adata()
    values = raw.X.toarray().astype(np.float64)
    return Cells(values, raw.var_names.to_numpy(str), cells.obs["bulk_labels"].to_numpy(str))


def read_cells(folder, file, label):
    """Counts of a file per 10,000 of a cell, log(1 + x); no spike-ins."""
    path = folder / "singlecell"
    counts = pd.read_csv(path / f"{file}.count.csv.gz", index_col=0).T
    counts = counts.loc[:, counts.columns.str.startswith("ENSG")]
    about = pd.read_csv(path / f"{file}.metadata.csv.gz", index_col=0).loc[counts.index]
    values = counts.to_numpy(np.float64)
    values = np.log1p(1e4 * values / values.sum(axis=1, keepdims=True))
    return Cells(values, counts.columns.to_numpy(str), about[label].to_numpy(str))


READERS = {"pbmc68k": read_pbmc68k, "microarrays": Microarrays} | {
    name: lambda folder, file=file, label=label: read_cells(folder, file, label)
    for name, (file, label) in CELLS.items()
}


def read_splits(name, folder, n_splits, n_genes=N_VARIABLE):
    """Split a set at random, again and again.

    Parameters
    ----------
    name : str
        One of READERS.
    folder : Path
        Folder of the data.
    n_splits : int
        Number of splits.
    n_genes : int, default=2000
        Genes to keep: the most variable ones of the training samples. Fewer where fewer vary.

    Yields
    ------
    Split
        Seven in ten samples are for training.
    """
    data = READERS[name](folder)
    splits = ShuffleSplit(n_splits, test_size=TEST_SIZE, random_state=0).split(data.labels)
    for train, test in splits:
        values = data.expression(train)
        variances = values[train].var(axis=0)
        kept = np.sort(np.argsort(-variances, kind="stable")[:n_genes])
        kept = kept[variances[kept] > 1e-12]
        values = values[:, kept]
        mean, sd = values[train].mean(axis=0), values[train].std(axis=0)
        z = (values - mean) / sd
        yield Split(values[train], data.labels[train], data.genes[kept], z[train], z[test])
