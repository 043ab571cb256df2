"""What other threads tell the controller; `Controller.tick` takes it to the state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from eventvision.core import SourceInfo

from .state import PipelinePart, Severity

if TYPE_CHECKING:
    from .overview import Overview


@dataclass(frozen=True, slots=True)
class Opened:
    """A source is open; `first_us` is the time of its first event, 0 for live sources."""

    info: SourceInfo
    is_live: bool
    first_us: int


@dataclass(frozen=True, slots=True)
class Began:
    """The pipeline runs, from the beginning or from a place that was sought."""


@dataclass(frozen=True, slots=True)
class RecordingEnded:
    """Nothing is being recorded any more, or could be."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The recording, or its marked part, has come to its end."""


@dataclass(frozen=True, slots=True)
class Failed:
    """Nothing more will come from this source."""

    where: str
    text: str


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that the user should know."""

    where: str
    text: str
    severity: Severity = "info"


@dataclass(frozen=True, slots=True)
class Refused:
    """Settings turned out not to work; these are in use instead."""

    settings: PipelinePart
    where: str
    text: str


@dataclass(frozen=True, slots=True)
class Damaged:
    """The recording is damaged; one line."""

    text: str


@dataclass(frozen=True, slots=True)
class OverviewGrew:
    """More of the recording of that name has been looked through."""

    name: str
    overview: Overview


Message = (
    Opened | Began | Ended | Failed | Notice | Refused | Damaged | OverviewGrew | RecordingEnded
)
