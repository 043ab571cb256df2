"""The fast path: scenes and event cameras as batched tensors, for training."""

from ._pixels import Fired, PixelArray
from ._planes import Place, PlaneForm, Planes
from ._timeline import Timeline, place_steps, slice_edges

__all__ = [
    "Fired",
    "PixelArray",
    "Place",
    "PlaneForm",
    "Planes",
    "Timeline",
    "place_steps",
    "slice_edges",
]
