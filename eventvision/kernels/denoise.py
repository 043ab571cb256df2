"""Keep or drop events by what their neighbourhood did before.

Every kernel copies what it keeps to the front of `out` and returns how many events that is. It
writes first and moves on only if the event is kept, so no branch depends on the data.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._jit import kernel
from .neighbours import any_neighbour_since
from .words import pixel

_ONE = np.uint64(1)


@kernel
def keep_supported(
    words: NDArray[np.uint64],
    out: NDArray[np.uint64],
    latest: NDArray[np.signedinteger],
    pitch: int,
    origin_us: int,
    window_us: int,
) -> int:
    """Keep events with a neighbour event at most `window_us` before (background activity filter).

    Args:
        words: Events, shape (2 * N,).
        out: At least as long; receives the kept events.
        latest: Time of the latest event of each pixel of the sensor padded by one pixel on every
            side, row by row, and one more cell.
        pitch: Length of a padded row.
        origin_us: Time that 0 stands for in `latest`.
        window_us: Longest time since the neighbour event.
    """
    kept = np.uint64(0)
    length, width = np.uint64(pitch), np.uint32(pitch)
    for i in range(words.size // 2):
        time, address = words[2 * i], words[2 * i + 1]
        t = np.int64(time) - origin_us
        corner = pixel(address, width)
        supported = any_neighbour_since(latest, corner, length, t - window_us)
        latest[corner + length + _ONE] = t
        out[kept + kept] = time
        out[kept + kept + _ONE] = address
        kept += np.uint64(supported)
    return int(kept)


@kernel
def keep_rested(
    words: NDArray[np.uint64],
    out: NDArray[np.uint64],
    latest: NDArray[np.signedinteger],
    width: int,
    origin_us: int,
    period_us: int,
) -> int:
    """Keep events whose pixel has kept none for `period_us`.

    Args:
        words: Events, shape (2 * N,).
        out: At least as long; receives the kept events.
        latest: Time of the last kept event of each pixel, row by row.
        width: Width of the sensor.
        origin_us: Time that 0 stands for in `latest`.
        period_us: Time for which a pixel is deaf after a kept event.
    """
    kept = np.uint64(0)
    for i in range(words.size // 2):
        time, address = words[2 * i], words[2 * i + 1]
        t = np.int64(time) - origin_us
        cell = pixel(address, np.uint32(width))
        before = np.int64(latest[cell])
        rested = before <= t - period_us
        latest[cell] = t if rested else before
        out[kept + kept] = time
        out[kept + kept + _ONE] = address
        kept += np.uint64(rested)
    return int(kept)


@kernel
def keep_unmarked(
    words: NDArray[np.uint64],
    out: NDArray[np.uint64],
    marked: NDArray[np.bool_],
    counts: NDArray[np.int64],
    width: int,
) -> int:
    """Count the events of every pixel, and keep those of pixels that are not marked.

    Args:
        words: Events, shape (2 * N,).
        out: At least as long; receives the kept events.
        marked: One flag per pixel, row by row.
        counts: Events per pixel, row by row; grows by all events, kept or not.
        width: Width of the sensor.
    """
    kept = np.uint64(0)
    for i in range(words.size // 2):
        time, address = words[2 * i], words[2 * i + 1]
        cell = pixel(address, np.uint32(width))
        counts[cell] += 1
        out[kept + kept] = time
        out[kept + kept + _ONE] = address
        kept += np.uint64(not marked[cell])
    return int(kept)
