"""tl.regulator_scores explains the effects of a contrast by models that have not seen the gene."""

import warnings

import anndata
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold, ShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skgenes
from skgenes.datasets import make_regulated_genes
from skgenes.feature_extraction import (
    RegulatorFilter,
    RegulatorScaler,
    RegulatoryTracks,
    Track,
    regulatory_tracks,
)
from skgenes.inspection import regulator_scores
from skgenes.inspection._explained_regulators import without_sites
from skgenes.neural_network import DEcodeRegressor

TINY = DEcodeRegressor(
    ((4, 1),), ((4, 2),), (6,), n_init=2, combine="mean", max_iter=2, batch_size=32
)
REGULATORS = [f"TF{i}" for i in range(1, 5)] + [f"RBP{i}" for i in range(1, 6)]


@pytest.fixture(scope="module")
def made():
    return make_regulated_genes(90, 3, n_promoter_regulators=4, n_rna_regulators=5, random_state=0)


@pytest.fixture(scope="module")
def tracks(made):
    """Tracks of 80 of 90 genes, in an order of their own."""
    all_, _ = regulatory_tracks(made.annotation, promoter=made.promoter_sites, rna=made.rna_sites)
    return all_[np.random.default_rng(0).permutation(90)[:80]]


@pytest.fixture(scope="module")
def effects(made):
    logs = np.log2(made.expression)
    table = logs[["tissue1", "tissue2"]].sub(logs["tissue3"], axis=0)
    return table.set_axis(["in/1", "in/2"], axis=1)


@pytest.fixture
def cells(made):
    """20 samples of the 90 genes."""
    genes = made.expression.index
    logs = np.log1p(made.expression["tissue1"].to_numpy())
    rng = np.random.default_rng(3)
    X = np.maximum(logs + rng.normal(size=(20, 90)), 0).astype(np.float32)
    adata = anndata.AnnData(X, var=pd.DataFrame(index=pd.Index(list(genes))))
    adata.obs["state"] = pd.Categorical(np.repeat(["case", "control"], 10))
    adata.var["chrom"] = made.annotation.groupby("gene_id")["chrom"].first()[genes].to_numpy()
    adata.uns["kept"] = {"n": 1}
    return adata


def genes_used(adata, tracks):
    return adata.var_names.isin(tracks.genes)


def by_hand(estimator, tracks, effects, folds):
    """Fit on each training part, predict each test part, and explain the first contrast of it."""
    predicted, contributions = [], []
    for train, test in folds:
        learned = effects.iloc[train]
        scaler = StandardScaler().set_output(transform="pandas").fit(learned)
        X, y = tracks[train], scaler.transform(learned)
        model = estimator(X, y)
        out = np.reshape(model.predict(tracks[test]), (len(test), -1))
        out = pd.DataFrame(scaler.inverse_transform(out), effects.index[test])
        predicted.append(out)
        reference = without_sites(tracks)
        result = regulator_scores(model, tracks[test], reference=reference, aggregation=None)
        regulators = result.features.get_level_values("regulator").isin(REGULATORS)
        values = result.contributions[:, regulators, 0] * scaler.scale_[0]
        names = result.features[regulators].get_level_values("regulator")
        frame = pd.DataFrame(values, effects.index[test], names)
        contributions.append(frame.reindex(columns=REGULATORS, fill_value=0))
    return (pd.concat(tables).loc[effects.index] for tables in (predicted, contributions))


def fit(X, y):
    return clone(TINY).set_params(random_state=0).fit(X, y)


