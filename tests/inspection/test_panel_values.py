"""panel_values: tables against refits, and the reasons in words."""

import anndata
import numpy as np
import pandas as pd
import pytest

from skgenes.feature_selection import (
    AutoEncoderDeepLIFTSelector,
    GivenPanelSelector,
    GreedyPanelSelector,
)
from skgenes.inspection import deeplift, evaluate_panel, panel_values
from skgenes.neural_network import GeneAutoEncoder

PANEL = ["GENE4", "GENE20", "GENE0", "GENE11"]


@pytest.fixture(scope="module")
def frames():
    rng = np.random.default_rng(3)
    X = rng.normal(size=(140, 5)) @ rng.normal(size=(5, 30)) + rng.normal(size=(140, 30))
    X = pd.DataFrame(X * rng.gamma(2, size=30) + 3, columns=[f"GENE{i}" for i in range(30)])
    return X[:100], X[100:]


@pytest.fixture(scope="module")
def values(frames):
    return panel_values(PANEL, frames[0], X_test=frames[1])


def explained(panel, frames):
    """Of held-out samples, refitted with the penalty of the whole panel."""
    result = evaluate_panel(panel, frames[0], X_test=frames[1], n_random=0, ceiling=False)
    return result.summary.loc[("ridge", "r2_all"), "value"], result.genes["ridge_r2"]


def test_held_out_is_that_of_evaluate_panel(values, frames):
    whole, r2 = explained(PANEL, frames)
    assert values.explained_test == pytest.approx(whole, rel=1e-9)
    expected = r2[values.targets.index]
    np.testing.assert_allclose(values.targets["r2_test"], expected, rtol=1e-9)
    assert (values.n_train, values.n_test) == (100, 40)


def test_values_are_differences_of_refits(frames):
    whole = panel_values(PANEL, frames[0], X_test=frames[1], penalty=0.3)
    for gene in PANEL:
        rest = [other for other in PANEL if other != gene]
        without = panel_values(rest, frames[0], X_test=frames[1], penalty=0.3)
        row = whole.genes.loc[gene]
        assert row["value"] == pytest.approx(whole.explained - without.explained)
        assert row["value_test"] == pytest.approx(whole.explained_test - without.explained_test)
        assert row["redundancy"] == pytest.approx(without.targets.loc[gene, "r2"])
        assert row["redundancy_test"] == pytest.approx(without.targets.loc[gene, "r2_test"])
        lost = without.targets["r2"] - whole.targets["r2"]
        for_others = whole.losses.loc[gene].sum() / 30
        assert row["value_for_others"] == pytest.approx(for_others)
        np.testing.assert_allclose(whole.losses.loc[gene], -lost[whole.losses.columns], atol=1e-12)


def test_cumulative_is_that_of_leading_parts(frames):
    whole = panel_values(PANEL, frames[0], X_test=frames[1], penalty=0.3)
    for size in range(1, 5):
        part = panel_values(PANEL[:size], frames[0], X_test=frames[1], penalty=0.3)
        row = whole.genes.iloc[size - 1]
        assert row["cumulative"] == pytest.approx(part.explained)
        assert row["cumulative_test"] == pytest.approx(part.explained_test)


def test_left_out_samples_foretell_held_out_ones(values):
    assert values.explained == pytest.approx(values.explained_test, abs=0.05)


def test_standard_error_is_that_of_a_bootstrap(frames):
    X = frames[0]
    whole = panel_values(PANEL, X, X_test=frames[1], penalty=0.3)
    rng = np.random.default_rng(0)
    draws = [
        panel_values(PANEL, X, X_test=frames[1].iloc[rng.integers(0, 40, 40)], penalty=0.3).genes[
            "value_test"
        ]
        for _ in range(300)
    ]
    spread = np.std(draws, axis=0)
    np.testing.assert_allclose(whole.genes["value_se_test"], spread, rtol=0.2)


def test_representatives(values):
    targets = values.targets
    assert list(values.genes.index) == PANEL
    assert not set(PANEL) & set(targets.index)
    for gene in PANEL:
        table = values.stands_for(gene)
        assert len(table) == values.genes.loc[gene, "n_represented"]
        assert (table["loss"] >= 0.01).all()
        assert table["loss"].is_monotonic_decreasing
        for other in table.index:
            assert values.losses[other].idxmax() == gene
            assert targets.loc[other, "representative"] == gene
            assert targets.loc[other, "loss"] == table.loc[other, "loss"]
    alone = targets["representative"].isna()
    assert (values.losses.loc[:, alone].max() < 0.01).all()


