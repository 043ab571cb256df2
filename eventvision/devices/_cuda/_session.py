"""A program on a GPU, recorded once and replayed with each step.

Inputs, states and outputs lie in fixed places. An input is copied into page-locked memory and goes
up from there while the host goes on; outputs come down the same way, and only then is waited. Where
the input is a voxel grid or a histogram, raw events may go up instead, and are rendered there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from eventvision.core import ModelCard, ModelError
from eventvision.devices._facets import EventIntake, StepTimer
from eventvision.devices._onnx import NEXT
from eventvision.devices._tensors import Arrays, shape_of, zeros

from ._events import EventRenderer, renders
from ._program import Runner, read_program

_WARM_UPS = 3
"""Runs before recording: libraries choose their algorithms and allocate in the first ones."""


class CudaSession:
    """A model on a GPU.

    Args:
        card: The model.
        sizes: All its free sizes.

    Raises:
        ModelError: If card and graph disagree.
        DeviceError: If the graph cannot be run.
    """

    def __init__(self, card: ModelCard, sizes: Mapping[str, int]) -> None:
        device = torch.device("cuda")
        program = read_program(card)
        states = {
            name: torch.zeros(shape_of(card, f"state {name}", spec, sizes))
            for name, spec in card.states.items()
        }
        _check(card, program.inputs, program.outputs)
        self._below = {
            name: torch.from_numpy(each).pin_memory()
            for name, each in zeros(card.inputs, sizes).items()
        }
        self._inputs = {name: each.to(device) for name, each in self._below.items()}
        self._states = {name: each.to(device) for name, each in states.items()}
        self._begin, self._end = (
            torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]
            for _ in range(2)
        )
        self._outputs: dict[str, Tensor] = {}
        self._results: dict[str, Tensor] = {}
        self.facets: tuple[object, ...] = (
            StepTimer(lambda: self._begin.elapsed_time(self._end) * 1e3),
        )
        if renders(card):
            (planes,) = self._inputs.values()
            self._renderer = EventRenderer(card.representation, planes)
            self.facets += (EventIntake(card.representation, self._step_events),)
        with torch.no_grad(), _exact():
            self._record(card, Runner(program, device))
        self.reset()

    def step(self, inputs: Arrays) -> dict[str, NDArray[np.generic]]:
        """Take one step; the arrays that come back belong to the caller."""
        for name, below in self._below.items():
            below.numpy()[...] = inputs[name]
            self._inputs[name].copy_(below, non_blocking=True)
        return self._advanced()

    def _step_events(
        self, events: NDArray[np.void], t0_us: int, duration_us: int
    ) -> dict[str, NDArray[np.generic]]:
        """Take one step on events that are rendered on the GPU."""
        self._renderer.render(events, t0_us, duration_us)
        return self._advanced()

    def _advanced(self) -> dict[str, NDArray[np.generic]]:
        """Replay the graph on what lies in the inputs; bring the outputs down."""
        self._begin.record()
        self._graph.replay()
        self._end.record()
        for name, value in self._outputs.items():
            self._results[name].copy_(value, non_blocking=True)
        torch.cuda.current_stream().synchronize()
        return {name: value.numpy().copy() for name, value in self._results.items()}

    def reset(self) -> None:
        """Set the state to zeros."""
        for value in self._states.values():
            value.zero_()

    def close(self) -> None:
        """Let go of the memory on the GPU."""
        self._inputs, self._states, self._outputs = {}, {}, {}

    def _record(self, card: ModelCard, runner: Runner) -> None:
        side = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(_WARM_UPS):
                self._advance(card, runner)
        torch.cuda.current_stream().wait_stream(side)
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph):
            self._outputs = self._advance(card, runner)
        self._results = {
            name: torch.empty(value.shape, dtype=value.dtype).pin_memory()
            for name, value in self._outputs.items()
        }

    def _advance(self, card: ModelCard, runner: Runner) -> dict[str, Tensor]:
        """Run once on the fixed tensors, and write the next state over the state."""
        found = runner({**self._inputs, **self._states})
        fixed = {each.data_ptr() for each in (*self._inputs.values(), *self._states.values())}

        def kept(value: Tensor) -> Tensor:
            """Return what does not change when states are written over."""
            whole = value.contiguous()
            return whole.clone() if whole.untyped_storage().data_ptr() in fixed else whole

        outputs = {name: kept(found[name]) for name in card.outputs}
        after = {name: kept(found[NEXT + name]) for name in self._states}
        for name, state in self._states.items():
            state.copy_(after[name])
        return outputs


def _check(card: ModelCard, inputs: tuple[str, ...], outputs: tuple[str, ...]) -> None:
    wanted = {*card.outputs, *(NEXT + name for name in card.states)}
    if set(inputs) != {*card.inputs, *card.states} or not wanted <= set(outputs):
        problem = f"{card.artifacts['onnx']} and the card name other inputs or outputs"
        raise ModelError(card.name, problem, "export the model again")


@contextmanager
def _exact() -> Iterator[None]:
    """Compute products in full float32, as the golden outputs were."""
    before = torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    try:
        yield
    finally:
        torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32 = before
