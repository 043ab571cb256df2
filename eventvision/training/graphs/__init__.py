"""Training of event graphs: classifiers on recordings, detectors on simulated clips."""

from ._classifier import classifier_shape, score_by_events, train_classifier
from ._clips import Clip, kept_clips, make_clip
from ._detector import detector_shape, score_detector, train_detector
from ._files import write_model_files
from ._recipe import GraphRecipe, load_recipe

__all__ = [
    "Clip",
    "GraphRecipe",
    "classifier_shape",
    "detector_shape",
    "kept_clips",
    "load_recipe",
    "make_clip",
    "score_by_events",
    "score_detector",
    "train_classifier",
    "train_detector",
    "write_model_files",
]
