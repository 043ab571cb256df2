"""Moving objects told by an event graph, which takes in every event and is read when asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from eventvision.core import Detections, ModelCard, ModelError, Result, SensorSize, Slice
from eventvision.graph import (
    GraphStream,
    GridSettings,
    RateGovernor,
    grid_objects,
    load_network,
)

_FORMS = ("graph-integer", "graph")


@dataclass(frozen=True, kw_only=True, slots=True)
class GraphSettings:
    """When a graph is read, and what is told of it.

    Attributes:
        every_us: Least time between two readings, each at the end of a slice; 0 reads at every
            slice. In between, the result is the last one.
        budget_hz: Events a second that are taken in; above it they are thinned out evenly.
        objects: Which boxes are told.
    """

    every_us: int = 0
    budget_hz: float = 1_000_000
    objects: GridSettings = field(default_factory=GridSettings)

    def __post_init__(self) -> None:
        if self.every_us < 0:
            raise ValueError(f"every_us must not be negative, got {self.every_us}")
        if not self.budget_hz > 0:
            raise ValueError(f"budget_hz must be positive, got {self.budget_hz}")


class Graph:
    """Finds objects with an event graph.

    The graph lives with the stream: a slice only says when its answer is read, so slices may be as
    short as a millisecond.

    Args:
        sensor: Size of the pixel array.
        card: The model, which has a graph that detects.
        settings: When it is read, if not the defaults.

    Raises:
        ModelError: If the model is another.
    """

    name = "graph"
    needs: tuple[str, ...] = ()

    def __init__(
        self, sensor: SensorSize, card: ModelCard, settings: GraphSettings | None = None
    ) -> None:
        form = next((form for form in _FORMS if form in card.artifacts), None)
        if form is None or card.task != "detection":
            raise ModelError(card.name, "is no graph that detects", "choose another model")
        network = load_network(card.artifact(form))
        if network.head.shows != "grid" or network.head.outputs != 5 + len(card.classes):
            raise ModelError(card.name, "its graph does not go with its card", "export it again")
        self._settings = settings or GraphSettings()
        self._stream = GraphStream(network, sensor)
        self._governor = RateGovernor(self._settings.budget_hz)
        self._classes = card.classes
        self._read_us: int | None = None
        self._result = _no_objects(self._classes)

    @property
    def left_out(self) -> int:
        """Events left out as there were too many."""
        return self._governor.left_out

    def step(self, slice_: Slice, given: Mapping[str, Result]) -> Detections:  # noqa: ARG002
        """Take in the events of a slice, and return the objects at its end."""
        self._stream.push(self._governor.process(slice_.events))
        if self._read_us is None or slice_.t1_us - self._read_us >= self._settings.every_us:
            self._read_us = slice_.t1_us
            self._result = self._read(slice_.t1_us)
        return self._result

    def reset(self) -> None:
        """Forget the stream seen so far."""
        self._stream.reset()
        self._governor.reset()
        self._read_us = None
        self._result = _no_objects(self._classes)

    def _read(self, t_us: int) -> Detections:
        network = self._stream.network
        stride = network.cell_px * network.head.stride
        return grid_objects(
            self._stream.read(t_us), stride, self._stream.sensor, self._classes,
            self._settings.objects,
        )  # fmt: skip


def _no_objects(classes: tuple[str, ...]) -> Detections:
    return Detections(
        np.empty((0, 4), np.float32), np.empty(0, np.float32), np.empty(0, np.int64), classes
    )
