"""Slices in, typed results out; the tasks here need no training."""

from ._build import TASK_NAMES, build_tasks
from ._detection import Detection, DetectionSettings
from ._kalman import Motion
from ._reconstruction import Reconstruction, ReconstructionSettings
from ._tracking import Tracking, TrackingSettings

__all__ = [
    "TASK_NAMES",
    "Detection",
    "DetectionSettings",
    "Motion",
    "Reconstruction",
    "ReconstructionSettings",
    "Tracking",
    "TrackingSettings",
    "build_tasks",
]
