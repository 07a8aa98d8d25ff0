"""Expression to try things on: made up with known structure, or fetched from its source."""

from skgenes.datasets._make_expression import make_expression
from skgenes.datasets._make_probes import make_probes

__all__ = ["make_expression", "make_probes"]
