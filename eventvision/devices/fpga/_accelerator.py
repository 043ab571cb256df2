"""Drives the accelerator over its registers and streams, in simulation as on a board."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import IntEnum
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from eventvision.core import DeviceError
from eventvision.spiking.integer import IntegerModel

from ._plan import NEVER_FIRES, Layer, Plan
from ._windows import NOWHERE
from ._words import Words, steps_in, unpacked, words_of

IDENTITY = 0x45565631
_RESTART = 1
_IS_IDLE, _HAS_STRAYED = 1, 2
_PATIENCE = 10_000


class Register(IntEnum):
    """Addresses in the register file; docs/devices/fpga.md describes them."""

    IDENTITY = 0x00
    DIGEST = 0x04
    CONTROL = 0x08
    PEEK_LAYER = 0x0C
    PEEK_WORD = 0x10
    PEEK_LANE = 0x14
    PEEK_VALUE = 0x18
    EVENTS_IN = 0x1C
    EVENTS_OUT = 0x20
    STEPS = 0x24
    BUSY_CYCLES = 0x28
    LATENCY_CYCLES = 0x2C


class Link(Protocol):
    """The way to an accelerator."""

    def read(self, address: int) -> int:
        """Return a register."""

    def write(self, address: int, value: int) -> None:
        """Set a register."""

    def exchange(self, words: Words, steps: int) -> Words:
        """Send words; return what comes until so many ends of steps have."""

    def close(self) -> None:
        """Let go of it; may be called twice."""


class Counters(NamedTuple):
    """What the accelerator counted since the last reset, modulo 2**32.

    Attributes:
        events_in: Words with events taken.
        events_out: Words with events sent.
        steps: Steps finished.
        busy_cycles: Clock cycles in which any part was at work.
        latency_cycles: From the end of the last step coming in to its end going out.
    """

    events_in: int
    events_out: int
    steps: int
    busy_cycles: int
    latency_cycles: int


class Accelerator:
    """An integer model on an accelerator; gives the numbers of `IntegerSimulator`.

    Args:
        model: The network.
        plan: How it is laid out.
        digest: Of the memory images that belong to it.
        link: The way to the accelerator; closed with this.

    Raises:
        DeviceError: If it does not answer, or was made for another model.
    """

    def __init__(self, model: IntegerModel, plan: Plan, digest: int, link: Link) -> None:
        self.plan = plan
        self._model, self._link = model, link
        self._busy_cycles = self._step_cycles = 0
        found = link.read(Register.IDENTITY)
        if found != IDENTITY:
            raise _failed(f"what answers there is none of ours (it says {found:#x})")
        if link.read(Register.DIGEST) != digest:
            raise _failed("it was made for another model, size or version")
        self.reset()

    def step(self, inputs: Mapping[str, NDArray[np.generic]]) -> dict[str, NDArray[np.integer]]:
        """Take one step; arrays have the shape (channels, height, width)."""
        (outputs,) = self.run([inputs[self.plan.input_name]])
        return {self.plan.output_name: outputs}

    def run(self, inputs: Iterable[NDArray[np.generic]]) -> list[NDArray[np.integer]]:
        """Take several steps, sent one after another so that layers work at the same time.

        Args:
            inputs: The input of each step, shape (channels, height, width): counts, or real
                values, which are quantised.

        Returns:
            The output of each step, in units.

        Raises:
            DeviceError: If the accelerator does not answer.
            ValueError: If an input has another shape.
        """
        words = [self._words(values) for values in inputs]
        if not words:
            return []
        received = self._link.exchange(np.concatenate(words), len(words))
        busy_cycles = self._link.read(Register.BUSY_CYCLES)
        self._step_cycles = (busy_cycles - self._busy_cycles) % 2**32
        self._busy_cycles = busy_cycles
        if self._link.read(Register.CONTROL) & _HAS_STRAYED:
            raise _failed("it dropped an event that lies outside its input")
        return [self._tensor(step) for step in steps_in(received)]

    def reset(self) -> None:
        """Put all potentials back to where they start."""
        self._link.write(Register.CONTROL, _RESTART)
        for _ in range(_PATIENCE):
            if self._link.read(Register.CONTROL) & _IS_IDLE:
                self._busy_cycles = self._link.read(Register.BUSY_CYCLES)
                return
        raise _failed("it does not come to rest after a reset")

    @property
    def step_cycles(self) -> int:
        """Clock cycles that the last step, or run of steps, took."""
        return self._step_cycles

    @property
    def state(self) -> dict[str, NDArray[np.int16]]:
        """Copies of all potentials by the name of their node, shape (channels, height, width).

        They are read one by one; this is for looking, not for every step.
        """
        return {
            layer.neurons.name: self._potentials(number, layer)
            for number, layer in enumerate(self.plan.layers)
            if layer.neurons.name
        }

    @property
    def counters(self) -> Counters:
        """What was counted since the last reset."""
        return Counters(*(self._link.read(Register[name.upper()]) for name in Counters._fields))

    def close(self) -> None:
        """Let go of the accelerator; may be called twice."""
        self._link.close()

    def _words(self, values: NDArray[np.generic]) -> Words:
        expected = self.plan.input_plane.array
        if values.shape != expected:
            raise ValueError(
                f"input {self.plan.input_name} has shape {expected}, got {values.shape}"
            )
        units = self._model.encode(self.plan.input_name, values)
        return words_of(units.astype(np.uint8, copy=False))

    def _tensor(self, words: Words) -> NDArray[np.integer]:
        events = unpacked(words)
        rows, columns = self.plan.output_rows[events.y], self.plan.output_columns[events.x]
        lies = (rows != NOWHERE) & (columns != NOWHERE)
        tensor = np.zeros(self.plan.output_plane.array, np.int64)
        np.add.at(tensor, (events.channel[lies], rows[lies], columns[lies]), events.value[lies])
        fires = self.plan.layers[-1].neurons.levels != NEVER_FIRES
        return tensor.astype(np.uint8 if fires else np.int16)

    def _potentials(self, number: int, layer: Layer) -> NDArray[np.int16]:
        self._link.write(Register.PEEK_LAYER, number)
        words = np.empty((layer.words, layer.lanes), np.int16)
        for word in range(layer.words):
            self._link.write(Register.PEEK_WORD, word)
            for lane in range(layer.lanes):
                self._link.write(Register.PEEK_LANE, lane)
                value = self._link.read(Register.PEEK_VALUE)
                words[word, lane] = (value & 0xFFFF) - (value << 1 & 0x10000)
        channels, height, width = layer.plane.array
        pixels = words.reshape(height, width, -1)[:, :, :channels]
        return np.ascontiguousarray(pixels.transpose(2, 0, 1))


def _failed(problem: str) -> DeviceError:
    return DeviceError("fpga", problem, "export the model again and load what it gives")
