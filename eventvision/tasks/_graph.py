"""Moving objects told by an event graph, which takes in every event and is read when asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from eventvision.core import (
    ConfigError,
    Detections,
    ModelCard,
    ModelError,
    Result,
    SensorSize,
    Slice,
    parse_count,
    parse_duration_us,
)
from eventvision.graph import (
    GraphStream,
    GridSettings,
    RateGovernor,
    grid_objects,
    load_network,
)

from ._forms import TaskForm

_SAME = 0.7
"""Intersection over union from which on a box has not changed."""
_FORMS = ("graph-integer", "graph")


@dataclass(frozen=True, kw_only=True, slots=True)
class GraphSettings:
    """When a graph is read, and what is told of it.

    Attributes:
        every_us: Least time between two readings, each at the end of a slice; 0 reads at every
            slice. In between, the result is the last one.
        on_change: Whether the last result stays until an object comes, goes, or moves so far that
            its box overlaps the one told by less than 0.7.
        budget_hz: Events a second that are taken in; above it they are thinned out evenly.
        objects: Which boxes are told.
    """

    every_us: int = 0
    on_change: bool = False
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
            found = self._read(slice_.t1_us)
            if not (self._settings.on_change and _is_same(found, self._result)):
                self._result = found
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


def graph_settings(form: TaskForm) -> GraphSettings:
    """Read the settings of the task as it was named.

    >>> graph_settings(TaskForm("graph", settings=(("budget", "500k"), ("every", "20ms")))).every_us
    20000

    Raises:
        ConfigError: If one has another form.
    """
    readers: dict[str, Callable[[str], dict[str, Any]]] = {
        "every": lambda text: {"every_us": parse_duration_us(text)},
        "on": lambda text: {"on_change": _is_change(text)},
        "budget": lambda text: {"budget_hz": float(parse_count(text))},
        "score": lambda text: {"objects": GridSettings(least_score=float(text))},
    }
    settings = GraphSettings()
    for name, text in form.settings:
        try:
            settings = replace(settings, **readers[name](text))
        except ValueError as error:
            raise ConfigError(f"graph:{name}", text, str(error)) from None
    return settings


def _is_change(text: str) -> bool:
    if text not in {"change", "slice"}:
        raise ValueError("results come on=change or on=slice")
    return text == "change"


def _is_same(one: Detections, other: Detections) -> bool:
    """Say whether two results show the same objects in nearly the same places."""
    if len(one) != len(other) or sorted(one.classes) != sorted(other.classes):
        return False
    a, b = one.boxes[:, None].astype(np.float64), other.boxes[None].astype(np.float64)
    low = np.maximum(a[..., :2], b[..., :2])
    high = np.minimum(a[..., :2] + a[..., 2:], b[..., :2] + b[..., 2:])
    common = np.clip(high - low, 0, None).prod(axis=-1)
    union = a[..., 2:].prod(axis=-1) + b[..., 2:].prod(axis=-1) - common
    alike = (common >= _SAME * union) & (one.classes[:, None] == other.classes[None])
    return bool(alike.any(axis=1).all() and alike.any(axis=0).all())


def _no_objects(classes: tuple[str, ...]) -> Detections:
    return Detections(
        np.empty((0, 4), np.float32), np.empty(0, np.float32), np.empty(0, np.int64), classes
    )
