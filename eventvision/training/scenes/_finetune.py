"""A detection head learns from a user's own labelled windows; the rest stays as it was.

The encoder is not touched, so surfaces and distances come out as before, and what it says about
each window is computed once. A few dozen windows and a minute are enough for a new camera, place
or kind of object.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import Tensor

from eventvision.core import ConfigError, Detections, ModelError, SensorSize, Slice, load_card
from eventvision.representations import VoxelGrid
from eventvision.simulation import DETECTION_CLASSES
from eventvision.spiking import nn
from eventvision.spiking.quantise import quantise
from eventvision.training.datasets import EventDataset, Sample
from eventvision.training.evaluation import BoxTally, TrueObjects, results_of
from eventvision.training.losses import Places, detection_loss, places_of
from eventvision.training.networks import (
    COARSEST,
    STRIDES,
    Perception,
    by_step,
    folded_time,
    normalised,
)

from ._checkpoint import load_weights
from ._files import FILES, RECIPE, keep_recipe, write_scene_model
from ._recipe import load_scene_recipe
from ._running import INPUT, Deployed
from ._train import build_network

_BINS = 5
_CALIBRATION = 8
_GOLDEN_PX = 64, 96
_WINDOWS_AT_ONCE, _STEPS_OF_EPOCH = 8, 8
"""Most windows of a step, and steps that an epoch should have, where windows are few."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FineTuning:
    """How to learn from labelled windows.

    Attributes:
        epochs: How often each window is learned from, as it is and mirrored.
        learning_rate: Of AdamW; it falls to nothing.
        held_back: Share of the windows that are tested on and not learned from.
        slices: Into how many slices of equal time a window is cut; what is labelled is its end.
        seed: Decides which windows are held back, and the order of the others.

    Raises:
        ValueError: If one is out of range.
    """

    epochs: int = 30
    learning_rate: float = 3e-3
    held_back: float = 0.25
    slices: int = 4
    seed: int = 0

    def __post_init__(self) -> None:
        if self.epochs < 1 or self.slices < 1:
            raise ValueError("epochs and slices must be 1 or more")
        if not 0 < self.learning_rate <= 1 or not 0 <= self.held_back < 1:
            raise ValueError("learning_rate must be above 0, held_back 0 to less than 1")


@dataclass(frozen=True, slots=True)
class FineTuned:
    """What came of it.

    Attributes:
        learned: Number of windows learned from.
        tested: Number of windows held back.
        before: Scores of the model on these, as `BoxTally` names them; empty without any.
        after: Scores of the new one.
        files: The files of the new model.
    """

    learned: int
    tested: int
    before: dict[str, float]
    after: dict[str, float]
    files: tuple[Path, ...]


@dataclass(slots=True)
class _Window:
    """A labelled window as the head sees it: for each scale (T, 1, C, h, w)."""

    scales: list[Tensor]
    boxes: Tensor
    classes: Tensor
    shape: tuple[int, int]


def finetune(
    model: str | Path,
    samples: EventDataset,
    out: Path,
    settings: FineTuning | None = None,
    *,
    forms: Collection[str] = tuple(FILES),
    say: Callable[[str], object] = print,
) -> FineTuned:
    """Train the detection head of a model on labelled windows and write the new model.

    Args:
        model: Name of a shipped model, or its folder; it must have weights and a recipe.
        samples: Windows with boxes.
        out: Folder of the new model.
        settings: How.
        forms: Forms of the new model to write, see `write_scene_model`.
        say: Takes lines about how far it is.

    Raises:
        ModelError: If the model detects nothing, or lacks weights or recipe.
        ConfigError: If there are too few windows.
        OutputError: If files cannot be written.
    """
    settings = settings or FineTuning()
    folder = load_card(model).folder
    recipe = load_scene_recipe(folder / RECIPE)
    network = build_network(recipe)
    if not isinstance(network, Perception):
        raise ModelError(folder, "detects nothing", "name a model of perception")
    load_weights(network, folder / FILES["safetensors"])
    network.eval()
    chosen = [
        samples[number].in_shared_classes(samples.shared_classes) for number in range(len(samples))
    ]
    learned, tested = _split(chosen, settings)
    windows = [
        _window(network, sample, settings.slices, mirror=mirror)
        for sample in learned
        for mirror in (False, True)
    ]
    held_back = [_window(network, sample, settings.slices, mirror=False) for sample in tested]
    before = _scores(network, held_back)
    _learn(network, windows, settings, say)
    after = _scores(network, held_back)
    slices = [_slices(sample, settings.slices) for sample in learned[:_CALIBRATION]]
    integers = quantise(
        Deployed(network, prepare=False),
        [by_step(normalised(one.flatten(0, 1)), len(one)) for one in slices],
        normalised=[INPUT],
    ).eval()
    files = write_scene_model(
        out,
        recipe,
        network,
        integers,
        _golden(slices[0]),
        forms=forms,
        command=f"eventvision finetune {model}",
    )
    keep_recipe(folder / RECIPE, out)
    return FineTuned(len(learned), len(tested), before, after, tuple(files))


def _split(samples: Sequence[Sample], settings: FineTuning) -> tuple[list[Sample], list[Sample]]:
    order = np.random.default_rng(settings.seed).permutation(len(samples)).tolist()
    count = round(settings.held_back * len(samples))
    if settings.held_back and len(samples) > 1:
        count = max(1, count)
    if len(samples) - count < 1:
        raise ConfigError("windows", len(samples), "2 or more, some of them to be held back")
    return [samples[n] for n in order[count:]], [samples[n] for n in order[:count]]


