"""Columns of sample and gene metadata: from text, to text, and fit for h5ad."""

import re
from numbers import Real

import numpy as np
import pandas as pd

from skgenes.io._errors import shown

# What stands for a missing value in files of this field; -666 is the Connectivity Map's.
NA_VALUES = ("", "NA", "na", "N/A", "n/a", "NaN", "nan", "NULL", "null", "-666")

_TRUTH = {"True": True, "TRUE": True, "true": True, "False": False, "FALSE": False, "false": False}
# Leading zeros and plus signs mark identifiers, which must not lose them.
_INTEGER = re.compile(r"-?(?:0|[1-9]\d*)", re.ASCII)
_FLOAT = re.compile(r"-?(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?|-?inf", re.ASCII)
_LARGEST_INT = 2**63 - 1
# Up to here every whole number is a float64.
_LARGEST_EXACT = 2**53


def frame_of(columns, names, ids, na_values):
    """Make obs or var out of text.

    Parameters
    ----------
    columns : sequence of sequence of str
        The fields, column by column.
    names : sequence of str
        Their names, as `field_name` makes them.
    ids : sequence of str
        Names of the rows.
    na_values : str or collection of str
        Texts that stand for a missing value.

    Returns
    -------
    DataFrame
        Columns of whole numbers, numbers, truth values or text, whichever all values of the
        column are; text with missing values is categorical, since h5ad holds no other.
    """
    is_missing = _missing_test(na_values)
    typed = {name: _typed(texts, is_missing) for name, texts in zip(names, columns, strict=True)}
    return pd.DataFrame(typed, index=pd.Index(ids, dtype=object).astype(str))


def field_name(name):
    """Name of a column as h5ad allows it."""
    return name.replace("/", "_")


def text_column(texts, missing):
    """Column of text for obs or var, categorical if values are missing.

    Parameters
    ----------
    texts : ndarray of object
        The values.
    missing : ndarray of bool
        Which of them are missing.

    Returns
    -------
    ndarray or Categorical
        The column.
    """
    if not missing.any():
        return texts
    categories = sorted(set(texts[~missing].tolist()))
    return pd.Categorical(np.where(missing, None, texts), categories=categories)


def as_texts(column, missing):
    """Write a column of obs or var as text.

    Parameters
    ----------
    column : Series
        The column.
    missing : str
        What to write for missing values.

    Returns
    -------
    list of str
        The values; numbers so that they come back bit for bit.
    """
    values = as_plain(column, missing)
    if values.dtype.kind == "f":
        return [missing if np.isnan(value) else str(value) for value in values]
    return [str(value) for value in values.tolist()]


def as_plain(column, missing):
    """Bring a column of obs or var to an array of one plain type.

    Parameters
    ----------
    column : Series
        Of any dtype that holds numbers, truth values or text.
    missing : str
        What stands for a missing value in a column of text.

    Returns
    -------
    ndarray of bool, int, float or object
        Objects are str; missing numbers are NaN. Whole numbers that would lose digits become text.

    Raises
    ------
    TypeError
        If the column holds something else.
    """
    if isinstance(column.dtype, np.dtype) and column.dtype.kind in "biuf":
        return column.to_numpy()
    values, gaps = column.to_numpy(dtype=object), column.isna().to_numpy()
    present = values[~gaps]
    kind = _kind(present, column.name)
    if kind is str:
        return np.where(gaps, missing, values)
    if not gaps.any() and not (kind is int and _too_large(present, _LARGEST_INT)):
        return values.astype(kind)
    if kind is float or (kind is int and not _too_large(present, _LARGEST_EXACT)):
        return np.where(gaps, np.nan, values).astype(float)
    return np.where(gaps, missing, values.astype(str)).astype(object)


def _kind(values, name):
    """Tell what all of the values are."""
    kinds = {str: str, bool: bool | np.bool_, int: int | np.integer, float: Real}
    for kind, types in kinds.items():
        if all(isinstance(value, types) for value in values):
            return kind
    other = next(value for value in values if not isinstance(value, str))
    raise TypeError(
        f"Column {name!r} holds {type(other).__name__}, such as {shown(str(other))}; "
        "numbers, truth values or text of one kind can be written. Convert it with .astype(str)."
    )


def _too_large(numbers, most):
    return max(abs(int(number)) for number in numbers) > most


def column_names(frame, what):
    """Names of the columns of obs or var as text.

    Parameters
    ----------
    frame : DataFrame
        The columns.
    what : str
        What the frame is called, for the message.

    Returns
    -------
    list of str
        The names.

    Raises
    ------
    ValueError
        If a name is empty or, as text, that of two columns.
    """
    names = [str(name) for name in frame.columns]
    if "" in names or len(set(names)) < len(names):
        raise ValueError(f"{what} has columns without a name of their own. Rename them.")
    return names


def missing_numbers(na_values):
    """Give the numbers among the texts that stand for a missing value.

    Parameters
    ----------
    na_values : collection of str
        The texts.

    Returns
    -------
    set of float
        The numbers, such as -666.
    """
    return {float(text) for text in na_values if _FLOAT.fullmatch(text)}


def missing_texts(na_values):
    """Give the texts that stand for a missing value, of which a single one is allowed too.

    Parameters
    ----------
    na_values : str or collection of str
        The texts.

    Returns
    -------
    frozenset of str
        The texts.
    """
    return frozenset([na_values] if isinstance(na_values, str) else na_values)


def _missing_test(na_values):
    """Make a function that tells whether a text, however it is written, means missing."""
    texts = missing_texts(na_values)
    numbers = missing_numbers(texts)
    return lambda text: (
        text in texts
        or (bool(numbers) and _FLOAT.fullmatch(text) is not None and float(text) in numbers)
    )


def _typed(texts, is_missing):
    """Read text as what all of it looks like."""
    texts = np.array(texts, dtype=object)
    missing = np.fromiter(map(is_missing, texts), bool, len(texts))
    present = texts[~missing].tolist()
    if not present:
        return np.full(len(texts), np.nan)
    if not missing.any() and all(text in _TRUTH for text in present):
        return np.array([_TRUTH[text] for text in present])
    if all(map(_FLOAT.fullmatch, present)):
        numbers = _integers_or_floats(present, missing)
        if numbers is not None:
            return numbers
    return text_column(texts, missing)


def _integers_or_floats(present, missing):
    """Give the numbers that text stands for, or None if they would lose digits."""
    numbers, dtype = map(float, present), float
    if all(map(_INTEGER.fullmatch, present)):
        largest = max(abs(int(text)) for text in present)
        if largest > (_LARGEST_EXACT if missing.any() else _LARGEST_INT):
            return None
        if not missing.any():
            numbers, dtype = map(int, present), np.int64
    column = np.full(len(missing), np.nan) if missing.any() else np.empty(len(missing), dtype)
    column[~missing] = list(numbers)
    return column
