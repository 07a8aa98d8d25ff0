"""HDF5 files from anywhere: what is in them, and nothing outside them, is read.

An HDF5 file may point at others: through external and symbolic links, virtual data sets, and raw
data kept in external files. A file that was made to harm could so have any file of the reader's
opened. None of these occurs in a GCTX file, so all are refused.
"""

import os
from contextlib import contextmanager

from skgenes.utils._errors import FileFormatError


@contextmanager
def open_hdf5(path):
    """Open a file for reading, and name it in whatever goes wrong.

    Parameters
    ----------
    path : str or path-like
        The file.

    Yields
    ------
    h5py.File
        The open file.

    Raises
    ------
    FileFormatError
        If it is not HDF5, or is cut or damaged.
    """
    import h5py

    path = os.fsdecode(path)
    with open(path, "rb"):
        pass  # what is missing or forbidden is not a question of format
    try:
        with h5py.File(path, "r") as file:
            yield file
    except (OSError, RuntimeError) as error:
        raise FileFormatError(
            f"{path}: expected an HDF5 file as its writer left it, found one that is cut, damaged "
            f"or of another kind ({error})."
        ) from error


def group_at(file, place):
    """Group at a place, reached through the file's own parts only.

    Parameters
    ----------
    file : h5py.File
        The open file.
    place : str
        Names with slashes between them.

    Returns
    -------
    h5py.Group
        The group.
    """
    import h5py

    group = file
    for name in place.strip("/").split("/"):
        group = _member(group, name)
        if not isinstance(group, h5py.Group):
            raise error_at(file, group.name, "a group", type(group).__name__)
    return group


def dataset_at(group, name):
    """Dataset in a group, whose values are in this very file.

    Parameters
    ----------
    group : h5py.Group
        Where it is.
    name : str
        Its name.

    Returns
    -------
    h5py.Dataset
        The dataset.
    """
    import h5py

    dataset = _member(group, name)
    place = f"{group.name}/{name}"
    if not isinstance(dataset, h5py.Dataset):
        raise error_at(group, place, "a dataset", f"a {type(dataset).__name__}")
    if dataset.is_virtual:
        raise error_at(group, place, "values in this file", "a virtual dataset, made of others")
    if dataset.external:
        raise error_at(group, place, "values in this file", f"values in {dataset.external[0][0]!r}")
    return dataset


def check_stored(dataset):
    """Refuse a dataset of which parts were never written, and which would read as zeros.

    Parameters
    ----------
    dataset : h5py.Dataset
        A dataset of numbers.
    """
    if dataset.chunks is None:
        expected, found = dataset.nbytes, dataset.id.get_storage_size()
        unit = "bytes"
    else:
        expected = 1
        for size, chunk in zip(dataset.shape, dataset.chunks, strict=True):
            expected *= -(-size // chunk)
        found, unit = dataset.id.get_num_chunks(), "chunks"
    if found < expected:
        raise error_at(dataset, dataset.name, f"{expected} {unit} of values", f"{found}")


def error_at(thing, place, expected, found):
    """Error about a place in a file.

    Parameters
    ----------
    thing : h5py.File, h5py.Group or h5py.Dataset
        Anything in the file.
    place : str
        The place.
    expected, found : str
        What should be there and what is.

    Returns
    -------
    FileFormatError
        To be raised.
    """
    return FileFormatError(f"{thing.file.filename}, {place}: expected {expected}, found {found}.")


def _member(group, name):
    import h5py

    place = f"{group.name.rstrip('/')}/{name}"
    try:
        link = group.get(name, getlink=True)
        member = group[name] if isinstance(link, h5py.HardLink) else None
        if isinstance(member, h5py.Dataset):
            _ = member.dtype, member.shape
    except (KeyError, TypeError, ValueError) as error:  # what h5py makes of damage here
        raise error_at(group, place, "a part of this file", f"damage ({error})") from error
    if link is None:
        raise error_at(group, place, "what GCTX 1.0 has there", "nothing")
    if member is None:
        raise error_at(
            group, place, "a part of this file", f"a link to elsewhere ({type(link).__name__})"
        )
    return member
