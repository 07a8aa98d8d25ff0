"""DEcodeRegressor on tracks: what it learns, how it is validated, and what it shows."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.base import clone

from skgenes.feature_extraction import RegulatoryTracks
from skgenes.metrics import per_output_spearman
from skgenes.neural_network import DEcodeRegressor

TINY = DEcodeRegressor(
    ((6, 1), (5, 1)), ((6, 2), (5, 2)), (8,), n_init=2, batch_size=32, max_iter=3, random_state=0
)
GOOD = DEcodeRegressor(
    ((8, 1),), ((8, 2),), (16,), n_init=1, batch_size=16, learning_rate_init=0.01, random_state=0
)


def tiny(**params):
    return clone(TINY).set_params(**params)


@pytest.fixture(scope="module")
def fitted(regulated):
    return tiny().fit(regulated.tracks, regulated.y)


@pytest.fixture(scope="module")
def good(regulated):
    return clone(GOOD).fit(regulated.tracks[:180], regulated.y[:180])


# What it learns -----------------------------------------------------------------------------------


def test_it_predicts_genes_it_has_not_seen(regulated, good):
    predicted = good.predict(regulated.tracks[180:])
    assert per_output_spearman(regulated.y[180:], predicted).min() > 0.9
    assert good.score(regulated.tracks[180:], regulated.y[180:]) > 0.85


def test_it_finds_the_effects_that_were_planted(regulated, good):
    tracks = regulated.tracks[180:]
    before = good.predict(tracks)
    names = [name for track in tracks.parts.values() for name in track.regulators[1:]]
    for name in names:
        part = "promoter" if name.startswith("TF") else "rna"
        column = list(tracks.parts[part].regulators).index(name)
        bound = tracks.parts[part].fold_sums(0)[0].toarray()[:, column]
        change = before - good.predict(tracks.without(name))
        # A unit of what is bound adds the planted effect.
        effects = bound @ change / (bound @ bound)
        expected = regulated.planted.get(name, np.zeros(3))
        np.testing.assert_allclose(effects, expected, atol=0.35, err_msg=name)
        np.testing.assert_array_equal(change[bound == 0], 0)


@pytest.mark.parametrize("params", [{"log_counts": True}, {"conv_activation": "elu"}])
def test_its_variants_learn_as_well(regulated, params):
    model = clone(GOOD).set_params(max_iter=40, **params)
    model.fit(regulated.tracks[:180], regulated.y[:180])
    assert per_output_spearman(regulated.y[180:], model.predict(regulated.tracks[180:])).min() > 0.8


# Runs ---------------------------------------------------------------------------------------------


def test_the_best_run_is_kept(regulated, fitted):
    assert fitted.validation_errors_.shape == (2,)
    assert len(fitted.runs_) == 1
    mean = tiny(combine="mean").fit(regulated.tracks, regulated.y)
    np.testing.assert_array_equal(mean.validation_errors_, fitted.validation_errors_)
    best = mean.runs_[fitted.validation_errors_.argmin()]
    for a, b in zip(best.weights(), fitted.runs_[0].weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert mean.validation_curve_ == fitted.validation_curve_
    assert min(fitted.validation_curve_) == min(fitted.validation_errors_)
    assert fitted.n_iter_ == len(fitted.loss_curve_) == 3


def test_combine_mean_is_the_mean_of_the_runs(regulated, fitted):
    mean = tiny(combine="mean", n_init=3).fit(regulated.tracks, regulated.y)
    x = mean.fold(regulated.tracks)
    each = [network.predict(x) for network in mean.networks_]
    np.testing.assert_allclose(mean.predict(regulated.tracks), np.mean(each, axis=0), atol=1e-5)
    assert len(each) == 3
    assert not np.allclose(each[0], each[1], atol=0.01)
    # The runs of fewer are the first of more.
    fewer = tiny(combine="mean").fit(regulated.tracks, regulated.y)
    np.testing.assert_array_equal(fewer.validation_errors_, mean.validation_errors_[:2])


def test_the_kept_weights_are_those_of_the_best_epoch(regulated):
    held_out = np.arange(240) % 5 == 0
    model = tiny(n_init=1, max_iter=30, learning_rate_init=0.05, early_stopping=False)
    model.fit(regulated.tracks, regulated.y, validation=held_out)
    curve = model.validation_curve_
    assert 0 < np.argmin(curve) < len(curve) - 1, "the best epoch should be in the middle"
    error = np.square(model.predict(regulated.tracks[held_out]) - regulated.y[held_out]).mean()
    assert error == pytest.approx(min(curve), rel=1e-4)
    assert model.validation_errors_.tolist() == [min(curve)]


def test_early_stopping(regulated):
    model = tiny(n_init=1, max_iter=50, learning_rate_init=0.05, n_iter_no_change=2)
    curve = model.fit(regulated.tracks, regulated.y).validation_curve_
    assert len(curve) < 50
    assert np.argmin(curve) == len(curve) - 3
    patient = tiny(n_init=1, max_iter=5, learning_rate_init=1e-12, n_iter_no_change=2, tol=1.0)
    assert patient.fit(regulated.tracks, regulated.y).n_iter_ == 3
    assert patient.set_params(early_stopping=False).fit(regulated.tracks, regulated.y).n_iter_ == 5


# Validation ---------------------------------------------------------------------------------------


@pytest.fixture
def splits(monkeypatch):
    """Rows that training was given, and those held out."""
    from skgenes.neural_network import _decode

    recorded, original = [], _decode.split_genes

    def recording(*args):
        recorded.append(original(*args))
        return recorded[-1]

    monkeypatch.setattr(_decode, "split_genes", recording)
    return recorded


def test_groups_are_held_out_as_a_whole(regulated, splits):
    chromosomes = regulated.chromosomes
    for groups in (chromosomes, list(chromosomes), pd.Series(chromosomes).astype("category")):
        tiny(max_iter=1).fit(regulated.tracks, regulated.y, groups=groups)
    for learnt, held_out in splits:
        np.testing.assert_array_equal(np.sort([*learnt, *held_out]), np.arange(240))
        assert not set(chromosomes[learnt]) & set(chromosomes[held_out])
        assert len(set(chromosomes[held_out])) == 1
    assert len({tuple(held_out) for _, held_out in splits}) == 1
    others = [
        tiny(max_iter=1, random_state=i).fit(regulated.tracks, regulated.y, groups=chromosomes)
        for i in range(6)
    ]
    assert len(others) == 6
    assert len({tuple(held_out) for _, held_out in splits}) > 1


def test_a_mask_is_held_out(regulated, splits):
    held_out = regulated.chromosomes == "chr3"
    for mask in (held_out, held_out.tolist(), pd.Series(held_out, regulated.tracks.genes)):
        tiny(max_iter=1).fit(regulated.tracks, regulated.y, validation=mask)
    for learnt, validated in splits:
        np.testing.assert_array_equal(learnt, np.flatnonzero(~held_out))
        np.testing.assert_array_equal(validated, np.flatnonzero(held_out))


def test_a_share_is_held_out(regulated, splits):
    tiny(max_iter=1).fit(regulated.tracks, regulated.y)
    tiny(max_iter=1, validation_fraction=0.25).fit(regulated.tracks, regulated.y)
    all_of_them = tiny(max_iter=2, validation_fraction=0, early_stopping=False)
    all_of_them.fit(regulated.tracks, regulated.y, groups=regulated.chromosomes)
    assert [len(held_out) for _, held_out in splits] == [24, 60, 0]
    assert len(splits[2][0]) == 240
    assert all_of_them.validation_curve_ == []
    assert min(all_of_them.validation_errors_) == all_of_them.loss_curve_[-1]
    with pytest.raises(ValueError, match="early_stopping=True needs a validation_fraction above 0"):
        tiny(validation_fraction=0).fit(regulated.tracks, regulated.y)


def test_what_is_held_out_teaches_nothing(regulated):
    """Other targets for genes held out choose another epoch, but change no weight."""
    held_out = np.arange(240) < 50
    changed = np.where(held_out[:, np.newaxis], 5.0, regulated.y)
    one, two = (
        tiny(max_iter=1, n_init=1).fit(regulated.tracks, y, validation=held_out)
        for y in (regulated.y, changed)
    )
    np.testing.assert_array_equal(one.predict(regulated.tracks), two.predict(regulated.tracks))
    assert one.validation_errors_ != two.validation_errors_


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        (
            {"groups": ["a"] * 240, "validation": [True] * 240},
            "Pass groups or validation, not both",
        ),
        (
            {"groups": ["chr1", np.nan, *["chr2"] * 238]},
            "groups has no value for 1 of 240 genes, the first in row 1",
        ),
        ({"groups": ["chr1"] * 240}, "groups has the single value 'chr1': nothing is left"),
        ({"groups": ["a", "b"]}, "inconsistent numbers of samples"),
        ({"validation": [True] * 240}, "validation holds out 240 of 240 genes"),
        ({"validation": [False] * 240}, "validation holds out 0 of 240 genes"),
        ({"validation": [True, False]}, r"must be 240 bools, .* of bool of shape \(2,\)"),
        ({"validation": np.arange(240)}, r"must be 240 bools, .* of int64 of shape \(240,\)"),
    ],
)
def test_bad_validation(regulated, kwargs, message):
    with pytest.raises(ValueError, match=message):
        tiny().fit(regulated.tracks, regulated.y, **kwargs)


# What it shows ------------------------------------------------------------------------------------


def test_fold_and_networks(regulated, fitted):
    tracks = regulated.tracks
    x = fitted.fold(tracks)
    assert isinstance(x, sp.csr_array)
    assert x.dtype == np.float32
    assert fitted.depths_ == {"promoter": 0, "rna": 2}
    expected = [*tracks.fold_sums("promoter", 0), *tracks.fold_sums("rna", 2)]
    np.testing.assert_array_equal(x.toarray(), sp.hstack(expected).toarray())
    (network,) = fitted.networks_
    np.testing.assert_allclose(network.predict(x), fitted.predict(tracks), rtol=1e-6, atol=1e-6)
    names = [name for names in fitted.regulators_in_.values() for name in names]
    of_columns = [names[i] for i in fitted.column_feature_]
    rna = tracks.rna.regulators.tolist()
    assert of_columns == [*tracks.promoter.regulators, *rna, *rna, *rna]
    assert [names[i] for i in np.flatnonzero(fitted.masks_)] == ["promoter", "exon"]
    assert fitted.n_features_in_ == len(names) == tracks.shape[1]


def test_fold_of_logarithms(regulated):
    plain = tiny(max_iter=1).fit(regulated.tracks, regulated.y)
    logs = tiny(max_iter=1, log_counts=True).fit(regulated.tracks, regulated.y)
    np.testing.assert_array_equal(
        logs.fold(regulated.tracks).toarray(), np.log1p(plain.fold(regulated.tracks).toarray())
    )
    found = logs.networks_[0].predict(logs.fold(regulated.tracks))
    np.testing.assert_allclose(found, logs.predict(regulated.tracks), rtol=1e-6, atol=1e-6)
    with pytest.raises(ValueError, match="which no convolution can return"):
        logs.to_keras()
    with pytest.raises(ValueError, match="log_counts=True needs conv_activation='identity', got"):
        tiny(log_counts=True, conv_activation="relu").fit(regulated.tracks, regulated.y)


def keras_input(track, n_more=0):
    longest = track.lengths.max() + n_more
    x = np.zeros((len(track), longest, len(track.regulators)), np.float32)
    for gene, (start, length) in enumerate(zip(track.offsets[:-1], track.lengths, strict=True)):
        x[gene, :length] = track.bins[start : start + length].toarray()
    return x


@pytest.mark.parametrize("params", [{}, {"combine": "mean"}, {"conv_activation": "relu"}])
def test_the_keras_model_predicts_the_same(regulated, params):
    model = tiny(**params).fit(regulated.tracks, regulated.y)
    keras = model.to_keras()
    assert [tensor.name for tensor in keras.inputs] == ["promoter", "rna"]
    x = [keras_input(track, n_more=2) for track in regulated.tracks.parts.values()]
    expected = model.predict(regulated.tracks)
    np.testing.assert_allclose(keras(x), expected, rtol=1e-5, atol=1e-5)


def test_one_part_is_enough(regulated):
    tracks = RegulatoryTracks(regulated.tracks.genes, rna=regulated.tracks.rna)
    model = tiny().fit(tracks, regulated.y)
    assert list(model.regulators_in_) == ["rna"]
    x = keras_input(tracks.rna)
    np.testing.assert_allclose(model.to_keras()(x), model.predict(tracks), rtol=1e-5, atol=1e-5)


def test_bent_convolutions_have_no_fold(regulated):
    model = tiny(conv_activation="tanh", max_iter=1, n_init=1).fit(regulated.tracks, regulated.y)
    for ask in (lambda: model.fold(regulated.tracks), lambda: model.networks_):
        with pytest.raises(ValueError, match=r"Only linear convolutions (can|come)"):
            ask()


def test_a_gene_does_not_depend_on_others(regulated):
    for params in ({}, {"conv_activation": "tanh", "max_iter": 1}):
        model = tiny(**params).fit(regulated.tracks, regulated.y)
        together = model.predict(regulated.tracks)
        alone = np.vstack([model.predict(regulated.tracks[[i]]) for i in range(0, 240, 7)])
        np.testing.assert_allclose(alone, together[::7], rtol=1e-12, atol=1e-13)


# Randomness ---------------------------------------------------------------------------------------


def test_the_seed_decides(regulated):
    def predicted(**params):
        model = tiny(max_iter=2, dropout=0.3, **params)
        return model.fit(regulated.tracks, regulated.y).predict(regulated.tracks)

    same = predicted(random_state=1)
    np.testing.assert_array_equal(predicted(random_state=1), same)
    np.testing.assert_array_equal(predicted(random_state=np.int64(1)), same)
    assert not np.array_equal(predicted(random_state=2), same)
    assert not np.array_equal(predicted(random_state=None), predicted(random_state=None))
    one, two = np.random.RandomState(7), np.random.RandomState(7)
    first = predicted(random_state=one)
    np.testing.assert_array_equal(predicted(random_state=two), first)


def test_dropout_and_decay_do_something(regulated, fitted):
    for params in ({"dropout": 0.5}, {"alpha": 0.1}):
        model = tiny(**params).fit(regulated.tracks, regulated.y)
        assert not np.allclose(model.loss_curve_, fitted.loss_curve_, rtol=1e-3)

    def size(alpha):
        model = tiny(alpha=alpha, max_iter=30).fit(regulated.tracks, regulated.y)
        return sum(np.square(kernel).sum() for kernel in model.runs_[0].branches[0])

    assert size(0.1) < 0.7 * size(0)
