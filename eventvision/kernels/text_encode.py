"""Events as lines of text: `t x y p`, whole numbers in decimal, polarity 0 or 1.

One function on purpose, like its counterpart that parses: arrays handed to helpers cost more than
the formatting does.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._jit import kernel

LONGEST_LINE = 34
"""19 digits of the time, twice 5 of the pixel, a polarity, three separators, a line feed."""

_TEN = np.uint64(10)
_ONE = np.uint64(1)
_ZERO_DIGIT = np.uint64(48)


@kernel
def format_events(events: NDArray[np.int64], separator: int, text: NDArray[np.uint8]) -> int:
    """Write events as lines; return how many bytes.

    Args:
        events: Shape (2 * N,), `EVENT_DTYPE` as 64-bit words; times not negative.
        separator: Byte between numbers.
        text: Output, at least `LONGEST_LINE` bytes for each event.
    """
    at = np.uint64(0)
    for i in range(events.size // 2):
        place = np.uint64(events[np.uint64(2 * i + 1)])
        number = np.uint64(events[np.uint64(2 * i)])
        for column in range(3):
            after, power = at + _ONE, _TEN
            while number >= power:
                after += _ONE
                power *= _TEN
            back = after
            while back > at:
                back -= _ONE
                rest = number // _TEN
                text[back] = _ZERO_DIGIT + number - rest * _TEN
                number = rest
            text[after] = separator
            at = after + _ONE
            number = (place >> np.uint64(16 * column)) & np.uint64(0xFFFF)
        text[at] = _ZERO_DIGIT + ((place >> np.uint64(32)) & _ONE)
        text[at + _ONE] = 10
        at += np.uint64(2)
    return int(at)
