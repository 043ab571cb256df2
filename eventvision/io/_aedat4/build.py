"""Flatbuffers as AEDAT4 stores them, laid out by hand: each kind has one fixed shape.

Places count from the beginning of the buffer, its own size included; 64-bit numbers lie at
multiples of 8. `_aedat4_tables` reads what is built here, and explains tables and vtables.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import NDArray

from eventvision.core import Frame, SensorSize

from .tables import CHANNELS, TRIGGER_KINDS

POSITION_AT = 40
"""Where in the header's buffer the position of the table of packets lies, 64 bits."""

STREAMS = (
    ("events", "EVTS", "Array of events (polarity ON/OFF)."),
    ("frames", "FRME", "Standard frame (8-bit image)."),
    ("imu", "IMUS", "Inertial Measurement Unit data samples."),
    ("triggers", "TRIG", "External triggers and special signals."),
)
"""Streams in the order of their numbers: name, identifier, description."""

ROWS_DTYPE = np.dtype(
    [
        ("offset", "<i8"),
        ("stream", "<i4"),
        ("size", "<i4"),
        ("count", "<i8"),
        ("first_us", "<i8"),
        ("last_us", "<i8"),
    ]
)
"""A row of the table of packets: where the payload lies, what it holds, and its times."""

_ROW = np.dtype([("back", "<i4"), *((name, ROWS_DTYPE[name]) for name in ROWS_DTYPE.names or ())])
_ROW_VTABLE = (14, 44, 4, 12, 20, 28, 36)
_SAMPLE = np.dtype([("back", "<i4"), ("t", "<i8"), ("values", "<f4", 10)])
_SAMPLE_VTABLE = (26, 52, 4, *range(12, 52, 4))
_TRIGGER = np.dtype([("back", "<i4"), ("t", "<i8"), ("code", "<i1")])
_TRIGGER_VTABLE = (8, 13, 4, 12)
_FRAME_VTABLE = (30, 72, 8, 16, 24, 32, 40, 56, 48, 50, 52, 54, 4, 64, 57)

_WITH_SIZE = ("EVTS", "FRME")
_EXTERNAL_INPUT = {True: 1, False: 2}
_CODES = {kind: code for code, kind in enumerate(TRIGGER_KINDS)}
_FORMATS = {channels: code for code, channels in CHANNELS.items()}


_Attribute = tuple[str, str, str | int]
"""Key, type and value."""


def header_buffer(
    compression: str,
    sensor: SensorSize,
    camera: str,
    streams: Sequence[tuple[str, str, str]] = STREAMS,
) -> bytes:
    """Return the header; the position of the table of packets is not known yet (-1)."""
    text = _description(compression, sensor, camera, streams).encode()
    code = {"NONE": 0, "LZ4": 1, "ZSTD": 3}[compression]
    table = struct.pack("<i i I q", 16, code, 12, -1)
    vtable = struct.pack("<5H6x", 10, 20, 4, 12, 8)
    return _sized(b"IOHE", 28, vtable + table + struct.pack("<I", len(text)) + text + b"\0")


