"""From a tree of JSON values and named arrays back to an estimator, the inverse of `_encode`."""

import math
import struct
from dataclasses import fields

import numpy as np
import scipy.sparse as sp

from skgenes.persistence import _registry as registry
from skgenes.persistence._checks import bytes_of, check_keys, checked, invalid, known, where
from skgenes.persistence._encode import MAX_DEPTH
from skgenes.persistence._errors import InvalidFileError
from skgenes.persistence._rebuild import finish
from skgenes.persistence._tensors import dtype_named, read_shape
from skgenes.persistence._value_objects import problem_of


def decode(node, arrays, path=()):
    """Make the value that `encode` described.

    Parameters
    ----------
    node : object
        JSON values.
    arrays : dict of str to ndarray
        The arrays that `node` refers to.
    path : tuple of str, default=()
        Where the value is, for messages.

    Returns
    -------
    value : object
        What was described.
    classes : set of str
        Names of the estimators' classes in it.

    Raises
    ------
    InvalidFileError
        If `node` is not what `encode` makes, or does not use all arrays.
    """
    source = _Source(arrays)
    value = _decode(node, source, path)
    if unused := sorted(arrays.keys() - source.used):
        raise InvalidFileError(f"it has arrays that nothing refers to: {unused[:5]}")
    return value, source.classes


class _Source:
    """The arrays of a file, and what of it was met so far."""

    def __init__(self, arrays):
        self.arrays = arrays
        self.used = set()
        self.classes = set()

    def take(self, name, path):
        if not isinstance(name, str) or name not in self.arrays:
            raise invalid(path, f"needs the array {name!r}, which is missing")
        self.used.add(name)
        return self.arrays[name]


def _decode(node, source, path):
    if len(path) > MAX_DEPTH:
        raise invalid(path[:5], "is nested too deeply")
    if isinstance(node, list):
        return [_decode(item, source, (*path, str(i))) for i, item in enumerate(node)]
    if not isinstance(node, dict):
        return node
    kind = next(iter(node), None)
    if len(node) != 1 or kind not in _DECODERS:
        raise invalid(path, f"is of an unknown kind: {sorted(node)[:5]}")
    return _DECODERS[kind](node[kind], source, path)


def _decode_float(bits, source, path):
    return struct.unpack(">d", bytes_of(bits, 8, path))[0]


def _decode_numpy(content, source, path):
    check_keys(content, {"dtype", "hex"}, path)
    dtype = dtype_named(content["dtype"])
    bits = bytes_of(content["hex"], dtype.itemsize, path)
    if dtype.kind == "b" and bits not in (b"\0", b"\1"):
        raise invalid(path, f"is neither true nor false: {content['hex']!r}")
    return np.frombuffer(bits, dtype)[0]


def _decode_numpy_str(text, source, path):
    return np.str_(checked(text, str, path))


def _decode_tuple(items, source, path):
    return tuple(_decode(checked(items, list, path), source, path))


def _decode_dict(pairs, source, path):
    result = {}
    for pair in checked(pairs, list, path):
        if not isinstance(pair, list) or len(pair) != 2 or type(pair[0]) not in (str, int):
            raise invalid(path, f"has an entry that is no pair of key and value: {pair!r:.80}")
        result[pair[0]] = _decode(pair[1], source, (*path, str(pair[0])))
    if len(result) != len(pairs):
        raise invalid(path, "has a key twice")
    return result


def _decode_slice(bounds, source, path):
    if not isinstance(bounds, list) or len(bounds) != 3:
        raise invalid(path, f"is no slice: {bounds!r:.80}")
    return slice(*_decode(bounds, source, path))


def _decode_array(name, source, path):
    return source.take(name, path)


def _decode_strings(content, source, path):
    check_keys(content, {"shape", "values"}, path)
    shape = read_shape(content["shape"], where(path))
    values = checked(content["values"], list, path)
    # Before anything of that shape is made.
    if math.prod(shape) != len(values) or not all(isinstance(value, str) for value in values):
        raise invalid(path, f"has {len(values)} values and the shape {shape}, or other than text")
    flat = np.empty(len(values), dtype=object)
    flat[:] = values
    try:
        return flat.reshape(shape)
    except ValueError:
        raise invalid(path, f"has the impossible shape {shape}") from None


def _decode_csr(make):
    def decode_csr(content, source, path):
        check_keys(content, {"shape", "data", "indices", "indptr"}, path)
        shape = read_shape(content["shape"], where(path))
        data, indices, indptr = (
            source.take(content[part], path) for part in ("data", "indices", "indptr")
        )
        if len(shape) != 2 or any(part.ndim != 1 for part in (data, indices, indptr)):
            raise invalid(path, f"is no matrix of shape {shape}")
        if indices.dtype.kind != "i" or indptr.dtype.kind != "i":
            raise invalid(path, "has indices that are no integers")
        try:
            matrix = make((data, indices, indptr), shape=shape)
            matrix.check_format(full_check=True)
        except (ValueError, OverflowError) as error:
            raise invalid(path, f"is no sparse matrix: {error}") from None
        # The constructor may have changed their dtype.
        matrix.indices, matrix.indptr = indices, indptr
        return matrix

    return decode_csr


def _decode_function(name, source, path):
    return registry.resolve(known(name, registry.FUNCTIONS, "function", path), registry.FUNCTIONS)


def _decode_estimator(content, source, path):
    check_keys(content, {"class", "params", "attributes"}, path)
    name = known(content["class"], registry.ESTIMATORS, "class", path)
    source.classes.add(name)
    cls = registry.resolve(name, registry.ESTIMATORS)
    params = checked(content["params"], dict, path)
    attributes = checked(content["attributes"], dict, path)
    known_params = set(cls._get_param_names())
    if unknown := sorted(params.keys() - known_params):
        raise invalid(path, f"has parameters that {name} does not have: {unknown[:5]}")
    not_state = known_params | registry.left_out(name)
    for key in attributes:
        if key in not_state or not registry.is_plain_attribute(cls, key):
            raise invalid(path, f"has an attribute that must not be set on a {name}: {key!r}")
    params = {key: _decode(node, source, (*path, key)) for key, node in params.items()}
    try:
        estimator = cls(**params)
    except (TypeError, ValueError) as error:
        raise invalid(path, f"cannot be made: {error}") from None
    for key, node in attributes.items():
        setattr(estimator, key, _decode(node, source, (*path, key)))
    try:
        return finish(estimator, name)
    except (AttributeError, TypeError, ValueError) as error:
        raise invalid(path, f"cannot be made ready: {error}") from None


def _decode_value_object(content, source, path):
    check_keys(content, {"class", "fields"}, path)
    name = known(content["class"], registry.VALUE_OBJECTS, "class", path)
    cls = registry.resolve(name, registry.VALUE_OBJECTS)
    check_keys(content["fields"], {field.name for field in fields(cls)}, path)
    nodes = content["fields"].items()
    value = cls(**{key: _decode(node, source, (*path, key)) for key, node in nodes})
    if problem := problem_of(value):
        raise invalid(path, f"does not fit together: {problem}")
    return value


_DECODERS = {
    "array": _decode_array,
    "csr_array": _decode_csr(sp.csr_array),
    "csr_matrix": _decode_csr(sp.csr_matrix),
    "dict": _decode_dict,
    "estimator": _decode_estimator,
    "float": _decode_float,
    "function": _decode_function,
    "numpy": _decode_numpy,
    "numpy_str": _decode_numpy_str,
    "slice": _decode_slice,
    "strings": _decode_strings,
    "tuple": _decode_tuple,
    "value": _decode_value_object,
}
