"""Events as words of 64 bits, as they go over the accelerator's streams.

Bits 0 to 15 are the value, 16 to 27 x, 28 to 39 y, 40 to 51 the channel. Bit 63 alone is the end of
a step.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

TICK = np.uint64(1 << 63)
_X, _Y, _CHANNEL = np.uint64(16), np.uint64(28), np.uint64(40)
_PLACE_MASK, _VALUE_MASK = np.uint64(0xFFF), np.uint64(0xFFFF)

Words = NDArray[np.uint64]


class Unpacked(NamedTuple):
    """Events by their fields, each of shape (events,), int64."""

    channel: NDArray[np.int64]
    y: NDArray[np.int64]
    x: NDArray[np.int64]
    value: NDArray[np.int64]


def words_of(tensor: NDArray[np.uint8]) -> Words:
    """Return the events of one step and its end.

    Args:
        tensor: Counts, shape (channels, height, width).

    >>> counts = np.zeros((1, 2, 3), np.uint8)
    >>> counts[0, 1, 2] = 5
    >>> [hex(word) for word in words_of(counts).tolist()]
    ['0x10020005', '0x8000000000000000']
    """
    channel, y, x = (axis.astype(np.uint64) for axis in np.nonzero(tensor))
    words = channel << _CHANNEL | y << _Y | x << _X | tensor[tensor != 0].astype(np.uint64)
    return np.append(words, TICK)


def unpacked(words: Words) -> Unpacked:
    """Take events apart; none of them is the end of a step."""
    value = (words & _VALUE_MASK).astype(np.uint16).view(np.int16)
    channel, y, x = (
        (words >> shift & _PLACE_MASK).astype(np.int64) for shift in (_CHANNEL, _Y, _X)
    )
    return Unpacked(channel, y, x, value.astype(np.int64))


def steps_in(words: Words) -> list[Words]:
    """Part words at the ends of steps, which are left out; what follows the last one is dropped."""
    ends = np.flatnonzero(words == TICK)
    starts = np.concatenate(([0], ends[:-1] + 1)) if ends.size else ends
    return [words[start:end] for start, end in zip(starts, ends, strict=True)]
