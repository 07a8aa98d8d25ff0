"""GRP and GMT: lists and sets of genes."""

from skgenes.io._errors import shown
from skgenes.io._text import Lines, check_cells, write_text

_NO_DESCRIPTION = "na"


def read_grp(path, *, encoding="utf-8"):
    """Read a GRP file: one name per line.

    Parameters
    ----------
    path : str or path-like
        The file, plain or gzipped.
    encoding : str, default="utf-8"
        Encoding of the text.

    Returns
    -------
    list of str
        The names, in the order of the file.

    Raises
    ------
    FileFormatError
        If a name occurs twice, a line has several columns, or there is no name.

    Notes
    -----
    Lines that begin with ``#`` are comments. Empty lines and blanks around names are left out.

    Examples
    --------
    >>> import os, tempfile
    >>> from skgenes.io import read_grp, write_grp
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "panel.grp")
    ...     write_grp(["TP53", "MYC"], path)
    ...     read_grp(path)
    ['TP53', 'MYC']
    """
    first_line = {}
    with Lines(path, encoding) as lines:
        for line in lines:
            name = line.strip()
            if not name or name.startswith("#"):
                continue
            if "\t" in name:
                raise lines.error("one name", shown(line))
            check_new(lines, name, first_line, "the name")
        if not first_line:
            raise lines.error("at least one name", "none")
    return list(first_line)


def write_grp(names, path, *, comment=None):
    """Write names as GRP, one per line.

    Parameters
    ----------
    names : iterable of str
        The names.
    path : str or path-like
        Where to write; gzipped if it ends in ``.gz``. What was there stays until all is written.
    comment : str or None, default=None
        Goes to the top, behind ``#``.

    Raises
    ------
    ValueError
        If there is no name, or one is empty, occurs twice, begins with ``#``, or has blanks around
        it, tabs or line ends in it.
    TypeError
        If a name is no str.

    Examples
    --------
    >>> import os, tempfile
    >>> from skgenes.io import write_grp
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "panel.grp")
    ...     write_grp(["TP53", "MYC"], path, comment="Two genes")
    ...     with open(path) as file:
    ...         print(file.read(), end="")
    # Two genes
    TP53
    MYC
    """
    names = _checked_names(names, "names")
    comment = [] if comment is None else [f"# {line}" for line in comment.splitlines()]
    write_text(path, (f"{line}\n" for line in [*comment, *names]))


def read_gmt(path, *, return_descriptions=False, encoding="utf-8"):
    """Read a GMT file: named sets of genes.

    Parameters
    ----------
    path : str or path-like
        The file, plain or gzipped.
    return_descriptions : bool, default=False
        Whether to return the second column too.
    encoding : str, default="utf-8"
        Encoding of the text.

    Returns
    -------
    sets : dict of str to list of str
        Genes by the name of the set, both in the order of the file.
    descriptions : dict of str to str
        Descriptions by the name of the set. Only if `return_descriptions` is True.

    Raises
    ------
    FileFormatError
        If a line has fewer than two columns, a set has no gene, or two sets have one name.

    Notes
    -----
    A gene that occurs twice in one set counts once, as sets have it; libraries that software
    collected have such lines. Empty cells, which some writers leave at the ends of lines, are no
    genes. Empty lines are left out.

    References
    ----------
    GSEA, Data formats, Gene Matrix Transposed.

    Examples
    --------
    >>> import os, tempfile
    >>> from skgenes.io import read_gmt, write_gmt
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "sets.gmt")
    ...     write_gmt({"APOPTOSIS": ["TP53", "BAX"], "CYCLE": ["MYC"]}, path)
    ...     read_gmt(path)
    {'APOPTOSIS': ['TP53', 'BAX'], 'CYCLE': ['MYC']}
    """
    sets, descriptions, first_line = {}, {}, {}
    with Lines(path, encoding) as lines:
        for line in lines:
            if not line.strip():
                continue
            name, *rest = line.split("\t")
            genes = list(dict.fromkeys(gene for cell in rest[1:] if (gene := cell.strip())))
            if not name.strip() or not genes:
                raise lines.error(
                    "a name, a description and at least one gene, with tabs between", shown(line)
                )
            check_new(lines, name, first_line, "the set")
            sets[name], descriptions[name] = genes, rest[0]
        if not sets:
            raise lines.error("at least one set", "none")
    return (sets, descriptions) if return_descriptions else sets


def write_gmt(sets, path, *, descriptions=None):
    """Write sets of genes as GMT.

    Parameters
    ----------
    sets : dict of str to sequence of str
        Genes by the name of the set.
    path : str or path-like
        Where to write; gzipped if it ends in ``.gz``. What was there stays until all is written.
    descriptions : dict of str to str or None, default=None
        Descriptions of some or all sets, by name; "na" for the others.

    Raises
    ------
    ValueError
        If there is no set, a set has no gene or one twice, a name is empty, has blanks around it,
        tabs or line ends in it, or a description is of no set.
    TypeError
        If a name is no str.

    Examples
    --------
    >>> import os, tempfile
    >>> from skgenes.io import write_gmt
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "sets.gmt")
    ...     write_gmt({"CYCLE": ["MYC"]}, path, descriptions={"CYCLE": "Cell cycle"})
    ...     with open(path) as file:
    ...         print(file.read().split("\\t"))
    ['CYCLE', 'Cell cycle', 'MYC\\n']
    """
    descriptions = {} if descriptions is None else descriptions
    unknown = sorted(set(descriptions) - set(sets))
    if unknown:
        raise ValueError(f"descriptions has {unknown[0]!r}, which is no set.")
    _checked_names(sets, "sets")
    check_cells(descriptions.values(), "descriptions")
    rows = [
        [name, descriptions.get(name, _NO_DESCRIPTION), *_checked_names(genes, f"sets[{name!r}]")]
        for name, genes in sets.items()
    ]
    write_text(path, ("\t".join(row) + "\n" for row in rows))


def check_new(lines, name, first_line, what):
    """Remember on which line a name is, and refuse it a second time.

    Parameters
    ----------
    lines : Lines
        Where the name was read.
    name : str
        The name.
    first_line : dict of str to int
        Names so far and the numbers of their lines. Changed.
    what : str
        What the name is of, for the message.
    """
    if name in first_line:
        raise lines.error(f"{what} {name!r} once", f"it on line {first_line[name]} too")
    first_line[name] = lines.number


def _checked_names(names, what):
    names = [names] if isinstance(names, str) else list(names)
    if not names:
        raise ValueError(f"{what} is empty: there is nothing to write.")
    seen = set()
    for name in names:
        if not isinstance(name, str):
            raise TypeError(f"{what} must hold names as str, got {name!r}.")
        if not name or name != name.strip() or name.startswith("#"):
            raise ValueError(
                f"{what} has {name!r}; names must not be empty, begin with '#' or have blanks "
                "around them."
            )
        if name in seen:
            raise ValueError(f"{what} has {name!r} more than once.")
        seen.add(name)
    check_cells(names, what)
    return names
