"""Writes ROS1 bags and ROS2 bags; the library `rosbags` writes the containers.

Times are kept exactly: a microsecond is a thousand of the nanoseconds that ROS counts.
"""

from __future__ import annotations

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from eventvision.core import (
    EVENT_DTYPE,
    ConfigError,
    OutputError,
    Packet,
    SensorSize,
    output_errors,
)

from .encode import KINDS, MONO_ROWS, MONO_SPAN_US, MessageEncoder, MessageKind

if TYPE_CHECKING:
    from rosbags.typesys.store import Typestore

_MESSAGE_EVENTS = 65_536
_INSTALL = "install it with: pip install eventvision[rosbag]"


class _BagWriter(ABC):
    """Base of both; the events of a packet become one message or several."""

    carries: ClassVar[frozenset[str]] = frozenset()
    _version: ClassVar[int]
    _end_us: ClassVar[int]

    def __init__(
        self, path: str | Path, sensor: SensorSize, kind: MessageKind, camera: str
    ) -> None:
        if not kind.listed and sensor.height > MONO_ROWS:
            problem = f"{kind.name} holds up to {MONO_ROWS} rows, not {sensor.height}"
            raise OutputError(path, problem, "write dvs_msgs instead")
        self._path, self._messages, self._is_open = Path(path), 0, True
        self._encoder = MessageEncoder(
            kind=kind, sensor=sensor, frame_id=camera, cdr=self._version == 2
        )

    def write(self, packet: Packet) -> None:
        """Append the events of a packet.

        Raises:
            OutputError: If a time does not fit the format, or the file cannot be written.
        """
        data = packet.events.data
        if data.size and not 0 <= data["t"].min() <= data["t"].max() < self._end_us:
            problem = f"ROS{self._version} bags hold times from 0 to {self._end_us - 1} us"
            raise OutputError(self._path, problem, "write AEDAT4 instead")
        for part in self._parts(data):
            self._write(part)

    def close(self) -> None:
        """Finish the file; may be called twice."""
        if not self._is_open:
            return
        self._is_open = False
        if self._messages == 0:
            self._write(np.empty(0, EVENT_DTYPE))
        with output_errors(self._path):
            self._finish()

    def _parts(self, data: NDArray[np.void]) -> Iterator[NDArray[np.void]]:
        start = 0
        while start < data.size:
            stop = min(data.size, start + _MESSAGE_EVENTS)
            if not self._encoder.kind.listed:
                latest_us = data["t"][start] + MONO_SPAN_US
                stop = min(stop, int(data["t"].searchsorted(latest_us, "right")))
            yield data[start:stop]
            start = stop

    def _write(self, events: NDArray[np.void]) -> None:
        last_us = int(events["t"][-1]) if events.size else 0
        # Time 0 is not valid for a message in a bag, though it is for an event.
        received_ns = max(1, last_us * 1000)
        message = self._encoder.encode(events, self._messages)
        with output_errors(self._path):
            self._store(received_ns, message)
        self._messages += 1

    @abstractmethod
    def _store(self, received_ns: int, message: bytes) -> None: ...

    @abstractmethod
    def _finish(self) -> None: ...


class RosbagWriter(_BagWriter):
    """Writes a ROS1 bag with one topic.

    Attributes:
        carries: What is stored besides events: nothing.
    """

    _version = 1
    _end_us = (1 << 32) * 1_000_000

    def __init__(
        self,
        path: str | Path,
        sensor: SensorSize,
        *,
        camera: str = "",
        topic: str = "/dvs/events",
        message: str = "dvs_msgs",
    ) -> None:
        """Create the file.

        Args:
            path: The file; replaced if it exists.
            sensor: Size of the pixel array.
            camera: Name of the camera; becomes the `frame_id` of the messages.
            topic: Name of the topic.
            message: Package whose messages are written: `dvs_msgs`, `prophesee_event_msgs` or
                `event_camera_msgs` (encoding `mono`).

        Raises:
            ConfigError: If there is no such message.
            OutputError: If the file cannot be written, or the library for it is missing.
        """
        kind = _kind(message)
        super().__init__(path, sensor, kind, camera)
        types = _types(path, kind, version=1)
        from rosbags.rosbag1 import Writer

        with output_errors(path):
            _clear(self._path)
            self._bag = Writer(path)
            self._bag.open()
        self._connection = self._bag.add_connection(topic, kind.name, typestore=types)

    def _store(self, received_ns: int, message: bytes) -> None:
        self._bag.write(self._connection, received_ns, message)

    def _finish(self) -> None:
        self._bag.close()


