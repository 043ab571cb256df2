"""The networks that are trained here, as torch modules."""

from ._perception import COARSEST, NANO, SMALL, STRIDES, TINY, Perception, PerceptionShape
from ._reconstruction import MULTIPLE, SpikingReconstruction, normalised
from ._sequences import by_step, folded_time

__all__ = [
    "COARSEST",
    "MULTIPLE",
    "NANO",
    "SMALL",
    "STRIDES",
    "TINY",
    "Perception",
    "PerceptionShape",
    "SpikingReconstruction",
    "by_step",
    "folded_time",
    "normalised",
]
