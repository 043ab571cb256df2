"""Training: data, losses, recipes, evaluation."""

from ._generator import SequenceGenerator, SequenceSettings, sequence_loader
from ._sequences import NO_OBJECT, Sequences
from ._staged import StagedGenerator

__all__ = [
    "NO_OBJECT",
    "SequenceGenerator",
    "SequenceSettings",
    "Sequences",
    "StagedGenerator",
    "sequence_loader",
]
