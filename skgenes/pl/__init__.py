"""Plots of what skgenes.tl leaves in an AnnData, the scanpy way."""

__all__ = []
