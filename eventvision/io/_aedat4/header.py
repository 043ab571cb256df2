"""The beginning of an AEDAT4 file: version line, then a flatbuffer with an XML tree of streams."""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

import numpy as np
from numpy.typing import NDArray

from eventvision.core import FormatError, SensorSize
from eventvision.kernels.aedat4 import EVENTS, FRAMES, IMU, OTHER, TRIGGERS

from .tables import Table, TableError

VERSION_LINE = b"#!AER-DAT4.0\r\n"
MOST_HEADER_BYTES = 1 << 22
MOST_STREAM_NUMBER = 1 << 10
KINDS = {"EVTS": EVENTS, "FRME": FRAMES, "IMUS": IMU, "TRIG": TRIGGERS}


@dataclass(slots=True)
class Stream:
    """One stream of a recording, as the header describes it."""

    number: int
    attributes: dict[str, str] = field(default_factory=dict)

    @property
    def kind(self) -> int:
        """Kind of its packets."""
        return KINDS.get(self.attributes.get("typeIdentifier", ""), OTHER)

    @property
    def source(self) -> str:
        """Name of the camera."""
        return self.attributes.get("source", "")


@dataclass(frozen=True, slots=True)
class Header:
    """What the header says.

    Attributes:
        data_start: First byte of the first packet.
        table_position: First byte of the table of packets; -1 where the writer did not finish.
        camera: Name of the camera that is read.
        sensor: Size of its sensor, where it is given.
        kinds: Kind of stream by stream number, int8; of other cameras' streams `OTHER`.
        other_cameras: Names of cameras in the file that are not read.
    """

    data_start: int
    table_position: int
    camera: str
    sensor: SensorSize | None
    kinds: NDArray[np.int8]
    other_cameras: tuple[str, ...]


def read_header(path: Path) -> Header:
    """Read the header of a file.

    Raises:
        FormatError: If it is not an AEDAT4 file, or its header cannot be understood.
    """
    with path.open("rb") as file:
        line = file.read(len(VERSION_LINE))
        if line != VERSION_LINE:
            raise FormatError(path, *_wrong_version(line))
        prefix = file.read(4)
        size = struct.unpack("<I", prefix)[0] if len(prefix) == 4 else 0
        body = prefix + file.read(min(size, MOST_HEADER_BYTES))
    try:
        table = Table.root(memoryview(body), b"IOHE")
        position = table.scalar(1, "q", -1)
        xml = bytes(table.vector(2, 1))
        streams = read_streams(xml)
    except (TableError, expat.ExpatError, UnicodeDecodeError) as error:
        raise FormatError(
            path,
            f"the AEDAT4 header (bytes {len(VERSION_LINE)}-{len(VERSION_LINE) + 4 + size}) "
            f"is damaged ({error})",
            "copy the file again, or put the header of another recording of that camera in front",
        ) from error
    if not streams:
        raise FormatError(
            path, "the AEDAT4 header names no stream", "record again with a stream of events"
        )
    return _header(len(VERSION_LINE) + 4 + size, position, streams)


def _wrong_version(line: bytes) -> tuple[str, str]:
    version = re.match(rb"#!AER-DAT(\d\.\d)", line)
    if version:
        return f"is AEDAT {version[1].decode()}, not AEDAT 4.0", "name that format"
    return "is not AEDAT4 (its first line is not '#!AER-DAT4.0')", "check the kind of file"


def _header(data_start: int, position: int, streams: Sequence[Stream]) -> Header:
    chosen = next((one for one in streams if one.kind == EVENTS), streams[0])
    kinds = np.zeros(1 + max(one.number for one in streams), np.int8)
    for one in reversed(streams):
        mine = one.source == chosen.source and (one.kind != EVENTS or one is chosen)
        kinds[one.number] = one.kind if mine else OTHER
    others = dict.fromkeys(one.source for one in streams if one.source != chosen.source)
    return Header(
        data_start, position, chosen.source, _sensor(chosen), kinds, tuple(filter(None, others))
    )


def _sensor(stream: Stream) -> SensorSize | None:
    width, height = stream.attributes.get("sizeX", ""), stream.attributes.get("sizeY", "")
    try:
        return SensorSize(int(width), int(height))
    except ValueError:
        return None


def read_streams(xml: bytes) -> list[Stream]:
    """List the streams that a header's XML describes, by number.

    The tree is `node`s with a name; streams are the nodes with a number for a name, and whatever
    `attr`ibutes lie below them are theirs.

    Raises:
        expat.ExpatError: If it is not well-formed.
        TableError: If it declares entities, which no recorder does.
    """
    reader = _StreamReader()
    parser = expat.ParserCreate()
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.characters
    parser.StartDoctypeDeclHandler = reader.refuse
    parser.Parse(xml, True)  # noqa: FBT003 - expat names no arguments
    return [reader.streams[number] for number in sorted(reader.streams)]


class _StreamReader:
    """Takes what a parser finds; the time it needs grows with the length alone."""

    def __init__(self) -> None:
        self.streams: dict[int, Stream] = {}
        self._numbers: list[str] = []
        self._key, self._text = "", [""]

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Begin an element; of nodes, remember the outermost name that is a number."""
        if tag == "node":
            name = attributes.get("name", "")
            outer = self._numbers[-1] if self._numbers else ""
            self._numbers.append(outer or (name if name.isascii() and name.isdigit() else ""))
        self._key, self._text = attributes.get("key", "") if tag == "attr" else "", [""]

    def end(self, tag: str) -> None:
        """End an element; what an attribute holds belongs to the stream around it."""
        number = self._numbers[-1] if self._numbers else ""
        if tag == "node" and self._numbers:
            self._numbers.pop()
        elif self._key and number and len(number) < 5 and int(number) < MOST_STREAM_NUMBER:
            stream = self.streams.setdefault(int(number), Stream(int(number)))
            stream.attributes.setdefault(self._key, "".join(self._text).strip())
        self._key = ""

    def characters(self, more: str) -> None:
        """Take a piece of an attribute's text."""
        self._text.append(more)

    def refuse(self, *_: object) -> None:
        """Refuse a declaration."""
        raise TableError("its XML declares a document type")
