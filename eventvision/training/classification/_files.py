"""The files of a trained classifier: weights and golden sample."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from eventvision.core import GoldenSample, ModelCard, output_errors, save_golden
from eventvision.spiking import nn

from ._network import build_classifier
from ._recipe import ClassifierRecipe, load_recipe
from ._samples import LabelledRecordings
from ._steps import recording_steps
from ._train import TrainedClassifier

WEIGHTS_FILE, GOLDEN_FILE, RECIPE_FILE = "model.safetensors", "golden.npz", "recipe.toml"


def write_model_files(
    folder: Path,
    recipe: ClassifierRecipe,
    trained: TrainedClassifier,
    recordings: LabelledRecordings,
) -> list[Path]:
    """Write `model.safetensors` and `golden.npz`, the first recording with what is fired for it.

    Raises:
        OutputError: If a file cannot be written.
    """
    weights = {name: value.contiguous() for name, value in trained.net.state_dict().items()}
    x = recording_steps(recipe, recordings)[:, :1]
    nn.reset(trained.net)
    with torch.no_grad():
        spikes = trained.net(x)
    nn.reset(trained.net)
    sample = GoldenSample(
        inputs={"events": x.numpy()}, outputs={"output": spikes.numpy()}, integer_outputs={}
    )
    with output_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        save_file(weights, folder / WEIGHTS_FILE)
        save_golden(folder / GOLDEN_FILE, sample)
    return [folder / WEIGHTS_FILE, folder / GOLDEN_FILE]


def load_classifier(card: ModelCard) -> torch.nn.Sequential:
    """Build the network of a shipped classifier, with its weights, to train on or look into.

    Raises:
        ModelError: If the model has no weights.
        ConfigError: If it has no recipe of a classifier.
    """
    net = build_classifier(load_recipe(card.folder / RECIPE_FILE))
    net.load_state_dict(load_file(card.artifact("safetensors")))
    return net.eval()
