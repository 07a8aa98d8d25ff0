"""Arrays of tracks in a NumPy archive, whose checksums tell when it is damaged."""

import io
import os

import numpy as np
import scipy.sparse as sp

from skgenes.utils import write_atomically

_FORMAT = "skgenes RegulatoryTracks 1"
_FIELDS = ("data", "indices", "indptr", "offsets", "regulators", "bin_size")


def write_archive(path, arrays):
    """Write named arrays, at once or not at all.

    Parameters
    ----------
    path : str or path-like
        Where to write.
    arrays : dict of str to ndarray
        None of objects.
    """
    write_atomically(
        path, lambda file: np.savez_compressed(file, format=np.array(_FORMAT), **arrays)
    )


def read_archive(path, known):
    """Read the arrays of tracks.

    Parameters
    ----------
    path : str or path-like
        The file.
    known : sequence of str
        Names that parts may have.

    Returns
    -------
    genes : ndarray of str
        Names of the genes.
    parts : dict of str to dict
        Parameters of the `Track` of each part.

    Raises
    ------
    ValueError
        If the file is damaged or something else.
    """
    path = os.fsdecode(path)
    with open(path, "rb") as file:
        content = io.BytesIO(file.read())
    try:
        with np.load(content, allow_pickle=False) as archive:
            arrays = dict(archive)
        if arrays["format"].item() != _FORMAT:
            raise ValueError(f"its format is {arrays['format'].item()!r:.60}, not {_FORMAT!r}")
        parts = [part for part in known if f"{part}.data" in arrays]
        return arrays["genes"], {part: _track_parameters(arrays, part) for part in parts}
    except KeyError as error:
        raise ValueError(f"{path} is no file of RegulatoryTracks: it has no {error}.") from error
    # What NumPy and zipfile raise for damaged bytes is of many kinds, and not documented.
    except Exception as error:
        # NumPy takes for pickled what it does not know, and advises to load it, which may run code.
        pickled = "allow_pickle" in str(error)
        reason = "it holds something else than arrays of numbers and text" if pickled else error
        raise ValueError(
            f"{path} is damaged, or is no file of RegulatoryTracks: {reason}. Save it again."
        ) from error


def _track_parameters(arrays, part):
    content = {field: arrays[f"{part}.{field}"] for field in _FIELDS}
    shape = (content["indptr"].size - 1, content["regulators"].size)
    bins = sp.csr_array((content["data"], content["indices"], content["indptr"]), shape)
    bins.check_format(full_check=True)
    return {
        "bins": bins,
        "offsets": content["offsets"],
        "regulators": content["regulators"].tolist(),
        "bin_size": content["bin_size"].item(),
    }
