"""The scene `street`: a drive through a street with houses, trees, traffic and people.

The street has no end: everything that falls behind the car is met again far ahead, behind the
trees that close the view. Distances along the street are z, the middle of the road is x = 0.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from eventvision.core import SensorSize
from eventvision.simulation import _surfaces as surfaces
from eventvision.simulation._scene import Scene
from eventvision.simulation._textures import Texture
from eventvision.simulation._world.bodies import Body, Skin, Tiles, block, slab, standing
from eventvision.simulation._world.outlines import Canvas, melted
from eventvision.simulation._world.view import PanelScene
from eventvision.simulation._world.world import Places, WorldBuilder

from ._drive import PERIOD_M, ROAD_M, Drive
from ._traffic import add_people, add_traffic
from .popup import popup

_VISTA_M, _GROUND_M = 150.0, 32_768.0
_WALK_M, _FRONT_M = 3.0, 8.5
_FOCAL_SHARE = 0.9
_TRAFFIC_LAYER, _FAR_LAYER = 0, 1


def street(sensor: SensorSize, *, seed: int, images: Path | None = None) -> Scene:
    """Return the drive, or the street that a labelled image unfolds into."""
    if images is not None:
        return popup(sensor, seed=seed, images=images)
    random = np.random.default_rng(seed)
    drive = Drive(random)
    builder = WorldBuilder()
    _ground(builder, random, drive)
    _houses(builder, random, drive)
    _trees_and_poles(builder, random, drive)
    add_traffic(builder, random, drive)
    add_people(builder, random, drive)
    return PanelScene(sensor, builder.build(), drive.eye, focal_px=_FOCAL_SHARE * sensor.width)


def _with_eye(drive: Drive) -> Callable[[float, Places], None]:
    """Return a motion that stays with the camera, for the sky and the end of the street."""

    def move(seconds: float, places: Places) -> None:
        places[:, 2] = drive.z(seconds)

    return move


def _ground(builder: WorldBuilder, random: np.random.Generator, drive: Drive) -> None:
    """Add road, pavements, verges, the trees at the end of the street, and the sky."""
    atlas = builder.atlas
    road = Tiles.of(atlas, surfaces.road(512, random), "road", texels_per_m=512 / ROAD_M)
    flags = Tiles.of(atlas, surfaces.flags(256, random), "pavement", texels_per_m=64)
    verge = Tiles.of(atlas, surfaces.grass(256, random), "vegetation", texels_per_m=48)
    far = 3 * _GROUND_M
    strips = [(-ROAD_M / 2, ROAD_M, road)]
    walk_m = (ROAD_M + _WALK_M) / 2
    strips += [(side * walk_m - _WALK_M / 2, _WALK_M, flags) for side in (-1, 1)]
    for left, width, tiles in strips:
        skin = tiles.skin(width, far)
        _strip(builder, left + width / 2, slab(width, far, skin), drive, _FAR_LAYER + 1)
    wide = 600.0
    _strip(builder, 0.0, slab(wide, far, verge.skin(wide, far)), drive, _FAR_LAYER + 2)
    trees = Skin.whole(
        atlas, surfaces.foliage(1024, random)[:256], "vegetation",
        distance=_skyline(Canvas(200.0, 50.0, 1024), random),
    )  # fmt: skip
    sky = Skin.whole(atlas, 0.5 + 0.5 * surfaces.clouds(256, random, cell=64), "sky")
    with_eye = _with_eye(drive)
    vista = [_ahead(standing(200.0, 50.0, trees), _VISTA_M)]
    builder.add(vista, with_eye, layer=_FAR_LAYER)
    builder.add([_ahead(standing(9000.0, 4500.0, sky), 3000.0, 2000.0)], with_eye, layer=9)


def _ahead(body: Body, z: float, down: float = 0.0) -> Body:
    """Return a body shifted ahead and down."""
    panels = [
        type(panel)(
            panel.along,
            panel.down,
            (panel.corner[0], panel.corner[1] + down, panel.corner[2] + z),
            panel.skin,
            panel.two_sided,
        )
        for panel in body.panels
    ]
    return Body(tuple(panels))


def _strip(builder: WorldBuilder, x: float, body: Body, drive: Drive, layer: int) -> None:
    """Add a strip of ground; after hours of driving it is laid out anew, by whole tiles."""

    def move(seconds: float, places: Places) -> None:
        places[:, 0], places[:, 2] = x, _GROUND_M * round(drive.z(seconds) / _GROUND_M)

    builder.add([body], move, layer=layer)


def _skyline(canvas: Canvas, random: np.random.Generator) -> Texture:
    """Return the outline of a row of trees, nine to twelve metres high."""
    outline = canvas.box(-101, 25 - 8.5, 101, 30, 0.5)
    for x in np.arange(-100, 100, 4.0):
        crown = canvas.disc(x + 3 * random.random(), 25 - 7.5, 1.5 + 2 * random.random())
        outline = np.minimum(outline, crown)
    return canvas.texels(outline)


def _houses(builder: WorldBuilder, random: np.random.Generator, drive: Drive) -> None:
    """Add rows of houses on both sides, up to three floors high."""
    atlas = builder.atlas
    fronts = [
        Tiles.of(atlas, surfaces.facade(256, random), "building", texels_per_m=256 / 12)
        for _ in range(5)
    ]
    roof = Tiles.of(atlas, surfaces.bricks(128, random), "building", texels_per_m=32)
    bodies: list[tuple[Body, float, float, float]] = []
    for side in (-1, 1):
        z = 6 * random.random()
        while z < PERIOD_M - 12:
            long, deep = 8 + 6 * random.random(), 8 + 4 * random.random()
            high = 3.0 * int(2 + 2 * random.random()) + 0.4
            tiles, start = fronts[int(5 * random.random())], (3.0 * int(4 * random.random()), 0.0)
            shade = 0.6 + 0.4 * random.random()
            gable, front = tiles.skin(deep, high), tiles.skin(long, high, start)
            skins = [
                gable.lit(0.7 * shade), gable.lit(0.8 * shade), front.lit(0.65 * shade),
                front.lit(0.95 * shade), roof.skin(deep, long),
            ]  # fmt: skip
            setback = _FRONT_M + deep / 2 + 1.5 * random.random()
            body = block((deep, high, long), skins)
            bodies.append((body, side * setback, z + long / 2, 0.0))
            z += long + (6 * random.random() if random.random() < 0.5 else 0.3)
    builder.add(*drive.along(bodies), layer=_TRAFFIC_LAYER)


def _trees_and_poles(builder: WorldBuilder, random: np.random.Generator, drive: Drive) -> None:
    atlas = builder.atlas
    crowns = [_crown(builder, random) for _ in range(3)]
    bark = Skin.whole(atlas, 0.3 * surfaces.clouds(64, random, cell=8), "vegetation")
    metal = Skin.whole(atlas, 0.25 + 0.3 * surfaces.clouds(64, random, cell=32), "pole")
    plate = Canvas(0.8, 0.8, 64)
    print_ = np.where(plate.disc(0, 0, 0.28) < 0, np.float32(0.9), np.float32(0.15))
    sign = Skin.whole(atlas, print_, "pole", distance=plate.texels(plate.disc(0, 0, 0.38)))
    bodies: list[tuple[Body, float, float, float]] = []
    for side in (-1, 1):
        z = 9 * random.random()
        while z < PERIOD_M - 3:
            x = side * (ROAD_M / 2 + 0.5)
            if random.random() < 0.55:
                bodies.append((standing(0.28, 2.6, bark), x, z, 0.0))
                bodies.append((_raised(crowns[int(3 * random.random())], 2.0), x, z - 0.05, 0.0))
            elif random.random() < 0.6:
                bodies.append((standing(0.16, 6.5, metal), x, z, 0.0))
            else:
                bodies.append((standing(0.1, 2.4, metal), x, z, 0.0))
                bodies.append((_raised(standing(0.8, 0.8, sign), 1.9), x, z - 0.05, 0.0))
            z += 7 + 7 * random.random()
    builder.add(*drive.along(bodies), layer=_TRAFFIC_LAYER)


def _raised(body: Body, by_m: float) -> Body:
    return _ahead(body, 0.0, -by_m)


def _crown(builder: WorldBuilder, random: np.random.Generator) -> Body:
    """Return the leaves of a tree as one card."""
    canvas = Canvas(4.4, 4.4, 256)
    outline = canvas.disc(0, 0, 1.2)
    for _ in range(7):
        x, y = 2.4 * random.random() - 1.2, 2.4 * random.random() - 1.2
        outline = melted(outline, canvas.disc(x, y, 0.5 + 0.4 * random.random()), 0.3)
    leaves = surfaces.foliage(256, random)
    ragged = outline + 0.5 * (surfaces.clouds(256, random, cell=16) - 0.5)
    shaded = leaves * (1.1 - 0.3 * canvas.y)
    skin = Skin.whole(
        builder.atlas, shaded.astype(np.float32), "vegetation", distance=canvas.texels(ragged)
    )
    return standing(canvas.width_m, canvas.height_m, skin)
