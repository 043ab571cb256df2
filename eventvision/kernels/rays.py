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
_MARGIN = 1.5


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
    one, most_blur = np.float32(1), np.float32(_BLUR * (atlas.shape[1] // 2))
    left, top = np.float32(0.5 * (width - 1)), np.float32(0.5 * (height - 1))
    for n in range(count):
        w = world[n]
        turn, origin, focal = rotation[n], place[n], focal_px[w]
        limits, crates, looks = bounds[w], boxes[w], atlas[w].reshape(-1)
        houses, green = sides[w].reshape(-1), trees[w].reshape(-1)
        per_block, road, open_air = one / block_m[w], road_half_m[w], outdoors[w]
        ox, oy, oz = origin[0], origin[1], origin[2]
        t00, t01, t02 = turn[0, 0], turn[0, 1], turn[0, 2]
        t10, t11, t12 = turn[1, 0], turn[1, 1], turn[1, 2]
        t20, t21, t22 = turn[2, 0], turn[2, 1], turn[2, 2]
        per_focal, texels_per_m = one / focal, np.empty(4, np.float32)
        for tile in range(4):
            texels_per_m[tile] = one / tile_m[w, tile]
        for k in range(inside):
            frame_box(boxes[w, k], origin, turn, focal, height, width, windows[k])
        for row in range(height):
            y = (np.float32(row) - top) * per_focal
            first, beyond = width, -1
            for k in range(inside):
                if windows[k, 2] <= row <= windows[k, 3]:
                    first = min(first, max(int(windows[k, 0]), 0))
                    beyond = max(beyond, min(int(windows[k, 1]) + 1, width))
            for column in range(width):
                x = (np.float32(column) - left) * per_focal
                rx = apart(t00 * x + t01 * y + t02)
                ry = apart(t10 * x + t11 * y + t12)
                rz = apart(t20 * x + t21 * y + t22)
                ix, iy, iz = one / rx, one / ry, one / rz
                depth, axis = leave(limits, ox, oy, oz, ix, iy, iz)
                box = inside
                for k in range(inside if first <= column < beyond else 0):
                    if not (
                        windows[k, 0] <= column <= windows[k, 1]
                        and windows[k, 2] <= row <= windows[k, 3]
                    ):
                        continue
                    enter, face = meet(crates[k], ox, oy, oz, ix, iy, iz)
                    if _NEAREST_M < enter < depth:
                        depth, axis, box = enter, face, k
                px, py, pz = ox + rx * depth, oy + ry * depth, oz + rz * depth
                steep = abs(rx) if axis == 0 else abs(ry) if axis == 1 else abs(rz)
                tile, kind = _CRATE, OTHER
                if box == inside:
                    tile, kind = surface(
                        px, py, pz, axis, limits[4], open_air, road, houses, green, per_block
                    )  # fmt: skip
                met[n, row, column] = box
                if kind == SKY:
                    classes[n, row, column] = names[SKY]
                    depth_m[n, row, column] = math.inf
                    image[n, row, column] = min(glow[w, 3], np.float32(1))
                    continue
                rate = texels_per_m[tile]
                u, v = (pz if axis == 0 else px) * rate, (pz if axis == 1 else py) * rate
                detail = read_tile(looks, atlas.shape[1], tile, u, v)
                blur = most_blur * depth * rate * per_focal
                steep = max(steep, np.float32(_FLATTEST))
                shade = detail
                if blur > steep:
                    shade = means[w, tile] + (detail - means[w, tile]) * (steep / blur)
                shade *= glow[w, axis]
                if box < inside:
                    shade *= glow[w, 4]
                    classes[n, row, column] = box_classes[w, box]
                else:
                    classes[n, row, column] = names[kind]
                    if kind == PAVEMENT:
                        shade *= np.float32(_BRIGHT_PAVEMENT)
                depth_m[n, row, column] = depth
                image[n, row, column] = min(shade, one)


@inline
def apart(ray: np.float32) -> np.float32:
    """Return a number that one can divide by."""
    small = np.float32(1e-6)
    return small if abs(ray) < small else ray


@inline
def leave(
    bounds: NDArray[np.float32], ox: np.float32, oy: np.float32, oz: np.float32,
    ix: np.float32, iy: np.float32, iz: np.float32,
) -> tuple[np.float32, int]:  # fmt: skip
    """Return where a ray leaves a box that it starts in, and across which axis."""
    x = max((bounds[0] - ox) * ix, (bounds[3] - ox) * ix)
    y = max((bounds[1] - oy) * iy, (bounds[4] - oy) * iy)
    z = max((bounds[2] - oz) * iz, (bounds[5] - oz) * iz)
    if x <= y and x <= z:
        return x, 0
    return (y, 1) if y <= z else (z, 2)


@inline
def meet(
    box: NDArray[np.float32], ox: np.float32, oy: np.float32, oz: np.float32,
    ix: np.float32, iy: np.float32, iz: np.float32,
) -> tuple[np.float32, int]:  # fmt: skip
    """Return where a ray enters a box from outside, and across which axis; -1 if it misses."""
    x0, x1 = (box[0] - ox) * ix, (box[3] - ox) * ix
    y0, y1 = (box[1] - oy) * iy, (box[4] - oy) * iy
    z0, z1 = (box[2] - oz) * iz, (box[5] - oz) * iz
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
    per_block: np.float32,
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
    block = min(max(int(z * per_block), 0), sides.size // 2 - 1)
    if x > 0:
        block += sides.size // 2
    house = np.uint64(block)
    if floor - y > sides[house]:
        return _ABOVE, SKY
    return (_ABOVE, VEGETATION) if trees[house] else (_SIDE, BUILDING)


@inline
def read_tile(
    atlas: NDArray[np.float32], width: int, tile: int, u: np.float32, v: np.float32
) -> np.float32:
    """Read a tile at a place that counts in tiles."""
    side, half, two = np.float32(width // 2), np.float32(0.5), np.float32(2)
    margin, one = np.float32(_MARGIN), np.float32(1)
    fu = abs(u - two * np.floor(u * half) - one)
    fv = abs(v - two * np.floor(v * half) - one)
    inner = side - two * margin
    x = np.float32(tile % 2) * side + margin + fu * inner - half
    y = np.float32(tile // 2) * side + margin + fv * inner - half
    column, row, step = np.uint64(x), np.uint64(y), np.uint64(1)
    fx, fy = x - np.float32(column), y - np.float32(row)
    upper = row * np.uint64(width) + column
    lower = upper + np.uint64(width)
    top = atlas[upper] + (atlas[upper + step] - atlas[upper]) * fx
    low = atlas[lower] + (atlas[lower + step] - atlas[lower]) * fx
    value: np.float32 = top + (low - top) * fy
    return value
