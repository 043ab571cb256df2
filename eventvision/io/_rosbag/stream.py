"""Bags that are one stream of records: walked in order, so that damage costs only what it hit."""

from __future__ import annotations

from abc import abstractmethod
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol, Self

from eventvision.core import FormatError, SensorSize, SourceInfo
from eventvision.io._base import checked_path
from eventvision.io._decoder import Decoder, Step
from eventvision.io._file_bytes import Bytes, FileBytes
from eventvision.io._indexed import IndexedSource, pixels_used

from .messages import EventMessage, read_message
from .topic import EVENT_TYPES, TopicDecoder, no_events, stated_sensor, topic_notes

_STEP_BYTES = 1 << 18
_STEP_EVENTS = 65_536

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


class Take(Protocol):
    """Reads what begins at an offset: a record, or a compressed chunk with all its messages."""

    def __call__(self, data: Bytes, at: int, connections: Connections, /) -> Taken:
        """Return what was found.

        Args:
            data: The bag, or the records of a chunk.
            at: Where to read.
            connections: Those known; new ones are added.
        """


class BagSource(IndexedSource):
    """Base of the readers of bags; a container says how its records are read.

    Args:
        path: The file.
        sensor: Size of the pixel array; overrides what the messages say.
        topic: Topic to read; None for the first one with events.

    Raises:
        SourceNotFoundError: If there is no such file.
        FormatError: If it is not a bag, or has no events of a known kind.
    """

    label: ClassVar[str]
    expected: ClassVar[str]
    magic: ClassVar[bytes]
    is_cdr: ClassVar[bool]

    def __init__(
        self, path: str | Path, *, sensor: SensorSize | None = None, topic: str | None = None
    ) -> None:
        found = checked_path(path)
        begin = len(self.magic)
        with closing(FileBytes(found)) as data:
            if data[:begin].tobytes() != self.magic:
                raise FormatError(path, f"is not {self.expected}", "check the kind of file")
            connections = self._listed_connections(data)
            message, topic_decoder = self._first_message(path, data, topic, connections)
        size, origin = stated_sensor(message, sensor)
        notes = topic_notes(topic_decoder.topic, message, _topics(connections))
        decoder = BagDecoder(topic_decoder, self.take, connections)
        if size is None:
            size = _inferred(found, decoder, begin)
            notes += (f"The messages state no sensor size; {size} holds the pixels seen.",)
        info = SourceInfo(
            name=str(path),
            format=f"{self.label}, {topic_decoder.kind} ({message.encoding})",
            sensor=size,
            sensor_from=origin,
            camera=message.frame_id,
            notes=notes,
        )
        super().__init__(found, info, decoder, begin)

    @staticmethod
    @abstractmethod
    def take(data: Bytes, at: int, connections: Connections, /) -> Taken:
        """Read what begins at an offset; see `Take`."""

    @abstractmethod
    def _listed_connections(self, data: Bytes) -> Connections:
        """Return the connections that are listed at the end of a bag, as far as it is whole."""

    def _first_message(
        self, path: str | Path, data: Bytes, topic: str | None, connections: Connections
    ) -> tuple[EventMessage, TopicDecoder]:
        """Return the first message with events that can be read, and a decoder for its topic."""
        at, problem = len(self.magic), ""
        while at < data.size:
            taken = self.take(data, at, connections)
            at = taken.after
            for number, body in taken.messages:
                name, kind = connections.get(number, ("", ""))
                if kind not in EVENT_TYPES or topic not in (None, name):
                    continue
                try:
                    message = read_message(body, kind, cdr=self.is_cdr)
                    return message, TopicDecoder(name, kind, message, cdr=self.is_cdr)
                except ValueError as error:
                    problem = problem or str(error)
        raise no_events(path, _topics(connections), topic, problem)


def _topics(connections: Connections) -> dict[str, str]:
    return {topic: kind for topic, kind in connections.values() if topic}


class BagDecoder(Decoder):
    """Walks records and decodes the messages of one topic."""

    def __init__(self, decoder: TopicDecoder, take: Take, connections: Connections) -> None:
        self._topic = decoder
        self._take = take
        self._connections = connections

    def copy(self) -> Self:
        """Return a decoder in the same state."""
        return type(self)(self._topic.copy(), self._take, dict(self._connections))

    def step(self, data: Bytes, start: int) -> Step:
        """Decode records from an offset on, until there is enough for a packet."""
        topic, at = self._topic, start
        while at < min(data.size, start + _STEP_BYTES) and topic.events < _STEP_EVENTS:
            taken = self._take(data, at, self._connections)
            if taken.problem:
                kind = "truncated" if taken.after == data.size else "corrupt-block"
                topic.report(kind, taken.problem, at, taken.after)
            for connection, body in taken.messages:
                if self._connections.get(connection) == (topic.topic, topic.kind):
                    topic.decode(body, at, taken.after)
            at = taken.after
        return topic.step(start, at)


def _inferred(path: Path, decoder: BagDecoder, begin: int) -> SensorSize:
    try:
        return pixels_used(path, decoder, begin).sensor()
    except ValueError as error:
        problem = f"its sensor size is unknown ({error})"
        raise FormatError(path, problem, "give it, such as 346x260") from error
