"""Wiring: source, filters, slicer, representation, tasks and sinks in three threads.

What only some runs need, the simulator and the counting of activity, is loaded when first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from ._config import RunConfig
from ._config_file import (
    APPLICATION_SECTIONS,
    config_schema,
    load_config,
    load_settings_file,
    save_config,
)
from ._governor import GIVE_UP_ORDER, Governor
from ._latency import LATENCY_BOUNDS_MS
from ._listing import list_slices
from ._networks import NetworkReport, Networks
from ._pacing import Pacer
from ._pipeline import Pipeline, Progress
from ._recording import RecorderStatus
from ._replay import build_pipeline, replay
from ._status import StageStatus, Status, TaskStatus
from ._steer import Steering
from ._summary import Summary

if TYPE_CHECKING:
    from ._activity import activity
    from ._simulate import DEFAULT_CAMERA, SimulationConfig, SimulationReport, simulate
    from ._simulated_camera import SimulatedCamera

__all__ = [
    "APPLICATION_SECTIONS",
    "DEFAULT_CAMERA",
    "GIVE_UP_ORDER",
    "LATENCY_BOUNDS_MS",
    "Governor",
    "NetworkReport",
    "Networks",
    "Pacer",
    "Pipeline",
    "Progress",
    "RecorderStatus",
    "RunConfig",
    "SimulatedCamera",
    "SimulationConfig",
    "SimulationReport",
    "StageStatus",
    "Status",
    "Steering",
    "Summary",
    "TaskStatus",
    "activity",
    "build_pipeline",
    "config_schema",
    "list_slices",
    "load_config",
    "load_settings_file",
    "replay",
    "save_config",
    "simulate",
]

_LATER = {
    "activity": "_activity",
    "DEFAULT_CAMERA": "_simulate",
    "SimulationConfig": "_simulate",
    "SimulationReport": "_simulate",
    "simulate": "_simulate",
    "SimulatedCamera": "_simulated_camera",
}


def __getattr__(name: str) -> object:
    if name in _LATER:
        return getattr(import_module(f".{_LATER[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
