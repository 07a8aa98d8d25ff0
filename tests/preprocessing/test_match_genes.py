"""Which genes of one platform are which of another: nothing ambiguous is resolved."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skgenes.preprocessing import GeneMatch, match_genes

TP53, MYC = "ENSG00000141510", "ENSG00000136997"


def rows(frame):
    return [tuple(row) for row in frame.to_numpy()]


def test_three_ways():
    match = match_genes(
        ["CD4", f"{MYC}.15", "ACTB", "P53"], ["P53", MYC, "GAPDH", "CD4"], mapping={"P53": TP53}
    )
    assert rows(match.table) == [
        ("P53", "P53", "exact"),
        (f"{MYC}.15", MYC, "version"),
        ("CD4", "CD4", "exact"),
    ]
    np.testing.assert_array_equal(match.columns, [3, 1, 0])
    np.testing.assert_array_equal(match.reference_columns, [0, 1, 3])
    assert list(match.unmatched) == ["ACTB"]
    assert list(match.unmatched_reference) == ["GAPDH"]
    assert match.ambiguous.empty
    assert list(match.ambiguous.columns) == ["gene", "reference_gene", "how", "problem"]
    assert match.near_misses.empty
    assert (match.n_genes, match.n_reference) == (4, 4)
    assert repr(match) == "<GeneMatch: 3 of 4 reference genes>"
    assert match.summary() == (
        "3 of 4 reference genes matched (2 exactly, 1 after removing versions, 0 by the mapping); "
        "0 ambiguous; 1 ('GAPDH') without a match.\n"
        "Of 4 genes given, 0 are left out as ambiguous and 1 have no match."
    )
    with pytest.raises(dataclasses.FrozenInstanceError):
        match.n_genes = 5


@pytest.mark.parametrize(
    "mapping",
    [
        {"TP53": TP53, "MYC": f"{MYC}.3"},
        {TP53: "TP53", MYC: "MYC"},
        {"TP53": [TP53, None], "MYC": f"{MYC} /// ", "CD4": np.nan, "CD8": []},
        pd.Series([TP53, MYC, None], index=["TP53", "MYC", "MYC"]),
        pd.DataFrame({"a": [TP53, MYC, TP53], "b": ["TP53", "MYC", "TP53"]}),
    ],
)
def test_every_form_of_mapping(mapping):
    for genes, reference in [
        (["MYC", "TP53", "CD4"], [TP53, f"{MYC}.1"]),
        ([f"{MYC}.1", f"{TP53}.12", "CD4"], ["TP53", "MYC"]),
    ]:
        match = match_genes(genes, reference, mapping=mapping)
        np.testing.assert_array_equal(match.columns, [1, 0])
        assert set(match.table["how"]) == {"mapping"}
        assert list(match.unmatched) == ["CD4"]


# Ambiguity ----------------------------------------------------------------------------------------


def test_one_gene_with_several_candidates():
    match = match_genes(
        ["IL9R", "MYC"], ["ENSG00000124334", "ENSG00000291215", "MYC"],
        mapping={"IL9R": ["ENSG00000124334", "ENSG00000291215"]},
    )  # fmt: skip
    assert list(match.table["gene"]) == ["MYC"]
    assert rows(match.ambiguous) == [
        ("IL9R", "ENSG00000124334", "mapping", "several candidates"),
        ("IL9R", "ENSG00000291215", "mapping", "several candidates"),
    ]
    assert len(match.unmatched) == len(match.unmatched_reference) == 0
    assert "1 of 3 reference genes matched (1 exactly, 0 after" in match.summary()
    assert "2 ambiguous; 0 without a match" in match.summary()
    assert "1 ('IL9R') are left out as ambiguous and 0 have no match" in match.summary()


def test_several_genes_with_one_candidate():
    match = match_genes([f"{TP53}.1", f"{TP53}.2"], [TP53])
    assert match.table.empty
    assert rows(match.ambiguous) == [
        (f"{TP53}.1", TP53, "version", "shared candidate"),
        (f"{TP53}.2", TP53, "version", "shared candidate"),
    ]
    assert match.columns.dtype == match.reference_columns.dtype == np.intp


def test_a_better_match_wins_and_the_other_is_listed():
    genes = ["P53", f"{TP53}.9", TP53]
    match = match_genes(genes, [TP53], mapping={"P53": TP53})
    assert rows(match.table) == [(TP53, TP53, "exact")]
    assert rows(match.ambiguous) == [
        ("P53", TP53, "mapping", "better match"),
        (f"{TP53}.9", TP53, "version", "better match"),
    ]
    assert list(match_genes(genes[:2], [TP53], mapping={"P53": TP53}).table["gene"]) == genes[1:2]
    assert match.summary() == (
        "1 of 1 reference genes matched (1 exactly, 0 after removing versions, 0 by the mapping); "
        "0 ambiguous; 0 without a match.\n"
        f"Of 3 genes given, 2 ('P53', '{TP53}.9') are left out as ambiguous and 0 have no match."
    )


def test_a_candidate_of_a_gene_matched_better():
    """B is linked with two genes: that one of them has a better match does not free the other."""
    links = pd.DataFrame([("A", "B"), ("B", "C")])
    match = match_genes(["A", "C"], ["A", "B"], mapping=links)
    assert rows(match.table) == [("A", "A", "exact")]
    assert rows(match.ambiguous) == [
        ("A", "B", "mapping", "better match"),
        ("C", "B", "mapping", "shared candidate"),
    ]
    assert "1 ambiguous; 0 without a match" in match.summary()
    assert "1 ('C') are left out as ambiguous" in match.summary()


@pytest.mark.parametrize(
    ("genes", "reference", "n_ambiguous", "problem"),
    [
        (["A", "A", "B"], ["A", "B"], 2, "shared candidate"),
        (["A", "B"], ["A", "B", "A"], 2, "several candidates"),
        (["A", "A", "B"], ["A", "B", "A"], 4, "several candidates"),
    ],
)
def test_names_that_occur_twice(genes, reference, n_ambiguous, problem):
    match = match_genes(genes, reference)
    assert rows(match.table) == [("B", "B", "exact")]
    assert len(match.ambiguous) == n_ambiguous
    assert set(match.ambiguous["problem"]) == {problem}


@pytest.mark.parametrize("copy", ["ENSG00000182378.10_PAR_Y", "ENSGR0000182378.5"])
def test_the_copy_on_y_is_another_gene(copy):
    both = ["ENSG00000182378.10", copy]
    match = match_genes(both, ["ENSG00000182378"])
    assert rows(match.table) == [(both[0], "ENSG00000182378", "version")]
    assert list(match.unmatched) == [copy]
    match = match_genes(both, ["ENSG00000182378_PAR_Y", "ENSG00000182378"])
    np.testing.assert_array_equal(match.columns, [1, 0])
    alone = match_genes([copy], ["ENSG00000182378"])
    assert alone.table.empty
    assert rows(alone.near_misses) == [(copy, "ENSG00000182378", "PAR_Y")]


def test_near_misses_are_told_and_not_matched():
    match = match_genes(["Myc", "1-Mar", "SEPT7", "Dec-02"], ["MYC", "MARCHF1", "SEPTIN7"])
    assert match.table.empty
    assert match.summary().split("\n", 2)[2] == (
        "Not matched: 1 differ in case only ('Myc / MYC').\n"
        "Not matched: 1 bear a name that HGNC has replaced ('SEPT7 / SEPTIN7').\n"
        "Not matched: 2 look like a date that a spreadsheet made of a gene ('1-Mar / MARCHF1', "
        "'Dec-02 / ?')."
    )


NAMES = st.lists(st.sampled_from(["A", "B", "C", "a", TP53, f"{TP53}.1", f"{TP53}.2"]), min_size=1)
PAIRS = st.lists(st.tuples(st.sampled_from(["A", "B", "C"]), st.sampled_from(["B", "C", TP53])))


@given(NAMES, NAMES, PAIRS)
def test_every_gene_is_somewhere(genes, reference, pairs):
    mapping = pd.DataFrame([*pairs, (TP53, "A"), ("B", "C"), ("a", "C")])
    match = match_genes(genes, reference, mapping=mapping)
    # Matches are one to one, and in the order of the reference.
    assert len(set(match.columns)) == len(match.columns)
    assert (np.diff(match.reference_columns) > 0).all()
    assert [genes[i] for i in match.columns] == list(match.table["gene"])
    assert [reference[i] for i in match.reference_columns] == list(match.table["reference_gene"])
    # Every gene is matched, ambiguous or unmatched.
    assert len(match.table) + len(match.unmatched) <= match.n_genes == len(genes)
    ambiguous = set(match.ambiguous["gene"])
    others = [gene for i, gene in enumerate(genes) if i not in match.columns]
    assert sorted(match.unmatched) == sorted(gene for gene in others if gene not in ambiguous)
    assert not set(match.unmatched) & {*match.table["gene"], *ambiguous}
    assert not set(match.unmatched_reference) & {
        *match.table["reference_gene"],
        *match.ambiguous["reference_gene"],
    }
    # Turned round, the same pairs come out.
    turned = match_genes(reference, genes, mapping=mapping)
    assert set(zip(match.columns, match.reference_columns, strict=True)) == set(
        zip(turned.reference_columns, turned.columns, strict=True)
    )


def test_dgex_and_a_genome_on_real_lists(real_data):
    """D-GEX's Ensembl ids and symbols against those of a genome-wide table."""
    lists = real_data / "landmarks"
    parts = [
        pd.read_csv(lists / f"dgex_map_{part}.txt", sep="\t", names=["symbol", "ensembl", "probes"])
        for part in ("lm", "tg")
    ]
    landmarks, targets = parts
    table = real_data / "decode_genome" / "hpa_gtex_tpm_20kx36.tsv.gz"
    genome = pd.read_csv(table, sep="\t", usecols=["Gene", "symbol"])
    expected = set(genome["Gene"]) & set(targets["ensembl"])
    match = match_genes(genome["Gene"] + ".3", targets["ensembl"])
    assert set(match.table["how"]) == {"version"}
    assert set(match.table["reference_gene"]) == expected
    assert (genome["Gene"].to_numpy()[match.columns] == match.table["reference_gene"]).all()
    assert list(match.unmatched_reference) == [g for g in targets["ensembl"] if g not in expected]
    # One symbol, IL9R, stands for two Ensembl ids: the copies on X and Y.
    both = pd.concat(parts)
    mapping = both[["symbol", "ensembl"]].drop_duplicates()
    match = match_genes(mapping["symbol"].unique(), mapping["ensembl"], mapping=mapping)
    assert set(match.ambiguous["gene"]) == {"IL9R"}
    assert len(match.ambiguous) == 2
    assert len(match.table) == len(mapping) - 2
    # L1000's own list has newer symbols for 16 of D-GEX's 943 landmarks.
    symbols = pd.read_csv(lists / "l1000_landmark_978.tsv", sep="\t")["Symbol"]
    match = match_genes(symbols, landmarks["symbol"])
    assert len(match.table) == 927
    assert {"CD97", "TOMM70A", "GPER"} < set(match.unmatched_reference)
    aliases = {"CD97": "ADGRE5", "TOMM70A": "TOMM70", "GPER": "GPER1"}
    again = match_genes(symbols, landmarks["symbol"], mapping=aliases)
    assert len(again.table) == 927 + sum(new in set(symbols) for new in aliases.values()) > 927


