"""Events and triggers as the words of EVT2, EVT2.1 and EVT3.

Times are written the way cameras do: the upper part whenever it changes, so that a silence is
bridged by a run of them and every wrap of the clock shows. A silence of more than one wrap of the
24 bits is bridged in larger steps that are still too small to be mistaken for a wrap.

Neighbours in a row that share time and polarity, in rising order of columns, become vectors where
that takes fewer words: EVT3 vectors of 12 pixels, and the 32 pixels of an EVT2.1 word.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._jit import inline, kernel

HIGH, LOW, ROW, EVENTS, TRIGGERS = range(5)
STATE_WORDS = 5

ROOM = 16
"""Words that must be left in the output for an event or a trigger to be written."""

_ROW_AND_SIGN = 0x1_FFFF_0000
_VECTOR_PIXELS = 12
_FEWEST_FOR_VECTOR = 3

Words = NDArray[np.int64]


def new_state() -> Words:
    """Return the state at the beginning of a stream: nothing written yet."""
    return np.full(STATE_WORDS, -1, np.int64)


@inline
def _next_high(last: int, wanted: int, near: int, stride: int) -> int:
    """Return the upper part of the time to write next on the way to the one wanted."""
    if last < 0 or wanted < last:
        return wanted
    return last + (1 if wanted - last <= near else min(stride, wanted - last))


@inline
def _vector(events: Words, i: int, lead: int, base: int, pixels: int) -> tuple[int, int]:
    """Return the end of the run of events from `i` that a vector holds, and its mask.

    Args:
        events: As in `encode_evt3`.
        i: Where the run begins.
        lead: The event, at `i` or before, whose time, row and polarity all must share.
        base: Column of the lowest bit of the mask.
        pixels: Bits of the mask.
    """
    t, row = events[2 * lead], events[2 * lead + 1] & _ROW_AND_SIGN
    mask, last = 0, base - 1
    while 2 * i < events.size and events[2 * i] == t:
        x = int(events[2 * i + 1] & 0xFFFF)
        if events[2 * i + 1] & _ROW_AND_SIGN != row or x <= last or x >= base + pixels:
            break
        mask |= 1 << int(x - base)
        last = x
        i += 1
    return i, mask


@kernel
def encode_evt3(
    events: Words, triggers: Words, origin: int, words: NDArray[np.uint16], state: Words
) -> int:
    """Write events and triggers in order of time until all are written or `words` is full.

    Args:
        events: Shape (2 * N,), `EVENT_DTYPE` as 64-bit words; x and y below 2048.
        triggers: Shape (2 * M,), `TRIGGER_DTYPE` as 64-bit words; sources 0 to 15.
        origin: Time that is subtracted from all others; the first of all is not before it.
        words: Output; longer than `ROOM`.
        state: From `new_state`, kept between calls. `EVENTS` and `TRIGGERS` are the numbers of
            those of the arrays already written; set them to 0 for new arrays.

    Returns:
        How many words were written.
    """
    high, low, row = state[HIGH], state[LOW], state[ROW]
    i, k = state[EVENTS], state[TRIGGERS]
    count, edges = events.size // 2, triggers.size // 2
    limit, at = words.size - ROOM, 0
    while at < limit and (i < count or k < edges):
        is_trigger = k < edges and (i == count or triggers[2 * k] < events[2 * i])
        t = (triggers[2 * k] if is_trigger else events[2 * i]) - origin
        if t >> 12 != high:
            high = _next_high(high, t >> 12, 1 << 20, 1 << 10)
            words[at] = 0x8000 | (high & 0xFFF)
            at += 1
            low = -1
            continue
        # Whether time and row differ is hard to predict: they are written anyway, and overwritten.
        words[np.uint64(at)] = 0x6000 | (t & 0xFFF)
        at += int(t & 0xFFF != low)
        low = t & 0xFFF
        if is_trigger:
            signal = triggers[2 * k + 1]
            words[at] = 0xA000 | (signal & 0xF) << 8 | (signal >> 16) & 1
            at += 1
            k += 1
            continue
        place = events[np.uint64(2 * i + 1)]
        x, y, on = place & 0xFFFF, (place >> 16) & 0xFFFF, (place >> 32) & 1
        words[np.uint64(at)] = y
        at += int(y != row)
        row = y
        # A vector needs three events: the one after next must share time, row and polarity.
        there = np.uint64(min(2 * i + 4, events.size - 2))
        shared = (events[there + np.uint64(1)] ^ place) & _ROW_AND_SIGN == 0
        end, mask = i, 0
        if shared and events[there] - origin == t and i + 2 < count:
            end, mask = _vector(events, i, i, x, _VECTOR_PIXELS)
        if end - i < _FEWEST_FOR_VECTOR:
            words[np.uint64(at)] = 0x2000 | on << 11 | x
            at += 1
            i += 1
            continue
        words[at] = 0x3000 | on << 11 | x
        at += 1
        lead = i
        while end > i and at < words.size:
            words[at] = 0x4000 | mask
            at += 1
            i = end
            x += _VECTOR_PIXELS
            end, mask = _vector(events, i, lead, x, _VECTOR_PIXELS)
    state[HIGH], state[LOW], state[ROW] = high, low, row
    state[EVENTS], state[TRIGGERS] = i, k
    return at


@kernel
def encode_evt2(
    events: Words,
    triggers: Words,
    origin: int,
    words: NDArray[np.uint32],
    state: Words,
    with_vectors: bool,
) -> int:
    """Write EVT2, or EVT2.1 with the mask of a word before it; otherwise like `encode_evt3`.

    Triggers may be of sources 0 to 31.
    """
    high, i, k = state[HIGH], state[EVENTS], state[TRIGGERS]
    count, edges = events.size // 2, triggers.size // 2
    limit, at = words.size - ROOM, 0
    step = 2 if with_vectors else 1
    while at < limit and (i < count or k < edges):
        is_trigger = k < edges and (i == count or triggers[2 * k] < events[2 * i])
        t = (triggers[2 * k] if is_trigger else events[2 * i]) - origin
        mask = 0
        if t >> 6 != high:
            high = _next_high(high, t >> 6, 1 << 6, 1 << 26)
            word = (8 << 28) | (high & 0xFFF_FFFF)
        elif is_trigger:
            signal = triggers[2 * k + 1]
            word = (10 << 28) | (t & 0x3F) << 22 | (signal & 0x1F) << 8 | (signal >> 16) & 1
            k += 1
        else:
            place = events[2 * i + 1]
            x, y, on = place & 0xFFFF, (place >> 16) & 0xFFFF, (place >> 32) & 1
            if with_vectors:
                x &= ~31
                i, mask = _vector(events, i, i, x, 32)
            else:
                i += 1
            word = on << 28 | (t & 0x3F) << 22 | x << 11 | y
        if with_vectors:
            words[at] = mask
        words[at + step - 1] = word
        at += step
    state[HIGH], state[EVENTS], state[TRIGGERS] = high, i, k
    return at
