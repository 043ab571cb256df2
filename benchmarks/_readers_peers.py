"""The peers' side of the `readers` benchmark, each with the fastest call that it documents."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any


def dv_batches(path: str) -> Iterator[Any]:
    """Yield the event stores of a recording."""
    import dv_processing as dv

    recording = dv.io.MonoCameraRecording(path)
    while recording.isRunning() and (batch := recording.getNextEventBatch()) is not None:
        yield batch


def dv_processing(path: str) -> int:
    """Read AEDAT4 into event stores and no further; return the number of events."""
    return sum(batch.size() for batch in dv_batches(path))


def dv_processing_to_numpy(path: str) -> int:
    """Read AEDAT4 into numpy arrays, as the others do; return the number of events."""
    return sum(len(batch.numpy()) for batch in dv_batches(path))


def faery(path: str) -> int:
    """Read packets; return the number of events."""
    import faery

    return sum(len(packet) for packet in faery.events_stream_from_file(Path(path)))


def expelliarmus(path: str, encoding: str) -> int:
    """Read chunks, which is faster than the whole file at once; return the number of events."""
    from expelliarmus import Wizard

    wizard = Wizard(encoding=encoding, fpath=path, chunk_size=65_536)
    return sum(len(chunk) for chunk in wizard.read_chunk())


def eventcv(path: str) -> int:
    """Load the whole file, which is faster than windows; return the number of events."""
    import eventcv

    return len(eventcv.load(path))


@cache
def lz4_frames(path: str) -> tuple[list[bytes], int]:
    """Return the LZ4 frames of the event packets of an AEDAT4 file, and the number of events.

    The lap that warms up pays for it. Recordings made by `recordings.py` hold nothing but events.
    """
    import lz4.frame

    data = memoryview(Path(path).read_bytes())
    at = len(b"#!AER-DAT4.0\r\n")
    at += 4 + int.from_bytes(data[at : at + 4], "little")
    frames, events = [], 0
    while bytes(data[at + 8 : at + 12]) == b"\x04\x22\x4d\x18":
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        frame = bytes(data[at + 8 : at + 8 + size])
        table = lz4.frame.decompress(frame)
        if table[8:12] == b"EVTS":
            frames.append(frame)
            events += events_in(table)
        at += 8 + size
    return frames, events


def events_in(table: bytes) -> int:
    """Return the length of the vector in a flatbuffer that has its own size in front."""

    def word(at: int, size: int = 4) -> int:
        return int.from_bytes(table[at : at + size], "little")

    root = 4 + word(4)
    field = root + word(root - word(root) + 4, 2)
    return word(field + word(field))


def lz4_library(path: str) -> int:
    """Decompress the event packets of an AEDAT4 file, no more; return the number of events."""
    import lz4.frame

    frames, events = lz4_frames(path)
    for frame in frames:
        lz4.frame.decompress(frame)
    return events


@cache
def dv_store(path: str) -> Any:
    """Hold a recording in memory; the lap that warms up pays for it."""
    import dv_processing as dv

    store = dv.EventStore()
    for batch in dv_batches(path):
        store.add(batch)
    return store


def dv_write(source: str, path: str, width: int, height: int) -> int:
    """Write the events of a recording as AEDAT4 with LZ4 and return their number."""
    import dv_processing as dv

    store = dv_store(source)
    config = dv.io.MonoCameraWriter.EventOnlyConfig("benchmark", (width, height))
    writer = dv.io.MonoCameraWriter(path, config)
    writer.writeEvents(store)
    del writer  # which finishes the file
    Path(path).unlink()
    return int(store.size())


def dv_seek(path: str, times_us: Sequence[int]) -> list[float]:
    """Return the ms from opening until 1 ms of events at the first time, then for each time."""
    import dv_processing as dv

    waits_ms = []
    start = time.perf_counter()
    recording = dv.io.MonoCameraRecording(path)
    for t_us in times_us:
        events = recording.getEventsTimeRange(t_us, t_us + 1000)
        first_us = int(events.getLowestTime())
        waits_ms.append((time.perf_counter() - start) * 1e3)
        if not t_us <= first_us < t_us + 1000:
            raise ValueError(f"sought {t_us} us, found {first_us} us")
        start = time.perf_counter()
    return waits_ms
