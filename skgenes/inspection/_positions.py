"""Find what is asked for by name, and say what comes close to a name that is not there."""

from difflib import get_close_matches
from numbers import Integral

import numpy as np
import pandas as pd

from skgenes.utils._messages import listed


def positions_of(asked, known, what):
    """Positions of what is asked for by name or position.

    Parameters
    ----------
    asked : hashable or sequence of hashable
        One or several; a str is one name. An integer that is no name is a position.
    known : sequence of hashable
        All names.
    what : str
        What they are, in the singular, for messages.

    Returns
    -------
    ndarray of intp of shape (n_asked,)
        Positions in `known`, in the order asked for.

    Raises
    ------
    ValueError
        If a name is unknown, asked for twice or not unique, or none is asked for.
    """
    index = pd.Index(known, dtype=object)
    one = isinstance(asked, str) or np.ndim(asked) == 0
    names = [_name_of(name, index) for name in ([asked] if one else asked)]
    check_names(names, index, what)
    return index.get_indexer(pd.Index(names, dtype=object))


def check_names(asked, known, what):
    """Refuse names that say nothing, or not one thing.

    Parameters
    ----------
    asked : list of hashable
        Names asked for.
    known : pandas.Index
        All names.
    what : str
        What they are, in the singular, for messages.

    Raises
    ------
    ValueError
        If a name is unknown, asked for twice or not unique, or none is asked for.
    """
    if not asked:
        raise ValueError(f"No {what} is asked for. Name at least one, or pass None for all.")
    unknown = [name for name in asked if name not in known]
    if unknown:
        raise ValueError(
            f"{len(unknown)} {what}(s) asked for are not among the {len(known)} of the model or "
            f"data: {listed(unknown)}.{_close_to(unknown[0], known)}"
        )
    for problem, names in (("asked for", pd.Index(asked, dtype=object)), ("there", known)):
        repeated = names[names.duplicated()].intersection(asked)
        if len(repeated):
            raise ValueError(
                f"{len(repeated)} {what}(s) are {problem} more than once: {listed(repeated)}."
            )


def _name_of(asked, names):
    is_number = isinstance(asked, Integral) and not isinstance(asked, bool)
    is_position = is_number and asked not in names and 0 <= asked < len(names)
    return names[asked] if is_position else asked


def _close_to(name, known):
    if not isinstance(name, str):
        return f" There are {listed(known)}."
    names = [other for other in known if isinstance(other, str)]
    close = get_close_matches(name, names, n=3, cutoff=0.6)
    close = close or [other for other in names if other.lower() == name.lower()][:3]
    if close:
        return f" Did you mean {listed(close)}?"
    return f" Check the spelling; there are {listed(known)}."
