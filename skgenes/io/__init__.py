"""Files in and out: GCT, GCTX, GRP, GMT, GEO series matrices, panels."""

from skgenes.io._gct import read_gct
from skgenes.io._gctx import read_gctx
from skgenes.io._panel_files import read_panel, write_panel
from skgenes.io._panel_table import panel_table
from skgenes.io._series_matrix import read_series_matrix
from skgenes.io._sets import read_gmt, read_grp, write_gmt, write_grp
from skgenes.io._write_gct import write_gct
from skgenes.io._write_gctx import write_gctx
from skgenes.utils._errors import FileFormatError

__all__ = [
    "FileFormatError",
    "panel_table",
    "read_gct",
    "read_gctx",
    "read_gmt",
    "read_grp",
    "read_panel",
    "read_series_matrix",
    "write_gct",
    "write_gctx",
    "write_gmt",
    "write_grp",
    "write_panel",
]
