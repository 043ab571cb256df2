"""What the event encoder writes, read back by the LZ4 library."""

from __future__ import annotations

import struct

import lz4.frame
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from eventvision.core import EVENT_DTYPE
from eventvision.kernels.aedat4_encode import (
    CALL_EVENTS,
    CALL_PACKETS,
    PACKET_EVENTS,
    PACKET_ROOM,
    ROW_WORDS,
    encode_events,
)

CANARY = 0xA5
WORDS = hnp.arrays(np.int64, st.tuples(st.integers(1, 300), st.just(2)))


def encoded(words: np.ndarray, *, compressed: bool) -> tuple[bytes, np.ndarray]:
    out = np.full(CALL_PACKETS * PACKET_ROOM + 64, CANARY, np.uint8)
    rows = np.zeros((CALL_PACKETS, ROW_WORDS), np.int64)
    size, count = encode_events(words, 7, compressed, out[:-64], rows)
    assert (out[-64:] == CANARY).all()
    return out[:size].tobytes(), rows[:count]


def contents(words: np.ndarray, *, compressed: bool) -> list[bytes]:
    """Split what was written into packets by their headers; return the flatbuffers in them."""
    data, rows = encoded(words, compressed=compressed)
    found, at = [], 0
    for offset, size, count, first, last in rows:
        assert struct.unpack_from("<ii", data, at) == (7, size)
        assert offset == at + 8
        payload = data[offset : offset + size]
        content = lz4.frame.decompress(payload) if compressed else payload
        events = np.frombuffer(content[32:], np.int64).reshape(-1, 2)
        assert (len(events), events[0, 0], events[-1, 0]) == (count, first, last)
        found.append(content)
        at = offset + size
    assert at == len(data)
    return found


def clean(words: np.ndarray) -> bytes:
    return (words & np.array([-1, 0x1_FFFF_FFFF])).tobytes()


def moving_edge(count: int) -> np.ndarray:
    rng = np.random.default_rng(count)
    rows = np.zeros(count, EVENT_DTYPE)
    rows["t"] = 1_700_000_000_000_000 + np.cumsum(rng.integers(0, 4, count))
    rows["x"] = (rows["t"] // 1000 + rng.normal(0, 3, count)).astype(np.int64) % 640
    rows["y"], rows["on"] = rng.integers(0, 480, count), rng.random(count) < 0.5
    return rows.view(np.int64).reshape(-1, 2)


@pytest.mark.parametrize("compressed", [True, False])
@pytest.mark.parametrize("count", [1, 2, 3, PACKET_EVENTS, PACKET_EVENTS + 1, CALL_EVENTS])
def test_packets_hold_all_events_in_order(count, compressed):
    words = moving_edge(count)
    found = contents(words, compressed=compressed)
    assert b"".join(content[32:] for content in found) == clean(words)
    assert all(len(content) <= 32 + 16 * PACKET_EVENTS for content in found)


@settings(deadline=None, max_examples=150)
@given(WORDS)
def test_words_of_any_kind_come_back_with_clean_padding(words):
    assert b"".join(c[32:] for c in contents(words, compressed=True)) == clean(words)


@settings(deadline=None, max_examples=150)
@given(st.data())
def test_repeated_times_and_pixels_come_back(data):
    count = data.draw(st.integers(1, 500))
    few = st.sampled_from([0, 1, 255, 256, 65_536, 2**40, -1])
    words = data.draw(hnp.arrays(np.int64, (count, 2), elements=few))
    assert b"".join(c[32:] for c in contents(words, compressed=True)) == clean(words)


def test_incompressible_words_are_stored_as_they_are():
    words = np.random.default_rng(0).integers(-(2**63), 2**63 - 1, (5000, 2))
    words[:, 1] &= 0x1_FFFF_FFFF
    data, _ = encoded(words, compressed=True)
    assert len(data) <= 16 * len(words) + 200
    assert b"".join(c[32:] for c in contents(words, compressed=True)) == clean(words)


def test_events_take_less_than_nine_bytes():
    data, _ = encoded(moving_edge(CALL_EVENTS), compressed=True)
    assert len(data) < 9 * CALL_EVENTS


def test_the_flatbuffer_is_laid_out_as_others_do_it():
    content = contents(moving_edge(3), compressed=False)[0]
    assert content[:32] == bytes.fromhex(
        "4c00000010000000455654530000060008000400060000000400000003000000"
    )
