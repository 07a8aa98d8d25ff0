"""Quick ridge, neighbours, ceiling and scores against slow direct ways."""

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.stats import pearsonr
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import (
    adjusted_rand_score,
    balanced_accuracy_score,
    f1_score,
    precision_score,
    r2_score,
    recall_score,
)
from sklearn.neighbors import KNeighborsRegressor
from sklearn.preprocessing import StandardScaler

from skgenes.inspection._panel_judge import explained_in_groups, p_values
from skgenes.inspection._panel_regressors import (
    ALPHAS,
    infer_by_neighbors,
    infer_by_ridge,
    infer_from_all_others,
)
from skgenes.inspection._panel_scores import (
    class_measures,
    clustering_agreement,
    confusion,
    null_fractions,
    redundancy,
    score_genes,
    scores_of_all,
    scores_of_unselected,
)
from skgenes.inspection._panel_split import PanelSplit
from skgenes.linear_model import PanelRidge
from skgenes.metrics import gene_permutation_test, per_gene_mean_absolute_error


def make_split(n_train, n_genes, seed=0, **labels):
    rng = np.random.default_rng(seed)
    n = n_train + 25
    X = rng.normal(size=(n, 4)) @ rng.normal(size=(4, n_genes)) + 1.5 * rng.normal(
        size=(n, n_genes)
    )
    X = X * rng.uniform(0.5, 3, n_genes) + rng.normal(size=n_genes)
    return PanelSplit(X[:n_train], X[n_train:], **labels)


@pytest.fixture(params=[(40, 60), (90, 30)], ids=["wide", "tall"])
def split(request):
    return make_split(*request.param)


def panel(split, genes=(1, 4, 7, 9, 12)):
    return np.isin(np.arange(split.test.shape[1]), genes)


def test_standardised_on_training_samples(split):
    scaler = StandardScaler().fit(split.raw_train)
    np.testing.assert_allclose(split.train, scaler.transform(split.raw_train), atol=1e-12)
    np.testing.assert_allclose(split.test, scaler.transform(split.raw_test), atol=1e-12)


def test_sparse_and_constant_genes():
    X = np.array([[0.0, 1, 2], [0, 3, 2], [0, 5, 2]])
    X_test = np.array([[7.0, 1, 0], [8, 1, 2]])
    for form in (np.asarray, sp.csr_array):
        split = PanelSplit(form(X), form(X_test))
        assert split.varying.tolist() == [False, True, False]
        np.testing.assert_array_equal(split.test[:, [0, 2]], 0)
        assert split.moments[1].tolist() == [0, 0, 0]


@pytest.mark.parametrize("genes", [(1, 4, 7, 9, 12), (3,), range(25)])
def test_ridge_is_panel_ridge(split, genes):
    support = panel(split, genes)
    ridge = PanelRidge().fit(split.train[:, support], split.train[:, ~support])
    expected = ridge.predict(split.test[:, support])
    np.testing.assert_allclose(infer_by_ridge(split, support)[:, ~support], expected, atol=1e-8)


def test_ridge_from_more_genes_than_samples():
    split = make_split(12, 60)
    support = np.arange(60) < 40
    ridge = PanelRidge().fit(split.train[:, support], split.train[:, ~support])
    expected = ridge.predict(split.test[:, support])
    np.testing.assert_allclose(infer_by_ridge(split, support)[:, ~support], expected, atol=1e-8)


def test_neighbors_are_those_of_scikit_learn(split):
    support = panel(split)
    nearest = KNeighborsRegressor(5).fit(split.train[:, support], split.train)
    expected = nearest.predict(split.test[:, support])
    np.testing.assert_allclose(infer_by_neighbors(split, support), expected, atol=1e-12)


