"""A made-up board: what a package of your own needs to bring a device.

The board takes integer models with at most four layers that have weights, keeps their potentials,
and measures its power. Where a real driver would talk to hardware, `_Board` simulates it.
"""

from __future__ import annotations

import numpy as np

from eventvision.core import DeviceError, DeviceInfo, Fit, ModelCard, SessionOptions
from eventvision.devices import PlacedLayer, Placement, PowerMeter, StepTimer
from eventvision.spiking.integer import Conv2d, IntegerSimulator, Linear, load_model

NAME = "toyboard"
CORES = 4
WEIGHTS = 16 * 1024


class ToyBoard:
    """The device; it is made anew whenever somebody asks for it, so that is cheap."""

    def probe(self) -> DeviceInfo:
        """A real driver would look for its board, and say in `missing` and `remedy` what to do."""
        return DeviceInfo(
            name=NAME,
            summary="a made-up board with four cores",
            formats=("integer",),
            memory_bytes=CORES * WEIGHTS,
            facets=("PowerMeter", "StepTimer", "Placement"),
        )

    def fits(self, card: ModelCard, options: SessionOptions) -> Fit:  # noqa: ARG002
        """Name the first layer for which there is no room."""
        if "integer" not in card.artifacts:
            return Fit(reason=f"{card.name} has no integer form", remedy="quantise it")
        for core, layer in enumerate(_weighted(card)):
            if core == CORES:
                return Fit(layer=layer.name, reason=f"only {CORES} layers have room")
            if layer.weight.size > WEIGHTS:
                reason = f"{layer.weight.size} weights, a core holds {WEIGHTS}"
                return Fit(layer=layer.name, reason=reason, remedy="use fewer channels")
        return Fit(artifact="integer")

    def open(self, card: ModelCard, options: SessionOptions) -> BoardSession:
        """Load a model onto the board."""
        fit = self.fits(card, options)
        if not fit.is_yes:
            raise DeviceError(NAME, str(fit), fit.remedy or "choose another device")
        return BoardSession(card, options)


class BoardSession:
    """A model on the board; inputs and outputs are as the card of the model says."""

    def __init__(self, card: ModelCard, options: SessionOptions) -> None:
        self._board = _Board(card)
        self._output = next(iter(card.outputs.items()))
        self._sizes = options.sizes
        layers = tuple(
            PlacedLayer(layer.name, f"core {core}", {"weights": layer.weight.size},
                        {"weights": WEIGHTS})
            for core, layer in enumerate(_weighted(card))
        )  # fmt: skip
        self.facets = (
            PowerMeter(self._board.power_mw), StepTimer(self._board.step_us), Placement(layers)
        )  # fmt: skip

    def step(self, inputs):
        """Take one step."""
        (events,) = inputs.values()
        name, spec = self._output
        return {name: self._board.run(events[0]).reshape(spec.shape_for(self._sizes))}

    def reset(self) -> None:
        """Set the state back to that of a fresh start."""
        self._board.reset()

    def close(self) -> None:
        """A real driver would let go of the board here."""


class _Board:
    """Stands for the hardware."""

    def __init__(self, card: ModelCard) -> None:
        self._model = load_model(card.artifact("integer"))
        (source,), (output,) = self._model.inputs, self._model.outputs
        self._source, self._output = source.name, output.name
        self._network = IntegerSimulator(self._model, card.sensor)

    def run(self, events: np.ndarray) -> np.ndarray:
        units = self._network.step({self._source: events})[self._output]
        return self._model.decode(self._output, units)

    def reset(self) -> None:
        self._network.reset()

    def power_mw(self) -> float:
        return 5.0

    def step_us(self) -> float:
        return 20.0


def _weighted(card: ModelCard) -> list[Conv2d | Linear]:
    model = load_model(card.artifact("integer"))
    return [node for node in model.nodes if isinstance(node, Conv2d | Linear)]
