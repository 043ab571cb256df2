"""Blocks of layers and neurons; each works on sequences and on single steps as its neurons do."""

from .attention import SpikeDrivenAttention
from .gate import ChannelGate, TemporalGate
from .parts import NeuronFactory
from .residual import MembraneBlock, SpikeElementWiseBlock
from .separable import SeparableBlock
from .unet import SpikingUNet

__all__ = [
    "ChannelGate",
    "MembraneBlock",
    "NeuronFactory",
    "SeparableBlock",
    "SpikeDrivenAttention",
    "SpikeElementWiseBlock",
    "SpikingUNet",
    "TemporalGate",
]
