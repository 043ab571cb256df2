"""The settings of a training, read from `recipe.toml`."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from eventvision.core import SensorSize
from eventvision.training._recipes import read_recipe

from ._augmentation import Augmentation


def _augmentation(value: object) -> object:
    if not isinstance(value, dict):
        return value
    known = {field.name for field in fields(Augmentation)}
    if unknown := sorted(set(value) - known):
        raise ValueError(f"unknown: {', '.join(unknown)}; known: {', '.join(sorted(known))}")
    return Augmentation(**value)


def _sensor(value: object) -> object:
    return SensorSize.parse(value) if isinstance(value, str) else value


class ConvStage(BaseModel):
    """A convolution, neurons, and a sum over windows.

    Attributes:
        channels: Channels that come out.
        kernel: Height and width of the kernel, odd.
        stride: Of the convolution.
        pool: Height and width of the windows that are summed; 1 for none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    channels: int = Field(ge=1, le=1024)
    kernel: int = Field(ge=1, le=15)
    stride: int = Field(1, ge=1, le=8)
    pool: int = Field(1, ge=1, le=4)


class Phase(BaseModel):
    """One phase of the training.

    Attributes:
        epochs: How often each recording is seen.
        learning_rate: The highest; it rises and falls in one cycle.
        weight_decay: Of AdamW.
        label_smoothing: Share of the target that is spread over all classes.
        rate_price: Weight of the penalty on squared firing rates; for spiking phases.
        weight_noise: Standard deviation of noise that is put on the weights of each batch, as a
            share of their mean magnitude; networks become insensitive to rounding by it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    epochs: int = Field(ge=0, le=100_000)
    learning_rate: float = Field(gt=0, le=1)
    weight_decay: float = Field(0.01, ge=0)
    label_smoothing: float = Field(0.0, ge=0, lt=1)
    rate_price: float = Field(0.0, ge=0)
    weight_noise: float = Field(0.0, ge=0)


class ClassifierRecipe(BaseModel):
    """What to train and how.

    Attributes:
        kind: "classifier".
        name: Name of the model.
        classes: Names of the classes.
        sensor: Size of the recordings.
        steps: Steps of one recording.
        step_us: Length of a step.
        stages: The convolutions.
        rates: First phase: the layers with ReLU for neurons, on the events of the whole recording.
        spikes: Second phase: the spiking network, step by step.
        integers: Third phase: its int8 form, which becomes an artifact of its own.
        augmentation: How recordings are changed before they are learned from.
        batch: Recordings in a batch.
        dropout: Share of the values before the last layer left out in the first phase.
        seed: Of everything that is drawn.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    kind: str = Field(pattern="classifier")
    name: str
    classes: tuple[str, ...] = Field(min_length=2)
    sensor: Annotated[SensorSize, BeforeValidator(_sensor)]
    steps: int = Field(ge=1, le=10_000)
    step_us: int = Field(ge=1)
    stages: tuple[ConvStage, ...] = Field(min_length=1)
    rates: Phase
    spikes: Phase
    integers: Phase
    augmentation: Annotated[Augmentation, BeforeValidator(_augmentation)] = Augmentation()
    batch: int = Field(50, ge=1)
    dropout: float = Field(0.0, ge=0, lt=1)
    seed: int = Field(0, ge=0)

    def with_epochs(self, **epochs: int) -> ClassifierRecipe:
        """Return the recipe with other numbers of epochs: `rates=5, spikes=2`."""
        phases = {
            name: getattr(self, name).model_copy(update={"epochs": count})
            for name, count in epochs.items()
        }
        return self.model_copy(update=phases)


def load_recipe(path: str | Path) -> ClassifierRecipe:
    """Read a recipe.

    Raises:
        ConfigError: If it cannot be read or a setting in it is wrong.
    """
    return read_recipe(path, ClassifierRecipe)
