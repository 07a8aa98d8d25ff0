"""The container: picking genes and regulators, sums, files, and scikit-learn's tools."""

import pickle

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    cross_val_predict,
    train_test_split,
)
from sklearn.utils import check_array

from skgenes.feature_extraction import RegulatoryTracks, Track

GENES = [f"G{i}" for i in range(12)]
LENGTHS = np.array([3, 1, 0, 5, 2, 2, 1, 7, 0, 4, 3, 2])


def random_track(lengths, n_features, seed=0, bin_size=100):
    rng = np.random.default_rng(seed)
    bins = rng.integers(0, 101, size=(sum(lengths), n_features)) * (
        rng.random((sum(lengths), n_features)) < 0.4
    )
    names = ["mask", *(f"R{i}" for i in range(1, n_features))]
    return Track(bins, np.concatenate([[0], np.cumsum(lengths)]), names, bin_size=bin_size)


@pytest.fixture
def tracks():
    promoter = random_track(np.full(12, 3), 6, seed=1)
    return RegulatoryTracks(GENES, promoter=promoter, rna=random_track(LENGTHS, 4))


def genes_apart(track):
    return np.split(track.bins.toarray(), track.offsets[1:-1])


def test_what_it_is(tracks):
    assert tracks.shape == (12, 10)
    assert len(tracks) == 12
    assert list(tracks.parts) == ["promoter", "rna"]
    assert tracks.genes.tolist() == GENES
    assert tracks.rna.lengths.tolist() == LENGTHS.tolist()
    assert tracks.rna.bins.dtype == np.float32
    for bins in (tracks.rna.bins, tracks[[3, 1]].rna.bins, tracks.select(["R1"]).rna.bins):
        assert (bins.indices.dtype, bins.indptr.dtype) == (np.int32, np.int32)
    expected = (
        "RegulatoryTracks(12 genes; promoter: 36 bins of 100 x 6 features; "
        "rna: 30 bins of 100 x 4 features)"
    )
    assert repr(tracks) == expected
    assert repr(tracks.rna) == (
        f"Track(12 genes, 30 bins of 100 x 4 features, {tracks.rna.bins.nnz} values)"
    )
    alone = RegulatoryTracks(GENES, rna=tracks.rna)
    assert (alone.shape, alone.promoter, list(alone.parts)) == ((12, 4), None, ["rna"])


MASK = np.arange(12) % 3 == 0
ROWS = [
    (slice(2, 9, 3), [2, 5, 8]),
    (slice(None), range(12)),
    (slice(None, None, -1), range(11, -1, -1)),
    ([7, 0, 0, 3], [7, 0, 0, 3]),
    (np.array([7, 2], dtype=np.uint8), [7, 2]),
    ([-1, -12], [11, 0]),
    (MASK, np.flatnonzero(MASK)),
    (MASK.tolist(), np.flatnonzero(MASK)),
    ([], []),
    (["G4", "G2"], [4, 2]),
    (np.array(["G4", "G2"], dtype=object), [4, 2]),
    (([1, 2], ...), [1, 2]),
    ((slice(3), slice(None)), [0, 1, 2]),
    (([5],), [5]),
    ((), range(12)),
]


@pytest.mark.parametrize(("key", "expected"), ROWS, ids=lambda value: repr(value)[:30])
def test_rows(tracks, key, expected):
    picked = tracks[key]
    assert isinstance(picked, RegulatoryTracks)
    assert picked.genes.tolist() == [GENES[i] for i in expected]
    for part, track in picked.parts.items():
        whole = genes_apart(tracks.parts[part])
        assert len(track) == len(picked) == len(expected)
        for found, i in zip(genes_apart(track), expected, strict=False):
            np.testing.assert_array_equal(found, whole[i])
        assert track.offsets[-1] == track.bins.shape[0]
        assert track == Track(track.bins, track.offsets, track.regulators)


