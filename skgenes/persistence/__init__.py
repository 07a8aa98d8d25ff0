"""Fitted estimators as files that are checked to the last bit and execute nothing."""

from skgenes.persistence._errors import InvalidFileError
from skgenes.persistence._save_load import load, save

__all__ = ["InvalidFileError", "load", "save"]
