"""DEcodeRegressor on the branches of another one, and inside scikit-learn's tools."""

import numpy as np
import pytest
import sklearn
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import Ridge
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    cross_val_predict,
    cross_validate,
)
from sklearn.pipeline import make_pipeline

from skgenes.feature_extraction import RegulatorFilter, RegulatorScaler, RegulatoryTracks, Track
from skgenes.neural_network import DEcodeRegressor
from skgenes.preprocessing import FoldChangeTransformer

TINY = DEcodeRegressor(
    ((6, 1), (5, 1)), ((6, 2), (5, 2)), (8,), n_init=2, batch_size=32, max_iter=3, random_state=0
)


def tiny(**params):
    return clone(TINY).set_params(**params)


@pytest.fixture(scope="module", params=["identity", "relu"])
def base(request, regulated):
    model = tiny(conv_activation=request.param, combine="mean")
    return model.fit(regulated.tracks, regulated.y)


@pytest.fixture(scope="module")
def persons(regulated):
    """Other outputs: seven of them, mixtures of the three."""
    return regulated.y @ np.random.default_rng(3).normal(size=(3, 7))


# Transfer -----------------------------------------------------------------------------------------


def test_fine_tuning_keeps_the_branches(regulated, base, persons):
    before = base.predict(regulated.tracks)
    tuned = base.fine_tune(regulated.tracks, persons)
    for old, new in zip(base.runs_, tuned.runs_, strict=True):
        for a, b in zip(old.branches, new.branches, strict=True):
            for kernel, same in zip(a, b, strict=True):
                np.testing.assert_array_equal(kernel, same)
        assert new.conv_activation == old.conv_activation
        assert not np.array_equal(old.hidden[0].kernel, new.hidden[0].kernel)
    assert tuned.predict(regulated.tracks).shape == (240, 7)
    np.testing.assert_array_equal(base.predict(regulated.tracks), before)
    assert tuned.base_estimator.estimator is base
    assert tuned is not base


def test_fine_tuning_is_a_fit_on_the_values_of_the_branches(regulated, persons):
    """A head on its own, trained on these as counts, is the same head."""
    base = tiny(n_init=1).fit(regulated.tracks, regulated.y)
    tuned = base.fine_tune(regulated.tracks, persons)
    linear, _ = base.networks_[0].split(1)
    values = linear.predict(base.fold(regulated.tracks)).astype(np.float32)
    head = tuned.runs_[0].head()
    np.testing.assert_allclose(
        head.predict(values), tuned.predict(regulated.tracks), rtol=1e-5, atol=1e-5
    )


def test_fine_tuning_learns(regulated, persons):
    base = DEcodeRegressor(
        ((8, 1),), ((8, 2),), (16,), n_init=1, batch_size=16, learning_rate_init=0.01,
        random_state=0,
    )  # fmt: skip
    base.fit(regulated.tracks[:180], regulated.y[:180])
    tuned = base.fine_tune(regulated.tracks[:180], persons[:180])
    assert tuned.score(regulated.tracks[180:], persons[180:]) > 0.8
    again = tuned.fine_tune(regulated.tracks[:180], regulated.y[:180, 0])
    assert again.predict(regulated.tracks).shape == (240,)
    for kernel, same in zip(base.runs_[0].branches[1], again.runs_[0].branches[1], strict=True):
        np.testing.assert_array_equal(kernel, same)


def test_fine_tuning_takes_groups_and_validation(regulated, base, persons):
    held_out = regulated.chromosomes == "chr2"
    tuned = base.fine_tune(regulated.tracks, persons, validation=held_out)
    error = np.square(tuned.predict(regulated.tracks[held_out]) - persons[held_out]).mean()
    assert np.isfinite(error)
    assert len(base.fine_tune(regulated.tracks, persons, groups=regulated.chromosomes).runs_) == 2
    with pytest.raises(NotFittedError):
        tiny().fine_tune(regulated.tracks, persons)


