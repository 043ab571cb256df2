"""A server that dv-processing's NetworkReader and `NetworkSource` connect to."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from eventvision.core import ConfigError, OutputError, Packet, SensorSize, SourceError

from .access import Tls, check_access
from .content import Encoder, chosen_kinds
from .names import Address, shown_place
from .queue import ClientReport
from .reception import Reception

OPTIONS = ("token", "token_file", "cert", "key", "ca", "send")
LARGEST_SIDE_PX = 32_767
MOST_CLIENTS = 1_000


class EventServer:
    """Sends packets to all clients, and never waits for any of them.

    Each client has a queue of its own. Where a client reads too slowly, the oldest packet in its
    queue makes room for the newest, which is counted in `clients`.

    On this machine anybody may connect. A `host` that others can reach needs a `token`, which
    `NetworkSource` sends as the first line, or `tls` with the authority of the clients'
    certificates, which dv-processing's NetworkReader can show as well.

    Args:
        host: Address to listen at.
        port: Port to listen at; 0 takes a free one, see `address`.
        sensor: Size of the pixel array, at most 32767 pixels wide and high.
        camera: Name of the camera that clients are told.
        token: Secret that clients must send, at least 16 letters.
        tls: Files for an encrypted server.
        send: What is sent: `events`, `frames`, `imu`, `triggers`. dv-processing's reader takes one
            kind only; `NetworkSource` takes any. What is left out is counted in `left_out`.
        max_clients: Most clients at a time; more are refused.
        queue_packets: Most packets, of up to 65,536 events, that wait for a client.

    Attributes:
        carries: What is sent besides events.

    Raises:
        ConfigError: If an argument is out of range, or others could connect without proof.
        OutputError: If it cannot listen there.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        sensor: SensorSize,
        camera: str = "",
        token: str | None = None,
        tls: Tls | None = None,
        send: Sequence[str] = ("events",),
        max_clients: int = 10,
        queue_packets: int = 64,
    ) -> None:
        _check(sensor, max_clients, queue_packets)
        self._encoder = _encoder(send)
        self.carries = frozenset(self._encoder.kinds) - {"events"}
        self._left_out = dict.fromkeys(("frames", "imu", "triggers"), 0)
        check_access(host, token, tls)
        context = tls.context() if tls else None
        self._sensor = sensor
        self._listener = _listening(host, port)
        scheme = "tls" if tls else "tcp"
        self._address = f"{scheme}://{shown_place(self._listener.getsockname())}"
        self._reception = Reception(
            self._listener,
            self._encoder.hello(sensor, camera or "eventvision"),
            token=token,
            context=context,
            max_clients=max_clients,
            queue_packets=queue_packets,
        )
        self._lock = threading.Lock()
        self._closed = False
        self._closing = asyncio.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="eventvision-server", daemon=True)
        self._thread.start()

    @classmethod
    def from_name(cls, name: str, sensor: SensorSize, *, camera: str = "") -> Self:
        """Open the server that a name describes.

        Args:
            name: `tcp://host:port` or `tls://host:port?cert=FILE&key=FILE&ca=FILE`, either with
                `token=` or `token_file=`, and with `send=events,frames,imu,triggers` or fewer.
            sensor: Size of the pixel array.
            camera: Name of the camera that clients are told.

        Raises:
            ConfigError: If the name cannot be used, or others could connect without proof.
            OutputError: If it cannot listen there.
        """
        try:
            address = Address.parse(name, schemes=("tcp", "tls"), options=OPTIONS)
            token = address.token
        except SourceError as error:
            raise ConfigError("server", error.source, f"tcp://host:port: {error.problem}") from None
        files = {
            key: Path(address.options[key])
            for key in ("cert", "key", "ca")
            if key in address.options
        }
        tls = None
        if address.scheme == "tls":
            if not {"cert", "key"} <= files.keys():
                raise ConfigError("server", address.text, "cert=FILE and key=FILE for TLS")
            tls = Tls(certificate=files["cert"], key=files["key"], authority=files.get("ca"))
        send = address.options.get("send", "events").split(",")
        return cls(
            address.host,
            address.port,
            sensor=sensor,
            camera=camera,
            token=token,
            tls=tls,
            send=send,
        )

    @property
    def address(self) -> str:
        """Where it listens, such as `tcp://127.0.0.1:7777`."""
        return self._address

    @property
    def clients(self) -> tuple[ClientReport, ...]:
        """How every connected client is doing."""
        return self._reception.reports

    @property
    def served(self) -> int:
        """How many clients were let in so far."""
        return self._reception.served

    @property
    def events_dropped(self) -> int:
        """Events that slow clients did not get, over all clients there have been."""
        return self._reception.events_dropped

    @property
    def refused(self) -> int:
        """Connections that were refused: too many, no proof, or no manners."""
        return self._reception.refused

    @property
    def left_out(self) -> dict[str, int]:
        """Frames, IMU samples and triggers that were to be written but are not sent."""
        return dict(self._left_out)

    def write(self, packet: Packet) -> None:
        """Send what a packet holds to all clients; never waits.

        Raises:
            OutputError: If the server is closed, or the packet is of another sensor.
        """
        if packet.sensor != self._sensor:
            problem = f"a packet of a sensor of {packet.sensor} came, not of {self._sensor}"
            raise OutputError(self._address, problem, "open the server with that size")
        with self._lock:
            if self._closed or not self._thread.is_alive():
                raise OutputError(self._address, "is closed", "open a new server")
            queues = self._reception.queues
            self._count_left_out(packet)
            for message, events in self._encoder.messages(packet) if queues else ():
                for queue in queues:
                    queue.put(message, events)

    def _count_left_out(self, packet: Packet) -> None:
        found = {
            "frames": len(packet.frames),
            "imu": packet.imu.size,
            "triggers": packet.triggers.size,
        }
        for kind, count in found.items():
            if kind not in self.carries:
                self._left_out[kind] += count

    def close(self) -> None:
        """Give clients 2 s to take what waits for them, and leave; may be called twice."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            if self._thread.is_alive():
                self._loop.call_soon_threadsafe(self._closing.set)
        self._thread.join()
        self._listener.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._reception.run(self._closing))
        finally:
            self._loop.close()


def _encoder(send: Sequence[str]) -> Encoder:
    try:
        return Encoder(chosen_kinds(send))
    except ValueError as error:
        raise ConfigError("send", ",".join(send), str(error)) from None


def _check(sensor: SensorSize, max_clients: int, queue_packets: int) -> None:
    if max(sensor.width, sensor.height) > LARGEST_SIDE_PX:
        raise ConfigError("sensor", str(sensor), f"at most {LARGEST_SIDE_PX} pixels a side")
    if not 1 <= max_clients <= MOST_CLIENTS:
        raise ConfigError("max_clients", max_clients, f"1 to {MOST_CLIENTS}")
    if queue_packets < 1:
        raise ConfigError("queue_packets", queue_packets, "at least 1")


def _listening(host: str, port: int) -> socket.socket:
    try:
        family, _, _, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.create_server(place[:2], family=family, backlog=64)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        problem = f"cannot listen there ({reason})"
        raise OutputError(f"{host}:{port}", problem, "choose another host or port") from error
    listener.settimeout(0.0)
    return listener
