"""From probes to genes."""

import anndata
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skgenes.preprocessing import ProbeAggregator

PROBES = ["p1", "p2", "p3", "p4", "p5", "p6"]
GENES = {
    "p1": "MYC",
    "p2": "TP53",
    "p3": "GGA1 /// GGA2",
    "p4": "MYC",
    "p5": None,
    "p6": "TP53 /// TP53",
    "p9": "CD4",
}


@pytest.fixture
def frame():
    return pd.DataFrame(np.random.default_rng(0).normal(8, 1, (5, 6)), columns=PROBES)


def drop(genes=GENES, **params):
    return ProbeAggregator(genes, unmapped="drop", ambiguous="drop", **params)


# What comes out -----------------------------------------------------------------------------------


def test_means_and_what_is_lost(frame):
    model = drop().fit(frame)
    assert list(model.genes_) == ["MYC", "TP53"]
    assert list(model.n_probes_per_gene_) == [2, 2]
    assert list(model.gene_index_) == [0, 1, -1, 0, -1, 1]
    assert list(model.unmapped_probes_) == ["p5"]
    assert list(model.ambiguous_probes_) == ["p3"]
    assert list(model.missing_genes_) == ["GGA1", "GGA2", "CD4"]
    assert not hasattr(model, "probes_")
    expected = np.column_stack([(frame.p1 + frame.p4) / 2, (frame.p2 + frame.p6) / 2])
    np.testing.assert_allclose(model.transform(frame), expected, rtol=1e-15)
    assert model.summary() == (
        "2 genes from 4 of 6 probes.\n"
        "Left out: 1 probes without a gene: 'p5'; 1 with several genes: 'p3'.\n"
        "3 genes of the annotation have no probe of their own in X: 'GGA1', 'GGA2', 'CD4'."
    )


def test_the_probe_that_varies_most_in_training(frame):
    frame["p4"] = 8 + 10 * (frame["p1"] - 8)
    model = drop(method="max_variance").fit(frame)
    assert list(model.probes_) == ["p4", frame[["p2", "p6"]].var().idxmax()]
    assert list(model.n_probes_per_gene_) == [2, 2]
    np.testing.assert_array_equal(model.transform(frame), frame[list(model.probes_)])
    # New samples in which another probe varies more do not change the choice.
    new = frame.assign(p1=[0, 100, 0, 100, 0])
    np.testing.assert_array_equal(model.transform(new)[:, 0], frame["p4"])


@pytest.mark.parametrize("method", ["mean", "max_variance"])
def test_every_form_of_annotation(frame, method):
    expected = drop(method=method).fit_transform(frame)
    rows = [("p1", "MYC"), ("p2", "TP53"), ("p3", "GGA1"), ("p3", "GGA2"), ("p4", "MYC")]
    rows += [("p5", np.nan), ("p6", "TP53"), ("p6", "TP53")]
    table = pd.DataFrame(rows, columns=["probe", "symbol"])
    per_column = ["MYC", "TP53", ["GGA1", "GGA2"], "MYC", "---", "TP53"]
    for genes in (
        table,
        table.set_index("probe")["symbol"],
        per_column,
        dict(enumerate(per_column)),
        pd.Series(["MYC", "TP53", "", "MYC", pd.NA, ("TP53",)]),
        np.array(["MYC", "TP53", "A///B", "MYC", "", "TP53"]),
    ):
        np.testing.assert_array_equal(drop(genes, method=method).fit_transform(frame), expected)
    array = drop(per_column, method=method).fit(frame.to_numpy())
    np.testing.assert_array_equal(array.transform(frame.to_numpy()), expected)
    assert list(array.unmapped_probes_) == [4]
    if method == "max_variance":
        np.testing.assert_array_equal(frame.to_numpy()[:, array.probes_], expected)


def test_probes_named_by_numbers(frame):
    """As text a name, as an integer a column: where these differ, nobody can know."""
    frame.columns = list("123456")
    genes = pd.Series(list("ABCDEF"), index=range(1, 7))
    with pytest.raises(
        ValueError,
        match=r"probe 1, .* column 1 \('2'\), but in column 0 a probe named '1'",
    ):
        ProbeAggregator(genes).fit(frame)
    with pytest.raises(ValueError, match=r"has no column 6, but in column 5 a probe named '6'"):
        ProbeAggregator({6: "A"}).fit(frame)
    genes.index = genes.index.astype(str)
    model = ProbeAggregator(genes).set_output(transform="pandas")
    assert list(model.fit_transform(frame)) == list("ABCDEF")
    cells = anndata.AnnData(frame.to_numpy())  # whose names are those of the columns
    np.testing.assert_array_equal(
        ProbeAggregator(dict(enumerate("ABCDEF"))).fit_transform(cells), frame
    )


