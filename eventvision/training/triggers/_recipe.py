"""What a trigger learns from, and how: a TOML file."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from eventvision.training._recipes import read_recipe

CHANGE = "change"
"""The name of no network downstream, but of the scene itself."""

SceneName = Literal["mixed_speed", "street", "juggle", "shapes", "texture", "room"]


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class StreamSettings(_Settings):
    """The streams to learn from.

    Attributes:
        scenes: Named scenes that they show, in turn.
        count: How many streams.
        seconds: Length of each.
        width: Width of the sensor, in pixels.
        height: Height of it.
        speed: Range of how much faster than their own the scenes go; drawn evenly in its logarithm.
    """

    scenes: tuple[SceneName, ...] = ("mixed_speed", "street", "juggle", "shapes", "texture")
    count: int = Field(40, ge=1)
    seconds: float = Field(1.5, gt=0.1, le=60)
    width: int = Field(160, ge=32)
    height: int = Field(120, ge=32)
    speed: tuple[float, float] = (0.3, 3.0)


class TriggerLosses(_Settings):
    """What is asked of the membrane; each can be left out, to see what it is good for.

    Attributes:
        membrane: Price of the spiking-position-aware loss.
        linear: Price of the linear-assuming loss, where there is no current to learn from.
        rate: Price of slices that come more or less often than asked.
        feedback: Whether what slices are for decides where they should end; otherwise the wanted
            end is where the asked rate has it.
    """

    membrane: float = Field(1.0, ge=0)
    linear: float = Field(1.0, ge=0)
    rate: float = Field(0.2, ge=0)
    feedback: bool = True


class TriggerRecipe(_Settings):
    """How a trigger is trained.

    Attributes:
        kind: `trigger`.
        name: Name of the model.
        seed: Of everything that is drawn.
        downstream: Models of reconstruction and perception, by name or folder, with `+` between
            several, or `change`: how far the scene itself has changed since the slice before ended,
            which favours no task.
        search: `near`: the network downstream compares ends around that of the spike. `whole`: the
            cheapest way to cut the whole stream is known; for `change` only.
        begin_with: A trigger, by name or folder, whose weights are learned on from.
        cell_us: Length of a cell.
        longest_us: Longest slice.
        slices_per_second: Mean rate of slices that is asked for.
        quality: Weight of the error right after a slice, beside the mean error until it ends.
        streams: What is learned from.
        losses: What is asked of the membrane.
        batch: Streams that one step learns from.
        steps: Slices of each of them that are learned from, in all.
        learning_rate: Of Adam; it falls to nothing by half a cosine.
        width: Cells between candidate ends, at first; it shrinks to 1.
    """

    kind: Literal["trigger"]
    name: str
    seed: int = Field(0, ge=0)
    downstream: str = "reconstruction-nano"
    search: Literal["near", "whole"] = "near"
    begin_with: str | None = None
    cell_us: int = Field(2_500, ge=500, le=10_000)
    longest_us: int = Field(100_000, ge=2_000)
    slices_per_second: float = Field(30.0, gt=0, le=1_000)
    quality: float = Field(0.5, ge=0)
    streams: StreamSettings = StreamSettings()
    losses: TriggerLosses = TriggerLosses()
    batch: int = Field(8, ge=1)
    steps: int = Field(600, ge=1)
    learning_rate: float = Field(3e-3, gt=0, le=1)
    width: int = Field(6, ge=1)

    @model_validator(mode="after")
    def _search_fits(self) -> TriggerRecipe:
        if self.search == "whole" and self.downstream != CHANGE:
            raise ValueError(f"search: whole streams are searched for {CHANGE} only")
        return self

    @property
    def most_cells(self) -> int:
        """Cells of the longest slice."""
        return self.longest_us // self.cell_us

    @property
    def asked_cells(self) -> float:
        """Cells of a slice at the asked rate."""
        return 1e6 / self.slices_per_second / self.cell_us


def load_trigger_recipe(path: str | Path) -> TriggerRecipe:
    """Read a recipe.

    Raises:
        ConfigError: If it cannot be read or a setting in it is wrong.
    """
    return read_recipe(path, TriggerRecipe)
