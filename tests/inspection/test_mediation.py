"""Mediation of a correlation, against explicit regressions and simulated truth."""

import time

import anndata
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest

from skgenes.inspection import MediationResult, _mediation, mediation_test
from skgenes.inspection._mediation import residual_r2

REGULATORS = [f"TF{i}" for i in range(20)]
PAIR = ("LAPTM5", "CD53")


@pytest.fixture(scope="module", name="X")
def simulated():
    """TF0, TF1 and TF2 make both genes rise and fall together."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(8 + rng.normal(size=(120, 20)), columns=REGULATORS)
    common = frame[["TF0", "TF1", "TF2"]].sum(axis=1)
    return frame.assign(LAPTM5=common + rng.normal(size=120), CD53=common + rng.normal(size=120))


def run(X, drivers=("TF0", "TF1", "TF2"), candidates=REGULATORS, **options):
    return mediation_test(X, *PAIR, drivers, candidates, **({"random_state": 0} | options))


def r2_by_regression(a, b, regulators):
    """Residuals by lstsq with an intercept, then their correlation."""
    design = np.column_stack([np.ones(len(a)), regulators])
    left = [gene - design @ np.linalg.lstsq(design, gene)[0] for gene in (a, b)]
    return np.corrcoef(*left)[0, 1] ** 2


def unit(columns):
    centred = columns - columns.mean(axis=0)
    return centred / np.linalg.norm(centred, axis=0)


def test_drivers_against_explicit_regression(X):
    result = run(X)
    a, b = (X[gene].to_numpy() for gene in PAIR)
    assert result.r2_before == pytest.approx(np.corrcoef(a, b)[0, 1] ** 2, abs=1e-12)
    expected = r2_by_regression(a, b, X[["TF0", "TF1", "TF2"]])
    assert result.r2_after == pytest.approx(expected, abs=1e-12)
    assert result.r2_after < 0.05 < 0.4 < result.r2_before
    assert result.p_value == (1 + (result.random_r2 <= result.r2_after).sum()) / 1001
    assert result.p_value < 0.01
    assert (result.gene_a, result.gene_b) == PAIR
    assert result.drivers == ("TF0", "TF1", "TF2")
    assert (result.n_samples, result.n_candidates) == (120, 20)
    assert result.drivers_left_out == result.candidates_left_out == {}
    assert result.random_r2.shape == (1000,)


@pytest.mark.parametrize("block", [1, 2**20])
def test_sets_against_explicit_regression(X, block, monkeypatch):
    monkeypatch.setattr(_mediation, "_BLOCK_VALUES", block)
    rng = np.random.default_rng(1)
    sets = np.stack([rng.choice(20, 5, replace=False) for _ in range(30)])
    genes, regulators = X[[*PAIR]].to_numpy(), X[REGULATORS].to_numpy()
    found = residual_r2(unit(genes), unit(regulators), sets)
    expected = [r2_by_regression(*genes.T, regulators[:, chosen]) for chosen in sets]
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_random_sets_are_sets_of_candidates(X):
    """With 4 candidates and 2 drivers there are 6 sets; each turns up as often as others."""
    result = run(X, ["TF0", "TF5"], ["TF0", "TF5", "TF7", "TF9"], n_random=3000)
    columns = X[["TF0", "TF5", "TF7", "TF9"]].to_numpy()
    a, b = (X[gene].to_numpy() for gene in PAIR)
    possible = sorted(
        r2_by_regression(a, b, columns[:, [i, j]]) for i in range(4) for j in range(i + 1, 4)
    )
    values, counts = np.unique(result.random_r2, return_counts=True)  # bitwise: sets are sorted
    np.testing.assert_allclose(values, possible, atol=1e-12)
    assert np.abs(counts - 500).max() < 5 * np.sqrt(500)


def test_p_is_uniform_for_arbitrary_drivers(X):
    rng = np.random.default_rng(2)
    p_values = [
        run(X, list(rng.choice(REGULATORS, 3, False)), n_random=199, random_state=seed).p_value
        for seed in range(200)
    ]
    assert kstest(p_values, "uniform").pvalue > 0.01


def test_p_counts_ties_and_never_is_zero():
    numbers = dict.fromkeys(MediationResult.__dataclass_fields__) | {"r2_after": 0.25}
    share = [MediationResult(**numbers | {"random_r2": np.array(r)}) for r in ([0.25, 1], [1, 1])]
    assert [result.p_value for result in share] == [2 / 3, 1 / 3]


def test_linear_dependence_adds_nothing(X):
    wide = X.assign(twice=2 * X["TF0"] - 3, both=X["TF1"] + X["TF2"])
    drivers = ["TF0", "TF1", "TF2"]
    result = run(wide, [*drivers, "twice", "both"], [*REGULATORS, "twice", "both"])
    assert result.r2_after == pytest.approx(run(X).r2_after, abs=1e-9)
    assert len(result.drivers) == 5


def test_a_gene_that_is_made_up_entirely(X):
    exact = X.assign(LAPTM5=X["TF0"] - X["TF1"])
    result = run(exact, ["TF0", "TF1"])
    assert result.r2_after == 0
    assert (result.random_r2 == 0).mean() == pytest.approx(1 / 190, abs=0.01)
    assert run(X.assign(CD53=X["TF0"]), ["TF0", "TF1"]).r2_after == 0


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1))
def test_invariances(seed):
    """Units, order of samples and of drivers, and which gene comes first do not matter."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(15, 8))
    X[:, 1] += X[:, 0]
    options = {"n_random": 20, "random_state": 0}
    one = mediation_test(X, 0, 1, [2, 3, 4], range(2, 8), **options)
    scaled = X[rng.permutation(15)] * rng.choice([1e-150, 1e-3, 1e100], 8) + rng.choice([0, 0, 1])
    if (np.ptp(scaled, axis=0) > 1e-9).all():
        other = mediation_test(scaled, 1, 0, [4, 2, 3, 3], range(2, 8), **options)
        assert other.r2_before == pytest.approx(one.r2_before, abs=1e-9)
        assert other.r2_after == pytest.approx(one.r2_after, abs=1e-9)
        np.testing.assert_allclose(other.random_r2, one.random_r2, atol=1e-9)


