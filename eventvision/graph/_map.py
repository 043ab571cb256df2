"""The coarse map of a stream."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventvision.core import SensorSize
from eventvision.kernels.graph_head import fade_floats, fade_integers
from eventvision.kernels.graph_map import UNIT_BITS
from eventvision.kernels.graph_search import NEVER

from ._fade import Fade
from ._network import GraphNetwork
from ._program import padded


class CoarseMap:
    """Cells that add up the last layer's features of their events, and forget.

    Args:
        network: Whose features.
        sensor: Size of the pixel array that the cells cover; the last ones may reach beyond.

    Attributes:
        rows: Of cells.
        columns: Of cells.
        fade: How it forgets.
        table: What is left after so many ticks.
        ticks: Tick at which each cell was touched last, (cells,).
        sums: Features as they were then, (cells, padded channels).
        counts: Events as they were then, (cells,).
    """

    def __init__(self, network: GraphNetwork, sensor: SensorSize) -> None:
        self.rows = -(-sensor.height // network.cell_px)
        self.columns = -(-sensor.width // network.cell_px)
        self._channels, self._unit = network.channels, 1.0
        self.fade = Fade(network.memory_us)
        kind: Any = np.float32
        self.table: NDArray[Any] = self.fade.floats()
        if network.is_integer:
            kind, self._unit = np.int64, 2.0**-UNIT_BITS
            self.table = self.fade.integers()
        self._scale = network.scale
        cells = self.rows * self.columns
        self.ticks = np.full(cells, NEVER, np.int64)
        self.sums: NDArray[Any] = np.zeros((cells, padded(network.channels)), kind)
        self.counts: NDArray[Any] = np.zeros(cells, kind)

    def at(self, t_us: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the map faded until a time: (rows, columns, channels) and (rows, columns)."""
        faded = np.empty((self.counts.size, self._channels), np.float32)
        counts = np.empty(self.counts.size, np.float32)
        state = self.sums, self.counts, self.ticks, self.table, t_us >> self.fade.bits
        if self.sums.dtype == np.int64:
            fade_integers(*state, self._scale, self._unit, faded, counts)
        else:
            fade_floats(*state, self._scale, faded, counts)
        return faded.reshape(self.rows, self.columns, -1), counts.reshape(self.rows, self.columns)

    def clear(self) -> None:
        """Forget all events."""
        self.ticks[:] = NEVER
        self.sums[:] = 0
        self.counts[:] = 0
