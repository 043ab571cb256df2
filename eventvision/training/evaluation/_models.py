"""Opens what is to be evaluated: a model on a device, or the checkpoint of a training."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from eventvision.core import ConfigError, ModelCard, ModelError, load_card
from eventvision.representations import VoxelGrid

from ._decoding import padded
from ._methods import Network
from ._predictor import ModulePredictor, SessionPredictor
from ._sequence import ValidationSequence

if TYPE_CHECKING:
    from torch import Tensor
    from torch import nn as torch_nn

    from eventvision.spiking.activity import ActivityReport

TORCH = "torch"
"""Name of the device that stands for the network in torch, as it is trained."""

_CARD, _RECIPE = "card.toml", "recipe.toml"
_WEIGHTS = ("model.safetensors", "training/best.safetensors", "best.safetensors")
_OUTPUTS = {"image", "detection", "segmentation", "depth"}
_INPUT = ("voxel:5", 5)
_ACTIVITY_SLICES = 40


@dataclass(frozen=True, slots=True)
class OpenedModel:
    """A model that can be scored.

    Attributes:
        network: The method.
        card: Its card, if it has one.
        device: Where it runs.
        artifact: The form that runs.
        folder: Where it lies.
    """

    network: Network
    card: ModelCard | None
    device: str
    artifact: str
    folder: Path


def open_model(
    model: str | Path, device: str = "auto", *, threads: int = 1, name: str | None = None
) -> OpenedModel:
    """Open a model.

    Args:
        model: Name of a shipped model, or a folder with a card or with a recipe and a checkpoint.
        device: As `open_session` takes it, or `torch` for the network as it is trained.
        threads: Most processors that it may keep busy.
        name: Name in tables.

    Raises:
        ModelError: If there is no such model, it is damaged, or is for something else.
        DeviceError: If the device is absent or the model does not fit it.
    """
    folder = Path(model)
    if device == TORCH or (not (folder / _CARD).is_file() and (folder / _RECIPE).is_file()):
        return _from_checkpoint(folder, name)
    card = load_card(model)
    is_known = card.representation == _INPUT[0] and len(card.inputs) == 1
    if not is_known or not _OUTPUTS & set(card.outputs):
        problem = f"does {card.task} from {card.representation}, which is not scored here"
        remedy = f"name a model that makes {', '.join(sorted(_OUTPUTS))} of {_INPUT[0]}"
        raise ModelError(card.name, problem, remedy)
    predictor = SessionPredictor(card, device, threads=threads)
    shown = name or f"{card.name} ({predictor.artifact}, {predictor.device})"
    return OpenedModel(
        Network(shown, predictor), card, predictor.device, predictor.artifact, card.folder
    )


def _from_checkpoint(folder: Path, name: str | None) -> OpenedModel:
    network = load_network(folder)
    return OpenedModel(
        Network(name or f"{folder.name} (torch)", module_predictor(network)),
        load_card(folder) if (folder / _CARD).is_file() else None,
        TORCH,
        "safetensors",
        folder,
    )


def module_predictor(network: torch_nn.Module) -> ModulePredictor:
    """Return a predictor of one of `eventvision.training.networks`, which take normalised grids."""
    from eventvision.training.networks import normalised

    return ModulePredictor(network, prepare=normalised)


def load_network(folder: Path) -> torch_nn.Module:
    """Return the network of a folder with a recipe and weights.

    Raises:
        ModelError: If there is none, or the weights are of another network.
        ConfigError: If the recipe is wrong.
    """
    from eventvision.training.scenes import build_network, load_scene_recipe, load_weights

    found = [folder / file for file in _WEIGHTS if (folder / file).is_file()]
    if not found or not (folder / _RECIPE).is_file():
        remedy = f"name a folder with {_RECIPE} and one of {', '.join(_WEIGHTS)}"
        raise ModelError(folder, "holds no network that torch can run", remedy)
    network = build_network(load_scene_recipe(folder / _RECIPE))
    load_weights(network, found[0])
    return network


def activity_of(folder: Path, sequences: Iterable[ValidationSequence]) -> ActivityReport | None:
    """Return how busy the network of a folder is on slices of some sequences.

    Returns:
        Means over 40 slices of each sequence, for one of `eventvision.training.networks`; None if
        the folder has no weights for torch.
    """
    from eventvision.spiking.activity import measure_activity

    try:
        network = load_network(folder)
    except (ModelError, ConfigError):
        return None
    return measure_activity(network, _inputs(sequences))


def _inputs(sequences: Iterable[ValidationSequence]) -> Iterator[Tensor]:
    import torch

    from eventvision.training.networks import normalised

    for sequence in sequences:
        voxels = VoxelGrid(sequence.sensor, bins=_INPUT[1])
        for slice_, _ in islice(sequence.slices(), _ACTIVITY_SLICES):
            planes: NDArray[np.float32] = padded(voxels.render(slice_))
            yield normalised(torch.from_numpy(planes))
