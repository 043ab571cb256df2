"""Integer models at full speed on the CPU, equal to the simulator to the last bit."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Self, get_args

import numpy as np
from numpy.typing import NDArray

from eventvision.core import SensorSize
from eventvision.kernels.integer_pack import pack_real, pack_units, unpack_units
from eventvision.kernels.integer_program import run_program

from ._activity import Activity, activity_of
from ._buffers import FLIP, Buffer, aligned
from ._encoding import units_in_one
from ._model import IntegerModel
from ._nodes import Conv2d, Input, Linear
from ._program import compile_model
from ._sparse import Sparse
from ._state import checked_inputs, checked_state, first_state
from ._team import Team

_COUNTER_LINE = 8


class IntegerNetwork:
    """Runs an integer model step by step; its state is carried on, buffers are made once.

    Args:
        model: The network.
        sizes: Size of the inputs, one for all or one by name; 1x1 for vectors.
        threads: How many processors share each layer.
        sparse: Whether convolutions visit spikes only: `auto` looks at how many there are, row by
            row. The results are the same.

    Raises:
        ValueError: If the sizes do not fit the model, or an option is wrong.
    """

    def __init__(
        self,
        model: IntegerModel,
        sizes: SensorSize | Mapping[str, SensorSize],
        *,
        threads: int = 1,
        sparse: Sparse = "auto",
    ) -> None:
        if sparse not in get_args(Sparse):
            raise ValueError(f"sparse must be auto, always or never, got {sparse!r}")
        self.model = model
        self.shapes = model.shapes(sizes)
        self._program = compile_model(model, self.shapes, sparse)
        self._team = Team(threads)
        program = self._program
        self._scratch = [aligned(program.scratch_bytes, np.uint8) for _ in range(threads)]
        self._extra = [aligned(program.extra_bytes, np.uint8) for _ in range(threads)]
        self._counter = aligned(_COUNTER_LINE, np.int64)
        self._inlets = [_Inlet(node, program.buffers[node.name]) for node in model.inputs]
        self._outputs = [node.name for node in model.outputs]
        self._steps = 0
        self.reset()

    @property
    def threads(self) -> int:
        """How many threads run a step."""
        return self._team.size

    @property
    def state(self) -> dict[str, NDArray[np.integer]]:
        """Copies of all states by the name of their node, shape (channels, height, width).

        Potentials are int16, what a `Delay` keeps is uint8.
        """
        return {name: _unpacked(each) for name, each in self._program.states.items()}

    def set_state(self, state: Mapping[str, NDArray[np.integer]]) -> None:
        """Replace states; those that are not named stay.

        Raises:
            ValueError: If a name, type or shape is wrong.
        """
        for name, values in checked_state(self.model, self.shapes, state).items():
            interior = self._program.states[name].interior
            interior[:, :, : values.shape[0]] = values.transpose(1, 2, 0)

    def reset(self) -> None:
        """Put all states back to where they start."""
        self.set_state(first_state(self.model, self.shapes))

    def step(self, inputs: Mapping[str, NDArray[np.generic]]) -> dict[str, NDArray[np.integer]]:
        """Take one step.

        Args:
            inputs: Every input by name, shape (channels, height, width): units of the input's
                type, or real values, which are quantised; float32 is quickest.

        Returns:
            Every output by name, in its units; `IntegerModel.decode` makes them real.

        Raises:
            ValueError: If an input is missing, unknown or of another shape.
        """
        self._take_in(inputs)
        self._steps += 1
        self._team.run(self._share)
        return {name: _unpacked(self._program.buffers[name]) for name in self._outputs}

    def tensor(self, name: str) -> NDArray[np.integer]:
        """Return what a node gave in the last step, shape (channels, height, width).

        Raises:
            KeyError: If there is no such node, or its current went straight into a neuron.
        """
        return _unpacked(self._program.buffers[name])

    def activity(self) -> dict[str, Activity]:
        """Count the spikes and synaptic operations of the last step, by weighted layer."""
        return {
            node.name: activity_of(node, self.tensor(node.input), self.shapes[node.name])
            for node in self.model.nodes
            if isinstance(node, Conv2d | Linear)
        }

    def close(self) -> None:
        """End the helping threads; the network cannot be used any more."""
        self._team.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _share(self, thread: int) -> None:
        program = self._program
        run_program(
            program.table,
            program.terms,
            int(self._scratch[thread].ctypes.data),
            int(self._extra[thread].ctypes.data),
            int(self._counter.ctypes.data),
            (self._steps - 1) * len(program.table),
            thread,
            self._team.size,
        )

    def _take_in(self, inputs: Mapping[str, NDArray[np.generic]]) -> None:
        checked = checked_inputs(self.model, self.shapes, inputs, left_real=np.float32)
        for inlet in self._inlets:
            inlet.put(checked[inlet.node.name])


class _Inlet:
    """Writes an input's values into its buffer."""

    def __init__(self, node: Input, buffer: Buffer) -> None:
        self.node, self._buffer = node, buffer
        limits = np.iinfo(node.dtype)
        self._low, self._high = np.float32(limits.min), np.float32(limits.max)

    def put(self, values: NDArray[np.generic]) -> None:
        """Write units or float32 values."""
        contiguous, buffer = np.ascontiguousarray(values), self._buffer
        top, left = buffer.rim
        if contiguous.dtype == np.float32:
            factor = units_in_one(self.node, contiguous)
            pack_real(contiguous, factor, self._low, self._high, buffer.memory, top, left)
        else:
            pack_units(contiguous, buffer.flip, buffer.memory, top, left)


def _unpacked(buffer: Buffer) -> NDArray[np.integer]:
    out = np.empty(buffer.shape.array, buffer.shape.dtype)
    unpack_units(buffer.memory, FLIP if buffer.flip else 0, out, *buffer.rim)
    return out
