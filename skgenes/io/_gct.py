"""GCT: expression as text, with or without metadata of genes and samples."""

import os
import re
from typing import NamedTuple

import numpy as np

from skgenes.io._errors import shown
from skgenes.io._metadata import NA_VALUES, field_name, frame_of
from skgenes.io._numbers import NumberRows, float_dtype
from skgenes.io._text import Lines

_VERSIONS = {"#1.2": 2, "#1.3": 4}
_SIZE = re.compile(r"\d{1,18}", re.ASCII)
# GTEx's files of single tissues number the genes in a column that line 2 does not count.
_NUMBERED = ["id", "Name", "Description"]


class _Layout(NamedTuple):
    n_genes: int
    n_samples: int
    n_gene_fields: int
    n_sample_fields: int
    n_leading: int = 0

    @property
    def n_cells(self):
        return self.n_leading + 1 + self.n_gene_fields + self.n_samples


class _Header(NamedTuple):
    gene_fields: list
    samples: list
    sample_fields: dict


def read_gct(path, *, dtype=np.float32, na_values=NA_VALUES, encoding="utf-8"):
    """Read a GCT file, version 1.2 or 1.3, plain or gzipped.

    Parameters
    ----------
    path : str or path-like
        The file. Whether it is gzipped is told by its content, not its name.
    dtype : {float32, float64}, default=float32
        What the matrix is read as.
    na_values : str or sequence of str
        What stands for a missing value in the metadata. By default empty cells, NA, na, N/A, n/a,
        NaN, nan, NULL, null and -666, the Connectivity Map's sign.
    encoding : str, default="utf-8"
        Encoding of the text; older files may need "latin-1".

    Returns
    -------
    AnnData of shape (n_samples, n_genes)
        The matrix transposed, dense, of `dtype`; the file has genes in rows. Metadata of genes
        are in ``.var``, those of samples in ``.obs``.

    Raises
    ------
    FileFormatError
        If the file breaks the format. The message names the line, what was expected and what was
        found.

    Notes
    -----
    Version 1.2 has one field of metadata, ``Description``, commonly the gene symbol. Version 1.3
    has any number of fields for genes and for samples. A first column ``id`` before ``Name`` and
    ``Description``, in which GTEx numbers the genes of single tissues, is left out.

    Empty cells of the matrix, NA, N/A, null and NaN become NaN. Estimators refuse NaN and name
    the genes that have it.

    Metadata are text in the file. A field becomes numbers or truth values when all its values
    look like it; identifiers with leading zeros stay text. Text with missing values becomes
    categorical, and a slash in the name of a field an underscore, since h5ad holds nothing else.

    Besides the matrix, memory is needed for a few megabytes of text.

    References
    ----------
    GenePattern, File Formats Guide, GCT. Enache et al. (2019), Bioinformatics 35:1427, for 1.3.

    Examples
    --------
    >>> import os, tempfile
    >>> from skgenes.io import read_gct
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "two.gct")
    ...     with open(path, "w") as file:
    ...         _ = file.write("#1.2\\n2\\t1\\nName\\tDescription\\ttumour\\n")
    ...         _ = file.write("ENSG01.5\\tTP53\\t1.5\\nENSG02.1\\tMYC\\t0\\n")
    ...     adata = read_gct(path)
    >>> adata.to_df()
            ENSG01.5  ENSG02.1
    tumour       1.5       0.0
    >>> adata.var["Description"].tolist()
    ['TP53', 'MYC']
    """
    from anndata import AnnData

    dtype = float_dtype(dtype)
    with Lines(path, encoding) as lines:
        layout = _read_layout(lines)
        layout, header = _read_header(lines, layout)
        _check_size(lines, layout)
        X, genes, gene_columns = _read_genes(lines, layout, header, dtype)
    fields = header.sample_fields
    obs = frame_of(fields.values(), fields, header.samples, na_values)
    return AnnData(X, obs=obs, var=frame_of(gene_columns, header.gene_fields, genes, na_values))


