"""Integer spiking networks: int8 weights, int16 potentials, power-of-two scales, shift leak."""

from ._activity import Activity
from ._files import load_model, model_from_bytes, model_to_bytes, save_model
from ._model import IntegerModel, Shape
from ._network import IntegerNetwork
from ._nodes import (
    Add,
    Concat,
    Conv2d,
    Input,
    Linear,
    Neuron,
    Node,
    Output,
    Pool,
    Readout,
    Requantise,
    Upsample,
)
from ._simulator import IntegerSimulator

__all__ = [
    "Activity",
    "Add",
    "Concat",
    "Conv2d",
    "Input",
    "IntegerModel",
    "IntegerNetwork",
    "IntegerSimulator",
    "Linear",
    "Neuron",
    "Node",
    "Output",
    "Pool",
    "Readout",
    "Requantise",
    "Shape",
    "Upsample",
    "load_model",
    "model_from_bytes",
    "model_to_bytes",
    "save_model",
]
