"""ROS2 bags as folders, and their database files; no library is needed.

A folder holds `metadata.yaml` and one file of messages or several, one after the other. The
metadata say nothing that the files do not say themselves, so that damaged ones do no harm.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

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
from eventvision.io._file_bytes import FileBytes
from eventvision.io._geometry import PixelCounts
from eventvision.io._guard import StreamGuard

from . import mcap
from .database import read_database
from .found import FoundMessage
from .messages import EventMessage, read_message
from .pages import MAGIC as DATABASE_MAGIC
from .stream import Connections
from .topic import EVENT_TYPES, TopicDecoder, no_events, stated_sensor, topic_notes

METADATA = "metadata.yaml"
"""What makes a folder a bag."""

_PACKET_EVENTS = 16_384
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_MOST_MESSAGE_BYTES = 1 << 28


class Rosbag2Source(FileSource):
    """The events of one topic of a ROS2 bag, read as a stream.

    EVT words depend on those before them, so seeking decodes from the beginning.

    Args:
        path: The bag's folder, or a `.db3` or `.mcap` file.
        sensor: Size of the pixel array; overrides what the messages say.
        topic: Topic to read; None for the first one with events.

    Raises:
        SourceNotFoundError: If there is no such file or folder.
        FormatError: If it is not a bag, is damaged beyond reading, or has no events of a known
            kind.
    """

    def __init__(
        self, path: str | Path, *, sensor: SensorSize | None = None, topic: str | None = None
    ) -> None:
        self._files = _files(path)
        message, decoder, topics = _first_message(path, self._files, topic)
        size, origin = stated_sensor(message, sensor)
        notes = topic_notes(decoder.topic, message, topics)
        self._decoder = decoder
        if size is None:
            size = _inferred(path, self._files, decoder)
            notes += (f"The messages state no sensor size; {size} holds the pixels seen.",)
        info = SourceInfo(
            name=str(path),
            format=f"ROS2 bag, {decoder.kind} ({message.encoding})",
            sensor=size,
            sensor_from=origin,
            camera=message.frame_id,
            notes=notes,
        )
        super().__init__(Path(path), info)
        self._bytes_total = sum(file.stat().st_size for file in self._files)

    def _packets(self) -> Iterator[Packet]:
        guard = StreamGuard(self.info.sensor, self._damage)
        for step in _steps(self._files, self._decoder.copy()):
            self._bytes_read = step.after
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


def _steps(files: list[Path], decoder: TopicDecoder) -> Iterator[Step]:
    """Yield what the messages of a topic hold, counted in bytes of all files."""
    read_bytes = 0
    for found in _messages(files):
        read_bytes += len(found.body)
        if found.problem:
            decoder.report("corrupt-block", found.problem, found.start, found.stop)
        elif (found.topic, found.kind) == (decoder.topic, decoder.kind):
            decoder.decode(_inflated(found.body), found.start, found.stop)
        if decoder.events >= _PACKET_EVENTS:
            yield decoder.step(None, read_bytes)
    yield decoder.step(None, read_bytes)


def _messages(files: list[Path]) -> Iterator[FoundMessage]:
    for file in files:
        yield from read_database(file) if _is_database(file) else _read_mcap(file)


def _read_mcap(path: Path) -> Iterator[FoundMessage]:
    connections: Connections = {}
    with closing(FileBytes(path)) as data:
        at = len(mcap.MAGIC)
        while at < data.size:
            taken = mcap.take(data, at, connections)
            if taken.problem:
                yield FoundMessage(problem=taken.problem, start=at, stop=taken.after)
            for channel, body in taken.messages:
                topic, kind = connections.get(channel, ("", ""))
                yield FoundMessage(topic, kind, body, start=at, stop=taken.after)
            at = taken.after


def _inflated(body: bytes) -> bytes:
    """Return a message, which bags may compress one by one."""
    if not body.startswith(_ZSTD_MAGIC):
        return body
    from eventvision.io._zstd import zstd

    try:
        return bytes(zstd.ZstdDecompressor().decompress(body, _MOST_MESSAGE_BYTES))
    except zstd.ZstdError:
        return body


def _files(path: str | Path) -> list[Path]:
    """Return the files with the messages of a bag, in order.

    Raises:
        SourceNotFoundError: If there is no such file or folder.
        FormatError: If there are no messages that can be read.
    """
    found = Path(path)
    if not found.is_dir():
        if not _is_database(checked_path(path)) and not _is_mcap(found):
            raise FormatError(path, "is neither an SQLite database nor MCAP", "check the file")
        return [found]
    if not (found / METADATA).is_file():
        raise SourceNotFoundError(path, f"the folder has no {METADATA}", "name a bag's folder")
    inside = sorted((one for one in found.iterdir() if one.is_file()), key=_natural)
    files = [one for one in inside if _is_database(one) or _is_mcap(one)]
    if not files:
        packed = any(one.suffix == ".zstd" for one in inside)
        remedy = "decompress its files with `zstd -d`" if packed else "copy the bag again"
        raise FormatError(path, "cannot be read as a ROS2 bag (no file of messages)", remedy)
    return files


def _natural(path: Path) -> list[tuple[int, str]]:
    """Sort `bag_10` behind `bag_9`."""
    parts = re.split(r"(\d+)", path.name)
    return [(int(part), "") if part.isdecimal() else (0, part) for part in parts]


def _is_database(path: Path) -> bool:
    return _begins_with(path, DATABASE_MAGIC)


def _is_mcap(path: Path) -> bool:
    return _begins_with(path, mcap.MAGIC)


def _begins_with(path: Path, magic: bytes) -> bool:
    with path.open("rb") as file:
        return file.read(len(magic)) == magic


def _first_message(
    path: str | Path, files: list[Path], topic: str | None
) -> tuple[EventMessage, TopicDecoder, dict[str, str]]:
    """Return the first message with events, a decoder for its topic, and all topics until then."""
    topics: dict[str, str] = {}
    chosen: tuple[EventMessage, TopicDecoder] | None = None
    problem = ""
    for number, found in enumerate(_messages(files)):
        if chosen is not None and number > _LOOK_FOR_TOPICS:
            break
        problem = problem or found.problem
        if not found.topic:
            continue
        topics[found.topic] = found.kind
        if chosen is not None or found.kind not in EVENT_TYPES or topic not in (None, found.topic):
            continue
        try:
            message = read_message(_inflated(found.body), found.kind, cdr=True)
            chosen = message, TopicDecoder(found.topic, found.kind, message, cdr=True)
        except ValueError as error:
            problem = problem or str(error)
    if chosen is None:
        raise no_events(path, topics, topic, problem)
    return *chosen, topics


_LOOK_FOR_TOPICS = 1_000
"""So many messages are looked at for the names of topics that are not read."""


def _inferred(path: str | Path, files: list[Path], decoder: TopicDecoder) -> SensorSize:
    counts = PixelCounts()
    for step in _steps(files, decoder.copy()):
        counts.add(step.events["x"], step.events["y"])
    try:
        return counts.sensor()
    except ValueError as error:
        problem = f"its sensor size is unknown ({error})"
        raise FormatError(path, problem, "give it, such as 346x260") from error
