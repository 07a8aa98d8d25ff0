"""Gene set enrichment analysis, against a slow running sum and all possible sets."""

import itertools
import os
import socket
import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import false_discovery_control, kstest

from skgenes.inspection import rank_enrichment
from skgenes.io import read_gmt, write_gmt

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    pytest.importorskip("gseapy")

COLUMNS = ["size", "es", "nes", "p_value", "q_value", "log2_error", "leading_edge"]
# Names that gseapy would interpret, each in its way: upper and lower case, numbers, prefixes.
GENES = [f"{kind}{i}" for i in range(40) for kind in ("g", "G", "", "mir__", "a;b")]


@pytest.fixture
def scores():
    rng = np.random.default_rng(0)
    return pd.Series(rng.normal(size=200), index=rng.permutation(GENES))


@pytest.fixture
def gene_sets(scores):
    rng = np.random.default_rng(1)
    sets = {f"lib{i % 2}__set {i}": rng.choice(GENES, rng.integers(5, 40), False) for i in range(9)}
    ranking = scores.sort_values(ascending=False).index
    return sets | {"top": ranking[:60:3], "bottom": ranking[-40::2]}


def running_sum(scores, members, weight=1.0):
    """Walk down the ranking; return its extreme and the genes up to there."""
    ranking = scores.sort_values(ascending=False)
    members = set(members) & set(ranking.index)
    total = sum(abs(score) ** weight for gene, score in ranking.items() if gene in members)
    walk, at = [], 0.0
    for gene, score in ranking.items():
        hit = gene in members
        at += abs(score) ** weight / total if hit else -1 / (len(ranking) - len(members))
        walk.append(at)
    high, low = max(walk), min(walk)
    if high > -low:
        edge = ranking.index[: walk.index(high) + 1]
        return high, tuple(gene for gene in edge if gene in members)
    edge = ranking.index[walk.index(low) :]
    return low, tuple(gene for gene in edge[::-1] if gene in members)


@pytest.mark.parametrize("weight", [0, 0.5, 1, 2])
def test_against_a_slow_running_sum(scores, gene_sets, weight):
    table = rank_enrichment(scores, gene_sets, weight=weight, random_state=0)
    assert list(table.columns) == COLUMNS
    assert table.index.name == "gene_set"
    assert set(table.index) == set(gene_sets)
    for name, row in table.iterrows():
        es, edge = running_sum(scores, gene_sets[name], weight)
        assert row["es"] == pytest.approx(es, abs=1e-9)
        assert row["leading_edge"] == edge
        assert row["size"] == len(gene_sets[name])
        assert np.sign(row["nes"]) == np.sign(es)
    assert set(table.index[:2]) == {"top", "bottom"}
    assert table.loc["bottom", "nes"] < -1.5 < 1.5 < table.loc["top", "nes"]
    assert (table["p_value"] > 0).all()
    assert table["p_value"].is_monotonic_increasing
    np.testing.assert_allclose(table["q_value"], false_discovery_control(table["p_value"]))
    assert table.attrs == {"left_out": {}, "n_ties": 0}


def test_against_all_possible_sets():
    """Of 18 genes there are 3,060 sets of 4: exact p-values and means."""
    rng = np.random.default_rng(3)
    scores = pd.Series(rng.normal(size=18), index=[f"G{i}" for i in range(18)])
    everything = np.array(
        [running_sum(scores, members)[0] for members in itertools.combinations(scores.index, 4)]
    )
    chosen = np.linspace(0, 3059, 40).astype(int)
    combinations = list(itertools.combinations(scores.index, 4))
    sets = {str(at): combinations[at] for at in chosen}
    table = rank_enrichment(scores, sets, min_size=4, n_random=10_000, random_state=0)
    for at in chosen:
        es = everything[at]
        alike = everything[np.sign(everything) == np.sign(es)]
        row = table.loc[str(at)]
        assert row["es"] == pytest.approx(es, abs=1e-9)
        assert row["nes"] == pytest.approx(es / np.abs(alike).mean(), rel=0.03)
        exact = (np.abs(alike) >= abs(es) - 1e-9).mean()
        if exact > 0.01:
            assert row["p_value"] == pytest.approx(exact, rel=0.15, abs=0.01)


def test_p_is_uniform_without_enrichment():
    rng = np.random.default_rng(5)
    scores = pd.Series(rng.normal(size=500), index=[f"G{i}" for i in range(500)])
    sets = {f"s{i}": rng.choice(scores.index, 20, False) for i in range(300)}
    table = rank_enrichment(scores, sets, random_state=0)
    assert kstest(table["p_value"], "uniform").pvalue > 0.01


def test_small_p_values_are_resolved(scores, gene_sets):
    table = rank_enrichment(scores, gene_sets, n_random=100, random_state=0)
    assert 1e-50 <= table["p_value"].min() < 1e-4
    assert table["log2_error"].iloc[0] > 0