@pytest.mark.parametrize(
    ("key", "error", "match"),
    [
        (3, TypeError, r"for a single gene tracks\[\[3\]\]"),
        ("G3", TypeError, r"or tracks\[\['TP53'\]\]"),
        (([1], [2]), TypeError, "Columns .* are picked by name: tracks.select"),
        ([[1, 2]], TypeError, "one-dimensional"),
        ([12], IndexError, "There is no gene 12 among 12"),
        ([0, -13], IndexError, "There is no gene -13 among 12"),
        ([True, False], IndexError, "mask has 2 values for 12 genes"),
        (["G1", "TP53"], KeyError, "1 of these are no genes in here: 'TP53'"),
        ([1.5], KeyError, "no genes in here: 1.5"),
    ],
)
def test_bad_rows(tracks, key, error, match):
    with pytest.raises(error, match=match):
        tracks[key]


def test_nothing_densifies_by_accident(tracks):
    for densify in (np.asarray, np.array, check_array, sp.csr_array):
        with pytest.raises((TypeError, ValueError)):
            densify(tracks)
    with pytest.raises(TypeError):
        np.asarray(tracks, dtype=float)
    with pytest.raises(TypeError, match=r"no array, as genes .* tracks\.fold_sums\(part, 0\)"):
        np.asarray(tracks)
    with pytest.raises(TypeError, match="not iterable"):
        iter(tracks)


def test_shuffled(tracks):
    both = tracks.shuffled(random_state=0)
    assert both == tracks.shuffled(random_state=0) != tracks.shuffled(random_state=1)
    assert both.genes.tolist() == GENES
    for part, track in both.parts.items():
        before, after = genes_apart(tracks.parts[part]), genes_apart(track)
        # Genes without bins look alike, all others are found once.
        assert sorted(map(repr, before)) == sorted(map(repr, after))
        assert (track.regulators == tracks.parts[part].regulators).all()
    one = tracks.shuffled(part="rna", random_state=0)
    assert one.promoter is tracks.promoter
    assert one.rna != tracks.rna
    many = RegulatoryTracks(
        [f"G{i}" for i in range(200)],
        promoter=Track(np.arange(1, 201)[:, None], np.arange(201), ["mask"]),
        rna=Track(np.arange(1, 201)[:, None], np.arange(201), ["mask"]),
    ).shuffled(random_state=0)
    assert many.promoter != many.rna
    with pytest.raises(ValueError, match="There is no part 'dna'; there is 'promoter', 'rna'"):
        tracks.shuffled(part="dna")


def test_select_and_without(tracks):
    kept = tracks.select(["R3", "R5"])
    assert kept.promoter.regulators.tolist() == ["mask", "R3", "R5"]
    assert kept.rna.regulators.tolist() == ["mask", "R3"]
    np.testing.assert_array_equal(
        kept.promoter.bins.toarray(), tracks.promoter.bins.toarray()[:, [0, 3, 5]]
    )
    one = tracks.select("R3", part="rna")
    assert one.rna.regulators.tolist() == ["mask", "R3"]
    assert one.promoter is tracks.promoter
    assert tracks.select([]).shape == (12, 2)

    out = tracks.without("R3")
    assert out.shape == tracks.shape
    for part, track in out.parts.items():
        expected = tracks.parts[part].bins.toarray()
        assert expected[:, 3].any()
        expected[:, 3] = 0
        np.testing.assert_array_equal(track.bins.toarray(), expected)
        assert track.bins.data.all()
    half = tracks.without(["R3"], part="rna")
    assert half.promoter is tracks.promoter
    assert half.rna == out.rna
    assert out != tracks


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda t: t.select(["R1", "X"]), "1 regulator.s. are not among the 6 of promoter and rna"),
        (lambda t: t.select(["R5"], part="rna"), "not among the 4 of rna: 'R5'"),
        (lambda t: t.without("mask"), "'mask' is the mask of promoter: it says which bases exist"),
        (
            lambda t: t.without("R1", part="dna"),
            "There is no part 'dna'; there is 'promoter', 'rna'",
        ),
        (lambda t: t.fold_sums("dna", 0), "There is no part 'dna'"),
        (lambda t: t.fold_sums("rna", -1), "depth == -1, must be >= 0"),
        (lambda t: t.select(["R1", "R1"]), "more than once: 'R1'"),
    ],
)
def test_bad_names(tracks, call, match):
    with pytest.raises(ValueError, match=match):
        call(tracks)