def test_entrez_ids_become_text(frame):
    model = ProbeAggregator([4609, np.int64(7157), 1, 4609, 2, 7157]).fit(frame)
    assert list(model.genes_) == ["4609", "7157", "1", "2"]


@pytest.mark.parametrize("method", ["mean", "max_variance"])
def test_every_form_of_data(forms, expression, genes, method):
    groups = [f"G{i % 7}" for i in range(30)]
    expected = ProbeAggregator(groups, method=method).fit_transform(expression)
    assert expected.dtype == np.float32
    by_name = dict(zip(genes, groups, strict=True))
    for form, X in forms.items():
        annotation = by_name if "csr" not in form.split("_")[0] and form != "array" else groups
        layer = "log" if form == "layer" else None
        out = ProbeAggregator(annotation, method=method, layer=layer).fit_transform(X)
        assert sp.issparse(out) == ("csr" in form or form == "layer")
        assert out.dtype == np.float32
        out = out.toarray() if sp.issparse(out) else out
        np.testing.assert_allclose(out, expected, rtol=1e-6)


def test_frames_and_pipelines(frame):
    model = drop().set_output(transform="pandas")
    out = model.fit_transform(frame.set_index(pd.Index(list("abcde"))))
    assert list(out.columns) == list(model.get_feature_names_out()) == ["MYC", "TP53"]
    assert list(out.index) == list("abcde")
    pipeline = make_pipeline(drop(), StandardScaler()).set_output(transform="pandas")
    assert list(pipeline.fit_transform(frame).columns) == ["MYC", "TP53"]
    assert list(pipeline.get_feature_names_out()) == ["MYC", "TP53"]


def test_methods_can_be_searched(frame):
    class Constant(StandardScaler):
        def score(self, X, y=None):
            return float(X.var())

    search = GridSearchCV(
        make_pipeline(drop(), Constant()),
        {"probeaggregator__method": ["mean", "max_variance"]},
        cv=2,
    )
    assert search.fit(frame).best_params_["probeaggregator__method"] in ("mean", "max_variance")


@pytest.mark.filterwarnings("ignore:Variable names are not unique")
def test_columns_that_share_a_name(frame):
    frame.columns = ["A", "B", "A", "C", "B", "A"]
    with pytest.raises(ValueError, match=r"2 gene name\(s\) occur more than once in X"):
        ProbeAggregator(list(frame.columns)).fit(frame)
    model = ProbeAggregator(list(frame.columns)).fit(frame.to_numpy())
    expected = frame.T.groupby(level=0).mean().T[["A", "B", "C"]]
    np.testing.assert_allclose(model.transform(frame.to_numpy()), expected, rtol=1e-15)


def test_dgex_averages_on_real_microarrays(real_data):
    """Equal to a slow loop over D-GEX's own lists, in which no probe is ambiguous."""
    file = np.load(real_data / "bulk" / "hgu133a_pooled_mas5_240x22283.npz")
    X = pd.DataFrame(np.log2(np.maximum(file["X"], 1)), columns=file["probes"])
    lists = [
        pd.read_csv(
            real_data / "landmarks" / f"dgex_map_{part}.txt",
            sep="\t",
            names=["symbol", "ensembl", "probes"],
        ).assign(part=part)
        for part in ("lm", "tg")
    ]
    lines = pd.concat(lists)
    # A landmark's probe was kept apart: 445 genes are in both lists, with different probes.
    assert lines["ensembl"].duplicated().sum() == 445
    lines["gene"] = lines["ensembl"] + "_" + lines["part"]
    annotation = lines.assign(probes=lines["probes"].str.split(",")).explode("probes")
    assert annotation["probes"].is_unique
    model = ProbeAggregator(annotation[["probes", "gene"]], unmapped="drop").fit(X)
    assert len(model.genes_) == 10_463
    assert len(model.unmapped_probes_) == 22_283 - 16_687
    assert len(model.ambiguous_probes_) == len(model.missing_genes_) == 0
    found = pd.DataFrame(model.transform(X), columns=model.genes_)
    for gene, probes in zip(lines["gene"], lines["probes"], strict=True):
        expected = X[probes.split(",")].to_numpy(dtype=np.float64).mean(axis=1)
        np.testing.assert_allclose(found[gene], expected, rtol=1e-7)


