"""The scenes `shapes`, `mixed_speed` and `flicker`: textured shapes before a wall.

Discs, boxes, blobs, stars and triangles of many sizes, each in a depth of its own, cross the view,
spin, come nearer, hide one another and leave, for as long as one cares to look.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from eventvision.core import SensorSize
from eventvision.simulation._flicker import Flicker
from eventvision.simulation._scene import Scene
from eventvision.simulation._surfaces import clouds
from eventvision.simulation._textures import Texture, checker, noise, stripes
from eventvision.simulation._world.atlas import AtlasBuilder
from eventvision.simulation._world.bodies import Body, Skin, card
from eventvision.simulation._world.outlines import Canvas, melted, star
from eventvision.simulation._world.pace import BURSTS, CONSTANT, MIXED, STOP_AND_GO, Pace
from eventvision.simulation._world.view import PanelScene
from eventvision.simulation._world.world import Places, WorldBuilder

from .backdrop import FOCAL_SHARE, drift, wall

_WALL_Z_M = 4.0


@dataclass(frozen=True, slots=True)
class Cast:
    """What shapes a scene has, from near to far.

    Attributes:
        radii_px: Of each, at its mean distance in a view 346 pixels wide.
        speeds_px_s: Of each.
        paces: How their speeds change, taken in turn.
    """

    radii_px: tuple[float, ...]
    speeds_px_s: tuple[float, ...]
    paces: tuple[Pace, ...] = (CONSTANT,)


_SHAPES = Cast(
    (9, 12, 14, 22, 24, 24, 40, 46),
    (380, 210, 170, 100, 65, 75, 45, 26),
    (CONSTANT, CONSTANT, BURSTS),
)
_MIXED = Cast((10, 16, 14, 26, 24, 40), (190, 120, 150, 70, 90, 45), (MIXED, BURSTS, STOP_AND_GO))
_CALM = Cast((16, 24, 30, 44), (90, 60, 40, 20))


def shapes(sensor: SensorSize, *, seed: int, images: Path | None = None) -> Scene:
    """Return shapes at steady speeds before a slowly moving camera."""
    return _show(sensor, seed, images, _SHAPES, reach_m=0.1, speed=0.4)


def mixed_speed(sensor: SensorSize, *, seed: int, images: Path | None = None) -> Scene:
    """Return shapes and a camera whose speeds differ by a factor of 20 from time to time."""
    return _show(sensor, seed, images, _MIXED, reach_m=0.2, speed=0.8, pace=MIXED)


def flicker(sensor: SensorSize, *, seed: int, images: Path | None = None) -> Scene:
    """Return slow shapes in the light of a lamp on mains of 50 Hz (even seeds) or 60 Hz (odd)."""
    calm = _show(sensor, seed, images, _CALM, reach_m=0.08, speed=0.4)
    return Flicker(calm, hz=120.0 if seed % 2 else 100.0, depth=0.35)


def _show(
    sensor: SensorSize,
    seed: int,
    images: Path | None,
    cast: Cast,
    *,
    reach_m: float,
    speed: float,
    pace: Pace = CONSTANT,
) -> Scene:
    random = np.random.default_rng(seed)
    builder = WorldBuilder()
    half_wide = 0.5 * _WALL_Z_M / FOCAL_SHARE
    high = 2 * (half_wide * sensor.height / sensor.width + reach_m) + 0.4
    wall(builder, random, (2 * (half_wide + reach_m) + 0.4, high), _WALL_Z_M, images=images)
    count = len(cast.radii_px)
    for number, (radius_px, speed_px_s) in enumerate(
        zip(cast.radii_px, cast.speeds_px_s, strict=True)
    ):
        z = 1.3 + 2.2 * number / count
        per_px = z / (FOCAL_SHARE * 346)
        body = shape(builder.atlas, random, radius_px * per_px)
        track = _track(sensor, random, z, radius_px * per_px, speed_px_s * per_px, reach_m)
        move = _Crossing(track, cast.paces[number % len(cast.paces)])
        builder.add([body], move, kind="other", layer=number)
    eye = drift(random, reach_m=reach_m, speed=speed, pace=pace)
    return PanelScene(sensor, builder.build(), eye, focal_px=FOCAL_SHARE * sensor.width)


@dataclass(frozen=True, slots=True)
class _Track:
    """A way to and fro between places beyond the view; lengths in metres, rates per second."""

    start: float
    reach_m: float
    row_m: float
    drift_m: float
    speed_m_s: float
    z_m: float
    sway_m: float
    spin_rad: float


@dataclass(frozen=True, slots=True)
class _Crossing:
    """Moves one body along a track."""

    track: _Track
    pace: Pace

    def __call__(self, seconds: float, places: Places) -> None:
        track = self.track
        gone = self.pace.distance(seconds)
        turn = track.start + gone * track.speed_m_s / track.reach_m / 4
        places[0, 0] = track.reach_m * _zigzag(turn)
        places[0, 1] = track.row_m + track.drift_m * math.sin(2.2 * turn + 6 * track.start)
        places[0, 2] = track.z_m + track.sway_m * math.sin(1.7 * gone + 6 * track.start)
        places[0, 5] = track.spin_rad * gone


def _zigzag(turns: float) -> float:
    """Return a triangle wave between -1 and 1 with period 1, -1 at 0."""
    return 1 - 4 * abs(turns % 1.0 - 0.5)


def _track(
    sensor: SensorSize,
    random: np.random.Generator,
    z: float,
    radius_m: float,
    speed_m_s: float,
    margin_m: float,
) -> _Track:
    half_wide = 0.5 * z / FOCAL_SHARE
    half_high = half_wide * sensor.height / sensor.width
    sway_m = 0.09 * z if radius_m * 346 * FOCAL_SHARE / z > 15 else 0.0
    return _Track(
        start=random.random(),
        reach_m=1.1 * half_wide + 1.3 * radius_m + margin_m,
        row_m=half_high * (1.3 * random.random() - 0.65),
        drift_m=0.3 * half_high,
        speed_m_s=speed_m_s * (0.85 + 0.3 * random.random()),
        z_m=z,
        sway_m=min(sway_m, 0.09),
        spin_rad=(2 * random.random() - 1) * 1.5,
    )


def shape(atlas: AtlasBuilder, random: np.random.Generator, radius_m: float) -> Body:
    """Return a textured shape that lies within a radius of the body's middle."""
    canvas = Canvas(2.1 * radius_m, 2.1 * radius_m, 144)
    outline = _outline(canvas, random, radius_m)
    texture = _texture(canvas, random) * np.float32(0.5 + 0.5 * random.random())
    skin = Skin.whole(atlas, texture, "other", distance=canvas.texels(outline))
    return card(canvas.width_m, canvas.height_m, skin)


