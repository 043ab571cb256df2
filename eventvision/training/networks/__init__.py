"""The networks that are trained here, as torch modules."""

from ._neurons import names_in_other
from ._perception import COARSEST, NANO, SMALL, STRIDES, TINY, Perception, PerceptionShape
from ._reconstruction import MULTIPLE, SpikingReconstruction, normalised
from ._sequences import by_step, folded_time
from ._trigger import WEIGHT_STEP, Trigger, round_weights

__all__ = [
    "COARSEST",
    "MULTIPLE",
    "NANO",
    "SMALL",
    "STRIDES",
    "TINY",
    "WEIGHT_STEP",
    "Perception",
    "PerceptionShape",
    "SpikingReconstruction",
    "Trigger",
    "by_step",
    "folded_time",
    "names_in_other",
    "normalised",
    "round_weights",
]
