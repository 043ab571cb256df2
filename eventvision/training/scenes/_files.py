"""The files of a trained network: every form of it, a golden sample, a card."""

from __future__ import annotations

import shutil
from collections.abc import Collection
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor
from torch import nn as torch_nn

from eventvision.core import (
    ConfigError,
    GoldenSample,
    ModelError,
    SensorSize,
    load_card,
    output_errors,
    save_golden,
)
from eventvision.spiking.convert import Stepper, export_onnx, one_step, write_nir
from eventvision.spiking.integer import IntegerModel, IntegerNetwork, save_model
from eventvision.spiking.quantise import QuantisedNetwork
from eventvision.training.networks import COARSEST, MULTIPLE, Perception, normalised

from ._card import CardParts, card_text
from ._checkpoint import load_weights
from ._integers import quantised
from ._pool import SequencePool, scene_pool
from ._recipe import SceneRecipe
from ._running import INPUT, Deployed, forget
from ._train import BEST, build_network

FILES = {
    "safetensors": "model.safetensors",
    "onnx": "model.onnx",
    "integer": "model.integer.safetensors",
    "nir": "encoder.nir",
}
GOLDEN, CARD, RECIPE = "golden.npz", "card.toml", "recipe.toml"
_WEIGHTS = (FILES["safetensors"], f"training/{BEST}", BEST)
_GOLDEN_STEPS = 3
_GOLDEN_SIZE = 64, 96


def weights_of(model: str | Path) -> Path:
    """Return the file of weights of a shipped model, or of the folder of a model or a training.

    A file is returned as it is.

    Raises:
        ModelError: If there is none.
    """
    place = Path(model)
    if place.is_file():
        return place
    folder = place if place.is_dir() else load_card(model).folder
    for file in _WEIGHTS:
        if (folder / file).is_file():
            return folder / file
    raise ModelError(folder, "holds no weights", f"name a folder with one of {', '.join(_WEIGHTS)}")


def keep_recipe(recipe: Path, folder: Path) -> None:
    """Copy a recipe into the folder of its model: evaluation and fine-tuning look for it there.

    Raises:
        OutputError: If it cannot be written.
    """
    with output_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / RECIPE).exists() or not (folder / RECIPE).samefile(recipe):
            shutil.copyfile(recipe, folder / RECIPE)


def finish_model(
    recipe: SceneRecipe, out: Path, weights: Path, *, images: tuple[Path, ...] = ()
) -> list[Path]:
    """Make the int8 form of a trained network, and write all files of the model.

    A twin that does not spike has no int8 form: it is a yardstick for the float one.

    Args:
        recipe: What it was trained by.
        out: Folder of the model.
        weights: What training returned.
        images: Folders of images that clips show.

    Raises:
        ModelError: If the weights are of another network.
        OutputError: If a file cannot be written.
    """
    network = build_network(recipe)
    load_weights(network, weights)
    network.eval()
    training = out / "training"
    integers = None
    if recipe.spiking:
        integers = quantised(network, recipe, scene_pool(recipe, images, training, "train"))
    shown = scene_pool(recipe, images, training, "val")
    return write_scene_model(out, recipe, network, integers, _golden_slices(shown))


def write_scene_model(
    folder: Path,
    recipe: SceneRecipe,
    network: torch_nn.Module,
    integers: QuantisedNetwork | None,
    slices: Tensor,
    *,
    forms: Collection[str] = tuple(FILES),
    command: str = "",
) -> list[Path]:
    """Write all forms of a network, what they answer to a few slices, and the card.

    Args:
        folder: Where to write.
        recipe: What it was trained by.
        network: The trained network.
        integers: Its int8 form, if there is one.
        slices: The golden slices, float32 (steps, 1, bins, height, width).
        forms: The forms to write, of those that there are; weights are always written.
        command: The command that made it, if not that of its recipe.

    Raises:
        OutputError: If a file cannot be written.
    """
    network.eval()
    deployed = Deployed(network)
    written = ["safetensors"]
    with output_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        weights = {name: value.contiguous() for name, value in network.state_dict().items()}
        save_file(weights, folder / FILES["safetensors"])
    forget(network)
    with one_step(deployed):
        states = Stepper(deployed, {INPUT: slices[0]}).states
    if "onnx" in forms:
        export_onnx(deployed, folder / FILES["onnx"], {INPUT: slices[0]}, any_size=True)
        written.append("onnx")
    if "nir" in forms and _write_encoder(network, folder / FILES["nir"], slices[0]):
        written.append("nir")
    model = integers.to_integer() if integers is not None and "integer" in forms else None
    if model is not None:
        save_model(model, folder / FILES["integer"])
        written.append("integer")
    outputs = _answers(deployed, slices)
    sample = GoldenSample(
        inputs={INPUT: slices.numpy()},
        outputs=outputs,
        integer_outputs={} if model is None else _integer_answers(model, slices),
    )
    parts = CardParts(
        multiple=COARSEST if isinstance(network, Perception) else MULTIPLE,
        example=(int(slices.shape[3]), int(slices.shape[4])),
        outputs={name: value.shape[1:] for name, value in outputs.items()},
        states=states,
        artifacts={name: FILES[name] for name in written},
        golden=GOLDEN,
        command=command,
    )
    with output_errors(folder):
        save_golden(folder / GOLDEN, sample)
        (folder / CARD).write_text(card_text(recipe, parts), encoding="utf-8")
    return [folder / name for name in (*(FILES[form] for form in written), GOLDEN, CARD)]


class _Encoder(torch_nn.Module):
    """What the heads of a perception network stand on."""

    def __init__(self, network: Perception) -> None:
        super().__init__()
        self.stem, self.stages, self.downs = network.stem, network.stages, network.downs

    def forward(self, events: Tensor) -> Tensor:
        """Take a slice as `normalised` gives it and return the potentials at the coarsest scale."""
        x = self.stem(events)
        for index, stage in enumerate(self.stages):
            x = stage(self.downs[index - 1](x) if index else x)
        found: Tensor = x
        return found


def _write_encoder(network: torch_nn.Module, path: Path, slice_: Tensor) -> bool:
    """Write the encoder for neuromorphic tools; return whether they have words for it."""
    if not isinstance(network, Perception):
        return False
    forget(network)
    try:
        write_nir(_Encoder(network).eval(), path, normalised(slice_))
    except ConfigError:
        return False
    forget(network)
    return True


def _golden_slices(pool: SequencePool) -> Tensor:
    """Return slices (steps, 1, bins, height, width) in which much happens."""
    height, width = _GOLDEN_SIZE
    events = pool.batch(0).events[:, :, :, :height, :width]
    busy = int(events.abs().sum(dim=(0, 2, 3, 4)).argmax())
    return events[-_GOLDEN_STEPS:, busy : busy + 1].contiguous()


@torch.no_grad()
def _answers(deployed: Deployed, slices: Tensor) -> dict[str, NDArray[np.float32]]:
    forget(deployed)
    steps = [deployed(slice_) for slice_ in slices]
    forget(deployed)
    return {name: np.stack([step[name].numpy() for step in steps]) for name in steps[0]}


def _integer_answers(model: IntegerModel, slices: Tensor) -> dict[str, NDArray[np.integer]]:
    height, width = slices.shape[-2:]
    with IntegerNetwork(model, SensorSize(width, height)) as network:
        steps = [network.step({INPUT: slice_[0].numpy()}) for slice_ in slices]
        steps = [{name: value.copy() for name, value in step.items()} for step in steps]
    return {name: np.stack([step[name] for step in steps]) for name in steps[0]}
