"""Correlations of genes against NumPy and SciPy."""

import anndata
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import pearsonr, spearmanr
from sklearn.exceptions import UndefinedMetricWarning

from skgenes.inspection import _coexpression, coexpression, coexpression_agreement

GENES = [f"G{i}" for i in range(9)]


@pytest.fixture
def y():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(9, 2)) @ rng.normal(size=(2, 12)) + rng.normal(size=(9, 12))
    return pd.DataFrame(values.round(1), index=GENES)  # rounded, so that ranks are tied


def test_all_pairs_as_numpy_and_scipy(y):
    table = coexpression(y)
    assert list(table.index) == list(table.columns) == GENES
    np.testing.assert_allclose(table, np.corrcoef(y), atol=1e-13)
    np.testing.assert_array_equal(np.diag(table), 1.0)
    np.testing.assert_array_equal(table, table.T)
    ranked = coexpression(y, method="spearman")
    np.testing.assert_allclose(ranked, spearmanr(y.T).statistic, atol=1e-13)


@pytest.mark.parametrize(("method", "oracle"), [("pearson", pearsonr), ("spearman", spearmanr)])
def test_given_pairs(y, method, oracle, monkeypatch):
    monkeypatch.setattr(_coexpression, "_PAIRS_AT_ONCE", 2)
    pairs = [("G3", "G0"), ("G8", "G1"), ("G0", "G3"), ("G4", "G5"), ("G4", "G4")]
    series = coexpression(y, pairs, method=method)
    assert list(series.index) == pairs
    assert series.index.names == ["gene_a", "gene_b"]
    expected = [oracle(y.loc[a], y.loc[b]).statistic for a, b in pairs]
    np.testing.assert_allclose(series, expected, atol=1e-13)
    frame = pd.DataFrame(pairs, columns=["a", "b"])
    pd.testing.assert_series_equal(coexpression(y, frame, method=method), series)
    numbers = coexpression(y.to_numpy(), [(3, 0), (8, 1)], method=method)
    np.testing.assert_array_equal(numbers, series.iloc[:2])
    assert list(numbers.index) == [(3, 0), (8, 1)]


@settings(max_examples=50)
@given(st.integers(0, 2**32 - 1), st.sampled_from([1e-200, 1e-3, 1.0, 1e200]), st.booleans())
def test_does_not_depend_on_unit_or_order(seed, scale, lifted):
    rng = np.random.default_rng(seed)
    y = rng.normal(size=(6, 5))
    order = rng.permutation(5)
    expected = coexpression(y).to_numpy()
    moved = scale * (y + 100 * lifted)
    np.testing.assert_allclose(coexpression(moved[:, order]), expected, atol=1e-9)
    assert np.abs(expected).max() <= 1


def test_inputs_stay_as_they_are_and_may_be_float32(y):
    before = y.copy()
    coexpression(y, method="spearman")
    pd.testing.assert_frame_equal(y, before)
    single = coexpression(y.astype(np.float32))
    assert (single.dtypes == np.float64).all()
    np.testing.assert_allclose(single, coexpression(y), atol=1e-6)


@pytest.mark.parametrize("method", ["pearson", "spearman"])
def test_constant_genes_are_undefined_and_named(y, method):
    y.loc["G2"] = 0.1  # whose mean is not exactly 0.1
    with pytest.warns(UndefinedMetricWarning, match=r"1 of 9 genes are constant \('G2'\)") as seen:
        table = coexpression(y, method=method)
    assert seen[0].filename == __file__
    undefined = table.isna().to_numpy()
    assert undefined[2].all()
    assert undefined[:, 2].all()
    assert undefined.sum() == 17
    others = [gene for gene in GENES if gene != "G2"]
    pd.testing.assert_frame_equal(
        table.loc[others, others], coexpression(y.loc[others], method=method)
    )
    coexpression(y, [("G0", "G1")], method=method)  # without G2 there is nothing to warn of
    with pytest.warns(UndefinedMetricWarning, match="1 of 2 genes are constant"):
        assert np.isnan(coexpression(y, [("G0", "G2")], method=method).item())


def test_agreement_by_slow_loop(y):
    rng = np.random.default_rng(1)
    predicted = y + rng.normal(size=y.shape)
    pairs = [(a, b) for i, a in enumerate(GENES) for b in GENES[i + 1 :]]
    for method, oracle in (("pearson", pearsonr), ("spearman", spearmanr)):
        both = [[oracle(t.loc[a], t.loc[b]).statistic for a, b in pairs] for t in (y, predicted)]
        expected = spearmanr(*np.round(both, 12)).statistic
        found = coexpression_agreement(y, predicted, method=method)
        assert isinstance(found, float)
        assert found == pytest.approx(expected, abs=1e-12)
        again = coexpression_agreement(y, predicted.to_numpy(), pairs, method=method)
        assert again == pytest.approx(expected, abs=1e-12)
        some = coexpression_agreement(y, predicted, pairs[::3], method=method)
        expected = spearmanr(*np.round(both, 12)[:, ::3]).statistic
        assert some == pytest.approx(expected, abs=1e-12)
    assert coexpression_agreement(y, y) == pytest.approx(1.0)
    assert coexpression_agreement(y, predicted.iloc[:, :7]) < 1  # outputs may differ


