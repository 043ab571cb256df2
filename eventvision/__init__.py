"""Real-time perception for event cameras.

>>> import eventvision
>>> eventvision.SensorSize(346, 260).shape
(260, 346)

Names are loaded when first used, so that importing the package costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from eventvision.core import (
        Events,
        EventVisionError,
        Packet,
        SensorSize,
        Slice,
        SliceResult,
        Source,
    )
    from eventvision.io import open_source, scan
    from eventvision.pipeline import Pipeline, RunConfig, Summary, replay

__all__ = [
    "EventVisionError",
    "Events",
    "Packet",
    "Pipeline",
    "RunConfig",
    "SensorSize",
    "Slice",
    "SliceResult",
    "Source",
    "Summary",
    "open_source",
    "replay",
    "scan",
]

_ROOMS = {
    "core": (
        "EventVisionError",
        "Events",
        "Packet",
        "SensorSize",
        "Slice",
        "SliceResult",
        "Source",
    ),
    "io": ("open_source", "scan"),
    "pipeline": ("Pipeline", "RunConfig", "Summary", "replay"),
}


def __getattr__(name: str) -> object:
    for room, names in _ROOMS.items():
        if name in names:
            return getattr(importlib.import_module(f"eventvision.{room}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
