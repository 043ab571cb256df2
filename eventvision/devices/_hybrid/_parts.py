"""The two parts of a model, each a model of its own that any device can open."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from eventvision.core import ModelCard, TensorSpec

FILES = {"integer": "model.integer.safetensors", "onnx": "model.onnx"}
ENCODER, HEADS = "encoder", "heads"


@dataclass(frozen=True, slots=True)
class Parts:
    """A model that was parted.

    Attributes:
        encoder: Card of the part that all outputs share.
        heads: Card of the rest.
        handed: Input of the heads by output of the encoder.
    """

    encoder: ModelCard
    heads: ModelCard
    handed: Mapping[str, str]


def part_card(
    card: ModelCard,
    folder: Path,
    part: str,
    *,
    artifact: str,
    inputs: Mapping[str, TensorSpec],
    outputs: Mapping[str, TensorSpec],
    states: Mapping[str, TensorSpec],
) -> ModelCard:
    """Return the card of a part of a model, whose file lies in a folder of its own."""
    return dataclasses.replace(
        card,
        folder=folder / part,
        name=f"{card.name} ({part})",
        inputs=inputs,
        outputs=outputs,
        states=states,
        artifacts={artifact: FILES[artifact]},
        golden="",
    )


def real_tensor(shape: tuple[int, ...]) -> TensorSpec:
    """Return the description of a tensor that is handed over."""
    return TensorSpec(shape, np.dtype(np.float32))
