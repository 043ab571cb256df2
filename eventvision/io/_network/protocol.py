"""What dv-processing's NetworkWriter says to its NetworkReaders, without any socket.

The stream is that of an AEDAT4 file without its version line: a header flatbuffer with its size in
front (`IOHE`, an XML tree that describes the streams), then packets without end. A packet is a
stream number and a size (two 32-bit integers) and one flatbuffer, compressed as the header says.
The reader says nothing at all.

Nothing marks the beginning of a packet, so that a stream which does not make sense at one place
cannot be believed afterwards either: it is refused with one `FormatError`.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from xml.parsers import expat

import numpy as np
from numpy.typing import NDArray

from eventvision.core import FormatError, SensorSize
from eventvision.io._aedat4.header import Stream, read_streams
from eventvision.io._aedat4.tables import Table, TableError
from eventvision.kernels import aedat4

from .content import NAMES, Kind

MOST_HELLO_BYTES = 1 << 15
"""A header takes some 700 bytes for each stream; reading a hostile one must not take long."""

MOST_PACKET_BYTES = 1 << 27
_HEADER = struct.Struct("<ii")


@dataclass(frozen=True, slots=True)
class Hello:
    """What a peer says about itself before the first packet.

    Attributes:
        streams: Kind of each stream that is used, by its number.
        others: Numbers of streams whose packets are passed over.
        camera: Name of the camera.
        sensor: Size of its sensor, where it is given.
    """

    streams: Mapping[int, Kind]
    others: frozenset[int]
    camera: str
    sensor: SensorSize | None


class Unframer:
    """Takes the bytes of a stream as they come, and gives its header and its packets.

    It never holds more than was pushed, whatever the sizes in the stream say.

    Args:
        peer: Name of the peer, for messages.
    """

    def __init__(self, peer: str) -> None:
        self._peer = peer
        self._buffer = bytearray()
        self._hello: Hello | None = None

    def __bool__(self) -> bool:
        """Whether something has begun that is not complete."""
        return bool(self._buffer)

    def push(self, data: memoryview | bytes) -> None:
        """Take the next bytes."""
        self._buffer += data

    def take_hello(self) -> Hello | None:
        """Return the header, or None while it is incomplete.

        Raises:
            FormatError: If the peer does not speak this protocol, or streams nothing that is known.
        """
        begin = bytes(self._buffer[:12])
        size = int.from_bytes(begin[:4], "little")
        told = begin[8:] == b"IOHE"[: max(0, len(begin) - 8)]
        if len(begin) >= 4 and (size > MOST_HELLO_BYTES or not told):
            raise self._refused(f"does not speak the protocol (its first bytes are {begin!r})")
        if len(begin) < 4 or len(self._buffer) < 4 + size:
            return None
        body = memoryview(self._take(0, 4 + size).data)
        try:
            streams = read_streams(bytes(Table.root(body, b"IOHE").vector(2, 1)))
        except (TableError, expat.ExpatError, UnicodeDecodeError) as error:
            raise self._refused(f"sent a damaged header ({error})") from None
        self._hello = self._understood(streams)
        return self._hello

    def take_packet(self) -> tuple[Kind, NDArray[np.uint8]] | None:
        """Return kind and payload of the next packet, or None while it is incomplete.

        Raises:
            FormatError: If what comes cannot be a packet.
        """
        hello = self._hello
        while hello is not None and len(self._buffer) >= _HEADER.size:
            stream, size = _HEADER.unpack_from(self._buffer)
            listed = stream in hello.streams or stream in hello.others
            if not listed or not aedat4.PROOF_BYTES - 8 <= size <= MOST_PACKET_BYTES:
                raise self._refused(f"sent a packet of stream {stream} with {size} bytes")
            if len(self._buffer) < _HEADER.size + size:
                return None
            payload = self._take(_HEADER.size, size)
            if stream in hello.streams:
                return hello.streams[stream], payload
        return None

    def _take(self, start: int, size: int) -> NDArray[np.uint8]:
        taken = np.frombuffer(self._buffer, np.uint8, size, start).copy()
        del self._buffer[: start + size]
        return taken

    def _understood(self, streams: list[Stream]) -> Hello:
        known = [one for one in streams if one.kind in NAMES]
        if not known:
            kinds = [one.attributes.get("typeIdentifier", "?") for one in streams]
            raise self._refused(f"streams no events but {', '.join(kinds) or 'nothing'}")
        first = next((one for one in known if NAMES[one.kind] == "events"), known[0])
        used: dict[Kind, Stream] = {}
        for one in known:
            if one.source == first.source:
                used.setdefault(NAMES[one.kind], one)
        numbers = {one.number: kind for kind, one in used.items()}
        others = frozenset(one.number for one in streams if one.number not in numbers)
        sizes = (_sensor(one) for one in used.values())
        sensor = next((size for size in sizes if size is not None), None)
        return Hello(numbers, others, first.source, sensor)

    def _refused(self, problem: str) -> FormatError:
        remedy = "connect to a NetworkWriter of dv-processing or an eventvision server of events"
        return FormatError(self._peer, problem, remedy)


def _sensor(stream: Stream) -> SensorSize | None:
    width, height = (stream.attributes.get(key, "") for key in ("sizeX", "sizeY"))
    try:
        return SensorSize(int(width), int(height))
    except ValueError:
        return None
