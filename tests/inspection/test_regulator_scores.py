"""Scores of regulators against slow loops, shap, and the network that convolves."""

import warnings
from itertools import pairwise

import anndata
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.compose import TransformedTargetRegressor
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skgenes.feature_extraction import RegulatorScaler, RegulatoryTracks, Track
from skgenes.inspection import (
    knockout_effects,
    position_contributions,
    regulator_scores,
    transcript_usage_scores,
)
from skgenes.inspection._explained_regulators import without_sites
from skgenes.neural_network import DEcodeRegressor

TISSUES = ["lung", "liver", "blood"]
SMALL = {
    "promoter_convolutions": ((5, 1), (4, 2)),
    "rna_convolutions": ((6, 2), (5, 2)),
    "hidden_layer_sizes": (8, 7),
    "n_init": 2,
    "max_iter": 3,
    "batch_size": 16,
    "random_state": 0,
}


def make_track(rng, lengths, names, density):
    bins = rng.integers(1, 101, (sum(lengths), len(names))).astype(np.float32)
    bins *= rng.random(bins.shape) < density
    bins[:, 0] = 100
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    bins[offsets[1:][np.array(lengths) > 0] - 1, 0] = 40
    return Track(bins / 50, offsets, names)


@pytest.fixture(scope="module")
def tracks():
    rng = np.random.default_rng(0)
    lengths = rng.integers(0, 9, 50)
    lengths[3] = 1
    return RegulatoryTracks(
        [f"gene{i}" for i in range(50)],
        promoter=make_track(rng, [5] * 50, ["promoter", "SPI1", "IRF8", "FUS"], 0.2),
        rna=make_track(rng, lengths, ["exon", "FUS", "QKI"], 0.3),
    )


@pytest.fixture(scope="module")
def targets(tracks):
    values = np.random.default_rng(1).normal(size=(len(tracks), 3))
    return pd.DataFrame(values, columns=TISSUES, index=tracks.genes)


@pytest.fixture(scope="module")
def model(tracks, targets):
    return DEcodeRegressor(**SMALL, combine="mean").fit(tracks, targets)


@pytest.fixture(scope="module")
def log_model(tracks, targets):
    return DEcodeRegressor(**SMALL, log_counts=True).fit(tracks, targets)


@pytest.fixture(scope="module")
def counts():
    rng = np.random.default_rng(2)
    return pd.DataFrame(rng.poisson(0.7, (40, 6)).astype(float), columns=list("abcdef"))


@pytest.fixture(scope="module")
def count_model(counts):
    y = np.random.default_rng(3).normal(size=(40, 2))
    return DEcodeRegressor(**SMALL).fit(counts, y)


def assert_close(actual, expected, relative):
    expected = np.asarray(expected)
    np.testing.assert_allclose(actual, expected, rtol=0, atol=relative * np.abs(expected).max())


def padded(tracks, n_bins):
    """Dense bins of every part: genes x bins x features."""
    blocks = []
    for track in tracks.parts.values():
        block = np.zeros((len(track), n_bins, len(track.regulators)))
        for gene, (start, stop) in enumerate(pairwise(track.offsets)):
            block[gene, : stop - start] = track.bins[start:stop].toarray()
        blocks.append(block)
    return blocks


def convolve(bins, kernels):
    """Sum over positions of linear convolutions, position by position."""
    for kernel in kernels:
        bins = np.vstack([bins, np.zeros((len(kernel), bins.shape[1]))])
        bins = np.array(
            [
                sum(bins[t + i] @ kernel[i].astype(float) for i in range(len(kernel)))
                for t in range(len(bins) - len(kernel))
            ]
        )
    return bins.sum(axis=0)


def by_loop(run, bins, reference):
    """DeepLIFT of one gene on the network that convolves, backwards layer by layer."""
    h = np.concatenate(list(map(convolve, bins, run.branches)))
    h_r = np.concatenate(list(map(convolve, reference, run.branches)))
    steps = []
    for layer in run.hidden:
        a, a_r = (v @ layer.kernel.astype(float) + layer.bias for v in (h, h_r))
        rho = [
            float(x > 0) if abs(x - r) < 1e-7 else (max(x, 0) - max(r, 0)) / (x - r)
            for x, r in zip(a, a_r, strict=True)
        ]
        scale = layer.gamma / np.sqrt(layer.variance.astype(float) + 1e-3)
        steps.append(layer.kernel * (np.array(rho) * scale))
        h, h_r = (scale * (np.maximum(v, 0) - layer.mean) + layer.beta for v in (a, a_r))
    multipliers = run.output.kernel.astype(float)
    for step in steps[::-1]:
        multipliers = step @ multipliers
    result, start = [], 0
    for part, part_r, kernels in zip(bins, reference, run.branches, strict=True):
        stop = start + kernels[-1].shape[2]
        values = np.zeros((*part.shape, multipliers.shape[1]))
        for t, f in np.argwhere(part != part_r):
            impulse = np.zeros(part.shape)
            impulse[t, f] = part[t, f] - part_r[t, f]
            values[t, f] = convolve(impulse, kernels) @ multipliers[start:stop]
        result.append(values)
        start = stop
    return result