def _outline(canvas: Canvas, random: np.random.Generator, radius_m: float) -> Texture:
    kind = int(5 * random.random())
    if kind == 0:
        return canvas.disc(0, 0, radius_m)
    if kind == 1:
        slim = 0.45 + 0.3 * random.random()
        return canvas.box(
            -0.78 * radius_m, -slim * radius_m, 0.78 * radius_m, slim * radius_m, 0.1 * radius_m
        )
    if kind == 2:
        return canvas.polygon(star(5, radius_m, 0.5 * radius_m))
    if kind == 3:
        return canvas.polygon(star(3, radius_m, 0.5 * radius_m)) - np.float32(0.02 * radius_m)
    outline = canvas.disc(0, 0, 0.5 * radius_m)
    for x, y in ((1, 1), (-1, 1), (0, -1)):
        spread = radius_m * (0.3 + 0.15 * random.random())
        part = canvas.disc(x * spread, y * spread, radius_m * (0.25 + 0.1 * random.random()))
        outline = melted(outline, part, 0.3 * radius_m)
    return outline


def _texture(canvas: Canvas, random: np.random.Generator) -> Texture:
    kind, side = int(4 * random.random()), max(canvas.shape)
    if kind == 0:
        period = side / (2 + 3 * random.random())
        return stripes(canvas.shape, period=period, slope=random.random(), low=0.15, high=1.0)
    if kind == 1:
        return checker(canvas.shape, period=side / (2 + 2 * random.random()), low=0.12, high=0.95)
    if kind == 2:
        mottled: Texture = np.clip(2.4 * noise(canvas.shape, random, cell=side / 5) - 0.7, 0.1, 1)
        return mottled
    fine = clouds(256, random, cell=32)[: canvas.shape[0], : canvas.shape[1]]
    shaded: Texture = (0.2 + 0.8 * fine) * (0.8 - 0.5 * canvas.y / np.float32(canvas.height_m))
    return shaded
