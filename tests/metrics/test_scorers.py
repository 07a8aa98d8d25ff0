"""Scorers inside scikit-learn's own searches and validations."""

import pickle
import re

import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.linear_model import Ridge
from sklearn.metrics import check_scoring
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skgenes.metrics import (
    gene_permutation_test,
    neg_per_gene_mae_scorer,
    per_gene_mean_absolute_error,
    per_gene_pearson,
    per_gene_pearson_scorer,
    significant_genes_scorer,
)

SCORERS = {
    "mae": neg_per_gene_mae_scorer,
    "pearson": per_gene_pearson_scorer,
    "significant": significant_genes_scorer,
}


class HalfFromHalf(TransformerMixin, BaseEstimator):
    """Infers the second half of the genes from the first, fitted on X alone."""

    def __init__(self, alpha=1.0):
        self.alpha = alpha

    def fit(self, X, y=None):
        half = X.shape[1] // 2
        self.model_ = Ridge(alpha=self.alpha).fit(X[:, :half], X[:, half:])
        return self

    def transform(self, X):
        return X

    def observed_and_inferred(self, X, *, measured=False):
        half = X.shape[1] // 2
        return X[:, half:], self.model_.predict(X[:, :half])


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 10))
    Y = X @ rng.normal(size=(10, 150)) + 3 * rng.normal(size=(60, 150))
    return X, Y


def expected_scores(y_true, y_pred):
    return {
        "mae": -per_gene_mean_absolute_error(y_true, y_pred).mean(),
        "pearson": per_gene_pearson(y_true, y_pred).mean(),
        "significant": gene_permutation_test(y_true, y_pred).fraction_significant,
    }


@pytest.mark.parametrize("name", SCORERS)
def test_regressor(data, name):
    X, Y = data
    model = make_pipeline(StandardScaler(), Ridge()).fit(X, Y)
    score = SCORERS[name](model, X, Y)
    assert type(score) is float
    assert score == pytest.approx(expected_scores(Y, model.predict(X))[name])


@pytest.mark.parametrize("name", SCORERS)
@pytest.mark.parametrize("y", [None, "ignored"])
def test_estimator_fitted_without_y(data, name, y):
    _, Y = data
    model = HalfFromHalf().fit(Y)
    expected = expected_scores(*model.observed_and_inferred(Y))[name]
    assert SCORERS[name](model, Y, y) == pytest.approx(expected)
    pipeline = make_pipeline(FunctionTransformer(np.tanh), "passthrough", None, HalfFromHalf())
    pipeline.fit(Y)
    expected = expected_scores(*pipeline[-1].observed_and_inferred(np.tanh(Y)))[name]
    assert SCORERS[name](pipeline, Y, y) == pytest.approx(expected)
    assert SCORERS[name](make_pipeline(pipeline), Y, y) == pytest.approx(expected)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_grid_search_without_y(data, n_jobs):
    _, Y = data
    model = make_pipeline(StandardScaler(), HalfFromHalf())
    search = GridSearchCV(
        model,
        {"halffromhalf__alpha": [0.1, 1e4]},
        scoring=SCORERS,
        refit="pearson",
        cv=3,
        n_jobs=n_jobs,
        error_score="raise",
    ).fit(Y)
    assert search.best_params_ == {"halffromhalf__alpha": 1e4}
    assert np.isfinite(search.cv_results_["mean_test_significant"]).all()
    assert search.score(Y) == per_gene_pearson_scorer(search.best_estimator_, Y)
    assert per_gene_pearson_scorer(search, Y) == search.score(Y)
    clone(search)


@pytest.mark.parametrize("scoring", [SCORERS, per_gene_pearson_scorer])
def test_cross_validate_a_regressor(data, scoring):
    result = cross_validate(Ridge(), *data, scoring=scoring, cv=3, error_score="raise")
    name = "test_pearson" if isinstance(scoring, dict) else "test_score"
    X, Y = data
    model = Ridge().fit(X[20:], Y[20:])
    assert result[name][0] == pytest.approx(per_gene_pearson(Y[:20], model.predict(X[:20])).mean())


def test_nested_cross_validation(data):
    _, Y = data
    search = GridSearchCV(HalfFromHalf(), {"alpha": [1, 10]}, scoring=per_gene_pearson_scorer, cv=2)
    result = cross_validate(search, Y, scoring=SCORERS, cv=2, error_score="raise")
    assert np.isfinite(result["test_mae"]).all()


def test_metadata_routing(data):
    with config_context(enable_metadata_routing=True):
        result = cross_validate(Ridge(), *data, scoring=SCORERS, cv=2, error_score="raise")
    assert np.isfinite(result["test_pearson"]).all()


def test_one_gene(data):
    X, Y = data
    model = Ridge().fit(X, Y[:, 0])
    score = check_scoring(model, scoring=per_gene_pearson_scorer)(model, X, Y[:, 0])
    assert score == pytest.approx(np.corrcoef(Y[:, 0], model.predict(X))[0, 1])


@pytest.mark.parametrize("name", ["pearson", "significant"])
def test_one_warning_per_call(data, name):
    X, Y = data
    Y = np.where(np.arange(Y.shape[1]) < 7, 0.1, Y)
    model = Ridge().fit(X, Y)
    with pytest.warns(UserWarning, match="7 of 150") as caught:
        score = SCORERS[name](model, X, Y)
    assert len(caught) == 1
    assert np.isfinite(score)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")
def test_no_gene_defined(data):
    X, Y = data
    model = Ridge().fit(X, Y)
    for name in ("pearson", "significant"):
        assert np.isnan(SCORERS[name](model, X, np.ones_like(Y)))


@pytest.mark.parametrize("name", SCORERS)
def test_pickle_and_repr(data, name):
    X, Y = data
    model = Ridge().fit(X, Y)
    copy = pickle.loads(pickle.dumps(SCORERS[name]))
    assert copy(model, X, Y) == SCORERS[name](model, X, Y)
    assert repr(copy).startswith("<GeneScorer: ")
    assert "over genes" in repr(copy) or "of genes" in repr(copy)


def test_nothing_to_compare(data):
    X, Y = data
    with pytest.raises(TypeError, match=re.escape("Ridge has no observed_and_inferred(X), so")):
        per_gene_pearson_scorer(Ridge().fit(X, Y), X)
    with pytest.raises(TypeError, match="StandardScaler cannot be scored: it has neither"):
        per_gene_pearson_scorer(StandardScaler().fit(X), X, Y)
