"""Selecting genes."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from skgenes.feature_selection import AutoEncoderDeepLIFTSelector, GivenPanelSelector
from skgenes.inspection import deeplift
from skgenes.neural_network import GeneAutoEncoder

AUTOENCODER = GeneAutoEncoder((8, 3), max_iter=4)
SELECTOR = AutoEncoderDeepLIFTSelector(
    6, strategy="importance", autoencoder=AUTOENCODER, random_state=0
)


@pytest.mark.parametrize("aggregation", ["absolute", "signed"])
@pytest.mark.parametrize("after_activation", [False, True])
@pytest.mark.parametrize("reference", ["mean", "median", "zeros", "array"])
def test_importances_are_deeplift_of_the_bottleneck(
    expression, aggregation, after_activation, reference
):
    reference = np.full(30, 0.7) if reference == "array" else reference
    selector = clone(SELECTOR).set_params(
        aggregation=aggregation, after_activation=after_activation, reference=reference
    )
    selector.fit(expression)
    autoencoder = clone(AUTOENCODER).set_params(random_state=0).fit(expression)
    each = deeplift(
        autoencoder, expression, reference=reference, after_activation=after_activation
    ).contributions.astype(float)
    each = np.abs(each) if aggregation == "absolute" else each
    mean = each.mean(axis=0)
    np.testing.assert_allclose(selector.contributions_, mean, atol=1e-5 * np.abs(mean).max())
    importances = np.abs(selector.contributions_).mean(axis=1)
    np.testing.assert_allclose(selector.importances_, importances, rtol=1e-12)
    order = np.argsort(-selector.importances_, kind="stable")
    np.testing.assert_array_equal(selector.ranking_[order], np.arange(1, 31))
    np.testing.assert_array_equal(np.sort(order[:6]), np.flatnonzero(selector.support_))
    assert selector.loss_curve_ == autoencoder.loss_curve_
    assert 0 <= selector.residual_ < 1e-4


def test_the_kept_columns_are_those_of_the_panel(expression, forms, genes):
    selector = clone(SELECTOR).fit(forms["frame"])
    np.testing.assert_array_equal(
        selector.transform(forms["frame"]), expression[:, selector.support_]
    )
    assert list(selector.get_feature_names_out()) == list(genes[selector.support_])
    selector.set_output(transform="pandas")
    kept = selector.transform(forms["frame"])
    pd.testing.assert_frame_equal(kept, forms["frame"].loc[:, selector.support_])
    np.testing.assert_array_equal(
        selector.get_support(indices=True), np.flatnonzero(selector.support_)
    )
    back = selector.inverse_transform(kept.to_numpy())
    np.testing.assert_array_equal(back, np.where(selector.support_, expression, 0))


@pytest.mark.parametrize(("wanted", "size"), [(4, 4), (0.2, 6), (None, 15), (1.0, 30), (30, 30)])
def test_sizes_of_panels(expression, wanted, size):
    selector = clone(SELECTOR).set_params(n_features_to_select=wanted).fit(expression)
    assert selector.support_.sum() == size == selector.transform(expression).shape[1]


def test_panels_are_nested(expression):
    panels = [
        clone(SELECTOR)
        .set_params(n_features_to_select=k, must_include=[29], exclude=[3, 4])
        .fit(expression)
        for k in (1, 2, 5, 28)
    ]
    for small, large in pairwise(panels):
        assert not np.any(small.support_ & ~large.support_)
        np.testing.assert_array_equal(small.ranking_, large.ranking_)
        np.testing.assert_array_equal(large.support_, large.ranking_ <= large.support_.sum())


@pytest.mark.parametrize("by", ["names", "indices", "mask", "negative"])
def test_wishes(forms, genes, by):
    plain = clone(SELECTOR).fit(forms["frame"])
    worst, best = np.argsort(plain.ranking_)[-2:], np.argsort(plain.ranking_)[:2]

    def given(indices):
        if by == "mask":
            return np.isin(np.arange(30), indices)
        if by == "negative":
            return [int(i) - 30 for i in indices]
        return genes[indices] if by == "names" else indices

    selector = clone(SELECTOR).set_params(must_include=given(worst), exclude=given(best))
    selector.fit(forms["frame"])
    assert selector.support_[worst].all()
    assert not selector.support_[best].any()
    assert selector.support_.sum() == 6
    assert sorted(selector.ranking_[worst]) == [1, 2]
    assert sorted(selector.ranking_[best]) == [29, 30]
    np.testing.assert_array_equal(selector.importances_, plain.importances_)
    rest = np.setdiff1d(np.arange(30), [*worst, *best])
    np.testing.assert_array_equal(
        np.argsort(selector.ranking_[rest]), np.argsort(plain.ranking_[rest])
    )


@pytest.mark.parametrize(
    ("params", "match"),
    [
        ({"must_include": ["GENE1", "NOPE"]}, r"must_include has 1 gene\(s\).*of X: 'NOPE'"),
        ({"exclude": [30]}, r"exclude has 1 gene\(s\).*30 of X: 30"),
        ({"must_include": "GENE1", "exclude": ["GENE1"]}, r"share 1 gene\(s\): GENE1"),
        ({"must_include": list(range(7))}, "must_include has 7 genes, but only 6"),
        ({"exclude": list(range(25))}, "exclude leaves 5 of 30 genes, but 6"),
        ({"n_features_to_select": 31}, "n_features_to_select=31 is too many"),
    ],
)
def test_wishes_that_cannot_be_met_are_told_before_training(forms, params, match, monkeypatch):
    monkeypatch.setattr(GeneAutoEncoder, "fit", lambda *_: pytest.fail("trained in vain"))
    with pytest.raises(ValueError, match=match):
        clone(SELECTOR).set_params(**params).fit(forms["frame"])


def test_names_need_named_data(expression):
    with pytest.raises(ValueError, match="without gene names"):
        clone(SELECTOR).set_params(must_include="GENE1").fit(expression)


def test_the_given_autoencoder_is_left_alone(forms):
    autoencoder = GeneAutoEncoder((4, 2), max_iter=1, random_state=5, layer="log")
    params = autoencoder.get_params()
    selector = AutoEncoderDeepLIFTSelector(3, autoencoder=autoencoder, layer="log", random_state=1)
    selector.fit(forms["layer"])
    assert autoencoder.get_params() == params
    assert not hasattr(autoencoder, "encoder_")
    assert selector.autoencoder_.random_state == 1
    selector.set_params(random_state=None).fit(forms["layer"])
    assert selector.autoencoder_.random_state == 5
    assert list(selector.autoencoder_.feature_names_in_) == list(selector.feature_names_in_)


def test_the_default_autoencoder_of_importance_is_the_papers(expression, monkeypatch):
    asked = []
    train = GeneAutoEncoder.fit

    def fit(self, X):
        asked.append(self.get_params())
        return train(self.set_params(max_iter=1), X)

    monkeypatch.setattr(GeneAutoEncoder, "fit", fit)
    AutoEncoderDeepLIFTSelector(3, strategy="importance", random_state=4).fit(expression[:5])
    assert asked == [GeneAutoEncoder(random_state=4).get_params()]


def test_genes_that_carry_signal_are_found():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 20)) * 0.05
    X[:, :5] = rng.normal(size=(300, 1)) + 0.1 * rng.normal(size=(300, 5))
    autoencoder = GeneAutoEncoder((4, 1), max_iter=40, learning_rate_init=0.01, standardize=False)
    selector = AutoEncoderDeepLIFTSelector(
        5, strategy="importance", autoencoder=autoencoder, random_state=0
    ).fit(X)
    assert selector.support_[:5].all()


@pytest.mark.parametrize(
    "panel", [["GENE3", "GENE1"], [3, 1, 1], [-27, "GENE1"], np.isin(np.arange(30), [1, 3])]
)
@pytest.mark.parametrize("form", ["frame", "anndata", "anndata_csr"])
def test_given_panels(forms, expression, panel, form):
    selector = GivenPanelSelector(panel).fit(forms[form])
    assert np.flatnonzero(selector.support_).tolist() == [1, 3]
    kept = selector.transform(forms[form])
    kept = kept.toarray() if form == "anndata_csr" else kept
    np.testing.assert_array_equal(kept, expression[:, [1, 3]])
    assert list(selector.get_feature_names_out()) == ["GENE1", "GENE3"]


def test_given_genes_that_are_not_there(forms, expression):
    with pytest.raises(ValueError, match=r"genes has 2 gene\(s\).*'NOPE', 'NEITHER'"):
        GivenPanelSelector(["GENE1", "NOPE", "NEITHER"]).fit(forms["frame"])
    with pytest.raises(ValueError, match="without gene names"):
        GivenPanelSelector(["GENE1"]).fit(expression)
    with pytest.raises(ValueError, match="mask of length 2"):
        GivenPanelSelector([True, False]).fit(expression)
