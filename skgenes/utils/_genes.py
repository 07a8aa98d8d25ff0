"""Genes given by name or by index."""

import numbers

import numpy as np

from skgenes.utils._messages import listed


def resolve_genes(genes, feature_names, n_features, *, what):
    """Turn genes given by name, index or mask into sorted, unique column indices.

    Parameters
    ----------
    genes : None, str, int or sequence of str or int, or bool array of shape (n_features,)
        The genes. Negative indices count from the end.
    feature_names : array of str of shape (n_features,) or None
        Gene names in column order; None if the data had none.
    n_features : int
        Number of columns.
    what : str
        Name of the parameter, for error messages.

    Returns
    -------
    ndarray of intp
        Sorted column indices without repeats.

    Raises
    ------
    ValueError
        If a gene is not in the data, or names are given for data without names.
    TypeError
        If an entry is neither a name nor an index.

    Examples
    --------
    >>> from skgenes.utils import resolve_genes
    >>> resolve_genes(["MYC", -1], ["TP53", "MYC", "CD4"], 3, what="must_include")
    array([1, 2])
    """
    if genes is None:
        return np.empty(0, dtype=np.intp)
    if isinstance(genes, str | numbers.Integral):
        genes = [genes]
    genes = list(genes)
    if genes and all(isinstance(gene, bool | np.bool_) for gene in genes):
        return _from_mask(genes, n_features, what)
    if any(isinstance(gene, str) for gene in genes) and feature_names is None:
        raise ValueError(
            f"{what} names genes ({listed([g for g in genes if isinstance(g, str)])}), but X was "
            "passed without gene names. Pass a DataFrame or an AnnData, or give column indices."
        )
    position = {} if feature_names is None else {name: i for i, name in enumerate(feature_names)}
    indices = [_index_of(gene, position, n_features, what) for gene in genes]
    unknown = [gene for gene, index in zip(genes, indices, strict=True) if index is None]
    if unknown:
        raise ValueError(
            f"{what} has {len(unknown)} gene(s) that are not among the {n_features} of X: "
            f"{listed(unknown)}. Check the spelling and the kind of identifier."
        )
    return np.unique(np.asarray(indices, dtype=np.intp))


def _from_mask(mask, n_features, what):
    if len(mask) != n_features:
        raise ValueError(f"{what} is a mask of length {len(mask)}, but X has {n_features} genes.")
    return np.flatnonzero(mask)


def _index_of(gene, position, n_features, what):
    """Column of one gene, or None if it has none."""
    if isinstance(gene, str):
        return position.get(gene)
    if isinstance(gene, numbers.Integral) and not isinstance(gene, bool):
        return int(gene) % n_features if -n_features <= gene < n_features else None
    raise TypeError(f"{what} takes gene names or column indices, got {gene!r}.")