def test_the_seed_alone_decides(scores, gene_sets):
    table = rank_enrichment(scores, gene_sets, random_state=0)
    shuffled = scores.sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(rank_enrichment(shuffled, gene_sets, random_state=0), table)
    as_dict = rank_enrichment(scores.to_dict(), gene_sets, random_state=0)
    pd.testing.assert_frame_equal(as_dict, table)
    other = rank_enrichment(scores, gene_sets, random_state=1)
    assert (other["p_value"] != table["p_value"].reindex(other.index)).any()
    pd.testing.assert_series_equal(other["es"].reindex(table.index), table["es"])


def test_other_processes_get_the_same():
    code = """
import numpy as np, pandas as pd
from skgenes.inspection import rank_enrichment
rng = np.random.default_rng(0)
scores = pd.Series(rng.integers(-9, 9, 300), index=[f"G{i}" for i in range(300)])
sets = {f"s{i}": rng.choice(scores.index, 20, False) for i in range(30)}
table = rank_enrichment(scores, sets, random_state=0)
print(table.index.tolist(), table["p_value"].tolist())
"""
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env=os.environ | {"PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(found) == 1


def test_ties_are_shuffled_whatever_the_rows():
    """Genes of one score are in no order: neither that of the rows nor that of the alphabet."""
    names = [f"G{i:03}" for i in range(300)]
    scores = pd.Series(np.repeat([2.0, 1.0, -1.0], 100), index=names)
    sets = {"first": names[100:120], "last": names[180:200]}  # all in the middle
    tables = [rank_enrichment(scores, sets, random_state=seed) for seed in range(10)]
    assert tables[0].attrs["n_ties"] == 300
    reverse = rank_enrichment(scores.iloc[::-1], sets, random_state=0)
    pd.testing.assert_frame_equal(reverse, tables[0])
    es = pd.DataFrame([table["es"] for table in tables])
    assert (es.std() > 0).all()
    # In the order of the alphabet these would be 0.68 and -0.64.
    np.testing.assert_allclose(es.abs().mean(), 0.38, atol=0.1)


def test_zeros():
    """Regulators without a site score 0; sets of nothing but them have a running sum as well."""
    names = [f"G{i}" for i in range(200)]
    scores = pd.Series(0.0, index=names)
    scores.iloc[:20] = np.linspace(5, 1, 20)
    sets = {"silent": names[100:120], "mixed": [*names[:5], *names[150:160]]}
    table = rank_enrichment(scores, sets, random_state=0)
    assert table.attrs["n_ties"] == 180
    assert np.isfinite(table[["es", "nes", "p_value"]]).all(axis=None)
    assert table.loc["mixed", "es"] > 0.9
    assert table.loc["mixed", "p_value"] < 0.05 < table.loc["silent", "p_value"]


@settings(max_examples=40)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(3, 60),
    st.sampled_from([1e-300, 1.0, 1e300]),
    st.sampled_from(["normal", "heavy", "ties", "positive", "one"]),
)
def test_any_scores(seed, n_genes, scale, kind):
    rng = np.random.default_rng(seed)
    values = {
        "normal": rng.normal(size=n_genes),
        "heavy": rng.standard_cauchy(n_genes) ** 9 / 1e30,
        "ties": rng.integers(-1, 2, n_genes),
        "positive": rng.random(n_genes),
        "one": np.eye(1, n_genes)[0],
    }[kind]
    scores = pd.Series(np.clip(values, -1, 1) * scale, index=[f"G{i}" for i in range(n_genes)])
    if not scores.any():
        return
    sets = {
        f"s{i}": rng.choice(scores.index, rng.integers(1, n_genes), replace=False) for i in range(5)
    }
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".* have no p-value")
        table = rank_enrichment(scores, sets, min_size=1, n_random=100, random_state=0)
    assert len(table) == 5
    assert table["es"].between(-1 - 1e-9, 1 + 1e-9).all()
    defined = table.dropna(subset="p_value")
    assert defined["p_value"].between(0, 1, inclusive="right").all()
    assert defined[["nes", "q_value"]].notna().all(axis=None)
    assert table["q_value"].count() == len(defined)


def test_sets_that_random_ones_do_not_resemble():
    """One gene weighs all, so that only sets without it can gather at the bottom."""
    scores = pd.Series(np.r_[9.0, np.linspace(0.01, -0.01, 29)], index=[f"G{i}" for i in range(30)])
    sets = {"low": scores.index[1:], "high": ["G0", "G1", "G2", "G4", "G29"]}
    message = r"1 of 2 gene sets \('low'\) have no p-value: fewer than 10 of 100 .* Raise n_random"
    with pytest.warns(UserWarning, match=message):
        table = rank_enrichment(scores, sets, n_random=100, random_state=0)
    assert list(table.index) == ["high", "low"]
    assert table.loc["low", ["p_value", "q_value", "nes"]].isna().all()
    assert table.loc["high", "q_value"] == table.loc["high", "p_value"]
    assert rank_enrichment(scores, sets, n_random=10_000, random_state=0)["p_value"].notna().all()


