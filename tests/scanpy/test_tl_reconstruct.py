"""tl.reconstruct infers every cell by a model that has not seen it."""

import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LinearRegression, RidgeCV
from sklearn.model_selection import GroupKFold, KFold, LeaveOneGroupOut, ShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skgenes
from skgenes.compose import LandmarkReconstructor
from skgenes.feature_selection import GivenPanelSelector
from skgenes.neural_network import DGEXRegressor

RIDGE = make_pipeline(StandardScaler(), RidgeCV(alphas=np.logspace(-1, 5, 13)))
TOLERANCE = {"rtol": 1e-5, "atol": 1e-6}  # of float32


def by_hand(X, panel, regressor, folds):
    """Fit on each training part and fill in each test part."""
    model = LandmarkReconstructor(GivenPanelSelector(np.flatnonzero(panel)), regressor)
    filled = np.full(X.shape, np.nan)
    for train, test in folds:
        filled[test] = clone(model).fit(X[train]).reconstruct(X[test])
    return filled.astype(X.dtype)


def test_as_the_estimator_itself(flagged, same):
    before = flagged.copy()
    assert skgenes.tl.reconstruct(flagged) is None
    folds = KFold(5, shuffle=True, random_state=0).split(flagged.X)
    expected = by_hand(before.X, before.var["landmarks"], RIDGE, folds)
    layer = flagged.layers["reconstructed"]
    assert layer.dtype == np.float32
    np.testing.assert_allclose(layer, expected, **TOLERANCE)
    panel = flagged.var["landmarks"].to_numpy()
    np.testing.assert_array_equal(layer[:, panel], before.X[:, panel])
    np.testing.assert_array_equal(flagged.var["reconstructed_inferred"], ~panel)
    assert flagged.var["reconstructed_inferred"].dtype == bool
    record = flagged.uns["reconstructed"]
    assert record["n_splits"] == 5
    assert record["params"]["regressor"].startswith("PanelRidge(alphas=(0.1,")
    assert {"key": "landmarks", "cv": 5, "random_state": 0}.items() <= record["params"].items()
    del flagged.layers["reconstructed"], flagged.var["reconstructed_inferred"]
    del flagged.uns["reconstructed"]
    same(flagged, before)


class Recognise(RegressorMixin, BaseEstimator):
    """Predict 1 for rows seen during fit, 0 for others."""

    def fit(self, X, y):
        self.seen_ = {row.tobytes() for row in np.asarray(X)}
        self.n_targets_ = y.shape[1]
        return self

    def predict(self, X):
        known = [row.tobytes() in self.seen_ for row in np.asarray(X)]
        return np.repeat(np.array(known, dtype=float)[:, None], self.n_targets_, axis=1)


def test_no_cell_is_inferred_by_a_model_that_saw_it(flagged):
    rng = np.random.default_rng(0)
    flagged.X += rng.normal(size=flagged.shape).astype(np.float32)  # no two rows are the same
    skgenes.tl.reconstruct(flagged, regressor=Recognise())
    assert not flagged.layers["reconstructed"][:, flagged.var["reconstructed_inferred"]].any()
    seen = Recognise().fit(flagged.X, flagged.X)
    assert seen.predict(flagged.X).all()


@pytest.mark.parametrize("cv", [3, GroupKFold(3), LeaveOneGroupOut()])
def test_groups_stay_together(flagged, cv):
    class_ = LinearRegression()
    skgenes.tl.reconstruct(flagged, regressor=class_, cv=cv, groups="donor")
    donors = flagged.obs["donor"].to_numpy()
    folds = [(np.flatnonzero(donors != d), np.flatnonzero(donors == d)) for d in "abc"]
    expected = by_hand(flagged.X, flagged.var["landmarks"], class_, folds)
    np.testing.assert_array_equal(flagged.layers["reconstructed"], expected)
    assert flagged.uns["reconstructed"]["params"]["groups"] == "donor"
    assert flagged.uns["reconstructed"]["n_splits"] == 3


def test_folds_follow_the_seed(flagged):
    def layer(**options):
        return skgenes.tl.reconstruct(flagged, copy=True, **options).layers["reconstructed"]

    np.testing.assert_array_equal(layer(), layer(random_state=0))
    assert not np.array_equal(layer(), layer(random_state=1))
    own = KFold(5, shuffle=True, random_state=1)
    np.testing.assert_array_equal(layer(random_state=1), layer(cv=own))
    np.testing.assert_array_equal(layer(cv=own), layer(cv=list(own.split(flagged.X))))


def test_dgex_is_seeded(flagged):
    dgex = DGEXRegressor((6,), max_iter=2)
    skgenes.tl.reconstruct(flagged, regressor=dgex, cv=2)
    folds = KFold(2, shuffle=True, random_state=0).split(flagged.X)
    seeded = clone(dgex).set_params(random_state=0)
    expected = by_hand(flagged.X, flagged.var["landmarks"], seeded, folds)
    np.testing.assert_array_equal(flagged.layers["reconstructed"], expected)
    assert dgex.random_state is None


@pytest.mark.parametrize("form", [sp.csr_matrix, sp.csc_matrix, sp.csr_array, np.asfortranarray])
@pytest.mark.parametrize("regressor", [None, DGEXRegressor((4,), max_iter=2)])
def test_same_bits_from_every_form(flagged, form, regressor):
    other = flagged.copy()
    other.X = form(flagged.X)
    for cells in (flagged, other):
        skgenes.tl.reconstruct(cells, regressor=regressor, cv=2)
    np.testing.assert_array_equal(other.layers["reconstructed"], flagged.layers["reconstructed"])


