"""ROS2 bags with events: folders, `.db3` and `.mcap`, opened by the library `rosbags`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from eventvision.core import (
    Events,
    FormatError,
    Packet,
    SensorSize,
    SourceInfo,
    SourceNotFoundError,
)
from eventvision.io._base import FileSource, checked_path
from eventvision.io._decoder import Step
from eventvision.io._geometry import PixelCounts
from eventvision.io._guard import StreamGuard

from .messages import EventMessage, plain_type, read_message
from .topic import EVENT_TYPES, TopicDecoder, no_events, stated_sensor, topic_notes

if TYPE_CHECKING:
    from rosbags.interfaces import Connection
    from rosbags.rosbag2 import Reader

METADATA = "metadata.yaml"
"""What makes a folder a bag."""

_PACKET_EVENTS = 16_384
_INSTALL = "install it with: pip install eventvision[rosbag]"


class Rosbag2Source(FileSource):
    """The events of one topic of a ROS2 bag, read as a stream.

    EVT words depend on those before them, so seeking decodes from the beginning.

    Args:
        path: The bag's folder, or a `.db3` or `.mcap` file.
        sensor: Size of the pixel array; overrides what the messages say.
        topic: Topic to read; None for the first one with events.

    Raises:
        SourceNotFoundError: If there is no such file or folder.
        FormatError: If it is not a bag, is damaged beyond reading, has no events of a known
            kind, or the library that opens bags is missing.
    """

    def __init__(
        self, path: str | Path, *, sensor: SensorSize | None = None, topic: str | None = None
    ) -> None:
        found = _checked(path)
        with _opened(found) as bag:
            self._messages_total = bag.message_count
            message, decoder = _first_message(found, bag, topic)
            topics = {known.topic: plain_type(known.msgtype) for known in bag.connections}
        size, origin = stated_sensor(message, sensor)
        notes = topic_notes(decoder.topic, message, topics)
        self._decoder, self._messages_read = decoder, 0
        if size is None:
            size = _inferred(found, decoder)
            notes += (f"The messages state no sensor size; {size} holds the pixels seen.",)
        info = SourceInfo(
            name=str(path),
            format=f"ROS2 bag, {decoder.kind} ({message.encoding})",
            sensor=size,
            sensor_from=origin,
            camera=message.frame_id,
            notes=notes,
        )
        super().__init__(found, info)

    @property
    def progress(self) -> float | None:
        """Share of the messages read so far, 0 to 1."""
        return min(1.0, self._messages_read / max(1, self._messages_total))

    def _packets(self) -> Iterator[Packet]:
        guard = StreamGuard(self.info.sensor, self._damage)
        for step in _steps(self._path, self._decoder.copy()):
            self._messages_read = step.after
            for damage in step.damage:
                self._damage.add(damage)
            events = guard.admit(step.events)
            step.triggers["t"] += guard.shift_us
            packet = self._wanted(Packet(Events(events, self.info.sensor), triggers=step.triggers))
            if len(packet) or packet.triggers.size:
                yield packet
        packet = self._wanted(Packet(Events(guard.flush(), self.info.sensor)))
        if len(packet):
            yield packet

    def _wanted(self, packet: Packet) -> Packet:
        if self._start_us is None:
            return packet
        later = packet.events.data[np.searchsorted(packet.events.t, self._start_us) :]
        edges = packet.triggers[packet.triggers["t"] >= self._start_us]
        return Packet(Events(later, packet.sensor), triggers=edges)


def _steps(path: Path, decoder: TopicDecoder) -> Iterator[Step]:
    """Yield what the messages of a topic hold, counted in messages; damage ends it."""
    number = 0
    try:
        with _opened(path) as bag:
            for _, body in _messages(bag, decoder.topic, {decoder.kind}):
                number += 1
                decoder.decode(body)
                if decoder.events >= _PACKET_EVENTS:
                    yield decoder.step(None, number)
    except FormatError as error:
        decoder.report("corrupt-block", error.problem, None, None)
    yield decoder.step(None, number)


def _messages(
    bag: Reader, topic: str | None, kinds: frozenset[str] | set[str]
) -> Iterator[tuple[Connection, bytes]]:
    """Yield the messages of a topic, or of all; None of a type that cannot be read.

    Raises:
        FormatError: If the bag is damaged.
    """
    wanted = [
        known
        for known in bag.connections
        if plain_type(known.msgtype) in kinds and topic in (None, known.topic)
    ]
    if not wanted:
        return
    messages = bag.messages(wanted)
    while True:
        try:
            connection, _, body = next(messages)
        except StopIteration:
            return
        except Exception as error:
            # What the library raises on damage is not documented and ranges to AssertionError.
            raise _damaged(bag.path, error) from error
        yield connection, bytes(body)


class _opened:  # noqa: N801
    """Opens a bag; errors of the library become those of this package."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> Reader:
        try:
            from rosbags.rosbag2 import Reader
        except ImportError as error:
            raise FormatError(self._path, "needs the library rosbags", _INSTALL) from error
        try:
            self._bag = Reader(self._path)
            self._bag.open()
        except Exception as error:
            raise _damaged(self._path, error) from error
        topics = [(known.topic, known.msgtype) for known in self._bag.connections]
        if not all(isinstance(text, str) for topic in topics for text in topic):
            self._bag.close()
            raise _damaged(self._path, ValueError("a topic has no name or no type"))
        return self._bag

    def __exit__(self, *_: object) -> None:
        self._bag.close()


def _checked(path: str | Path) -> Path:
    found = Path(path)
    if not found.is_dir():
        return checked_path(path)
    if not (found / METADATA).is_file():
        raise SourceNotFoundError(path, f"the folder has no {METADATA}", "name a bag's folder")
    return found


def _damaged(path: object, error: Exception) -> FormatError:
    text = (str(error) or type(error).__name__).splitlines()[0]
    return FormatError(str(path), f"cannot be read as a ROS2 bag ({text})", "copy or reindex it")


def _first_message(path: Path, bag: Reader, topic: str | None) -> tuple[EventMessage, TopicDecoder]:
    problem = ""
    for known, body in _messages(bag, topic, EVENT_TYPES):
        kind = plain_type(known.msgtype)
        try:
            message = read_message(body, kind, cdr=True)
            return message, TopicDecoder(known.topic, kind, message, cdr=True)
        except ValueError as error:
            problem = problem or str(error)
    topics = {known.topic: plain_type(known.msgtype) for known in bag.connections}
    raise no_events(path, topics, topic, problem)


def _inferred(path: Path, decoder: TopicDecoder) -> SensorSize:
    counts = PixelCounts()
    for step in _steps(path, decoder.copy()):
        counts.add(step.events["x"], step.events["y"])
    try:
        return counts.sensor()
    except ValueError as error:
        problem = f"its sensor size is unknown ({error})"
        raise FormatError(path, problem, "give it, such as 346x260") from error
