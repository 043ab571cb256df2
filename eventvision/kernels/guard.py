"""Checks of an event stream: a fast pass that says whether all is well, and one that mends.

Both look at events as pairs of 64-bit words, `data.view(np.int64).reshape(-1, 2)`: the time, and
x, y and polarity in the lower bytes of the second. The rules are those of `io.StreamGuard`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._event_moves import EVENTS_AT_ONCE, check_blocks
from ._jit import inline, kernel
from ._memory import address_of

JITTER_US = 1_000
DOUBT_US = 1_000_000
LONGEST_GAP_US = 3_600_000_000
LATEST_US = 1 << 53
RUN_EVENTS = 64

STARTED, LAST, SHIFT, HELD, ABOVE, PEAK, PEAK_US, PEAK_PLACE = range(8)
STATE_WORDS = 8
OUTSIDE, NEGATIVE, BACKWARDS, MOVED, MOST_MOVED_US, AHEAD, JUMPS, LARGEST_JUMP_US = range(8)
COUNTS = 8

Words = NDArray[np.int64]

_check_blocks = check_blocks(DOUBT_US)


@kernel
def is_clean(words: Words, last_us: int, width: int, height: int) -> bool:
    """Return whether all events lie on the sensor, ordered, without gaps above `DOUBT_US`.

    Args:
        words: Shape (N, 2), N at least 1.
        last_us: Time that the first event must not precede.
        width: Columns of the sensor.
        height: Rows of the sensor.
    """
    last_column, last_row = width - 1, height - 1
    blocks = (words.shape[0] - 1) // EVENTS_AT_ONCE
    of_blocks = EVENTS_AT_ONCE * blocks
    signs = _check_blocks(address_of(words) + 16, blocks, last_column, last_row)
    before = np.int64(last_us)
    # Every rule is a difference that must not be negative, so that one sign bit tells of all.
    for i in range(words.shape[0] - of_blocks):
        at = i if i == 0 else of_blocks + i
        t, place = words[at, 0], words[at, 1]
        before = words[at - 1, 0] if at else before
        step = t - before
        signs |= t | step | DOUBT_US - step
        signs |= last_column - (place & 0xFFFF) | last_row - ((place >> 16) & 0xFFFF)
    return bool(signs >= 0 and words[-1, 0] <= LATEST_US)


@inline
def _drop_held(state: Words, counts: Words) -> None:
    counts[AHEAD if state[ABOVE] else BACKWARDS] += state[HELD]
    state[HELD] = 0


@inline
def _move(by_us: int, counts: Words) -> None:
    counts[MOVED] += 1
    counts[MOST_MOVED_US] = max(counts[MOST_MOVED_US], by_us)


@inline
def _settle_peak(t: int, out: Words, kept: int, state: Words, counts: Words) -> int:
    """Let the peak pass, unless the event after it, at `t`, goes on from the one before it."""
    peak = state[PEAK_US]
    state[PEAK] = 0
    if state[LAST] - JITTER_US <= t < peak - JITTER_US:
        counts[AHEAD] += 1
        return kept
    out[kept, 0] = peak + state[SHIFT]
    out[kept, 1] = state[PEAK_PLACE]
    state[LAST] = peak
    return kept + 1


@inline
def _accept_held(out: Words, kept: int, held: Words, state: Words, counts: Words) -> int:
    last = state[LAST]
    for i in range(state[HELD]):
        t = held[i, 0]
        gap = t - last
        if gap < 0 and i > 0:
            _move(-gap, counts)
            t = last
        elif not 0 <= gap <= LONGEST_GAP_US:
            state[SHIFT] += 1 - gap
            counts[JUMPS] += 1
            counts[LARGEST_JUMP_US] = max(counts[LARGEST_JUMP_US], abs(gap))
        out[kept, 0] = t + state[SHIFT]
        out[kept, 1] = held[i, 1]
        kept += 1
        last = t
    state[LAST] = last
    state[HELD] = 0
    return kept


@kernel
def mend(
    words: Words, out: Words, held: Words, state: Words, counts: Words, width: int, height: int
) -> int:
    """Write the events that may pass to `out` and return how many there are.

    Args:
        words: Shape (N, 2), the events as they came.
        out: Shape (N + RUN_EVENTS + 1, 2) or longer.
        held: Shape (RUN_EVENTS, 2), events in doubt; kept between calls.
        state: Shape (STATE_WORDS,); zeros before the first call, kept between calls.
        counts: Shape (COUNTS,); what was found is added.
        width: Columns of the sensor.
        height: Rows of the sensor.
    """
    kept = 0
    for i in range(words.shape[0]):
        t, place = words[i, 0], words[i, 1]
        if (place & 0xFFFF) >= width or ((place >> 16) & 0xFFFF) >= height:
            counts[OUTSIDE] += 1
            continue
        if t < 0:
            counts[NEGATIVE] += 1
            continue
        if t > LATEST_US:
            counts[AHEAD] += 1
            continue
        if state[STARTED] == 0:
            state[STARTED] = 1
            state[LAST] = t
        if state[PEAK]:
            kept = _settle_peak(t, out, kept, state, counts)
        ahead = t - state[LAST]
        if -JITTER_US <= ahead <= DOUBT_US:
            if state[HELD]:
                _drop_held(state, counts)
            if ahead > JITTER_US:
                state[PEAK], state[PEAK_US], state[PEAK_PLACE] = 1, t, place
                continue
            if ahead < 0:
                _move(-ahead, counts)
                t = state[LAST]
            state[LAST] = t
            out[kept, 0] = t + state[SHIFT]
            out[kept, 1] = place
            kept += 1
            continue
        above = np.int64(ahead > 0)
        if state[HELD] and (above != state[ABOVE] or t < held[state[HELD] - 1, 0] - JITTER_US):
            _drop_held(state, counts)
        state[ABOVE] = above
        held[state[HELD], 0] = t
        held[state[HELD], 1] = place
        state[HELD] += 1
        if state[HELD] == RUN_EVENTS:
            kept = _accept_held(out, kept, held, state, counts)
    return kept


@kernel
def settle(out: Words, held: Words, state: Words, counts: Words) -> int:
    """End all doubt: write held events that lie ahead to `out`, drop those that lie behind.

    A peak passes. Arguments are those of `mend`, which see; `out` has RUN_EVENTS rows or more.
    """
    kept = 0
    if state[PEAK]:  # nothing is held then
        kept = _settle_peak(state[PEAK_US], out, 0, state, counts)
    if state[ABOVE]:
        return _accept_held(out, kept, held, state, counts)
    _drop_held(state, counts)
    return kept