def test_as_by_hand(cells, tracks, effects, same):
    before, used = cells.copy(), genes_used(cells, tracks)
    assert skgenes.tl.regulator_scores(cells, tracks, effects["in/2"], estimator=TINY) is None
    names = cells.var_names[used]
    folds = list(KFold(5, shuffle=True, random_state=0).split(names))
    predicted, contributions = by_hand(fit, tracks[names], effects.loc[names, ["in/2"]], folds)
    field = cells.varm["regulator_scores_predicted"]
    assert (field.dtype, field.shape) == (np.float64, (90, 1))
    np.testing.assert_allclose(field[used], predicted, rtol=1e-9)
    assert np.isnan(field[~used]).all()
    field = cells.varm["regulator_scores"]
    assert (field.dtype, field.shape) == (np.float32, (90, 9))
    np.testing.assert_allclose(field[used], contributions, rtol=1e-4, atol=1e-6)
    assert np.isnan(field[~used]).all()
    record = cells.uns["regulator_scores"]
    np.testing.assert_allclose(record["scores"][:, 0], contributions.mean(), rtol=1e-4, atol=1e-6)
    assert (record["scores"].dtype, record["scores"].shape) == (np.float64, (9, 1))
    assert list(record["regulators"]) == REGULATORS
    assert list(record["parts"]) == ["promoter"] * 4 + ["rna"] * 5
    assert list(record["contrasts"]) == ["in/2"]
    rho = predicted[0].corr(effects.loc[names, "in/2"], method="spearman")
    np.testing.assert_allclose(record["spearman"], [rho])
    assert record["spearman"].dtype == np.float64
    assert (record["n_genes"], record["n_without_tracks"], record["n_without_effects"]) == (
        80, 10, 0,
    )  # fmt: skip
    assert (record["n_splits"], record["function"]) == (5, "regulator_scores")
    assert record["params"]["estimator"].startswith("DEcodeRegressor(")
    assert {"cv": 5, "random_state": 0}.items() <= record["params"].items()
    assert "rank_key" not in record["params"]
    assert TINY.random_state is None
    for name in ("regulator_scores", "regulator_scores_predicted"):
        del cells.varm[name]
    del cells.uns["regulator_scores"]
    same(cells, before)


def test_several_contrasts_in_one_model(cells, tracks, effects):
    skgenes.tl.regulator_scores(cells, tracks, effects, estimator=TINY)
    names = cells.var_names[genes_used(cells, tracks)]
    folds = list(KFold(5, shuffle=True, random_state=0).split(names))
    predicted, _ = by_hand(fit, tracks[names], effects.loc[names], folds)
    field = cells.varm["regulator_scores_predicted"]
    np.testing.assert_allclose(field[genes_used(cells, tracks)], predicted, rtol=1e-9)
    assert "regulator_scores" not in cells.varm
    record = cells.uns["regulator_scores"]
    assert record["scores"].shape == (9, 2)
    totals = np.zeros((9, 2))
    for train, test in folds:
        learned = effects.loc[names[train]]
        model = fit(tracks[names[train]], (learned - learned.mean()) / learned.std(ddof=0))
        result = regulator_scores(
            model, tracks[names[test]], reference=without_sites(tracks[names])
        )
        totals += len(test) * result.scores.to_numpy() * learned.std(ddof=0).to_numpy()
    np.testing.assert_allclose(record["scores"], totals / 80, rtol=1e-6, atol=1e-9)
    skgenes.tl.regulator_scores(cells, tracks, effects, contrasts="in/2", estimator=TINY)
    assert list(cells.uns["regulator_scores"]["contrasts"]) == ["in/2"]
    one = cells.varm["regulator_scores"]
    skgenes.tl.regulator_scores(cells, tracks, effects["in/2"], estimator=TINY)
    np.testing.assert_array_equal(cells.varm["regulator_scores"], one)
    turned = skgenes.tl.regulator_scores(
        cells, tracks, effects, contrasts=["in/2", "in/1"], estimator=TINY, copy=True
    )
    assert list(turned.uns["regulator_scores"]["contrasts"]) == ["in/2", "in/1"]
    assert "regulator_scores" not in turned.varm


def test_a_gene_has_no_say_in_its_own_prediction(cells, tracks, effects):
    one = effects["in/1"].copy()
    skgenes.tl.regulator_scores(cells, tracks, one, estimator=TINY)
    gene = np.flatnonzero(genes_used(cells, tracks))[7]
    one.iloc[gene] += 50
    other = skgenes.tl.regulator_scores(cells, tracks, one, estimator=TINY, copy=True)
    for name in ("regulator_scores", "regulator_scores_predicted"):
        np.testing.assert_array_equal(other.varm[name][gene], cells.varm[name][gene])
        assert not np.allclose(other.varm[name], cells.varm[name], equal_nan=True)


