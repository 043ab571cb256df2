"""Events copied from address to address, with clean padding and polarities 0 or 1."""

from __future__ import annotations

from ._event_moves import EVENTS_AT_ONCE, move_blocks
from ._jit import inline
from ._memory import load_64, store_64
from .guard import DOUBT_US

EVENT_BYTES = 16

PIXEL_AND_POLARITY = 0x1_FFFF_FFFF
"""What of an event's second word has a meaning."""

BLOCK_BYTES = EVENT_BYTES * EVENTS_AT_ONCE
_move_blocks = move_blocks(PIXEL_AND_POLARITY, DOUBT_US)


@inline
def copy_checked(
    source: int, to: int, count: int, before: int, last_column: int, last_row: int
) -> tuple[int, int]:
    """Do as `copy_clean`, to another place or closer to the beginning of the same memory.

    Args:
        source: Address to read from.
        to: Address to write to.
        count: How many events.
        before: Time that the first one must not precede.
        last_column: Largest x there may be.
        last_row: Largest y.

    Returns:
        A number that is negative if `guard.is_clean` would not hold, and the time of the last.
    """
    # Every rule is a difference that must not be negative, so that one sign bit tells of all.
    at, stop, signs = source, source + EVENT_BYTES * count, 0
    while at < stop:
        t, place = load_64(at), load_64(at + 8) & PIXEL_AND_POLARITY
        step = t - before
        signs |= t | step | DOUBT_US - step
        signs |= last_column - (place & 0xFFFF) | last_row - ((place >> 16) & 0xFFFF)
        store_64(to, t)
        store_64(to + 8, place)
        before, at, to = t, at + EVENT_BYTES, to + EVENT_BYTES
        if at == source + EVENT_BYTES:
            blocks = (stop - at) // BLOCK_BYTES
            before = load_64(at + BLOCK_BYTES * blocks - EVENT_BYTES)
            signs |= _move_blocks(to, at, blocks, last_column, last_row)
            at, to = at + BLOCK_BYTES * blocks, to + BLOCK_BYTES * blocks
    return signs, before


@inline
def copy_clean(source: int, to: int, count: int) -> None:
    """Copy events from one address to another, with zeros for padding and polarities 0 or 1."""
    for at in range(0, EVENT_BYTES * count, EVENT_BYTES):
        store_64(to + at, load_64(source + at))
        store_64(to + at + 8, load_64(source + at + 8) & PIXEL_AND_POLARITY)
