"""What every estimator on RegulatoryTracks must do: scikit-learn's checks know matrices only."""

import copy
import inspect
import pickle

import numpy as np
import pytest
from sklearn.base import BaseEstimator, clone, is_regressor
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.utils.validation import check_is_fitted

import skgenes
from skgenes.feature_extraction import RegulatorFilter, RegulatorScaler, RegulatoryTracks, Track
from skgenes.neural_network import DEcodeRegressor

DECODE = DEcodeRegressor(
    ((5, 1),), ((4, 2), (4, 1)), (6,), n_init=2, batch_size=32, max_iter=2, random_state=0
)
ESTIMATORS = {
    "filter": RegulatorFilter(20),
    "scaler": RegulatorScaler(),
    "decode": DECODE,
    "decode_bent": clone(DECODE).set_params(conv_activation="relu", combine="mean"),
    "decode_logs": clone(DECODE).set_params(log_counts=True, dropout=0.2),
    "pipeline": make_pipeline(RegulatorFilter(20), RegulatorScaler(), DECODE),
}
REGRESSORS = [name for name, estimator in ESTIMATORS.items() if is_regressor(estimator)]


@pytest.fixture(params=ESTIMATORS)
def estimator(request):
    return clone(ESTIMATORS[request.param])


@pytest.fixture(params=REGRESSORS)
def regressor(request):
    return clone(ESTIMATORS[request.param])


@pytest.fixture(scope="module")
def tracks(regulated):
    return regulated.tracks


@pytest.fixture(scope="module")
def y(regulated):
    return regulated.y


def output(estimator, tracks):
    """What it predicts or, for a transformer, the tracks it makes."""
    if is_regressor(estimator):
        return estimator.predict(tracks)
    return estimator.transform(tracks)


def assert_equal(a, b):
    if isinstance(a, RegulatoryTracks):
        assert a == b
    else:
        np.testing.assert_array_equal(a, b)


def copied(tracks):
    """The same tracks, of which nothing is shared or a view."""
    parts = {
        part: Track(
            track.bins.toarray(),
            track.offsets.copy(),
            track.regulators.tolist(),
            bin_size=track.bin_size,
        )
        for part, track in tracks.parts.items()
    }
    return RegulatoryTracks(tracks.genes.tolist(), **parts)


def with_columns(tracks, part, columns):
    """Tracks with some columns of a part, in any order."""
    track = tracks.parts[part]
    changed = Track(
        track.bins[:, columns], track.offsets, track.regulators[columns], bin_size=track.bin_size
    )
    return RegulatoryTracks(tracks.genes, **{**tracks.parts, part: changed})


# Parameters ---------------------------------------------------------------------------------------


def test_all_that_take_tracks_are_tested_here():
    known = {type(estimator) for estimator in ESTIMATORS.values()}
    for package in (skgenes.feature_extraction, skgenes.neural_network):
        for name in package.__all__:
            it = getattr(package, name)
            if isinstance(it, type) and issubclass(it, BaseEstimator):
                takes_tracks = "RegulatoryTracks" in inspect.getdoc(it.fit)
                assert takes_tracks == (it in known), name


def test_parameters(estimator):
    params = estimator.get_params()
    assert repr(clone(estimator)) == repr(estimator)
    assert clone(estimator).get_params(deep=False).keys() == estimator.get_params(deep=False).keys()
    assert repr(clone(estimator).set_params(**params)) == repr(estimator)
    with pytest.raises(ValueError, match="Invalid parameter 'colour'"):
        estimator.set_params(colour=1)
    if isinstance(estimator, Pipeline):
        return
    assert params.keys() == inspect.signature(type(estimator)).parameters.keys()
    marks = {name: object() for name in params}
    made = type(estimator)(**marks)
    assert all(getattr(made, name) is mark for name, mark in marks.items())
    assert vars(made) == marks
    made = type(estimator)()
    for name, parameter in inspect.signature(type(estimator)).parameters.items():
        assert getattr(made, name) is parameter.default


def test_fit_changes_no_parameters_and_returns_itself(estimator, tracks, y):
    before, given = estimator.get_params(), repr(estimator)
    assert estimator.fit(tracks, y) is estimator
    after = estimator.get_params()
    assert before.keys() == after.keys()
    assert repr(estimator) == given
    # A pipeline puts the fitted steps where the others were.
    assert isinstance(estimator, Pipeline) or all(before[name] is after[name] for name in before)
    check_is_fitted(estimator)
    assert estimator.n_features_in_ == tracks.shape[1]
    public = {name for name in vars(estimator) if not name.startswith("_")}
    assert all(name in before or name.endswith("_") for name in public)