# What is refused ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("params", "match"),
    [
        ({"ambiguous": "drop"}, r"1 of 6 probes have no gene: 'p5'\. Pass unmapped='drop'"),
        ({"unmapped": "drop"}, r"1 of 6 probes have several genes: 'p3'\. Pass ambiguous='drop'"),
    ],
)
def test_losses_must_be_allowed(frame, params, match):
    model = ProbeAggregator(GENES, **params)
    with pytest.raises(ValueError, match=match):
        model.fit(frame)
    assert not hasattr(model, "n_features_in_")


@pytest.mark.parametrize(
    ("genes", "error", "match"),
    [
        ({}, ValueError, "genes is empty"),
        ([], ValueError, "genes has 0 entries, but X has 6 columns"),
        (["A"] * 5, ValueError, "genes has 5 entries, but X has 6 columns"),
        ({"q1": "A"}, ValueError, r"None of the 1 probes of genes \('q1'\) .* 6 columns of X"),
        ({7: "A", -1: "B"}, ValueError, r"None of the 2 probes of genes \(7, -1\)"),
        ({"p1": 7157.0}, TypeError, r"7157\.0 of type float for 'p1'.*as text"),
        ({"p1": True}, TypeError, "True of type bool"),
        ({1.5: "A"}, TypeError, r"genes has the probe 1\.5; a probe is a name or"),
        (pd.DataFrame({"a": ["p1"]}), ValueError, r"1 column\(s\) \('a'\); pass two"),
        (dict.fromkeys(PROBES), ValueError, "of 6 probes, 6 have none and 0 several"),
        (dict.fromkeys(PROBES, "A///B"), ValueError, "of 6 probes, 0 have none and 6 several"),
    ],
)
def test_annotations_that_cannot_be_used(frame, genes, error, match):
    with pytest.raises(error, match=match):
        drop(genes).fit(frame)


def test_names_for_data_without_names(frame):
    with pytest.raises(ValueError, match=r"'p1'.*X was passed without names\. Pass a DataFrame"):
        drop().fit(frame.to_numpy())
    pipeline = make_pipeline(StandardScaler(), drop())
    with pytest.raises(ValueError, match=r"pipeline, set_output\(transform='pandas'\)"):
        pipeline.fit(frame)
    assert pipeline.set_output(transform="pandas").fit_transform(frame).shape == (5, 2)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("genes", "p1"),
        ("method", "median"),
        ("unmapped", "keep"),
        ("ambiguous", None),
        ("layer", 3),
    ],
)
def test_params_of_the_wrong_kind(frame, name, value):
    with pytest.raises(ValueError, match=f"'{name}' parameter of ProbeAggregator"):
        drop().set_params(**{name: value}).fit(frame)


def test_one_sample(frame):
    one = frame.iloc[:1]
    np.testing.assert_allclose(drop().fit_transform(one), drop().fit(frame).transform(one))
    with pytest.raises(ValueError, match=r"1 sample\(s\).*minimum of 2"):
        drop(method="max_variance").fit(one)


def test_other_probes_than_those_of_fit(frame):
    model = drop().fit(frame)
    with pytest.raises(ValueError, match="another order: column 0 is 'p6', expected was 'p1'"):
        model.transform(frame.iloc[:, ::-1])
    with pytest.raises(NotFittedError):
        drop().transform(frame)
    with pytest.raises(NotFittedError):
        drop().summary()


def test_values_that_are_not_finite(frame):
    frame.iloc[2, 1] = np.nan
    with pytest.raises(ValueError, match=r"NaN.*'p2'.*row\(s\) \(2\)"):
        drop().fit(frame)
    with pytest.raises(ValueError, match="no layer 'log'"):
        drop(layer="log").fit(anndata.AnnData(np.ones((3, 6)), var=pd.DataFrame(index=PROBES)))