@pytest.fixture(scope="module")
def loop(model, tracks):
    """Contributions of the bins of the first eight genes, by part: genes x bins x features x 3."""
    bins, reference = padded(tracks[:8], 12), padded(without_sites(tracks), 12)
    genes = [
        [by_loop(run, [b[g] for b in bins], [r[0] for r in reference]) for run in model.runs_]
        for g in range(8)
    ]
    return [np.array([np.mean([run[p] for run in gene], axis=0) for gene in genes]) for p in (0, 1)]


# Contributions of genes ---------------------------------------------------------------------------


def test_contributions_are_those_of_a_slow_loop(model, tracks, loop):
    result = regulator_scores(model, tracks, aggregation=None)
    assert result.contributions.shape == (50, 7, 3)
    assert result.contributions.dtype == np.float32
    expected = np.concatenate([part.sum(axis=1) for part in loop], axis=1)
    assert_close(result.contributions[:8], expected, 1e-5)


@pytest.mark.parametrize("which", ["model", "log_model"])
def test_contributions_add_up_to_the_prediction(which, tracks, request):
    model = request.getfixturevalue(which)
    result = regulator_scores(model, tracks, aggregation=None)
    delta = model.predict(tracks) - model.predict(without_sites(tracks))
    assert_close(result.contributions.sum(axis=1, dtype=float), delta, 1e-5)
    assert_close(result.expected_output, model.predict(without_sites(tracks))[0], 1e-6)
    assert result.delta == pytest.approx(np.abs(delta).max(), rel=1e-6)
    assert 0 < result.relative_residual < 1e-5


@pytest.mark.filterwarnings("ignore:The set_(bad|over|under) function")  # when shap is imported
@pytest.mark.filterwarnings("ignore:Your TensorFlow version is newer")  # older shap
@pytest.mark.filterwarnings("ignore:The structure of `inputs`")
def test_shap_gives_the_same_for_the_network_that_convolves(model, tracks):
    import keras
    import shap

    from skgenes.networks._shap import _shap_at_work

    inputs = [keras.Input((12, 4)), keras.Input((12, 3))]  # shap wants to know the lengths
    keras_model = keras.Model(inputs, model.to_keras()(inputs))
    with _shap_at_work():
        explainer = shap.DeepExplainer(keras_model, padded(without_sites(tracks), 12))
        values = explainer.shap_values(padded(tracks[:6], 12), check_additivity=False)
    result = regulator_scores(model, tracks, aggregation=None)
    expected = np.concatenate([part.sum(axis=1) for part in values], axis=1)
    assert_close(result.contributions[:6], expected, 1e-4)
    for gene in (2, 3, 5):
        table = position_contributions(model, tracks, gene, part="rna", outputs="liver")
        assert_close(table, values[1][gene, : len(table), :, 1], 1e-4)
        np.testing.assert_array_equal(values[1][gene, len(table) :], 0)


def test_features_without_sites_contribute_nothing(model, tracks):
    result = regulator_scores(model, tracks.without("QKI"), aggregation=None)
    np.testing.assert_array_equal(result.contributions[:, -1], 0)
    assert (result.scores.loc[("rna", "QKI")] == 0).all()


# Averages -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("which", ["model", "log_model"])
def test_averages_are_those_of_all_genes(which, tracks, request):
    model = request.getfixturevalue(which)
    every = regulator_scores(model, tracks, aggregation=None)
    for aggregation, expected in (
        (None, every.contributions.mean(axis=0, dtype=float)),
        ("signed", every.contributions.mean(axis=0, dtype=float)),
        ("absolute", np.abs(every.contributions).mean(axis=0, dtype=float)),
    ):
        result = regulator_scores(model, tracks, aggregation=aggregation)
        assert result.aggregation == aggregation
        assert (result.contributions is None) == (aggregation is not None)
        is_mask = np.array([True, False, False, False, True, False, False])
        np.testing.assert_allclose(result.mask_scores, expected[is_mask], rtol=1e-12, atol=1e-15)
        np.testing.assert_allclose(result.scores, expected[~is_mask], rtol=1e-12, atol=1e-15)


