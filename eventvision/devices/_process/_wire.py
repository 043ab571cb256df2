"""Messages between the two processes: a header in JSON, and arrays as they lie in memory.

4 bytes   length of the header, little-endian
header    {"...": ..., "arrays": [["name", "float32", [1, 2, 34, 34]], …]}
arrays    one after another, in C order
"""

from __future__ import annotations

import json
import math
import socket
import struct
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

_LENGTH = struct.Struct("<I")
_MOST_HEADER = 1 << 20
_MOST_BYTES = 1 << 31

_Layout: TypeAlias = tuple[str, np.dtype[Any], tuple[int, ...]]
"""Name, type and shape of an array."""


class WireError(Exception):
    """The other side has gone, or says what cannot be understood."""


@dataclass(frozen=True, slots=True)
class Message:
    """One request or answer.

    Attributes:
        values: What fits into JSON.
        arrays: Arrays by name.
    """

    values: Mapping[str, Any]
    arrays: Mapping[str, NDArray[np.generic]] = field(default_factory=dict)


class Wire:
    """A socket that carries messages.

    Args:
        connection: A connected stream socket; it is closed with the wire.
    """

    def __init__(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = connection

    def send(self, message: Message, timeout_s: float | None = None) -> None:
        """Send a message.

        Raises:
            TimeoutError: If the other side does not take it in time.
            WireError: If it has gone.
        """
        whole = {name: np.ascontiguousarray(each) for name, each in message.arrays.items()}
        layout = [[name, each.dtype.name, each.shape] for name, each in whole.items()]
        header = json.dumps({**message.values, "arrays": layout}).encode()
        clock = _Clock(timeout_s)
        self._send(memoryview(_LENGTH.pack(len(header)) + header), clock)
        for each in whole.values():
            self._send(each.reshape(-1).view(np.uint8).data, clock)

    def receive(self, timeout_s: float | None = None) -> Message:
        """Wait for a message.

        Raises:
            TimeoutError: If none is complete in time.
            WireError: If the other side has gone or sends nonsense.
        """
        clock = _Clock(timeout_s)
        (length,) = _LENGTH.unpack(self._receive(_LENGTH.size, clock).data)
        if length > _MOST_HEADER:
            raise WireError(f"a header of {length} bytes")
        values, layout = _read_header(self._receive(length, clock).tobytes())
        arrays = {
            name: self._receive(math.prod(shape) * dtype.itemsize, clock).view(dtype).reshape(shape)
            for name, dtype, shape in layout
        }
        return Message(values, arrays)

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def _send(self, content: memoryview, clock: _Clock) -> None:
        sent = 0
        try:
            while sent < len(content):
                self._socket.settimeout(clock.left_s())
                sent += self._socket.send(content[sent:])
        except TimeoutError:
            raise
        except OSError as error:
            raise WireError(f"the connection broke ({error})") from error

    def _receive(self, size: int, clock: _Clock) -> NDArray[np.uint8]:
        content = np.empty(size, np.uint8)
        filled = 0
        try:
            while filled < size:
                self._socket.settimeout(clock.left_s())
                count = self._socket.recv_into(content[filled:].data)
                if not count:
                    raise WireError("the connection was closed")
                filled += count
        except TimeoutError:
            raise
        except OSError as error:
            raise WireError(f"the connection broke ({error})") from error
        return content


def _read_header(content: bytes) -> tuple[dict[str, Any], list[_Layout]]:
    """Return what a header says, and which arrays follow."""
    try:
        values = json.loads(content)
        layout = [
            (str(name), np.dtype(dtype), tuple(map(int, shape)))
            for name, dtype, shape in values.pop("arrays")
        ]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise WireError(f"a header that makes no sense ({error})") from error
    for _, dtype, shape in layout:
        if dtype.hasobject or min(shape, default=0) < 0:
            raise WireError(f"an array of {dtype} and shape {shape}")
    if sum(math.prod(shape) * dtype.itemsize for _, dtype, shape in layout) > _MOST_BYTES:
        raise WireError("arrays that are too large")
    return values, layout


class _Clock:
    """What is left of a time limit."""

    def __init__(self, timeout_s: float | None) -> None:
        self._end_s = None if timeout_s is None else time.monotonic() + timeout_s

    def left_s(self) -> float | None:
        if self._end_s is None:
            return None
        left_s = self._end_s - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        return left_s
