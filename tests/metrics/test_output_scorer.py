"""Scorers over outputs inside scikit-learn's own searches and validations."""

import pickle
from functools import partial

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.base import BaseEstimator
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.linear_model import Ridge
from sklearn.metrics import check_scoring
from sklearn.model_selection import GridSearchCV, cross_validate

from skgenes.metrics import (
    OutputScorer,
    per_gene_pearson,
    per_output_auroc,
    per_output_spearman,
    spearman_scorer,
)

TISSUES = ["lung", "liver", "skin", "median"]


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(150, 5))
    Y = X @ rng.normal(size=(5, 4)) + rng.normal(0, [1, 2, 3, 9], size=(150, 4))
    return X, pd.DataFrame(Y, columns=TISSUES)


@pytest.fixture(scope="module")
def model(data):
    return Ridge().fit(*data)


@pytest.fixture(scope="module")
def rho(data, model):
    return per_output_spearman(data[1], model.predict(data[0]))


def test_mean_over_outputs(data, model, rho):
    score = spearman_scorer(model, *data)
    assert type(score) is float
    assert score == pytest.approx(rho.mean())
    assert np.ptp(rho) > 0.1


@pytest.mark.parametrize(
    ("outputs", "at"),
    [
        (-1, [3]),
        (np.int64(0), [0]),
        ([0, -2], [0, 2]),
        (np.array([1, 3], dtype=np.uint8), [1, 3]),
        (slice(0, -1), [0, 1, 2]),
        ("median", [3]),
        (["skin", "lung"], [2, 0]),
        (np.array(["skin", "lung"]), [2, 0]),
        (pd.Index(["liver"]), [1]),
    ],
)
def test_chosen_outputs(data, model, rho, outputs, at):
    X, Y = data
    scorer = OutputScorer(per_output_spearman, outputs=outputs)
    assert scorer(model, X, Y) == pytest.approx(rho[at].mean())
    if not isinstance(np.ravel(outputs)[0], str):
        for y in (Y.to_numpy(), Y.to_numpy().tolist(), sp.csr_array(Y), sp.coo_matrix(Y)):
            assert scorer(model, X, y) == pytest.approx(rho[at].mean())


@pytest.mark.parametrize(
    "metric", [per_output_auroc, partial(per_output_auroc, top=0.3), per_gene_pearson]
)
def test_other_metrics(data, model, metric):
    X, Y = data
    expected = metric(Y, model.predict(X))
    assert OutputScorer(metric)(model, X, Y) == pytest.approx(expected.mean())
    assert OutputScorer(metric, outputs="skin")(model, X, Y) == pytest.approx(expected[2])


def test_one_output(data):
    X, Y = data
    model = Ridge().fit(X, Y["lung"])
    expected = per_output_spearman(Y["lung"], model.predict(X))[0]
    for outputs in (None, 0, -1, slice(None)):
        scorer = check_scoring(model, scoring=OutputScorer(per_output_spearman, outputs=outputs))
        assert scorer(model, X, Y["lung"]) == pytest.approx(expected)


def test_inside_a_search(data):
    X, Y = data
    scoring = {
        "all": spearman_scorer,
        "median": OutputScorer(per_output_spearman, outputs="median"),
    }
    search = GridSearchCV(
        Ridge(), {"alpha": [1, 1e4]}, scoring=scoring, refit="median", error_score="raise"
    ).fit(X, Y)
    assert search.score(X, Y) == scoring["median"](search.best_estimator_, X, Y)
    result = cross_validate(Ridge(), X, Y, scoring=scoring, cv=2, error_score="raise")
    first = per_output_spearman(Y[:75], Ridge().fit(X[75:], Y[75:]).predict(X[:75]))
    assert result["test_all"][0] == pytest.approx(first.mean())
    assert result["test_median"][0] == pytest.approx(first[3])


class Observer(BaseEstimator):
    """Knows what it compares."""

    def observed_and_inferred(self, X, *, measured=False):
        assert not measured
        return X, X**3


def test_estimator_fitted_without_y(data):
    assert spearman_scorer(Observer(), data[0]) == pytest.approx(1)


def test_undefined_outputs_are_left_out_with_one_warning(data, model, rho):
    X, Y = data
    with pytest.warns(UndefinedMetricWarning, match="2 of 4 outputs are constant") as caught:
        score = spearman_scorer(model, X, Y.assign(lung=0.1, skin=1))
    assert len(caught) == 1
    assert score == pytest.approx(rho[[1, 3]].mean())
    with pytest.warns(UndefinedMetricWarning, match="4 of 4"):
        assert np.isnan(spearman_scorer(model, X, Y * 0))


@pytest.mark.parametrize(
    ("outputs", "named", "error", "message"),
    [
        ("heart", True, ValueError, r"1 of the outputs .* 4 columns of y: 'heart'; its columns"),
        (["lung", "heart"], True, ValueError, r"y: 'heart'; its columns are 'lung', 'liver'"),
        ("lung", False, TypeError, r"names columns \('lung'\), but y is a ndarray without names"),
        (4, True, ValueError, r"1 of the outputs asked for are not among the 4 of y: 4\."),
        ([0, -5, 9], False, ValueError, r"2 of the outputs .* the 4 of y: -5, 9\."),
        ([], True, ValueError, r"outputs=\[\] chooses none of the 4 outputs"),
        (slice(4, None), True, ValueError, r"outputs=slice\(4, None, None\) chooses none"),
        (0.5, True, TypeError, r"must be positions or names of columns, got \[0\.5\]"),
        ([True, False], True, TypeError, r"positions or names of columns, got \[True, False\]"),
    ],
)
def test_outputs_that_are_not_there(data, model, outputs, named, error, message):
    X, Y = data
    with pytest.raises(error, match=message):
        OutputScorer(per_output_spearman, outputs=outputs)(model, X, Y if named else Y.to_numpy())


def test_nothing_to_compare(data, model):
    with pytest.raises(TypeError, match="but y is None"):
        spearman_scorer(model, data[0])


def test_pickle_and_repr(data, model):
    scorers = [
        (spearman_scorer, "mean of per_output_spearman over all outputs, greater"),
        (OutputScorer(per_output_auroc, outputs=["skin"]), r"over outputs ['skin'], greater"),
        (OutputScorer(partial(per_output_auroc, top=0.3)), "top=0.3) over all outputs"),
    ]
    for scorer, words in scorers:
        copy = pickle.loads(pickle.dumps(scorer))
        assert copy(model, *data) == scorer(model, *data)
        assert words in repr(scorer)
