"""Panels as tables and as files."""

import anndata
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.exceptions import NotFittedError
from sklearn.feature_selection import RFE, SelectKBest, VarianceThreshold, f_regression
from sklearn.linear_model import LinearRegression, Ridge

from skgenes.compose import LandmarkReconstructor
from skgenes.feature_selection import (
    AutoEncoderDeepLIFTSelector,
    GivenPanelSelector,
    GreedyPanelSelector,
)
from skgenes.io import FileFormatError, panel_table, read_panel, write_panel
from skgenes.neural_network import GeneAutoEncoder


@pytest.fixture(scope="module")
def frame(expression, genes):
    return pd.DataFrame(expression, columns=genes)


@pytest.fixture(scope="module")
def selector(frame):
    return AutoEncoderDeepLIFTSelector(
        6,
        autoencoder=GeneAutoEncoder((4, 2), max_iter=2),
        must_include=["GENE7", "GENE3"],
        exclude=["GENE0"],
        random_state=0,
    ).fit(frame)


def test_a_searched_panel_with_ranks_gains_and_reasons(selector, frame):
    table = panel_table(selector, frame)
    assert list(table) == ["rank", "gene", "gain", "mean_expression", "why"]
    assert table["rank"].tolist() == [1, 2, 3, 4, 5, 6]
    assert set(table["gene"]) == set(selector.get_feature_names_out())
    columns = [int(gene.removeprefix("GENE")) for gene in table["gene"]]
    assert selector.ranking_[columns].tolist() == [1, 2, 3, 4, 5, 6]
    np.testing.assert_array_equal(table["gain"], selector.gains_)
    np.testing.assert_allclose(
        table["mean_expression"], frame.to_numpy(np.float64).mean(axis=0)[columns]
    )
    total, so_far = sum(selector.gains_), 0
    for gene, gain, why in zip(table["gene"], table["gain"], table["why"], strict=True):
        so_far += gain
        expected = f"adds {gain / total:.1%} of what the panel explains"
        if gain != selector.gains_[0]:
            expected += f", {so_far / total:.1%} with those before it"
        assert why == (f"must_include, {expected}" if gene in ("GENE7", "GENE3") else expected)
    assert table["why"].iloc[-1].endswith(", 100.0% with those before it")


def test_gains_of_a_search_by_hand():
    """Without a penalty and with genes that say all of each other, gains are counts of genes."""
    rng = np.random.default_rng(0)
    three = np.linalg.qr(rng.normal(size=(4000, 3)))[0]
    three -= three.mean(axis=0)
    X = pd.DataFrame(np.repeat(three, [5, 3, 2], axis=1), columns=list("ABCDEFGHIJ"))
    table = panel_table(GreedyPanelSelector(3, penalty=0).fit(X))
    assert table["gene"].tolist() == ["A", "F", "I"]
    np.testing.assert_allclose(table["gain"], [5, 3, 2], rtol=0.01)
    assert table["why"].tolist() == [
        "adds 50.0% of what the panel explains",
        "adds 30.0% of what the panel explains, 80.0% with those before it",
        "adds 20.0% of what the panel explains, 100.0% with those before it",
    ]
    one = panel_table(GreedyPanelSelector(1).fit(X))
    assert one["why"].tolist() == ["adds 100.0% of what the panel explains"]


def test_a_panel_by_importance_with_scores(frame):
    selector = AutoEncoderDeepLIFTSelector(
        6,
        strategy="importance",
        autoencoder=GeneAutoEncoder((4, 2), max_iter=2),
        must_include=["GENE7"],
        random_state=0,
    ).fit(frame)
    table = panel_table(selector)
    assert list(table) == ["rank", "gene", "score", "why"]
    for gene, score, why in zip(table["gene"], table["score"], table["why"], strict=True):
        column = int(gene.removeprefix("GENE"))
        assert score == selector.importances_[column]
        position = (selector.importances_ > score).sum() + 1
        expected = f"importance rank {position} of 30"
        assert why == (f"must_include, {expected}" if gene == "GENE7" else expected)


def test_a_reconstructor_is_as_good_as_its_selector(selector, frame):
    model = LandmarkReconstructor(selector, Ridge()).fit(frame)
    pd.testing.assert_frame_equal(panel_table(model), panel_table(model.selector_))
    cells = anndata.AnnData(sp.csr_matrix(frame.to_numpy()), var=pd.DataFrame(index=frame.columns))
    threshold = VarianceThreshold(frame.var().median())
    sparse = LandmarkReconstructor(threshold, Ridge()).fit(cells)
    expected = frame.columns[threshold.fit(frame).get_support()]
    assert panel_table(sparse)["gene"].tolist() == list(expected)


