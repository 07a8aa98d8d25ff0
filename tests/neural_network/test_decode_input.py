"""What DEcodeRegressor takes: matrices and targets in every form; and what it refuses."""

import anndata
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.metrics import r2_score

from skgenes.feature_extraction import RegulatoryTracks, Track
from skgenes.neural_network import DEcodeRegressor

TINY = DEcodeRegressor(
    ((6, 1), (5, 1)), ((6, 2), (5, 2)), (8,), n_init=1, batch_size=32, max_iter=2, random_state=0
)


def tiny(**params):
    return clone(TINY).set_params(**params)


def state(model):
    """Weights and course of training."""
    weights = [weight for run in model.runs_ for weight in run.weights()]
    return [*weights, model.loss_curve_, model.validation_curve_, model.validation_errors_]


def assert_same(a, b):
    for x, y in zip(state(a), state(b), strict=True):
        np.testing.assert_array_equal(x, y)


# Matrices -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def counts(regulated):
    """Sums over the bins, without the masks: what a matrix of counts has."""
    sums = [track.fold_sums(0)[0].toarray()[:, 1:] for track in regulated.tracks.parts.values()]
    return np.hstack(sums)


def test_a_matrix_is_a_gene_with_one_bin(regulated, counts):
    model = tiny(promoter_convolutions=((6, 2), (5, 3))).fit(counts, regulated.y)
    assert list(model.regulators_in_) == ["counts"]
    assert model.regulators_in_["counts"].tolist() == [f"x{i}" for i in range(7)]
    assert model.depths_ == {"counts": 3}
    assert not model.masks_.any()
    names = [f"R{i}" for i in range(7)]
    tracks = RegulatoryTracks(
        regulated.tracks.genes, promoter=Track(counts, np.arange(241), names, bin_size=1000)
    )
    as_tracks = tiny(promoter_convolutions=((6, 2), (5, 3))).fit(tracks, regulated.y)
    assert_same(model, as_tracks)
    np.testing.assert_array_equal(model.predict(counts), as_tracks.predict(tracks))
    np.testing.assert_allclose(
        model.to_keras()(counts[:, np.newaxis].astype(np.float32)),
        model.predict(counts),
        rtol=1e-5,
        atol=1e-5,
    )
    x = model.fold(counts)
    assert x.shape == (240, 7 * 4)
    np.testing.assert_array_equal(model.column_feature_, np.tile(np.arange(7), 4))


