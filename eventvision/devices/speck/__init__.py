"""Speck, a neuromorphic chip of nine cores: networks laid out on it, simulated, or deployed."""

from ._board import BOARDS, BoardNetwork, board_missing
from ._chip import CORES, OVERLOAD_PER_S, Core
from ._device import SpeckDevice, SpeckSession
from ._facet import LoadMeter
from ._form import chip_form, write_chip_form
from ._layers import chip_plan
from ._matching import match
from ._plan import ChipLayer, ChipPlan, MisfitError
from ._simulator import ChipSimulator, CoreLoad

__all__ = [
    "BOARDS",
    "CORES",
    "OVERLOAD_PER_S",
    "BoardNetwork",
    "ChipLayer",
    "ChipPlan",
    "ChipSimulator",
    "Core",
    "CoreLoad",
    "LoadMeter",
    "MisfitError",
    "SpeckDevice",
    "SpeckSession",
    "board_missing",
    "chip_form",
    "chip_plan",
    "match",
    "write_chip_form",
]
