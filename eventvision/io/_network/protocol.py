"""What dv-processing's NetworkWriter says to its NetworkReaders, without any socket.

The stream is that of an AEDAT4 file without its version line: a header flatbuffer with its size in
front (`IOHE`, an XML tree that describes one stream), then packets without end. A packet is a
stream number and a size (two 32-bit integers) and one flatbuffer, compressed as the header says.
The reader says nothing at all.

Nothing marks the beginning of a packet, so that a stream which does not make sense at one place
cannot be believed afterwards either: it is refused with one `FormatError`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from xml.parsers import expat
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import NDArray

from eventvision.core import EVENT_DTYPE, FormatError, SensorSize
from eventvision.io._aedat4.header import Stream, read_streams
from eventvision.io._aedat4.payload import PayloadError, form_of, unpack
from eventvision.io._aedat4.tables import Table, TableError
from eventvision.kernels import aedat4

MOST_HELLO_BYTES = 1 << 15
"""A header takes some 700 bytes for each stream; reading a hostile one must not take long."""

MOST_PACKET_BYTES = 1 << 27
FRAME_EVENTS = 1 << 16
"""Most events that are sent in one packet."""

_HEADER = struct.Struct("<ii")
_HELLO = struct.Struct("<II4s6xHHHHHiiIq4xI")
_EVENTS = struct.Struct("<II4s2xHHHiII")
_MEANINGFUL: NDArray[np.int64] = np.array([-1, aedat4.PIXEL_AND_POLARITY])
_STREAM = 0
_XML = """<dv version="2.0">
    <node name="outInfo" path="/outInfo/">
        <node name="0" path="/outInfo/0/">
            <attr key="compression" type="string">NONE</attr>
            <attr key="originalModuleName" type="string">eventvision</attr>
            <attr key="originalOutputName" type="string">events</attr>
            <attr key="typeIdentifier" type="string">EVTS</attr>
            <node name="info" path="/outInfo/0/info/">
                <attr key="sizeX" type="int">{width}</attr>
                <attr key="sizeY" type="int">{height}</attr>
                <attr key="source" type="string">{camera}</attr>
            </node>
        </node>
    </node>
</dv>
"""


@dataclass(frozen=True, slots=True)
class Hello:
    """What a peer says about itself before the first packet.

    Attributes:
        events: Number of the stream of events.
        others: Numbers of streams whose packets are passed over.
        camera: Name of the camera.
        sensor: Size of its sensor, where it is given.
    """

    events: int
    others: frozenset[int]
    camera: str
    sensor: SensorSize | None


def encode_hello(sensor: SensorSize, camera: str) -> bytes:
    """Return the header of an uncompressed stream of events."""
    shown = "".join(letter for letter in camera if letter.isprintable())
    xml = _XML.format(width=sensor.width, height=sensor.height, camera=escape(shown)).encode()
    rest = xml + bytes(4 - len(xml) % 4)
    size = _HELLO.size - 4 + len(rest)
    return _HELLO.pack(size, 24, b"IOHE", 10, 24, 4, 12, 8, 10, 0, 16, -1, len(xml)) + rest


def encode_events(data: NDArray[np.void]) -> Iterator[tuple[bytes, int]]:
    """Yield packets of at most `FRAME_EVENTS` events, and how many events each holds.

    Args:
        data: Shape (N,), dtype `EVENT_DTYPE`.
    """
    every_word = np.ascontiguousarray(data).view(np.int64).reshape(-1, 2)
    for start in range(0, data.size, FRAME_EVENTS):
        words = (every_word[start : start + FRAME_EVENTS] & _MEANINGFUL).astype("<i8", copy=False)
        size = _EVENTS.size + words.nbytes
        head = _EVENTS.pack(size - 4, 16, b"EVTS", 6, 8, 4, 6, 4, len(words))
        yield _HEADER.pack(_STREAM, size) + head + words.tobytes(), len(words)


def decode_events(payload: NDArray[np.uint8]) -> NDArray[np.void]:
    """Return the events of a packet, shape (N,), dtype `EVENT_DTYPE`.

    Raises:
        PayloadError: If it cannot be decompressed, or holds no events.
    """
    content, _ = unpack(payload, form_of(payload))
    try:
        found = Table.root(memoryview(content.data), b"EVTS").vector(0, EVENT_DTYPE.itemsize)
    except TableError as error:
        raise PayloadError(f"its flatbuffer is malformed ({error})") from None
    words: NDArray[np.int64] = np.frombuffer(found, "<i8").reshape(-1, 2) & _MEANINGFUL
    return words.reshape(-1).view(EVENT_DTYPE)


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
            FormatError: If the peer does not speak this protocol, or streams no events.
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

    def take_packet(self) -> NDArray[np.uint8] | None:
        """Return the payload of the next packet of events, or None while it is incomplete.

        Raises:
            FormatError: If what comes cannot be a packet.
        """
        hello = self._hello
        while hello is not None and len(self._buffer) >= _HEADER.size:
            stream, size = _HEADER.unpack_from(self._buffer)
            listed = stream == hello.events or stream in hello.others
            if not listed or not aedat4.PROOF_BYTES - 8 <= size <= MOST_PACKET_BYTES:
                raise self._refused(f"sent a packet of stream {stream} with {size} bytes")
            if len(self._buffer) < _HEADER.size + size:
                return None
            payload = self._take(_HEADER.size, size)
            if stream == hello.events:
                return payload
        return None

    def _take(self, start: int, size: int) -> NDArray[np.uint8]:
        taken = np.frombuffer(self._buffer, np.uint8, size, start).copy()
        del self._buffer[: start + size]
        return taken

    def _understood(self, streams: list[Stream]) -> Hello:
        chosen = next((one for one in streams if one.kind == aedat4.EVENTS), None)
        if chosen is None:
            kinds = [one.attributes.get("typeIdentifier", "?") for one in streams]
            raise self._refused(f"streams no events but {', '.join(kinds) or 'nothing'}")
        width, height = (chosen.attributes.get(key, "") for key in ("sizeX", "sizeY"))
        try:
            sensor = SensorSize(int(width), int(height))
        except ValueError:
            sensor = None
        others = frozenset(one.number for one in streams if one is not chosen)
        return Hello(chosen.number, others, chosen.source, sensor)

    def _refused(self, problem: str) -> FormatError:
        remedy = "connect to a NetworkWriter of dv-processing or an eventvision server of events"
        return FormatError(self._peer, problem, remedy)
