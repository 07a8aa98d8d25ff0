"""Linear models of thousands of genes at once."""

from skgenes.linear_model._panel_ridge import PanelRidge

__all__ = ["PanelRidge"]
