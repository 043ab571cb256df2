"""How long a step of a model stands for."""

from __future__ import annotations

from eventvision.core import parse_duration_us

_USUAL_S = 0.02
_BY_TIME = "time:"


def step_seconds(slicer: str) -> float:
    """Return the length of the slices that a card names; 20 ms where they differ in length.

    >>> step_seconds("time:50ms"), step_seconds("count:1000")
    (0.05, 0.02)
    """
    if not slicer.startswith(_BY_TIME):
        return _USUAL_S
    return parse_duration_us(slicer.removeprefix(_BY_TIME).partition(",")[0]) / 1e6
