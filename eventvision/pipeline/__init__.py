"""Wiring: source, filters, slicer, representation, tasks and sinks in three threads."""

from ._config import RunConfig
from ._pacing import Pacer
from ._pipeline import Pipeline, Progress
from ._replay import build_pipeline, replay
from ._simulate import DEFAULT_CAMERA, SimulationConfig, SimulationReport, simulate
from ._simulated_camera import SimulatedCamera
from ._summary import Summary

__all__ = [
    "DEFAULT_CAMERA",
    "Pacer",
    "Pipeline",
    "Progress",
    "RunConfig",
    "SimulatedCamera",
    "SimulationConfig",
    "SimulationReport",
    "Summary",
    "build_pipeline",
    "replay",
    "simulate",
]
