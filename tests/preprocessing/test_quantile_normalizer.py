"""Quantile normalisation: every form of data, known packages, leakage, memory, errors."""

import tracemalloc

import anndata
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from skgenes.preprocessing import Log2Transformer, QuantileNormalizer


@pytest.fixture(scope="module")
def arrays():
    return np.random.default_rng(1).normal(8, 2, size=(40, 300))


@pytest.fixture(scope="module")
def counts():
    """RNA-seq of the same genes, most of them zero."""
    rng = np.random.default_rng(2)
    return rng.poisson(rng.gamma(0.2, 20, size=300), size=(15, 300)).astype(float)


def test_reference_is_the_mean_of_sorted_samples(arrays):
    normalizer = QuantileNormalizer().fit(arrays)
    np.testing.assert_allclose(normalizer.reference_, np.sort(arrays).mean(axis=0), rtol=1e-14)


def test_without_ties_every_sample_gets_exactly_the_reference(arrays):
    normalizer = QuantileNormalizer().fit(arrays)
    out = normalizer.transform(arrays)
    np.testing.assert_array_equal(np.sort(out), np.tile(normalizer.reference_, (40, 1)))
    np.testing.assert_array_equal(np.argsort(out), np.argsort(arrays))
    np.testing.assert_array_equal(normalizer.transform(out), out)
    dense = QuantileNormalizer(ties="dense").fit_transform(arrays)
    np.testing.assert_array_equal(dense, out)


def test_as_qnorm_where_there_are_no_ties(arrays):
    qnorm = pytest.importorskip("qnorm", reason="compares with the package qnorm")
    expected = qnorm.quantile_normalize(arrays, axis=0)
    np.testing.assert_allclose(QuantileNormalizer().fit_transform(arrays), expected, rtol=1e-12)


def test_ties_differ_from_qnorm_as_documented():
    qnorm = pytest.importorskip("qnorm", reason="compares with the package qnorm")
    reference, sample = np.array([0.0, 1.0, 10.0, 100.0]), np.array([[1.0, 2.0, 2.0, 2.0]])
    theirs = qnorm.quantile_normalize(sample, axis=0, target=reference)
    here = QuantileNormalizer(reference=reference).fit_transform(sample)
    np.testing.assert_allclose(theirs, [[0, 37, 37, 37]])  # the mean of 1, 10 and 100
    np.testing.assert_allclose(here, [[0, 10, 10, 10]])  # the value at the mean of their places


def test_new_samples_change_nothing(arrays):
    normalizer = QuantileNormalizer().fit(arrays[:30])
    reference = normalizer.reference_.copy()
    together = normalizer.transform(arrays[30:])
    alone = [normalizer.transform(arrays[[i]])[0] for i in range(30, 40)]
    np.testing.assert_array_equal(together, alone)
    np.testing.assert_array_equal(normalizer.reference_, reference)
    np.testing.assert_allclose(reference, np.sort(arrays[:30]).mean(axis=0), rtol=1e-14)


@pytest.mark.parametrize("ties", ["average", "dense"])
@pytest.mark.parametrize(
    "form", ["array", "frame", "csr", "csr_matrix", "anndata", "anndata_csr", "layer"]
)
def test_every_form_comes_out_dense_and_stays_unchanged(forms, expression, form, ties):
    X = forms[form]
    before = X.copy()
    model = QuantileNormalizer(ties=ties, layer="log" if form == "layer" else None)
    out = model.fit_transform(X)
    assert isinstance(out, np.ndarray)
    assert out.dtype == np.float32
    np.testing.assert_array_equal(out, QuantileNormalizer(ties=ties).fit_transform(expression))
    matrix, matrix_before = getattr(X, "X", X), getattr(before, "X", before)
    assert abs(matrix - matrix_before).max(axis=None) == 0


def test_sparse_chunks(monkeypatch, forms, expression):
    monkeypatch.setattr("skgenes.preprocessing._quantile.CHUNK_ELEMENTS", 100)
    np.testing.assert_array_equal(
        QuantileNormalizer().fit_transform(forms["csr"]),
        QuantileNormalizer().fit_transform(expression),
    )


