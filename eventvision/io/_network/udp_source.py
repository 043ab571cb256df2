"""Events that come as UDP datagrams: nothing is asked again, what is lost is counted."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

from eventvision.core import Damage, Events, Packet, SensorSize, SourceError, SourceInfo
from eventvision.io._guard import StreamGuard
from eventvision.io._live import IDLE_S, LiveStream, silence
from eventvision.kernels.words import joined

from .datagrams import Wire
from .inbox import Arrival, Inbox
from .names import Address, hosts, is_loopback, shown_place
from .order import DatagramOrder, NumberOrder, TimeOrder
from .reading import DatagramReader

OPTIONS = ("sensor", "format", "byteorder", "numbered", "from")


class UdpSource(LiveStream):
    """Receives datagrams of events until it is closed.

    While nothing comes, an empty packet comes every 100 ms. Events without times get that of their
    arrival, in microseconds since the first datagram.

    Args:
        name: `udp://host:port?sensor=WxH`, host and port being those to listen at. Further options:
            `format=spif` (default), `t32_x16_y15_on1` or `t64_x16_y16_on8`; `byteorder=big` for
            SPIF words sent that way; `numbered=yes` if the sender numbers its datagrams, so that
            losses can be counted; `from=HOST` to take datagrams of this sender only, which has to
            be given where other machines could send.
        sensor: Size of the pixel array, instead of the one in the name.

    Raises:
        SourceError: If the name cannot be used, or it cannot listen there.
    """

    def __init__(self, name: str, *, sensor: SensorSize | None = None) -> None:
        address = Address.parse(name, schemes=("udp",), options=OPTIONS)
        wanted = sensor or address.sensor
        if wanted is None:
            problem = "does not say how large the sensor is, and datagrams do not either"
            raise SourceError(address.text, problem, "add ?sensor=WxH to the address")
        self._wire = Wire.of(address)
        self._senders = _senders_of(address)
        super().__init__(_described(address, wanted, self._wire))
        self._guard = StreamGuard(self._info.sensor, self._damage, is_live=True)
        self._order: DatagramOrder = (
            NumberOrder(self._damage) if self._wire.is_numbered else TimeOrder(self._damage)
        )
        self._reader = DatagramReader(self._wire, self._damage)
        self._overflowed = self._strangers = 0
        receiver = _bound(address)
        self._address = f"udp://{shown_place(receiver.getsockname())}"
        self._inbox = Inbox(receiver)

    @property
    def address(self) -> str:
        """Where it listens, such as `udp://127.0.0.1:3333`."""
        return self._address

    @property
    def lost(self) -> int:
        """Datagrams known to be lost: by their numbers, or because they came too fast."""
        return self._order.lost + self._overflowed

    @property
    def reordered(self) -> int:
        """Datagrams that others had overtaken."""
        return self._order.reordered

    @property
    def strangers(self) -> int:
        """Datagrams that came from others than the sender that was named."""
        return self._strangers

    def _packets(self) -> Iterator[Packet]:
        """Yield packets as datagrams come, until the source is closed."""
        while True:
            arrivals = self._inbox.take(IDLE_S)
            self._note_overflow()
            datagrams = self._order.arrange(self._reader.read(self._welcome(arrivals)))
            if datagrams:
                data = joined(datagram.events for datagram in datagrams)
                events = Events(self._guard.admit(data), self._info.sensor)
                yield Packet(events, arrived_ns=max(one.arrived_ns for one in datagrams))
            elif self._inbox.is_closed:
                break
            else:
                yield silence(self._info.sensor)
        rest = self._guard.flush()
        if rest.size:
            yield Packet(Events(rest, self._info.sensor), arrived_ns=time.monotonic_ns())

    def close(self) -> None:
        """Stop receiving, from any thread; may be called twice."""
        self._inbox.close()

    def _welcome(self, arrivals: list[Arrival]) -> list[Arrival]:
        if self._senders is None:
            return arrivals
        welcome = [arrival for arrival in arrivals if arrival.host in self._senders]
        self._strangers += len(arrivals) - len(welcome)
        return welcome

    def _note_overflow(self) -> None:
        overflowed = self._inbox.overflowed + self._inbox.dropped
        if overflowed > self._overflowed:
            message = f"{overflowed - self._overflowed} datagrams came faster than they were taken"
            self._damage.add(Damage(kind="receive-overflow", message=message))
            self._overflowed = overflowed


def _senders_of(address: Address) -> frozenset[str] | None:
    """Return the numbers of the only host that may send, None if anybody may."""
    sender = address.options.get("from")
    if sender is not None:
        if not (found := hosts(sender)):
            raise SourceError(address.text, f"has from={sender}, an unknown host", "check it")
        return found
    if not is_loopback(address.host):
        problem = "takes events from every machine in reach, since UDP has no proof of the sender"
        remedy = "listen at 127.0.0.1, or name the sender with from=HOST on a network you trust"
        raise SourceError(address.text, problem, remedy)
    return None


def _described(address: Address, sensor: SensorSize, wire: Wire) -> SourceInfo:
    notes = () if wire.is_numbered else ("Datagrams have no numbers: losses cannot be counted.",)
    return SourceInfo(
        name=address.text,
        format=f"UDP {wire.name}",
        sensor=sensor,
        sensor_from="user",
        notes=notes,
    )


def _bound(address: Address) -> socket.socket:
    receiver = None
    try:
        family, kind, _, _, place = socket.getaddrinfo(
            address.host, address.port, type=socket.SOCK_DGRAM
        )[0]
        receiver = socket.socket(family, kind)
        receiver.bind(place)
    except OSError as error:
        if receiver is not None:
            receiver.close()
        problem = f"cannot listen there ({error.strerror or error})"
        raise SourceError(address.text, problem, "choose another host or port") from error
    return receiver
