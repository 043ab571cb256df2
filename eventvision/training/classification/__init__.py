"""Training of small spiking classifiers on labelled recordings."""

from ._augmentation import Augmentation
from ._files import load_classifier, write_model_files
from ._logistic import LogisticRegression, fit_logistic
from ._network import build_classifier, build_rate_twin
from ._recipe import ClassifierRecipe, ConvStage, Phase, load_recipe
from ._report import (
    FoldScore,
    adapted_score,
    cross_validate,
    score_integer,
    score_logistic,
    score_rates,
    score_spiking,
)
from ._resize import anti_transposed, resized
from ._samples import LabelledRecordings, load_recordings
from ._score import Score, folds, score, spike_counts
from ._steps import recording_steps, step_counts
from ._train import Progress, TrainedClassifier, train_classifier

__all__ = [
    "Augmentation",
    "ClassifierRecipe",
    "ConvStage",
    "FoldScore",
    "LabelledRecordings",
    "LogisticRegression",
    "Phase",
    "Progress",
    "Score",
    "TrainedClassifier",
    "adapted_score",
    "anti_transposed",
    "build_classifier",
    "build_rate_twin",
    "cross_validate",
    "fit_logistic",
    "folds",
    "load_classifier",
    "load_recipe",
    "load_recordings",
    "recording_steps",
    "resized",
    "score",
    "score_integer",
    "score_logistic",
    "score_rates",
    "score_spiking",
    "spike_counts",
    "step_counts",
    "train_classifier",
    "write_model_files",
]
