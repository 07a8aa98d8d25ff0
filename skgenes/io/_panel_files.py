"""Panels as files: a table to order from, a list, a set."""

import csv
import os

import numpy as np
import pandas as pd

from skgenes.io._errors import shown
from skgenes.io._panel_table import panel_table
from skgenes.io._sets import check_new, read_gmt, read_grp, write_gmt, write_grp
from skgenes.io._text import Lines, write_text
from skgenes.utils._errors import FileFormatError

_SUFFIXES = (".csv", ".grp", ".txt", ".gmt")


def write_panel(panel, path):
    """Write a panel: as a table, a list or a set of genes.

    Parameters
    ----------
    panel : DataFrame, estimator or sequence of str
        What `panel_table` returned, a fitted selector or
        `skgenes.compose.LandmarkReconstructor`, or the names of the genes, the best first.
    path : str or path-like
        Where to write. ``.csv`` holds the whole table, ``.grp`` and ``.txt`` one gene per line,
        ``.gmt`` one set, named as the file. What was there stays until all is written.

    Raises
    ------
    ValueError
        If the name ends in something else, genes have no names or occur twice, or the table has
        no column ``gene``.

    Notes
    -----
    Genes without names cannot be written: a column's number says nothing outside the data.

    Spreadsheets turn names such as SEPT1 and MARCH1 into dates when they open a ``.csv``; import
    the column ``gene`` as text.

    Examples
    --------
    >>> import os, tempfile
    >>> import pandas as pd
    >>> from skgenes.feature_selection import GivenPanelSelector
    >>> from skgenes.io import read_panel, write_panel
    >>> X = pd.DataFrame([[1.0, 2.0, 3.0]], columns=["TP53", "MYC", "CD4"])
    >>> selector = GivenPanelSelector(["CD4", "TP53"]).fit(X)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "panel.csv")
    ...     write_panel(selector, path)
    ...     read_panel(path)
    ['TP53', 'CD4']
    """
    suffix = _suffix(path)
    table = _as_table(panel)
    if "gene" not in table:
        raise ValueError(f"The table has no column 'gene', but {list(table.columns)}.")
    genes = table["gene"].tolist()
    if not genes or not all(isinstance(gene, str) and gene for gene in genes):
        raise ValueError(
            "The panel has no gene names. Fit the selector on a DataFrame or an AnnData with names."
        )
    if len(set(genes)) < len(genes):
        raise ValueError("The panel has a gene more than once.")
    if suffix == ".csv":
        write_text(path, [table.to_csv(index=False, lineterminator="\n")])
    elif suffix == ".gmt":
        write_gmt({_stem(path): genes}, path)
    else:
        write_grp(genes, path)


def _as_table(panel):
    if isinstance(panel, pd.DataFrame):
        return panel
    if isinstance(panel, list | tuple | np.ndarray | pd.Index):
        return pd.DataFrame({"rank": np.arange(1, len(panel) + 1), "gene": [*panel]})
    return panel_table(panel)


def read_panel(path):
    """Read the genes of a panel, for `skgenes.feature_selection.GivenPanelSelector`.

    Parameters
    ----------
    path : str or path-like
        A ``.csv`` with a column ``gene``, a ``.grp`` or ``.txt`` with one gene per line, or a
        ``.gmt`` with one set.

    Returns
    -------
    list of str
        The genes, in the order of the file. Numbers, such as Entrez ids, are names too.

    Raises
    ------
    FileFormatError
        If the file breaks its format, has more than one set, or no or repeated genes.
    ValueError
        If the name ends in something else.

    Examples
    --------
    >>> import os, tempfile
    >>> from skgenes.io import read_panel
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "order.csv")
    ...     with open(path, "w") as file:
    ...         _ = file.write("gene,probe\\nTP53,201746_at\\nMYC,202431_s_at\\n")
    ...     read_panel(path)
    ['TP53', 'MYC']
    """
    suffix = _suffix(path)
    if suffix == ".csv":
        return _read_csv(path)
    if suffix != ".gmt":
        return read_grp(path)
    sets = read_gmt(path)
    if len(sets) > 1:
        raise FileFormatError(
            f"{os.fsdecode(path)}: expected one set, found {len(sets)}. Take one out of what "
            "read_gmt returns."
        )
    return next(iter(sets.values()))


def _read_csv(path):
    first_line = {}
    with Lines(path, "utf-8") as lines:
        rows = csv.reader(lines, strict=True)
        try:
            header = next(rows, None)
            if header is None or "gene" not in header:
                found = "the end of the file" if header is None else shown(", ".join(header))
                raise lines.error("a table with a column 'gene'", found, number=1)
            place = header.index("gene")
            for row in filter(None, rows):
                if len(row) > len(header):
                    raise lines.error(f"{len(header)} cells as in the header", f"{len(row)}")
                gene = row[place].strip() if place < len(row) else ""
                if not gene:
                    raise lines.error("the name of a gene", "none")
                check_new(lines, gene, first_line, "the gene")
        except csv.Error as error:
            raise lines.error("a table in CSV", str(error)) from None
        if not first_line:
            raise lines.error("at least one gene", "none")
    return list(first_line)


def _suffix(path):
    suffix = os.path.splitext(os.fsdecode(path))[1].lower()
    if suffix not in _SUFFIXES:
        raise ValueError(
            f"The name of a panel's file must end in one of {', '.join(_SUFFIXES)}, "
            f"got {os.path.basename(os.fsdecode(path))!r}."
        )
    return suffix


def _stem(path):
    return os.path.splitext(os.path.basename(os.fsdecode(path)))[0]
