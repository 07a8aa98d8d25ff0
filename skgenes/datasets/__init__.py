"""Expression to try things on: made up with known structure, or fetched from its source."""

__all__ = []
