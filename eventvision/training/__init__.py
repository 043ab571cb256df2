"""Training: data, losses, recipes, evaluation."""

from ._generator import SequenceGenerator, SequenceSettings, sequence_loader
from ._sequences import NO_OBJECT, Sequences
from ._staged import StagedGenerator, StageSettings

__all__ = [
    "NO_OBJECT",
    "SequenceGenerator",
    "SequenceSettings",
    "Sequences",
    "StageSettings",
    "StagedGenerator",
    "sequence_loader",
]
