"""Events sent as UDP datagrams, as SPIF, AEStream, EventCV and faery receive them."""

from __future__ import annotations

import socket
from typing import ClassVar

from eventvision.core import ConfigError, OutputError, Packet, SensorSize, SourceError

from .datagrams import Wire
from .names import Address

OPTIONS = ("format", "byteorder", "numbered")
_PATIENCE_S = 0.1


class UdpSender:
    """Sends datagrams of events to one receiver, whether it listens or not.

    Args:
        name: `udp://host:port`, with the options `format=spif` (default), `spif-untimed`,
            `t32_x16_y15_on1` or `t64_x16_y16_on8`, `byteorder=big` for SPIF words, and
            `numbered=yes` to put a number in front of each datagram, which only `UdpSource`
            understands.
        sensor: Size of the pixel array.
        camera: Name of the camera; datagrams have no place for it.

    Attributes:
        carries: What is sent besides events: nothing.
        sent: Datagrams that were handed to the network.
        dropped: Datagrams that the network did not take within 100 ms.

    Raises:
        ConfigError: If the name cannot be used, or the sensor is too large for the format.
        OutputError: If there is no such host.
    """

    carries: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, name: str, sensor: SensorSize, *, camera: str = "") -> None:
        del camera
        try:
            address = Address.parse(name, schemes=("udp",), options=OPTIONS)
            self._wire = Wire.of(address)
        except SourceError as error:
            raise ConfigError("udp", error.source, f"udp://host:port; {error.problem}") from None
        largest = self._wire.format.largest_px
        if max(sensor.width, sensor.height) > largest:
            raise ConfigError("sensor", str(sensor), f"at most {largest} pixels a side")
        self._name = address.text
        try:
            family, kind, _, _, place = socket.getaddrinfo(
                address.host, address.port, type=socket.SOCK_DGRAM
            )[0]
            self._socket = socket.socket(family, kind)
        except OSError as error:
            raise self._failed(error) from error
        self._place = place
        self._socket.settimeout(_PATIENCE_S)
        self._number = 0
        self.sent = self.dropped = 0

    def write(self, packet: Packet) -> None:
        """Send the events of a packet.

        Raises:
            OutputError: If the sender is closed or the network refuses them.
        """
        for datagram in self._wire.encode(packet.events.data, self._number):
            self._number += 1
            try:
                self._socket.sendto(datagram, self._place)
            except TimeoutError:
                self.dropped += 1
            except OSError as error:
                raise self._failed(error) from error
            else:
                self.sent += 1

    def close(self) -> None:
        """Release the socket; may be called twice."""
        self._socket.close()

    def _failed(self, error: OSError) -> OutputError:
        problem = f"cannot be sent to ({error.strerror or error})"
        return OutputError(self._name, problem, "check host, port and network")
