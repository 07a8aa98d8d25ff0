"""Series matrix files of the Gene Expression Omnibus."""

import re

import numpy as np
import pandas as pd

from skgenes.io._errors import shown
from skgenes.io._metadata import NA_VALUES, field_name, frame_of
from skgenes.io._numbers import NumberRows, float_dtype
from skgenes.io._text import Lines

_BEGIN, _END = "!series_matrix_table_begin", "!series_matrix_table_end"
_CHARACTERISTICS = re.compile(r"characteristics_ch(\d+)")
_KEY_AND_VALUE = re.compile(r"([^:]*[^:\s])\s*:\s*(.*)", re.DOTALL)


def read_series_matrix(path, *, dtype=np.float32, na_values=NA_VALUES, encoding="utf-8"):
    """Read a series matrix file of the Gene Expression Omnibus (GEO).

    Parameters
    ----------
    path : str or path-like
        The file, ``*_series_matrix.txt`` or ``.txt.gz``.
    dtype : {float32, float64}, default=float32
        What the matrix is read as.
    na_values : str or sequence of str
        What stands for a missing value in the metadata. By default empty cells, NA, na, N/A, n/a,
        NaN, nan, NULL, null and -666.
    encoding : str, default="utf-8"
        Encoding of the text; older files may need "latin-1".

    Returns
    -------
    AnnData of shape (n_samples, n_probes)
        The matrix transposed, dense, of `dtype`, named by accessions (GSM) and by probes. ``.obs``
        has what the file says of samples, ``.uns["series"]`` what it says of the series, lines of
        the same kind joined by line ends.

    Raises
    ------
    FileFormatError
        If the file breaks the format. The message names the line, what was expected and what was
        found.

    Notes
    -----
    The lines ``!Sample_characteristics_ch1``, which hold "key: value" with keys that may differ
    from sample to sample within a line, become one column per key, such as ``age:ch1``. If a cell
    has no key, or a sample has one key twice, the lines are kept as they are. Lines of the same
    kind that are not characteristics are numbered: ``data_processing``, ``data_processing.1``.
    Slashes in names become underscores.

    Series of sequencing data have an empty table, since their numbers are in supplementary files;
    the result then has no genes.

    References
    ----------
    GEO, Series Matrix files, https://www.ncbi.nlm.nih.gov/geo/info/download.html.

    Examples
    --------
    >>> import os, tempfile
    >>> from skgenes.io import read_series_matrix
    >>> text = '''!Series_title\\t"Two samples"
    ... !Sample_geo_accession\\t"GSM1"\\t"GSM2"
    ... !Sample_characteristics_ch1\\t"age: 50"\\t"age: 61"
    ... !series_matrix_table_begin
    ... "ID_REF"\\t"GSM1"\\t"GSM2"
    ... "1007_s_at"\\t7.5\\t8.25
    ... !series_matrix_table_end
    ... '''
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "GSE1_series_matrix.txt")
    ...     with open(path, "w") as file:
    ...         _ = file.write(text)
    ...     adata = read_series_matrix(path)
    >>> adata.to_df()
          1007_s_at
    GSM1       7.50
    GSM2       8.25
    >>> adata.obs["age:ch1"].tolist()
    [50, 61]
    """
    from anndata import AnnData

    dtype = float_dtype(dtype)
    with Lines(path, encoding) as lines:
        series, sample_lines = _read_metadata(lines)
        samples = _read_header(lines)
        columns = _sample_columns(lines, sample_lines, samples)
        X, probes = _read_table(lines, samples, dtype)
    obs = frame_of(columns.values(), columns, samples, na_values)
    var = pd.DataFrame(index=pd.Index(probes, dtype=object).astype(str))
    return AnnData(X, obs=obs, var=var, uns={"series": series})


