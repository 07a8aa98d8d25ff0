"""Estimators made of others."""

from skgenes.compose._landmark_reconstructor import LandmarkReconstructor

__all__ = ["LandmarkReconstructor"]
