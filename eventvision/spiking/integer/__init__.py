"""Integer spiking networks: int8 weights, int16 potentials, power-of-two scales, shift leak."""

from ._activity import Activity
from ._checks import Leak
from ._files import load_model, model_from_bytes, model_to_bytes, save_model
from ._model import IntegerModel
from ._network import IntegerNetwork
from ._nodes import (
    Add,
    Concat,
    Conv2d,
    Delay,
    Input,
    Linear,
    Neuron,
    Node,
    Output,
    PixelShuffle,
    Places,
    Pool,
    Readout,
    Requantise,
    Upsample,
    inputs_of,
)
from ._shapes import Shape
from ._simulator import IntegerSimulator

__all__ = [
    "Activity",
    "Add",
    "Concat",
    "Conv2d",
    "Delay",
    "Input",
    "IntegerModel",
    "IntegerNetwork",
    "IntegerSimulator",
    "Leak",
    "Linear",
    "Neuron",
    "Node",
    "Output",
    "PixelShuffle",
    "Places",
    "Pool",
    "Readout",
    "Requantise",
    "Shape",
    "Upsample",
    "inputs_of",
    "load_model",
    "model_from_bytes",
    "model_to_bytes",
    "save_model",
]