def test_other_selectors(frame):
    y = frame["GENE4"] + frame["GENE5"] / 2
    best = panel_table(SelectKBest(f_regression, k=3).fit(frame, y + 1e-3 * frame["GENE1"]))
    assert best["gene"].tolist()[0] == "GENE4"
    assert (np.diff(best["score"]) <= 0).all()
    assert best["why"].tolist() == [f"score rank {n} of 30" for n in (1, 2, 3)]
    eliminated = panel_table(RFE(LinearRegression(), n_features_to_select=2).fit(frame, y))
    assert list(eliminated) == ["rank", "gene", "why"]
    assert set(eliminated["gene"]) == {"GENE4", "GENE5"}
    assert eliminated["why"].tolist() == ["selector's rank 1 of 30"] * 2
    given = panel_table(GivenPanelSelector(["GENE9", "GENE2"]).fit(frame))
    assert given["gene"].tolist() == ["GENE2", "GENE9"]
    assert given["why"].tolist() == ["selected by GivenPanelSelector"] * 2


def test_stability(selector, frame):
    class Stable(GivenPanelSelector):
        def fit(self, X, y=None):
            super().fit(X)
            self.stability_ = np.linspace(0, 1, X.shape[1])
            return self

    table = panel_table(Stable(["GENE29", "GENE0"]).fit(frame))
    assert table["stability"].tolist() == [0, 1]


def test_selectors_without_names(expression, frame):
    fitted = GivenPanelSelector([5, 2]).fit(expression)
    assert panel_table(fitted)["gene"].tolist() == [2, 5]
    assert panel_table(fitted, expression)["gene"].tolist() == [2, 5]
    named = panel_table(fitted, frame)
    assert named["gene"].tolist() == ["GENE2", "GENE5"]
    np.testing.assert_allclose(
        named["mean_expression"], expression.astype(float).mean(axis=0)[[2, 5]]
    )


def test_columns_of_var_and_layers(frame):
    var = pd.DataFrame({"symbol": [f"S{i}" for i in range(30)], "gene": 1}, index=frame.columns)
    cells = anndata.AnnData(np.zeros(frame.shape), var=var, layers={"log": sp.csc_matrix(frame)})
    fitted = GivenPanelSelector(["GENE9", "GENE2"]).fit(frame)
    table = panel_table(fitted, cells, layer="log", var="symbol")
    assert list(table) == ["rank", "gene", "mean_expression", "symbol", "why"]
    assert table["symbol"].tolist() == ["S2", "S9"]
    np.testing.assert_allclose(
        table["mean_expression"], frame[["GENE2", "GENE9"]].to_numpy(float).mean(axis=0)
    )
    for name in ("names", "gene"):
        with pytest.raises(ValueError, match=f"var has '{name}', which is no column of X.var or a"):
            panel_table(fitted, cells, var=[name])
    with pytest.raises(ValueError, match=r"asks for columns of X.var, but X is no AnnData"):
        panel_table(fitted, frame, var=["symbol"])


def test_layer_that_the_selector_reads(frame):
    """None is that of the selector, or of the estimator around it."""
    var, numbers = pd.DataFrame(index=frame.columns), frame.to_numpy()
    cells = anndata.AnnData(numbers + 1, var=var, layers={"raw": numbers, "more": numbers + 2})
    mean = frame.astype(float).mean()
    selector = GreedyPanelSelector(3, layer="raw")
    inner = GreedyPanelSelector(3)
    around = LandmarkReconstructor(inner, LinearRegression(), layer="more").fit(cells)
    plain = LandmarkReconstructor(inner, LinearRegression()).fit(cells)
    for fitted, added in ((selector.fit(cells), 0), (around, 2), (plain, 1)):
        for layer, expected in ((None, added), ("raw", 0), ("more", 2)):
            table = panel_table(fitted, cells, layer=layer)
            np.testing.assert_allclose(
                table["mean_expression"], mean[table["gene"]] + expected, rtol=1e-5
            )


def test_what_is_no_panel(frame, expression):
    fitted = GivenPanelSelector(["GENE9", "GENE2"]).fit(frame)
    with pytest.raises(TypeError, match=r"must have get_support.*got Ridge"):
        panel_table(Ridge())
    with pytest.raises(NotFittedError):
        panel_table(GivenPanelSelector(["GENE9"]))
    with pytest.raises(ValueError, match=r"other genes than the selector saw. 0 gene.*'GENE0'"):
        panel_table(fitted, frame.iloc[:, 1:])
    with pytest.raises(ValueError, match=r"X has 29 genes; the selector saw 30"):
        panel_table(fitted, expression[:, 1:])
    with pytest.raises(ValueError, match=r"X contains NaN.*'GENE3'"):
        panel_table(fitted, frame.assign(GENE3=np.nan))


# Files --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["panel.csv", "panel.CSV", "panel.grp", "panel.txt", "panel.gmt"])
def test_panels_come_back(selector, frame, name, tmp_path):
    path = tmp_path / name
    table = panel_table(selector, frame)
    write_panel(table, path)
    assert read_panel(path) == table["gene"].tolist()
    again = GivenPanelSelector(read_panel(path)).fit(frame)
    np.testing.assert_array_equal(again.get_support(), selector.get_support())
    write_panel(selector, path)
    assert read_panel(path) == table["gene"].tolist()


