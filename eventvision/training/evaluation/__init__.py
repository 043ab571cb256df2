"""How good models are: frozen data, scores with references, baselines, real recordings.

`make_set` makes a frozen set, `open_set` opens it, `evaluate` scores methods on it: a `Network`
around any `Predictor`, or one of the `baselines`.
"""

from ._bootstrap import Estimate, MeanTally, Tally, estimates
from ._box_scores import BoxTally, TrueObjects
from ._depth_scores import depth_scores
from ._methods import Method, Network, baselines
from ._picture_scores import percentile_scaled, picture_scores
from ._predictor import ModulePredictor, Predictor, SessionPredictor
from ._scenarios import SETS
from ._scoring import MethodScores, evaluate
from ._sequence import Truth, ValidationSequence
from ._sets import ValidationSet, make_set, open_set
from ._surface_scores import SurfaceTally

__all__ = [
    "SETS",
    "BoxTally",
    "Estimate",
    "MeanTally",
    "Method",
    "MethodScores",
    "ModulePredictor",
    "Network",
    "Predictor",
    "SessionPredictor",
    "SurfaceTally",
    "Tally",
    "TrueObjects",
    "Truth",
    "ValidationSequence",
    "ValidationSet",
    "baselines",
    "depth_scores",
    "estimates",
    "evaluate",
    "make_set",
    "open_set",
    "percentile_scaled",
    "picture_scores",
]
