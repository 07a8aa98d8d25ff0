"""Writing is all or nothing; files and pickles are read by processes without TensorFlow."""

import os
import pickle
import stat
import subprocess
import sys

import joblib
import numpy as np
import pytest
from sklearn.linear_model import Ridge

import skgenes
from skgenes.compose import LandmarkReconstructor
from skgenes.feature_selection import AutoEncoderDeepLIFTSelector
from skgenes.neural_network import DGEXRegressor, GeneAutoEncoder
from skgenes.persistence import _save_load

X = np.random.default_rng(0).normal(size=(30, 12)).cumsum(axis=1)


@pytest.fixture(scope="module")
def model():
    autoencoder = GeneAutoEncoder((8, 3), max_iter=2, random_state=0)
    selector = AutoEncoderDeepLIFTSelector(4, autoencoder=autoencoder)
    return LandmarkReconstructor(selector, DGEXRegressor((6,), max_iter=2, random_state=0)).fit(X)


def _raise(error):
    def fail(*args, **kwargs):
        raise error

    return fail


@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt(), MemoryError()])
@pytest.mark.parametrize(
    ("where", "what"),
    [
        (os, "fsync"),
        (os, "replace"),
        (os, "chmod"),
        (_save_load, "encode"),
        (_save_load, "to_safetensors"),
        (_save_load, "write_archive"),
    ],
)
def test_the_old_file_survives_whatever_goes_wrong(where, what, error, tmp_path, monkeypatch):
    path = tmp_path / "it.skgenes"
    skgenes.save(Ridge(), path)
    before = path.read_bytes()
    monkeypatch.setattr(where, what, _raise(error))
    with pytest.raises(type(error)):
        skgenes.save(Ridge(alpha=2), path)
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["it.skgenes"]
    skgenes.save(Ridge(alpha=2), path)
    assert skgenes.load(path).alpha == 2


def test_half_written_archives_leave_nothing(tmp_path, monkeypatch):
    def write_some(file, contents):
        file.write(b"PK")
        raise KeyboardInterrupt

    monkeypatch.setattr(_save_load, "write_archive", write_some)
    with pytest.raises(KeyboardInterrupt):
        skgenes.save(Ridge(), tmp_path / "new.skgenes")
    assert not os.listdir(tmp_path)


def test_places_that_cannot_be_written_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"There is no folder .*elsewhere"):
        skgenes.save(Ridge(), tmp_path / "elsewhere" / "it")
    with pytest.raises(IsADirectoryError, match="is a folder"):
        skgenes.save(Ridge(), tmp_path)
    assert not os.listdir(tmp_path)


@pytest.mark.skipif(os.name != "posix", reason="permissions as on POSIX")
class TestOnPosix:
    @pytest.mark.parametrize("umask", [0o022, 0o077, 0o002])
    def test_permissions_of_new_files_follow_the_umask(self, umask, tmp_path):
        before = os.umask(umask)
        try:
            skgenes.save(Ridge(), tmp_path / "it")
        finally:
            os.umask(before)
        assert stat.S_IMODE(os.stat(tmp_path / "it").st_mode) == 0o666 & ~umask

    def test_permissions_of_old_files_stay(self, tmp_path):
        path = tmp_path / "it"
        skgenes.save(Ridge(), path)
        path.chmod(0o640)
        skgenes.save(Ridge(), path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o640

    def test_links_are_followed(self, tmp_path):
        (tmp_path / "link").symlink_to(tmp_path / "it")
        skgenes.save(Ridge(), tmp_path / "link")
        assert (tmp_path / "link").is_symlink()
        assert repr(skgenes.load(tmp_path / "it")) == "Ridge()"

    def test_pipes_are_neither_replaced_nor_read(self, tmp_path):
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(OSError, match="not an ordinary file"):
            skgenes.save(Ridge(), tmp_path / "pipe")
        with pytest.raises(ValueError, match="is not a file"):
            skgenes.load(tmp_path / "pipe")


PREDICT = """
import sys
import numpy as np
{read}
X = np.load("X.npy")
np.testing.assert_array_equal(model.predict(X), np.load("expected.npy"))
model.reconstruct(X), model.selector_.transform(X), model.selector_.autoencoder_.transform(X)
heavy = {{"keras", "tensorflow"}} & sys.modules.keys()
assert not heavy, heavy
"""
READERS = {
    "skgenes": "import skgenes; model = skgenes.load('model')",
    "pickle": "import pickle; model = pickle.load(open('model', 'rb'))",
    "joblib": "import joblib; model = joblib.load('model')",
}
WRITERS = {
    "skgenes": skgenes.save,
    "pickle": lambda model, path: path.write_bytes(pickle.dumps(model)),
    "joblib": joblib.dump,
}


@pytest.mark.parametrize("way", READERS)
def test_another_process_predicts_without_tensorflow(way, model, tmp_path):
    WRITERS[way](model, tmp_path / "model")
    np.save(tmp_path / "X.npy", X)
    np.save(tmp_path / "expected.npy", model.predict(X))
    code = PREDICT.format(read=READERS[way])
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("way", READERS)
def test_files_are_small(way, model, tmp_path):
    WRITERS[way](model, tmp_path / "model")
    assert (tmp_path / "model").stat().st_size < 20_000


def test_pickles_do_not_grow_with_the_training_data():
    sizes = []
    for data in (X, np.tile(X, (50, 1))):
        fitted = GeneAutoEncoder((8, 3), max_iter=1, batch_size=500, random_state=0).fit(data)
        sizes.append(len(pickle.dumps(fitted)))
    assert abs(sizes[0] - sizes[1]) < 100


def test_saving_and_loading_import_no_tensorflow(tmp_path):
    code = (
        "import sys, skgenes\n"
        "skgenes.save(skgenes.neural_network.GeneAutoEncoder(), 'it')\n"
        "skgenes.load('it')\n"
        "assert not {'keras', 'tensorflow'} & sys.modules.keys()\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