def test_what_the_files_look_like(selector, frame, tmp_path):
    table = panel_table(selector, frame)
    write_panel(table, tmp_path / "panel.csv")
    found = pd.read_csv(tmp_path / "panel.csv")
    assert list(found) == list(table)
    np.testing.assert_allclose(found["gain"], table["gain"], rtol=1e-12)
    write_panel(table, tmp_path / "panel.gmt")
    line = (tmp_path / "panel.gmt").read_text()
    assert line == "\t".join(["panel", "na", *table["gene"]]) + "\n"
    write_panel(table, tmp_path / "panel.grp")
    assert (tmp_path / "panel.grp").read_text() == "\n".join([*table["gene"], ""])


def test_names_that_look_like_something_else(tmp_path):
    genes = ["NA", "1e5", "7157", "007", "A,B", 'say "x"', "nan", "True", "µ"]
    X = pd.DataFrame(np.ones((2, 9)), columns=genes)
    write_panel(GivenPanelSelector(genes).fit(X), tmp_path / "panel.csv")
    assert read_panel(tmp_path / "panel.csv") == genes


def test_tables_from_spreadsheets(tmp_path):
    path = tmp_path / "panel.csv"
    path.write_bytes("\ufeffprobe,gene\r\n201746_at, TP53 \r\n202431_s_at,MYC\r\n".encode())
    assert read_panel(path) == ["TP53", "MYC"]
    path.write_text('gene,why\nTP53,"a, ""b""\nand c"\n\nMYC,d\n')
    assert read_panel(path) == ["TP53", "MYC"]


@pytest.mark.parametrize(
    ("name", "text", "match"),
    [
        ("it.csv", "", r"it.csv, line 1: expected a table with a column 'gene', found the end"),
        ("it.csv", 'gene\n"TP53\n', r"it.csv, line 2: expected a table in CSV, found unexpected"),
        ("it.csv", "TP53\nMYC\n", r"it.csv, line 1: expected a .*column 'gene', found 'TP53'"),
        ("it.csv", "gene\n", r"it.csv, line 1: expected at least one gene, found none"),
        (
            "it.csv",
            "gene,x\nTP53,1\n,2\n",
            r"line 3: expected the name of a gene, found none",
        ),
        (
            "it.csv",
            "x,gene\n1,TP53\n2\n",
            r"line 3: expected the name of a gene, found none",
        ),
        ("it.csv", "gene\nMYC\n\nMYC \n", r"it.csv, line 4: expected the gene 'MYC' once.* line 2"),
        ("it.csv", "gene,x\nTP53,1,2\nMYC,3,4\n", r"line 2: expected 2 cells .* header, found 3"),
        ("it.grp", "TP53\nTP53\n", r"it.grp, line 2: expected the name 'TP53' once"),
        ("it.gmt", "A\tna\tTP53\nB\tna\tMYC\n", r"it.gmt: expected one set, found 2.*read_gmt"),
    ],
)
def test_broken_files(name, text, match, tmp_path):
    (tmp_path / name).write_text(text)
    with pytest.raises(FileFormatError, match=match):
        read_panel(tmp_path / name)


def test_what_cannot_be_written(selector, expression, tmp_path):
    path = tmp_path / "panel.csv"
    path.write_text("old")
    for function in (read_panel, lambda path: write_panel(selector, path)):
        with pytest.raises(
            ValueError, match=r"must end in one of .csv, .grp, .txt, .gmt, got 'a.xl"
        ):
            function(tmp_path / "a.xlsx")
    with pytest.raises(ValueError, match=r"The panel has no gene names. Fit the selector on"):
        write_panel(GivenPanelSelector([1]).fit(expression), path)
    with pytest.raises(ValueError, match=r"The table has no column 'gene', but \['x'\]"):
        write_panel(pd.DataFrame({"x": [1]}), path)
    with pytest.raises(ValueError, match=r"The panel has a gene more than once"):
        write_panel(pd.DataFrame({"gene": ["A", "A"]}), path)
    with pytest.raises(TypeError, match=r"must have get_support"):
        write_panel("TP53", path)
    assert path.read_text() == "old"


@pytest.mark.parametrize("form", [list, tuple, np.array, pd.Index])
def test_plain_names(tmp_path, form):
    genes = ["TP53", "MYC", "CD4"]
    write_panel(form(genes), tmp_path / "panel.csv")
    assert read_panel(tmp_path / "panel.csv") == genes
    assert pd.read_csv(tmp_path / "panel.csv")["rank"].tolist() == [1, 2, 3]
    write_panel(form(genes), tmp_path / "panel.gmt")
    assert read_panel(tmp_path / "panel.gmt") == genes
    with pytest.raises(ValueError, match="more than once"):
        write_panel(form(["TP53", "TP53"]), tmp_path / "panel.csv")
