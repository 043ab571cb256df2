"""Wiring: source, filters, slicer, representation, tasks and sinks in three threads."""

from ._config import RunConfig
from ._pipeline import Pipeline, Progress
from ._replay import build_pipeline, replay
from ._summary import Summary

__all__ = ["Pipeline", "Progress", "RunConfig", "Summary", "build_pipeline", "replay"]
