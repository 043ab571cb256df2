"""Keep or drop events by what their neighbourhood did before.

Every kernel copies what it keeps to the front of `out` and returns how many events that is. It
writes first and moves on only if the event is kept, so no branch depends on the data.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._jit import kernel
from .words import column, row

_ONE = np.uint64(1)
_TWO = np.uint64(2)


@kernel
def keep_supported(
    words: NDArray[np.uint64],
    out: NDArray[np.uint64],
    support: NDArray[np.int32],
    stride: int,
    origin_us: int,
    window_us: int,
) -> int:
    """Keep events with a neighbour event at most `window_us` before (background activity filter).

    Each event, kept or not, writes its time into its eight neighbours' cells, so that a cell holds
    the latest time of all its neighbours and one read decides. As times never decrease, that equals
    looking at eight cells, with one cache miss instead of three on the way to the decision.

    Args:
        words: Events, shape (N, 2).
        out: At least as long; receives the kept events.
        support: One cell per pixel of the sensor padded by one pixel on every side, row by row.
        stride: Length of a padded row.
        origin_us: Time that 0 stands for in `support`.
        window_us: Longest time since the neighbour event.
    """
    kept = np.uint64(0)
    pitch = np.uint64(stride)
    for i in range(words.shape[0]):
        time, address = words[i, 0], words[i, 1]
        t = np.int32(np.int64(time) - origin_us)
        above = row(address) * pitch + column(address)
        same = above + pitch
        below = same + pitch
        supported = support[same + _ONE] >= t - window_us
        support[above] = t
        support[above + _ONE] = t
        support[above + _TWO] = t
        support[same] = t
        support[same + _TWO] = t
        support[below] = t
        support[below + _ONE] = t
        support[below + _TWO] = t
        out[kept, 0] = time
        out[kept, 1] = address
        kept += np.uint64(supported)
    return int(kept)


@kernel
def keep_rested(
    words: NDArray[np.uint64],
    out: NDArray[np.uint64],
    latest: NDArray[np.int32],
    width: int,
    origin_us: int,
    period_us: int,
) -> int:
    """Keep events whose pixel has kept none for `period_us`.

    Args:
        words: Events, shape (N, 2).
        out: At least as long; receives the kept events.
        latest: Time of the last kept event of each pixel, row by row.
        width: Width of the sensor.
        origin_us: Time that 0 stands for in `latest`.
        period_us: Time for which a pixel is deaf after a kept event.
    """
    kept = np.uint64(0)
    pitch = np.uint64(width)
    for i in range(words.shape[0]):
        time, address = words[i, 0], words[i, 1]
        t = np.int32(np.int64(time) - origin_us)
        pixel = row(address) * pitch + column(address)
        before = latest[pixel]
        rested = before <= t - period_us
        latest[pixel] = t if rested else before
        out[kept, 0] = time
        out[kept, 1] = address
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
        words: Events, shape (N, 2).
        out: At least as long; receives the kept events.
        marked: One flag per pixel, row by row.
        counts: Events per pixel, row by row; grows by all events, kept or not.
        width: Width of the sensor.
    """
    kept = np.uint64(0)
    pitch = np.uint64(width)
    for i in range(words.shape[0]):
        time, address = words[i, 0], words[i, 1]
        pixel = row(address) * pitch + column(address)
        counts[pixel] += 1
        out[kept, 0] = time
        out[kept, 1] = address
        kept += np.uint64(not marked[pixel])
    return int(kept)
