"""Draws clouds in a thread of its own: the thread of the windows never waits for a point."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eventvision.core import Slice

from .cloud import Cloud, CloudPainter, Orbit, cloud_of


@dataclass(frozen=True, eq=False, slots=True)
class Wish:
    """What is to be drawn.

    Attributes:
        slices: The latest slices.
        now_us: End of the time axis; None is the end of the latest slice.
        span_us: Length of the time axis.
        orbit: From where it is looked at.
        width_px: Width of the picture.
        height_px: Its height.
        point_px: Size of a point.
        colours: As for `CloudPainter`.
        background: Likewise.
    """

    slices: Sequence[Slice]
    now_us: int | None
    span_us: int
    orbit: Orbit
    width_px: int
    height_px: int
    point_px: int
    colours: NDArray[np.uint32]
    background: int


@dataclass(frozen=True, eq=False, slots=True)
class Drawn:
    """What was drawn: the pixels, row by row, 0xAARRGGBB, and of what."""

    wish: Wish
    cloud: Cloud | None
    pixels: bytes


class CloudArtist:
    """Draws the latest wish; earlier ones that were not begun are forgotten.

    Args:
        on_drawn: Called in the artist's thread when there is something to take.
    """

    def __init__(self, on_drawn: Callable[[], object]) -> None:
        self._on_drawn = on_drawn
        self._turn = threading.Condition()
        self._wish: Wish | None = None
        self._drawn: Drawn | None = None
        self._quits = False
        self._thread: threading.Thread | None = None

    def want(self, wish: Wish) -> None:
        """Draw this next."""
        with self._turn:
            self._wish = wish
            if self._thread is None:
                self._quits = False
                self._thread = threading.Thread(
                    target=self._work, name="eventvision-cloud", daemon=True
                )
                self._thread.start()
            self._turn.notify()

    def take(self) -> Drawn | None:
        """Return what was drawn last."""
        with self._turn:
            return self._drawn

    def stop(self) -> None:
        """End the thread, and wait for that; the next wish begins another."""
        with self._turn:
            thread, self._thread = self._thread, None
            self._quits, self._wish = True, None
            self._turn.notify()
        if thread is not None:
            thread.join()

    def _work(self) -> None:
        while (wish := self._next()) is not None:
            cloud = cloud_of(wish.slices, wish.span_us, wish.now_us)
            painter = CloudPainter(wish.colours, wish.background)
            picture = painter.draw(cloud, wish.orbit, wish.width_px, wish.height_px, wish.point_px)
            drawn = Drawn(wish, cloud, picture.tobytes())
            with self._turn:
                self._drawn = drawn
                if self._quits:
                    return
            self._on_drawn()

    def _next(self) -> Wish | None:
        with self._turn:
            while self._wish is None and not self._quits:
                self._turn.wait()
            wish, self._wish = self._wish, None
            return None if self._quits else wish
