"""Real expression of cells and samples, prepared from the training samples alone."""

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution

import numpy as np
import pandas as pd
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.model_selection import ShuffleSplit

from benchmarks.bulk_landmarks import Arrays

N_VARIABLE = 2000
TEST_SIZE = 0.3
CELLS = {
    "cells, CEL-seq2": ("scmix_sc_celseq2", "cell_line"),
    "cells, Drop-seq": ("scmix_sc_dropseq", "cell_line"),
    "RNA mixtures": ("scmix_RNAmix_celseq2", "mix"),
}
N_CLUSTERS = 8


@dataclass(frozen=True)
class Split:
    """Training and test samples of a set.

    Attributes
    ----------
    expression : ndarray of float64 of shape (n_train, n_genes)
        Logarithms, as single-cell tools expect them.
    labels : ndarray of str of shape (n_train,)
        Known types of the training samples; where there are none, their clusters.
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
    labels : ndarray of str of shape (n_samples,) or None
        Known types.
    """

    def __init__(self, values, genes, labels):
        self.values, self.genes, self.labels = values, genes, labels
        self.n_samples = len(values)

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
        self.n_samples = len(self.labels)


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
    return Cells(log_counts(counts), counts.columns.to_numpy(str), about[label].to_numpy(str))


def read_celltypist(folder):
    """Counts of 559 immune cells that CellTypist brings with it, of unknown types."""
    try:
        package = distribution("celltypist")
    except PackageNotFoundError:
        raise ModuleNotFoundError(
            'The set "cells, CellTypist" is a file of the package celltypist, which is not '
            "installed. Its dependencies are not needed: pip install --no-deps celltypist"
        ) from None
    path = package.locate_file("celltypist/data/samples/sample_cell_by_gene.csv")
    counts = pd.read_csv(path, index_col=0)
    return Cells(log_counts(counts), counts.columns.to_numpy(str), None)


def log_counts(counts):
    """Counts per 10,000 of a cell, log(1 + x)."""
    values = counts.to_numpy(np.float64)
    return np.log1p(1e4 * values / values.sum(axis=1, keepdims=True))


def read_lung_ratios(folder):
    """73 lung samples on cDNA arrays, log ratios; the 250 clones measured in all of them."""
    table = pd.read_csv(folder / "bulk/lung_garber2001_73x916.csv.gz", index_col=0)
    labels = table.pop("label").to_numpy(str)
    table = table.dropna(axis="columns")
    return Cells(table.to_numpy(np.float64), table.columns.to_numpy(str), labels)


def read_tissues(folder):
    """53 tissues of GTEx, log2(TPM + 0.25), the 2,742 genes of DEcode's example."""
    path = folder / "decode_toy/Transcriptome/expdata.txt.gz"
    genes = pd.read_csv(path, sep="\t", index_col=0)
    return Cells(genes.T.to_numpy(np.float64), genes.index.to_numpy(str), None)


# What the search of the library's own selectors was chosen on, and what it was not.
READERS = {"pbmc68k": read_pbmc68k, "microarrays": Microarrays} | {
    name: lambda folder, file=file, label=label: read_cells(folder, file, label)
    for name, (file, label) in CELLS.items()
}
UNSEEN_READERS = {
    "cells, CellTypist": read_celltypist,
    "lung, log ratios": read_lung_ratios,
    "tissues, GTEx": read_tissues,
}
UNSEEN_SETS = tuple(UNSEEN_READERS)
# With 51 and 37 training samples, any 100 genes explain all of them.
LARGEST = {"lung, log ratios": 50, "tissues, GTEx": 50}


def sizes_for(name, sizes):
    """Sizes of panels that a set can tell apart.

    Parameters
    ----------
    name : str
        One of READERS or UNSEEN_READERS.
    sizes : list of int
        Sizes asked for.

    Returns
    -------
    list of int
        Those up to the set's largest.
    """
    return [size for size in sizes if size <= LARGEST.get(name, size)]


def read_splits(name, folder, n_splits, n_genes=N_VARIABLE):
    """Split a set at random, again and again.

    Parameters
    ----------
    name : str
        One of READERS or UNSEEN_READERS.
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
    data = (READERS | UNSEEN_READERS)[name](folder)
    splits = ShuffleSplit(n_splits, test_size=TEST_SIZE, random_state=0)
    for train, test in splits.split(np.empty(data.n_samples)):
        values = data.expression(train)
        variances = values[train].var(axis=0)
        kept = np.sort(np.argsort(-variances, kind="stable")[:n_genes])
        kept = kept[variances[kept] > 1e-12]
        values = values[:, kept]
        mean, sd = values[train].mean(axis=0), values[train].std(axis=0)
        z = (values - mean) / sd
        labels = clusters(z[train]) if data.labels is None else data.labels[train]
        yield Split(values[train], labels, data.genes[kept], z[train], z[test])


def clusters(z):
    """Types of samples where none are known: k-means of 30 principal components.

    Parameters
    ----------
    z : ndarray of float64 of shape (n_samples, n_genes)
        Expression of mean 0 and standard deviation 1 for every gene.

    Returns
    -------
    ndarray of str of shape (n_samples,)
        Numbers of 8 clusters, the best of 10 starts.
    """
    components = PCA(min(30, min(z.shape) - 1), random_state=0).fit_transform(z)
    return KMeans(N_CLUSTERS, n_init=10, random_state=0).fit_predict(components).astype(str)