def test_tracks_and_targets_are_not_changed(estimator, tracks, y):
    mine, targets = copied(tracks), y.copy()
    output(estimator.fit(mine, targets), mine)
    assert mine == tracks
    np.testing.assert_array_equal(targets, y)


def test_a_clone_is_not_fitted(estimator, tracks, y):
    other = clone(estimator.fit(tracks, y))
    with pytest.raises(NotFittedError):
        output(other, tracks)
    assert not any(name.endswith("_") for name in vars(other))


# Genes --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "rows",
    [slice(30, 200, 2), np.arange(150, 20, -1), np.arange(240) % 3 > 0],
    ids=["slice", "positions", "mask"],
)
def test_a_slice_is_as_good_as_a_copy(estimator, tracks, y, rows):
    expected = clone(estimator).fit(copied(tracks[rows]), y[rows])
    found = estimator.fit(tracks[rows], y[rows])
    assert_equal(output(found, tracks), output(expected, tracks))
    assert_equal(output(found, tracks[rows]), output(expected, copied(tracks[rows])))


def test_genes_may_be_permuted(estimator, tracks, y):
    order = np.random.default_rng(0).permutation(240)
    estimator.fit(tracks, y)
    found, expected = output(estimator, tracks[order]), output(estimator, tracks)[order]
    if isinstance(found, RegulatoryTracks):
        assert found == expected
    else:
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13)


def test_the_order_of_genes_does_not_matter_to_transformers(tracks):
    order = np.random.default_rng(0).permutation(240)
    for name in ("filter", "scaler"):
        one, two = (clone(ESTIMATORS[name]).fit(genes) for genes in (tracks, tracks[order]))
        assert one.transform(tracks) == two.transform(tracks)


def test_genes_have_nothing_to_do_with_each_other(estimator, tracks, y):
    estimator.fit(tracks, y)
    together = output(estimator, tracks)
    for i in range(0, 240, 11):
        alone, expected = output(estimator, tracks[[i]]), together[[i]]
        if isinstance(alone, RegulatoryTracks):
            assert alone == expected
        else:
            np.testing.assert_allclose(alone, expected, rtol=1e-12, atol=1e-13)
    # A gene far longer than the others, and one without bins.
    genes = np.array([0, 1])
    longer = RegulatoryTracks(
        ["LONG", "NONE"],
        promoter=tracks[genes].promoter,
        rna=Track(np.ones((60, 4)), [0, 60, 60], tracks.rna.regulators),
    )
    names = [*tracks.genes[:5], "LONG", "NONE"]
    bins = np.vstack([tracks[:5].rna.bins.toarray(), longer.rna.bins.toarray()])
    lengths = [*tracks[:5].rna.lengths, 60, 0]
    promoter = np.vstack([t.promoter.bins.toarray() for t in (tracks[:5], longer)])
    mixed = RegulatoryTracks(
        names,
        promoter=Track(promoter, np.arange(0, 22, 3), tracks.promoter.regulators),
        rna=Track(bins, np.concatenate([[0], np.cumsum(lengths)]), tracks.rna.regulators),
    )
    found = output(estimator, mixed)
    if not isinstance(found, RegulatoryTracks):
        np.testing.assert_allclose(found[:5], together[:5], rtol=1e-12, atol=1e-13)
        assert np.isfinite(found).all()
    else:
        assert found[:5] == together[:5]


def test_names_of_genes_do_not_matter(estimator, tracks, y):
    other = RegulatoryTracks([f"OTHER{i}" for i in range(240)], **tracks.parts)
    expected = output(clone(estimator).fit(tracks, y), tracks)
    found = output(estimator.fit(other, y), other)
    if isinstance(found, RegulatoryTracks):
        assert found.parts == expected.parts
    else:
        np.testing.assert_array_equal(found, expected)


# Again, and elsewhere -----------------------------------------------------------------------------


def test_fits_are_deterministic(estimator, tracks, y):
    expected = output(clone(estimator).fit(tracks, y), tracks)
    assert_equal(output(estimator.fit(tracks, y), tracks), expected)
    # Once more, after a fit on something else.
    estimator.fit(tracks[:100], y[:100]).fit(tracks, y)
    assert_equal(output(estimator, tracks), expected)
    assert_equal(output(estimator, tracks), expected)


def test_pickle_and_copies(estimator, tracks, y):
    assert repr(pickle.loads(pickle.dumps(estimator))) == repr(estimator)
    estimator.fit(tracks, y)
    expected = output(estimator, tracks)
    for other in (pickle.loads(pickle.dumps(estimator)), copy.deepcopy(estimator)):
        assert_equal(output(other, tracks), expected)


