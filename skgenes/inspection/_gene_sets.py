"""A list of genes and named sets of genes over one background."""

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain

import numpy as np
import pandas as pd
import scipy.sparse as sp

from skgenes.utils._messages import listed


@dataclass(frozen=True, eq=False)
class GeneSets:
    """Which genes of a background are in which set, and which of them are asked about.

    Parameters
    ----------
    names : list of str
        The sets.
    membership : csr_array of bool of shape (n_sets, n_background)
        True for members; nothing else is stored.
    query : ndarray of intp
        Sorted columns of the genes asked about, at least one.
    background : ndarray of object of shape (n_background,)
        The genes, without repeats.
    """

    names: list
    membership: sp.csr_array
    query: np.ndarray
    background: np.ndarray

    @property
    def sizes(self):
        """Genes in each set, int64 (n_sets,)."""
        return np.diff(self.membership.indptr).astype(np.int64)

    @property
    def overlap_with_query(self):
        """Membership of the genes asked about, csr_array (n_sets, n_query)."""
        return self.membership[:, self.query]


def open_gene_sets(genes, gene_sets, background, min_size, max_size):
    """Restrict genes and sets to the background, and sets to those of a size.

    Parameters
    ----------
    genes, background : iterable of str
        What is asked about, and all that could have been.
    gene_sets : dict of {str: iterable of str}
        The sets.
    min_size, max_size : int or None
        Least and largest number of background genes in a set.

    Returns
    -------
    GeneSets
        What is left.

    Raises
    ------
    TypeError
        If a string, or nothing to go through, is passed for several genes.
    ValueError
        If no gene or no set is left.

    Warns
    -----
    UserWarning
        Once, with the numbers of everything that was left out.
    """
    genes, background = _as_list(genes, "genes"), _as_list(background, "background")
    unique = pd.Index(background, dtype=object).unique()
    query, unknown = _find(genes, unique)
    names = [*gene_sets]
    membership, n_repeated = _membership(gene_sets, unique)
    sizes = np.diff(membership.indptr)
    too_small = sizes < min_size
    too_large = np.zeros_like(too_small) if max_size is None else sizes > max_size
    kept = np.flatnonzero(~(too_small | too_large))
    if kept.size == 0:
        raise ValueError(
            f"None of {len(names)} gene sets has {min_size} to {max_size or 'any number of'} genes "
            f"in the background of {len(unique)} such as {listed(unique[:3])}. Check that both "
            "have the same kind of identifier, or change min_size and max_size."
        )
    n_sets = f"of {len(names)} gene sets"
    _warn_left_out(
        {
            f"of {len(genes)} genes: not in the background ({listed(unknown)})": len(unknown),
            f"of {len(genes)} genes: repeated": len(genes) - len(unknown) - query.size,
            f"of {len(background)} background genes: repeated": len(background) - len(unique),
            "members of gene sets: repeated": n_repeated,
            f"{n_sets}: fewer than {min_size} genes in the background": too_small.sum(),
            f"{n_sets}: more than {max_size} genes in the background": too_large.sum(),
        }
    )
    return GeneSets([names[i] for i in kept], membership[kept], query, unique.to_numpy())


def _as_list(genes, what):
    genes = _listed_genes(genes, what)
    if not genes:
        raise ValueError(f"{what} is empty; pass at least one gene.")
    return genes


def _listed_genes(genes, what):
    if isinstance(genes, str):
        raise TypeError(f"{what} is the string {genes!r}; pass a list of genes.")
    if not isinstance(genes, Iterable):
        raise TypeError(f"{what} is {genes!r}; pass a list of genes.")
    return list(genes)


def _find(genes, background):
    """Sorted columns of the genes that are in the background, and those that are not."""
    columns = background.get_indexer(pd.Index(genes, dtype=object))
    unknown = [gene for gene, column in zip(genes, columns, strict=True) if column < 0]
    if len(unknown) == len(genes):
        raise ValueError(
            f"None of the {len(genes)} genes ({listed(genes)}) is in the background of "
            f"{len(background)} genes ({listed(background)}). Give both in the same kind of "
            "identifier."
        )
    return np.unique(columns[columns >= 0]), unknown


def _membership(gene_sets, background):
    """Sets x background, bool, and the number of repeated members."""
    sets = [_listed_genes(members, f"Gene set {name!r}") for name, members in gene_sets.items()]
    rows = np.repeat(np.arange(len(sets)), [len(members) for members in sets])
    columns = background.get_indexer(pd.Index([*chain.from_iterable(sets)], dtype=object))
    known = columns >= 0
    membership = sp.coo_array(
        (known[known], (rows[known], columns[known])), shape=(len(sets), len(background))
    ).tocsr()  # merges repeats
    return membership, int(known.sum()) - membership.nnz


def _warn_left_out(counts):
    parts = [f"{count} {what}" for what, count in counts.items() if count]
    if parts:
        warnings.warn(f"Left out: {'; '.join(parts)}.", UserWarning, stacklevel=5)
