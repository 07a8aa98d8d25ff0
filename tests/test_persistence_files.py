"""Damaged and forged files are refused, with the reason; nothing of them is executed."""

import contextlib
import copy
import hashlib
import io
import json
import os
import tracemalloc
import zipfile

import numpy as np
import pytest
import scipy.sparse as sp
import sklearn
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import save as to_safetensors
from sklearn.exceptions import InconsistentVersionWarning
from sklearn.linear_model import Ridge
from sklearn.neighbors import KNeighborsRegressor

import skgenes
from skgenes.networks import DenseLayer, DenseNetwork, Scaling, initial_branched_network
from skgenes.persistence import InvalidFileError
from skgenes.persistence._archive import ENTRIES

RNG = np.random.default_rng(0)
X = RNG.normal(size=(12, 3))


def network():
    layers = [
        DenseLayer(RNG.normal(size=shape).astype("f4"), np.zeros(shape[1], "f4"), "tanh")
        for shape in [(3, 4), (4, 2)]
    ]
    return DenseNetwork(tuple(layers), Scaling(np.zeros(3), np.ones(3)))


ESTIMATOR = Ridge().fit(X, X[:, :2])
ESTIMATOR.network_ = network()
ESTIMATOR.runs_ = (initial_branched_network([3, 2], [((4, 2),), ((2, 1),)], (5,), 2, RNG),)
ESTIMATOR.names_ = np.array(["TP53", "MYC"], dtype=object)


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """Bytes of a good file."""
    path = tmp_path_factory.mktemp("good") / "it.skgenes"
    skgenes.save(ESTIMATOR, path)
    return path.read_bytes()


@pytest.fixture
def refused(tmp_path):
    """Assert that bytes cannot be loaded, for a reason."""
    path = tmp_path / "forged.skgenes"

    def refuse(data, reason):
        path.write_bytes(data)
        with pytest.raises(InvalidFileError, match=rf"(?s)forged\.skgenes': .*{reason}"):
            skgenes.load(path)

    return refuse


def signed(data):
    """Put the right digest at the end of an archive whose comment has room for one."""
    return data[:-64] + hashlib.sha256(data[:-64]).hexdigest().encode()


