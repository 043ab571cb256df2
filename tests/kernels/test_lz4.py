"""The LZ4 decoder against the LZ4 library, and against input that no encoder writes."""

from __future__ import annotations

import struct

import lz4.frame
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventvision.core import EVENT_DTYPE
from eventvision.kernels.lz4 import CHECKSUM, decode_frame, decode_frames, decode_head
from eventvision.kernels.lz4_blocks import CORRUPT, OVERFLOW, TRUNCATED
from eventvision.kernels.xxh32 import xxh32

CANARY = 0xA5
GAP = 64


def decoded(frames: list[bytes], rooms: list[int]) -> list[bytes | int]:
    """Decode frames to rooms of these sizes; check that nothing is written beside a room."""
    data = np.frombuffer(b"".join(frames) + bytes(GAP), np.uint8).copy()
    table, start, room = [], 0, GAP
    for frame, size in zip(frames, rooms, strict=True):
        table += [start, start + len(frame), room, room + size]
        start, room = start + len(frame), room + size + GAP
    out = np.full(room, CANARY, np.uint8)
    places, codes = np.array(table, np.int64), np.empty(len(frames), np.int64)
    decode_frames(data, places, len(frames), out, codes)
    outside = np.ones(out.size, bool)
    results: list[bytes | int] = []
    for code, first, last in zip(codes, table[2::4], table[3::4], strict=True):
        outside[first:last] = False
        results.append(out[first : first + code].tobytes() if code >= 0 else int(code))
    assert (out[outside] == CANARY).all()
    return results


def events(count: int, seed: int) -> bytes:
    rng = np.random.default_rng(seed)
    rows = np.zeros(count, EVENT_DTYPE)
    rows["t"] = 10**9 + np.cumsum(rng.integers(0, 5, count))
    rows["x"], rows["y"] = rng.integers(0, 346, count), rng.integers(0, 60, count)
    rows["on"] = rng.random(count) < 0.5
    return rows.tobytes()


CONTENTS = {
    "empty": b"",
    "one byte": b"x",
    "zeros": bytes(300_000),
    "period 3": b"abc" * 50_000,
    "period 15": bytes(range(15)) * 9_000,
    "noise": np.random.default_rng(0).bytes(200_000),
    "events": events(20_000, 0),
    "noise, then events, then zeros": np.random.default_rng(1).bytes(70_001)
    + events(9_000, 1)
    + bytes(70_003),
}
OPTIONS = {
    "plain": {},
    "independent blocks": {"block_linked": False},
    "all checksums": {"content_checksum": True, "block_checksum": True},
    "content size": {"store_size": True},
    "high, large blocks": {"compression_level": 9, "block_size": lz4.frame.BLOCKSIZE_MAX4MB},
    "fast, small blocks": {"compression_level": -5, "block_size": lz4.frame.BLOCKSIZE_MAX64KB},
}


@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS.keys())
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS.keys())
def test_a_frame_decodes_to_what_was_compressed(content, options):
    frame = lz4.frame.compress(content, **{"store_size": False, **options})
    assert decoded([frame], [len(content)]) == [content]
    assert decoded([frame], [len(content) + 100]) == [content]


@pytest.mark.parametrize("count", [2, 3, 9, 20])
def test_frames_decoded_together_do_not_disturb_one_another(count):
    contents = [events(100 + 700 * (n % 4), n) + bytes(n * n) for n in range(count)]
    frames = [
        lz4.frame.compress(content, content_checksum=True, block_checksum=n % 2 == 0)
        for n, content in enumerate(contents)
    ]
    frames[1] = frames[1][:-10]
    contents[1] = TRUNCATED
    assert decoded(frames, [60_000] * count) == contents


pieces = st.one_of(
    st.binary(max_size=60),
    st.builds(
        lambda unit, times: unit * times, st.binary(min_size=1, max_size=20), st.integers(0, 40)
    ),
    st.builds(events, st.integers(0, 60), st.integers(0, 9)),
)


@settings(deadline=None, max_examples=150)
@given(
    st.lists(st.lists(pieces, max_size=6).map(b"".join), min_size=1, max_size=4),
    st.integers(-3, 9),
    st.booleans(),
)
def test_any_contents_come_back_as_they_were(contents, level, checksums):
    frames = [
        lz4.frame.compress(
            content,
            compression_level=level,
            content_checksum=checksums,
            block_checksum=checksums,
            store_size=checksums,
        )
        for content in contents
    ]
    assert decoded(frames, [len(content) for content in contents]) == contents


