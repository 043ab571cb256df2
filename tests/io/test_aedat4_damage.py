"""Damaged AEDAT4 files: what is good comes back, what is not is told, nothing hangs."""

from __future__ import annotations

import itertools
import struct
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import lz4.frame
import numpy as np
import pytest

from eventvision.core import EVENT_DTYPE, DamageReport, Events, Packet, SensorSize
from eventvision.io import Aedat4Source
from eventvision.io._aedat4.writer import Aedat4Writer
from eventvision.io._zstd import zstd

SENSOR = SensorSize(346, 260)
PACKET = 500


def some_events(count: int, *, seed: int = 0, begin_us: int = 10**12) -> np.ndarray:
    rng = np.random.default_rng(seed)
    events = np.zeros(count, EVENT_DTYPE)
    events["t"] = begin_us + np.cumsum(rng.integers(0, 40, count))
    events["x"], events["y"] = rng.integers(0, 346, count), rng.integers(0, 260, count)
    events["on"] = rng.random(count) < 0.5
    return events


EVENTS = some_events(20 * PACKET)


@dataclass(frozen=True)
class Recording:
    """A file and where its packets lie."""

    data: bytes
    packets: list[tuple[int, int]]

    @property
    def body(self) -> tuple[int, int]:
        return self.packets[0][0], self.packets[-1][1]

    def packets_in(self, events: np.ndarray) -> set[int]:
        """Return which packets these events are; fail if they are not whole packets in order."""
        found, at = set(), 0
        for number in range(len(self.packets)):
            whole = EVENTS[PACKET * number : PACKET * (number + 1)]
            if np.array_equal(events[at : at + PACKET], whole):
                found.add(number)
                at += PACKET
        assert at == len(events)
        return found

    def packets_outside(self, places: list[int]) -> set[int]:
        """Return the packets in which none of these places lies."""
        return {
            number
            for number, (start, end) in enumerate(self.packets)
            if not any(start <= place < end for place in places)
        }

    def events_outside(self, places: list[int]) -> np.ndarray:
        """Return the events of all packets in which none of these places lies."""
        good = sorted(self.packets_outside(places))
        return np.concatenate([EVENTS[:0], *(EVENTS[PACKET * n : PACKET * (n + 1)] for n in good)])


def recorded(path: Path, *, killed: bool = False) -> Recording:
    """Record `EVENTS`, `PACKET` at a time; return the file, as it was before the end if killed."""
    writer = Aedat4Writer(path, SENSOR, camera="X")
    ends = [path.stat().st_size]
    for start in range(0, EVENTS.size, PACKET):
        writer.write(Packet(Events(EVENTS[start : start + PACKET], SENSOR)))
        ends.append(path.stat().st_size)
    before_close = path.read_bytes()
    writer.close()
    return Recording(before_close if killed else path.read_bytes(), list(itertools.pairwise(ends)))


@pytest.fixture
def file(tmp_path) -> Path:
    return tmp_path / "a.aedat4"


@pytest.fixture
def recording(tmp_path) -> Recording:
    return recorded(tmp_path / "whole.aedat4")


def read(file: Path, data: bytes | None = None, **options: int) -> tuple[np.ndarray, DamageReport]:
    if data is not None:
        file.write_bytes(data)
    source = Aedat4Source(file, **options)
    parts = [packet.events.data for packet in source]
    return np.concatenate([EVENTS[:0], *parts]), source.damage


def changed(data: bytes, place: int, new: bytes) -> bytes:
    return data[:place] + new + data[place + len(new) :]


def test_a_whole_file_has_no_damage(recording, file):
    events, damage = read(file, recording.data)
    np.testing.assert_array_equal(events, EVENTS)
    assert not damage


def test_a_cut_file_gives_all_packets_before_the_cut(recording, file):
    first, last = recording.body
    cuts = np.random.default_rng(0).integers(first, last, 60).tolist()
    ends = [end for _, end in recording.packets]
    for cut in [*cuts, *ends[:3], ends[0] + 1, ends[0] + 7, ends[0] + 19, ends[0] + 21, last - 1]:
        events, damage = read(file, recording.data[:cut])
        whole = sum(end <= cut for end in ends)
        np.testing.assert_array_equal(events, EVENTS[: PACKET * whole])
        assert set(damage.kinds) == {"truncated"}


@pytest.mark.parametrize("left", [0, 5, 40])
def test_a_file_cut_in_its_table_gives_everything_and_says_so(recording, file, left):
    cut = recording.body[1] + left
    events, damage = read(file, recording.data[:cut])
    np.testing.assert_array_equal(events, EVENTS)
    assert set(damage.kinds) == {"truncated"}


