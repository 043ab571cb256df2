"""What to train on scenes, and how: a TOML file."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from eventvision.simulation import SEGMENTATION_CLASSES
from eventvision.training._recipes import read_recipe


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ClipSettings(_Settings):
    """What is learned from.

    Attributes:
        height: Height of the clips, in pixels.
        width: Width of the clips, in pixels.
        slices: Slices in a clip.
        chunk: Slices that one step learns from; potentials are carried from chunk to chunk.
        batch: Clips in a batch.
        street: Share of clips that show a labelled image, see `SceneMix`.
        world: Share of clips in three dimensions.
        still_camera: Share of clips whose camera stands still.
        path_px: Range of how far the picture moves in a clip.
        staged: Share of batches that show the named scenes, see `StagedGenerator`; what the four
            settings before say is about the others.
        fresh: Batches to begin with.
        reuse: How often each batch is learned from, in the mean.
        keep: Most batches kept on disk.
        upside_down: Share of clips turned upside down.
    """

    height: int = Field(128, ge=32)
    width: int = Field(128, ge=32)
    slices: int = Field(16, ge=3)
    chunk: int = Field(8, ge=3)
    batch: int = Field(8, ge=1)
    street: float = Field(0.5, ge=0, le=1)
    world: float = Field(0.3, ge=0, le=1)
    still_camera: float = Field(0.22, ge=0, le=1)
    path_px: tuple[float, float] = (4.0, 120.0)
    staged: float = Field(0.0, ge=0, le=1)
    fresh: int = Field(16, ge=1)
    reuse: int = Field(4, ge=1)
    keep: int = Field(250, ge=1)
    upside_down: float = Field(0.0, ge=0, le=1)

    @property
    def chunks(self) -> int:
        """Chunks in a clip."""
        return self.slices // self.chunk


class Schedule(_Settings):
    """How long and how fast to learn.

    Attributes:
        batches: Batches to learn from; each gives as many steps as a clip has chunks.
        learning_rate: Of AdamW, after the warm-up and before the decay.
        warmup: Batches in which the rate grows from nothing.
        decay: Share of the batches, at the end, in which it falls to nothing.
        weight_decay: Of AdamW; none for biases, norms and leaks.
        average: Share of the averaged weights that a step leaves; they are the result.
        largest_gradient: Gradients are shortened to this length.
        validate: Batches between validations, which write a checkpoint too.
        validation_batches: Batches to validate with, from the images to test with.
    """

    batches: int = Field(ge=1)
    learning_rate: float = Field(1e-3, gt=0, le=1)
    warmup: int = Field(50, ge=0)
    decay: float = Field(0.25, ge=0, le=1)
    weight_decay: float = Field(1e-4, ge=0)
    average: float = Field(0.998, ge=0, lt=1)
    largest_gradient: float = Field(1.0, gt=0)
    validate_every: int = Field(100, ge=1)
    validation_batches: int = Field(6, ge=1)

    def rate_at(self, batch: int) -> float:
        """Return the learning rate for a batch."""
        falls_from = self.batches * (1 - self.decay)
        share = min(1.0, (batch + 1) / (self.warmup + 1))
        if batch > falls_from:
            share *= max(0.0, (self.batches - batch) / (self.batches - falls_from))
        return self.learning_rate * share


class PerceptionPrices(_Settings):
    """What errors of perception cost.

    Attributes:
        detection: Price of errors of boxes.
        segmentation: Price of errors of surfaces.
        depth: Price of errors of distance.
        rate: Price of spikes, see `SpikeRates`.
        surfaces: Weight of each class of surface.
    """

    detection: float = Field(0.5, ge=0)
    segmentation: float = Field(1.0, ge=0)
    depth: float = Field(1.0, ge=0)
    rate: float = Field(0.0, ge=0)
    surfaces: tuple[float, ...] = (1.0,) * len(SEGMENTATION_CLASSES)

    @model_validator(mode="after")
    def _one_for_each(self) -> Self:
        if len(self.surfaces) != len(SEGMENTATION_CLASSES):
            raise ValueError(f"surfaces wants {len(SEGMENTATION_CLASSES)} weights")
        return self


class ReconstructionPrices(_Settings):
    """What errors of pictures cost.

    Attributes:
        absolute: Price of the mean absolute difference.
        structure: Price of one minus the multi-scale SSIM.
        laplacian: Price of differences at several scales.
        temporal: Price of changes that the scene's motion does not explain.
        rate: Price of spikes, see `SpikeRates`.
    """

    absolute: float = Field(1.0, ge=0)
    structure: float = Field(0.6, ge=0)
    laplacian: float = Field(1.0, ge=0)
    temporal: float = Field(0.5, ge=0)
    rate: float = Field(0.0, ge=0)


class IntegerPhase(_Settings):
    """The training of the int8 form.

    Attributes:
        batches: Batches to learn from; 0 leaves its weights rounded.
        learning_rate: Of Adam; it falls to nothing.
    """

    batches: int = Field(40, ge=0)
    learning_rate: float = Field(1e-4, gt=0, le=1)


class DataText(_Settings):
    """A data set that a model learns from, its licence, and where it comes from."""

    name: str
    licence: str
    origin: str


class CardText(_Settings):
    """What the card says in words.

    Attributes:
        summary: One sentence on what the model does.
        slicer: The slices it was trained on; empty if any will do.
        licence: Licence of the weights.
        limits: What it cannot do, each one sentence.
        data: What it learns from.
    """

    summary: str = ""
    slicer: str = ""
    licence: str = ""
    limits: tuple[str, ...] = ()
    data: tuple[DataText, ...] = ()


class SceneRecipe(_Settings):
    """What to train, on what, and for how long.

    Attributes:
        kind: What the network is for.
        name: Name of the model.
        size: Which network: see `training.networks`; `tiny` is for trying out. There is no small
            one for reconstruction.
        spiking: Whether neurons spike; else the non-spiking twin is trained.
        clips: What is learned from.
        schedule: How long and how fast.
        perception: Prices, for that kind.
        reconstruction: Prices, for that kind.
        integers: The training of the int8 form.
        card: What the card says in words.
        seed: Of everything that is drawn.
    """

    kind: Literal["perception", "reconstruction"]
    name: str
    size: Literal["tiny", "nano", "small"] = "nano"
    spiking: bool = True
    clips: ClipSettings = ClipSettings()
    schedule: Schedule
    perception: PerceptionPrices = PerceptionPrices()
    reconstruction: ReconstructionPrices = ReconstructionPrices()
    integers: IntegerPhase = IntegerPhase()
    card: CardText = CardText()
    seed: int = Field(0, ge=0)


def load_scene_recipe(path: str | Path) -> SceneRecipe:
    """Read a recipe.

    Raises:
        ConfigError: If it cannot be read or a setting in it is wrong.
    """
    return read_recipe(path, SceneRecipe)
