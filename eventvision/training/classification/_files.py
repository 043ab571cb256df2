"""The files of a trained classifier: every form of it, and a golden sample."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor

from eventvision.core import GoldenSample, ModelCard, ModelError, output_errors, save_golden
from eventvision.spiking import nn
from eventvision.spiking.convert import export_onnx, write_nir
from eventvision.spiking.integer import IntegerModel, IntegerNetwork, save_model

from ._network import build_classifier
from ._recipe import ClassifierRecipe, load_recipe
from ._samples import LabelledRecordings
from ._steps import recording_steps
from ._train import TrainedClassifier

FILES = {
    "safetensors": "model.safetensors",
    "onnx": "model.onnx",
    "nir": "model.nir",
    "integer": "model.integer.safetensors",
    "golden": "golden.npz",
}
RECIPE_FILE = "recipe.toml"


def write_model_files(
    folder: Path,
    recipe: ClassifierRecipe,
    trained: TrainedClassifier,
    recordings: LabelledRecordings,
) -> list[Path]:
    """Write all forms of a classifier, and what they answer to the first recording.

    Raises:
        OutputError: If a file cannot be written.
    """
    paths = {name: folder / file for name, file in FILES.items()}
    x = recording_steps(recipe, recordings)[:, :1]
    with output_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        save_file(_weights(trained.net), paths["safetensors"])
    save_model(trained.integer, paths["integer"])
    nn.reset(trained.net)
    export_onnx(trained.net, paths["onnx"], {"events": x[0]})
    write_nir(trained.net, paths["nir"], x[0])
    sample = GoldenSample(
        inputs={"events": x.numpy()},
        outputs={"output": _answer(trained.net, x)},
        integer_outputs={"output": _integer_answer(trained.integer, recipe, x)},
    )
    with output_errors(folder):
        save_golden(paths["golden"], sample)
    return list(paths.values())


def load_classifier(card: ModelCard) -> torch.nn.Sequential:
    """Build the network of a shipped classifier, with its weights, to train on or look into.

    Raises:
        ModelError: If the model has no weights, or others than its recipe wants.
        ConfigError: If it has no recipe of a classifier.
    """
    net = build_classifier(load_recipe(card.folder / RECIPE_FILE))
    weights = load_file(card.artifact("safetensors"))
    wanted = {name for name, _ in net.named_parameters()}
    if set(weights) != wanted:
        problem = f"has the weights {sorted(weights)}, its recipe wants {sorted(wanted)}"
        raise ModelError(card.name, problem, "train it again")
    net.load_state_dict(weights, strict=False)
    return net.eval()


def _weights(net: torch.nn.Module) -> dict[str, Tensor]:
    """Return what was learned; thresholds and the like follow from the recipe."""
    return {name: value.detach().contiguous() for name, value in net.named_parameters()}


@torch.no_grad()
def _answer(net: torch.nn.Module, x: Tensor) -> NDArray[np.float32]:
    nn.reset(net)
    output: NDArray[np.float32] = net(x).numpy()
    nn.reset(net)
    return output


def _integer_answer(
    model: IntegerModel, recipe: ClassifierRecipe, x: Tensor
) -> NDArray[np.integer]:
    (source,), (output,) = model.inputs, model.outputs
    with IntegerNetwork(model, recipe.sensor) as network:
        steps = [network.step({source.name: step})[output.name] for step in x[:, 0].numpy()]
    return np.stack([step.reshape(1, -1) for step in steps])
