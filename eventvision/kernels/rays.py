"""Rays through the pixels of cameras that look at boxes from inside a box.

Every face is drawn with a tile of an atlas, which repeats as in facing mirrors. Detail too fine
for a pixel fades to the mean of its tile. What stands above the rows of houses of a street is sky.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ._jit import arithmetic, inline

SKY, BUILDING, VEGETATION, ROAD, PAVEMENT, OTHER = range(6)
"""Places in the `names` that `see_worlds` is given."""

_FLOOR, _SIDE, _ABOVE, _CRATE = range(4)
_NEAREST_M = 0.05
_FLATTEST = 0.02
_BLUR = 0.6
_BRIGHT_PAVEMENT = 1.6


@arithmetic
def see_worlds(
    place: NDArray[np.float32],
    rotation: NDArray[np.float32],
    world: NDArray[np.int64],
    focal_px: NDArray[np.float32],
    bounds: NDArray[np.float32],
    boxes: NDArray[np.float32],
    box_classes: NDArray[np.int64],
    atlas: NDArray[np.float32],
    means: NDArray[np.float32],
    tile_m: NDArray[np.float32],
    road_half_m: NDArray[np.float32],
    sides: NDArray[np.float32],
    trees: NDArray[np.bool_],
    block_m: NDArray[np.float32],
    outdoors: NDArray[np.bool_],
    glow: NDArray[np.float32],
    names: NDArray[np.int64],
    image: NDArray[np.float32],
    depth_m: NDArray[np.float32],
    classes: NDArray[np.uint8],
    met: NDArray[np.uint8],
) -> None:
    """See images of worlds; n images of W worlds with K boxes each.

    Args:
        place: Shape (n, 3): cameras in their worlds, in metres; x right, y down, z ahead.
        rotation: Shape (n, 3, 3): from camera to world.
        world: Shape (n,): which world each image shows.
        focal_px: Shape (W,).
        bounds: Shape (W, 6): least and greatest x, y, z of the inside.
        boxes: Shape (W, K, 6): likewise of the boxes.
        box_classes: Shape (W, K).
        atlas: Shape (W, 2 * tile, 2 * tile): floor, sides; above, boxes.
        means: Shape (W, 4): means of these tiles.
        tile_m: Shape (W, 4): metres that each of them spans.
        road_half_m: Shape (W,): half the width of the road.
        sides: Shape (W, 2, blocks): height of the houses left and right.
        trees: Same shape: which of them are trees.
        block_m: Shape (W,): length of a house.
        outdoors: Shape (W,): whether there is a sky.
        glow: Shape (W, 5): brightness of faces across x, y, z, of the sky, of boxes.
        names: Shape (6,): class of sky, building, vegetation, road, pavement, other.
        image: Shape (n, height, width); written: intensity.
        depth_m: Same shape; written: distance along the optical axis, infinite for the sky.
        classes: Same shape; written.
        met: Same shape; written: which box is seen, K for none.
    """
    count, height, width = image.shape
    inside = boxes.shape[1]
    windows = np.empty((inside, 4))
    for n in range(count):
        w = world[n]
        turn, origin, focal = rotation[n], place[n], focal_px[w]
        for k in range(inside):
            frame_box(boxes[w, k], origin, turn, focal, height, width, windows[k])
        for row in range(height):
            y = (np.float32(row) - np.float32(0.5) * (height - 1)) / focal
            for column in range(width):
                x = (np.float32(column) - np.float32(0.5) * (width - 1)) / focal
                rx = apart(turn[0, 0] * x + turn[0, 1] * y + turn[0, 2])
                ry = apart(turn[1, 0] * x + turn[1, 1] * y + turn[1, 2])
                rz = apart(turn[2, 0] * x + turn[2, 1] * y + turn[2, 2])
                ix, iy, iz = 1 / rx, 1 / ry, 1 / rz
                depth, axis = leave(bounds[w], origin, ix, iy, iz)
                box = inside
                for k in range(inside):
                    if not (
                        windows[k, 0] <= column <= windows[k, 1]
                        and windows[k, 2] <= row <= windows[k, 3]
                    ):
                        continue
                    enter, face = meet(boxes[w, k], origin, ix, iy, iz)
                    if _NEAREST_M < enter < depth:
                        depth, axis, box = enter, face, k
                px, py, pz = origin[0] + rx * depth, origin[1] + ry * depth, origin[2] + rz * depth
                steep = abs(rx) if axis == 0 else abs(ry) if axis == 1 else abs(rz)
                tile, kind = _CRATE, OTHER
                if box == inside:
                    tile, kind = surface(
                        px, py, pz, axis, bounds[w, 4], outdoors[w], road_half_m[w], sides[w],
                        trees[w], block_m[w],
                    )  # fmt: skip
                met[n, row, column] = box
                if kind == SKY:
                    classes[n, row, column] = names[SKY]
                    depth_m[n, row, column] = math.inf
                    image[n, row, column] = min(glow[w, 3], np.float32(1))
                    continue
                span = tile_m[w, tile]
                detail = read_tile(
                    atlas[w], tile, (pz if axis == 0 else px) / span,
                    (pz if axis == 1 else py) / span,
                )  # fmt: skip
                texels = depth * (atlas.shape[1] // 2) / (span * focal)
                blur = max(_BLUR * texels / max(steep, _FLATTEST), 1.0)
                shade = means[w, tile] + (detail - means[w, tile]) / blur
                shade *= glow[w, axis]
                if box < inside:
                    shade *= glow[w, 4]
                    classes[n, row, column] = box_classes[w, box]
                else:
                    classes[n, row, column] = names[kind]
                    shade *= _BRIGHT_PAVEMENT if kind == PAVEMENT else 1.0
                depth_m[n, row, column] = depth
                image[n, row, column] = min(max(shade, 0.0), 1.0)


@inline
def apart(ray: np.float32) -> np.float32:
    """Return a number that one can divide by."""
    small = np.float32(1e-6)
    return small if abs(ray) < small else ray


@inline
def leave(
    bounds: NDArray[np.float32], origin: NDArray[np.float32], ix: np.float32, iy: np.float32,
    iz: np.float32,
) -> tuple[np.float32, int]:  # fmt: skip
    """Return where a ray leaves a box that it starts in, and across which axis."""
    x = max((bounds[0] - origin[0]) * ix, (bounds[3] - origin[0]) * ix)
    y = max((bounds[1] - origin[1]) * iy, (bounds[4] - origin[1]) * iy)
    z = max((bounds[2] - origin[2]) * iz, (bounds[5] - origin[2]) * iz)
    if x <= y and x <= z:
        return x, 0
    return (y, 1) if y <= z else (z, 2)


@inline
def meet(
    box: NDArray[np.float32], origin: NDArray[np.float32], ix: np.float32, iy: np.float32,
    iz: np.float32,
) -> tuple[np.float32, int]:  # fmt: skip
    """Return where a ray enters a box from outside, and across which axis; -1 if it misses."""
    x0, x1 = (box[0] - origin[0]) * ix, (box[3] - origin[0]) * ix
    y0, y1 = (box[1] - origin[1]) * iy, (box[4] - origin[1]) * iy
    z0, z1 = (box[2] - origin[2]) * iz, (box[5] - origin[2]) * iz
    x, y, z = min(x0, x1), min(y0, y1), min(z0, z1)
    out = min(max(x0, x1), max(y0, y1), max(z0, z1))
    enter = max(x, y, z)
    if enter >= out:
        return np.float32(-1), 0
    if y >= enter:
        return enter, 1
    return (enter, 2) if z >= enter else (enter, 0)


@inline
def frame_box(
    box: NDArray[np.float32], origin: NDArray[np.float32], turn: NDArray[np.float32],
    focal: np.float32, height: int, width: int, window: NDArray[np.float64],
) -> None:  # fmt: skip
    """Find the columns and rows between which a box is seen; all if it reaches beside the camera.

    Written to `window`: first and last column, first and last row.
    """
    window[0], window[1], window[2], window[3] = math.inf, -math.inf, math.inf, -math.inf
    behind = 0
    for corner in range(8):
        x = box[3 if corner & 1 else 0] - origin[0]
        y = box[4 if corner & 2 else 1] - origin[1]
        z = box[5 if corner & 4 else 2] - origin[2]
        ahead = turn[0, 2] * x + turn[1, 2] * y + turn[2, 2] * z
        if ahead < _NEAREST_M:
            behind += 1
            continue
        across = turn[0, 0] * x + turn[1, 0] * y + turn[2, 0] * z
        down = turn[0, 1] * x + turn[1, 1] * y + turn[2, 1] * z
        column = focal * across / ahead + 0.5 * (width - 1)
        row = focal * down / ahead + 0.5 * (height - 1)
        window[0], window[1] = min(window[0], column - 1), max(window[1], column + 1)
        window[2], window[3] = min(window[2], row - 1), max(window[3], row + 1)
    if 0 < behind < 8:
        window[0], window[1], window[2], window[3] = 0, width, 0, height


@inline
def surface(
    x: np.float32, y: np.float32, z: np.float32, axis: int, floor: np.float32, outdoors: bool,
    road_half_m: np.float32, sides: NDArray[np.float32], trees: NDArray[np.bool_],
    block_m: np.float32,
) -> tuple[int, int]:  # fmt: skip
    """Return the tile and the kind of what is met of the inside of a world."""
    if not outdoors:
        if axis == 1:
            return (_FLOOR if y > 0 else _ABOVE), OTHER
        return _SIDE, OTHER
    if axis == 1:
        if floor - y > 0.01:
            return _ABOVE, SKY
        return _FLOOR, (ROAD if abs(x) < road_half_m else PAVEMENT)
    block = min(max(int(z / block_m), 0), sides.shape[1] - 1)
    side = 1 if x > 0 else 0
    if floor - y > sides[side, block]:
        return _ABOVE, SKY
    return (_ABOVE, VEGETATION) if trees[side, block] else (_SIDE, BUILDING)


@inline
def read_tile(atlas: NDArray[np.float32], tile: int, u: np.float32, v: np.float32) -> np.float32:
    """Read a tile at a place that counts in tiles."""
    side = atlas.shape[0] // 2
    margin = 1.5 / side
    fu = abs(u - 2 * math.floor(u / 2) - 1)
    fv = abs(v - 2 * math.floor(v / 2) - 1)
    x = (tile % 2 + margin + fu * (1 - 2 * margin)) * side - 0.5
    y = (tile // 2 + margin + fv * (1 - 2 * margin)) * side - 0.5
    column, row, one = np.uint64(x), np.uint64(y), np.uint64(1)
    fx, fy = np.float32(x - column), np.float32(y - row)
    top = atlas[row, column] + (atlas[row, column + one] - atlas[row, column]) * fx
    low = (
        atlas[row + one, column] + (atlas[row + one, column + one] - atlas[row + one, column]) * fx
    )
    value: np.float32 = top + (low - top) * fy
    return value