def test_agreement_leaves_out_constant_genes(y):
    predicted = y + np.random.default_rng(1).normal(size=y.shape)
    expected = coexpression_agreement(y.drop("G2"), predicted.drop("G2"))
    predicted.loc["G2"] = 7.0
    with pytest.warns(UndefinedMetricWarning, match="1 of 9 genes are constant") as seen:
        found = coexpression_agreement(y, predicted)
    assert seen[0].filename == __file__
    assert found == pytest.approx(expected, abs=1e-14)


def test_agreement_of_nothing_is_nan(y):
    flat = pd.DataFrame(np.ones((9, 4)), index=GENES)
    with (
        pytest.warns(UndefinedMetricWarning, match="9 of 9 genes are constant"),
        pytest.warns(UndefinedMetricWarning, match=r"0 pairs are defined .* set to NaN"),
    ):
        assert np.isnan(coexpression_agreement(y, flat))
    same = pd.DataFrame(np.tile(np.arange(4.0), (9, 1)), index=GENES)
    with pytest.warns(UndefinedMetricWarning, match=r"36 pairs are defined .* do not differ"):
        assert np.isnan(coexpression_agreement(y, same))


def test_bad_tables(y):
    with pytest.raises(ValueError, match=r"expression contains NaN: 1 value.*'G4'.*row\(s\) \(3\)"):
        coexpression(y.mask(np.add.outer(np.arange(9) * 100, np.arange(12)) == 403))
    with pytest.raises(ValueError, match=r"has 2 outputs .*Pass at least 3; genes are rows here"):
        coexpression(y.iloc[:, :2])
    with pytest.raises(ValueError, match=r"\(n_genes, n_outputs\), got the shape \(12,\)"):
        coexpression(y.iloc[0].to_numpy())
    with pytest.raises(ValueError, match=r"several rows for the same gene: 'G1'. Keep one"):
        coexpression(y.rename(index={"G2": "G1"}))
    with pytest.raises(TypeError, match=r"is an AnnData.*genes are rows.*expression.to_df\(\).T"):
        coexpression(anndata.AnnData(y.to_numpy()))
    with pytest.raises(ValueError, match="'method' parameter of coexpression"):
        coexpression(y, method="kendall")


def test_too_many_genes(monkeypatch):
    y = np.arange(24_000.0).reshape(8000, 3) % 7
    monkeypatch.setattr(_coexpression, "_MOST_GENES", 7000)
    with pytest.raises(ValueError, match=r"All pairs of 8000 genes would take 1 GB. Give"):
        coexpression(y)
    with pytest.raises(ValueError, match="All pairs of 8000 genes"):
        coexpression_agreement(y, y)
    assert len(coexpression(y, [(0, 1), (2, 3)])) == 2


def test_bad_pairs(y):
    with pytest.raises(ValueError, match=r"2 gene\(s\) that are not among the 9 rows: 'TP53', 'M"):
        coexpression(y, [("G0", "MYC"), ("TP53", "MYC")])
    with pytest.raises(ValueError, match=r"1 gene\(s\) that are not among the 9 rows: 9"):
        coexpression(y.to_numpy(), [(0, 9)])
    with pytest.raises(ValueError, match=r"two genes each, \(n_pairs, 2\), got the shape \(1, 3\)"):
        coexpression(y, [("G0", "G1", "G2")])
    with pytest.raises(ValueError, match=r"got the shape \(0, 0\)"):
        coexpression(y, [])
    with pytest.raises(ValueError, match="at least 3 of them, got 2"):
        coexpression_agreement(y, y, [("G0", "G1"), ("G0", "G2")])


def test_tables_of_other_genes(y):
    with pytest.raises(ValueError, match=r"y_true has 9 genes \(rows\) and y_pred has 8"):
        coexpression_agreement(y, y.iloc[:8])
    with pytest.raises(ValueError, match=r"row 0 is 'G0' and 'G8'. Pass y_pred.loc"):
        coexpression_agreement(y, y.iloc[::-1])


def test_real_pair(real_data):
    """LAPTM5 and CD53 go together over tissues (substitute inputs: HPA's table of GTEx)."""
    path = real_data / "decode_genome" / "hpa_gtex_tpm_20kx36.tsv.gz"
    tpm = pd.read_csv(path, sep="\t").drop_duplicates("symbol").set_index("symbol")
    y = np.log2(tpm.drop(columns="Gene") + 0.25)
    assert coexpression(y, [("LAPTM5", "CD53")]).item() > 0.9
    assert abs(coexpression(y, [("LAPTM5", "ALB")]).item()) < 0.5
