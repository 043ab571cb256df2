"""EVT2 and EVT2.1: words that each carry a whole event, or 32 neighbours of a row.

Bits 31..28 of an EVT2 word say what it is: 0 and 1 an OFF or ON event, 8 the upper 28 bits of the
time, 10 external trigger, 14 system event, 15 its continuation. Events and triggers carry the
lower 6 bits of their time; the 34 bits wrap after 4.8 hours. EVT2.1 has the same word as one half
of 64 bits; the other half is a mask of valid pixels, bit 0 at the column given. Sensors differ in
which half comes first: the upper one on IMX636 ("legacy"), the lower one elsewhere.

A TIME_HIGH that is contradicted by the next one is taken for damage and ignored.

Between two TIME_HIGH words all events differ from their words by the same sum, so runs of EVT2
events are converted as whole vectors.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._jit import inline, kernel
from .evt_bits import WORDS, bits_set, evt2_others, trailing_zeros

BASE, EVENTS, TRIGGERS, ORPHANS, RESERVED, FALSE_TIMES, SYSTEM = range(7)
STATE_WORDS = 7
MARGIN = 32
"""Places that a vector may write to."""

FEW_WORDS = 8
MOST_LOOKAHEAD_WORDS = 16_384
NEAR = 64

_MASK = (1 << 28) - 1

Words = NDArray[np.int64]


def new_state() -> Words:
    """Return the state at the beginning of a stream: no time known."""
    state = np.zeros(STATE_WORDS, np.int64)
    state[BASE] = -1
    return state


@inline
def _is_false(words: NDArray[np.uint32], at: int, step: int, high: int) -> bool:
    """Whether the TIME_HIGH at a place is contradicted by the next, which continues `high`."""
    value = np.int64(words[at]) & _MASK
    for i in range(at + step, min(at + MOST_LOOKAHEAD_WORDS, words.size), step):
        if words[i] >> 28 == 8:
            following = np.int64(words[i]) & _MASK
            return bool(((following - high) & _MASK) <= NEAR < ((following - value) & _MASK))
    return False


@inline
def next_base(words: NDArray[np.uint32], at: int, step: int, base: int) -> int:
    """Return the time that the TIME_HIGH word at a place stands for; `base` if it is false."""
    value = np.int64(words[at]) & _MASK
    if base < 0:
        return int(value << 6)
    high = (base >> 6) & _MASK
    if ((value - high) & _MASK) > NEAR and _is_false(words, at, step, high):
        return base
    wrapped = np.int64(value + (1 << 27) <= high)
    return int((((base >> 34) + wrapped) << 34) | (value << 6))


@inline
def _decode_run(
    words: NDArray[np.uint32], at: int, count: int, events: Words, found: int, base: int
) -> tuple[int, int]:
    """Convert EVT2 events up to the first other word; return new values of at and found.

    Stops also where fewer than 64 words or places are left.
    """
    most_found = events.size // 2 - WORDS
    run = WORDS
    while at + WORDS <= count and found <= most_found and run == WORDS:
        run = int(trailing_zeros(evt2_others(words, at)))
        # All 64 are converted; what lies past the run is overwritten by what follows it.
        for i in range(WORDS):
            word = np.int64(words[np.uint64(at) + np.uint64(i)])
            place = np.uint64(2 * (found + i))
            events[place] = base + ((word >> 22) & 0x3F)
            events[place + np.uint64(1)] = (
                ((word >> 11) & 0x7FF) | ((word & 0x7FF) << 16) | ((word >> 28) << 32)
            )
        at += run
        found += run
    return at, found


@kernel
def decode_evt2(
    data: NDArray[np.uint8],
    start: int,
    stop: int,
    events: Words,
    triggers: Words,
    state: Words,
    head: int,
) -> int:
    """Decode words until they end or an output is full; return where decoding should continue.

    Args:
        data: Bytes of the recording; words after `stop` are looked at, not decoded.
        start: Offset of the first word.
        stop: Offset at which to stop; the bytes of a cut last word are left.
        events: Shape (2 * N,), `EVENT_DTYPE` as 64-bit words; N above `MARGIN`.
        triggers: Shape (2 * M,), `TRIGGER_DTYPE` as 64-bit words; M at least 1.
        state: From `new_state`, kept between calls. `EVENTS` and `TRIGGERS` are set to how many
            were written; `ORPHANS` (events before the first TIME_HIGH), `RESERVED` and
            `SYSTEM` (words) and `FALSE_TIMES` count up.
        head: -1 for EVT2; for EVT2.1 which half of 64 bits is the word: 0 legacy, else 1.
    """
    words = data[start : start + (data.size - start) // 4 * 4].view(np.uint32)
    step = 1 if head < 0 else 2
    at, count = max(head, 0), (stop - start) // (4 * step) * step
    base = state[BASE]
    found, edges = 0, 0
    most_events, most_triggers = events.size // 2 - MARGIN, triggers.size // 2
    plain_until = 0
    while at < count and found <= most_events and edges < most_triggers:
        if head < 0 and at >= plain_until and base >= 0:
            first = at
            at, found = _decode_run(words, at, count, events, found, base)
            plain_until = at + (1 if at - first >= FEW_WORDS else 2 * FEW_WORDS)
            continue
        word = np.int64(words[at])
        kind = word >> 28
        if kind <= 1:
            t = base + ((word >> 22) & 0x3F)
            place = ((word >> 11) & 0x7FF) | ((word & 0x7FF) << 16) | (kind << 32)
            valid = np.uint64(1 if head < 0 else words[at ^ 1])
            if base < 0:
                state[ORPHANS] += np.int64(bits_set(valid))
                valid = np.uint64(0)
            while valid:
                events[2 * found] = t
                events[2 * found + 1] = place + np.int64(trailing_zeros(valid))
                valid &= valid - np.uint64(1)
                found += 1
        elif kind == 8:
            following = next_base(words, at, step, base)
            state[FALSE_TIMES] += following == base and ((base >> 6) & _MASK) != word & _MASK
            base = following
        elif kind == 10:
            if base >= 0:
                triggers[2 * edges] = base + ((word >> 22) & 0x3F)
                triggers[2 * edges + 1] = ((word >> 8) & 0x1F) | ((word & 1) << 16)
                edges += 1
        elif kind >= 14:
            state[SYSTEM] += 1
        else:
            state[RESERVED] += 1
        at += step
    state[BASE], state[EVENTS], state[TRIGGERS] = base, found, edges
    return start + 4 * (at - max(head, 0))
