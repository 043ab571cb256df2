"""Where a training stands, in a file that holds numbers and nothing that runs."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch import nn as torch_nn

from eventvision.core import ModelError, complete_file
from eventvision.training.networks import names_in_other

_NETWORK, _AVERAGE, _OPTIMISER = "network/", "average/", "optimiser/"


@dataclass(slots=True)
class Checkpoint:
    """A training between two batches.

    Attributes:
        batch: Batches learned from so far.
        best: The lowest loss of a validation so far.
        network: Weights and buffers of the network.
        average: The averaged ones.
        optimiser: What AdamW remembers of each weight: `exp_avg/NAME`, `exp_avg_sq/NAME`,
            `step/NAME`.
    """

    batch: int
    best: float
    network: dict[str, Tensor]
    average: dict[str, Tensor]
    optimiser: dict[str, Tensor] = field(default_factory=dict)

    def save(self, path: Path) -> None:
        """Write the file; one that is there is replaced in one go.

        Raises:
            OutputError: If it cannot be written; the one that is there stays.
        """
        parts = ((_NETWORK, self.network), (_AVERAGE, self.average), (_OPTIMISER, self.optimiser))
        tensors = {
            prefix + name: value.detach().clone().contiguous()
            for prefix, part in parts
            for name, value in part.items()
        }
        about = json.dumps({"batch": self.batch, "best": self.best})
        with complete_file(path) as part:
            save_file(tensors, part, metadata={"training": about})

    @classmethod
    def load(cls, path: Path) -> Checkpoint:
        """Read the file.

        Raises:
            ModelError: If it is no checkpoint.
        """
        try:
            with safe_open(path, "pt") as opened:
                about = json.loads((opened.metadata() or {})["training"])
            tensors = load_file(path)
        except (SafetensorError, OSError, KeyError, ValueError) as error:
            remedy = "train anew in another folder"
            raise ModelError(str(path), f"is no checkpoint ({error})", remedy) from error
        parts = (_part(tensors, prefix) for prefix in (_NETWORK, _AVERAGE, _OPTIMISER))
        return cls(int(about["batch"]), float(about["best"]), *parts)


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    size = len(prefix)
    return {name[size:]: value for name, value in tensors.items() if name.startswith(prefix)}


def optimiser_state(
    optimiser: torch.optim.Optimizer, names: dict[Tensor, str]
) -> dict[str, Tensor]:
    """Return what an optimiser remembers, by what and by the name of the weight."""
    return {
        f"{what}/{names[weight]}": value
        for weight, remembered in optimiser.state.items()
        for what, value in remembered.items()
    }


def set_optimiser_state(
    optimiser: torch.optim.Optimizer, names: dict[Tensor, str], state: dict[str, Tensor]
) -> None:
    """Give an optimiser back what `optimiser_state` returned."""
    weights = {name: weight for weight, name in names.items()}
    for key, value in state.items():
        what, _, name = key.partition("/")
        if name in weights:
            weight = weights[name]
            optimiser.state[weight][what] = value if what == "step" else value.to(weight.device)


def load_weights(network: torch_nn.Module, path: Path) -> None:
    """Give a network the weights of a file: the averaged ones of a checkpoint, or plain ones.

    Raises:
        ModelError: If they are not those of such a network.
    """
    put_weights(network, _weights(path), path)


def begin_with(network: torch_nn.Module, path: Path) -> None:
    """Give a network the weights of a file as far as they fit: of another size of it, of its twin.

    What neurons have learned is found under the name that it has in a twin.

    Raises:
        ModelError: If the file cannot be read, or less than half of the network is in it.
    """
    there, wanted = _weights(path), network.state_dict()
    taken = {}
    for name, value in wanted.items():
        known = next((there[other] for other in names_in_other(name) if other in there), None)
        if known is not None and known.shape == value.shape:
            taken[name] = known
    if 2 * sum(map(Tensor.numel, taken.values())) < sum(map(Tensor.numel, wanted.values())):
        remedy = "choose weights of the same kind and size of network, or of its twin"
        raise ModelError(str(path), "has less than half of the network's weights", remedy)
    network.load_state_dict(taken, strict=False)


def _weights(path: Path) -> dict[str, Tensor]:
    """Return the averaged weights of a checkpoint, or the plain ones of a file."""
    try:
        tensors = load_file(path)
    except (SafetensorError, OSError) as error:
        raise ModelError(str(path), f"cannot be read ({error})", "copy it again") from error
    return _part(tensors, _AVERAGE) or tensors


def put_weights(network: torch_nn.Module, weights: dict[str, Tensor], path: Path) -> None:
    """Give a network weights that come from a file.

    Raises:
        ModelError: If they are of another network.
    """
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        remedy = "choose weights, or a folder, of the same kind and size of network"
        raise ModelError(str(path), "does not fit the network", remedy) from error
