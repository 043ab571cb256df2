"""Operators of ONNX (opset 13 and later) as torch calls.

Each takes its attributes, then its inputs; None stands for an input that is left out. Those with a
rarely used form refuse it with a `DeviceError` rather than compute something else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import torch
from torch import Tensor
from torch.nn import functional

from . import _layer_operators as layers
from . import _shape_operators as shapes
from ._attributes import Attributes, refused

Operator: TypeAlias = Callable[..., Tensor | tuple[Tensor, ...]]

_DTYPES = {
    1: torch.float32, 2: torch.uint8, 3: torch.int8, 5: torch.int16, 6: torch.int32,
    7: torch.int64, 9: torch.bool, 10: torch.float16, 11: torch.float64,
}  # fmt: skip
"""By their number in ONNX."""


def _plain(function: Callable[..., Tensor]) -> Operator:
    return lambda _, *values: function(*values)


def _reduced(function: Callable[..., Tensor]) -> Operator:
    def reduce(a: Attributes, x: Tensor, axes: Tensor | None = None) -> Tensor:
        chosen = a.get("axes") if axes is None else axes.tolist()
        if not chosen:
            chosen = () if a.get("noop_with_empty_axes") else range(x.ndim)
        return function(x, tuple(chosen), bool(a.get("keepdims", 1))) if len(chosen) else x

    return reduce


def _folded(function: Callable[[Tensor, Tensor], Tensor]) -> Operator:
    def fold(_: Attributes, first: Tensor, *others: Tensor) -> Tensor:
        for other in others:
            first = function(first, other)
        return first

    return fold


def _divide(_: Attributes, x: Tensor, y: Tensor) -> Tensor:
    return x / y if x.is_floating_point() else torch.div(x, y, rounding_mode="trunc")


def _clip(
    _: Attributes, x: Tensor, low: Tensor | None = None, high: Tensor | None = None
) -> Tensor:
    x = x if low is None else torch.maximum(x, low.to(x.dtype))
    return x if high is None else torch.minimum(x, high.to(x.dtype))


def _cast(a: Attributes, x: Tensor) -> Tensor:
    if a["to"] not in _DTYPES:
        raise refused(f"element type {a['to']}")
    return x.to(_DTYPES[a["to"]])


OPERATORS: dict[str, Operator] = {
    "Abs": _plain(torch.abs),
    "Add": _plain(torch.add),
    "And": _plain(torch.logical_and),
    "AveragePool": layers.average_pool,
    "Cast": _cast,
    "Ceil": _plain(torch.ceil),
    "Clip": _clip,
    "Concat": shapes.concat,
    "Constant": shapes.constant,
    "ConstantOfShape": shapes.constant_of_shape,
    "Conv": layers.conv,
    "DepthToSpace": shapes.depth_to_space,
    "Div": _divide,
    "Equal": _plain(torch.eq),
    "Exp": _plain(torch.exp),
    "Expand": shapes.expand,
    "Flatten": shapes.flatten,
    "Floor": _plain(torch.floor),
    "Gather": shapes.gather,
    "Gemm": layers.gemm,
    "GlobalAveragePool": lambda _, x: x.mean(tuple(range(2, x.ndim)), keepdim=True),
    "Greater": _plain(torch.gt),
    "GreaterOrEqual": _plain(torch.ge),
    "Identity": lambda _, x: x,
    "LeakyRelu": lambda a, x: functional.leaky_relu(x, a.get("alpha", 0.01)),
    "Less": _plain(torch.lt),
    "LessOrEqual": _plain(torch.le),
    "Log": _plain(torch.log),
    "MatMul": _plain(torch.matmul),
    "Max": _folded(torch.maximum),
    "MaxPool": layers.max_pool,
    "Min": _folded(torch.minimum),
    "Mod": lambda a, x, y: torch.fmod(x, y) if a.get("fmod") else torch.remainder(x, y),
    "Mul": _plain(torch.mul),
    "Neg": _plain(torch.neg),
    "Not": _plain(torch.logical_not),
    "Or": _plain(torch.logical_or),
    "Pad": shapes.pad,
    "Pow": _plain(torch.pow),
    "Range": shapes.count,
    "Reciprocal": _plain(torch.reciprocal),
    "ReduceMax": _reduced(torch.amax),
    "ReduceMean": _reduced(torch.mean),
    "ReduceMin": _reduced(torch.amin),
    "ReduceSum": _reduced(torch.sum),
    "Relu": _plain(torch.relu),
    "Reshape": shapes.reshape,
    "Resize": layers.resize,
    "Round": _plain(torch.round),
    "Shape": shapes.shape,
    "Sigmoid": _plain(torch.sigmoid),
    "Sign": _plain(torch.sign),
    "Slice": shapes.cut,
    "Softmax": lambda a, x: torch.softmax(x, a.get("axis", -1)),
    "Softplus": _plain(functional.softplus),
    "SpaceToDepth": shapes.space_to_depth,
    "Split": shapes.split,
    "Sqrt": _plain(torch.sqrt),
    "Squeeze": shapes.squeeze,
    "Sub": _plain(torch.sub),
    "Sum": _folded(torch.add),
    "Tanh": _plain(torch.tanh),
    "Transpose": shapes.transpose,
    "Unsqueeze": shapes.unsqueeze,
    "Where": _plain(torch.where),
}
"""By their name in ONNX."""