def test_tables_name_regulators_and_outputs(model, tracks):
    result = regulator_scores(model, tracks)
    assert list(result.scores.index) == [
        ("promoter", "SPI1"), ("promoter", "IRF8"), ("promoter", "FUS"),
        ("rna", "FUS"), ("rna", "QKI"),
    ]  # fmt: skip
    assert list(result.mask_scores.index) == [("promoter", "promoter"), ("rna", "exon")]
    assert list(result.features.names) == ["part", "regulator"]
    assert list(result.scores.columns) == list(result.expected_output.index) == TISSUES
    assert list(result.genes) == list(tracks.genes)
    assert (result.scores.dtypes == np.float64).all()


def test_importance_and_the_top(model, tracks):
    result = regulator_scores(model, tracks)
    expected = np.abs(result.scores.to_numpy()).mean(axis=1)
    order = np.argsort(-expected)
    np.testing.assert_allclose(result.importance, expected[order])
    assert list(result.importance.index) == list(result.scores.index[order])
    pd.testing.assert_frame_equal(result.top(2), result.scores.iloc[order[:2]])
    assert len(result.top(99)) == 5
    for output in ("blood", 2):
        order = np.argsort(-np.abs(result.scores["blood"].to_numpy()))
        pd.testing.assert_frame_equal(result.top(3, output), result.scores.iloc[order[:3]])
    with pytest.raises(ValueError, match="k == 0"):
        result.top(0)
    with pytest.raises(ValueError, match=r"'bloood'.*Did you mean 'blood'"):
        result.top(1, "bloood")


# References ---------------------------------------------------------------------------------------


def test_the_reference_without_sites(tracks):
    reference = without_sites(tracks)
    assert list(reference.genes) == ["no_site"]
    expected = np.zeros((5, 4))
    expected[:, 0] = 2
    np.testing.assert_array_equal(reference.promoter.bins.toarray(), expected)
    n_bins = int(np.floor(np.median(tracks.rna.lengths)))
    expected = np.zeros((n_bins, 3))
    expected[:, 0] = 2
    np.testing.assert_array_equal(reference.rna.bins.toarray(), expected)
    two = tracks[np.argsort(tracks.rna.lengths)[[0, -1]]]
    assert two.rna.lengths.tolist() == [0, 8]
    assert without_sites(two).rna.lengths.tolist() == [4]
    assert without_sites(two[[0]]).rna.bins.shape == (0, 3)
    odd = Track(np.ones((7, 1)), [0, 2, 7], ["exon"])
    assert without_sites(RegulatoryTracks(["a", "b"], rna=odd)).rna.lengths.tolist() == [3]


def test_another_gene_as_reference(model, tracks):
    result = regulator_scores(model, tracks, reference=tracks[[4]], aggregation=None)
    np.testing.assert_array_equal(result.contributions[4], 0)
    delta = model.predict(tracks) - model.predict(tracks[[4]])
    assert_close(result.contributions.sum(axis=1), delta, 1e-5)


@pytest.mark.parametrize("form", ["frame", "array", "csr", "anndata"])
def test_matrices_are_compared_with_zeros(counts, form):
    X = {
        "frame": counts,
        "array": counts.to_numpy(),
        "csr": sp.csr_array(counts.to_numpy()),
        "anndata": anndata.AnnData(
            counts.to_numpy(), counts.set_index(counts.index.astype(str))[[]], counts.T[[]]
        ),
    }[form]
    y = np.random.default_rng(3).normal(size=(40, 2))
    model = DEcodeRegressor(**SMALL).fit(X, y)
    result = regulator_scores(model, X, aggregation=None)
    empty = counts.iloc[:1] * 0
    empty = empty if form in ("frame", "anndata") else empty.to_numpy()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        delta = model.predict(X) - model.predict(empty)
    assert_close(result.contributions.sum(axis=1), delta, 1e-5)
    assert result.mask_scores.empty
    names = list("abcdef") if form in ("frame", "anndata") else [f"x{i}" for i in range(6)]
    assert list(result.scores.index) == [("counts", name) for name in names]
    assert list(result.scores.columns) == [0, 1]
    np.testing.assert_array_equal(result.contributions[counts.to_numpy() == 0], 0)


