"""The manifest: what a file says about itself, as strict JSON."""

import hashlib
import json
import math

import sklearn

import skgenes
from skgenes.persistence._errors import InvalidFileError

FORMAT = "skgenes"
SCHEMA = 1
_KEYS = {
    "estimator",
    "format",
    "schema",
    "sklearn_version",
    "skgenes_version",
    "tensors",
    "tensors_sha256",
}


def write_manifest(tree, table, payload):
    """Describe an encoded estimator.

    Parameters
    ----------
    tree : object
        The estimator as JSON values.
    table : dict of str to dict
        dtype, shape and memory order of its arrays.
    payload : bytes
        The arrays.

    Returns
    -------
    bytes
        JSON in ASCII with sorted keys.
    """
    manifest = {
        "estimator": tree,
        "format": FORMAT,
        "schema": SCHEMA,
        "sklearn_version": sklearn.__version__,
        "skgenes_version": skgenes.__version__,
        "tensors": table,
        "tensors_sha256": hashlib.sha256(payload).hexdigest(),
    }
    text = json.dumps(manifest, sort_keys=True, allow_nan=False, separators=(",", ":"))
    return text.encode("ascii")


def read_manifest(data, payload):
    """Parse and check a manifest.

    Parameters
    ----------
    data : bytes
        The manifest.
    payload : bytes
        The arrays that belong to it.

    Returns
    -------
    dict
        Its values; the estimator and the table of tensors are not looked at.

    Raises
    ------
    InvalidFileError
        If it is no manifest, is newer than this version of skgenes, or belongs to other arrays.
    """
    manifest = _parse(data)
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise InvalidFileError("its manifest is not that of a file written by skgenes.save")
    _check_schema(manifest.get("schema"), manifest.get("skgenes_version"))
    if manifest.keys() != _KEYS:
        odd = sorted(manifest.keys() ^ _KEYS)
        raise InvalidFileError(f"its manifest has unknown keys or lacks some: {odd[:5]}")
    if not all(isinstance(manifest[key], str) for key in ("sklearn_version", "skgenes_version")):
        raise InvalidFileError("the versions in its manifest are no text")
    if manifest["tensors_sha256"] != hashlib.sha256(payload).hexdigest():
        raise InvalidFileError("its manifest belongs to other tensors (tensors_sha256 differs)")
    return manifest


def _check_schema(schema, version):
    if type(schema) is not int or schema < 1:
        raise InvalidFileError(f"its manifest has the schema {schema!r}")
    if schema > SCHEMA:
        raise InvalidFileError(
            f"it was written by a newer skgenes ({version!r:.40}, schema {schema}); this one, "
            f"{skgenes.__version__}, reads schemas up to {SCHEMA}. Update skgenes."
        )


def _parse(data):
    try:
        return json.loads(
            data.decode("ascii"),
            object_pairs_hook=_without_repeats,
            parse_constant=_finite,
            parse_float=_finite,
        )
    except InvalidFileError:
        raise
    except (ValueError, RecursionError) as error:
        raise InvalidFileError(f"its manifest is not valid JSON: {error}") from None


def _without_repeats(pairs):
    result = dict(pairs)
    if len(result) != len(pairs):
        raise InvalidFileError("its manifest has a key twice in one object")
    return result


def _finite(text):
    value = float(text)
    if not math.isfinite(value):
        raise InvalidFileError(f"its manifest has the number {text:.40}")
    return value
