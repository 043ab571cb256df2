"""Simulated recordings: scenes with exact ground truth, seen by a model of an event camera.

A `Scene` gives light and truth at any time; `SubFrames` chooses when to look; an `EventCamera`
turns what it sees into events; `watch` does all three, and `write_truth` keeps what is true.
"""

from ._camera import EventCamera
from ._classes import CAMVID_CLASSES, CAMVID_MOVERS, DETECTION_CLASSES, SEGMENTATION_CLASSES
from ._flicker import Flicker
from ._images import ImagesScene
from ._model import Bus, PixelModel
from ._movers import Movers
from ._named import SCENES, named_scene
from ._open import open_scene
from ._paced import Paced
from ._pictures import PictureScene
from ._presets import CAMERAS, PIXEL_MODELS, SENSOR_SIZES, pixel_model, randomised_model
from ._scene import Scene, SceneTruth
from ._scenes.cells import Cells
from ._shipped import shipped_recording
from ._subframes import SubFrames
from ._truth import write_truth
from ._video import VideoScene
from ._watch import Glance, watch

__all__ = [
    "CAMERAS",
    "CAMVID_CLASSES",
    "CAMVID_MOVERS",
    "DETECTION_CLASSES",
    "PIXEL_MODELS",
    "SCENES",
    "SEGMENTATION_CLASSES",
    "SENSOR_SIZES",
    "Bus",
    "Cells",
    "EventCamera",
    "Flicker",
    "Glance",
    "ImagesScene",
    "Movers",
    "Paced",
    "PictureScene",
    "PixelModel",
    "Scene",
    "SceneTruth",
    "SubFrames",
    "VideoScene",
    "named_scene",
    "open_scene",
    "pixel_model",
    "randomised_model",
    "shipped_recording",
    "watch",
    "write_truth",
]
