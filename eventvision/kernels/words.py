"""Events as pairs of 64-bit words, the form in which kernels read, test and copy them.

An event of `EVENT_DTYPE` is 16 bytes: its time, then x (2 bytes), y (2), polarity (1) and three
bytes of padding. As two little-endian words it is loaded and stored with two moves, and the second
word holds the whole pixel address.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eventvision.core import EVENT_DTYPE

from ._jit import inline

_COORDINATE = np.uint64(0xFFFF)
_Y_SHIFT = np.uint64(16)
_ON_SHIFT = np.uint64(32)
_BIT = np.uint64(1)


def as_words(data: NDArray[np.void]) -> NDArray[np.uint64]:
    """View events as words.

    Args:
        data: Shape (N,), dtype `EVENT_DTYPE`.

    Returns:
        Shape (N, 2): time, and the packed pixel address. Shares memory with contiguous events.
    """
    return np.ascontiguousarray(data).view(np.uint64).reshape(-1, 2)


def as_events(words: NDArray[np.uint64]) -> NDArray[np.void]:
    """View words, shape (N, 2) and contiguous, as events of shape (N,)."""
    return words.reshape(-1).view(EVENT_DTYPE)


@inline
def column(address: np.uint64) -> np.uint64:
    """Return x of an event's second word."""
    return address & _COORDINATE


@inline
def row(address: np.uint64) -> np.uint64:
    """Return y of an event's second word."""
    return (address >> _Y_SHIFT) & _COORDINATE


@inline
def polarity(address: np.uint64) -> np.uint64:
    """Return 1 for an ON event's second word, 0 for OFF."""
    return (address >> _ON_SHIFT) & _BIT


@inline
def moved(address: np.uint64, x: np.uint64, y: np.uint64) -> np.uint64:
    """Return an event's second word with another pixel in it."""
    return (address >> _ON_SHIFT << _ON_SHIFT) | (y << _Y_SHIFT) | x
