"""From an estimator to a tree of JSON values and named arrays."""

import struct
from dataclasses import fields
from math import isfinite

import numpy as np
import scipy.sparse as sp

from skgenes.persistence import _registry as registry
from skgenes.persistence._tensors import is_storable
from skgenes.persistence._value_objects import problem_of

MAX_DEPTH = 64
_MAX_INT_BITS = 4096
_ADVICE = (
    "Can be saved: None, bool, int, float, str, NumPy numbers, arrays of numbers or text, CSR "
    "matrices, lists, tuples, dicts, slices and these classes themselves (no subclasses of "
    "them): {}."
)


def encode(value, path=()):
    """Describe a value by JSON values and named arrays.

    Parameters
    ----------
    value : object
        What to describe.
    path : tuple of str, default=()
        Where it is, for names of arrays and messages.

    Returns
    -------
    node : object
        JSON values.
    arrays : dict of str to ndarray
        The arrays that `node` refers to.

    Raises
    ------
    TypeError
        If something in it cannot be described; the message says where it is.
    ValueError
        If the parts of a network do not fit together.
    """
    arrays = _Arrays()
    return _encode(value, path, arrays), arrays.named


class _Arrays:
    """Arrays met so far, each once, under the path where it was first seen."""

    def __init__(self):
        self.named = {}
        self._names = {}

    def add(self, array, path):
        if not is_storable(array.dtype):
            raise TypeError(
                f"{_where(path)} is an array of {array.dtype}, which cannot be saved. Use an array "
                "of bool, of numbers of at most 64 bits (complex: 128), or of str."
            )
        # Scalings are shared by both halves of an autoencoder: equal in memory, once in the file.
        # `named` keeps the array alive, so that its id is not given to another.
        name = self._names.get(id(array))
        if name is None:
            name = self._names[id(array)] = self._free_name(".".join(path))
            self.named[name] = array
        return name

    def _free_name(self, name):
        free, number = name, 1
        while free in self.named:
            number += 1
            free = f"{name}~{number}"
        return free


def _encode(value, path, arrays):
    if len(path) > MAX_DEPTH:
        raise TypeError(f"{_where(path[:5])}... is nested too deeply, or contains itself.")
    if type(value) in _ENCODERS:
        return _ENCODERS[type(value)](value, path, arrays)
    if isinstance(value, np.generic) and is_storable(value.dtype):
        return {"numpy": {"dtype": value.dtype.str, "hex": value.tobytes().hex()}}
    if name := registry.estimator_name(value):
        return _encode_estimator(value, name, path, arrays)
    if name := registry.value_object_name(value):
        return _encode_value_object(value, name, path, arrays)
    if name := registry.function_name(value):
        return {"function": name}
    raise _not_encodable(value, path)


def _encode_plain(value, path, arrays):
    return value


def _encode_int(value, path, arrays):
    if value.bit_length() > _MAX_INT_BITS:
        raise TypeError(f"{_where(path)} is an integer of more than {_MAX_INT_BITS} bits.")
    return value


def _encode_float(value, path, arrays):
    return value if isfinite(value) else {"float": struct.pack(">d", value).hex()}


def _encode_str(value, path, arrays):
    try:
        value.encode()
    except UnicodeEncodeError:
        raise TypeError(f"{_where(path)} is {value!r}, which is no valid Unicode text.") from None
    return value


def _encode_numpy_str(value, path, arrays):
    return {"numpy_str": _encode_str(str(value), path, arrays)}


def _encode_list(value, path, arrays):
    return [_encode(item, (*path, str(i)), arrays) for i, item in enumerate(value)]


def _encode_tuple(value, path, arrays):
    return {"tuple": _encode_list(value, path, arrays)}


def _encode_dict(value, path, arrays):
    for key in value:
        if type(key) not in (str, int):
            raise TypeError(f"{_where(path)} has the key {key!r}; keys must be str or int.")
    return {
        "dict": [
            [_encode(key, path, arrays), _encode(item, (*path, str(key)), arrays)]
            for key, item in value.items()
        ]
    }


def _encode_slice(value, path, arrays):
    return {"slice": _encode_list([value.start, value.stop, value.step], path, arrays)}


def _encode_array(value, path, arrays):
    if value.dtype.kind != "O":
        return {"array": arrays.add(np.asarray(value), path)}
    strange = [item for item in value.flat if type(item) is not str]
    if strange:
        raise TypeError(
            f"{_where(path)} is an array of objects that holds {strange[0]!r}. Only str can be "
            "saved in one; make it an array of numbers or a list."
        )
    values = [_encode_str(item, path, arrays) for item in value.flat]
    return {"strings": {"shape": list(value.shape), "values": values}}


def _encode_csr(value, path, arrays):
    if value.ndim != 2:
        raise TypeError(f"{_where(path)} is a sparse array with {value.ndim} dimension(s), not 2.")
    parts = ("data", "indices", "indptr")
    content = {part: arrays.add(getattr(value, part), (*path, part)) for part in parts}
    return {type(value).__name__: {"shape": [int(size) for size in value.shape], **content}}


def _encode_estimator(estimator, name, path, arrays):
    params = estimator.get_params(deep=False)
    state = {
        key: value
        for key, value in vars(estimator).items()
        if key not in params and key not in registry.left_out(name)
    }
    for key in state:
        if not registry.is_plain_attribute(type(estimator), key):
            raise TypeError(
                f"{_where((*path, key))} hides something of the class {name}, so that it cannot be "
                "saved. Delete that attribute of the instance."
            )
    content = {"class": name}
    for part, values in (("params", params), ("attributes", state)):
        # In one order, so that names of shared arrays do not depend on that of assignment.
        content[part] = {key: _encode(v, (*path, key), arrays) for key, v in sorted(values.items())}
    return {"estimator": content}


def _encode_value_object(value, name, path, arrays):
    content = {
        field.name: _encode(getattr(value, field.name), (*path, field.name), arrays)
        for field in fields(value)
    }
    if problem := problem_of(value):
        raise ValueError(f"{_where(path)} cannot be saved: {problem}.")
    return {"value": {"class": name, "fields": content}}


def _not_encodable(value, path):
    cls = type(value)
    what = f"{_where(path)} is of the class {cls.__module__}.{cls.__qualname__}"
    if isinstance(value, np.random.RandomState | np.random.Generator):
        return TypeError(f"{what}, which cannot be saved. Pass an int or None as random_state.")
    if callable(value):
        known = ", ".join(sorted(registry.FUNCTIONS))
        name = getattr(value, "__qualname__", repr(value))
        return TypeError(
            f"{_where(path)} is {name!r}, which can be called and thus not be saved: a file holds "
            f"no code. The only functions that can be named in one are {known}."
        )
    return TypeError(f"{what}, which cannot be saved. {_ADVICE.format(registry.allowed_names())}")


def _where(path):
    return ".".join(path) or "What is to be saved"


_ENCODERS = {
    type(None): _encode_plain,
    bool: _encode_plain,
    int: _encode_int,
    float: _encode_float,
    str: _encode_str,
    np.str_: _encode_numpy_str,
    list: _encode_list,
    tuple: _encode_tuple,
    dict: _encode_dict,
    slice: _encode_slice,
    np.ndarray: _encode_array,
    np.memmap: _encode_array,
    sp.csr_matrix: _encode_csr,
    sp.csr_array: _encode_csr,
}
