"""What some sessions tell beyond their outputs; each is asked for by its type.

A session that has any lists them in an attribute `facets`. They are plain values that hold a
function, so a device need not inherit from anything:

    class Session:
        def __init__(self, board):
            self.facets = (PowerMeter(board.read_power_mw),)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

F = TypeVar("F")


@dataclass(frozen=True, slots=True)
class PowerMeter:
    """Measures power; an estimate is none.

    Attributes:
        read_mw: Returns the mean power since the last reading, in milliwatts.
    """

    read_mw: Callable[[], float]


@dataclass(frozen=True, slots=True)
class StepActivity:
    """The work of one step.

    Attributes:
        spikes: Spikes that came to layers with weights.
        synaptic_operations: Additions if only spikes are visited.
        multiply_adds: What it would be if nothing were skipped.
    """

    spikes: int
    synaptic_operations: int
    multiply_adds: int


@dataclass(frozen=True, slots=True)
class ActivityMeter:
    """Counts work.

    Attributes:
        read: Returns the work of the last step.
    """

    read: Callable[[], StepActivity]


@dataclass(frozen=True, slots=True)
class StepTimer:
    """Tells how long the device itself worked, without the way there and back.

    Attributes:
        read_us: Returns the time of the last step in microseconds.
        read_cycles: Returns its clock cycles; None where they are not known.
    """

    read_us: Callable[[], float]
    read_cycles: Callable[[], int] | None = None


class TakeEvents(Protocol):
    """Renders events on the device and takes a step on them."""

    def __call__(
        self, events: NDArray[np.void], t0_us: int, duration_us: int
    ) -> dict[str, NDArray[np.generic]]:
        """Return the outputs; events are of `EVENT_DTYPE`, in [t0_us, t0_us + duration_us)."""


@dataclass(frozen=True, slots=True)
class EventIntake:
    """Takes the events of a slice as they are, so that sixteen bytes each go to the device.

    Attributes:
        representation: What they are rendered as; that of the model's card.
        step: Takes a step.
    """

    representation: str
    step: TakeEvents


@dataclass(frozen=True, slots=True)
class PlacedLayer:
    """Where a layer went.

    Attributes:
        layer: Its name.
        place: What holds it, such as `core 3`.
        used: What it takes there by kind, such as `neurons`.
        limits: What there is of it.
    """

    layer: str
    place: str
    used: Mapping[str, int]
    limits: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Placement:
    """How a model was laid out on a device.

    Attributes:
        layers: One entry for each layer and place.
    """

    layers: tuple[PlacedLayer, ...]


def facet(session: object, kind: type[F]) -> F | None:
    """Return a facet of a session, or None if it has none of that type.

    >>> class Session:
    ...     facets = (PowerMeter(lambda: 250.0),)
    >>> facet(Session(), PowerMeter).read_mw()
    250.0
    >>> facet(Session(), Placement) is None
    True
    """
    for each in getattr(session, "facets", ()):
        if isinstance(each, kind):
            return each
    return None