def test_an_array_as_reference(count_model, counts):
    row = counts.to_numpy()[7]
    result = regulator_scores(count_model, counts, reference=row, aggregation=None)
    np.testing.assert_array_equal(result.contributions[7], 0)
    delta = count_model.predict(counts) - count_model.predict(counts.iloc[[7]])
    assert_close(result.contributions.sum(axis=1), delta, 1e-5)


# Estimators around it -----------------------------------------------------------------------------


def test_steps_before_the_model_are_applied(tracks, targets):
    pipeline = make_pipeline(RegulatorScaler(), DEcodeRegressor(**SMALL)).fit(tracks, targets)
    scaled = pipeline[:-1].transform(tracks)
    expected = regulator_scores(pipeline[-1], scaled)
    result = regulator_scores(pipeline, tracks)
    pd.testing.assert_frame_equal(result.scores, expected.scores)
    result = regulator_scores(pipeline, tracks, reference=tracks[[4]])
    expected = regulator_scores(pipeline[-1], scaled, reference=scaled[[4]])
    pd.testing.assert_frame_equal(result.scores, expected.scores)


def test_scaled_targets_and_searches_are_opened(tracks, targets):
    search = GridSearchCV(DEcodeRegressor(**SMALL), {"alpha": [1e-4]}, cv=2)
    scaled = TransformedTargetRegressor(search, transformer=StandardScaler())
    scaled.fit(tracks, targets.to_numpy())
    inner = scaled.regressor_.best_estimator_
    expected = regulator_scores(inner, tracks).scores
    pd.testing.assert_frame_equal(regulator_scores(scaled, tracks).scores, expected)


# Outputs ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outputs", "names"),
    [("liver", ["liver"]), (1, ["liver"]), (["blood", "lung"], ["blood", "lung"]),
     ([2, "lung"], ["blood", "lung"]), (np.array([0, 1]), ["lung", "liver"])],
)  # fmt: skip
def test_some_outputs(model, tracks, outputs, names):
    result = regulator_scores(model, tracks, outputs=outputs, aggregation=None)
    everything = regulator_scores(model, tracks, aggregation=None)
    assert list(result.scores.columns) == names
    kept = [TISSUES.index(name) for name in names]
    assert_close(result.contributions, everything.contributions[..., kept], 1e-6)
    assert_close(result.expected_output, everything.expected_output[names], 1e-12)


@pytest.mark.parametrize(
    ("outputs", "message"),
    [("lungs", "'lungs'.*Did you mean 'lung'"), (3, "among the 3.*: 3"), (-1, ": -1"),
     ([0, "lung"], "more than once"), ([], "No output"), (True, "True")],
)  # fmt: skip
def test_unknown_outputs(model, tracks, outputs, message):
    with pytest.raises(ValueError, match=f"(?s){message}"):
        regulator_scores(model, tracks, outputs=outputs)


# Bad input ----------------------------------------------------------------------------------------


def test_references_that_do_not_fit(model, count_model, tracks, counts):
    with pytest.raises(ValueError, match=r"one gene, got 2"):
        regulator_scores(model, tracks, reference=tracks[:2])
    with pytest.raises(TypeError, match="RegulatoryTracks with one gene; got ndarray"):
        regulator_scores(model, tracks, reference=np.zeros(7))
    with pytest.raises(TypeError, match="X is a matrix"):
        regulator_scores(count_model, counts, reference=tracks[[0]])
    with pytest.raises(ValueError, match=r"shape \(6,\), got an array of shape \(5,\)"):
        regulator_scores(count_model, counts, reference=np.zeros(5))
    with pytest.raises(ValueError, match="NaN or infinite"):
        regulator_scores(count_model, counts, reference=[0, 0, np.nan, 0, 0, 0])
    with pytest.raises(ValueError, match=r"'reference' parameter.*'no_site'"):
        regulator_scores(model, tracks, reference="mean")
    with pytest.raises(ValueError, match="QKI"):
        regulator_scores(model, tracks, reference=tracks[[0]].select(["FUS", "SPI1", "IRF8"]))


