"""Our side of the `readers` benchmark."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from unittest.mock import patch

from eventvision.core import Packet, SensorSize
from eventvision.io import Aedat4Source, Aedat4Writer, open_source


def read(path: str) -> int:
    """Read a recording and return its number of events."""
    with open_source(path) as source:
        return sum(len(packet.events) for packet in source)


def read_with_threads(path: str, threads: int) -> int:
    """Read an AEDAT4 recording with several threads and return its number of events."""
    with Aedat4Source(path, threads=threads) as source:
        return sum(len(packet.events) for packet in source)


@cache
def packets_of(path: str) -> list[Packet]:
    """Hold a recording in memory; the lap that warms up pays for it."""
    with open_source(path) as source:
        return list(source)


def write(source: str, path: str, width: int, height: int) -> int:
    """Write the packets of a recording as AEDAT4 with LZ4 and return the number of events."""
    packets = packets_of(source)
    writer = Aedat4Writer(path, SensorSize(width, height))
    for packet in packets:
        writer.write(packet)
    writer.close()
    Path(path).unlink()
    return sum(len(packet.events) for packet in packets)


def seek(path: str, times_us: Sequence[int]) -> list[float]:
    """Return the ms from opening until the events of the first time, then those of each seek.

    Nothing that earlier runs found out about the recording is used.
    """
    waits_ms = []
    start = time.perf_counter()
    with patch.dict(os.environ, EVENTVISION_INDEX="off"), open_source(path) as source:
        for t_us in times_us:
            source.seek(t_us)
            first_us = int(next(iter(source)).events.data["t"][0])
            waits_ms.append((time.perf_counter() - start) * 1e3)
            if not t_us <= first_us < t_us + 1000:
                raise ValueError(f"sought {t_us} us, found {first_us} us")
            start = time.perf_counter()
    return waits_ms
