"""Tables that displays are given: checked, with names for rows and columns."""

import numpy as np
import pandas as pd

_NUMERIC_KINDS = "buif"


def table_of(values, what, row, column, *, allow_nan=False):
    """Check a table and give it names.

    Parameters
    ----------
    values : array-like, Series or DataFrame of shape (n_rows, n_columns) or (n_rows,)
        The numbers.
    what : str
        Name of the parameter, for messages.
    row, column : str
        What a row and a column is, such as "regulator" and "output"; names those of an array.
    allow_nan : bool, default=False
        Whether values may be missing. They must not be infinite in any case.

    Returns
    -------
    DataFrame of float64 of shape (n_rows, n_columns)
        A new one, named by text.

    Raises
    ------
    ValueError
        If it is not two-dimensional, is empty, or holds values that are not allowed.
    TypeError
        If values are not real numbers.
    """
    named = isinstance(values, pd.DataFrame | pd.Series)
    table = values if named else np.asarray(values)
    if table.ndim not in (1, 2) or 0 in table.shape:
        raise ValueError(
            f"{what} must have a row for every {row} and a column for every {column}, at least one "
            f"of each, got shape {table.shape}."
        )
    kinds = table.dtypes if isinstance(table, pd.DataFrame) else [table.dtype]
    wrong = [kind for kind in kinds if kind.kind not in _NUMERIC_KINDS]
    if wrong:
        raise TypeError(f"{what} must hold real numbers, got dtype {wrong[0]}.")
    shape = (len(table), -1)
    numbers = pd.DataFrame(table).to_numpy(dtype=np.float64, na_value=np.nan).reshape(shape)
    names = [
        _names_of(table, "index", len(numbers), row),
        _names_of(table, "columns", numbers.shape[1], column),
    ]
    table = pd.DataFrame(numbers.copy(), *names)
    _check_values(table, what, row, column, allow_nan)
    return table


def _names_of(table, side, number, kind):
    names = getattr(table, side, None)
    if names is None:
        own = getattr(table, "name", None) if side == "columns" else None
        names = [f"{kind} {i}" for i in range(number)] if own is None else [own]
    if isinstance(names, pd.MultiIndex):
        # What is the same for all, such as the only part of a model, tells nothing.
        same = [
            level for level in range(names.nlevels) if names.get_level_values(level).nunique() < 2
        ]
        names = names.droplevel(same[: names.nlevels - 1])
    return pd.Index([text_of(name) for name in names], dtype=object)


def text_of(name):
    """Text of a name, which may have several levels, such as a part and a regulator.

    Parameters
    ----------
    name : object
        An entry of an index.

    Returns
    -------
    str
        The text, with levels joined by a colon.
    """
    return ": ".join(map(str, name)) if isinstance(name, tuple) else str(name)


def _check_values(table, what, row, column, allow_nan):
    numbers = table.to_numpy()
    wrong = np.isinf(numbers) if allow_nan else ~np.isfinite(numbers)
    if not wrong.any():
        return
    i, j = np.argwhere(wrong)[0]
    allowed = "finite or NaN" if allow_nan else "finite"
    raise ValueError(
        f"{what} must be {allowed}, got {numbers[i, j]} for {row} {table.index[i]!r} and {column} "
        f"{table.columns[j]!r}, {wrong.sum():,} such value(s) in all. Compute them anew, or leave "
        f"out these {row}s or {column}s."
    )


def output_names(*tables):
    """Names of the outputs, from the first table that has names.

    Parameters
    ----------
    *tables : array-like or DataFrame of shape (n_samples, n_outputs) or (n_samples,)
        Values of the same outputs.

    Returns
    -------
    list of str of shape (n_outputs,)
        Their names; "output 0" and so on where no table has any.
    """
    for table in tables:
        if isinstance(table, pd.DataFrame):
            return [text_of(name) for name in table.columns]
        if isinstance(table, pd.Series) and table.name is not None:
            return [str(table.name)]
    shape = np.shape(tables[0])
    return [f"output {i}" for i in range(shape[1] if len(shape) > 1 else 1)]
