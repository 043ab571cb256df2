"""Training on simulated scenes: perception and reconstruction, by a recipe.

`eventvision train RECIPE` is the command for it.
"""

from ._checkpoint import Checkpoint, begin_with, load_weights
from ._files import finish_model, keep_recipe, weights_of, write_scene_model
from ._finetune import FineTuned, FineTuning, finetune
from ._integers import quantised
from ._journal import Journal, draw_answers
from ._pool import SequencePool
from ._recipe import (
    CardText,
    ClipSettings,
    DataText,
    IntegerPhase,
    PerceptionPrices,
    ReconstructionPrices,
    SceneRecipe,
    Schedule,
    load_scene_recipe,
)
from ._train import Progress, build_network, train_scenes

__all__ = [
    "CardText",
    "Checkpoint",
    "ClipSettings",
    "DataText",
    "FineTuned",
    "FineTuning",
    "IntegerPhase",
    "Journal",
    "PerceptionPrices",
    "Progress",
    "ReconstructionPrices",
    "SceneRecipe",
    "Schedule",
    "SequencePool",
    "begin_with",
    "build_network",
    "draw_answers",
    "finetune",
    "finish_model",
    "keep_recipe",
    "load_scene_recipe",
    "load_weights",
    "quantised",
    "train_scenes",
    "weights_of",
    "write_scene_model",
]
