"""Baselines written out, and what scikit-learn and scanpy offer."""

import numpy as np

from benchmarks.panels._registry import selector

SKLEARN = tuple(
    ("scikit-learn", f"sklearn.{module}")
    for module in ("decomposition", "ensemble", "feature_selection", "linear_model")
)


# ---- baselines written out -----------------------------------------------------------------------


@selector("random", nested=True, draws=5)
def random(data, size, seed):
    """Draw without replacement."""
    return np.random.default_rng(seed).permutation(len(data.genes))[:size]


@selector("variance of logarithms", packages=SKLEARN, nested=True)
def variance(data, size, seed):
    """Take the largest variance: sklearn's VarianceThreshold with the threshold that fits."""
    from sklearn.feature_selection import VarianceThreshold

    variances = VarianceThreshold().fit(data.expression).variances_
    return np.argsort(-variances, kind="stable")[:size]


@selector("greedy column subset", nested=True)
def column_subset(data, size, seed):
    """Add the gene whose residual explains most of what the panel leaves unexplained.

    The residual's Gram matrix G is deflated by every gene picked: the gain of gene j is
    ``sum(G[:, j] ** 2) / G[j, j]`` (Farahat, Ghodsi and Kamel 2011).
    """
    gram = data.z.T @ data.z
    picked, spent = [], 1e-9 * gram.diagonal().max()
    for _ in range(size):
        own = gram.diagonal()
        gain = np.where(own > spent, np.sum(gram**2, axis=0) / np.maximum(own, spent), -1.0)
        gain[picked] = -2.0
        best = int(np.argmax(gain))
        picked.append(best)
        if own[best] > spent:
            gram = gram - np.outer(gram[best], gram[best]) / own[best]
    return picked


# ---- scanpy --------------------------------------------------------------------------------------


def _highly_variable(data, size, flavor):
    import scanpy

    cells = data.adata()
    scanpy.pp.highly_variable_genes(cells, flavor=flavor, n_top_genes=size)
    scores = cells.var["dispersions_norm"].where(cells.var["highly_variable"], -np.inf)
    return np.argsort(-scores.to_numpy(), kind="stable")[:size]


@selector("scanpy HVG, seurat", packages=(("scanpy", "scanpy"),))
def hvg_seurat(data, size, seed):
    """Normalised dispersion; expects log(1 + x) in natural logarithms."""
    return _highly_variable(data, size, "seurat")


@selector("scanpy HVG, cell_ranger", packages=(("scanpy", "scanpy"),))
def hvg_cell_ranger(data, size, seed):
    """Normalised dispersion by median and MAD of bins."""
    return _highly_variable(data, size, "cell_ranger")


# ---- scikit-learn --------------------------------------------------------------------------------


def principal_components(z, n_components=30):
    from sklearn.decomposition import PCA

    return PCA(min(n_components, min(z.shape) - 1), random_state=0).fit_transform(z)


@selector("sklearn multi-task lasso", packages=SKLEARN)
def lasso(data, size, seed):
    """Lasso from all genes to 30 principal components: the first penalty that leaves enough.

    What ``SelectFromModel(MultiTaskLasso(alpha), max_features=size)`` selects at that penalty.
    """
    from sklearn.linear_model import MultiTaskLasso

    target = principal_components(data.z)
    highest = np.linalg.norm(data.z.T @ target, axis=1).max() / len(target)
    model = MultiTaskLasso(warm_start=True)
    for alpha in np.geomspace(highest, highest / 100, 60):
        norms = np.linalg.norm(model.set_params(alpha=alpha).fit(data.z, target).coef_, axis=0)
        if np.sum(norms > 0) >= size:
            break
    used = np.sum(norms > 0)
    return np.argsort(-norms, kind="stable")[: min(used, size)], f"{used} genes at {alpha:.3g}"


@selector("sklearn SelectKBest, f_classif", packages=SKLEARN, nested=True, labels=True)
def k_best(data, size, seed):
    """Largest F between known types."""
    from sklearn.feature_selection import SelectKBest, f_classif

    scores = SelectKBest(f_classif, k=size).fit(data.z, data.labels).scores_
    return np.argsort(-scores, kind="stable")[:size]


@selector("sklearn SelectFromModel, forest", packages=SKLEARN, nested=True, labels=True)
def forest(data, size, seed):
    """Importance for telling known types, 500 extremely randomised trees."""
    from sklearn.ensemble import ExtraTreesClassifier
    from sklearn.feature_selection import SelectFromModel

    trees = ExtraTreesClassifier(500, random_state=seed)
    model = SelectFromModel(trees, max_features=size, threshold=-np.inf).fit(data.z, data.labels)
    return np.argsort(-model.estimator_.feature_importances_, kind="stable")[:size]


@selector("sklearn SequentialFeatureSelector", packages=SKLEARN, default=False)
def sequential(data, size, seed):
    """Not feasible: 765 genes, 50 steps and 5 folds are some 190,000 ridge regressions."""
    from sklearn.feature_selection import SequentialFeatureSelector
    from sklearn.linear_model import Ridge

    target = principal_components(data.z)
    chosen = SequentialFeatureSelector(Ridge(), n_features_to_select=size, cv=5)
    return np.flatnonzero(chosen.fit(data.z, target).get_support())
