"""Wiring: source, filters, slicer, representation, tasks and sinks in three threads."""

from ._activity import activity
from ._config import RunConfig
from ._governor import GIVE_UP_ORDER, Governor
from ._listing import list_slices
from ._networks import NetworkReport, Networks
from ._pacing import Pacer
from ._pipeline import Pipeline, Progress
from ._replay import build_pipeline, replay
from ._simulate import DEFAULT_CAMERA, SimulationConfig, SimulationReport, simulate
from ._simulated_camera import SimulatedCamera
from ._summary import Summary

__all__ = [
    "DEFAULT_CAMERA",
    "GIVE_UP_ORDER",
    "Governor",
    "NetworkReport",
    "Networks",
    "Pacer",
    "Pipeline",
    "Progress",
    "RunConfig",
    "SimulatedCamera",
    "SimulationConfig",
    "SimulationReport",
    "Summary",
    "activity",
    "build_pipeline",
    "list_slices",
    "replay",
    "simulate",
]
