"""Which gene each probe belongs to, read from an annotation in any of its usual forms."""

from numbers import Integral

import numpy as np
import pandas as pd

from skgenes.utils._messages import listed

SEPARATOR = "///"
NO_GENE = ("", "---")


def read_annotation(genes, names, n_probes):
    """Give the genes of every column.

    Parameters
    ----------
    genes : dict, Series, DataFrame of two columns, or sequence of length `n_probes`
        From probes, by name or column index, to genes; a sequence has an entry for each column.
    names : ndarray of str of shape (n_probes,) or None
        Names of the columns.
    n_probes : int
        Number of columns.

    Returns
    -------
    by_column : list of tuple of str
        The genes of each column, each once; empty where there are none.
    known : list of str
        All genes of the annotation, each once.

    Raises
    ------
    ValueError
        If a sequence has another length, a frame another number of columns, or no probe of the
        annotation is in X, or an integer is the index of one column and the name of another.
    TypeError
        If a probe is neither name nor index, or a gene neither text nor integer.
    """
    position = {} if names is None else {name: i for i, name in enumerate(names)}
    by_column, known, absent = [()] * n_probes, {}, []
    for probe, value in _entries(genes, n_probes):
        found = identifiers_in(value, "genes", probe)
        known.update(dict.fromkeys(found))
        column = _column_of(probe, position, n_probes)
        if column is None:
            absent.append(probe)
        else:
            by_column[column] = tuple(dict.fromkeys((*by_column[column], *found)))
    _check_overlap(absent, genes, names, n_probes)
    return by_column, list(known)


def _entries(genes, n_probes):
    """Pairs of a probe and its genes."""
    if isinstance(genes, pd.DataFrame | pd.Series | dict):
        return pairs_of(genes, "genes")
    if len(genes) != n_probes:
        raise ValueError(
            f"genes has {len(genes)} entries, but X has {n_probes} columns. Pass one gene for "
            "each column, or a dict from probes to genes."
        )
    return enumerate(genes)


def pairs_of(table, what):
    """Pairs of a key and a value.

    Parameters
    ----------
    table : dict, Series or DataFrame
        Keys of a dict, index of a Series or first column of a DataFrame, and what belongs to them.
    what : str
        Name of the parameter, for error messages.

    Returns
    -------
    iterable of tuple
        The pairs.

    Raises
    ------
    ValueError
        If a DataFrame has another number of columns than two.
    """
    if not isinstance(table, pd.DataFrame):
        return table.items()
    if table.shape[1] != 2:
        raise ValueError(
            f"{what} is a DataFrame with {table.shape[1]} column(s) ({listed(table.columns)}); "
            "pass two: from, to."
        )
    return zip(table.iloc[:, 0].tolist(), table.iloc[:, 1].tolist(), strict=True)


def identifiers_in(value, what, key):
    """Identifiers in one entry of an annotation.

    Parameters
    ----------
    value : str, int, None, NaN or sequence of them
        The entry; "A /// B" has two, "" and "---" none.
    what : str
        Name of the parameter, for error messages.
    key : object
        Where the entry is, for error messages.

    Returns
    -------
    tuple of str
        The identifiers.

    Raises
    ------
    TypeError
        If the entry is something else.
    """
    if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return ()
    if isinstance(value, str):
        parts = (part.strip() for part in value.split(SEPARATOR))
        return tuple(part for part in parts if part not in NO_GENE)
    if isinstance(value, list | tuple | set | frozenset | np.ndarray):
        return tuple(name for item in value for name in identifiers_in(item, what, key))
    if isinstance(value, Integral) and not isinstance(value, bool | np.bool_):
        return (str(value),)
    raise TypeError(
        f"{what} has {value!r} of type {type(value).__name__} for {key!r}; an identifier is text "
        "or an integer. Read identifiers as text: missing ones turn integers into floats."
    )


def _column_of(probe, position, n_probes):
    """Column of a probe, None if X has none."""
    if isinstance(probe, str):
        return position.get(probe)
    if isinstance(probe, Integral) and not isinstance(probe, bool | np.bool_):
        if position.get(str(probe), probe) != probe:
            raise _column_or_name(probe, position, n_probes)
        return int(probe) if 0 <= probe < n_probes else None
    raise TypeError(f"genes has the probe {probe!r}; a probe is a name or a column index.")


def _column_or_name(probe, position, n_probes):
    inside = 0 <= probe < n_probes
    column = f"column {probe} ({list(position)[probe]!r})" if inside else f"no column {probe}"
    return ValueError(
        f"genes has the probe {probe}, an integer and so a column index; X has {column}, but in "
        f"column {position[str(probe)]} a probe named '{probe}'. Pass names as text: for a Series, "
        "genes.index.astype(str)."
    )


def _check_overlap(absent, genes, names, n_probes):
    if len(genes) == 0:
        raise ValueError("genes is empty. Pass the gene of each probe.")
    if len(absent) < len(genes):
        return
    if names is None:
        raise ValueError(
            f"genes is about the probes {listed(absent)}, but X was passed without names. Pass a "
            "DataFrame or an AnnData, or one gene for each column. In a pipeline, "
            "set_output(transform='pandas') makes the steps before keep the names."
        )
    raise ValueError(
        f"None of the {len(absent)} probes of genes ({listed(absent)}) is among the {n_probes} "
        f"columns of X ({listed(names)}). Is the annotation that of this platform?"
    )