def archive(entries, compression=zipfile.ZIP_STORED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as zipped:
        for name, content in entries:
            zipped.writestr(name, content)
        zipped.comment = b"0" * 64
    return signed(file.getvalue())


def parts(data):
    with zipfile.ZipFile(io.BytesIO(data)) as zipped:
        return json.loads(zipped.read(ENTRIES[0])), zipped.read(ENTRIES[1])


def forged(good, change, payload=None):
    """Change the manifest of a file as somebody would who knows how files are made."""
    manifest, old_payload = parts(good)
    payload = old_payload if payload is None else payload
    manifest["tensors_sha256"] = hashlib.sha256(payload).hexdigest()
    manifest = change(manifest) or manifest
    return archive(zip(ENTRIES, (json.dumps(manifest), payload), strict=True))


def test_forging_works_as_these_tests_need_it(good, tmp_path):
    (tmp_path / "it").write_bytes(forged(good, lambda manifest: None))
    assert repr(skgenes.load(tmp_path / "it")) == repr(ESTIMATOR)


def test_every_flipped_bit_is_noticed(good, tmp_path):
    path = tmp_path / "it.skgenes"
    places = set(RNG.choice(len(good), 400, replace=False))
    places |= {*range(60), *range(len(good) - 240, len(good))}
    for place in sorted(places):
        for bit in range(8):
            flipped = bytearray(good)
            flipped[place] ^= 1 << bit
            path.write_bytes(flipped)
            with pytest.raises(InvalidFileError):
                skgenes.load(path)


def test_truncated_and_extended_files_are_noticed(good, tmp_path):
    path = tmp_path / "it.skgenes"
    lengths = {*range(120), *range(len(good) - 120, len(good)), *range(0, len(good), 97)}
    for data in [*(good[:length] for length in sorted(lengths)), good + b"\0", good + good]:
        path.write_bytes(data)
        with pytest.raises(InvalidFileError, match=r"empty|begin like|damaged or incomplete"):
            skgenes.load(path)


def test_things_that_are_no_such_file(tmp_path, refused):
    with pytest.raises(FileNotFoundError, match="missing"):
        skgenes.load(tmp_path / "missing.skgenes")
    with pytest.raises(InvalidFileError, match="is not a file"):
        skgenes.load(tmp_path)
    refused(b"", "it is empty")
    refused(b"\x80\x04pickle" * 50, "does not begin like")
    refused(signed(b"PK\x03\x04" + b"\0" * 200), "not a valid zip archive")


@pytest.mark.parametrize(
    "names",
    [
        (*ENTRIES, "evil.py"),
        ENTRIES[:1],
        ENTRIES[::-1],
        ("../manifest.json", ENTRIES[1]),
        ("/manifest.json", ENTRIES[1]),
        (ENTRIES[0], ENTRIES[1], ENTRIES[1] + "/"),
        ("manifest.json/", ENTRIES[1]),
    ],
)
def test_archives_with_other_entries_are_refused(names, good, refused):
    manifest, payload = parts(good)
    contents = [json.dumps(manifest).encode(), payload, b""]
    refused(archive(zip(names, contents, strict=False)), "and nothing else")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_archives_with_an_entry_twice_are_refused(good, refused):
    payload = parts(good)[1]
    entries = [(ENTRIES[0], b"{}"), (ENTRIES[1], payload), (ENTRIES[1], payload)]
    refused(archive(entries), "and nothing else")


@pytest.mark.parametrize("compression", [zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA])
def test_compressed_entries_are_refused_unread(compression, refused):
    bomb = archive(zip(ENTRIES, (b"{}", b"\0" * 10_000_000), strict=True), compression)
    tracemalloc.start()
    refused(bomb, "is compressed")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5_000_000


def _patched(data, name, offset, value):
    """Overwrite a field in the central directory's record of an entry."""
    start = data.rindex(b"PK\x01\x02", 0, data.rindex(name.encode())) + offset
    return signed(data[:start] + value + data[start + len(value) :])


def test_entries_that_lie_about_themselves_are_refused(good, refused):
    huge = b"\xfe\xff\xff\x7f" * 2
    refused(_patched(good, ENTRIES[1], 20, huge), "larger than the file")
    refused(_patched(good, ENTRIES[1], 8, b"\x01\x00"), "encrypted")
    refused(_patched(good, ENTRIES[1], 16, b"\0\0\0\0"), "not a valid zip archive")
    refused(_patched(good, ENTRIES[1], 20, b"\1\0\0\0"), "is compressed")


def _set(*keys_and_value):
    *keys, last, value = keys_and_value

    def change(manifest):
        for key in keys:
            manifest = manifest[key]
        manifest[last] = value

    return change


RIDGE = ("estimator", "estimator")
NETWORK = (*RIDGE, "attributes", "network_", "value", "fields")
SECOND = (*NETWORK, "layers", "tuple", 1, "value", "fields")
RUN = (*RIDGE, "attributes", "runs_", "tuple", 0, "value", "fields")
KERNELS = (*RUN, "branches", "tuple", 0, "tuple")
HIDDEN = (*RUN, "hidden", "tuple", 0, "value", "fields")
OTHER = {"array": "network_.layers.0.kernel"}
FORGERIES = [
    (_set("format", "keras"), "not that of a file written by skgenes.save"),
    (_set("schema", 2), "newer skgenes .*schema 2.*reads schemas up to 1. Update"),
    (_set("schema", True), "has the schema True"),
    (_set("schema", 0), "has the schema 0"),
    (_set("extra", 1), "unknown keys or lacks some: .'extra'"),
    (_set("sklearn_version", 1), "versions in its manifest are no text"),
    (_set("tensors_sha256", "0" * 64), "belongs to other tensors"),
    (lambda m: [m], "not that of a file written"),
    (_set("estimator", [1]), "unused|nothing refers to"),
    (_set(*RIDGE, "class", "os.system"), "the class 'os.system', which is not one that can be"),
    (_set(*RIDGE, "class", ["Ridge"]), "which is not one that can be loaded"),
    (_set(*RIDGE, "class", "DenseLayer"), "the class 'DenseLayer', which is not"),
    (_set(*RIDGE, "extra", 1), "should have the keys"),
    (_set(*RIDGE, "params", "evil", 1), "parameters that Ridge does not have: .'evil'"),
    (_set(*RIDGE, "params", [1]), "should be a dict"),
    (_set(*RIDGE, "params", "alpha", {"eval": "1+1"}), "alpha is of an unknown kind: .'eval'"),
    (_set(*RIDGE, "params", "alpha", {"float": "7ff8"}), "alpha should be 8 bytes"),
    (_set(*RIDGE, "params", "alpha", {"float": "no number"}), "alpha should be 8 bytes"),
    (_set(*RIDGE, "params", "alpha", {"strings": {"shape": [0] * 99, "values": []}}), "impossible"),
    (_set(*RIDGE, "params", "alpha", {"function": "system"}), "the function 'system', which"),
    (_set(*RIDGE, "params", "alpha", {"function": "eval"}), "the function 'eval', which"),
    (_set(*RIDGE, "params", "alpha", {"array": "elsewhere"}), "'elsewhere', which is missing"),
    (_set(*RIDGE, "params", "alpha", {"slice": [1]}), "is no slice"),
    (_set(*RIDGE, "params", "alpha", {"dict": [[1.5, 1]]}), "no pair of key and value"),
    (_set(*RIDGE, "params", "alpha", {"dict": [[1, 1], [1, 2]]}), "has a key twice"),
    (_set(*RIDGE, "params", "alpha", {}), "unknown kind"),
    (_set(*RIDGE, "params", "alpha", {"tuple": {}}), "should be a list"),
    (_set(*RIDGE, "params", "alpha", {"numpy": {"dtype": "|O8", "hex": "00" * 8}}), "not a dtype"),
    (_set(*RIDGE, "params", "alpha", {"numpy": {"dtype": "|b1", "hex": "07"}}), "neither true"),
    (_set(*RIDGE, "params", "alpha", json.loads("[" * 100 + "]" * 100)), "nested too deeply"),
    (_set(*RIDGE, "attributes", "predict", 1), "must not be set on a Ridge: 'predict'"),
    (_set(*RIDGE, "attributes", "__class__", 1), "must not be set on a Ridge: '__class__'"),
    (_set(*RIDGE, "attributes", "__x", 1), "must not be set"),
    (_set(*RIDGE, "attributes", "_validate_params", 1), "must not be set"),
    (_set(*RIDGE, "attributes", "_skl_callbacks", []), "must not be set"),
    (_set(*RIDGE, "attributes", "alpha", 1), "must not be set"),
    (_set(*RIDGE, "attributes", "a b", 1), "must not be set"),
    (_set(*NETWORK, "extra", 1), "network_ should have the keys"),
    (_set(*NETWORK, "layers", 3), "layers must be a tuple"),
    (_set(*NETWORK, "layers", "tuple", []), "at least one DenseLayer"),
    (_set(*SECOND, "activation", "softmax"), "'softmax' is unknown; known are identity"),
    (_set(*SECOND, "activation", ["tanh"]), "is unknown"),
    (_set(*SECOND, "bias", None), "bias must be a numeric vector"),
    (_set(*RUN, "extra", 1), "runs_.0 should have the keys"),
    (_set(*RUN, "conv_activation", "os.system"), "conv_activation 'os.system' is unknown"),
    (_set(*RUN, "branches", []), "branches must be a tuple"),
    (_set(*RUN, "branches", "tuple", 0, []), "kernels must be a tuple"),
    (_set(*KERNELS, 0, OTHER), "a kernel must be numeric, with three axes"),
    (_set(*RUN, "hidden", "tuple", [1]), "hidden must hold NormalizedLayer alone"),
    (_set(*RUN, "output", None), "output must be a DenseLayer"),
    (_set(*HIDDEN, "kernel", OTHER), "one value for each of the 4 units"),
    (_set(*HIDDEN, "gamma", 1), "gamma must be a numeric vector"),
    (_set(*RIDGE, "attributes", "names_", "strings", "shape", [3]), "2 values and the shape"),
    (_set(*RIDGE, "attributes", "names_", "strings", "shape", [10**15]), "2 values and the shape"),
    (_set(*RIDGE, "attributes", "names_", "strings", "values", ["a", 1]), "other than text"),
    (_set("tensors", []), "is not a table"),
    (_set("tensors", "coef_", {"dtype": "<f8"}), "tensor 'coef_' is described by"),
    (_set("tensors", "coef_", "dtype", "<f4"), "should be F32 .*but is F64"),
    (_set("tensors", "coef_", "dtype", "|O8"), "is not a dtype"),
    (_set("tensors", "coef_", "dtype", ">b9"), "is not a dtype"),
    (_set("tensors", "coef_", "shape", [3, 2]), r"of shape \[3, 2\], but is .* \[2, 3\]"),
    (_set("tensors", "coef_", "shape", [10**9, 10**9]), "should be"),
    (_set("tensors", "coef_", "shape", [-2, -3]), "has the shape"),
    (_set("tensors", "coef_", "shape", "23"), "has the shape"),
    (_set("tensors", "coef_", "order", "K"), "memory order 'K'"),
    (lambda m: m["tensors"].pop("coef_") and None, r"do not agree about \['coef_'\]"),
    (lambda m: m["estimator"]["estimator"]["attributes"].pop("coef_") and None, "nothing refers"),
]


@pytest.mark.parametrize(("change", "reason"), FORGERIES)
def test_forged_manifests_are_refused(change, reason, good, refused):
    refused(forged(good, change), reason)


def test_files_that_hold_something_else_are_refused(good, refused):
    def change(manifest):
        manifest.update(estimator=[1], tensors={})

    refused(forged(good, change, to_safetensors({})), "it holds no estimator")


def test_layers_of_other_sizes_are_refused(good, refused):
    kernel = {"array": "network_.layers.0.kernel"}
    refused(forged(good, _set(*SECOND, "kernel", kernel)), "bias must be|layer 0 has 4 units")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"{", "not valid JSON"),
        (b"\xff", "not valid JSON"),
        (b'{"format": NaN}', "the number NaN"),
        (b'{"format": 1e999}', "the number 1e999"),
        (b'{"format": 1, "format": 2}', "a key twice"),
        (b"[" * 100_000, "not valid JSON"),
        (b"9" * 10_000, "not valid JSON"),
    ],
)
def test_manifests_that_are_no_strict_json_are_refused(text, reason, good, refused):
    refused(archive(zip(ENTRIES, (text, parts(good)[1]), strict=True)), reason)


