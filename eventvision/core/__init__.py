"""Types that every room shares: events, packets, slices, results, seams, errors."""

from ._cache import CACHE_VARIABLE, cache_folder
from ._damage import Damage, DamageReport
from ._devices import DeviceInfo, Fit, SessionOptions
from ._errors import (
    ConfigError,
    DeviceError,
    EventBoundsError,
    EventError,
    EventOrderError,
    EventVisionError,
    FormatError,
    ModelError,
    OutputError,
    SeekError,
    SliceDroppedError,
    SourceError,
    SourceNotFoundError,
    one_line,
)
from ._events import EVENT_DTYPE, Events
from ._golden import GoldenSample, load_golden, save_golden
from ._model_card import ARTIFACT_FORMATS, Metric, ModelCard, TensorSpec, TrainingData
from ._models import load_card, shipped_models
from ._packets import GAP_SOURCE, IMU_DTYPE, TRIGGER_DTYPE, Frame, Packet
from ._part_file import PartFile, output_errors
from ._quantities import parse_count, parse_duration_us
from ._results import (
    Alarm,
    Depth,
    Detections,
    Image,
    Result,
    Segmentation,
    SliceResult,
    Tracks,
)
from ._safetensors import (
    WHOLE_NUMBERS,
    parsed_json,
    safetensors_from_bytes,
    safetensors_to_bytes,
)
from ._seams import (
    Device,
    EventWriter,
    Filter,
    Representation,
    Session,
    Sink,
    Slicer,
    Source,
    SourceInfo,
    Task,
)
from ._sensor import SensorSize
from ._slices import Slice, SliceEnd

__all__ = [
    "ARTIFACT_FORMATS",
    "CACHE_VARIABLE",
    "EVENT_DTYPE",
    "GAP_SOURCE",
    "IMU_DTYPE",
    "TRIGGER_DTYPE",
    "WHOLE_NUMBERS",
    "Alarm",
    "ConfigError",
    "Damage",
    "DamageReport",
    "Depth",
    "Detections",
    "Device",
    "DeviceError",
    "DeviceInfo",
    "EventBoundsError",
    "EventError",
    "EventOrderError",
    "EventVisionError",
    "EventWriter",
    "Events",
    "Filter",
    "Fit",
    "FormatError",
    "Frame",
    "GoldenSample",
    "Image",
    "Metric",
    "ModelCard",
    "ModelError",
    "OutputError",
    "Packet",
    "PartFile",
    "Representation",
    "Result",
    "SeekError",
    "Segmentation",
    "SensorSize",
    "Session",
    "SessionOptions",
    "Sink",
    "Slice",
    "SliceDroppedError",
    "SliceEnd",
    "SliceResult",
    "Slicer",
    "Source",
    "SourceError",
    "SourceInfo",
    "SourceNotFoundError",
    "Task",
    "TensorSpec",
    "Tracks",
    "TrainingData",
    "cache_folder",
    "load_card",
    "load_golden",
    "one_line",
    "output_errors",
    "parse_count",
    "parse_duration_us",
    "parsed_json",
    "safetensors_from_bytes",
    "safetensors_to_bytes",
    "save_golden",
    "shipped_models",
]