@pytest.mark.parametrize("dtype", [np.float64, np.int32])
def test_a_layer_in_another_type(flagged, dtype):
    flagged.layers["double"] = sp.csr_matrix((10 * flagged.X).astype(dtype))
    skgenes.tl.reconstruct(flagged, layer="double", key_added="twice")
    dense, panel = flagged.layers["double"].toarray(), flagged.var["landmarks"].to_numpy()
    assert flagged.layers["twice"].dtype == np.float64
    np.testing.assert_array_equal(flagged.layers["twice"][:, panel], dense[:, panel])
    assert flagged.uns["twice"]["params"]["layer"] == "double"


def test_copies_and_views(flagged, same):
    before = flagged.copy()
    changed = skgenes.tl.reconstruct(flagged, copy=True)
    same(flagged, before)
    view = flagged[flagged.obs["donor"] != "c"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        smaller = skgenes.tl.reconstruct(view, copy=True)
    with pytest.warns(UserWarning, match="adata is a view"):
        skgenes.tl.reconstruct(view)
    same(view, smaller)
    same(flagged, before)
    skgenes.tl.reconstruct(flagged)
    same(flagged, changed)


def test_again_with_another_panel(flagged, kept_by_file):
    skgenes.tl.reconstruct(flagged)
    read = kept_by_file(flagged)
    read.var["landmarks"] = ~read.var["landmarks"]
    skgenes.tl.reconstruct(read)
    np.testing.assert_array_equal(read.var["reconstructed_inferred"], ~read.var["landmarks"])
    skgenes.tl.reconstruct(read, key_added="other", groups="donor", cv=GroupKFold(2))
    kept_by_file(read)


@pytest.mark.parametrize("random_state", [None, np.random.RandomState(0)])
def test_nothing_global_is_drawn_from_or_recorded(flagged, random_state):
    before = np.random.get_state()  # noqa: NPY002
    forest = RandomForestRegressor(2, random_state=np.random.RandomState(1))
    skgenes.tl.reconstruct(flagged, regressor=forest, cv=2, random_state=random_state)
    after = np.random.get_state()  # noqa: NPY002
    np.testing.assert_array_equal(after[1], before[1])
    assert after[2:] == before[2:]
    assert "0x" not in str(flagged.uns["reconstructed"]["params"])


def taken(adata):
    adata.layers["reconstructed"] = adata.X.copy()


def by_another_function(adata):
    adata.uns["reconstructed"] = {"function": "landmark_genes", "fields": np.array(["var/x"])}


def no_gene(adata):
    adata.var["landmarks"] = False


def all_genes(adata):
    adata.var["landmarks"] = True


def with_inf(adata):
    adata.X[3, 2] = np.inf


def lost_donor(adata):
    adata.obs["donor"] = adata.obs["donor"].where(adata.obs["donor"] != "a")


@pytest.mark.parametrize(
    ("options", "message", "spoil"),
    [
        ({"key": "panel"}, "key='panel' is not a column.*'landmarks'.*tl.landmark_genes", None),
        ({"key": "donor"}, "key='donor' is not a column", None),
        ({}, r"adata.var\['landmarks'\] flags no gene of 30", no_gene),
        ({}, r"adata.var\['landmarks'\] flags all genes of 30", all_genes),
        ({}, r"adata.X contains inf: 1 value.*'GENE2'", with_inf),
        ({"layer": "no"}, "no layer 'no'", None),
        ({"groups": "age"}, "groups='age' is not a column of adata.obs.*'donor'", None),
        ({"groups": "donor"}, "is missing for 30 of 90 cells", lost_donor),
        ({"groups": "donor", "cv": 4}, "n_splits=4 greater than the number of groups: 3", None),
        ({"cv": 91}, "n_splits=91 greater than the number of samples", None),
        ({"cv": ShuffleSplit(2, random_state=0)}, "test each cell once.*ShuffleSplit", None),
        ({"cv": []}, "test each cell once, but list leaves 90 of 90 cells out", None),
        ({"cv": [(np.arange(90), np.arange(90))]}, "were not trained on, .* 90 of 90", None),
        ({}, r"adata.layers\['reconstructed'\] would be overwritten", taken),
        ({}, r"adata.uns\['reconstructed'\] would be overwritten", by_another_function),
    ],
)
def test_a_failure_leaves_adata_alone(flagged, same, options, message, spoil):
    if spoil is not None:
        spoil(flagged)
    before = flagged.copy()
    with pytest.raises(ValueError, match=message):
        skgenes.tl.reconstruct(flagged, **options)
    same(flagged, before)


def test_not_an_anndata():
    with pytest.raises(TypeError, match="adata must be an AnnData, got list"):
        skgenes.tl.reconstruct([[1.0]])


def test_real_cells(pbmc, kept_by_file):
    cells = pbmc.copy()
    cells.var["landmarks"] = np.arange(765) % 15 == 0
    skgenes.tl.reconstruct(cells, groups="phase", cv=3)
    skgenes.tl.gene_scores(cells)
    assert cells.uns["gene_scores"]["n_genes"] == 765 - 51
    assert cells.uns["gene_scores"]["mean_pcc"] > 0.15
    kept_by_file(cells)
