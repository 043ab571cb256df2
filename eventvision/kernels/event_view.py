"""Pictures of events for a screen, from the latest event of every pixel.

A cell holds 2 * t + on of the latest event of its pixel, so an event costs one write, however long
it is to be seen; each picture then costs one look at every cell. Pictures are 32 bits a pixel,
0xFFRRGGBB.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._jit import inline, kernel
from .words import column, on, pixel, row

NEVER = -(1 << 62)
"""Content of a cell that has seen no event."""

STEPS = 256
"""Steps of age that a ramp tells apart."""

_OPAQUE = np.uint32(0xFF000000)


@kernel
def enter_latest(words: NDArray[np.uint64], width: int, cells: NDArray[np.int64]) -> None:
    """Write events into the cells of their pixels.

    Args:
        words: Events in order of time, shape (2 * N,).
        width: Width of the sensor.
        cells: Shape (pixels,); changed in place.
    """
    for i in range(words.size // 2):
        address = words[2 * i + 1]
        time = np.int64(words[2 * i])
        cells[pixel(address, np.uint32(width))] = 2 * time + np.int64(on(address))


@kernel
def paint_on_ground(
    cells: NDArray[np.int64],
    now_us: int,
    window_us: int,
    ramps: NDArray[np.uint32],
    ground: int,
    out: NDArray[np.uint32],
) -> None:
    """Colour events of the last `window_us` by age.

    Args:
        cells: Shape (pixels,).
        now_us: Present time; later events are not seen.
        window_us: For how long an event is seen, 1 or more.
        ramps: Shape (2, STEPS): colours of OFF and ON events, from new to old.
        ground: Colour where there is none.
        out: Shape (pixels,); written.
    """
    scale = np.float32(STEPS) / np.float32(window_us)
    empty = np.uint32(ground)
    for i in range(cells.size):
        cell = cells[i]
        age = now_us - (cell >> 1)
        if (age >= 0) & (age < window_us):
            step = min(STEPS - 1, int(np.float32(age) * scale))
            out[i] = ramps[cell & 1, step]
        else:
            out[i] = empty


@kernel
def paint_on_picture(
    cells: NDArray[np.int64],
    now_us: int,
    window_us: int,
    colours: NDArray[np.uint32],
    weights: NDArray[np.uint32],
    picture: NDArray[np.uint32],
    out: NDArray[np.uint32],
) -> None:
    """Lay events of the last `window_us` over a picture.

    Args:
        cells: Shape (pixels,).
        now_us: Present time; later events are not seen.
        window_us: For how long an event is seen, 1 or more.
        colours: Shape (2,): colours of OFF and ON events.
        weights: Shape (STEPS,), 0 to 256: how much an event covers, from new to old.
        picture: Shape (pixels,).
        out: Shape (pixels,); written.
    """
    scale = np.float32(STEPS) / np.float32(window_us)
    for i in range(cells.size):
        cell = cells[i]
        age = now_us - (cell >> 1)
        if (age >= 0) & (age < window_us):
            step = min(STEPS - 1, int(np.float32(age) * scale))
            out[i] = blended(colours[cell & 1], picture[i], weights[step])
        else:
            out[i] = picture[i]


@inline
def blended(over: np.uint32, under: np.uint32, weight: np.uint32) -> np.uint32:
    """Return `weight` / 256 of a colour over another."""
    rest = np.uint32(256) - weight
    outer = np.uint32(0xFF00FF)
    middle = np.uint32(0x00FF00)
    shift = np.uint32(8)
    red_blue = ((over & outer) * weight + (under & outer) * rest) >> shift
    green = ((over & middle) * weight + (under & middle) * rest) >> shift
    return np.uint32(_OPAQUE | (red_blue & outer) | (green & middle))


@kernel
def paint_grey(pixels: NDArray[np.float32], out: NDArray[np.uint32]) -> None:
    """Bring brightness to the screen.

    Args:
        pixels: Shape (pixels,), 0 to 1; what lies outside is bounded, NaN is black.
        out: Shape (pixels,); written.
    """
    for i in range(pixels.size):
        value = pixels[i]
        level = np.uint32(0)
        if value > 0:
            level = np.uint32(min(value, np.float32(1)) * np.float32(255) + np.float32(0.5))
        out[i] = _OPAQUE | level * np.uint32(0x010101)


@kernel
def paint_depth(
    depth: NDArray[np.float32],
    confidence: NDArray[np.float32],
    near: float,
    far: float,
    ramp: NDArray[np.uint32],
    ground: int,
    out: NDArray[np.uint32],
) -> None:
    """Colour distance on a logarithmic scale, unsure pixels as the ground.

    Args:
        depth: Shape (pixels,), positive; anything else is the ground.
        confidence: Shape (pixels,), 0 to 1.
        near: Distance of the first colour, positive.
        far: Distance of the last colour.
        ramp: Shape (STEPS,), from near to far.
        ground: Colour of what is not known.
        out: Shape (pixels,); written.
    """
    empty = np.uint32(ground)
    low = np.log(np.float32(near))
    span = max(np.log(np.float32(far)) - low, np.float32(1e-6))
    scale = np.float32(STEPS - 1) / np.float32(span)
    for i in range(depth.size):
        value, sure = depth[i], confidence[i]
        if (value > 0) & (value < np.float32(np.inf)) & (sure > 0):
            step = (np.log(value) - low) * scale
            step = min(max(step, np.float32(0)), np.float32(STEPS - 1))
            weight = np.uint32(min(sure, np.float32(1)) * np.float32(256))
            out[i] = blended(ramp[int(step)], empty, weight)
        else:
            out[i] = empty


@kernel
def paint_classes(
    mask: NDArray[np.uint8],
    tints: NDArray[np.uint32],
    weights: NDArray[np.uint32],
    under: NDArray[np.uint32],
    out: NDArray[np.uint32],
) -> None:
    """Tint a picture by class.

    Args:
        mask: Shape (pixels,): class of each pixel.
        tints: Shape (256,): colour of each class.
        weights: Shape (256,), 0 to 256: how much it covers.
        under: Shape (pixels,).
        out: Shape (pixels,); written.
    """
    for i in range(mask.size):
        class_ = mask[i]
        out[i] = blended(tints[class_], under[i], weights[class_])


@kernel
def count_near(words: NDArray[np.uint64], x: int, y: int) -> int:
    """Count events at a pixel and in the eight around it.

    Args:
        words: Events, shape (2 * N,).
        x: Column of the pixel.
        y: Row of it.
    """
    found = 0
    for i in range(words.size // 2):
        address = words[2 * i + 1]
        across = np.int64(column(address)) - x
        down = np.int64(row(address)) - y
        found += int((across >= -1) & (across <= 1) & (down >= -1) & (down <= 1))
    return found


@kernel
def count_by_time(
    words: NDArray[np.uint64], first_us: int, bin_us: int, counts: NDArray[np.int64]
) -> None:
    """Add events to the bins of their times.

    Args:
        words: Events, shape (2 * N,), none before `first_us` or behind the last bin.
        first_us: Time at which the first bin begins.
        bin_us: Length of a bin.
        counts: Shape (2, bins): OFF and ON events; changed in place.
    """
    for i in range(words.size // 2):
        place = (np.int64(words[2 * i]) - first_us) // bin_us
        counts[on(words[2 * i + 1]), place] += 1
