"""panel_report: parts are those of the separate functions, words those of the tables."""

import anndata
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.base import BaseEstimator
from sklearn.feature_selection import SelectKBest, SelectorMixin, f_classif

from skgenes.feature_selection import AutoEncoderDeepLIFTSelector, GreedyPanelSelector
from skgenes.inspection import (
    PanelReport,
    panel_report,
    panel_size_curve,
    panel_stability,
    panel_values,
)
from skgenes.inspection._panel_report_genes import _why
from skgenes.io import read_panel, write_panel
from skgenes.neural_network import GeneAutoEncoder

FEW = {"cv": 3, "n_resamples": 3, "random_state": 0}


@pytest.fixture(scope="module")
def frame():
    """Four programmes of six genes, and four genes of which none tells."""
    rng = np.random.default_rng(5)
    X = rng.normal(size=(90, 4)) @ np.repeat(np.eye(4), 6, axis=1)
    X += 0.4 * rng.normal(size=X.shape)
    X[:, 5] *= -1  # goes down as the others go up
    X = np.hstack([X, rng.normal(size=(90, 4))]) + 5
    names = [f"{letter}{i}" for letter in "ABCD" for i in range(6)] + ["W", "X", "Y", "Z"]
    return pd.DataFrame(X, columns=names)


@pytest.fixture(scope="module")
def report(frame):
    return panel_report(GreedyPanelSelector(6), frame, sizes=10, **FEW)


class Sized(GreedyPanelSelector):
    """Knows a size that is no number, as a selector that chooses it by itself does."""

    _parameter_constraints = GreedyPanelSelector._parameter_constraints | {
        "n_features_to_select": "no_validation"
    }
    sizes_fitted = []

    def fit(self, X, y=None):
        Sized.sizes_fitted.append(self.n_features_to_select)
        return super().fit(X)


class RandomGenes(SelectorMixin, BaseEstimator):
    """As many genes as asked for, by chance; says no order."""

    def __init__(self, k=4, random_state=None):
        self.k = k
        self.random_state = random_state

    def fit(self, X, y=None):
        self.n_features_in_ = X.shape[1]
        self.support_ = np.zeros(X.shape[1], dtype=bool)
        rng = np.random.default_rng(self.random_state)
        self.support_[rng.choice(X.shape[1], self.k, replace=False)] = True
        return self

    def _get_support_mask(self):
        return self.support_


def test_parts_are_those_of_the_separate_functions(report, frame):
    assert isinstance(report, PanelReport)
    selector = GreedyPanelSelector(6)
    curve = panel_size_curve(selector, frame, sizes=10, cv=3, random_state=0)
    pd.testing.assert_frame_equal(report.curve.folds, curve.folds)
    pd.testing.assert_series_equal(report.expected, curve.to_frame().loc[6])
    stability = panel_stability(selector, frame, n_resamples=3, random_state=0)
    pd.testing.assert_frame_equal(report.stability.genes, stability.genes)
    selector.fit(frame)
    values = panel_values(selector, frame)
    pd.testing.assert_frame_equal(report.values.genes, values.genes)  # noqa: PD011
    np.testing.assert_array_equal(report.selector.ranking_, selector.ranking_)


def test_table_is_put_together_gene_by_gene(report, frame):
    table, selector = report.genes, report.selector
    assert list(table) == [
        "rank",
        "gene",
        "gain",
        "marginal_value",
        "redundancy",
        "frequency",
        "moves_with",
        "stands_for",
        "why",
    ]
    assert table["rank"].tolist() == [1, 2, 3, 4, 5, 6]
    np.testing.assert_array_equal(table["gain"], selector.gains_)
    values = panel_values(selector, frame).genes
    np.testing.assert_array_equal(table["marginal_value"], values["value"])
    np.testing.assert_array_equal(table["redundancy"], values["redundancy"])
    assert table["gene"].tolist() == values.index.tolist()
    correlations = frame.corr()
    for row in table.itertuples():
        assert selector.ranking_[frame.columns.get_loc(row.gene)] == row.rank
        assert row.frequency == sum(row.gene in panel for panel in report.stability.panels) / 3
        others = correlations[row.gene].drop(row.gene)
        others = others.nlargest(3) if others.max() >= 0.3 else others.nsmallest(3)
        assert row.moves_with == ", ".join(f"{gene} ({r:.2f})" for gene, r in others.items())


