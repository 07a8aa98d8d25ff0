"""Save an estimator to one file, and load it from there."""

import os
import warnings

import sklearn
from sklearn.exceptions import InconsistentVersionWarning

from skgenes.persistence import _registry as registry
from skgenes.persistence._archive import read_archive, write_archive
from skgenes.persistence._decode import decode
from skgenes.persistence._encode import encode
from skgenes.persistence._errors import InvalidFileError
from skgenes.persistence._manifest import read_manifest, write_manifest
from skgenes.persistence._tensors import from_safetensors, to_safetensors
from skgenes.utils import write_atomically


def save(estimator, path):
    """Save an estimator, fitted or not, to one file.

    Parameters
    ----------
    estimator : estimator
        One of those under Notes, or a `DenseNetwork`, `DenseLayer` or `Scaling`.
    path : str or path-like
        Where to write; ".skgenes" is the usual suffix. A file that is there is replaced, once
        the new one is complete.

    Raises
    ------
    TypeError
        If the estimator, or something in it, is of a class that cannot be saved. The message says
        which and where, for example ``regressor_.random_state``.
    ValueError
        If the layers of a network do not fit together.
    OSError
        If the file cannot be written. Whatever goes wrong, the old file stays as it was.

    See Also
    --------
    load : The way back.

    Notes
    -----
    Besides the estimators of skgenes, these of scikit-learn can be saved, alone or as parts of
    others: KNeighborsRegressor, LinearRegression, MLPRegressor, MultiTaskElasticNet,
    MultiTaskLasso, PCA, Pipeline, Ridge, RidgeCV, SelectFromModel, SelectKBest, StandardScaler and
    VarianceThreshold.

    The file is an uncompressed zip archive of two entries. ``manifest.json`` holds class names,
    parameters and fitted attributes, with the name, dtype and shape of every array;
    ``tensors.safetensors`` holds the arrays. The manifest has the SHA-256 of the second entry, and
    the comment of the archive is the SHA-256, in hexadecimal, of all bytes before it. Both protect
    against damage, down to a single bit, not against somebody who forges a file on purpose.

    Everything needed to infer comes back bit for bit. Not written are callbacks, the search tree
    of a KNeighborsRegressor, which is built again, and the state of the optimiser of an
    MLPRegressor, whose training would begin afresh. The same estimator gives the same file.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> import skgenes
    >>> from sklearn.linear_model import Ridge
    >>> X = np.random.default_rng(0).normal(size=(20, 3))
    >>> ridge = Ridge().fit(X, X @ [[1.0], [2.0], [3.0]])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     skgenes.save(ridge, Path(folder, "ridge.skgenes"))
    ...     loaded = skgenes.load(Path(folder, "ridge.skgenes"))
    >>> bool(np.all(loaded.predict(X) == ridge.predict(X)))
    True
    """
    if not (registry.estimator_name(estimator) or registry.value_object_name(estimator)):
        cls = type(estimator)
        raise TypeError(
            f"save takes an estimator of one of these classes (no subclasses of them): "
            f"{registry.allowed_names()}; got {cls.__module__}.{cls.__qualname__}."
        )
    tree, arrays = encode(estimator)
    table, payload = to_safetensors(arrays)
    contents = write_manifest(tree, table, payload), payload
    write_atomically(path, lambda file: write_archive(file, contents))


def load(path):
    """Load an estimator that `save` has written.

    Parameters
    ----------
    path : str or path-like
        The file.

    Returns
    -------
    estimator
        A new object, as it was when it was saved.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    InvalidFileError
        A `ValueError`: if the file is damaged, incomplete, not written by `save`, or written by a
        newer skgenes. The message says what was found.

    Warns
    -----
    sklearn.exceptions.InconsistentVersionWarning
        If the file holds estimators of scikit-learn and was written under another minor version
        of it.

    See Also
    --------
    save : Which estimators can be saved, and the format of the file.

    Notes
    -----
    Nothing in a file is executed: it names classes of a fixed list and holds numbers and text.
    Whoever forges a file can make an estimator that infers nonsense, and no more. No more memory
    is taken than a small multiple of the size of the file.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import skgenes
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "panel.skgenes")
    ...     skgenes.save(skgenes.neural_network.GeneAutoEncoder((50, 10)), path)
    ...     skgenes.load(path)
    GeneAutoEncoder(hidden_layer_sizes=(50, 10))
    """
    path = os.fsdecode(path)
    if os.path.exists(path) and not os.path.isfile(path):
        raise InvalidFileError(f"{path!r} is not a file. Pass the path of one written by save.")
    try:
        with open(path, "rb") as file:
            estimator, classes, version = _restore(*read_archive(file))
    except InvalidFileError as error:
        raise InvalidFileError(f"Cannot load {path!r}: {error}.") from None
    _warn_of_other_version(classes, version)
    return estimator


def _restore(data, payload):
    manifest = read_manifest(data, payload)
    arrays = from_safetensors(manifest["tensors"], payload)
    estimator, classes = decode(manifest["estimator"], arrays)
    if not (registry.estimator_name(estimator) or registry.value_object_name(estimator)):
        raise InvalidFileError("it holds no estimator")
    return estimator, classes, manifest["sklearn_version"]


def _warn_of_other_version(classes, version):
    theirs = sorted(name for name in classes if registry.is_sklearn(name))
    if theirs and version.split(".")[:2] != sklearn.__version__.split(".")[:2]:
        warnings.warn(
            InconsistentVersionWarning(
                estimator_name=", ".join(theirs),
                current_sklearn_version=sklearn.__version__,
                original_sklearn_version=version,
            ),
            stacklevel=3,
        )
