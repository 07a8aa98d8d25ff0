"""All genes of cells in which only a panel was measured."""

import numpy as np
import pandas as pd

from skgenes.compose import LandmarkReconstructor
from skgenes.feature_selection import GivenPanelSelector
from skgenes.linear_model import PanelRidge
from skgenes.tl._estimators import fill_in, params_of, with_seed
from skgenes.tl._inputs import expression_of, panel_of
from skgenes.utils import check_anndata, check_key, with_names
from skgenes.utils._messages import listed


def infer_genes(
    adata,
    reference,
    *,
    key="landmarks",
    regressor=None,
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
    layer, reference_layer : str or None, default=None
        Layers of `adata` and of `reference` to read; None reads ``.X``.
    random_state : int, RandomState instance or None, default=0
        Seeds a regressor that has no seed.
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
        ``.uns[key_added]`` : dict
            "params"; "n_reference", the number of cells learnt from; "function".

    Raises
    ------
    ValueError
        If genes of the panel are missing from `adata`, the panel has no gene or all, values are
        not finite, or ``reference.var`` has a column `key_added`.
    TypeError
        If one of both is not an AnnData.

    See Also
    --------
    skgenes.tl.reconstruct : Tries inference on the reference itself.

    Notes
    -----
    What the regressor learns holds for cells like those of the reference, measured alike: bring
    both to one scale first, for example with `skgenes.pp.quantile_normalize`.

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
    """
    from anndata import AnnData

    check_anndata(reference, "reference")
    check_key(key_added)
    panel = panel_of(reference, key, name="reference")
    if key_added in reference.var:
        raise ValueError(
            f"reference.var has a column {key_added!r} already. Choose another key_added."
        )
    landmarks = _landmarks_of(adata, reference.var_names[panel], layer)
    model = LandmarkReconstructor(
        GivenPanelSelector(np.flatnonzero(panel)),
        with_seed(PanelRidge() if regressor is None else regressor, random_state),
    )
    model.fit(with_names(*expression_of(reference, reference_layer, what="reference")))
    filled = np.empty((adata.n_obs, reference.n_vars), dtype=landmarks[0].dtype)
    fill_in(model, *landmarks, filled)
    params = params_of(
        key=key,
        regressor=model.regressor,
        layer=layer,
        reference_layer=reference_layer,
        random_state=random_state,
    )
    return AnnData(
        filled,
        obs=adata.obs.copy(),
        var=reference.var.assign(**{key_added: ~panel}),
        obsm={name: values.copy() for name, values in adata.obsm.items()},
        varm={name: values.copy() for name, values in reference.varm.items()},
        uns={
            key_added: {
                "params": params,
                "n_reference": reference.n_obs,
                "function": "infer_genes",
            }
        },
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