def test_a_file_whose_writer_was_killed_is_whole(file):
    recording = recorded(file, killed=True)
    events, damage = read(file, recording.data)
    np.testing.assert_array_equal(events, EVENTS)
    assert not damage
    assert recording.data[54:62] == b"\xff" * 8


@pytest.mark.parametrize("position", [0, 20, 700, 10**9, 2**62, -2, -(2**63)])
def test_a_table_position_that_points_nowhere_does_no_harm(recording, file, position):
    data = changed(recording.data, 54, struct.pack("<q", position))
    np.testing.assert_array_equal(read(file, data)[0], EVENTS)


@pytest.mark.parametrize("threads", [1, 2])
def test_flipped_bytes_cost_only_the_packets_they_lie_in(recording, file, threads):
    rng = np.random.default_rng(1)
    for count in (1, 2, 5, 12, 50):
        places = rng.integers(*recording.body, count).tolist()
        data = bytearray(recording.data)
        for place in places:
            data[place] ^= int(rng.integers(1, 256))
        events, damage = read(file, bytes(data), threads=threads)
        assert recording.packets_in(events) >= recording.packets_outside(places)
        assert damage or np.array_equal(events, EVENTS)
        assert all(item.byte_start is not None for item in damage.items)
        assert damage.kinds.keys() <= {"corrupt-packet", "corrupt-header", "truncated"}
        assert damage.events_skipped <= EVENTS.size - events.size


def test_every_flipped_bit_of_a_packet_is_noticed(recording, file):
    start, end = recording.packets[3]
    for place in (*range(start, start + 60), *range(end - 40, end), (start + end) // 2):
        data = bytearray(recording.data)
        data[place] ^= 1 << place % 8
        events, damage = read(file, bytes(data))
        assert damage or np.array_equal(events, EVENTS)
        assert recording.packets_in(events) >= recording.packets_outside([place])


@pytest.mark.parametrize("size", [0, 1, 11, 12, 100, 5000, 2**20, 2**28, 2**31 - 1, -1, -(2**31)])
@pytest.mark.parametrize("packet", [0, 7, 19])
def test_a_wrong_packet_size_costs_at_most_that_packet(recording, file, size, packet):
    data = changed(recording.data, recording.packets[packet][0] + 4, struct.pack("<i", size))
    events, damage = read(file, data)
    start = recording.packets[packet][0]
    assert recording.packets_in(events) >= recording.packets_outside([start])
    assert damage


@pytest.mark.parametrize("stream", [-1, 4, 1000, 2**31 - 1])
def test_an_unknown_stream_number_is_damage(recording, file, stream):
    start, end = recording.packets[5]
    events, damage = read(file, changed(recording.data, start, struct.pack("<i", stream)))
    np.testing.assert_array_equal(events, recording.events_outside([start]))
    assert [(d.byte_start, d.byte_end) for d in damage.items] == [(start, end)]


@pytest.mark.parametrize("length", [1, 3, 20, 5000, 2_000_000])
def test_garbage_between_packets_is_stepped_over(recording, file, length):
    garbage = np.random.default_rng(length).bytes(length)
    place = recording.packets[8][0]
    events, damage = read(file, recording.data[:place] + garbage + recording.data[place:])
    np.testing.assert_array_equal(events, EVENTS)
    assert [(d.byte_start, d.byte_end) for d in damage.items[:1]] == [(place, place + length)]


def test_a_missing_piece_costs_the_packets_that_it_touches(recording, file):
    hole = range(recording.packets[4][0] + 100, recording.packets[9][0] + 50)
    events, damage = read(file, recording.data[: hole.start] + recording.data[hole.stop :])
    np.testing.assert_array_equal(events, recording.events_outside(list(hole)))
    assert damage


def test_a_recording_appended_to_another_is_read_too(recording, tmp_path, file):
    later = some_events(3000, seed=5, begin_us=int(EVENTS["t"][-1]) + 100)
    writer = Aedat4Writer(tmp_path / "b.aedat4", SENSOR, camera="X")
    writer.write(Packet(Events(later, SENSOR)))
    writer.close()
    events, damage = read(file, recording.data + (tmp_path / "b.aedat4").read_bytes())
    np.testing.assert_array_equal(events, np.concatenate([EVENTS, later]))
    assert damage.kinds.get("spliced") == 1


# Packets built here, by encoders that are not ours.


def flatbuffer(events: np.ndarray) -> bytes:
    rows = np.zeros(events.size, EVENT_DTYPE)
    for name in ("t", "x", "y", "on"):
        rows[name] = events[name]
    head = struct.pack("<II4s2x3HiII", 28 + rows.nbytes, 16, b"EVTS", 6, 8, 4, 6, 4, rows.size)
    return head + rows.tobytes()


def packet(payload: bytes, stream: int = 0) -> bytes:
    return struct.pack("<ii", stream, len(payload)) + payload


WITHOUT_SIZE = {zstd.CompressionParameter.content_size_flag: 0}
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "NONE": lambda data: data,
    "LZ4": lz4.frame.compress,
    "LZ4_HIGH": lambda data: lz4.frame.compress(data, compression_level=9),
    "LZ4 with all checksums": lambda data: lz4.frame.compress(
        data, content_checksum=True, block_checksum=True, store_size=False
    ),
    "ZSTD": zstd.compress,
    "ZSTD_HIGH": lambda data: zstd.compress(data, level=19),
    "ZSTD without a size": lambda data: zstd.compress(data, options=WITHOUT_SIZE),
}


