"""ROS1 bags with events."""

from __future__ import annotations

import numpy as np

from eventvision.io._file_bytes import Bytes

from .messages import plain_type
from .records import MAGIC, Op, Record, find_record, inflate, read_fields, read_record
from .stream import BagSource, Connections, Taken


class RosbagSource(BagSource):
    """The events of one topic of a ROS1 bag, version 2.0; those without an index, too."""

    label = "ROS1 bag"
    expected = "a ROS1 bag, version 2.0"
    magic = MAGIC
    is_cdr = False

    @staticmethod
    def take(data: Bytes, at: int, connections: Connections, /) -> Taken:
        """Read what begins at an offset: a record, or a compressed chunk with all its messages."""
        return take(data, at, connections)

    def _listed_connections(self, data: Bytes) -> Connections:
        return _indexed_connections(data, len(MAGIC))


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