# What is refused ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("genes", "reference", "error", "match"),
    [
        ([], ["A"], ValueError, "genes is empty"),
        (["A"], [], ValueError, "reference is empty"),
        ("TP53", ["A"], TypeError, "genes must be a sequence of names, got str"),
        (["A"], pd.DataFrame({"A": [1]}), TypeError, r"reference .* DataFrame.*X\.columns"),
        (["A", None, 3], ["A"], TypeError, r"genes has 2 entries that are no text \(None, 3\)"),
        (["A"], ["A", np.nan], TypeError, r"reference has 1 entries that are no text \(nan\)"),
    ],
)
def test_lists_that_cannot_be_used(genes, reference, error, match):
    with pytest.raises(error, match=match):
        match_genes(genes, reference)


@pytest.mark.parametrize(
    ("mapping", "error", "match"),
    [
        ({}, ValueError, "mapping has 0 identifiers"),
        ({"X": "Y"}, ValueError, r"mapping has 2 identifiers \('X', 'Y'\), none of which"),
        ({"A": 1.5}, TypeError, "mapping has 1.5 of type float for 'A'"),
        (pd.DataFrame({"A": ["A"]}), ValueError, r"mapping is a DataFrame with 1 column\(s\)"),
    ],
)
def test_mappings_that_cannot_be_used(mapping, error, match):
    with pytest.raises(error, match=match):
        match_genes(["A"], ["B"], mapping=mapping)


def test_the_result_is_public():
    assert isinstance(match_genes(["A"], ["A"]), GeneMatch)