def test_reasons_follow_the_programmes(frame):
    table = panel_report(["A5", "B1", "W"], frame, **FEW).genes.set_index("gene")
    first = table.loc["B1", "stands_for"].split(" and ")[0]
    assert set(first.split(", ")) < {"B0", "B2", "B3", "B4", "B5"}
    assert f" genes, above all {first}; the rest of the panel" in table.loc["B1", "why"]
    assert table.loc["B1", "why"].startswith(f"Moves with {table.loc['B1', 'moves_with']}; ")
    # A5 goes down as the other genes of its programme go up.
    first = table.loc["A5", "stands_for"].split(" and ")[0].split(", ")
    assert set(first) < {f"A{i} (opposite)" for i in range(5)}
    lowest = frame.corr()["A5"].nsmallest(3)
    movers = ", ".join(f"{gene} ({r:.2f})" for gene, r in lowest.items())
    assert table.loc["A5", "moves_with"] == movers
    assert table.loc["A5", "why"].startswith(f"Moves against {movers}; stands for ")


def test_a_gene_that_tells_nothing(frame):
    row = panel_report(["A0", "B0", "C0", "D0", "W"], frame, **FEW).genes.iloc[-1]
    assert row["stands_for"] == ""
    assert row["why"].startswith("Moves closely with no gene, most with ")
    assert row["why"].endswith(
        "; tells of hardly a gene but itself; the rest of the panel explains 0% of it."
    )


def test_words_by_hand():
    columns = ["value_for_others", "value_se", "redundancy", "closest"]
    rows = pd.DataFrame([[0.03, 0.01, 0.856, "B"], [0.01, 0.02, -0.01, None]], columns=columns)
    helps, alone = rows.itertuples()
    stands_for = pd.DataFrame({"slope": [0.5, -0.5]}, index=["C", 3])
    movers = [("B", 0.9), ("C", 0.31), ("D", 0.29)]
    assert _why(False, helps, movers, stands_for) == (
        "Moves with B (0.90), C (0.31); stands for 2 genes: C, gene 3 (opposite); the rest of the "
        "panel explains 86% of it."
    )
    assert _why(True, helps, [(0, -0.5), (1, -0.2)], stands_for[:0]) == (
        "Asked for by must_include; moves against gene 0 (-0.50); stands for no other gene, but "
        "helps with several; the rest of the panel explains 86% of it."
    )
    assert _why(False, alone, [("B", -0.2)], stands_for[:0]) == (
        "Moves closely with no gene, most with B (-0.20); tells of hardly a gene but itself."
    )
    noisy = alone._replace(value_for_others=-0.01)
    assert _why(False, noisy, [("RPL39", 0.13)], stands_for[:1]) == (
        "Moves closely with no gene, most with RPL39 (0.13); stands weakly for 1 gene: C; adds "
        "little beyond itself: other genes together lose nothing without it."
    )
    many = pd.concat([stands_for[:1]] * 4)
    assert "stands for 4 genes, above all C, C, C." in _why(False, alone, movers, many)
    assert "stands for 1 gene: C." in _why(False, alone, movers, stands_for[:1])


def test_size_is_chosen_where_it_is_no_number(frame):
    for own in ("auto", None):
        Sized.sizes_fitted = []
        report = panel_report(Sized(own), frame, sizes=12, **FEW)
        size = report.curve.auto_size()
        assert len(report.genes) == size == report.selector.get_support().sum()
        assert Sized.sizes_fitted == [12] * 3 + [size] * 4  # the curve once, then all and resamples
    default = panel_report(GreedyPanelSelector(), frame, **FEW)
    assert default.curve.sizes[-1] == 14
    assert len(default.genes) == default.curve.auto_size()
    assert len(default.genes) < 14


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        (None, [1, 2, 3, 4, 5, 6]),
        (3, [1, 2, 3, 4, 5, 6]),
        (8, [1, 2, 3, 4, 5, 6, 7, 8]),
        ([2, 9], [2, 6, 9]),
    ],
)
def test_own_size_is_on_the_curve(frame, sizes, expected):
    report = panel_report(GreedyPanelSelector(6), frame, sizes=sizes, **FEW)
    assert report.curve.sizes.tolist() == expected
    assert report.expected.name == len(report.genes) == 6


def test_own_size_is_on_the_curve_of_fitted_sizes(frame):
    report = panel_report(RandomGenes(4), frame, sizes=10, **FEW)
    assert report.curve.sizes.tolist() == [1, 2, 4, 5, 10]
    assert report.genes["gene"].tolist() == list(frame.columns[report.selector.get_support()])
    assert "gain" not in report.genes