def test_closest_is_the_highest_correlation(values, frames):
    correlations = frames[0][PANEL].corr()
    for gene in PANEL:
        others = correlations[gene].drop(gene)
        assert values.genes.loc[gene, "closest"] == others.abs().idxmax()
        expected = others[others.abs().idxmax()]
        assert values.genes.loc[gene, "closest_correlation"] == pytest.approx(expected)


def test_forms_of_panels_and_samples(frames):
    X = frames[0]
    positions = [X.columns.get_loc(gene) for gene in PANEL]
    expected = panel_values(PANEL, X)
    names = anndata.AnnData(np.zeros(X.shape), var=pd.DataFrame(index=X.columns))
    names.layers["log"] = X.to_numpy()
    for other in (panel_values(positions, X), panel_values(PANEL, names, layer="log")):
        pd.testing.assert_frame_equal(other.genes, expected.genes)
        pd.testing.assert_frame_equal(other.targets, expected.targets)
    bare = panel_values(np.array(positions) - 30, X.to_numpy())
    assert list(bare.genes.index) == positions
    np.testing.assert_allclose(bare.genes["value"], expected.genes["value"])
    mask = X.columns.isin(PANEL)
    for unordered in (mask, GivenPanelSelector(PANEL).fit(X)):
        by_column = panel_values(unordered, X)
        assert list(by_column.genes.index) == list(X.columns[mask])
        again = by_column.genes.loc[PANEL, "value"]
        np.testing.assert_allclose(again, expected.genes["value"])


def test_order_of_a_selector_is_its_ranking(frames):
    selector = GreedyPanelSelector(6).fit(frames[0])
    values = panel_values(selector, frames[0])
    first = frames[0].columns[np.argsort(selector.ranking_)[:6]]
    assert list(values.genes.index) == list(first)
    assert values.genes["cumulative"].is_monotonic_increasing


def test_units_do_not_matter(values, frames):
    X, X_test = (frame * np.geomspace(0.01, 100, 30) - 7 for frame in frames)
    other = panel_values(PANEL, X, X_test=X_test)
    pd.testing.assert_frame_equal(other.genes, values.genes)


def test_a_repeated_gene_is_worth_little(frames):
    X = frames[0].assign(TWIN=frames[0]["GENE4"])
    both = panel_values([*PANEL, "TWIN"], X)
    assert both.genes.loc["TWIN", "redundancy"] > 0.9
    assert both.genes.loc["TWIN", "closest"] == "GENE4"
    assert both.genes.loc["TWIN", "value"] < panel_values(PANEL, X).genes.loc["GENE4", "value"] / 5


def test_genes_that_do_not_vary_are_left_out(frames):
    X = frames[0].assign(FLAT=2.0)
    values, expected = (panel_values(PANEL, data, X_test=data) for data in (X, frames[0]))
    assert values.explained == pytest.approx(expected.explained)
    flat = values.targets.loc["FLAT"]
    assert flat[["r2", "r2_test", "loss"]].isna().all()
    assert flat["representative"] is None
    assert values.losses["FLAT"].isna().all()


@pytest.fixture(scope="module")
def autoencoder(frames):
    network = GeneAutoEncoder((8, 4), max_iter=3, random_state=0)
    return network.fit(frames[0])


def test_programmes(autoencoder, frames):
    X = frames[0]
    values = panel_values(X.columns[:20], X, autoencoder=autoencoder)
    contributions = deeplift(
        autoencoder, X, aggregation="absolute", after_activation=False
    ).contributions
    table = pd.DataFrame(contributions, index=X.columns)
    assert len(values.programmes) == 60
    ranks = table.rank(ascending=False)
    for (gene, unit), row in values.programmes.iterrows():
        assert row["rank"] == ranks.loc[gene, unit]
        assert row["share"] == pytest.approx(table.loc[gene, unit] / table[unit].sum())
        others = table[unit].drop(gene).nlargest(5).index
        assert row["top_genes"] == ", ".join(others)
    assert ranks.iloc[:20].min(axis=1).between(3.5, 30).any()  # of both kinds
    assert ranks.iloc[:20].min(axis=1).le(3).any()
    for gene in X.columns[:20]:
        assert values.programmes.loc[gene]["rank"].tolist() == sorted(ranks.loc[gene])[:3]
        unit = values.programmes.loc[gene].index[0]
        rank = ranks.loc[gene, unit]
        sentence = f"In unit {unit} of the autoencoder it ranks {rank:.0f} of 30 genes, beside "
        if rank > 3:
            sentence = f"autoencoder rests on it much: it ranks at best {rank:.0f} of 30 genes."
        assert sentence in values.describe(gene)


