"""A model is opened for the genes asked for, and gives what it gives with all of them."""

import anndata
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MaxAbsScaler

from skgenes.feature_extraction import RegulatorFilter, RegulatorScaler, RegulatoryTracks, Track
from skgenes.inspection import (
    binding_site_disruption,
    in_silico_knockout,
    knockout_effects,
    position_contributions,
    regulator_scores,
)
from skgenes.inspection._explained_regulators import without_sites
from skgenes.inspection._regulator_model import open_model
from skgenes.neural_network import DEcodeRegressor

DRAWS = {"n_draws": 50, "random_state": 0}
QUESTIONS = {
    "knockout": (2, lambda model, X: in_silico_knockout(model, X, "G3", "G1", **DRAWS).drivers),
    "disruption": (
        2,
        lambda model, X: binding_site_disruption(model, X, "G3", "G1", **DRAWS).drivers,
    ),
    "effects": (1, lambda model, X: knockout_effects(model, X, genes="G7")),
    "effects per gene": (
        3,
        lambda model, X: knockout_effects(model, X, genes=["G7", "G0", "G4"], per_gene=True),
    ),
    "positions": (1, lambda model, X: position_contributions(model, X, "G2", part="rna")),
    "positions by number": (1, lambda model, X: position_contributions(model, X, 2, part="rna")),
}


BY_POSITION = {
    "knockout": lambda model, X, a, b, outputs: (
        in_silico_knockout(model, X, a, b, outputs=outputs, **DRAWS).drivers
    ),
    "disruption": lambda model, X, a, b, outputs: (
        binding_site_disruption(model, X, a, b, outputs=outputs, **DRAWS).drivers
    ),
    "effects": lambda model, X, a, b, outputs: knockout_effects(
        model, X, genes=[a, b], outputs=outputs
    ),
    "positions": lambda model, X, a, _, outputs: position_contributions(
        model, X, a, part="rna", outputs=outputs
    ),
}


@pytest.fixture(scope="module")
def tracks():
    rng = np.random.default_rng(0)

    def track(mask, lengths):
        bins = rng.integers(1, 100, (lengths.sum(), 7)) * (rng.random((lengths.sum(), 7)) < 0.3)
        # The longest gene has the largest mask: the reference of one gene alone is another.
        bins[:, 0] = np.repeat(10 * lengths, lengths)
        bins[:, 6] = np.arange(lengths.sum()) < 1  # too rare for the filter
        names = [mask, *(f"{mask}{i}" for i in range(6))]
        return Track(bins, np.append(0, np.cumsum(lengths)), names)

    return RegulatoryTracks(
        [f"G{i}" for i in range(30)],
        promoter=track("promoter", np.full(30, 3)),
        rna=track("exon", rng.integers(2, 9, 30)),
    )


@pytest.fixture(scope="module", params=[False, True], ids=["sums", "logs"])
def fitted(request, tracks):
    """A pipeline, and how many genes its first step got in each call."""
    seen = []

    def look(X):
        seen.append(len(X))
        return X

    decode = DEcodeRegressor(
        [(6, 1)], [(5, 2)], (7,), log_counts=request.param, n_init=1, max_iter=3, random_state=0
    )
    steps = FunctionTransformer(look), RegulatorFilter(min_genes=2), RegulatorScaler(), decode
    y = np.random.default_rng(1).normal(size=(30, 4))
    return make_pipeline(*steps).fit(tracks, y), seen


@pytest.mark.parametrize("question", QUESTIONS)
def test_only_the_genes_asked_for_are_transformed(fitted, tracks, question):
    pipeline, seen = fitted
    n_genes, ask = QUESTIONS[question]
    transformed = pipeline[:-1].transform(tracks)
    assert transformed.shape[1] < tracks.shape[1]
    seen.clear()
    found = ask(pipeline, tracks)
    assert seen[0] == n_genes
    assert set(seen[1:]) <= {1}  # the reference of positions
    pd.testing.assert_frame_equal(found, ask(pipeline[-1], transformed), check_exact=True)


