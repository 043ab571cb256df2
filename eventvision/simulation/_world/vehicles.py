"""Cars and vans: a body, a cabin, and four wheels that turn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from eventvision.simulation._surfaces import clouds
from eventvision.simulation._textures import Texture, soften

from .atlas import AtlasBuilder
from .bodies import Body, Skin, block, card
from .outlines import Canvas, star
from .world import Move, Places

_TEXELS_PER_M = 48
_WHEEL_M = 0.31


@dataclass(frozen=True, slots=True)
class Ride:
    """Where a vehicle is on the ground, which way it drives (yaw, 0 is ahead), how far it came."""

    x: float
    z: float
    yaw_rad: float
    gone_m: float


def car(
    atlas: AtlasBuilder, random: np.random.Generator, ride: Callable[[float], Ride]
) -> tuple[list[Body], Move]:
    """Return a car or, one in four, a van: its bodies and how they move."""
    length, width = 4.0 + 0.6 * random.random(), 1.75
    is_van = random.random() < 0.25
    paint = 0.05 + 0.75 * random.random()
    low = 1.5 if is_van else 0.62
    bodies = [_hull(atlas, random, (width, low, length), paint)]
    offsets = [(0.0, 0.0, 0.0)]
    if not is_van:
        bodies.append(_cabin(atlas, random, (0.9 * width, 0.55, 0.5 * length), paint, 0.3 + low))
        offsets.append((0.0, 0.0, -0.04 * length))
    wheel = _wheel(atlas)
    for x in (-width / 2 - 0.01, width / 2 + 0.01):
        for z in (-0.31 * length, 0.31 * length):
            bodies.append(wheel)
            offsets.append((x, -_WHEEL_M, z))
    at = np.array(offsets)
    first_wheel = len(offsets) - 4

    def move(seconds: float, places: Places) -> None:
        here = ride(seconds)
        cos, sin = float(np.cos(here.yaw_rad)), float(np.sin(here.yaw_rad))
        places[:, 0] = here.x + cos * at[:, 0] + sin * at[:, 2]
        places[:, 1] = at[:, 1]
        places[:, 2] = here.z - sin * at[:, 0] + cos * at[:, 2]
        places[:, 3] = here.yaw_rad
        places[first_wheel:, 3] += np.pi / 2
        places[first_wheel:, 5] = -here.gone_m / _WHEEL_M

    return bodies, move


def _canvas(width_m: float, height_m: float) -> Canvas:
    return Canvas(width_m, height_m, round(_TEXELS_PER_M * max(width_m, height_m)))


def _painted(canvas: Canvas, random: np.random.Generator, paint: float) -> Texture:
    """Return lacquer with a soft reflection of the sky and the street."""
    sheen = 1.2 - 0.5 * (canvas.y / np.float32(canvas.height_m) + np.float32(0.5))
    mirrored = 0.85 + 0.3 * clouds(256, random, cell=64)[: canvas.shape[0], : canvas.shape[1]]
    return np.ascontiguousarray(paint * sheen * mirrored, np.float32)


def _mark(texture: Texture, canvas: Canvas, area: tuple[float, ...], shade: float) -> None:
    """Fill a box (left, top, right, bottom in metres from the middle) with a shade."""
    left, top, right, bottom = area
    inside = (canvas.x > left) & (canvas.x < right) & (canvas.y > top) & (canvas.y < bottom)
    texture[inside] = shade


def _hull(
    atlas: AtlasBuilder, random: np.random.Generator, size: tuple[float, float, float], paint: float
) -> Body:
    width, height, length = size
    sides = _canvas(length, height)
    side = _painted(sides, random, paint)
    for z in (-0.31 * length, 0.31 * length):
        side[sides.disc(z, height / 2, 0.4) < 0] = 0.02
    _mark(side, sides, (-0.02, -0.9 * height / 2, 0.0, 0.7 * height / 2), 0.3 * paint)
    ends = _canvas(width, height)
    rear, front = (_painted(ends, random, paint) for _ in range(2))
    if height > 1:
        _mark(side, sides, (0.28 * length, -0.42 * height, 0.47 * length, -0.05 * height), 0.05)
        _mark(front, ends, (-0.45 * width, -0.42 * height, 0.45 * width, -0.05 * height), 0.05)
        _mark(rear, ends, (-0.35 * width, -0.4 * height, 0.35 * width, -0.1 * height), 0.05)
    for x in (-0.4 * width, 0.4 * width):
        _mark(front, ends, (x - 0.14, 0.05, x + 0.14, 0.17), 0.95)
        _mark(rear, ends, (x - 0.12, 0.02, x + 0.12, 0.17), 0.35)
    _mark(front, ends, (-0.45, 0.08, 0.45, 0.2), 0.04)
    _mark(rear, ends, (-0.27, 0.08, 0.27, 0.19), 0.85)
    top = _painted(_canvas(width, length), random, min(1.0, 1.3 * paint))
    # Driving ahead (+z), its tail is the face towards -z.
    skins = [
        Skin.whole(atlas, soften(face, 1), "vehicle").lit(gain)
        for face, gain in ((rear, 0.8), (front, 0.9), (side, 0.7), (side[:, ::-1], 1.0), (top, 1.0))
    ]
    return block(size, skins, base_m=0.22)


def _cabin(
    atlas: AtlasBuilder,
    random: np.random.Generator,
    size: tuple[float, float, float],
    paint: float,
    base_m: float,
) -> Body:
    width, height, length = size
    skins = []
    for wide, panes, gain in ((width, 1, 0.8), (width, 1, 0.9), (length, 2, 0.7), (length, 2, 1.0)):
        canvas = _canvas(wide, height)
        face = _painted(canvas, random, paint)
        for pane in range(panes):
            left = -wide / 2 + wide * pane / panes
            area = (left + 0.06, -0.4 * height, left + wide / panes - 0.06, 0.42 * height)
            _mark(face, canvas, area, 0.05 + 0.08 * random.random())
        skins.append(Skin.whole(atlas, soften(face, 1), "vehicle").lit(gain))
    roof = _painted(_canvas(width, length), random, min(1.0, 1.3 * paint))
    skins.append(Skin.whole(atlas, roof, "vehicle"))
    return block(size, skins, base_m=base_m - 0.08)


def _wheel(atlas: AtlasBuilder) -> Body:
    canvas = Canvas(2.1 * _WHEEL_M, 2.1 * _WHEEL_M, 64)
    texture = np.full(canvas.shape, 0.04, np.float32)
    hub = canvas.polygon(star(5, 0.2, 0.09))
    texture[canvas.disc(0, 0, 0.21) < 0] = 0.2
    texture[hub < 0] = 0.6
    skin = Skin.whole(
        atlas,
        soften(texture, 1),
        "vehicle",
        distance=canvas.texels(canvas.disc(0, 0, _WHEEL_M)),
    )
    return card(canvas.width_m, canvas.height_m, skin)
