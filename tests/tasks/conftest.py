"""Streams of events whose truth is known: moving discs and rectangles, noise, lamps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pytest

from eventvision.core import EVENT_DTYPE, Events, SensorSize, Slice

SENSOR = SensorSize(240, 180)
STEP_US = 500


@dataclass(frozen=True, kw_only=True)
class Mover:
    """A bright shape on dark ground; `centre` at time 0, `velocity` in pixels per second."""

    centre: tuple[float, float]
    velocity: tuple[float, float]
    size: tuple[float, float] = (30.0, 30.0)
    round: bool = True
    seen: Callable[[int], bool] = lambda _: True

    def at(self, t_us: float) -> tuple[float, float]:
        """Return the centre."""
        return tuple(c + v * t_us / 1e6 for c, v in zip(self.centre, self.velocity, strict=True))

    def box(self, t_us: float) -> np.ndarray:
        """Return x, y, w, h."""
        x, y = self.at(t_us)
        return np.array([x - self.size[0] / 2, y - self.size[1] / 2, *self.size])

    def covers(self, t_us: float, sensor: SensorSize) -> np.ndarray:
        """Return the pixels that the shape covers."""
        left, top, width, height = self.box(t_us)
        rows = slice(*np.clip([top - 1, top + height + 2], 0, sensor.height).astype(int))
        columns = slice(*np.clip([left - 1, left + width + 2], 0, sensor.width).astype(int))
        ys, xs = np.mgrid[rows, columns] + 0.5
        across = abs(xs - left - width / 2) / (width / 2)
        down = abs(ys - top - height / 2) / (height / 2)
        covered = np.zeros(sensor.shape, bool)
        covered[rows, columns] = (
            across**2 + down**2 <= 1 if self.round else np.maximum(across, down) <= 1
        )
        return covered


class Scene:
    """Makes event streams of `SENSOR`, the same for the same arguments."""

    sensor = SENSOR

    def movers(
        self, movers: list[Mover], *, until_us: int, noise_hz: float = 0.0, per_edge: int = 2
    ) -> Events:
        """Return what shapes cause: each pixel fires `per_edge` times as an edge passes it."""
        rng = np.random.default_rng(7)
        parts = [self.noise(noise_hz, until_us=until_us)]
        for mover in movers:
            before = mover.covers(0, SENSOR)
            for t_us in range(STEP_US, until_us, STEP_US):
                now = mover.covers(t_us, SENSOR)
                if mover.seen(t_us):
                    parts.append(self._edges(now, now != before, t_us, per_edge, rng))
                before = now
        return sort(parts)

    def _edges(
        self,
        now: np.ndarray,
        turned: np.ndarray,
        t_us: int,
        per_edge: int,
        rng: np.random.Generator,
        spread_us: int = STEP_US,
    ) -> np.ndarray:
        y, x = np.nonzero(turned)
        y, x = np.repeat(y, per_edge), np.repeat(x, per_edge)
        return pack(t_us - rng.integers(0, spread_us, x.size), x, y, now[y, x])

    def noise(self, rate_hz: float, *, until_us: int, seed: int = 3) -> np.ndarray:
        """Return events at random, `rate_hz` per pixel."""
        rng = np.random.default_rng(seed)
        count = rng.poisson(rate_hz * SENSOR.pixels * until_us / 1e6)
        return pack(
            rng.integers(0, until_us, count),
            rng.integers(0, SENSOR.width, count),
            rng.integers(0, SENSOR.height, count),
            rng.random(count) < 0.5,
        )

    def panned(self, *, until_us: int, step_us: int = 4_000) -> Events:
        """Return what a camera sees that moves past a texture, a pixel every `step_us`."""
        rng = np.random.default_rng(9)
        texture = np.kron(
            rng.random((SENSOR.height // 4, SENSOR.width // 4)) < 0.4, np.ones((4, 4))
        )
        before = texture.astype(bool)
        parts = []
        for t_us in range(step_us, until_us, step_us):
            now = np.roll(before, 1, axis=1)
            parts.append(self._edges(now, now != before, t_us, 2, rng, spread_us=step_us))
            before = now
        return sort(parts)

    def lamp(self, *, until_us: int, period_us: int = 10_000) -> Events:
        """Return a disc of pixels that fire ON and OFF once a period, as under a lamp."""
        rng = np.random.default_rng(5)
        y, x = np.nonzero(Mover(centre=(60, 60), velocity=(0, 0)).covers(0, SENSOR))
        parts = []
        for t_us in range(period_us, until_us - period_us, period_us):
            for on, shift_us in ((True, 0), (False, period_us // 2)):
                t = t_us + shift_us + rng.integers(-700, 700, x.size)
                parts.append(pack(t, x, y, np.full(x.size, on)))
        return sort(parts)

    def slices(self, events: Events, *, until_us: int, window_us: int = 10_000) -> Iterator[Slice]:
        """Cut the stream into windows from time 0, empty ones included."""
        for index, t0_us in enumerate(range(0, until_us, window_us)):
            t1_us = t0_us + window_us
            yield Slice(index, events.between(t0_us, t1_us), t0_us, t1_us, "time")


def pack(t: np.ndarray, x: np.ndarray, y: np.ndarray, on: np.ndarray) -> np.ndarray:
    """Return columns as an array of events."""
    data = np.zeros(len(t), EVENT_DTYPE)
    data["t"], data["x"], data["y"], data["on"] = t, x, y, on
    return data


def sort(parts: list[np.ndarray]) -> Events:
    """Join parts in order of time."""
    data = np.concatenate([np.empty(0, EVENT_DTYPE), *parts])
    return Events(data[np.argsort(data["t"], kind="stable")], SENSOR).check_order()


def overlap(first: np.ndarray, second: np.ndarray) -> float:
    """Return intersection over union of two boxes x, y, w, h."""
    low = np.maximum(first[:2], second[:2])
    high = np.minimum(first[:2] + first[2:], second[:2] + second[2:])
    shared = np.prod(np.maximum(high - low, 0))
    return float(shared / (np.prod(first[2:]) + np.prod(second[2:]) - shared))


@pytest.fixture
def scene() -> Scene:
    return Scene()


@pytest.fixture
def mover() -> type[Mover]:
    return Mover


@pytest.fixture
def iou() -> Callable[[np.ndarray, np.ndarray], float]:
    return overlap


@pytest.fixture
def empty_slice() -> Callable[[SensorSize], Slice]:
    """Make a slice of a stream in which nothing happens."""
    return lambda sensor: Slice(0, Events.empty(sensor), 0, 10_000, "time")
