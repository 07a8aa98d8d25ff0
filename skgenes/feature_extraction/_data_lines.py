"""Lines of tab-delimited text, held as bytes, which know where in the file they were."""

import csv
import gzip
import io
import os
import re
import zlib
from dataclasses import dataclass

import numpy as np
import pandas as pd
from pandas.api.types import union_categoricals

from skgenes.utils._errors import FileFormatError

_GZIP_MAGIC = b"\x1f\x8b"
_BOM = b"\xef\xbb\xbf"
_WHOLE = re.compile(r"[-+]?\d{1,18}", re.ASCII)
_NUMBER = re.compile(r"[-+]?(?:(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?|inf(?:inity)?)", re.ASCII | re.I)
_NO_NUMBER = (".", "NA", "NaN", "nan")
_SHOWN = 60
_BLOCK = 2**22


def blocks_of_lines(path, skipped_words=()):
    """Read a file block by block, so that it is never in memory as a whole.

    Parameters
    ----------
    path : str or path-like
        The file, plain or gzipped, which its first bytes tell.
    skipped_words : tuple of bytes, default=()
        First words of lines that hold no data. Comments, with ``#`` first, and blank lines never
        do.

    Yields
    ------
    DataLines
        The next lines that hold data, at least one.

    Raises
    ------
    FileFormatError
        If the file is damaged or no text.
    """
    path = os.fsdecode(path)
    number = 1
    for text in _texts(path):
        lines = DataLines(path, text, number, skipped_words)
        number += lines.n_lines
        if len(lines):
            yield lines


def stacked(tables):
    """Put the tables of several blocks one below the other.

    Parameters
    ----------
    tables : list of DataFrame
        At least one, all with the same columns.

    Returns
    -------
    DataFrame
        All rows. Categories are sorted.
    """
    if len(tables) == 1:
        return tables[0]
    columns = {}
    for name, dtype in tables[0].dtypes.items():
        pieces = [table[name] for table in tables]
        if isinstance(dtype, pd.CategoricalDtype):
            columns[name] = union_categoricals(pieces, sort_categories=True)
        else:
            columns[name] = np.concatenate(pieces)
    return pd.DataFrame(columns, copy=False)


class DataLines:
    """The lines of a block of a file that hold data.

    Parameters
    ----------
    path : str
        The file, for messages.
    text : bytes
        Whole lines of it.
    number : int
        Number of the first of them in the file, from 1.
    skipped_words : tuple of bytes
        First words of lines that hold no data.

    Attributes
    ----------
    n_lines : int
        Number of all lines of the block.
    text : bytes
        The block, in which every line has an end.
    starts, stops : ndarray of int of shape (n_data_lines,)
        Where in it each line with data begins, and where it ends, before the line end.
    numbers : ndarray of int of shape (n_data_lines,)
        Their numbers in the file.
    """

    def __init__(self, path, text, number, skipped_words):
        self.path = path
        text = self._plain_text(text, number)
        if not text.endswith(b"\n"):
            text += b"\n"
        self._set(text)
        self.n_lines = self.starts.size
        self.numbers = number + np.arange(self.n_lines)
        first = np.frombuffer(text, dtype=np.uint8)[self.starts]
        without = [
            line
            for line in np.flatnonzero(np.isin(first, _first_bytes(skipped_words)))
            if _holds_no_data(text, self.starts[line], skipped_words)
        ]
        if without:
            self.keep(np.isin(np.arange(first.size), without, invert=True))

    def __len__(self):
        return self.numbers.size

    def keep(self, mask):
        """Drop the lines where the mask is False."""
        self.starts, self.stops = self.starts[mask], self.stops[mask]
        self.numbers, self._place = self.numbers[mask], self._place[mask]

    def has_tab(self):
        """Tell whether the first line has a tab."""
        return b"\t" in self.text[self.starts[0] : self.stops[0]]

    def separate_by_tabs(self):
        """Make a tab of all white space."""
        lines = self._joined().splitlines()
        self._set(b"".join(b"\t".join(line.split()) + b"\n" for line in lines))

    def fields(self):
        """Find the fields, which tabs separate.

        Returns
        -------
        Fields
            Where they end.
        """
        first = np.append(0, self._behind)[self._place]
        counts = self._behind[self._place] - first
        return Fields(np.frombuffer(self.text, dtype=np.uint8), self._ends, first, counts)

    def parse(self, columns):
        """Read some columns.

        Parameters
        ----------
        columns : dict of str to tuple of int and str
            Position and dtype by name: "int64", "float64" (".", "NA" and "nan" are NaN), "category"
            or "str".

        Returns
        -------
        DataFrame
            The columns.

        Raises
        ------
        ValueError
            If something is no number. The message names the line.
        """
        try:
            table = self._parse(columns)
        except (ValueError, OverflowError):
            self._refuse(columns)
            raise
        for name, column in table.items():
            if isinstance(column.dtype, pd.CategoricalDtype) and not _is_text(
                column.cat.categories
            ):
                # Some versions of pandas make numbers of categories: chromosomes 1 and 01.
                texts = self._parse({name: (columns[name][0], "str")})[name]
                table[name] = texts.astype("category")
        return table

    def _refuse(self, columns):
        """Fail at the first field that is no number, but should be one."""
        texts = self._parse({name: (position, "str") for name, (position, _) in columns.items()})
        for name, (_, dtype) in columns.items():
            if dtype == "int64":
                self.check(texts[name].map(_is_whole), f"a whole number as {name}", texts[name])
            if dtype == "float64":
                self.check(texts[name].map(_is_number), f"a number as {name}", texts[name])

    def check(self, good, expected, found):
        """Fail at the first line that is not good.

        Parameters
        ----------
        good : array-like of bool
            One value for each line.
        expected : str
            What was expected.
        found : sequence
            What each line has.
        """
        bad = np.flatnonzero(~np.asarray(good, dtype=bool))
        if bad.size:
            found = str(np.asarray(found, dtype=object)[bad[0]])
            short = found if len(found) <= _SHOWN else f"{found[:_SHOWN]}..."
            raise self.error(bad[0], expected, repr(short))

    def error(self, line, expected, found):
        """Error about a line, given by position."""
        return FileFormatError(
            f"{self.path}, line {self.numbers[line]}: expected {expected}, found {found}."
        )

    def _parse(self, columns):
        positions = [position for position, _ in columns.values()]
        floats = [name for name, (_, dtype) in columns.items() if dtype == "float64"]
        return pd.read_csv(
            io.BytesIO(self._joined()),
            sep="\t",
            header=None,
            names=list(columns),
            usecols=positions,
            dtype={name: dtype for name, (_, dtype) in columns.items()},
            na_values=dict.fromkeys(floats, _NO_NUMBER),
            keep_default_na=False,
            na_filter=bool(floats),
            quoting=csv.QUOTE_NONE,
            skip_blank_lines=False,
            index_col=False,
            engine="c",
            low_memory=False,
        )

    def _set(self, text):
        buffer = np.frombuffer(text, dtype=np.uint8)
        self._ends = np.flatnonzero((buffer == ord("\t")) | (buffer == ord("\n")))
        self._behind = np.flatnonzero(buffer[self._ends] == ord("\n")) + 1
        self.text, self.stops = text, self._ends[self._behind - 1]
        self.starts = np.append(0, self.stops[:-1] + 1)
        self._place = np.arange(self.stops.size)

    def _joined(self):
        """The lines alone, each with its end."""
        first = np.flatnonzero(np.append(True, self.starts[1:] != self.stops[:-1] + 1))
        starts, stops = (
            self.starts[first].tolist(),
            self.stops[np.append(first[1:] - 1, -1)].tolist(),
        )
        if len(first) == 1 and self.text[stops[0]] == ord("\n"):
            return self.text[starts[0] : stops[0] + 1]  # of the whole no copy
        runs = map(slice, starts, stops)
        return b"\n".join(map(self.text.__getitem__, runs)) + b"\n"

    def _plain_text(self, text, number):
        """Bring line ends to one form, and refuse what is no text."""
        if number == 1:
            text = text.removeprefix(_BOM)
        if b"\r" in text:
            text = text.replace(b"\r\n", b"\n")
        for byte, name in ((b"\r", "carriage return"), (b"\0", "zero byte")):
            if byte in text:
                found = f"a {name} within the line"
                raise self._text_error(number, text, text.index(byte), found)
        if not text.isascii():
            try:
                text.decode()
            except UnicodeDecodeError as error:
                found = f"the byte 0x{text[error.start]:02x}"
                raise self._text_error(number, text, error.start, found) from None
        return text

    def _text_error(self, number, text, position, found):
        number += text.count(b"\n", 0, position)
        return FileFormatError(
            f"{self.path}, line {number}: expected text in UTF-8, found {found}."
        )


