"""An alarm when an object enters a region."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from eventvision.core import Alarm, ConfigError, Detections, Result, Slice

from ._forms import TaskForm

_REGION = re.compile(r"(\d{1,5})x(\d{1,5})\+(\d{1,5})\+(\d{1,5})")


def parse_region(text: str) -> tuple[int, int, int, int]:
    """Read `WIDTHxHEIGHT+X+Y`.

    >>> parse_region("100x80+20+30")
    (20, 30, 100, 80)

    Raises:
        ConfigError: If the text is anything else.
    """
    match = _REGION.fullmatch(text)
    if match is None or not int(match[1]) or not int(match[2]):
        raise ConfigError("region", text, "WIDTHxHEIGHT+X+Y in pixels, such as 100x80+20+30")
    width, height, x, y = map(int, match.groups())
    return x, y, width, height


@dataclass(frozen=True, kw_only=True, slots=True)
class WatchSettings:
    """What raises an alarm.

    Attributes:
        region: x, y, width and height of the region that is watched, in pixels.
        least_score: Objects below it raise none.
        source: Name of the task whose objects are looked at.
    """

    region: tuple[int, int, int, int]
    least_score: float = 0.5
    source: str = "graph"

    def __post_init__(self) -> None:
        if min(self.region[:2]) < 0 or min(self.region[2:]) < 1:
            raise ValueError(f"region must be x, y, width, height, got {self.region}")
        if not 0 <= self.least_score <= 1:
            raise ValueError(f"least_score must be from 0 to 1, got {self.least_score}")


def watch_settings(form: TaskForm, source: str) -> WatchSettings:
    """Read what raises an alarm from the task as it was named.

    Args:
        form: The task.
        source: Name of the task whose objects are looked at.

    Raises:
        ConfigError: If region or score have another form.
    """
    settings = WatchSettings(region=parse_region(form.region), source=source)
    for _, text in form.settings:
        try:
            settings = replace(settings, least_score=float(text))
        except ValueError:
            raise ConfigError("alarm:score", text, "a number from 0 to 1") from None
    return settings


class Watch:
    """Tells which objects are in a region: those whose box has its middle there; none, no alarm.

    Args:
        settings: The region, and what counts.

    Attributes:
        raised: How often an alarm began.
    """

    name = "alarm"

    def __init__(self, settings: WatchSettings) -> None:
        self._settings = settings
        self.raised = 0
        self._is_on = False

    @property
    def needs(self) -> tuple[str, ...]:
        """The task whose objects are looked at."""
        return (self._settings.source,)

    def step(self, slice_: Slice, given: Mapping[str, Result]) -> Alarm:  # noqa: ARG002
        """Return the objects in the region, best first; while there are any, it is an alarm."""
        found = given[self._settings.source]
        if not isinstance(found, Detections):
            raise TypeError(f"{self._settings.source} tells no objects")
        inside = self._inside(found)
        was_on, self._is_on = self._is_on, bool(inside.any())
        began = self._is_on and not was_on
        self.raised += began
        objects = Detections(
            found.boxes[inside], found.scores[inside], found.classes[inside], found.class_names
        )
        return Alarm(objects, began)

    def reset(self) -> None:
        """Forget the stream seen so far."""
        self.raised, self._is_on = 0, False

    def _inside(self, found: Detections) -> NDArray[np.bool_]:
        x, y, width, height = self._settings.region
        middle = found.boxes[:, :2] + found.boxes[:, 2:] / 2
        within = (middle >= (x, y)) & (middle < (x + width, y + height))
        inside: NDArray[np.bool_] = within.all(axis=1) & (
            found.scores >= self._settings.least_score
        )
        return inside
