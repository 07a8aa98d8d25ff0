"""All genes of cells in which only a panel was measured."""

import numpy as np
import pandas as pd

from skgenes.compose import LandmarkReconstructor
from skgenes.feature_selection import GivenPanelSelector
from skgenes.linear_model import PanelRidge
from skgenes.tl._estimators import fill_in, params_of, with_seed
from skgenes.tl._folds import labels_of
from skgenes.tl._inputs import expression_of, panel_of
from skgenes.tl._results import spread
from skgenes.utils import check_anndata, check_key, with_names
from skgenes.utils._messages import listed

_RELIABILITY = ("r2", "pcc", "half_width", "q_value")


def infer_genes(
    adata,
    reference,
    *,
    key="landmarks",
    regressor=None,
    calibration=None,
    coverage=0.9,
    groups=None,
    layer=None,
    reference_layer=None,
    random_state=0,
    key_added="inferred",
):
    """Infer all genes of a targeted assay, learning from cells where they were measured.

    Parameters
    ----------
    adata : AnnData of shape (n_obs, n_measured)
        Cells in which the panel was measured. Genes may be in any order, and there may be more of
        them: those outside the panel are not read.
    reference : AnnData of shape (n_reference, n_vars)
        Cells in which all genes were measured, in the same unit.
    key : str, default="landmarks"
        Column of ``reference.var`` that flags the panel.
    regressor : estimator or None, default=None
        As for `skgenes.tl.reconstruct`: None is `skgenes.linear_model.PanelRidge`.
    calibration : float, int or None, default=None
        Share or number of the reference's cells, or groups, to hold out of training, and to
        judge by how far each gene can be relied on. None trains on all of them.
    coverage : float in (0, 1), default=0.9
        With `calibration`: what share of new cells the interval of a gene is to hold.
    groups : str or None, default=None
        With `calibration`: column of ``reference.obs`` with donors, batches or the like. Cells of
        a group are held out together, and intervals hold for cells of a new group.
    layer, reference_layer : str or None, default=None
        Layers of `adata` and of `reference` to read; None reads ``.X``.
    random_state : int, RandomState instance or None, default=0
        Seeds a regressor that has no seed, and draws the cells to hold out.
    key_added : str, default="inferred"
        Name of the results.

    Returns
    -------
    AnnData of shape (n_obs, n_vars)
        The cells of `adata` with the genes of `reference`. Neither of them is changed. Its fields
        are

        ``.X`` : ndarray of shape (n_obs, n_vars), float32 or float64
            The panel as measured, all other genes inferred. float32 if what was read from `adata`
            is float32, else float64.
        ``.obs``, ``.obsm`` :
            Those of `adata`.
        ``.var``, ``.varm`` :
            Those of `reference`.
        ``.var[key_added]`` : bool
            Which genes are inferred.
        ``.var[f"{key_added}_{name}"]`` : float64
            With `calibration`, for each `name` of "r2", "pcc", "half_width" and "q_value": how
            well the gene is inferred in the cells held out, as
            `skgenes.compose.LandmarkReconstructor.reliability` says. The interval of a cell's
            gene is its ``.X`` plus and minus the half width. NaN for the panel.
        ``.uns[key_added]`` : dict
            "params"; "n_reference", the number of cells learnt from; "n_held_out" with
            `calibration`; "function".

    Raises
    ------
    ValueError
        If genes of the panel are missing from `adata`, the panel has no gene or all, values are
        not finite, ``reference.var`` has one of the columns to be written, too few cells or
        groups are held out for `coverage`, or a group is missing.
    TypeError
        If one of both is not an AnnData.

    See Also
    --------
    skgenes.tl.reconstruct : Tries inference on the reference itself.

    Notes
    -----
    What the regressor learns holds for cells like those of the reference, measured alike: bring
    both to one scale first, for example with `skgenes.pp.quantile_normalize`. So do the intervals,
    which are split-conformal: `skgenes.compose.LandmarkReconstructor.predict_interval` says what
    they promise. A q-value of at most 0.05 marks genes that can be inferred, with 5 % of them
    expected to have nothing to do with the panel.

    Examples
    --------
    >>> import anndata as ad
    >>> import numpy as np
    >>> import skgenes
    >>> rng = np.random.default_rng(0)
    >>> cells = ad.AnnData(rng.normal(size=(60, 3)) @ rng.normal(size=(3, 12)))
    >>> cells.var["landmarks"] = [True] * 4 + [False] * 8
    >>> targeted = cells[:10, ["3", "0", "1", "2"]].copy()
    >>> filled = skgenes.tl.infer_genes(targeted, cells[10:])
    >>> filled.shape
    (10, 12)
    >>> int(filled.var["inferred"].sum())
    8

    How far can each gene be relied on? Hold 20 of the 50 reference cells out:

    >>> judged = skgenes.tl.infer_genes(targeted, cells[10:], calibration=20)
    >>> int((judged.var["inferred_q_value"] <= 0.05).sum())
    8
    """
    from anndata import AnnData

    check_anndata(reference, "reference")
    check_key(key_added)
    panel = panel_of(reference, key, name="reference")
    _check_free(reference, key_added, calibration)
    landmarks = _landmarks_of(adata, reference.var_names[panel], layer)
    model = LandmarkReconstructor(
        GivenPanelSelector(np.flatnonzero(panel)),
        with_seed(PanelRidge() if regressor is None else regressor, random_state),
        calibration=calibration,
        random_state=random_state,
    )
    labels = labels_of(reference, "obs", groups, what="cells", name="reference")
    matrix = with_names(*expression_of(reference, reference_layer, what="reference"))
    model.fit(matrix, groups=labels)
    columns, n_held_out = {key_added: ~panel}, 0
    if calibration is not None:
        table = model.reliability(coverage=coverage)
        n_held_out = len(model.calibration_["errors"])
        columns |= {f"{key_added}_{name}": spread(table[name], ~panel) for name in _RELIABILITY}
    filled = np.empty((adata.n_obs, reference.n_vars), dtype=landmarks[0].dtype)
    fill_in(model, *landmarks, filled)
    params = params_of(
        key=key,
        regressor=model.regressor,
        calibration=calibration,
        coverage=None if calibration is None else coverage,
        groups=groups,
        layer=layer,
        reference_layer=reference_layer,
        random_state=random_state,
    )
    return AnnData(
        filled,
        obs=adata.obs.copy(),
        var=reference.var.assign(**columns),
        obsm={name: values.copy() for name, values in adata.obsm.items()},
        varm={name: values.copy() for name, values in reference.varm.items()},
        uns={
            key_added: {
                "params": params,
                "n_reference": reference.n_obs - n_held_out,
                **({"n_held_out": n_held_out} if n_held_out else {}),
                "function": "infer_genes",
            }
        },
    )


def _check_free(reference, key, calibration):
    names = [key, *(f"{key}_{name}" for name in _RELIABILITY if calibration is not None)]
    for name in names:
        if name in reference.var:
            raise ValueError(
                f"reference.var has a column {name!r} already. Choose another key_added."
            )


def _landmarks_of(adata, panel, layer):
    """Numbers and names of the panel, in its order."""
    check_anndata(adata)
    missing = panel[~panel.isin(adata.var_names)]
    if len(missing):
        raise ValueError(
            f"adata lacks {len(missing)} of the {len(panel)} genes of the panel: "
            f"{listed(missing)}. Check the kind of identifier, or flag a panel in reference.var "
            "that was measured."
        )
    wanted = adata.var_names.isin(panel)
    matrix, names = expression_of(adata, layer, wanted)
    return matrix[:, pd.Index(names).get_indexer(panel)], panel.to_numpy(dtype=object)
