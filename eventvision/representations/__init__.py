"""Representations: a slice in, an array out."""

from ._accumulation import Accumulation
from ._histogram import PolarityHistogram
from ._parse import REPRESENTATION_FORMS, parse_representation
from ._surface import TimeSurface
from ._voxel import VoxelGrid

__all__ = [
    "REPRESENTATION_FORMS",
    "Accumulation",
    "PolarityHistogram",
    "TimeSurface",
    "VoxelGrid",
    "parse_representation",
]
