"""Results out of the pipeline: JSON lines, arrays, annotated video, pictures for a screen."""

from ._arrays import ArraysSink
from ._jsonl import JsonlSink
from ._layout import Layout, Panel
from ._overlay import OverlayState, compose, panels_for
from ._palette import number_colour
from ._recorder import Recorder, RecorderReport
from ._video import VideoSink

__all__ = [
    "ArraysSink",
    "JsonlSink",
    "Layout",
    "OverlayState",
    "Panel",
    "Recorder",
    "RecorderReport",
    "VideoSink",
    "compose",
    "number_colour",
    "panels_for",
]
