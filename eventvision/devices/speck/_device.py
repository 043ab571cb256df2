"""The device `speck`: the chip in simulation, or on a board."""

from __future__ import annotations

import logging

import numpy as np
from numpy.typing import NDArray

from eventvision.core import DeviceError, DeviceInfo, Fit, ModelCard, Session, SessionOptions
from eventvision.devices._artifacts import chosen
from eventvision.devices._facets import ActivityMeter, PlacedLayer, Placement, StepActivity
from eventvision.devices._integer import IntegerBinding, IntegerSession, integer_fit
from eventvision.devices._tensors import Arrays, unknown_sizes
from eventvision.spiking.integer import load_model

from ._board import BOARDS, REMEDY, BoardNetwork, board_missing
from ._chip import CORES, OVERLOAD_PER_S
from ._facet import LoadMeter
from ._layers import check_kinds, chip_plan
from ._plan import ChipPlan, MisfitError
from ._simulator import ChipSimulator, CoreLoad
from ._slices import step_seconds

FORMATS = ("integer",)
_LOGGER = logging.getLogger("eventvision.devices")
_MEMORY_BYTES = sum(core.weights + 2 * core.neurons for core in CORES)


class SpeckDevice:
    """A Speck chip by SynSense, for spiking networks of up to nine small layers.

    Args:
        where: Empty for a simulation; a board as sinabs names it, such as `speck2fmodule` or
            `speck2edevkit`, else.
    """

    def __init__(self, where: str = "") -> None:
        board = where.partition(":")[0]
        if where and board not in BOARDS:
            expected = f"nothing for a simulation, or a board: {', '.join(BOARDS)}"
            raise DeviceError(f"speck:{where}", "there is no such board", f"write {expected}")
        self._board = where

    def probe(self) -> DeviceInfo:
        """Say whether it can be used; the maker's package is looked at, not imported."""
        summary = "Speck, a neuromorphic chip of nine cores, simulated spike by spike"
        missing = ""
        if self._board:
            summary, missing = f"Speck on a board, {self._board}", board_missing()
        facets = () if self._board else ("ActivityMeter", "LoadMeter")
        return DeviceInfo(
            name=f"speck:{self._board}" if self._board else "speck",
            summary=summary,
            formats=FORMATS,
            missing=missing,
            remedy=REMEDY if missing else "",
            memory_bytes=_MEMORY_BYTES,
            facets=("Placement", *facets),
        )

    def fits(self, card: ModelCard, options: SessionOptions) -> Fit:
        """Lay the model out on the cores."""
        fit = chosen(card, FORMATS)
        if not fit.is_yes:
            return fit
        model = load_model(card.artifact("integer"))
        try:
            check_kinds(model)
            sound = integer_fit(card, options)
            if sound.is_yes and not unknown_sizes(card, options.sizes):
                chip_plan(model, IntegerBinding(card, model, options.sizes).sizes)
        except MisfitError as error:
            return Fit(layer=error.layer, reason=error.reason, remedy=error.remedy)
        return sound

    def open(self, card: ModelCard, options: SessionOptions) -> Session:
        """Lay the model out; compile the simulation's kernel, or configure the board."""
        model = load_model(card.artifact("integer"))
        binding = IntegerBinding(card, model, options.sizes)
        try:
            plan = chip_plan(model, binding.sizes)
        except MisfitError as error:
            problem = f"layer {error.layer}: {error.reason}"
            raise DeviceError("speck", problem, error.remedy) from error
        seconds = step_seconds(card.slicer)
        if self._board:
            return _BoardSession(binding, plan, BoardNetwork(plan, self._board, seconds))
        return SpeckSession(binding, ChipSimulator(model, plan), seconds)


class SpeckSession(IntegerSession):
    """A session on a simulated chip.

    Args:
        binding: Names and units of the model's card.
        simulator: The chip.
        seconds: How long a step stands for.
    """

    def __init__(self, binding: IntegerBinding, simulator: ChipSimulator, seconds: float) -> None:
        super().__init__(binding, simulator)
        self._simulator, self._seconds = simulator, seconds
        self._told: set[int] = set()
        self.facets = (
            ActivityMeter(self._activity),
            LoadMeter(lambda: simulator.loads, seconds),
            Placement(placed(simulator.plan)),
        )
        blank = np.zeros(simulator.plan.input_shape, np.uint8)
        simulator.step({simulator.plan.input_name: blank})
        simulator.reset()

    def step(self, inputs: Arrays) -> dict[str, NDArray[np.generic]]:
        """Take a step; warn of a core that would be overloaded, once."""
        outputs = super().step(inputs)
        for load in self._simulator.loads:
            if load.is_too_much(self._seconds) and load.core.number not in self._told:
                self._told.add(load.core.number)
                _LOGGER.warning("%s", _overload(load, self._seconds))
        return outputs

    def _activity(self) -> StepActivity:
        loads = self._simulator.loads
        return StepActivity(
            sum(load.spikes_in for load in loads),
            sum(load.synaptic_operations for load in loads),
            sum(layer.weight.size * layer.shape[1] * layer.shape[2]
                for layer in self._simulator.plan.layers),
        )  # fmt: skip


class _BoardSession(IntegerSession):
    """A session on a board."""

    def __init__(self, binding: IntegerBinding, plan: ChipPlan, board: BoardNetwork) -> None:
        super().__init__(binding, board)
        self._board = board
        self.facets = (Placement(placed(plan)),)

    def close(self) -> None:
        """Let go of the board."""
        self._board.close()


def placed(plan: ChipPlan) -> tuple[PlacedLayer, ...]:
    """Return what each layer takes of its core."""
    kinds = ("weights", "neurons", "biases")
    return tuple(
        PlacedLayer(
            layer=layer.name,
            place=core.name,
            used={kind: getattr(layer, kind) for kind in kinds},
            limits={kind: getattr(core, kind) for kind in kinds},
        )
        for layer, core in zip(plan.layers, plan.cores, strict=True)
    )


def _overload(load: CoreLoad, seconds: float) -> str:
    rate = load.per_second(seconds)
    return (
        f"speck: {load.core.name} (layer {load.layer}) would have {rate / 1e6:.1f} million "
        f"synaptic operations a second to do, {OVERLOAD_PER_S / 1e6:.0f} are safe: on the chip "
        "its spikes would come late; filter events, or let the layer before fire less"
    )