def test_zeros_do_not_stay_zero(forms):
    out = QuantileNormalizer(reference=[4.0, 15.0]).fit_transform(forms["csr"])
    assert out.min() >= 4


def test_frames_carry_names_and_rows(forms, genes):
    model = QuantileNormalizer().set_output(transform="pandas")
    out = model.fit_transform(forms["frame"])
    assert list(out.columns) == list(genes) == list(model.get_feature_names_out())
    assert list(out.index) == list(forms["frame"].index)


def test_counts_onto_arrays(arrays, counts):
    """Fit on one platform, then bring another to its distribution."""
    reference = QuantileNormalizer().fit(arrays).reference_
    model = QuantileNormalizer(reference=reference, ties="dense").fit(counts[:3])
    out = model.transform(counts)
    np.testing.assert_array_equal(model.reference_, reference)
    np.testing.assert_array_equal(out[counts == 0], reference[0])
    np.testing.assert_array_equal(out.max(axis=1), reference[-1])
    np.testing.assert_array_equal(model.fit(counts[3:]).transform(counts), out)
    ranked = QuantileNormalizer(reference=reference).fit_transform(counts)
    assert (ranked[counts == 0] > reference[0]).all()


def test_reference_of_any_length(arrays):
    probabilities = np.linspace(0, 1, 11)
    model = QuantileNormalizer(reference=list(probabilities)).fit(arrays)
    assert model.reference_.shape == (11,)
    assert model.reference_.dtype == np.float64
    # A straight reference gives the rank, as a share.
    ranks = arrays.argsort().argsort()
    np.testing.assert_allclose(model.transform(arrays), ranks / 299, atol=1e-15)


def test_reference_is_copied():
    given = np.array([0.0, 1.0])
    model = QuantileNormalizer(reference=given).fit(np.eye(2))
    given[0] = -5
    assert model.reference_.tolist() == [0, 1]


@pytest.mark.parametrize("as_series", [False, True])
def test_clone_with_a_reference(arrays, as_series):
    reference = np.arange(4.0)
    model = QuantileNormalizer(reference=pd.Series(reference) if as_series else reference)
    np.testing.assert_array_equal(clone(model).fit(arrays).reference_, reference)


@pytest.mark.parametrize(
    ("reference", "match"),
    [
        ([1.0], r"at least 2 quantiles, got the shape \(1,\)"),
        (np.eye(3), r"got the shape \(3, 3\)\. .* pass quantile_reference\(\[samples\]\)"),
        ([1.0, 3.0, 2.0], r"ascending, but value 1 is 3\.0 and value 2 is 2\.0\. .* np\.sort"),
        ([1.0, np.nan], "[Ii]nput reference contains NaN"),
        ([1.0, np.inf], "[Ii]nput reference contains infinity"),
        ([], r"0 sample\(s\)"),
    ],
)
def test_references_that_cannot_be_used(arrays, reference, match):
    model = QuantileNormalizer(reference=reference)
    with pytest.raises(ValueError, match=match):
        model.fit(arrays)
    assert not hasattr(model, "n_features_in_")


def test_one_gene_has_no_order():
    with pytest.raises(ValueError, match=r"1 feature\(s\).*minimum of 2"):
        QuantileNormalizer().fit(np.ones((3, 1)))


def test_unknown_ties(arrays):
    with pytest.raises(ValueError, match="'ties' parameter of QuantileNormalizer must be a str"):
        QuantileNormalizer(ties="min").fit(arrays)


def test_other_genes_are_refused():
    frame = pd.DataFrame(np.eye(3), columns=["TP53", "MYC", "CD4"])
    model = QuantileNormalizer().fit(frame)
    with pytest.raises(ValueError, match=r"1 gene\(s\) missing \('MYC'\)"):
        model.transform(frame[["TP53", "CD4"]])
    with pytest.raises(ValueError, match="2 features"):
        QuantileNormalizer().fit(np.eye(3)).transform(np.eye(2))


def test_nan_is_refused_in_fit_and_transform(arrays):
    spoiled = arrays.copy()
    spoiled[3, 5] = np.nan
    with pytest.raises(ValueError, match=r"X contains NaN: 1 value\(s\).*\(5\).*\(3\)"):
        QuantileNormalizer().fit(spoiled)
    with pytest.raises(ValueError, match=r"X contains NaN: 1 value\(s\).*\(5\).*\(3\)"):
        QuantileNormalizer().fit(arrays).transform(spoiled)