def transferred(model):
    """Fine-tune as the paper does, with the seed of tl."""
    *before, decode = model if isinstance(model, list) else [model]

    def train(X, y):
        pipeline = make_pipeline(*before, "passthrough")
        return make_pipeline(*before, decode.fine_tune(pipeline.transform(X), y))

    return train


@pytest.mark.parametrize("form", ["model", "pipeline", "search", "targets"])
def test_transfer_from_a_model_of_tissues(cells, tracks, effects, made, form):
    tissues = np.log2(made.expression.loc[tracks.genes])
    decode = clone(TINY).set_params(random_state=4)
    steps = RegulatorFilter(30), RegulatorScaler(), decode
    estimator = {
        "model": decode,
        "pipeline": make_pipeline(*steps),
        "search": GridSearchCV(decode, {"max_iter": [2]}, cv=2),
        "targets": TransformedTargetRegressor(decode, transformer=StandardScaler()),
    }[form].fit(tracks, tissues)
    skgenes.tl.regulator_scores(cells, tracks, effects["in/1"], estimator=estimator, cv=2)
    if form == "pipeline":
        fitted = [step for _, step in estimator.steps]
    else:
        fitted = getattr(estimator, "best_estimator_", getattr(estimator, "regressor_", estimator))
    names = cells.var_names[genes_used(cells, tracks)]
    folds = KFold(2, shuffle=True, random_state=0).split(names)
    predicted, contributions = by_hand(
        transferred(fitted), tracks[names], effects.loc[names, ["in/1"]], folds
    )
    used = genes_used(cells, tracks)
    field = cells.varm["regulator_scores_predicted"]
    np.testing.assert_allclose(field[used], predicted, rtol=1e-9)
    np.testing.assert_allclose(
        cells.varm["regulator_scores"][used], contributions, rtol=1e-4, atol=1e-6
    )
    if form == "pipeline":
        kept = fitted[0].transform(tracks)
        left_out = [name for name in REGULATORS if name not in set(regulators_of(kept))]
        assert left_out
        columns = [REGULATORS.index(name) for name in left_out]
        assert not cells.varm["regulator_scores"][used][:, columns].any()
        assert not cells.uns["regulator_scores"]["scores"][columns].any()


def regulators_of(tracks):
    return [name for track in tracks.parts.values() for name in track.regulators[1:]]


def test_an_unfitted_pipeline_is_fitted_in_each_fold(cells, tracks, effects):
    pipeline = make_pipeline(RegulatorScaler(), TINY)
    skgenes.tl.regulator_scores(cells, tracks, effects["in/1"], estimator=pipeline, cv=2)
    names = cells.var_names[genes_used(cells, tracks)]
    folds = KFold(2, shuffle=True, random_state=0).split(names)
    seeded = clone(pipeline).set_params(decoderegressor__random_state=0)
    predicted, _ = by_hand(
        lambda X, y: clone(seeded).fit(X, y), tracks[names], effects.loc[names, ["in/1"]], folds
    )
    field = cells.varm["regulator_scores_predicted"][genes_used(cells, tracks)]
    np.testing.assert_allclose(field, predicted, rtol=1e-9)


def test_chromosomes_stay_together(cells, tracks, effects):
    used = genes_used(cells, tracks)
    cells.var.loc[~used, "chrom"] = None  # genes without tracks need none
    options = {"estimator": TINY, "groups": "chrom"}
    skgenes.tl.regulator_scores(cells, tracks, effects["in/1"], cv=3, **options)
    names, chrom = cells.var_names[used], cells.var.loc[used, "chrom"]
    folds = GroupKFold(3).split(names, groups=chrom)
    predicted, _ = by_hand(fit, tracks[names], effects.loc[names, ["in/1"]], folds)
    field = cells.varm["regulator_scores_predicted"]
    np.testing.assert_allclose(field[used], predicted, rtol=1e-9)
    assert cells.uns["regulator_scores"]["params"]["groups"] == "chrom"
    own = skgenes.tl.regulator_scores(
        cells, tracks, effects["in/1"], cv=GroupKFold(3), copy=True, **options
    )
    np.testing.assert_array_equal(own.varm["regulator_scores_predicted"], field)


