"""Vectors of small flatbuffer tables, such as IMU samples and triggers, as columns.

The flatbuffer's root table has one field, a vector of references to tables. Every table has a time
in its first field and numbers of one width in the others; an absent field means 0.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._jit import inline, kernel
from ._memory import address_of, load_64, load_u8, load_u16, load_u32

MALFORMED = -1
"""A reference points outside the flatbuffer, or it is of another kind."""


@inline
def _field(begin: int, size: int, table: int, number: int) -> int:
    """Return where a field lies, 0 if it is absent, -1 if a reference points outside."""
    if table < 0 or table + 4 > size:
        return MALFORMED
    back = load_u32(begin + table)
    vtable = table - back + ((back & 0x80000000) << 1)
    if vtable < 0 or vtable + 4 > size:
        return MALFORMED
    entry = 4 + 2 * number
    if entry + 2 > load_u16(begin + vtable):
        return 0
    if vtable + entry + 2 > size:
        return MALFORMED
    offset = load_u16(begin + vtable + entry)
    return table + offset if offset else 0


@kernel
def find_tables(buffer: NDArray[np.uint8], identifier: int) -> tuple[int, int]:
    """Find the vector of a flatbuffer of a kind.

    Args:
        buffer: The flatbuffer, its size in front.
        identifier: Its four letters as a little-endian word.

    Returns:
        Where the references begin and how many there are, or `MALFORMED` twice.
    """
    begin, size = address_of(buffer), buffer.size
    if size < 16 or load_u32(begin + 8) != identifier or load_u32(begin) + 4 > size:
        return MALFORMED, MALFORMED
    field = _field(begin, size, 4 + load_u32(begin + 4), 0)
    if field == 0:
        return 0, 0
    if field < 0 or field + 4 > size:
        return MALFORMED, MALFORMED
    vector = field + load_u32(begin + field)
    if vector + 4 > size:
        return MALFORMED, MALFORMED
    count = load_u32(begin + vector)
    if vector + 4 + 4 * count > size:
        return MALFORMED, MALFORMED
    return vector + 4, count


@kernel
def read_tables(
    buffer: NDArray[np.uint8],
    first: int,
    width: int,
    times: NDArray[np.int64],
    words: NDArray[np.uint32],
) -> bool:
    """Read tables that `find_tables` found.

    Args:
        buffer: The flatbuffer.
        first: Where the references begin.
        width: Bytes of a field, 1 or 4.
        times: Shape (N,): receives the first fields.
        words: Shape (N, F): receives the F fields after it, as bits.

    Returns:
        Whether all references point inside.
    """
    begin, size = address_of(buffer), buffer.size
    for row in range(times.size):
        place = first + 4 * row
        table = place + load_u32(begin + place)
        for number in range(1 + words.shape[1]):
            field = _field(begin, size, table, number)
            length = width if number else 8
            if field < 0 or field + length > size:
                return False
            if number == 0:
                times[row] = load_64(begin + field) if field else 0
            elif field == 0:
                words[row, number - 1] = 0
            else:
                value = load_u32(begin + field) if width == 4 else load_u8(begin + field)
                words[row, number - 1] = value
    return True
