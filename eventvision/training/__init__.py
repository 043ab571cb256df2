"""Training: data, losses, recipes, evaluation."""

from ._generator import SequenceGenerator, SequenceSettings, sequence_loader
from ._sequences import NO_OBJECT, Sequences

__all__ = [
    "NO_OBJECT",
    "SequenceGenerator",
    "SequenceSettings",
    "Sequences",
    "sequence_loader",
]