def test_genes_are_matched_by_name(cells, tracks, effects):
    options = {"estimator": TINY, "cv": 2}
    skgenes.tl.regulator_scores(cells, tracks, effects, **options)
    other = skgenes.tl.regulator_scores(
        cells, tracks[::-1], effects.sample(frac=1, random_state=0), copy=True, **options
    )
    np.testing.assert_array_equal(
        other.uns["regulator_scores"]["scores"], cells.uns["regulator_scores"]["scores"]
    )


def test_genes_without_effects_are_counted(cells, tracks, effects):
    table = effects.copy()
    genes = cells.var_names[genes_used(cells, tracks)]
    table.loc[genes[:3], "in/1"] = np.nan
    table.loc[genes[2:5], "in/2"] = np.nan
    table = table.drop(index=genes[5:7])
    table.loc["elsewhere"] = 1.0
    skgenes.tl.regulator_scores(cells, tracks, table, estimator=TINY, cv=2)
    record = cells.uns["regulator_scores"]
    assert (record["n_genes"], record["n_without_tracks"], record["n_without_effects"]) == (
        73, 10, 7,
    )  # fmt: skip
    predicted = cells.varm["regulator_scores_predicted"][cells.var_names.isin(genes[:7])]
    assert np.isnan(predicted).all()


def ranking(effects):
    """What scanpy.tl.rank_genes_groups leaves: genes of each group by decreasing effect."""
    columns = {name: column.sort_values(ascending=False) for name, column in effects.items()}
    return {
        "names": structured({name: column.index for name, column in columns.items()}, "O"),
        "logfoldchanges": structured(columns, "f4"),
        "params": {"groupby": "state"},
    }


def structured(columns, kind):
    names = list(columns)
    rows = list(zip(*columns.values(), strict=True))
    return np.array(rows, dtype=[(name, kind) for name in names])


@pytest.mark.parametrize("key", ["rank_genes_groups", "mine"])
def test_a_ranking_as_scanpy_leaves_it(cells, tracks, effects, key, kept_by_file):
    cells.uns[key] = ranking(effects)
    options = {"estimator": TINY, "cv": 2}
    skgenes.tl.regulator_scores(cells, tracks, rank_key=key, **options)
    single = effects.astype(np.float32)
    expected = skgenes.tl.regulator_scores(cells, tracks, single, copy=True, **options)
    np.testing.assert_array_equal(
        cells.uns["regulator_scores"]["scores"], expected.uns["regulator_scores"]["scores"]
    )
    assert cells.uns["regulator_scores"]["params"]["rank_key"] == key
    fewer = cells[:, genes_used(cells, tracks)].copy()  # the ranking keeps all genes
    skgenes.tl.regulator_scores(fewer, tracks, rank_key=key, **options)
    np.testing.assert_array_equal(
        fewer.uns["regulator_scores"]["scores"], cells.uns["regulator_scores"]["scores"]
    )


def test_scanpy_itself(cells, tracks, tmp_path):
    sc = pytest.importorskip("scanpy")
    sc.tl.rank_genes_groups(cells, "state", groups=["case"], reference="control")
    options = {"estimator": TINY, "cv": 2}
    skgenes.tl.regulator_scores(cells, tracks, **options)
    record = cells.uns["regulator_scores"]
    assert list(record["contrasts"]) == ["case"]
    assert cells.varm["regulator_scores"].shape == (90, 9)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of scanpy's own
        table = sc.get.rank_genes_groups_df(cells, "case").set_index("names")["logfoldchanges"]
    expected = skgenes.tl.regulator_scores(cells, tracks, table, copy=True, **options)
    np.testing.assert_array_equal(record["scores"], expected.uns["regulator_scores"]["scores"])
    cells.write_h5ad(tmp_path / "ranked.h5ad")
    read = anndata.read_h5ad(tmp_path / "ranked.h5ad")
    skgenes.tl.regulator_scores(read, tracks, **options)
    np.testing.assert_array_equal(read.uns["regulator_scores"]["scores"], record["scores"])