def test_forms_of_input(X):
    expected = run(X, n_random=20)
    layered = anndata.AnnData(np.zeros(X.shape), var=pd.DataFrame(index=X.columns))
    layered.layers["log"] = sp.csr_matrix(X.to_numpy())
    adata = anndata.AnnData(X.to_numpy(), var=pd.DataFrame(index=X.columns))
    for found in (
        run(adata, n_random=20),
        run(layered, layer="log", n_random=20),
        mediation_test(X.to_numpy(), 20, -1, [0, 1, 2], range(20), n_random=20, random_state=0),
        mediation_test(
            sp.csr_array(X.to_numpy()), 20, 21, [2, 1, 0], range(20), n_random=20, random_state=0
        ),
        run(X, np.array(["TF2", "TF0", "TF1"]), n_random=20),
    ):
        assert found.r2_after == pytest.approx(expected.r2_after, abs=1e-12)
        np.testing.assert_allclose(found.random_r2, expected.random_r2, atol=1e-12)
    numbered = mediation_test(X.to_numpy(), 20, -1, [0, 1, 2], range(20), n_random=20)
    assert (numbered.gene_a, numbered.gene_b, numbered.drivers) == (20, 21, (0, 1, 2))
    single = run(X.astype(np.float32), n_random=20)
    assert single.r2_after == pytest.approx(expected.r2_after, abs=1e-5)


