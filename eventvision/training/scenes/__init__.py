"""Training on simulated scenes: perception and reconstruction, by a recipe.

`eventvision train RECIPE` is the command for it.
"""

from ._checkpoint import Checkpoint, load_weights
from ._journal import Journal, draw_answers
from ._pool import SequencePool
from ._recipe import (
    ClipSettings,
    PerceptionPrices,
    ReconstructionPrices,
    SceneRecipe,
    Schedule,
    load_scene_recipe,
)
from ._train import Progress, build_network, train_scenes

__all__ = [
    "Checkpoint",
    "ClipSettings",
    "Journal",
    "PerceptionPrices",
    "Progress",
    "ReconstructionPrices",
    "SceneRecipe",
    "Schedule",
    "SequencePool",
    "build_network",
    "draw_answers",
    "load_scene_recipe",
    "load_weights",
    "train_scenes",
]