def plain_block(block: bytes, room: int) -> bytes | int:
    """Decode a block by the letter of the format."""
    out, at = bytearray(), 0

    def length(short: int) -> int:
        nonlocal at
        total = short
        while short == 15:
            total += block[at]
            at += 1
            if block[at - 1] != 255:
                break
        return total

    try:
        while True:
            token = block[at]
            at += 1
            literals = length(token >> 4)
            if literals > len(block) - at:
                return CORRUPT
            out += block[at : at + literals]
            at += literals
            if len(out) > room:
                return OVERFLOW
            if at == len(block):
                return bytes(out)
            offset = block[at] | block[at + 1] << 8
            at += 2
            match = 4 + length(token & 15)
            if not 0 < offset <= len(out):
                return CORRUPT
            if len(out) + match > room:
                return OVERFLOW
            for _ in range(match):
                out.append(out[-offset])
    except IndexError:
        return CORRUPT


tokens = st.builds(
    lambda literals, match, offset: (
        bytes([len(literals) << 4 | match]) + literals + struct.pack("<H", offset)
    ),
    st.binary(max_size=14),
    st.integers(0, 14),
    st.one_of(st.sampled_from([1, 4, 8, 15, 16, 17]), st.integers(0, 600)),
)
likely_blocks = st.builds(
    lambda start, middle, end: b"\xf0\x05" + start + b"\1\0" + b"".join(middle) + end,
    st.binary(min_size=20, max_size=20),
    st.lists(tokens, max_size=60),
    st.sampled_from([b"\0", b"\x50abcde", b""]),
)


@settings(deadline=None, max_examples=300)
@given(st.one_of(st.binary(min_size=1, max_size=400), likely_blocks), st.integers(0, 1500))
def test_a_block_of_any_bytes_decodes_by_the_letter_of_the_format(block, room):
    good = lz4.frame.compress(CONTENTS["events"][:4000])
    found = decoded([frame_of([(block, False)]), good], [room, 4000])
    assert found == [plain_block(block, room), CONTENTS["events"][:4000]]


@settings(deadline=None, max_examples=200)
@given(st.data())
def test_a_changed_byte_is_noticed_where_there_are_checksums(data):
    content = events(data.draw(st.integers(1, 300)), 3)
    frame = bytearray(lz4.frame.compress(content, content_checksum=True, block_checksum=True))
    place = data.draw(st.integers(4, len(frame) - 1))
    frame[place] ^= data.draw(st.integers(1, 255))
    result = decoded([bytes(frame)], [len(content)])[0]
    assert result == content or isinstance(result, int)


def test_a_frame_cut_anywhere_is_refused():
    content = events(200, 4)
    frame = lz4.frame.compress(content, content_checksum=True, block_checksum=True)
    cuts = [frame[:length] for length in range(len(frame))]
    found = decoded(cuts, [len(content)] * len(cuts))
    assert all(code in {TRUNCATED, CORRUPT} for code in found)


def header(flags: int = 0x60, size_code: int = 0x40, extra: bytes = b"") -> bytes:
    descriptor = bytes([flags, size_code]) + extra
    digest = int(xxh32(np.frombuffer(descriptor, np.uint8), 0, len(descriptor)))
    return struct.pack("<I", 0x184D2204) + descriptor + bytes([digest >> 8 & 255])


def frame_of(blocks: list[tuple[bytes, bool]], **options: object) -> bytes:
    parts = [struct.pack("<I", len(block) | (stored << 31)) + block for block, stored in blocks]
    return header(**options) + b"".join(parts) + bytes(4)


