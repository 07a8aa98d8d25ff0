"""Binding sites, as tables or BED files, brought to one form."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from skgenes.feature_extraction._read_bed import STRANDS, read_bed
from skgenes.feature_extraction._tables import check_columns, check_positions, check_rows
from skgenes.feature_extraction._track import checked_names
from skgenes.utils._messages import listed


@dataclass(frozen=True)
class Intervals:
    """Where regulators bind.

    Parameters
    ----------
    regulators : ndarray of str of shape (n_regulators,)
        Their names.
    regulator : ndarray of int32 of shape (n_intervals,)
        Which of them binds.
    chromosome : ndarray of int32 of shape (n_intervals,)
        Number of the chromosome; -1 for one that has no genes.
    start, end : ndarray of int64 of shape (n_intervals,)
        First base and the base after the last one.
    strand : ndarray of int8 of shape (n_intervals,)
        0 for plus, 1 for minus, 2 for both.
    """

    regulators: np.ndarray
    regulator: np.ndarray
    chromosome: np.ndarray
    start: np.ndarray
    end: np.ndarray
    strand: np.ndarray


def intervals_of(source, chromosomes, what):
    """Read binding sites.

    Parameters
    ----------
    source : DataFrame, path, or mapping of str to DataFrame or path
        One table or BED file in which the column name has the regulator, or one for each regulator.
    chromosomes : ndarray of str
        Names of the chromosomes that have genes.
    what : str
        What the sites are called, for messages.

    Returns
    -------
    Intervals
        The sites, in the order given.

    Raises
    ------
    ValueError
        If a table is no valid one, regulators have no names, or chromosomes are named in another
        way than in the annotation.
    """
    if isinstance(source, Mapping):
        return _from_mapping(source, chromosomes, what)
    table, what = _table(source, what)
    check_columns(table, ("name",), what)
    named = ~table["name"].isin([".", ""])
    if not named.all():
        raise ValueError(
            f"{what} has {(~named).sum()} of {len(named)} intervals without a regulator's name. "
            "Put it into the column name (the fourth of a BED file), or pass a dict with one "
            "table or file for each regulator."
        )
    code, names = pd.factorize(table["name"], sort=True)
    code = code.astype(np.int32)
    names = checked_names(names.tolist(), f"{what}: regulators")
    return Intervals(names, code, *_columns(table, what, chromosomes))


def _from_mapping(source, chromosomes, what):
    names = checked_names(source, f"{what}: regulators")
    if not names.size:
        raise ValueError(f"{what} names no regulator. Leave it out, or pass some.")
    pieces = [
        _columns(*_table(table, f"{what}[{name!r}]"), chromosomes) for name, table in source.items()
    ]
    code = np.repeat(np.arange(names.size, dtype=np.int32), [piece[0].size for piece in pieces])
    return Intervals(names, code, *map(np.concatenate, zip(*pieces, strict=True)))


def _table(source, what):
    """Read a table, if it is in a file; name the file in messages."""
    if isinstance(source, str | os.PathLike):
        return read_bed(source), f"{what} ({os.fsdecode(source)})"
    if not isinstance(source, pd.DataFrame):
        raise TypeError(
            f"{what} must be a DataFrame, the path of a BED file, or a dict with one of them for "
            f"each regulator, got {type(source).__name__}."
        )
    return source, what


def _columns(table, what, chromosomes):
    """Check a table and take chromosome, start, end and strand out of it."""
    check_columns(table, ("chrom", "start", "end"), what)
    check_positions(table, what)
    strand = np.full(len(table), STRANDS.index("."), dtype=np.int8)
    if "strand" in table:
        strand = _looked_up(table["strand"], STRANDS)[0].astype(np.int8)
        check_rows(strand >= 0, table, "strand", what, "'+', '-' or '.'")
    chromosome, names = _looked_up(table["chrom"], chromosomes)
    _check_naming(names, chromosomes, what)
    start, end = (table[side].to_numpy(np.int64) for side in ("start", "end"))
    return chromosome, start, end, strand


def _looked_up(column, known):
    """Number values by their place in `known`, -1 for the others; give the values there are."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        code, names = column.cat.codes.to_numpy(), column.cat.categories
        # Categories may be without rows. The value behind them is for missing ones, whose code is
        # -1, here and below.
        present = np.zeros(len(names) + 1, dtype=bool)
        present[code] = True
    else:
        code, names = pd.factorize(column)
        present = np.ones(len(names) + 1, dtype=bool)
    names = np.asarray(names, dtype=object)
    place = pd.Index(known, dtype=object).get_indexer(names)
    return np.append(place, -1).astype(np.int32)[code], names[present[:-1]]


def _check_naming(names, chromosomes, what):
    """Tell other names for the annotation's chromosomes from chromosomes without genes."""
    ours = set(chromosomes)
    texts = {str(name) for name in chromosomes}
    unknown = [name for name in names if name not in ours]
    # pandas reads 1, 2 and X as numbers and text, in one column.
    if mistyped := [name for name in unknown if str(name) in texts]:
        raise ValueError(
            f"{what} and annotation have chromosomes of different types, one numbers and the other "
            f"text: {listed(mistyped)}, {len(mistyped)} in all. Make both text: "
            "table['chrom'] = table['chrom'].astype(str)."
        )
    other = {name: _other_name(name) for name in unknown if _other_name(name) in texts}
    if other:
        here, there = next(iter(other.items()))
        raise ValueError(
            f"{what} and annotation name chromosomes differently: {here!r} and {there!r}, "
            f"{len(other)} in all ({listed(other)}). Rename them in one of the two tables, for "
            "example table['chrom'] = 'chr' + table['chrom'].astype(str)."
        )
    if unknown and len(unknown) == len(names):
        raise ValueError(
            f"{what} has no chromosome of annotation: it has {listed(unknown)}, annotation "
            f"{listed(chromosomes)}. Use one genome assembly and one way of naming."
        )


def _other_name(name):
    """Give the name of a chromosome in the other of the two customs, chr1 and 1, chrM and MT."""
    name = str(name)
    if name in ("chrM", "MT"):
        return "MT" if name == "chrM" else "chrM"
    return name[3:] if name.startswith("chr") else f"chr{name}"
