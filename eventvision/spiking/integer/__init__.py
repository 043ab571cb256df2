"""Integer spiking networks: int8 weights, int16 potentials, power-of-two scales, shift leak.

`IntegerNetwork` is imported when it is first asked for: its kernels bring the compiler, which
whoever only reads a model does without.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._activity import Activity
from ._checks import Leak
from ._files import load_model, model_from_bytes, model_to_bytes, save_model
from ._model import IntegerModel
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

if TYPE_CHECKING:
    from ._network import IntegerNetwork

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


def __getattr__(name: str) -> object:
    if name == "IntegerNetwork":
        from ._network import IntegerNetwork

        return IntegerNetwork
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
