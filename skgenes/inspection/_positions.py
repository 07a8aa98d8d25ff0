"""Find what is asked for by name, and say what comes close to a name that is not there."""

from difflib import get_close_matches

import numpy as np
import pandas as pd

from skgenes.utils._messages import listed


def positions_of(asked, known, what):
    """Positions of names.

    Parameters
    ----------
    asked : hashable or sequence of hashable
        One name or several; a str is one name.
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
    asked = [asked] if isinstance(asked, str) or np.ndim(asked) == 0 else list(asked)
    if not asked:
        raise ValueError(f"No {what} is asked for. Name at least one, or pass None for all.")
    index = pd.Index(known, dtype=object)
    unknown = [name for name in asked if name not in index]
    if unknown:
        raise ValueError(
            f"{len(unknown)} {what}(s) asked for are not among the {len(index)} of the model or "
            f"data: {listed(unknown)}.{_close_to(unknown[0], index)}"
        )
    for problem, names in (("asked for", pd.Index(asked, dtype=object)), ("there", index)):
        repeated = names[names.duplicated()].intersection(asked)
        if len(repeated):
            raise ValueError(
                f"{len(repeated)} {what}(s) are {problem} more than once: {listed(repeated)}."
            )
    return index.get_indexer(pd.Index(asked, dtype=object))


def _close_to(name, known):
    names = [other for other in known if isinstance(other, str)]
    close = get_close_matches(name, names, n=3, cutoff=0.6) if isinstance(name, str) else []
    if not close and isinstance(name, str):
        close = [other for other in names if other.lower() == name.lower()][:3]
    return f" Did you mean {listed(close)}?" if close else " Check the spelling."
