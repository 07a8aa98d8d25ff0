"""Blood cells: 700 cells and 765 genes of a public data set."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, KFold, cross_validate, train_test_split

from skgenes.compose import LandmarkReconstructor
from skgenes.feature_selection import (
    AutoEncoderDeepLIFTSelector,
    GivenPanelSelector,
    PeelOffSelector,
)
from skgenes.inspection import deeplift
from skgenes.linear_model import PanelRidge
from skgenes.metrics import (
    all_genes_pearson_scorer,
    gene_permutation_test,
    neg_per_gene_mae_scorer,
    per_gene_pearson_scorer,
)
from skgenes.neural_network import DGEXRegressor, GeneAutoEncoder

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning"),
]


@pytest.fixture(scope="module")
def cells():
    scanpy = pytest.importorskip("scanpy")
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        adata = scanpy.datasets.pbmc68k_reduced().raw.to_adata()
    detected = np.asarray((adata.X > 0).sum(axis=0)).ravel() >= 70
    return adata[:, detected].copy()


@pytest.fixture(scope="module")
def halves(cells):
    train, test = train_test_split(np.arange(len(cells)), test_size=200, random_state=0)
    return cells[train].copy(), cells[test].copy()


@pytest.fixture(scope="module")
def autoencoder(halves):
    model = GeneAutoEncoder(
        (64, 16), activation="tanh", dropout=0.0, max_iter=40, random_state=0,
        loss="mean_squared_error",
    )  # fmt: skip
    return model.fit(halves[0])


def test_the_autoencoder_learns_cells_it_has_not_seen(autoencoder, halves):
    train, test = halves
    assert autoencoder.loss_curve_[-1] < 0.9 * autoencoder.loss_curve_[0]
    assert autoencoder.score(train) > autoencoder.score(test) > 0.2
    observed, inferred = autoencoder.observed_and_inferred(test)
    observed = observed.toarray()
    mean = np.asarray(train.X.mean(axis=0)).ravel()
    assert ((observed - inferred) ** 2).mean() < 0.97 * ((observed - mean) ** 2).mean()
    assert autoencoder.transform(test).shape == (200, 16)


def test_cell_types_part_in_the_bottleneck(autoencoder, cells):
    codes = autoencoder.transform(cells)
    types = cells.obs["bulk_labels"].astype(str).to_numpy()
    monocytes = np.char.startswith(types.astype(str), "CD14+ Monocyte")
    b_cells = np.char.startswith(types.astype(str), "CD19+ B")
    centres = codes[monocytes].mean(axis=0), codes[b_cells].mean(axis=0)
    mixed = codes[monocytes | b_cells]
    nearer = ((mixed - centres[0]) ** 2).sum(axis=1) < ((mixed - centres[1]) ** 2).sum(axis=1)
    assert (nearer == monocytes[monocytes | b_cells]).mean() > 0.9


def test_contributions_add_up_on_real_cells(autoencoder, halves):
    result = deeplift(autoencoder, halves[1], aggregation="absolute", after_activation=False)
    assert result.relative_residual < 1e-4
    assert list(result.feature_names) == list(halves[1].var_names)
    assert (result.contributions >= 0).all()
    assert result.contributions.max() > 0


@pytest.fixture(scope="module")
def panel(autoencoder, halves):
    selector = AutoEncoderDeepLIFTSelector(40, autoencoder=clone(autoencoder))
    return selector.fit(halves[0])


def test_a_panel_infers_the_other_genes(panel, halves):
    train, test = halves
    model = LandmarkReconstructor(panel, Ridge(10.0)).fit(train)
    assert model.support_.sum() == 40
    assert model.score(test) > 0.15
    nothing = LandmarkReconstructor(panel, DummyRegressor()).fit(train)
    error, baseline = (neg_per_gene_mae_scorer(m, test) for m in (model, nothing))
    assert error > baseline, "inference must beat the mean of every gene"
    observed, inferred = model.observed_and_inferred(test)
    assert gene_permutation_test(observed, inferred).fraction_significant > 0.05
    measured = test[:, list(model.landmarks_)]
    np.testing.assert_allclose(model.predict(measured), model.predict(test), atol=1e-5)
    whole = model.reconstruct(measured)
    np.testing.assert_array_equal(whole[:, model.support_], measured.X.toarray())


def test_a_panel_of_noise_is_worse(panel, halves):
    train, test = halves
    variances = train.X.toarray().var(axis=0)
    dull = GivenPanelSelector(np.argsort(variances)[:40])
    good, bad = (
        LandmarkReconstructor(selector, Ridge(10.0)).fit(train).score(test)
        for selector in (panel, dull)
    )
    assert good > bad


def test_peel_off_picks_genes_that_tell_of_others(halves):
    train, test = halves
    peel_off = PeelOffSelector(40, random_state=0).fit(train)
    correlations = np.corrcoef(train.X.toarray(), rowvar=False)
    others = np.flatnonzero((peel_off.clusters_ >= 0) & ~peel_off.support_)
    own = correlations[others, peel_off.clusters_[others]]
    assert own.mean() > 2 * np.abs(correlations[others]).mean()

    def score(genes):
        return LandmarkReconstructor(GivenPanelSelector(genes), Ridge(10.0)).fit(train).score(test)

    rng = np.random.default_rng(0)
    random = [score(rng.choice(train.n_vars, 40, replace=False)) for _ in range(9)]
    assert score(peel_off.get_support(indices=True)) > np.median(random) + 0.01


def test_dgex_infers_the_other_genes(panel, halves):
    train, test = halves
    dgex = DGEXRegressor((64,), solver="adam", batch_size=50, max_iter=40, random_state=0)
    panel = GivenPanelSelector(panel.get_feature_names_out())
    model = LandmarkReconstructor(panel, dgex).fit(train)
    assert model.score(test) > 0.15
    nothing = LandmarkReconstructor(panel, DummyRegressor()).fit(train)
    squared = []
    for each in (model, nothing):
        observed, inferred = each.observed_and_inferred(test)
        squared.append(((observed.toarray() - inferred) ** 2).mean())
    assert squared[0] < squared[1]


def test_larger_panels_tell_more(halves):
    train, test = halves
    model = LandmarkReconstructor(
        AutoEncoderDeepLIFTSelector(
            5,
            strategy="importance",
            autoencoder=GeneAutoEncoder((32, 8), max_iter=5),
            random_state=0,
        ),
        Ridge(10.0),
    )
    search = GridSearchCV(
        model, {"selector__n_features_to_select": [5, 100]},
        cv=KFold(2, shuffle=True, random_state=0), scoring=per_gene_pearson_scorer,
        error_score="raise",
    )  # fmt: skip
    search.fit(train)
    assert search.best_params_ == {"selector__n_features_to_select": 100}
    assert search.score(test) > 0.15


def test_a_searched_panel_tells_more_than_the_most_important_genes(halves):
    train, test = halves
    network = GeneAutoEncoder((32, 8), activation="tanh", loss="mean_squared_error", max_iter=10)
    selector = AutoEncoderDeepLIFTSelector(autoencoder=network, random_state=0)
    search = GridSearchCV(
        LandmarkReconstructor(selector, PanelRidge()),
        {
            "selector__strategy": ["importance", "reconstruction"],
            "selector__n_features_to_select": [10, 20],
        },
        cv=KFold(2, shuffle=True, random_state=0), scoring=all_genes_pearson_scorer,
        error_score="raise",
    )  # fmt: skip
    search.fit(train)
    assert search.best_params_["selector__strategy"] == "reconstruction"
    scores = search.cv_results_["mean_test_score"].reshape(2, 2)  # sizes x strategies
    assert (scores[:, 1] > scores[:, 0] + 0.02).all()
    assert search.score(test) > 0.2


def test_cross_validation_of_cells(halves):
    results = cross_validate(
        GeneAutoEncoder((16, 4), max_iter=3, random_state=0), halves[0], cv=2,
        scoring={"r": per_gene_pearson_scorer, "mae": neg_per_gene_mae_scorer},
        error_score="raise",
    )  # fmt: skip
    assert np.isfinite(results["test_r"]).all()
    assert (results["test_mae"] < 0).all()
