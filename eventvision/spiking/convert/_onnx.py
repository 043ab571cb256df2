"""Networks as ONNX files: one step, its state among the inputs and outputs."""

from __future__ import annotations

import contextlib
import importlib.util
import logging
import warnings
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch import nn as torch_nn

from eventvision.core import OutputError, complete_file

from ._plain_steps import plain_steps
from ._stepper import Stepper, one_step

NEXT = "next."
"""What the name of a state's output begins with; its input has the name alone."""


def export_onnx(
    net: torch_nn.Module,
    path: str | Path,
    example: Tensor | Mapping[str, Tensor],
    *,
    any_size: bool = False,
) -> Stepper:
    """Write a network as an ONNX file that runs one step at a time.

    The file has the network's inputs, then one input per state (`encoder.lif.v`), all zeros before
    the first step; its outputs, then each state after the step under `next.` and its name.

    Args:
        net: A network of torch layers and spiking neurons. It is exported as in use: batch norm
            folded in evaluation mode, neurons in plain torch. It comes back as it was.
        path: Where to write; replaced when complete.
        example: An input of one step, shape (1, ...), or several by name; one is called `input`.
        any_size: Whether the last two axes of inputs with four axes may have any size that the
            network takes; else the file is for the example's shape only.

    Returns:
        The step that was written, with names and shapes of inputs, outputs and states.

    Raises:
        OutputError: If onnxscript is not installed, the network cannot be traced, or the file
            cannot be written.
        ConfigError: If the network returns something else than tensors.
    """
    given = {"input": example} if isinstance(example, Tensor) else dict(example)
    with one_step(net), plain_steps(net):
        stepper = Stepper(net, given)
        zeros = [torch.zeros(shape) for shape in stepper.states.values()]
        program = _traced(path, stepper, (*given.values(), *zeros), any_size=any_size)
    with complete_file(path) as part:
        part.write_bytes(program)
    return stepper


def _traced(
    path: str | Path, stepper: Stepper, values: tuple[Tensor, ...], *, any_size: bool
) -> bytes:
    if importlib.util.find_spec("onnxscript") is None:
        raise OutputError(path, "writing ONNX needs onnxscript", "pip install 'eventvision[train]'")
    shapes = tuple(_free_axes(value) for value in values) if any_size else None
    with _quiet():
        program = torch.onnx.export(
            stepper, values, dynamo=True, optimize=True, verbose=False,
            input_names=[*stepper.inputs, *stepper.states],
            output_names=[*stepper.outputs, *(NEXT + name for name in stepper.states)],
            dynamic_shapes=(shapes,) if shapes else None,
        )  # fmt: skip
    if program is None:
        raise OutputError(path, "the network could not be traced", "use torch layers that ONNX has")
    if program.exported_program is not None:
        _check_pools(path, program.exported_program.graph)
    model = program.model_proto
    _forget_origins(model.graph.node)
    content: bytes = model.SerializeToString()
    return content


def _forget_origins(nodes: Iterable[Any]) -> None:
    """Take out where each operation came from: paths of the machine, and half of the file."""
    for node in nodes:
        node.ClearField("metadata_props")
        node.ClearField("doc_string")


def _check_pools(path: str | Path, graph: torch.fx.Graph) -> None:
    """Refuse average pooling with a divisor of its own: the exporter would drop the divisor."""
    for node in graph.nodes:
        if "avg_pool2d" in str(node.target) and len(node.args) > 6 and node.args[6] is not None:
            remedy = "pool without divisor_override and scale the result"
            raise OutputError(path, "ONNX has no divisor for average pooling", remedy)


def _free_axes(value: Tensor) -> dict[int, object]:
    """Let the last two axes of a picture vary."""
    return dict.fromkeys((2, 3), torch.export.Dim.DYNAMIC) if value.ndim == 4 else {}


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Silence the exporter, which warns of its own parts and of packages that are not needed."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