def test_randomness(X):
    one, same, other = (run(X, n_random=50, random_state=seed).random_r2 for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()
    instance = np.random.RandomState(0)
    first, second = (run(X, n_random=50, random_state=instance).random_r2 for _ in range(2))
    assert (first != second).any()
    run(X, n_random=50, random_state=None)


def test_what_is_left_out_is_counted_and_named(X):
    wide = X.assign(silent=0.0, mute=3.0)
    drivers = ["TF0", "hsa-miR-21", "CD53", "TF1", "silent", "TF2"]
    candidates = [*REGULATORS, "hsa-miR-21", "LAPTM5", "hsa-miR-7", "mute"]
    message = (
        r"Left out: 1 drivers \('hsa-miR-21'\): not measured; 1 drivers \('CD53'\): one of the two "
        r"genes; 1 drivers \('silent'\): constant; 2 candidates \('hsa-miR-21', 'hsa-miR-7'\): not"
    )
    with pytest.warns(UserWarning, match=message) as seen:
        result = run(wide, drivers, candidates)
    assert len(seen) == 1
    assert seen[0].filename == __file__  # through run
    assert result.drivers_left_out == {
        "hsa-miR-21": "not measured",
        "CD53": "one of the two genes",
        "silent": "constant",
    }
    assert set(result.candidates_left_out) == {"hsa-miR-21", "LAPTM5", "hsa-miR-7", "mute"}
    assert (len(result.drivers), result.n_candidates) == (3, 20)
    expected = run(X)
    assert result.r2_after == expected.r2_after
    np.testing.assert_array_equal(result.random_r2, expected.random_r2)
    summary = result.summary()
    assert summary["n_drivers_left_out"] == 3
    assert summary["n_candidates_left_out"] == 4


def test_summary_and_repr(X):
    result = run(X)
    summary = result.summary()
    assert list(summary.index) == [
        *("gene_a", "gene_b", "n_samples", "n_drivers", "n_drivers_left_out", "n_candidates"),
        *("n_candidates_left_out", "r2_before", "r2_after", "random_r2_mean", "random_r2_sd"),
        "p_value",
    ]
    assert summary["random_r2_mean"] == result.random_r2.mean()
    assert repr(result).startswith("MediationResult(LAPTM5 and CD53: R² 0.")
    assert "without 3 drivers 0.0" in repr(result)
    assert "without 1 driver 0." in repr(run(X, ["TF0"], n_random=5))
    with pytest.raises(AttributeError):
        result.r2_after = 0


@pytest.mark.parametrize(
    ("genes", "drivers", "candidates", "message"),
    [
        (("CD53", "CD53"), ["TF0"], REGULATORS, "gene_a and gene_b are both 'CD53'; pass two diff"),
        (("MYC", "CD53"), ["TF0"], REGULATORS, "gene_a has 1 .* not among the 23 of X: 'MYC'"),
        (("CD53", "MYC"), ["TF0"], REGULATORS, "gene_b has 1 .* not among the 23 of X: 'MYC'"),
        (("CD53", "flat"), ["TF0"], REGULATORS, "'flat' has the same value in all 120 samples"),
        (PAIR, [], REGULATORS, "None of the drivers can be used: there are none"),
        (PAIR, ["MYC", "flat"], REGULATORS, r"'MYC \(not measured\)', 'flat \(constant\)'"),
        (PAIR, [40], REGULATORS, "drivers has 1 gene.* not among the 23 of X: 40"),
        (PAIR, ["TF0", "TF1"], ["TF0", "TF1"], "2 candidates can be used, .* sets of 2 regulators"),
    ],
)
def test_bad_genes(X, genes, drivers, candidates, message):
    with pytest.raises(ValueError, match=message):
        mediation_test(X.assign(flat=1.0), *genes, drivers, candidates)


def test_wrong_types(X):
    with pytest.raises(TypeError, match="drivers is the string 'TF0'; pass a list of regulators"):
        run(X, "TF0")
    with pytest.raises(TypeError, match="gene_a takes a gene name or column index, got None"):
        mediation_test(X, None, "CD53", ["TF0"], REGULATORS)
    with pytest.raises(TypeError, match=r"candidates takes gene names or column indices, got 0.5"):
        run(X, ["TF0"], [0.5])
    with pytest.raises(ValueError, match=r"gene_a names genes .* passed without gene names"):
        run(X.to_numpy())
    with pytest.raises(ValueError, match="'n_random' parameter of mediation_test"):
        run(X, n_random=1)


def test_too_few_samples(X):
    drivers, candidates = REGULATORS[:9], REGULATORS
    with pytest.raises(ValueError, match="9 drivers take at least 12 samples, X has 11"):
        run(X.iloc[:11], drivers, candidates)
    assert 0 <= run(X.iloc[:12], drivers, candidates).p_value <= 1


def test_bad_values(X):
    with pytest.raises(ValueError, match=r"X contains NaN: 1 value.*'TF3'"):
        run(X.mask(X.loc[5, "TF3"] == X))
    twice = [*X.columns[:4], "TF1", *X.columns[5:]]
    with pytest.raises(ValueError, match="unique column names"):  # scikit-learn's
        run(X.set_axis(twice, axis=1))
    with pytest.warns(UserWarning, match="Variable names are not unique"):
        adata = anndata.AnnData(X.to_numpy(), var=pd.DataFrame(index=twice))
    with pytest.raises(ValueError, match=r"drivers: X has several columns named 'TF1'. Make names"):
        run(adata)
    run(adata, ["TF0"], ["TF5", "TF6"], n_random=5)  # others do not matter


def test_fast_enough():
    X = np.random.default_rng(0).normal(size=(500, 302))
    start = time.perf_counter()
    mediation_test(X, 300, 301, range(20), range(300), n_random=1000, random_state=0)
    assert time.perf_counter() - start < 5  # measured: 0.2 s on one core


def test_real_pair(real_data):
    """LAPTM5 and CD53 over 36 tissues: SPI1 (PU.1) accounts for them, more than factors that bind.

    Substitute inputs: HPA's table of GTEx, and the binding sites of dorothea.
    """
    folder = real_data / "decode_genome"
    tpm = pd.read_csv(folder / "hpa_gtex_tpm_20kx36.tsv.gz", sep="\t").drop_duplicates("symbol")
    X = np.log2(tpm.drop(columns="Gene").set_index("symbol") + 0.25).T
    targets = np.load(folder / "built_index_targets.npz", allow_pickle=False)
    sites = sp.load_npz(folder / "built_promoter_gene_x_tf.npz")[np.isin(targets["symbol"], PAIR)]
    chip = np.char.startswith(targets["promoter_features"], "chip_")
    names = np.char.replace(targets["promoter_features"], "chip_", "")
    n_bound = (sites.toarray() != 0).sum(axis=0)
    drivers, candidates = names[chip & (n_bound == 2)], names[chip & (n_bound > 0)]
    result = mediation_test(X, *PAIR, drivers, candidates, random_state=0)
    assert (result.n_samples, len(result.drivers), result.n_candidates) == (36, 7, 62)
    a, b = (X[gene].to_numpy() for gene in PAIR)
    assert result.r2_before == pytest.approx(np.corrcoef(a, b)[0, 1] ** 2)
    assert result.r2_after == pytest.approx(r2_by_regression(a, b, X[list(result.drivers)]))
    assert result.p_value > 0.1
    spi1 = mediation_test(X, *PAIR, ["SPI1"], [*candidates, "SPI1"], random_state=0)
    assert spi1.r2_after < 0.6 < 0.9 < spi1.random_r2.mean() < spi1.r2_before
    assert spi1.p_value < 0.05
