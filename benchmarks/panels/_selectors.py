"""The selectors that are compared: a function each, with the exact call.

Third parties' packages are imported inside, so that this module loads in any interpreter that has
NumPy, and so does AnnData.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np


@dataclass(frozen=True)
class Training:
    """What selectors may see.

    Attributes
    ----------
    expression : ndarray of float64 of shape (n_samples, n_genes)
        Logarithms.
    genes : ndarray of str of shape (n_genes,)
        Distinct names.
    labels : ndarray of str of shape (n_samples,)
        Known types.
    """

    expression: np.ndarray
    genes: np.ndarray
    labels: np.ndarray

    @cached_property
    def z(self):
        """Expression of mean 0 and standard deviation 1 for every gene."""
        return (self.expression - self.expression.mean(axis=0)) / self.expression.std(axis=0)

    def adata(self):
        """Return the logarithms and types as an AnnData."""
        from anndata import AnnData

        cells = AnnData(self.expression.astype(np.float32))
        cells.var_names = self.genes
        cells.obs["type"] = self.labels
        cells.obs["type"] = cells.obs["type"].astype("category")
        return cells

    def columns(self, names):
        """Columns of genes by name, in the order given."""
        column = {gene: i for i, gene in enumerate(self.genes)}
        return [column[name] for name in names]


@dataclass(frozen=True)
class Selector:
    """One contestant.

    Attributes
    ----------
    pick : callable
        From (training, size, seed) to the columns chosen, best first; or to (columns, remark).
    packages : tuple of (str, str)
        Distribution and module of what must be installed.
    nested : bool
        Whether smaller panels are the head of larger ones: then it picks once, the largest.
    labels : bool
        Whether it is told the types of the training samples.
    draws : int
        How often it picks for a split, with other seeds; scores are averaged.
    default : bool
        Whether it takes part without being named.
    """

    pick: callable
    packages: tuple = ()
    nested: bool = False
    labels: bool = False
    draws: int = 1
    default: bool = True


SELECTORS = {}
OURS = "skgenes, "


def selector(name, **about):
    """Register a function as a contestant."""

    def register(pick):
        SELECTORS[name] = Selector(pick, **about)
        return pick

    return register


def find(name):
    """Return a contestant by name, the library's own strategies included.

    Parameters
    ----------
    name : str
        As in the tables.

    Returns
    -------
    Selector
        It; KeyError if there is none.
    """
    if name in SELECTORS:
        return SELECTORS[name]
    strategy = name.removeprefix(f"{OURS}strategy=")
    if strategy not in our_strategies():
        raise KeyError(name)
    return Selector(
        lambda data, size, seed: pick_by_strategy(strategy, data, size, seed),
        packages=SKGENES,
        nested=strategy == "importance",
    )


def contestants():
    """Names of all selectors that take part without being named; the library's own come first."""
    ours = [f"{OURS}strategy={strategy}" for strategy in our_strategies()]
    return [*ours, *(name for name, about in SELECTORS.items() if about.default)]


# ---- skgenes -------------------------------------------------------------------------------------

SKGENES = (("skgenes", "skgenes"), ("keras", "keras"))


def our_strategies():
    """Settings of ``AutoEncoderDeepLIFTSelector(strategy=)``; importance is the paper's."""
    from skgenes.feature_selection import AutoEncoderDeepLIFTSelector

    constraints = AutoEncoderDeepLIFTSelector._parameter_constraints.get("strategy")
    if constraints is None:
        return ["importance"]
    return sorted(option for known in constraints for option in getattr(known, "options", ()))


def pick_by_strategy(strategy, data, size, seed):
    """Pick by autoencoder and DeepLIFT, all other settings the defaults."""
    from skgenes.feature_selection import AutoEncoderDeepLIFTSelector

    chosen = AutoEncoderDeepLIFTSelector(size, random_state=seed)
    if "strategy" in chosen.get_params():
        chosen.set_params(strategy=strategy)
    return np.argsort(chosen.fit(data.z).ranking_)[:size]


@selector(f"{OURS}PeelOffSelector", packages=(("skgenes", "skgenes"),))
def peel_off(data, size, seed):
    """Pick as L1000's landmarks were; a panel of another size is another one."""
    from skgenes.feature_selection import PeelOffSelector

    return np.argsort(PeelOffSelector(size, random_state=seed).fit(data.z).ranking_)[:size]


# ---- baselines written out -----------------------------------------------------------------------


@selector("random", nested=True, draws=10)
def random(data, size, seed):
    """Draw without replacement."""
    return np.random.default_rng(seed).permutation(len(data.genes))[:size]


