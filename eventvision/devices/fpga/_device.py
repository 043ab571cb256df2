"""The device `fpga`: the accelerator in simulation, or on a board."""

from __future__ import annotations

import tempfile
from pathlib import Path

from eventvision.core import (
    DeviceError,
    DeviceInfo,
    Fit,
    ModelCard,
    Session,
    SessionOptions,
)
from eventvision.devices._artifacts import chosen
from eventvision.devices._facets import PlacedLayer, Placement, StepTimer
from eventvision.devices._integer import IntegerBinding, IntegerSession, integer_fit
from eventvision.devices._tensors import unknown_sizes
from eventvision.spiking.integer import IntegerModel, load_model

from ._accelerator import Accelerator
from ._board import REMEDY, BoardLink, board_missing
from ._build import built_library, missing_tools
from ._generate import memory_images
from ._lower import plan_for
from ._parts import DEFAULT_PART, Part, block_rams_of, check_part, dsps_of, find_part
from ._plan import MisfitError, Plan
from ._simulation import SimulatedLink

CLOCK_MHZ = 200
"""The clock that times are stated for; a simulation counts cycles only."""
FORMATS = ("integer",)
_BITSTREAM = ".bit"


class FpgaDevice:
    """An event-driven accelerator for integer models.

    Args:
        where: The part that it has to fit, which is then simulated (`fpga:xc7z045`), or a bitstream
            on a board that PYNQ drives (`fpga:digits.bit`).
    """

    def __init__(self, where: str = DEFAULT_PART) -> None:
        self._bitstream = Path(where) if where.endswith(_BITSTREAM) else None
        self._part = find_part(DEFAULT_PART if self._bitstream else where)

    def probe(self) -> DeviceInfo:
        """Say whether simulations can be built, or a board be driven."""
        if self._bitstream:
            summary = f"accelerator on a board, {self._bitstream.name}"
            missing, remedy = board_missing(), REMEDY
        else:
            summary = f"event-driven accelerator for {self._part.name}, simulated by Verilator"
            missing, remedy = missing_tools()
        return DeviceInfo(
            name="fpga",
            summary=summary,
            formats=FORMATS,
            missing=missing,
            remedy=remedy if missing else "",
            memory_bytes=self._part.block_rams * 36 * 1024 // 8,
            facets=("Placement", "StepTimer"),
        )

    def fits(self, card: ModelCard, options: SessionOptions) -> Fit:
        """Lay the model out and add its memories up."""
        fit = chosen(card, FORMATS)
        if not fit.is_yes:
            return fit
        fit = integer_fit(card, options)
        if not fit.is_yes or unknown_sizes(card, options.sizes):
            return fit
        model = load_model(card.artifact("integer"))
        try:
            self._plan(model, IntegerBinding(card, model, options.sizes))
        except MisfitError as error:
            return Fit(layer=error.layer, reason=error.reason, remedy=error.remedy)
        return fit

    def open(self, card: ModelCard, options: SessionOptions) -> Session:
        """Build the simulation, if it was not built before, or load the bitstream."""
        model = load_model(card.artifact("integer"))
        binding = IntegerBinding(card, model, options.sizes)
        try:
            plan = self._plan(model, binding)
        except MisfitError as error:
            raise DeviceError(
                "fpga", f"layer {error.layer}: {error.reason}", error.remedy
            ) from error
        if self._bitstream is None:
            accelerator = simulated(model, plan)
        else:
            accelerator = Accelerator(
                model, plan, digest_of(memory_images(plan)), BoardLink(self._bitstream)
            )
        return FpgaSession(binding, accelerator, self._part)

    def _plan(self, model: IntegerModel, binding: IntegerBinding) -> Plan:
        plan = plan_for(model, binding.sizes)
        check_part(plan, self._part)
        return plan


class FpgaSession(IntegerSession):
    """A session on the accelerator."""

    def __init__(self, binding: IntegerBinding, accelerator: Accelerator, part: Part) -> None:
        super().__init__(binding, accelerator)
        self._accelerator = accelerator
        self.facets = (
            StepTimer(lambda: accelerator.step_cycles / CLOCK_MHZ, lambda: accelerator.step_cycles),
            Placement(_placed(accelerator.plan, part)),
        )

    def close(self) -> None:
        """End the simulation, or let go of the board."""
        self._accelerator.close()


def simulated(model: IntegerModel, plan: Plan) -> Accelerator:
    """Return an accelerator in simulation, built now if need be.

    Raises:
        DeviceError: If a tool is missing or fails.
    """
    return Accelerator(model, plan, *simulated_link(plan))


def simulated_link(plan: Plan) -> tuple[int, SimulatedLink]:
    """Return the digest of a plan's memory images, and a simulation that has read them."""
    library, images = built_library(plan), memory_images(plan)
    with tempfile.TemporaryDirectory() as name:
        for file, text in images.items():
            (Path(name) / file).write_text(text)
        link = SimulatedLink(library, Path(name), len(plan.layers))
    return digest_of(images), link


def digest_of(images: dict[str, str]) -> int:
    """Return what tells these memory images from others."""
    return int(images["digest.hex"], 16)


def _placed(plan: Plan, part: Part) -> tuple[PlacedLayer, ...]:
    return tuple(
        PlacedLayer(
            layer=layer.weights_of,
            place=f"layer {number}, {layer.lanes} lanes",
            used={"block_rams": block_rams_of(layer), "dsps": dsps_of(layer)},
            limits={"block_rams": part.block_rams, "dsps": part.dsps},
        )
        for number, layer in enumerate(plan.layers)
    )