def test_programmes_of_a_selector(frames):
    network = GeneAutoEncoder((8, 4), max_iter=3)
    selector = AutoEncoderDeepLIFTSelector(4, autoencoder=network, random_state=0).fit(frames[0])
    own = panel_values(selector, frames[0])
    given = panel_values(list(own.genes.index), frames[0], autoencoder=selector)
    pd.testing.assert_frame_equal(own.programmes, given.programmes)
    another = GeneAutoEncoder((8, 4), max_iter=3, random_state=1).fit(frames[0])
    other = panel_values(selector, frames[0], autoencoder=another)
    assert not other.programmes.equals(own.programmes)
    assert panel_values(PANEL, frames[0]).programmes is None


def test_layer_of_the_selector(frames):
    X, X_test = frames
    cells, held_out = (
        anndata.AnnData(np.zeros(part.shape), var=pd.DataFrame(index=part.columns))
        for part in frames
    )
    cells.layers["raw"], held_out.layers["raw"] = X.to_numpy(), X_test.to_numpy()
    selector = GreedyPanelSelector(4, layer="raw").fit(cells)
    found = panel_values(selector, cells, X_test=held_out)
    expected = panel_values(selector, X, X_test=X_test)
    pd.testing.assert_frame_equal(found.genes, expected.genes)
    cells.layers["half"], cells.X = X.to_numpy() ** 2, X.to_numpy() ** 3
    for layer, power in (("half", 2), ("raw", 1)):  # one that is given comes first
        found = panel_values(selector, cells, layer=layer).genes
        pd.testing.assert_frame_equal(found, panel_values(selector, X**power).genes)
    genes = found.index.tolist()
    for panel in (genes, GivenPanelSelector(genes).fit(X)):  # which read no layer
        found = panel_values(panel, cells).genes
        pd.testing.assert_frame_equal(found, panel_values(panel, X**3).genes)


def test_description():
    rng = np.random.default_rng(0)
    programmes = rng.normal(size=(300, 2))
    X = pd.DataFrame(
        {
            "A": programmes[:, 0],
            "B": programmes[:, 1],
            "A1": programmes[:, 0] + 0.01 * rng.normal(size=300),
            "A2": -programmes[:, 0] + rng.normal(size=300),
            "lone": rng.normal(size=300),
        }
    )
    values = panel_values(["A", "B"], X)
    loss = values.losses.loc["A", "A2"]
    text = values.describe("A")
    assert text.startswith(f"A stands for 2 genes: A1 (100%), A2 ({loss:.0%}, opposite): so much")
    for_others = values.genes.loc["A", "value_for_others"]
    assert (
        f"of all genes instead of {values.explained:.2%}, a loss of "
        f"{values.genes.loc['A', 'value']:.2%} of which {for_others:.2%} is in other genes; the "
        "other genes of the panel" in text
    )
    assert "explain nothing of it, B is closest (r = " in text
    assert "2 genes, above all A1 (100%): so" in values.describe("A", n_genes=1)
    assert values.describe("B").startswith("B stands for no other gene")
    lone = values.describe("B")
    own = f"a loss of {values.genes.loc['B', 'value']:.2%}, all its own; the other genes of the"
    assert own in lone
    assert lone.endswith(" Other genes, taken together, are explained no worse without it.")
    assert "no worse without it" not in text
    assert panel_values([0], X.to_numpy()).describe(0).startswith("Gene 0 stands for 2 genes")
    held_out = panel_values(["A"], X, X_test=X)
    assert f"(held out: {held_out.explained_test - held_out.genes['value_test'].iloc[0]:.2%}" in (
        held_out.describe("A")
    )
    head, second, *_ = repr(held_out).splitlines()
    assert head == "PanelValues(1 gene, 300 training and 300 held-out samples)"
    assert second.endswith(f"{held_out.explained:.3f}, held out {held_out.explained_test:.3f}")
    with pytest.raises(ValueError, match="'C' is not in the panel of 2 genes"):
        values.describe("C")


@pytest.mark.parametrize("n_samples", [200, 60])
def test_description_of_a_gene_that_helps_few_and_adds_noise_to_the_rest(n_samples):
    rng = np.random.default_rng(1)
    names = [f"N{i}" for i in range(140)]
    X = pd.DataFrame(rng.normal(size=(n_samples, 140)), columns=names)
    X.insert(0, "A", rng.normal(size=n_samples))
    X.insert(1, "A1", X["A"] + 2 * rng.normal(size=n_samples))
    values = panel_values(["A", "N0"], X, penalty=0.01)
    row = values.genes.loc["A"]
    assert row["value_for_others"] <= 0
    assert (row["value"] > 0) == (n_samples == 200)
    losses = values.losses.loc["A"]
    kept = values.stands_for("A").index
    assert len(kept) == row["n_represented"] > 0
    assert losses[kept].sum() <= -losses.drop(kept).sum()  # what the words say
    text = values.describe("A")
    assert text.startswith("A stands for ")
    assert (f"a loss of {row['value']:.2%}, all its own; " in text) == (n_samples == 200)
    assert ("a loss of" in text) == (n_samples == 200)
    assert text.endswith(
        " Other genes, taken together, are explained no worse without it: what those it stands for "
        "lose, the rest gain, to which it adds noise."
    )