def frame_buffer(frame: Frame) -> bytes:
    """Return a frame packet."""
    height, width = frame.pixels.shape[:2]
    code = _FORMATS[frame.pixels.size // (height * width)]
    begin_us = frame.t_us - frame.exposure_us // 2
    end_us = begin_us + frame.exposure_us
    times = (frame.t_us, begin_us, end_us, begin_us, end_us)
    table = struct.pack("<i I 5q 4h", 36, 68, *times, width, height, frame.x, frame.y)
    table += struct.pack("<2b6x q", code, 0, frame.exposure_us)
    vtable = struct.pack("<15H6x", *_FRAME_VTABLE)
    pixels = struct.pack("<I", frame.pixels.size) + frame.pixels.tobytes()
    return _sized(b"FRME", 48, vtable + table + pixels)


def imu_buffer(imu: NDArray[np.void]) -> bytes:
    """Return an IMU packet; `imu` has dtype `IMU_DTYPE`."""
    samples = np.zeros(imu.size, _SAMPLE)
    samples["t"] = imu["t"]
    samples["values"][:, 0] = imu["temperature"]
    for index, name in enumerate(("accelerometer", "gyroscope", "magnetometer")):
        samples["values"][:, 1 + 3 * index : 4 + 3 * index] = imu[name]
    return _tables(b"IMUS", _SAMPLE_VTABLE, samples)


def trigger_buffer(triggers: NDArray[np.void]) -> bytes:
    """Return a trigger packet; `triggers` has dtype `TRIGGER_DTYPE`.

    Triggers of a source that AEDAT4 does not know become edges of its one external input.
    """
    found = np.zeros(triggers.size, _TRIGGER)
    found["t"] = triggers["t"]
    found["code"] = [
        _CODES.get((int(source), bool(rising)), _EXTERNAL_INPUT[bool(rising)])
        for source, rising in zip(triggers["source"], triggers["rising"], strict=True)
    ]
    return _tables(b"TRIG", _TRIGGER_VTABLE, found)


def table_buffer(rows: NDArray[np.void]) -> bytes:
    """Return the table of packets; `rows` has dtype `ROWS_DTYPE`."""
    found = np.zeros(rows.size, _ROW)
    for name in ROWS_DTYPE.names or ():
        found[name] = rows[name]
    return _tables(b"FTAB", _ROW_VTABLE, found)


def _tables(identifier: bytes, vtable: tuple[int, ...], tables: NDArray[np.void]) -> bytes:
    """Return a buffer whose root holds a vector of tables that share a vtable.

    The tables follow one another 4 bytes after a multiple of 8, so that the numbers in them,
    after the reference back, are aligned.
    """
    stride = (tables.dtype.itemsize + 7) // 8 * 8
    vtable_at = 32 + 4 * tables.size
    first = (vtable_at + 2 * len(vtable) + 3) // 8 * 8 + 4
    places = first + stride * np.arange(tables.size)
    padded = np.zeros((tables.size, stride), np.uint8)
    tables["back"] = places - vtable_at
    padded[:, : tables.dtype.itemsize] = tables.view(np.uint8).reshape(
        tables.size, tables.dtype.itemsize
    )
    root = struct.pack("<2x3H i I I", 6, 8, 4, 6, 4, tables.size)
    references = (places - np.arange(32, vtable_at, 4)).astype("<u4").tobytes()
    shared = struct.pack(f"<{len(vtable)}H", *vtable)
    body = root + references + shared.ljust(first - vtable_at, b"\0") + padded.tobytes()
    return _sized(identifier, 20, body)


def _sized(identifier: bytes, root_at: int, body: bytes) -> bytes:
    """Put size, root and identifier in front, and fill up to a multiple of 8 bytes."""
    filled = body + bytes(-(len(body) + 12) % 8)
    return struct.pack("<II4s", 8 + len(filled), root_at - 4, identifier) + filled


def _description(
    compression: str, sensor: SensorSize, camera: str, chosen: Sequence[tuple[str, str, str]]
) -> str:
    """Return the XML tree that describes the streams."""
    root = "/mainloop/Recorder/outInfo/"
    size: list[_Attribute] = [("sizeX", "int", sensor.width), ("sizeY", "int", sensor.height)]
    streams = []
    for number, (name, identifier, description) in enumerate(chosen):
        texts = {
            "compression": compression,
            "originalModuleName": "capture",
            "originalOutputName": name,
            "typeDescription": description,
            "typeIdentifier": identifier,
        }
        info = [*(size if identifier in _WITH_SIZE else []), ("source", "string", camera)]
        inner = _node(
            "info", f"{root}{number}/info/", _attributes([*info, ("tsOffset", "long", 0)])
        )
        attributes = _attributes([(key, "string", text) for key, text in texts.items()])
        streams.append(_node(str(number), f"{root}{number}/", attributes + inner))
    return f'<dv version="2.0">{_node("outInfo", root, "".join(streams))}</dv>'


def _node(name: str, path: str, content: str) -> str:
    return f'<node name="{name}" path="{path}">{content}</node>'


def _attributes(rows: list[_Attribute]) -> str:
    lines = (f'<attr key="{key}" type="{kind}">{escape(str(v))}</attr>' for key, kind, v in rows)
    return "".join(lines)
