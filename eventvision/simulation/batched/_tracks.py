"""How cameras and objects move in a training clip: smooth ways, and speeds that change by 20x.

A way is a curve; how far along it one is follows from a speed profile: steady, uneven, stop and go,
bursts, a late start. Both are drawn by chance and tabulated at evenly spaced knots of the clip.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

KNOTS = 193


@dataclass(frozen=True, slots=True)
class Track:
    """Poses at the knots of a clip, all of shape (KNOTS,).

    Attributes:
        x: Place in pixels, to the right of the middle of the view.
        y: Place in pixels, below it.
        angle: Rotation in radians, clockwise as seen.
        log_scale: Logarithm of the size relative to the natural one.
    """

    x: FloatArray
    y: FloatArray
    angle: FloatArray
    log_scale: FloatArray

    def moved_px(self, reach_px: float) -> FloatArray:
        """Return how far points at `reach_px` move at most up to each knot, shape (KNOTS,)."""
        dx, dy = np.diff(self.x), np.diff(self.y)
        turned = np.abs(np.diff(self.angle)) + np.abs(np.diff(self.log_scale))
        return np.concatenate([[0], np.cumsum(np.hypot(dx, dy) + reach_px * turned)])

    def scaled(self, factor: float) -> Track:
        """Return the same way about its middle, shorter or longer."""
        return Track(*(
            middle + factor * (values - middle)
            for values, middle in (
                (self.x, self.x[KNOTS // 2]),
                (self.y, self.y[KNOTS // 2]),
                (self.angle, self.angle[KNOTS // 2]),
                (self.log_scale, self.log_scale[KNOTS // 2]),
            )
        ))  # fmt: skip


def log_uniform(random: np.random.Generator, low: float, high: float) -> float:
    """Draw a number whose logarithm is uniform."""
    return float(np.exp(random.uniform(np.log(low), np.log(high))))


def progress(random: np.random.Generator) -> FloatArray:
    """Draw how far along its way something is at each knot, from 0 to 1, never going back."""
    profile = random.choice(_PROFILES, p=_PROFILE_CHANCES)
    speed = profile(random, np.linspace(0, 1, KNOTS - 1))
    done = np.concatenate([[0], np.cumsum(speed)])
    share: FloatArray = done / done[-1]
    return share


def _steady(random: np.random.Generator, time: FloatArray) -> FloatArray:  # noqa: ARG001
    return np.ones_like(time)


def _uneven(random: np.random.Generator, time: FloatArray) -> FloatArray:
    return np.exp(random.uniform(0.3, 0.9) * wave(random, time, 3))


def _stop_and_go(random: np.random.Generator, time: FloatArray) -> FloatArray:
    """Stand and move in turns; each lasts a tenth of the clip or more."""
    edges = np.sort(random.random(int(random.integers(1, 6))))
    moves = (np.searchsorted(edges, time) + random.integers(2)) % 2 == 1
    return _eased(np.where(moves, 1.0, 1e-3))


def _bursts(random: np.random.Generator, time: FloatArray) -> FloatArray:
    speed = np.ones_like(time)
    for _ in range(int(random.integers(1, 3))):
        middle, width = random.random(), random.uniform(0.05, 0.25)
        speed[np.abs(time - middle) < width / 2] = log_uniform(random, 4, 20)
    return _eased(speed)


def _late_start(random: np.random.Generator, time: FloatArray) -> FloatArray:
    start = random.uniform(0.15, 0.7)
    return _eased(np.where((time > start) ^ (random.random() < 0.3), 1.0, 1e-4))


_PROFILES: NDArray[np.object_] = np.array([_steady, _uneven, _stop_and_go, _bursts, _late_start])
_PROFILE_CHANCES = (0.3, 0.25, 0.15, 0.2, 0.1)


def _eased(speed: FloatArray) -> FloatArray:
    """Let speeds change within a few knots, not at once."""
    padded = np.pad(speed, 3, mode="edge")
    return np.convolve(padded, np.full(7, 1 / 7), mode="valid")


def wave(random: np.random.Generator, place: FloatArray, terms: int) -> FloatArray:
    """Draw a smooth function of deviation about 1: a few sines of low frequency."""
    total = np.zeros_like(place)
    for term in range(1, terms + 1):
        rate = term * random.uniform(0.6, 1.4)
        total += (
            random.standard_normal() / term * np.sin(2 * np.pi * (rate * place + random.random()))
        )
    return total


def still() -> Track:
    """Return the track of something that does not move."""
    zero = np.zeros(KNOTS)
    return Track(zero, zero, zero, zero)


def camera_track(random: np.random.Generator, path_px: float, reach_px: float) -> Track:
    """Draw the way of a camera: a pan, a shaking hand, a turn, a drive towards something.

    Args:
        random: Where chance comes from.
        path_px: How far the picture moves in all.
        reach_px: Half the size of the view, from its middle to its corners.
    """
    done = progress(random)
    kind = random.choice(4, p=(0.4, 0.2, 0.15, 0.25))
    slide, bend, turn, grow = ((1, 0.2, 0.1, 0.1), (0.1, 1, 0.2, 0.05), (0.2, 0.3, 1, 0.1),
                               (0.3, 0.15, 0.05, 1))[kind]  # fmt: skip
    heading = random.choice([0, np.pi]) + random.normal(0, 0.5)
    if random.random() < 0.3:
        heading = random.uniform(0, 2 * np.pi)
    cycles = 3 if kind == 1 else 1
    along, drift = slide * (done - 0.5), [
        bend * 0.3 * wave(random, done, 2 * cycles) for _ in range(2)
    ]  # fmt: skip
    angle = turn * (random.choice([-1, 1]) * (done - 0.5) + 0.1 * wave(random, done, cycles))
    size = grow * (random.choice([-0.3, 1]) * (done - 0.5) + 0.05 * wave(random, done, cycles))
    raw = Track(
        np.cos(heading) * along + drift[0],
        np.sin(heading) * along + drift[1],
        angle / reach_px,
        size / reach_px,
    )
    length = raw.moved_px(reach_px)[-1]
    moved = raw.scaled(min(path_px / max(length, 1e-9), 1e4))
    zoomed = np.abs(moved.log_scale).max()
    return Track(moved.x, moved.y, moved.angle, moved.log_scale * min(1.0, 0.4 / max(zoomed, 1e-9)))


@dataclass(frozen=True, kw_only=True, slots=True)
class Gait:
    """How a kind of object moves.

    Attributes:
        upright: Whether it keeps upright and moves sideways, as on a street.
        spin: Largest number of turns in a clip.
        hop: Largest height of hops, as a share of the path.
        grows: Deviation of the change of log size in a clip.
    """

    upright: bool
    spin: float = 0.0
    hop: float = 0.0
    grows: float = 0.0


def object_track(
    random: np.random.Generator, gait: Gait, path_px: float, middle: tuple[float, float]
) -> Track:
    """Draw the way of an object that is at `middle` (x, y) half way through the clip."""
    done = progress(random)
    along = path_px * (done - done[KNOTS // 2])
    heading = random.choice([0, np.pi])
    heading += random.normal(0, 0.12) if gait.upright else random.uniform(-np.pi, np.pi)
    x = middle[0] + np.cos(heading) * along
    y = middle[1] + np.sin(heading) * along
    if gait.hop:
        beat = (random.integers(1, 4) * done + random.random()) % 1.0
        y = y - random.uniform(0, gait.hop) * path_px * 4 * beat * (1 - beat)
    angle = 2 * np.pi * random.uniform(-gait.spin, gait.spin) * (done - 0.5)
    if not gait.upright:
        angle = angle + random.uniform(0, 2 * np.pi)
    grows = np.clip(gait.grows * random.standard_normal(), -0.6, 0.6)
    return Track(x, y, angle, grows * (done - 0.5))
