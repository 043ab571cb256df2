"""Who the neighbours of an event are: earlier events, not far away, not long ago.

Every pixel has a queue of its latest events, at most `depth` of them. A new event looks at the
pixels around it in a fixed order (`shifts`: the nearest first), and in each queue at the newest
first, and takes the first `most` events that are younger than the horizon. An event never looks
ahead, so who its neighbours are is settled once and for all when it comes; events of the same
microsecond count in the order in which they came.

A queue is a ring of `depth` places in `stamps`, and `heads` says where its newest event is. A stamp
is the time and, in the lowest bit, the polarity. Around the sensor lies a margin as wide as the
radius whose queues stay empty, so that nothing needs to be compared with the edges.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._jit import inline, kernel
from .graph_fields import Whole
from .words import column, on, row

NEVER = -(1 << 62)
"""Stamp of a place in a queue in which no event is."""


@inline
def place_of(address: np.uint64, radius: Whole, pitch: Whole) -> Whole:
    """Return the number of an event's pixel in the array with its margin."""
    x, y = np.int64(column(address)), np.int64(row(address))
    return (y + radius) * pitch + x + radius


@inline
def find_neighbours(
    stamps: NDArray[np.int64],
    heads: NDArray[np.uint8],
    depth: Whole,
    shifts: NDArray[np.int64],
    ages_us: NDArray[np.int64],
    horizon_us: Whole,
    most: Whole,
    pixel: Whole,
    t_us: Whole,
    places: NDArray[np.int64],
    kinds: NDArray[np.int64],
) -> Whole:
    """List the neighbours of an event that is not in its queue yet.

    Args:
        stamps: Queues, shape (pixels * depth,).
        heads: Newest place in each queue, shape (pixels,).
        depth: Places of a queue.
        shifts: What is added to a pixel's number, in the order in which pixels are looked at.
        ages_us: Ages at which a kind ends and the next begins, rising.
        horizon_us: Age from which on events do not count.
        most: Most neighbours.
        pixel: The event's pixel.
        t_us: Its time.
        places: Gets the neighbours' places in `stamps`; room for `most` + 1.
        kinds: Gets what they are like, ((shift * ages + age) * 2 + polarity); room as above.

    Returns:
        How many there are.
    """
    count = (
        _find_in_single(stamps, shifts, horizon_us, most, pixel, t_us, places, kinds)
        if (depth == 1)
        else _find_in_queues(
            stamps, heads, depth, shifts, horizon_us, most, pixel, t_us, places, kinds
        )
    )
    bins = ages_us.size + 1
    for n in range(count):
        stamp = stamps[places[n]]
        age, number = t_us - (stamp >> 1), 0
        for end in range(ages_us.size):
            number += age >= ages_us[end]
        kinds[n] = ((kinds[n] * bins + number) << 1) | (stamp & 1)
    return count


@inline
def _find_in_single(
    stamps: NDArray[np.int64], shifts: NDArray[np.int64], horizon_us: Whole, most: Whole,
    pixel: Whole, t_us: Whole, places: NDArray[np.int64], kinds: NDArray[np.int64],
) -> Whole:  # fmt: skip
    count = 0
    for i in range(shifts.size):
        place = pixel + shifts[i]
        places[count], kinds[count] = place, i
        count += t_us - (stamps[place] >> 1) < horizon_us
        if count == most:
            break
    return count


@inline
def _find_in_queues(
    stamps: NDArray[np.int64], heads: NDArray[np.uint8], depth: Whole, shifts: NDArray[np.int64],
    horizon_us: Whole, most: Whole, pixel: Whole, t_us: Whole, places: NDArray[np.int64],
    kinds: NDArray[np.int64],
) -> Whole:  # fmt: skip
    count = 0
    for i in range(shifts.size):
        queue = pixel + shifts[i]
        first = np.int64(heads[queue])
        for back in range(depth):
            turn = first - back
            place = queue * depth + (turn if turn >= 0 else turn + depth)
            if t_us - (stamps[place] >> 1) >= horizon_us:
                break
            places[count], kinds[count] = place, i
            count += 1
            if count == most:
                return count
    return count


@inline
def enter(
    stamps: NDArray[np.int64],
    heads: NDArray[np.uint8],
    depth: Whole,
    pixel: Whole,
    t_us: Whole,
    polarity: Whole,
) -> Whole:
    """Put an event into its queue in place of the oldest one, and return its place."""
    head = np.int64(heads[pixel]) + 1
    head = head if head < depth else np.int64(0)
    heads[pixel] = head
    place = pixel * depth + head
    stamps[place] = (t_us << 1) | polarity
    return place


@kernel
def list_neighbours(
    words: NDArray[np.uint64],
    first: Whole,
    stamps: NDArray[np.int64],
    heads: NDArray[np.uint8],
    numbers: NDArray[np.int32],
    depth: Whole,
    radius: Whole,
    pitch: Whole,
    shifts: NDArray[np.int64],
    ages_us: NDArray[np.int64],
    horizon_us: Whole,
    sources: NDArray[np.int32],
    kinds: NDArray[np.int16],
    counts: NDArray[np.uint8],
    previous: NDArray[np.int32],
) -> None:
    """List the neighbours of a run of events, and put the events into their queues.

    Args:
        words: Events, shape (2 * N,), see `words`.
        first: Number of the first of them.
        stamps: Queues, see `find_neighbours`.
        heads: See `find_neighbours`.
        numbers: Number of the event in each place of the queues, shape (pixels * depth,).
        depth: See `find_neighbours`.
        radius: Width of the margin.
        pitch: Width of the array with its margin.
        shifts: See `find_neighbours`.
        ages_us: See `find_neighbours`.
        horizon_us: See `find_neighbours`.
        sources: Gets the numbers of each event's neighbours, shape (N, most).
        kinds: Gets what they are like, shape (N, most).
        counts: Gets how many there are, shape (N,).
        previous: Gets the number of the newest event of the same pixel, -1 if there is none, (N,).
    """
    most = sources.shape[1]
    places, found = np.empty(most + 1, np.int64), np.empty(most + 1, np.int64)
    for i in range(words.size // 2):
        t_us, address = np.int64(words[2 * i]), words[2 * i + 1]
        pixel = place_of(address, radius, pitch)
        count = find_neighbours(
            stamps, heads, depth, shifts, ages_us, horizon_us, most, pixel, t_us, places, found
        )
        for n in range(count):
            sources[i, n], kinds[i, n] = numbers[places[n]], found[n]
        counts[i] = count
        newest = pixel * depth + np.int64(heads[pixel])
        previous[i] = numbers[newest] if stamps[newest] != NEVER else -1
        place = enter(stamps, heads, depth, pixel, t_us, np.int64(on(address)))
        numbers[place] = first + i
