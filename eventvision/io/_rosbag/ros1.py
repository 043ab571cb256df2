"""ROS1 bags with events: read record by record, so that damage costs only what it hit."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from eventvision.core import FormatError, SensorSize, SourceInfo
from eventvision.io._base import checked_path
from eventvision.io._decoder import Decoder, Step
from eventvision.io._file_bytes import Bytes, FileBytes
from eventvision.io._indexed import IndexedSource, pixels_used

from .messages import EventMessage, plain_type, read_message
from .records import MAGIC, Op, Record, find_record, inflate, read_fields, read_record
from .topic import EVENT_TYPES, TopicDecoder, no_events, stated_sensor, topic_notes

_STEP_BYTES = 1 << 18
_STEP_EVENTS = 65_536


class RosbagSource(IndexedSource):
    """The events of one topic of a ROS1 bag, read as a stream.

    Bags without an index are read like others.

    Args:
        path: The file.
        sensor: Size of the pixel array; overrides what the messages say.
        topic: Topic to read; None for the first one with events.

    Raises:
        SourceNotFoundError: If there is no such file.
        FormatError: If it is not a bag, or has no events of a known kind.
    """

    def __init__(
        self, path: str | Path, *, sensor: SensorSize | None = None, topic: str | None = None
    ) -> None:
        found = checked_path(path)
        begin = len(MAGIC)
        with closing(FileBytes(found)) as data:
            if data[:begin].tobytes() != MAGIC:
                raise FormatError(path, "is not a ROS1 bag, version 2.0", "convert it with rosbag")
            connections = _indexed_connections(data, begin)
            message, topic_decoder = _first_message(path, data, begin, topic, connections)
        size, origin = stated_sensor(message, sensor)
        notes = topic_notes(topic_decoder.topic, message, dict(connections.values()))
        decoder = BagDecoder(topic_decoder, connections)
        if size is None:
            size = _inferred(found, decoder, begin)
            notes += (f"The messages state no sensor size; {size} holds the pixels seen.",)
        info = SourceInfo(
            name=str(path),
            format=f"ROS1 bag, {topic_decoder.kind} ({message.encoding})",
            sensor=size,
            sensor_from=origin,
            camera=message.frame_id,
            notes=notes,
        )
        super().__init__(found, info, decoder, begin)


class BagDecoder(Decoder):
    """Walks records and decodes the messages of one topic."""

    def __init__(self, decoder: TopicDecoder, connections: Connections | None = None) -> None:
        self._topic = decoder
        self._connections = connections or {}

    def copy(self) -> Self:
        """Return a decoder in the same state."""
        return type(self)(self._topic.copy(), dict(self._connections))

    def step(self, data: Bytes, start: int) -> Step:
        """Decode records from an offset on, until there is enough for a packet."""
        topic, at = self._topic, start
        while at < min(data.size, start + _STEP_BYTES) and topic.events < _STEP_EVENTS:
            taken = take(data, at, self._connections)
            if taken.problem:
                kind = "truncated" if taken.after == data.size else "corrupt-block"
                topic.report(kind, taken.problem, at, taken.after)
            for connection, body in taken.messages:
                if self._connections.get(connection) == (topic.topic, topic.kind):
                    topic.decode(body, at, taken.after)
            at = taken.after
        return topic.step(start, at)


Connections = dict[int, tuple[str, str]]
"""Topic and message type by number of connection."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Taken:
    """What was found at an offset.

    Attributes:
        after: Offset to go on from.
        messages: Connection and serialised message.
        problem: What was wrong; empty if nothing.
    """

    after: int
    messages: tuple[tuple[int, bytes], ...] = ()
    problem: str = ""


def take(data: Bytes, at: int, connections: Connections) -> Taken:
    """Read what begins at an offset: a record, or a compressed chunk with all its messages.

    Args:
        data: The bag, or the records of a chunk.
        at: Where to read.
        connections: Those known; new ones are added.
    """
    record = read_record(data, at)
    if record is None or (record.stop > data.size and record.op is not Op.CHUNK):
        return Taken(after=find_record(data, at + 1), problem="there is no whole record")
    if record.op is Op.CHUNK:
        if record.fields[b"compression"] == b"none":
            return Taken(after=record.start)
        return _take_chunk(data, record, connections)
    if record.op is Op.CONNECTION:
        _connect(record, data, connections)
    if record.op is Op.MESSAGE:
        body = data[record.start : record.stop].tobytes()
        return Taken(after=record.stop, messages=((record.number(b"conn"), body),))
    return Taken(after=record.stop)


def _take_chunk(data: Bytes, record: Record, connections: Connections) -> Taken:
    stop = record.stop if record.stop <= data.size else find_record(data, record.start)
    raw, problem = inflate(
        data[record.start : stop], record.fields[b"compression"], record.number(b"size")
    )
    messages: list[tuple[int, bytes]] = []
    inner, at = np.frombuffer(raw, np.uint8), 0
    while at < inner.size:
        taken = take(inner, at, connections)
        messages.extend(taken.messages)
        problem = problem or (taken.problem and f"in a chunk {taken.problem}")
        at = taken.after
    return Taken(after=stop, messages=tuple(messages), problem=problem)


def _connect(record: Record, data: Bytes, connections: Connections) -> None:
    fields = read_fields(data[record.start : record.stop].tobytes())
    topic, kind = (
        value.decode("utf-8", "replace")
        for value in (record.fields[b"topic"], fields.get(b"type", b""))
    )
    connections[record.number(b"conn")] = topic, plain_type(kind)


def _indexed_connections(data: Bytes, begin: int) -> Connections:
    """Return the connections that are listed at the end of a bag, as far as it is whole."""
    connections: Connections = {}
    bag = read_record(data, begin)
    if bag is None or bag.op is not Op.BAG:
        return connections
    at = int.from_bytes(bag.fields[b"index_pos"], "little")
    while begin < at < data.size:
        record = read_record(data, at)
        if record is None or record.op is not Op.CONNECTION:
            break
        _connect(record, data, connections)
        at = record.stop
    return connections


def _first_message(
    path: str | Path,
    data: Bytes,
    begin: int,
    topic: str | None,
    connections: Connections,
) -> tuple[EventMessage, TopicDecoder]:
    """Return the first message with events that can be read, and a decoder for its topic."""
    at, problem = begin, ""
    while at < data.size:
        taken = take(data, at, connections)
        at = taken.after
        for number, body in taken.messages:
            name, kind = connections.get(number, ("", ""))
            if kind not in EVENT_TYPES or topic not in (None, name):
                continue
            try:
                message = read_message(body, kind, cdr=False)
                return message, TopicDecoder(name, kind, message, cdr=False)
            except ValueError as error:
                problem = problem or str(error)
    raise no_events(path, dict(connections.values()), topic, problem)


def _inferred(path: Path, decoder: BagDecoder, begin: int) -> SensorSize:
    try:
        return pixels_used(path, decoder, begin).sensor()
    except ValueError as error:
        problem = f"its sensor size is unknown ({error})"
        raise FormatError(path, problem, "give it, such as 346x260") from error
