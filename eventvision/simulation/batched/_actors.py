"""Objects of a clip before they are seen: what they are and where they go."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ._casting import KINDS, Sprite, Wardrobe, phases_of
from ._layered import screen_track
from ._rooms import Flight, Room
from ._sheets import SHEET_PX, Sheet
from ._tracks import KNOTS, FloatArray, Track, log_uniform, object_track, progress

_KIND_CHANCES = (0.28, 0.34, 0.16, 0.22)
_PARKED_CHANCE = 0.12
_NEAREST_M = 0.8
_LENGTHS_M = ((3.6, 5.0), (1.5, 1.95), (1.65, 1.95), (0.15, 0.9))
"""How long or tall the frames of objects are, in the order of `DETECTION_CLASSES`."""


@dataclass(frozen=True, slots=True)
class Actor:
    """An object before a backdrop, or in a world.

    Attributes:
        sheet: What it looks like.
        number: Its id.
        mirrored: Whether it faces left.
        gain: Brightness.
        phase: Where in its step it starts, in turns.
        size: Side of its frame, in pixels of the backdrop or in metres.
        way: Where it goes before a backdrop.
        nearness: How much faster than the backdrop it slides by.
        place: Where the bottom of its frame goes in a world, shape (KNOTS, 3), in metres.
    """

    sheet: Sheet
    number: int
    mirrored: bool
    gain: float
    phase: float
    size: float
    way: Track | None = None
    nearness: float = 1.0
    place: FloatArray | None = None

    def scaled(self, factor: float) -> Actor:
        """Return the same object on the same way, shorter or longer."""
        if self.way is not None:
            return replace(self, way=self.way.scaled(factor))
        if self.place is None:
            return self
        middle = self.place[KNOTS // 2]
        return replace(self, place=middle + factor * (self.place - middle))

    def before(self, camera: Track) -> Sprite:
        """Return it as seen by a camera before a backdrop.

        Raises:
            ValueError: If it lives in a world.
        """
        if self.way is None:
            raise ValueError("this object has no way along a backdrop")
        travelled = np.concatenate(
            [[0], np.cumsum(np.hypot(np.diff(self.way.x), np.diff(self.way.y)))]
        )
        phases = phases_of(self.sheet, travelled, self.size, self.phase)
        track = screen_track(camera, self.way, self.nearness)
        return self._sprite(track, self.size, phases, None)

    def within(self, flight: Flight, focal_px: float) -> Sprite:
        """Return it as seen by a camera in a world; what comes too close is put out of sight.

        Raises:
            ValueError: If it lives before a backdrop.
        """
        if self.place is None:
            raise ValueError("this object has no place in a world")
        middle = self.place - np.array([0, self.size / 2, 0])
        away = np.einsum("kij,ki->kj", flight.rotations(), middle - flight.place)
        depth = np.maximum(away[:, 2], _NEAREST_M)
        gone = away[:, 2] < _NEAREST_M
        x = np.where(gone, 1e4, focal_px * away[:, 0] / depth)
        y = focal_px * away[:, 1] / depth
        size_px = focal_px * self.size / float(np.median(depth))
        scale = np.log(np.median(depth) / depth)
        travelled = np.concatenate(
            [[0], np.cumsum(np.linalg.norm(np.diff(self.place, axis=0), axis=1))]
        )
        phases = phases_of(self.sheet, travelled, self.size, self.phase, least=0.01)
        track = Track(x, y, -flight.turns[:, 2], scale)
        return self._sprite(track, size_px, phases, depth)

    def _sprite(
        self, track: Track, size_px: float, phases: FloatArray, depth_m: FloatArray | None
    ) -> Sprite:
        return Sprite(
            self.sheet, self.number, track, size_px, phases, self.mirrored, self.gain, depth_m
        )


def draw_actor(
    random: np.random.Generator, wardrobe: Wardrobe, number: int, view_px: float, path_px: float
) -> Actor:
    """Draw an object before a backdrop, somewhere in sight half way through the clip."""
    kind = int(random.choice(len(KINDS), p=_KIND_CHANCES))
    sheet = wardrobe.sheet(random, kind)
    unit = view_px / 112
    low, high = KINDS[kind].sizes_px
    size = unit * log_uniform(random, low, high)
    if random.random() < _PARKED_CHANCE:
        path_px = 0.0
    x = random.uniform(-0.45, 0.45) * view_px
    bottom = random.uniform(-0.1, 0.55) if kind < 3 else random.uniform(-0.45, 0.55)
    way = object_track(random, KINDS[kind].gait, path_px, (x, bottom * view_px - size / 2))
    goes_left = way.x[-1] < way.x[0]
    mirrored = bool(goes_left) if sheet.stride else bool(random.random() < 0.5)
    return Actor(
        sheet, number, mirrored, random.uniform(0.5, 1.3), random.random(), size, way,
        random.uniform(1.0, 1.6),
    )  # fmt: skip


def draw_dweller(
    random: np.random.Generator, wardrobe: Wardrobe, number: int, room: Room, path_m: float
) -> Actor:
    """Draw an object that moves on the floor of a world, ahead of the camera."""
    kind = int(random.choice(len(KINDS), p=_KIND_CHANCES if room.outdoors else (0, 0.6, 0, 0.4)))
    sheet = wardrobe.sheet(random, kind)
    size = random.uniform(*_LENGTHS_M[kind])
    if kind == 0 and _is_upright(sheet):
        size *= 0.45
    floor = float(room.bounds[4])
    z = log_uniform(random, 2.0, 22.0) if room.outdoors else random.uniform(1.2, room.bounds[5])
    if random.random() < _PARKED_CHANCE:
        path_m = 0.0
    done = progress(random)
    heading = random.choice([0, np.pi]) + random.normal(0, 0.3)
    sway = z * random.uniform(-0.35, 0.35)
    middle = np.array([np.clip(sway, room.bounds[0], room.bounds[3]), floor, z])
    step = path_m * np.array([np.cos(heading), 0, np.sin(heading)])
    place = middle + (done - 0.5)[:, None] * step
    if kind == 3:
        beat = (random.integers(1, 4) * done + random.random()) % 1
        place[:, 1] -= random.uniform(0, 1.2) + random.uniform(0, 0.8) * 4 * beat * (1 - beat)
    mirrored = bool(step[0] < 0) if sheet.stride else bool(random.random() < 0.5)
    return Actor(
        sheet, number, mirrored, random.uniform(0.5, 1.3), random.random(), size, place=place
    )


def _is_upright(sheet: Sheet) -> bool:
    """Tell whether what is shown is as tall as wide: a vehicle seen from its end."""
    rows = np.flatnonzero(sheet.frames[0, 1].max(axis=1) > 127)
    return bool(rows.size > 0.75 * SHEET_PX)
