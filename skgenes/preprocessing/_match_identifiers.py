"""Forms in which one gene is written: versions of Ensembl ids, copies on Y, spreadsheet dates."""

import re

_ENSEMBL = re.compile(r"(ENS[A-Z]{1,6}\d{11})(?:\.\d+)?(?:_\d+)?(_PAR_Y)?(?:_\d+)?")
# Until GENCODE 24, the copy on Y of ENSG00000182378 was ENSGR0000182378.
_OLD_PAR_Y = re.compile(r"ENS([GTP])R(\d{10})(?:\.\d+)?(?:_\d+)?")
PAR_Y = "_PAR_Y"

# Families whose names spreadsheets take for dates, with the names that HGNC gave them in 2020.
_RENAMED = {"MARCH": "MARCHF", "MARC": "MTARC", "SEPT": "SEPTIN", "DEC": "DELEC"}
_MONTHS = {"MAR": ("MARCH", "MARC"), "SEP": ("SEPT",), "DEC": ("DEC",)}
_DAY_FIRST = re.compile(r"0?(\d{1,2})-(mar|sep|dec)[a-z]*", re.IGNORECASE)
_MONTH_FIRST = re.compile(r"(mar|sep|dec)[a-z]*-0?(\d{1,2})", re.IGNORECASE)
_FAMILY = re.compile(rf"({'|'.join((*_RENAMED, *_RENAMED.values()))})(\d{{1,2}})")


def without_version(gene):
    """Take the version off an Ensembl id.

    Parameters
    ----------
    gene : str
        Any identifier.

    Returns
    -------
    str
        ``ENSG00000141510`` for ``ENSG00000141510.12``, ``ENSG00000182378_PAR_Y`` for both forms of
        the copy on Y; anything else as it is.
    """
    if found := _ENSEMBL.fullmatch(gene):
        return found[1] + (found[2] or "")
    if found := _OLD_PAR_Y.fullmatch(gene):
        return f"ENS{found[1]}0{found[2]}{PAR_Y}"
    return gene


def near_misses(genes, reference):
    """Pairs of genes left over on both sides that may be the same, and dates.

    Parameters
    ----------
    genes, reference : sequence of str
        Genes without a match, and genes of the reference without one.

    Returns
    -------
    list of tuple of str
        A gene, a gene of the reference and how they resemble: "case", "PAR_Y", "renamed" or "date".
        Of a date without counterpart, the other side is "".
    """
    found = [
        (gene, other, how)
        for how, forms in (("case", _folded), ("PAR_Y", _autosomal), ("renamed", _new_name))
        for gene, other in _sharing(genes, reference, forms)
        if gene != other
    ]
    return found + _dates(genes, reference)


def _sharing(genes, reference, form):
    by_form = {}
    for other in dict.fromkeys(reference):
        by_form.setdefault(form(other), []).append(other)
    return [(gene, other) for gene in dict.fromkeys(genes) for other in by_form.get(form(gene), ())]


def _folded(gene):
    return gene.casefold()


def _autosomal(gene):
    return without_version(gene).removesuffix(PAR_Y)


def _new_name(gene):
    found = _FAMILY.fullmatch(gene)
    return f"{_RENAMED.get(found[1], found[1])}{found[2]}" if found else gene


def _dates(genes, reference):
    there, wanted = set(genes), set(reference)
    found = []
    for date in dict.fromkeys(genes):
        names = _names_behind(date)
        others = [name for name in names if name in wanted]
        found += [(date, other, "date") for other in others or [""] * bool(names)]
    for date in dict.fromkeys(reference):
        names = _names_behind(date)
        others = [name for name in names if name in there]
        found += [(other, date, "date") for other in others or [""] * bool(names)]
    return found


def _names_behind(date):
    """Genes that a spreadsheet may have turned into this date."""
    if found := _DAY_FIRST.fullmatch(date):
        number, month = found.groups()
    elif found := _MONTH_FIRST.fullmatch(date):
        month, number = found.groups()
    else:
        return []
    families = _MONTHS[month.upper()]
    return [f"{name}{int(number)}" for old in families for name in (old, _RENAMED[old])]
