"""The queues of a sensor's pixels, empty at first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eventvision.core import SensorSize
from eventvision.kernels.graph_search import NEVER

from ._map import CoarseMap
from ._network import GraphNetwork
from ._rules import GraphRules


@dataclass(slots=True)
class Queues:
    """Latest events of each pixel, and how to get around in them.

    Attributes:
        stamps: Shape (places,), see `kernels.graph_search`.
        heads: Shape (pixels,).
        pitch: Width of the array of pixels with its margin.
        shifts: What is added to a pixel's number to see its surroundings, in the rules' order.
        ages_us: The rules' ages.
    """

    stamps: NDArray[np.int64]
    heads: NDArray[np.uint8]
    pitch: int
    shifts: NDArray[np.int64]
    ages_us: NDArray[np.int64]

    @classmethod
    def empty(cls, rules: GraphRules, sensor: SensorSize) -> Queues:
        """Return queues that have seen nothing."""
        pitch = sensor.width + 2 * rules.radius_px
        pixels = pitch * (sensor.height + 2 * rules.radius_px)
        return cls(
            stamps=np.full(pixels * rules.depth, NEVER, np.int64),
            heads=np.zeros(pixels, np.uint8),
            pitch=pitch,
            shifts=rules.offsets() @ np.array([1, pitch]),
            ages_us=np.array(rules.ages_us, np.int64),
        )

    def numbers(self, network: GraphNetwork, map_: CoarseMap) -> NDArray[np.int64]:
        """Return what kernels ask of rules and map, in their order."""
        rules = network.rules
        return np.array(
            [rules.depth, rules.radius_px, self.pitch, rules.horizon_us, rules.neighbours,
             network.cell_px, map_.columns, map_.fade.bits]
        )  # fmt: skip

    def clear(self) -> None:
        """Forget all events."""
        self.stamps[:] = NEVER
        self.heads[:] = 0
