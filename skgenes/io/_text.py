"""Text files, plain or gzipped, read line by line and written at once or not at all."""

import gzip
import os
import zlib

from skgenes.io._errors import shown
from skgenes.utils import is_anndata, write_atomically
from skgenes.utils._errors import FileFormatError

_GZIP_MAGIC = b"\x1f\x8b"
_BOM = "\ufeff"
# Deflate shrinks by 1032 at the very most.
_MOST_COMPRESSION = 1032


class Lines:
    """The lines of a text file, without their ends, which know their number.

    Parameters
    ----------
    path : str or path-like
        The file. Whether it is gzipped is told by its first bytes.
    encoding : str
        How the text is encoded.
    """

    def __init__(self, path, encoding):
        self.path = os.fsdecode(path)
        self.number = 0
        self._encoding = encoding
        self._file = open(self.path, "rb")  # noqa: SIM115  closed by __exit__
        self._gzipped = self._file.peek(2)[:2] == _GZIP_MAGIC
        self._source = gzip.GzipFile(fileobj=self._file) if self._gzipped else self._file

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self._source.close()
        self._file.close()

    def __iter__(self):
        return self

    def __next__(self):
        raw = self._read()
        if not raw:
            raise StopIteration
        self.number += 1
        try:
            line = raw.decode(self._encoding).rstrip("\r\n")
        except UnicodeDecodeError as error:
            raise self.error(
                f"text encoded as {self._encoding}",
                f"the byte 0x{raw[error.start]:02x}. Pass another encoding, such as 'latin-1'",
            ) from None
        return line.removeprefix(_BOM) if self.number == 1 else line

    def need(self, expected):
        """Return the next line, or fail if the file ends here."""
        for line in self:
            return line
        self.number += 1
        raise self.error(expected, "the end of the file")

    def can_hold(self, n_cells):
        """Tell whether the file is large enough for so many cells, of a byte or more each."""
        size = os.fstat(self._file.fileno()).st_size
        return n_cells <= size * (_MOST_COMPRESSION if self._gzipped else 1)

    def error(self, expected, found, number=None):
        """Error about the current line, or about another one."""
        number = self.number if number is None else number
        return FileFormatError(f"{self.path}, line {number}: expected {expected}, found {found}.")

    def _read(self):
        try:
            return self._source.readline()
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            self.number += 1
            raise self.error("gzipped text to the end", f"damaged or cut data ({error})") from error


def check_cells(cells, what):
    """Refuse text that would break a line or a column of a tab-delimited file.

    Parameters
    ----------
    cells : iterable of str
        What is to be written.
    what : str
        What the cells are, for the message.

    Raises
    ------
    ValueError
        If a cell holds a tab or the end of a line.
    """
    for cell in cells:
        if "\t" in cell or "\n" in cell or "\r" in cell:
            raise ValueError(
                f"{what} has {shown(cell)}, which holds a tab or the end of a line and cannot "
                "stand in a cell. Replace it first."
            )


def write_text(path, pieces):
    """Write text in UTF-8, gzipped if the name ends in ``.gz``; the old file stays on failure.

    Parameters
    ----------
    path : str or path-like
        Where to write.
    pieces : iterable of str
        The text, in pieces.
    """

    def write(file):
        for piece in pieces:
            file.write(piece.encode())

    def write_gzipped(file):
        # Neither name nor time, so that equal data make equal bytes.
        with gzip.GzipFile("", "wb", compresslevel=6, fileobj=file, mtime=0) as compressed:
            write(compressed)

    write_atomically(path, write_gzipped if os.fsdecode(path).endswith(".gz") else write)


def check_anndata(adata):
    """Refuse what cannot be written as samples x genes with names.

    Parameters
    ----------
    adata : AnnData
        What is to be written.

    Raises
    ------
    TypeError
        If it is no AnnData.
    ValueError
        If it is empty, or names are empty or occur twice.
    """
    if not is_anndata(adata):
        raise TypeError(
            f"adata must be an AnnData, samples x genes, got {type(adata).__name__}. Wrap a "
            "DataFrame: anndata.AnnData(frame)."
        )
    if 0 in adata.shape:
        raise ValueError(
            f"adata has {adata.n_obs} samples and {adata.n_vars} genes: there is nothing to write."
        )
    for what, names in (("obs_names", adata.obs_names), ("var_names", adata.var_names)):
        if not names.is_unique:
            twice = names[names.duplicated()][0]
            raise ValueError(f"adata.{what} has {twice!r} more than once. Make them unique first.")
        if "" in names:
            raise ValueError(f"adata.{what} has an empty name. Give every row and column one.")