def test_repr_of_a_large_panel(frames):
    lines = repr(panel_values(range(12), frames[0])).splitlines()
    assert lines[0] == "PanelValues(12 genes, 100 samples)"
    assert [line.split()[0] for line in lines[3:]] == ["most", "least:"]


@pytest.mark.parametrize(
    ("panel", "error", "message"),
    [
        ([], ValueError, "The panel has none of the 30 genes"),
        (range(30), ValueError, "The panel has all of the 30 genes"),
        (["GENE1", "MYC"], ValueError, "the panel has 1 gene.* not among the 30 of X: 'MYC'"),
        (["GENE1", 1], ValueError, "The panel has 2 entries, but only 1 different genes; given "),
        ([True, False], ValueError, "the panel is a mask of length 2"),
        (None, TypeError, "The panel is None; give gene names"),
    ],
)
def test_bad_panels(panel, error, message, frames):
    with pytest.raises(error, match=message):
        panel_values(panel, frames[0])


def test_selectors_of_other_genes(frames):
    selector = GivenPanelSelector([0, 1]).fit(frames[0])
    with pytest.raises(ValueError, match="GivenPanelSelector was fitted to 30 genes, but X has 20"):
        panel_values(selector, frames[0].iloc[:, :20])
    with pytest.raises(ValueError, match=r"fitted to other genes than those of X. 1 gene\(s\) are"):
        panel_values(selector, frames[0].rename(columns={"GENE3": "MYC"}))
    with pytest.raises(ValueError, match="not fitted yet"):
        panel_values(GivenPanelSelector([0, 1]), frames[0])


def test_bad_samples(frames):
    X, X_test = frames
    with pytest.raises(ValueError, match=r"X has 2 sample\(s\), but at least 3 are needed"):
        panel_values(PANEL, X[:2])
    with pytest.raises(ValueError, match="X has 30 genes, but X_test has 29"):
        panel_values(PANEL, X, X_test=X_test.iloc[:, 1:])
    with pytest.raises(ValueError, match="1 of the 4 genes of the panel do not vary in X: 'GENE0'"):
        panel_values(PANEL, X.assign(GENE0=1.0))
    flat = X.copy()
    flat.loc[:, ~flat.columns.isin(PANEL)] = 1.0
    with pytest.raises(ValueError, match="No gene outside of the panel varies in X"):
        panel_values(PANEL, flat)
    with pytest.raises(ValueError, match="X_test contains NaN"):
        panel_values(PANEL, X, X_test=X_test.mask(X_test > 8))


def test_bad_autoencoders(autoencoder, frames):
    X = frames[0]
    with pytest.raises(TypeError, match="autoencoder is 'tanh'; give a fitted GeneAutoEncoder"):
        panel_values(PANEL, X, autoencoder="tanh")
    with pytest.raises(ValueError, match="MYC"):
        panel_values(PANEL, X.rename(columns={"GENE3": "MYC"}), autoencoder=autoencoder)
    selector = AutoEncoderDeepLIFTSelector(
        2, autoencoder=GeneAutoEncoder((4, 2), max_iter=1), random_state=0
    )
    selector.fit(X.to_numpy()[:, :20])
    with pytest.raises(ValueError, match=r"contributions_ .* has shape \(20, 2\), but X has 30"):
        panel_values(PANEL, X, autoencoder=selector)


@pytest.mark.parametrize("parameters", [{"penalty": 0}, {"penalty": "none"}, {"min_loss": 0}])
def test_bad_parameters(parameters, frames):
    with pytest.raises(ValueError, match=f"{next(iter(parameters))!r} parameter"):
        panel_values(PANEL, frames[0], **parameters)


def test_real_cells(real_data):
    """Genes of known cell types stand for their own."""
    cells = anndata.read_h5ad(real_data / "singlecell" / "pbmc68k_reduced_700x765.h5ad")
    values = panel_values(GreedyPanelSelector(50).fit(cells), cells)
    # Plasma, cycling and killer cells.
    for gene, others in (("MZB1", "SSR4 IGJ"), ("STMN1", "PCNA"), ("GZMB", "GNLY PRF1")):
        assert set(values.stands_for(gene).index) >= set(others.split())
    assert values.genes["redundancy"].between(-0.05, 1).all()
    assert (values.genes["value"] > -2 * values.genes["value_se"]).all()
