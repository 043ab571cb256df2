"""Facets of a session in another process: asked for over the wire, read there."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from eventvision.core import Session
from eventvision.devices._facets import (
    ActivityMeter,
    PlacedLayer,
    Placement,
    PowerMeter,
    StepActivity,
    StepTimer,
    facet,
)

Ask = Callable[[str], Any]
"""Takes the name of a facet and returns what `reading` returned over there."""


def facet_names(session: Session) -> list[str]:
    """Return the names of a session's facets."""
    kinds = (PowerMeter, ActivityMeter, StepTimer, Placement)
    return [kind.__name__ for kind in kinds if facet(session, kind) is not None]


def reading(session: Session, name: str) -> Any:
    """Return what a facet says now, as JSON has it; None if there is no such facet."""
    match name:
        case "PowerMeter" if meter := facet(session, PowerMeter):
            return float(meter.read_mw())
        case "ActivityMeter" if counter := facet(session, ActivityMeter):
            return dataclasses.asdict(counter.read())
        case "StepTimer" if timer := facet(session, StepTimer):
            return [timer.read_us(), timer.read_cycles() if timer.read_cycles else None]
        case "Placement" if placement := facet(session, Placement):
            return [dataclasses.asdict(layer) for layer in placement.layers]
    return None


def remote_facets(names: list[str], ask: Ask) -> tuple[object, ...]:
    """Return facets that ask the other process."""
    made: dict[str, Callable[[], object]] = {
        "PowerMeter": lambda: PowerMeter(lambda: float(ask("PowerMeter"))),
        "ActivityMeter": lambda: ActivityMeter(lambda: StepActivity(**ask("ActivityMeter"))),
        "StepTimer": lambda: _timer(ask),
        "Placement": lambda: Placement(tuple(PlacedLayer(**each) for each in ask("Placement"))),
    }
    return tuple(made[name]() for name in names if name in made)


def _timer(ask: Ask) -> StepTimer:
    has_cycles = ask("StepTimer")[1] is not None
    return StepTimer(
        lambda: float(ask("StepTimer")[0]),
        (lambda: int(ask("StepTimer")[1])) if has_cycles else None,
    )