@selector("variance of logarithms", nested=True)
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


def _principal_components(z, n_components=30):
    from sklearn.decomposition import PCA

    return PCA(min(n_components, min(z.shape) - 1), random_state=0).fit_transform(z)


@selector("sklearn multi-task lasso", nested=False)
def lasso(data, size, seed):
    """Lasso from all genes to 30 principal components: the first penalty that leaves enough.

    What ``SelectFromModel(MultiTaskLasso(alpha), max_features=size)`` selects at that penalty.
    """
    from sklearn.linear_model import MultiTaskLasso

    target = _principal_components(data.z)
    alphas, coefficients, _ = MultiTaskLasso.path(data.z, target, alphas=40, eps=1e-2)
    norms = np.linalg.norm(coefficients, axis=0).T
    used = np.sum(norms > 0, axis=1)
    enough = np.flatnonzero(used >= size)
    if not len(enough):
        raise ValueError(f"The smallest penalty leaves {used[-1]} genes, fewer than {size}.")
    row = norms[enough[0]]
    remark = f"{used[enough[0]]} genes at alpha {alphas[enough[0]]:.3g}"
    return np.argsort(-row, kind="stable")[:size], remark


@selector("sklearn SelectKBest, f_classif", nested=True, labels=True)
def k_best(data, size, seed):
    """Largest F between known types."""
    from sklearn.feature_selection import SelectKBest, f_classif

    scores = SelectKBest(f_classif, k=size).fit(data.z, data.labels).scores_
    return np.argsort(-scores, kind="stable")[:size]


@selector("sklearn SelectFromModel, forest", nested=True, labels=True)
def forest(data, size, seed):
    """Importance for telling known types, 500 extremely randomised trees."""
    from sklearn.ensemble import ExtraTreesClassifier
    from sklearn.feature_selection import SelectFromModel

    trees = ExtraTreesClassifier(500, random_state=seed)
    model = SelectFromModel(trees, max_features=size, threshold=-np.inf).fit(data.z, data.labels)
    return np.argsort(-model.estimator_.feature_importances_, kind="stable")[:size]


@selector("sklearn SequentialFeatureSelector", default=False)
def sequential(data, size, seed):
    """Not feasible: 765 genes, 50 steps and 5 folds are some 190,000 ridge regressions."""
    from sklearn.feature_selection import SequentialFeatureSelector
    from sklearn.linear_model import Ridge

    target = _principal_components(data.z)
    chosen = SequentialFeatureSelector(Ridge(), n_features_to_select=size, cv=5)
    return np.flatnonzero(chosen.fit(data.z, target).get_support())


# ---- other selectors without labels --------------------------------------------------------------


@selector("fastcan, components", packages=(("fastcan", "fastcan"),), nested=True)
def fastcan_components(data, size, seed):
    """FastCan against principal components, its own recipe without labels; 30 as elsewhere here."""
    from fastcan import FastCan

    target = _principal_components(data.z)
    return FastCan(n_features_to_select=size, verbose=0).fit(data.z, target).indices_


@selector("fastcan, all genes", packages=(("fastcan", "fastcan"),), nested=True)
def fastcan_genes(data, size, seed):
    """FastCan against the genes themselves."""
    from fastcan import FastCan

    chosen = FastCan(n_features_to_select=size, verbose=0)
    return chosen.fit(data.z, data.z).indices_


@selector("scikit-matter CUR", packages=(("skmatter", "skmatter"),), nested=True)
def cur(data, size, seed):
    """CUR with its defaults: leverage in the first singular vector, deflated after every gene."""
    from skmatter.feature_selection import CUR

    return CUR(n_to_select=size, random_state=seed).fit(data.z).selected_idx_


@selector("scikit-matter FPS", packages=(("skmatter", "skmatter"),), nested=True)
def farthest_points(data, size, seed):
    """Farthest-point sampling of genes, from a random one."""
    from skmatter.feature_selection import FPS

    start = {"initialize": "random", "random_state": seed}
    return FPS(n_to_select=size, **start).fit(data.z).selected_idx_


@selector("concrete autoencoder", packages=(("keras", "keras"), ("tensorflow", "tensorflow")))
def concrete(data, size, seed):
    """Balin et al. (2019), written anew; units that repeat a gene are given their next best."""
    from benchmarks.panels._concrete import concrete_autoencoder

    picked, n_distinct = concrete_autoencoder(data.z, size, seed)
    return picked, f"{n_distinct} distinct, filled up to {size}"
