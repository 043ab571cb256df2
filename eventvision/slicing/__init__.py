"""Slicing: packets in, slices out."""

from ._activity import SliceByActivity
from ._count import SliceByCount
from ._parse import SLICER_FORMS, parse_slicer
from ._time import SliceByTime
from ._trigger import (
    BLOCK_SHIFT,
    CELL_INPUT,
    CURRENT_OUTPUT,
    MOST_COUNT,
    SliceByTrigger,
    TriggerSettings,
    grid_of,
)
from ._trigger_text import DEFAULT_TRIGGER, OpenTrigger

__all__ = [
    "BLOCK_SHIFT",
    "CELL_INPUT",
    "CURRENT_OUTPUT",
    "DEFAULT_TRIGGER",
    "MOST_COUNT",
    "SLICER_FORMS",
    "OpenTrigger",
    "SliceByActivity",
    "SliceByCount",
    "SliceByTime",
    "SliceByTrigger",
    "TriggerSettings",
    "grid_of",
    "parse_slicer",
]
