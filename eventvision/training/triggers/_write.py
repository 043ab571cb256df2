"""The files of a trained trigger: float and int8, a golden sample, a card."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor

from eventvision.core import GoldenSample, SensorSize, output_errors, save_golden
from eventvision.spiking import nn
from eventvision.spiking.convert import export_onnx
from eventvision.spiking.integer import IntegerModel, IntegerNetwork, Neuron, save_model
from eventvision.spiking.quantise import quantise
from eventvision.training.networks import Trigger

from ._recipe import CHANGE, TriggerRecipe
from ._train import THRESHOLD

_SUMMARY = "Says when a slice should end: fires where waiting longer would cost more than a slice."
_WORTH = {
    True: "It helps where one setting has to serve several cameras and scenes; where the best "
    "setting of fixed slices is known, these show fresher answers: see docs/training/trigger.md.",
    False: "It learned what {downstream} make of slices, to both of which the choice of a slicer "
    "is worth little: see docs/training/trigger.md.",
}
"""By whether it learned from the scene itself."""
_LIMITS = [
    "It learned from simulated cameras and scenes only.",
    "It sees blocks of 8x8 pixels: what moves inside a block is noticed by its events alone.",
]


def write_trigger(
    folder: Path, recipe: TriggerRecipe, network: Trigger, cells: NDArray[np.float32]
) -> list[Path]:
    """Write all forms of a trigger.

    Args:
        folder: Where to.
        recipe: What it was trained by.
        network: The trained network, its weights rounded.
        cells: Golden cells, float32 (cells, 2, rows, columns).

    Raises:
        OutputError: If a file cannot be written.
    """
    steps = torch.from_numpy(cells)[:, None]
    with output_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        nn.reset(network)
        model = quantise(network, [steps]).to_integer()
        save_model(model, folder / "model.integer.safetensors")
        nn.reset(network)
        layers = [node for node in model.nodes if isinstance(node, Neuron)]
        network.stop_potentials({layer.name: int(layer.threshold[0]) for layer in layers})
        save_file(
            {name: value.contiguous() for name, value in network.state_dict().items()},
            folder / "model.safetensors",
        )
        export_onnx(network, folder / "model.onnx", {"cell": steps[0]}, any_size=True)
        currents = _currents(network, steps)
        sample = GoldenSample(
            inputs={"cell": steps.numpy()},
            outputs={"current": currents},
            integer_outputs={"current": _whole_currents(model, cells)},
        )
        save_golden(folder / "golden.npz", sample)
        (folder / "card.toml").write_text(_card(recipe), encoding="utf-8")
    return sorted(folder.glob("*.*"))


@torch.no_grad()
def _currents(network: Trigger, steps: Tensor) -> NDArray[np.float32]:
    nn.reset(network)
    found = [network(step)["current"].numpy() for step in steps]
    nn.reset(network)
    return np.stack(found)


def _whole_currents(model: IntegerModel, cells: NDArray[np.float32]) -> NDArray[np.integer]:
    rows, columns = cells.shape[-2:]
    with IntegerNetwork(model, SensorSize(columns, rows)) as network:
        return np.stack([network.step({"cell": cell})["current"].copy() for cell in cells])


def _card(recipe: TriggerRecipe) -> str:
    slicer = (
        f"trigger:rate={recipe.slices_per_second:g},threshold={THRESHOLD:g},"
        f"cell={recipe.cell_us}us,shortest={recipe.cell_us}us,longest={recipe.longest_us}us"
    )
    networks = " and ".join(recipe.downstream.split("+"))
    head = {
        "name": recipe.name,
        "summary": _SUMMARY,
        "task": "trigger",
        "representation": "cells",
        "slicer": slicer,
        "sensor": "any",
        "golden": "golden.npz",
        "licence": "Apache-2.0",
        "command": f"eventvision train models/{recipe.name}/recipe.toml OUT",
        "limits": [_WORTH[recipe.downstream == CHANGE].format(downstream=networks), *_LIMITS],
    }
    lines = [f"{key} = {json.dumps(value)}" for key, value in head.items()]
    lines += ["", "[inputs.cell]", 'shape = [1, 2, "rows", "columns"]']
    lines += ["", "[outputs.current]", 'shape = [1, 1, "rows/4", "columns/4"]']
    for name, channels, part in (("fire", 8, 2), ("fire_again", 16, 4)):
        shape = f'shape = [1, {channels}, "rows/{part}", "columns/{part}"]'
        lines += ["", f'[states."{name}.v"]', shape]
    lines += ["", "[artifacts]", 'onnx = "model.onnx"']
    lines += ['safetensors = "model.safetensors"', 'integer = "model.integer.safetensors"']
    lines += ["", "[tolerance]", "onnx = 0.0", "safetensors = 0.0", "integer = 0.0"]
    return "\n".join(lines) + "\n"
