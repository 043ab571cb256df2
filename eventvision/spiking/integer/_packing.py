"""Small weights packed into bytes: two of 4 bits or four of 2 bits, the first one lowest."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def pack_weights(weights: NDArray[np.int8], bits: int) -> NDArray[np.uint8]:
    """Pack weights in the order of their array; what is missing in the last byte is zero.

    Args:
        weights: Any shape; each fits in `bits` bits of two's complement.
        bits: 8, 4 or 2.

    Returns:
        Shape (bytes,).
    """
    flat = weights.reshape(-1).view(np.uint8)
    if bits == 8:
        return flat.copy()
    per_byte = 8 // bits
    padded = np.zeros(packed_size(flat.size, bits) * per_byte, np.uint8)
    padded[: flat.size] = flat & (2**bits - 1)
    shifts = np.arange(per_byte, dtype=np.uint8) * np.uint8(bits)
    packed: NDArray[np.uint8] = np.bitwise_or.reduce(padded.reshape(-1, per_byte) << shifts, axis=1)
    return packed


def unpack_weights(packed: NDArray[np.uint8], count: int, bits: int) -> NDArray[np.int8]:
    """Return the first `count` weights that `pack_weights` packed, shape (count,)."""
    if bits == 8:
        return packed[:count].view(np.int8).copy()
    shifts = np.arange(8 // bits, dtype=np.uint8) * np.uint8(bits)
    fields = (packed[:, None] >> shifts).reshape(-1)[:count]
    unused = np.uint8(8 - bits)
    return (fields << unused).view(np.int8) >> unused.view(np.int8)


def packed_size(count: int, bits: int) -> int:
    """Return how many bytes so many weights take."""
    return -(-count * bits // 8)