def _read_layout(lines):
    version = lines.need("the version, #1.2 or #1.3").strip()
    if version not in _VERSIONS:
        raise lines.error("the version, #1.2 or #1.3", shown(version))
    n_numbers = _VERSIONS[version]
    expected = f"{n_numbers} sizes of GCT {version[1:]}: genes, samples" + (
        ", fields of genes, fields of samples" if n_numbers == 4 else ""
    )
    text = lines.need(expected)
    sizes = text.split()
    if len(sizes) != n_numbers or not all(map(_SIZE.fullmatch, sizes)):
        raise lines.error(expected, shown(text))
    layout = _Layout(*map(int, sizes)) if n_numbers == 4 else _Layout(*map(int, sizes), 1, 0)
    if 0 in layout[:2]:
        raise lines.error("at least one gene and one sample", shown(text))
    return layout


def _read_header(lines, layout):
    cells = lines.need("the header: names of fields and samples").split("\t")
    if cells[:3] == _NUMBERED and len(cells) == layout.n_cells + 1:
        layout, cells = layout._replace(n_leading=1), cells[1:]
    else:
        _check_width(lines, layout, cells)
    gene_fields = list(map(field_name, cells[1 : 1 + layout.n_gene_fields]))
    samples = cells[1 + layout.n_gene_fields :]
    _check_names(lines, gene_fields, "the field of genes")
    _check_names(lines, samples, "the sample")
    sample_fields = {}
    for _ in range(layout.n_sample_fields):
        name, *cells = _check_width(lines, layout, lines.need("a field of samples").split("\t"))
        if not name or field_name(name) in sample_fields:
            raise lines.error("a new name of a field of samples", shown(name))
        sample_fields[field_name(name)] = cells[layout.n_gene_fields :]
    return layout, _Header(gene_fields, samples, sample_fields)


def _check_width(lines, layout, cells):
    if len(cells) != layout.n_cells:
        raise lines.error(
            f"{layout.n_cells} columns (1 of names, {layout.n_gene_fields} of fields, "
            f"{layout.n_samples} of samples, as line 2 says)",
            f"{len(cells)}",
        )
    return cells


def _check_names(lines, names, what):
    first = {}
    for position, name in enumerate(names):
        if not name:
            raise lines.error(f"a name for {what}", f"none at number {position + 1}")
        if name in first:
            raise lines.error(
                f"{what} {name!r} once", f"it at numbers {first[name] + 1} and {position + 1}"
            )
        first[name] = position


def _check_size(lines, layout):
    # Before memory is taken for what a damaged line 2 claims.
    if not lines.can_hold(layout.n_genes * layout.n_samples):
        raise lines.error(
            f"{layout.n_genes} x {layout.n_samples} values to follow, as line 2 says",
            f"a file of {os.path.getsize(lines.path)} bytes, which cannot hold them",
            number=2,
        )


def _read_genes(lines, layout, header, dtype):
    X = np.empty((layout.n_samples, layout.n_genes), dtype=dtype)
    numbers = NumberRows(lines, header.samples, dtype)
    first_line, fields = {}, []
    for done in range(1, layout.n_genes + 1):
        gene, *values, text = _gene_line(lines, layout, done)
        if gene in first_line:
            raise lines.error(f"the gene {gene!r} once", f"it on line {first_line[gene]} too")
        first_line[gene] = lines.number
        fields.append(values)
        numbers.add(text, gene)
        if len(numbers) == numbers.rows_at_once or done == layout.n_genes:
            start = done - len(numbers)
            X[:, start:done] = numbers.take().T
    _check_end(lines, layout)
    columns = list(zip(*fields, strict=True)) if layout.n_gene_fields else []
    return X, list(first_line), columns


def _gene_line(lines, layout, number):
    line = lines.need(f"gene {number} of the {layout.n_genes} that line 2 says")
    n_before = layout.n_leading + 1 + layout.n_gene_fields
    parts = line.split("\t", n_before)[layout.n_leading :]
    if len(parts) != 2 + layout.n_gene_fields:
        raise lines.error(
            f"gene {number} of {layout.n_genes} with {1 + layout.n_gene_fields + layout.n_samples} "
            "columns",
            f"{len(parts)}",
        )
    if not parts[0]:
        raise lines.error("the name of a gene", "none")
    return parts


def _check_end(lines, layout):
    for line in lines:
        if line.strip():
            raise lines.error(f"the end after {layout.n_genes} genes, as line 2 says", shown(line))
