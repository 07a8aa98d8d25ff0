"""Effects to explain: log fold changes of genes in one or several contrasts."""

import numpy as np
import pandas as pd

from skgenes.utils._messages import listed


def effects_of(adata, effects, rank_key, contrasts):
    """Table of effects, from the user or from scanpy's ranking of genes.

    Parameters
    ----------
    adata : AnnData of shape (n_obs, n_vars)
        Has the genes and, if `effects` is None, the ranking.
    effects : DataFrame, Series or None
        Effects, named by gene.
    rank_key : str
        Entry of ``adata.uns`` with the ranking.
    contrasts : str, sequence of str or None
        Which columns to keep, in this order; None for all.

    Returns
    -------
    DataFrame of float64 of shape (n_vars, n_contrasts)
        Rows are the genes of `adata`, NaN where there is no effect; columns are named by text.
    """
    if effects is None:
        source = f"adata.uns[{rank_key!r}]"
        table = _ranked(adata, rank_key)
    else:
        source = "effects"
        table = _given(effects)
    table = _chosen(table, contrasts, source)
    if not table.index.isin(adata.var_names).any():
        raise ValueError(
            f"{source} has no gene of adata: its rows are {listed(table.index)}, adata.var_names "
            f"are {listed(adata.var_names)}. Bring both to one kind of identifier."
        )
    return table.reindex(adata.var_names)


def _ranked(adata, key):
    """Log fold changes as scanpy.tl.rank_genes_groups leaves them, a column for each group."""
    if key not in adata.uns:
        raise ValueError(
            f"adata.uns has no {key!r}; it has: {listed(adata.uns) or 'nothing'}. Run "
            "scanpy.tl.rank_genes_groups first, name its key_added in rank_key, or pass effects."
        )
    record = adata.uns[key]
    names, changes = (
        record.get(part) if hasattr(record, "get") else None for part in ("names", "logfoldchanges")
    )
    groups = getattr(getattr(names, "dtype", None), "names", None)
    if groups is None or getattr(getattr(changes, "dtype", None), "names", None) != groups:
        raise ValueError(
            f"adata.uns[{key!r}] has no names and logfoldchanges of groups, as "
            "scanpy.tl.rank_genes_groups writes them (not with method='logreg'). Pass a table as "
            "effects instead."
        )
    columns = {
        group: pd.Series(np.asarray(changes[group], dtype=np.float64), pd.Index(names[group]))
        for group in groups
    }
    for group, column in columns.items():
        _check_names(column.index, f"adata.uns[{key!r}]['names'][{group!r}]", "gene")
        missing = adata.var_names[~adata.var_names.isin(column.index)]
        if len(missing):
            raise ValueError(
                f"adata.uns[{key!r}] ranks {len(column)} genes of {group!r}, without "
                f"{len(missing)} of the {adata.n_vars} of adata: {listed(missing)}. Extremes alone "
                "mislead: run scanpy.tl.rank_genes_groups with n_genes=None on these genes."
            )
    return pd.DataFrame(columns)


def _given(effects):
    if isinstance(effects, pd.Series):
        effects = effects.to_frame("effect" if effects.name is None else effects.name)
    if not isinstance(effects, pd.DataFrame):
        raise TypeError(
            "effects must be a DataFrame of genes x contrasts or a Series, named by gene, or None; "
            f"got {type(effects).__name__}."
        )
    _check_names(effects.index, "effects", "gene")
    wrong = [name for name, kind in effects.dtypes.items() if kind.kind not in "iuf"]
    if wrong:
        raise TypeError(
            f"effects must be numbers, but column {wrong[0]!r} has dtype {effects[wrong[0]].dtype}."
        )
    table = effects.astype(np.float64)
    return table.set_axis([str(name) for name in table.columns], axis=1)


def _chosen(table, contrasts, source):
    _check_names(table.columns, source, "contrast")
    if contrasts is not None:
        wanted = [contrasts] if isinstance(contrasts, str) else list(contrasts)
        unknown = [name for name in wanted if name not in table]
        if unknown or not wanted:
            raise ValueError(
                f"contrasts={contrasts!r} are not all in {source}, whose contrasts are: "
                f"{listed(table.columns)}."
            )
        _check_names(pd.Index(wanted), "contrasts", "contrast")
        table = table[wanted]
    if not table.shape[1]:
        raise ValueError(f"{source} has no contrast: there must be at least one column.")
    infinite = np.isinf(table.to_numpy())
    if infinite.any():
        row, column = np.argwhere(infinite)[0]
        raise ValueError(
            f"{source} has {infinite.sum()} infinite value(s), such as that of "
            f"{table.index[row]!r} in {table.columns[column]!r}. Shrink or clip them, or set them "
            "to NaN to leave these genes out."
        )
    return table


def _check_names(names, where, what):
    if names.has_duplicates:
        twice = names[names.duplicated()].unique()
        raise ValueError(f"{where} has {len(twice)} {what}(s) more than once: {listed(twice)}.")
