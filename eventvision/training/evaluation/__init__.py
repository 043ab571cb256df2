"""How good models are: frozen data, scores with references, baselines, real recordings.

`make_set` makes a frozen set, `open_set` opens it, `evaluate` scores methods on it: a `Network`
around any `Predictor`, or one of the `baselines`. `run_evaluation` does all that, on real
recordings too; `eventvision evaluate` is the command for it.
"""

from ._bootstrap import Estimate, MeanTally, Tally, estimates
from ._box_scores import BoxTally, TrueObjects, overlaps
from ._card_scores import cards_of, write_scores
from ._decoding import results_of
from ._depth_scores import depth_scores
from ._methods import Method, Network, baselines
from ._models import OpenedModel, activity_of, module_predictor, open_model
from ._page import write_page
from ._picture_scores import percentile_scaled, picture_scores
from ._predictor import ModulePredictor, Predictor, SessionPredictor
from ._real import RealRecording, recordings_with_images, windows_with_people
from ._real_scoring import score_images, score_people
from ._report import Report, run_evaluation
from ._scenarios import SETS
from ._scoring import MethodScores, evaluate
from ._sequence import Truth, ValidationSequence
from ._sets import ValidationSet, make_set, open_set
from ._surface_scores import SurfaceTally
from ._tables import ScoreTable, set_tables

__all__ = [
    "SETS",
    "BoxTally",
    "Estimate",
    "MeanTally",
    "Method",
    "MethodScores",
    "ModulePredictor",
    "Network",
    "OpenedModel",
    "Predictor",
    "RealRecording",
    "Report",
    "ScoreTable",
    "SessionPredictor",
    "SurfaceTally",
    "Tally",
    "TrueObjects",
    "Truth",
    "ValidationSequence",
    "ValidationSet",
    "activity_of",
    "baselines",
    "cards_of",
    "depth_scores",
    "estimates",
    "evaluate",
    "make_set",
    "module_predictor",
    "open_model",
    "open_set",
    "overlaps",
    "percentile_scaled",
    "picture_scores",
    "recordings_with_images",
    "results_of",
    "run_evaluation",
    "score_images",
    "score_people",
    "set_tables",
    "windows_with_people",
    "write_page",
    "write_scores",
]
