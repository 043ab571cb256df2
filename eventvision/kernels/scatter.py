"""Events into pictures: counts, and grids that are bilinear in time.

A picture has one plane or several of the same size, one after the other. Clearing all of it for
every slice would take longer than drawing: 18 MB for five planes of 1280x720. So the kernels mark
which groups of sixteen pixels, a cache line in each plane, they touched; `clear_touched` then
clears these in all planes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._jit import inline, kernel
from .prefetch import prefetch
from .words import SIGNS, first_not_before, on, pixel

GROUP = 16
"""Neighbouring pixels that are marked and cleared together."""

_AHEAD = 16
_SPARSE_COST = 3
"""How much longer it takes to clear a group by itself than one of many in a row."""
_GROUP_BITS = np.uint64(4)


@kernel
def add_counts(
    words: NDArray[np.uint64],
    planes: NDArray[np.float32],
    touched: NDArray[np.bool_],
    lead: int,
    width: int,
    pixels: int,
) -> None:
    """Count OFF events in plane 0 and ON events in plane 1.

    Args:
        words: Events, shape (2 * N,).
        planes: Shape (2 * pixels,); grows by one per event.
        touched: One flag per group of pixels.
        lead: Pixels that are missing in the first group.
        width: Width of the sensor.
        pixels: Number of pixels.
    """
    plane, missing = np.uint64(pixels), np.uint64(lead)
    for i in range(words.size // 2):
        address = words[2 * i + 1]
        place = pixel(address, np.uint32(width))
        planes[place + on(address) * plane] += np.float32(1)
        touched[(place + missing) >> _GROUP_BITS] = True


@kernel
def add_voxels(
    words: NDArray[np.uint64],
    planes: NDArray[np.float32],
    touched: NDArray[np.bool_],
    lead: int,
    width: int,
    pixels: int,
    t0_us: int,
    duration_us: int,
) -> None:
    """Share the polarity of each event between the two planes around its time.

    Events come in order of time, so they are taken interval by interval, and only two planes are in
    use at once.

    Args:
        words: Events, shape (2 * N,), all in `[t0_us, t0_us + duration_us)`.
        planes: One or more planes, one after the other, flat; the first is that of `t0_us`, the
            last that of the end. An event adds its polarity (ON 1, OFF -1), split.
        touched: One flag per group of pixels.
        lead: Pixels that are missing in the first group.
        width: Width of the sensor.
        pixels: Number of pixels.
        t0_us: Time of the first plane.
        duration_us: Time from the first plane to the last one.
    """
    intervals = planes.size // pixels - 1
    if intervals == 0:
        share(words, planes, planes, touched, lead, width, t0_us, np.float32(0), np.float32(0))
    duration = np.float32(duration_us)
    start = 0
    for k in range(intervals):
        # Times are taken relative to whole microseconds before they become float32; an interval
        # begins up to one of them later.
        begin_us = t0_us + k * duration_us // intervals
        late = np.float32(k * duration_us % intervals) / duration
        stop = first_not_before(words, t0_us - (-(k + 1) * duration_us // intervals), start)
        early, later = planes[k * pixels :], planes[(k + 1) * pixels :]
        scale = np.float32(intervals) / duration
        share(
            words[2 * start : 2 * stop], early, later, touched, lead, width, begin_us, scale, late
        )
        start = stop


@inline
def share(
    words: NDArray[np.uint64],
    early: NDArray[np.float32],
    late: NDArray[np.float32],
    touched: NDArray[np.bool_],
    lead: int,
    width: int,
    begin_us: int,
    scale: np.float32,
    offset: np.float32,
) -> None:
    """Share the polarity of the events of one interval between its first and its last plane."""
    missing = np.uint64(lead)
    for i in range(words.size // 2):
        address = words[2 * i + 1]
        place = pixel(address, np.uint32(width))
        position = np.float32(np.int64(words[2 * i]) - begin_us) * scale - offset
        polarity = SIGNS[on(address)]
        early[place] += polarity - polarity * position
        late[place] += polarity * position
        touched[(place + missing) >> _GROUP_BITS] = True


@kernel
def clear_touched(
    planes: NDArray[np.float32],
    touched: NDArray[np.bool_],
    eights: NDArray[np.uint64],
    groups: NDArray[np.int64],
    lead: int,
    pixels: int,
) -> None:
    """Set planes that are zero except in the touched groups to zero, and remove the marks.

    Args:
        planes: Planes one after the other, flat.
        touched: One flag per group, a multiple of eight of them.
        eights: The same memory, eight flags at once.
        groups: As long as `touched`; for intermediate results.
        lead: Pixels that are missing in the first group.
        pixels: Number of pixels of a plane.
    """
    count = list_touched(touched, eights, groups)
    if count * _SPARSE_COST > touched.size:
        planes[:] = np.float32(0)
    else:
        clear_groups(planes, groups[:count], lead, pixels)


@inline
def list_touched(
    touched: NDArray[np.bool_], eights: NDArray[np.uint64], groups: NDArray[np.int64]
) -> int:
    """List the groups that are marked, remove the marks, and return how many there were."""
    count = np.uint64(0)
    for k in range(eights.size):
        if eights[k]:
            for group in range(8 * k, 8 * k + 8):
                groups[count] = group
                count += np.uint64(touched[group])
            eights[k] = 0
    return int(count)


@inline
def clear_groups(
    planes: NDArray[np.float32], groups: NDArray[np.int64], lead: int, pixels: int
) -> None:
    """Set groups of pixels to zero in all planes.

    A group that reaches beyond its plane also clears pixels of the next one or the one before, so
    the groups must be all that were touched.
    """
    last = planes.size - GROUP
    for first in range(0, planes.size, pixels):
        for i in range(groups.size):
            soon = groups[min(i + _AHEAD, groups.size - 1)]
            prefetch(planes, np.uint64(first + soon * GROUP))
            start = first + groups[i] * GROUP - lead
            if 0 <= start <= last:
                begin = np.uint64(start)
                for k in range(GROUP):
                    planes[begin + np.uint64(k)] = np.float32(0)
            else:
                for cell in range(max(start, 0), min(start + GROUP, planes.size)):
                    planes[cell] = np.float32(0)
