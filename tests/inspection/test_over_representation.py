"""Hypergeometric tests of gene sets, against scipy, statsmodels and exact fractions."""

import time
from fractions import Fraction
from math import comb

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import false_discovery_control, fisher_exact, hypergeom

from skgenes.inspection import over_representation
from skgenes.inspection._over_representation import hypergeometric_tail
from skgenes.io import read_gmt, write_gmt

BACKGROUND = [f"G{i}" for i in range(100)]
COLUMNS = ["overlap", "size", "expected", "fold_enrichment", "p_value", "q_value", "genes"]


@pytest.fixture
def panel():
    return BACKGROUND[:12]


@pytest.fixture
def gene_sets():
    rng = np.random.default_rng(0)
    sets = {f"set {i}": list(rng.choice(BACKGROUND, rng.integers(2, 30), False)) for i in range(40)}
    return sets | {"enriched": BACKGROUND[:9] + BACKGROUND[50:53], "elsewhere": BACKGROUND[-7:]}


def test_against_fisher_exact(panel, gene_sets):
    table = over_representation(panel, gene_sets, BACKGROUND)
    assert list(table.columns) == COLUMNS
    assert table.index.name == "gene_set"
    assert set(table.index) == set(gene_sets)
    for name, row in table.iterrows():
        members, inside = set(gene_sets[name]), set(panel)
        x = len(members & inside)
        contingency = [[x, len(inside - members)], [len(members - inside), 0]]
        contingency[1][1] = 100 - x - contingency[0][1] - contingency[1][0]
        exact = fisher_exact(contingency, alternative="greater").pvalue
        assert row["p_value"] == pytest.approx(exact, rel=1e-10)
        assert (row["overlap"], row["size"]) == (x, len(members))
        assert row["expected"] == pytest.approx(len(members) * 12 / 100)
        assert row["fold_enrichment"] == pytest.approx(x / row["expected"])
        assert row["genes"] == tuple(gene for gene in BACKGROUND if gene in members & inside)
    assert table.index[0] == "enriched"
    assert table["p_value"].is_monotonic_increasing
    pd.testing.assert_series_equal(
        table["q_value"],
        pd.Series(false_discovery_control(table["p_value"]), table.index, name="q_value"),
    )


def test_against_statsmodels(panel, gene_sets):
    multitest = pytest.importorskip("statsmodels.stats.multitest")
    table = over_representation(panel, gene_sets, BACKGROUND)
    _, q, *_ = multitest.multipletests(table["p_value"], method="fdr_bh")
    np.testing.assert_allclose(table["q_value"], q, rtol=1e-12)


def test_by_hand():
    """Of 5 genes 2 are in the panel and 2 in the set: both shared in 1 draw of 10."""
    background = ["a", "b", "c", "d", "e"]
    table = over_representation(["b", "a"], {"s": ["a", "b"], "t": ["b", "c"]}, background)
    p, q = pytest.approx(0.1), pytest.approx(0.2)
    assert table.loc["s"].tolist() == [2, 2, 0.8, 2.5, p, q, ("a", "b")]
    # One shared or more: 1 - P(none) = 1 - 3 / 10.
    assert table.loc["t", "p_value"] == pytest.approx(0.7)
    assert table.loc["t", "q_value"] == pytest.approx(0.7)


def test_far_tails_are_exact():
    def exact(x, n_background, size, n_genes):
        ways = sum(
            comb(size, k) * comb(n_background - size, n_genes - k)
            for k in range(x, min(size, n_genes) + 1)
        )
        return float(Fraction(ways, comb(n_background, n_genes)))

    overlap, size = np.array([0, 1, 10, 50, 200, 3]), np.array([50, 50, 50, 50, 300, 4000])
    expected = [exact(int(x), 20_000, int(k), 943) for x, k in zip(overlap, size, strict=True)]
    assert min(expected) < 1e-190
    np.testing.assert_allclose(
        hypergeometric_tail(overlap, 20_000, size, 943), expected, rtol=1e-10
    )


