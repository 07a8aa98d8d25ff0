"""Which samples or genes are asked for, and in what pieces a file yields them best."""

from itertools import pairwise
from numbers import Integral

import numpy as np

from skgenes.utils._messages import listed


def positions_of(wanted, ids, what):
    """Turn names, indices, a mask or a slice into positions, in the order asked for.

    Parameters
    ----------
    wanted : None, slice, str, int, or sequence of str, int or bool
        What is asked for; None for all.
    ids : ndarray of str
        Names of all there are.
    what : str
        Name of the parameter, for messages.

    Returns
    -------
    ndarray of intp or None
        Positions without repeats, or None for all.

    Raises
    ------
    ValueError
        If something is unknown, asked for twice, or nothing is asked for.
    TypeError
        If an entry is neither a name nor an index.
    """
    if wanted is None:
        return None
    if isinstance(wanted, slice):
        positions = np.arange(len(ids))[wanted]
    else:
        wanted = [wanted] if isinstance(wanted, str | Integral) else list(wanted)
        positions = _positions(wanted, ids, what)
    if not len(positions):
        raise ValueError(f"{what} asks for none of the {len(ids)} there are.")
    values, counts = np.unique(positions, return_counts=True)
    if len(values) < len(positions):
        raise ValueError(f"{what} asks more than once for {listed(ids[values[counts > 1]])}.")
    return positions


def _positions(wanted, ids, what):
    if wanted and all(isinstance(entry, bool | np.bool_) for entry in wanted):
        if len(wanted) != len(ids):
            raise ValueError(f"{what} is a mask of length {len(wanted)}; there are {len(ids)}.")
        return np.flatnonzero(wanted)
    known = {}
    if any(isinstance(entry, str) for entry in wanted):
        known = {name: position for position, name in enumerate(ids)}
    positions = [_position(entry, known, len(ids), what) for entry in wanted]
    unknown = [entry for entry, at in zip(wanted, positions, strict=True) if at is None]
    if unknown:
        raise ValueError(
            f"{what} has {len(unknown)} that are not among the {len(ids)} of the file: "
            f"{listed(unknown)}. The file has, for example, {listed(ids[:3])}."
        )
    return np.array(positions, dtype=np.intp)


def _position(entry, known, n_ids, what):
    if isinstance(entry, str):
        return known.get(entry)
    if isinstance(entry, Integral) and not isinstance(entry, bool | np.bool_):
        return int(entry) % n_ids if -n_ids <= entry < n_ids else None
    raise TypeError(f"{what} takes names or indices, got {entry!r}.")


def pieces_of(positions, unit, most):
    """Cut sorted positions into pieces, each of which is read as one stretch.

    Parameters
    ----------
    positions : ndarray of int
        Sorted positions.
    unit : int
        Stretches of so many positions cost as much as one position: the side of a chunk.
    most : int
        The longest stretch; whole units, one at least, are taken.

    Returns
    -------
    list of slice
        Parts of `positions`. Units without a position are in no stretch.
    """
    units = positions // unit
    new_run = np.diff(units, prepend=units[0]) > 1
    run = np.cumsum(new_run)
    run_start = units[np.searchsorted(run, np.arange(run[-1] + 1))]
    piece = (units - run_start[run]) // max(1, most // unit)
    starts = np.flatnonzero(new_run | (np.diff(piece, prepend=0) != 0))
    bounds = [0, *starts[starts > 0].tolist(), len(positions)]
    return [slice(a, b) for a, b in pairwise(bounds)]
