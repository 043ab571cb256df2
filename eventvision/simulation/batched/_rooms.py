"""Worlds in three dimensions, drawn by chance: streets and rooms, textured, with boxes in them.

A world is the inside of a large box, seen from within, and a few boxes that stand in it. In a
street, the sides are rows of houses and trees of varying height with the sky above; the floor is a
road between pavements. Axes: x to the right, y down, z ahead, in metres, from the camera's start.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eventvision.simulation import DETECTION_CLASSES, SEGMENTATION_CLASSES

from ._pictures import PictureLibrary
from ._sheets import Array, smooth_noise
from ._tracks import KNOTS, FloatArray, log_uniform, progress, wave

BOXES = 6
BLOCKS = 24
"""Houses or trees along each side of a street."""
TILE = 256
_CLASS = {name: index for index, name in enumerate(SEGMENTATION_CLASSES)}
_NEVER = (1e4, 1e4, 1e4, 1e4 + 1, 1e4 + 1, 1e4 + 1)


@dataclass(frozen=True, slots=True)
class Room:
    """A world.

    Attributes:
        bounds: float32, shape (6,): least x, y, z, then greatest, of the inside.
        boxes: float32, shape (BOXES, 6): likewise of the boxes; unused ones are far away.
        box_classes: int64, shape (BOXES,): index into `SEGMENTATION_CLASSES`.
        box_kinds: Index into `DETECTION_CLASSES` of boxes that are objects, else -1.
        atlas: float32, shape (2 * TILE, 2 * TILE): looks of floor, sides, ceiling or trees, boxes.
        tile_m: float32, shape (4,): metres that each of these tiles spans.
        floor_half_m: Half the width of the road; infinite indoors.
        sides: float32, shape (2, BLOCKS): height of the houses left and right; infinite indoors.
        trees: bool, shape (2, BLOCKS): which of them are trees.
        block_m: Length of a house.
        outdoors: Whether it is a street.
        focal_px: Focal length of the camera.
        glow: float32, shape (5,): brightness of faces across x, y, z, of the sky, of the boxes.
    """

    bounds: Array
    boxes: Array
    box_classes: NDArray[np.int64]
    box_kinds: tuple[int, ...]
    atlas: Array
    tile_m: Array
    floor_half_m: float
    sides: Array
    trees: NDArray[np.bool_]
    block_m: float
    outdoors: bool
    focal_px: float
    glow: Array


@dataclass(frozen=True, slots=True)
class Flight:
    """Way of a camera through a world: place (KNOTS, 3) in metres; yaw, pitch, roll in radians."""

    place: FloatArray
    turns: FloatArray

    def scaled(self, factor: float) -> Flight:
        """Return the same way about its middle, shorter or longer."""
        place, turns = self.place[KNOTS // 2], self.turns[KNOTS // 2]
        return Flight(place + factor * (self.place - place), turns + factor * (self.turns - turns))

    def rotations(self, at: FloatArray | None = None) -> FloatArray:
        """Return the rotations from camera to world at some shares of the clip, (N, 3, 3)."""
        turns = self.turns if at is None else _between(self.turns, at)
        (cy, cp, cr), (sy, sp, sr) = np.cos(turns).T, np.sin(turns).T
        zero, one = np.zeros_like(cy), np.ones_like(cy)
        yaw = np.array([[cy, zero, sy], [zero, one, zero], [-sy, zero, cy]])
        pitch = np.array([[one, zero, zero], [zero, cp, -sp], [zero, sp, cp]])
        roll = np.array([[cr, -sr, zero], [sr, cr, zero], [zero, zero, one]])
        y, p, r = (np.moveaxis(matrix, -1, 0) for matrix in (yaw, pitch, roll))
        turned: FloatArray = y @ p @ r
        return turned

    def places(self, at: FloatArray) -> FloatArray:
        """Return where it is at some shares of the clip, shape (N, 3)."""
        return _between(self.place, at)


def _between(values: FloatArray, at: FloatArray) -> FloatArray:
    knots = np.linspace(0, 1, KNOTS)
    return np.stack([np.interp(at, knots, column) for column in values.T], axis=1)


def draw_room(
    random: np.random.Generator, library: PictureLibrary, view_px: int, *, outdoors: bool
) -> Room:
    """Draw a street or a room."""
    focal_px = view_px * random.uniform(0.6, 1.5)
    eye = random.uniform(1.1, 1.8)
    boxes = np.tile(np.array(_NEVER, np.float32), (BOXES, 1))
    classes, kinds = np.full(BOXES, _CLASS["other"]), [-1] * BOXES
    if outdoors:
        half = random.uniform(4, 11)
        road = half - random.uniform(1.2, 4)
        bounds = [-half * random.uniform(0.8, 1.2), -40.0, -4.0, half, eye, random.uniform(40, 120)]
        sides = np.where(random.random((2, BLOCKS)) < 0.15, 0.2, random.uniform(3, 14, (2, BLOCKS)))
        for index in range(int(random.integers(2, BOXES + 1))):
            boxes[index], classes[index], kinds[index] = _street_box(random, road, half, eye)
    else:
        road = np.inf
        wide, deep, tall = random.uniform(1.2, 4), random.uniform(2.5, 9), random.uniform(2.2, 3.5)
        bounds = [-wide, eye - tall, -0.5, wide * random.uniform(0.6, 1), eye, deep]
        sides = np.full((2, BLOCKS), np.inf)
        for index in range(int(random.integers(2, BOXES + 1))):
            boxes[index] = _furniture(random, bounds, eye)
    tiles = np.array([2 * road if outdoors else random.uniform(1, 4), random.uniform(2, 7),
                      random.uniform(2, 5), random.uniform(0.6, 3)])  # fmt: skip
    return Room(
        np.array(bounds, np.float32), boxes, classes, tuple(kinds),
        _atlas(random, library, outdoors=outdoors), tiles.astype(np.float32), float(road),
        sides.astype(np.float32), random.random((2, BLOCKS)) < random.uniform(0, 0.6),
        random.uniform(4, 12), outdoors, focal_px,
        np.concatenate([random.uniform(0.35, 1.0, 3), random.uniform(0.6, 1.0, 1),
                        random.uniform(0.3, 1.0, 1)]).astype(np.float32),
    )  # fmt: skip


def _street_box(
    random: np.random.Generator, road: float, half: float, eye: float
) -> tuple[Array, int, int]:
    """Draw a pole, a parked vehicle, a tree trunk or a kiosk; return bounds, class, kind."""
    side, z = random.choice([-1, 1]), random.uniform(3, 30)
    what = random.choice(3, p=(0.5, 0.25, 0.25))
    wide, tall, deep = (
        (0.08, random.uniform(2.5, 7), 0.08),
        (random.uniform(0.8, 1.0), random.uniform(1.4, 2.4), random.uniform(1.8, 3)),
        (random.uniform(0.3, 1.2), random.uniform(0.6, 2.6), random.uniform(0.3, 1.5)),
    )[what]
    x = side * (
        road - wide - 0.1 if what == 1 else random.uniform(road + 0.2, max(half - 0.3, road + 0.3))
    )
    bounds = np.array([x - wide, eye - tall, z, x + wide, eye, z + 2 * deep], np.float32)
    names = ("pole", "vehicle", "other")
    kind = DETECTION_CLASSES.index("vehicle") if what == 1 else -1
    return bounds, _CLASS[names[what]], kind


def _furniture(random: np.random.Generator, bounds: list[float], eye: float) -> Array:
    wide, tall, deep = (
        random.uniform(0.1, 0.7),
        log_uniform(random, 0.2, 2),
        random.uniform(0.1, 0.7),
    )
    x = random.uniform(bounds[0], bounds[3])
    z = random.uniform(1.2, max(1.5, bounds[5] - 0.3))
    bottom = eye if random.random() < 0.8 else eye - random.uniform(0.5, 1.2)
    return np.array([x - wide, bottom - tall, z, x + wide, bottom, z + 2 * deep], np.float32)


def draw_flight(random: np.random.Generator, room: Room) -> Flight:
    """Draw the way of a camera: mostly ahead in a street, about anyhow in a room."""
    done = progress(random)
    ahead = (
        random.choice([0, 1, -0.3], p=(0.15, 0.75, 0.1)) if room.outdoors else random.normal(0, 0.6)
    )
    aside = 0.1 if room.outdoors else random.normal(0, 0.6)
    unit = 1.0
    place = np.stack([
        unit * (aside * (done - 0.5) + 0.05 * wave(random, done, 2)),
        0.03 * wave(random, done, 4),
        unit * ahead * done,
    ], axis=1)  # fmt: skip
    turned = 0.08 if room.outdoors else 0.35
    turns = np.stack([
        turned * (random.normal() * (done - 0.5) + 0.4 * wave(random, done, 2)),
        0.2 * turned * wave(random, done, 3),
        0.15 * turned * wave(random, done, 2),
    ], axis=1)  # fmt: skip
    start = [
        random.normal(0, 0.1 if room.outdoors else 0.4),
        random.normal(0, 0.06),
        random.normal(0, 0.04),
    ]
    return Flight(place, turns + np.array(start))


def _atlas(random: np.random.Generator, library: PictureLibrary, *, outdoors: bool) -> Array:
    """Draw the looks of floor, sides, ceiling or trees, and boxes, as four tiles."""
    plain = not outdoors or random.random() < 0.25
    walls = library.picture(random, TILE).shade if plain else _facade(random)
    floor = _road(random) if outdoors else library.picture(random, TILE).shade
    leaves = np.clip(
        0.1 + 0.7 * smooth_noise(random, 40, TILE) * smooth_noise(random, 9, TILE), 0, 1
    )
    above = leaves if outdoors else np.clip(0.7 + 0.3 * smooth_noise(random, 6, TILE), 0, 1)
    crate = library.picture(random, TILE).shade
    return np.block([[floor, walls], [above, crate]]).astype(np.float32)


def _facade(random: np.random.Generator) -> Array:
    """Paint a stretch of a house: windows in rows, a band between the floors, doors."""
    y, x = np.mgrid[0:TILE, 0:TILE].astype(np.float32) / TILE
    wall = random.uniform(0.15, 0.8) * (0.7 + 0.6 * smooth_noise(random, 50, TILE))
    rows, columns = random.integers(1, 4), random.integers(2, 6)
    glass = random.uniform(0.02, 0.9)
    u, v = (x * columns) % 1, (y * rows) % 1
    wide, tall = random.uniform(0.2, 0.4), random.uniform(0.2, 0.4)
    frame = (np.abs(u - 0.5) < wide + 0.05) & (np.abs(v - 0.5) < tall + 0.05)
    pane = (np.abs(u - 0.5) < wide) & (np.abs(v - 0.5) < tall) & (np.abs(u - 0.5) > 0.02)
    wall[frame], wall[pane] = random.random(), glass
    wall[v < random.uniform(0, 0.08)] = random.random()
    return _blurred(wall)


def _road(random: np.random.Generator) -> Array:
    """Paint asphalt with a dashed line; the tile is as wide as the road."""
    y, x = np.mgrid[0:TILE, 0:TILE].astype(np.float32) / TILE
    ground: Array = random.uniform(0.08, 0.4) * (0.7 + 0.6 * smooth_noise(random, 60, TILE))
    ground *= 0.8 + 0.4 * smooth_noise(random, 6, TILE)
    paint = random.uniform(0.5, 1.0)
    dashes = (x > 0.985) & ((2 * y) % 1 < random.uniform(0.3, 1.0))
    edge = np.abs(x - 0.54) < 0.01
    ground[dashes | (edge if random.random() < 0.5 else np.zeros_like(edge))] = paint
    return _blurred(ground)


def _blurred(image: Array) -> Array:
    import cv2

    return np.asarray(cv2.GaussianBlur(np.clip(image, 0, 1).astype(np.float32), (5, 5), 0.9))