def test_the_selector_stays_as_it_was(frame):
    selector = GreedyPanelSelector(6)
    report = panel_report(selector, frame, **FEW)
    assert not hasattr(selector, "support_")
    assert report.selector is not selector
    assert report.selector.get_params() == selector.get_params()


def test_given_genes_have_nothing_to_choose(frame):
    genes = ["B1", "A0", "D3"]
    report = panel_report(genes, frame, **FEW)
    assert report.genes["gene"].tolist() == genes
    assert report.stability is None
    assert report.selector is None
    assert "frequency" not in report.genes
    assert "gain" not in report.genes
    assert report.curve.sizes.tolist() == [1, 2, 3]
    expected = panel_values(genes, frame).genes
    np.testing.assert_array_equal(report.genes["marginal_value"], expected["value"])
    assert "given genes, 3 of 28" in repr(report)
    assert "chosen again" not in repr(report)


def test_forms_agree(frame, report):
    matrix = frame.to_numpy()
    var = pd.DataFrame(index=frame.columns)
    cells = anndata.AnnData(matrix, var=var)
    layered = anndata.AnnData(np.zeros_like(matrix), var=var, layers={"log": sp.csr_array(matrix)})
    options = {"sizes": 10, **FEW}
    for form, layer in ((cells, None), (layered, "log")):
        found = panel_report(GreedyPanelSelector(6, layer=layer), form, layer=layer, **options)
        assert found.genes["gene"].tolist() == report.genes["gene"].tolist()
        assert found.genes["why"].tolist() == report.genes["why"].tolist()
        np.testing.assert_allclose(found.expected, report.expected)
        chosen = found.selector.transform(form)  # reads the layer it was fitted on
        chosen = chosen.toarray() if sp.issparse(chosen) else chosen
        np.testing.assert_allclose(chosen, report.selector.transform(frame))
    bare = panel_report(GreedyPanelSelector(6), matrix, **options)
    assert frame.columns[bare.genes["gene"]].tolist() == report.genes["gene"].tolist()
    first = bare.genes["why"][0]
    assert first.startswith("Moves with gene ")
    assert ", above all gene " in first


def test_same_on_every_call_and_no_global_state(frame):
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    for state in (0, np.random.RandomState):
        first, second = (
            panel_report(
                RandomGenes(4),
                frame,
                cv=2,
                n_resamples=2,
                random_state=state if state == 0 else state(3),
            )
            for _ in range(2)
        )
        pd.testing.assert_frame_equal(first.genes, second.genes)
        pd.testing.assert_frame_equal(first.curve.folds, second.curve.folds)
    panel_report(RandomGenes(4), frame, cv=2, n_resamples=2)
    np.testing.assert_array_equal(before, np.random.get_state()[1])  # noqa: NPY002


def test_own_random_state_of_the_selector_is_kept(frame):
    report = panel_report(RandomGenes(4, random_state=7), frame, **FEW)
    assert report.selector.random_state == 7
    assert panel_report(RandomGenes(4), frame, **FEW).selector.random_state == 0


def test_donors_are_never_parted(frame):
    donors = np.repeat(np.arange(6), 15)
    seen = []

    class Recording(GreedyPanelSelector):
        def fit(self, X, y=None):
            seen.append(X["Z"].map(donor_of).to_numpy())
            return super().fit(X)

    donor_of = dict(zip(frame["Z"], donors, strict=True))
    panel_report(Recording(3), frame, groups=donors, **FEW)
    assert [len(one) for one in seen] == [60, 60, 60, 90, 45, 45, 45]
    for one in seen:
        assert set(np.bincount(one, minlength=6)) <= {0, 15}
    cells = anndata.AnnData(
        frame.to_numpy(),
        obs=pd.DataFrame({"donor": [f"d{d}" for d in donors]}, index=frame.index.astype(str)),
        var=pd.DataFrame(index=frame.columns),
    )
    named = panel_report(GreedyPanelSelector(3), cells, groups="donor", **FEW)
    again = panel_report(GreedyPanelSelector(3), frame, groups=donors, **FEW)
    pd.testing.assert_frame_equal(named.genes, again.genes)


