"""Results out of the pipeline: JSON lines, arrays, annotated video, pictures for a screen."""

from ._arrays import ArraysSink
from ._jsonl import JsonlSink, as_object
from ._layout import Layout, Panel
from ._mqtt import MqttSink
from ._mqtt_commands import MqttCommand
from ._mqtt_settings import MqttSettings
from ._overlay import OverlayState, compose, panels_for
from ._palette import number_colour
from ._recorder import Recorder, RecorderReport
from ._recorder_ring import PacketRing
from ._video import VideoSink

__all__ = [
    "ArraysSink",
    "JsonlSink",
    "Layout",
    "MqttCommand",
    "MqttSettings",
    "MqttSink",
    "OverlayState",
    "PacketRing",
    "Panel",
    "Recorder",
    "RecorderReport",
    "VideoSink",
    "as_object",
    "compose",
    "number_colour",
    "panels_for",
]