@pytest.mark.parametrize("question", BY_POSITION)
def test_genes_and_outputs_by_name_or_position(tracks, question):
    names = list("abcd")
    y = pd.DataFrame(np.random.default_rng(1).normal(size=(30, 4)), columns=names)
    decode = DEcodeRegressor([(6, 1)], [(5, 2)], (7,), n_init=1, max_iter=3, random_state=0)
    model, ask = decode.fit(tracks, y), BY_POSITION[question]
    by_name = ask(model, tracks, "G3", "G1", ["d", "a", "b"])
    by_position = ask(model, tracks, 3, "G1", [3, "a", np.int64(1)])
    pd.testing.assert_frame_equal(by_position, by_name, check_exact=True)
    for gene, outputs, match in (
        ("G33", None, "Did you mean 'G3'"),
        (30, None, r"gene\(s\) .* among the 30 .*: 30\. There are 'G0'"),
        ("G3", [0, 1, 4], r"output\(s\) .* among the 4 .*: 4\. There are 'a', 'b', 'c', 'd'\."),
        ("G3", [0, 1, 2, "a"], r"output\(s\) are asked for more than once: 'a'"),
    ):
        with pytest.raises(ValueError, match=match):
            ask(model, tracks, gene, "G1", outputs)


def test_reference_of_all_genes(fitted, tracks):
    """No gene asked for changes what it is compared with."""
    pipeline, _ = fitted
    transformed = pipeline[:-1].transform(tracks)
    assert pipeline[:-1].transform(without_sites(tracks)) == without_sites(transformed)
    assert without_sites(transformed[["G2"]]) != without_sites(transformed)
    np.testing.assert_array_equal(
        regulator_scores(pipeline, tracks).scores,
        regulator_scores(pipeline[-1], transformed).scores,
    )


FORMS = {
    "array": np.asarray,
    "csr": sp.csr_array,
    "coo": sp.coo_array,
    "anndata": lambda counts: anndata.AnnData(sp.csr_matrix(counts)),
}


# scikit-learn's transformers do not take AnnData.
@pytest.mark.parametrize(
    ("form", "scaled"), [(form, scaled) for form in FORMS for scaled in {False, form != "anndata"}]
)
def test_genes_of_a_matrix(form, scaled):
    counts = np.random.default_rng(0).poisson(1.0, (20, 6)).astype(np.float32)
    decode = DEcodeRegressor([(4, 1)], hidden_layer_sizes=(5,), n_init=1, max_iter=2)
    y = np.random.default_rng(1).normal(size=(20, 3))
    X = FORMS[form](counts)
    model = make_pipeline(*[MaxAbsScaler()] * scaled, decode).fit(X, y)
    genes = ["4", "2"] if form == "anndata" else [4, 2]
    opened = open_model(model, X, lambda names: [list(names).index(gene) for gene in genes])
    assert opened.genes.tolist() == genes
    expected = counts / np.abs(counts).max(axis=0) if scaled else counts
    np.testing.assert_allclose(opened.inputs().toarray(), expected[[4, 2]], rtol=1e-6)


def test_a_column_called_genes():
    counts = np.random.default_rng(0).poisson(1.0, (20, 2)).astype(float)
    frame = pd.DataFrame(counts, [f"G{i}" for i in range(20)], ["genes", "TP53"])
    model = DEcodeRegressor([(4, 1)], hidden_layer_sizes=(5,), n_init=1, max_iter=2)
    opened = open_model(model.fit(frame, counts), frame)
    assert opened.genes.tolist() == frame.index.tolist()


def test_the_model_is_looked_for_before_its_genes():
    with pytest.raises(TypeError, match=r"A DEcodeRegressor is needed.* got MaxAbsScaler"):
        in_silico_knockout(MaxAbsScaler().fit([[1.0]]), [[1.0]], "G1", "G2")