def test_fit_params_reach_the_selector(frame):
    """Weights of cell types, in all three kinds of fits."""
    types = np.repeat(["a", "b"], [70, 20])
    given = {"fit_params": {"groups": types}, "random_state": 0}
    report = panel_report(GreedyPanelSelector(4), frame, cv=3, n_resamples=3, **given)
    curve = panel_size_curve(GreedyPanelSelector(4), frame, cv=3, **given)
    pd.testing.assert_frame_equal(report.curve.folds, curve.folds)
    stability = panel_stability(GreedyPanelSelector(4), frame, n_resamples=3, **given)
    pd.testing.assert_frame_equal(report.stability.genes, stability.genes)
    fitted = GreedyPanelSelector(4).fit(frame, groups=types)
    np.testing.assert_array_equal(report.selector.gains_, fitted.gains_)
    without = GreedyPanelSelector(4).fit(frame)
    assert not np.allclose(report.selector.gains_, without.gains_)


@pytest.mark.parametrize("make", [GreedyPanelSelector, AutoEncoderDeepLIFTSelector])
def test_size_of_selectors_that_choose_it(frame, make):
    params = {"autoencoder": GeneAutoEncoder((8, 4), max_iter=2)}
    selector = make("auto", **(params if make is AutoEncoderDeepLIFTSelector else {}))
    report = panel_report(selector, frame, cv=3, n_resamples=2, random_state=0)
    size = report.curve.auto_size()
    assert len(report.genes) == report.selector.n_features_ == size
    assert report.selector.n_features_to_select == size
    assert not hasattr(report.selector, "cv_results_")  # the curve was computed once


def test_classes_reach_the_selector():
    rng = np.random.default_rng(0)
    y = np.repeat(["a", "b"], 30)
    X = pd.DataFrame(rng.normal(size=(60, 8)), columns=list("ABCDEFGH"))
    X[["C", "F"]] += 4 * (y == "b")[:, None]
    report = panel_report(SelectKBest(f_classif, k=2), X, y, **FEW)
    assert report.genes["gene"].tolist() == ["C", "F"]
    assert report.genes["frequency"].tolist() == [1, 1]


def test_wishes_are_said(frame):
    table = panel_report(GreedyPanelSelector(3, must_include=["W"]), frame, **FEW).genes
    assert table["gene"][0] == "W"
    assert table["why"].str.startswith("Asked for by must_include; moves ").tolist() == [
        True,
        False,
        False,
    ]


def test_programmes(frame):
    network = GeneAutoEncoder((8, 4), max_iter=3)
    selector = AutoEncoderDeepLIFTSelector(5, autoencoder=network)
    report = panel_report(selector, frame, cv=2, n_resamples=2, random_state=0)
    assert report.selector.random_state == 0
    expected = panel_values(report.selector, frame)
    pd.testing.assert_frame_equal(report.values.programmes, expected.programmes)  # noqa: PD011
    for row in report.genes.itertuples():
        best = expected.programmes.loc[row.gene]
        unit, rank, top = best.index[0], best.iloc[0]["rank"], best.iloc[0]["top_genes"]
        text = f"unit {unit}: {', '.join(top.split(', ')[:3])}" if rank <= 10 else ""
        assert row.programme == text
    assert (report.genes["programme"] != "").any()
    of_network = panel_report(
        GreedyPanelSelector(5), frame, autoencoder=report.selector.autoencoder_, **FEW
    )
    assert "programme" in of_network.genes


def test_file(report, tmp_path):
    path = tmp_path / "panel.csv"
    write_panel(report.genes, path)
    assert read_panel(path) == report.genes["gene"].tolist()
    again = pd.read_csv(path, keep_default_na=False)
    assert again["why"].tolist() == report.genes["why"].tolist()


def test_readable(report, frame):
    lines = repr(report).splitlines()
    row, ceiling = report.expected, report.curve.ceiling["r2"].mean()
    assert lines[0] == "PanelReport(GreedyPanelSelector, 6 of 28 genes)"
    assert lines[1] == (
        f"  held out, genes outside of the panel: PCC {row['pcc']:.3f} ± {row['pcc_sd']:.3f}, MAE "
        f"{row['mae']:.3f} ± {row['mae_sd']:.3f}, explained variance {row['r2']:.3f} ± "
        f"{row['r2_sd']:.3f}"
    )
    assert lines[2] == (
        f"  as far as genes share it: explained variance {row['r2_shared']:.3f}, "
        f"{row['share_of_ceiling']:.0%} of what all genes reach ({ceiling:.3f}); "
        f"enough: {report.curve.auto_size()} genes"
    )
    rarest = report.genes.sort_values("frequency", kind="stable").iloc[0]
    assert lines[3].startswith("  chosen again from 45 of 90 samples: ")
    assert f"least {rarest['gene']} {rarest['frequency']:.0%}, " in lines[3]
    assert lines[4].startswith(f"  stability {report.stability.stability:.2f}, with correlated")
    first = report.genes.iloc[0]
    assert lines[5] == f"  1. {first['gene']}  {first['why']}"
    assert lines[-1] == "  and 1 more, see genes"
    one_fold = [(np.arange(60), np.arange(60, 90))]
    text = repr(panel_report(["A0", "B0"], frame, cv=one_fold))
    assert "±" not in text
    assert "enough" not in text


