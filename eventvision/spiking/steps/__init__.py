"""Neurons written once: a step over arrays, its derivative, and the code made from both."""

from ._expression import Expression
from ._library import (
    ALIF,
    BURST_IF,
    FIRE,
    IF,
    ILIF,
    LIF,
    READOUT,
    RESETS,
    RESONATE_AND_FIRE,
    SIGNED_IF,
    after_spike,
)
from ._modules import load_module
from ._numba_source import Real, numba_source
from ._operations import (
    clip,
    detach,
    exp,
    floor,
    maximum,
    minimum,
    round_half_up,
    spike,
    sqrt,
    where,
)
from ._parallel_source import parallel_numba_source
from ._parallel_triton import parallel_triton_source
from ._step import Option, Step, Traced
from ._surrogates import SURROGATES, Surrogate
from ._torch_source import torch_source
from ._triton_source import CHUNK, chunk_of, triton_source

__all__ = [
    "ALIF",
    "BURST_IF",
    "CHUNK",
    "FIRE",
    "IF",
    "ILIF",
    "LIF",
    "READOUT",
    "RESETS",
    "RESONATE_AND_FIRE",
    "SIGNED_IF",
    "SURROGATES",
    "Expression",
    "Option",
    "Real",
    "Step",
    "Surrogate",
    "Traced",
    "after_spike",
    "chunk_of",
    "clip",
    "detach",
    "exp",
    "floor",
    "load_module",
    "maximum",
    "minimum",
    "numba_source",
    "parallel_numba_source",
    "parallel_triton_source",
    "round_half_up",
    "spike",
    "sqrt",
    "torch_source",
    "triton_source",
    "where",
]