@settings(max_examples=60)
@given(st.lists(st.integers(0, 6), min_size=1, max_size=8), st.integers(0, 4), st.integers(0, 99))
def test_fold_sums(lengths, depth, seed):
    track = random_track(lengths, 3, seed)
    sums = track.fold_sums(depth)
    assert len(sums) == depth + 1
    for d, found in enumerate(sums):
        assert found.dtype == np.float32
        expected = [bins[d:].sum(axis=0) for bins in genes_apart(track)]
        np.testing.assert_array_equal(found.toarray(), np.reshape(expected, found.shape))


def test_fold_sums_of_several_blocks_of_genes(monkeypatch):
    lengths = [3, 0, 7, 1, 0, 0, 12, 2, 5, 0]
    track = random_track(lengths, 3)
    whole = track.fold_sums(2)
    for at_once in (1, 9, 30):
        monkeypatch.setattr("skgenes.feature_extraction._track._SUMMED_AT_ONCE", at_once)
        for found, expected in zip(track.fold_sums(2), whole, strict=True):
            np.testing.assert_array_equal(found.toarray(), expected.toarray())
            assert (found.indices.dtype, found.indptr.dtype) == (np.int32, np.int32)
    assert [sums.shape for sums in track._rows(np.array([], int)).fold_sums(1)] == [(0, 3)] * 2


def test_fold_sums_do_convolutions(tracks):
    """Two linear convolutions (kernels 2 and 3), zeros to the right, summed over positions."""
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(2, 4, 5)), rng.normal(size=(3, 5, 3))
    expected = []
    for bins in genes_apart(tracks.rna):
        padded = np.vstack([bins, np.zeros((3, 4))])
        hidden = sum(padded[i : len(padded) - 1 + i] @ first[i] for i in range(2))
        out = sum(hidden[j : len(hidden) - 2 + j] @ second[j] for j in range(3))
        expected.append(out.sum(axis=0))
    sums = tracks.fold_sums("rna", 3)
    # The padding ends with zeros alone, so that no position before the gene is missed.
    found = sum(sums[i + j] @ first[i] @ second[j] for i in range(2) for j in range(3))
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-4)


def test_sums_are_added_in_float64():
    values = np.full((200_000, 1), np.float32(0.1))
    total = Track(values, [0, 200_000], ["mask"]).fold_sums(0)[0].toarray()[0, 0]
    assert total == np.float32(200_000 * np.float64(np.float32(0.1)))


def test_equality(tracks):
    again = RegulatoryTracks(
        GENES, promoter=random_track(np.full(12, 3), 6, seed=1), rna=random_track(LENGTHS, 4)
    )
    assert again == tracks
    assert tracks[::-1][::-1] == tracks
    assert tracks != tracks[::-1]
    assert tracks != RegulatoryTracks(GENES, rna=tracks.rna)
    assert tracks != RegulatoryTracks([f"H{i}" for i in range(12)], **tracks.parts)
    other = random_track(LENGTHS, 4, bin_size=50)
    assert other != tracks.rna
    assert tracks != RegulatoryTracks(GENES, promoter=tracks.promoter, rna=other)
    changed = tracks.rna.bins.copy()
    changed.data[0] += 1
    assert Track(changed, tracks.rna.offsets, tracks.rna.regulators) != tracks.rna
    assert tracks != "tracks"
    assert tracks.rna != "rna"
    with pytest.raises(TypeError, match="unhashable"):
        hash(tracks)


