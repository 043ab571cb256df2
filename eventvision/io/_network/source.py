"""What a server sends: dv-processing's NetworkWriter or an `EventServer`."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from eventvision.core import (
    Damage,
    Events,
    FormatError,
    Packet,
    SensorSize,
    SourceError,
    SourceInfo,
    SourceNotFoundError,
)
from eventvision.io._aedat4.payload import PayloadError
from eventvision.io._guard import StreamGuard
from eventvision.io._live import IDLE_S, LiveStream, silence

from .connect import Deadline, connect
from .content import Kind, decode
from .names import Address, is_loopback
from .protocol import Hello, Unframer

RECEIVE_BYTES = 1 << 18
PACKET_S = 30.0
"""A packet that has begun must be complete within this time."""

OPTIONS = ("sensor", "token", "token_file", "ca", "cert", "key", "check_name")


class NetworkSource(LiveStream):
    """Receives a stream over TCP or TLS; iteration ends when the peer closes the connection.

    Frames, IMU samples and triggers come as they arrive, where the peer sends them: a NetworkWriter
    sends one kind, so that its stream may consist of them alone.

    Nothing is queued here beside the packet that is being received: whoever reads too slowly lets
    TCP hold the peer back, and a server decides what it drops. While the peer is silent, an empty
    packet comes every 100 ms. How a stream ended is said in `info.notes` if the peer closed it
    between two packets, in `damage` if it broke off.

    Args:
        name: `tcp://host:port` or `tls://host:port`, followed by options: `?sensor=WxH` where the
            peer does not say it, `token=` or `token_file=` for servers that ask for one; for TLS
            `ca=` (authority that signed the server's certificate; the system's if not given),
            `cert=` and `key=` (what to show to a server that asks), and `check_name=no` for
            certificates that do not name their host.
        sensor: Size of the pixel array, instead of what the peer says.
        timeout_s: Within this time the peer must have answered and introduced itself.

    Raises:
        SourceNotFoundError: If nobody answers there in time.
        FormatError: If the peer does not speak the protocol or streams nothing that is known.
        SourceError: If the name, a certificate or a token cannot be used.
        ValueError: If `timeout_s` is not positive.
    """

    def __init__(
        self, name: str, *, sensor: SensorSize | None = None, timeout_s: float = 10.0
    ) -> None:
        address = Address.parse(name, schemes=("tcp", "tls"), options=OPTIONS)
        wanted = sensor or address.sensor
        deadline = Deadline(timeout_s)
        self._name = address.text
        self._unframer = Unframer(address.text)
        self._buffer = memoryview(bytearray(RECEIVE_BYTES))
        self._waited_s = 0.0
        self._reading = threading.Lock()
        self._stopped = threading.Event()
        self._connection = connect(address, deadline)
        try:
            super().__init__(_described(address, self._greet(deadline), wanted))
        except BaseException:
            self._connection.close()
            raise
        self._guard = StreamGuard(self._info.sensor, self._damage, is_live=True)

    def _packets(self) -> Iterator[Packet]:
        """Yield packets as they come, until the peer or `close` ends the stream.

        Raises:
            FormatError: If what comes is no such stream, or a packet never ends.
        """
        try:
            yield from self._received()
        except FormatError:
            self.close()
            raise
        rest = self._guard.flush()
        if rest.size:
            yield Packet(Events(rest, self._info.sensor), arrived_ns=time.monotonic_ns())

    def close(self) -> None:
        """End the connection, from any thread; may be called twice."""
        self._stopped.set()
        with self._reading:
            self._connection.close()

    def _received(self) -> Iterator[Packet]:
        while True:
            while (taken := self._unframer.take_packet()) is not None:
                self._waited_s = 0.0
                yield self._admitted(*taken)
            count = self._receive()
            if count == 0:
                return
            if count is None:
                yield silence(self._info.sensor)

    def _admitted(self, kind: Kind, payload: NDArray[np.uint8]) -> Packet:
        arrived_ns = time.monotonic_ns()
        try:
            content = decode(payload, kind)
        except PayloadError as error:
            message = f"a packet of {kind} ({payload.size} bytes) is damaged: {error}"
            self._damage.add(Damage(kind="corrupt-packet", message=message))
            return silence(self._info.sensor)
        events = Events(self._guard.admit(content.events), self._info.sensor)
        frames, imu, triggers = content.beside(self._guard.shift_us)
        return Packet(events, frames, imu, triggers, arrived_ns=arrived_ns)

    def _receive(self) -> int | None:
        """Pass on what has come: return how many bytes, 0 at the end, None if nothing came."""
        with self._reading:
            if self._stopped.is_set():
                return 0
            began_s = time.monotonic()
            try:
                self._connection.settimeout(IDLE_S)
                count = self._connection.recv_into(self._buffer)
            except TimeoutError:
                count = None
            except OSError as error:
                self._broke_off(f"the connection broke ({error.strerror or error})")
                return 0
        if count:
            self._unframer.push(self._buffer[:count])
        elif count == 0 and not self._unframer:
            self.add_note("The peer closed the connection.")
        elif count == 0:
            self._broke_off("the peer closed the connection inside a packet")
        self._waited_s += time.monotonic() - began_s if self._unframer else 0.0
        if self._waited_s > PACKET_S:
            problem = f"sends a packet that is not complete after {PACKET_S:g} s"
            raise FormatError(self._info.name, problem, "check the peer and the network")
        return count

    def _broke_off(self, message: str) -> None:
        self._stopped.set()
        self._damage.add(Damage(kind="disconnected", message=message))

    def _greet(self, deadline: Deadline) -> Hello:
        """Return what the peer says about itself."""
        try:
            while (hello := self._unframer.take_hello()) is None:
                self._connection.settimeout(deadline.left_s())
                count = self._connection.recv_into(self._buffer)
                if not count:
                    problem = "closed the connection before it introduced itself"
                    raise SourceError(self._name, problem, _CLOSED_REMEDY)
                self._unframer.push(self._buffer[:count])
        except TimeoutError:
            problem = f"answers, but did not introduce itself within {deadline.timeout_s:g} s"
            raise SourceNotFoundError(self._name, problem, _SILENT_REMEDY) from None
        except OSError as error:
            problem = f"broke off before it introduced itself ({error.strerror or error})"
            raise SourceError(self._name, problem, _CLOSED_REMEDY) from error
        return hello


_CLOSED_REMEDY = (
    "it may be full, or ask for a token (token=), for TLS (tls://) or for a certificate (cert=)"
)
_SILENT_REMEDY = "check that a server of events listens there, and whether it asks for TLS"


def _described(address: Address, hello: Hello, wanted: SensorSize | None) -> SourceInfo:
    sensor = wanted or hello.sensor
    if sensor is None:
        problem = "does not say how large its sensor is"
        raise FormatError(address.text, problem, "add ?sensor=WxH to the address")
    notes = []
    if "events" not in hello.streams.values():
        notes.append(f"The peer sends {' and '.join(hello.streams.values())} only.")
    if hello.others:
        notes.append(f"{len(hello.others)} more streams of the peer are passed over.")
    sends_token = not address.options.keys().isdisjoint({"token", "token_file"})
    if sends_token and address.scheme == "tcp" and not is_loopback(address.host):
        notes.append("The token travelled unencrypted: use tls:// on networks you do not trust.")
    return SourceInfo(
        name=address.text,
        format="AEDAT4 stream",
        sensor=sensor,
        sensor_from="user" if wanted else "header",
        camera=hello.camera,
        notes=tuple(notes),
    )