def test_tensors_that_claim_to_be_huge_are_refused(good, refused):
    header = {"coef_": {"dtype": "F64", "shape": [1 << 40], "data_offsets": [0, 1 << 43]}}
    text = json.dumps(header).encode()
    payload = len(text).to_bytes(8, "little") + text + b"\0" * 64
    for data in (payload, (1 << 60).to_bytes(8, "little"), b"", b"\0" * 20):
        refused(forged(good, lambda manifest: None, data), "tensors.safetensors cannot be read")


@pytest.mark.parametrize(
    ("dtype", "array", "reason"),
    [
        ("|b1", np.array([2], np.uint8).view(bool), "other than true and false"),
        ("<U1", np.array([[0x110000]], np.uint32), "other than text"),
        ("<U9", np.array([[65]], np.uint32), "should be U32"),
    ],
)
def test_bits_that_are_no_value_are_refused(dtype, array, reason, good, refused):
    def change(manifest):
        manifest["tensors"] = {"coef_": {"dtype": dtype, "shape": [1], "order": "C"}}

    refused(forged(good, change, to_safetensors({"coef_": array})), reason)


def test_impossible_parts_of_an_estimator_are_refused(tmp_path, refused):
    skgenes.save(KNeighborsRegressor(2, algorithm="kd_tree").fit(X, X), tmp_path / "it")
    data = (tmp_path / "it").read_bytes()
    refused(forged(data, _set(*RIDGE, "attributes", "effective_metric_", "os")), "be made ready")
    incomplete = {"class": "LandmarkReconstructor", "params": {}, "attributes": {}}
    change = _set("estimator", {"estimator": incomplete})
    refused(forged(data, change), "cannot be made: .*missing 2 required")


