"""An ONNX graph as a list of torch calls.

Sizes do not change from run to run, so whatever follows from shapes and constants alone is computed
once, on the host; whole numbers, which are sizes and indices, stay there. So no call waits for the
device, and the list can be recorded as a CUDA graph.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import onnx
import torch
from onnx import numpy_helper
from torch import Tensor

from eventvision.core import DeviceError, ModelCard

from ._attributes import Attributes
from ._operators import OPERATORS

DOMAINS = ("", "ai.onnx")


@dataclass(frozen=True, slots=True)
class Call:
    """One node of the graph.

    Attributes:
        layer: Its name.
        operator: Its operator in ONNX.
        inputs: Names of what it reads; an empty name is an input left out.
        outputs: Names of what it gives.
        attributes: Its settings.
    """

    layer: str
    operator: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Attributes


@dataclass(frozen=True, slots=True)
class Program:
    """A graph.

    Attributes:
        calls: In an order in which they can run.
        constants: Weights and other fixed arrays by name, on the host.
        inputs: Names of what comes in, states included.
        outputs: Names of what goes out, states included.
    """

    calls: tuple[Call, ...]
    constants: Mapping[str, Tensor]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


def read_program(card: ModelCard) -> Program:
    """Read the ONNX form of a model.

    Raises:
        ModelError: If there is none.
        DeviceError: If it cannot be read.
    """
    path = card.artifact("onnx")
    try:
        graph = onnx.load(path).graph
    except Exception as error:  # onnx raises errors of protobuf
        problem = f"cannot read {path.name} of {card.name} ({error})"
        raise DeviceError("cuda", problem, "export the model again") from None
    constants = {each.name: _tensor(each) for each in graph.initializer}
    return Program(
        tuple(_call(node) for node in graph.node),
        constants,
        tuple(each.name for each in graph.input if each.name not in constants),
        tuple(each.name for each in graph.output),
    )


def unknown_operator(program: Program) -> tuple[str, str] | None:
    """Return layer and operator of the first call that cannot be run, if there is one."""
    for call in program.calls:
        if call.operator not in OPERATORS:
            return call.layer, call.operator
    return None


class Runner:
    """Runs a program on a device, for inputs of certain sizes: those of the first run.

    Args:
        program: The program.
        device: Where arrays of numbers that are not whole lie.
    """

    def __init__(self, program: Program, device: torch.device) -> None:
        self._program, self._device = program, device
        self._constants: dict[str, Tensor] = {}
        self._calls: list[Call] = []

    def __call__(self, values: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Run once; return outputs by name.

        Args:
            values: Inputs by name, on the device.
        """
        known = self._followed(values) if self._calls else self._first(values)
        return {name: known[name] for name in self._program.outputs}

    def _followed(self, values: Mapping[str, Tensor]) -> dict[str, Tensor]:
        known = {**self._constants, **values}
        for call in self._calls:
            known.update(_results(call, known))
        return known

    def _first(self, values: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Run, and part what is the same every time from what is not."""
        fixed = dict(self._program.constants)
        known = {name: placed(value, self._device) for name, value in fixed.items()}
        known.update(values)
        calls = []
        for call in self._program.calls:
            if call.operator == "Shape":
                fixed.update(_results(call, known))
            elif all(name in fixed for name in call.inputs if name):
                fixed.update(_results(call, fixed))
            else:
                calls.append(call)
                known.update(_results(call, known))
                continue
            for name in call.outputs:
                known[name] = placed(fixed[name], self._device)
        self._constants = {name: known[name] for name in fixed}
        self._calls = calls
        return known


def _results(call: Call, known: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Make a call; return what it gives by name."""
    given = [known[name] if name else None for name in call.inputs]
    found = OPERATORS[call.operator](call.attributes, *given)
    return dict(zip(call.outputs, found if isinstance(found, tuple) else (found,), strict=False))


def placed(value: Tensor, device: torch.device) -> Tensor:
    """Return a tensor where it belongs: whole numbers on the host."""
    return value if value.dtype in {torch.int64, torch.int32} else value.to(device)


def _call(node: Any) -> Call:
    operator = node.op_type if node.domain in DOMAINS else f"{node.domain}.{node.op_type}"
    attributes = {each.name: onnx.helper.get_attribute_value(each) for each in node.attribute}
    if "value" in attributes and isinstance(attributes["value"], onnx.TensorProto):
        attributes["value"] = _tensor(attributes["value"])
    return Call(
        node.name or node.output[0], operator, tuple(node.input), tuple(node.output), attributes
    )


def _tensor(value: Any) -> Tensor:
    return torch.from_numpy(numpy_helper.to_array(value).copy())