def test_sets_without_overlap_are_tested_and_corrected_for(panel, gene_sets):
    table = over_representation(panel, gene_sets, BACKGROUND)
    none = table[table["overlap"] == 0]
    assert len(none) > 2
    assert (none[["p_value", "q_value"]] == 1).all(axis=None)
    assert (none["fold_enrichment"] == 0).all()
    assert set(none["genes"]) == {()}
    # Dropping them first, as some packages do, promises too much.
    touched = table[table["overlap"] > 0]
    promised = false_discovery_control(touched["p_value"])
    assert (promised <= touched["q_value"]).all()
    assert promised[0] == pytest.approx(touched["q_value"].iloc[0] * len(touched) / len(table))


def test_a_panel_of_everything_enriches_nothing(gene_sets):
    table = over_representation(BACKGROUND, gene_sets, BACKGROUND)
    assert (table["p_value"] == 1).all()
    np.testing.assert_allclose(table["fold_enrichment"], 1)
    assert list(table.index) == list(gene_sets)  # ties keep the order given


def test_members_outside_of_the_background_do_not_count(panel, gene_sets):
    wider = {name: [*genes, "ALIEN", "OTHER"] for name, genes in gene_sets.items()}
    pd.testing.assert_frame_equal(
        over_representation(panel, wider, BACKGROUND),
        over_representation(panel, gene_sets, BACKGROUND),
    )


def test_what_is_left_out_is_counted_once(gene_sets):
    genes = ["G0", "G1", "G1", "MYC", "TP53"]
    sets = {"kept": ["G0", "G0", "G9"], "alien": ["X", "Y"], "none": [], "big": BACKGROUND[:9]}
    expected = (
        r"^Left out: 2 of 5 genes: not in the background \('MYC', 'TP53'\); 1 of 5 genes: repeated;"
        r" 3 of 103 background genes: repeated; 1 members of gene sets: repeated; "
        r"2 of 4 gene sets: fewer than 1 genes in the background; "
        r"1 of 4 gene sets: more than 8 genes in the background.$"
    )
    with pytest.warns(UserWarning, match=expected) as caught:
        table = over_representation(genes, sets, BACKGROUND + BACKGROUND[:3], max_size=8)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert list(table.index) == ["kept"]
    assert table.loc["kept", ["overlap", "size"]].tolist() == [1, 2]
    assert table.loc["kept", "p_value"] == pytest.approx(hypergeom.sf(0, 100, 2, 2))


def test_sizes_are_limited_before_the_correction(panel, gene_sets):
    with pytest.warns(UserWarning, match="gene sets: fewer than 10 genes"):
        table = over_representation(panel, gene_sets, BACKGROUND, min_size=10, max_size=20)
    assert table["size"].between(10, 20).all()
    inside = [name for name, genes in gene_sets.items() if 10 <= len(genes) <= 20]
    assert set(table.index) == set(inside)
    np.testing.assert_array_equal(table["q_value"], false_discovery_control(table["p_value"]))


def test_genes_may_be_anything_iterable(gene_sets):
    expected = over_representation(BACKGROUND[:12], gene_sets, BACKGROUND)
    index, array = pd.Index(BACKGROUND), np.array(BACKGROUND[:12])
    sets = {name: set(genes) for name, genes in gene_sets.items()}
    pd.testing.assert_frame_equal(over_representation(array, sets, index), expected)
    pd.testing.assert_frame_equal(over_representation(iter(array), sets, iter(index)), expected)
    numbers = over_representation([1, 2], {"entrez": [2, 3]}, range(5))
    assert numbers.loc["entrez", "genes"] == (2,)


