"""GTF files: the exons of genes."""

import os
import re
import warnings
from itertools import repeat

import numpy as np
import pandas as pd

from skgenes.feature_extraction._data_lines import blocks_of_lines, stacked
from skgenes.utils._errors import FileFormatError
from skgenes.utils._messages import listed

_N_COLUMNS = 9
_FEATURE = 2
_COLUMNS = {
    "chrom": (0, "category"),
    "start": (3, "int64"),
    "end": (4, "int64"),
    "strand": (6, "category"),
}


def read_gtf(path):
    """Read the exons of a GTF file.

    Parameters
    ----------
    path : str or path-like
        The file, plain or gzipped, of Ensembl, GENCODE or another source of the same format.

    Returns
    -------
    DataFrame
        One row for each line whose feature is "exon", in the order of the file, with the columns

        chrom : category
            Chromosome.
        start, end : int64
            First base, from 0, and the base after the last one; the file counts from 1 and
            includes the end.
        strand : category of "+" and "-"
            Strand.
        gene_id, transcript_id : category
            Identifiers, with their version if the file has it there.
        gene_name : category
            Symbol; "" where the file has none.

    Raises
    ------
    FileNotFoundError
        If there is none.
    skgenes.io.FileFormatError
        If the file breaks the format, is a GFF3 file or has no exons. The message names the line,
        what was expected and what was found.

    Warns
    -----
    UserWarning
        If genes have a line of their own, but no exons. They are not in the table.

    References
    ----------
    Ensembl, GFF/GTF file format, https://www.ensembl.org/info/website/upload/gff.html.

    Examples
    --------
    >>> import os, tempfile
    >>> from skgenes.feature_extraction import read_gtf
    >>> names = 'gene_id "G1"; transcript_id "T1"; gene_name "TP53";'
    >>> line = "\\t".join(["chr1", "x", "exon", "11", "35", ".", "+", ".", names])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "genes.gtf")
    ...     with open(path, "w") as file:
    ...         _ = file.write(line)
    ...     read_gtf(path)
      chrom  start  end strand gene_id transcript_id gene_name
    0  chr1     10   35      +      G1            T1      TP53
    """
    tables, genes = [], {}
    for lines in blocks_of_lines(path):
        fields = lines.fields()
        lines.check(
            fields.counts == _N_COLUMNS, f"{_N_COLUMNS} columns separated by tabs", fields.counts
        )
        begins = fields.ends(_N_COLUMNS - 2)
        genes |= _genes(lines, begins, fields.equal(_FEATURE, b"gene"))
        is_exon = fields.equal(_FEATURE, b"exon")
        if is_exon.any():
            lines.keep(is_exon)
            tables.append(_table(lines, begins[is_exon]))
    if not tables:
        raise FileFormatError(f"{os.fsdecode(path)}: expected lines of exons, found none.")
    table = stacked(tables)
    table["strand"] = table["strand"].cat.set_categories(["+", "-"])
    _warn_of_genes_without_exons(path, genes, table["gene_id"].cat.categories)
    return table


def _genes(lines, begins, is_gene):
    """Line of each gene that has a line of its own."""
    attributes = begins[is_gene].tolist(), lines.stops[is_gene].tolist()
    names = _values(lines, attributes, "gene_id")
    numbers = lines.numbers[is_gene].tolist()
    return {name.decode(): line for name, line in zip(names, numbers, strict=True) if name}


def _warn_of_genes_without_exons(path, genes, with_exons):
    without = sorted(genes.keys() - set(with_exons), key=genes.get)
    if without:
        warnings.warn(
            f"{os.fsdecode(path)}, line {genes[without[0]]}: {len(without)} of {len(genes)} genes "
            f"have no exons and are left out: {listed(without)}.",
            stacklevel=3,
        )


def _table(lines, begins):
    """Read exons, whose attributes are behind the tab at `begins`."""
    attributes = begins.tolist(), lines.stops.tolist()
    # The attributes are most of the text, and need not go through pandas.
    lines.stops = begins
    table = lines.parse(_COLUMNS)
    lines.check(table["start"] >= 1, "a start of at least 1", table["start"])
    lines.check(table["end"] >= table["start"], "an end that is not before the start", table["end"])
    lines.check(
        table["strand"].isin(["+", "-"]), "'+' or '-' as strand of an exon", table["strand"]
    )
    for name in ("gene_id", "transcript_id"):
        table[name] = _required(lines, attributes, name)
    symbols = _values(lines, attributes, "gene_name")
    table["gene_name"] = _category([symbol or b"" for symbol in symbols])
    table["start"] -= 1
    return table


def _required(lines, attributes, name):
    values = _values(lines, attributes, name)
    if not all(values):
        texts = [
            lines.text[begin + 1 : end].decode() for begin, end in zip(*attributes, strict=True)
        ]
        hint = " (GTF; this looks like GFF3)" if "ID=" in texts[0] else ""
        lines.check(list(map(bool, values)), f"{name} in the attributes{hint}", texts)
    return _category(values)


def _values(lines, attributes, name):
    """Value of one attribute for each line, None where there is none."""
    # Found by its name and then looked back at (ref_gene_id is none): \b first is 7 times slower.
    pattern = rf'{name}(?<!\w{name}) +"?([^";]*)'.encode()
    found = map(re.compile(pattern).search, repeat(lines.text), *attributes)
    return [match and match[1] for match in found]


def _category(values):
    code, names = pd.factorize(np.array(values, dtype=object), sort=True)
    return pd.Categorical.from_codes(code, [name.decode() for name in names])