def test_other_heads_on_a_frozen_base(regulated, base, persons):
    model = tiny(
        base_estimator=FrozenEstimator(base), hidden_layer_sizes=(4, 3), n_init=5, combine="mean",
        promoter_convolutions=((99, 9),),
    )  # fmt: skip
    model.fit(regulated.tracks, persons)
    assert [len(layer.bias) for layer in model.runs_[0].hidden] == [4, 3]
    # Branches in turn.
    for run, old in zip(model.runs_, [*base.runs_, *base.runs_, base.runs_[0]], strict=True):
        np.testing.assert_array_equal(run.branches[0][0], old.branches[0][0])
    unwrapped = clone(model)
    unwrapped.base_estimator = base
    np.testing.assert_array_equal(
        unwrapped.fit(regulated.tracks, persons).predict(regulated.tracks),
        model.predict(regulated.tracks),
    )
    keras = model.to_keras()
    x = [np.zeros((2, 3, 5), np.float32), np.zeros((2, 3, 4), np.float32)]
    assert keras(x).shape == (2, 7)


def test_a_frozen_base_survives_searches(regulated, base, persons):
    model = tiny(base_estimator=FrozenEstimator(base), max_iter=1, n_init=1)
    assert clone(model).base_estimator.estimator is base
    scores = cross_validate(model, regulated.tracks, persons, cv=2, return_estimator=True)
    for fitted in scores["estimator"]:
        np.testing.assert_array_equal(fitted.runs_[0].branches[0][0], base.runs_[0].branches[0][0])
    search = GridSearchCV(model, {"hidden_layer_sizes": [(4,), (3, 2)]}, cv=2, error_score="raise")
    search.fit(regulated.tracks, persons)
    assert search.best_estimator_.base_estimator.estimator is base


def test_bad_bases(regulated, base, persons):
    tracks = regulated.tracks
    for estimator, error, message in [
        (Ridge(), TypeError, "must be a fitted DEcodeRegressor, got Ridge"),
        (FrozenEstimator(Ridge()), TypeError, "must be a fitted DEcodeRegressor, got Ridge"),
        (tiny(), NotFittedError, r"base_estimator is not fitted.*FrozenEstimator: a clone"),
        (FrozenEstimator(tiny()), NotFittedError, "base_estimator is not fitted"),
        ("decode", ValueError, "The 'base_estimator' parameter of DEcodeRegressor must be"),
    ]:
        with pytest.raises(error, match=message):
            tiny(base_estimator=estimator).fit(tracks, persons)
    frozen = FrozenEstimator(base)
    # A clone forgets what is not frozen.
    with pytest.raises(NotFittedError, match="base_estimator is not fitted"):
        clone(tiny(base_estimator=base)).fit(tracks, persons)
    with pytest.raises(ValueError, match="has log_counts=False, this estimator log_counts=True"):
        tiny(base_estimator=frozen, log_counts=True).fit(tracks, persons)
    fewer = tracks.select(["TF1", "TF2", "RBP1", "RBP2", "RBP3"])
    features = "features of 'promoter' in X are not those that base_estimator was fitted on"
    with pytest.raises(ValueError, match=rf"{features}.* 2 are missing \('TF3', 'TF4'\)"):
        base.fine_tune(fewer, persons)
    with pytest.raises(ValueError, match=rf"{features}.* 5 are missing"):
        base.fine_tune(np.ones((240, 9)), persons)
    rna = RegulatoryTracks(tracks.genes, rna=tracks.rna)
    with pytest.raises(ValueError, match=rf"{features}.* 5 are missing"):
        base.fine_tune(rna, persons)
    turned = Track(
        tracks.promoter.bins[:, [0, 2, 1, 3, 4]],
        tracks.promoter.offsets,
        tracks.promoter.regulators[[0, 2, 1, 3, 4]],
    )
    turned = RegulatoryTracks(tracks.genes, promoter=turned, rna=tracks.rna)
    with pytest.raises(ValueError, match=rf"{features}. They are the same in another order"):
        base.fine_tune(turned, persons)


# scikit-learn's tools -----------------------------------------------------------------------------


