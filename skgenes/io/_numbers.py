"""Blocks of tab-delimited numbers: fast where all is well, exact about what is not."""

from fractions import Fraction

import numpy as np

from skgenes.io._errors import shown

# Numbers parsed at once: 8 MiB of float64 and about as much text.
NUMBERS_AT_ONCE = 2**20
# Of a float64's fraction, what a float32 has no room for, and the middle of it.
_BITS_DROPPED, _HALF_OF_THEM = 2**29 - 1, 2**28
# NaN, in any case, is a number to the parser.
_MISSING = dict.fromkeys(("", "NA", "na", "N/A", "n/a", "NULL", "null"), "nan")


class NumberRows:
    """Rows of numbers at the ends of lines, parsed a block at a time.

    Parameters
    ----------
    lines : Lines
        Where they come from, for messages.
    columns : sequence of str
        Names of the columns.
    dtype : dtype
        Of the result.
    """

    def __init__(self, lines, columns, dtype):
        self._lines = lines
        self._columns = columns
        self._dtype = dtype
        self._texts, self._ids, self._line_numbers = [], [], []
        self.rows_at_once = max(1, NUMBERS_AT_ONCE // max(1, len(columns)))

    def __len__(self):
        return len(self._texts)

    def add(self, text, row_id):
        """Take the numbers of one line.

        Parameters
        ----------
        text : str
            Numbers with tabs between them.
        row_id : str
            Name of the row.
        """
        n_cells = text.count("\t") + 1
        if n_cells != len(self._columns):
            raise self._lines.error(f"{len(self._columns)} values for row {row_id!r}", f"{n_cells}")
        self._texts.append(text or "nan")  # the parser skips empty lines
        self._ids.append(row_id)
        self._line_numbers.append(self._lines.number)

    def take(self):
        """Parse what was added since the last time.

        Returns
        -------
        ndarray of shape (n_rows, n_columns)
            The numbers; NaN where a cell is empty, NA, N/A, null or NaN.
        """
        try:
            block = self._parse()
        finally:
            self._texts, self._ids, self._line_numbers = [], [], []
        return block

    def _parse(self):
        try:
            numbers = _parse(self._texts)
        except ValueError:
            numbers = self._parse_with_missing()
        with np.errstate(over="ignore"):
            result = numbers.astype(self._dtype, copy=False)
        for row, column in np.argwhere(np.isinf(result)):
            if "inf" not in self._cell(row, column).lower():
                self._refuse(row, column, f"a number that fits {self._dtype.name}")
        for row, column in _ties(numbers, self._dtype):
            result[row, column] = _rounded(self._cell(row, column), result[row, column])
        return result

    def _parse_with_missing(self):
        texts = [
            "\t".join([_MISSING.get(c.strip(), c) for c in t.split("\t")]) for t in self._texts
        ]
        try:
            return _parse(texts)
        except ValueError:
            for row, text in enumerate(texts):
                for column, cell in enumerate(text.split("\t")):
                    if not _is_number(cell):
                        self._refuse(row, column, "a number")
            raise

    def _cell(self, row, column):
        return self._texts[row].split("\t")[column]

    def _refuse(self, row, column, expected):
        place = f"row {self._ids[row]!r}, column {self._columns[column]!r}"
        found = f"{shown(self._cell(row, column))} in {place}"
        raise self._lines.error(expected, found, self._line_numbers[row])


def _parse(texts):
    # Rounds correctly, which pandas' parser does not do in every version.
    return np.loadtxt(texts, delimiter="\t", comments=None, ndmin=2, dtype=np.float64)


def _ties(numbers, dtype):
    """Find the float64 half-way between two numbers of a type, where the text may not lie."""
    if dtype == numbers.dtype:
        return []
    half = (numbers.view(np.int64) & _BITS_DROPPED) == _HALF_OF_THEM
    small = np.abs(numbers) < np.finfo(np.float32).smallest_normal
    return np.argwhere(half | (small & (numbers != 0)))


def _rounded(cell, result):
    """Round text to the nearest float32, not by way of the nearest float64."""
    exact = Fraction(cell)
    below, above = (np.nextafter(result, np.float32(to)) for to in (-np.inf, np.inf))
    even_first = sorted((below, result, above), key=lambda f: int(f.view(np.int32)) & 1)
    return min(even_first, key=lambda f: abs(Fraction(float(f)) - exact))


def _is_number(cell):
    try:
        _parse([f"{cell}\t0"])  # where a stray line end is seen
    except ValueError:
        return False
    return True


def float_dtype(dtype):
    """Check what numbers are to be read as.

    Parameters
    ----------
    dtype : dtype-like
        A floating-point type.

    Returns
    -------
    dtype
        The type.

    Raises
    ------
    ValueError
        If it is something else; missing values need NaN.
    """
    result = np.dtype(dtype)
    if result not in (np.float32, np.float64):
        raise ValueError(f"dtype must be float32 or float64, got {dtype!r}.")
    return result
