"""What waits for its slice to end."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from eventvision.core import Events, Frame, Packet, SensorSize, Slice, SliceEnd
from eventvision.kernels.words import joined

MOST_WAITING_FRAMES = 256
"""Frames kept while no event comes; older ones are let go, so that memory stays bounded."""


class Pending:
    """Events and frames of the slice to come, and the number that it will have.

    Args:
        sensor: Size of the pixel array.
    """

    def __init__(self, sensor: SensorSize) -> None:
        self._sensor = sensor
        self.reset()

    def reset(self) -> None:
        """Forget everything and number from 0."""
        self._index = 0
        self._frames: list[Frame] = []
        self._clear_events()

    def _clear_events(self) -> None:
        self._runs: list[NDArray[np.void]] = []
        self._size = 0
        self._arrived_ns = 0

    def __len__(self) -> int:
        return self._size

    @property
    def first_us(self) -> int:
        """Time of the first event; there must be one."""
        return int(self._runs[0]["t"][0])

    @property
    def last_us(self) -> int:
        """Time of the last event; there must be one."""
        return int(self._runs[-1]["t"][-1])

    @property
    def frames(self) -> list[Frame]:
        """Frames that wait, in the order of arrival."""
        return self._frames

    def take_frames(self, packet: Packet) -> None:
        """Let the frames of a packet wait.

        Raises:
            ValueError: If the packet is of another sensor.
        """
        if packet.sensor != self._sensor:
            raise ValueError(
                f"the slicer was made for {self._sensor}, got a packet of {packet.sensor}"
            )
        if packet.frames:
            self._frames = [*self._frames, *packet.frames][-MOST_WAITING_FRAMES:]

    def take_events(self, data: NDArray[np.void], arrived_ns: int) -> None:
        """Let a run of events wait, shape (N,); it is kept, not copied."""
        if data.size:
            self._runs.append(data)
            self._size += data.size
            self._arrived_ns = arrived_ns

    def close(
        self, t0_us: int, t1_us: int, ended_by: SliceEnd, *, closed_ns: int = 0, last: bool = False
    ) -> Slice:
        """Make a slice of the events that wait and of the frames before its end.

        Args:
            t0_us: Start.
            t1_us: End, exclusive.
            ended_by: Why it ended.
            closed_ns: When the packet arrived that closed it; counts for slices without events.
            last: Whether frames from its end on belong to it as well.
        """
        frames = tuple(f for f in self._frames if last or f.t_us < t1_us)
        if frames:
            self._frames = [f for f in self._frames if not (last or f.t_us < t1_us)]
        arrived_ns = self._arrived_ns if self._size else closed_ns
        events = Events(self._joined(), self._sensor)
        self._clear_events()
        self._index += 1
        return Slice(
            self._index - 1, events, t0_us, t1_us, ended_by, frames=frames, arrived_ns=arrived_ns
        )

    def rest(self) -> Iterator[Slice]:
        """Make the last slice of the stream, if anything is left."""
        if len(self):
            yield self.close(self.first_us, self.last_us + 1, "flush", last=True)
        elif self._frames:
            t_us = [frame.t_us for frame in self._frames]
            yield self.close(min(t_us), max(t_us) + 1, "flush", last=True)

    def _joined(self) -> NDArray[np.void]:
        if len(self._runs) == 1:
            return self._runs[0]
        if not self._runs:
            return Events.empty(self._sensor).data
        return joined(self._runs)


def known_until(packet: Packet, t_us: int) -> int:
    """Return the time before which all events have come, or `t_us` if that is later."""
    last_us = int(packet.events.t[-1]) if len(packet) else t_us
    return max(t_us, last_us, t_us if packet.until_us is None else packet.until_us)
