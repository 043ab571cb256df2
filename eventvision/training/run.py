"""Training by a recipe, whatever the recipe is for: what `eventvision train` calls."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from eventvision.core import ConfigError, DeviceError

from ._recipes import recipe_content

if TYPE_CHECKING:
    from torch.nn import Module

    from . import Sequences
    from .scenes import Progress
    from .triggers import TriggerProgress

Say = Callable[[str], object]

_SCENES = ("perception", "reconstruction")
_CLASSIFIER, _TRIGGER = "classifier", "trigger"
_KINDS = (*_SCENES, _CLASSIFIER, _TRIGGER)
_LAYOUTS = ("pedro", "dsec-detection")
_GOLDEN_CELLS = 12


def train_recipe(
    recipe: Path,
    out: Path,
    *,
    data: Path | None = None,
    images: tuple[Path, ...] = (),
    device: str = "cpu",
    threads: int = 2,
    weights: str | None = None,
    slices_per_second: float | None = None,
    say: Say = print,
) -> None:
    """Train what a recipe describes and write the model's files.

    A run that was stopped goes on from its last checkpoint when it is given the same folder.

    Args:
        recipe: A TOML file; its `kind` says what is trained.
        out: Folder of the model; checkpoints, curves and pictures are in `training/` in it.
        data: Labelled recordings, for kinds that learn from these.
        images: Folders of images, for kinds that learn from simulated scenes; without any, scenes
            are drawn.
        device: "cpu" or "cuda".
        threads: Threads of the CPU.
        weights: What to begin with, for kinds that learn from simulated scenes: a shipped model,
            the folder of one or of a training, or a file; of the same network or its twin.
        slices_per_second: Mean rate of slices that a trigger is to learn, if not its recipe's.
        say: Takes lines about how far it is.

    Raises:
        ConfigError: If the recipe cannot be read, or wants what was not given.
        DeviceError: If there is no such device.
        ModelError: If the checkpoint in the folder, or `weights`, is of another network.
        OutputError: If files cannot be written.
    """
    kind = kind_of(recipe)
    _prepare(device, threads)
    if kind not in _SCENES and weights is not None:
        raise ConfigError("--weights", weights, f"nothing for a {kind}: it begins with none")
    if kind != _TRIGGER and slices_per_second is not None:
        raise ConfigError("--slices-per-second", slices_per_second, f"nothing for a {kind}")
    if kind == _TRIGGER:
        _train_trigger(recipe, out, slices_per_second, say)
    elif kind in _SCENES:
        if data is not None:
            raise ConfigError(
                "--data", str(data), f"no recordings for a {kind}: it learns in scenes"
            )
        _train_scenes(recipe, out, images, device, weights, say)
    else:
        if data is None:
            raise ConfigError("--data", "", "labelled recordings: an .npz, or a folder of classes")
        _train_classifier(recipe, out, data, say)


def finetune_model(
    model: str,
    data: Path,
    out: Path,
    *,
    layout: str = "pedro",
    epochs: int = 30,
    held_back: float = 0.25,
    slices: int = 4,
    threads: int = 2,
    say: Say = print,
) -> None:
    """Let the detection of a model learn from labelled windows and write the new model.

    Args:
        model: Name of a shipped model, or its folder.
        data: Folder of the windows.
        out: Folder of the new model.
        layout: `pedro` or `dsec-detection`, see docs/training/datasets.md.
        epochs: How often each window is learned from.
        held_back: Share of the windows to test on.
        slices: Into how many slices a window is cut.
        threads: Threads of the CPU.
        say: Takes lines about how far it is.

    Raises:
        ConfigError: If an option cannot be used, or there are too few windows.
        SourceNotFoundError: If the folder does not look like its layout.
        ModelError: If the model detects nothing, or lacks weights or recipe.
        DeviceError: If torch is not installed.
        OutputError: If files cannot be written.
    """
    if layout not in _LAYOUTS:
        raise ConfigError("--layout", layout, " or ".join(_LAYOUTS))
    _prepare("cpu", threads)
    from .datasets import DsecDetection, Pedro
    from .scenes import FineTuning, finetune

    try:
        settings = FineTuning(epochs=epochs, held_back=held_back, slices=slices)
    except ValueError as error:
        raise ConfigError("fine-tuning", str(error), "numbers in their ranges") from error
    samples = Pedro(data, split=None) if layout == "pedro" else DsecDetection(data)
    done = finetune(model, samples, out, settings, say=say)
    say(f"learned from {done.learned} windows, tested on {done.tested} held back")
    for name, value in done.after.items():
        if not math.isnan(value):
            say(f"{name}: {done.before[name]:.3f} before, {value:.3f} after")
    for file in done.files:
        say(f"wrote {file}")


def kind_of(recipe: Path) -> str:
    """Return what a recipe is for.

    Raises:
        ConfigError: If it cannot be read, or is for nothing that is known.
    """
    kind = recipe_content(recipe).get("kind")
    if kind not in _KINDS:
        raise ConfigError(f"{recipe}: kind", kind, f"one of {', '.join(_KINDS)}")
    return str(kind)


def _prepare(device: str, threads: int) -> None:
    try:
        import torch
    except ImportError as error:
        remedy = "pip install 'eventvision[train]'"
        raise DeviceError("train", "needs torch, which is not installed", remedy) from error
    if device not in ("cpu", "cuda"):
        raise ConfigError("--device", device, "cpu or cuda")
    if device == "cuda" and not torch.cuda.is_available():
        raise DeviceError("cuda", "is not there, or torch cannot use it", "train with --device cpu")
    torch.set_num_threads(threads)


def _train_scenes(
    path: Path, out: Path, images: tuple[Path, ...], device: str, weights: str | None, say: Say
) -> None:
    from .scenes import (
        Journal,
        finish_model,
        keep_recipe,
        load_scene_recipe,
        train_scenes,
        weights_of,
    )

    recipe = load_scene_recipe(path)
    begin = None if weights is None else weights_of(weights)
    keep_recipe(path, out)
    journal = Journal(out / "training")

    def watch(progress: Progress, network: Module, clips: Sequences) -> None:
        journal.write(progress, network, clips)
        scores = ", ".join(f"{name} {value:.3f}" for name, value in progress.validated.items())
        best = " (best so far)" if progress.is_best else ""
        say(f"batch {progress.batch} of {progress.batches}: {scores}{best}")

    best = train_scenes(
        recipe, out / "training", images=images, device=device, weights=begin, watch=watch
    )
    say(f"best weights: {best}; now {'its int8 form' if recipe.spiking else 'its files'}")
    for file in finish_model(recipe, out, best, images=images):
        say(f"wrote {file}")


def _train_classifier(path: Path, out: Path, data: Path, say: Say) -> None:
    from .classification import load_recipe, load_recordings, train_classifier, write_model_files

    recipe, recordings = load_recipe(path), load_recordings(data)
    trained = train_classifier(
        recipe,
        recordings,
        watch=lambda now: say(f"{now.phase} {now.epoch} of {now.epochs}: loss {now.loss:.3f}"),
    )
    for file in write_model_files(out, recipe, trained, recordings):
        say(f"wrote {file}")


def _train_trigger(path: Path, out: Path, slices_per_second: float | None, say: Say) -> None:
    from .triggers import load_trigger_recipe, streams_of, train_trigger, write_trigger

    recipe = load_trigger_recipe(path)
    if slices_per_second is not None:
        recipe = recipe.model_copy(update={"slices_per_second": slices_per_second})
    streams = []
    for stream in streams_of(recipe):
        streams.append(stream)
        say(f"stream {len(streams)} of {recipe.streams.count}: {stream.name}")

    def watch(now: TriggerProgress) -> None:
        say(
            f"step {now.step} of {now.steps}: loss {now.loss:.3f}, cost {now.cost:.4f}, slices of "
            f"{now.cells:.1f} cells, best {now.wanted:.1f}"
        )

    network = train_trigger(recipe, streams=streams, watch=watch)
    busiest = max(streams, key=lambda stream: len(stream.events))
    for file in write_trigger(out, recipe, network, busiest.counts[:_GOLDEN_CELLS]):
        say(f"wrote {file}")