def test_genes_that_do_not_fit(model, tracks, counts):
    with pytest.raises(ValueError, match="X has no genes"):
        regulator_scores(model, tracks[:0])
    with pytest.raises(ValueError, match="QKI"):
        regulator_scores(model, tracks.select(["FUS", "SPI1", "IRF8"]))
    with pytest.raises(TypeError, match="fitted on RegulatoryTracks"):
        regulator_scores(model, counts)
    with pytest.raises(TypeError, match=r"DEcodeRegressor is needed.*StandardScaler"):
        regulator_scores(StandardScaler().fit(counts), counts)


def test_too_much_for_memory(model, tracks, monkeypatch):
    monkeypatch.setattr("skgenes.inspection._deeplift._LARGEST_RESULT", 50 * 7 * 3 * 4 - 1)
    with pytest.raises(ValueError, match="aggregation='absolute'"):
        regulator_scores(model, tracks, aggregation=None)
    regulator_scores(model, tracks, aggregation=None, outputs=[0, 1])
    regulator_scores(model, tracks)


def test_what_bends_before_the_sum_has_no_fold(tracks, targets):
    model = DEcodeRegressor(**SMALL, conv_activation="relu").fit(tracks, targets)
    with pytest.raises(ValueError, match=r"conv_activation='relu'.*to_keras"):
        regulator_scores(model, tracks)


# Positions ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", ["promoter", "rna"])
def test_bins_are_those_of_a_slow_loop(model, tracks, loop, part):
    expected = loop[["promoter", "rna"].index(part)]
    median = int(np.median(tracks.rna.lengths))
    for gene in range(8):
        table = position_contributions(model, tracks, gene, part=part)
        length = 5 if part == "promoter" else max(tracks.rna.lengths[gene], median)
        assert len(table) == length
        for o, tissue in enumerate(TISSUES):
            np.testing.assert_allclose(
                table[tissue], expected[gene, :length, :, o], atol=1e-5 * np.abs(expected).max()
            )
            np.testing.assert_array_equal(expected[gene, length:], 0)


@pytest.mark.parametrize("which", ["model", "log_model"])
@pytest.mark.parametrize("reference", ["no_site", "gene"])
def test_bins_add_up(which, reference, tracks, request):
    model = request.getfixturevalue(which)
    reference = tracks[[11]] if reference == "gene" else reference
    scores = regulator_scores(model, tracks, aggregation=None, reference=reference)
    everything = []
    for gene in range(0, 50, 7):
        tables = [
            position_contributions(model, tracks, gene, part=part, reference=reference)
            for part in ("promoter", "rna")
        ]
        by_feature = np.vstack(
            [np.stack([table[name].sum(axis=0) for name in TISSUES], axis=1) for table in tables]
        )
        assert_close(by_feature, scores.contributions[gene], 2e-6)
        everything.append(by_feature.sum(axis=0))
    delta = model.predict(tracks[::7]) - scores.expected_output.to_numpy()
    assert_close(everything, delta, 1e-5)


def test_equal_sums_of_other_bins_have_the_tangent(log_model):
    """Bins in another order: the sum over all is the same, the bins are not."""
    names = ["exon", "FUS", "QKI"]
    promoter = Track(np.full((2, 4), 2.0), [0, 1, 2], ["promoter", "SPI1", "IRF8", "FUS"])
    rna = Track([[2, 1, 0], [2, 0, 0], [2, 0, 0], [2, 1, 0]], [0, 2, 4], names)
    X = RegulatoryTracks(["a", "b"], promoter=promoter, rna=rna)
    table = position_contributions(log_model, X, "a", part="rna", reference=X[[1]], outputs=0)
    delta = log_model.predict(X[[0]]) - log_model.predict(X[[1]])
    assert table["FUS"].sum() == pytest.approx(delta[0, 0], abs=1e-5 * np.abs(delta).max())
    assert table["FUS"].abs().min() > 0
    np.testing.assert_array_equal(table[["exon", "QKI"]], 0)


def test_tables_of_positions(model, tracks):
    every = position_contributions(model, tracks, "gene5", part="rna")
    assert list(every.columns.names) == ["output", "regulator"]
    assert list(every.columns.unique("output")) == TISSUES
    one = position_contributions(model, tracks, "gene5", part="rna", outputs="blood")
    assert list(one.columns) == ["exon", "FUS", "QKI"]
    assert one.index.name == "bin"
    np.testing.assert_allclose(one, every["blood"], rtol=1e-12)
    two = position_contributions(model, tracks, np.int64(5), part="rna", outputs=["blood", 0])
    assert list(two.columns.unique("output")) == ["blood", "lung"]
    np.testing.assert_allclose(two["blood"], one, rtol=1e-12)


