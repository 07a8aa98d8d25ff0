"""BED files: where something binds."""

import numpy as np
import pandas as pd

from skgenes.feature_extraction._data_lines import blocks_of_lines, stacked

_COLUMNS = {
    "chrom": (0, "category"),
    "start": (1, "int64"),
    "end": (2, "int64"),
    "name": (3, "category"),
    "score": (4, "float64"),
    "strand": (5, "category"),
}
STRANDS = ("+", "-", ".")


def read_bed(path):
    """Read a BED file.

    Parameters
    ----------
    path : str or path-like
        The file, plain or gzipped, with 3 to 12 columns or more. Those after the sixth are not
        read. Comments, blank lines and lines that begin with "track" or "browser" are skipped.

    Returns
    -------
    DataFrame
        One row for each interval, in the order of the file, numbered from 0, with the columns

        chrom : category
            Chromosome.
        start, end : int64
            First base, from 0, and the base after the last one.
        name : category
            Name, such as that of the regulator; "." if the file has none.
        score : float64
            Score; NaN where the file has none, or ".", "NA" or "nan".
        strand : category of "+", "-" and "."
            Strand; "." if it does not matter or the file has none.

    Raises
    ------
    FileNotFoundError
        If there is none.
    skgenes.io.FileFormatError
        If the file breaks the format. The message names the line, what was expected and what was
        found.

    Notes
    -----
    Columns are separated by tabs, or by any white space if the first line of data has no tab. An
    interval of length 0 is allowed by the format and is kept.

    References
    ----------
    GA4GH, The Browser Extensible Data (BED) format, version 1.0.

    Examples
    --------
    >>> import os, tempfile
    >>> from skgenes.feature_extraction import read_bed
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "peaks.bed")
    ...     with open(path, "w") as file:
    ...         _ = file.write("chr1\\t10\\t35\\tELAVL1\\t0\\t+\\n")
    ...     read_bed(path)
      chrom  start  end    name  score strand
    0  chr1     10   35  ELAVL1    0.0      +
    """
    tables = list(_tables(path))
    return _completed(stacked(tables) if tables else _empty())


def _tables(path):
    """Yield the intervals block by block."""
    n_columns = None
    for lines in blocks_of_lines(path, (b"track", b"browser")):
        if n_columns is None:
            by_tabs = lines.has_tab()
        if not by_tabs:
            lines.separate_by_tabs()
        counts = lines.fields().counts
        if n_columns is None:
            n_columns = int(counts[0])
            if n_columns < 3:
                raise lines.error(0, "at least 3 columns, chrom, start and end", n_columns)
        lines.check(counts == n_columns, f"{n_columns} columns, as in the first line", counts)
        table = lines.parse({name: spec for name, spec in _COLUMNS.items() if spec[0] < n_columns})
        _check(lines, table)
        yield table


def _check(lines, table):
    for name in table.columns.intersection(["chrom", "name"]):
        if "" in table[name].cat.categories:
            lines.check(table[name] != "", f"something as {name}", table[name])
    lines.check(table["start"] >= 0, "a start of at least 0", table["start"])
    ends = table["end"]
    if (ends < table["start"]).any():
        lines.check(ends >= table["start"], "an end that is not before the start", ends)
    if "strand" in table and not set(table["strand"].cat.categories) <= set(STRANDS):
        strands = table["strand"]
        lines.check(strands.isin(STRANDS), "'+', '-' or '.' as strand", strands)


def _completed(table):
    """Add the columns that the file does not have."""
    for name in ("name", "strand"):
        if name not in table:
            table[name] = pd.Categorical.from_codes(np.zeros(len(table), dtype=np.int8), ["."])
    if "score" not in table:
        table["score"] = np.nan
    table["strand"] = table["strand"].cat.set_categories(STRANDS)
    return table[list(_COLUMNS)]


def _empty():
    return pd.DataFrame({name: pd.Series(dtype=dtype) for name, (_, dtype) in _COLUMNS.items()})