def test_what_is_planted_is_found(cells, made):
    tracks, _ = regulatory_tracks(made.annotation, promoter=made.promoter_sites, rna=made.rna_sites)
    rng = np.random.default_rng(0)
    bound = tracks.fold_sums("rna", 0)[0].toarray()[:, tracks.rna.regulators == "RBP2"]
    planted = 0.2 * rng.normal(size=90) - (bound[:, 0] > 0)
    table = pd.DataFrame({"planted": planted, "noise": rng.normal(size=90)}, tracks.genes)
    estimator = clone(TINY).set_params(log_counts=True, max_iter=60, batch_size=8)
    for contrast in table:
        skgenes.tl.regulator_scores(
            cells, tracks, table[contrast], estimator=estimator, key_added=contrast
        )
    record = cells.uns["planted"]
    assert record["spearman"][0] > 0.5
    assert record["regulators"][np.abs(record["scores"][:, 0]).argmax()] == "RBP2"
    assert record["scores"][REGULATORS.index("RBP2"), 0] < 0
    np.testing.assert_array_less(np.abs(cells.uns["noise"]["spearman"]), 0.25)


def test_the_default_estimator(cells, effects):
    rng = np.random.default_rng(0)
    rna = Track(100 * (rng.random((24, 3)) < 0.5) + 1.0, np.arange(25), ["exon", "FUS", "QKI"])
    small = RegulatoryTracks(list(cells.var_names[:24]), rna=rna)
    skgenes.tl.regulator_scores(cells, small, effects["in/1"], cv=2)
    text = cells.uns["regulator_scores"]["params"]["estimator"]
    assert "log_counts=True" in text
    assert "combine='mean'" in text
    assert "random_state=0" in text
    assert np.isfinite(cells.varm["regulator_scores"][:24]).all()


def test_copies_views_and_files(cells, tracks, effects, same, kept_by_file):
    before, view = cells.copy(), cells[:12]
    options = {"estimator": TINY, "cv": 2}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        changed = skgenes.tl.regulator_scores(view, tracks, effects["in/1"], copy=True, **options)
    with pytest.warns(UserWarning, match="adata is a view") as caught:
        skgenes.tl.regulator_scores(view, tracks, effects["in/1"], **options)
    assert caught[0].filename == __file__
    same(view, changed)
    same(cells, before)
    read = kept_by_file(view)
    skgenes.tl.regulator_scores(read, tracks, effects, key_added="both", **options)
    skgenes.tl.regulator_scores(read, tracks, effects, **options)
    assert "regulator_scores" not in read.varm  # of one contrast, by the call before
    kept_by_file(read)


@pytest.mark.parametrize("random_state", [None, np.random.RandomState(0)])
def test_nothing_global_is_drawn_from(cells, tracks, effects, random_state):
    before = np.random.get_state()  # noqa: NPY002
    skgenes.tl.regulator_scores(
        cells, tracks, effects, estimator=TINY, cv=2, random_state=random_state
    )
    after = np.random.get_state()  # noqa: NPY002
    np.testing.assert_array_equal(after[1], before[1])
    assert after[2:] == before[2:]


def taken(adata):
    adata.varm["regulator_scores"] = np.zeros((90, 2))


def logreg(adata):
    adata.uns["rank_genes_groups"] = {"names": np.array([("a",)], dtype=[("case", "O")])}


def frame(adata):
    adata.uns["rank_genes_groups"] = pd.DataFrame({"names": [1]})


def cut(adata):
    few = pd.DataFrame({"case": np.arange(5.0)}, index=adata.var_names[:5])
    adata.uns["rank_genes_groups"] = ranking(few)


def lost_chromosome(adata):
    adata.var.loc[adata.var_names[3:40], "chrom"] = None


def infinite(effects):
    effects.iloc[4, 1] = -np.inf
    return effects


def constant(effects):
    return effects.assign(flat=2.5)


def nearly_all_nan(effects):
    effects.iloc[1:] = np.nan
    return effects


