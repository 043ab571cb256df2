"""Slices of an equal number of events."""

from __future__ import annotations

from collections.abc import Iterator

from eventvision.core import Packet, SensorSize, Slice

from ._pending import Pending


class SliceByCount:
    """Cut a stream after every so many events.

    A slice reaches from its first event to 1 us after its last one. Events of one time may so come
    to lie in two slices, which then share that microsecond. A frame goes into the first slice that
    ends after its time; what is left of the stream, events or frames, becomes the last slice.

    Args:
        sensor: Size of the pixel array.
        events: Number of events in a slice.

    Raises:
        ValueError: If the number is not positive.
    """

    def __init__(self, sensor: SensorSize, *, events: int) -> None:
        if events < 1:
            raise ValueError(f"events must be positive, got {events}")
        self._events = events
        self._pending = Pending(sensor)

    def push(self, packet: Packet) -> Iterator[Slice]:
        """Take a packet and yield the slices that are full; exhaust it before the next push.

        Raises:
            ValueError: If the packet is of another sensor.
        """
        pending, data = self._pending, packet.events.data
        pending.take_frames(packet)
        start = 0
        while start < data.size:
            stop = min(data.size, start + self._events - len(pending))
            pending.take_events(data[start:stop], packet.arrived_ns)
            start = stop
            if len(pending) == self._events:
                yield pending.close(pending.first_us, pending.last_us + 1, "count")

    def flush(self) -> Iterator[Slice]:
        """Yield what is left at the end of the stream, and start anew."""
        yield from self._pending.rest()
        self._pending.reset()
