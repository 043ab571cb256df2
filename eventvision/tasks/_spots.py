"""Boxes around small objects of one known size, many at a time: cells, drops, grains.

Clustering what is active makes one object of two that pass close by. Here events are summed up
with their sign, which brings back the light of what passed, and a template of the looks peaks at
the middle of each of them. What was there before fades away within some thousandths of a second, so
that still background is not seen.

    spots        brighter than what is around them
    dark-spots   darker
    cells        with a dark rim, as cells have in bright-field microscopes
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from eventvision.core import ConfigError, Detections, Result, SensorSize, Slice

from ._forms import TaskForm

Image = NDArray[np.float32]
Look = Literal["spots", "dark-spots", "cells"]

_RIM, _AROUND = 0.2, 0.25
"""Widths of the rim, and of what is looked at around an object, as shares of its side."""

_ECHO = 0.4
"""Peaks that are lower than this share of another one within an object's side are its echo."""

_FINER = 8
"""Parts of a pixel that templates are drawn with."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SpotSettings:
    """What the objects look like.

    Attributes:
        side_px: Their width and height.
        look: How they differ from what is around them.
        fade_us: Time constant with which light fades.
        least_contrast: Least difference in light, in events a pixel.
        most_objects: Most boxes per slice; those with the highest contrast stay.
    """

    side_px: float
    look: Look = "spots"
    fade_us: int = 6_000
    least_contrast: float = 0.4
    most_objects: int = 1000

    def __post_init__(self) -> None:
        if not 3 <= self.side_px <= 100:
            raise ValueError(f"side_px must be 3 to 100, got {self.side_px}")
        if self.look not in get_args(Look):
            raise ValueError(f"look must be one of {', '.join(get_args(Look))}, got {self.look!r}")
        for name in ("fade_us", "least_contrast", "most_objects"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be positive, got {getattr(self, name)}")


def spot_settings(form: TaskForm) -> SpotSettings:
    """Read what the objects look like from the task as it was named.

    Raises:
        ConfigError: If the size is none.
    """
    ((look, text),) = form.settings
    try:
        return SpotSettings(side_px=float(text), look=look)  # type: ignore[arg-type]
    except ValueError:
        raise ConfigError(f"detection:{look}", text, "a size of 3 to 100 pixels") from None


def template(side_px: float, look: Look) -> Image:
    """Return what an object looks like: positive parts sum to 1, negative ones to -1.

    Its response to a picture is how much lighter, on average, the light parts are than the dark
    ones; 0 to anything even.
    """
    size = math.ceil(side_px * (1 + 2 * _AROUND)) | 1
    place = (np.arange(size * _FINER) + 0.5) / _FINER - size / 2
    distance = np.hypot(place[:, None], place)
    radius = side_px / 2
    core = distance < radius - _RIM * side_px
    rim = (distance < radius) & ~core
    around = (distance >= radius) & (distance < radius + _AROUND * side_px)
    light = {"spots": core | rim, "dark-spots": around, "cells": core | around}[look]
    dark = {"spots": around, "dark-spots": core | rim, "cells": rim}[look]
    finely = light / light.sum() - dark / dark.sum()
    return np.asarray(finely.reshape(size, _FINER, size, _FINER).sum(axis=(1, 3)), np.float32)


class SpotDetection:
    """Finds small objects of one size; one class, `object`. Deterministic."""

    name = "detection"
    needs: tuple[str, ...] = ()

    def __init__(self, sensor: SensorSize, settings: SpotSettings) -> None:
        self._sensor, self._settings = sensor, settings
        self._template = template(settings.side_px, settings.look)
        self._before = _before(max(1, round(settings.side_px / 2) - 1))
        self._around = _disc(math.ceil(settings.side_px))
        self.reset()

    def reset(self) -> None:
        """Forget the stream seen so far."""
        self._light: Image = np.zeros(self._sensor.shape, np.float32)
        self._now_us: int | None = None

    def step(self, slice_: Slice, given: Mapping[str, Result]) -> Detections:  # noqa: ARG002
        """Return the objects at the end of the slice, best first; boxes lie inside the sensor."""
        self._see(slice_)
        response = self._response()
        rows, columns = self._peaks(response)
        heights = response[rows, columns]
        best = np.argsort(-heights, kind="stable")[: self._settings.most_objects]
        boxes = self._boxes(response, rows[best], columns[best])
        scores = -np.expm1(-heights[best] / self._settings.least_contrast)
        return Detections(boxes, scores.astype(np.float32), np.zeros(len(best), np.int64))

    def _see(self, slice_: Slice) -> None:
        """Add the slice's events to the light that is left of those before."""
        from_us = slice_.t0_us if self._now_us is None else min(self._now_us, slice_.t1_us)
        self._light *= np.float32(math.exp((from_us - slice_.t1_us) / self._settings.fade_us))
        self._now_us = slice_.t1_us
        events = slice_.events
        place = events.y.astype(np.intp) * self._sensor.width + events.x
        for on, sign in ((True, 1), (False, -1)):
            counts = np.bincount(place[events.on == on], minlength=self._sensor.pixels)
            self._light += np.float32(sign) * counts.reshape(self._sensor.shape)

    def _response(self) -> Image:
        import cv2

        border = cv2.BORDER_REPLICATE
        return np.asarray(cv2.filter2D(self._light, -1, self._template, borderType=border))

    def _peaks(self, response: Image) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Return rows and columns of what is highest within reach; of equals, the first."""
        import cv2

        earlier = cv2.dilate(response, self._before)
        later = cv2.dilate(response, self._before[::-1, ::-1])
        is_peak = (response > earlier) & (response >= later)
        is_echo = response < _ECHO * cv2.dilate(response, self._around)
        is_strong = response >= self._settings.least_contrast
        rows, columns = np.nonzero(is_peak & is_strong & ~is_echo)
        return rows, columns

    def _boxes(
        self, response: Image, rows: NDArray[np.intp], columns: NDArray[np.intp]
    ) -> NDArray[np.float32]:
        """Return boxes around peaks, found to a part of a pixel by a parabola through three."""
        side_px = self._settings.side_px
        padded = np.pad(response, 1, mode="edge")
        x = columns + 0.5 + _vertex(padded, rows + 1, columns + 1, (0, 1))
        y = rows + 0.5 + _vertex(padded, rows + 1, columns + 1, (1, 0))
        low = np.stack([x, y], axis=1) - side_px / 2
        size = np.array([self._sensor.width, self._sensor.height])
        high = np.minimum(low + side_px, size)
        low = np.maximum(low, 0)
        return np.hstack([low, high - low]).astype(np.float32)


def _before(reach: int) -> NDArray[np.uint8]:
    """Return which places of a disc come before its middle, row by row."""
    disc = _disc(reach)
    return disc * (np.arange(disc.size).reshape(disc.shape) < disc.size // 2).astype(np.uint8)


def _disc(reach: int) -> NDArray[np.uint8]:
    """Return which places are within reach of the middle."""
    place = np.arange(-reach, reach + 1)
    return (np.hypot(place[:, None], place) <= reach + 0.5).astype(np.uint8)


def _vertex(
    values: Image, rows: NDArray[np.intp], columns: NDArray[np.intp], step: tuple[int, int]
) -> NDArray[np.float64]:
    """Return how far from a peak's pixel the vertex of a parabola lies, within half a pixel."""
    down, right = step
    before = values[rows - down, columns - right].astype(np.float64)
    middle = values[rows, columns].astype(np.float64)
    after = values[rows + down, columns + right].astype(np.float64)
    bend = before - 2 * middle + after
    offset = np.divide(before - after, 2 * bend, out=np.zeros_like(bend), where=bend < 0)
    return np.clip(offset, -0.5, 0.5)