def test_positions_through_a_pipeline(tracks, targets):
    pipeline = make_pipeline(RegulatorScaler(), DEcodeRegressor(**SMALL)).fit(tracks, targets)
    scaled = pipeline[:-1].transform(tracks)
    pd.testing.assert_frame_equal(
        position_contributions(pipeline, tracks, "gene5", part="rna"),
        position_contributions(pipeline[-1], scaled, "gene5", part="rna"),
    )


def test_positions_that_do_not_exist(model, count_model, tracks, counts):
    with pytest.raises(ValueError, match=r"among the 50 .* 'gene77'\. Did you mean 'gene7'"):
        position_contributions(model, tracks, "gene77", part="rna")
    for gene in (50, -1):
        with pytest.raises(ValueError, match=f"among the 50 .*: {gene}. There are 'gene0'"):
            position_contributions(model, tracks, gene, part="rna")
    with pytest.raises(ValueError, match="no part 'exons'; there is 'promoter', 'rna'"):
        position_contributions(model, tracks, 0, part="exons")
    with pytest.raises(TypeError, match="does not say where"):
        position_contributions(count_model, counts, 0, part="rna")


# Transcripts --------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["array", "list", "series", "dict"])
def test_usage_is_the_variance_within_genes(model, tracks, form):
    rng = np.random.default_rng(4)
    genes = np.concatenate([np.repeat([f"G{i}" for i in range(9)], 5), ["A", "B", "C", "D", "E"]])
    genes = genes[rng.permutation(50)]
    given = {
        "array": genes,
        "list": list(genes),
        "series": pd.Series(genes, index=tracks.genes).iloc[::-1],
        "dict": dict(zip(tracks.genes, genes, strict=True)) | {"unseen": "G0"},
    }[form]
    result = transcript_usage_scores(model, tracks, given)
    assert (result.n_genes, result.n_single) == (9, 5)
    contributions = np.float64(regulator_scores(model, tracks, aggregation=None).contributions)
    expected = np.mean([contributions[genes == f"G{i}"].var(axis=0) for i in range(9)], axis=0)
    is_mask = np.array([True, False, False, False, True, False, False])
    np.testing.assert_allclose(result.scores, expected[~is_mask], rtol=1e-6)
    np.testing.assert_allclose(result.mask_scores, expected[is_mask], rtol=1e-6)
    np.testing.assert_allclose(
        result.importance, np.sort(expected[~is_mask].mean(axis=1))[::-1], rtol=1e-6
    )
    pd.testing.assert_frame_equal(result.top(2), result.scores.loc[result.importance.index[:2]])
    some = transcript_usage_scores(model, tracks, given, outputs="liver", reference=tracks[[0]])
    assert list(some.scores.columns) == ["liver"]


def test_transcripts_without_a_gene(model, tracks):
    genes = np.repeat([f"G{i}" for i in range(10)], 5).astype(object)
    with pytest.raises(ValueError, match=r"each of the 50 transcripts, got .* \(49,\)"):
        transcript_usage_scores(model, tracks, genes[1:])
    with pytest.raises(ValueError, match="has no gene for 1 transcript"):
        transcript_usage_scores(model, tracks, [np.nan, *genes[1:]])
    with pytest.raises(ValueError, match=r"no gene for 1 transcript.*'gene0'"):
        transcript_usage_scores(model, tracks, pd.Series(genes, tracks.genes).iloc[1:])
    genes[7] = None
    with pytest.raises(ValueError, match=r"no gene for 1 transcript.*'gene7'"):
        transcript_usage_scores(model, tracks, genes)
    twice = pd.Series(["A", "B"], index=["gene0", "gene0"])
    with pytest.raises(ValueError, match=r"1 transcript.* more than once: 'gene0'"):
        transcript_usage_scores(model, tracks, twice)
    with pytest.raises(ValueError, match="None of the 50 genes has more than one"):
        transcript_usage_scores(model, tracks, tracks.genes)


@pytest.mark.parametrize("function", [regulator_scores, knockout_effects])
def test_what_is_no_genes(model, tracks, function):
    with pytest.raises(TypeError, match=r"X must be RegulatoryTracks or a matrix .* got list"):
        function(model, [[1.0]])
    with pytest.raises(TypeError, match="not an estimator"):
        function(tracks, model)