@dataclass(frozen=True)
class Fields:
    """Where the fields of lines end.

    Parameters
    ----------
    buffer : ndarray of uint8
        The text.
    all_ends : ndarray of int
        Where in it the fields end, of all lines.
    first : ndarray of int of shape (n_lines,)
        Position in `all_ends` of the first field of each line wanted.
    counts : ndarray of int of shape (n_lines,)
        Number of its fields.
    """

    buffer: np.ndarray
    all_ends: np.ndarray
    first: np.ndarray
    counts: np.ndarray

    def ends(self, column):
        """Where the field of a column ends in each line; all must have it."""
        return self.all_ends[self.first + column]

    def equal(self, column, word):
        """Tell in which lines the field of a column, not of the first, is a word."""
        starts, stops = self.ends(column - 1) + 1, self.ends(column)
        same = stops - starts == len(word)
        for position, byte in enumerate(word):
            # Where the field is too short this looks beyond it, but never beyond the text.
            same &= self.buffer[np.minimum(starts + position, self.buffer.size - 1)] == byte
        return same


def _texts(path):
    """Yield blocks of whole lines; the last one may have no line end."""
    with open(path, "rb") as raw:
        zipped = raw.peek(2).startswith(_GZIP_MAGIC)
        file = gzip.GzipFile(fileobj=raw) if zipped else raw
        rest = b""
        while block := _read(file, path):
            end = block.rfind(b"\n") + 1
            if end:
                yield rest + block[:end]
                rest = block[end:]
            else:
                rest += block
        if rest:
            yield rest


def _read(file, path):
    try:
        return file.read(_BLOCK)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise FileFormatError(
            f"{path}: expected gzipped text to the end, found damaged or cut data ({error}). Fetch "
            "it again."
        ) from error


def _first_bytes(words):
    return np.frombuffer(b"# \t\n" + b"".join(word[:1] for word in words), dtype=np.uint8)


def _holds_no_data(text, start, skipped_words):
    line = text[start : text.index(b"\n", start)]
    first = line.split(None, 1)[:1]
    return line.startswith(b"#") or not first or first[0] in skipped_words


def _is_text(index):
    return pd.api.types.is_string_dtype(index.dtype) or not len(index)


def _is_whole(text):
    return _WHOLE.fullmatch(text.strip()) is not None


def _is_number(text):
    return text in _NO_NUMBER or _NUMBER.fullmatch(text.strip()) is not None
