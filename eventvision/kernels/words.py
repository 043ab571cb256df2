"""Events as pairs of 64-bit words, the form in which kernels read, test and copy them.

An event of `EVENT_DTYPE` is 16 bytes: its time, then x (2 bytes), y (2), polarity (1) and three
bytes of padding. As two little-endian words it is loaded and stored with two moves, and the second
word, its address, holds the rest. Words are kept flat, because a kernel can then be compiled for a
stride that is known: event i has its time at 2 * i and its address at 2 * i + 1.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from eventvision.core import EVENT_DTYPE

from ._jit import inline

_COORDINATE = np.uint32(0xFFFF)
_Y_SHIFT = np.uint32(16)
_ON_SHIFT = np.uint64(32)
_BIT = np.uint64(1)

SIGNS = np.array([-1, 1], np.float32)
"""What an OFF and an ON event count in signed pictures; index it with `on`."""


def as_words(data: NDArray[np.void]) -> NDArray[np.uint64]:
    """View events as words.

    Args:
        data: Shape (N,), dtype `EVENT_DTYPE`.

    Returns:
        Shape (2 * N,): time, address, time, address, ... Shares memory with contiguous events.
    """
    return np.ascontiguousarray(data).view(np.uint64)


def as_events(words: NDArray[np.uint64]) -> NDArray[np.void]:
    """View words, shape (2 * N,) and contiguous, as events of shape (N,)."""
    return words.view(EVENT_DTYPE)


def joined(parts: Iterable[NDArray[np.void]]) -> NDArray[np.void]:
    """Concatenate arrays of events, of which there may be none.

    As words: numpy copies structures field by field, which takes twenty times as long.
    """
    return as_events(np.concatenate([np.empty(0, np.uint64), *map(as_words, parts)]))


@inline
def column(address: np.uint64) -> np.uint32:
    """Return x of an address."""
    return np.uint32(address) & _COORDINATE


@inline
def row(address: np.uint64) -> np.uint32:
    """Return y of an address."""
    return np.uint32(address) >> _Y_SHIFT


@inline
def pixel(address: np.uint64, width: np.uint32) -> np.uint64:
    """Return the index of an address in a picture of that width, row by row."""
    return np.uint64(row(address) * width + column(address))


@inline
def on(address: np.uint64) -> np.uint64:
    """Return 1 for an ON event's address, 0 for OFF."""
    return (address >> _ON_SHIFT) & _BIT


@inline
def moved(address: np.uint64, x: np.uint32, y: np.uint32) -> np.uint64:
    """Return an address with another pixel in it."""
    return (address >> _ON_SHIFT << _ON_SHIFT) | np.uint64(y << _Y_SHIFT | x)


@inline
def first_not_before(words: NDArray[np.uint64], t_us: int, start: int) -> int:
    """Return the index of the first event from `start` on that is not before a time."""
    stop = words.size // 2
    while start < stop:
        middle = (start + stop) // 2
        if np.int64(words[2 * middle]) < t_us:
            start = middle + 1
        else:
            stop = middle
    return start