@pytest.mark.parametrize("ties", ["average", "dense"])
@pytest.mark.parametrize("container", [np.asarray, sp.csr_array])
def test_samples_with_one_value_become_the_median(arrays, ties, container):
    model = QuantileNormalizer(ties=ties).fit(arrays)
    failed = arrays[:4].copy()
    failed[1], failed[3] = 0, 7
    match = r"2 sample\(s\) have one value for all genes \(rows 1, 3\): all of it becomes the ref"
    with pytest.warns(UserWarning, match=match):
        out = model.transform(container(failed))
    np.testing.assert_allclose(out[[1, 3]], np.median(model.reference_), rtol=1e-14)
    np.testing.assert_array_equal(out[[0, 2]], model.transform(arrays[[0, 2]]))


def test_samples_with_one_value_are_told_of_in_fit(arrays):
    failed = arrays.copy()
    failed[[0, 9]] = 0
    with pytest.warns(UserWarning, match=r"2 sample\(s\).*\(rows 0, 9\): they count in the ref"):
        QuantileNormalizer().fit(failed)
    QuantileNormalizer(reference=[0, 1]).fit(failed)  # learns nothing from them


@pytest.mark.parametrize("form", ["C", "F", "csr"])
def test_fit_does_not_copy_the_data(form):
    X = np.random.default_rng(0).poisson(0.5, size=(3000, 2000)).astype(np.float32)
    if form == "csr":
        given, bound = sp.csr_array(X), 0.8
    else:
        given, bound = np.asarray(X, order=form), 0.01 if form == "C" else 0.25
    tracemalloc.start()
    try:
        QuantileNormalizer().fit(given)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < bound * X.nbytes


def compare_untied(out, reference):
    """Compare samples with the reference at places without ties; return the share of those."""
    n_compared = 0
    for sample in np.sort(out):
        alone = np.ones(len(sample), dtype=bool)
        alone[1:] &= np.diff(sample) > 0
        alone[:-1] &= np.diff(sample) > 0
        np.testing.assert_array_equal(sample[alone], reference[alone].astype(sample.dtype))
        n_compared += alone.sum()
    return n_compared / out.size


@pytest.mark.parametrize(
    "name", ["hgu133a_pooled_mas5_240x22283", "lung_gordon2002_hgu95av2_181x12533"]
)
def test_microarrays(real_data, name):
    file = np.load(real_data / "bulk" / f"{name}.npz")
    probes = file["probes"]
    X = pd.DataFrame(file["X"], columns=probes)
    train, test = X.iloc[::2], X.iloc[1::2]
    pipeline = make_pipeline(Log2Transformer(offset=0, floor=1), QuantileNormalizer())
    pipeline.set_output(transform="pandas")
    out = pipeline.fit_transform(train)
    assert (out.dtypes == np.float32).all()
    assert list(out.columns) == list(probes)

    logged = np.log2(np.maximum(train.to_numpy(), 1))
    reference = pipeline[-1].reference_
    np.testing.assert_allclose(reference, np.sort(logged).mean(axis=0, dtype=float), rtol=1e-6)
    # Signal is given in tenths of a unit, so most values of a sample are not alone.
    assert compare_untied(out.to_numpy(), reference) > 0.05

    transformed = pipeline.transform(test).to_numpy()
    assert np.isfinite(transformed).all()
    medians = np.median(np.log2(np.maximum(test.to_numpy(), 1)), axis=1)
    assert np.median(transformed, axis=1).std() < 0.1 * medians.std()


def test_signal_with_negative_values_needs_a_floor(real_data):
    file = np.load(real_data / "bulk" / "lung_gordon2002_hgu95av2_181x12533.npz")
    X = anndata.AnnData(file["X"], var=pd.DataFrame(index=file["probes"]))
    pipeline = make_pipeline(Log2Transformer(), QuantileNormalizer())
    with pytest.raises(
        ValueError, match=r"Negative values in data: .* smallest is -3134\.0\. Raise"
    ):
        pipeline.fit(X)
