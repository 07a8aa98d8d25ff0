"""Tables of exons and binding sites: what must be in them."""

import numpy as np
import pandas as pd

from skgenes.utils._messages import listed


def check_columns(table, columns, what):
    """Refuse a table that lacks columns, or values in them.

    Parameters
    ----------
    table : DataFrame
        The table.
    columns : sequence of str
        Those needed.
    what : str
        What the table is called, for messages.

    Raises
    ------
    ValueError
        If a column is missing or has missing values.
    """
    missing = [column for column in columns if column not in table]
    if missing:
        raise ValueError(
            f"{what} has no column {listed(missing)}; it has {listed(map(str, table.columns), 12)}."
        )
    for column in columns:
        check_rows(table[column].notna(), table, column, what, "present")


def check_positions(table, what):
    """Refuse a table whose columns start and end are no positions.

    Parameters
    ----------
    table : DataFrame
        The table.
    what : str
        What it is called, for messages.

    Raises
    ------
    TypeError
        If they are not whole numbers.
    ValueError
        If a start is below 0 or an end below its start.
    """
    for column in ("start", "end"):
        if not pd.api.types.is_integer_dtype(table[column].dtype):
            raise TypeError(
                f"{what}[{column!r}] must hold whole numbers, but is {table[column].dtype}."
            )
    check_rows(table["start"] >= 0, table, "start", what, "at least 0")
    check_rows(table["end"] >= table["start"], table, "end", what, "at least start")


def check_rows(good, table, column, what, expected):
    """Refuse a table with a bad value, and show the first one.

    Parameters
    ----------
    good : Series of bool
        Whether each row is good.
    table : DataFrame
        The table.
    column : str
        The column it is about.
    what : str
        What the table is called.
    expected : str
        What the value must be.

    Raises
    ------
    ValueError
        If a row is bad.
    """
    bad = np.flatnonzero(~np.asarray(good, dtype=bool))
    if bad.size:
        row = bad[0]
        value = table[column].iloc[row]
        raise ValueError(
            f"{what}: {column} must be {expected}, but is {value!r} in row {table.index[row]!r}, "
            f"and so in {bad.size} of {len(table)} rows."
        )
