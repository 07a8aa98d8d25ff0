"""Do the genes of tables go by the same names, in the same order?"""

import numpy as np
import pandas as pd

from skgenes.feature_extraction._regulatory_tracks import RegulatoryTracks
from skgenes.utils import is_anndata


def check_same_genes(X, tables, *, name="X"):
    """Compare the names of genes in X with those of other tables, where both have some.

    Parameters
    ----------
    X : RegulatoryTracks, DataFrame, AnnData or any
        Genes.
    tables : dict of str to DataFrame, Series, AnnData or any
        What has a row for each gene, by what it is called in messages. What has no names, or
        another length, is not compared.
    name : str, default="X"
        What X is called.

    Raises
    ------
    ValueError
        If they differ, or come in another order. The message names some.
    """
    genes, source = _row_names(X)
    for what, table in tables.items():
        names, _ = _row_names(table)
        if genes is None or names is None or len(names) != len(genes):
            continue
        different = np.flatnonzero(names != genes)
        if different.size:
            row = different[0]
            rows = f"{what}{'' if is_anndata(table) else '.loc'}[{name}.{source}]"
            raise ValueError(
                f"{name} and {what} name {different.size} genes differently, the first in row "
                f"{row}: {genes[row]!r} in {name} and {names[row]!r} in {what}. "
                + (
                    f"They are the same genes in another order: pass {rows}."
                    if set(names) == set(genes)
                    else "Pass the same genes in the same order."
                )
            )


def _row_names(table):
    """Names of the rows, and which attribute has them; None unless they are text."""
    if isinstance(table, RegulatoryTracks):
        access = "genes"
    elif is_anndata(table):
        access = "obs_names"
    elif isinstance(table, pd.DataFrame | pd.Series):
        access = "index"
    else:
        return None, None
    names = np.asarray(getattr(table, access), dtype=object)
    return (names if all(isinstance(name, str) for name in names) else None), access
