"""Torch modules: neurons, blocks and layers."""

from ._blocks import (
    ChannelGate,
    MembraneBlock,
    NeuronFactory,
    SeparableBlock,
    SpikeDrivenAttention,
    SpikeElementWiseBlock,
    SpikingUNet,
    TemporalGate,
)
from ._buffers import release_memory
from ._delay import Delay, Delayed
from ._layers import AvgPool2d, BatchNorm2d, Conv2d, Flatten, MaxPool2d, SumPool2d, Upsample
from ._leaky import ALIF, ILIF, LIF, PLIF, Readout
from ._neuron import (
    Neuron,
    detach,
    neurons,
    reset,
    set_backend,
    set_states,
    set_step_mode,
    states,
)
from ._neurons import IF, BurstIF, ResonateFire, SignedIF, as_spikes
from ._normed import NormedNeuron
from ._parallel import MaskedPSN, SlidingPSN
from ._step_neuron import NeuronOptions, StepNeuron, neuron

__all__ = [
    "ALIF",
    "IF",
    "ILIF",
    "LIF",
    "PLIF",
    "AvgPool2d",
    "BatchNorm2d",
    "BurstIF",
    "ChannelGate",
    "Conv2d",
    "Delay",
    "Delayed",
    "Flatten",
    "MaskedPSN",
    "MaxPool2d",
    "MembraneBlock",
    "Neuron",
    "NeuronFactory",
    "NeuronOptions",
    "NormedNeuron",
    "Readout",
    "ResonateFire",
    "SeparableBlock",
    "SignedIF",
    "SlidingPSN",
    "SpikeDrivenAttention",
    "SpikeElementWiseBlock",
    "SpikingUNet",
    "StepNeuron",
    "SumPool2d",
    "TemporalGate",
    "Upsample",
    "as_spikes",
    "detach",
    "neuron",
    "neurons",
    "release_memory",
    "reset",
    "set_backend",
    "set_states",
    "set_step_mode",
    "states",
]
