"""The hash of LZ4 against its plain definition and published values."""

from __future__ import annotations

import numpy as np
import pytest

from eventvision.kernels._jit import kernel
from eventvision.kernels._memory import address_of
from eventvision.kernels.xxh32 import RANGES, hash_ranges, xxh32

P1, P2, P3, P4, P5 = 2654435761, 2246822519, 3266489917, 668265263, 374761393
M = 0xFFFFFFFF
DATA = np.random.default_rng(1).integers(0, 256, 5000, dtype=np.uint8)


def rotated(value: int, bits: int) -> int:
    return ((value << bits) | (value >> (32 - bits))) & M


def plain_xxh32(data: bytes) -> int:
    at = 0
    digest = P5
    if len(data) >= 16:
        lanes = [(P1 + P2) & M, P2, 0, -P1 & M]
        while at + 16 <= len(data):
            for lane in range(4):
                word = int.from_bytes(data[at + 4 * lane : at + 4 * lane + 4], "little")
                lanes[lane] = rotated((lanes[lane] + word * P2) & M, 13) * P1 & M
            at += 16
        digest = sum(rotated(lane, n) for lane, n in zip(lanes, (1, 7, 12, 18), strict=True)) & M
    digest = (digest + len(data)) & M
    while at + 4 <= len(data):
        word = int.from_bytes(data[at : at + 4], "little")
        digest = rotated((digest + word * P3) & M, 17) * P4 & M
        at += 4
    for byte in data[at:]:
        digest = rotated((digest + byte * P5) & M, 11) * P1 & M
    digest = (digest ^ digest >> 15) * P2 & M
    digest = (digest ^ digest >> 13) * P3 & M
    return digest ^ digest >> 16


@pytest.mark.parametrize(
    ("text", "digest"), [(b"", 0x02CC5D05), (b"a", 0x550D7456), (b"abc", 0x32D153FF)]
)
def test_the_hash_has_its_published_values(text, digest):
    assert xxh32(np.frombuffer(b"." + text + b".", np.uint8), 1, 1 + len(text)) == digest


@pytest.mark.parametrize("length", [0, 1, 3, 4, 15, 16, 17, 31, 32, 63, 64, 1000, 4097])
def test_a_range_of_any_length_hashes_like_the_definition(length):
    assert xxh32(DATA, 3, 3 + length) == plain_xxh32(DATA[3 : 3 + length].tobytes())


@kernel
def hashes_of(data, starts, lengths):
    ranges = np.empty(3 * RANGES, np.int64)
    for index in range(RANGES):
        ranges[index] = address_of(data) + starts[index]
        ranges[RANGES + index] = lengths[index]
    hash_ranges(ranges, 0)
    return ranges[2 * RANGES :]


@pytest.mark.parametrize(
    "lengths",
    [[640] * RANGES, list(range(RANGES)), [15, *[2000] * (RANGES - 1)], [0] * RANGES],
    ids=["equal", "short", "one short", "empty"],
)
def test_ranges_side_by_side_hash_like_each_alone(lengths):
    starts = np.arange(RANGES) * 7
    found = hashes_of(DATA, starts, np.array(lengths))
    alone = [xxh32(DATA, start, start + n) for start, n in zip(starts, lengths, strict=True)]
    assert found.tolist() == alone
