"""ECF chunks: every way of storing pixels, checked against an encoder of the same description."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventvision.core import EVENT_DTYPE
from eventvision.kernels.ecf import decode_ecf

MODES = {"all packed": 2, "columns packed": 1, "masked": 0}


def runs_of(values):
    runs = []
    for value in values:
        if runs and runs[-1][0] == value:
            runs[-1][1] += 1
        else:
            runs.append([value, 1])
    return runs


def encoded_times(times):
    out = bytearray(struct.pack("<q", times[0] if times else 0))
    previous = times[0] if times else 0
    for t, count in runs_of(times):
        step = t - previous
        previous = t
        if step >= 15:
            while step:
                out.append(0xF0 | (step & 15))
                step >>= 4
        out += bytes([step << 4 | min(count, 15)]) + (
            struct.pack("<H", count) if count >= 15 else b""
        )
    return bytes(out)


def encoded_rows(rows):
    out = b""
    for y, count in runs_of(rows):
        out += struct.pack("<H", y << 5 | min(count, 31))
        out += struct.pack("<H", count) if count >= 31 else b""
    return out


def encoded_masks(columns):
    out, i = b"", 0
    while i < len(columns):
        x, mask = columns[i], 0
        i += 1
        for right in range(1, 6):
            if i < len(columns) and columns[i] == x + right:
                mask |= 1 << (5 - right)
                i += 1
        out += struct.pack("<H", x << 5 | mask)
    return out


def encoded_polarities(polarities):
    out = b""
    for on, count in runs_of(polarities):
        out += bytes([on << 7 | min(count, 127)])
        out += struct.pack("<H", count) if count >= 127 else b""
    return out


def grouped(fields, bits):
    """Lay four fields of `bits` bits into three words of `bits` * 4 / 3, highest part first."""
    word_bits, code = bits * 4 // 3, {12: "<3H", 24: "<3I"}[bits]
    fields, out = [*fields, 0, 0, 0], b""
    for a, b, c, d in zip(*(fields[k::4] for k in range(4)), strict=False):
        all_bits = (
            a << (word_bits - bits) | b & ((1 << (word_bits - bits)) - 1),
            b >> (word_bits - bits) << (2 * (word_bits - bits))
            | c & ((1 << 2 * (word_bits - bits)) - 1),
            c >> (2 * (word_bits - bits)) << bits | d,
        )
        out += struct.pack(code, *all_bits)
    return out


def encode(events, mode):
    """Return a chunk; `mode` are the two flags of its header."""
    t, x, y, on = (events[name].astype(int).tolist() for name in ("t", "x", "y", "on"))
    out = struct.pack("<I", len(t) << 2 | mode) + encoded_times(t)
    pairs = list(zip(x, y, on, strict=True))
    if mode & 2:
        return out + grouped([y << 12 | x << 1 | p for x, y, p in pairs], 24)
    out += encoded_rows(y)
    if mode & 1:
        return out + grouped([x << 1 | p for x, _, p in pairs], 12)
    return out + encoded_masks(x) + encoded_polarities(on)


def decode(chunk, room=70_000):
    events = np.zeros(room, EVENT_DTYPE)
    count = decode_ecf(np.frombuffer(chunk, np.uint8), events.view(np.int64))
    return events[:count] if count >= 0 else None


@st.composite
def streams(draw):
    steps = st.sampled_from([0, 0, 0, 1, 14, 15, 16, 255, 2**20, 2**40])
    pixels = st.tuples(
        steps,
        st.sampled_from([0, 1, 2, 5, 1279, 2047]),
        st.sampled_from([0, 719, 2047]),
        st.booleans(),
    )
    drawn = draw(st.lists(st.tuples(pixels, st.sampled_from([1, 1, 1, 20, 140])), max_size=20))
    rows = [row for row, times in drawn for row in [row, *[(0, *row[1:])] * (times - 1)]]
    events = np.zeros(len(rows), EVENT_DTYPE)
    if rows:
        step, events["x"], events["y"], events["on"] = zip(*rows, strict=True)
        events["t"] = draw(st.sampled_from([0, 12_345, 2**45])) + np.cumsum(step)
    return events


@given(events=streams(), mode=st.sampled_from(sorted(MODES.values())))
@settings(max_examples=150, deadline=None)
def test_what_is_encoded_is_decoded(events, mode):
    assert np.array_equal(decode(encode(events, mode)), events)


def test_a_chunk_written_out_by_hand_is_decoded():
    chunk = bytes.fromhex(
        "10000000"  # four events, plain columns
        "6400000000000000"  # times count from 100
        "02"  # two events at 100
        "f1f231"  # 0x21 later and 3 more: one at 136
        "11"  # one at 137
        "6400"  # row 3: four events
        "f100"  # column 7, and by its mask 8 and 12
        "4001"  # column 10
        "8301"  # three brighter, one darker
    )
    assert decode(chunk).tolist() == [
        (100, 7, 3, True), (100, 8, 3, True), (136, 12, 3, True), (137, 10, 3, False)
    ]  # fmt: skip


def test_long_runs_use_their_wide_counts():
    events = np.zeros(65_535, EVENT_DTYPE)
    for mode in MODES.values():
        assert np.array_equal(decode(encode(events, mode)), events)


@pytest.mark.parametrize("mode", MODES.values(), ids=MODES)
def test_a_cut_chunk_is_refused_at_every_length(mode):
    events = np.zeros(40, EVENT_DTYPE)
    events["t"] = np.arange(40) * 20
    events["x"], events["y"], events["on"] = np.arange(40) * 3, np.arange(40) % 7, np.arange(40) % 2
    chunk = encode(events, mode)
    assert decode(chunk) is not None
    assert all(decode(chunk[:cut]) is None for cut in range(len(chunk)))


@pytest.mark.parametrize(
    ("chunk", "why"),
    [
        (struct.pack("<Iq", 100_000 << 2, 0) + bytes(100), "more events than fit"),
        (struct.pack("<Iq", 1 << 2, 0) + b"\xf1" * 40, "a step of more than 64 bits"),
        (struct.pack("<Iq", 1 << 2, 0) + b"\x02" + bytes(40), "a run beyond the end"),
        (struct.pack("<Iq", 1 << 2, 0) + bytes(40), "empty runs only"),
    ],
)
def test_contradictions_are_refused(chunk, why):
    assert decode(chunk) is None, why


def test_flipped_bytes_never_break_the_decoder():
    random = np.random.default_rng(1)
    events = np.zeros(300, EVENT_DTYPE)
    events["t"] = np.cumsum(random.integers(0, 30, 300))
    events["x"], events["y"] = random.integers(0, 1280, 300), random.integers(0, 720, 300)
    for mode in MODES.values():
        chunk = np.frombuffer(encode(events, mode), np.uint8)
        for _ in range(2000):
            bad = chunk.copy()
            bad[random.integers(0, bad.size, 3)] = random.integers(0, 256, 3)
            found = decode(bad.tobytes(), 400)
            assert found is None or found.size <= 400
