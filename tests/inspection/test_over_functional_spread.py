"""Few functions or many."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import entropy

from skgenes.inspection import functional_spread, over_representation
from skgenes.inspection._functional_spread import effective_numbers

BACKGROUND = [f"G{i}" for i in range(120)]
# Ten disjoint functions of ten genes; the last twenty genes have none.
TEN = {f"f{s}": BACKGROUND[10 * s : 10 * s + 10] for s in range(10)}


def by_loop(panel, gene_sets):
    """Effective number of sets, a gene and a set at a time."""
    weight = dict.fromkeys(gene_sets, 0.0)
    of_gene = {gene: [s for s in gene_sets if gene in gene_sets[s]] for gene in panel}
    annotated = [gene for gene in panel if of_gene[gene]]
    for gene in annotated:
        for name in of_gene[gene]:
            weight[name] += 1 / len(of_gene[gene]) / len(annotated)
    assert sum(weight.values()) == pytest.approx(1)
    return np.exp(entropy(list(weight.values())))


def test_disjoint_sets_count_as_they_are():
    one = functional_spread(TEN["f3"], TEN, BACKGROUND, random_state=0)
    four = functional_spread(BACKGROUND[:40:5], TEN, BACKGROUND, random_state=0)
    assert one.effective_sets == pytest.approx(1)
    assert four.effective_sets == pytest.approx(4)
    assert (one.n_enriched, one.largest_set, one.fraction_in_largest) == (1, "f3", 1)
    assert (four.n_enriched, four.largest_set, four.fraction_in_largest) == (0, "f0", 0.25)
    assert one.fraction_in_enriched == 1
    assert four.fraction_in_enriched == 0


def test_against_a_loop():
    rng = np.random.default_rng(2)
    gene_sets = {f"s{i}": list(rng.choice(BACKGROUND, 20, False)) for i in range(9)}
    panel = list(rng.choice(BACKGROUND, 30, False))
    spread = functional_spread(panel, gene_sets, BACKGROUND, random_state=0)
    assert spread.effective_sets == pytest.approx(by_loop(panel, gene_sets), rel=1e-12)
    table = over_representation(panel, gene_sets, BACKGROUND)
    assert spread.table.equals(table)
    assert spread.n_annotated == len(set(panel) & set().union(*gene_sets.values()))
    assert spread.fraction_in_largest == table["overlap"].max() / 30


def test_genes_without_a_function_have_no_weight():
    with_them = functional_spread(
        [*TEN["f0"], *TEN["f1"], *BACKGROUND[100:120]], TEN, BACKGROUND, random_state=0
    )
    assert (with_them.n_genes, with_them.n_annotated) == (40, 20)
    assert with_them.effective_sets == pytest.approx(2)
    assert with_them.n_enriched == 2
    assert with_them.fraction_in_enriched == 0.5
    without = functional_spread([*TEN["f0"], *TEN["f1"]], TEN, BACKGROUND, random_state=0)
    np.testing.assert_array_equal(without.random_effective_sets, with_them.random_effective_sets)


def test_random_panels_are_random_panels():
    rng = np.random.default_rng(5)
    panel = list(rng.choice(BACKGROUND[:100], 15, False))
    spread = functional_spread(panel, TEN, BACKGROUND, n_random=800, random_state=1)
    drawn = [by_loop(rng.choice(BACKGROUND[:100], 15, False), TEN) for _ in range(800)]
    random = spread.random_effective_sets
    assert random.shape == (800,)
    assert random.mean() == pytest.approx(np.mean(drawn), abs=4 * np.std(drawn) / np.sqrt(400))
    assert random.std() == pytest.approx(np.std(drawn), rel=0.2)
    assert spread.p_value_few == (1 + np.sum(random <= spread.effective_sets + 1e-6)) / 801
    assert spread.p_value_few + spread.p_value_many >= 1
    assert 0.01 < spread.p_value_few < 0.999


def test_few_functions_are_told_from_many():
    few = functional_spread([*TEN["f0"], *TEN["f1"]], TEN, BACKGROUND, random_state=0)
    many = functional_spread(BACKGROUND[:100:5], TEN, BACKGROUND, random_state=0)
    assert few.p_value_few == 1 / 1001
    assert few.p_value_many == 1
    assert many.p_value_many < 0.05 < many.p_value_few
    # Panels that are as diverse up to rounding count as equal.
    all_of_them = functional_spread(BACKGROUND[:100], TEN, BACKGROUND, random_state=0)
    assert all_of_them.p_value_few == all_of_them.p_value_many == 1


def test_summary():
    spread = functional_spread([*TEN["f0"], *TEN["f1"]], TEN, BACKGROUND, random_state=0)
    summary = spread.summary()
    assert summary["n_sets"] == 10
    random = spread.random_effective_sets
    assert summary["random_effective_sets_mean"] == pytest.approx(random.mean())
    assert summary["random_effective_sets_sd"] == pytest.approx(random.std(ddof=1))
    for name in set(summary.index) - {"n_sets"} - set(summary.filter(like="random").index):
        assert summary[name] == getattr(spread, name)
    assert len(summary) == 12


def test_random_state_and_chunks(monkeypatch):
    panel = BACKGROUND[:30:2]
    first = functional_spread(panel, TEN, BACKGROUND, n_random=50, random_state=3)
    monkeypatch.setattr("skgenes.inspection._functional_spread._PANELS_AT_ONCE", 7)
    again = functional_spread(panel, TEN, BACKGROUND, n_random=50, random_state=3)
    np.testing.assert_array_equal(first.random_effective_sets, again.random_effective_sets)
    free = functional_spread(panel, TEN, BACKGROUND, n_random=50)
    assert not np.array_equal(first.random_effective_sets, free.random_effective_sets)


def test_alpha_and_sizes():
    panel = [*TEN["f0"][:3], *BACKGROUND[30:100:5]]
    strict = functional_spread(panel, TEN, BACKGROUND, alpha=1e-6, random_state=0)
    assert strict.n_enriched == 0
    lenient = functional_spread(panel, TEN, BACKGROUND, alpha=1, random_state=0)
    assert lenient.n_enriched == (lenient.table["q_value"] < 1).sum() > 0
    sets = TEN | {"pair": ["G0", "G1"]}
    with pytest.warns(UserWarning, match="1 of 11 gene sets: fewer than 3") as caught:
        limited = functional_spread(panel, sets, BACKGROUND, min_size=3, random_state=0)
    assert caught[0].filename == __file__
    assert limited.effective_sets == strict.effective_sets


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"genes": ["G110"]},
            "None of the 1 genes in the background is in one of the 10 ",
        ),
        ({"genes": ["MYC"]}, "None of the 1 genes .* is in the background"),
        ({"n_random": 1}, "'n_random' parameter"),
        ({"alpha": 0}, "'alpha' parameter"),
    ],
)
def test_bad_input(arguments, message):
    good = {"genes": ["G1"], "gene_sets": TEN, "background": BACKGROUND}
    with pytest.raises(ValueError, match=message):
        functional_spread(**good | arguments)


@settings(max_examples=60)
@given(st.lists(st.sets(st.integers(0, 6), min_size=1), min_size=3, max_size=9))
def test_the_effective_number_is_between_one_and_all(sets_of_genes):
    membership = np.zeros((len(sets_of_genes), 7))
    for gene, sets in enumerate(sets_of_genes):
        membership[gene, list(sets)] = 1 / len(sets)
    genes = np.arange(len(sets_of_genes))
    (number,) = effective_numbers(sp.csr_array(membership), genes[None])
    assert 1 - 1e-12 <= number <= np.any(membership, axis=0).sum() + 1e-12
    assert number == pytest.approx(np.exp(entropy(membership.mean(axis=0))))


def test_repr_is_one_short_line():
    sets = {"first": ["A", "B"], "second": ["C", "D"]}
    spread = functional_spread(["A", "B"], sets, list("ABCDEFGH"), n_random=5, random_state=0)
    assert repr(spread).startswith("FunctionalSpread(2 genes, ")
    assert "spread over 1.0 sets" in repr(spread)
