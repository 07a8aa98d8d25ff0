"""Blocks of tab-delimited numbers: fast where all is well, exact about what is not."""

import numpy as np

from skgenes.io._errors import shown

# Numbers parsed at once: 8 MiB of float64 and about as much text.
NUMBERS_AT_ONCE = 2**20
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
        try:
            with np.errstate(over="raise"):
                return numbers.astype(self._dtype, copy=False)
        except FloatingPointError:
            with np.errstate(over="ignore"):
                too_large = np.isinf(numbers.astype(self._dtype)) & np.isfinite(numbers)
            self._refuse(*np.argwhere(too_large)[0], f"a number that fits {self._dtype.name}")

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

    def _refuse(self, row, column, expected):
        cell = self._texts[row].split("\t")[column]
        raise self._lines.error(
            expected,
            f"{shown(cell)} in row {self._ids[row]!r}, column {self._columns[column]!r}",
            self._line_numbers[row],
        )


def _parse(texts):
    # Rounds correctly, which pandas' parser does not do in every version.
    return np.loadtxt(texts, delimiter="\t", comments=None, ndmin=2, dtype=np.float64)


def _is_number(cell):
    try:
        _parse([cell])
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
