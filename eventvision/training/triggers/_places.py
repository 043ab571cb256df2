"""Where the cutting of streams is, and what came of a slice."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from ._downstream import Answer, Memory
from ._streams import CellStream

_GAIN = 0.03


@dataclass(slots=True)
class Course:
    """What is carried from one place in a stream to the next, however often it is begun anew.

    Attributes:
        stream: What is cut.
        number: Of the stream.
        threshold: As the slicer lets it follow the scene, so that the asked rate is held.
        price: Of a slice, where near ends are compared; it follows likewise.
    """

    stream: CellStream
    number: int
    threshold: float
    price: float


@dataclass(slots=True)
class Place:
    """Where the cutting of a stream is.

    Attributes:
        course: Of the stream.
        first: First cell of the slice to come.
        shown: What came of the slice before; None at the start.
        memory: What the network downstream remembers.
    """

    course: Course
    first: int = 0
    shown: Answer = None
    memory: Memory = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Cut:
    """What came of a slice: the cell in which it should have ended, and what it cost.

    Cells count from the start of the slice.
    """

    wanted: int
    cost: float


class Teacher(Protocol):
    """Says where a slice should have ended."""

    def cut(self, place: Place, cells: int, width: int) -> Cut:
        """End a slice after so many cells; what it leaves is put into its place.

        Args:
            place: Where it begins.
            cells: Its length.
            width: Cells between ends that are compared, where only near ones are.
        """


class Places:
    """Places in streams that are drawn; one that comes to the end is drawn anew.

    Args:
        streams: What is cut.
        count: How many places.
        most_cells: Room that is left before the end.
        price: With which slices begin.
        random: What draws.
    """

    def __init__(
        self, streams: Sequence[CellStream], count: int, most_cells: int, price: float,
        random: np.random.Generator,
    ) -> None:  # fmt: skip
        self._courses = [Course(stream, n, 1.0, price) for n, stream in enumerate(streams)]
        self._most_cells, self._random = most_cells, random
        self.now = [self._drawn() for _ in range(count)]

    def go_on(self) -> None:
        """Draw places anew whose streams have no room left."""
        for number, place in enumerate(self.now):
            if place.first + self._most_cells > place.course.stream.cells:
                self.now[number] = self._drawn()

    def _drawn(self) -> Place:
        course = self._courses[int(self._random.integers(len(self._courses)))]
        room = course.stream.cells - self._most_cells
        return Place(course, int(self._random.integers(max(1, room // 2))))


def followed(value: float, cells: float, asked_cells: float) -> float:
    """Return a threshold or price after a slice: higher after a short one, a little."""
    error = max(-1.0, min(1.0, 1 - cells / asked_cells))
    return value * math.exp(_GAIN * error)