def test_bent_convolutions_of_a_matrix(regulated, counts):
    model = tiny(conv_activation="tanh").fit(counts, regulated.y)
    expected = model.to_keras()(counts[:, np.newaxis].astype(np.float32))
    np.testing.assert_allclose(model.predict(counts), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("form", ["frame", "csr", "anndata", "anndata_csr", "layer", "csc", "list"])
def test_matrices_of_all_forms(regulated, counts, form):
    counts = counts.astype(np.float32)
    names = pd.Index([f"TF{i}" for i in range(7)])
    variables = pd.DataFrame(index=names)
    X = {
        "frame": lambda: pd.DataFrame(counts, columns=names),
        "csr": lambda: sp.csr_array(counts),
        "csc": lambda: sp.csc_array(counts),
        "list": counts.tolist,
        "anndata": lambda: anndata.AnnData(counts, var=variables),
        "anndata_csr": lambda: anndata.AnnData(sp.csr_matrix(counts), var=variables),
        "layer": lambda: anndata.AnnData(counts * 0, var=variables, layers={"sites": counts}),
    }[form]()
    model = tiny(layer="sites" if form == "layer" else None).fit(X, regulated.y)
    expected = tiny().fit(counts, regulated.y)
    assert_same(model, expected)
    np.testing.assert_array_equal(model.predict(X), expected.predict(counts))
    if form in ("frame", "anndata", "anndata_csr", "layer"):
        assert model.feature_names_in_.tolist() == list(names)
        assert model.regulators_in_["counts"].tolist() == list(names)
    else:
        assert not hasattr(model, "feature_names_in_")


def test_stored_zeros_and_order_do_not_show(regulated, counts):
    stored = sp.csr_array(counts)
    expected = tiny(log_counts=True).fit(stored, regulated.y)
    messy = sp.csr_array(
        (np.tile(counts, 2).ravel() / 2, np.tile(np.arange(7), 480), np.arange(0, 14 * 241, 14)),
        shape=(240, 7),
    )
    before = messy.copy()
    model = tiny(log_counts=True).fit(messy, regulated.y)
    np.testing.assert_allclose(model.predict(messy), expected.predict(stored), rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(messy.data, before.data)
    np.testing.assert_array_equal(messy.indices, before.indices)


def test_refits_forget_what_they_were_fitted_on(regulated, counts):
    frame = pd.DataFrame(counts, columns=[f"R{i}" for i in range(7)])
    model = tiny().fit(frame, regulated.y).fit(regulated.tracks, regulated.y)
    assert not hasattr(model, "feature_names_in_")
    assert list(model.regulators_in_) == ["promoter", "rna"]
    assert_same(model, tiny().fit(regulated.tracks, regulated.y))
    model.fit(counts, regulated.y)
    assert list(model.regulators_in_) == ["counts"]
    assert not hasattr(model, "feature_names_in_")
    assert_same(model, tiny().fit(counts, regulated.y))


# Targets ------------------------------------------------------------------------------------------


def test_targets_of_all_forms(regulated):
    tracks, y = regulated.tracks, regulated.y
    expected = tiny().fit(tracks, y)
    assert expected.output_names_.tolist() == [0, 1, 2]
    names = ["brain", "liver", "median"]
    frame = pd.DataFrame(y, index=tracks.genes, columns=names)
    genes = pd.DataFrame(index=pd.Index(tracks.genes))
    tissues = pd.DataFrame(index=names)
    forms = {
        "frame": frame,
        "unnamed rows": frame.reset_index(drop=True),
        "sparse": sp.csr_array(y),
        "list": y.tolist(),
        "anndata": anndata.AnnData(y, obs=genes, var=tissues),
    }
    for form, given in forms.items():
        model = tiny().fit(tracks, given)
        assert_same(model, expected)
        named = form in ("frame", "unnamed rows", "anndata")
        assert model.output_names_.tolist() == (names if named else [0, 1, 2])
    layered = anndata.AnnData(y * 0, obs=genes, var=tissues, layers={"fold_change": y})
    assert_same(tiny(layer="fold_change").fit(tracks, layered), expected)


def test_targets_of_one_output(regulated):
    tracks, y = regulated.tracks, regulated.y[:, 0]
    flat = tiny().fit(tracks, y)
    assert flat.predict(tracks).shape == (240,)
    column = tiny().fit(tracks, y[:, np.newaxis])
    assert column.predict(tracks).shape == (240, 1)
    np.testing.assert_array_equal(column.predict(tracks)[:, 0], flat.predict(tracks))
    series = pd.Series(y, index=tracks.genes, name="brain")
    named = tiny().fit(tracks, series)
    assert_same(named, flat)
    assert named.output_names_.tolist() == ["brain"]
    assert flat.output_names_.tolist() == [0]
    assert_same(tiny().fit(tracks, list(y)), flat)
    assert flat.score(tracks, y) == pytest.approx(column.score(tracks, y))


# Bad input ----------------------------------------------------------------------------------------


def test_other_genes_in_y(regulated):
    tracks = regulated.tracks[:20]
    frame = pd.DataFrame(regulated.y[:20], index=tracks.genes)
    turned = frame.iloc[::-1]
    message = (
        r"X and y name 20 genes differently, the first in row 0: 'GENE000' in X and 'GENE019' in "
        r"y\. They are the same genes in another order: pass y\.loc\[X\.genes\]"
    )
    with pytest.raises(ValueError, match=message):
        tiny().fit(tracks, turned)
    assert_same(
        tiny().fit(tracks[turned.index], turned), tiny().fit(tracks[::-1], turned.to_numpy())
    )
    with pytest.raises(ValueError, match=message):
        tiny().fit(tracks, turned[0])
    fitted = tiny().fit(tracks, frame)
    with pytest.raises(ValueError, match=message):
        fitted.score(tracks, turned)
    assert fitted.score(tracks, frame) == r2_score(frame, fitted.predict(tracks))
    adata = anndata.AnnData(turned.to_numpy(), obs=pd.DataFrame(index=turned.index))
    with pytest.raises(ValueError, match=r"pass y\[X\.genes\]"):
        tiny().fit(tracks, adata)
    tiny().fit(tracks[adata.obs_names], adata)
    for name in ("groups", "validation"):
        held_out = pd.Series(np.arange(20) < 5, index=turned.index)
        with pytest.raises(ValueError, match=rf"in {name}\. They are .* {name}\.loc\[X\.genes\]"):
            tiny().fit(tracks, frame, **{name: held_out})
    sums = pd.DataFrame(tracks.fold_sums("rna", 0)[0].toarray(), index=tracks.genes)
    with pytest.raises(ValueError, match=r"another order: pass y\.loc\[X\.index\]"):
        tiny().fit(sums, turned)
    tiny().fit(sums.reset_index(drop=True), turned)
    with pytest.raises(TypeError, match="RegulatoryTracks are no array"):
        tiny().fit(frame, tracks)
    other = frame.rename(index={"GENE003": "TP53"})
    with pytest.raises(ValueError, match=r"name 1 genes .* row 3: 'GENE003' in X and 'TP53' in y"):
        tiny().fit(tracks, other)
    with pytest.raises(ValueError, match="X has 20 samples and y has 19"):
        tiny().fit(tracks, frame.iloc[1:])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda y: np.where(y == y[3, 1], np.nan, y), r"y .*NaN"),
        (lambda y: np.where(y == y[3, 1], np.inf, y), r"y .*inf"),
        (lambda y: None, "requires y to be passed"),
        (lambda y: y[:, :0], r"0 feature|0 gene"),
        (lambda y: y[:7], "X has 240 samples and y has 7"),
        (lambda y: y.astype(str).astype(object) + "a", "could not convert string"),
        (lambda y: y[:, :, np.newaxis], "dim 3"),
    ],
)
def test_bad_targets(regulated, change, message):
    with pytest.raises(ValueError, match=message):
        tiny().fit(regulated.tracks, change(regulated.y))


