"""The networks that are trained here, as torch modules."""

from ._perception import COARSEST, NANO, SMALL, STRIDES, Perception, PerceptionShape
from ._reconstruction import MULTIPLE, SpikingReconstruction, normalised

__all__ = [
    "COARSEST",
    "MULTIPLE",
    "NANO",
    "SMALL",
    "STRIDES",
    "Perception",
    "PerceptionShape",
    "SpikingReconstruction",
    "normalised",
]