def _slices(sample: Sample, count: int) -> Tensor:
    """Return voxel grids (T, 1, bins, height, width), padded as the network wants them."""
    height, width = sample.events.sensor.shape
    voxels = VoxelGrid(sample.events.sensor, bins=_BINS)
    grids = [_grid(voxels, slice_) for slice_ in sample.slices(count)]
    rim = (0, -width % COARSEST, 0, -height % COARSEST)
    return torch.nn.functional.pad(torch.stack(grids), rim)[:, None]


def _grid(voxels: VoxelGrid, slice_: Slice) -> Tensor:
    return torch.from_numpy(np.array(voxels.render(slice_), np.float32))


@torch.no_grad()
def _window(network: Perception, sample: Sample, count: int, *, mirror: bool) -> _Window:
    if sample.boxes is None:
        raise ConfigError("windows", sample.name, "windows with boxes")
    events, boxes = _slices(sample, count), torch.from_numpy(sample.boxes.boxes.copy())
    if mirror:
        events = events.flip(-1)
        boxes[:, 0] = events.shape[-1] - boxes[:, 0] - boxes[:, 2]
    nn.reset(network)
    with folded_time(network, count):
        _, *coarse = network.scales(normalised(events.flatten(0, 1)))
    nn.reset(network)
    height, width = events.shape[-2:]
    return _Window(
        [by_step(scale, count) for scale in coarse],
        boxes,
        torch.from_numpy(sample.boxes.classes.copy()),
        (int(height), int(width)),
    )


def _answer(network: Perception, windows: Sequence[_Window]) -> Tensor:
    """Return what the head says at the end of windows of one size, (N, places, 5 + classes)."""
    head = network.detection
    nn.reset(head)
    steps = len(windows[0].scales[0])
    for step in range(steps):
        found: Tensor = head(
            [
                torch.cat([window.scales[level][step] for window in windows])
                for level in range(len(STRIDES))
            ]
        )
    nn.reset(head)
    return found


def _learn(
    network: Perception,
    windows: Sequence[_Window],
    settings: FineTuning,
    say: Callable[[str], object],
) -> None:
    optimiser = torch.optim.AdamW(network.detection.parameters(), settings.learning_rate)
    random = np.random.default_rng(settings.seed)
    for epoch in range(settings.epochs):
        for group in optimiser.param_groups:
            group["lr"] = settings.learning_rate * (1 - epoch / settings.epochs)
        total = 0.0
        for group_of in _groups(windows, random):
            places = places_of(*group_of[0].shape, STRIDES)
            loss = _loss(_answer(network, group_of), places, group_of)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(network.detection.parameters(), 1.0)
            optimiser.step()
            total += loss.item() * len(group_of)
        say(f"epoch {epoch + 1} of {settings.epochs}: loss {total / len(windows):.3f}")


def _groups(windows: Sequence[_Window], random: np.random.Generator) -> list[list[_Window]]:
    """Return windows in a random order, in groups of one size."""
    most = min(_WINDOWS_AT_ONCE, max(1, len(windows) // _STEPS_OF_EPOCH))
    groups: list[list[_Window]] = []
    for index in random.permutation(len(windows)).tolist():
        window = windows[index]
        fits = bool(groups) and groups[-1][0].shape == window.shape
        if fits and len(groups[-1]) < most:
            groups[-1].append(window)
        else:
            groups.append([window])
    return groups


def _loss(found: Tensor, places: Places, windows: Sequence[_Window]) -> Tensor:
    most = max(1, *(len(window.classes) for window in windows))
    boxes, classes = torch.zeros(len(windows), most, 4), torch.full((len(windows), most), -1)
    for row, window in enumerate(windows):
        boxes[row, : len(window.boxes)] = window.boxes
        classes[row, : len(window.classes)] = window.classes
    return torch.stack(list(detection_loss(found, places, boxes, classes).values())).sum()


@torch.no_grad()
def _scores(network: Perception, windows: Sequence[_Window]) -> dict[str, float]:
    if not windows:
        return {}
    tally = BoxTally(len(windows), DETECTION_CLASSES)
    for number, window in enumerate(windows):
        outputs = {"detection": _answer(network, [window]).numpy()}
        found = cast(
            "Detections", results_of(outputs, SensorSize(*window.shape[::-1]))["detection"]
        )
        classes = window.classes.numpy()
        needed = np.ones(len(classes), np.bool_)
        tally.add(number, found, TrueObjects(window.boxes.numpy(), classes, needed))
    return tally.score(np.ones(len(windows)))


def _golden(slices: Tensor) -> Tensor:
    """Return the part of slices in which most happens."""
    height, width = (
        min(side, most) for side, most in zip(slices.shape[3:], _GOLDEN_PX, strict=True)
    )
    busy = slices.abs().sum(dim=(0, 1, 2))
    row = min(int(busy.sum(dim=1).argmax()) // COARSEST * COARSEST, busy.shape[0] - height)
    column = min(int(busy.sum(dim=0).argmax()) // COARSEST * COARSEST, busy.shape[1] - width)
    return slices[-3:, :, :, row : row + height, column : column + width].contiguous()
