"""The scene `movers`: textured objects of many sizes and speeds before a textured wall.

The camera pans slowly to and fro, rolls a little and shakes; objects enter, cross, hide one
another and leave, for as long as one cares to look. Sizes and speeds scale with the sensor's
height. Everything comes from the seed.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eventvision.core import SensorSize

from ._scene import SceneTruth, boxes_of
from ._sprites import Pose, Sprite, blob, box, disc, paint_backdrop
from ._textures import TEXELS_PER_PX, Texture, checker, dead_leaves, noise, soften, stripes

CLASS_NAMES = ("disc", "box", "blob")

_REFERENCE_HEIGHT_PX = 260.0
_PAN_PX, _PAN_PX_S = 16.0, 4.0
_ROLL_RAD, _ROLL_HZ = 0.004, 0.2
_SHAKES = ((0.5, 0.7, 0.0), (0.06, 4.3, 1.0))  # amplitude in px, Hz, phase in rad
_MARGIN_PX = 12.0


@dataclass(frozen=True, slots=True)
class _Kind:
    """What an object of the cast is like: class, radius, speed, spin, and how it bounces."""

    class_index: int
    radius_px: float
    speed_px_s: float
    spin_rad_s: float = 0.0
    hop_px: float = 0.0
    hop_s: float = 1.0


_CAST = (
    _Kind(2, 44, 26, 0.2),
    _Kind(1, 38, 45, 0.12),
    _Kind(0, 23, 75, 0.8),
    _Kind(1, 21, 65, -0.4),
    _Kind(2, 22, 100, -0.6),
    _Kind(0, 13, 170, 1.5, hop_px=90, hop_s=0.9),
    _Kind(1, 11, 210, 1.0),
    _Kind(0, 8, 380, 0.0, hop_px=60, hop_s=0.7),
)
"""From back to front."""


@dataclass(frozen=True, slots=True)
class _Track:
    """To and fro along a line that ends outside the view, with hops."""

    start: float
    reach_px: float
    speed_px_s: float
    row_px: float
    drift_px_s: float
    drift_reach_px: float
    spin_rad_s: float
    hop_px: float
    hop_s: float

    def pose(self, t_us: int) -> Pose:
        seconds = t_us * 1e-6
        x = self.reach_px * _zigzag(self.start + seconds * self.speed_px_s / self.reach_px / 4)
        y = self.row_px + self.drift_reach_px * _zigzag(
            self.start + seconds * self.drift_px_s / self.drift_reach_px / 4
        )
        phase = (self.start + seconds / self.hop_s) % 1.0
        return Pose(x, y - self.hop_px * 4 * phase * (1 - phase), seconds * self.spin_rad_s)


def _zigzag(turns: float) -> float:
    """Return a triangle wave between -1 and 1 with period 1, -1 at 0."""
    return 1 - 4 * abs(turns % 1.0 - 0.5)


@dataclass(frozen=True, slots=True)
class _Object:
    id: int
    class_index: int
    sprite: Sprite
    track: _Track


class Movers:
    """Eight moving objects before a wall, seen by a moving camera; a `Scene`."""

    def __init__(self, sensor: SensorSize, *, seed: int = 0) -> None:
        random = np.random.default_rng(seed)
        self.sensor = sensor
        self._unit = sensor.height / _REFERENCE_HEIGHT_PX
        self._wall = _wall(sensor, self._unit, random)
        self._objects = [
            _Object(
                number,
                kind.class_index,
                _sprite(kind, self._unit, random),
                self._track(kind, random),
            )
            for number, kind in enumerate(_CAST, start=1)
        ]
        self._image = np.empty(sensor.shape, np.float32)
        self._mask = np.empty(sensor.shape, np.uint8)

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the three kinds of objects."""
        return CLASS_NAMES

    def render(self, t_us: int) -> NDArray[np.float32]:
        """Return linear intensity, shape (height, width); valid until the next call."""
        camera = self._camera(t_us)
        paint_backdrop(self._wall, Pose(0, 0).seen_from(camera), self._image)
        self._mask[:] = 0
        for item in self._objects:
            item.sprite.paint(
                item.track.pose(t_us).seen_from(camera), item.id, self._image, self._mask
            )
        return self._image

    def truth(self, t_us: int) -> SceneTruth:
        """Return what is seen at that time."""
        intensity = self.render(t_us).copy()
        counts = np.bincount(self._mask.reshape(-1), minlength=len(self._objects) + 1)
        seen = [item for item in self._objects if counts[item.id]]
        ids = np.array([item.id for item in seen], np.int64)
        classes = np.array([item.class_index for item in seen], np.int64)
        mask = self._mask.astype(np.int32)
        return SceneTruth(t_us, intensity, mask, ids, classes, boxes_of(mask, ids))

    def motion_px(self, t0_us: int, t1_us: int) -> float:
        """Return a bound on how far any point of the image moves between two close times."""
        before, after = self._camera(t0_us), self._camera(t1_us)
        corner_px = math.hypot(*self.sensor.shape) / 2
        still = Pose(0, 0)
        moved = [still.seen_from(before).moved_px(still.seen_from(after), corner_px)]
        for item in self._objects:
            first = item.track.pose(t0_us).seen_from(before)
            last = item.track.pose(t1_us).seen_from(after)
            moved.append(first.moved_px(last, item.sprite.reach_px))
        return max(moved)

    def _camera(self, t_us: int) -> Pose:
        seconds, unit = t_us * 1e-6, self._unit
        x = _PAN_PX * unit * _zigzag(0.3 + seconds * _PAN_PX_S / _PAN_PX / 4)
        y = 0.0
        for amplitude_px, rate_hz, phase in _SHAKES:
            turn = 2 * math.pi * rate_hz * seconds + phase
            x += amplitude_px * unit * math.sin(turn)
            y += amplitude_px * unit * math.cos(1.3 * turn)
        return Pose(x, y, _ROLL_RAD * math.sin(2 * math.pi * _ROLL_HZ * seconds))

    def _track(self, kind: _Kind, random: np.random.Generator) -> _Track:
        unit = self._unit
        rows_px = self.sensor.height / 2 - 0.6 * kind.radius_px * unit
        outside_px = kind.radius_px * unit + _PAN_PX * unit + _MARGIN_PX
        return _Track(
            start=random.random(),
            reach_px=self.sensor.width / 2 + outside_px,
            speed_px_s=kind.speed_px_s * unit * (0.85 + 0.3 * random.random()),
            row_px=rows_px * (1.4 * random.random() - 0.7) + kind.hop_px * unit / 2,
            drift_px_s=0.25 * kind.speed_px_s * unit,
            drift_reach_px=0.3 * rows_px,
            spin_rad_s=kind.spin_rad_s,
            hop_px=kind.hop_px * unit,
            hop_s=kind.hop_s,
        )


