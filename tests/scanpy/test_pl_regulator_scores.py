"""pl.regulator_scores draws what tl.regulator_scores wrote."""

import anndata
import numpy as np
import pandas as pd
import pytest

import skgenes
from skgenes.datasets import make_regulated_genes
from skgenes.feature_extraction import regulatory_tracks
from skgenes.neural_network import DEcodeRegressor

mpl = pytest.importorskip("matplotlib")


@pytest.fixture(autouse=True)
def close_figures():
    import matplotlib.pyplot as plt

    with mpl.rc_context(), plt.ioff():
        plt.switch_backend("agg")
        yield
        plt.close("all")


@pytest.fixture(scope="module")
def explained():
    """Three contrasts in one model, and one of them alone."""
    made = make_regulated_genes(60, 4, n_promoter_regulators=3, n_rna_regulators=5, random_state=0)
    tracks, _ = regulatory_tracks(made.annotation, promoter=made.promoter_sites, rna=made.rna_sites)
    logs = np.log2(made.expression)
    effects = logs.iloc[:, 1:].sub(logs.iloc[:, 0], axis=0).set_axis(["a/b", "c", "d"], axis=1)
    genes = pd.DataFrame(index=pd.Index(list(tracks.genes)))
    adata = anndata.AnnData(np.zeros((3, 60), dtype=np.float32), var=genes)
    tiny = DEcodeRegressor(((3, 1),), ((3, 1),), (4,), n_init=1, max_iter=2, batch_size=16)
    options = {"estimator": tiny, "cv": 2}
    skgenes.tl.regulator_scores(adata, tracks, effects, **options)
    skgenes.tl.regulator_scores(adata, tracks, effects["c"], key_added="one", **options)
    return adata


@pytest.fixture(params=["in memory", "from a file"])
def analysed(request, explained, kept_by_file):
    return explained if request.param == "in memory" else kept_by_file(explained)


def table(adata, key):
    record = adata.uns[key]
    names = [
        f"{part}: {name}" for part, name in zip(record["parts"], record["regulators"], strict=True)
    ]
    return pd.DataFrame(record["scores"], names, record["contrasts"])


def labels(axis):
    return [label.get_text() for label in axis.get_ticklabels()]


def test_bars_for_one_contrast(analysed):
    ax = mpl.figure.Figure().subplots()
    assert skgenes.pl.regulator_scores(analysed, key="one", n_regulators=5, ax=ax) is ax
    scores = table(analysed, "one")["c"]
    best = scores.loc[scores.abs().sort_values(ascending=False).index[:5]]
    assert labels(ax.yaxis) == list(best.index)
    np.testing.assert_array_equal([bar.get_width() for bar in ax.patches], best)
    colours = {mpl.colors.to_hex(bar.get_facecolor()) for bar in ax.patches if bar.get_width() > 0}
    assert len(colours) == 1
    assert ax.get_title(loc="left") == "5 of 8 regulators"
    rho = analysed.uns["one"]["spearman"][0]
    assert f"effect in c\n(Spearman out of fold {rho:.2f})" in ax.get_xlabel()


def test_a_heat_map_for_several(analysed):
    ax = skgenes.pl.regulator_scores(analysed, n_regulators=4)
    scores = table(analysed, "regulator_scores")
    best = scores.loc[scores.abs().mean(axis=1).sort_values(ascending=False).index[:4]]
    assert labels(ax.yaxis) == list(best.index)
    np.testing.assert_allclose(ax.images[0].get_array(), best)
    rho = analysed.uns["regulator_scores"]["spearman"]
    expected = [f"{name} ({value:.2f})" for name, value in zip("acd", rho, strict=True)]
    assert labels(ax.xaxis) == [expected[0].replace("a", "a/b"), *expected[1:]]
    assert ax.get_xlabel() == "Contrast (Spearman out of fold)"


def test_one_of_several(analysed):
    ax = skgenes.pl.regulator_scores(analysed, contrast="a/b")
    scores = table(analysed, "regulator_scores")["a/b"]
    assert len(ax.patches) == 8
    assert ax.patches[0].get_width() == scores.loc[scores.abs().idxmax()]
    assert "effect in a/b" in ax.get_xlabel()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"key": "no"}, "adata.uns has no 'no'; it has: .*tl.regulator_scores"),
        ({"key": "other"}, r"adata.uns\['other'\] is no result of skgenes.tl.regulator_scores"),
        ({"contrast": "e"}, "contrast='e' is not in.*'a/b', 'c', 'd'"),
        ({"n_regulators": 0}, "n_regulators must be a positive integer, got 0"),
    ],
)
def test_what_is_not_there(explained, options, message):
    adata = explained.copy()
    adata.uns["other"] = np.ones(3)
    with pytest.raises(ValueError, match=message):
        skgenes.pl.regulator_scores(adata, **options)


def test_ax_is_no_axes(explained):
    with pytest.raises(
        ValueError, match=r"RegulatorBars.plot draws on one matplotlib axes, got ax='here'"
    ):
        skgenes.pl.regulator_scores(explained, key="one", ax="here")
