"""Preprocessing on an AnnData, the scanpy way."""

__all__ = []
