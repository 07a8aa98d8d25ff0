"""Arrays to and from the safetensors format, with what that format does not know.

safetensors has no strings, complex numbers, byte order or column-major order. The table of tensors
says what an array really is; the carrier in the safetensors part has the same bits.
"""

import math
import re

import numpy as np
from safetensors import SafetensorError, deserialize
from safetensors.numpy import save as serialize

from skgenes.persistence._errors import InvalidFileError

_NAMES = {
    "b1": "BOOL",
    **{f"i{size}": f"I{8 * size}" for size in (1, 2, 4, 8)},
    **{f"u{size}": f"U{8 * size}" for size in (1, 2, 4, 8)},
    **{f"f{size}": f"F{8 * size}" for size in (2, 4, 8)},
}
_DTYPE = re.compile(r"[|<>](b1|[iu][1248]|f[248]|c8|c16|U[1-9]\d{0,6})")
_LAST_CODE_POINT = 0x10FFFF


def is_storable(dtype):
    """Whether arrays of this dtype can be written."""
    return _DTYPE.fullmatch(dtype.str) is not None


def dtype_named(text):
    """Turn the name of a dtype in a file into the dtype."""
    if not isinstance(text, str) or not _DTYPE.fullmatch(text):
        raise InvalidFileError(f"{text!r} is not a dtype that is written")
    try:
        return np.dtype(text)
    except TypeError:
        raise InvalidFileError(f"{text!r} is not a dtype") from None


def to_safetensors(arrays):
    """Write arrays of storable dtypes.

    Parameters
    ----------
    arrays : dict of str to ndarray
        What to write.

    Returns
    -------
    table : dict of str to dict
        dtype, shape and memory order of every array.
    payload : bytes
        The arrays in the safetensors format.
    """
    table = {name: _description(array) for name, array in arrays.items()}
    return table, serialize({name: _carrier(array) for name, array in arrays.items()})


def from_safetensors(table, payload):
    """Read arrays back, the inverse of `to_safetensors`.

    Parameters
    ----------
    table : object
        The table as found in a file.
    payload : bytes
        The safetensors part of the file.

    Returns
    -------
    dict of str to ndarray
        The arrays.

    Raises
    ------
    InvalidFileError
        If table and payload are not both valid and about the same arrays.
    """
    expected = _read_table(table)
    try:
        found = dict(deserialize(payload))
    except SafetensorError as error:
        raise InvalidFileError(f"tensors.safetensors cannot be read: {error}") from None
    if found.keys() != expected.keys():
        names = sorted(found.keys() ^ expected.keys())
        raise InvalidFileError(
            f"the table of tensors and tensors.safetensors do not agree about {names[:5]}"
        )
    # Taken out one by one, so that only one array at a time is there twice.
    return {name: _restore(name, found.pop(name), *expected[name]) for name in list(found)}


def _description(array):
    # Kept because products of matrices round differently in another order.
    column_major = not array.flags.c_contiguous and array.strides[0] < array.strides[-1]
    return {
        "dtype": array.dtype.str,
        "shape": list(array.shape),
        "order": "F" if column_major else "C",
    }


def _carrier_of(dtype):
    """Give the dtype that safetensors stores, and the dimension that it adds."""
    if dtype.kind == "U":
        return np.dtype("<u4"), (dtype.itemsize // 4,)
    if dtype.kind == "c":
        return np.dtype(f"<f{dtype.itemsize // 2}"), (2,)
    return dtype.newbyteorder("<"), ()


def _carrier(array):
    carrier, added = _carrier_of(array.dtype)
    array = array.astype(array.dtype.newbyteorder("<"), order="C", copy=False)
    return array.reshape(-1).view(carrier).reshape(array.shape + added)


def _read_table(table):
    if not isinstance(table, dict):
        raise InvalidFileError("the table of tensors is not a table")
    return {name: _read_row(name, row) for name, row in table.items()}


def _read_row(name, row):
    if not isinstance(row, dict) or row.keys() != {"dtype", "shape", "order"}:
        raise InvalidFileError(f"tensor {name!r} is described by {row!r}")
    if row["order"] not in ("C", "F"):
        raise InvalidFileError(f"tensor {name!r} has the memory order {row['order']!r}")
    return dtype_named(row["dtype"]), read_shape(row["shape"], name), row["order"]


def read_shape(shape, name):
    """Turn the shape of something called `name` in a file into a tuple."""
    if not isinstance(shape, list) or not all(type(n) is int and n >= 0 for n in shape):
        raise InvalidFileError(f"{name!r} has the shape {shape!r:.80}")
    return tuple(shape)


def _restore(name, stored, dtype, shape, order):
    carrier, added = _carrier_of(dtype)
    wanted = (_NAMES[carrier.str[1:]], [*shape, *added])
    # safetensors has checked that its own shapes are those of the bytes that are there.
    if (stored["dtype"], list(stored["shape"])) != wanted:
        raise InvalidFileError(
            f"tensor {name!r} should be {wanted[0]} of shape {wanted[1]}, but is "
            f"{stored['dtype']} of shape {list(stored['shape'])}"
        )
    try:
        if math.prod(shape) == 0:
            return np.empty(shape, dtype)
        _check_bits(name, stored["data"], dtype)
        flat = np.frombuffer(stored["data"], dtype.newbyteorder("<"))
        return np.array(flat.reshape(shape), dtype=dtype, order=order)
    except ValueError as error:
        raise InvalidFileError(f"tensor {name!r} of shape {shape} is no array: {error}") from None


def _check_bits(name, data, dtype):
    """Refuse bits that are no value of the dtype: NumPy would take them as they are."""
    if dtype.kind == "b" and np.frombuffer(data, np.uint8).max() > 1:
        raise InvalidFileError(f"tensor {name!r} holds something other than true and false")
    if dtype.kind == "U" and np.frombuffer(data, "<u4").max() > _LAST_CODE_POINT:
        raise InvalidFileError(f"tensor {name!r} holds something other than text")
