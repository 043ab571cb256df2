"""What is going wrong, told in plain words where it is: from the pipeline's own numbers.

A drop is a problem of the place that drops; the text says what was lost, why, and what helps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from eventvision.core import (
    ConfigError,
    DeviceError,
    EventVisionError,
    ModelError,
    OutputError,
    SourceError,
)

from .state import Problem, Severity, SourcePart

Place = Literal["source", "pipeline", "device", "recording"]

_WHERE: tuple[tuple[type[EventVisionError], str], ...] = (
    (SourceError, "source"),
    (ConfigError, "pipeline"),
    (ModelError, "device"),
    (DeviceError, "device"),
    (OutputError, "recording"),
)

_REMEDIES: tuple[tuple[str, Place, str], ...] = (
    ("results too slow", "pipeline", "switch a task off, or choose a faster device"),
    ("had no device", "device", "the device is being started again; see Devices"),
    ("damaged", "source", "look at the damage report; Repair writes a sound copy"),
    ("disk too slow", "recording", "record to a faster disk"),
    ("recording stopped", "recording", "free space on the disk, then record again"),
    ("pre-roll", "recording", "choose a shorter pre-roll"),
    ("rendered too slowly", "source", "choose a smaller simulated camera"),
    ("read too slowly", "source", "switch a task or a filter off"),
)
"""What a cause contains, where it is, what helps."""

HELD = frozenset(("slices: paused",))
"""Causes that are what the user wanted."""

_OTHERWISE: tuple[Place, str] = ("source", "less work lets it keep up: fewer tasks or filters")


@dataclass(frozen=True, kw_only=True, slots=True)
class Drop:
    """Something that is being lost.

    Attributes:
        cause: As the pipeline names it.
        count: How many so far.
        place: Where.
        remedy: What helps.
    """

    cause: str
    count: int
    place: Place
    remedy: str

    @property
    def text(self) -> str:
        """Say it in a line."""
        what, _, why = self.cause.partition(": ")
        return f"{self.count:,} {what} lost{f' ({why})' if why else ''}; {self.remedy}"


def drops(counts: Mapping[str, int]) -> tuple[Drop, ...]:
    """Return what is being lost, by the counts of the pipeline; nothing for counts of 0.

    What a live source sent while its picture was held is not lost: it was not to be seen.
    """
    return tuple(
        _drop(cause, count) for cause, count in counts.items() if count and cause not in HELD
    )


def _drop(cause: str, count: int) -> Drop:
    for part, place, remedy in _REMEDIES:
        if part in cause:
            return Drop(cause=cause, count=count, place=place, remedy=remedy)
    return Drop(cause=cause, count=count, place=_OTHERWISE[0], remedy=_OTHERWISE[1])


def place_of(error: Exception) -> str:
    """Return where a problem is shown; see `Problem.where`."""
    return next((where for kind, where in _WHERE if isinstance(error, kind)), "playback")


def source_problems(
    part: SourcePart, damage_kinds: Mapping[str, int] | None = None
) -> tuple[Problem, ...]:
    """Return what is wrong with a source at present.

    Args:
        part: The source.
        damage_kinds: How often each kind of damage was met so far.
    """
    found = []
    if part.waiting:
        text = f"{part.waiting}; it is used again as soon as it is back"
        found.append(Problem(where="source", text=text, severity="warning"))
    kinds = ", ".join(f"{count}x {kind}" for kind, count in (damage_kinds or {}).items())
    damage = part.damage or kinds
    if damage:
        text = f"damage was met and left out: {damage}; Repair writes a sound copy"
        found.append(Problem(where="source", text=text, severity="warning"))
    return tuple(found)


def worst(problems: tuple[Problem, ...]) -> Severity | None:
    """Return how bad the worst is; None if there is nothing."""
    ranks: tuple[Severity, ...] = ("info", "warning", "error")
    return max((each.severity for each in problems), key=ranks.index, default=None)
