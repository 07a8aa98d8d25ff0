"""The regulators behind a contrast."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.base import clone

from skgenes import inspection
from skgenes.feature_extraction import RegulatoryTracks
from skgenes.inspection._explained_regulators import without_sites
from skgenes.metrics import per_output_spearman
from skgenes.tl._effects import effects_of
from skgenes.tl._estimators import params_of
from skgenes.tl._folds import folds_of, labels_of, shown_cv
from skgenes.tl._regulator_models import recipe_for
from skgenes.tl._results import check_free, spread, store
from skgenes.utils import check_anndata
from skgenes.utils._messages import listed


def regulator_scores(
    adata,
    tracks,
    effects=None,
    *,
    estimator=None,
    contrasts=None,
    cv=5,
    groups=None,
    rank_key="rank_genes_groups",
    random_state=0,
    key_added="regulator_scores",
    copy=False,
):
    r"""Find the regulators that explain log fold changes, out of fold.

    A model learns the effects of a contrast, such as treated against control, from what binds the
    genes. Each gene's effect is predicted, and the prediction put down to regulators, by a model
    that was trained on other genes.

    Parameters
    ----------
    adata : AnnData of shape (n_obs, n_vars)
        Cells or samples.
    tracks : RegulatoryTracks of shape (n_genes, n_features)
        What binds the genes, named as in ``adata.var_names``, in any order.
    effects : DataFrame of shape (n_genes, n_contrasts), Series or None, default=None
        Log fold changes or other effects, indexed by gene; columns are contrasts. None takes the
        log fold changes of all groups from ``adata.uns[rank_key]``, where
        ``scanpy.tl.rank_genes_groups`` leaves them.
    estimator : estimator or None, default=None
        A fitted model of tissues: `skgenes.neural_network.DEcodeRegressor`, or a Pipeline or
        search around one. Its transformers and branches are kept, and a new head is trained. Or
        an unfitted one, which is trained from scratch. None is
        ``DEcodeRegressor(log_counts=True, combine="mean", n_init=5, dropout=0.5)``.
    contrasts : str, sequence of str or None, default=None
        Contrasts to explain, in one model; None is all of them.
    cv : int, splitter or iterable, default=5
        Number of folds, or a splitter of scikit-learn that has each gene in one test set. Folds of
        a number are drawn at random, or whole groups.
    groups : str or None, default=None
        Column of ``adata.var`` with chromosomes or families: genes of a group stay together.
    rank_key : str, default="rank_genes_groups"
        The ``key_added`` of ``scanpy.tl.rank_genes_groups``. Not used if `effects` are given.
    random_state : int, RandomState instance or None, default=0
        Draws the folds, and seeds an estimator that has no seed.
    key_added : str, default="regulator_scores"
        Name of the results.
    copy : bool, default=False
        Whether to return a changed copy and leave `adata` alone.

    Returns
    -------
    AnnData or None
        The copy if ``copy=True``. Sets these fields, where `key` stands for `key_added`; that
        marked * only for a single contrast:

        ``.varm[f"{key}_predicted"]`` : float64, shape (n_vars, n_contrasts)
            Effects as predicted out of fold, in the unit of the effects; NaN for genes not used.
        ``.varm[key]`` * : float32, shape (n_vars, n_regulators)
            Contribution of every regulator to the prediction of every gene, in the unit of the
            effects; NaN for genes not used.
        ``.uns[key]`` : dict
            "scores", float64 of shape (n_regulators, n_contrasts): mean contributions over genes;
            "regulators" and "parts", str of shape (n_regulators,), and "contrasts", str of shape
            (n_contrasts,), which name their rows and columns; "spearman", float64 of shape
            (n_contrasts,): correlation of predicted with given effects over all genes used;
            "n_genes" used, "n_without_tracks", and "n_without_effects", which have tracks but no
            effect or NaN in a contrast; "n_splits"; "params"; "function" and "fields", what was
            written.

    Raises
    ------
    ValueError
        If genes are named differently, tracks have no regulators, an effect is infinite or the
        same for all genes, scanpy's ranking is not there or cut to some genes, a group is missing,
        the splitter does not test each gene once, or a field is there that is not a result of this
        function. `adata` is then as it was.
    TypeError
        If `adata`, `tracks` or `effects` are something else, or there is no DEcodeRegressor in
        `estimator`.

    See Also
    --------
    skgenes.inspection.regulator_scores : Scores of any model.
    skgenes.pl.regulator_scores : Draws the scores.

    Notes
    -----
    Look at "spearman" first. Where it is about 0, binding sites do not tell which genes change, and
    scores mean nothing, however large they are. Where it is not, scores say what the model goes by:
    a regulator whose sites merely coincide with those of another may be taken for it.

    A contribution is a DeepLIFT score against a gene to which nothing binds: positive where the
    sites of the regulator raise the effect. Lengths of promoters and RNAs contribute as well, but
    are no regulators. One that the model leaves out, such as by
    `skgenes.feature_extraction.RegulatorFilter`, contributes 0.

    Effects of a contrast are brought to mean 0 and standard deviation 1 over the training genes of
    each fold, and results back, so that all contrasts count alike. Log fold changes of genes that
    are hardly expressed are large and mean little: shrink them, or leave these genes out.

    For a single contrast expect no better predictions than those of ridge regression on logarithms
    of bases bound. The default has dropout, since one output regularises a network less than many.

    A model of tissues may have been trained on all genes: it has then seen their expression in
    tissues, but not the contrast.

    As a table: ``pd.DataFrame(record["scores"], record["regulators"], record["contrasts"])``.

    References
    ----------
    Tasaki et al. (2020), Nature Machine Intelligence 2, Methods, doi:10.1038/s42256-020-0201-6.

    Examples
    --------
    >>> import anndata as ad
    >>> import numpy as np
    >>> import pandas as pd
    >>> import skgenes
    >>> from skgenes.neural_network import DEcodeRegressor
    >>> made = skgenes.datasets.make_regulated_genes(300, 2, noise=0.1, random_state=0)
    >>> tracks, _ = skgenes.feature_extraction.regulatory_tracks(
    ...     made.annotation, rna=made.rna_sites
    ... )
    >>> bound = tracks.fold_sums("rna", 0)[0].toarray()[:, tracks.rna.regulators == "RBP5"]
    >>> effects = pd.Series(np.log1p(bound[:, 0]), tracks.genes, name="treated")
    >>> cells = ad.AnnData(np.zeros((4, 300)), var=pd.DataFrame(index=tracks.genes))
    >>> small = DEcodeRegressor(rna_convolutions=((16, 1),), log_counts=True, n_init=1)
    >>> small.set_params(batch_size=16, max_iter=20)
    DEcodeRegressor(...)
    >>> skgenes.tl.regulator_scores(cells, tracks, effects, estimator=small, cv=2)
    >>> record = cells.uns["regulator_scores"]
    >>> bool(record["spearman"][0] > 0.3)
    True
    >>> record["regulators"][np.argmax(np.abs(record["scores"][:, 0]))]
    'RBP5'
    """
    check_anndata(adata)
    fields = [key_added, f"{key_added}_predicted"]
    check_free(adata, key_added, "regulator_scores", {"varm": fields})
    table = effects_of(adata, effects, rank_key, contrasts)
    used, counts = _genes_used(adata, tracks, table)
    labels = labels_of(adata, "var", groups, what="genes", rows=used)
    folds = folds_of(int(used.sum()), cv, labels, random_state, what="genes")
    recipe = recipe_for(estimator, random_state)
    values = table[used]
    results = _explained(recipe, tracks[values.index.to_numpy()], values, folds)
    record = {
        "params": params_of(
            estimator=recipe if estimator is None else estimator,
            contrasts=contrasts,
            cv=shown_cv(cv),
            groups=groups,
            rank_key=rank_key if effects is None else None,
            random_state=random_state,
        ),
        "scores": results.scores,
        "regulators": np.array(results.features.get_level_values("regulator"), dtype=object),
        "parts": np.array(results.features.get_level_values("part"), dtype=object),
        "contrasts": np.array(values.columns, dtype=object),
        "spearman": per_output_spearman(values.to_numpy(), results.predicted),
        "n_splits": len(folds),
    }
    varm = {f"{key_added}_predicted": spread(results.predicted, used)}
    if results.contributions is not None:
        varm[key_added] = spread(results.contributions, used, fill=np.float32(np.nan))
    fields = {"varm": varm, "uns": record | counts}
    return store(adata, key_added, "regulator_scores", fields, copy=copy)


def _genes_used(adata, tracks, effects):
    """Genes with tracks and effects, as a mask, and the numbers of those used and not used."""
    if not isinstance(tracks, RegulatoryTracks):
        raise TypeError(f"tracks must be RegulatoryTracks, got {type(tracks).__name__}.")
    if tracks.shape[1] == len(tracks.parts):
        raise ValueError(
            f"tracks has no regulators, only the masks of {listed(tracks.parts)}: there is nothing "
            "to explain effects by."
        )
    tracked = adata.var_names.isin(tracks.genes)
    if not tracked.any():
        raise ValueError(
            f"tracks has no gene of adata: its genes are {listed(tracks.genes)}, adata.var_names "
            f"are {listed(adata.var_names)}. Bring both to one kind of identifier."
        )
    used = tracked & effects.notna().all(axis=1).to_numpy()
    if used.sum() < 2:
        raise ValueError(
            f"{used.sum()} of {tracked.sum()} genes with tracks have an effect in every contrast "
            f"({listed(effects.columns)}): there must be more. Leave out contrasts of NaN."
        )
    constant = effects.columns[effects[used].nunique() < 2]
    if len(constant):
        raise ValueError(
            f"The effect in {constant[0]!r} is {effects.loc[used, constant[0]].iloc[0]:g} for all "
            f"{used.sum()} genes: there is nothing to explain. Leave this contrast out."
        )
    return used, {
        "n_genes": int(used.sum()),
        "n_without_tracks": int((~tracked).sum()),
        "n_without_effects": int((tracked & ~used).sum()),
    }


@dataclass
class _Explained:
    """Results out of fold; genes are those used.

    Parameters
    ----------
    features : pandas.MultiIndex of length n_regulators
        Levels "part" and "regulator".
    predicted : ndarray of float64 of shape (n_genes, n_contrasts)
        Predictions.
    contributions : ndarray of float32 of shape (n_genes, n_regulators) or None
        To each of them, if there is a single contrast.
    scores : ndarray of float64 of shape (n_regulators, n_contrasts)
        Mean contributions.
    """

    features: pd.MultiIndex
    predicted: np.ndarray
    contributions: np.ndarray | None
    scores: np.ndarray


def _explained(recipe, tracks, effects, folds):
    """Predict and explain the genes of each fold by a model of all others."""
    n_genes, n_contrasts = effects.shape
    features = _regulators_of(tracks)
    results = _Explained(
        features,
        np.empty((n_genes, n_contrasts)),
        np.zeros((n_genes, len(features)), dtype=np.float32) if n_contrasts == 1 else None,
        np.zeros((len(features), n_contrasts)),
    )
    # One for all folds, so that their contributions can be averaged.
    reference = without_sites(tracks)
    for train, test in folds:
        mean, scale = effects.iloc[train].mean(), effects.iloc[train].std(ddof=0)
        scale = scale.where(scale > 0, 1.0)
        model = clone(recipe).fit(tracks[train], (effects.iloc[train] - mean) / scale)
        predicted = np.reshape(model.predict(tracks[test]), (len(test), n_contrasts))
        results.predicted[test] = predicted * scale.to_numpy() + mean.to_numpy()
        _explain_fold(results, model, tracks[test], test, reference, scale.to_numpy())
    results.scores /= n_genes
    return results


def _explain_fold(results, model, tracks, rows, reference, scale):
    keep = results.contributions is not None
    explained = inspection.regulator_scores(
        model, tracks, reference=reference, aggregation=None if keep else "signed"
    )
    columns = results.features.get_indexer(explained.scores.index)
    results.scores[columns] += explained.scores.to_numpy() * scale * len(rows)
    if keep:
        found = explained.features.get_indexer(explained.scores.index)
        results.contributions[np.ix_(rows, columns)] = (
            explained.contributions[:, found, 0] * scale[0]
        )


def _regulators_of(tracks):
    """All regulators of tracks, without the masks."""
    pairs = [(part, name) for part, track in tracks.parts.items() for name in track.regulators[1:]]
    return pd.MultiIndex.from_tuples(pairs, names=["part", "regulator"])
