"""Torch modules: neurons, blocks and layers."""

from ._neuron import Neuron, detach, neurons, reset, set_states, set_step_mode, states
from ._neurons import (
    ALIF,
    IF,
    ILIF,
    LIF,
    PLIF,
    BurstIF,
    Readout,
    ResonateFire,
    SignedIF,
    as_spikes,
)
from ._parallel import MaskedPSN, SlidingPSN

__all__ = [
    "ALIF",
    "IF",
    "ILIF",
    "LIF",
    "PLIF",
    "BurstIF",
    "MaskedPSN",
    "Neuron",
    "Readout",
    "ResonateFire",
    "SignedIF",
    "SlidingPSN",
    "as_spikes",
    "detach",
    "neurons",
    "reset",
    "set_states",
    "set_step_mode",
    "states",
]
