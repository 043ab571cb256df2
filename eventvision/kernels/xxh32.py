"""The 32-bit xxHash, the checksum of LZ4 frames, with seed 0.

Four accumulators each take a 32-bit word of every 16 bytes (multiply, rotate, multiply), are
merged, the length is added, and what is left of the input follows word by word, byte by byte.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._jit import inline, kernel

PRIME_1, PRIME_2, PRIME_3 = np.uint32(2654435761), np.uint32(2246822519), np.uint32(3266489917)
PRIME_4, PRIME_5 = np.uint32(668265263), np.uint32(374761393)


@inline
def read_u32(data: NDArray[np.uint8], at: int) -> np.uint32:
    """Return the little-endian word at `at`; the caller has checked the bounds."""
    return np.uint32(
        np.uint32(data[at])
        | np.uint32(data[at + 1]) << np.uint32(8)
        | np.uint32(data[at + 2]) << np.uint32(16)
        | np.uint32(data[at + 3]) << np.uint32(24)
    )


@inline
def _rotate(value: np.uint32, bits: int) -> np.uint32:
    return np.uint32(value << np.uint32(bits)) | np.uint32(value >> np.uint32(32 - bits))


@inline
def _round(accumulator: np.uint32, word: np.uint32) -> np.uint32:
    return np.uint32(_rotate(np.uint32(accumulator + word * PRIME_2), 13) * PRIME_1)


@kernel
def xxh32(data: NDArray[np.uint8], start: int, end: int) -> np.uint32:
    """Return the hash of `data[start:end]`; the caller has checked the bounds."""
    at = start
    if end - start >= 16:
        a = np.uint32(PRIME_1 + PRIME_2)
        b = PRIME_2
        c = np.uint32(0)
        d = np.uint32(np.uint32(0) - PRIME_1)
        while at + 16 <= end:
            a = _round(a, read_u32(data, at))
            b = _round(b, read_u32(data, at + 4))
            c = _round(c, read_u32(data, at + 8))
            d = _round(d, read_u32(data, at + 12))
            at += 16
        digest = np.uint32(_rotate(a, 1) + _rotate(b, 7) + _rotate(c, 12) + _rotate(d, 18))
    else:
        digest = PRIME_5
    digest = np.uint32(digest + np.uint32(end - start))
    while at + 4 <= end:
        digest = np.uint32(digest + read_u32(data, at) * PRIME_3)
        digest = np.uint32(_rotate(digest, 17) * PRIME_4)
        at += 4
    while at < end:
        digest = np.uint32(digest + np.uint32(data[at]) * PRIME_5)
        digest = np.uint32(_rotate(digest, 11) * PRIME_1)
        at += 1
    digest = np.uint32(np.uint32(digest ^ (digest >> np.uint32(15))) * PRIME_2)
    digest = np.uint32(np.uint32(digest ^ (digest >> np.uint32(13))) * PRIME_3)
    return np.uint32(digest ^ (digest >> np.uint32(16)))
