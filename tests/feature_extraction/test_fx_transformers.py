"""Transformers of tracks: which regulators are kept, and on what scale."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline

import skgenes
from skgenes.feature_extraction import RegulatorFilter, RegulatorScaler, RegulatoryTracks, Track

RNA = Track(
    [
        [100, 10, 0, 30, 0],
        [100, 20, 0, 0, 0],
        [30, 0, 0, 30, 0],
        [100, 40, 5, 0, 0],
        [100, 5, 0, 0, 8],
    ],
    [0, 2, 3, 4, 5],
    ["exon", "A", "B", "C", "D"],
)
PROMOTER = Track(np.eye(4, 3) * 50, np.arange(5), ["promoter", "A", "Z"])
TRACKS = RegulatoryTracks(["g1", "g2", "g3", "g4"], promoter=PROMOTER, rna=RNA)
TRAIN, TEST = TRACKS[:3], TRACKS[3:]


def test_filter_counts_training_genes():
    kept = RegulatorFilter(2).fit(TRAIN)
    assert kept.n_genes_bound_["rna"].tolist() == [3, 2, 1, 2, 0]
    assert kept.n_genes_bound_["promoter"].tolist() == [1, 1, 1]
    assert kept.support_["rna"].tolist() == [True, True, False, True, False]
    out = kept.transform(TRACKS)
    assert out.rna.regulators.tolist() == ["exon", "A", "C"]
    assert out.promoter.regulators.tolist() == ["promoter"]
    np.testing.assert_array_equal(out.rna.bins.toarray(), RNA.bins.toarray()[:, [0, 1, 3]])
    assert (kept.n_features_in_, out.shape) == (8, (4, 4))
    # A regulator of one more gene would do, but that gene is not for training.
    assert "D" in RegulatorFilter(1).fit(TRACKS).transform(TEST).rna.regulators
    assert RegulatorFilter(0).fit_transform(TRAIN) == TRAIN


def test_scaler_divides_by_the_training_maximum():
    scaler = RegulatorScaler().fit(TRAIN)
    assert scaler.maximum_["rna"].tolist() == [100, 40, 5, 30, 0]
    train = scaler.transform(TRAIN)
    np.testing.assert_array_equal(
        train.rna.bins.toarray(),
        np.float32(RNA.bins.toarray()[:4]) / np.float32([100, 40, 5, 30, 1]),
    )
    # What training has not seen has no scale.
    np.testing.assert_array_equal(
        scaler.transform(TEST).rna.bins.toarray(), np.float32([[1, 0.125, 0, 0, 0]])
    )
    assert train.rna.bins.max() == 1
    assert RNA.bins.max() == 100


def test_in_a_pipeline_that_is_saved(tmp_path):
    pipeline = make_pipeline(RegulatorFilter(2), RegulatorScaler())
    assert clone(pipeline).get_params()["regulatorfilter__min_genes"] == 2
    expected = pipeline.fit(TRAIN).transform(TEST)
    assert expected.rna.regulators.tolist() == ["exon", "A", "C"]
    skgenes.save(pipeline, tmp_path / "pipeline.skgenes")
    loaded = skgenes.load(tmp_path / "pipeline.skgenes")
    assert loaded.transform(TEST) == expected
    np.testing.assert_array_equal(
        loaded[0].n_genes_bound_["rna"], pipeline[0].n_genes_bound_["rna"]
    )
    pipeline.set_params(regulatorfilter__min_genes=1).fit(TRAIN)
    assert pipeline.transform(TEST).rna.regulators.tolist() == ["exon", "A", "B", "C"]


@pytest.mark.parametrize("transformer", [RegulatorFilter(1), RegulatorScaler()])
def test_bad_input(transformer):
    with pytest.raises(NotFittedError):
        transformer.transform(TRACKS)
    name = type(transformer).__name__
    with pytest.raises(TypeError, match=f"{name} takes RegulatoryTracks, got ndarray"):
        clone(transformer).fit(np.eye(3))
    with pytest.raises(ValueError, match=f"{name} needs at least 1 gene to fit, got 0"):
        clone(transformer).fit(TRACKS[[]])
    fitted = clone(transformer).fit(TRAIN)
    with pytest.raises(TypeError, match=f"{name} takes RegulatoryTracks, got list"):
        fitted.transform([1])
    with pytest.raises(
        ValueError, match=r"X has the parts 'rna', but .* fitted on 'promoter', 'rna"
    ):
        fitted.transform(RegulatoryTracks(TRACKS.genes, rna=RNA))
    fewer = TRACKS.select(["A", "B"], part="rna")
    with pytest.raises(ValueError, match=r"regulators of rna .* 0 are new \(none\), 2 are missing"):
        fitted.transform(fewer)
    turned = Track(RNA.bins[:, [0, 2, 1, 3, 4]], RNA.offsets, ["exon", "B", "A", "C", "D"])
    with pytest.raises(ValueError, match="They are the same in another order"):
        fitted.transform(RegulatoryTracks(TRACKS.genes, promoter=PROMOTER, rna=turned))
    before = vars(fitted).copy()
    with pytest.raises(TypeError):
        fitted.fit("tracks")
    assert vars(fitted) == before


def test_bad_parameters():
    with pytest.raises(ValueError, match="The 'min_genes' parameter of RegulatorFilter must be"):
        RegulatorFilter(-1).fit(TRAIN)


def test_no_regulator_binds_enough_genes():
    message = (
        r"None of \d+ regulators binds min_genes=30 of the \d+ training genes; .* is \d+\. Lower"
    )
    with pytest.raises(ValueError, match=message):
        RegulatorFilter().fit(TRAIN)
    masks = RegulatoryTracks(TRAIN.genes, rna=TRAIN.rna).select([])
    assert RegulatorFilter().fit_transform(masks) == masks
