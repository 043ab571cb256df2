"""LZ4 blocks of event data, found by what is known of events instead of by search.

An event is two 64-bit words: a time, which shares its upper bytes with the time before it, 16 bytes
back; and a pixel with polarity, which either occurred lately or shares its upper bytes (row and
polarity) with one that did. So every event becomes two short sequences: the lower bytes that are
new, and a match for the rest. Any LZ4 decoder reads the result.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._jit import inline
from ._memory import copy_8, leading_zeros, load_64, store_u8, store_u16
from .lz4_blocks import copy_range

EVENT_BYTES = 16
MOST_EVENTS = 4096
"""Most events in a block: then an offset of 16 bits reaches from any to any."""

LOG_PLACES = 12
PLACES = 1 << LOG_PLACES
"""Entries of each memory of late events."""
MIX = 0x9E3779B97F4A7C15 - (1 << 64)
"""Odd number near 2^64 divided by the golden ratio; its products have well-mixed upper bits."""

SHORTEST_MATCH = 4
GROWTH = 22
"""Bytes that an event becomes at most: two sequences of 8 literals each."""
SLACK = 64


@inline
def _length(to: int, rest: int) -> int:
    """Write what does not fit a token of a length; return the address after it."""
    while rest >= 255:
        store_u8(to, 255)
        to += 1
        rest -= 255
    store_u8(to, rest)
    return to + 1


@inline
def _literals(to: int, source: int, count: int, match: int) -> int:
    """Write a token and literals, however many; return the address after them."""
    store_u8(to, min(count, 15) << 4 | match)
    to += 1
    if count >= 15:
        to = _length(to, count - 15)
    copy_range(to, source, count, count)
    return to + count


@inline
def _sequence(to: int, source: int, literals: int, match: int, offset: int) -> int:
    """Write a sequence with a match of at most 8 bytes; return the address after it."""
    if literals <= 8:
        store_u8(to, literals << 4 | (match - SHORTEST_MATCH))
        copy_8(to + 1, source)
        to += 1 + literals
    else:
        to = _literals(to, source, literals, match - SHORTEST_MATCH)
    store_u16(to, offset)
    return to + 2


@inline
def compress_events(content: int, head: int, count: int, to: int, late: NDArray[np.int32]) -> int:
    """Write a block that holds a head and events.

    Args:
        content: Address of the head, directly followed by the events.
        head: Bytes in the head.
        count: Number of events, 1 to `MOST_EVENTS`.
        to: Where to write; `head + GROWTH * count + SLACK` bytes suffice.
        late: Shape (2 * PLACES,): room for the places of late events by pixel and by row.

    Returns:
        The address after the block.
    """
    first = content + head
    last = first + EVENT_BYTES * (count - 1)
    late[:] = 0
    unwritten = content
    for at in range(first + EVENT_BYTES, last, EVENT_BYTES):
        same = leading_zeros(load_64(at) ^ load_64(at - EVENT_BYTES)) >> 3
        if same >= SHORTEST_MATCH:
            to = _sequence(to, unwritten, at + 8 - same - unwritten, same, EVENT_BYTES)
            unwritten = at + 8
        pixel, place = load_64(at + 8), at - first
        by_pixel = (pixel * MIX >> (64 - LOG_PLACES)) & (PLACES - 1)
        by_row = PLACES + (((pixel >> 15) ^ (pixel >> 32)) & (PLACES - 1))
        twin, neighbour = int(late[by_pixel]), int(late[by_row])
        late[by_pixel], late[by_row] = place, place
        alike_twin = leading_zeros(load_64(first + twin + 8) ^ pixel) >> 3
        alike_neighbour = leading_zeros(load_64(first + neighbour + 8) ^ pixel) >> 3
        # One maximum of pairs instead of a choice: half of the choices would be mispredicted.
        best = max(alike_twin << 16 | twin, alike_neighbour << 16 | neighbour)
        same, offset = best >> 16, place - (best & 0xFFFF)
        if same >= SHORTEST_MATCH:
            to = _sequence(to, unwritten, at + 16 - same - unwritten, same, offset)
            unwritten = at + 16
    return _literals(to, unwritten, last + EVENT_BYTES - unwritten, 0)