def test_save_and_load(estimator, tracks, y, tmp_path):
    estimator.fit(tracks, y)
    for i, fitted in enumerate([estimator, clone(estimator)]):
        skgenes.save(fitted, tmp_path / f"{i}.skgenes")
    loaded, unfitted = (skgenes.load(tmp_path / f"{i}.skgenes") for i in range(2))
    assert repr(unfitted) == repr(estimator) == repr(loaded)
    assert_equal(output(loaded, tracks), output(estimator, tracks))
    assert_equal(output(unfitted.fit(tracks, y), tracks), output(estimator, tracks))
    with pytest.raises(ValueError, match="regulators of rna are not those of fit"):
        output(loaded, with_columns(tracks, "rna", [0, 1]))


@pytest.mark.slow
def test_one_job_or_two(tracks, y):
    scores = [
        cross_val_score(ESTIMATORS["pipeline"], tracks, y, cv=3, n_jobs=n_jobs, error_score="raise")
        for n_jobs in (1, 2)
    ]
    np.testing.assert_array_equal(*scores)
    assert np.isfinite(scores[0]).all()


def test_cross_validation_is_fitting_on_slices(regressor, tracks, y):
    scores = cross_val_score(regressor, tracks, y, cv=2, error_score="raise")
    halves = [slice(120), slice(120, None)]
    for score, test, train in zip(scores, halves, halves[::-1], strict=True):
        regressor.fit(copied(tracks[train]), y[train])
        assert score == pytest.approx(regressor.score(tracks[test], y[test]), rel=1e-12)


# Bad input ----------------------------------------------------------------------------------------


def test_features_must_be_those_of_fit(estimator, tracks, y):
    estimator.fit(tracks, y)
    for changed, message in [
        (with_columns(tracks, "rna", [0, 2, 1, 3]), "regulators of rna .* in another order"),
        (with_columns(tracks, "promoter", [0, 1, 2]), r"regulators of promoter .* 2 are missing"),
        (RegulatoryTracks(tracks.genes, rna=tracks.rna), "X has the parts 'rna', but"),
    ]:
        with pytest.raises(ValueError, match=message):
            output(estimator, changed)
    renamed = Track(tracks.rna.bins, tracks.rna.offsets, ["exon", "RBP1", "RBP2", "PTBP1"])
    renamed = RegulatoryTracks(tracks.genes, promoter=tracks.promoter, rna=renamed)
    with pytest.raises(ValueError, match=r"1 are new \('PTBP1'\), 1 are missing \('RBP3'\)"):
        output(estimator, renamed)
    with pytest.raises(TypeError, match="RegulatoryTracks"):
        output(estimator, tracks.promoter.bins)


def test_empty_input(estimator, tracks, y):
    with pytest.raises(ValueError, match=r"at least (1|2) genes?.*got 0"):
        estimator.fit(tracks[[]], y[:0])
    estimator.fit(tracks, y)
    if is_regressor(estimator):
        with pytest.raises(ValueError, match="X has no genes: there is nothing to predict"):
            output(estimator, tracks[:0])
    else:
        assert len(output(estimator, tracks[:0])) == 0


def test_an_unfitted_estimator_says_so(estimator, tracks):
    with pytest.raises(NotFittedError, match="is not fitted yet"):
        output(estimator, tracks)


@pytest.mark.parametrize("name", [name for name in ESTIMATORS if name != "pipeline"])
def test_a_failed_fit_leaves_the_old_state(name, tracks, y):
    estimator = clone(ESTIMATORS[name])
    for bad in (tracks[[]], "tracks", None):
        with pytest.raises((TypeError, ValueError)):
            estimator.fit(bad, y)
        assert vars(estimator) == vars(clone(ESTIMATORS[name]))
    estimator.fit(tracks, y)
    before, expected = dict(vars(estimator)), output(estimator, tracks)
    for bad in (tracks[[]], "tracks", None):
        with pytest.raises((TypeError, ValueError)):
            estimator.fit(bad, y)
        assert vars(estimator).keys() == before.keys()
        assert all(vars(estimator)[key] is before[key] for key in before)
    assert_equal(output(estimator, tracks), expected)


def test_targets_of_other_genes(regressor, tracks, y):
    for wrong in (y[:-1], np.vstack([y, y])):
        with pytest.raises(ValueError, match="X has 240 samples and y has"):
            regressor.fit(tracks, wrong)
