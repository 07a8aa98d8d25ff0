"""What the plots read from an AnnData."""

from skgenes.utils import is_anndata
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
    if not is_anndata(adata):
        raise TypeError(
            f"adata must be an AnnData, got {type(adata).__name__}. For arrays and fitted "
            "estimators use the displays of skgenes.inspection."
        )
    fields = getattr(adata, slot)
    if name not in fields:
        raise ValueError(
            f"adata.{slot} has no {name!r}; it has: {listed(fields) or 'nothing'}. {remedy}"
        )
    return fields[name]
