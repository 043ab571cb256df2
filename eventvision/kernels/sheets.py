"""Sprites from sheets of frames, painted into many images at once.

A frame holds shade times opacity and opacity; it is read bilinearly and fades to nothing at its
rim.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._jit import inline, kernel


@kernel
def paint_sheets(
    frames: NDArray[np.float32],
    frame: NDArray[np.int64],
    image_of: NDArray[np.int64],
    pose: NDArray[np.float32],
    facing: NDArray[np.float32],
    depth_m: NDArray[np.float32],
    images: NDArray[np.float32],
) -> None:
    """Paint sprites over images, in order.

    Args:
        frames: Shape (F, 2, side, side).
        frame: Shape (n,): the frame of each sprite.
        image_of: Shape (n,): the image that each is painted into.
        pose: Shape (n, 6): x, y of the middle, cosine and sine of the angle, half the side of the
            frame, distance.
        facing: Shape (n,): -1 for mirrored sprites, else 1.
        depth_m: Shape (images, height, width): what is nearer than a sprite hides it; shape
            (0, 0, 0) if nothing does.
        images: Shape (images, height, width); painted over.
    """
    _, height, width = images.shape
    side = frames.shape[2]
    middle, last = np.float32(0.5 * side - 0.5), np.float32(side - 1)
    for n in range(frame.size):
        image, sheet = images[image_of[n]], frames[frame[n]]
        x0, y0, cos, sin, half, distance = pose[n]
        reach = half * (abs(cos) + abs(sin))
        left, right = max(0, int(np.ceil(x0 - reach))), min(width - 1, int(np.floor(x0 + reach)))
        top, bottom = max(0, int(np.ceil(y0 - reach))), min(height - 1, int(np.floor(y0 + reach)))
        per_px = np.float32(0.5 * side) / half
        for y in range(top, bottom + 1):
            dy = np.float32(y) - y0
            for x in range(left, right + 1):
                dx = np.float32(x) - x0
                u = (dx * cos + dy * sin) * facing[n] * per_px + middle
                v = (dy * cos - dx * sin) * per_px + middle
                if not (0 <= u < last and 0 <= v < last):
                    continue
                if depth_m.size and depth_m[image_of[n], y, x] <= distance:
                    continue
                column, row = np.uint64(u), np.uint64(v)
                fx, fy = u - np.float32(column), v - np.float32(row)
                clear = np.float32(1) - _read(sheet[1], column, row, fx, fy)
                if clear < np.float32(1):
                    image[y, x] = image[y, x] * clear + _read(sheet[0], column, row, fx, fy)


@kernel
def paint_sheet_truths(
    frames: NDArray[np.float32],
    frame: NDArray[np.int64],
    image_of: NDArray[np.int64],
    pose: NDArray[np.float32],
    earlier: NDArray[np.float32],
    facing: NDArray[np.float32],
    marks: NDArray[np.uint8],
    deep: bool,
    depth_m: NDArray[np.float32],
    images: NDArray[np.float32],
    classes: NDArray[np.uint8],
    instances: NDArray[np.uint8],
    flow_px: NDArray[np.float32],
) -> None:
    """Paint sprites over what is true, in order: where they cover half a pixel, they are seen.

    Args:
        frames: As for `paint_sheets`, like the next three and `facing`.
        frame: Shape (n,).
        image_of: Shape (n,).
        pose: Shape (n, 6).
        earlier: Same shape: the poses since which flow counts.
        facing: Shape (n,).
        marks: Shape (n, 2): id and class.
        deep: Whether distances are known; then what is nearer hides a sprite.
        depth_m: Shape (images, height, width); changed if `deep`.
        images: Same shape: intensity; painted over.
        classes: Same shape; changed.
        instances: Same shape; changed.
        flow_px: Shape (images, 2, height, width); changed.
    """
    _, height, width = images.shape
    side = frames.shape[2]
    middle, last = np.float32(0.5 * side - 0.5), np.float32(side - 1)
    for n in range(frame.size):
        k, sheet = image_of[n], frames[frame[n]]
        x0, y0, cos, sin, half, distance = pose[n]
        before = earlier[n]
        grown = before[4] / half
        reach = half * (abs(cos) + abs(sin))
        left, right = max(0, int(np.ceil(x0 - reach))), min(width - 1, int(np.floor(x0 + reach)))
        top, bottom = max(0, int(np.ceil(y0 - reach))), min(height - 1, int(np.floor(y0 + reach)))
        per_px = np.float32(0.5 * side) / half
        for y in range(top, bottom + 1):
            dy = np.float32(y) - y0
            for x in range(left, right + 1):
                dx = np.float32(x) - x0
                along, aside = dx * cos + dy * sin, dy * cos - dx * sin
                u, v = along * facing[n] * per_px + middle, aside * per_px + middle
                if not (0 <= u < last and 0 <= v < last):
                    continue
                if deep and depth_m[k, y, x] <= distance:
                    continue
                column, row = np.uint64(u), np.uint64(v)
                fx, fy = u - np.float32(column), v - np.float32(row)
                opacity = _read(sheet[1], column, row, fx, fy)
                shade = _read(sheet[0], column, row, fx, fy)
                images[k, y, x] = images[k, y, x] * (np.float32(1) - opacity) + shade
                if opacity > np.float32(0.5):
                    instances[k, y, x], classes[k, y, x] = marks[n, 0], marks[n, 1]
                    if deep:
                        depth_m[k, y, x] = distance
                    along, aside = along * grown, aside * grown
                    was_x = before[0] + before[2] * along - before[3] * aside
                    was_y = before[1] + before[3] * along + before[2] * aside
                    flow_px[k, 0, y, x] = np.float32(x) - was_x
                    flow_px[k, 1, y, x] = np.float32(y) - was_y


@inline
def _read(
    plane: NDArray[np.float32], column: np.uint64, row: np.uint64, fx: np.float32, fy: np.float32
) -> np.float32:
    one = np.uint64(1)
    top = plane[row, column] + (plane[row, column + one] - plane[row, column]) * fx
    low = (
        plane[row + one, column] + (plane[row + one, column + one] - plane[row + one, column]) * fx
    )
    value: np.float32 = top + (low - top) * fy
    return value
