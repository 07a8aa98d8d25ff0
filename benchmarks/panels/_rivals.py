"""Selectors of other packages: a function each, with the exact call.

Settings are each tool's defaults where nothing else is said. Packages are imported inside, so that
this module loads in any interpreter that has NumPy.
"""

import numpy as np

from benchmarks.panels._baselines import SKLEARN, principal_components
from benchmarks.panels._registry import selector

N_BISECTIONS = 10


@selector("fastcan, components", packages=(("fastcan", "fastcan"), *SKLEARN), nested=True)
def fastcan_components(data, size, seed):
    """FastCan against principal components, its own recipe without labels; 30 as elsewhere here."""
    from fastcan import FastCan

    target = principal_components(data.z)
    return FastCan(n_features_to_select=size, verbose=0).fit(data.z, target).indices_


@selector("fastcan, all genes", packages=(("fastcan", "fastcan"), *SKLEARN), nested=True)
def fastcan_genes(data, size, seed):
    """FastCan against the genes themselves.

    It adds up canonical correlations, of which each counts the same: with as many genes as samples
    the target has no direction that matters more than another.
    """
    from fastcan import FastCan

    chosen = FastCan(n_features_to_select=size, verbose=0)
    return chosen.fit(data.z, data.z).indices_


@selector("scikit-matter CUR", packages=(("skmatter", "skmatter.feature_selection"),), nested=True)
def cur(data, size, seed):
    """CUR with its defaults: leverage in the first singular vector, deflated after every gene."""
    from skmatter.feature_selection import CUR

    return CUR(n_to_select=size, random_state=seed).fit(data.z).selected_idx_


@selector("scikit-matter FPS", packages=(("skmatter", "skmatter.feature_selection"),), nested=True)
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


@selector("LassoNet", packages=(("lassonet", "lassonet"), ("torch", "torch")), nested=True)
def lassonet(data, size, seed):
    """LassoNet to 30 principal components; genes by the penalty that shuts them out.

    Its path is walked in steps of 1.1 in place of 1.02, to be done in minutes.
    """
    from lassonet import LassoNetRegressor

    settings = {"path_multiplier": 1.1, "random_state": seed, "torch_seed": seed, "verbose": 0}
    model = LassoNetRegressor(**settings)
    target = principal_components(data.z)
    model.path(data.z.astype(np.float32), target.astype(np.float32))
    return np.argsort(-model.feature_importances_.numpy(), kind="stable")[:size]


@selector("SCMER", packages=(("scmer", "scmer"), ("torch", "torch")))
def scmer(data, size, seed):
    """UmapL1 of the largest penalty that leaves enough, by bisection; its largest weights.

    Its own ``UmapL1.tune`` stops at steps of 0.1 of the penalty's logarithm, on either side of the
    size: panels of 50 were left with 21 to 49 genes.
    """
    from scmer import UmapL1

    values = data.z.astype(np.float32)
    low, high, weights, used = -8.0, -2.0, np.zeros(len(data.genes)), np.inf
    for _ in range(N_BISECTIONS):
        middle = (low + high) / 2
        model = UmapL1(lasso=10**middle, n_threads=1, verbosity=0).fit(values)
        found = np.abs(np.ravel(model.w))
        n_found = np.sum(found > 0)
        if size <= n_found < used:
            weights, used = found, n_found
        low, high = (middle, high) if n_found >= size else (low, middle)
        if n_found == size:
            break
    if not np.isfinite(used):
        raise RuntimeError(f"no penalty leaves {size} genes")
    return np.argsort(-weights, kind="stable")[:size], f"{used} genes"


@selector("triku", packages=(("triku", "triku"), ("scanpy", "scanpy")))
def triku(data, size, seed):
    """Distances of expression among neighbours from what chance gives."""
    import scanpy
    import triku

    cells = data.adata()
    scanpy.pp.pca(cells, random_state=seed)
    scanpy.pp.neighbors(cells, random_state=seed)
    triku.tl.triku(cells, n_features=size, use_raw=False)
    distance = cells.var["triku_distance"].where(cells.var["highly_variable"], -np.inf)
    return np.argsort(-distance.to_numpy(), kind="stable")[:size]


@selector("Boruta", packages=(("Boruta", "boruta"), *SKLEARN), nested=True, labels=True)
def boruta(data, size, seed):
    """Boruta with the forest of its own example; it does not order what it confirms.

    Genes are taken by its ranking, and among equals by their mean importance over its rounds.
    """
    from boruta import BorutaPy
    from sklearn.ensemble import RandomForestClassifier

    trees = RandomForestClassifier(class_weight="balanced", max_depth=5, random_state=seed)
    # It takes text that reads as numbers for numbers in one place and for text in another.
    types = np.unique(data.labels, return_inverse=True)[1]
    model = BorutaPy(trees, n_estimators="auto", random_state=seed).fit(data.z, types)
    importance = np.nanmean(model.importance_history_[1:], axis=0)
    remark = f"{np.sum(model.support_)} confirmed"
    return np.lexsort((-importance, model.ranking_))[:size], remark


@selector("Spapros", packages=(("spapros", "spapros"),), nested=True, labels=True)
def spapros(data, size, seed):
    """All genes given are candidates; its ranking does not depend on the size without a list."""
    import spapros

    cells = data.adata()
    cells.var["highly_variable"] = True
    settings = {"celltype_key": "type", "seed": seed, "verbosity": 0, "n_jobs": 1}
    chosen = spapros.se.ProbesetSelector(cells, n=size, **settings)
    chosen.select_probeset()
    table = chosen.probeset
    return data.columns(table.index[table["selection"]])[:size]


@selector("NS-Forest", packages=(("nsforest", "nsforest"),), labels=True)
def nsforest(data, size, seed):
    """Markers of every type, then its most binary genes, best of every type first.

    It looks at as many genes of a type as the panel has, not at 15 and 10.
    """
    from itertools import chain, zip_longest

    import nsforest

    cells = data.adata()
    cells = nsforest.pp.prep_medians(cells, "type")
    cells = nsforest.pp.prep_binary_scores(cells, "type")
    # Its default folder "" cannot be made; nothing is saved in the one that there is.
    settings = {"n_top_genes": size, "n_binary_genes": size, "n_jobs": 1, "output_folder": "."}
    table = nsforest.nsforesting.NSForest(cells, "type", **settings)
    ordered = chain(
        chain.from_iterable(table["NSForest_markers"]),
        chain.from_iterable(zip_longest(*table["binary_genes"])),
    )
    return data.columns([gene for gene in dict.fromkeys(ordered) if gene is not None])[:size]