def test_ceiling_is_a_ridge_per_gene(split):
    """Every gene and sample left out in turn, by fitting again."""
    n_train, n_genes = split.train.shape
    errors = np.zeros(len(ALPHAS))
    for a, alpha in enumerate(ALPHAS):
        for j in range(n_genes):
            others = np.arange(n_genes) != j
            centred, y = split.train[:, others], split.train[:, j]
            hat = centred @ np.linalg.solve(
                centred.T @ centred + alpha * np.eye(n_genes - 1), centred.T
            )
            hat += 1 / n_train
            errors[a] += (((y - hat @ y) / (1 - np.diag(hat))) ** 2).sum()
    alpha = ALPHAS[np.argmin(errors)]
    assert ALPHAS[0] < alpha < ALPHAS[-1]
    inferred = infer_from_all_others(split)
    for j in (0, 5, n_genes - 1):
        others = np.arange(n_genes) != j
        ridge = Ridge(alpha, solver="cholesky").fit(split.train[:, others], split.train[:, j])
        np.testing.assert_allclose(inferred[:, j], ridge.predict(split.test[:, others]), atol=1e-8)


def test_leverage_formula_of_the_ceiling_by_refitting():
    """The error of one sample and gene left out, by a fit without them."""
    split = make_split(15, 8)
    alpha, i, j = 2.0, 3, 5
    others = np.arange(8) != j
    rest = np.arange(15) != i
    X, y = split.train[:, others], split.train[:, j]
    ridge = Ridge(alpha, solver="cholesky").fit(X[rest], y[rest])
    left_out = y[i] - ridge.predict(X[[i]])[0]
    Z = split.train
    inverse = np.linalg.inv(Z @ Z.T + alpha * np.eye(15))
    G = inverse @ Z
    a = np.diag(inverse) - 1 / (alpha * 15)
    q = Z[:, j] @ G[:, j]
    assert G[i, j] / (a[i] * (1 - q) + G[i, j] ** 2) == pytest.approx(left_out)


def test_scores_one_by_one(split):
    support = panel(split)
    inferred = infer_by_ridge(split, support)
    scores = score_genes(split, inferred, support)
    targets = ~support
    measured, guessed = split.test[:, targets], inferred[:, targets]
    pcc = [pearsonr(*pair).statistic for pair in zip(measured.T, guessed.T, strict=True)]
    np.testing.assert_allclose(scores.pcc[targets], pcc)
    assert np.isnan(scores.pcc[support]).all()
    raw = guessed * split.raw_train.std(axis=0)[targets] + split.raw_train.mean(axis=0)[targets]
    found = scores_of_unselected(split, scores, targets)
    mae = per_gene_mean_absolute_error(split.raw_test[:, targets], raw).mean()
    assert found["mae"] == pytest.approx(mae)
    assert found["mae_standardised"] == pytest.approx(np.abs(measured - guessed).mean())
    assert found["pcc"] == pytest.approx(np.mean(pcc))
    # r2_score measures against the held-out means; about the training means by a column of pairs.
    both = np.concatenate([measured, -measured]), np.concatenate([guessed, -guessed])
    assert found["r2"] == pytest.approx(r2_score(*both, multioutput="variance_weighted"))
    whole = np.where(support, split.test, inferred)
    both = np.concatenate([split.test, -split.test]), np.concatenate([whole, -whole])
    known = scores_of_all(split, scores, support)
    assert known["r2_all"] == pytest.approx(r2_score(*both, multioutput="variance_weighted"))
    assert known["pcc_all"] == pytest.approx(np.mean([*pcc, *np.ones(support.sum())]))
    assert known["mae_all"] == pytest.approx(np.abs(split.test - whole).mean())


def test_groups_add_up(split):
    support = panel(split)
    inferred = infer_by_ridge(split, support)
    scores = score_genes(split, inferred, support)
    groups = np.arange(25) % 3
    grouped = PanelSplit(split.raw_train, split.raw_test, groups_test=groups)
    found = explained_in_groups([grouped], [scores.sample_errors], 4)
    whole = np.where(support, split.test, inferred)
    for group in range(3):
        rows = groups == group
        missed = ((split.test - whole)[rows] ** 2).sum()
        assert found[group] == pytest.approx(1 - missed / (split.test[rows] ** 2).sum())
    assert np.isnan(found[3])


