"""What the plots read from an AnnData."""

from skgenes.utils import check_anndata
from skgenes.utils._messages import listed


def field(adata, slot, name, remedy):
    """Read a field of an AnnData, or say what is there and how to get it.

    Parameters
    ----------
    adata : AnnData
        Where to look.
    slot : {"obs", "obsm", "var", "uns"}
        In which part of it.
    name : str
        Name of the field.
    remedy : str
        What to do if there is none, for the error message.

    Returns
    -------
    object
        The field.
    """
    check_anndata(adata, instead="the displays of skgenes.inspection", unique_genes=False)
    fields = getattr(adata, slot)
    if name not in fields:
        raise ValueError(
            f"adata.{slot} has no {name!r}; it has: {listed(fields) or 'nothing'}. {remedy}"
        )
    return fields[name]