def test_sets_that_are_not_tested(scores, gene_sets):
    sets = gene_sets | {
        "small": [*scores.index[:4], "MYC", scores.index[0]],
        "elsewhere": ["MYC", "TP53"],
        "large": scores.index[:150],
        "all": scores.index,
    }
    with pytest.warns(UserWarning, match="4 of 15 gene sets are not tested, such as 'small'") as w:
        table = rank_enrichment(scores, sets, max_size=140, random_state=0)
    assert len(w) == 1
    assert w[0].filename == __file__
    assert table.attrs["left_out"] == {
        "small": "4 of its 5 genes have a score, less than min_size=5",
        "elsewhere": "0 of its 2 genes have a score, less than min_size=5",
        "large": "150 of its 150 genes have a score, more than max_size=140",
        "all": "200 of its 200 genes have a score, more than max_size=140",
    }
    assert set(table.index) == set(gene_sets)
    with pytest.warns(UserWarning, match="it has all 200 genes with a score"):
        table = rank_enrichment(scores, gene_sets | {"all": scores.index}, random_state=0)
    assert "all" not in table.index
    table = rank_enrichment(scores, {"small": sets["small"]}, min_size=4, random_state=0)
    assert table["size"].item() == 4


def test_repeated_members_count_once(scores, gene_sets):
    once = rank_enrichment(scores, gene_sets, random_state=0)
    twice = {name: [*genes, *genes, "MYC"] for name, genes in gene_sets.items()}
    pd.testing.assert_frame_equal(rank_enrichment(scores, twice, random_state=0), once)


def test_gmt_and_no_network(scores, gene_sets, tmp_path, monkeypatch, capfd):
    def refuse(*args):
        raise AssertionError("went to the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    write_gmt({name: [*genes] for name, genes in gene_sets.items()}, tmp_path / "sets.gmt")
    monkeypatch.chdir(tmp_path)
    before = scores.copy()
    scores.iloc[0] = scores.iloc[1]
    table = rank_enrichment(scores, read_gmt(tmp_path / "sets.gmt"), random_state=0)
    assert set(table.index) == set(gene_sets)
    assert [path.name for path in tmp_path.iterdir()] == ["sets.gmt"]
    assert capfd.readouterr() == ("", "")  # gseapy's log
    assert scores.iloc[1:].equals(before.iloc[1:])


def test_bad_scores(scores, gene_sets):
    with pytest.raises(TypeError, match=r"a Series with the names of genes .* got ndarray"):
        rank_enrichment(scores.to_numpy(), gene_sets)
    with pytest.raises(TypeError, match=r"got DataFrame. Of a table of scores pass one column"):
        rank_enrichment(scores.to_frame(), gene_sets)
    levels = pd.MultiIndex.from_product([["rna"], ["A", "B"]], names=["part", "regulator"])
    with pytest.raises(
        TypeError, match=r"2 levels of names \('part', 'regulator'\)\. .*\.xs\('rna'"
    ):
        rank_enrichment(pd.Series([1.0, 2.0], levels), {"s": ["A"]})
    with pytest.raises(TypeError, match="names of genes in its index"):
        rank_enrichment(scores.reset_index(drop=True), gene_sets)
    with pytest.raises(ValueError, match=r"1 gene name\(s\) have several scores: 'g0'"):
        rank_enrichment(pd.concat([scores, scores[["g0"]]]), gene_sets)
    for bad in (np.nan, np.inf):
        scores["g7"] = bad
        with pytest.raises(ValueError, match=r"1 gene\(s\) are NaN or infinite: 'g7'. Leave"):
            rank_enrichment(scores, gene_sets)
    with pytest.raises(ValueError, match="200 scores, 0 of them other than 0, make no ranking"):
        rank_enrichment(pd.Series(0.0, index=scores.index), gene_sets)


def test_bad_sets(scores, gene_sets):
    message = r"None of 1 gene sets can be tested. 's': 0 of its 1 genes.*Check that both have"
    with pytest.raises(ValueError, match=message):
        rank_enrichment(scores, {"s": ["ENSG00000000003"]})
    with pytest.raises(TypeError, match="Gene set 's' is the string 'MYC'; pass a list of genes"):
        rank_enrichment(scores, {"s": "MYC"})
    for name, value in (("weight", -1), ("n_random", 10), ("min_size", 0), ("gene_sets", [])):
        options = {"gene_sets": gene_sets} | {name: value}
        with pytest.raises(ValueError, match=f"'{name}' parameter of rank_enrichment"):
            rank_enrichment(scores, **options)


def test_without_gseapy(scores, gene_sets, monkeypatch):
    monkeypatch.setitem(sys.modules, "gseapy", None)
    with pytest.raises(ImportError, match=r"needs gseapy, .*: pip install skgenes\[enrichment\]"):
        rank_enrichment(scores, gene_sets)
