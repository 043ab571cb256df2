"""The scene `street` from labelled images: a photograph unfolded along its labels.

What is labelled as ground lies flat; what stands, stands on a folded wall along the line where it
meets the ground; the sky is far away; and every car, person and cyclist is cut out and moves on
its own (after Hoiem, Efros, Hebert, "Automatic photo pop-up", 2005). All show the image as a
projector at the camera's first place would throw it on them, so the first view is the photograph.
What the cut-outs leave open is filled in from around.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from eventvision.core import SensorSize
from eventvision.simulation._photos import photo_files, read_labels, read_photo
from eventvision.simulation._scene import Scene
from eventvision.simulation._world.bodies import Body, Homography, Panel, Skin, Vector
from eventvision.simulation._world.pace import BURSTS, CONSTANT, STOP_AND_GO
from eventvision.simulation._world.view import PanelScene
from eventvision.simulation._world.world import Move, Places, WorldBuilder

from ._cutting import Cut, Layers, take_apart
from .backdrop import drift

_EYE_M, _FOCAL_SHARE, _ZOOM = 1.4, 0.9, 1.15
_NEAREST_M, _FARTHEST_M, _SKY_M = 3.0, 60.0, 2000.0
_FOLDS = 12


def popup(sensor: SensorSize, *, seed: int, images: Path) -> Scene:
    """Return one of the labelled images of a folder, unfolded.

    Raises:
        ConfigError: If the folder holds none.
        FormatError: If an image cannot be read, or its labels do not fit it.
    """
    random = np.random.default_rng(seed)
    files = photo_files(images, labelled=True)
    path = files[int(len(files) * random.random())]
    layers = take_apart(path, read_photo(path), read_labels(path))
    projector = _Projector.of(layers)
    builder = WorldBuilder()
    ground = Skin.whole(builder.atlas, layers.filled, "road", classes=layers.ground)
    builder.fix(Body((_ground(projector, ground),)), layer=2)
    stands = Skin.whole(
        builder.atlas, layers.filled, "building", distance=layers.outline, classes=layers.standing
    )
    builder.fix(_folds(projector, layers, stands), layer=1)
    sky = Skin.whole(builder.atlas, layers.sky, "sky")
    builder.fix(Body((_upright(projector, sky, _SKY_M, _margins(layers)),)), layer=3)
    for cut in layers.cuts:
        _add_mover(builder, random, projector, cut)
    pace = (CONSTANT, BURSTS, STOP_AND_GO)[int(3 * random.random())]
    sway = drift(random, reach_m=0.35, speed=0.9, pace=pace, ahead_m=0.8, turn_rad=0.02)

    def eye(seconds: float) -> tuple[float, float, float, float, float, float]:
        x, y, z, yaw, pitch, roll = sway(seconds)
        return x, 0.2 * y, 0.8 + z, yaw, pitch, roll

    shape = layers.filled.shape
    focal_px = _ZOOM * _FOCAL_SHARE * max(sensor.width, sensor.height * shape[1] / shape[0])
    return PanelScene(sensor, builder.build(), eye, focal_px=focal_px)


@dataclass(frozen=True, slots=True)
class _Projector:
    """The camera that took the image: it stands at the origin and looks ahead.

    Attributes:
        focal_px: In pixels of the image.
        column: Of the axis.
        row: Of the horizon.
    """

    focal_px: float
    column: float
    row: float

    @classmethod
    def of(cls, layers: Layers) -> _Projector:
        width = layers.filled.shape[1]
        return cls(_FOCAL_SHARE * width, (width - 1) / 2, layers.horizon)

    def place(self, column: float, row: float, z: float) -> Vector:
        """Return the place at a depth that a pixel shows."""
        return (column - self.column) / self.focal_px * z, (row - self.row) / self.focal_px * z, z

    def ground_z(self, row: float) -> float:
        """Return how far away the ground is that a row shows."""
        below = max(row - self.row, 1e-3)
        return min(max(self.focal_px * _EYE_M / below, _NEAREST_M), _FARTHEST_M)

    def panel(
        self,
        along: Vector,
        down: Vector,
        corner: Vector,
        skin: Skin,
        start: tuple[int, int] = (0, 0),
    ) -> Panel:
        """Return a panel that shows the image, of which the texture begins at (column, row)."""
        f, cx, cy = self.focal_px, self.column - start[0], self.row - start[1]
        (ax, ay, az), (dx, dy, dz), (x, y, z) = along, down, corner
        texels: Homography = (
            (f * ax + cx * az, f * dx + cx * dz, f * x + cx * z),
            (f * ay + cy * az, f * dy + cy * dz, f * y + cy * z),
            (az, dz, z),
        )
        return Panel(along, down, corner, replace(skin, texels=texels), two_sided=True)


def _margins(layers: Layers) -> tuple[float, float, float, float]:
    """Return left, top, right and bottom of an area around the image, in its pixels."""
    rows, columns = layers.filled.shape
    return -0.4 * columns, -0.4 * rows, 1.4 * columns, 1.4 * rows


def _upright(
    projector: _Projector, skin: Skin, z: float, area: tuple[float, float, float, float]
) -> Panel:
    left, top, right, bottom = area
    x0, y0, _ = projector.place(left, top, z)
    x1, y1, _ = projector.place(right, bottom, z)
    return projector.panel((x1 - x0, 0, 0), (0, y1 - y0, 0), (x0, y0, z), skin)


def _ground(projector: _Projector, skin: Skin) -> Panel:
    """Return the ground, from just before the camera to far behind the folds."""
    wide, near, far = 4 * _FARTHEST_M, 0.6, 8 * _FARTHEST_M
    corner = (-wide / 2, _EYE_M, far)
    return projector.panel((wide, 0, 0), (0, 0, near - far), corner, skin)


def _folds(projector: _Projector, layers: Layers, skin: Skin) -> Body:
    """Return upright panels, edge to edge, over the line where what stands meets the ground."""
    columns = layers.filled.shape[1]
    places = np.linspace(0, columns - 1, _FOLDS + 1)
    feet = []
    for place in places:
        near = slice(max(0, int(place) - columns // 20), int(place) + columns // 20 + 1)
        z = projector.ground_z(float(np.median(layers.feet[near])))
        feet.append((projector.place(float(place), 0.0, z)[0], z))
    first, last = feet[0], feet[-1]
    feet[0] = first[0] - 0.5 * first[1], first[1]
    feet[-1] = last[0] + 0.5 * last[1], last[1]
    panels = []
    for number, ((x0, z0), (x1, z1)) in enumerate(pairwise(feet)):
        # So high that the top of the image and more is on it, and as deep as its foot.
        top = 1.5 * -projector.row / projector.focal_px * max(z0, z1)
        along, down = (x1 - x0, 0.0, z1 - z0), (0.0, _EYE_M - top, 0.0)
        panel = projector.panel(along, down, (x0, top, z0), skin)
        right = number + 1 if number + 1 < _FOLDS else -1
        panels.append(replace(panel, neighbours=(-1, right, -1, number - 1)))
    return Body(tuple(panels))


def _add_mover(
    builder: WorldBuilder, random: np.random.Generator, projector: _Projector, cut: Cut
) -> None:
    """Add a cut-out at the depth of its foot; it goes to and fro on its own."""
    surface = "vehicle" if cut.kind == "vehicle" else "person"
    rows, columns = cut.texture.shape
    z = projector.ground_z(cut.foot)
    skin = Skin.whole(builder.atlas, cut.texture, surface, distance=cut.outline)
    area = (cut.left - 0.5, cut.top - 0.5, cut.left + columns - 0.5, cut.top + rows - 0.5)
    body = Body((_cut_panel(projector, skin, z, area, (cut.left, cut.top)),))
    reach = min(1.0, 0.15 * 2 * projector.column / columns)
    builder.add([body], _to_and_fro(random, cut.kind, reach), kind=cut.kind, layer=0)


def _cut_panel(
    projector: _Projector,
    skin: Skin,
    z: float,
    area: tuple[float, float, float, float],
    start: tuple[int, int],
) -> Panel:
    left, top, right, bottom = area
    x0, y0, _ = projector.place(left, top, z)
    x1, y1, _ = projector.place(right, bottom, z)
    return projector.panel((x1 - x0, 0, 0), (0, y1 - y0, 0), (x0, y0, z), skin, start)


def _to_and_fro(random: np.random.Generator, kind: str, reach: float) -> Move:
    """Return a sway: cars along the street, people across it; wide cut-outs reach less far."""
    along, across = (1.5, 0.4) if kind == "vehicle" else (0.3, 1.2)
    rates = 0.5 + 0.8 * random.random(2)
    phases = 6.28 * random.random(2)

    def move(seconds: float, places: Places) -> None:
        places[0, 0] = reach * across * math.sin(rates[0] * seconds + phases[0])
        places[0, 2] = reach * along * math.sin(rates[1] * seconds + phases[1])

    return move