def test_what_is_given_is_not_modified():
    bins = sp.csr_matrix(
        (np.array([5.0, 0.0, 3.0]), np.array([1, 0, 0]), np.array([0, 2, 3])), shape=(2, 2)
    )
    data, indices = bins.data.copy(), bins.indices.copy()
    track = Track(bins, [0, 2], ["mask", "R"])
    assert isinstance(track.bins, sp.csr_array)
    assert track.bins.nnz == 2
    np.testing.assert_array_equal(bins.data, data)
    np.testing.assert_array_equal(bins.indices, indices)
    unsorted = sp.csr_array(
        (np.array([1, 2], dtype=np.float32), np.array([1, 0]), np.array([0, 2])), shape=(1, 2)
    )
    Track(unsorted, [0, 1], ["mask", "R"])
    np.testing.assert_array_equal(unsorted.indices, [1, 0])


BINS = np.ones((3, 2))


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ((BINS, [0, 1], ["m", "R"]), "offsets must go from 0 to 3, the number of bins, .* 0 to 1"),
        ((BINS, [1, 3], ["m", "R"]), "but go from 1 to 3"),
        ((BINS, [0, 2, 1, 3], ["m", "R"]), "offsets must not decrease, but those of gene 1 are 2"),
        ((BINS, [0.0, 3.0], ["m", "R"]), "offsets must be whole numbers.*float64"),
        ((BINS, [], ["m", "R"]), "offsets must be whole numbers"),
        ((BINS, [[0, 3]], ["m", "R"]), r"of shape \(1, 2\)"),
        ((BINS, [0, 3], ["m"]), r"regulators has 1 name\(s\) for 2 columns"),
        ((BINS, [0, 3], ["m", "m"]), "regulators has 1 name.s. more than once: 'm'"),
        ((BINS, [0, 3], ["m", ""]), "regulators has an empty name at position 1"),
        (
            (-BINS, [0, 3], ["m", "R"]),
            "bins has 6 negative value.s., such as -1 in row 0, column 0",
        ),
        ((BINS * np.nan, [0, 3], ["m", "R"]), "bins contains NaN"),
        ((BINS * np.inf, [0, 3], ["m", "R"]), "bins contains inf"),
        ((np.ones((3, 0)), [0, 3], []), "bins has no columns; column 0 must be the mask"),
    ],
)
def test_bad_tracks(arguments, match):
    with pytest.raises(ValueError, match=match):
        Track(*arguments)


def test_bad_containers(tracks):
    with pytest.raises(ValueError, match="needs promoter, rna or both; got neither"):
        RegulatoryTracks(GENES)
    with pytest.raises(ValueError, match="rna has 12 genes, but genes has 3 names"):
        RegulatoryTracks(GENES[:3], rna=tracks.rna)
    with pytest.raises(ValueError, match=r"genes has 1 name\(s\) more than once: 'G1'"):
        RegulatoryTracks(["G1", "G1"], rna=tracks.rna)
    with pytest.raises(TypeError, match="rna must be a Track, got ndarray"):
        RegulatoryTracks(GENES, rna=BINS)
    with pytest.raises(TypeError, match="genes must be names, got 5"):
        RegulatoryTracks([5], rna=tracks.rna)
    with pytest.raises(TypeError, match="bin_size must be an instance of"):
        Track(BINS, [0, 3], ["m", "R"], bin_size=0.5)


def test_files(tracks, tmp_path):
    path = tmp_path / "tracks.npz"
    for whole in (tracks, RegulatoryTracks(GENES, rna=tracks.rna), tracks[[]], tracks[["G8"]]):
        whole.save(path)
        assert RegulatoryTracks.load(path) == whole
    assert [file.name for file in tmp_path.iterdir()] == ["tracks.npz"]
    tracks.save(path)
    first = path.read_bytes()
    tracks.save(path)
    assert path.read_bytes() == first
    with np.load(path, allow_pickle=False) as archive:
        assert archive["rna.offsets"].dtype == np.int64


