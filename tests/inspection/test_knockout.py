"""Knock-outs and disruption, against predictions from tracks with sites removed."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from scipy.stats import pearsonr
from sklearn.compose import TransformedTargetRegressor
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skgenes.feature_extraction import RegulatorScaler, RegulatoryTracks, Track
from skgenes.inspection import (
    CoexpressionDrivers,
    binding_site_disruption,
    in_silico_knockout,
    knockout_effects,
)
from skgenes.neural_network import DEcodeRegressor
from skgenes.preprocessing import FoldChangeTransformer

OUTPUTS = ["lung", "liver", "skin", "brain", "heart", "median"]
PAIR = "G1", "G2"


def some_tracks(n_genes=40, n_rna=7, n_promoter=5, seed=0):
    rng = np.random.default_rng(seed)

    def track(mask, names, lengths):
        bins = rng.integers(1, 100, (lengths.sum(), len(names) + 1)).astype(float)
        bins *= rng.random(bins.shape) < 0.3
        bins[:, 0] = 100
        # Gene 5 has no binding site, gene 6 none in its RNA.
        offsets = np.append(0, np.cumsum(lengths))
        last = 6 if mask == "promoter" else 7
        bins[offsets[5] : offsets[last], 1:] = 0
        return Track(bins, offsets, [mask, *names])

    # ELAVL1 binds both.
    return RegulatoryTracks(
        [f"G{i}" for i in range(n_genes)],
        promoter=track(
            "promoter", ["ELAVL1", *(f"TF{i}" for i in range(1, n_promoter))], np.full(n_genes, 3)
        ),
        rna=track(
            "exon",
            ["ELAVL1", *(f"RBP{i}" for i in range(1, n_rna))],
            rng.integers(3, 9, n_genes),
        ),
    )


def targets(n_genes=40, seed=1):
    values = np.random.default_rng(seed).normal(size=(n_genes, len(OUTPUTS)))
    return pd.DataFrame(values, index=[f"G{i}" for i in range(n_genes)], columns=OUTPUTS)


def decode(**parameters):
    parameters = {
        "promoter_convolutions": [(8, 1), (8, 1)],
        "rna_convolutions": [(9, 2), (9, 2)],
        "hidden_layer_sizes": (10, 8),
        "n_init": 2,
        "combine": "mean",
        "max_iter": 3,
        "batch_size": 8,
        "random_state": 0,
        **parameters,
    }
    return DEcodeRegressor(**parameters)


@pytest.fixture(scope="module")
def tracks():
    return some_tracks()


@pytest.fixture(scope="module", params=[False, True], ids=["counts", "logs"])
def model(request, tracks):
    pipeline = make_pipeline(RegulatorScaler(), decode(log_counts=request.param))
    return pipeline.fit(tracks, targets())


def profile(model, tracks, gene):
    return model.predict(tracks[[gene]])[0, :-1]


def without(tracks, units):
    for part, regulator in units:
        tracks = tracks.without(regulator, part=part)
    return tracks


def test_draws_are_predictions_without_the_sites(model, tracks):
    pair = tracks[list(PAIR)]
    result = in_silico_knockout(model, tracks, *PAIR, n_draws=40, random_state=3)
    again = in_silico_knockout(model, pair, *PAIR, n_draws=40, random_state=3)
    np.testing.assert_array_equal(result.correlations, again.correlations)
    # Units are drawn in the order of the features.
    places = {
        (part, name): (part == "rna", place)
        for part, track in pair.parts.items()
        for place, name in enumerate(track.regulators)
    }
    units = list(zip(result.drivers["part"], result.drivers["regulator"], strict=True))
    units.sort(key=places.get)
    removed = np.random.default_rng(np.random.SeedSequence(3)).random(
        (40, len(units)), dtype=np.float32
    )
    for draw, found in zip(removed < 0.5, result.correlations, strict=True):
        gone = without(pair, [unit for unit, is_gone in zip(units, draw, strict=True) if is_gone])
        expected = pearsonr(*model.predict(gone)[:, :-1]).statistic
        assert found == pytest.approx(expected, abs=1e-5)


def test_table_of_a_knockout(model, tracks):
    result = in_silico_knockout(model, tracks, *PAIR, n_draws=2000, random_state=0)
    assert isinstance(result, CoexpressionDrivers)
    table = result.drivers
    assert list(table.columns) == [
        *["part", "regulator", "bound_a", "bound_b", "coefficient", "se", "t"],
        *["p_value", "p_adjusted"],
    ]
    for which, gene in zip(("bound_a", "bound_b"), PAIR, strict=True):
        bound = {
            (part, name)
            for part, track in tracks[[gene]].parts.items()
            for name, total in zip(track.regulators[1:], track.bins.sum(axis=0)[1:], strict=True)
            if total
        }
        rows = table[table[which]]
        assert set(zip(rows["part"], rows["regulator"], strict=True)) == bound
    assert (table["bound_a"] | table["bound_b"]).all()
    assert table["p_value"].is_monotonic_increasing
    assert result.n_draws == 2000
    observed = pearsonr(*(profile(model, tracks, gene) for gene in PAIR)).statistic
    assert result.observed_correlation == pytest.approx(observed, abs=1e-6)
    assert result.mean_correlation == result.correlations.mean()
    assert 0 < result.r_squared < 1
    significant = result.significant_drivers()
    assert (significant["p_adjusted"] < 0.05).all()
    positive = result.positive_drivers()
    assert len(positive) < len(significant) < len(table) or len(significant) == len(table)
    assert (positive["coefficient"] < 0).all()
    assert repr(result).startswith(f"CoexpressionDrivers(G1 and G2: {len(significant)} of ")


def with_layers(model, hidden, kernel, bias):
    """The first run with other weights: `hidden` makes those of each layer from the old ones."""
    run = model.runs_[0]
    layers = tuple(hidden(layer) for layer in run.hidden)
    weights = np.float32(kernel), np.float32(bias)
    output = replace(run.output, kernel=weights[0], bias=weights[1])
    eye = np.eye(*run.branches[0][0].shape[1:], dtype=np.float32)
    branches = ((eye[np.newaxis],),)
    model.runs_ = (replace(run, branches=branches, hidden=layers, output=output),)
    return model


def passing(layer):
    """A layer that passes the first units on."""
    zeros, ones = np.zeros_like(layer.bias), np.ones_like(layer.bias)
    eye = np.eye(*layer.kernel.shape, dtype=np.float32)
    return type(layer)(eye, zeros, ones, zeros, zeros, ones)


def unbiased(layer):
    """A layer that keeps 0."""
    zeros, ones = np.zeros_like(layer.bias), np.ones_like(layer.bias)
    return type(layer)(layer.kernel, zeros, ones, zeros, zeros, ones)


def matrix_model(sites, n_outputs=4):
    y = np.random.default_rng(0).normal(size=(len(sites), n_outputs))
    return decode(promoter_convolutions=[(sites.shape[1], 1)], n_init=1).fit(sites, y)


def test_a_planted_driver_is_found():
    """One regulator alone acts on both genes, and strongly; two others act on one each."""
    rng = np.random.default_rng(0)
    sites = (rng.random((30, 4)) < 0.5).astype(float)
    sites[:2] = [[1, 1, 0, 0], [1, 0, 1, 0]]
    effects = np.zeros((8, 5))
    effects[:4] = rng.normal(size=(4, 5)) * [[3], [1], [1], [1]]
    model = with_layers(matrix_model(sites, 5), passing, effects, rng.normal(size=5) / 10)
    result = in_silico_knockout(model, sites, 0, 1, n_draws=2000, random_state=0)
    assert result.positive_drivers()["regulator"].tolist() == ["x0"]
    assert set(result.drivers["regulator"]) == {"x0", "x1", "x2"}


def test_same_seed_same_result(model, tracks):
    first, second, other = (
        in_silico_knockout(model, tracks, *PAIR, n_draws=300, random_state=seed)
        for seed in (1, 1, 2)
    )
    pd.testing.assert_frame_equal(first.drivers, second.drivers)
    assert not np.array_equal(first.correlations, other.correlations)


def test_order_of_the_genes_does_not_matter(model, tracks):
    first = in_silico_knockout(model, tracks, *PAIR, n_draws=300, random_state=1)
    second = in_silico_knockout(model, tracks[::-1], *PAIR[::-1], n_draws=300, random_state=1)
    np.testing.assert_allclose(first.correlations, second.correlations, atol=1e-6)
    columns = {"bound_a": "bound_b", "bound_b": "bound_a"}
    swapped = second.drivers.rename(columns=columns)[first.drivers.columns]
    pd.testing.assert_frame_equal(first.drivers, swapped, rtol=1e-3)


def test_outputs_that_count(model, tracks):
    chosen = ["skin", "lung", "brain"]
    result = in_silico_knockout(model, tracks, *PAIR, n_draws=50, outputs=chosen, random_state=0)
    profiles = pd.DataFrame(model.predict(tracks[list(PAIR)]), columns=OUTPUTS)[chosen]
    expected = pearsonr(*profiles.to_numpy()).statistic
    assert result.observed_correlation == pytest.approx(expected, abs=1e-6)


def test_forms_of_a_matrix(forms):
    rng = np.random.default_rng(0)
    counts = rng.poisson(0.8, (30, 6))
    frame = pd.DataFrame(
        counts, index=[f"G{i}" for i in range(30)], columns=[f"R{i}" for i in range(6)]
    )
    model = decode(promoter_convolutions=[(6, 1)]).fit(frame, rng.normal(size=(30, 4)))
    named = in_silico_knockout(model, frame, "G3", "G4", n_draws=60, random_state=0)
    adata = type(forms["anndata"])(sp.csr_matrix(counts.astype(np.float32)))
    adata.obs_names, adata.var_names = frame.index, frame.columns
    same = in_silico_knockout(model, adata, "G3", "G4", n_draws=60, random_state=0)
    np.testing.assert_array_equal(named.correlations, same.correlations)
    assert set(named.drivers["part"]) == {"counts"}
    pd.testing.assert_frame_equal(knockout_effects(model, frame), knockout_effects(model, adata))
    plain = decode(promoter_convolutions=[(6, 1)]).fit(counts, rng.normal(size=(30, 4)))
    for form in (counts, sp.csr_array(counts)):
        assert in_silico_knockout(plain, form, 3, 4, n_draws=60).genes == (3, 4)


def test_inside_a_transformed_target(tracks):
    inner = decode(n_init=1)
    model = TransformedTargetRegressor(inner, transformer=StandardScaler())
    model.fit(tracks, targets().to_numpy())
    found = knockout_effects(model, tracks, "RBP1")
    assert found.equals(knockout_effects(model.regressor_, tracks, "RBP1"))
    assert found.equals(knockout_effects(FrozenEstimator(model), tracks, "RBP1"))


def test_the_median_of_a_transformed_target_is_no_fold_change(tracks):
    tpm = np.exp(targets().to_numpy())
    model = TransformedTargetRegressor(decode(n_init=1), transformer=FoldChangeTransformer())
    model.set_params(check_inverse=False).fit(tracks, tpm)
    n_tissues = tpm.shape[1]
    found = in_silico_knockout(model, tracks, "G3", "G4", n_draws=60, random_state=0)
    predicted = model.regressor_.predict(tracks[["G3", "G4"]])[:, :n_tissues]
    assert found.observed_correlation == pytest.approx(np.corrcoef(predicted)[0, 1], abs=1e-5)
    effects = knockout_effects(model, tracks, "RBP1")
    assert effects.columns.tolist() == ["n_genes_bound", "size", *range(n_tissues), "median"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("G1", "G1"), "gene_a and gene_b are both 'G1'"),
        (("G1", "GG2"), "'GG2'. Did you mean 'G2'"),
        (("G1", "G5"), "No regulator of the model binds gene 'G5'"),
    ],
)
def test_genes_that_make_no_pair(model, tracks, arguments, message):
    with pytest.raises(ValueError, match=message):
        in_silico_knockout(model, tracks, *arguments, n_draws=50)


def test_bad_parameters(model, tracks):
    for arguments, message in (
        ({"n_draws": 10}, r"n_draws=10 is too few to tell the effects of \d+ regulators apart"),
        ({"outputs": ["lung", "skin"]}, r"at least 3 outputs, got 2: \['lung', 'skin'\]"),
        ({"outputs": ["lung", "skin", "livre"]}, "'livre'. Did you mean 'liver'"),
        ({"n_draws": 60, "probability": 0.9999}, "were removed in all or in none of 60 draws"),
        ({"probability": 1.0}, "'probability' parameter"),
    ):
        with pytest.raises(ValueError, match=message):
            in_silico_knockout(model, tracks, *PAIR, random_state=0, **arguments)
    with pytest.raises(TypeError, match="A DEcodeRegressor is needed"):
        in_silico_knockout(StandardScaler().fit([[1.0]]), [[1.0]], 0, 1)


def test_constant_predictions():
    sites = np.random.default_rng(0).poisson(2, (20, 4)) + 1
    flat = with_layers(matrix_model(sites), passing, np.ones((8, 4)), np.zeros(4))
    with pytest.raises(ValueError, match="predictions of gene 0 are the same for all 4 outputs"):
        in_silico_knockout(flat, sites, 0, 1, n_draws=50)


def test_draws_with_constant_predictions():
    """Without its regulators a gene has all outputs alike."""
    sites = np.array([[1.0, 2], [1, 1], [0, 1], [0, 0], [2, 1], [1, 0]])
    kernel = np.random.default_rng(1).normal(size=(8, 4))
    model = matrix_model(sites)
    model = with_layers(model, unbiased, kernel, np.zeros(4))
    with pytest.raises(ValueError, match=r"In \d+ of 50 draws the predictions of 0 or 1 are"):
        in_silico_knockout(model, sites, 0, 1, n_draws=50, random_state=0)


def test_effects_are_differences_of_predictions(model, tracks):
    table = knockout_effects(model, tracks)
    assert list(table.columns) == ["n_genes_bound", "size", *OUTPUTS]
    assert len(table) == 12
    assert table["size"].is_monotonic_decreasing
    usual = model.predict(tracks)
    for (part, name), row in table.iterrows():
        change = model.predict(tracks.without(name, part=part)) - usual
        np.testing.assert_allclose(row[OUTPUTS].astype(float), change.mean(axis=0), atol=1e-5)
        assert row["size"] == pytest.approx(np.abs(change).mean(), abs=1e-5)
        assert row["n_genes_bound"] == np.count_nonzero(change.any(axis=1))


@pytest.mark.parametrize("sizes", [(512, 2**21), (7, 64)])
def test_effects_per_gene(monkeypatch, model, tracks, sizes):
    monkeypatch.setattr("skgenes.inspection._knockout_effects._GENES_AT_ONCE", sizes[0])
    monkeypatch.setattr("skgenes.inspection._knockout_effects._CHUNK_VALUES", sizes[1])
    genes = [f"G{i}" for i in range(30, -1, -1)]
    table = knockout_effects(
        model, tracks, ["ELAVL1", "RBP2"], genes=genes, outputs=["skin", "lung"], per_gene=True
    )
    assert list(table.columns) == ["size", "skin", "lung"]
    assert table.index.names == ["gene", "part", "regulator"]
    assert list(dict.fromkeys(table.index.get_level_values("gene"))) == [
        gene for gene in genes if gene in table.index.get_level_values("gene")
    ]
    usual = pd.DataFrame(model.predict(tracks), index=tracks.genes, columns=OUTPUTS)
    for part, name in [("promoter", "ELAVL1"), ("rna", "ELAVL1"), ("rna", "RBP2")]:
        changed = model.predict(tracks.without(name, part=part)) - usual
        changed = changed.loc[genes, ["skin", "lung"]]
        found = table.xs((part, name), level=("part", "regulator"))
        bound = (changed != 0).any(axis=1)
        assert set(found.index) == set(changed.index[bound])
        np.testing.assert_allclose(found[["skin", "lung"]], changed.loc[found.index], atol=1e-5)
    assert (table.groupby(level="gene")["size"].diff().dropna() <= 0).all()


def test_effects_on_one_gene(model, tracks):
    table = knockout_effects(model, tracks, genes="G5")
    assert (table["n_genes_bound"] == 0).all()
    assert not table[OUTPUTS].to_numpy().any()
    assert knockout_effects(model, tracks, genes="G5", per_gene=True).shape == (0, 7)
    one = knockout_effects(model, tracks, "RBP1", genes="G6")
    assert one.index.tolist() == [("rna", "RBP1")]
    assert one["n_genes_bound"].tolist() == [0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"regulators": "ELAV1"}, r"1 regulator\(s\) .*'ELAV1'. Did you mean 'ELAVL1'"),
        ({"regulators": ["RBP1", "exon"]}, "'exon' is a mask"),
        ({"genes": ["G1", "nope"]}, "'nope'. Check the spelling"),
        ({"outputs": "lungs"}, "'lungs'. Did you mean 'lung'"),
    ],
)
def test_effects_of_what_is_not_there(model, tracks, arguments, message):
    with pytest.raises(ValueError, match=message):
        knockout_effects(model, tracks, **arguments)


def emptied(tracks, part, gone):
    """Tracks with some bins, (gene, bin), without sites."""
    track = tracks.parts[part]
    bins = track.bins.toarray()
    for gene, number in gone:
        bins[track.offsets[list(tracks.genes).index(gene)] + number, 1:] = 0
    changed = Track(bins, track.offsets, track.regulators)
    return RegulatoryTracks(tracks.genes, **{**tracks.parts, part: changed})


@pytest.mark.parametrize("part", ["rna", "promoter"])
def test_disruption_is_predictions_without_the_bins(model, tracks, part):
    pair = tracks[list(PAIR)]
    result = binding_site_disruption(model, tracks, *PAIR, part, n_draws=40, random_state=3)
    table = result.drivers.sort_values(["gene", "bin"])
    track = pair.parts[part]
    n_bound = np.diff(track.bins[:, 1:].indptr)
    expected = [
        (gene, number, n_bound[track.offsets[row] + number])
        for row, gene in enumerate(PAIR)
        for number in range(track.lengths[row])
        if n_bound[track.offsets[row] + number]
    ]
    assert list(zip(table["gene"], table["bin"], table["n_regulators"], strict=True)) == expected
    assert (table["start"] == 100 * table["bin"]).all()
    assert (table["end"] == table["start"] + 100).all()
    rng = np.random.default_rng(np.random.SeedSequence(3))
    removed = rng.random((40, len(expected)), dtype=np.float32) < 0.5
    for draw, found in zip(removed, result.correlations, strict=True):
        gone = [unit[:2] for unit, is_gone in zip(expected, draw, strict=True) if is_gone]
        changed = model.predict(emptied(pair, part, gone))[:, :-1]
        assert found == pytest.approx(pearsonr(*changed).statistic, abs=1e-5)


def test_disruption_in_chunks(monkeypatch, model, tracks):
    whole = binding_site_disruption(model, tracks, *PAIR, n_draws=100, random_state=0)
    monkeypatch.setattr("skgenes.inspection._binding_site_disruption._CHUNK_VALUES", 50)
    parts = binding_site_disruption(model, tracks, *PAIR, n_draws=100, random_state=0)
    np.testing.assert_allclose(whole.correlations, parts.correlations, atol=1e-6)


def test_disruption_without_bins(model, tracks):
    with pytest.raises(ValueError, match="No regulator binds the rna of gene 'G6'"):
        binding_site_disruption(model, tracks, "G1", "G6", n_draws=100)
    with pytest.raises(ValueError, match=r"too few to tell the effects of \d+ bins"):
        binding_site_disruption(model, tracks, *PAIR, n_draws=4)
    with pytest.raises(ValueError, match="'part' parameter"):
        binding_site_disruption(model, tracks, *PAIR, "intron")
    rna = RegulatoryTracks(tracks.genes, rna=tracks.rna)
    alone = decode().fit(rna, targets())
    with pytest.raises(ValueError, match="There is no part 'promoter'; X has rna"):
        binding_site_disruption(alone, rna, *PAIR, "promoter", n_draws=100)
    counts = np.random.default_rng(0).poisson(2, (40, 4))
    plain = decode(promoter_convolutions=[(6, 1)]).fit(counts, targets())
    with pytest.raises(TypeError, match="Only tracks have bins to disrupt; got ndarray"):
        binding_site_disruption(plain, counts, 0, 1, n_draws=100)


def real_genes(folder, n_genes):
    """LAPTM5, CD53 and others of decode_genome, with their targets (substitute inputs)."""
    table = np.load(folder / "built_index_targets.npz")
    bins = sp.csr_array(sp.load_npz(folder / "built_rna_positions_x_feature.npz"))
    sites = sp.csr_array(sp.load_npz(folder / "built_promoter_gene_x_tf.npz"))
    at = [int(np.flatnonzero(table["symbol"] == name)[0]) for name in ("LAPTM5", "CD53")]
    others = np.random.default_rng(0).permutation(len(table["gene"]))
    chosen = np.unique([*at, *others[:n_genes].tolist()])
    ones = sp.csr_array(np.ones((sites.shape[0], 1)))
    names = ["promoter", *table["promoter_features"].tolist()]
    everything = RegulatoryTracks(
        table["gene"].tolist(),
        promoter=Track(sp.hstack([ones, sites], "csr"), np.arange(sites.shape[0] + 1), names),
        rna=Track(bins, table["rna_offset"], table["rna_features"].tolist()),
    )
    columns = [*table["tissues"].tolist(), "median"]
    y = np.column_stack([table["fold_change"], table["median_log2tpm"]])[chosen]
    return everything[chosen], pd.DataFrame(y, columns=columns), table["gene"][at].tolist()


@pytest.mark.slow
def test_knockout_of_a_real_pair(real_data):
    tracks, y, pair = real_genes(real_data / "decode_genome", 2000)
    model = make_pipeline(RegulatorScaler(), decode(batch_size=128)).fit(tracks, y)
    result = in_silico_knockout(model, tracks, *pair, n_draws=1000, random_state=0)
    assert len(result.drivers) > 200
    order = {feature: place for place, feature in enumerate(_features(tracks))}
    units = list(zip(result.drivers["part"], result.drivers["regulator"], strict=True))
    units.sort(key=order.get)
    rng = np.random.default_rng(np.random.SeedSequence(0))
    removed = rng.random((5, len(units)), dtype=np.float32) < 0.5
    for draw, found in zip(removed, result.correlations, strict=False):
        gone = [unit for unit, is_gone in zip(units, draw, strict=True) if is_gone]
        changed = model.predict(without(tracks[pair], gone))[:, :-1]
        assert found == pytest.approx(pearsonr(*changed).statistic, abs=1e-5)


def _features(tracks):
    return [(part, name) for part, track in tracks.parts.items() for name in track.regulators]