def _wall(sensor: SensorSize, unit: float, random: np.random.Generator) -> Texture:
    """Return the backdrop: dead leaves, two posters, uneven light; larger than the view."""
    margin_px = 2 * (_PAN_PX * unit + _MARGIN_PX)
    shape = (
        math.ceil((sensor.height + margin_px) * TEXELS_PER_PX),
        math.ceil((sensor.width + margin_px) * TEXELS_PER_PX),
    )
    texel = unit * TEXELS_PER_PX
    wall = dead_leaves(shape, random, smallest=10 * texel, largest=110 * texel)
    posters: tuple[Callable[[tuple[int, int]], Texture], ...] = (
        lambda size: stripes(size, period=16 * texel, slope=0.4, low=0.12, high=0.6),
        lambda size: checker(size, period=24 * texel, low=0.15, high=0.7),
    )
    for poster in posters:
        size = int(60 * texel), int(80 * texel)
        top = int(random.random() * (shape[0] - size[0]))
        left = int(random.random() * (shape[1] - size[1]))
        wall[top : top + size[0], left : left + size[1]] = poster(size)
    light = 0.4 + 0.4 * noise(shape, random, cell=90 * texel)
    grain = 0.85 + 0.3 * soften(noise(shape, random, cell=14 * texel), 3)
    lit: Texture = np.minimum(soften(wall, 2) * light * grain, np.float32(1))
    return lit


def _sprite(kind: _Kind, unit: float, random: np.random.Generator) -> Sprite:
    """Return an object's looks: a striped ball, a box with a label, or a mottled blob."""
    radius_px, texel = kind.radius_px * unit, unit * TEXELS_PER_PX
    tint = np.float32(0.45 + 0.55 * random.random())
    if kind.class_index == 0:
        distance = disc(radius_px)
        texture = stripes(
            distance.shape, period=1.4 * radius_px * TEXELS_PER_PX, slope=0.0, low=0.3, high=0.9
        )
        depth = np.clip(-distance / np.float32(radius_px * TEXELS_PER_PX), 0, 1)
        texture = texture * (np.float32(0.45) + np.float32(0.55) * np.sqrt(depth))
    elif kind.class_index == 1:
        distance = box(radius_px, 0.6 + 0.5 * random.random())
        texture = 0.55 + 0.45 * noise(distance.shape, random, cell=10 * texel)
        third = distance.shape[0] // 3
        label = checker((third, third), period=max(6.0, third), low=0.15, high=0.8)
        texture[third : 2 * third, third : 2 * third] = label
    else:
        distance = blob(radius_px, random)
        mottles = noise(distance.shape, random, cell=14 * texel)
        texture = np.clip(2.2 * mottles - 0.6, 0.15, 1)
    return Sprite(np.ascontiguousarray(texture * tint, np.float32), distance.astype(np.float32))
