"""How the picture of a network lies over the sensor.

    sensor 1280x720 ── 2x2 pixels as one ──▶ seen 640x360 ── filled up with nothing ──▶ 640x384

Networks take sizes that are multiples of some number, and cost what their picture is large. So
large sensors are seen through larger pixels, and what is missing to a multiple is added at the
right and at the bottom, where there never are events.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from eventvision.core import ModelCard, ModelError, SensorSize, TensorSpec

MOST_PIXELS = 640 * 480
"""Pixels that a network sees at most."""

_AXES = 4


@dataclass(frozen=True, slots=True)
class Frame:
    """What a network sees of a sensor.

    Attributes:
        sensor: Size of the pixel array.
        binning: So many by so many pixels of the sensor are one of the network's.
        filled: Size of the network's input.
    """

    sensor: SensorSize
    binning: int
    filled: SensorSize

    @classmethod
    def of(cls, card: ModelCard, sensor: SensorSize) -> Frame:
        """Lay out the input of a model.

        Raises:
            ModelError: If the model does not take one picture of that sensor at a time.
        """
        spec = _picture(card)
        if card.sensor is not None:
            if card.sensor != sensor:
                problem = f"takes events of a sensor of {card.sensor}, these are of {sensor}"
                raise ModelError(card.name, problem, "choose a model for any sensor")
            return cls(sensor, 1, sensor)
        binning = 1
        while _binned(sensor, binning).pixels > MOST_PIXELS:
            binning += 1
        seen = _binned(sensor, binning)
        filled = SensorSize(_filled(seen.width, card.multiple), _filled(seen.height, card.multiple))
        for given, axis in ((filled.height, -2), (filled.width, -1)):
            if spec.shape[axis] != given and not isinstance(spec.shape[axis], str):
                problem = f"takes pictures of {spec.shape[-1]}x{spec.shape[-2]}, but any sensor"
                raise ModelError(card.name, problem, "correct its card")
        return cls(sensor, binning, filled)

    @property
    def seen(self) -> SensorSize:
        """Size of the part of the input that shows the sensor: the rest is filled up."""
        return _binned(self.sensor, self.binning)

    def sizes(self, card: ModelCard) -> dict[str, int]:
        """Return the free sizes of a model's input by name."""
        rows, columns = _picture(card).shape[-2:]
        given = {rows: self.filled.height, columns: self.filled.width}
        return {name: size for name, size in given.items() if isinstance(name, str)}


def _picture(card: ModelCard) -> TensorSpec:
    """Return the only input of a model, of shape (1, planes, height, width)."""
    specs = list(card.inputs.values())
    if len(specs) != 1 or len(specs[0].shape) != _AXES or specs[0].shape[0] != 1:
        problem = "its input is not one array of shape (1, planes, height, width)"
        raise ModelError(card.name, problem, "choose another model")
    return specs[0]


def _binned(sensor: SensorSize, factor: int) -> SensorSize:
    return SensorSize(math.ceil(sensor.width / factor), math.ceil(sensor.height / factor))


def _filled(length: int, multiple: int) -> int:
    return -(-length // multiple) * multiple
