"""Files in and out: GCT, GCTX, GRP, GMT, GEO series matrices, panels."""

__all__ = []
