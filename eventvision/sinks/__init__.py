"""Results out of the pipeline: JSON lines, arrays, annotated video, pictures for a screen."""

from ._arrays import ArraysSink
from ._jsonl import JsonlSink, as_object
from ._layout import Layout, Panel
from ._mqtt import MqttSink
from ._mqtt_commands import MqttCommand
from ._mqtt_settings import MqttSettings
from ._overlay import OverlayState, compose, panels_for
from ._palette import class_colour, number_colour
from ._parquet import ParquetSink
from ._recorder import Recorder, RecorderReport
from ._recorder_ring import PacketRing
from ._rerun import RerunSink
from ._retention import KeptFile, Retention
from ._rotation import RotatingSink, fresh_path, recover_parts
from ._video import VideoSink

__all__ = [
    "ArraysSink",
    "JsonlSink",
    "KeptFile",
    "Layout",
    "MqttCommand",
    "MqttSettings",
    "MqttSink",
    "OverlayState",
    "PacketRing",
    "Panel",
    "ParquetSink",
    "Recorder",
    "RecorderReport",
    "RerunSink",
    "Retention",
    "RotatingSink",
    "VideoSink",
    "as_object",
    "class_colour",
    "compose",
    "fresh_path",
    "number_colour",
    "panels_for",
    "recover_parts",
]