@pytest.mark.parametrize(
    ("change", "options", "message", "spoil"),
    [
        (infinite, {}, r"1 infinite value.*'GENE0005' in 'in/2'.*clip", None),
        (constant, {}, "'flat' is 2.5 for all 80 genes: there is nothing to explain", None),
        (nearly_all_nan, {}, r"[01] of 80 genes with tracks have an effect", None),
        (lambda t: t.set_axis(range(90)), {}, "effects has no gene of adata: its rows are 0", None),
        (lambda t: t.iloc[[0, 0, 1]], {}, "effects has 1 gene.*more than once: 'GENE0001'", None),
        (lambda t: t.set_axis(["a", "a"], axis=1), {}, "1 contrast.*more than once: 'a'", None),
        (lambda t: t[[]], {}, "effects has no contrast", None),
        (None, {}, "adata.uns has no 'rank_genes_groups'; it has: 'kept'. Run scanpy", None),
        (None, {"rank_key": "kept"}, "has no names and logfoldchanges of groups", None),
        (None, {}, "has no names and logfoldchanges of groups.*logreg", logreg),
        (None, {}, "has no names and logfoldchanges of groups", frame),
        (None, {}, "ranks 5 genes of 'case', without 85 of the 90.*n_genes=None", cut),
        (infinite, {"contrasts": "no"}, "contrasts='no' are not all in effects.*'in/1'", None),
        (infinite, {"contrasts": []}, r"contrasts=\[\] are not all in effects", None),
        (infinite, {"contrasts": ["in/1"] * 2}, "contrasts has 1 contrast.*more than once", None),
        (dict, {"groups": "band"}, "groups='band' is not a column of adata.var.*'chrom'", None),
        (dict, {"groups": "chrom"}, r"\['chrom'\] is missing for 3\d of 80", lost_chromosome),
        (dict, {"cv": ShuffleSplit(2)}, "cv must test each gene once.*ShuffleSplit", None),
        (dict, {"cv": 99}, "n_splits=99 greater than the number of samples", None),
        (dict, {}, r"adata.varm\['regulator_scores'\] would be overwritten", taken),
    ],
)  # fmt: skip
def test_a_failure_leaves_adata_alone(
    cells, tracks, effects, same, change, options, message, spoil
):
    table = effects if change is dict else change and change(effects.copy())
    if spoil is not None:
        spoil(cells)
    before = cells.copy()
    with pytest.raises(ValueError, match=message):
        skgenes.tl.regulator_scores(cells, tracks, table, estimator=TINY, **options)
    same(cells, before)


def test_tracks_of_other_genes(cells, tracks, effects):
    other = RegulatoryTracks([f"ENSG{i}" for i in range(80)], **tracks.parts)
    with pytest.raises(ValueError, match="tracks has no gene of adata: its genes are 'ENSG0'"):
        skgenes.tl.regulator_scores(cells, other, effects)


def test_tracks_without_regulators(cells, tracks, effects):
    with pytest.raises(ValueError, match="no regulators, only the masks of 'promoter', 'rna'"):
        skgenes.tl.regulator_scores(cells, tracks.select([]), effects)


def test_a_model_of_other_regulators(cells, tracks, effects, same):
    fewer = tracks.select(["TF1", "RBP1"])
    model = clone(TINY).fit(fewer, effects.loc[fewer.genes])
    before = cells.copy()
    with pytest.raises(ValueError, match=r"features of 'promoter'.*base_estimator was fitted on"):
        skgenes.tl.regulator_scores(cells, tracks, effects, estimator=model)
    same(cells, before)


def test_other_things(cells, tracks, effects):
    tl = skgenes.tl.regulator_scores
    with pytest.raises(TypeError, match="adata must be an AnnData, got list"):
        tl([], tracks, effects)
    with pytest.raises(TypeError, match="tracks must be RegulatoryTracks, got ndarray"):
        tl(cells, np.zeros((3, 3)), effects)
    with pytest.raises(TypeError, match=r"effects must be a DataFrame.*got ndarray"):
        tl(cells, tracks, effects.to_numpy())
    with pytest.raises(TypeError, match="column 'in/1' has dtype"):
        tl(cells, tracks, effects.astype({"in/1": str}))
    ridge = LinearRegression().fit([[0.0], [1.0]], [0.0, 1.0])
    with pytest.raises(TypeError, match=r"A fitted estimator must be a DEcodeRegressor.*LinearReg"):
        tl(cells, tracks, effects, estimator=ridge)
