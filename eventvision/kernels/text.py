"""Parses lines of text into events, straight from bytes.

Decimal numbers are gathered digit by digit into integers and scaled by powers of ten, so a time in
seconds becomes the nearest microsecond exactly, however many digits it has; binary floating point
never enters. A line is blank, a comment (`#` or `%` in front), an event, or bad.

It is one long function on purpose: numba counts references of arrays handed to helpers, in atomic
operations that together cost more than parsing does. The newline at the end of the text is the
sentinel that every inner loop stops at.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._jit import inline, kernel

SKIP, TIME, X, Y, POLARITY = range(5)
"""Roles of a column."""

POSITION, EVENTS, BAD_RUNS = 0, 1, 2
"""Places in the result: bytes consumed, events written, runs of bad lines found."""

OUTSIDE = 65_535
"""Written for a pixel that no sensor has."""

_TOKEN, _BLANK, _DELIMITER, _NEWLINE = range(4)
_END = 0x0A
_ONE = np.uint64(1)
"""Unsigned positions spare numba the test whether an index counts from the end."""
_KIND = np.full(256, _TOKEN, np.uint8)
_KIND[[0x20, 0x09, 0x0D]] = _BLANK
_KIND[[0x2C, 0x3B]] = _DELIMITER
_KIND[_END] = _NEWLINE

_HASH, _PERCENT, _PLUS, _MINUS, _POINT = 0x23, 0x25, 0x2B, 0x2D, 0x2E
_ZERO, _NINE, _LOWER, _A, _E, _Z = 0x30, 0x39, 0x20, 0x61, 0x65, 0x7A
_TRUE, _T = int.from_bytes(b"true", "big"), int.from_bytes(b"t", "big")
_FALSE, _F = int.from_bytes(b"false", "big"), int.from_bytes(b"f", "big")
_LONGEST_WORD = 1 << 40

_MOST_DIGITS = 10**17
_LARGE_EXPONENT = 1_000
_LARGEST = 2**62
_POWERS = np.array([10**power for power in range(19)], np.int64)


@inline
def _scaled(digits: np.int64, power: np.int64) -> np.int64:
    """Return digits * 10^power, rounded to nearest (half up), saturating."""
    if power == 0 or digits == 0:
        return digits
    if power > 0:
        if power > 18 or digits > _LARGEST // _POWERS[power]:
            return np.int64(_LARGEST)
        return np.int64(digits * _POWERS[power])
    if power < -18:
        return np.int64(0)
    divisor = _POWERS[-power]
    return np.int64((digits + divisor // 2) // divisor)


@inline
def _pixel(value: np.int64, negative: bool | np.bool_) -> np.int64:
    return np.int64(OUTSIDE) if value > OUTSIDE or (negative and value > 0) else value


@kernel
def parse_events(
    text: NDArray[np.uint8],
    roles: NDArray[np.int64],
    power: int,
    events: NDArray[np.void],
    bad: NDArray[np.int64],
    result: NDArray[np.int64],
) -> None:
    """Parse whole lines until the text, the room for events or that for bad lines ends.

    Args:
        text: Shape (bytes,); begins with a line and ends with a newline.
        roles: What each column of a line is, in their order; each line must have just these.
        power: Times are multiplied by this power of ten.
        events: Shape (N,), `EVENT_DTYPE`; overwritten from the start. A pixel beyond any sensor
            has the coordinate `OUTSIDE`.
        bad: Shape (M, 3); start, end and number of lines of each run of bad lines.
        result: Shape (3,); see `POSITION`, `EVENTS`, `BAD_RUNS`.
    """
    at, end, columns = np.uint64(0), np.uint64(text.size), roles.size
    found, runs, in_run = 0, 0, False
    while at < end and found < events.size:
        line = at
        while _KIND[text[at]] == _BLANK:
            at += _ONE
        if _KIND[text[at]] == _NEWLINE or text[at] == _HASH or text[at] == _PERCENT:
            while text[at] != _END:
                at += _ONE
            at += _ONE
            continue
        event = events[found]
        good = True
        for column in range(columns):
            role = roles[column]
            while _KIND[text[at]] == _BLANK:
                at += _ONE
            if role == SKIP:
                while _KIND[text[at]] == _TOKEN:
                    at += _ONE
            else:
                negative = text[at] == _MINUS
                if negative or text[at] == _PLUS:
                    at += _ONE
                digits, shift = np.int64(0), np.int64(0)
                first = at
                while _ZERO <= text[at] <= _NINE:
                    if digits < _MOST_DIGITS:
                        digits = digits * 10 + (np.int64(text[at]) - _ZERO)
                    else:
                        shift += 1
                    at += _ONE
                readable = bool(at > first)
                if text[at] == _POINT:
                    at += _ONE
                    first = at
                    while _ZERO <= text[at] <= _NINE:
                        if digits < _MOST_DIGITS:
                            digits = digits * 10 + (np.int64(text[at]) - _ZERO)
                            shift -= 1
                        at += _ONE
                    readable = readable or bool(at > first)
                if not readable and role == POLARITY:
                    word = np.int64(0)
                    while _A <= text[at] | _LOWER <= _Z and word < _LONGEST_WORD:
                        word = word << 8 | np.int64(text[at] | _LOWER)
                        at += _ONE
                    digits = np.int64(word in (_TRUE, _T))
                    readable = word in (_TRUE, _T, _FALSE, _F)
                elif text[at] | _LOWER == _E:
                    small = text[at + _ONE] == _MINUS
                    at += np.uint64(2) if small or text[at + _ONE] == _PLUS else _ONE
                    first, exponent = at, np.int64(0)
                    while _ZERO <= text[at] <= _NINE:
                        if exponent < _LARGE_EXPONENT:
                            exponent = exponent * 10 + (np.int64(text[at]) - _ZERO)
                        at += _ONE
                    readable = readable and bool(at > first)
                    shift += -exponent if small else exponent
                good = bool(readable and _KIND[text[at]] != _TOKEN)
                if role == TIME:
                    value = _scaled(digits, shift + power)
                    event["t"] = -value if negative else value
                else:
                    value = _scaled(digits, shift)
                    if role == X:
                        event["x"] = _pixel(value, negative)
                    elif role == Y:
                        event["y"] = _pixel(value, negative)
                    else:
                        good = good and bool(value <= 1)
                        event["on"] = value > 0 and not negative
                if not good:
                    break
            while _KIND[text[at]] == _BLANK:
                at += _ONE
            if _KIND[text[at]] == _DELIMITER:
                at += _ONE
        while _KIND[text[at]] == _BLANK:
            at += _ONE
        if good and text[at] == _END:
            at += _ONE
            found += 1
            in_run = False
            continue
        if not in_run and runs == bad.shape[0]:
            at = line
            break
        while text[at] != _END:
            at += _ONE
        at += _ONE
        if not in_run:
            bad[runs, 0], bad[runs, 2] = line, 0
            runs += 1
            in_run = True
        bad[runs - 1, 1] = at
        bad[runs - 1, 2] += 1
    result[POSITION], result[EVENTS], result[BAD_RUNS] = at, found, runs