def test_damaged_files(tracks, tmp_path):
    path = tmp_path / "tracks.npz"
    tracks.save(path)
    content = path.read_bytes()
    rng = np.random.default_rng(0)
    n_refused = 0
    for position in rng.integers(0, 8 * len(content), size=150):
        damaged = bytearray(content)
        damaged[position // 8] ^= 1 << (position % 8)
        path.write_bytes(damaged)
        try:
            assert RegulatoryTracks.load(path) == tracks  # a bit that says nothing, as of a date
        except ValueError as error:
            assert "tracks.npz" in str(error)  # noqa: PT017
            n_refused += 1
    assert n_refused > 100
    for part in (b"", content[:50], content[:-30], b"genes\n"):
        path.write_bytes(part)
        with pytest.raises(
            ValueError, match=r"tracks\.npz is damaged, or is no file of Regul"
        ) as info:
            RegulatoryTracks.load(path)
        assert "pickle" not in str(info.value)
    with pytest.raises(FileNotFoundError):
        RegulatoryTracks.load(tmp_path / "none")


def test_other_files(tracks, tmp_path):
    path = tmp_path / "other.npz"
    np.savez(path, genes=np.array(GENES))
    with pytest.raises(ValueError, match="is no file of RegulatoryTracks: it has no 'format"):
        RegulatoryTracks.load(path)
    np.savez(path, format=np.array("skgenes RegulatoryTracks 99"))
    with pytest.raises(ValueError, match="its format is 'skgenes RegulatoryTracks 99'"):
        RegulatoryTracks.load(path)
    np.savez(path, format=np.array([GENES, 1], dtype=object))
    with pytest.raises(ValueError, match="something else than arrays of numbers and text"):
        RegulatoryTracks.load(path)
    tracks.save(path)
    with np.load(path, allow_pickle=False) as archive:
        arrays = dict(archive)
    for name, value, match in (
        ("rna.offsets", np.arange(13), "holds no valid tracks: offsets must go from 0 to 30"),
        ("rna.indices", arrays["rna.indices"] + 9, "indices"),
        ("genes", arrays["genes"][:5], "has 12 genes, but genes has 5 names"),
    ):
        np.savez(path, **(arrays | {name: value}))
        with pytest.raises(ValueError, match=match):
            RegulatoryTracks.load(path)


class MeanOfSums(RegressorMixin, BaseEstimator):
    """Predicts a weighted sum of RNA bins; refuses anything but the container."""

    def __init__(self, weight=1.0):
        self.weight = weight

    def fit(self, X, y):
        assert isinstance(X, RegulatoryTracks)
        assert len(X) == len(y)
        self.mean_ = float(np.mean(y))
        return self

    def predict(self, X):
        assert isinstance(X, RegulatoryTracks)
        return self.weight * X.fold_sums("rna", 0)[0].sum(axis=1)


def test_scikit_learns_tools(tracks):
    y = tracks.fold_sums("rna", 0)[0].sum(axis=1) * 2
    train, test, y_train, y_test = train_test_split(tracks, y, test_size=5, random_state=0)
    assert isinstance(train, RegulatoryTracks)
    assert (len(train), len(test)) == (7, 5)
    np.testing.assert_array_equal(test.fold_sums("rna", 0)[0].sum(axis=1) * 2, y_test)
    np.testing.assert_array_equal(train.fold_sums("rna", 0)[0].sum(axis=1) * 2, y_train)
    chromosomes = np.repeat(["chr1", "chr2", "chr3"], 4)
    for splitter, groups in ((KFold(3), None), (GroupKFold(3), chromosomes)):
        for n_jobs in (1, 2):
            search = GridSearchCV(MeanOfSums(), {"weight": [1, 2, 3]}, cv=splitter, n_jobs=n_jobs)
            search.fit(tracks, y, groups=groups)
            assert search.best_params_ == {"weight": 2}
            assert search.best_score_ == 1
    predicted = cross_val_predict(MeanOfSums(2), tracks, y, groups=chromosomes, cv=GroupKFold(3))
    np.testing.assert_array_equal(predicted, y)


def test_pickles(tracks):
    assert pickle.loads(pickle.dumps(tracks)) == tracks
