"""Scores on the binding sites of real genes (substitute inputs, not those of the paper)."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from skgenes.feature_extraction import RegulatoryTracks, Track
from skgenes.inspection import position_contributions, regulator_scores
from skgenes.neural_network import DEcodeRegressor


@pytest.fixture(scope="module")
def chromosome_1(real_data):
    folder = real_data / "decode_genome"
    with np.load(folder / "built_index_targets.npz") as table:
        test = np.flatnonzero(table["split"] == "test")
        genes, targets = table["gene"][test], table["fold_change"][test]
        names = table["promoter_features"], table["rna_features"]
        offsets, tissues = table["rna_offset"], table["tissues"]
    promoter = sp.csr_array(sp.load_npz(folder / "built_promoter_gene_x_tf.npz"))[test]
    mask = sp.csr_array(np.ones((len(test), 1), np.float32))
    promoter = sp.hstack([mask, promoter], format="csr")
    rna = sp.csr_array(sp.load_npz(folder / "built_rna_positions_x_feature.npz"))
    everything = RegulatoryTracks(
        [str(i) for i in range(len(offsets) - 1)], rna=Track(rna, offsets, names[1].tolist())
    )
    X = RegulatoryTracks(
        genes.tolist(),
        promoter=Track(promoter, np.arange(len(test) + 1), ["promoter", *names[0].tolist()]),
        rna=everything[test].rna,
    )
    return X, pd.DataFrame(targets / targets.std(), columns=tissues, index=genes)


@pytest.mark.parametrize("log_counts", [False, True])
def test_contributions_to_real_genes_add_up(chromosome_1, log_counts):
    X, y = chromosome_1
    model = DEcodeRegressor(n_init=1, max_iter=1, log_counts=log_counts, random_state=0).fit(X, y)
    outputs = [y.columns[3], y.columns[30]]
    result = regulator_scores(model, X, aggregation=None, outputs=outputs)
    assert 0 < result.relative_residual < 1e-5
    expected = model.predict(X)[:, [3, 30]] - result.expected_output.to_numpy()
    np.testing.assert_allclose(
        result.contributions.sum(axis=1, dtype=float), expected, atol=1e-5 * np.abs(expected).max()
    )
    longest = int(X.rna.lengths.argmax())
    parts = [
        position_contributions(model, X, longest, part=part, outputs=outputs[0])
        for part in ("promoter", "rna")
    ]
    assert len(parts[1]) == X.rna.lengths.max()
    total = sum(part.to_numpy().sum() for part in parts)
    assert total == pytest.approx(expected[longest, 0], abs=1e-5 * np.abs(expected).max())
