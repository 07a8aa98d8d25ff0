"""panel_swaps: substitutes against refits; topping up a panel."""

import anndata
import numpy as np
import pandas as pd
import pytest

from skgenes.feature_selection import GivenPanelSelector, GreedyPanelSelector
from skgenes.inspection import panel_swaps, panel_values

PANEL = ["GENE4", "GENE20", "GENE0", "GENE11"]


@pytest.fixture(scope="module")
def frame():
    rng = np.random.default_rng(3)
    X = rng.normal(size=(100, 5)) @ rng.normal(size=(5, 30)) + rng.normal(size=(100, 30))
    return pd.DataFrame(X * rng.gamma(2, size=30) + 3, columns=[f"GENE{i}" for i in range(30)])


@pytest.fixture(scope="module")
def swaps(frame):
    return panel_swaps(PANEL, frame, n_alternatives=26, penalty=0.2)


def test_against_refits(swaps, frame):
    before = panel_values(PANEL, frame, penalty=0.2)
    assert swaps.explained == pytest.approx(before.explained)
    for (gene, other), row in swaps.alternatives.iterrows():
        rest = [member for member in PANEL if member != gene]
        after = panel_values([*rest, other], frame, penalty=0.2)
        assert row["explained"] == pytest.approx(after.explained)
        # All genes but the substitute: it is known afterwards.
        bonus = (1 - before.targets.loc[other, "r2"]) / 30
        assert row["kept"] == pytest.approx((after.explained - bonus) / before.explained)
        value = before.genes.loc[gene, "value"]
        made_good = after.explained - bonus - (before.explained - value)
        assert row["recovered"] == pytest.approx(made_good / value)
        assert row["correlation"] == pytest.approx(frame[gene].corr(frame[other]))
        without = swaps.genes.loc[gene, "explained_without"]
        assert without == pytest.approx(before.explained - value)
    np.testing.assert_allclose(swaps.genes["value"], before.genes["value"])


def test_the_best_come_first(swaps):
    assert swaps.alternatives.groupby("gene").size().eq(26).all()
    for gene in PANEL:
        kept = swaps.alternatives.loc[gene, "kept"]
        assert kept.is_monotonic_decreasing
        assert not set(kept.index) & set(PANEL)


def test_a_twin_replaces_its_gene(frame):
    X = frame.assign(TWIN=-3 * frame["GENE20"] + 1, NOISE=np.random.default_rng(0).random(100))
    table = panel_swaps(PANEL, X, "GENE20", n_alternatives=28).alternatives.loc["GENE20"]
    twin = table.loc["TWIN"]
    assert twin["correlation"] == pytest.approx(-1)
    assert twin["recovered"] == pytest.approx(1, abs=0.02)  # the penalty makes the difference
    assert twin["kept"] == pytest.approx(1, abs=0.01)
    # Known once it is measured, but no help to others.
    assert table.index[-1] == "NOISE"
    assert table.loc["NOISE", "recovered"] < 0


def test_a_short_list_finds_the_best(frame):
    rng = np.random.default_rng(1)
    X = rng.normal(size=(80, 6)) @ rng.normal(size=(6, 200)) + 2 * rng.normal(size=(80, 200))
    few = panel_swaps(range(10), X, n_alternatives=3)
    everything = panel_swaps(range(10), X, n_alternatives=190)
    best = everything.alternatives.groupby("gene", sort=False).head(3)
    pd.testing.assert_frame_equal(few.alternatives, best)


def test_forms_and_parameters(frame):
    expected = panel_swaps(PANEL, frame, ["GENE0", "GENE20"], exclude=["GENE1"])
    assert list(expected.genes.index) == ["GENE20", "GENE0"]
    assert "GENE1" not in expected.alternatives.index.get_level_values("alternative")
    assert expected.n_candidates == 25
    assert expected.alternatives.groupby("gene").size().eq(5).all()
    layered = anndata.AnnData(np.zeros(frame.shape), var=pd.DataFrame(index=frame.columns))
    layered.layers["log"] = frame.to_numpy()
    other = panel_swaps(PANEL, layered, ["GENE0", 20], exclude=1, layer="log")
    pd.testing.assert_frame_equal(other.alternatives, expected.alternatives)
    bare = panel_swaps([4, 20, 0, 11], frame.to_numpy(), [0, 20], exclude=[1])
    np.testing.assert_allclose(bare.alternatives, expected.alternatives)
    assert list(bare.genes.index) == [20, 0]
    by_column = panel_swaps(GivenPanelSelector(PANEL).fit(frame), frame)
    assert list(by_column.genes.index) == ["GENE0", "GENE4", "GENE11", "GENE20"]
    assert len(panel_swaps(PANEL, frame.assign(FLAT=1.0), "GENE0", n_alternatives=99).alternatives)
    assert panel_swaps(PANEL, frame.assign(FLAT=1.0)).n_candidates == 26


