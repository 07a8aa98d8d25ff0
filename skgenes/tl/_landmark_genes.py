"""Landmark genes of an AnnData."""

from numbers import Integral

import numpy as np
from sklearn.base import clone
from sklearn.utils.validation import has_fit_parameter

from skgenes.feature_selection import AutoEncoderDeepLIFTSelector
from skgenes.tl._estimators import params_of, with_seed
from skgenes.tl._folds import labels_of
from skgenes.tl._inputs import expression_of, genes_in_mask
from skgenes.tl._results import check_free, spread, store
from skgenes.utils import check_anndata, form_for, resolve_genes
from skgenes.utils._messages import listed


def landmark_genes(
    adata,
    n_genes=None,
    *,
    selector=None,
    autoencoder=None,
    reference=None,
    must_include=None,
    exclude=None,
    groups=None,
    layer=None,
    mask_var=None,
    random_state=0,
    key_added="landmarks",
    copy=False,
):
    """Choose the genes worth measuring.

    Runs `skgenes.feature_selection.AutoEncoderDeepLIFTSelector`, which searches for the panel
    that tells most of what an autoencoder learns of the genes, or a selector of your choice, and
    writes what it finds.

    Parameters
    ----------
    adata : AnnData of shape (n_obs, n_vars)
        Cells or samples, log-transformed or in another unit in which differences make sense.
    n_genes : int, float, "auto" or None, default=None
        Size of the panel: a number of genes, a share of them in (0, 1], "auto" for as many as
        cross-validation finds to be enough, or None for what the selector is set to: half of the
        genes by default.
    selector : estimator or None, default=None
        Any unsupervised selector: with ``fit`` and ``get_support``. None is
        ``AutoEncoderDeepLIFTSelector()``; ``AutoEncoderDeepLIFTSelector(strategy="importance")``
        is the ranking of Kong et al. (2021).
    autoencoder : GeneAutoEncoder or None, default=None
        The network to train. None leaves the selector's own, as for the next three.
    reference : {"mean", "median", "zeros"}, array-like of shape (n_vars,) or None, default=None
        Reference sample of DeepLIFT.
    must_include, exclude : None or sequence of str or int, default=None
        Genes, by name or by column of `adata`, that are always or never in the panel.
    groups : str or None, default=None
        Column of ``adata.obs``, such as the cell type, whose groups weigh the same however many
        cells they have, so that the genes of a rare one are not left behind. Given to the
        selector's ``fit``.
    layer : str or None, default=None
        Layer to read; None reads ``adata.X``.
    mask_var : str, ndarray of bool of shape (n_vars,) or None, default=None
        Genes to choose from: a column of ``adata.var`` such as "highly_variable", or an array.
        None takes all.
    random_state : int, RandomState instance or None, default=0
        Seed for a selector and an autoencoder that have none: one set there is left as it is.
    key_added : str, default="landmarks"
        Name of the results.
    copy : bool, default=False
        Whether to return a changed copy and leave `adata` alone.

    Returns
    -------
    AnnData or None
        The copy if ``copy=True``. Sets these fields, where `key` stands for `key_added`; those
        marked * only if the selector has the attribute:

        ``.var[key]`` : bool
            The panel.
        ``.var[f"{key}_rank"]`` * : float64
            Rank from `ranking_`, 1 for the best; NaN outside `mask_var`.
        ``.var[f"{key}_importance"]`` * : float64
            `importances_` to the autoencoder's bottleneck; NaN outside `mask_var`. The panel is
            not the genes with the largest, unless the selector takes those.
        ``.varm[f"{key}_contributions"]`` * : float64, shape (n_vars, n_units)
            `contributions_` to every bottleneck unit; NaN outside `mask_var`.
        ``.obsm[f"X_{key}"]`` * : float64, shape (n_obs, n_units)
            Bottleneck of every cell from `autoencoder_`, for ``scanpy.pp.neighbors(use_rep=...)``.
        ``.uns[key]`` : dict
            "params"; "n_genes", the size of the panel; "loss_curve" * and "validation_curve" *,
            float64 of shape (n_epochs,); "residual" *, `residual_`; "cv_results" *, what "auto"
            found; "function" and "fields", what was written.

    Raises
    ------
    ValueError
        If values are not finite, genes are unknown or not unique, the panel cannot have the size
        asked for, or a field is there that is not a result of this function. `adata` is then as
        it was.
    TypeError
        If `adata` is not an AnnData, or the selector has no parameter for an option given, or its
        ``fit`` takes no groups.

    See Also
    --------
    skgenes.tl.reconstruct : Infers all other genes.
    skgenes.pl.landmark_genes : Draws the importances.
    skgenes.inspection.evaluate_panel : Says how good the panel is.

    Notes
    -----
    A second call with the same key replaces the results of the first. Parameters that are None
    are not in "params": h5ad files do not keep it. A view becomes an AnnData of its own.

    References
    ----------
    Kong et al. (2021), BMC Bioinformatics 22, doi:10.1186/s12859-021-03972-5, Methods.

    Examples
    --------
    >>> import anndata as ad
    >>> import numpy as np
    >>> import skgenes
    >>> from skgenes.neural_network import GeneAutoEncoder
    >>> cells = ad.AnnData(np.random.default_rng(0).normal(size=(40, 12)).cumsum(axis=1))
    >>> small = GeneAutoEncoder((8, 3), max_iter=5)
    >>> skgenes.tl.landmark_genes(cells, 4, autoencoder=small)
    >>> int(cells.var["landmarks"].sum())
    4
    >>> cells.obsm["X_landmarks"].shape
    (40, 3)
    """
    check_anndata(adata)
    mask = genes_in_mask(adata, mask_var)
    _check_size(n_genes, mask)
    options = {
        "n_features_to_select": n_genes,
        "autoencoder": autoencoder,
        "reference": _in_mask(reference, mask),
        "must_include": _must_include(adata, must_include, mask),
        "exclude": _exclude(adata, exclude, mask),
    }
    selector = with_seed(_configured(selector, options), random_state)
    _check_wishes(selector, options, mask)
    layer = _take_layer(selector, layer)
    check_free(adata, key_added, "landmark_genes", _fields(key_added))
    matrix, names = expression_of(adata, layer, mask)
    X = form_for(selector, matrix, names)
    labels = labels_of(adata, "obs", groups, what="cells")
    selector.fit(X, **_fit_params(selector, labels))
    params = params_of(
        selector=selector,
        n_genes=n_genes,
        must_include=options["must_include"],
        exclude=options["exclude"],
        groups=groups,
        layer=layer,
        mask_var=mask_var,
        random_state=random_state,
    )
    fields = _results(selector, X, mask, key_added) | {"uns": _record(selector, params)}
    return store(adata, key_added, "landmark_genes", fields, copy=copy)


