"""A network that lives with a stream: every event updates it at once, its head is read any time."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventvision.core import Events, SensorSize
from eventvision.kernels.words import as_words

from ._integer_reader import IntegerReader
from ._map import CoarseMap
from ._network import GraphNetwork
from ._reader import HeadReader, reader_of
from ._relu import ReluEngine
from ._spikes import SpikeEngine


class GraphStream:
    """Runs a network event by event.

    The state after an event does not depend on how events were packed. Memory is fixed: a queue
    and a few features per pixel, and the map.

    Args:
        network: Of ReLU layers or spiking, in float32 or in integers.
        sensor: Size of the pixel array.

    Attributes:
        network: As given.
        sensor: As given.
        map: The coarse map.
        events: Number of events taken in.
    """

    def __init__(self, network: GraphNetwork, sensor: SensorSize) -> None:
        self.network, self.sensor = network, sensor
        self.map = CoarseMap(network, sensor)
        engine = SpikeEngine if network.is_spiking else ReluEngine
        self._engine = engine(network, sensor, self.map)
        self._reader: HeadReader | IntegerReader | None = None
        self.events = 0

    @property
    def messages(self) -> int:
        """Messages sent so far, in all layers."""
        return self._engine.messages

    @property
    def operations(self) -> int:
        """Multiplications with addition so far (ReLU), or additions (spiking; first layers)."""
        return self._engine.operations

    def push(self, events: Events) -> None:
        """Take in events that come after all those before.

        Raises:
            ValueError: If they are of another sensor.
        """
        self._run(events, nodes=False)

    def nodes(self, events: Events) -> NDArray[Any]:
        """Take in events, and return the last layer's features of each, shape (N, channels)."""
        return self._run(events, nodes=True)

    def read(self, t_us: int) -> NDArray[np.float32]:
        """Return what the head says at a time not before the last event; see `Head.read`."""
        if self._reader is None:
            self._reader = reader_of(self.network.head, self.map.rows, self.map.columns)
        return self._reader.read(*self.map.at(t_us))

    def reset(self) -> None:
        """Forget the stream."""
        self._engine.clear()
        self.map.clear()
        self.events = 0

    def _run(self, events: Events, *, nodes: bool) -> NDArray[Any]:
        if events.sensor != self.sensor:
            raise ValueError(f"the stream is of {self.sensor}, the events are of {events.sensor}")
        found = self._engine.run(as_words(events.data), nodes=nodes)
        self.events += len(events)
        return found
