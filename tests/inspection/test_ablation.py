"""Feature-class ablation, and one model for all outputs against one for each."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.pipeline import make_pipeline

from skgenes.feature_extraction import RegulatorScaler, RegulatoryTracks, Track
from skgenes.inspection import feature_class_ablation, multi_task_comparison
from skgenes.metrics import per_output_auroc, per_output_spearman
from skgenes.neural_network import DEcodeRegressor

N_GENES, N_TRAIN = 360, 260


class SumRidge(RegressorMixin, BaseEstimator):
    """Least squares on the column sums of both parts; remembers what it was given."""

    seen = None  # a list, where a test wants to look

    def __init__(self, parts=("promoter", "rna")):
        self.parts = parts

    def fit(self, X, y, groups=None):
        if self.seen is not None:
            self.seen.append((X, y, groups))
        self.model_ = LinearRegression().fit(self._sums(X), y)
        return self

    def predict(self, X):
        if self.seen is not None:
            self.seen.append((X,))
        return self.model_.predict(self._sums(X))

    def _sums(self, X):
        return np.hstack([X.fold_sums(part, 0)[0].toarray() for part in self.parts])


@pytest.fixture(scope="module")
def genes():
    rng = np.random.default_rng(0)
    lengths = rng.integers(1, 6, N_GENES)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    rna = np.column_stack([np.full(offsets[-1], 100), rng.poisson(0.8, (offsets[-1], 5))])
    promoter = np.column_stack([np.full(N_GENES, 100), rng.poisson(0.8, (N_GENES, 5))])
    tracks = RegulatoryTracks(
        [f"gene{i}" for i in range(N_GENES)],
        rna=Track(rna, offsets, ["exon", *"ABCDE"]),
        promoter=Track(promoter, np.arange(N_GENES + 1), ["promoter", *"FGHIJ"]),
    )
    sums = tracks.fold_sums("rna", 0)[0].toarray()[:, 1:]
    y = pd.DataFrame(
        {
            "by_rna": sums @ rng.normal(size=5),
            "by_promoter": promoter[:, 1:] @ rng.normal(size=5),
        },
        index=tracks.genes,
    )
    return tracks, y


@pytest.fixture(scope="module")
def split(genes):
    tracks, y = genes
    return tracks[:N_TRAIN], y[:N_TRAIN], tracks[N_TRAIN:], y[N_TRAIN:]


def test_each_output_loses_the_part_it_rests_on(split):
    scores = feature_class_ablation(SumRidge(), *split, n_repeats=3, random_state=0)
    assert scores.index.names == ["shuffled", "repeat"]
    assert scores.columns.tolist() == ["by_rna", "by_promoter"]
    assert scores.columns.name == "output"
    expected = [("none", 0), *((way, i) for way in ("rna", "promoter", "both") for i in range(3))]
    assert scores.index.tolist() == expected
    assert (scores.loc["none"] > 0.99).all(axis=None)
    for way, lost, kept in [
        ("rna", "by_rna", "by_promoter"),
        ("promoter", "by_promoter", "by_rna"),
    ]:
        assert (scores.loc[way, lost].abs() < 0.35).all()
        assert (scores.loc[way, kept] > 0.9).all()
    assert (scores.loc["both"].abs() < 0.35).all(axis=None)
    assert scores.loc["both", "by_rna"].nunique() == 3


def test_row_without_permutation_is_the_plain_score(split):
    X, y, X_test, y_test = split
    scores = feature_class_ablation(SumRidge(), *split, shuffle="rna", random_state=0)
    plain = per_output_spearman(y_test, SumRidge().fit(X, y).predict(X_test))
    np.testing.assert_array_equal(scores.loc[("none", 0)], plain)


def test_what_is_permuted(split, monkeypatch):
    X, y, X_test, _ = split
    monkeypatch.setattr(SumRidge, "seen", seen := [])
    groups = np.arange(N_TRAIN)
    feature_class_ablation(
        SumRidge(), *split, shuffle=["rna", "both"], params={"groups": groups}, random_state=0
    )
    fits, predictions = seen[::2], seen[1::2]
    assert len(fits) == len(predictions) == 3
    for original, calls in ((X, fits), (X_test, predictions)):
        plain, rna, both = (call[0] for call in calls)
        assert plain is original
        assert rna.promoter == original.promoter
        assert both.promoter != original.promoter
        for tracks in (rna, both):
            assert tracks.genes.tolist() == original.genes.tolist()
            assert tracks.rna != original.rna
            assert sorted(tracks.rna.lengths) == sorted(original.rna.lengths)
        assert rna.rna != both.rna
    for _, given, passed in fits:
        assert given is y
        assert passed is groups


def test_same_seed_same_scores(split):
    def scores(seed, **kwargs):
        return feature_class_ablation(SumRidge(), *split, random_state=seed, **kwargs)

    pd.testing.assert_frame_equal(scores(1), scores(1))
    assert (scores(1).loc["both"] != scores(2).loc["both"]).all(axis=None)
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    scores(None, shuffle="rna")
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002
    rng = np.random.RandomState(0)
    first, second = scores(rng), scores(rng)
    assert (first.loc["both"] != second.loc["both"]).all(axis=None)


def test_another_metric_one_output_and_a_single_part(split):
    X, y, X_test, y_test = split
    scores = feature_class_ablation(
        SumRidge(("rna",)),
        RegulatoryTracks(X.genes, rna=X.rna),
        y["by_rna"],
        RegulatoryTracks(X_test.genes, rna=X_test.rna),
        y_test["by_rna"],
        shuffle="rna",
        metric=per_output_auroc,
        random_state=0,
    )
    assert scores.shape == (2, 1)
    assert scores.loc[("none", 0), 0] > 0.99
    assert abs(scores.loc[("rna", 0), 0] - 0.5) < 0.3


def small_decode():
    decode = DEcodeRegressor(
        ((8, 1),),
        ((8, 2),),
        (16,),
        n_init=1,
        batch_size=32,
        learning_rate_init=0.01,
        random_state=0,
    )
    return make_pipeline(RegulatorScaler(), decode)


def test_ablation_of_decode_in_a_pipeline(split):
    scores = feature_class_ablation(small_decode(), *split, shuffle=("rna", "both"), random_state=0)
    assert scores.loc[("none", 0)].min() > 0.7
    assert abs(scores.loc[("rna", 0), "by_rna"]) < 0.35
    assert scores.loc[("rna", 0), "by_promoter"] > 0.5
    assert scores.loc["both"].abs().max(axis=None) < 0.35


@pytest.mark.parametrize(
    ("shuffle", "message"),
    [
        ("dna", r"shuffle must be one or some of 'rna', 'promoter', 'both', got 'dna'"),
        (["rna", "tss"], r"got \['rna', 'tss'\]"),
        ([], r"got \[\]"),
    ],
)
def test_unknown_part(split, shuffle, message):
    with pytest.raises(ValueError, match=message):
        feature_class_ablation(SumRidge(), *split, shuffle=shuffle)


def test_ablation_refuses(split):
    X, y, X_test, y_test = split
    only_rna = RegulatoryTracks(X.genes, rna=X.rna)
    missing = (
        r"shuffle=\['rna', 'promoter', 'both'\] permutes 'promoter', 'rna', but X has only 'rna'\. "
        r"Pass shuffle=\['rna'\]"
    )
    with pytest.raises(ValueError, match=missing):
        feature_class_ablation(SumRidge(), only_rna, y, X_test, y_test)
    with pytest.raises(ValueError, match=r"permutes 'promoter', but X_test has only 'rna'"):
        feature_class_ablation(
            SumRidge(),
            X,
            y,
            RegulatoryTracks(X_test.genes, rna=X_test.rna),
            y_test,
            shuffle="promoter",
        )
    with pytest.raises(TypeError, match=r"X must be RegulatoryTracks, .* got ndarray"):
        feature_class_ablation(Ridge(), np.ones((N_TRAIN, 3)), y, X_test, y_test)
    with pytest.raises(TypeError, match=r"X_test must be RegulatoryTracks, .* got list"):
        feature_class_ablation(SumRidge(), X, y, [[1, 2]], y_test)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        feature_class_ablation(SumRidge(), X, y[1:], X_test, y_test)
    with pytest.raises(ValueError, match="n_repeats == 0, must be >= 1"):
        feature_class_ablation(SumRidge(), *split, n_repeats=0)
    with pytest.raises(ValueError, match=r"for each output, shape \(2,\), got shape \(\)"):
        feature_class_ablation(SumRidge(), *split, metric=lambda true, predicted: 0.5)


@pytest.fixture(scope="module")
def matrices():
    """Three outputs of one hidden cause, which few noisy training genes hardly show."""
    rng = np.random.default_rng(2)
    X = rng.normal(size=(240, 6))
    y = X @ rng.normal(size=(6, 3)) + rng.normal(size=(240, 3))
    return X[:180], y[:180], X[180:], y[180:]


def test_least_squares_learns_each_output_by_itself(matrices):
    X, y, X_test, y_test = matrices
    scores = multi_task_comparison(LinearRegression(), *matrices)
    assert scores.index.tolist() == ["multi-task", "single-task"]
    assert scores.columns.tolist() == [0, 1, 2]
    plain = per_output_spearman(y_test, LinearRegression().fit(X, y).predict(X_test))
    np.testing.assert_allclose(scores, [plain, plain], rtol=1e-12)


def test_chosen_outputs_of_a_frame(matrices):
    X, y, X_test, y_test = matrices
    y, y_test = (pd.DataFrame(table, columns=["lung", "liver", "skin"]) for table in (y, y_test))
    everything = multi_task_comparison(Ridge(), X, y, X_test, y_test)
    chosen = multi_task_comparison(Ridge(), X, y, X_test, y_test, outputs=["skin", "lung"])
    pd.testing.assert_frame_equal(chosen, everything[["skin", "lung"]])
    last = multi_task_comparison(Ridge(), X, y, X_test, y_test, outputs=-1)
    pd.testing.assert_frame_equal(last, everything[["skin"]])


class _MeanOfOutputs(RegressorMixin, BaseEstimator):
    """Predicts every output as the mean of all: what it knows of one it has from the others."""

    def fit(self, X, y):
        self.shape_ = y.shape[1:]
        self.model_ = LinearRegression().fit(X, y if y.ndim == 1 else y.mean(axis=1))
        return self

    def predict(self, X):
        one = self.model_.predict(X)
        return one if not self.shape_ else np.repeat(one[:, None], self.shape_[0], axis=1)


def test_tells_sharing_from_not_sharing():
    rng = np.random.default_rng(3)
    X = rng.normal(size=(300, 40))
    y = (X @ rng.normal(size=40))[:, None] + 20 * rng.normal(size=(300, 30))
    scores = multi_task_comparison(
        _MeanOfOutputs(), X[:60], y[:60], X[60:], y[60:], outputs=slice(4)
    )
    assert scores.loc["multi-task"].mean() > scores.loc["single-task"].mean() + 0.05


def test_comparison_of_decode_in_a_pipeline(split):
    validation = np.arange(N_TRAIN) % 10 == 0
    scores = multi_task_comparison(
        small_decode(), *split, params={"decoderegressor__validation": validation}
    )
    assert scores.columns.tolist() == ["by_rna", "by_promoter"]
    assert scores.min(axis=None) > 0.6


def test_comparison_refuses(matrices):
    X, y, X_test, y_test = matrices
    with pytest.raises(ValueError, match=r"at least 2 outputs .* of shape \(180, 1\)"):
        multi_task_comparison(Ridge(), X, y[:, :1], X_test, y_test[:, :1])
    with pytest.raises(ValueError, match=r"at least 2 outputs .* of shape \(180,\)"):
        multi_task_comparison(Ridge(), X, y[:, 0], X_test, y_test[:, 0])
    with pytest.raises(ValueError, match="not among the 3 of y: 7"):
        multi_task_comparison(Ridge(), *matrices, outputs=[0, 7])
    with pytest.raises(TypeError, match=r"outputs names columns \('lung'\), but y is a ndarray"):
        multi_task_comparison(Ridge(), *matrices, outputs="lung")
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        multi_task_comparison(Ridge(), X, y, X_test, y_test[1:])
    with pytest.raises(ValueError, match=r"shape \(3,\), got shape \(1,\)"):
        multi_task_comparison(Ridge(), *matrices, metric=lambda true, predicted: [0.5])


@pytest.mark.parametrize("function", [feature_class_ablation, multi_task_comparison])
def test_other_genes_or_columns_in_y_test(genes, function):
    tracks, y = genes
    given = SumRidge(), tracks[:N_TRAIN], y[:N_TRAIN], tracks[N_TRAIN:]
    turned = r"X_test and y_test name 100 genes .* pass y_test\.loc\[X_test\.genes\]"
    with pytest.raises(ValueError, match=turned):
        function(*given, y[N_TRAIN:][::-1])
    columns = r"columns 'by_rna', 'by_promoter', but y_test 'by_promoter', 'by_rna': .*y_test\[y\."
    with pytest.raises(ValueError, match=columns):
        function(*given, y[N_TRAIN:][["by_promoter", "by_rna"]])
