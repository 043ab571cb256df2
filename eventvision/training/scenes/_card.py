"""Writes the card of a trained network."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from eventvision.simulation import DETECTION_CLASSES, SEGMENTATION_CLASSES

from ._recipe import SceneRecipe
from ._running import INPUT

_BINS = 5
_COMMAND = "eventvision train models/{}/recipe.toml OUT --images images"
_TOLERANCE = {"onnx": 2e-3, "safetensors": 1e-4, "integer": 0.0, "nir": 1e-3}
_CLASSES = {"detection": DETECTION_CLASSES, "segmentation": SEGMENTATION_CLASSES}
_PLACES = "21*height*width/1024"
"""One at each 8, 16 and 32 pixels either way."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CardParts:
    """What a card says of files and shapes.

    Attributes:
        multiple: What height and width must be multiples of.
        example: Height and width for which the other shapes are.
        outputs: Shape of each output.
        states: Shape of each state.
        artifacts: File by format.
        golden: File of the golden sample.
        command: The command that made it; empty for that of its recipe.
    """

    multiple: int
    example: tuple[int, int]
    outputs: Mapping[str, Sequence[int]]
    states: Mapping[str, Sequence[int]]
    artifacts: Mapping[str, str]
    golden: str
    command: str = ""


def card_text(recipe: SceneRecipe, parts: CardParts) -> str:
    """Return the card, TOML; see docs/models.md."""
    about = recipe.card
    head = {
        "name": recipe.name,
        "summary": about.summary or f"Does {recipe.kind}.",
        "task": recipe.kind,
        "representation": f"voxel:{_BINS}",
        "slicer": about.slicer,
        "sensor": "any",
        "multiple": parts.multiple,
        "golden": parts.golden,
        "licence": about.licence or "none stated",
        "command": parts.command or _COMMAND.format(recipe.name),
        "limits": list(about.limits),
    }
    lines = [f"{key} = {_value(value)}" for key, value in head.items() if value != ""]
    lines += _tensor(f"inputs.{INPUT}", [1, _BINS, "height", "width"])
    for name, shape in parts.outputs.items():
        lines += _tensor(f"outputs.{name}", _sizes(shape, parts.example), _CLASSES.get(name, ()))
    for name, shape in parts.states.items():
        lines += _tensor(f'states."{name}"', _sizes(shape, parts.example))
    lines += _table("artifacts", parts.artifacts)
    lines += _table("tolerance", {name: _TOLERANCE[name] for name in parts.artifacts})
    for data in about.data:
        lines += _table("[data]", data.model_dump())
    return "\n".join(lines) + "\n"


def _sizes(shape: Sequence[int], example: tuple[int, int]) -> list[int | str]:
    """Say how the last sizes of a shape follow from height and width."""
    if len(shape) == 3 and 1024 * shape[1] == 21 * example[0] * example[1]:
        return [shape[0], _PLACES, shape[2]]
    if len(shape) != 4:
        return list(shape)
    names = ("height", "width")
    free = [
        name if size == whole else f"{name}/{whole // size}"
        for name, size, whole in zip(names, shape[2:], example, strict=True)
    ]
    return [*shape[:2], *free]


def _tensor(path: str, shape: Sequence[int | str], classes: Sequence[str] = ()) -> list[str]:
    return _table(path, {"shape": list(shape)} | ({"classes": list(classes)} if classes else {}))


def _table(path: str, values: Mapping[str, object]) -> list[str]:
    return ["", f"[{path}]", *(f"{key} = {_value(value)}" for key, value in values.items())]


def _value(value: object) -> str:
    """Write a value as TOML, whose strings, numbers and lists are JSON's."""
    return json.dumps(value, ensure_ascii=False)