EMPTY_BLOCK = b"\x00"
HOSTILE = {
    "wrong magic": (b"\x05" + frame_of([])[1:], CORRUPT),
    "wrong version": (frame_of([], flags=0xA0), CORRUPT),
    "reserved flag": (frame_of([], flags=0x62), CORRUPT),
    "reserved block size bits": (frame_of([], size_code=0x41), CORRUPT),
    "block size too small": (frame_of([], size_code=0x30), CORRUPT),
    "wrong header checksum": (header()[:6] + b"\x00" + bytes(4), CHECKSUM),
    "a dictionary": (frame_of([], flags=0x61, extra=b"\x01\0\0\0"), CORRUPT),
    "negative content size": (frame_of([], flags=0x68, extra=b"\xff" * 8), CORRUPT),
    "other content size": (frame_of([], flags=0x68, extra=b"\1" + bytes(7)), CORRUPT),
    "block above the largest": (frame_of([(bytes(65_537), True)]), CORRUPT),
    "block beyond the end": (header() + b"\x00\x40\0\0" + bytes(100), TRUNCATED),
    "offset of zero": (frame_of([(b"\x10x\0\0\0", False)]), CORRUPT),
    "offset before the beginning": (frame_of([(b"\x10x\2\0\0", False)]), CORRUPT),
    "offset into another block": (
        frame_of([(b"abcdefgh", True), (b"\x04\4\0\x50abcde", False)]),
        CORRUPT,
    ),
    "length without an end": (frame_of([(b"\xf0" + b"\xff" * 50, False)]), CORRUPT),
    "literals beyond the block": (frame_of([(b"\xe0abc", False)]), CORRUPT),
    "half an offset": (frame_of([(b"\x10x\1", False)]), CORRUPT),
    "match without literals after it": (frame_of([(b"\x10x\1\0", False)]), CORRUPT),
    "literals beyond the room": (frame_of([(b"\xf0\x86" + bytes(149), False)]), OVERFLOW),
    "stored beyond the room": (frame_of([(bytes(101), True)]), OVERFLOW),
    "match beyond the room": (frame_of([(b"\x1fx\1\0" + b"\xff" * 9 + b"\0\0", False)]), OVERFLOW),
    "giant match": (frame_of([(b"\x1fx\1\0" + b"\xff" * 60_000 + b"\0\0", False)]), OVERFLOW),
    "no byte": (b"", TRUNCATED),
}


@pytest.mark.parametrize(("frame", "code"), HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_frame_is_refused_without_harm(frame, code):
    assert decoded([frame, frame_of([(b"good", True)]), frame], [100, 4, 100]) == [
        code,
        b"good",
        code,
    ]


def test_a_match_may_reach_into_the_block_before_in_linked_frames_only():
    blocks = [(b"abcdefgh", True), (b"\x04\4\0\x50abcde", False)]
    assert decoded([frame_of(blocks, flags=0x40)], [100]) == [b"abcdefgh" + b"efghefgh" + b"abcde"]


@pytest.mark.parametrize("blocks", [1, 3, 8, 9, 30])
def test_a_wrong_block_checksum_is_noticed_among_many(blocks):
    block = np.random.default_rng(2).bytes(2_000)
    digest = int(xxh32(np.frombuffer(block, np.uint8), 0, len(block)))
    one = struct.pack("<I", len(block) | 1 << 31) + block
    sums = [struct.pack("<I", digest)] * blocks
    good = header(0x70) + b"".join(one + each for each in sums) + bytes(4)
    sums[0] = struct.pack("<I", digest ^ 1)
    bad = header(0x70) + b"".join(one + each for each in sums) + bytes(4)
    assert decoded([good, bad, good], [2_000 * blocks] * 3) == [
        block * blocks,
        CHECKSUM,
        block * blocks,
    ]


def test_the_end_of_a_frame_is_told_where_more_follows():
    frame = lz4.frame.compress(b"hello " * 100)
    data = np.frombuffer(b"++" + frame + b"more", np.uint8)
    out = np.empty(600, np.uint8)
    assert decode_frame(data, 2, data.size, out) == (600, 2 + len(frame))


@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS.keys())
@pytest.mark.parametrize("size", [4, 64])
def test_the_beginning_of_a_frame_can_be_had_alone(content, size):
    frame = np.frombuffer(lz4.frame.compress(content), np.uint8)
    head = np.full(size + GAP, CANARY, np.uint8)
    found = decode_head(frame, 0, frame.size, head[:size])
    assert found == min(size, len(content))
    assert head[:found].tobytes() == content[:found]
    assert (head[size:] == CANARY).all()


@settings(deadline=None, max_examples=100)
@given(st.binary(max_size=100))
def test_the_beginning_of_a_hostile_block_stays_in_its_bounds(block):
    frame = np.frombuffer(frame_of([(block, False)]), np.uint8)
    head = np.full(64 + GAP, CANARY, np.uint8)
    assert 0 <= decode_head(frame, 0, frame.size, head[:64]) <= 64
    assert (head[64:] == CANARY).all()