@pytest.mark.parametrize(
    ("part", "value", "reason"),
    [
        ("shape", [12], r"is no matrix of shape \(12,\)"),
        ("shape", [11, 3], "is no sparse matrix"),
        ("shape", [12, 2], "is no sparse matrix"),
        ("shape", [12, 1 << 70], "is no sparse matrix"),
        ("data", "_y", "is no matrix of shape"),
        ("indices", "_fit_X.data", "indices that are no integers"),
        ("indptr", "_fit_X.indices", "is no sparse matrix"),
    ],
)
@pytest.mark.parametrize("make", [sp.csr_array, sp.csr_matrix])
def test_impossible_sparse_matrices_are_refused(make, part, value, reason, tmp_path, refused):
    fitted = KNeighborsRegressor(2).fit(make(X), X)
    fitted._fit_X = make(fitted._fit_X)
    skgenes.save(fitted, tmp_path / "it")
    change = _set(*RIDGE, "attributes", "_fit_X", make.__name__, part, value)
    refused(forged((tmp_path / "it").read_bytes(), change), reason)


JSON_VALUES = st.one_of(
    st.none(),
    st.integers(-3, 3),
    st.text(max_size=3),
    st.sampled_from([{}, [], {"tuple": [1]}, {"array": "coef_"}, {"dict": []}]),
)