def _read_metadata(lines):
    """Texts of the series by key; line number, key and cells of what is said of samples."""
    series, sample_lines = {}, []
    while not (line := lines.need(f"the line {_BEGIN}")).startswith(_BEGIN):
        key, *cells = line.split("\t")
        if key.startswith("!Series_"):
            series.setdefault(field_name(key.removeprefix("!Series_").strip()), []).append(
                "\t".join(map(_unquoted, cells))
            )
        elif key.startswith("!Sample_"):
            cells = [_unquoted(cell) for cell in cells]
            sample_lines.append((lines.number, key.removeprefix("!Sample_"), cells))
        elif line.strip() and not line.startswith(("!", "^", "#")):
            raise lines.error(f"a line that begins with '!', up to {_BEGIN}", shown(line))
    return {key: "\n".join(texts) for key, texts in series.items()}, sample_lines


def _read_header(lines):
    first, *samples = map(_unquoted, lines.need("the header of the table").split("\t"))
    if first != "ID_REF" or not samples:
        raise lines.error("the header, ID_REF and samples", shown(first))
    seen = {""}
    for position, sample in enumerate(samples):
        if sample in seen:
            raise lines.error(
                "samples with a name of their own", f"{sample!r} at number {position + 1}"
            )
        seen.add(sample)
    return samples


def _sample_columns(lines, sample_lines, samples):
    """Columns of obs by name."""
    plain, characteristics = {}, {}
    for number, key, cells in sample_lines:
        if len(cells) != len(samples):
            raise lines.error(
                f"{len(samples)} values of {key!r}, one per sample", f"{len(cells)}", number
            )
        if key == "geo_accession" and cells != samples:
            at = [cell == sample for cell, sample in zip(cells, samples, strict=True)].index(False)
            expected = f"sample {at + 1} to be {shown(samples[at])} as in the table's header"
            raise lines.error(expected, shown(cells[at]), number)
        match = _CHARACTERISTICS.fullmatch(key)
        if match:
            characteristics.setdefault(f"ch{match[1]}", []).append(cells)
        else:
            plain[_new_name(key, plain)] = cells
    for channel, rows in characteristics.items():
        plain.update(_by_key(rows, channel) or _as_they_are(rows, channel))
    return plain


def _by_key(rows, channel):
    """Columns by key, or None if the cells are not "key: value" throughout."""
    columns = {}
    for row in rows:
        for sample, cell in enumerate(row):
            if cell.strip() in NA_VALUES:
                continue
            match = _KEY_AND_VALUE.fullmatch(cell.strip())
            if match is None:
                return None
            column = columns.setdefault(field_name(f"{match[1]}:{channel}"), [None] * len(row))
            if column[sample] is not None:
                return None
            column[sample] = match[2]
    return {
        key: ["" if value is None else value for value in column] for key, column in columns.items()
    }


def _as_they_are(rows, channel):
    columns = {}
    for row in rows:
        columns[_new_name(f"characteristics_{channel}", columns)] = row
    return columns


def _new_name(name, taken):
    name, number = field_name(name.strip()), 0
    unique = name
    while unique in taken:
        number += 1
        unique = f"{name}.{number}"
    return unique


def _unquoted(cell):
    cell = cell.strip()
    if len(cell) >= 2 and cell[0] == cell[-1] == '"':
        return cell[1:-1].replace('""', '"')
    return cell


def _read_table(lines, samples, dtype):
    numbers = NumberRows(lines, samples, dtype)
    first_line, blocks = {}, []
    while not (line := lines.need(f"a probe, or the line {_END}")).startswith(_END):
        probe, _, text = line.partition("\t")
        probe = _unquoted(probe)
        if not probe or probe in first_line:
            found = f"it on line {first_line[probe]} too" if probe else "none"
            raise lines.error(f"a new name of a probe, {probe!r} once", found)
        first_line[probe] = lines.number
        numbers.add(text.replace('"', ""), probe)
        if len(numbers) == numbers.rows_at_once:
            blocks.append(numbers.take())
    if len(numbers):
        blocks.append(numbers.take())
    return _joined(blocks, len(samples), len(first_line), dtype), list(first_line)


def _joined(blocks, n_samples, n_probes, dtype):
    """Samples x probes; every block is let go once it is copied."""
    X = np.empty((n_samples, n_probes), dtype)
    start = 0
    for block in _emptied(blocks):
        X[:, start : start + len(block)] = block.T
        start += len(block)
    return X


def _emptied(blocks):
    blocks.reverse()
    while blocks:
        yield blocks.pop()
