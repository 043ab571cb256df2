"""Scenes made of pictures that somebody else took, at times that are given."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from eventvision.core import SensorSize

from ._scene import SceneTruth

_KEPT = 4


@runtime_checkable
class Sampled(Protocol):
    """A scene that knows its light at certain times only; looking at others adds nothing."""

    @property
    def duration_us(self) -> int:
        """Time of its last picture; the first is at 0."""

    def instants_us(self, t0_us: int, t1_us: int) -> Iterator[int]:
        """Yield the times of its pictures between two times, both exclusive, rising."""


class PictureScene:
    """Pictures in a row; a `Scene` without objects.

    The camera looks at the pictures themselves, and takes the logarithm of light as linear in time
    between two of them. `render` at a time between cross-fades light, and the first and last
    picture stand still before and after. Edges that move by more than a pixel from picture to
    picture therefore fade from place to place instead of moving; give such scenes more pictures a
    second.

    Args:
        times_us: Of the pictures, rising, the first at 0.
        picture: Returns the light of a picture by number: float32, shape (height, width).
        sensor: Size of the pictures.
    """

    class_names: tuple[str, ...] = ()

    def __init__(
        self,
        times_us: Sequence[int],
        picture: Callable[[int], NDArray[np.float32]],
        sensor: SensorSize,
    ) -> None:
        self._times_us = np.asarray(times_us, np.int64)
        self._picture = picture
        self.sensor = sensor
        self._recent: OrderedDict[int, NDArray[np.float32]] = OrderedDict()

    @property
    def duration_us(self) -> int:
        """Time of the last picture; the first is at 0."""
        return int(self._times_us[-1])

    @property
    def pictures(self) -> int:
        """How many there are."""
        return self._times_us.size

    def instants_us(self, t0_us: int, t1_us: int) -> Iterator[int]:
        """Yield the times of the pictures between two times, both exclusive, rising."""
        first = int(np.searchsorted(self._times_us, t0_us, "right"))
        last = int(np.searchsorted(self._times_us, t1_us, "left"))
        yield from self._times_us[first:last].tolist()

    def render(self, t_us: int) -> NDArray[np.float32]:
        """Return linear intensity, shape (height, width), 0 to 1."""
        after = int(np.searchsorted(self._times_us, t_us, "right"))
        before = max(0, after - 1)
        if after in {0, self._times_us.size} or self._times_us[before] == t_us:
            return self._light(before)
        start_us, end_us = self._times_us[before], self._times_us[after]
        share = np.float32((t_us - start_us) / (end_us - start_us))
        first = self._light(before)
        return first + (self._light(after) - first) * share

    def truth(self, t_us: int) -> SceneTruth:
        """Return the light at that time; nothing else is known about pictures."""
        nothing = np.empty(0, np.int64)
        return SceneTruth(
            t_us,
            self.render(t_us).copy(),
            np.zeros(self.sensor.shape, np.int32),
            nothing,
            nothing,
            np.empty((0, 4), np.float32),
        )

    def motion_px(self, t0_us: int, t1_us: int) -> float:
        """Return 0: nobody knows what moves in pictures."""
        del t0_us, t1_us
        return 0.0

    def _light(self, number: int) -> NDArray[np.float32]:
        if number not in self._recent:
            self._recent[number] = self._picture(number)
            if len(self._recent) > _KEPT:
                self._recent.popitem(last=False)
        return self._recent[number]
