"""GTF files: the exons of genes."""

import re

import pandas as pd

from skgenes.feature_extraction._data_lines import DataLines

_N_COLUMNS = 9
_FEATURE = 2
_COLUMNS = {
    "chrom": (0, "category"),
    "start": (3, "int64"),
    "end": (4, "int64"),
    "strand": (6, "category"),
    "attributes": (8, "str"),
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
    ValueError
        If the file breaks the format, is a GFF3 file or has no exons. The message names the line,
        what was expected and what was found.

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
    lines = DataLines(path)
    counts = lines.count_columns()
    lines.check(counts == _N_COLUMNS, f"{_N_COLUMNS} columns separated by tabs", counts)
    if len(lines):
        lines.keep(lines.fields_equal(_FEATURE, b"exon", _N_COLUMNS))
    if not len(lines):
        raise ValueError(f"{lines.path}: expected lines of exons, found none.")
    table = lines.parse(_COLUMNS)
    lines.check(table["start"] >= 1, "a start of at least 1", table["start"])
    lines.check(table["end"] >= table["start"], "an end that is not before the start", table["end"])
    lines.check(
        table["strand"].isin(["+", "-"]), "'+' or '-' as strand of an exon", table["strand"]
    )
    attributes = table.pop("attributes").tolist()
    for name in ("gene_id", "transcript_id"):
        table[name] = _required(lines, attributes, name)
    table["gene_name"] = pd.Categorical([name or "" for name in _values(attributes, "gene_name")])
    table["start"] -= 1
    table["strand"] = table["strand"].cat.set_categories(["+", "-"])
    return table


def _required(lines, attributes, name):
    values = _values(attributes, name)
    hint = " (GTF; this looks like GFF3)" if "ID=" in attributes[0] else ""
    lines.check([bool(value) for value in values], f"{name} in the attributes{hint}", attributes)
    return pd.Categorical(values)


def _values(attributes, name):
    """Value of one attribute for each line, None where there is none."""
    # Found by its name and then looked back at (ref_gene_id is none): \b first is 7 times slower.
    search = re.compile(rf'{name}(?<!\w{name}) +"?([^";]*)').search
    return [match[1] if (match := search(text)) else None for text in attributes]