def test_sets_from_a_file(panel, gene_sets, tmp_path):
    write_gmt(gene_sets, tmp_path / "sets.gmt")
    pd.testing.assert_frame_equal(
        over_representation(panel, read_gmt(tmp_path / "sets.gmt"), BACKGROUND),
        over_representation(panel, gene_sets, BACKGROUND),
    )


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"genes": "G1"}, TypeError, "genes is the string 'G1'; pass a list"),
        ({"background": "G1"}, TypeError, "background is the string 'G1'"),
        ({"gene_sets": {"s": "G1"}}, TypeError, "Gene set 's' is the string 'G1'"),
        ({"genes": None}, TypeError, "genes is None; pass a list"),
        ({"gene_sets": {"s": 3}}, TypeError, "Gene set 's' is 3; pass a list"),
        ({"gene_sets": [["G1"]]}, ValueError, "'gene_sets' parameter"),
        ({"gene_sets": {}}, ValueError, "None of 0 gene sets has 1 to any number of genes"),
        ({"gene_sets": {"s": ["X"]}}, ValueError, "None of 1 gene sets has 1 .* 100 such as 'G0'"),
        ({"min_size": 5, "max_size": 6}, ValueError, "None of 1 gene sets has 5 to 6 genes"),
        ({"min_size": 0}, ValueError, "'min_size' parameter"),
        ({"max_size": 0.5}, ValueError, "'max_size' parameter"),
        ({"genes": []}, ValueError, "genes is empty"),
        ({"background": []}, ValueError, "background is empty"),
        (
            {"genes": ["ENSG1", "ENSG2"]},
            ValueError,
            r"None of the 2 genes \('ENSG1', 'ENSG2'\) is in the background of 100 genes \('G0', ",
        ),
    ],
)
def test_bad_input(arguments, error, message):
    good = {"genes": ["G1"], "gene_sets": {"s": ["G1", "G2"]}, "background": BACKGROUND}
    with pytest.raises(error, match=message):
        over_representation(**good | arguments)


sets_of_genes = st.lists(
    st.sets(st.integers(0, 29), min_size=1, max_size=30), min_size=1, max_size=12
)


@settings(max_examples=60)
@given(sets_of_genes, st.sets(st.integers(0, 29), min_size=1), st.randoms(use_true_random=False))
def test_invariants(sets, panel, random):
    gene_sets = {f"s{i}": sorted(members) for i, members in enumerate(sets)}
    table = over_representation(panel, gene_sets, range(30))
    assert (table["p_value"] >= 0).all()
    assert (table["q_value"] <= 1).all()
    assert (table["q_value"] >= table["p_value"]).all()
    assert table["q_value"].is_monotonic_increasing
    shuffled = [random.sample(sorted(genes), len(genes)) for genes in (panel, range(30))]
    other_sets = {name: random.sample(genes, len(genes)) for name, genes in gene_sets.items()}
    other = over_representation(shuffled[0], other_sets, shuffled[1])
    pd.testing.assert_frame_equal(other.drop(columns="genes"), table.drop(columns="genes"))
    # A set that is replaced by more of the panel is never less enriched.
    name, outside = next(iter(gene_sets)), sorted(panel - sets[0])
    spare = sorted(sets[0] - panel)
    if outside and spare:
        more = gene_sets | {name: [*(sets[0] - {spare[0]}), outside[0]]}
        closer = over_representation(panel, more, range(30))
        assert closer.loc[name, "p_value"] < table.loc[name, "p_value"]


def test_ten_thousand_sets_take_seconds():
    rng = np.random.default_rng(0)
    background = [f"G{i}" for i in range(20_000)]
    gene_sets = {
        f"s{i}": [background[j] for j in rng.integers(20_000, size=size)]
        for i, size in enumerate(rng.integers(5, 300, size=10_000))
    }
    start = time.process_time()
    with pytest.warns(UserWarning, match="members of gene sets: repeated"):
        table = over_representation(background[:943], gene_sets, background)
    assert time.process_time() - start < 8
    assert len(table) == 10_000
    row = table.iloc[7_000]
    assert row["overlap"] == len(set(gene_sets[row.name]) & set(background[:943]))