@pytest.mark.parametrize("infer", [infer_by_ridge, infer_by_neighbors])
def test_permutation_test_is_that_of_the_metrics(split, infer):
    support = panel(split)
    inferred = infer(split, support)
    scores = score_genes(split, inferred, support)
    fraction = null_fractions(split, inferred, scores, np.arange(len(support)))
    test = gene_permutation_test(split.test[:, ~support], inferred[:, ~support])
    np.testing.assert_array_equal(fraction[~support], test.null_fraction)
    assert np.isnan(fraction[support]).all()
    some = np.array([0, 1, 2, 3, 5, 8, 10])
    tested = some[~support[some]]
    within = null_fractions(split, inferred, scores, some)
    test = gene_permutation_test(split.test[:, tested], inferred[:, tested])
    np.testing.assert_array_equal(within[tested], test.null_fraction)
    assert np.isnan(np.delete(within, tested)).all()


def test_constant_inference_has_no_correlation(split):
    inferred = np.full(split.test.shape, 0.1)
    support = panel(split)
    scores = score_genes(split, inferred, support)
    assert np.isnan(scores.pcc).all()
    assert np.isnan(scores_of_unselected(split, scores, ~support)["pcc"])
    assert np.isnan(null_fractions(split, inferred, scores, np.arange(len(support)))).all()


def test_redundancy_pair_by_pair(split):
    genes = [1, 4, 7, 9, 12]
    measures, pair = redundancy(split, panel(split))
    correlation = np.corrcoef(split.raw_train[:, genes].T)
    pairs = [(abs(correlation[a, b]), genes[a], genes[b]) for a in range(5) for b in range(a)]
    assert measures["mean_abs_correlation"] == pytest.approx(np.mean([r for r, *_ in pairs]))
    assert measures["max_abs_correlation"] == pytest.approx(max(pairs)[0])
    assert set(pair) == set(max(pairs)[1:])
    values = np.linalg.eigvalsh(correlation)
    assert measures["effective_genes"] == pytest.approx(values.sum() ** 2 / (values**2).sum())


def test_redundancy_of_copies_and_of_one_gene(split):
    copies = PanelSplit(split.raw_train[:, [0, 0, 0, 1]], split.raw_test[:, [0, 0, 0, 1]])
    measures, _ = redundancy(copies, np.array([True, True, True, False]))
    assert list(measures.values()) == pytest.approx([1, 1, 1])
    measures, pair = redundancy(split, panel(split, [3]))
    assert pair is None
    assert np.isnan(measures["mean_abs_correlation"])
    assert measures["effective_genes"] == pytest.approx(1)


def test_classes_are_scored_as_scikit_learn_does():
    rng = np.random.default_rng(1)
    labels = {"labels_train": rng.integers(3, size=60), "labels_test": rng.integers(3, size=25)}
    split = make_split(60, 30, **labels)
    shift = rng.normal(size=(3, 30))
    split.train[:] += shift[split.labels_train]
    split.test[:] += shift[split.labels_test]
    support, classifier = panel(split), LogisticRegression(max_iter=1000)
    counts = confusion(split, support, classifier, 3)
    assert not hasattr(classifier, "coef_")
    found = classifier.fit(split.train[:, support], split.labels_train).predict(
        split.test[:, support]
    )
    true = split.labels_test
    measures, classes = class_measures(counts)
    assert measures["balanced_accuracy"] == pytest.approx(balanced_accuracy_score(true, found))
    assert measures["macro_f1"] == pytest.approx(f1_score(true, found, average="macro"))
    recall = recall_score(true, found, average=None)
    np.testing.assert_allclose(classes["recall"], recall)
    assert measures["worst_recall"] == recall.min()
    np.testing.assert_allclose(classes["precision"], precision_score(true, found, average=None))
    clusters = fcluster(linkage(split.test[:, support], "ward"), 3, "maxclust")
    expected = adjusted_rand_score(true, clusters)
    assert clustering_agreement(split, support) == pytest.approx(expected)


def test_p_values_by_hand():
    random = np.array([[1.0, 1, 5, np.nan], [2, 2, 6, np.nan], [3, 3, 7, np.nan]])
    own = np.array([[2.0, 2, 9, np.nan]] * 3)
    found = p_values(random, own, np.array([False, True, False, False]))
    np.testing.assert_allclose(found, [3 / 4, 3 / 4, 1 / 4, np.nan])
