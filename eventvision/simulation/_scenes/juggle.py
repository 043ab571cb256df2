"""The scene `juggle`: someone juggles five balls, and small things fly past; fast small movers.

The balls follow a cascade: each is thrown from one hand to the other in turn, flies on a parabola,
and rests in the hand for a while. Arms reach for the hands by two-link geometry.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np

from eventvision.core import SensorSize
from eventvision.simulation import _surfaces as surfaces
from eventvision.simulation._scene import Scene
from eventvision.simulation._textures import dead_leaves, stripes
from eventvision.simulation._world.atlas import AtlasBuilder
from eventvision.simulation._world.bodies import Body, Skin, Tiles, card
from eventvision.simulation._world.figures import juggler
from eventvision.simulation._world.outlines import Canvas
from eventvision.simulation._world.view import PanelScene
from eventvision.simulation._world.world import Move, Places, WorldBuilder

from .backdrop import FOCAL_SHARE, wall

_BALLS, _BEAT_S, _REST_BEATS = 5, 0.23, 1.3
_GRAVITY_M_S2 = 9.81
_JUGGLER_Z_M, _WALL_Z_M = 2.3, 3.4
_HANDS_M = 0.24
_BALL_M = 0.045


def juggle(sensor: SensorSize, *, seed: int, images: Path | None = None) -> Scene:
    """Return the juggler."""
    random = np.random.default_rng(seed)
    builder = WorldBuilder()
    half_wide = 0.5 * _WALL_Z_M / FOCAL_SHARE
    size = 2 * half_wide + 0.5, 2 * half_wide * sensor.height / sensor.width + 0.5
    if images is None:
        _plain_wall(builder, random, size)
    else:
        wall(builder, random, size, _WALL_Z_M, images=images)
    start = random.random() * _BALLS * _BEAT_S
    for number in range(2):
        radius_m = 0.014 + 0.008 * random.random()
        body = _ball(builder.atlas, random, radius_m)
        builder.add([body], _passing(sensor, random, 1.5), kind="other", layer=number)
    for number in range(_BALLS):
        body = _ball(builder.atlas, random, _BALL_M)
        builder.add([body], _thrown(number, start), kind="other", layer=2 + number)
    hands = tuple(_hand(side, start) for side in (-1, 1))
    parts, move = juggler(builder.atlas, random, (0.0, 0.42, _JUGGLER_Z_M), hands)
    builder.add(parts, move, kind="pedestrian", layer=20)
    return PanelScene(sensor, builder.build(), _tripod, focal_px=FOCAL_SHARE * sensor.width)


def _plain_wall(
    builder: WorldBuilder, random: np.random.Generator, size_m: tuple[float, float]
) -> None:
    """Put up plaster with a few pictures, so that small things show."""
    plaster = Tiles.of(
        builder.atlas, 0.85 * surfaces.plaster(256, random), "building", texels_per_m=80
    )
    builder.fix(card(*size_m, plaster.skin(*size_m)), (0, 0, _WALL_Z_M), layer=99)
    for side in (-1, 1):
        leaves = dead_leaves((160, 120), random, smallest=4, largest=40)
        picture = card(0.6, 0.8, Skin.whole(builder.atlas, leaves, "building"))
        builder.fix(picture, (1.15 * side, -0.3, _WALL_Z_M - 0.02), layer=98)


def _tripod(_seconds: float) -> tuple[float, float, float, float, float, float]:
    return 0.0, 0.0, 0.0, 0.0, 0.0, 0.0


def _hand(side: int, start_s: float) -> Callable[[float], tuple[float, float]]:
    """Return the way of a hand: one round in two beats, throwing inside and catching outside."""

    def place(seconds: float) -> tuple[float, float]:
        beat = (seconds + start_s) / (2 * _BEAT_S) + (0.0 if side < 0 else 0.5)
        turn = 2 * math.pi * (beat % 1.0)
        return side * (0.2 - 0.08 * math.cos(turn)), _HANDS_M - 0.07 * math.sin(turn + 2.2)

    return place


def _thrown(number: int, start_s: float) -> Move:
    """Return the way of a ball of the cascade."""
    hands = {side: _hand(side, start_s) for side in (-1, 1)}
    cycle_s, rest_s = _BALLS * _BEAT_S, _REST_BEATS * _BEAT_S
    flight_s = cycle_s - rest_s

    def move(seconds: float, places: Places) -> None:
        since = seconds + start_s - number * _BEAT_S
        throw = math.floor(since / cycle_s)
        part = since - throw * cycle_s
        from_side = -1 if (number + throw * _BALLS) % 2 == 0 else 1
        thrown_s = seconds - part
        if part < flight_s:
            x0, y0 = hands[from_side](thrown_s)
            x1, y1 = hands[-from_side](thrown_s + flight_s)
            share = part / flight_s
            rise = 0.5 * _GRAVITY_M_S2 * part * (flight_s - part)
            x, y = x0 + (x1 - x0) * share, y0 + (y1 - y0) * share - rise
        else:
            x, y = hands[-from_side](seconds)
        places[0, :3] = x, y - 0.03, _JUGGLER_Z_M - 0.06 - 0.002 * number
        places[0, 5] = 4 * seconds + number

    return move


def _passing(sensor: SensorSize, random: np.random.Generator, z: float) -> Move:
    """Return the way of something that is thrown across the view again and again."""
    half_wide = 0.5 * z / FOCAL_SHARE + 0.15
    half_high = half_wide * sensor.height / sensor.width
    period_s, start = 0.7 + 0.6 * random.random(), random.random()
    way = 1.0 if random.random() < 0.5 else -1.0
    low, high = half_high * (0.2 + 0.5 * random.random()), half_high * (0.5 + random.random())

    def move(seconds: float, places: Places) -> None:
        part = (start + seconds / period_s) % 1.0
        places[0, :3] = way * half_wide * (2 * part - 1), low - 4 * high * part * (1 - part), z
        places[0, 5] = 9 * seconds

    return move


def _ball(atlas: AtlasBuilder, random: np.random.Generator, radius_m: float) -> Body:
    """Return a ball in two shades."""
    canvas = Canvas(2.1 * radius_m, 2.1 * radius_m, 64)
    low, high = 0.12 + 0.1 * random.random(), 0.25 + 0.15 * random.random()
    texture = stripes(canvas.shape, period=32, slope=0.0, low=low, high=high)
    skin = Skin.whole(atlas, texture, "other", distance=canvas.texels(canvas.disc(0, 0, radius_m)))
    return card(canvas.width_m, canvas.height_m, skin)
