"""Expression to try things on: made up with known structure, or fetched from its source."""

from skgenes.datasets._fetch import (
    fetch_dgex,
    fetch_geo_series_matrix,
    fetch_geuvadis,
    fetch_gtex,
    fetch_l1000_landmarks,
)
from skgenes.datasets._home import clear_data_home, get_data_home
from skgenes.datasets._make_expression import make_expression
from skgenes.datasets._make_probes import make_probes
from skgenes.datasets._make_regulated_genes import make_regulated_genes
from skgenes.datasets._remote import fetch_file

__all__ = [
    "clear_data_home",
    "fetch_dgex",
    "fetch_file",
    "fetch_geo_series_matrix",
    "fetch_geuvadis",
    "fetch_gtex",
    "fetch_l1000_landmarks",
    "get_data_home",
    "make_expression",
    "make_probes",
    "make_regulated_genes",
]