@pytest.mark.parametrize("pack", PACKERS.values(), ids=PACKERS.keys())
@pytest.mark.parametrize("threads", [1, 2])
def test_every_compression_is_read_whole_and_across_damage(file, pack, threads):
    recording = recorded(file, killed=True)
    head = recording.data[: recording.body[0]]
    parts = [EVENTS[: 8 * PACKET], EVENTS[8 * PACKET : 8 * PACKET + 1], EVENTS[8 * PACKET + 1 :]]
    packets = [packet(pack(flatbuffer(part))) for part in parts]
    options = {"threads": threads, "packet_events": 3000}
    events, _ = read(file, head + b"".join(packets), **options)
    np.testing.assert_array_equal(events, EVENTS)
    bad = changed(packets[1], 15, b"\x7f\x7f\x7f\x7f")
    events, damage = read(file, head + packets[0] + bad + packets[2], **options)
    np.testing.assert_array_equal(events, np.concatenate([parts[0], parts[2]]))
    assert damage.kinds.keys() <= {"corrupt-packet", "corrupt-header"}


def zstd_bomb() -> bytes:
    return zstd.compress(bytes(2**29), options=WITHOUT_SIZE)


HOSTILE_PAYLOADS = {
    "giant count": lz4.frame.compress(changed(flatbuffer(EVENTS[:9]), 28, b"\xff\xff\xff\x7f")),
    "giant flatbuffer": lz4.frame.compress(changed(flatbuffer(EVENTS[:9]), 0, b"\xff" * 4)),
    "root far outside": lz4.frame.compress(changed(flatbuffer(EVENTS[:9]), 4, b"\xff" * 4)),
    "vtable far outside": lz4.frame.compress(changed(flatbuffer(EVENTS[:9]), 20, b"\xff" * 4)),
    "vtable before the beginning": lz4.frame.compress(
        changed(flatbuffer(EVENTS[:9]), 20, struct.pack("<i", 1000))
    ),
    "vector far outside": lz4.frame.compress(changed(flatbuffer(EVENTS[:9]), 24, b"\xff" * 4)),
    "another kind": lz4.frame.compress(flatbuffer(EVENTS[:9]).replace(b"EVTS", b"IMUS")),
    "lz4 bomb": lz4.frame.compress(struct.pack("<II4s", 2**28 - 4, 16, b"EVTS") + bytes(2**20)),
    "zstd bomb": zstd_bomb(),
    "zstd that claims much": b"\x28\xb5\x2f\xfd\xe0" + struct.pack("<Q", 2**50) + bytes(50),
    "empty zstd": zstd.compress(b"").ljust(20, b"\0"),
    "uncompressed, giant count": changed(flatbuffer(EVENTS[:9]), 28, b"\xff\xff\xff\xff"),
}


@pytest.mark.parametrize("payload", HOSTILE_PAYLOADS.values(), ids=HOSTILE_PAYLOADS.keys())
@pytest.mark.parametrize("stream", [0, 1, 2, 3])
def test_a_hostile_payload_is_damage_and_nothing_more(recording, file, payload, stream):
    start = recording.packets[10][0]
    data = recording.data[:start] + packet(payload, stream) + recording.data[start:]
    file.write_bytes(data)
    tracemalloc.start()
    events, damage = read(file)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    np.testing.assert_array_equal(events, EVENTS)
    assert damage
    assert most < 2**29


@pytest.mark.parametrize("seed", range(4))
def test_flipped_bytes_of_a_real_recording_neither_hang_nor_crash(shared_recordings, file, seed):
    data = bytearray((shared_recordings / "aedat4" / "road_davis346.aedat4").read_bytes())
    rng = np.random.default_rng(seed)
    for place in rng.integers(3200, len(data), 50):
        data[place] ^= int(rng.integers(1, 256))
    events, damage = read(file, bytes(data))
    assert damage
    assert len(events) > 4000
    assert (np.diff(events["t"]) >= 0).all()
