"""The scene `room`: a furnished room, seen by a camera that walks through it; for depth.

The camera goes round the table on an ellipse and looks about; a lamp swings, a ball rolls and a
person walks up and down.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from eventvision.core import SensorSize
from eventvision.simulation import _surfaces as surfaces
from eventvision.simulation._scene import Scene
from eventvision.simulation._textures import checker, dead_leaves, stripes
from eventvision.simulation._world.bodies import Body, Panel, Skin, Tiles, block, card
from eventvision.simulation._world.figures import Stand, walker
from eventvision.simulation._world.outlines import Canvas
from eventvision.simulation._world.pace import CONSTANT, STOP_AND_GO
from eventvision.simulation._world.view import PanelScene
from eventvision.simulation._world.world import Places, WorldBuilder

_WIDE_M, _DEEP_M, _HIGH_M = 7.0, 6.0, 2.7
_EYE_M = 1.5
_GAINS = (0.75, 0.8, 0.65, 0.95, 1.0)


def room(sensor: SensorSize, *, seed: int) -> Scene:
    """Return the room."""
    random = np.random.default_rng(seed)
    builder = WorldBuilder()
    _shell(builder, random)
    _pictures(builder, random)
    _furniture(builder, random)
    way = _Round(random)
    _movers(builder, random, way)
    return PanelScene(sensor, builder.build(), way.eye, focal_px=0.8 * sensor.width)


class _Round:
    """The way of the camera round the table; a person walks on the other side of it."""

    def __init__(self, random: np.random.Generator) -> None:
        self._start = 6.28 * random.random()
        self._way = 1.0 if random.random() < 0.5 else -1.0
        self._pace = STOP_AND_GO if random.random() < 0.3 else CONSTANT

    def _turn(self, seconds: float) -> float:
        return self._start + self._way * 0.16 * self._pace.distance(seconds)

    def eye(self, seconds: float) -> tuple[float, float, float, float, float, float]:
        """Return the place of the camera, which looks across the table and about."""
        turn = self._turn(seconds)
        look = -turn - math.pi / 2 + 0.4 * math.sin(0.45 * seconds + self._start)
        bob = 0.012 * math.sin(4.4 * seconds)
        pitch = -0.18 + 0.04 * math.sin(0.6 * seconds)
        roll = 0.02 * math.sin(0.5 * seconds)
        return 2.3 * math.cos(turn), -_EYE_M + bob, 1.9 * math.sin(turn), look, pitch, roll

    def person(self, seconds: float) -> Stand:
        """Return someone who walks round the table, now slower, now faster than the camera."""
        sway = 0.5 * math.sin(0.9 * seconds + self._start)
        turn = self._turn(seconds) + math.pi + sway
        yaw_rad = -(turn + self._way * math.pi / 2)
        phase = 4.2 * 1.4 * self._way * turn
        return Stand(1.45 * math.cos(turn), 1.2 * math.sin(turn), yaw_rad, phase)


def _shell(builder: WorldBuilder, random: np.random.Generator) -> None:
    """Add floor, ceiling and four walls, seen from inside."""
    atlas = builder.atlas
    floor = Tiles.of(atlas, surfaces.planks(512, random), "other", texels_per_m=512 / 1.4)
    paper = Tiles.of(atlas, surfaces.wallpaper(256, random, motifs=4), "building", texels_per_m=170)
    brick = Tiles.of(atlas, surfaces.bricks(256, random), "building", texels_per_m=200)
    white = Tiles.of(atlas, surfaces.plaster(256, random), "building", texels_per_m=100)
    w, h, d = _WIDE_M, _HIGH_M, _DEEP_M
    x, z = w / 2, d / 2
    long, short = paper.skin(w, h), paper.skin(d, h)
    bare = brick if random.random() < 0.5 else paper
    walls = (
        Panel((w, 0, 0), (0, h, 0), (-x, -h, z), long.lit(0.85), neighbours=(5, 3, 4, 2)),
        Panel((-w, 0, 0), (0, h, 0), (x, -h, -z), bare.skin(w, h), neighbours=(5, 2, 4, 3)),
        Panel((0, 0, d), (0, h, 0), (-x, -h, -z), short.lit(0.7), neighbours=(5, 0, 4, 1)),
        Panel((0, 0, -d), (0, h, 0), (x, -h, z), short.lit(1.0), neighbours=(5, 1, 4, 0)),
        Panel((w, 0, 0), (0, 0, -d), (-x, 0, z), floor.skin(w, d), neighbours=(0, 3, 1, 2)),
        Panel((w, 0, 0), (0, 0, d), (-x, -h, -z), white.skin(w, d), neighbours=(1, 3, 0, 2)),
    )
    builder.fix(Body(walls), layer=2)


def _pictures(builder: WorldBuilder, random: np.random.Generator) -> None:
    """Hang pictures, a window and a door a hand's breadth before the walls."""
    for number in range(8):
        side, place = number % 4, (number // 4 - 0.5) * 2.4 + 0.6 * (random.random() - 0.5)
        wide, high = 0.5 + 0.6 * random.random(), 0.5 + 0.4 * random.random()
        body = card(wide, high, _framed(builder, random, wide, high))
        _hang(builder, body, side, place, 1.45 + 0.2 * random.random())
    pane = np.full((64, 48), 0.95, np.float32)
    pane[30:34] = pane[:, 22:26] = pane[:3] = pane[-3:] = pane[:, :3] = pane[:, -3:] = 0.5
    _hang(builder, card(1.0, 1.3, Skin.whole(builder.atlas, pane, "building")), 0, 2.6, 1.5)
    leaf = 0.35 * surfaces.planks(128, random, boards=4) + np.float32(0.1)
    door = card(0.9, 2.0, Skin.whole(builder.atlas, leaf, "building"))
    _hang(builder, door, 1, 0.0, 1.0)


def _framed(builder: WorldBuilder, random: np.random.Generator, wide: float, high: float) -> Skin:
    """Return a picture: leaves, a page, a grating or a chequerboard, in a frame."""
    shape = int(200 * high), int(200 * wide)
    kind = int(4 * random.random())
    if kind == 0:
        texture = dead_leaves(shape, random, smallest=3, largest=60)
    elif kind == 1:
        texture = surfaces.print_lines(256, random)[: shape[0], : shape[1]].copy()
    elif kind == 2:
        texture = stripes(shape, period=18, slope=0.5, low=0.1, high=0.85)
    else:
        texture = checker(shape, period=40, low=0.1, high=0.8)
    for frame in (texture[:8], texture[-8:], texture[:, :8], texture[:, -8:]):
        frame[:] = 0.12
    return Skin.whole(builder.atlas, texture, "building")


def _hang(builder: WorldBuilder, body: Body, side: int, along_m: float, up_m: float) -> None:
    """Put an upright body before a wall: 0 ahead, 1 behind, 2 left, 3 right."""
    gap = 0.03
    x, z, yaw_rad = (
        (along_m, _DEEP_M / 2 - gap, 0.0),
        (along_m, -_DEEP_M / 2 + gap, math.pi),
        (-_WIDE_M / 2 + gap, along_m, -math.pi / 2),
        (_WIDE_M / 2 - gap, along_m, math.pi / 2),
    )[side]
    builder.fix(body, (x, -up_m, z), yaw_rad=yaw_rad, layer=1)


def _furniture(builder: WorldBuilder, random: np.random.Generator) -> None:
    atlas = builder.atlas
    wood = Tiles.of(atlas, surfaces.planks(256, random, boards=2), "other", texels_per_m=256)
    cloth = Tiles.of(atlas, surfaces.clouds(256, random, cell=16), "other", texels_per_m=300)
    print_ = Tiles.of(atlas, surfaces.wallpaper(128, random), "other", texels_per_m=200)
    shelf = Tiles.of(atlas, surfaces.books(256, random), "other", texels_per_m=256 / 1.6)
    _box(builder, wood, (1.3, 0.05, 0.8), (0, -0.7, 0))
    for x in (-0.6, 0.6):
        for z in (-0.35, 0.35):
            _box(builder, wood, (0.06, 0.7, 0.06), (x, 0, z))
    for x, z, size in ((-0.35, 0.1, 0.25), (0.3, -0.15, 0.18), (0.1, 0.2, 0.12)):
        _box(builder, print_, (size, 1.3 * size, size), (x, -0.75, z))
    _box(builder, shelf, (1.8, 1.9, 0.35), (-2.0, 0, 2.8))
    _box(builder, shelf, (1.2, 1.2, 0.35), (2.6, 0, -2.8))
    _box(builder, cloth, (0.8, 0.45, 1.9), (3.05, 0, 0.3))
    _box(builder, cloth, (0.2, 0.5, 1.9), (3.35, -0.45, 0.3))
    for _ in range(3):
        size = 0.3 + 0.3 * random.random()
        spot = (-2.9 + 0.15 * random.random(), 0, -2.4 + 2.2 * random.random())
        _box(builder, print_ if random.random() < 0.5 else wood, (size, size, size), spot)


def _box(
    builder: WorldBuilder,
    tiles: Tiles,
    size_m: tuple[float, float, float],
    place: tuple[float, float, float],
) -> None:
    """Put a box on a place, `place` being the middle of its underside."""
    w, h, d = size_m
    faces = ((w, h), (w, h), (d, h), (d, h), (w, d))
    skins = [tiles.skin(*face).lit(gain) for face, gain in zip(faces, _GAINS, strict=True)]
    builder.fix(block(size_m, skins), place)


def _movers(builder: WorldBuilder, random: np.random.Generator, way: _Round) -> None:
    builder.add(*walker(builder.atlas, random, way.person), kind="pedestrian")
    canvas = Canvas(0.24, 0.24, 96)
    ball = Skin.whole(
        builder.atlas,
        stripes(canvas.shape, period=32, slope=0.3, low=0.15, high=0.9),
        "other",
        distance=canvas.texels(canvas.disc(0, 0, 0.115)),
    )
    builder.add([card(0.24, 0.24, ball)], _rolling(random.random()), kind="other")
    shade = Skin.whole(builder.atlas, 0.6 + 0.4 * surfaces.clouds(64, random, cell=16), "other")
    lamp = block((0.25, 0.2, 0.25), [shade.lit(gain) for gain in (0.5, 0.55, 0.45, 0.6, 0.4, 1.0)])
    builder.add([lamp], _swinging(), kind="other")


def _rolling(start: float) -> Callable[[float, Places], None]:
    """Return a ball that rolls to and fro on the floor before the table."""

    def move(seconds: float, places: Places) -> None:
        turn = (start + 0.23 * seconds) % 1.0
        x = 1.2 * (1 - 4 * abs(turn - 0.5))
        places[0, :3] = x, -0.12, -0.8
        places[0, 5] = x / 0.12

    return move


def _swinging() -> Callable[[float, Places], None]:
    """Return a lamp that swings from the ceiling."""

    def move(seconds: float, places: Places) -> None:
        angle = 0.35 * math.sin(2.6 * seconds)
        places[0, :3] = 0.9 * math.sin(angle), -_HIGH_M + 0.9 * math.cos(angle), 0.0
        places[0, 5] = -angle

    return move