def test_in_a_pipeline(regulated):
    tracks, y = regulated.tracks, regulated.y
    pipeline = make_pipeline(RegulatorFilter(30), RegulatorScaler(), tiny())
    pipeline.fit(tracks[:180], y[:180])
    scaled = RegulatorScaler().fit(tracks[:180])
    by_hand = tiny().fit(scaled.transform(tracks[:180]), y[:180])
    np.testing.assert_array_equal(
        pipeline.predict(tracks[180:]), by_hand.predict(scaled.transform(tracks[180:]))
    )
    few = make_pipeline(RegulatorFilter(160), RegulatorScaler(), tiny()).fit(tracks, y)
    assert few[-1].n_features_in_ < 9
    assert few.predict(tracks).shape == (240, 3)
    held_out = regulated.chromosomes == "chr4"
    pipeline.fit(tracks, y, decoderegressor__validation=held_out)
    expected = tiny().fit(RegulatorScaler().fit_transform(tracks), y, validation=held_out)
    assert pipeline[-1].validation_curve_ == expected.validation_curve_


def test_fold_changes_as_targets(regulated):
    tpm = 2.0 ** (4 + regulated.y)
    model = TransformedTargetRegressor(tiny(), transformer=FoldChangeTransformer())
    model.fit(regulated.tracks, tpm)
    y = FoldChangeTransformer().fit(tpm)
    direct = tiny().fit(regulated.tracks, y.transform(tpm)).predict(regulated.tracks)
    found = model.predict(regulated.tracks)
    np.testing.assert_allclose(found, y.inverse_transform(direct))
    assert found.shape == tpm.shape
    assert direct.shape == (240, 4)


def test_folds_by_chromosome(regulated):
    tracks, y, groups = regulated.tracks, regulated.y, regulated.chromosomes
    found = cross_val_predict(tiny(max_iter=1), tracks, y, cv=GroupKFold(3), groups=groups)
    for train, test in GroupKFold(3).split(tracks, y, groups):
        expected = tiny(max_iter=1).fit(tracks[train], y[train]).predict(tracks[test])
        np.testing.assert_array_equal(found[test], expected)


def test_searches_over_its_parameters(regulated):
    grid = {"decoderegressor__dropout": [0.0, 0.2], "regulatorfilter__min_genes": [1, 65]}
    pipeline = make_pipeline(RegulatorFilter(), RegulatorScaler(), tiny(max_iter=1, n_init=1))
    search = GridSearchCV(pipeline, grid, cv=GroupKFold(2), error_score="raise")
    search.fit(regulated.tracks, regulated.y, groups=regulated.chromosomes)
    assert len(search.cv_results_["params"]) == 4
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.predict(regulated.tracks[:5]).shape == (5, 3)


def test_groups_are_routed(regulated):
    """To the splitter, and to fit, which gets those of its own genes."""
    seen = []

    class Watching(DEcodeRegressor):
        def fit(self, X, y, groups=None, validation=None):
            seen.append(np.array(groups))
            return super().fit(X, y, groups=groups, validation=validation)

    model = Watching(**tiny(max_iter=1, n_init=1).get_params(deep=False))
    with sklearn.config_context(enable_metadata_routing=True):
        model.set_fit_request(groups=True)
        pipeline = make_pipeline(RegulatorScaler(), model)
        search = GridSearchCV(
            pipeline, {"watching__alpha": [0, 1e-3]}, cv=GroupKFold(3), error_score="raise"
        )
        search.fit(regulated.tracks, regulated.y, groups=regulated.chromosomes)
        cross_validate(
            pipeline, regulated.tracks, regulated.y, cv=GroupKFold(3), error_score="raise",
            params={"groups": regulated.chromosomes},
        )  # fmt: skip
        splits = [train for train, _ in GroupKFold(3).split(*[regulated.chromosomes] * 3)]
        # For each split the two settings, and the refit at the end; then the splits again.
        expected = [*splits, *splits, np.arange(240), *splits]
        found = sorted(tuple(groups) for groups in seen)
        assert found == sorted(tuple(regulated.chromosomes[rows]) for rows in expected)
