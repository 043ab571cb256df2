"""EVT3: 16-bit words that state only what changed since the last event.

Bits 15..12 of a word say what it is: 0 row, 2 single event (column and polarity), 3 first column
and polarity of a vector, 4 and 5 vectors of 12 and 8 pixels, 6 and 8 the low and high 12 bits of
the time, 10 external trigger, 14 system event, 7 and 15 its continuation. The others are reserved.

The time of an event is made of the latest TIME_HIGH and the latest TIME_LOW; 24 bits wrap every
16.8 s. Two kinds of damage are bridged here because only here they can be told from truth: a
TIME_LOW that falls by more than half its range without a TIME_HIGH means that the TIME_HIGH was
lost, and a TIME_HIGH that the next one contradicts is ignored.

Most words are rows, low times and single events, in an order that no branch predictor can guess.
Stretches of those are decoded without branching, 64 words at a time: masks tell where each kind
is, and the row and time of an event are those of the nearest bit before its own.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._jit import inline, kernel
from .evt_bits import WORDS, bits_set, evt3_masks, leading_zeros, trailing_zeros

BASE, LOW, REFERENCE, CARRY, ROW, COLUMN, ON = range(7)
EVENTS, TRIGGERS, ORPHANS, RESERVED, FALSE_TIMES, SYSTEM = range(7, 13)
STATE_WORDS = 13
FEW_WORDS = 16
MARGIN = 16
"""Places that a vector may write to, four at a time."""

UNKNOWN_ROW = 0xFFFF
UNKNOWN_COLUMN = 0xF000
MOST_LOOKAHEAD_WORDS = 16_384

Words = NDArray[np.int64]


def new_state() -> Words:
    """Return the state at the beginning of a stream: no time, row or column known."""
    state = np.zeros(STATE_WORDS, np.int64)
    state[BASE], state[ROW], state[COLUMN] = -1, UNKNOWN_ROW, UNKNOWN_COLUMN
    return state


def new_blocks() -> Words:
    """Return room for the columns, rows and times of a block of words."""
    return np.zeros((3, WORDS + 1), np.int64)


@inline
def _is_false(words: NDArray[np.uint16], at: int, high: int) -> bool:
    """Whether the TIME_HIGH at a place is contradicted by the next, which continues `high`."""
    value = np.int64(words[at]) & 0xFFF
    for i in range(at + 1, min(at + MOST_LOOKAHEAD_WORDS, words.size)):
        if words[i] >> 12 == 8:
            following = np.int64(words[i]) & 0xFFF
            return bool(((following - high) & 0xFFF) <= 1 < ((following - value) & 0xFFF))
    return False


@inline
def next_base(words: NDArray[np.uint16], at: int, base: int) -> int:
    """Return the time that the TIME_HIGH word at a place stands for; `base` if it is false."""
    value = np.int64(words[at]) & 0xFFF
    if base < 0:
        return int(value << 12)
    high = (base >> 12) & 0xFFF
    if ((value - high) & 0xFFF) > 1 and _is_false(words, at, high):
        return base
    wrapped = np.int64(value + 2048 <= high)
    return int((((base >> 24) + wrapped) << 24) | (value << 12))


@inline
def _decode_blocks(
    words: NDArray[np.uint16],
    at: int,
    count: int,
    events: Words,
    found: int,
    base: int,
    low: int,
    reference: int,
    row: int,
    blocks: Words,
) -> tuple[int, int, int, int, int]:
    """Decode rows, low times and single events up to the first other word.

    Stops also where fewer than 64 words or places are left, or where time may have wrapped.

    Args:
        words: All words.
        at: The first to decode.
        count: Where to stop.
        events: As in `decode_evt3`.
        found: Events written so far.
        base: Time of the latest TIME_HIGH, known.
        low: Latest TIME_LOW.
        reference: What the next TIME_LOW should not fall below.
        row: Latest row, shifted by 16; known.
        blocks: From `new_blocks`, to work in.

    Returns:
        New values of at, found, low, reference, row.
    """
    columns, rows, times = blocks[0], blocks[1], blocks[2]
    one, top = np.uint64(1), np.int64(-1) << 63
    ones = ~np.uint64(0)
    high_word = np.uint16(0x8000 | ((base >> 12) & 0xFFF))
    most_found = events.size // 2 - WORDS - 4
    rest = np.uint64(WORDS)
    while at + WORDS <= count and found <= most_found and rest == WORDS:
        singles, row_bits, low_bits, late_bits, others = evt3_masks(words, at, high_word)
        rest = leading_zeros(others)
        if rest < WORDS:
            cut = ~(ones >> rest)
            singles &= (one << rest) - one
            row_bits, low_bits, late_bits = row_bits & cut, low_bits & cut, late_bits & cut
        early_bits = low_bits & ~late_bits
        if late_bits and reference < 2048:
            early_bits &= ones >> (leading_zeros(late_bits) & np.uint64(63))
        if early_bits and (late_bits or reference >= 2048):
            break
        rows[WORDS], times[WORDS] = row, base + low
        for i in range(WORDS):
            word = np.int64(words[np.uint64(at) + np.uint64(i)])
            columns[i] = (word & 0x7FF) | ((word & 0x800) << 21)
            rows[WORDS - 1 - i] = (word & 0x7FF) << 16
            times[WORDS - 1 - i] = base | (word & 0xFFF)
        place = np.uint64(found)
        found += int(bits_set(singles))
        while place < np.uint64(found):
            # Four at a time: what is written past the last event is overwritten by the next.
            for _ in range(4):
                i = trailing_zeros(singles)
                before = np.uint64(top >> (np.int64(i) & 63))
                singles &= singles - one
                events[place + place] = times[trailing_zeros(low_bits & before)]
                row_there = rows[trailing_zeros(row_bits & before)]
                events[place + place + one] = columns[i] | row_there
                place += one
        row = int(rows[trailing_zeros(row_bits)])
        if low_bits:
            low = int(times[trailing_zeros(low_bits)] & 0xFFF)
            reference = low
        at += int(rest)
    return at, found, low, reference, row


@kernel
def decode_evt3(
    data: NDArray[np.uint8],
    start: int,
    stop: int,
    events: Words,
    triggers: Words,
    state: Words,
    blocks: Words,
) -> int:
    """Decode words until they end or an output is full; return where decoding should continue.

    Args:
        data: Bytes of the recording; words after `stop` are looked at, not decoded.
        start: Offset of the first word.
        stop: Offset at which to stop; a last odd byte is left.
        events: Shape (2 * N,), `EVENT_DTYPE` as 64-bit words; N above `MARGIN`.
        triggers: Shape (2 * M,), `TRIGGER_DTYPE` as 64-bit words; M at least 1.
        state: From `new_state`, kept between calls. `EVENTS` and `TRIGGERS` are set to how many
            were written; `ORPHANS` (events whose time, row or column is not known yet), `RESERVED`
            and `SYSTEM` (words) and `FALSE_TIMES` count up.
        blocks: From `new_blocks`, to work in; nothing is kept there.
    """
    words = data[start : start + (data.size - start) // 2 * 2].view(np.uint16)
    count = (stop - start) // 2
    base, low, reference, carry = state[BASE], state[LOW], state[REFERENCE], state[CARRY]
    row, column, on = state[ROW] << 16, state[COLUMN], state[ON] << 32
    t = base + (carry << 12) + low
    unknown_row = UNKNOWN_ROW << 16
    plain_until = 0
    found, edges = 0, 0
    most_events, most_triggers = events.size // 2 - MARGIN, triggers.size // 2
    i = 0
    while i < count and found <= most_events and edges < most_triggers:
        if i >= plain_until and base >= 0 and carry == 0 and row != unknown_row:
            first = i
            i, found, low, reference, row = _decode_blocks(
                words, i, count, events, found, base, low, reference, row, blocks
            )
            t = base + low
            plain_until = i + (1 if i - first >= FEW_WORDS else WORDS)
            continue
        word = np.int64(words[i])
        kind, value = word >> 12, word & 0xFFF
        if kind == 2:
            if base < 0 or row == unknown_row:
                state[ORPHANS] += 1
            else:
                events[2 * found] = t
                events[2 * found + 1] = (word & 0x7FF) | row | ((word & 0x800) << 21)
                found += 1
        elif kind == 0:
            row = (word & 0x7FF) << 16
        elif kind == 6:
            fall = reference - value
            if fall > 2048:
                carry = 1
            elif fall < -2048:
                carry = 0
            low = reference = value
            t = base + (carry << 12) + low
        elif kind == 8:
            following = next_base(words, i, base)
            state[FALSE_TIMES] += following == base and ((base >> 12) & 0xFFF) != value
            if following != base:
                base = following
                reference = 0
            carry = 0
            t = base + low
        elif kind == 3:
            column, on = word & 0x7FF, (word & 0x800) << 21
        elif 4 <= kind <= 5:
            pixels = 12 if kind == 4 else 8
            valid = np.uint64(value & ((1 << pixels) - 1))
            if base < 0 or row == unknown_row or column >= UNKNOWN_COLUMN:
                state[ORPHANS] += np.int64(bits_set(valid))
                valid = np.uint64(0)
            place = found
            found += int(bits_set(valid))
            while place < found:
                for _ in range(4):
                    events[2 * place] = t
                    pixel = column + np.int64(trailing_zeros(valid))
                    events[2 * place + 1] = pixel | row | on
                    valid &= valid - np.uint64(1)
                    place += 1
            column = min(column + pixels, UNKNOWN_COLUMN)
        elif kind == 10:
            if base >= 0:
                triggers[2 * edges] = t
                triggers[2 * edges + 1] = ((word >> 8) & 0xF) | ((word & 1) << 16)
                edges += 1
        elif kind == 7 or kind >= 14:
            state[SYSTEM] += 1
        else:
            state[RESERVED] += 1
        i += 1
    state[BASE], state[LOW], state[REFERENCE], state[CARRY] = base, low, reference, carry
    state[ROW], state[COLUMN], state[ON] = row >> 16, column, on >> 32
    state[EVENTS], state[TRIGGERS] = found, edges
    return start + 2 * i
