"""EVT words looked through without making events of them: what an index needs to know of a stretch.

A skim gets over words whose events all pass `guard.is_clean` as they are, and keeps the state that
decoding would have left behind. It stops in front of whatever it cannot vouch for: time that falls
or leaps, a pixel outside the sensor, reserved words, an event whose time is not known yet.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from . import evt2, evt3
from ._jit import inline, kernel
from .evt2 import NEAR
from .evt3 import UNKNOWN_COLUMN, UNKNOWN_ROW
from .evt_bits import WORDS, evt2_skimmed, evt3_skimmed, leading_zeros, trailing_zeros
from .guard import DOUBT_US

_HIGH_TIMES, _LOW_TIMES = (1 << 28) - 1, (1 << 6) - 1
_HALF = 1 << 27

Words = NDArray[np.int64]


@kernel
def skim_evt3(
    data: NDArray[np.uint8],
    start: int,
    stop: int,
    state: Words,
    last_us: int,
    width: int,
    height: int,
) -> tuple[int, int]:
    """Skim EVT3 words.

    Args:
        data: Bytes of the recording.
        start: Offset of the first word.
        stop: Offset at which to stop; a last odd byte is left.
        state: That of `evt3.decode_evt3`, kept between calls.
        last_us: Time of the last event.
        width: Columns of the sensor.
        height: Rows of the sensor.

    Returns:
        Offset reached, and the time of the last event before it.
    """
    words = data[start : start + (stop - start) // 2 * 2].view(np.uint16)
    base, low, reference = state[evt3.BASE], state[evt3.LOW], state[evt3.REFERENCE]
    row, column, on = state[evt3.ROW], state[evt3.COLUMN], state[evt3.ON]
    i = 0
    if (
        base < 0
        or row == UNKNOWN_ROW
        or state[evt3.CARRY] != 0
        or reference not in (low, 0)
        or base + reference < last_us
    ):
        return start, last_us
    one = np.uint64(1)
    while i < words.size:
        if reference == low and row < height and i + WORDS <= words.size:
            high_word = np.uint16(0x8000 | ((base >> 12) & 0xFFF))
            good, singles, rows, lows = evt3_skimmed(
                words, i, high_word, np.uint16(low), np.uint16(width), np.uint16(height)
            )
            count = trailing_zeros(~good)
            if count:
                if count < WORDS:
                    before = (one << count) - one
                    singles, rows, lows = singles & before, rows & before, lows & before
                seen_us = base + low
                if lows:
                    low = np.int64(words[_last(i, lows)]) & 0xFFF
                if singles:
                    if base + low - last_us > DOUBT_US:
                        break
                    last_us = seen_us
                    lows &= (one << (np.uint64(63) - leading_zeros(singles))) - one
                    if lows:
                        last_us = base + (np.int64(words[_last(i, lows)]) & 0xFFF)
                reference = low
                if rows:
                    row = np.int64(words[_last(i, rows)]) & 0x7FF
                i += int(np.int64(count))
                if count == WORDS:
                    continue
        word = np.int64(words[i])
        kind, value = word >> 12, word & 0xFFF
        if kind == 6:
            if value < reference:
                break
            low = reference = value
        elif kind == 8:
            ahead = (value - (base >> 12)) & 0xFFF
            if ahead > 1:
                break
            base += ahead << 12
            reference = 0 if ahead else reference
        elif kind == 0:
            row = value & 0x7FF
        elif kind == 3:
            column, on = value & 0x7FF, value >> 11
        elif kind == 2 or 4 <= kind <= 5:
            pixels = 1 if kind == 2 else 12 if kind == 4 else 8
            valid = np.uint64(1 if kind == 2 else value & ((1 << pixels) - 1))
            first = value & 0x7FF if kind == 2 else column
            if valid:
                t = base + low
                last = first + 63 - np.int64(leading_zeros(valid))
                if reference != low or t - last_us > DOUBT_US or last >= width or row >= height:
                    break
                last_us = t
            if kind != 2:
                column = min(column + pixels, UNKNOWN_COLUMN)
        elif kind == 7 or kind >= 14:
            state[evt3.SYSTEM] += 1
        elif kind != 10:
            break
        i += 1
    state[evt3.BASE], state[evt3.LOW], state[evt3.REFERENCE] = base, low, reference
    state[evt3.ROW], state[evt3.COLUMN], state[evt3.ON] = row, column, on
    return start + 2 * i, last_us


@kernel
def skim_evt2(
    data: NDArray[np.uint8],
    start: int,
    stop: int,
    state: Words,
    head: int,
    last_us: int,
    width: int,
    height: int,
) -> tuple[int, int]:
    """Skim EVT2 or EVT2.1 words; see `skim_evt3`.

    Args:
        data: Bytes of the recording.
        start: Offset of the first word.
        stop: Offset at which to stop; the bytes of a cut last word are left.
        state: That of `evt2.decode_evt2`, kept between calls.
        head: As for `evt2.decode_evt2`.
        last_us: Time of the last event.
        width: Columns of the sensor.
        height: Rows of the sensor.
    """
    step = 1 if head < 0 else 2
    words = data[start : start + (stop - start) // (4 * step) * (4 * step)].view(np.uint32)
    base = state[evt2.BASE]
    at = first_at = max(head, 0)
    if base < 0 or base + _LOW_TIMES < last_us:
        return start, last_us
    while at < words.size:
        if head < 0 and at + WORDS <= words.size:
            count, base_after, last_after = _skim_block(words, at, base, last_us, width, height)
            if last_after - last_us > DOUBT_US:
                break
            at, base, last_us = at + count, base_after, last_after
            if count == WORDS:
                continue
        word = np.int64(words[at])
        kind = word >> 28
        if kind <= 1:
            column = (word >> 11) & 0x7FF
            valid = np.uint64(1)
            if head >= 0:
                valid = np.uint64(words[at ^ 1])
                column += 63 - np.int64(leading_zeros(valid))
            if valid:
                t = base + ((word >> 22) & _LOW_TIMES)
                since = t - last_us
                # Every rule is a difference that must not be negative.
                signs = since | (DOUBT_US - since) | (width - 1 - column)
                if (signs | (height - 1 - (word & 0x7FF))) < 0:
                    break
                last_us = t
        elif kind == 8:
            ahead = _high_ahead(words[at], base)
            if ahead > NEAR and not (ahead < _HALF and _is_continued(words, at, step)):
                break
            base += ahead << 6
        elif kind >= 14:
            state[evt2.SYSTEM] += 1
        elif kind != 10:
            break
        at += step
    state[evt2.BASE] = base
    return start + 4 * (at - first_at), last_us


@inline
def _high_ahead(word: np.uint32, base: int) -> int:
    return int((np.int64(word) - (base >> 6)) & _HIGH_TIMES)


@inline
def _is_continued(words: NDArray[np.uint32], at: int, step: int) -> bool:
    """Whether the next TIME_HIGH, which must be at hand, goes on from the one at a place."""
    for i in range(at + step, words.size, step):
        if words[i] >> 28 == 8:
            return bool(_high_ahead(words[i], int(np.int64(words[at])) << 6) <= NEAR)
    return False


@inline
def _skim_block(
    words: NDArray[np.uint32], at: int, base: int, last_us: int, width: int, height: int
) -> tuple[int, int, int]:
    """Return how many of 64 EVT2 words are unremarkable, and the base and last time after them."""
    one = np.uint64(1)
    high_word = np.uint32(8 << 28 | ((base >> 6) & _HIGH_TIMES))
    good, events, highs = evt2_skimmed(
        words, at, high_word, np.uint16(max(last_us - base, 0)), np.uint32(width), np.uint32(height)
    )
    count = trailing_zeros(~good)
    if count < WORDS:
        before = (one << count) - one
        events, highs = events & before, highs & before
    after = base
    if highs:
        after += _high_ahead(words[_last(at, highs)], base) << 6
    if events:
        highs &= (one << (np.uint64(63) - leading_zeros(events))) - one
        t = base
        if highs:
            t += _high_ahead(words[_last(at, highs)], base) << 6
        last_us = int(t + ((np.int64(words[_last(at, events)]) >> 22) & _LOW_TIMES))
    return int(np.int64(count)), after, last_us


@inline
def _last(at: int, mask: np.uint64) -> np.uint64:
    """Return the place of the last word of a block that is in a mask."""
    return np.uint64(np.uint64(at) + np.uint64(63) - leading_zeros(mask))