class Rosbag2Writer(_BagWriter):
    """Writes the one file of a ROS2 bag with one topic, `.mcap` or `.db3`.

    Such a file is complete without the folder and the `metadata.yaml` around it, which
    `ros2 bag reindex` makes where a tool wants them.

    Attributes:
        carries: What is stored besides events: nothing.
    """

    _version = 2
    _end_us = (1 << 31) * 1_000_000

    def __init__(
        self,
        path: str | Path,
        sensor: SensorSize,
        *,
        camera: str = "",
        topic: str = "/event_camera/events",
        message: str = "event_camera_msgs",
        storage: Literal["mcap", "sqlite3"] = "mcap",
    ) -> None:
        """Create the file.

        Args:
            path: The file; replaced if it exists.
            sensor: Size of the pixel array.
            camera: Name of the camera; becomes the `frame_id` of the messages.
            topic: Name of the topic.
            message: As in `RosbagWriter`.
            storage: What kind of file.

        Raises:
            ConfigError: If there is no such message or storage.
            OutputError: If the file cannot be written, or the library for it is missing.
        """
        kind = _kind(message)
        if storage not in ("mcap", "sqlite3"):
            raise ConfigError("storage", storage, "mcap or sqlite3")
        super().__init__(path, sensor, kind, camera)
        types = _types(path, kind, version=2)
        from rosbags.rosbag2 import StoragePlugin, Writer

        self._folder = self._path.with_name(self._path.name + ".bag")
        with output_errors(path):
            _clear(self._path)
            rmtree(self._folder, ignore_errors=True)
            self._bag = Writer(
                self._folder, version=9, storage_plugin=StoragePlugin[storage.upper()]
            )
            self._bag.open()
        self._connection = self._bag.add_connection(topic, kind.name, typestore=types)

    def _store(self, received_ns: int, message: bytes) -> None:
        with _database_errors(self._path):
            self._bag.write(self._connection, received_ns, message)

    def _finish(self) -> None:
        """Take the file out of the folder that the library makes."""
        try:
            with _database_errors(self._path):
                self._bag.close()
            (file,) = (one for one in self._folder.iterdir() if one.suffix in {".mcap", ".db3"})
            file.replace(self._path)
        finally:
            rmtree(self._folder, ignore_errors=True)


@contextmanager
def _database_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise OutputError(path, f"cannot be written ({error})", "write elsewhere") from error


def _kind(message: str) -> MessageKind:
    if message not in KINDS:
        raise ConfigError("message", message, f"one of {', '.join(KINDS)}")
    return KINDS[message]


def _types(path: str | Path, kind: MessageKind, *, version: Literal[1, 2]) -> Typestore:
    """Return the definitions of messages that bags carry along.

    Raises:
        OutputError: If the library is missing.
    """
    try:
        from rosbags.typesys import Stores, get_types_from_msg, get_typestore
    except ImportError as error:
        raise OutputError(path, "needs the library rosbags", _INSTALL) from error
    types = get_typestore(Stores.ROS1_NOETIC if version == 1 else Stores.ROS2_JAZZY)
    for name, text in kind.definitions(cdr=version == 2).items():
        types.register(get_types_from_msg(text, name))
    return types


def _clear(path: Path) -> None:
    if path.exists() and not path.is_file():
        raise OutputError(path, "is not a file", "write the bag to a file")
    path.unlink(missing_ok=True)
