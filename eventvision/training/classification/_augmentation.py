"""Recordings bent, turned, moved and thinned out, event by event."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from eventvision.kernels.bending import bend_events

from ._samples import LabelledRecordings

_ELASTIC_NODES = 5
_FIELD = 33


@dataclass(frozen=True, kw_only=True, slots=True)
class Augmentation:
    """How far each recording may be changed; every change is drawn anew for each recording.

    Polarity stays, and nothing is mirrored: both would make other objects of digits.

    Attributes:
        rotation_deg: Largest rotation about the middle.
        zoom: Largest change of size, as a share.
        aspect: Largest change of width against height, as a share.
        shear: Largest shear.
        shift_px: Largest shift in either direction.
        elastic_px: Standard deviation of a smooth displacement at 5 x 5 nodes.
        drop: Largest share of events left out.
        stretch: Largest change of speed, as a share.
    """

    rotation_deg: float = 0.0
    zoom: float = 0.0
    aspect: float = 0.0
    shear: float = 0.0
    shift_px: float = 0.0
    elastic_px: float = 0.0
    drop: float = 0.0
    stretch: float = 0.0

    def __post_init__(self) -> None:
        for name in self.__slots__:
            if not 0 <= getattr(self, name) < np.inf:
                raise ValueError(f"{name} must not be negative, got {getattr(self, name)}")
        if self.drop >= 1:
            raise ValueError(f"drop must be below 1, got {self.drop}")

    def apply(
        self, recordings: LabelledRecordings, generator: np.random.Generator
    ) -> LabelledRecordings:
        """Return changed copies; events that leave the sensor are left out."""
        count, sensor, events = len(recordings), recordings.sensor, recordings.events
        changed, sizes = np.empty_like(events), np.empty(count, np.int64)
        left = bend_events(
            events,
            recordings.offsets,
            self._field(count, generator),
            self._matrices(count, generator),
            generator.uniform(-self.shift_px, self.shift_px, (count, 2)).astype(np.float32),
            np.exp(generator.uniform(-self.stretch, self.stretch, count)).astype(np.float32),
            generator.uniform(0, self.drop, count).astype(np.float32),
            generator.random(events.size, np.float32),
            sensor.width,
            sensor.height,
            changed,
            sizes,
        )
        return LabelledRecordings(
            events=changed[:left],
            offsets=np.concatenate([[0], np.cumsum(sizes)]),
            labels=recordings.labels,
            sensor=sensor,
        )

    def _matrices(self, count: int, generator: np.random.Generator) -> NDArray[np.float32]:
        def draw(most: float) -> NDArray[np.float64]:
            return generator.uniform(-most, most, count)

        angle, size = np.deg2rad(draw(self.rotation_deg)), np.exp(draw(self.zoom))
        aspect, shear = np.exp(draw(self.aspect)), draw(self.shear)
        cosine, sine = np.cos(angle), np.sin(angle)
        matrix = [[aspect * cosine, aspect * sine + shear], [-sine / aspect, cosine / aspect]]
        return (np.moveaxis(np.array(matrix), -1, 0) * size[:, None, None]).astype(np.float32)

    def _field(self, count: int, generator: np.random.Generator) -> NDArray[np.float32]:
        """Return a smooth displacement for each recording, (count, 2, 33, 33)."""
        nodes = generator.normal(0, self.elastic_px, (count, 2, _ELASTIC_NODES, _ELASTIC_NODES))
        smooth = torch.nn.functional.interpolate(
            torch.from_numpy(nodes.astype(np.float32)),
            size=(_FIELD, _FIELD),
            mode="bicubic",
            align_corners=True,
        )
        return smooth.numpy()