@settings(max_examples=300, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_whatever_is_put_anywhere_is_loaded_or_refused(good, tmp_path, data):
    manifest = parts(good)[0]
    node = changed = copy.deepcopy(manifest)
    for _ in range(data.draw(st.integers(0, 9))):
        keys = list(node) if isinstance(node, dict) else range(len(node))
        inner = [key for key in keys if isinstance(node[key], dict | list) and node[key]]
        if not inner:
            break
        node = node[data.draw(st.sampled_from(inner))]
    keys = sorted(node) if isinstance(node, dict) else range(len(node))
    node[data.draw(st.sampled_from(keys))] = data.draw(JSON_VALUES)
    (tmp_path / "it").write_bytes(forged(good, lambda _: changed))
    with contextlib.suppress(InvalidFileError, InconsistentVersionWarning):
        skgenes.load(tmp_path / "it")


def test_another_minor_version_of_scikit_learn_is_told(good, tmp_path):
    path = tmp_path / "it"
    path.write_bytes(forged(good, _set("sklearn_version", "1.2.3")))
    with pytest.warns(InconsistentVersionWarning, match=r"Ridge from version 1\.2\.3") as caught:
        skgenes.load(path)
    assert caught[0].filename == __file__
    patch = ".".join([*sklearn.__version__.split(".")[:2], "99"])
    path.write_bytes(forged(good, _set("sklearn_version", patch)))
    skgenes.load(path)


def test_versions_of_scikit_learn_do_not_matter_to_other_estimators(tmp_path):
    path = tmp_path / "it"
    skgenes.save(network(), path)
    path.write_bytes(forged(path.read_bytes(), _set("sklearn_version", "1.2.3")))
    skgenes.load(path)


def test_paths_may_be_text_or_bytes(tmp_path):
    for path in (os.fspath(tmp_path / "it"), os.fsencode(tmp_path / "it")):
        skgenes.save(ESTIMATOR, path)
        assert repr(skgenes.load(path)) == repr(ESTIMATOR)