def test_units_and_order_do_not_matter(frame):
    expected = panel_swaps(PANEL, frame, "GENE0").alternatives
    other = panel_swaps(PANEL[::-1], frame * np.geomspace(0.01, 100, 30) - 7, "GENE0")
    pd.testing.assert_frame_equal(other.alternatives, expected)


def test_in_words(swaps, frame):
    text = swaps.describe("GENE4", n_alternatives=1)
    best = swaps.alternatives.loc["GENE4"].iloc[0]
    assert text.startswith(f"GENE4 can be replaced by {best.name} (keeps {best['kept']:.2%}, r = ")
    without = swaps.genes.loc["GENE4", "explained_without"] / swaps.explained
    assert text.endswith(f"with no substitute {without:.2%} is kept.")
    assert repr(swaps).startswith(
        "PanelSwaps(4 genes of a panel, 26 candidates, 100 samples, explained variance "
    )
    many = panel_swaps(range(8), frame.to_numpy())
    assert repr(many).endswith("and 3 more")
    assert many.describe(3).startswith("Gene 3 can be replaced by ")
    with pytest.raises(ValueError, match="'MYC' is not among the 4 genes of the panel that subst"):
        swaps.describe("MYC")


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"genes": ["GENE1"]}, r"got 1 gene\(s\) that are not in it: 'GENE1'"),
        ({"genes": []}, "genes must name genes of the panel, got none"),
        ({"genes": ["MYC"]}, r"genes has 1 gene\(s\) that are not among the 30 of X: 'MYC'"),
        ({"exclude": ["MYC"]}, r"exclude has 1 gene\(s\) that are not among the 30 of X: 'MYC'"),
        ({"exclude": range(30)}, "No gene is left to be proposed: of 30, 4 are in the panel, 30"),
        ({"n_alternatives": 0}, "'n_alternatives' parameter"),
        ({"penalty": 0.0}, "'penalty' parameter"),
        ({"penalty": "none"}, "'penalty' parameter"),
    ],
)
def test_bad_parameters(parameters, message, frame):
    with pytest.raises(ValueError, match=message):
        panel_swaps(PANEL, frame, **parameters)


@pytest.mark.parametrize(
    ("panel", "message"),
    [
        ([], "The panel has none of the 30 genes"),
        (["GENE1", 1], "The panel has 2 entries, but only 1 different genes"),
    ],
)
def test_bad_panels(panel, message, frame):
    with pytest.raises(ValueError, match=message):
        panel_swaps(panel, frame)


def test_topping_up_a_panel(frame):
    """GreedyPanelSelector with must_include adds the best genes, each with its gain."""
    topped = GreedyPanelSelector(7, must_include=PANEL, penalty=0.2).fit(frame)
    order = frame.columns[np.argsort(topped.ranking_)[:7]]
    assert set(order[:4]) == set(PANEL)
    assert topped.gains_.shape == (7,)
    assert (np.diff(topped.gains_[4:]) <= 0).all()
    one_more = GreedyPanelSelector(5, must_include=PANEL, penalty=0.2).fit(frame)
    assert order[4] == frame.columns[np.argmax(one_more.ranking_ == 5)]
    assert one_more.gains_[4] == pytest.approx(topped.gains_[4])
    # Held-out variance grows by what is added, and by more than by genes taken at random.
    explained = panel_values(order, frame).explained
    rng = np.random.default_rng(0)
    others = frame.columns.difference(PANEL)
    at_random = [
        panel_values([*PANEL, *rng.choice(others, 3, replace=False)], frame).explained
        for _ in range(30)
    ]
    assert explained > max(at_random)


def test_real_cells(real_data):
    """Genes are replaced by those of the same cell type."""
    cells = anndata.read_h5ad(real_data / "singlecell" / "pbmc68k_reduced_700x765.h5ad")
    swaps = panel_swaps(GreedyPanelSelector(50).fit(cells), cells)
    assert swaps.alternatives.loc["HLA-DRA"].index[0] in {"HLA-DPB1", "HLA-DRB1", "HLA-DPA1"}
    assert swaps.alternatives["kept"].groupby("gene").first().between(0.98, 1.01).all()