def _fields(key):
    """Everything that may be written."""
    return {
        "var": [key, f"{key}_rank", f"{key}_importance"],
        "varm": [f"{key}_contributions"],
        "obsm": [f"X_{key}"],
    }


def _results(selector, X, mask, key):
    """What the fitted selector has to offer, for all genes."""
    support = np.asarray(selector.get_support(), dtype=bool)
    fields = {"var": {key: spread(support, mask, fill=False)}, "varm": {}, "obsm": {}}
    if hasattr(selector, "ranking_"):
        fields["var"][f"{key}_rank"] = spread(selector.ranking_, mask)
    if hasattr(selector, "importances_"):
        fields["var"][f"{key}_importance"] = spread(selector.importances_, mask)
    if hasattr(selector, "contributions_"):
        fields["varm"][f"{key}_contributions"] = spread(selector.contributions_, mask)
    if hasattr(selector, "autoencoder_"):
        fields["obsm"][f"X_{key}"] = selector.autoencoder_.transform(X)
    return fields


def _record(selector, params):
    """The entry in ``.uns``."""
    record = {"params": params, "n_genes": int(np.sum(selector.get_support()))}
    autoencoder = getattr(selector, "autoencoder_", None)
    for name in ("loss_curve", "validation_curve"):
        curve = getattr(autoencoder, f"{name}_", [])
        if len(curve):
            record[name] = np.asarray(curve, dtype=np.float64)
    if hasattr(selector, "residual_"):
        record["residual"] = float(selector.residual_)
    if hasattr(selector, "cv_results_"):
        record["cv_results"] = dict(selector.cv_results_)
    return record


def _configured(selector, options):
    """Give a copy of the selector the options that are not None."""
    selector = AutoEncoderDeepLIFTSelector() if selector is None else clone(selector)
    options = {name: value for name, value in options.items() if value is not None}
    unknown = sorted(set(options) - set(selector.get_params()))
    if unknown:
        raise TypeError(
            f"{type(selector).__name__} has no parameter {listed(unknown)}: set the selector up "
            "as you want it and leave the option out."
        )
    return selector.set_params(**options)


def _fit_params(selector, groups):
    if groups is None:
        return {}
    if not has_fit_parameter(selector, "groups"):
        raise TypeError(
            f"fit of {type(selector).__name__} takes no groups. Leave groups out, or pass a "
            "selector that weighs them, such as GreedyPanelSelector."
        )
    return {"groups": groups}


def _check_wishes(selector, options, mask):
    """Refuse columns that the selector would count within the mask."""
    for name in ("must_include", "exclude"):
        genes = getattr(selector, name, None)
        if mask.all() or genes is None or options[name] is not None:
            continue
        numbers = [
            gene
            for gene in np.atleast_1d(np.asarray(genes, dtype=object))
            if isinstance(gene, Integral)
        ]
        if numbers:
            raise ValueError(
                f"{name} of the selector has column numbers, {listed(numbers)}, which would count "
                f"within mask_var. Give the genes by name, or pass {name}= to this function."
            )


def _take_layer(selector, layer):
    """Take the layer from the selector, which gets the matrix whatever layer that was."""
    if "layer" not in selector.get_params():
        return layer
    layer = selector.layer if layer is None else layer
    selector.set_params(layer=None)
    return layer


def _check_size(n_genes, mask):
    if isinstance(n_genes, Integral) and n_genes > mask.sum():
        raise ValueError(
            f"n_genes={n_genes} is too many: there are {mask.sum()} genes to choose from, of "
            f"{len(mask)}. Ask for fewer or widen mask_var."
        )


def _in_mask(reference, mask):
    if reference is None or isinstance(reference, str):
        return reference
    reference = np.asarray(reference)
    if reference.shape != mask.shape:
        raise ValueError(
            f"reference must have a value for each of the {len(mask)} genes of adata, got an "
            f"array of shape {reference.shape}."
        )
    return reference[mask]


def _must_include(adata, genes, mask):
    """Names of the genes, which must all be in the mask."""
    if genes is None:
        return None
    wanted = resolve_genes(genes, adata.var_names, adata.n_vars, what="must_include")
    outside = wanted[~mask[wanted]]
    if len(outside):
        raise ValueError(
            f"must_include has {len(outside)} gene(s) outside mask_var: "
            f"{listed(adata.var_names[outside])}. Widen the mask or leave them out."
        )
    return list(adata.var_names[wanted])


def _exclude(adata, genes, mask):
    """Names of the genes in the mask; those outside are left out anyway."""
    if genes is None:
        return None
    unwanted = resolve_genes(genes, adata.var_names, adata.n_vars, what="exclude")
    return list(adata.var_names[unwanted[mask[unwanted]]])