def test_nothing_attainable_is_not_a_share():
    X = np.random.default_rng(0).normal(size=(40, 12))
    report = panel_report(GreedyPanelSelector(3), X, **FEW)
    report.curve.ceiling["r2"] = -0.01
    assert "of what all genes reach" not in repr(report)


def test_bad_input(frame):
    greedy = GreedyPanelSelector(3)
    with pytest.raises(TypeError, match="selector is 3; give a selector, or genes in the order"):
        panel_report(3, frame)
    with pytest.raises(ValueError, match="Panels of 27 genes cannot be judged: sizes must be from"):
        panel_report(GreedyPanelSelector(27), frame)
    with pytest.raises(ValueError, match="sizes must be the largest number of genes or a list"):
        panel_report(greedy, frame, sizes=[1.5])
    with pytest.raises(ValueError, match="'sizes' parameter of panel_report must be"):
        panel_report(greedy, frame, sizes="all")
    with pytest.raises(ValueError, match=r"One fold gives no standard error. Pass at least two"):
        panel_report(GreedyPanelSelector(), frame, cv=[(np.arange(60), np.arange(60, 90))])
    with pytest.raises(ValueError, match="'n_resamples' parameter of panel_report must be"):
        panel_report(greedy, frame, n_resamples=1)
    with pytest.raises(ValueError, match="groups must have one label for each of the 90"):
        panel_report(greedy, frame, groups=["a"])
    with pytest.raises(ValueError, match="GreedyPanelSelector has no parameter 'k'"):
        panel_report(greedy, frame, param="k")
    with pytest.raises(ValueError, match="'layer' parameter of panel_report must be"):
        panel_report(greedy, frame, layer=1)
    with pytest.raises(ValueError, match="X contains NaN"):
        panel_report(greedy, frame.assign(W=np.nan))
    with pytest.raises(TypeError, match="autoencoder is 'mine'; give a fitted GeneAutoEncoder"):
        panel_report(["A0"], frame, autoencoder="mine")


@pytest.mark.filterwarnings("ignore:Up to")
def test_real_cells(real_data):
    """Markers of cell types move with others of the same types."""
    cells = anndata.read_h5ad(real_data / "singlecell/pbmc68k_reduced_700x765.h5ad")
    report = panel_report(GreedyPanelSelector(), cells, sizes=20, cv=3, random_state=0)
    table = report.genes.set_index("gene")
    assert report.expected["share_of_ceiling"] > 0.8
    assert table["frequency"].head(3).min() > 0.8
    for marker, other in [("NKG7", "GNLY"), ("CD79A", "MS4A1"), ("CD3D", "IL32")]:
        assert other in table.loc[marker, "moves_with"]


def test_a_panel_of_genes_to_include_alone():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 2)) @ np.repeat(np.eye(2), 6, axis=1) + 0.1 * rng.normal(size=(80, 12))
    report = panel_report(GreedyPanelSelector("auto", must_include=[0, 1, 6]), X, random_state=0)
    assert report.genes["gene"].tolist() == [0, 1, 6]
    assert report.stability is None
    assert "frequency" not in report.genes
    assert "chosen again" not in repr(report)


def test_wishes_beside_a_size_to_be_found():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 2)) @ np.repeat(np.eye(2), 6, axis=1) + rng.normal(size=(80, 12))
    wished = GreedyPanelSelector("auto", must_include=[0], exclude=list(range(3, 12)))
    report = panel_report(wished, X, n_resamples=3, random_state=0)
    assert 0 in set(report.genes["gene"]) <= {0, 1, 2}
    alone = wished.fit(X)
    assert report.curve.sizes.tolist() == [1, 2, 3]
    assert len(report.genes) in (alone.n_features_, report.curve.auto_size())
