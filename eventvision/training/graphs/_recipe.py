"""The settings of a training of a graph network, read from `recipe.toml`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from eventvision.graph import GraphRules
from eventvision.training._recipes import read_recipe
from eventvision.training.classification import Augmentation


def _rules(value: object) -> object:
    return GraphRules(**value) if isinstance(value, dict) else value


def _augmentation(value: object) -> object:
    return Augmentation(**value) if isinstance(value, dict) else value


class GraphRecipe(BaseModel):
    """What to train and how.

    Attributes:
        kind: `graph-classifier` or `graph-detector`.
        name: Name of the model.
        classes: Names of the classes.
        rules: Who sees whom.
        channels: Channels of each layer.
        cell_px: Side of the map's cells.
        memory_us: With which the map forgets.
        convolutions: Channels of the head's convolutions.
        strides: Cells from one place to the next of each of them, 1 or 2; all 1 if left out.
        leak_us: None for ReLU; else nodes fire, and their potentials leak.
        epochs: How often everything is seen.
        head_epochs: How often a detector's head sees everything once more, the layers being done.
        batch: Recordings, or stretches of clips, in a batch.
        learning_rate: The highest; it rises and falls in one cycle.
        weight_decay: Of AdamW.
        label_smoothing: Share of a classifier's target that is spread over all classes.
        dropout: Share of the last layer's inputs left out.
        augmentation: How a classifier's recordings are changed before they are learned from.
        window_us: Length of the stretches that a detector learns from.
        clips: Simulated clips of a detector: number by scene; see `make_clip` for the names.
        head_clips: Clips that only the head learns from, beside the others.
        held_out: The same for clips to score on, whose seeds begin at 900.
        seed: Of everything that is drawn.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    kind: Literal["graph-classifier", "graph-detector"]
    name: str
    classes: tuple[str, ...] = Field(min_length=2)
    rules: Annotated[GraphRules, BeforeValidator(_rules)] = GraphRules()
    channels: tuple[int, ...] = Field(min_length=1, max_length=4)
    cell_px: int = Field(ge=1, le=64)
    memory_us: int = Field(ge=1)
    convolutions: tuple[int, ...] = ()
    strides: tuple[int, ...] = ()
    leak_us: int | None = Field(None, ge=1)
    epochs: int = Field(ge=1, le=10_000)
    head_epochs: int = Field(0, ge=0, le=10_000)
    batch: int = Field(ge=1, le=1000)
    learning_rate: float = Field(gt=0, le=1)
    weight_decay: float = Field(0.01, ge=0)
    label_smoothing: float = Field(0.0, ge=0, lt=1)
    dropout: float = Field(0.0, ge=0, lt=1)
    augmentation: Annotated[Augmentation, BeforeValidator(_augmentation)] = Augmentation()
    window_us: int = Field(120_000, ge=20_000)
    clips: dict[str, int] = {}
    head_clips: dict[str, int] = {}
    held_out: dict[str, int] = {}
    seed: int = Field(0, ge=0)


def load_recipe(path: Path) -> GraphRecipe:
    """Read a recipe.

    Raises:
        ConfigError: If it cannot be read or a setting is wrong.
    """
    return read_recipe(path, GraphRecipe)
