"""Results into an AnnData: all of them or none, and nothing of others overwritten."""

import numpy as np

from skgenes.utils import check_key, make_actual


def store(adata, key, function, fields, *, copy):
    """Write the results of a function, replacing those of its last call with the same key.

    Parameters
    ----------
    adata : AnnData
        Where to write. A view is made an AnnData of its own first.
    key : str
        Key of the function's record in ``adata.uns``.
    function : str
        Name of the function, for the record.
    fields : dict of str to dict
        Slot ("var", "varm", "obsm", "layers") to name to values; "uns" to the record.
    copy : bool
        Whether to write into a copy.

    Returns
    -------
    AnnData or None
        The copy, if one was asked for.

    Raises
    ------
    ValueError
        If something else is stored under one of the names; adata is then as it was.
    """
    before = _last_result(adata, key, function)
    record = dict(fields["uns"], function=function)
    fields = {slot: values for slot, values in fields.items() if slot != "uns"}
    check_free(adata, key, function, fields)
    target = adata.copy() if copy else make_actual(adata, stacklevel=3)
    for slot, name in before:
        if name in getattr(target, slot):
            del getattr(target, slot)[name]
    for slot, values in fields.items():
        for name, value in values.items():
            getattr(target, slot)[name] = value
    names = [f"{slot}/{name}" for slot, values in fields.items() for name in values]
    target.uns[key] = record | {"fields": np.array(names, dtype=object)}
    return target if copy else None


def check_free(adata, key, function, fields):
    """Raise if a name is taken by anything but the function's last result.

    Parameters
    ----------
    adata : AnnData
        Where `fields` are to be written.
    key, function : str
        As in `store`.
    fields : dict of str to iterable of str
        Slot to names.
    """
    check_key(key)
    ours = _last_result(adata, key, function)
    taken = [] if ours or key not in adata.uns else [f"adata.uns[{key!r}]"]
    taken += [
        f"adata.{slot}[{name!r}]"
        for slot, names in fields.items()
        for name in names
        if (slot, name) not in ours and name in getattr(adata, slot)
    ]
    if taken:
        raise ValueError(
            f"{' and '.join(taken)} would be overwritten, and is not a result of "
            f"skgenes.tl.{function}. Choose another key_added, or delete it first."
        )


def spread(values, mask, fill=np.nan):
    """Spread the values of the genes in a mask over all genes."""
    values = np.asarray(values)
    result = np.full((len(mask), *values.shape[1:]), fill)
    result[mask] = values
    return result


def _last_result(adata, key, function):
    """Slots and names that an earlier call wrote under this key."""
    record = adata.uns.get(key)
    if not hasattr(record, "get") or record.get("function") != function:
        return []
    return [tuple(name.split("/", maxsplit=1)) for name in record["fields"]]
