"""Pictures of a stream as its clock runs: events and results in, one picture for each view out.

Three sets of pictures go round: one on the screen, one finished, one being drawn.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eventvision.core import Events, SensorSize

from .bases import Picture
from .canvas import Canvas, Overlay
from .playout import Playout
from .probe import Probe
from .state import PointerPart, ViewsPart

_SETS = 3

MOST_PIXELS = 1920 * 1080
"""Larger pictures are drawn in the size of the sensor, and stretched by the window."""


@dataclass(frozen=True, eq=False, slots=True)
class Shown:
    """One moment, drawn for all views.

    Attributes:
        sensor: Size of the pixel array.
        now_us: The moment.
        pictures: One for each view, all of the sensor, 0xFFRRGGBB, in the size in which it is seen
            or in that of the sensor; valid until the next but one call of `Renderer.take`.
        views: Settings with which they were drawn.
        overlay: What is to be drawn over them.
        pointer: The pixel under the pointer.
    """

    sensor: SensorSize
    now_us: int
    pictures: tuple[Picture, ...]
    views: ViewsPart
    overlay: Overlay
    pointer: PointerPart


class Drawing:
    """What the renderer's thread works on; nobody else touches it."""

    def __init__(self) -> None:
        self.playout = Playout()
        self._canvas: Canvas | None = None
        self._probe = Probe()
        self._now_us = 0
        self._last_s = 0.0
        self._sets: list[list[Picture]] = [[] for _ in range(_SETS)]

    def clear(self) -> None:
        """Forget the stream."""
        self.playout.clear()
        self._canvas = None

    def show_window(self, events: Events, now_us: int) -> None:
        """Show these events and nothing else."""
        self.playout.clear()
        self._canvas = Canvas(events.sensor)
        self._canvas.enter(events.data)
        self._now_us = now_us

    def advance(self, now_s: float, speed: float | None, probe_at: tuple[int, int]) -> None:
        """Take what is due by now."""
        elapsed_s, self._last_s = now_s - self._last_s, now_s
        before_us = self._now_us
        for portion in self.playout.advance(elapsed_s, speed):
            sensor = portion.result.slice.events.sensor
            if self._canvas is None or self._canvas.sensor != sensor:
                self._canvas = Canvas(sensor)
            self._canvas.enter(portion.events)
            self._probe_events(portion.events, before_us, probe_at)
            if portion.is_last:
                self._canvas.take(portion.result)
        if self.playout.now_us is not None:
            self._now_us = self.playout.now_us

    def draw(
        self,
        views: ViewsPart,
        scales: Sequence[float],
        tasks: Collection[str],
        probe_at: tuple[int, int],
        busy: list[Shown],
    ) -> Shown | None:
        """Draw all views; None where there is nothing to see yet.

        Args:
            views: Their settings.
            scales: Pixels of the screen for one of the sensor, by view.
            tasks: Names of those that are on.
            probe_at: The pixel under the pointer.
            busy: What may not be drawn over.
        """
        canvas = self._canvas
        if canvas is None:
            return None
        shapes = [_shape(canvas.sensor, scale) for scale in scales]
        pictures = self._free_set(shapes, busy)
        for settings, scale, picture in zip(views.views, scales, pictures, strict=True):
            canvas.draw(settings, self._now_us, picture)
            if settings.trails and "tracking" in tasks:
                canvas.draw_trails(self._now_us, scale, picture)
        x, y = probe_at
        depth, is_metric = canvas.depth_at(x, y)
        pointer = PointerPart(
            x=x, y=y, rate_hz=self._probe.rate_hz, depth=depth, is_metric=is_metric
        )
        overlay = canvas.overlay()
        return Shown(canvas.sensor, self._now_us, tuple(pictures), views, overlay, pointer)

    def _probe_events(
        self, events: NDArray[np.void], before_us: int, probe_at: tuple[int, int]
    ) -> None:
        if events.size:
            span_us = int(events["t"][-1]) - max(int(events["t"][0]), before_us)
            self._probe.take(events, max(span_us, 1), *probe_at)

    def _free_set(self, shapes: list[tuple[int, int]], busy: list[Shown]) -> list[Picture]:
        """Return pictures that are neither on the screen nor waiting to be."""
        taken = {id(picture) for shown in busy for picture in shown.pictures}
        index = next(
            number
            for number, pictures in enumerate(self._sets)
            if not any(id(picture) in taken for picture in pictures)
        )
        pictures = self._sets[index]
        if [each.shape for each in pictures] != shapes:
            pictures = [np.empty(shape, np.uint32) for shape in shapes]
            self._sets[index] = pictures
        return pictures


def _shape(sensor: SensorSize, scale: float) -> tuple[int, int]:
    """Return rows and columns in which a view is seen; those of the sensor where it is zoomed."""
    rows, columns = (max(1, round(size * scale)) for size in sensor.shape)
    return (rows, columns) if scale < 1 or rows * columns <= MOST_PIXELS else sensor.shape
