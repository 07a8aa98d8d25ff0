"""Landmark genes, inference and scores on an AnnData, the scanpy way."""

__all__ = []
