"""Slices in, typed results out: by hand-made methods, or by trained networks that tasks share.

Event graphs are loaded when first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._build import OpenNetwork, build_tasks
from ._counting import Counting, CountingSettings
from ._detection import Detection, DetectionSettings
from ._forms import (
    HAND_MADE,
    MODELS,
    TASK_FORMS,
    TASK_NAMES,
    TaskForm,
    can_replace,
    parse_task,
    parse_tasks,
)
from ._frame import Frame
from ._gates import Gates, parse_gates
from ._ground import Ground, load_ground
from ._kalman import Motion
from ._learned import (
    LearnedDepth,
    LearnedDetection,
    LearnedReconstruction,
    LearnedSegmentation,
    LearnedTask,
)
from ._maps import class_map, distance_map
from ._network import Network
from ._objects import STRIDES, Objects, ObjectSettings, find_objects
from ._reconstruction import Reconstruction, ReconstructionSettings
from ._spots import SpotDetection, SpotSettings
from ._tracking import Tracking, TrackingSettings
from ._watch import Watch, WatchSettings, parse_region

if TYPE_CHECKING:
    from ._graph import Graph, GraphSettings

__all__ = [
    "HAND_MADE",
    "MODELS",
    "STRIDES",
    "TASK_FORMS",
    "TASK_NAMES",
    "Counting",
    "CountingSettings",
    "Detection",
    "DetectionSettings",
    "Frame",
    "Gates",
    "Graph",
    "GraphSettings",
    "Ground",
    "LearnedDepth",
    "LearnedDetection",
    "LearnedReconstruction",
    "LearnedSegmentation",
    "LearnedTask",
    "Motion",
    "Network",
    "ObjectSettings",
    "Objects",
    "OpenNetwork",
    "Reconstruction",
    "ReconstructionSettings",
    "SpotDetection",
    "SpotSettings",
    "TaskForm",
    "Tracking",
    "TrackingSettings",
    "Watch",
    "WatchSettings",
    "build_tasks",
    "can_replace",
    "class_map",
    "distance_map",
    "find_objects",
    "load_ground",
    "parse_gates",
    "parse_region",
    "parse_task",
    "parse_tasks",
]


def __getattr__(name: str) -> object:
    if name in {"Graph", "GraphSettings"}:
        from . import _graph

        return getattr(_graph, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
