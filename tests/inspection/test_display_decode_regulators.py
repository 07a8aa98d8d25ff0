"""Regulators over outputs, along a gene, and in knock-outs."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt

from skgenes.inspection import (
    CoexpressionDrivers,
    PositionProfileDisplay,
    RegulatorHeatmapDisplay,
    RegulatorScores,
    VolcanoDisplay,
    differential_expression,
)

mpl.use("Agg")


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


def texts(labels):
    return [label.get_text() for label in labels]


def legend_of(display):
    return texts(display.ax_.get_legend().get_texts())


# Heat map


@pytest.fixture
def scores():
    rng = np.random.default_rng(0)
    names = [f"RBP{i}" for i in range(40)]
    return pd.DataFrame(rng.standard_t(3, (40, 6)), names, [f"tissue {j}" for j in range(6)])


def test_the_most_important_regulators_are_on_top(scores):
    display = RegulatorHeatmapDisplay.from_scores(scores, n_regulators=7, score_name="DeepLIFT")
    importance = scores.abs().mean(axis=1).sort_values(ascending=False)
    assert texts(display.ax_.get_yticklabels()) == importance.index[:7].tolist()
    assert texts(display.ax_.get_xticklabels()) == scores.columns.tolist()
    shown = scores.loc[importance.index[:7]].to_numpy()
    np.testing.assert_array_equal(display.image_.get_array(), shown)
    assert display.image_.get_clim() == (-np.abs(shown).max(), np.abs(shown).max())
    assert display.ax_.get_title(loc="left") == "7 of 40 regulators"
    assert display.colorbar_.ax.get_ylabel() == "DeepLIFT"
    np.testing.assert_array_equal(scores.index[display.regulators_], importance.index[:7])


def test_clusters_show_the_same_regulators():
    rng = np.random.default_rng(0)
    kinds = np.arange(20) % 2
    values = np.where(kinds[:, np.newaxis] == np.arange(8) % 2, 2.0, -2.0)
    values += 0.1 * rng.normal(size=values.shape)
    ranked = RegulatorHeatmapDisplay(values).plot(n_regulators=12)
    display = RegulatorHeatmapDisplay(values).plot(n_regulators=12, order="cluster", colorbar=False)
    assert set(display.regulators_) == set(ranked.regulators_)
    assert np.count_nonzero(np.diff(kinds[display.regulators_])) == 1
    assert np.count_nonzero(np.diff(display.outputs_ % 2)) == 1
    expected = values[np.ix_(display.regulators_, display.outputs_)]
    np.testing.assert_array_equal(display.image_.get_array(), expected)
    assert display.colorbar_ is None


def test_little_to_show():
    one = RegulatorHeatmapDisplay.from_scores(pd.Series({"FUS": 0.3}, name="Lung"))
    assert one.ax_.get_title(loc="left") == "1 of 1 regulator"
    zeros = RegulatorHeatmapDisplay.from_scores(np.zeros((3, 2)), order="cluster")
    assert zeros.image_.get_clim() == (-1, 1)
    for display in (one, zeros):
        display.figure_.canvas.draw()


def test_scores_that_cannot_be_drawn(scores):
    display = RegulatorHeatmapDisplay(scores)
    with pytest.raises(ValueError, match="order must be 'score' or 'cluster', got 'name'"):
        display.plot(order="name")
    for wrong in (0, 2.5):
        with pytest.raises(ValueError, match=rf"n_regulators must be a positive .* got {wrong}"):
            display.plot(n_regulators=wrong)
    scores.iloc[3, 2] = np.nan
    with pytest.raises(ValueError, match="got nan for regulator 'RBP3' and output 'tissue 2'"):
        display.plot()
    assert not plt.get_fignums()


# Profile


@pytest.fixture
def contributions():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(12, 9)) * np.arange(1, 10)
    return pd.DataFrame(values, columns=[f"RBP{i}" for i in range(9)])


def data_of(patch):
    values, edges, baseline = patch.get_data()
    return np.asarray(values), np.asarray(edges), baseline


def test_stacks_add_up(contributions):
    display = PositionProfileDisplay.from_contributions(contributions, n_regulators=3, bin_size=50)
    weight = contributions.abs().sum().to_numpy()
    np.testing.assert_array_equal(display.regulators_, np.argsort(-weight)[:3])
    np.testing.assert_array_equal(display.edges_, 50 * np.arange(13))
    assert len(display.patches_) == 8
    values = contributions.to_numpy()
    ups = [data_of(patch) for patch in display.patches_[::2]]
    downs = [data_of(patch) for patch in display.patches_[1::2]]
    for stack, clipped in ((ups, np.maximum(values, 0)), (downs, np.minimum(values, 0))):
        base = np.zeros(12)
        for rank, (top, _, baseline) in enumerate(stack):
            np.testing.assert_array_equal(baseline, base)
            if rank < 3:
                expected = clipped[:, display.regulators_[rank]]
                np.testing.assert_allclose(top - baseline, expected, atol=1e-12)
            base = top
        np.testing.assert_allclose(stack[-1][0], clipped.sum(axis=1))
    np.testing.assert_allclose(data_of(display.total_)[0], values.sum(axis=1))
    sums = values.sum(axis=0)[display.regulators_]
    names = contributions.columns[display.regulators_]
    labels = legend_of(display)
    for label, name, total in zip(labels[:3], names, sums, strict=True):
        assert label.startswith(f"{name}: ")
        assert float(label.split(": ")[1]) == pytest.approx(total, rel=0.01)
    assert labels[3].startswith("6 others: ")
    assert float(labels[4].removeprefix("total: ")) == pytest.approx(values.sum(), rel=0.01)
    assert display.ax_.get_ylabel() == "Contribution\nper 50 bases"


def test_lines_are_the_regulators(contributions):
    display = PositionProfileDisplay(contributions).plot(kind="lines", n_regulators=2)
    values = contributions.to_numpy()
    for patch, j in zip(display.patches_, display.regulators_, strict=False):
        np.testing.assert_array_equal(data_of(patch)[0], values[:, j])
        assert not patch.get_fill()
    others = np.delete(values, display.regulators_, axis=1).sum(axis=1)
    np.testing.assert_allclose(data_of(display.patches_[2])[0], others)


def test_promoters_begin_before_the_start_of_transcription():
    display = PositionProfileDisplay.from_contributions(
        np.ones((30, 2)), part="promoter", title="CD53"
    )
    assert (display.edges_[0], display.edges_[-1]) == (-2000, 1000)
    assert "transcription start site" in display.ax_.get_xlabel()
    assert display.ax_.get_title(loc="left") == "CD53"
    assert any(set(line.get_xdata()) == {0} for line in display.ax_.get_lines())
    shifted = PositionProfileDisplay.from_contributions(np.ones((3, 2)), start=-7, bin_size=1)
    np.testing.assert_array_equal(shifted.edges_, [-7, -6, -5, -4])


def test_long_transcripts_are_pooled_and_keep_their_sums(contributions):
    display = PositionProfileDisplay(contributions).plot(max_bars=5)
    np.testing.assert_array_equal(display.edges_, [0, 300, 600, 900, 1200])
    pooled = contributions.to_numpy().reshape(4, 3, 9).sum(axis=(1, 2))
    np.testing.assert_allclose(data_of(display.total_)[0], pooled)
    assert display.ax_.get_ylabel().endswith("per 300 bases")
    uneven = PositionProfileDisplay(contributions).plot(max_bars=2 + 1 + 2 + 2)
    np.testing.assert_array_equal(uneven.edges_, np.arange(0, 1201, 200))
    last = PositionProfileDisplay(contributions.iloc[:11]).plot(max_bars=6)
    assert last.edges_[-1] == 1100
    everything = PositionProfileDisplay(contributions).plot(max_bars=1)
    np.testing.assert_allclose(data_of(everything.total_)[0], contributions.to_numpy().sum())


def test_totals_and_single_regulators(contributions):
    total = contributions.sum(axis=1)
    for values in (total, total.to_numpy()):
        display = PositionProfileDisplay.from_contributions(values)
        assert [label.split(":")[0] for label in legend_of(display)] == ["all regulators", "total"]
        np.testing.assert_allclose(data_of(display.total_)[0], total)
    one = PositionProfileDisplay.from_contributions(contributions[["RBP4"]])
    assert [label.split(":")[0] for label in legend_of(one)] == ["RBP4", "total"]
    two = PositionProfileDisplay.from_contributions(contributions[["RBP4", "RBP5"]], n_regulators=1)
    assert legend_of(two)[1].startswith("1 other: ")
    none = PositionProfileDisplay.from_contributions(contributions, n_regulators=0)
    assert legend_of(none)[0].startswith("all 9 regulators: ")


def test_nothing_contributes():
    display = PositionProfileDisplay.from_contributions(np.zeros((1, 4)))
    assert display.regulators_.size == 0
    assert legend_of(display) == ["all 4 regulators: +0.00", "total: +0.00"]
    display.figure_.canvas.draw()


@pytest.mark.parametrize(
    ("options", "plotting", "error", "message"),
    [
        ({"part": "exon"}, {}, ValueError, "part must be 'rna' or 'promoter', got 'exon'"),
        ({"bin_size": 0}, {}, ValueError, "bin_size == 0, must be >= 1"),
        ({"start": 0.5}, {}, TypeError, "start must be an instance of int"),
        ({}, {"kind": "bars"}, ValueError, "kind must be 'stacked' or 'lines', got 'bars'"),
        ({}, {"n_regulators": 9}, ValueError, "n_regulators == 9, must be <= 8"),
        ({}, {"max_bars": 0}, ValueError, "max_bars == 0, must be >= 1"),
    ],
)
def test_profiles_that_cannot_be_drawn(contributions, options, plotting, error, message):
    with pytest.raises(error, match=message):
        PositionProfileDisplay(contributions, **options).plot(**plotting)
    assert not plt.get_fignums()


def test_missing_contributions(contributions):
    contributions.iloc[2, 1] = np.nan
    with pytest.raises(ValueError, match="got nan for bin '2' and regulator 'RBP1'"):
        PositionProfileDisplay(contributions).plot()
    with pytest.raises(ValueError, match="a row for every bin"):
        PositionProfileDisplay(np.zeros((0, 3))).plot()


# Volcano


@pytest.fixture
def tests():
    rng = np.random.default_rng(0)
    effect = rng.normal(size=500)
    p_value = rng.uniform(0.01, 1, size=500)
    effect[:4], p_value[:4] = [2, -3, 1.5, 0], [1e-12, 1e-9, 1e-5, 1e-9]
    names = np.array([f"TF{i}" for i in range(500)], dtype=object)
    return effect, p_value, names


def offsets(collection):
    return np.asarray(collection.get_offsets())


def test_points_threshold_and_labels(tests):
    effect, p_value, names = tests
    display = VolcanoDisplay(effect, p_value, names, effect_name="Coefficient").plot()
    assert display.threshold_ == 0.05 / 500
    assert display.threshold_line_.get_ydata()[0] == pytest.approx(4)
    expected = np.column_stack([effect, -np.log10(p_value)])
    np.testing.assert_allclose(offsets(display.positive_), expected[[0, 2]])
    np.testing.assert_allclose(offsets(display.negative_), expected[[1]])
    np.testing.assert_allclose(offsets(display.others_), expected[3:])
    assert display.capped_ is None
    assert texts(display.labels_) == ["TF0", "TF1", "TF2"]
    for label, i in zip(display.labels_, (0, 1, 2), strict=True):
        np.testing.assert_allclose(label.xy, expected[i])
    assert legend_of(display) == [
        "not significant: 497",
        "significant, below 0: 1",
        "significant, above 0: 2",
        "p = 0.0001 (Bonferroni, 0.05 / 500)",
    ]
    assert display.ax_.get_xlabel() == "Coefficient"
    assert texts(display.plot(n_labels=2).labels_) == ["TF0", "TF1"]
    assert display.plot(n_labels=0).labels_ == []
    assert VolcanoDisplay(effect, p_value).plot().labels_ == []


def test_a_given_level(tests):
    display = VolcanoDisplay(*tests).plot(alpha=1e-6, correction=None)
    assert display.threshold_ == 1e-6
    assert "p = 1e-06" in legend_of(display)
    assert texts(display.labels_) == ["TF0", "TF1"]


def test_p_values_of_zero_are_marked_at_the_end_of_their_type():
    p_value = np.array([0.0, 1e-30, 0.5])
    display = VolcanoDisplay([1.0, -1.0, 0.1], p_value).plot()
    np.testing.assert_allclose(offsets(display.capped_), [[1.0, -np.log10(5e-324)]])
    assert "p = 0, drawn at 4.9e-324: 1" in legend_of(display)
    single = VolcanoDisplay([1.0, -1.0, 0.1], p_value.astype(np.float32)).plot()
    assert offsets(single.capped_)[0, 1] == pytest.approx(-np.log10(1.4013e-45), abs=1e-3)
    integers = VolcanoDisplay([1.0, 2.0], np.array([0, 1])).plot()
    assert offsets(integers.capped_)[0, 1] == pytest.approx(323.306, abs=1e-3)


def test_undefined_tests_are_counted_and_not_corrected_for(tests):
    effect, p_value, names = tests
    effect[10], p_value[11], p_value[12] = np.nan, np.nan, np.nan
    display = VolcanoDisplay(effect, p_value, names).plot()
    assert display.threshold_ == 0.05 / 498
    assert "undefined, not drawn: 3" in legend_of(display)
    drawn = [display.positive_, display.negative_, display.others_]
    assert sum(len(offsets(points)) for points in drawn) == 497


def test_axes_without_room_for_labels(tests):
    _, axes = plt.subplots(1, 2, figsize=(5, 0.9))
    display = VolcanoDisplay(*tests).plot(axes[0])
    assert display.labels_ == []
    display.figure_.canvas.draw()
    _, axes = plt.subplots(1, 2, figsize=(6, 4))
    few = VolcanoDisplay(*tests).plot(axes[1]).labels_
    assert texts(few) == ["TF0", "TF1", "TF2"]


@pytest.mark.parametrize("tied", [False, True])
def test_labels_do_not_overlap_each_other_or_points(tied):
    rng = np.random.default_rng(0)
    effect = rng.normal(size=300)
    p_value = np.zeros(300) if tied else 10.0 ** -np.abs(20 * effect)
    names = [f"a_name_of_a_regulator_that_is_long_{i}" for i in range(300)]
    display = VolcanoDisplay(effect, p_value, names).plot(n_labels=60)
    display.figure_.canvas.draw()
    boxes = [mpl.text.Text.get_window_extent(label) for label in display.labels_]
    assert len(boxes) >= 40
    inside = display.ax_.get_window_extent()
    points = display.ax_.transData.transform(
        np.vstack([offsets(each) for each in (display.positive_, display.negative_)])
    )
    for i, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[:i])
        assert not np.any([box.contains(*point) for point in points])
        assert box.x0 >= inside.x0 - 2
        assert box.x1 <= inside.x1 + 2
    for label in display.labels_:
        assert (label.get_ha() == "left") == (label.xy[0] > 0)


def test_the_table_of_differential_expression(expression):
    groups = np.repeat(["a", "b"], 45)
    table = differential_expression(expression, groups)
    display = VolcanoDisplay.from_table(table, alpha=0.01)
    np.testing.assert_array_equal(display.effect, table["log_fold_change"])
    np.testing.assert_array_equal(display.p_value, table["p_value"])
    assert display.ax_.get_xlabel() == "Log fold change"
    n_found = int((table["p_value"] <= 0.01 / len(table)).sum())
    assert len(offsets(display.positive_)) + len(offsets(display.negative_)) == n_found
    renamed = table.rename(columns={"p_value": "q"})
    other = VolcanoDisplay.from_table(renamed, p_value="q", effect_name="log2 fold change")
    assert other.ax_.get_xlabel() == "log2 fold change"
    with pytest.raises(ValueError, match=r"no column 'p_value'; pass one .* as p_value: .*'q'"):
        VolcanoDisplay.from_table(renamed)
    with pytest.raises(ValueError, match="no column 'gene'; pass one of its columns as names"):
        VolcanoDisplay.from_table(table, names="gene")
    with pytest.raises(TypeError, match="table must be a DataFrame, got dict"):
        VolcanoDisplay.from_table({"p_value": [1]})


def test_names_in_columns():
    table = pd.DataFrame(
        {"part": ["rna", "promoter"], "regulator": ["FUS", 5], "b": [1.0, -1.0], "p": [0.01, 0.02]}
    )
    display = VolcanoDisplay.from_table(table, effect="b", p_value="p", names="regulator")
    assert texts(display.labels_) == ["FUS", "5"]
    names = ["part", "regulator"]
    display = VolcanoDisplay.from_table(table, effect="b", p_value="p", names=names)
    assert texts(display.labels_) == ["rna: FUS", "promoter: 5"]


def test_a_level_beyond_floating_point():
    display = VolcanoDisplay([1.0, 2.0], [0.0, 1.0], ["FUS", "QKI"]).plot(alpha=5e-324)
    assert display.threshold_line_.get_ydata()[0] == pytest.approx(323.607, abs=1e-3)
    assert texts(display.labels_) == ["FUS"]
    display.figure_.canvas.draw()


@pytest.mark.parametrize(
    ("effect", "p_value", "message"),
    [
        ([1.0], [1.5], "p_value must be between 0 and 1, got 1.5"),
        ([1.0], [-3.0], "p_value must be between 0 and 1, got -3"),
        ([0.0, np.inf], [0.1, 0.1], "effect must be finite or NaN, got inf for test 1"),
        ([0.0], [np.nan], "p_value is NaN throughout"),
        ([], [], r"at least one, got shapes \(0,\), \(0,\)"),
        ([1.0], [0.1, 0.2], r"got shapes \(1,\), \(2,\)"),
    ],
)
def test_impossible_tests(effect, p_value, message):
    with pytest.raises(ValueError, match=message):
        VolcanoDisplay(effect, p_value).plot()
    assert not plt.get_fignums()


def test_impossible_options():
    display = VolcanoDisplay([1.0], [0.1], ["FUS"])
    for alpha in (0, 1.5):
        with pytest.raises(ValueError, match=f"alpha == {alpha}, must be"):
            display.plot(alpha=alpha)
    with pytest.raises(ValueError, match="n_labels == -1, must be >= 0"):
        display.plot(n_labels=-1)
    with pytest.raises(ValueError, match="correction must be 'bonferroni' or None, got 'fdr'"):
        display.plot(correction="fdr")
    with pytest.raises(ValueError, match=r"got shapes \(1,\), \(1,\), \(2,\)"):
        VolcanoDisplay([1.0], [0.1], ["FUS", "QKI"]).plot()


def test_results_whole():
    """Tables are drawn, not what holds them."""
    table = pd.DataFrame({"Lung": [0.1, 0.2]}, index=["FUS", "QKI"])
    scores = RegulatorScores(table, table[:0], None, table.index, np.arange(2), "signed", 0, 1, 0)
    with pytest.raises(TypeError, match=r"scores is RegulatorScores, not a table; .* `\.scores`"):
        RegulatorHeatmapDisplay.from_scores(scores)
    RegulatorHeatmapDisplay.from_scores(scores.scores)
    drivers = pd.DataFrame({"coefficient": [0.1], "p_value": [0.2]})
    drivers = CoexpressionDrivers(("A", "B"), drivers, 0.5, np.zeros(9), 0.1)
    with pytest.raises(TypeError, match=r"`\.drivers`, and effect='coefficient'"):
        VolcanoDisplay.from_table(drivers)
    VolcanoDisplay.from_table(drivers.drivers, effect="coefficient")
