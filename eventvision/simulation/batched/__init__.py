"""The fast path: scenes and event cameras as batched tensors, for training."""

from ._director import ClipPlan, Director, SceneMix
from ._pictures import UNLABELLED, Backdrop, Part, PictureLibrary, part_of
from ._pixels import Fired, PixelArray
from ._planes import Place, PlaneForm, Planes
from ._simulate import Simulation, simulate
from ._timeline import Timeline, place_steps, slice_edges
from ._truths import Truths

__all__ = [
    "UNLABELLED",
    "Backdrop",
    "ClipPlan",
    "Director",
    "Fired",
    "Part",
    "PictureLibrary",
    "PixelArray",
    "Place",
    "PlaneForm",
    "Planes",
    "SceneMix",
    "Simulation",
    "Timeline",
    "Truths",
    "part_of",
    "place_steps",
    "simulate",
    "slice_edges",
]
