"""The 32-bit xxHash with seed 0, the checksum of LZ4 frames; one range or several at a time.

Four accumulators each take a 32-bit word of every 16 bytes (multiply, add, rotate, multiply), are
merged, the length is added, and what is left of the input follows word by word, byte by byte.
One range is a chain of dependent multiplications, which leaves a core mostly idle; several ranges
side by side are as many chains, four to a vector of 16 accumulators.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

from ._jit import inline, kernel
from ._memory import address_of, copy_16, load_u8, load_u32

PRIMES = (2654435761, 2246822519, 3266489917, 668265263, 374761393)
PRIME_1, PRIME_2, PRIME_3, PRIME_4, PRIME_5 = PRIMES
SEEDS = np.array([PRIME_1 + PRIME_2, PRIME_2, 0, -PRIME_1]).astype(np.uint32)
"""Accumulators at the start."""
WORD = 0xFFFFFFFF

STRIPE = 16
RANGES = 8
PER_VECTOR = 4


def _side_by_side() -> Callable[[int, int, int], None]:
    """Build `(accumulators, addresses, stripes)`: advance the accumulators of all ranges."""

    def advance(_context: Any, _accumulators: Any, _addresses: Any, _stripes: Any) -> Any:
        def generate(target: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            word, long = ir.IntType(32), ir.IntType(64)
            stripe_type, vector = ir.VectorType(word, 4), ir.VectorType(word, 4 * PER_VECTOR)

            def at(base: Any, offset: int) -> Any:
                return builder.add(base, ir.Constant(long, offset))

            def load(address: Any, kind: Any, align: int) -> Any:
                value = builder.load(builder.inttoptr(address, kind.as_pointer()))
                value.align = align
                return value

            def join(parts: list[Any]) -> Any:
                while len(parts) > 1:
                    lanes = 2 * parts[0].type.count
                    order = ir.Constant(ir.VectorType(word, lanes), list(range(lanes)))
                    pairs = zip(parts[::2], parts[1::2], strict=True)
                    parts = [builder.shuffle_vector(one, two, order) for one, two in pairs]
                return parts[0]

            def rounded(accumulators: Any, words: Any) -> Any:
                each = [ir.Constant(vector, [n] * 4 * PER_VECTOR) for n in (*PRIMES[:2], 13, 19)]
                mixed = builder.add(accumulators, builder.mul(words, each[1]))
                turned = builder.or_(builder.shl(mixed, each[2]), builder.lshr(mixed, each[3]))
                return builder.mul(turned, each[0])

            begins = [load(at(arguments[1], 8 * index), long, 8) for index in range(RANGES)]
            places = [at(arguments[0], 64 * index) for index in range(RANGES // PER_VECTOR)]
            allocate: Any = cgutils.alloca_once
            vectors = [allocate(builder, vector) for _ in places]
            for place, slot in zip(places, vectors, strict=True):
                builder.store(load(place, vector, 4), slot)
            with cgutils.for_range(builder, arguments[2]) as loop:
                done = builder.mul(loop.index, ir.Constant(long, STRIPE))
                stripes = [load(builder.add(one, done), stripe_type, 1) for one in begins]
                for index, slot in enumerate(vectors):
                    words = join(stripes[PER_VECTOR * index : PER_VECTOR * (index + 1)])
                    builder.store(rounded(builder.load(slot), words), slot)
            for place, slot in zip(places, vectors, strict=True):
                pointer = builder.inttoptr(place, vector.as_pointer())
                builder.store(builder.load(slot), pointer).align = 4
            return target.get_dummy_value()

        return types.none(types.int64, types.int64, types.int64), generate

    return cast("Callable[[int, int, int], None]", intrinsic(advance))


_advance = _side_by_side()


@inline
def _turned_times(value: int, bits: int, factor: int) -> int:
    """Return the lower 32 bits of `value`, rotated left, times a factor."""
    word = value & WORD
    return (((word << bits | word >> (32 - bits)) & WORD) * factor) & WORD


@inline
def _finish(state: int, address: int, done: int, length: int) -> int:
    """Return the hash of a range of which `done` bytes, whole stripes, were taken.

    Args:
        state: Address of the four accumulators, which are changed.
        address: Where the range begins.
        done: Bytes that were taken.
        length: Bytes in all.
    """
    at, end = address + done, address + length
    a, b, c, d = load_u32(state), load_u32(state + 4), load_u32(state + 8), load_u32(state + 12)
    while at + STRIPE <= end:
        a = _turned_times(a + load_u32(at) * PRIME_2, 13, PRIME_1)
        b = _turned_times(b + load_u32(at + 4) * PRIME_2, 13, PRIME_1)
        c = _turned_times(c + load_u32(at + 8) * PRIME_2, 13, PRIME_1)
        d = _turned_times(d + load_u32(at + 12) * PRIME_2, 13, PRIME_1)
        at += STRIPE
    digest = PRIME_5
    if length >= STRIPE:
        digest = _turned_times(a, 1, 1) + _turned_times(b, 7, 1)
        digest += _turned_times(c, 12, 1) + _turned_times(d, 18, 1)
    digest += length
    while at + 4 <= end:
        digest = _turned_times(digest + load_u32(at) * PRIME_3, 17, PRIME_4)
        at += 4
    while at < end:
        digest = _turned_times(digest + load_u8(at) * PRIME_5, 11, PRIME_1)
        at += 1
    digest &= WORD
    digest = ((digest ^ digest >> 15) * PRIME_2) & WORD
    digest = ((digest ^ digest >> 13) * PRIME_3) & WORD
    return digest ^ digest >> 16


@inline
def hash_range(address: int, length: int) -> int:
    """Return the hash of `length` bytes at an address."""
    return _finish(address_of(SEEDS), address, 0, length)


@inline
def hash_ranges(ranges: NDArray[np.int64], at: int) -> None:
    """Hash `RANGES` ranges; best where they are of about the same length.

    Args:
        ranges: From `at` on: their addresses, their lengths, and room for their hashes.
        at: Where they are.
    """
    accumulators, shortest = np.empty(4 * RANGES, np.uint32), ranges[at + RANGES]
    for index in range(RANGES):
        copy_16(address_of(accumulators) + 16 * index, address_of(SEEDS))
        shortest = min(shortest, ranges[at + RANGES + index])
    done = shortest // STRIPE * STRIPE
    _advance(address_of(accumulators), address_of(ranges) + 8 * at, done // STRIPE)
    for index in range(RANGES):
        state = address_of(accumulators) + 16 * index
        address, length = ranges[at + index], ranges[at + RANGES + index]
        ranges[at + 2 * RANGES + index] = _finish(state, address, done, length)


@kernel
def xxh32(data: NDArray[np.uint8], start: int, end: int) -> int:
    """Return the hash of `data[start:end]`; the caller has checked the bounds."""
    return hash_range(address_of(data) + start, end - start)
