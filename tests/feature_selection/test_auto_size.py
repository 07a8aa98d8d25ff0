"""The size of a panel by cross-validation, and panels from data on disk."""

import anndata
import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.model_selection import GroupKFold, KFold

from skgenes.feature_selection import AutoEncoderDeepLIFTSelector, GreedyPanelSelector
from skgenes.inspection import panel_size_curve
from skgenes.neural_network import GeneAutoEncoder

NETWORK = GeneAutoEncoder((8, 3), activation="tanh", loss="mean_squared_error", max_iter=4)
GREEDY = GreedyPanelSelector("auto")
DEEP = AutoEncoderDeepLIFTSelector("auto", autoencoder=NETWORK, random_state=0)
BOTH = pytest.mark.parametrize("selector", [GREEDY, DEEP], ids=["greedy", "network"])


@pytest.fixture(scope="module")
def programmes():
    """Six programmes of eight genes each."""
    rng = np.random.default_rng(0)
    owner = np.repeat(np.eye(6), 8, axis=1)
    return rng.normal(size=(150, 6)) @ owner + 0.2 * rng.normal(size=(150, 48))


@BOTH
def test_as_many_genes_as_programmes(programmes, selector):
    fitted = clone(selector).fit(programmes)
    assert 6 <= fitted.n_features_ <= 8
    assert fitted.support_.sum() == fitted.n_features_ == len(fitted.gains_)
    if fitted.n_features_ == 6:
        assert sorted(np.flatnonzero(fitted.support_) // 8) == list(range(6))
    fixed = clone(selector).set_params(n_features_to_select=fitted.n_features_).fit(programmes)
    np.testing.assert_array_equal(fixed.ranking_, fitted.ranking_)
    assert not hasattr(fixed, "cv_results_")


@BOTH
def test_it_is_the_size_of_the_curve(expression, selector):
    folds = list(KFold(3, shuffle=True, random_state=1).split(expression))
    fitted = clone(selector).set_params(cv=folds).fit(expression)
    curve = panel_size_curve(clone(selector), expression, sizes=15, cv=folds)
    assert fitted.n_features_ == curve.auto_size()
    table, found = curve.to_frame(), fitted.cv_results_
    np.testing.assert_array_equal(found["n_features"], table.index)
    np.testing.assert_array_equal(found["mean_r2_shared"], table["r2_shared"])
    np.testing.assert_array_equal(found["std_pcc"], table["pcc_sd"])
    np.testing.assert_array_equal(found["share_of_ceiling"], table["share_of_ceiling"])


@BOTH
def test_the_same_again(expression, selector):
    one, two = (clone(selector).set_params(cv=3).fit(expression) for _ in range(2))
    np.testing.assert_array_equal(one.ranking_, two.ranking_)
    for name, values in one.cv_results_.items():
        np.testing.assert_array_equal(values, two.cv_results_[name])


def test_another_fit_forgets(expression):
    selector = clone(DEEP).set_params(cv=2).fit(expression)
    selector.set_params(n_features_to_select=3, strategy="importance").fit(expression)
    left = {"cv_results_", "gains_", "penalty_"} & set(vars(selector))
    assert not left
    assert selector.n_features_ == 3


def test_wishes_are_kept(programmes):
    wished = list(range(9))  # all of the first programme, and one more
    fitted = clone(GREEDY).set_params(must_include=wished).fit(programmes)
    assert fitted.support_[wished].all()
    assert 13 <= fitted.n_features_ <= 16
    many = clone(GREEDY).set_params(must_include=list(range(40))).fit(programmes)
    assert many.n_features_ >= 40
    few = np.arange(4, 48)
    of_few = clone(GREEDY).set_params(exclude=few).fit(programmes)
    assert set(np.flatnonzero(of_few.support_)) <= {0, 1, 2, 3}


def test_a_window_that_moves_with_the_folds(programmes):
    X = programmes + np.arange(48) / 10
    fitted = clone(GREEDY).set_params(min_mean=4.0).fit(X)
    assert (X[:, fitted.support_].mean(axis=0) >= 4).all()


def test_groups_are_alike_in_all_folds(expression):
    rare = np.repeat(["common", "rare"], [84, 6])
    fitted = clone(GREEDY).fit(expression, groups=rare)
    assert fitted.n_features_ == len(fitted.gains_)
    donors = list(GroupKFold(3).split(expression, groups=np.resize(np.arange(6), 90)))
    assert clone(GREEDY).set_params(cv=donors).fit(expression).n_features_ >= 1


@pytest.mark.parametrize(
    ("params", "groups", "match"),
    [
        ({"cv": 1}, None, "'cv' parameter.*Got 1"),
        ({"must_include": [0], "exclude": [0]}, None, r"share 1 gene\(s\)"),
        ({"min_mean": 1e9}, None, "only 0 can be"),
        ({}, ["B"] * 89 + ["T"], r"1 group\(s\) of a single sample: 'T'"),
        ({"n_features_to_select": "all"}, None, "'n_features_to_select' parameter"),
    ],
)
@BOTH
def test_bad_input(expression, selector, params, groups, match):
    with pytest.raises(ValueError, match=match):
        clone(selector).set_params(**params).fit(expression, groups=groups)


def test_too_few_samples(expression):
    with pytest.raises(ValueError, match="held-out samples, but"):
        clone(GREEDY).fit(expression[:8])


@pytest.mark.parametrize("form", [np.asarray, sp.csr_matrix], ids=["dense", "sparse"])
def test_from_disk_part_by_part(expression, form, tmp_path, monkeypatch):
    monkeypatch.setattr("skgenes.utils._parts._ROWS_AT_ONCE", 13)
    cells = anndata.AnnData(form(expression.astype(np.float32)))
    cells.obs["type"] = np.repeat(["B", "T"], [30, 60])
    cells.write_h5ad(tmp_path / "cells.h5ad")
    backed = anndata.read_h5ad(tmp_path / "cells.h5ad", backed="r")
    for groups in (None, "type"):
        memory = GreedyPanelSelector(6, min_mean=0.0).fit(cells, groups=groups)
        disk = GreedyPanelSelector(6, min_mean=0.0).fit(backed, groups=groups)
        np.testing.assert_array_equal(disk.ranking_, memory.ranking_)
        np.testing.assert_allclose(disk.gains_, memory.gains_, rtol=1e-6)
        np.testing.assert_array_equal(disk.feature_names_in_, memory.feature_names_in_)
    with pytest.raises(ValueError, match=r"read from disk.*to_memory\(\)"):
        clone(GREEDY).fit(backed)
    backed.file.close()


def test_bad_values_on_disk(expression, tmp_path, monkeypatch):
    monkeypatch.setattr("skgenes.utils._parts._ROWS_AT_ONCE", 40)
    X = expression.astype(np.float32)
    X[85, 3] = np.nan
    anndata.AnnData(X).write_h5ad(tmp_path / "cells.h5ad")
    backed = anndata.read_h5ad(tmp_path / "cells.h5ad", backed="r")
    selector = GreedyPanelSelector(6).fit(expression)
    before = dict(vars(selector))
    with pytest.raises(ValueError, match="NaN") as caught:
        selector.fit(backed)
    assert caught.value.__notes__ == ["Raised by rows 80 to 89 of X."]
    assert vars(selector) == before
    backed.file.close()


def test_groups_too_small_for_folds(expression):
    groups = np.repeat(["B", "T", "NK"], [60, 28, 2])
    with pytest.raises(ValueError, match=r"too small for .*'NK'\. With cv=5 each needs 3 samples"):
        clone(GREEDY).fit(expression, groups=groups)
    assert GreedyPanelSelector(4).fit(expression, groups=groups).n_features_ == 4


def test_folds_that_are_a_generator(expression):
    folds = KFold(3, shuffle=True, random_state=0)
    by_list = GreedyPanelSelector("auto", cv=list(folds.split(expression))).fit(expression)
    by_generator = GreedyPanelSelector("auto", cv=folds.split(expression)).fit(expression)
    assert by_generator.n_features_ == by_list.n_features_


def test_nothing_to_find():
    X = np.random.default_rng(0).normal(size=(60, 40))
    with pytest.warns(UserWarning, match="no gene tells of any other"):
        GreedyPanelSelector("auto").fit(X)


@BOTH
def test_the_window_is_of_plain_means(selector, expression):
    groups = np.repeat(["B", "T"], [20, 70])
    mean = expression.mean(axis=0, dtype=float)
    low = np.median(mean)
    window = clone(selector).set_params(n_features_to_select=8, min_mean=low)
    fitted = window.fit(expression, groups=groups)
    assert (mean[fitted.support_] >= low).all()
    with pytest.raises(ValueError, match="'min_mean' parameter"):
        clone(selector).set_params(min_mean=np.nan).fit(expression)
