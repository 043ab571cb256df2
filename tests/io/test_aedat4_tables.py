"""Flatbuffers read by the kernels, against the same read field by field in Python."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventvision.core import IMU_DTYPE, TRIGGER_DTYPE, Frame
from eventvision.io._aedat4.build import frame_buffer, imu_buffer, trigger_buffer
from eventvision.io._aedat4.tables import (
    MOST_TABLES_BYTES,
    TRIGGER_KINDS,
    Table,
    TableError,
    read_frame,
    read_imu,
    read_triggers,
)
from eventvision.kernels.aedat4 import MALFORMED, event_vector

SAMPLES = np.zeros(5, IMU_DTYPE)
SAMPLES["t"], SAMPLES["temperature"] = np.arange(5) * 1000 - 1, [1.5, -2, 0, 30, 1e6]
SAMPLES["gyroscope"] = np.arange(15).reshape(5, 3)
MARKS = np.array([(n, *kind) for n, kind in enumerate(TRIGGER_KINDS)], TRIGGER_DTYPE)
EVENT_BUFFER = struct.pack("<II4s2x3HiII", 76, 16, b"EVTS", 6, 8, 4, 6, 4, 3) + bytes(48)


def plain_imu(buffer: memoryview) -> np.ndarray:
    rows = []
    for sample in Table.root(buffer, b"IMUS").tables(0):
        t_us = sample.scalar(0, "q", 0)
        v = [sample.scalar(field, "f", 0.0) for field in range(1, 11)]
        rows.append((t_us, v[0], v[1:4], v[4:7], v[7:10]))
    return np.array(rows, IMU_DTYPE)


def plain_triggers(buffer: memoryview) -> np.ndarray:
    rows = [
        (mark.scalar(0, "q", 0), *TRIGGER_KINDS[mark.scalar(1, "B", 0)])
        for mark in Table.root(buffer, b"TRIG").tables(0)
        if mark.scalar(1, "B", 0) < len(TRIGGER_KINDS)
    ]
    return np.array(rows, TRIGGER_DTYPE)


def outcome(read, buffer: bytes) -> bytes | None:
    try:
        return read(memoryview(buffer)).tobytes()
    except TableError:
        return None


READERS = {
    "imu": (read_imu, plain_imu, imu_buffer(SAMPLES)),
    "triggers": (read_triggers, plain_triggers, trigger_buffer(MARKS)),
    "imu without samples": (read_imu, plain_imu, imu_buffer(SAMPLES[:0])),
}


@pytest.mark.parametrize(("read", "plain", "buffer"), READERS.values(), ids=READERS.keys())
def test_samples_and_triggers_are_read_as_built(read, plain, buffer):
    assert outcome(read, buffer) == outcome(plain, buffer) is not None


def test_what_was_built_is_what_is_read():
    np.testing.assert_array_equal(read_imu(memoryview(imu_buffer(SAMPLES))), SAMPLES)
    np.testing.assert_array_equal(read_triggers(memoryview(trigger_buffer(MARKS))), MARKS)


@pytest.mark.parametrize("name", ["imu", "triggers"])
@settings(deadline=None, max_examples=300)
@given(st.data())
def test_a_changed_flatbuffer_is_read_alike_or_refused_alike(name, data):
    read, plain, whole = READERS[name]
    buffer = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(buffer) - 1))
        buffer[place] = data.draw(st.integers(0, 255))
    cut = data.draw(st.one_of(st.just(len(buffer)), st.integers(0, len(buffer))))
    assert outcome(read, bytes(buffer[:cut])) == outcome(plain, bytes(buffer[:cut]))


def plain_vector(buffer: memoryview, available: int) -> tuple[int, int]:
    """Find the events by the letter of the format."""
    try:
        head = buffer[:available]
        if available < 20 or bytes(head[8:12]) != b"EVTS":
            raise TableError("too short")
        table = Table(head, 4 + struct.unpack_from("<I", head, 4)[0])
        if (place := table._place(0)) is None:
            return (0, 0) if len(buffer) < 64 else (MALFORMED, MALFORMED)
        vector = place + table.scalar(0, "I", 0)
        count = struct.unpack_from("<I", head, vector)[0]
    except (TableError, struct.error):
        return MALFORMED, MALFORMED
    behind = len(buffer) - (vector + 4 + 16 * count)
    return (vector + 4, count) if 0 <= behind < 16 else (MALFORMED, MALFORMED)


@settings(deadline=None, max_examples=400)
@given(st.lists(st.tuples(st.integers(0, 33), st.integers(0, 255)), max_size=2), st.integers(0, 80))
def test_events_are_found_by_the_letter_of_the_format(changes, available):
    buffer = bytearray(EVENT_BUFFER)
    for place, value in changes:
        buffer[place] = value
    found = event_vector(np.frombuffer(buffer, np.uint8), 0, available, len(buffer))
    assert found == plain_vector(memoryview(bytes(buffer)), available)


def test_events_are_where_they_should_be():
    assert event_vector(np.frombuffer(EVENT_BUFFER, np.uint8), 0, 32, 80) == (32, 3)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_frames_of_grey_and_colour_become_grey_and_bgr(channels):
    pixels = np.random.default_rng(0).integers(0, 256, (4, 6, channels), np.uint8)
    image = pixels[..., 0] if channels == 1 else pixels
    buffer = bytearray(frame_buffer(Frame(1000, 10, image, x=2, y=3)))
    frame = read_frame(memoryview(bytes(buffer)))
    np.testing.assert_array_equal(frame.pixels, image[..., :3] if channels > 1 else image)
    assert (frame.t_us, frame.exposure_us, frame.x, frame.y) == (1000, 10, 2, 3)


@pytest.mark.parametrize(("place", "value"), [(96, 7), (97, 7), (104, 5), (120, 200)])
def test_a_frame_that_contradicts_itself_is_refused(place, value):
    buffer = bytearray(frame_buffer(Frame(1000, 10, np.zeros((4, 6), np.uint8))))
    buffer[place] = value
    with pytest.raises(TableError):
        read_frame(memoryview(bytes(buffer)))


def test_an_implausibly_large_packet_of_samples_is_refused():
    with pytest.raises(TableError, match="plausible"):
        read_imu(memoryview(bytes(MOST_TABLES_BYTES + 1)))
