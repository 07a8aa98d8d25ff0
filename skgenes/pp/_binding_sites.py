"""Binding sites of regulators as an annotation of genes."""

import numpy as np
import pandas as pd
import scipy.sparse as sp

from skgenes.feature_extraction import RegulatoryTracks
from skgenes.utils import check_anndata, check_key, make_actual
from skgenes.utils._messages import listed

_NAME = "binding_sites"


def binding_sites(adata, tracks, *, key_added=_NAME, copy=False):
    """Keep with each gene how many of its bases every regulator binds.

    Parameters
    ----------
    adata : AnnData of shape (n_obs, n_vars)
        Cells or samples.
    tracks : RegulatoryTracks of shape (n_genes, n_features)
        What binds the genes, named as in ``adata.var_names``, in any order.
    key_added : str, default="binding_sites"
        Name of the results.
    copy : bool, default=False
        Whether to return a changed copy and leave `adata` alone.

    Returns
    -------
    AnnData or None
        The copy if ``copy=True``. Sets these fields, where `key` stands for `key_added`:

        ``.varm[key]`` : csr_matrix or csr_array of shape (n_vars, n_features), float32
            Bases bound along the whole promoter or RNA, in the unit of the tracks: column sums of
            their bins. Features of the promoter come before those of the RNA, and the first of
            each part is its mask: how many bases there are. Empty for genes without tracks.
        ``.var[key]`` : bool
            Which genes have tracks.
        ``.uns[key]`` : dict
            "regulators" and "parts", str of shape (n_features,), which name the columns;
            "n_genes", which have tracks; "n_without_tracks"; "function".

    Raises
    ------
    ValueError
        If no gene has tracks, gene names are not unique, or a field is there that is not a result
        of this function. `adata` is then as it was.
    TypeError
        If `adata` is not an AnnData, or `tracks` are something else.

    See Also
    --------
    skgenes.tl.regulator_scores : Explains contrasts by tracks.
    skgenes.feature_extraction.RegulatoryTracks.save : Keeps tracks with all positions.

    Notes
    -----
    The matrix follows its genes when `adata` is sliced, written and read. Those of its rows that
    ``.var[key]`` flags are an X for `skgenes.neural_network.DEcodeRegressor` or any other
    regressor; positions within a gene are lost.

    References
    ----------
    Tasaki et al. (2020), Nature Machine Intelligence 2, Methods, doi:10.1038/s42256-020-0201-6.

    Examples
    --------
    >>> import anndata as ad
    >>> import numpy as np
    >>> import pandas as pd
    >>> import skgenes
    >>> from skgenes.feature_extraction import RegulatoryTracks, Track
    >>> rna = Track([[100, 30], [100, 0], [40, 40]], [0, 2, 3], ["exon", "ELAVL1"])
    >>> tracks = RegulatoryTracks(["TP53", "MYC"], rna=rna)
    >>> cells = ad.AnnData(np.zeros((2, 3)), var=pd.DataFrame(index=["MYC", "CD4", "TP53"]))
    >>> skgenes.pp.binding_sites(cells, tracks)
    >>> cells.varm["binding_sites"].toarray()
    array([[ 40.,  40.],
           [  0.,   0.],
           [200.,  30.]], dtype=float32)
    >>> print(cells.uns["binding_sites"]["regulators"])
    ['exon' 'ELAVL1']
    """
    check_anndata(adata)
    _check_free(adata, key_added)
    if not isinstance(tracks, RegulatoryTracks):
        raise TypeError(f"tracks must be RegulatoryTracks, got {type(tracks).__name__}.")
    rows = pd.Index(tracks.genes).get_indexer(adata.var_names)
    known = rows >= 0
    if not known.any():
        raise ValueError(
            f"tracks has no gene of adata: its genes are {listed(tracks.genes)}, adata.var_names "
            f"are {listed(adata.var_names)}. Bring both to one kind of identifier."
        )
    sums = sp.hstack([track.fold_sums(0)[0] for track in tracks.parts.values()], format="csr")
    places = sp.csr_array(
        (np.ones(known.sum(), np.float32), (np.flatnonzero(known), rows[known])),
        (adata.n_vars, len(tracks)),
    )
    record = {
        "regulators": np.concatenate([track.regulators for track in tracks.parts.values()]),
        "parts": np.repeat(
            np.array(list(tracks.parts), dtype=object),
            [track.regulators.size for track in tracks.parts.values()],
        ),
        "n_genes": int(known.sum()),
        "n_without_tracks": int((~known).sum()),
        "function": _NAME,
    }
    target = adata.copy() if copy else make_actual(adata, stacklevel=2)
    target.varm[key_added] = sp.csr_matrix(places @ sums)
    target.var[key_added] = known
    target.uns[key_added] = record
    return target if copy else None


def _check_free(adata, key):
    """Raise if a name cannot be used, or is taken by anything but an earlier result."""
    check_key(key)
    if getattr(adata.uns.get(key), "get", {}.get)("function") == _NAME:
        return
    for slot in ("varm", "var", "uns"):
        if key in getattr(adata, slot):
            raise ValueError(
                f"adata.{slot}[{key!r}] would be overwritten, and is not a result of "
                f"skgenes.pp.{_NAME}. Choose another key_added, or delete it first."
            )