def test_other_regulators_at_predict(regulated, counts):
    tracks = regulated.tracks
    model = tiny().fit(tracks, regulated.y)
    fewer = tracks.select(["TF1", "TF2", "TF4", "RBP1", "RBP2", "RBP3"])
    message = r"regulators of promoter are not those of fit. 0 are new \(none\), 1 .* \('TF3'\)"
    for ask in (model.predict, model.fold):
        with pytest.raises(ValueError, match=message):
            ask(fewer)
    order = [0, 3, 2, 1]
    turned = Track(tracks.rna.bins[:, order], tracks.rna.offsets, tracks.rna.regulators[order])
    turned = RegulatoryTracks(tracks.genes, promoter=tracks.promoter, rna=turned)
    with pytest.raises(ValueError, match=r"regulators of rna .* same in another order"):
        model.predict(turned)
    with pytest.raises(ValueError, match="X has the parts 'rna', but DEcodeRegressor was fitted"):
        model.predict(RegulatoryTracks(tracks.genes, rna=tracks.rna))
    # Without sites is not the same as without the regulator.
    assert model.predict(tracks.without("TF3")).shape == (240, 3)
    frame = pd.DataFrame(counts, columns=list("ABCDEFG"))
    of_frame = tiny().fit(frame, regulated.y)
    with pytest.raises(ValueError, match="feature names should match"):
        of_frame.predict(frame.iloc[:, :6])
    with pytest.raises(ValueError, match=r"another order|should match"):
        of_frame.predict(frame.iloc[:, ::-1])


def test_tracks_and_matrices_are_not_mixed(regulated, counts):
    of_tracks = tiny().fit(regulated.tracks, regulated.y)
    message = "fitted on RegulatoryTracks with the parts 'promoter', 'rna', got ndarray"
    with pytest.raises(TypeError, match=message):
        of_tracks.predict(np.ones((3, 9)))
    of_counts = tiny().fit(counts, regulated.y)
    with pytest.raises(TypeError, match="fitted on a matrix of counts, got RegulatoryTracks"):
        of_counts.predict(regulated.tracks)


def test_too_few_genes(regulated):
    tracks, y = regulated.tracks, regulated.y
    for few in (0, 1):
        with pytest.raises(ValueError, match=f"DEcodeRegressor needs at least 2 genes, got {few}"):
            tiny().fit(tracks[:few], y[:few])
        with pytest.raises(ValueError, match=r"minimum of (1|2) is required|at least"):
            tiny().fit(np.ones((few, 4)), y[:few])
    model = tiny().fit(tracks[:2], y[:2])
    assert np.isfinite(model.predict(tracks)).all()
    with pytest.raises(ValueError, match="X has no genes: there is nothing to predict"):
        model.predict(tracks[:0])
    with pytest.raises(NotFittedError):
        tiny().predict(tracks)


@pytest.mark.parametrize("name", ["promoter_convolutions", "rna_convolutions"])
@pytest.mark.parametrize(
    "value", [(), ((8,),), ((8, 0),), ((0, 1),), (8, 1), ((8, 1.5),), ((8, 1, 1),), [], [()]]
)
def test_wrong_convolutions(regulated, name, value):
    with pytest.raises(ValueError, match=rf"{name} must be pairs of a number of filters and"):
        tiny(**{name: value}).fit(regulated.tracks, regulated.y)


@pytest.mark.parametrize("name", ["promoter_convolutions", "rna_convolutions"])
@pytest.mark.parametrize("value", [8, None, "160"])
def test_convolutions_that_are_no_sequence(regulated, name, value):
    with pytest.raises(ValueError, match=f"The '{name}' parameter of DEcodeRegressor must be"):
        tiny(**{name: value}).fit(regulated.tracks, regulated.y)


def test_convolutions_of_other_types(regulated):
    expected = tiny().fit(regulated.tracks, regulated.y)
    model = tiny(
        promoter_convolutions=[[6, 1], [5, 1]], rna_convolutions=np.array([[6, 2], [5, 2]])
    )
    assert_same(model.fit(regulated.tracks, regulated.y), expected)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n_init", 0),
        ("combine", "median"),
        ("batch_size", 1),
        ("dropout", 1.0),
        ("alpha", -1),
        ("learning_rate_init", 0),
        ("validation_fraction", 1.0),
        ("conv_activation", "sigmoid"),
        ("log_counts", "yes"),
        ("max_iter", 0),
    ],
)
def test_wrong_parameters(regulated, name, value):
    with pytest.raises(ValueError, match=f"The '{name}' parameter of DEcodeRegressor must be"):
        tiny(**{name: value}).fit(regulated.tracks, regulated.y)


def test_wrong_layers(regulated):
    with pytest.raises(ValueError, match="hidden_layer_sizes must be positive integers, got"):
        tiny(hidden_layer_sizes=(8, 0)).fit(regulated.tracks, regulated.y)


@pytest.mark.parametrize("value", [-1.0, 1e39])
def test_values_that_cannot_be(regulated, counts, value):
    X = counts.astype(float)
    X[3, 2] = value
    model = tiny(log_counts=value < 0)
    message = (
        "takes counts, but X has the negative value -1"
        if value < 0
        else r"as large as 1e\+39, .* float32"
    )
    with pytest.raises(ValueError, match=message):
        model.fit(X, regulated.y)
    model.fit(counts, regulated.y)
    with pytest.raises(ValueError, match=message):
        model.predict(X)


def test_divergence(regulated):
    model = tiny().fit(regulated.tracks, regulated.y)
    before = dict(vars(model))
    model.set_params(max_iter=5)
    with pytest.raises(ValueError, match=r"Training diverged in epoch 1 of 5: .*1e\+30"):
        model.set_params(learning_rate_init=1e30).fit(regulated.tracks, regulated.y)
    after = {**vars(model), "max_iter": 2, "learning_rate_init": 1e-3}
    assert before.keys() == after.keys()
    assert all(before[name] is after[name] for name in before if name.endswith("_"))


def test_a_failed_fit_changes_nothing(regulated, counts):
    model = tiny().fit(regulated.tracks, regulated.y)
    before, predicted = dict(vars(model)), model.predict(regulated.tracks)
    frame = pd.DataFrame(counts, columns=list("ABCDEFG"))
    for X, y in [
        (regulated.tracks, None),
        (regulated.tracks[:1], regulated.y[:1]),
        (frame, regulated.y[:5]),
        (frame, regulated.y * np.nan),
        ("genes", regulated.y),
    ]:
        with pytest.raises((ValueError, TypeError)):
            model.fit(X, y)
        assert vars(model) == before
    np.testing.assert_array_equal(model.predict(regulated.tracks), predicted)
    with pytest.raises(ValueError, match="requires y"):
        model.fine_tune(regulated.tracks, None)
    assert vars(model) == before
